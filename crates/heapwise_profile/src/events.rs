//! All events of all threads, merged by sequence number, decoded as they are asked for.
//!
//! Invariant: every stack that an event carries exists or is [`NO_STACK`]; damage in one chunk costs the rest of
//! that chunk only.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use heapwise_capture::chunk;
use heapwise_capture::event::{Event, EventDecoder, EventKind};
use heapwise_capture::sampling::Sampling;
use heapwise_capture::table::NO_STACK;

use crate::chunks::{Chunk, Stream};
use crate::{Problem, Target};

/// An iterator over the events of a profile, each with the number of its thread.
///
/// Runs over one thread's events as long as no other thread has an earlier one, so the cost of merging is paid
/// only where threads alternate.
#[derive(Debug)]
pub struct Events<'a> {
    bytes: &'a [u8],
    stack_count: usize,
    /// Where reading stands in each stream.
    cursors: Vec<Cursor<'a>>,
    /// The index of the stream that is being read; none at first.
    current: Option<usize>,
    /// Where the earliest event of the others stands; behind all if none of them has any left.
    limit: (u64, usize),
    /// The next event of every other stream that has one, by (sequence, index); the events are in `pending`.
    others: BinaryHeap<Reverse<(u64, usize)>>,
    /// By index of stream: the event that `others` announces.
    pending: Vec<Option<Event>>,
    coarsest: Sampling,
    unknown_stacks: u64,
    damage: Vec<Problem>,
}

#[derive(Debug)]
struct Cursor<'a> {
    number: u32,
    chunks: std::slice::Iter<'a, Chunk>,
    chunk: Option<&'a Chunk>,
    decoder: EventDecoder<'a>,
}

impl<'a> Events<'a> {
    pub(crate) fn new(bytes: &'a [u8], streams: &'a [Stream], stack_count: usize) -> Self {
        let mut events = Self {
            bytes,
            stack_count,
            cursors: streams
                .iter()
                .map(|stream| Cursor {
                    number: stream.number,
                    chunks: stream.chunks.iter(),
                    chunk: None,
                    decoder: EventDecoder::new(&[], 0),
                })
                .collect(),
            current: None,
            limit: BEHIND_ALL,
            others: BinaryHeap::new(),
            pending: vec![None; streams.len()],
            coarsest: Sampling::EXACT,
            unknown_stacks: 0,
            damage: Vec::new(),
        };
        for index in 0..streams.len() {
            if let Some(event) = events.decode(index) {
                events.others.push(Reverse(place(&event, index)));
                events.pending[index] = Some(event);
            }
        }
        events
    }

    /// What was found wrong with the events so far; complete when the iterator has ended.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = self.damage.clone();
        if self.unknown_stacks != 0 {
            problems.push(Problem::UnknownReferences { target: Target::Stack, count: self.unknown_stacks });
        }
        problems
    }

    /// The coarsest sampling rule met so far: the one with the highest threshold, and of those the longest interval.
    pub fn coarsest_sampling(&self) -> Sampling {
        self.coarsest
    }

    /// The next event of one stream.
    #[inline]
    fn decode(&mut self, index: usize) -> Option<Event> {
        let cursor = &mut self.cursors[index];
        loop {
            match cursor.decoder.next_event() {
                Ok(Some(mut event)) => {
                    let sampling = cursor.decoder.sampling();
                    if sampling.interval != 0 && rank(sampling) > rank(self.coarsest) {
                        self.coarsest = sampling;
                    }
                    self.unknown_stacks += u64::from(!has_known_stack(&mut event.kind, self.stack_count));
                    return Some(event);
                }
                Ok(None) => {}
                Err(cause) => {
                    if let Some(chunk) = cursor.chunk {
                        self.damage.push(Problem::DamagedEvents {
                            thread: cursor.number,
                            offset: (chunk.payload.start - chunk::HEADER_SIZE) as u64,
                            lost: (chunk.payload.len() - cursor.decoder.consumed()) as u64,
                            cause,
                        });
                    }
                }
            }
            let chunk = cursor.chunks.next()?;
            cursor.chunk = Some(chunk);
            cursor.decoder = EventDecoder::new(&self.bytes[chunk.payload.clone()], chunk.base_sequence);
        }
    }

    /// Goes to the stream that has the earliest event, which is taken.
    #[cold]
    fn switch(&mut self) -> Option<(u32, Event)> {
        let place = self.others.pop();
        self.limit = self.others.peek().map_or(BEHIND_ALL, |&Reverse(other)| other);
        let index = place?.0.1 & !BEHIND;
        self.current = Some(index);
        let event = self.pending[index].take()?;
        Some((self.cursors[index].number, event))
    }
}

impl Iterator for Events<'_> {
    type Item = (u32, Event);

    #[inline]
    fn next(&mut self) -> Option<(u32, Event)> {
        if let Some(index) = self.current
            && let Some(event) = self.decode(index)
        {
            let at = place(&event, index);
            if at <= self.limit {
                return Some((self.cursors[index].number, event));
            }
            self.others.push(Reverse(at));
            self.pending[index] = Some(event);
        }
        self.switch()
    }
}

/// Behind the places of all events.
const BEHIND_ALL: (u64, usize) = (u64::MAX, usize::MAX);

/// How coarse a rule is.
#[inline]
fn rank(sampling: Sampling) -> (u64, u64) {
    (sampling.threshold, sampling.interval)
}

/// Added to the index of a stream whose next event stands behind all others of the same sequence number.
const BEHIND: usize = 1 << (usize::BITS - 1);

/// Where an event of a stream stands in the order of all. A look takes no number of its own but that of the last event
/// before it, in whatever stream that was.
#[inline]
fn place(event: &Event, index: usize) -> (u64, usize) {
    let behind = if matches!(event.kind, EventKind::Resident(_)) { BEHIND } else { 0 };
    (event.sequence, index | behind)
}

/// Whether the stack of `kind` exists; if not, it is taken away.
#[inline]
fn has_known_stack(kind: &mut EventKind, stack_count: usize) -> bool {
    let (EventKind::Allocation { stack, .. }
    | EventKind::Map { stack, .. }
    | EventKind::Protect { stack, .. }
    | EventKind::Reserve { stack, .. }
    | EventKind::Committed { stack, .. }
    | EventKind::Refused { stack, .. }) = kind
    else {
        return true;
    };
    let known = *stack as usize <= stack_count;
    if !known {
        *stack = NO_STACK;
    }
    known
}
