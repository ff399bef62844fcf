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
    /// The next event of the stream that is being read, and the stream's index.
    current: Option<(usize, Event)>,
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
        events.current = events.take_earliest();
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
                    let coarser = (sampling.threshold, sampling.interval)
                        > (self.coarsest.threshold, self.coarsest.interval);
                    if sampling.interval != 0 && coarser {
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

    #[cold]
    fn take_earliest(&mut self) -> Option<(usize, Event)> {
        let index = self.others.pop()?.0.1 & !BEHIND;
        self.pending[index].take().map(|event| (index, event))
    }
}

impl Iterator for Events<'_> {
    type Item = (u32, Event);

    #[inline]
    fn next(&mut self) -> Option<(u32, Event)> {
        let (index, event) = self.current.take()?;
        self.current = match self.decode(index) {
            None => self.take_earliest(),
            Some(next) => match self.others.peek() {
                Some(&Reverse(other)) if other < place(&next, index) => {
                    self.others.push(Reverse(place(&next, index)));
                    self.pending[index] = Some(next);
                    self.take_earliest()
                }
                _ => Some((index, next)),
            },
        };
        Some((self.cursors[index].number, event))
    }
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
