//! Two runs compared, as a page without a program.
//!
//! Invariants: text out of a capture is escaped; the page is at most [`crate::MOST_BYTES`], because it has at most
//! [`MOST_ROWS`] rows of bounded length in each table, and says how many it leaves out.

use std::fmt::Write as _;

use heapwise_report::Report;
use heapwise_report::comparison::{Comparison, Row, Side};
use heapwise_report::numbers::{bytes, count, seconds, signed};
use heapwise_report::text::shown;

use crate::html::{escape, fill};
use crate::places::cut;

/// The page around what is told; `npm run build` in `web/` writes it.
const PAGE: &str = include_str!("../assets/comparison.html");
/// Rows of each table.
const MOST_ROWS: usize = 300;
/// Units of the picture of the heap, across and down.
const WIDE: f64 = 1000.0;
const HIGH: f64 = 200.0;

/// The page of a comparison. `comparison` must be that of `old` and `new`.
pub fn render_comparison(old: &Report, new: &Report, comparison: &Comparison) -> Vec<u8> {
    let mut out = String::new();
    put(&mut out, &format!("<h1>{}</h1>\n", escape(&comparison.headline())));
    for caution in &comparison.cautions {
        put(&mut out, &format!("<p class=\"caution\">Caution: {}</p>\n", text(caution)));
    }
    runs(comparison, &mut out);
    course(old, new, &mut out);
    let sizes = ["Change", "Old peak", "New peak"];
    let none = "No line of your code holds other bytes at the peak than before.";
    table("Lines", "at the peaks, of your own code", sizes, "Line", &comparison.line_rows(), none, &mut out);
    let none = "No object that both runs were looked at for is larger or smaller than before.";
    let sizes = ["Change", "Old size", "New size"];
    let how = "by what each keeps alive; they can share bytes, so they do not add up";
    table("Objects", how, sizes, "Object", &comparison.object_rows(), none, &mut out);
    put(&mut out, "<footer>heapwise diff · 1 MB is 1,000,000 bytes</footer>\n");
    fill(PAGE, &[("<!--heapwise:title-->", &escape("heapwise diff")), ("<!--heapwise:text-->", &out)])
}

fn put(out: &mut String, text: &str) {
    out.push_str(text);
}

/// Text of a capture: cut, made visible and escaped.
fn text(of: &str) -> String {
    escape(&shown(&cut(of)))
}

/// What was run, and the peaks as bars.
fn runs(comparison: &Comparison, out: &mut String) {
    let highest = comparison.old.peak_bytes.max(comparison.new.peak_bytes);
    put(out, "<section class=\"runs\" aria-label=\"The runs\"><dl>\n");
    for (name, class, side) in [("before", "old", &comparison.old), ("now", "new", &comparison.new)] {
        let peak = side.peak_bytes;
        let _ = writeln!(
            out,
            "<dt>{name}</dt><dd><b data-bytes=\"{peak}\">{}</b>{}</dd><dd class=\"command\">{}</dd>",
            bytes(peak),
            bar(peak, highest, class),
            told(side),
        );
    }
    put(out, "</dl></section>\n");
}

fn told(side: &Side) -> String {
    let words = side.command.iter().enumerate().map(|(index, word)| match index {
        0 => word.rsplit('/').next().unwrap_or(word),
        _ => word.as_str(),
    });
    let command = words.collect::<Vec<_>>().join(" ");
    let leaked = bytes(side.leaked_bytes);
    format!(
        "<code><bdi>{}</bdi></code> <span class=\"muted\">Python {} · {} · {leaked} live at the end</span>",
        text(&command),
        text(&side.python),
        seconds(side.duration_s),
    )
}

fn bar(part: u64, whole: u64, class: &str) -> String {
    let percent = if whole == 0 { 0.0 } else { part as f64 / whole as f64 * 100.0 };
    format!(
        "<svg class=\"bar\" viewBox=\"0 0 100 8\" preserveAspectRatio=\"none\" aria-hidden=\"true\"><rect class=\"{class}\" \
         width=\"{percent:.2}\" height=\"8\" stroke=\"none\"/></svg>"
    )
}

/// Both heaps over time in one picture.
fn course(old: &Report, new: &Report, out: &mut String) {
    let highest = old.peak.heap_bytes.max(new.peak.heap_bytes);
    let end =
        [old, new].iter().filter_map(|report| report.timeline.last()).map(|it| it.time_s).fold(0.0, f64::max);
    if highest == 0 || end <= 0.0 {
        return;
    }
    let path = |report: &Report, class: &str| {
        let mut steps = String::new();
        for (index, moment) in report.timeline.iter().enumerate() {
            let x = moment.time_s / end * WIDE;
            let y = HIGH - moment.heap_bytes as f64 / (highest as f64 * 1.04) * HIGH;
            let _ = write!(steps, "{}{x:.1} {y:.1}", if index == 0 { 'M' } else { 'L' });
        }
        format!("<path class=\"{class}\" d=\"{steps}\"/>")
    };
    let _ = writeln!(
        out,
        "<section aria-label=\"The heap over time\"><h2>Heap over time</h2>\n\
         <p><span class=\"key old\"><i></i>before, peak at {}</span><span class=\"key new\"><i></i>now, peak at \
         {}</span></p>\n\
         <div class=\"axis\"><span>{}</span></div>\n\
         <svg class=\"course\" viewBox=\"0 0 {WIDE} {HIGH}\" preserveAspectRatio=\"none\" role=\"img\" \
         aria-label=\"The heap of both runs over time\">{}{}</svg>\n\
         <div class=\"axis\"><span>0 s</span><span>{}</span></div></section>",
        seconds(old.peak.time_s),
        seconds(new.peak.time_s),
        bytes(highest),
        path(old, "old"),
        path(new, "new"),
        seconds(end),
    );
}

fn table(title: &str, how: &str, sizes: [&str; 3], place: &str, rows: &[Row], none: &str, out: &mut String) {
    let _ = writeln!(out, "<section aria-label=\"{title}\"><h2>{title}<small>{how}</small></h2>");
    if rows.is_empty() {
        let _ = writeln!(out, "<p class=\"muted\">{none}</p></section>");
        return;
    }
    let [change, before, now] = sizes;
    let _ = writeln!(
        out,
        "<div class=\"scroller\"><table><thead><tr><th scope=\"col\" class=\"number\">{change}</th><th \
         class=\"size\"></th><th scope=\"col\" class=\"number before\">{before}</th><th scope=\"col\" \
         class=\"number\">{now}</th><th scope=\"col\" class=\"place\">{place}</th><th scope=\"col\" \
         class=\"what\">What it is</th></tr></thead><tbody>"
    );
    let largest = rows.iter().map(|row| row.growth.unsigned_abs()).max().unwrap_or(0);
    for row in rows.iter().take(MOST_ROWS) {
        let class = if row.growth > 0 { "grew" } else { "shrank" };
        let _ = writeln!(
            out,
            "<tr><td class=\"number {class}\" data-bytes=\"{}\"><b>{}</b></td><td class=\"size\">{}</td><td \
             class=\"number before\">{}</td><td class=\"number\">{}</td><td><bdi>{}</bdi></td><td class=\"what\"><span \
             class=\"note\">{}</span><code><bdi>{}</bdi></code></td></tr>",
            row.growth,
            signed(row.growth),
            bar(row.growth.unsigned_abs(), largest, class),
            bytes(row.old),
            bytes(row.new),
            escape(&cut(&row.place)),
            escape(&cut(&row.note)),
            escape(&cut(&row.what)),
        );
    }
    put(out, "</tbody></table></div>\n");
    if rows.len() > MOST_ROWS {
        let growth: i128 = rows[MOST_ROWS..].iter().map(|row| i128::from(row.growth)).sum();
        let growth = i64::try_from(growth).unwrap_or(i64::MAX);
        let more = count((rows.len() - MOST_ROWS) as u64);
        let _ = writeln!(
            out,
            "<p class=\"muted\">{more} smaller changes, {} together, are left out; heapwise diff --format json has them.</p>",
            signed(growth)
        );
    }
    put(out, "</section>\n");
}
