//! Decides how densely blocks are sampled.
//!
//! The mean gap between two points of the sampling process follows two wishes. Precision: the standard error of
//! S bytes in small blocks, sampled at interval I, is sqrt(S·I); for it to stay at 0.4 percent of the highest
//! heap H, I is H²/S divided by [`PRECISION`]. Cost: what is recorded is paid for from a
//! credit. It is there from the start, so that short runs are sampled densely; it grows with the highest S by what
//! recording that growth takes, so that what is live at the peak is sampled as precision asks for; and it refills
//! slowly, ever more so as the run gets longer, so that long runs stay bounded. When it is used up, the interval
//! doubles until what is recorded in a second, as it was lately, costs no more than what is refilled; it is halved again
//! when the credit lasts for that. Programs work in bursts: an interval that followed each would be far too long in the next
//! one. Where most of what is recorded are blocks above the threshold from which every block is
//! recorded, that is raised too, and told.
//!
//! Changes depend on the past only, and each thread carries its own rule until its next recorded block, so every
//! estimate stays unbiased ([`heapwise_capture::sampling`]).

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use heapwise_capture::sampling::Sampling;

use crate::platform::Alone;

/// Blocks of this size and more are always recorded, unless a flood of them raises the threshold.
const LARGE: u64 = 16 * 1024;
/// The densest interval, bytes.
const DENSEST: u64 = 2048;
/// The interval for a program that used up some of its credit with a heap below this: what it needs is not a more
/// exact picture of little, but credit for when the heap grows.
const SPARSER: u64 = 4 * DENSEST;
const SMALL_HEAP: u64 = 64_000_000;
/// Highest heap divided by interval, where all of it is small blocks.
const PRECISION: u64 = 60_000;
/// Where few are small, the interval is longer by no more than this: it also shows what comes and goes.
const MOST_LONGER: u64 = 8;
/// What a recorded block counts for. A look at a very deep stack for it counts at most for as much again: more would take
/// precision from the blocks of recursions, whose heap grows with the depth.
const BLOCK: i64 = 32;
/// What may be spent before thrift begins.
const FIRST_CREDIT: i64 = 20_000 * BLOCK;
/// The same for a child of a fork.
const CREDIT_OF_CHILD: i64 = FIRST_CREDIT / 2;
/// With less than this left a small heap is sampled more sparsely.
const THRIFTY: i64 = FIRST_CREDIT * 2 / 3;
/// What may be spent for each second after that, while the run is not older than [`YOUNG_MS`]; later it is in inverse
/// proportion to its age, down to [`LEAST_PER_SECOND`].
const MOST_PER_SECOND: i64 = 4_000 * BLOCK;
const YOUNG_MS: u64 = 30_000;
/// At some 14 bytes for a block and its end, this is a megabyte of capture a minute.
const LEAST_PER_SECOND: i64 = 1_000 * BLOCK;
/// What is recorded in a second is an average over about this time.
const LATELY_MS: u64 = 500;
/// A finer rule is taken on if the credit lasts this long with it.
const LASTS_S: f64 = 1.0;
/// A thread tells what it spent when it is so much.
const TELL: u32 = 32 * BLOCK as u32;

static INTERVAL: AtomicU64 = AtomicU64::new(DENSEST);
static THRESHOLD: AtomicU64 = AtomicU64::new(LARGE);
/// Used at every tick, by one thread.
static CREDIT: AtomicI64 = AtomicI64::new(FIRST_CREDIT);
static HIGHEST: AtomicU64 = AtomicU64::new(0);
static HIGHEST_DRAWN: AtomicU64 = AtomicU64::new(0);
/// What was spent since the last tick on blocks that were recorded for their size, and on those that were drawn.
static SPENT: Alone<[AtomicU64; 2]> = Alone([AtomicU64::new(0), AtomicU64::new(0)]);
/// The [`Pace`], as the bits of its numbers.
static PACE: [AtomicU64; 2] = [AtomicU64::new(0), AtomicU64::new(0)];

/// The rule that a thread is to take on.
#[inline]
pub(crate) fn rule() -> Sampling {
    Sampling { interval: INTERVAL.load(Ordering::Relaxed), threshold: THRESHOLD.load(Ordering::Relaxed) }
}

/// What a thread spent and has not told yet.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    certain: u32,
    drawn: u32,
}

impl Tally {
    /// Counts a recorded block; `certain` if it was recorded for its size, `frames` if so many were looked at for it.
    #[inline]
    pub(crate) fn recorded(&mut self, certain: bool, frames: usize) {
        let spent = BLOCK as u32 + u32::try_from(frames).unwrap_or(TELL).min(TELL) / BLOCK as u32;
        if certain {
            self.certain += spent;
        } else {
            self.drawn += spent;
        }
        if self.certain + self.drawn >= TELL {
            self.tell();
        }
    }

    fn tell(&mut self) {
        SPENT.0[0].fetch_add(u64::from(self.certain), Ordering::Relaxed);
        SPENT.0[1].fetch_add(u64::from(self.drawn), Ordering::Relaxed);
        (self.certain, self.drawn) = (0, 0);
    }
}

impl Drop for Tally {
    fn drop(&mut self) {
        self.tell();
    }
}

/// In a child of a fork: the credit of a process of its own, smaller because there may be many. The rule stays what
/// it was, since the next block of the thread that forked has been chosen by it.
pub(crate) fn forget_parent() {
    CREDIT.store(CREDIT_OF_CHILD, Ordering::Relaxed);
    HIGHEST.store(0, Ordering::Relaxed);
    HIGHEST_DRAWN.store(0, Ordering::Relaxed);
    for spent in SPENT.0.iter().chain(&PACE) {
        spent.store(0, Ordering::Relaxed);
    }
}

/// Fits the rule to what happened in the last `elapsed_ms` of a run of `age_ms`, given the heap now and what of it was
/// recorded by chance.
pub(crate) fn adapt(age_ms: u64, elapsed_ms: u64, heap: u64, drawn: u64) {
    let spent = [0, 1].map(|kind| SPENT.0[kind].swap(0, Ordering::Relaxed));
    let refill = elapsed_ms.cast_signed() * per_second(age_ms) / 1000;
    let highest = HIGHEST.fetch_max(heap, Ordering::Relaxed).max(heap);
    let before = HIGHEST_DRAWN.fetch_max(drawn, Ordering::Relaxed);
    let highest_drawn = before.max(drawn);
    let growth = BLOCK * ((highest_drawn - before) / precise(highest, highest_drawn)).cast_signed();
    let total = (spent[0] + spent[1]).cast_signed();
    let credit = CREDIT.load(Ordering::Relaxed) - total + refill + growth;
    // What a flood took beyond the credit is made up for within a second.
    CREDIT.store(credit.clamp(-per_second(age_ms), FIRST_CREDIT), Ordering::Relaxed);
    let wanted = wanted(credit, highest, highest_drawn);
    let [certain, drawn] = PACE.each_ref().map(|bits| f64::from_bits(bits.load(Ordering::Relaxed)));
    let mut pace = Pace { certain, drawn };
    pace.spent(spent, elapsed_ms);
    let next = step(rule(), &mut pace, credit, per_second(age_ms), wanted);
    for (bits, now) in PACE.iter().zip([pace.certain, pace.drawn]) {
        bits.store(now.to_bits(), Ordering::Relaxed);
    }
    INTERVAL.store(next.interval, Ordering::Relaxed);
    THRESHOLD.store(next.threshold, Ordering::Relaxed);
}

/// The interval that precision asks for, bytes.
fn precise(highest: u64, highest_drawn: u64) -> u64 {
    let longer = (highest / highest_drawn.max(1)).clamp(1, MOST_LONGER);
    (highest / PRECISION * longer).max(DENSEST)
}

/// The shortest interval while this is left of the credit, bytes.
fn wanted(credit: i64, highest: u64, highest_drawn: u64) -> u64 {
    let thrifty = highest < SMALL_HEAP && credit < THRIFTY;
    precise(highest, highest_drawn).max(if thrifty { SPARSER } else { 0 })
}

/// What is added to the credit for a second of a run of this age.
fn per_second(age_ms: u64) -> i64 {
    let young = i64::try_from(YOUNG_MS * 1000 / age_ms.max(YOUNG_MS)).unwrap_or(0);
    (MOST_PER_SECOND * young / 1000).max(LEAST_PER_SECOND)
}

/// What recording costs in a second by the rule as it is, judged by the last [`LATELY_MS`]: that of blocks which are recorded
/// for their size, and that of drawn ones.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Pace {
    certain: f64,
    drawn: f64,
}

impl Pace {
    /// Takes in what was spent in some milliseconds.
    fn spent(&mut self, spent: [u64; 2], elapsed_ms: u64) {
        let elapsed_ms = elapsed_ms.max(1);
        let share = (elapsed_ms as f64 / LATELY_MS as f64).min(1.0);
        for (pace, spent) in [&mut self.certain, &mut self.drawn].into_iter().zip(spent) {
            *pace += (spent as f64 * 1000.0 / elapsed_ms as f64 - *pace) * share;
        }
    }

    fn all(self) -> f64 {
        self.certain + self.drawn
    }
}

/// One step of the rule: `allowed` may be spent in a second in the long run, and `wanted` is the shortest interval. The pace
/// becomes what it will be by the new rule.
fn step(now: Sampling, pace: &mut Pace, credit: i64, allowed: i64, wanted: u64) -> Sampling {
    let Sampling { mut interval, mut threshold } = now;
    if credit <= 0 && pace.all() > allowed as f64 {
        if pace.certain > pace.drawn {
            threshold = threshold.saturating_mul(2);
            pace.certain /= 2.0;
            // Blocks just under the threshold must become rare too, or nothing is won.
            interval = interval.max(threshold / 2);
        } else {
            interval = interval.saturating_mul(2);
        }
    } else if credit > 0 && (2.0 * pace.all() - allowed as f64) * LASTS_S <= credit as f64 {
        // Room again: back towards what precision asks for.
        if threshold > LARGE {
            pace.certain *= 2.0;
        }
        threshold = (threshold / 2).max(LARGE);
        interval = (interval / 2).max(wanted);
    }
    let next = Sampling { interval: interval.max(wanted).min(1 << 40), threshold: threshold.min(1 << 40) };
    pace.drawn *= now.interval as f64 / next.interval as f64;
    next
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
    fn the_interval_follows_what_is_wanted_and_the_credit() {
        let start = Sampling { interval: DENSEST, threshold: LARGE };
        let stepped = |now, certain, drawn, credit, wanted| {
            let mut pace = Pace { certain, drawn };
            (step(now, &mut pace, credit, 4_000, wanted), pace)
        };
        let (calm, pace) = stepped(start, 0.0, 10_000.0, FIRST_CREDIT, 4 * DENSEST);
        assert_eq!(calm, Sampling { interval: 4 * DENSEST, threshold: LARGE });
        assert_eq!(pace, Pace { certain: 0.0, drawn: 2_500.0 });
        let (flood, pace) = stepped(start, 0.0, 100_000.0, -5, DENSEST);
        assert_eq!(flood, Sampling { interval: 2 * DENSEST, threshold: LARGE });
        assert_eq!(pace, Pace { certain: 0.0, drawn: 50_000.0 });
        let small = wanted(FIRST_CREDIT / 2, 1_000_000, 1_000_000);
        let (busy_and_small, _) = stepped(start, 0.0, 100_000.0, FIRST_CREDIT / 2, small);
        assert_eq!(busy_and_small, Sampling { interval: SPARSER, threshold: LARGE });
        let (large, pace) = stepped(start, 100_000.0, 0.0, -5, DENSEST);
        assert_eq!(large, Sampling { interval: LARGE, threshold: 2 * LARGE });
        assert_eq!(pace, Pace { certain: 50_000.0, drawn: 0.0 });
        let (back, _) = stepped(large, 0.0, 0.0, FIRST_CREDIT, DENSEST);
        assert_eq!(back, Sampling { interval: LARGE / 2, threshold: LARGE });
        let (kept, _) = stepped(large, 0.0, 3_000.0, 1_000, DENSEST);
        assert_eq!(kept, large, "the credit does not last for more");
    }

    /// The longest interval in ten minutes of a program that allocates in so many of so many ticks; what it may record while
    /// it is young is gone before.
    fn longest_in_bursts(bytes_per_s: u64, busy: u64, of: u64) -> u64 {
        let (mut rule, mut pace) = (Sampling { interval: DENSEST, threshold: LARGE }, Pace::default());
        let (mut credit, mut longest) = (FIRST_CREDIT, 0);
        for tick in 0..60_000 {
            let bytes = if tick % of < busy { bytes_per_s / 100 * of / busy } else { 0 };
            let spent = bytes / rule.interval * BLOCK as u64;
            let allowed = per_second(tick * 10);
            credit = (credit - spent.cast_signed() + allowed / 100).clamp(-allowed, FIRST_CREDIT);
            pace.spent([0, spent], 10);
            rule = step(rule, &mut pace, credit, allowed, DENSEST);
            if tick > 12_000 {
                longest = longest.max(rule.interval);
            }
        }
        longest
    }

    #[test]
    fn an_interval_is_not_far_above_what_the_credit_allows_though_the_program_works_in_bursts() {
        // 30 MB a second for 1,000 blocks a second, of 30 kB each.
        for (busy, of) in [(1, 1), (3, 5), (10, 40), (20, 100)] {
            let longest = longest_in_bursts(30_000_000, busy, of);
            assert!(longest <= 4 * 30_000, "{busy} of {of}: {longest}");
        }
    }

    #[test]
    fn the_standard_error_is_at_most_some_thousandths_of_the_heap_however_much_of_it_is_small() {
        for (heap, drawn) in
            [(1_000_000_000, 1_000_000_000), (1_000_000_000, 400_000_000), (300_000_000, 50_000_000)]
        {
            let error = (drawn as f64 * precise(heap, drawn) as f64).sqrt() / heap as f64;
            assert!((0.002..0.0042).contains(&error), "{error} of {heap}");
        }
        assert_eq!(precise(1_200_000_000, 0), 8 * 20_000);
        assert_eq!(precise(20_000_000, 20_000_000), DENSEST);
        assert_eq!(wanted(-5, SMALL_HEAP, SMALL_HEAP), DENSEST);
    }

    #[test]
    fn an_old_run_is_allowed_less() {
        assert_eq!(per_second(0), MOST_PER_SECOND);
        assert_eq!(per_second(YOUNG_MS), MOST_PER_SECOND);
        assert_eq!(per_second(2 * YOUNG_MS), MOST_PER_SECOND / 2);
        assert_eq!(per_second(3_600_000), LEAST_PER_SECOND);
    }

    #[test]
    fn a_thread_tells_all_that_it_spent() {
        let before: Vec<u64> = SPENT.0.iter().map(|spent| spent.load(Ordering::Relaxed)).collect();
        let mut tally = Tally::default();
        for _ in 0..100 {
            tally.recorded(true, 0);
            tally.recorded(false, 1000);
        }
        drop(tally);
        let told: Vec<u64> = SPENT.0.iter().map(|spent| spent.load(Ordering::Relaxed)).collect();
        assert_eq!(told[0] - before[0], 100 * 32);
        assert_eq!(told[1] - before[1], 100 * (32 + 31));
    }
}
