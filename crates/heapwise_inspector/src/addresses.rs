//! The numbers of objects by their addresses: open addressing, since the walk asks for every reference that there is.
//!
//! Invariant: at least half of the places are free, so that a search ends soon.

use heapwise_cpython::objects::Address;

/// The number of what was met and does not count.
pub(crate) const LEFT_OUT: u32 = u32::MAX;
/// The number of what was not met before.
pub(crate) const NEW: u32 = u32::MAX - 1;

const FEWEST: usize = 256;

#[derive(Debug)]
pub(crate) struct Addresses {
    /// Address, 0 for a free place, and number.
    places: Vec<(Address, u32)>,
    used: usize,
}

impl Default for Addresses {
    fn default() -> Self {
        Self { places: vec![(0, 0); FEWEST], used: 0 }
    }
}

impl Addresses {
    /// The number of an address that is not 0, to be set if it is [`NEW`].
    #[inline]
    pub(crate) fn number(&mut self, address: Address) -> &mut u32 {
        if self.used * 2 >= self.places.len() {
            self.grow();
        }
        let place = self.place(address);
        let entry = &mut self.places[place];
        if entry.0 == 0 {
            *entry = (address, NEW);
            self.used += 1;
        }
        &mut entry.1
    }

    /// The number of an address, if it was met and counts.
    #[inline]
    pub(crate) fn get(&self, address: Address) -> Option<u32> {
        let (known, number) = self.places[self.place(address)];
        (address != 0 && known == address && number != LEFT_OUT).then_some(number)
    }

    /// The place of an address, or the free one where it would stand.
    #[inline]
    fn place(&self, address: Address) -> usize {
        let mask = self.places.len() - 1;
        // Fibonacci hashing: the upper bits of the product are spread best.
        let hash = (address as u64 >> 3).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mut place = (hash >> 32) as usize & mask;
        loop {
            let known = self.places[place].0;
            if known == address || known == 0 {
                return place;
            }
            place = (place + 1) & mask;
        }
    }

    #[cold]
    fn grow(&mut self) {
        let larger = vec![(0, 0); self.places.len() * 2];
        let entries = std::mem::replace(&mut self.places, larger);
        for entry in entries.into_iter().filter(|entry| entry.0 != 0) {
            let place = self.place(entry.0);
            self.places[place] = entry;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_met_is_found_and_nothing_else() {
        let mut addresses = Addresses::default();
        for number in 0..10_000u32 {
            let entry = addresses.number(16 * (number as usize + 1));
            assert_eq!(*entry, NEW);
            *entry = if number % 3 == 0 { LEFT_OUT } else { number };
        }
        for number in 0..10_000u32 {
            let address = 16 * (number as usize + 1);
            let expected = if number % 3 == 0 { None } else { Some(number) };
            assert_eq!(addresses.get(address), expected);
            assert_eq!(*addresses.number(address), expected.unwrap_or(LEFT_OUT));
        }
        assert_eq!((addresses.get(0), addresses.get(8)), (None, None));
    }
}
