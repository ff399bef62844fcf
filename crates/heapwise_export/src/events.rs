//! Every recorded event of every process of a run as a row of a Parquet file, process by process.
//!
//! Columns (bytes and milliseconds are whole numbers; what an event does not have is null):
//!
//! | column | what it is |
//! |---|---|
//! | `process` | its process id |
//! | `sequence` | place in the order of all events of the process |
//! | `time_ms` | since recording of the first process began |
//! | `thread` | number of the thread within the process |
//! | `event` | `allocation`, `free`, `map`, `unmap`, `protect`, `reserve`, `committed`, `pool`, `resident`, `refused` |
//! | `allocator` | `malloc`, `raw`, `mem`, `object`: who gave the block |
//! | `address`, `size` | of the block or the range; a `free` has no size, what was `refused` no address |
//! | `accessible` | of `map` and `protect`: whether the range can be used from now on |
//! | `weight` | blocks that this one stands for: 1, or more where it was sampled |
//! | `heap_bytes` | bytes live on the heap of the process after the event |
//! | `rss_bytes` | of `resident`: the resident set |
//! | `stack` | number of the stack within the process, 0 where no Python asked |
//! | `file`, `line`, `function` | the innermost line |
//! | `user_file`, `user_line`, `user_function` | the innermost line of the user's own code |
//!
//! Invariant: the highest `heap_bytes` of a process is its peak in the report.

use std::io::{self, Write};
use std::sync::Arc;

use heapwise_analysis::analyse_with;
use heapwise_analysis::profile::Origin;
use heapwise_profile::{Allocator, Event, EventKind, NO_STACK, Profile, Resident, StackId, UNKNOWN};
use parquet::basic::Compression;
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;

const SCHEMA: &str = "
message heapwise_events {
    required int32 process (integer(32, false));
    required int64 sequence (integer(64, false));
    required int64 time_ms (integer(64, false));
    required int32 thread (integer(32, false));
    required binary event (string);
    optional binary allocator (string);
    optional int64 address (integer(64, false));
    optional int64 size (integer(64, false));
    optional boolean accessible;
    optional double weight;
    required int64 heap_bytes (integer(64, false));
    optional int64 rss_bytes (integer(64, false));
    optional int32 stack (integer(32, false));
    optional binary file (string);
    optional int32 line (integer(32, false));
    optional binary function (string);
    optional binary user_file (string);
    optional int32 user_line (integer(32, false));
    optional binary user_function (string);
}";

/// Rows of one row group: what is held in memory at a time.
const ROWS: usize = 1 << 17;

/// Writes all events, those of each process in their order. With each process stands when it started, milliseconds
/// after the first one.
///
/// # Errors
/// Those of `out`.
pub fn write(processes: &[(&Profile, u64)], out: impl Write + Send) -> io::Result<()> {
    let schema = parse_message_type(SCHEMA).map_err(error)?;
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_created_by(concat!("heapwise ", env!("CARGO_PKG_VERSION")).to_owned())
        .build();
    let mut file = SerializedFileWriter::new(out, Arc::new(schema), Arc::new(properties)).map_err(error)?;
    for &(profile, start_ms) in processes {
        write_process(profile, start_ms, &mut file).map_err(error)?;
    }
    file.close().map_err(error)?;
    Ok(())
}

fn write_process<W: Write + Send>(
    profile: &Profile,
    start_ms: u64,
    file: &mut SerializedFileWriter<W>,
) -> Result<(), ParquetError> {
    let places = Places::new(profile);
    let pid = profile.header().pid;
    let mut rows = Rows::default();
    let mut failed = None;
    analyse_with(profile, |thread, event, heap_bytes| {
        if failed.is_some() {
            return;
        }
        rows.process.push(pid.cast_signed());
        rows.time_ms.push(event.time_ms.saturating_add(start_ms).cast_signed());
        rows.add(thread, event, heap_bytes, &places);
        if rows.sequence.len() == ROWS {
            failed = std::mem::take(&mut rows).write(file).err();
        }
    });
    if let Some(failed) = failed {
        return Err(failed);
    }
    if rows.sequence.is_empty() { Ok(()) } else { rows.write(file) }
}

/// The cause, if it was `out`.
fn error(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(inner) => match inner.downcast::<io::Error>() {
            Ok(cause) => *cause,
            Err(other) => io::Error::other(other),
        },
        other => io::Error::other(other),
    }
}

/// A line as the columns have it.
#[derive(Debug, Clone, Default)]
struct Line {
    file: ByteArray,
    number: i32,
    function: ByteArray,
}

/// By number of stack: its innermost line, and the innermost one of the user's.
#[derive(Debug)]
struct Places {
    lines: Vec<Line>,
    /// By number of stack: indices into `lines`.
    of: Vec<[Option<u32>; 2]>,
}

impl Places {
    fn new(profile: &Profile) -> Self {
        let text = |text: &str| ByteArray::from(text.as_bytes().to_vec());
        // By number of frame; frames are numbered from 1, and 0 is an unknown one.
        let lines = (0..=profile.frame_count() as u32)
            .map(|frame| Line {
                file: text(profile.file_of(frame)),
                number: profile.frame(frame).position.line.cast_signed(),
                function: text(if frame == 0 { UNKNOWN } else { profile.function_of(frame) }),
            })
            .collect();
        let mut of: Vec<[Option<u32>; 2]> = vec![[None; 2]];
        for id in 1..=profile.stack_count() {
            let Some(stack) = profile.stack(id as StackId) else { break };
            let users = match profile.origin_of(stack.frame) {
                Origin::User | Origin::NoFile => Some(stack.frame),
                Origin::Library(_) | Origin::Python => of[stack.parent as usize][1],
            };
            of.push([Some(stack.frame), users]);
        }
        Self { lines, of }
    }

    fn of(&self, stack: StackId) -> [Option<&Line>; 2] {
        let lines = self.of.get(stack as usize).copied().unwrap_or_default();
        lines.map(|line| line.and_then(|line| self.lines.get(line as usize)))
    }
}

/// A column with nulls: the values that are there, and for each row whether one is.
#[derive(Debug)]
struct Optional<T> {
    values: Vec<T>,
    present: Vec<i16>,
}

impl<T> Default for Optional<T> {
    fn default() -> Self {
        Self { values: Vec::new(), present: Vec::new() }
    }
}

impl<T> Optional<T> {
    fn push(&mut self, value: Option<T>) {
        self.present.push(i16::from(value.is_some()));
        self.values.extend(value);
    }
}

/// The rows of a group, by column.
#[derive(Debug, Default)]
struct Rows {
    process: Vec<i32>,
    sequence: Vec<i64>,
    time_ms: Vec<i64>,
    thread: Vec<i32>,
    event: Vec<ByteArray>,
    allocator: Optional<ByteArray>,
    address: Optional<i64>,
    size: Optional<i64>,
    accessible: Optional<bool>,
    weight: Optional<f64>,
    heap_bytes: Vec<i64>,
    rss_bytes: Optional<i64>,
    stack: Optional<i32>,
    places: [PlaceColumns; 2],
}

/// The columns of a line.
#[derive(Debug, Default)]
struct PlaceColumns {
    file: Optional<ByteArray>,
    line: Optional<i32>,
    function: Optional<ByteArray>,
}

impl Rows {
    /// Adds a row but for its process and its time.
    fn add(&mut self, thread: u32, event: &Event, heap_bytes: u64, places: &Places) {
        let (name, range, accessible, stack, resident) = match event.kind {
            EventKind::Allocation { address, size, stack, .. } => {
                ("allocation", Some((Some(address), Some(size))), None, Some(stack), None)
            }
            EventKind::Free { address } => ("free", Some((Some(address), None)), None, None, None),
            EventKind::Map { address, length, stack, accessible } => {
                ("map", Some((Some(address), Some(length))), Some(accessible), Some(stack), None)
            }
            EventKind::Unmap { address, length } => {
                ("unmap", Some((Some(address), Some(length))), None, None, None)
            }
            EventKind::Protect { address, length, stack, accessible } => {
                ("protect", Some((Some(address), Some(length))), Some(accessible), Some(stack), None)
            }
            EventKind::Resident(ref resident) => ("resident", None, None, None, Some(**resident)),
            EventKind::Reserve { address, length, stack } => {
                ("reserve", Some((Some(address), Some(length))), None, Some(stack), None)
            }
            EventKind::Committed { address, bytes, stack } => {
                ("committed", Some((Some(address), Some(bytes))), None, Some(stack), None)
            }
            EventKind::Pool { address, length } => {
                ("pool", Some((Some(address), Some(length))), None, None, None)
            }
            EventKind::Refused { size, stack, .. } => {
                ("refused", Some((None, Some(size))), None, Some(stack), None)
            }
        };
        let (allocator, weight) = match event.kind {
            EventKind::Allocation { allocator, probability, .. } => {
                (Some(allocator_name(allocator)), Some(1.0 / probability))
            }
            _ => (None, None),
        };
        self.sequence.push(event.sequence.cast_signed());
        self.thread.push(thread.cast_signed());
        self.event.push(ByteArray::from(name));
        self.allocator.push(allocator.map(ByteArray::from));
        self.address.push(range.and_then(|(address, _)| address).map(u64::cast_signed));
        self.size.push(range.and_then(|(_, size)| size).map(u64::cast_signed));
        self.accessible.push(accessible);
        self.weight.push(weight);
        self.heap_bytes.push(heap_bytes.cast_signed());
        self.rss_bytes.push(resident.as_ref().map(Resident::total).map(u64::cast_signed));
        self.stack.push(stack.map(u32::cast_signed));
        let lines = places.of(stack.unwrap_or(NO_STACK));
        for (columns, line) in self.places.iter_mut().zip(lines) {
            columns.file.push(line.map(|line| line.file.clone()));
            columns.line.push(line.map(|line| line.number));
            columns.function.push(line.map(|line| line.function.clone()));
        }
    }

    /// Writes the columns in the order of [`SCHEMA`].
    fn write<W: Write + Send>(self, file: &mut SerializedFileWriter<W>) -> Result<(), ParquetError> {
        let mut group = file.next_row_group()?;
        required::<Int32Type, W>(&mut group, &self.process)?;
        required::<Int64Type, W>(&mut group, &self.sequence)?;
        required::<Int64Type, W>(&mut group, &self.time_ms)?;
        required::<Int32Type, W>(&mut group, &self.thread)?;
        required::<ByteArrayType, W>(&mut group, &self.event)?;
        optional::<ByteArrayType, W>(&mut group, &self.allocator)?;
        optional::<Int64Type, W>(&mut group, &self.address)?;
        optional::<Int64Type, W>(&mut group, &self.size)?;
        optional::<BoolType, W>(&mut group, &self.accessible)?;
        optional::<DoubleType, W>(&mut group, &self.weight)?;
        required::<Int64Type, W>(&mut group, &self.heap_bytes)?;
        optional::<Int64Type, W>(&mut group, &self.rss_bytes)?;
        optional::<Int32Type, W>(&mut group, &self.stack)?;
        for columns in &self.places {
            optional::<ByteArrayType, W>(&mut group, &columns.file)?;
            optional::<Int32Type, W>(&mut group, &columns.line)?;
            optional::<ByteArrayType, W>(&mut group, &columns.function)?;
        }
        group.close().map(drop)
    }
}

fn required<T: DataType, W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    values: &[T::T],
) -> Result<(), ParquetError> {
    column::<T, W>(group, values, None)
}

fn optional<T: DataType, W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    column_values: &Optional<T::T>,
) -> Result<(), ParquetError> {
    column::<T, W>(group, &column_values.values, Some(&column_values.present))
}

fn column<T: DataType, W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    values: &[T::T],
    present: Option<&[i16]>,
) -> Result<(), ParquetError> {
    let Some(mut column) = group.next_column()? else {
        return Err(ParquetError::General("more columns than the schema has".to_owned()));
    };
    column.typed::<T>().write_batch(values, present, None)?;
    column.close()
}

fn allocator_name(allocator: Allocator) -> &'static str {
    match allocator {
        Allocator::Malloc => "malloc",
        Allocator::PythonRaw => "raw",
        Allocator::PythonMem => "mem",
        Allocator::PythonObject => "object",
    }
}
