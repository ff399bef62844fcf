//! Which elements of a long row are looked at, and in which order.
//!
//! Invariants: each is visited once; the order is spread over the row, so that what was seen when the time ends stands for the
//! rest; elements are taken in rows, because single ones at equal distances may all be the same one of a pattern.

/// Elements of a large container that stand together in the order in which they are looked at.
const PIECE: usize = 8;

/// The numbers below `count`, each once, in an order that is spread over them from the first ones on.
pub(crate) fn spread(count: usize) -> impl Iterator<Item = usize> {
    let bits = count.next_power_of_two().trailing_zeros();
    (0..1usize << bits).map(move |number| spread_out(number, bits)).filter(move |&place| place < count)
}

/// A number of so many bits with its bits turned round.
const fn spread_out(number: usize, bits: u32) -> usize {
    if bits == 0 { 0 } else { number.reverse_bits() >> (usize::BITS - bits) }
}

/// Where a place of a sample stands, which takes one row of so many elements of `step` rows. Single elements at equal
/// distances would meet the same ones again and again where a pattern repeats.
pub(crate) const fn in_rows(place: usize, step: usize, row: usize) -> usize {
    place / row * row * step + place % row
}

/// Places of a container, piece by piece, the pieces in an order that is spread over it.
#[derive(Debug)]
pub(crate) struct Places {
    next: usize,
    end: usize,
    step: usize,
    /// Places that are visited, of so many.
    count: usize,
    length: usize,
    piece: usize,
    turn: usize,
    pieces: usize,
}

impl Iterator for Places {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        loop {
            if self.next == self.end {
                self.next_piece()?;
            }
            let place = in_rows(self.next, self.step, PIECE);
            self.next += 1;
            if place < self.length {
                return Some(place);
            }
        }
    }
}

impl Places {
    /// Those of a container of this length, one row in `step`: in an order from all over it if they may not all be seen.
    pub(crate) fn new(length: usize, step: usize, from_all_over: bool) -> Self {
        let count = length.div_ceil(step);
        let piece = if from_all_over { PIECE.min(count) } else { count };
        let pieces = count.div_ceil(piece.max(1));
        Self { next: 0, end: 0, step, count, length, piece, turn: 0, pieces }
    }

    fn next_piece(&mut self) -> Option<()> {
        self.turn += 1;
        // Numbers whose bits are turned round visit every part before any is finished.
        let bits = self.pieces.next_power_of_two().trailing_zeros();
        while self.turn < 1 << bits {
            let at = spread_out(self.turn, bits);
            if at < self.pieces {
                self.next = at * self.piece;
                self.end = (self.next + self.piece).min(self.count);
                return Some(());
            }
            self.turn += 1;
        }
        // The first ones come last: they are often not like the others, and few may stand for all.
        if self.turn > 1 << bits || self.pieces == 0 {
            return None;
        }
        self.next = 0;
        self.end = self.piece.min(self.count);
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use rustc_hash::FxHashSet;

    use super::*;

    #[test]
    fn a_sample_meets_each_place_once_and_every_phase_of_a_pattern() {
        for (length, step) in [(0, 1), (7, 1), (4_000_000, 64), (1_000_003, 100)] {
            let count = usize::div_ceil(length, step);
            let mut seen: Vec<usize> = Places::new(length, step, true).collect();
            seen.sort_unstable();
            let phases: FxHashSet<usize> = seen.iter().map(|place| place % 4).collect();
            assert!(seen.windows(2).all(|pair| pair[0] < pair[1]));
            assert!(seen.iter().all(|&place| place < length));
            assert!(count - seen.len() < PIECE, "{} of {count}", seen.len());
            assert_eq!(phases.len(), length.min(4));
        }
    }
}
