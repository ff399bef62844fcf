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

    /// The process was looked at.
    pub(crate) fn look(&mut self, now_ms: u64, resident: Resident) {
        self.heap(now_ms, self.current.heap);
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
