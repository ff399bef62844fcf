//! The buffers of Polars' frames and series, asked of Polars through Arrow's C stream, the interface by which it hands its
//! columns to others without copying them.
//!
//! Only for an object that was asked about by hand: code of Polars runs. What it has beside its columns, such as the names
//! of many categories, is not told. Invariant: all that is taken is given back; a stream that fails has no buffers.

use std::ffi::{CStr, c_char, c_int, c_void};

use heapwise_cpython::objects::{Address, Live};
use rustc_hash::FxHashMap;

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

/// Whether a type of C, by its name, has a stream.
pub(crate) fn has_stream(type_name: &str) -> bool {
    matches!(type_name, "builtins.PyDataFrame" | "builtins.PySeries" | "PyDataFrame" | "PySeries")
}

/// Bytes of all buffers of frames and series, each once.
pub(crate) fn bytes(live: Live<'_>, frames: &[Address]) -> u64 {
    let mut buffers = FxHashMap::default();
    // Another thread may run in between, and let go of what was found.
    let _held: Vec<_> = frames.iter().map(|&frame| live.hold(frame)).collect();
    for &frame in frames {
        // A frame as a whole would be put into pieces of equal length, with copies; each of its columns is handed out as it is.
        match live.method_result(frame, c"get_columns") {
            Some(columns) => {
                let items = live.list_items(columns.address());
                for index in 0..items.length {
                    gather(live, live.item(items, index), &mut buffers);
                }
            }
            None => gather(live, frame, &mut buffers),
        }
    }
    buffers.values().sum()
}

fn gather(live: Live<'_>, series: Address, buffers: &mut FxHashMap<Address, u64>) {
    let Some(capsule) = live.method_result(series, c"__arrow_c_stream__") else { return };
    let stream: *mut Stream = live.capsule_content(&capsule, c"arrow_array_stream").cast();
    if stream.is_null() {
        return;
    }
    // SAFETY: the capsule is alive and has a stream, as its name says; the functions of the stream are called as the
    // interface wants it, with zeroed places for results, each of which is released once.
    unsafe {
        let mut schema: Schema = std::mem::zeroed();
        let (Some(get_schema), Some(next)) = ((*stream).schema, (*stream).next) else { return };
        if get_schema(stream, &raw mut schema) != 0 {
            return;
        }
        loop {
            let mut array: Array = std::mem::zeroed();
            if next(stream, &raw mut array) != 0 {
                break;
            }
            let Some(release) = array.release else { break };
            add(&raw const schema, &raw const array, buffers);
            release(&raw mut array);
        }
        if let Some(release) = schema.release {
            release(&raw mut schema);
        }
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
