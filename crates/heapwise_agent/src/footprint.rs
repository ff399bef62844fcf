//! Looks at the memory of the process: how much of it is resident, and what it is made of.
//!
//! Three depths, by what they cost. Each look reads the counters of the process. Of ranges that are not counted by
//! their blocks, allocators' pools and reservations, it counts the pages in memory, and tells what of a reservation
//! has become heap. Rarely it walks the list of all mappings, for thread stacks, libraries' variables and what other
//! processes share of the pages. Invariant:
//! what a look takes is made up for by the pause behind it, so that all looks together take at most a few hundredths
//! of the time of one processor.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use heapwise_capture::event::{EventKind, Resident};

use crate::platform::PAGE;
use crate::process::Shares;
use crate::ranges::Kind;
use crate::recorder::{self, Agent};
use crate::{blocks, heap, hooks, process, sink};

/// The pause between two looks at memory; they get rarer as the run gets longer: it is also the age of the run divided by
/// this.
const REST: Duration = Duration::from_millis(25);
const LOOKS_PER_AGE: u32 = 1000;
/// A heap higher than at any look by this part of it is looked at before that pause is over.
const HIGHER: u64 = 64;
/// Time between two questions to malloc, which locks its arenas to answer.
const MALLOC_EVERY: Duration = Duration::from_secs(1);
/// The pause behind a count of pages, as a multiple of what it took; and behind a walk over the mappings, of which little
/// changes.
const PAUSE: u32 = 100;
const PAUSE_OF_MAPPINGS: u32 = 300;
/// What is shared is seen again before that where the process has grown to so many bytes more, and by a quarter.
const GROWN: u64 = 16_000_000;
/// The shortest time between two walks over the mappings.
const MAPPINGS_EVERY: Duration = Duration::from_millis(100);

/// Anonymous bytes in memory when recording began, stacks and libraries' variables apart.
static BEFORE: AtomicU64 = AtomicU64::new(0);

/// Bytes in memory of reservations, as they were counted last.
static COMMITTED: AtomicU64 = AtomicU64::new(0);

/// Bytes of the heap that are no recorded blocks: what is in memory of reservations, as of the last count.
pub(crate) fn committed_bytes() -> u64 {
    COMMITTED.load(Ordering::Relaxed)
}

/// The fork is over, and what is there is the parent's.
pub(crate) fn after_fork_in_child() {
    COMMITTED.store(0, Ordering::Relaxed);
}

/// Notes what was there before recording. Called once, before the program runs.
pub(crate) fn begin() {
    let mappings = Mappings::now();
    let own = mappings.private + mappings.stacks + heap::mapped_bytes();
    BEFORE.store(mappings.anonymous.saturating_sub(own), Ordering::Relaxed);
}

/// What is kept between looks.
pub(crate) struct Look {
    begun: Instant,
    next: Instant,
    highest: u64,
    malloc_at: Option<Instant>,
    malloc: (u64, u64),
    pages_at: Instant,
    pools: u64,
    mappings_at: Instant,
    mappings: Mappings,
    shares: Shares,
    /// The most memory at which it was seen what is shared.
    shared_of: u64,
}

impl Look {
    pub(crate) fn new() -> Self {
        let now = Instant::now();
        Self {
            begun: now,
            next: now,
            highest: 0,
            malloc_at: None,
            malloc: (0, 0),
            pages_at: now,
            pools: 0,
            mappings_at: now,
            mappings: Mappings::default(),
            shares: Shares::default(),
            shared_of: 0,
        }
    }

    /// Looks if it is time to, or if the heap grew.
    pub(crate) fn take_if_due(&mut self, agent: &'static Agent) {
        let now = Instant::now();
        let heap = blocks::live_bytes();
        if now >= self.next || heap > self.highest + self.highest / HIGHER {
            self.highest = self.highest.max(heap);
            self.take(agent);
            self.next = now + REST.max((now - self.begun) / LOOKS_PER_AGE);
        }
    }

    pub(crate) fn take(&mut self, agent: &'static Agent) {
        if self.malloc_at.is_none_or(|at| at.elapsed() >= MALLOC_EVERY) {
            self.malloc = process::malloc_held().unwrap_or_default();
            self.malloc_at = Some(Instant::now());
        }
        let now = Instant::now();
        let pages = process::pages();
        let resident = pages.anonymous + pages.file + pages.shared;
        let is_due = now >= self.mappings_at;
        if is_due || resident > self.shared_of + GROWN.max(self.shared_of / 4) {
            self.shares = process::shares();
            self.shared_of = self.shared_of.max(resident);
        }
        if is_due {
            self.mappings = Mappings::now();
            self.mappings_at = Instant::now() + MAPPINGS_EVERY.max(now.elapsed() * PAUSE_OF_MAPPINGS);
        }
        let now = Instant::now();
        if now >= self.pages_at {
            self.pools = count_pages(agent);
            self.pages_at = Instant::now() + now.elapsed() * PAUSE;
        }
        let resident = Resident {
            anonymous: pages.anonymous,
            file: pages.file,
            shared: pages.shared,
            agent: heap::mapped_bytes(),
            capture: sink::mapped_bytes(),
            arenas: hooks::python::arena_bytes(),
            malloc_free: self.malloc.0,
            malloc_used: self.malloc.1,
            before: BEFORE.load(Ordering::Relaxed),
            private: self.mappings.private,
            stacks: self.mappings.stacks,
            pools: self.pools,
            anonymous_elsewhere: self.shares.elsewhere.anonymous,
            file_elsewhere: self.shares.elsewhere.file,
            shared_elsewhere: self.shares.elsewhere.shared,
            anonymous_alone: self.shares.alone,
        };
        recorder::write_own(agent, &EventKind::Resident(Box::new(resident)));
    }
}

/// Counts the pages of pools and reservations that are in memory; tells of reservations, returns the bytes in pools.
fn count_pages(agent: &'static Agent) -> u64 {
    let (mut pools, mut committed) = (0, 0);
    let mut from = 0;
    loop {
        let ranges = agent.ranges.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((start, length, kind)) = ranges.next_managed(from) else {
            COMMITTED.store(committed, Ordering::Relaxed);
            return pools;
        };
        drop(ranges);
        from = start + length;
        let bytes = pages_in_memory(start, length);
        if kind == Kind::Pool {
            pools += bytes;
            continue;
        }
        committed += bytes;
        let mut ranges = agent.ranges.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = ranges.committed(start, bytes, recorder::latest_stack());
        drop(ranges);
        if let Some(stack) = changed {
            let address = start as u64;
            recorder::write_own(agent, &EventKind::Committed { address, bytes, stack });
        }
    }
}

/// Bytes of a range that are in memory; what is not mapped counts for nothing.
fn pages_in_memory(start: usize, length: usize) -> u64 {
    const AT_ONCE: usize = 4096;
    let mut states = [0u8; AT_ONCE];
    let mut pages = 0u64;
    for at in (start..start + length).step_by(AT_ONCE * PAGE) {
        let bytes = (start + length - at).min(AT_ONCE * PAGE);
        // SAFETY: the call looks at no memory but page tables, and writes a byte for each page of the range.
        if unsafe { libc::mincore(at as *mut libc::c_void, bytes, states.as_mut_ptr()) } == 0 {
            let states = &states[..bytes.div_ceil(PAGE)];
            pages += states.iter().map(|state| u64::from(state & 1)).sum::<u64>();
        }
    }
    pages * PAGE as u64
}

/// What a walk over the mappings of the process finds, in bytes in memory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Mappings {
    /// All anonymous pages.
    anonymous: u64,
    /// Of these, private copies of pages of files.
    private: u64,
    /// Of these, stacks of threads.
    stacks: u64,
}

impl Mappings {
    fn now() -> Self {
        File::open("/proc/thread-self/smaps")
            .map(|file| Self::parse(BufReader::new(file)))
            .unwrap_or_default()
    }

    /// Reads the text of proc(5) `smaps`. The stack of a thread is what lies behind a guard page without a name.
    fn parse(mut text: impl BufRead) -> Self {
        let mut found = Self::default();
        let mut line = Vec::new();
        let mut of_file = false;
        let mut of_stack = false;
        let mut guard_end = None;
        while text.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
            if line.first().is_some_and(u8::is_ascii_uppercase) {
                if let Some(rest) = line.strip_prefix(b"Anonymous:") {
                    let bytes = kibibytes(rest) * 1024;
                    found.anonymous += bytes;
                    if of_file {
                        found.private += bytes;
                    } else if of_stack {
                        found.stacks += bytes;
                    }
                }
            } else {
                let header = String::from_utf8_lossy(&line);
                let mut words = header.split_ascii_whitespace();
                let range = words.next().and_then(|range| range.split_once('-'));
                let address = |text: &str| u64::from_str_radix(text, 16).unwrap_or(0);
                let (start, end) = range.map_or((0, 0), |(start, end)| (address(start), address(end)));
                let access = words.next().unwrap_or_default();
                let name = words.nth(3).unwrap_or_default();
                of_file = name.starts_with('/');
                let unnamed = name.is_empty() && guard_end == Some(start);
                of_stack = name == "[stack]" || (unnamed && access.starts_with("rw"));
                let guard = name.is_empty() && access.starts_with("---") && end - start == PAGE as u64;
                guard_end = guard.then_some(end);
            }
            line.clear();
        }
        found
    }
}

fn kibibytes(text: &[u8]) -> u64 {
    let digits = text.iter().filter(|byte| byte.is_ascii_digit());
    digits.fold(0, |number, digit| number * 10 + u64::from(digit - b'0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mappings_are_told_apart() {
        let text = "\
00400000-00500000 r-xp 00000000 08:01 123 /usr/bin/python3
Size:               1024 kB
Rss:                 100 kB
Anonymous:             0 kB
00500000-00600000 rw-p 00000000 08:01 123 /usr/lib/with space.so
Anonymous:            12 kB
VmFlags: rd wr
01000000-02000000 rw-p 00000000 00:00 0 [heap]
Anonymous:           200 kB
7f0000000000-7f0000001000 ---p 00000000 00:00 0
Anonymous:             0 kB
7f0000001000-7f0000801000 rw-p 00000000 00:00 0
Anonymous:            40 kB
7f0000801000-7f0000901000 rw-p 00000000 00:00 0
Anonymous:             8 kB
7ffe00000000-7ffe00021000 rw-p 00000000 00:00 0 [stack]
Anonymous:            16 kB
";
        let found = Mappings::parse(text.as_bytes());
        let expected = Mappings { anonymous: 276 * 1024, private: 12 * 1024, stacks: 56 * 1024 };
        assert_eq!(found, expected);
        assert_eq!(Mappings::parse(&b"garbage\nAnonymous: x\n"[..]), Mappings::default());
    }

    #[test]
    fn pages_are_counted_when_they_are_used() {
        let length = 64 * PAGE;
        let pages = crate::platform::map_anonymous(length);
        assert!(!pages.is_null());
        // Also where memory comes in larger pages.
        // SAFETY: a mapping of this test's own.
        unsafe { libc::madvise(pages.cast(), length, libc::MADV_NOHUGEPAGE) };
        assert_eq!(pages_in_memory(pages as usize, length), 0);
        // SAFETY: within the mapping, which nobody else knows.
        unsafe { pages.add(5 * PAGE).write(1) };
        assert_eq!(pages_in_memory(pages as usize, length), PAGE as u64);
        // SAFETY: as above.
        unsafe { crate::platform::unmap(pages, length) };
    }
}
