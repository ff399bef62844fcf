//! The time that a look takes of the processor: what the calling thread works, not what it waits.

use std::time::Duration;

/// Steps between two looks at the clock.
const EVERY: u32 = 256;

/// A moment to end at, for work of many small steps. Invariant: what it asks of the clock is small beside the steps.
#[derive(Debug)]
pub(crate) struct Deadline {
    until: Duration,
    steps: u32,
    is_over: bool,
}

impl Deadline {
    /// Ends at a [`thread_time`].
    pub(crate) const fn at(until: Duration) -> Self {
        Self { until, steps: 0, is_over: false }
    }

    /// Counts steps. True while there is time for more.
    #[inline]
    pub(crate) fn allows(&mut self, steps: u32) -> bool {
        self.steps = self.steps.saturating_add(steps);
        if self.steps >= EVERY {
            self.steps = 0;
            self.is_over |= thread_time() >= self.until;
        }
        !self.is_over
    }
}

/// The processor time of the calling thread.
pub fn thread_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: a valid place for the time; the clock exists for every thread.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    Duration::new(time.tv_sec.max(0).cast_unsigned(), time.tv_nsec.max(0).cast_unsigned() as u32)
}
