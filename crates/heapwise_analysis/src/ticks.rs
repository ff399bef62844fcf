//! The heap of one process in steps of the clock, fine enough to add several processes up.
//!
//! Events carry milliseconds of a clock that ticks every few of them. In which order the events of two processes came
//! within one tick is not known, so each tick keeps what is certain whatever the order was: the lowest and the highest
//! heap in it, with the events that led there. Invariants: ticks are by ascending time, at most one for a time; heights
//! are whole numbers of bytes, so that their sums over processes are those of what the report says of each.

use crate::replay::Watch;
use crate::resident::ResidentPoint;

/// In place of the number of an event: the process had ended.
pub(crate) const GONE: u64 = u64::MAX;

/// A height of the heap, and the number of the event that led to it, from 1; 0 before the first.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Level {
    pub(crate) bytes: f64,
    pub(crate) event: u64,
}

/// What happened at one time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Tick {
    pub(crate) time_ms: u64,
    /// The lowest heap, that before the first event included.
    pub(crate) low: Level,
    /// The highest heap behind an event.
    pub(crate) high: Level,
    pub(crate) last: Level,
}

/// How the processes of a run together came to a height at some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reached {
    /// By all that happened in that tick.
    Behind,
    /// By an event of this process within the tick.
    ByItself,
    /// By an event of another process within the tick.
    ByAnother,
}

/// All ticks of a process, and all looks at it.
#[derive(Debug, Default, Clone)]
pub(crate) struct Ticks {
    pub(crate) ticks: Vec<Tick>,
    pub(crate) looks: Vec<ResidentPoint>,
}

impl Ticks {
    /// What was live before the first event behind `time_ms`.
    pub(crate) fn level_before(&self, time_ms: u64) -> Level {
        let behind = self.ticks.partition_point(|tick| tick.time_ms < time_ms);
        behind.checked_sub(1).map_or_else(Level::default, |before| self.ticks[before].last)
    }

    /// What counts of the process at `time_ms`.
    pub(crate) fn level_at(&self, time_ms: u64, reached: Reached) -> Level {
        let Ok(at) = self.ticks.binary_search_by_key(&time_ms, |tick| tick.time_ms) else {
            return self.level_before(time_ms);
        };
        match reached {
            Reached::Behind => self.ticks[at].last,
            Reached::ByItself => self.ticks[at].high,
            Reached::ByAnother => self.ticks[at].low,
        }
    }

    /// The process ends: from then on it holds nothing.
    pub(crate) fn end(&mut self, time_ms: u64) {
        let gone = Level { bytes: 0.0, event: GONE };
        match self.ticks.last_mut() {
            Some(last) if last.time_ms >= time_ms => (last.low, last.last) = (gone, gone),
            _ => self.ticks.push(Tick { time_ms, low: gone, high: gone, last: gone }),
        }
    }
}

impl Watch for Ticks {
    #[inline]
    fn heap(&mut self, event: u64, now_ms: u64, live: f64) {
        let level = Level { bytes: live.round(), event };
        match self.ticks.last_mut() {
            Some(tick) if tick.time_ms == now_ms => {
                if level.bytes < tick.low.bytes {
                    tick.low = level;
                }
                if level.bytes > tick.high.bytes {
                    tick.high = level;
                }
                tick.last = level;
            }
            before => {
                let before = before.map_or_else(Level::default, |tick| tick.last);
                let low = if level.bytes < before.bytes { level } else { before };
                self.ticks.push(Tick { time_ms: now_ms, low, high: level, last: level });
            }
        }
    }

    fn look(&mut self, point: &ResidentPoint) {
        self.looks.push(*point);
    }
}

/// Takes the state after one event for that of the high-water mark.
#[derive(Debug)]
pub(crate) struct At(pub(crate) u64);

impl Watch for At {
    const OWN_PEAK: bool = false;

    #[inline(always)]
    fn heap(&mut self, _: u64, _: u64, _: f64) {}

    #[inline]
    fn is_mark(&self, event: u64) -> bool {
        event == self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tick_keeps_the_lowest_and_the_highest() {
        let mut ticks = Ticks::default();
        for (event, now_ms, live) in [(1, 0, 5.0), (2, 4, 9.0), (3, 4, 2.0), (4, 4, 7.0), (5, 8, 8.0)] {
            ticks.heap(event, now_ms, live);
        }
        let level = |bytes, event| Level { bytes, event };
        let middle = Tick { time_ms: 4, low: level(2.0, 3), high: level(9.0, 2), last: level(7.0, 4) };
        assert_eq!(ticks.ticks[1], middle);
        assert_eq!(ticks.ticks[2].low, level(7.0, 4), "what was live before counts");
        assert_eq!(ticks.level_before(8), level(7.0, 4));
        assert_eq!(ticks.level_before(0), Level::default());
        ticks.end(8);
        assert_eq!((ticks.ticks.len(), ticks.ticks[2].high), (3, level(8.0, 5)));
        assert_eq!(ticks.level_before(9), level(0.0, GONE));
    }
}
