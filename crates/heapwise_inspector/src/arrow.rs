//! The buffers of Arrow's arrays, chunked arrays, record batches and tables, as pyarrow's objects hold them.
//!
//! An object of pyarrow has a `shared_ptr` to Arrow's C++ object and, beside it, the plain pointer; behind it stand
//! `Table`, `ChunkedArray`, `Array`, `ArrayData` and `Buffer` of `arrow/{table,chunked_array,array/data,buffer}.h`,
//! laid out the same since Arrow 7 but for one field of `Buffer`. Invariants: no code of Arrow runs; every word is
//! read so that it cannot fault; an object of which anything does not fit the layout has no buffers.

use heapwise_cpython::objects::{Address, Live};

use crate::memory::{read_into, words};

/// Columns, chunks or children that are looked at, in all.
const MOST_ARRAYS: usize = 100_000;
/// Children of children, and so on, so deep.
const DEEPEST: usize = 32;
/// Buffers of one array: validity, offsets, and of views as many as there are.
const MOST_BUFFERS: usize = 100_000;
/// No buffer is as long as that.
const LONGEST: usize = 1 << 46;

/// The classes of pyarrow that hold buffers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ArrowClass {
    Array,
    ChunkedArray,
    RecordBatch,
    Table,
    Buffer,
}

impl ArrowClass {
    /// By the name of the type, as C has it.
    pub(crate) fn of(name: &str) -> Option<Self> {
        Some(match name {
            "pyarrow.lib.Array" => Self::Array,
            "pyarrow.lib.ChunkedArray" => Self::ChunkedArray,
            "pyarrow.lib.RecordBatch" => Self::RecordBatch,
            "pyarrow.lib.Table" => Self::Table,
            "pyarrow.lib.Buffer" => Self::Buffer,
            _ => return None,
        })
    }
}

impl ArrowClass {
    /// That of an object.
    pub(crate) fn of_object(live: Live<'_>, object: Address) -> Option<Self> {
        let mut kind = live.type_of(object);
        while kind != 0 {
            let class = Self::of(&live.c_name(kind));
            if class.is_some() {
                return class;
            }
            kind = live.type_fields(kind).base;
        }
        None
    }
}

/// Memory that Arrow allocated at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ArrowBuffer {
    pub(crate) address: Address,
    pub(crate) bytes: u64,
}

/// A chunk, column or child: its elements and the buffers of it and of all below it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Column {
    /// Of a table's or batch's.
    pub(crate) name: Option<String>,
    pub(crate) length: u64,
    /// The type of its elements as Arrow names it; empty if it is none of the frequent ones.
    pub(crate) type_name: &'static str,
    /// How many are null; `None` if that was not counted.
    pub(crate) nulls: Option<u64>,
    pub(crate) buffers: Vec<ArrowBuffer>,
    /// Where the text of its chunks stands, if it is text.
    pub(crate) texts: Vec<Texts>,
}

/// The strings of one array: each from an offset to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Texts {
    pub(crate) length: usize,
    pub(crate) offsets: Address,
    wide: bool,
    start: Address,
    bytes: usize,
}

impl Texts {
    /// A string; `None` if the offsets do not fit the text.
    ///
    /// The array must be alive and `index` below `length`.
    pub(crate) fn get(&self, live: Live<'_>, index: usize) -> Option<&[u8]> {
        let offset = |index: usize| {
            if self.wide {
                usize::try_from(live.read::<i64>(self.offsets, index * 8)).ok()
            } else {
                usize::try_from(live.read::<i32>(self.offsets, index * 4)).ok()
            }
        };
        let (from, to) = (offset(index)?, offset(index + 1)?);
        let length = to.checked_sub(from).filter(|_| to <= self.bytes)?;
        // SAFETY: within the buffer of text, which is not written to any more.
        Some(unsafe { std::slice::from_raw_parts((self.start + from) as *const u8, length) })
    }
}

/// The columns of an object of pyarrow; one for what has no columns. `None` if it is not laid out as is known.
pub(crate) fn columns(live: Live<'_>, object: Address, class: ArrowClass) -> Option<Vec<Column>> {
    let mut reader = Reader { left: MOST_ARRAYS, kind: (0, 0) };
    let (shared, beside): (Address, Address) = (live.read(object, FIELDS), live.read(object, FIELDS + 16));
    if class == ArrowClass::Buffer {
        // Behind the pointer stands the size, for the buffer protocol.
        let mut buffers = Vec::new();
        let size = read_buffer(shared, &mut buffers)?.size;
        return (size == beside).then(|| vec![Column { length: size as u64, buffers, ..Column::default() }]);
    }
    if shared == 0 || shared != beside {
        return None;
    }
    match class {
        ArrowClass::Array => {
            // The object has its type beside it, which has the address of Arrow's type, as the array itself has.
            let kind: Address = live.read(object, FIELDS + 24);
            if kind == 0 || live.type_fields(live.type_of(kind)).basic_size < FIELDS as u64 + 24 {
                return None;
            }
            let [_, array] = words::<2>(shared)?;
            let [of_array] = words::<1>(array)?;
            if of_array != live.read::<Address>(kind, FIELDS) {
                return None;
            }
            Some(vec![reader.array(shared)?])
        }
        ArrowClass::ChunkedArray => Some(vec![reader.chunked(shared)?]),
        ArrowClass::Table | ArrowClass::RecordBatch => {
            // Table of methods, schema, rows, columns: chunked arrays of a table, plain ones of a batch.
            let [_, schema, _, rows, start, end] = words::<6>(shared)?;
            let names = reader.names(schema).unwrap_or_default();
            let mut columns = Vec::new();
            for (index, pointer) in reader.pointers(start, end)?.into_iter().enumerate() {
                let is_table = class == ArrowClass::Table;
                let column = if is_table { reader.chunked(pointer) } else { reader.data(pointer, 0) };
                let column = column.filter(|column| column.length == rows as u64)?;
                columns.push(Column { name: names.get(index).cloned(), ..column });
            }
            Some(columns)
        }
        ArrowClass::Buffer => None,
    }
}

/// Where the fields of pyarrow's classes start: behind the head, the weak references and the table of methods.
const FIELDS: usize = 32;

struct Reader {
    /// Arrays that may still be looked at.
    left: usize,
    /// The type that was met last, of which there are few, and its number.
    kind: (Address, usize),
}

/// Where a buffer starts, and its bytes that are in use.
#[derive(Debug, Clone, Copy, Default)]
struct Extent {
    start: Address,
    size: usize,
}

impl Reader {
    /// `std::vector<std::shared_ptr<T>>`: the plain pointers in it.
    fn pointers(&self, start: Address, end: Address) -> Option<Vec<Address>> {
        let bytes = end.checked_sub(start)?;
        let count = bytes / 16;
        if !bytes.is_multiple_of(16) || count > self.left.max(MOST_BUFFERS) {
            return None;
        }
        let mut row = vec![0; 2 * count];
        (count == 0 || read_into(start, &mut row)).then(|| row.into_iter().step_by(2).collect())
    }

    /// `ChunkedArray`: chunks, type, length.
    fn chunked(&mut self, chunked: Address) -> Option<Column> {
        let [start, end, _, _, _, length] = words::<6>(chunked)?;
        let mut all = Column { nulls: Some(0), ..Column::default() };
        for chunk in self.pointers(start, end)? {
            let column = self.array(chunk)?;
            all.length += column.length;
            all.type_name = column.type_name;
            all.nulls = all.nulls.zip(column.nulls).map(|(before, more)| before + more);
            all.buffers.extend(column.buffers);
            all.texts.extend(column.texts);
        }
        (all.length == length as u64).then_some(all)
    }

    /// `Array`: its data behind the table of methods.
    fn array(&mut self, array: Address) -> Option<Column> {
        let [_, data] = words::<2>(array)?;
        self.data(data, 0)
    }

    /// `ArrayData`: type, length, null count, offset, buffers, children, dictionary.
    fn data(&mut self, data: Address, depth: usize) -> Option<Column> {
        self.left = self.left.checked_sub(1)?;
        let fields = words::<13>(data).filter(|_| depth < DEEPEST)?;
        let [
            kind,
            _,
            length,
            nulls,
            offset,
            buffers,
            buffers_end,
            _,
            children,
            children_end,
            _,
            dictionary,
            _,
        ] = fields;
        if kind == 0 || length > LONGEST || offset > LONGEST {
            return None;
        }
        if self.kind.0 != kind {
            self.kind = (kind, type_number(kind)?);
        }
        let kind = self.kind.1;
        let mut column = Column {
            length: length as u64,
            type_name: type_name(kind),
            nulls: (nulls <= length).then_some(nulls as u64),
            ..Column::default()
        };
        let buffers = self.pointers(buffers, buffers_end)?;
        let mut extents = Vec::with_capacity(buffers.len());
        for buffer in buffers {
            let extent = if buffer == 0 { None } else { Some(read_buffer(buffer, &mut column.buffers)?) };
            extents.push(extent.unwrap_or_default());
        }
        let wide = matches!(kind, LARGE_STRING | LARGE_BINARY);
        let width = if wide { 8 } else { 4 };
        if matches!(kind, STRING | BINARY | LARGE_STRING | LARGE_BINARY)
            && let &[_, offsets, text] = extents.as_slice()
            && (offset + length + 1) * width <= offsets.size
        {
            let offsets = offsets.start + offset * width;
            column.texts.push(Texts { length, offsets, wide, start: text.start, bytes: text.size });
        }
        let mut below = self.pointers(children, children_end)?;
        below.extend((dictionary != 0).then_some(dictionary));
        for child in below {
            column.buffers.extend(self.data(child, depth + 1)?.buffers);
        }
        Some(column)
    }

    /// The names of the fields of a `Schema`, behind the pointer to its parts.
    fn names(&self, schema: Address) -> Option<Vec<String>> {
        const LONGEST_NAME: usize = 1000;
        let [_, _, _, parts] = words::<4>(schema)?;
        let [start, end] = words::<2>(parts)?;
        let mut names = Vec::new();
        for field in self.pointers(start, end)? {
            // `std::string`: where the text is, and its length.
            let [_, _, _, text, length] = words::<5>(field)?;
            let mut row = vec![0; length.min(LONGEST_NAME + 1).div_ceil(8)];
            let inside = text == field + 40;
            if length > LONGEST_NAME || !inside && !read_into(text, &mut row) || inside && length > 15 {
                return None;
            }
            if inside {
                row = words::<2>(text)?.to_vec();
            }
            let bytes: Vec<u8> = row.iter().flat_map(|word| word.to_ne_bytes()).take(length).collect();
            names.push(String::from_utf8(bytes).ok()?);
        }
        Some(names)
    }
}

const STRING: usize = 13;
const BINARY: usize = 14;
const LARGE_STRING: usize = 34;
const LARGE_BINARY: usize = 35;

/// `DataType`: its number, behind a pointer to itself.
fn type_number(kind: Address) -> Option<usize> {
    let [_, _, _, this, _, number] = words::<6>(kind)?;
    (this == kind).then_some(number & 0xffff_ffff)
}

/// `Buffer`: whether it can be written, its address, size and capacity, in later versions the kind of its device,
/// then the buffer that it is a part of. Adds what was allocated at once; the result is the buffer's own.
fn read_buffer(buffer: Address, found: &mut Vec<ArrowBuffer>) -> Option<Extent> {
    let mut at = buffer;
    let mut extent = None;
    for _ in 0..DEEPEST {
        let [_, flags, address, length, capacity, device, parent] = words::<7>(at)?;
        if length > capacity || capacity > LONGEST || flags & 0xff > 1 || flags >> 8 & 0xff > 1 {
            return None;
        }
        extent = extent.or(Some(Extent { start: address, size: length }));
        // `DeviceAllocationType::kCPU`, a byte; no address of an object ends in it.
        let parent = if device & 0xff == 1 { parent } else { device };
        if parent == 0 {
            let is_cpu = flags >> 8 & 0xff == 1;
            if address != 0 && capacity > 0 && is_cpu {
                found.push(ArrowBuffer { address, bytes: capacity as u64 });
            }
            return extent;
        }
        at = parent;
    }
    None
}

/// The name of `Type::type`.
const fn type_name(number: usize) -> &'static str {
    match number {
        1 => "bool",
        2 => "uint8",
        3 => "int8",
        4 => "uint16",
        5 => "int16",
        6 => "uint32",
        7 => "int32",
        8 => "uint64",
        9 => "int64",
        10 => "halffloat",
        11 => "float",
        12 => "double",
        STRING => "string",
        BINARY => "binary",
        16 => "date32",
        17 => "date64",
        18 => "timestamp",
        25 => "list",
        26 => "struct",
        29 => "dictionary",
        LARGE_STRING => "large_string",
        LARGE_BINARY => "large_binary",
        36 => "large_list",
        39 => "string_view",
        _ => "",
    }
}
