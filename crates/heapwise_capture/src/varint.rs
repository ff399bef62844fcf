//! Variable-length integers: seven bits a byte, least significant first, high bit set on all but the last.
//!
//! Invariant: a value takes at most [`MAX_LENGTH`] bytes; longer input is refused.

use crate::DecodeError;

/// The bytes that the largest `u64` takes.
pub(crate) const MAX_LENGTH: usize = 10;

/// Writes `value` at `at` and returns the position behind it. `out` must have [`MAX_LENGTH`] bytes from `at`.
#[inline]
pub(crate) fn put(out: &mut [u8], mut at: usize, mut value: u64) -> usize {
    while value >= 0x80 {
        out[at] = (value as u8) | 0x80;
        value >>= 7;
        at += 1;
    }
    out[at] = value as u8;
    at + 1
}

/// Reads a value at `*at` and moves `*at` behind it.
#[inline]
pub(crate) fn get(bytes: &[u8], at: &mut usize) -> Result<u64, DecodeError> {
    match bytes.get(*at) {
        Some(&byte) if byte < 0x80 => {
            *at += 1;
            Ok(u64::from(byte))
        }
        _ => get_long(bytes, at),
    }
}

fn get_long(bytes: &[u8], at: &mut usize) -> Result<u64, DecodeError> {
    let mut value = 0u64;
    let mut shift = 0;
    loop {
        let byte = *bytes.get(*at).ok_or(DecodeError::Truncated)?;
        *at += 1;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(value);
        }
        shift += 7;
        if shift >= 70 {
            return Err(DecodeError::Truncated);
        }
    }
}

/// Maps small magnitudes of either sign to small numbers.
#[inline]
pub(crate) const fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

/// The inverse of [`zigzag`].
#[inline]
pub(crate) const fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -((value & 1).cast_signed())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_value_comes_back(value: u64) {
            let mut bytes = [0; MAX_LENGTH];
            let end = put(&mut bytes, 0, value);
            let mut at = 0;
            prop_assert_eq!(get(&bytes[..end], &mut at), Ok(value));
            prop_assert_eq!(at, end);
        }

        #[test]
        fn zigzag_is_its_own_way_back(value: i64) {
            prop_assert_eq!(unzigzag(zigzag(value)), value);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            let mut at = 0;
            let _ = get(&bytes, &mut at);
            prop_assert!(at <= bytes.len());
        }
    }
}
