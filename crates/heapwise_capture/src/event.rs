//! Event records: what happened to memory, in the order in which it happened.
//!
//! A record is a tag byte, the sequence number where the tag says so, and the fields of its kind. Sequence
//! numbers and addresses are coded as differences from the event before in the same chunk; both sides keep
//! that state in [`Position`], which starts anew with every chunk.
//!
//! Tag: bits 0 to 3 the kind; bit 4 set if the difference of sequence numbers is not 1 and follows as a
//! varint; bit 5 set if addresses are no multiples of 16 and are coded unshifted; bits 6 and 7 the allocator.
//!
//! | kind | event | fields (varints; `address` a zigzag difference) |
//! |-----:|-------|--------|
//! | 1 | allocation | address, size, stack |
//! | 2 | free | address |
//! | 3 | map | address, length, stack, 1 if accessible |
//! | 4 | unmap | address, length |
//! | 5 | protect | address, length, stack, 1 if accessible |
//! | 6 | time | milliseconds since start |
//! | 7 | sampling | interval, threshold |
//! | 8 | resident | the first eight numbers of [`Resident`]; only read |
//! | 13 | resident | how many numbers of [`Resident`] follow, these; a reader skips what it does not know |
//! | 9 | refused | bytes asked for, stack, limit of the address space |
//! | 10 | reserve | address, length, stack |
//! | 11 | committed | address, bytes, stack |
//! | 12 | pool | address, length |
//!
//! Time and sampling hold for the events behind them in the same chunk; a writer repeats them at the start of
//! each chunk. They take no sequence number of their own.

use crate::sampling::Sampling;
use crate::table::StackId;
use crate::{DecodeError, varint};

/// The most bytes that one event takes.
pub const MAX_LENGTH: usize = 1 + (2 + Resident::NUMBERS) * varint::MAX_LENGTH;

const KIND: u8 = 0x0f;
const SEQUENCE_FOLLOWS: u8 = 0x10;
const UNSHIFTED: u8 = 0x20;
const ALLOCATOR_SHIFT: u8 = 6;

/// Which allocator gave a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Allocator {
    /// The malloc family of C.
    Malloc = 0,
    /// CPython's `PyMem_RawMalloc` family.
    PythonRaw = 1,
    /// CPython's `PyMem_Malloc` family.
    PythonMem = 2,
    /// CPython's `PyObject_Malloc` family.
    PythonObject = 3,
}

impl Allocator {
    const fn from_bits(bits: u8) -> Self {
        match bits & 3 {
            0 => Self::Malloc,
            1 => Self::PythonRaw,
            2 => Self::PythonMem,
            _ => Self::PythonObject,
        }
    }
}

/// A look at the memory of the whole process, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Resident {
    /// Anonymous pages in memory.
    pub anonymous: u64,
    /// Pages of mapped files in memory.
    pub file: u64,
    /// Shared-memory pages in memory.
    pub shared: u64,
    /// The agent's own heap.
    pub agent: u64,
    /// The parts of the capture that the agent has mapped; their pages are pages of a file.
    pub capture: u64,
    /// Arenas that Python's small-object allocator holds.
    pub arenas: u64,
    /// What malloc holds free; 0 if it does not say.
    pub malloc_free: u64,
    /// What malloc has in use, its own headers included; 0 if it does not say.
    pub malloc_used: u64,
    /// Anonymous pages that were in memory when recording began.
    pub before: u64,
    /// Private copies of pages of files, which are anonymous: libraries' variables and relocated tables.
    pub private: u64,
    /// Pages of the stacks of all threads.
    pub stacks: u64,
    /// Pages in the pools of allocators that are hooked.
    pub pools: u64,
    /// Of `anonymous`, what other processes have in their memory too, less the share that falls to this one where a page
    /// is divided evenly among all that have it: RSS less PSS. 0 if not known, as for the two below.
    pub anonymous_elsewhere: u64,
    /// The same of `file`.
    pub file_elsewhere: u64,
    /// The same of `shared`.
    pub shared_elsewhere: u64,
    /// Of `anonymous`, pages that no other process has.
    pub anonymous_alone: u64,
}

impl Resident {
    const NUMBERS: usize = 16;

    const fn to_numbers(self) -> [u64; Self::NUMBERS] {
        [
            self.anonymous,
            self.file,
            self.shared,
            self.agent,
            self.capture,
            self.arenas,
            self.malloc_free,
            self.malloc_used,
            self.before,
            self.private,
            self.stacks,
            self.pools,
            self.anonymous_elsewhere,
            self.file_elsewhere,
            self.shared_elsewhere,
            self.anonymous_alone,
        ]
    }

    const fn from_numbers(numbers: [u64; Self::NUMBERS]) -> Self {
        let [
            anonymous,
            file,
            shared,
            agent,
            capture,
            arenas,
            malloc_free,
            malloc_used,
            before,
            private,
            stacks,
            pools,
            anonymous_elsewhere,
            file_elsewhere,
            shared_elsewhere,
            anonymous_alone,
        ] = numbers;
        Self {
            anonymous,
            file,
            shared,
            agent,
            capture,
            arenas,
            malloc_free,
            malloc_used,
            before,
            private,
            stacks,
            pools,
            anonymous_elsewhere,
            file_elsewhere,
            shared_elsewhere,
            anonymous_alone,
        }
    }

    /// Whether it is known what of the pages other processes have too.
    pub const fn tells_shares(&self) -> bool {
        self.anonymous_elsewhere != 0 || self.file_elsewhere != 0 || self.shared_elsewhere != 0
    }

    /// The look with this process's share of the pages (PSS) in place of all of them, so that looks at several processes
    /// add up.
    #[must_use]
    pub const fn proportional(self) -> Self {
        Self {
            anonymous: self.anonymous.saturating_sub(self.anonymous_elsewhere),
            file: self.file.saturating_sub(self.file_elsewhere),
            shared: self.shared.saturating_sub(self.shared_elsewhere),
            anonymous_elsewhere: 0,
            file_elsewhere: 0,
            shared_elsewhere: 0,
            ..self
        }
    }

    /// The resident set: all pages in memory.
    pub const fn total(&self) -> u64 {
        self.anonymous.saturating_add(self.file).saturating_add(self.shared)
    }
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum EventKind {
    /// A block was allocated and recorded.
    Allocation {
        /// Where it starts.
        address: u64,
        /// Requested bytes.
        size: u64,
        /// Who asked.
        stack: StackId,
        /// Which allocator gave it.
        allocator: Allocator,
        /// The chance with which it was recorded, in (0, 1].
        probability: f64,
    },
    /// A block was freed; it may be one that was never recorded.
    Free {
        /// Where it started.
        address: u64,
    },
    /// Anonymous memory was mapped, in place of whatever was there.
    Map {
        /// Where it starts.
        address: u64,
        /// Bytes.
        length: u64,
        /// Who asked.
        stack: StackId,
        /// Whether it can be read or written.
        accessible: bool,
    },
    /// A range was unmapped, or something else than anonymous memory was mapped over it.
    Unmap {
        /// Where the range starts.
        address: u64,
        /// Bytes.
        length: u64,
    },
    /// The protection of a range changed.
    Protect {
        /// Where the range starts.
        address: u64,
        /// Bytes.
        length: u64,
        /// Who asked.
        stack: StackId,
        /// Whether it can now be read or written.
        accessible: bool,
    },
    /// The process was looked at. Looks are rare and large; in a box they do not make every event large.
    Resident(Box<Resident>),
    /// Memory was asked for and not given.
    Refused {
        /// Bytes asked for.
        size: u64,
        /// Who asked.
        stack: StackId,
        /// The limit of the process's address space then, bytes; 0 if there was none.
        limit: u64,
    },
    /// A large range was mapped that can be used at once and for which the system was asked to set nothing aside, as
    /// allocators of libraries do: a reservation, of which [`Self::Committed`] counts.
    Reserve {
        /// Where it starts.
        address: u64,
        /// Bytes.
        length: u64,
        /// Who asked.
        stack: StackId,
    },
    /// So many bytes of the reservation at the address are in memory now.
    Committed {
        /// An address in the reservation.
        address: u64,
        /// Bytes.
        bytes: u64,
        /// Who is taken to have made it grow, if it did.
        stack: StackId,
    },
    /// A range that an allocator mapped whose blocks are recorded themselves. It does not count.
    Pool {
        /// Where it starts.
        address: u64,
        /// Bytes.
        length: u64,
    },
}

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Its place in the order of all events of the process.
    pub sequence: u64,
    /// Milliseconds since the start of recording.
    pub time_ms: u64,
    /// What happened.
    pub kind: EventKind,
}

/// The state that differences are counted from; starts anew with every chunk.
#[derive(Debug, Clone, Copy)]
struct Position {
    sequence: u64,
    address: u64,
}

/// Writes the events of one chunk.
#[derive(Debug, Clone)]
pub struct EventEncoder {
    position: Position,
}

impl EventEncoder {
    /// An encoder for a chunk whose header carries `base_sequence`.
    pub const fn new(base_sequence: u64) -> Self {
        Self { position: Position { sequence: base_sequence, address: 0 } }
    }

    /// Writes an allocation; returns the bytes written. `out` has [`MAX_LENGTH`] bytes, as for all writers.
    #[inline]
    pub fn allocation(
        &mut self,
        out: &mut [u8; MAX_LENGTH],
        sequence: u64,
        address: u64,
        size: u64,
        stack: StackId,
        allocator: Allocator,
    ) -> usize {
        let at = self.start(out, 1 | ((allocator as u8) << ALLOCATOR_SHIFT), sequence, Some(address));
        let at = varint::put(out, at, size);
        varint::put(out, at, u64::from(stack))
    }

    /// Writes a free.
    #[inline]
    pub fn free(&mut self, out: &mut [u8; MAX_LENGTH], sequence: u64, address: u64) -> usize {
        self.start(out, 2, sequence, Some(address))
    }

    /// Writes any event that is neither an allocation nor a free.
    pub fn other(&mut self, out: &mut [u8; MAX_LENGTH], sequence: u64, kind: &EventKind) -> usize {
        match *kind {
            EventKind::Allocation { address, size, stack, allocator, .. } => {
                self.allocation(out, sequence, address, size, stack, allocator)
            }
            EventKind::Free { address } => self.free(out, sequence, address),
            EventKind::Map { address, length, stack, accessible }
            | EventKind::Protect { address, length, stack, accessible } => {
                let tag = if matches!(kind, EventKind::Map { .. }) { 3 } else { 5 };
                let at = self.start(out, tag, sequence, Some(address));
                let at = varint::put(out, at, length);
                let at = varint::put(out, at, u64::from(stack));
                varint::put(out, at, u64::from(accessible))
            }
            EventKind::Unmap { address, length } => {
                let at = self.start(out, 4, sequence, Some(address));
                varint::put(out, at, length)
            }
            EventKind::Resident(ref resident) => {
                let mut at = self.start(out, 13, sequence, None);
                at = varint::put(out, at, Resident::NUMBERS as u64);
                for number in resident.to_numbers() {
                    at = varint::put(out, at, number);
                }
                at
            }
            EventKind::Refused { size, stack, limit } => {
                let at = self.start(out, 9, sequence, None);
                let at = varint::put(out, at, size);
                let at = varint::put(out, at, u64::from(stack));
                varint::put(out, at, limit)
            }
            EventKind::Reserve { address, length, stack } => {
                let at = self.start(out, 10, sequence, Some(address));
                let at = varint::put(out, at, length);
                varint::put(out, at, u64::from(stack))
            }
            EventKind::Committed { address, bytes, stack } => {
                let at = self.start(out, 11, sequence, Some(address));
                let at = varint::put(out, at, bytes);
                varint::put(out, at, u64::from(stack))
            }
            EventKind::Pool { address, length } => {
                let at = self.start(out, 12, sequence, Some(address));
                varint::put(out, at, length)
            }
        }
    }

    /// Writes the time that holds from here on.
    pub fn time(out: &mut [u8; MAX_LENGTH], time_ms: u64) -> usize {
        out[0] = 6;
        varint::put(out, 1, time_ms)
    }

    /// Writes the sampling rule that holds from here on.
    pub fn sampling(out: &mut [u8; MAX_LENGTH], sampling: Sampling) -> usize {
        out[0] = 7;
        let at = varint::put(out, 1, sampling.interval);
        varint::put(out, at, sampling.threshold)
    }

    #[inline]
    fn start(
        &mut self,
        out: &mut [u8; MAX_LENGTH],
        mut tag: u8,
        sequence: u64,
        address: Option<u64>,
    ) -> usize {
        let mut at = 1;
        let step = sequence.wrapping_sub(self.position.sequence);
        self.position.sequence = sequence;
        if step != 1 {
            tag |= SEQUENCE_FOLLOWS;
            at = varint::put(out, at, step);
        }
        if let Some(address) = address {
            let difference = address.wrapping_sub(self.position.address).cast_signed();
            self.position.address = address;
            if difference & 15 == 0 {
                at = varint::put(out, at, varint::zigzag(difference >> 4));
            } else {
                tag |= UNSHIFTED;
                at = varint::put(out, at, varint::zigzag(difference));
            }
        }
        out[0] = tag;
        at
    }
}

/// Reads the events of one chunk.
#[derive(Debug, Clone)]
pub struct EventDecoder<'a> {
    bytes: &'a [u8],
    at: usize,
    position: Position,
    time_ms: u64,
    sampling: Sampling,
}

impl<'a> EventDecoder<'a> {
    /// A decoder for the committed bytes of a chunk whose header carries `base_sequence`.
    pub const fn new(bytes: &'a [u8], base_sequence: u64) -> Self {
        Self {
            bytes,
            at: 0,
            position: Position { sequence: base_sequence, address: 0 },
            time_ms: 0,
            sampling: Sampling::EXACT,
        }
    }

    /// The sampling rule that holds where the decoder stands.
    pub const fn sampling(&self) -> Sampling {
        self.sampling
    }

    /// The bytes read so far.
    pub const fn consumed(&self) -> usize {
        self.at
    }

    /// The next event; `None` behind the last.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`] or [`DecodeError::UnknownTag`]; nothing behind it can be read.
    #[inline]
    pub fn next_event(&mut self) -> Result<Option<Event>, DecodeError> {
        while let Some(&tag) = self.bytes.get(self.at) {
            self.at += 1;
            match tag {
                6 => self.time_ms = self.number()?,
                7 => {
                    self.sampling = Sampling { interval: self.number()?, threshold: self.number()? };
                }
                _ => {
                    let step = if tag & SEQUENCE_FOLLOWS == 0 { 1 } else { self.number()? };
                    self.position.sequence = self.position.sequence.wrapping_add(step);
                    let kind = self.kind(tag)?;
                    return Ok(Some(Event { sequence: self.position.sequence, time_ms: self.time_ms, kind }));
                }
            }
        }
        Ok(None)
    }

    /// What an event is. Nearly all are allocations and frees.
    #[inline]
    fn kind(&mut self, tag: u8) -> Result<EventKind, DecodeError> {
        match tag & KIND {
            1 => {
                let address = self.address(tag)?;
                let size = self.number()?;
                Ok(EventKind::Allocation {
                    address,
                    size,
                    stack: self.stack()?,
                    allocator: Allocator::from_bits(tag >> ALLOCATOR_SHIFT),
                    probability: self.sampling.probability(size),
                })
            }
            2 => Ok(EventKind::Free { address: self.address(tag)? }),
            _ => self.rare_kind(tag),
        }
    }

    #[cold]
    fn rare_kind(&mut self, tag: u8) -> Result<EventKind, DecodeError> {
        Ok(match tag & KIND {
            3 => EventKind::Map {
                address: self.address(tag)?,
                length: self.number()?,
                stack: self.stack()?,
                accessible: self.number()? != 0,
            },
            4 => EventKind::Unmap { address: self.address(tag)?, length: self.number()? },
            5 => EventKind::Protect {
                address: self.address(tag)?,
                length: self.number()?,
                stack: self.stack()?,
                accessible: self.number()? != 0,
            },
            8 => EventKind::Resident(Box::new(self.resident(8)?)),
            9 => EventKind::Refused { size: self.number()?, stack: self.stack()?, limit: self.number()? },
            10 => EventKind::Reserve {
                address: self.address(tag)?,
                length: self.number()?,
                stack: self.stack()?,
            },
            11 => EventKind::Committed {
                address: self.address(tag)?,
                bytes: self.number()?,
                stack: self.stack()?,
            },
            12 => EventKind::Pool { address: self.address(tag)?, length: self.number()? },
            13 => {
                let count = self.number()?;
                EventKind::Resident(Box::new(self.resident(count)?))
            }
            _ => return Err(DecodeError::UnknownTag(tag)),
        })
    }

    fn resident(&mut self, count: u64) -> Result<Resident, DecodeError> {
        let mut numbers = [0; Resident::NUMBERS];
        for index in 0..count {
            let number = self.number()?;
            if let Some(known) = numbers.get_mut(usize::try_from(index).unwrap_or(usize::MAX)) {
                *known = number;
            }
        }
        Ok(Resident::from_numbers(numbers))
    }

    #[inline]
    fn number(&mut self) -> Result<u64, DecodeError> {
        varint::get(self.bytes, &mut self.at)
    }

    #[inline]
    fn stack(&mut self) -> Result<StackId, DecodeError> {
        Ok(StackId::try_from(self.number()?).unwrap_or(StackId::MAX))
    }

    #[inline]
    fn address(&mut self, tag: u8) -> Result<u64, DecodeError> {
        let difference = varint::unzigzag(self.number()?);
        let difference = if tag & UNSHIFTED == 0 { difference << 4 } else { difference };
        self.position.address = self.position.address.wrapping_add(difference.cast_unsigned());
        Ok(self.position.address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn kinds() -> impl Strategy<Value = EventKind> {
        let address = 0u64..1 << 48;
        let allocator = prop_oneof![
            Just(Allocator::Malloc),
            Just(Allocator::PythonRaw),
            Just(Allocator::PythonMem),
            Just(Allocator::PythonObject)
        ];
        prop_oneof![
            (address.clone(), any::<u64>(), any::<u32>(), allocator).prop_map(
                |(address, size, stack, allocator)| EventKind::Allocation {
                    address,
                    size,
                    stack,
                    allocator,
                    probability: 1.0
                }
            ),
            address.clone().prop_map(|address| EventKind::Free { address: address & !15 }),
            (address.clone(), any::<u64>(), any::<u32>(), any::<bool>()).prop_map(
                |(address, length, stack, accessible)| EventKind::Map { address, length, stack, accessible }
            ),
            (address.clone(), any::<u64>())
                .prop_map(|(address, length)| EventKind::Unmap { address, length }),
            (address.clone(), any::<u64>(), any::<u32>(), any::<bool>()).prop_map(
                |(address, length, stack, accessible)| EventKind::Protect {
                    address,
                    length,
                    stack,
                    accessible
                }
            ),
            (any::<u64>(), any::<u32>(), any::<u64>()).prop_map(|(size, stack, limit)| EventKind::Refused {
                size,
                stack,
                limit
            }),
            any::<[u64; Resident::NUMBERS]>()
                .prop_map(|n| EventKind::Resident(Box::new(Resident::from_numbers(n)))),
            (address.clone(), any::<u64>(), any::<u32>())
                .prop_map(|(address, length, stack)| EventKind::Reserve { address, length, stack }),
            (address.clone(), any::<u64>(), any::<u32>())
                .prop_map(|(address, bytes, stack)| EventKind::Committed { address, bytes, stack }),
            (address, any::<u64>()).prop_map(|(address, length)| EventKind::Pool { address, length }),
        ]
    }

    proptest! {
        #[test]
        fn every_event_comes_back(kinds in prop::collection::vec((kinds(), 1u64..1000), 0..50), base: u32) {
            let base = u64::from(base);
            let mut encoder = EventEncoder::new(base);
            let mut bytes = Vec::new();
            let mut sequence = base;
            let mut expected = Vec::new();
            for (index, (kind, step)) in kinds.into_iter().enumerate() {
                let mut out = [0; MAX_LENGTH];
                let length = EventEncoder::time(&mut out, index as u64);
                bytes.extend_from_slice(&out[..length]);
                sequence += step;
                let length = encoder.other(&mut out, sequence, &kind);
                bytes.extend_from_slice(&out[..length]);
                expected.push(Event { sequence, time_ms: index as u64, kind });
            }
            let mut decoder = EventDecoder::new(&bytes, base);
            for event in expected {
                prop_assert_eq!(decoder.next_event(), Ok(Some(event)));
            }
            prop_assert_eq!(decoder.next_event(), Ok(None));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            let mut decoder = EventDecoder::new(&bytes, 0);
            while let Ok(Some(_)) = decoder.next_event() {}
        }
    }

    #[test]
    fn a_look_of_an_older_or_newer_writer_is_read() {
        let older = [8, 1, 2, 3, 4, 5, 6, 7, 8];
        let mut numbers = [0; Resident::NUMBERS];
        numbers[..8].copy_from_slice(&[1, 2, 3, 4, 5, 6, 7, 8]);
        let expected = Some(EventKind::Resident(Box::new(Resident::from_numbers(numbers))));
        let read = |bytes: &[u8]| {
            let mut decoder = EventDecoder::new(bytes, 0);
            decoder.next_event().expect("a look").map(|event| event.kind)
        };
        assert_eq!(read(&older), expected);
        let before_shares = [13, 12, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0];
        assert_eq!(read(&before_shares), expected);
        let newer = [13, 17, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0, 99];
        assert_eq!(read(&newer), expected);
    }

    #[test]
    fn what_others_have_too_is_taken_off() {
        let look = Resident {
            anonymous: 100,
            file: 50,
            anonymous_elsewhere: 60,
            file_elsewhere: 70,
            ..Resident::default()
        };
        let share = look.proportional();
        assert_eq!((share.anonymous, share.file, share.total()), (40, 0, 40));
        assert!(look.tells_shares() && !share.tells_shares());
    }

    #[test]
    fn sampling_gives_events_their_probability() {
        let mut out = [0; MAX_LENGTH];
        let mut bytes = Vec::new();
        let length = EventEncoder::sampling(&mut out, Sampling { interval: 1000, threshold: 16_384 });
        bytes.extend_from_slice(&out[..length]);
        let mut encoder = EventEncoder::new(0);
        for (sequence, size) in [(1, 1000), (2, 20_000)] {
            let length = encoder.allocation(&mut out, sequence, 64, size, 1, Allocator::Malloc);
            bytes.extend_from_slice(&out[..length]);
        }
        let mut decoder = EventDecoder::new(&bytes, 0);
        let mut probabilities = Vec::new();
        while let Ok(Some(Event { kind: EventKind::Allocation { probability, .. }, .. })) =
            decoder.next_event()
        {
            probabilities.push(probability);
        }
        assert_eq!(probabilities.len(), 2);
        assert!((probabilities[0] - 0.632_120_558_8).abs() < 1e-9);
        assert!((probabilities[1] - 1.0).abs() < f64::EPSILON);
    }
}
