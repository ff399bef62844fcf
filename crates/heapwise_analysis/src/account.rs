//! Accounts of live memory that know what they held at the high-water mark.
//!
//! Owns the arithmetic of the high-water mark. A second pass over the events is not needed: each account keeps
//! what it held at the last high-water mark that it knows of. When the heap climbs above its old maximum, only
//! the number of the mark is raised; an account notices by that number, when it is next about to change, that
//! its holding has not changed since the mark and so is what it held at it. Each event costs constant time.
//!
//! Invariant: amounts are multiples of a small power of two and far below 2^53 of them, so adding and taking
//! away is exact: an account from which all was taken holds exactly 0, and exact captures are exact to the byte.

use heapwise_profile::StackId;

use crate::Peak;
use crate::totals::Totals;

/// Weights of bytes are multiples of 1 / this.
const BYTE_STEPS: f64 = 256.0;
/// Weights of blocks are multiples of 1 / this.
const BLOCK_STEPS: f64 = 65_536.0;
/// Chances below this are taken for this: no writer samples so rarely.
const LEAST_PROBABILITY: f64 = 1e-12;

/// What one recorded block stands for.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Weight {
    pub(crate) bytes: f64,
    pub(crate) blocks: f64,
    /// What the block adds to the variance of a sum of bytes.
    pub(crate) variance: f64,
}

impl Weight {
    /// The weight of a block of `size` bytes that was recorded with `probability`.
    #[inline]
    pub(crate) fn new(size: u64, probability: f32) -> Self {
        if probability >= 1.0 { Self::certain(size) } else { Self::sampled(size, f64::from(probability)) }
    }

    /// The weight of a block that was certain to be recorded.
    #[inline]
    pub(crate) const fn certain(size: u64) -> Self {
        Self { bytes: size as f64, blocks: 1.0, variance: 0.0 }
    }

    fn sampled(size: u64, probability: f64) -> Self {
        let probability = probability.max(LEAST_PROBABILITY);
        let bytes = size as f64 / probability;
        Self {
            bytes: (bytes * BYTE_STEPS).round() / BYTE_STEPS,
            blocks: (BLOCK_STEPS / probability).round() / BLOCK_STEPS,
            variance: bytes * bytes * (1.0 - probability),
        }
    }
}

/// What one stack or thread holds and held.
#[derive(Debug, Clone, Copy, Default)]
struct Account {
    live_bytes: f64,
    live_blocks: f64,
    /// What was live at the high-water mark with the number `mark`.
    peak_bytes: f64,
    peak_blocks: f64,
    mark: u64,
    allocated_bytes: f64,
    allocations: f64,
    temporary_bytes: f64,
    temporaries: f64,
}

impl Account {
    /// To be called before any change: notes the holding if a higher mark was reached since the last one.
    #[inline]
    fn note_mark(&mut self, mark: u64) {
        if self.mark != mark {
            self.mark = mark;
            self.peak_bytes = self.live_bytes;
            self.peak_blocks = self.live_blocks;
        }
    }

    #[inline]
    fn allocate(&mut self, weight: Weight, mark: u64) {
        self.note_mark(mark);
        self.live_bytes += weight.bytes;
        self.live_blocks += weight.blocks;
        self.allocated_bytes += weight.bytes;
        self.allocations += weight.blocks;
    }

    #[inline]
    fn release(&mut self, weight: Weight, temporary: bool, mark: u64) {
        self.note_mark(mark);
        self.live_bytes -= weight.bytes;
        self.live_blocks -= weight.blocks;
        if temporary {
            self.temporary_bytes += weight.bytes;
            self.temporaries += weight.blocks.max(0.0);
        }
    }

    fn totals(mut self, mark: u64) -> Totals {
        self.note_mark(mark);
        Totals {
            peak_bytes: whole(self.peak_bytes),
            peak_blocks: whole(self.peak_blocks),
            allocated_bytes: whole(self.allocated_bytes),
            allocations: whole(self.allocations),
            leaked_bytes: whole(self.live_bytes),
            leaked_blocks: whole(self.live_blocks),
            temporary_bytes: whole(self.temporary_bytes),
            temporaries: whole(self.temporaries),
        }
    }
}

/// The nearest whole number; 0 for what is below it.
pub(crate) fn whole(amount: f64) -> u64 {
    amount.round() as u64
}

/// Who holds memory: a stack, and the thread that allocated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Holder {
    /// Index of the stack's account ([`Ledger::account_of`]), not its number.
    pub(crate) account: u32,
    /// Index of the thread, not its number.
    pub(crate) thread: u32,
}

/// What blocks and mappings are booked in.
pub(crate) trait Books {
    /// A new holding.
    fn allocate(&mut self, holder: Holder, weight: Weight);

    /// A holding, or a part of one, is given back. Splitting one gives back a negative number of blocks.
    fn release(&mut self, holder: Holder, weight: Weight, temporary: bool);
}

/// In [`Ledger::numbers`]: no account.
const NO_ACCOUNT: u32 = u32::MAX;

/// The accounts of all stacks and threads, and of the whole program.
#[derive(Debug)]
pub(crate) struct Ledger {
    /// By number of stack: the index of its account. Most stacks only lead to others and need none.
    numbers: Vec<u32>,
    stacks: Vec<Account>,
    threads: Vec<Account>,
    total: Account,
    /// Variance of the live bytes.
    variance: f64,
    /// Number of the high-water mark; raised with each new one.
    mark: u64,
    peak_bytes: f64,
    peak_variance: f64,
    peak_time_ms: u64,
    peak_holder: Option<Holder>,
}

impl Ledger {
    /// Accounts for the stacks 0 to `stack_count` and for `thread_count` threads.
    pub(crate) fn new(stack_count: usize, thread_count: usize) -> Self {
        Self {
            numbers: vec![NO_ACCOUNT; stack_count + 1],
            stacks: Vec::new(),
            threads: vec![Account::default(); thread_count],
            total: Account::default(),
            variance: 0.0,
            mark: 0,
            peak_bytes: 0.0,
            peak_variance: 0.0,
            peak_time_ms: 0,
            peak_holder: None,
        }
    }

    /// The index of a stack's account, which is opened if there is none.
    #[inline]
    pub(crate) fn account_of(&mut self, stack: StackId) -> u32 {
        let number = &mut self.numbers[stack as usize];
        if *number == NO_ACCOUNT {
            *number = self.stacks.len() as u32;
            self.stacks.push(Account::default());
        }
        *number
    }

    /// Bytes live.
    #[inline]
    pub(crate) fn live_bytes(&self) -> f64 {
        self.total.live_bytes
    }

    /// To be called when all of an event is booked: whether it led to a new high-water mark.
    #[inline]
    pub(crate) fn settle(&mut self, holder: Holder, now_ms: u64) -> bool {
        let higher = self.total.live_bytes > self.peak_bytes;
        if higher {
            self.mark += 1;
            self.peak_bytes = self.total.live_bytes;
            self.peak_variance = self.variance;
            self.peak_time_ms = now_ms;
            self.peak_holder = Some(holder);
        }
        higher
    }

    /// Takes what is live now for the high-water mark, whatever was live before and will be.
    pub(crate) fn mark(&mut self, holder: Option<Holder>, now_ms: u64) {
        self.mark += 1;
        self.peak_bytes = self.total.live_bytes;
        self.peak_variance = self.variance;
        self.peak_time_ms = now_ms;
        self.peak_holder = holder;
    }

    /// The high-water mark; its stack and thread are told by account and index.
    pub(crate) fn peak(&self) -> (Peak, Option<Holder>) {
        let total = self.total();
        let peak = Peak {
            heap_bytes: total.peak_bytes,
            heap_blocks: total.peak_blocks,
            error_bytes: whole(self.peak_variance.max(0.0).sqrt()),
            time_ms: self.peak_time_ms,
            ..Peak::default()
        };
        (peak, self.peak_holder)
    }

    /// The whole program.
    pub(crate) fn total(&self) -> Totals {
        self.total.totals(self.mark)
    }

    /// By index of thread.
    pub(crate) fn threads(&self) -> impl Iterator<Item = Totals> {
        self.threads.iter().map(|account| account.totals(self.mark))
    }

    /// By number of stack.
    pub(crate) fn into_stacks(self) -> StackTotals {
        let accounts = self.stacks.iter().map(|account| account.totals(self.mark)).collect();
        StackTotals { numbers: self.numbers, accounts }
    }
}

impl Books for Ledger {
    #[inline]
    fn allocate(&mut self, holder: Holder, weight: Weight) {
        self.variance += weight.variance;
        self.total.allocate(weight, self.mark);
        self.stacks[holder.account as usize].allocate(weight, self.mark);
        self.threads[holder.thread as usize].allocate(weight, self.mark);
    }

    #[inline]
    fn release(&mut self, holder: Holder, weight: Weight, temporary: bool) {
        self.variance -= weight.variance;
        self.total.release(weight, temporary, self.mark);
        self.stacks[holder.account as usize].release(weight, temporary, self.mark);
        self.threads[holder.thread as usize].release(weight, temporary, self.mark);
    }
}

/// The sums of every stack.
#[derive(Debug, Clone, Default)]
pub(crate) struct StackTotals {
    numbers: Vec<u32>,
    accounts: Vec<Totals>,
}

impl StackTotals {
    /// The sums of one stack; zero for a number that no stack has.
    #[inline]
    pub(crate) fn of(&self, stack: StackId) -> Totals {
        let number = self.numbers.get(stack as usize).copied().unwrap_or(NO_ACCOUNT);
        self.accounts.get(number as usize).copied().unwrap_or_default()
    }

    /// Takes in the sums of a process whose stacks have the numbers `stacks` here; those of what was live at its end
    /// only if `with_leaks`.
    pub(crate) fn absorb(&mut self, other: &Self, stacks: &[StackId], with_leaks: bool) {
        for (stack, &here) in stacks.iter().enumerate() {
            let totals = other.of(stack as StackId).with_leaks(with_leaks);
            if totals.is_zero() {
                continue;
            }
            let here = here as usize;
            if here >= self.numbers.len() {
                self.numbers.resize(here + 1, NO_ACCOUNT);
            }
            if self.numbers[here] == NO_ACCOUNT {
                self.numbers[here] = self.accounts.len() as u32;
                self.accounts.push(Totals::default());
            }
            self.accounts[self.numbers[here] as usize] += totals;
        }
    }

    /// The stack with an account.
    pub(crate) fn stack_of(&self, account: u32) -> StackId {
        self.numbers.iter().position(|&number| number == account).unwrap_or(0) as StackId
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Holder = Holder { account: 0, thread: 0 };
    const B: Holder = Holder { account: 1, thread: 0 };

    /// A ledger in which the stacks 3 and 1 have the accounts [`A`] and [`B`].
    fn ledger() -> Ledger {
        let mut ledger = Ledger::new(3, 1);
        assert_eq!((ledger.account_of(3), ledger.account_of(1), ledger.account_of(3)), (0, 1, 0));
        ledger
    }

    #[test]
    fn an_account_remembers_what_it_held_at_the_first_highest_moment() {
        let mut ledger = ledger();
        ledger.allocate(A, Weight::certain(100));
        assert!(ledger.settle(A, 1));
        ledger.allocate(B, Weight::certain(50));
        assert!(ledger.settle(B, 2));
        ledger.release(A, Weight::certain(100), false);
        assert!(!ledger.settle(A, 3));
        ledger.allocate(B, Weight::certain(100));
        assert!(!ledger.settle(B, 4), "as high as before is not higher");
        let (peak, holder) = ledger.peak();
        assert_eq!((peak.heap_bytes, peak.heap_blocks, peak.time_ms), (150, 2, 2));
        assert_eq!(holder, Some(B));
        let stacks = ledger.into_stacks();
        assert_eq!((stacks.of(3).peak_bytes, stacks.of(1).peak_bytes), (100, 50));
        assert_eq!((stacks.of(3).leaked_bytes, stacks.of(1).leaked_bytes), (0, 150));
        assert!(stacks.of(2).is_zero() && stacks.of(99).is_zero());
        assert_eq!(stacks.stack_of(B.account), 1);
    }

    #[test]
    fn sampled_weights_come_and_go_without_a_trace() {
        let weights: Vec<_> = (1..2000).map(|size| Weight::new(size, size as f32 / 4096.0)).collect();
        let mut ledger = ledger();
        for &weight in &weights {
            ledger.allocate(A, weight);
        }
        for &weight in weights.iter().step_by(2).chain(weights.iter().skip(1).step_by(2)) {
            ledger.release(A, weight, true);
        }
        assert_eq!(ledger.live_bytes().to_bits(), 0f64.to_bits());
        assert_eq!(ledger.total().leaked_blocks, 0);
    }

    #[test]
    fn the_weight_of_a_block_is_the_inverse_of_its_chance() {
        let weight = Weight::new(100, 0.25);
        assert_eq!(weight, Weight { bytes: 400.0, blocks: 4.0, variance: 120_000.0 });
        assert_eq!(Weight::new(100, 1.0), Weight::certain(100));
        assert!(Weight::new(u64::MAX, 0.0).bytes.is_finite());
    }
}
