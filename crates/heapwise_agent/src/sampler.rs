//! Decides how densely blocks are sampled.
//!
//! The mean gap between two points of the sampling process follows two wishes. Precision: the standard error of
//! a heap of H bytes in small blocks, sampled at interval I, is sqrt(H·I); for it to stay at a third of a
//! percent of the highest heap, I is that heap divided by [`PRECISION`]. Cost: each recorded block takes one
//! from a credit that is large at the start and refills slowly, so that short runs are sampled densely and long
//! ones stay bounded; while the credit is used up, the interval doubles at every tick. Where most of what is
//! recorded are blocks above the threshold from which every block is recorded, that is raised too, and told.
//!
//! Changes depend on the past only, and each thread carries its own rule until its next recorded block, so every
//! estimate stays unbiased ([`heapwise_capture::sampling`]).

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use heapwise_capture::sampling::Sampling;

/// Blocks of this size and more are always recorded, unless a flood of them raises the threshold.
const LARGE: u64 = 16 * 1024;
/// The densest interval, bytes.
const DENSEST: u64 = 1024;
/// The interval for a program that used up some of its credit with a heap below this: what it needs is not a more
/// exact picture of little, but credit for when the heap grows.
const SPARSER: u64 = 8 * DENSEST;
const SMALL_HEAP: u64 = 64_000_000;
/// Highest heap divided by interval.
const PRECISION: u64 = 100_000;
/// Blocks that may be recorded before thrift begins.
const FIRST_CREDIT: i64 = 120_000;
/// The same for a child of a fork.
const CREDIT_OF_CHILD: i64 = FIRST_CREDIT / 4;
/// Blocks that may be recorded for each second after that.
const CREDIT_PER_SECOND: i64 = 8_000;

static INTERVAL: AtomicU64 = AtomicU64::new(DENSEST);
static THRESHOLD: AtomicU64 = AtomicU64::new(LARGE);
static CREDIT: AtomicI64 = AtomicI64::new(FIRST_CREDIT);
static CERTAIN: AtomicU64 = AtomicU64::new(0);
static DRAWN: AtomicU64 = AtomicU64::new(0);

/// The rule that a thread is to take on.
#[inline]
pub(crate) fn rule() -> Sampling {
    Sampling { interval: INTERVAL.load(Ordering::Relaxed), threshold: THRESHOLD.load(Ordering::Relaxed) }
}

/// Counts a recorded block; `certain` if it was recorded for its size.
#[inline]
pub(crate) fn recorded(certain: bool) {
    CREDIT.fetch_sub(1, Ordering::Relaxed);
    let counter = if certain { &CERTAIN } else { &DRAWN };
    counter.fetch_add(1, Ordering::Relaxed);
}

/// In a child of a fork: the credit of a process of its own, smaller because there may be many. The rule stays what
/// it was, since the next block of the thread that forked has been chosen by it.
pub(crate) fn forget_parent() {
    CREDIT.store(CREDIT_OF_CHILD, Ordering::Relaxed);
    CERTAIN.store(0, Ordering::Relaxed);
    DRAWN.store(0, Ordering::Relaxed);
}

/// Fits the rule to what happened in the last `elapsed_ms`, given the highest heap so far.
pub(crate) fn adapt(elapsed_ms: u64, highest_heap: u64) {
    let refill = elapsed_ms.cast_signed() * CREDIT_PER_SECOND / 1000;
    let credit = CREDIT.fetch_add(refill, Ordering::Relaxed) + refill;
    // What a flood took beyond the credit is made up for within a second.
    let kept = credit.clamp(-CREDIT_PER_SECOND, FIRST_CREDIT);
    CREDIT.fetch_add(kept - credit, Ordering::Relaxed);
    let certain = CERTAIN.swap(0, Ordering::Relaxed);
    let drawn = DRAWN.swap(0, Ordering::Relaxed);
    let next = step(rule(), credit, refill.cast_unsigned(), certain, drawn, highest_heap);
    INTERVAL.store(next.interval, Ordering::Relaxed);
    THRESHOLD.store(next.threshold, Ordering::Relaxed);
}

/// One step of the rule; `allowed` blocks may be recorded in a tick in the long run.
fn step(now: Sampling, credit: i64, allowed: u64, certain: u64, drawn: u64, highest_heap: u64) -> Sampling {
    let thrifty = highest_heap < SMALL_HEAP && credit < FIRST_CREDIT * 4 / 5;
    let wanted = (highest_heap / PRECISION).max(if thrifty { SPARSER } else { DENSEST });
    let Sampling { mut interval, mut threshold } = now;
    let recorded = certain + drawn;
    if credit <= 0 && recorded > allowed {
        if certain > drawn {
            threshold = threshold.saturating_mul(2);
            // Blocks just under the threshold must become rare too, or nothing is won.
            interval = interval.max(threshold / 2);
        } else {
            interval = interval.saturating_mul(2);
        }
    } else if credit > 0 {
        // Room again: back towards what precision asks for.
        threshold = (threshold / 2).max(LARGE);
        interval = (interval / 2).max(wanted);
    }
    Sampling { interval: interval.max(wanted).min(1 << 40), threshold: threshold.min(1 << 40) }
}

/// A source of random numbers (xorshift64*, Vigna 2016, "An experimental exploration of Marsaglia's xorshift
/// generators, scrambled"), seeded by the thread's number so that runs repeat as far as the program does.
#[derive(Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u32) -> Self {
        Self((u64::from(seed) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// Uniform in (0, 1].
    fn uniform(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let bits = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11;
        (bits + 1) as f64 / (1u64 << 53) as f64
    }

    /// Whole bytes before the next point of the sampling process, exponential with mean `interval`. A block of
    /// `size` bytes is free of points if `size` is not above this, which has the chance exp(-size / interval).
    pub(crate) fn gap(&mut self, interval: u64) -> i64 {
        (-self.uniform().ln() * interval as f64) as i64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_have_the_mean_that_is_asked_for() {
        let mut random = Random::new(1);
        let mean = (0..100_000).map(|_| random.gap(1024) as f64).sum::<f64>() / 1e5;
        assert!((mean - 1023.5).abs() < 15.0, "{mean}");
        let free = (0..100_000).filter(|_| random.gap(1024) >= 56).count() as f64 / 1e5;
        assert!((free - (-56.0f64 / 1024.0).exp()).abs() < 0.003, "{free}");
    }

    #[test]
    fn the_interval_follows_the_heap_and_the_credit() {
        let start = Sampling { interval: DENSEST, threshold: LARGE };
        let calm = step(start, FIRST_CREDIT, 40, 0, 100, 1_000_000_000);
        assert_eq!(calm, Sampling { interval: 10_000, threshold: LARGE });
        let flood = step(start, -5, 40, 0, 1000, SMALL_HEAP);
        assert_eq!(flood, Sampling { interval: 2048, threshold: LARGE });
        let busy_and_small = step(start, FIRST_CREDIT / 2, 40, 0, 1000, 1_000_000);
        assert_eq!(busy_and_small, Sampling { interval: SPARSER, threshold: LARGE });
        let large = step(start, -5, 40, 1000, 0, 0);
        assert_eq!(large, Sampling { interval: LARGE, threshold: 2 * LARGE });
        let back = step(large, FIRST_CREDIT, 40, 0, 0, 0);
        assert_eq!(back, Sampling { interval: LARGE / 2, threshold: LARGE });
    }
}
