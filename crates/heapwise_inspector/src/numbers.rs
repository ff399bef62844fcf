//! What a row of numbers has in it: extremes, zeros, whole numbers, what survives in fewer bits.
//!
//! Plain loops over slices that the compiler turns into vector instructions. Pure.

use heapwise_capture::inspection::Facts;
use serde_json::Number;

/// A number of an array.
pub(crate) trait Element: Copy + PartialOrd {
    /// Whether such numbers may have a part behind the point.
    const FLOATING: bool;
    const WIDE: bool;
    const HIGHEST: Self;
    const LOWEST: Self;
    const ZERO: Self;

    fn is_nan(self) -> bool;
    fn is_whole(self) -> bool;
    fn survives_narrowing(self) -> bool;
    fn number(self) -> Option<Number>;
}

macro_rules! integers {
    ($($kind:ty),*) => {$(
        impl Element for $kind {
            const FLOATING: bool = false;
            const WIDE: bool = false;
            const HIGHEST: Self = Self::MAX;
            const LOWEST: Self = Self::MIN;
            const ZERO: Self = 0;

            fn is_nan(self) -> bool { false }
            fn is_whole(self) -> bool { true }
            fn survives_narrowing(self) -> bool { true }
            fn number(self) -> Option<Number> { Some(self.into()) }
        }
    )*};
}

integers!(i8, i16, i32, i64, u8, u16, u32, u64);

macro_rules! floats {
    ($($kind:ty, $wide:literal, $all_whole:literal);*) => {$(
        impl Element for $kind {
            const FLOATING: bool = true;
            const WIDE: bool = $wide;
            const HIGHEST: Self = Self::INFINITY;
            const LOWEST: Self = Self::NEG_INFINITY;
            const ZERO: Self = 0.0;

            #[inline]
            fn is_nan(self) -> bool { self != self }
            #[inline]
            #[expect(clippy::float_cmp, reason = "whether it is the same number is the question")]
            fn is_whole(self) -> bool {
                // Added to that number and taken from it again, a smaller one is rounded. Without a call, as `trunc` is one
                // where there is no instruction for it.
                let size = self.abs();
                (((size + $all_whole) - $all_whole == size) | (size >= $all_whole)) & (size < Self::INFINITY)
            }
            #[inline]
            #[expect(clippy::float_cmp, reason = "whether it is the same number is the question")]
            fn survives_narrowing(self) -> bool { (self as f32) as $kind == self }
            fn number(self) -> Option<Number> { Number::from_f64(f64::from(self)) }
        }
    )*};
}

// With the number from which on there is nothing behind the point.
floats!(f32, false, 8_388_608.0; f64, true, 4_503_599_627_370_496.0);

/// What was seen of a row of numbers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Summary<T> {
    minimum: T,
    maximum: T,
    missing: u64,
    zeros: u64,
    whole: bool,
    narrow: bool,
    any: bool,
}

impl<T: Element> Summary<T> {
    pub(crate) const fn new() -> Self {
        Self {
            minimum: T::HIGHEST,
            maximum: T::LOWEST,
            missing: 0,
            zeros: 0,
            whole: true,
            narrow: true,
            any: false,
        }
    }

    /// Takes in more of them.
    pub(crate) fn add(&mut self, values: &[T]) {
        const LANES: usize = 1024;
        self.any |= !values.is_empty();
        for piece in values.chunks(LANES) {
            let (mut minimum, mut maximum) = (self.minimum, self.maximum);
            let (mut missing, mut zeros) = (0u32, 0u32);
            for &value in piece {
                // A comparison with NaN is false, so it changes nothing.
                minimum = if value < minimum { value } else { minimum };
                maximum = if value > maximum { value } else { maximum };
                missing += u32::from(value.is_nan());
                zeros += u32::from(value == T::ZERO);
            }
            self.minimum = minimum;
            self.maximum = maximum;
            self.missing += u64::from(missing);
            self.zeros += u64::from(zeros);
            if T::FLOATING && self.whole {
                self.whole = piece.iter().fold(true, |all, &value| all & (value.is_whole() | value.is_nan()));
            }
            if T::WIDE && self.narrow {
                self.narrow = piece
                    .iter()
                    .fold(true, |all, &value| all & (value.survives_narrowing() | value.is_nan()));
            }
        }
    }

    pub(crate) const fn any(&self) -> bool {
        self.any
    }

    /// Writes down what was seen of `count` numbers.
    pub(crate) fn tell(&self, facts: &mut Facts, count: u64) {
        if self.minimum <= self.maximum {
            facts.minimum = self.minimum.number();
            facts.maximum = self.maximum.number();
        }
        if count > 0 {
            facts.zero_share = Some(self.zeros as f64 / count as f64);
        }
        if T::FLOATING {
            facts.missing = Some(self.missing);
            facts.all_integers = Some(self.whole && self.missing < count);
            if T::WIDE {
                facts.float32_exact = Some(self.narrow);
            }
        } else {
            facts.all_integers = Some(true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts<T: Element>(values: &[T]) -> Facts {
        let mut summary = Summary::new();
        summary.add(values);
        let mut facts = Facts::default();
        summary.tell(&mut facts, values.len() as u64);
        facts
    }

    #[test]
    fn floats_are_summed_up_without_nan() {
        let found = facts(&[1.5f64, f64::NAN, 0.0, -2.0]);
        assert_eq!(found.minimum, Number::from_f64(-2.0));
        assert_eq!(found.maximum, Number::from_f64(1.5));
        assert_eq!((found.missing, found.zero_share), (Some(1), Some(0.25)));
        assert_eq!((found.all_integers, found.float32_exact), (Some(false), Some(true)));
    }

    #[test]
    fn a_tenth_does_not_survive_in_32_bits_and_whole_numbers_do() {
        assert_eq!(facts(&[0.1f64]).float32_exact, Some(false));
        let whole = facts(&[1.0f64, f64::NAN, 3.0]);
        assert_eq!((whole.all_integers, whole.float32_exact), (Some(true), Some(true)));
        assert_eq!(facts(&[f64::from(1 << 25) + 1.0]).float32_exact, Some(false));
        assert_eq!(facts(&[0.5f32]).float32_exact, None);
    }

    #[test]
    fn what_is_behind_the_point_is_seen_up_to_where_nothing_can_be() {
        let all = f64::from_bits((1023 + 52) << 52);
        for whole in [0.0, -0.0, 1.0, -7.0, all - 1.0, all, all + 1.0, 3.0 * all + 1.0, -all, f64::MAX] {
            assert!(whole.is_whole(), "{whole}");
        }
        for broken in [0.5, -0.1, f64::MIN_POSITIVE, 1e9 + 0.25, all / 2.0 - 0.5, f64::NAN, f64::NEG_INFINITY]
        {
            assert!(!broken.is_whole(), "{broken}");
        }
        assert!(8_388_607.0f32.is_whole() && 16_777_216.0f32.is_whole() && f32::MAX.is_whole());
        assert!(!4_194_303.5f32.is_whole() && !f32::INFINITY.is_whole());
    }

    #[test]
    fn nothing_but_nan_has_no_extremes_and_is_no_whole_number() {
        let found = facts(&[f64::NAN; 3]);
        assert_eq!((found.minimum, found.maximum, found.all_integers), (None, None, Some(false)));
    }

    #[test]
    fn infinities_are_no_numbers_of_json_and_not_whole() {
        let found = facts(&[f64::INFINITY, 1.0]);
        assert_eq!((found.maximum, found.minimum), (None, Number::from_f64(1.0)));
        assert_eq!(found.all_integers, Some(false));
    }

    #[test]
    fn integers_of_all_widths() {
        let found = facts(&[0u8, 255, 0, 3]);
        assert_eq!((found.minimum, found.maximum), (Some(0.into()), Some(255.into())));
        assert_eq!(found.zero_share, Some(0.5));
        assert_eq!(facts(&[i64::MIN, i64::MAX]).minimum, Some(i64::MIN.into()));
    }
}
