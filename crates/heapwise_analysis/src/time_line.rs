//! The heap over time, in bounded space.

use heapwise_profile::Resident;

/// One point of the time line: what is known of the time from the point before to this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TimePoint {
    /// Milliseconds since the start of recording.
    pub time_ms: u64,
    /// Bytes live at that moment.
    pub heap_bytes: u64,
    /// The highest number of bytes live since the point before.
    pub max_heap_bytes: u64,
    /// When it was reached.
    pub max_time_ms: u64,
    /// The look at the process since the point before that found the most resident memory.
    pub resident: Option<Resident>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct TimeLine;

impl TimeLine {
    pub(crate) fn points(&self, buckets: usize) -> Vec<TimePoint> {
        let _ = buckets;
        todo!("the time line")
    }
}
