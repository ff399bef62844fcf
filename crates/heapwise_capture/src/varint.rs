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
    // How long a value is can hardly be predicted, so values of up to eight bytes are read without asking.
    const MORE: u64 = 0x8080_8080_8080_8080;
    if let Some(&next) = bytes.get(*at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(next);
        // The high bits of all bytes up to the first one without.
        let last = !word & MORE;
        if last != 0 {
            let kept = (last ^ (last - 1)) & !MORE;
            let sevens = word & kept;
            let fourteens = (sevens & 0x007f_007f_007f_007f) | ((sevens & 0x7f00_7f00_7f00_7f00) >> 1);
            let halves = (fourteens & 0x0000_3fff_0000_3fff) | ((fourteens & 0x3fff_0000_3fff_0000) >> 2);
            *at += (last.trailing_zeros() as usize + 1) / 8;
            return Ok((halves & 0x0fff_ffff) | ((halves >> 32) << 28));
        }
    }
    get_long(bytes, at)
}

#[cold]
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
        fn any_value_comes_back(value: u64, shift in 0u32..64, behind: [u8; 8]) {
            let value = value >> shift;
            let mut bytes = [0; MAX_LENGTH + 8];
            let end = put(&mut bytes, 0, value);
            bytes[end..end + 8].copy_from_slice(&behind);
            for length in [end, end + 8] {
                let mut at = 0;
                prop_assert_eq!(get(&bytes[..length], &mut at), Ok(value));
                prop_assert_eq!(at, end);
            }
        }

        #[test]
        fn a_cut_off_value_is_refused(value: u64, shift in 0u32..57) {
            let mut bytes = [0; MAX_LENGTH];
            let end = put(&mut bytes, 0, (value >> shift) | 0x80);
            prop_assert_eq!(get(&bytes[..end - 1], &mut 0), Err(DecodeError::Truncated));
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
