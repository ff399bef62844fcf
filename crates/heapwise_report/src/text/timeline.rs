//! The time line: heap and resident set as a small chart.
//!
//! Each column shows the highest value of its span, so that a short peak is not lost. Invariant: the peak of
//! the heap is the highest bar, and the mark under the chart stands below it.

use std::io;

use super::page::{Line, Page, Style};
use super::shown::width;
use crate::Report;
use crate::numbers::{bytes, seconds};

const ROWS: usize = 4;
/// Where the chart stands, behind the labels of its height.
const CHART_COLUMN: usize = 12;
const LEAST_PAGE: usize = 40;
const MOST_COLUMNS: usize = 120;
/// Fewer moments than that are told by the headline.
const LEAST_MOMENTS: usize = 3;
const BARS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const RSS: char = '░';

/// Heap and resident set by column of the chart.
struct Columns {
    heap: Vec<u64>,
    rss: Vec<u64>,
    end_s: f64,
}

pub(super) fn write(report: &Report, page: &mut Page<'_>) -> io::Result<()> {
    if page.width < LEAST_PAGE || report.timeline.len() < LEAST_MOMENTS {
        return Ok(());
    }
    let columns = (page.width - CHART_COLUMN).min(MOST_COLUMNS);
    let Some(chart) = Columns::new(report, columns) else { return Ok(()) };
    let scale = chart.heap.iter().chain(&chart.rss).copied().max().unwrap_or(0).max(1);
    page.blank()?;
    let legend = Line::default().add(Style::Strong, "Over time").to(CHART_COLUMN).add(Style::Heap, "█");
    let legend = legend.add(Style::Plain, " heap");
    let has_rss = chart.rss.iter().any(|&rss| rss > 0);
    page.line(if has_rss {
        legend.add(Style::Quiet, &format!("  ░ {}", report.run.resident_kind.name()))
    } else {
        legend
    })?;
    for row in (0..ROWS).rev() {
        let label = match row {
            0 => "0 B".to_owned(),
            _ if row == ROWS - 1 => bytes(scale),
            _ => String::new(),
        };
        let mut line = Line::default().add(Style::Quiet, &format!("{label:>10}")).to(CHART_COLUMN);
        for (style, cells) in runs(&chart, row, scale) {
            line = line.add(style, &cells);
        }
        page.line(line)?;
    }
    axis(report.peak.time_s, chart.end_s, columns, page)
}

impl Columns {
    fn new(report: &Report, columns: usize) -> Option<Self> {
        let moments = &report.timeline;
        let last = moments.iter().map(|moment| moment.time_s).fold(0.0, f64::max);
        let end_s = report.run.duration_s.max(last);
        if end_s <= 0.0 {
            return None;
        }
        let mut heap = vec![0; columns];
        let mut rss = vec![0; columns];
        let mut moments = moments.iter().peekable();
        let (mut heap_now, mut rss_now) = (0, 0);
        for column in 0..columns {
            let mut seen = None;
            while let Some(moment) =
                moments.next_if(|moment| column_of(moment.time_s, end_s, columns) <= column)
            {
                let (heap, rss) = seen.unwrap_or((0, 0));
                seen = Some((moment.heap_bytes.max(heap), moment.rss_bytes.max(rss)));
                (heap_now, rss_now) = (moment.heap_bytes, moment.rss_bytes);
            }
            // Between two moments nothing is known to have changed.
            (heap[column], rss[column]) = seen.unwrap_or((heap_now, rss_now));
        }
        Some(Self { heap, rss, end_s })
    }
}

fn column_of(time_s: f64, end_s: f64, columns: usize) -> usize {
    ((time_s / end_s * columns as f64) as usize).min(columns - 1)
}

/// The cells of one row of the chart, equal styles joined.
fn runs(chart: &Columns, row: usize, scale: u64) -> Vec<(Style, String)> {
    let mut runs: Vec<(Style, String)> = Vec::new();
    for (&heap, &rss) in chart.heap.iter().zip(&chart.rss) {
        let bar = eighths(heap, scale).saturating_sub(row * 8).min(8);
        let (style, cell) = if bar > 0 {
            (Style::Heap, BARS[bar])
        } else if eighths(rss, scale) > row * 8 + 3 {
            (Style::Quiet, RSS)
        } else {
            (Style::Plain, ' ')
        };
        match runs.last_mut() {
            Some((last, cells)) if *last == style => cells.push(cell),
            _ => runs.push((style, cell.to_string())),
        }
    }
    runs
}

/// The height of a bar in eighths of a row; not 0 if there is anything to show.
fn eighths(value: u64, scale: u64) -> usize {
    let most = ROWS * 8;
    let height = (value as f64 / scale as f64 * most as f64).round() as usize;
    height.clamp(usize::from(value > 0), most)
}

/// The mark of the peak, and start and end where they do not touch it.
fn axis(peak_s: f64, end_s: f64, columns: usize, page: &mut Page<'_>) -> io::Result<()> {
    let at = column_of(peak_s, end_s, columns);
    let (label, end) = (format!("peak {}", seconds(peak_s)), seconds(end_s));
    // To the right of the mark if the end still fits behind it, else to the left, else where it fits.
    let label_width = width(&label) + 1;
    let right = at + 1 + label_width;
    let (mark_start, mark) = if right + 2 + width(&end) <= columns || (at < label_width && right <= columns) {
        (at, format!("▲ {label}"))
    } else {
        (at.saturating_sub(label_width), format!("{label} ▲"))
    };
    let mark_end = mark_start + width(&mark);
    let mut line = Line::default().to(CHART_COLUMN);
    if mark_start > "0 s ".len() {
        line = line.add(Style::Quiet, "0 s");
    }
    line = line.to(CHART_COLUMN + mark_start).add(Style::Strong, &mark);
    if mark_end + 2 + width(&end) <= columns {
        line = line.to(CHART_COLUMN + columns - width(&end)).add(Style::Quiet, &end);
    }
    page.line(line)
}
