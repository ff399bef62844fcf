//! Poisson sampling over bytes: the chance that a block is recorded, and the weight it then has.
//!
//! A Poisson process of rate 1/`interval` runs over the bytes that a thread allocates; a block is recorded if
//! at least one point falls into it, which happens with probability p = 1 - exp(-size / interval). A recorded
//! block stands for 1/p blocks (Horvitz and Thompson 1952, "A Generalization of Sampling Without Replacement
//! from a Finite Universe"), which makes every sum over recorded blocks unbiased; the variance that the
//! estimate of a sum of sizes gains by one recorded block is size² (1 - p) / p².
//!
//! Blocks of at least `threshold` bytes are always recorded: p = 1.

/// The rule by which a thread chose blocks from some event on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sampling {
    /// Mean bytes between two points; 0 records every block.
    pub interval: u64,
    /// Bytes from which a block is always recorded.
    pub threshold: u64,
}

impl Sampling {
    /// Every block is recorded.
    pub const EXACT: Self = Self { interval: 0, threshold: 0 };

    /// The chance that a block of `size` bytes is recorded.
    #[inline]
    pub fn probability(self, size: u64) -> f64 {
        if self.interval == 0 || size >= self.threshold {
            1.0
        } else {
            // A block of no bytes is sampled as one of a byte, see the agent's sampler.
            -(-(size.max(1) as f64) / self.interval as f64).exp_m1()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_blocks_are_certain_and_small_ones_in_proportion() {
        let sampling = Sampling { interval: 1024, threshold: 16_384 };
        assert!((sampling.probability(16_384) - 1.0).abs() < f64::EPSILON);
        assert!((sampling.probability(1024) - (1.0 - (-1.0f64).exp())).abs() < 1e-12);
        assert!(sampling.probability(0) > 0.0);
        assert!((Sampling::EXACT.probability(1) - 1.0).abs() < f64::EPSILON);
    }
}
