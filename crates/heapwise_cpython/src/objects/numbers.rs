//! Strings, bytes and integers.

use super::{Address, Builtin, Live};

const LENGTH: usize = 16;
const STATE: usize = 32;
const DIGITS: usize = 24;
const DIGIT_BITS: u32 = 30;

/// A string's text as it stands in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StringFacts {
    /// Characters.
    pub length: u64,
    /// Bytes of a character: 1, 2 or 4; 0 for a form that is not read.
    pub width: u8,
    /// All characters are below 128.
    pub ascii: bool,
    /// Where the characters stand.
    pub start: Address,
}

impl StringFacts {
    /// The bytes of the characters.
    pub const fn bytes(&self) -> u64 {
        self.length * self.width as u64
    }
}

impl Live<'_> {
    /// Whether the object is a `str`, of that type itself.
    #[inline]
    pub fn is_string(&self, object: Address) -> bool {
        self.builtin(self.type_of(object)) == Some(Builtin::String)
    }

    /// A string's form.
    #[inline]
    pub fn string(&self, string: Address) -> StringFacts {
        let text = self.interpreter.text;
        let flags = self.read::<u32>(string, STATE) >> text.kind_shift();
        let (kind, compact, ascii) = (flags & 7, flags & 8 != 0, flags & 16 != 0);
        let header = text.ascii_start() + if ascii { 0 } else { text.wide_header() };
        let width = if compact { kind as u8 } else { 0 };
        StringFacts { length: self.read(string, LENGTH), width, ascii, start: string + header }
    }

    /// Bytes that a string asked for, its header and its UTF-8 form included.
    #[inline]
    pub fn string_size(&self, string: Address) -> u64 {
        let facts = self.string(string);
        let header = (facts.start - string) as u64;
        let own = header + (facts.length + 1) * u64::from(facts.width);
        if facts.ascii && facts.width != 0 {
            return own;
        }
        let offset = self.layout().utf8_length;
        let utf8: Address = self.read(string, offset + 8);
        let shared = utf8 == facts.start;
        if utf8 == 0 || shared { own } else { own + self.read::<u64>(string, offset) + 1 }
    }

    /// A string's text, at most so many characters of it.
    pub fn text(&self, string: Address, limit: usize) -> String {
        let facts = self.string(string);
        let count = (facts.length as usize).min(limit);
        let character = |index: usize| match facts.width {
            1 => u32::from(self.read::<u8>(facts.start, index)),
            2 => u32::from(self.read::<u16>(facts.start, index * 2)),
            4 => self.read::<u32>(facts.start, index * 4),
            _ => u32::from('?'),
        };
        (0..count)
            .map(|index| char::from_u32(character(index)).unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect()
    }

    /// Whether a string is this ASCII text.
    pub fn string_is(&self, string: Address, ascii: &str) -> bool {
        let facts = self.string(string);
        if !facts.ascii || facts.width != 1 || facts.length != ascii.len() as u64 {
            return false;
        }
        // SAFETY: a live compact string has its characters there.
        unsafe { std::slice::from_raw_parts(facts.start as *const u8, ascii.len()) == ascii.as_bytes() }
    }

    /// Digits of an integer, and whether it is below zero.
    #[inline]
    fn digits(&self, integer: Address) -> (u64, bool) {
        if self.layout().tagged_integers {
            let tag: u64 = self.read(integer, 16);
            (tag >> 3, tag & 3 == 2)
        } else {
            let size: i64 = self.read(integer, 16);
            (size.unsigned_abs(), size < 0)
        }
    }

    /// Bytes that an integer asked for; 0 for the small ones, which are always there. Since 3.11
    /// counting and arithmetic ask for a whole `PyLongObject` where one digit is enough; reading text asks for 4 bytes
    /// less, and sums of larger ones for a digit more than they turn out to need: neither can be told from here.
    #[inline]
    pub fn integer_size(&self, integer: Address) -> u64 {
        let (digits, negative) = self.digits(integer);
        if digits <= 1 {
            let value: u32 = if digits == 0 { 0 } else { self.read(integer, DIGITS) };
            if value <= if negative { 5 } else { 256 } {
                return 0;
            }
        }
        DIGITS as u64 + digits.max(if self.minor_version() >= 11 { 2 } else { 1 }) * 4
    }

    /// The value of an integer, if it has at most 62 bits or so.
    pub fn integer(&self, integer: Address) -> Option<i64> {
        let (digits, negative) = self.digits(integer);
        let mut value: i64 = 0;
        if digits > 2 {
            return None;
        }
        for index in (0..digits as usize).rev() {
            value = (value << DIGIT_BITS) | i64::from(self.read::<u32>(integer, DIGITS + index * 4));
        }
        Some(if negative { -value } else { value })
    }

    /// Bytes that a `bytes` asked for; 0 for the shortest, which are always there.
    #[inline]
    pub fn bytes_size(&self, bytes: Address) -> u64 {
        let length: u64 = self.read(bytes, LENGTH);
        if length == 0 { 0 } else { 33 + length }
    }

    /// The buffer of a `bytearray`: address and bytes.
    pub fn byte_array_buffer(&self, array: Address) -> (Address, u64) {
        let allocated: i64 = self.read(array, 24);
        (self.read(array, 32), allocated.max(0).cast_unsigned())
    }
}
