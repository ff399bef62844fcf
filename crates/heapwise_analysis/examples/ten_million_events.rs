//! How long it takes to read a large capture, and how much memory.
//!
//! `cargo run --release -p heapwise_analysis --example ten_million_events [EVENTS] [LIVE] [THREADS] [INTERVAL]
//! [FREES]` makes a capture of so many events in memory, like that of a program that allocates small blocks from
//! many places, frees most of them soon and keeps up to `LIVE`, then loads, replays and sums it up. `INTERVAL` other
//! than 0 samples; `FREES` is the share of events that are frees, in per cent, as long as fewer are live.

#![expect(clippy::print_stdout, reason = "a program whose purpose is to print")]

use std::fmt;
use std::time::{Duration, Instant};

use heapwise_analysis::profile::Profile;
use heapwise_analysis::{analyse, call_tree, places};
use heapwise_testkit::{Allocator, CaptureBuilder, Mode, StackId};

fn main() {
    let mut numbers = std::env::args().skip(1).map(|argument| argument.parse::<u64>().expect("a number"));
    let events = numbers.next().unwrap_or(10_000_000);
    let live = numbers.next().unwrap_or(1_000_000) as usize;
    let threads = numbers.next().unwrap_or(1) as u32;
    let interval = numbers.next().unwrap_or(0);
    let frees = numbers.next().unwrap_or(40);

    let bytes = capture(events, live, threads, interval, frees);
    let size = bytes.len() as u64;
    // Forget the memory that it took to make the capture.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    println!("capture: {:.1} MB, {:.1} bytes an event", megabytes(size), size as f64 / events as f64);

    let watch = Watch::start();
    let profile = Profile::from_bytes(bytes).expect("the capture has a header");
    println!("load:    {watch}");
    let watch = Watch::start();
    let counted = profile.events().count();
    println!("decode:  {watch} for {counted} events");
    let watch = Watch::start();
    let analysis = analyse(&profile);
    println!("analyse: {watch}, decoding included");
    let watch = Watch::start();
    let lines = places(&profile, &analysis).lines.len();
    let nodes = call_tree(&profile, &analysis).nodes.len();
    println!("sum up:  {watch} for {lines} lines and {nodes} nodes of the tree");
    println!(
        "peak:    {:.1} MB +- {:.1} in {} blocks, {} leaked; highest memory {:.0} MB",
        megabytes(analysis.peak.heap_bytes),
        megabytes(analysis.peak.error_bytes),
        analysis.peak.heap_blocks,
        analysis.total.leaked_blocks,
        megabytes(highest_memory())
    );
}

/// A capture of a program that allocates from 20,000 places.
fn capture(events: u64, live: usize, threads: u32, interval: u64, frees: u64) -> Vec<u8> {
    let mut random = Random(1);
    let mut capture = CaptureBuilder::new(if interval == 0 { Mode::Exact } else { Mode::Sampled });
    if interval != 0 {
        capture.sampling(interval, 16_384);
    }
    let stacks: Vec<StackId> = (0..20_000)
        .map(|_| {
            let depth = 3 + random.below(30);
            let frames: Vec<String> = (0..depth)
                .map(|level| format!("f{}:{}", random.below(3 + level), 1 + random.below(4)))
                .collect();
            capture.stack(&frames.iter().map(String::as_str).collect::<Vec<_>>())
        })
        .collect();
    // Addresses as a size-class allocator gives them: the last one freed first, else the next one up.
    let mut free: Vec<Vec<u64>> = vec![Vec::new(); 40];
    let mut top = 0x7f00_0000_0000u64;
    let mut blocks: Vec<(u64, usize)> = Vec::with_capacity(live);
    for event in 0..events {
        if event % 1000 == 0 {
            capture.time(event / 1000);
            capture.on(1 + random.below(u64::from(threads)) as u32);
        }
        if blocks.len() >= live || (!blocks.is_empty() && random.below(100) < frees) {
            // Four of five frees are of a block among the last hundred.
            let among = if random.below(5) == 0 { blocks.len() } else { blocks.len().min(100) };
            let index = blocks.len() - 1 - random.below(among as u64) as usize;
            let (address, class) = blocks.swap_remove(index);
            free[class].push(address);
            capture.free(address);
        } else {
            let class = random.below(6) as usize * random.below(7) as usize;
            let size = 16 * (class as u64 + 1);
            let address = free[class].pop().unwrap_or_else(|| {
                top += size;
                top - size
            });
            blocks.push((address, class));
            let stack = stacks[random.below(stacks.len() as u64) as usize];
            capture.allocation_by(Allocator::PythonObject, address, size - random.below(8), stack);
        }
    }
    capture.build()
}

/// Measures time, and processor time, which other programs disturb less.
struct Watch(Instant, u64);

impl Watch {
    fn start() -> Self {
        Self(Instant::now(), processor_ns())
    }
}

impl fmt::Display for Watch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let processor = Duration::from_nanos(processor_ns() - self.1);
        write!(formatter, "{:.2?} ({processor:.2?} of the processor)", self.0.elapsed())
    }
}

/// The processor time of this thread, nanoseconds; 0 where the system does not say.
fn processor_ns() -> u64 {
    let schedule = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    schedule.split(' ').next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// Numbers that are random enough here (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % bound
    }
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// The highest resident set since the mark was reset, bytes; 0 where the system does not say.
fn highest_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1024
}
