//! The heap over time, in bounded space.
//!
//! Time is cut into buckets of equal width. When there are too many, neighbours are joined and the width is
//! doubled, so any run gets between [`MOST_BUCKETS`] / 2 and [`MOST_BUCKETS`] of them, or one a millisecond.
//!
//! Invariant: joining loses no maximum, and the first of equal maxima stays.

use heapwise_profile::Resident;

use crate::account::whole;

/// The most buckets that are kept; even.
const MOST_BUCKETS: usize = 4096;

/// One point of the time line: what is known of the time from the point before to this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TimePoint {
    /// Milliseconds since the start of recording.
    pub time_ms: u64,
    /// Bytes live at that moment.
    pub heap_bytes: u64,
    /// The highest number of bytes live since the point before.
    pub max_heap_bytes: u64,
    /// When it was first reached since the point before.
    pub max_time_ms: u64,
    /// The look at the process since the point before that found the most resident memory.
    pub resident: Option<Resident>,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    /// Bytes live at its end.
    heap: f64,
    max: f64,
    max_time_ms: u64,
    resident: Option<Resident>,
}

impl Bucket {
    /// A bucket in which nothing has happened yet.
    fn begin(heap: f64, time_ms: u64) -> Self {
        Self { heap, max: heap, max_time_ms: time_ms, resident: None }
    }

    fn join(&mut self, later: &Self) {
        self.heap = later.heap;
        if later.max > self.max {
            self.max = later.max;
            self.max_time_ms = later.max_time_ms;
        }
        if let Some(resident) = later.resident {
            self.look(resident);
        }
    }

    fn look(&mut self, resident: Resident) {
        if self.resident.is_none_or(|known| resident.total() > known.total()) {
            self.resident = Some(resident);
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct TimeLine {
    /// Milliseconds of one bucket.
    width: u64,
    buckets: Vec<Bucket>,
    /// The bucket that is being filled; it ends before `end_ms`.
    current: Bucket,
    end_ms: u64,
    last_ms: u64,
}

impl TimeLine {
    pub(crate) fn new() -> Self {
        Self { width: 1, buckets: Vec::new(), current: Bucket::begin(0.0, 0), end_ms: 1, last_ms: 0 }
    }

    /// The heap has `heap` bytes from `now_ms` on, which never goes back.
    #[inline]
    pub(crate) fn heap(&mut self, now_ms: u64, heap: f64) {
        if now_ms >= self.end_ms {
            self.advance(now_ms);
        }
        self.last_ms = now_ms;
        self.current.heap = heap;
        if heap > self.current.max {
            self.current.max = heap;
            self.current.max_time_ms = now_ms;
        }
    }

    /// The process was looked at, now or at a time that the heap has gone past.
    pub(crate) fn look(&mut self, at_ms: u64, resident: Resident) {
        let bucket = usize::try_from(at_ms / self.width).unwrap_or(usize::MAX);
        if let Some(passed) = self.buckets.get_mut(bucket) {
            passed.look(resident);
            return;
        }
        self.heap(self.last_ms.max(at_ms), self.current.heap);
        self.current.look(resident);
    }

    /// Closes buckets until the current one contains `now_ms`.
    #[cold]
    fn advance(&mut self, now_ms: u64) {
        while now_ms / self.width >= MOST_BUCKETS as u64 {
            // The current bucket is joined with its neighbour like the others, then taken up again.
            self.buckets.push(self.current);
            self.width *= 2;
            self.buckets = self
                .buckets
                .chunks(2)
                .map(|pair| {
                    let mut joined = pair[0];
                    if let [_, later] = pair {
                        joined.join(later);
                    }
                    joined
                })
                .collect();
            self.current = self.buckets.pop().unwrap_or(self.current);
        }
        while (self.buckets.len() as u64) < now_ms / self.width {
            self.buckets.push(self.current);
            self.current = Bucket::begin(self.current.heap, self.buckets.len() as u64 * self.width);
        }
        self.end_ms = (self.buckets.len() as u64 + 1).saturating_mul(self.width);
    }

    pub(crate) fn points(&self, count: usize) -> Vec<TimePoint> {
        let used = self.buckets.len() + 1;
        let count = count.clamp(1, used);
        let bucket = |index: usize| self.buckets.get(index).unwrap_or(&self.current);
        (0..count)
            .map(|point| {
                let (from, to) = (point * used / count, (point + 1) * used / count);
                let mut joined = *bucket(from);
                for later in from + 1..to {
                    joined.join(bucket(later));
                }
                TimePoint {
                    time_ms: (to as u64).saturating_mul(self.width).min(self.last_ms),
                    heap_bytes: whole(joined.heap),
                    max_heap_bytes: whole(joined.max),
                    max_time_ms: joined.max_time_ms,
                    resident: joined.resident,
                }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn look(anonymous: u64) -> Resident {
        Resident { anonymous, ..Resident::default() }
    }

    #[test]
    fn a_short_run_has_a_point_for_each_millisecond() {
        let mut line = TimeLine::new();
        line.heap(0, 10.0);
        line.heap(0, 5.0);
        line.look(2, look(7));
        line.look(2, look(6));
        line.heap(3, 6.0);
        let point = |time_ms, heap_bytes, max_heap_bytes, max_time_ms, resident| TimePoint {
            time_ms,
            heap_bytes,
            max_heap_bytes,
            max_time_ms,
            resident,
        };
        assert_eq!(
            line.points(100),
            [
                point(1, 5, 10, 0, None),
                point(2, 5, 5, 1, None),
                point(3, 5, 5, 2, Some(look(7))),
                point(3, 6, 6, 3, None),
            ]
        );
        assert_eq!(line.points(2), [point(2, 5, 10, 0, None), point(3, 6, 6, 3, Some(look(7)))]);
        assert_eq!(line.points(0), [point(3, 6, 10, 0, Some(look(7)))]);
    }

    #[test]
    fn a_look_is_seen_at_its_time_even_if_it_is_told_of_later() {
        let mut line = TimeLine::new();
        line.heap(9_000, 6.0);
        for at_ms in [10, 5_000, 8_000] {
            line.look(at_ms, look(at_ms));
        }
        let seen: Vec<(u64, u64)> = line
            .points(9)
            .iter()
            .filter_map(|point| Some((point.time_ms / 1_000, point.resident?.anonymous)))
            .collect();
        assert_eq!(seen.iter().map(|it| it.1).collect::<Vec<_>>(), [10, 5_000, 8_000]);
        assert!(
            seen.iter().all(|(until_s, at_ms)| (at_ms / 1_000..=at_ms / 1_000 + 2).contains(until_s)),
            "{seen:?}"
        );
    }

    #[test]
    fn a_clock_that_jumps_to_the_end_of_time_costs_nothing() {
        let mut line = TimeLine::new();
        line.heap(1, 3.0);
        line.heap(u64::MAX, 2.0);
        let points = line.points(4);
        assert_eq!(points.len(), 4);
        assert_eq!((points[0].max_heap_bytes, points[0].max_time_ms), (3, 1));
        assert_eq!((points[3].time_ms, points[3].heap_bytes), (u64::MAX, 2));
    }

    proptest! {
        #[test]
        fn every_point_tells_of_its_time(
            steps in prop::collection::vec((prop_oneof![0u64..3, 0u64..5000], 0u32..100), 1..300),
            count in 1usize..200,
        ) {
            let mut line = TimeLine::new();
            let mut heaps = vec![(0, 0)];
            let mut now_ms = 0;
            for (pause, heap) in steps {
                now_ms += pause;
                line.heap(now_ms, f64::from(heap));
                heaps.push((now_ms, u64::from(heap)));
            }
            let points = line.points(count);
            prop_assert!(points.len() <= count && line.buckets.len() < MOST_BUCKETS);
            let mut from = 0;
            for (index, point) in points.iter().enumerate() {
                let last = index + 1 == points.len();
                let behind = heaps.partition_point(|&(time_ms, _)| time_ms < point.time_ms || last);
                prop_assert_eq!(point.heap_bytes, heaps[behind - 1].1);
                // What was live when the time of this point began counts too.
                let within = &heaps[usize::saturating_sub(from, 1)..behind];
                let highest = within.iter().map(|it| it.1).max();
                prop_assert_eq!(Some(point.max_heap_bytes), highest);
                from = behind;
            }
            prop_assert_eq!(points[points.len() - 1].time_ms, now_ms);
            let highest = heaps.iter().map(|it| it.1).max();
            let first = heaps.iter().find(|it| Some(it.1) == highest).map(|it| it.0);
            let shown = points.iter().find(|it| Some(it.max_heap_bytes) == highest).map(|it| it.max_time_ms);
            prop_assert_eq!(shown, first);
        }
    }
}
