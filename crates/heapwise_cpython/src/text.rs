//! Reads CPython strings without calling into CPython.
//!
//! PEP 393 strings: a header, then the characters in one, two or four bytes each. Where the header ends and
//! where its flags stand changed over the versions (`Include/cpython/unicodeobject.h`), so both are measured
//! on strings with known content when the interpreter is attached.

use crate::Refusal;
use crate::api::{Api, Object};
use crate::frame::field;

const LENGTH: usize = 16;
const STATE: usize = 32;
/// Longer names are cut; no file or function name of use is longer.
const LONGEST: usize = 4096;

/// Where flags and characters of a string stand.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TextLayout {
    /// Bit at which the three bits of `kind` start; `compact` and `ascii` follow them.
    kind_shift: u32,
    /// Bytes before the characters of an ASCII string.
    ascii_start: usize,
}

/// A string of the interpreter, as UTF-8.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Text(Vec<u8>);

impl Text {
    /// The UTF-8 bytes; characters that UTF-8 does not have (surrogates) are replaced by U+FFFD.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl TextLayout {
    /// Measures the layout on two strings that it makes.
    ///
    /// # Errors
    /// [`Refusal::SelfCheck`] if they are not laid out in any known way.
    ///
    /// # Safety
    /// The GIL is held.
    pub(crate) unsafe fn probe(api: &Api) -> Result<Self, Refusal> {
        // SAFETY: the GIL is held; the arguments are C strings; the results are checked below.
        let (ascii, wide) = unsafe {
            (
                (api.string_from_utf8)(c"heapwise probe".as_ptr()),
                (api.string_from_utf8)(c"heapwise \u{20ac} probe".as_ptr()),
            )
        };
        let found = if ascii.is_null() || wide.is_null() {
            None
        } else {
            // SAFETY: two live strings, as the calls above made them, and the GIL.
            unsafe { Self::measure(api, ascii, wide) }
        };
        for object in [ascii, wide] {
            if !object.is_null() {
                // SAFETY: a reference that this function owns.
                unsafe { (api.decrement)(object) };
            }
        }
        found.ok_or_else(|| Refusal::SelfCheck("strings".into()))
    }

    /// # Safety
    /// The GIL is held; `ascii` and `wide` are live strings of ASCII and of two-byte characters.
    unsafe fn measure(api: &Api, ascii: Object, wide: Object) -> Option<Self> {
        let mut length = 0;
        // SAFETY: a live string and the GIL; for an ASCII string this returns the address of its characters.
        let characters = unsafe { (api.string_as_utf8)(ascii, &raw mut length) };
        let ascii_start = (characters as usize).checked_sub(ascii as usize)?;
        // SAFETY: the flag words of live strings.
        let (ascii_state, wide_state): (u32, u32) =
            unsafe { (field(ascii as usize, STATE), field(wide as usize, STATE)) };
        let kind_shift = [2, 8, 16].into_iter().find(|shift| {
            let (first, second) = (ascii_state >> shift, wide_state >> shift);
            first & 0b11111 == 0b11001 && second & 0b11111 == 0b01010
        })?;
        let found = Self { kind_shift, ascii_start };
        // SAFETY: live strings.
        let (first, second) = unsafe { (found.read(ascii as usize), found.read(wide as usize)) };
        let right = first.as_bytes() == b"heapwise probe"
            && second.as_bytes() == "heapwise \u{20ac} probe".as_bytes();
        right.then_some(found)
    }

    /// The bit at which the kind starts.
    pub(crate) const fn kind_shift(self) -> u32 {
        self.kind_shift
    }

    /// Bytes before the characters of an ASCII string.
    pub(crate) const fn ascii_start(self) -> usize {
        self.ascii_start
    }

    /// Bytes that the header of other strings has more: the cached UTF-8 and its length, and up to 3.11, where the
    /// ASCII header has 48 bytes, the length of the `wchar_t` form.
    pub(crate) const fn wide_header(self) -> usize {
        if self.ascii_start == 48 { 24 } else { 16 }
    }

    /// The text of a string object; empty if the object is null or no compact string.
    ///
    /// # Safety
    /// `object` is 0 or the address of a live string.
    pub(crate) unsafe fn read(self, object: usize) -> Text {
        if object == 0 {
            return Text::default();
        }
        // SAFETY: fields of a live string.
        let (length, state): (usize, u32) = unsafe { (field(object, LENGTH), field(object, STATE)) };
        let flags = state >> self.kind_shift;
        let (kind, compact, ascii) = (flags & 7, flags & 8 != 0, flags & 16 != 0);
        if !compact {
            return Text::default();
        }
        let length = length.min(LONGEST);
        let start = object + self.ascii_start + if ascii { 0 } else { self.wide_header() };
        let mut text = Vec::with_capacity(length);
        let mut push = |character: u32| {
            let character = char::from_u32(character).unwrap_or(char::REPLACEMENT_CHARACTER);
            text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        };
        for index in 0..length {
            // SAFETY: the string has `length` characters of `kind` bytes each from `start` on.
            push(unsafe {
                match kind {
                    1 => u32::from(field::<u8>(start, index)),
                    2 => u32::from(field::<u16>(start, index * 2)),
                    _ => field::<u32>(start, index * 4),
                }
            });
        }
        Text(text)
    }
}
