//! NumPy's arrays: `PyArrayObject_fields` and `PyArray_Descr` of `numpy/ndarraytypes.h`, NumPy 1 and 2.

use heapwise_cpython::objects::{Address, Builtin, Live};

const OWNS_DATA: i32 = 0x4;
const C_CONTIGUOUS: i32 = 0x1;
const F_CONTIGUOUS: i32 = 0x2;
const MOST_DIMENSIONS: usize = 64;

/// An array, read from memory.
#[derive(Debug, Clone)]
pub(crate) struct Array {
    pub(crate) address: Address,
    pub(crate) start: Address,
    pub(crate) shape: Vec<u64>,
    pub(crate) strides: Vec<i64>,
    /// What owns the memory, if the array does not itself; else 0.
    pub(crate) base: Address,
    pub(crate) owns: bool,
    pub(crate) item_size: u64,
    descriptor: Address,
    /// `dtype.kind`: `i`, `f`, `O` and so on.
    pub(crate) letter: u8,
    pub(crate) byte_order: u8,
    pub(crate) c_contiguous: bool,
    pub(crate) f_contiguous: bool,
}

impl Array {
    pub(crate) fn read(live: Live<'_>, address: Address) -> Self {
        let dimensions = live.read::<i32>(address, 24).clamp(0, MOST_DIMENSIONS as i32) as usize;
        let (shape_at, strides_at): (Address, Address) = (live.read(address, 32), live.read(address, 40));
        let row = |at: Address| {
            let count = if at == 0 { 0 } else { dimensions };
            (0..count).map(|index| live.read::<i64>(at, index * 8)).collect::<Vec<_>>()
        };
        let descriptor: Address = live.read(address, 56);
        let flags: i32 = live.read(address, 64);
        let (letter, byte_order, item_size) = element_type(live, descriptor);
        Self {
            address,
            start: live.read(address, 16),
            shape: row(shape_at).into_iter().map(|length| length.max(0).cast_unsigned()).collect(),
            strides: row(strides_at),
            base: live.read(address, 48),
            owns: flags & OWNS_DATA != 0,
            item_size,
            descriptor,
            letter,
            byte_order,
            c_contiguous: flags & C_CONTIGUOUS != 0,
            f_contiguous: flags & F_CONTIGUOUS != 0,
        }
    }

    /// Elements.
    pub(crate) fn length(&self) -> usize {
        self.shape.iter().product::<u64>() as usize
    }

    /// Bytes of the elements that it shows.
    pub(crate) fn bytes(&self) -> u64 {
        self.length() as u64 * self.item_size
    }

    pub(crate) const fn is_object(&self) -> bool {
        self.letter == b'O' && self.item_size == 8
    }

    /// Offsets of the references to objects in an element of an array of records.
    pub(crate) fn object_fields(&self, live: Live<'_>) -> Vec<usize> {
        let mut found = Vec::new();
        if self.descriptor != 0 {
            object_offsets(live, self.descriptor, 0, 0, &mut found);
        }
        found
    }

    /// Bytes that the array asked for beside the object: elements, shape and strides.
    pub(crate) fn own_bytes(&self) -> u64 {
        let elements = if self.owns { self.bytes().max(1) } else { 0 };
        elements + 16 * self.shape.len() as u64
    }

    /// As NumPy names it: `float64`, `<U5`, `object`.
    pub(crate) fn type_name(&self) -> String {
        let bits = self.item_size * 8;
        let name = match self.letter {
            b'b' => "bool".to_owned(),
            b'i' => format!("int{bits}"),
            b'u' => format!("uint{bits}"),
            b'f' => format!("float{bits}"),
            b'c' => format!("complex{bits}"),
            b'O' => "object".to_owned(),
            b'M' => "datetime64".to_owned(),
            b'm' => "timedelta64".to_owned(),
            b'S' => format!("S{}", self.item_size),
            b'U' => format!("<U{}", self.item_size / 4),
            b'T' => "StringDType".to_owned(),
            _ => format!("V{}", self.item_size),
        };
        if self.byte_order == b'>' && self.item_size > 1 { format!(">{name}") } else { name }
    }
}

/// NumPy 1 has `type_num, elsize, alignment` as three ints behind the letters; NumPy 2 has flags of eight bytes there,
/// then `elsize` and `alignment` as words. Of the first form, alignment is a power of two up to 16 at 36, which in the
/// second is the upper half of the flags: always 0.
fn is_first_form(live: Live<'_>, descriptor: Address) -> bool {
    let alignment: i32 = live.read(descriptor, 36);
    alignment > 0 && alignment <= 64
}

/// Adds the offsets of the references in an element.
fn object_offsets(live: Live<'_>, descriptor: Address, start: usize, depth: usize, found: &mut Vec<usize>) {
    const DEEPEST: usize = 8;
    const MOST: usize = 10_000;
    let (letter, _, size) = element_type(live, descriptor);
    if letter == b'O' && size == 8 {
        found.push(start);
    }
    if letter != b'V' || depth == DEEPEST || found.len() >= MOST {
        return;
    }
    let (subarray, fields): (Address, Address) = if is_first_form(live, descriptor) {
        (live.read(descriptor, 40), live.read(descriptor, 48))
    } else {
        (live.read(descriptor, 88), live.read(descriptor, 96))
    };
    if subarray != 0 {
        // `PyArray_ArrayDescr`: the type of its elements first.
        let of: Address = live.read(subarray, 0);
        let (_, _, each) = element_type(live, of);
        if let Some(count) = size.checked_div(each) {
            for index in 0..(count as usize).min(MOST) {
                object_offsets(live, of, start + index * each as usize, depth + 1, found);
            }
        }
        return;
    }
    if fields == 0 || live.builtin(live.type_of(fields)) != Some(Builtin::Dict) {
        return;
    }
    let mut position = 0;
    while let Some((name, field, next)) = live.dict_next(fields, position) {
        position = next;
        // A field: its type, its offset, and for one with a title that, under which it is there a second time.
        if live.builtin(live.type_of(field)) != Some(Builtin::Tuple) {
            continue;
        }
        let items = live.tuple_items(field);
        let is_title = items.length > 2 && live.item(items, 2) == name;
        if items.length >= 2 && !is_title {
            let offset = live.integer(live.item(items, 1)).unwrap_or(0).max(0) as usize;
            object_offsets(live, live.item(items, 0), start + offset, depth + 1, found);
        }
    }
}

/// Kind, byte order and bytes of an element.
fn element_type(live: Live<'_>, descriptor: Address) -> (u8, u8, u64) {
    if descriptor == 0 {
        return (b'V', b'|', 0);
    }
    let (letter, order): (u8, u8) = (live.read(descriptor, 24), live.read(descriptor, 26));
    let size = if is_first_form(live, descriptor) {
        i64::from(live.read::<i32>(descriptor, 32))
    } else {
        live.read::<i64>(descriptor, 40)
    };
    (letter, order, size.max(0).cast_unsigned())
}

impl Array {
    /// One row of an array of two dimensions, as an array of one.
    pub(crate) fn row(&self, row: usize) -> Option<Self> {
        let (&[rows, columns], &[between, along]) = (self.shape.as_slice(), self.strides.as_slice()) else {
            return None;
        };
        if row as u64 >= rows {
            return None;
        }
        let contiguous = along.unsigned_abs() == self.item_size && along >= 0;
        Some(Self {
            start: (self.start as i64 + row as i64 * between) as usize,
            shape: vec![columns],
            strides: vec![along],
            c_contiguous: contiguous,
            f_contiguous: contiguous,
            owns: false,
            ..self.clone()
        })
    }
}
