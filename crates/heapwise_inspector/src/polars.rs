//! The columns of Polars' frames and series, asked of Polars through Arrow's C stream, the interface by which it hands its
//! columns to others without copying them.
//!
//! Code of Polars runs, and may let the GIL go: nothing else of the program's may be known by its address meanwhile. What
//! Polars has beside its columns, such as the names of many categories, is not told. Invariants: what is asked is held, and
//! all that is taken is given back; a stream that fails has no buffers.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::time::Duration;

use heapwise_capture::origin::{Origin, origin};
use heapwise_cpython::FramePointer;
use heapwise_cpython::objects::{Address, Answer, Live, RunningFrame};
use rustc_hash::FxHashMap;

use crate::arrow::{ArrowBuffer, Column};
use crate::clock::thread_time;

/// `ArrowSchema` of the C data interface.
#[repr(C)]
struct Schema {
    format: *const c_char,
    name: *const c_char,
    metadata: *const c_char,
    flags: i64,
    child_count: i64,
    children: *const *const Schema,
    dictionary: *const Schema,
    release: Option<unsafe extern "C" fn(*mut Schema)>,
    private: *mut c_void,
}

/// `ArrowArray` of the C data interface.
#[repr(C)]
struct Array {
    length: i64,
    null_count: i64,
    offset: i64,
    buffer_count: i64,
    child_count: i64,
    buffers: *const *const u8,
    children: *const *const Array,
    dictionary: *const Array,
    release: Option<unsafe extern "C" fn(*mut Array)>,
    private: *mut c_void,
}

/// `ArrowArrayStream` of the C stream interface.
#[repr(C)]
struct Stream {
    schema: Option<unsafe extern "C" fn(*mut Stream, *mut Schema) -> c_int>,
    next: Option<unsafe extern "C" fn(*mut Stream, *mut Array) -> c_int>,
    last_error: Option<unsafe extern "C" fn(*mut Stream) -> *const c_char>,
    release: Option<unsafe extern "C" fn(*mut Stream)>,
    private: *mut c_void,
}

/// The columns of frames and series that were asked, by the address of what is inside Polars' object.
#[derive(Debug, Default)]
pub(crate) struct PolarsColumns(FxHashMap<Address, Option<Vec<Column>>>);

impl PolarsColumns {
    /// Asks frames and series for their columns, until a time if there is one. They are alive now, and what is known of them
    /// counts as long as they are held.
    pub(crate) fn ask<'a>(
        live: Live<'a>,
        frames: &[Address],
        until: Option<Duration>,
    ) -> (Self, Vec<Answer<'a>>) {
        let held = frames.iter().map(|&frame| live.hold(frame)).collect();
        let ask = |&frame: &Address| {
            let has_time = until.is_none_or(|until| thread_time() < until);
            (frame, if has_time { columns_of(live, frame) } else { None })
        };
        (Self(frames.iter().map(ask).collect()), held)
    }

    /// The columns of a frame, in order, or the one of a series; `None` if they are not known.
    pub(crate) fn columns(&self, frame: Address) -> Option<&[Column]> {
        self.0.get(&frame)?.as_deref()
    }

    /// References that are held here.
    pub(crate) fn references(&self, object: Address) -> u64 {
        u64::from(self.0.contains_key(&object))
    }
}

/// Whether no call of Polars is at work: one that is may have a frame locked, and would wait for us as we for it. Every call
/// is made by Python code of Polars, so a thread of which none of that runs is in no call; and neither is the calling one, which
/// is between two instructions, if Polars' code runs innermost only.
pub(crate) fn may_be_asked(live: Live<'_>, innermost: FramePointer) -> bool {
    let of_polars =
        |frame: &RunningFrame| origin(&live.code_place(frame.frame.code).0) == Origin::Library("polars");
    live.threads().iter().all(|thread| {
        let is_calling = thread.frames.first().is_some_and(|frame| frame.address == innermost);
        !thread.frames.iter().skip_while(|frame| is_calling && of_polars(frame)).any(of_polars)
    })
}

/// `None` for a frame that hands out no column.
fn columns_of(live: Live<'_>, frame: Address) -> Option<Vec<Column>> {
    // A frame as a whole would be put into pieces of equal length, with copies; each of its columns is handed out as it is.
    let Some(columns) = live.method_result(frame, c"get_columns") else {
        return Some(vec![column(live, frame)?]);
    };
    let items = live.list_items(columns.address());
    let found: Vec<_> = (0..items.length).map(|index| column(live, live.item(items, index))).collect();
    let rows = found.iter().flatten().map(|column| column.length).next();
    if rows.is_none() && !found.is_empty() {
        return None;
    }
    // Objects of Python are not handed out.
    let unknown = Column { length: rows.unwrap_or(0), ..Column::default() };
    Some(found.into_iter().map(|column| column.unwrap_or_else(|| unknown.clone())).collect())
}

fn column(live: Live<'_>, series: Address) -> Option<Column> {
    let capsule = live.method_result(series, c"__arrow_c_stream__")?;
    let stream: *mut Stream = live.capsule_content(&capsule, c"arrow_array_stream").cast();
    if stream.is_null() {
        return None;
    }
    let mut column = Column { nulls: Some(0), ..Column::default() };
    let mut buffers = FxHashMap::default();
    // SAFETY: the capsule is alive and has a stream, as its name says; the functions of the stream are called as the
    // interface wants it, with zeroed places for results, each of which is released once.
    unsafe {
        let mut schema: Schema = std::mem::zeroed();
        let (Some(get_schema), Some(next)) = ((*stream).schema, (*stream).next) else { return None };
        if get_schema(stream, &raw mut schema) != 0 {
            return None;
        }
        if !schema.name.is_null() {
            column.name = Some(CStr::from_ptr(schema.name).to_string_lossy().into_owned());
        }
        column.type_name = type_name(CStr::from_ptr(schema.format).to_bytes());
        loop {
            let mut array: Array = std::mem::zeroed();
            if next(stream, &raw mut array) != 0 {
                break;
            }
            let Some(release) = array.release else { break };
            column.length += array.length.max(0).cast_unsigned();
            let nulls = u64::try_from(array.null_count).ok();
            column.nulls = column.nulls.zip(nulls).map(|(known, more)| known + more);
            add(&raw const schema, &raw const array, &mut buffers);
            release(&raw mut array);
        }
        if let Some(release) = schema.release {
            release(&raw mut schema);
        }
    }
    let found = buffers.into_iter().filter(|&(_, bytes)| bytes > 0);
    column.buffers = found.map(|(address, bytes)| ArrowBuffer { address, bytes }).collect();
    column.buffers.sort_by_key(|buffer| buffer.address);
    Some(column)
}

/// The type of a column as Polars shows it, by the format of the C data interface; empty for those that are rare.
const fn type_name(format: &[u8]) -> &'static str {
    match format {
        [b'b'] => "bool",
        [b'c'] => "i8",
        [b'C'] => "u8",
        [b's'] => "i16",
        [b'S'] => "u16",
        [b'i'] => "i32",
        [b'I'] => "u32",
        [b'l'] => "i64",
        [b'L'] => "u64",
        [b'f'] => "f32",
        [b'g'] => "f64",
        [b'u' | b'U'] | [b'v', b'u'] => "str",
        [b'z' | b'Z'] | [b'v', b'z'] => "binary",
        [b't', b'd', ..] => "date",
        [b't', b's', ..] => "datetime",
        [b't', b'D', ..] => "duration",
        [b't', b't', ..] => "time",
        [b'+', b'l' | b'L', ..] => "list",
        [b'+', b's', ..] => "struct",
        [b'+', b'w', ..] => "array",
        _ => "",
    }
}

/// Adds the buffers of an array and of all below it.
///
/// # Safety
/// Both were given by one stream and are not released.
unsafe fn add(schema: *const Schema, array: *const Array, buffers: &mut FxHashMap<Address, u64>) {
    // SAFETY: by the contract of the function; counts and pointers are as the interface has them.
    unsafe {
        let (schema, array) = (&*schema, &*array);
        let format = CStr::from_ptr(schema.format).to_bytes();
        let count = (array.length + array.offset).max(0).cast_unsigned();
        let pointers = row(array.buffers, array.buffer_count);
        for (place, &pointer) in pointers.iter().enumerate() {
            let bytes = match size(format, place, count, pointers) {
                Size::Bytes(bytes) => bytes,
                Size::Bits => count.div_ceil(8),
            };
            if !pointer.is_null() {
                let known = buffers.entry(pointer as Address).or_default();
                *known = bytes.max(*known);
            }
        }
        for (&kind, &child) in
            row(schema.children, schema.child_count).iter().zip(row(array.children, array.child_count))
        {
            add(kind, child, buffers);
        }
        if !schema.dictionary.is_null() && !array.dictionary.is_null() {
            add(schema.dictionary, array.dictionary, buffers);
        }
    }
}

/// # Safety
/// `start` is null or points to as many values.
unsafe fn row<'r, T>(start: *const T, count: i64) -> &'r [T] {
    match usize::try_from(count) {
        // SAFETY: by the contract of the function.
        Ok(count) if !start.is_null() && count > 0 => unsafe { std::slice::from_raw_parts(start, count) },
        _ => &[],
    }
}

enum Size {
    Bytes(u64),
    Bits,
}

/// The size of a buffer of an array of `count` elements, by the format of the C data interface.
///
/// # Safety
/// The pointers are the buffers of such an array.
unsafe fn size(format: &[u8], place: usize, count: u64, buffers: &[*const u8]) -> Size {
    // SAFETY: offsets are as long as the format says, and views' sizes stand in the last buffer.
    let word = |buffer: usize, index: u64| unsafe {
        i64::from_ne_bytes(buffers[buffer].cast::<[u8; 8]>().add(index as usize).read())
            .max(0)
            .cast_unsigned()
    };
    // SAFETY: as above.
    let half = |buffer: usize, index: u64| unsafe {
        u64::from(u32::from_ne_bytes(buffers[buffer].cast::<[u8; 4]>().add(index as usize).read()))
    };
    if place == 0 {
        return Size::Bits;
    }
    let each = |bytes: u64| Size::Bytes(count * bytes);
    match (format, place) {
        ([b'b'], _) => Size::Bits,
        ([b'c' | b'C'], _) => each(1),
        ([b's' | b'S' | b'e'], _) => each(2),
        ([b'i' | b'I' | b'f'] | b"tdD" | b"tts" | b"ttm", _) => each(4),
        ([b'l' | b'L' | b'g'] | [b't', ..], _) => each(8),
        ([b'd', ..], _) => each(16),
        ([b'w', b':', digits @ ..], _) => {
            each(std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok()).unwrap_or(0))
        }
        ([b'u' | b'z'] | b"+l", 1) => Size::Bytes((count + 1) * 4),
        ([b'U' | b'Z'] | b"+L", 1) => Size::Bytes((count + 1) * 8),
        ([b'u' | b'z'], 2) if !buffers[1].is_null() => Size::Bytes(half(1, count)),
        ([b'U' | b'Z'], 2) if !buffers[1].is_null() => Size::Bytes(word(1, count)),
        (b"vu" | b"vz", 1) => each(16),
        (b"vu" | b"vz", place) => {
            let last = buffers.len() - 1;
            let texts = last as u64 - 2;
            Size::Bytes(if place == last { texts * 8 } else { word(last, place as u64 - 2) })
        }
        _ => Size::Bytes(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_named_as_polars_shows_them() {
        let names = [&b"l"[..], b"vu", b"tdD", b"tsu:UTC", b"+w:2", b"w:16"].map(type_name);
        assert_eq!(names, ["i64", "str", "date", "datetime", "array", ""]);
    }
}
