//! Says of most numbers that they are not in a set, faster than the set can.
//!
//! Invariant: of what was added it never says so. Of the rest it does mostly, as long as the set is small.

/// Bits, as a power of two: as many bytes as stay in a processor's own cache.
const BITS: u32 = 20;
/// An odd number without pattern: 2^64 divided by the golden ratio.
const MIX: u64 = 0x9e37_79b9_7f4a_7c15;

/// A filter of one bit a number.
#[derive(Debug)]
pub(crate) struct NumberFilter(Box<[u64]>);

impl NumberFilter {
    pub(crate) fn new() -> Self {
        Self(vec![0; 1 << (BITS - 6)].into_boxed_slice())
    }

    #[inline]
    pub(crate) fn add(&mut self, number: u64) {
        let (word, bit) = place(number);
        self.0[word] |= bit;
    }

    /// Whether the number may have been added.
    #[inline]
    pub(crate) fn may_have(&self, number: u64) -> bool {
        let (word, bit) = place(number);
        self.0[word] & bit != 0
    }
}

#[inline]
fn place(number: u64) -> (usize, u64) {
    let bit = number.wrapping_mul(MIX) >> (u64::BITS - BITS);
    ((bit >> 6) as usize, 1 << (bit & 63))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_added_is_not_denied_and_most_else_is() {
        let mut filter = NumberFilter::new();
        for number in 0..1000 {
            filter.add(number * 16);
        }
        assert!((0..1000).all(|number| filter.may_have(number * 16)));
        assert!((1000..2000).filter(|number| filter.may_have(number * 16)).count() < 10);
    }
}
