//! NumPy's arrays: `PyArrayObject_fields` and `PyArray_Descr` of `numpy/ndarraytypes.h`, NumPy 1 and 2.

use heapwise_cpython::objects::{Address, Live};

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

/// Kind, byte order and bytes of an element.
fn element_type(live: Live<'_>, descriptor: Address) -> (u8, u8, u64) {
    if descriptor == 0 {
        return (b'V', b'|', 0);
    }
    let (letter, order): (u8, u8) = (live.read(descriptor, 24), live.read(descriptor, 26));
    // NumPy 1 has `type_num, elsize, alignment` as three ints behind the letters; NumPy 2 has flags of eight bytes
    // there, then `elsize` and `alignment` as words. Of the first form, alignment is a power of two up to 16 at
    // 36, which in the second is the upper half of the flags: always 0.
    let alignment: i32 = live.read(descriptor, 36);
    let size = if alignment > 0 && alignment <= 64 {
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
