//! The time that a look takes of the processor: what the calling thread works, not what it waits.

use std::time::Duration;

/// The processor time of the calling thread.
pub fn thread_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: a valid place for the time; the clock exists for every thread.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    Duration::new(time.tv_sec.max(0).cast_unsigned(), time.tv_nsec.max(0).cast_unsigned() as u32)
}
