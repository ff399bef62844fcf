//! From "this object would be gone, smaller, or freed earlier" to changes of the recorded blocks.
//!
//! An object's large buffers are blocks of their own. What else it consists of (the numbers in a list, the strings
//! in a dict) is many small blocks, of which a sampled capture has some: these are found by the lines that made
//! them, if these lines made nothing else worth speaking of, and else told as an amount. Invariant: no change
//! takes away more at the peak than the object alone keeps alive.

use heapwise_analysis::{Change, Effect};
use heapwise_profile::inspection::Object;

use crate::case::Case;

/// How much the small blocks of the lines that made an object may differ from it, to be taken for it.
const SAME_SHARE: f64 = 0.25;

impl Case<'_> {
    /// The object is never made.
    pub fn absent(&self, object: &Object) -> Vec<Change> {
        self.changes(object, object.own_bytes, &Effect::Absent)
    }

    /// The object takes `new_bytes` where it alone keeps [`Object::own_bytes`].
    pub fn shrunk(&self, object: &Object, new_bytes: u64) -> Vec<Change> {
        if object.own_bytes == 0 {
            return Vec::new();
        }
        self.changes(object, object.own_bytes, &Effect::Factor(new_bytes as f64 / object.own_bytes as f64))
    }

    /// The object is freed at a moment.
    pub fn freed_at(&self, object: &Object, moment: u64) -> Vec<Change> {
        self.changes(object, object.own_bytes, &Effect::FreedAt(moment))
    }

    fn changes(&self, object: &Object, own_bytes: u64, effect: &Effect) -> Vec<Change> {
        let mut changes = Vec::new();
        let mut in_blocks = 0;
        let blocks = self.blocks_at_peak(object);
        for block in &blocks {
            if in_blocks + block.bytes > own_bytes + own_bytes / 50 {
                // What is shared with others stays.
                continue;
            }
            in_blocks += block.bytes;
            if block.partial {
                let (from, until) = (block.born, block.freed.unwrap_or(u64::MAX));
                changes.extend(amount(block.bytes, from, until, effect));
            } else {
                changes.push(Change::Block { born: block.born, effect: effect.clone() });
            }
        }
        let rest = own_bytes.saturating_sub(in_blocks);
        if rest > own_bytes / 20 {
            changes.extend(self.of_small_blocks(object, rest, effect));
        }
        changes
    }

    /// The change for `rest` bytes of an object that are in small blocks.
    fn of_small_blocks(&self, object: &Object, rest: u64, effect: &Effect) -> Option<Change> {
        let large = self.objects.blocks_of(object);
        let place = self.allocated_at(object)?;
        let site = self.site(place.file, place.line, place.line);
        // The blocks of the object itself, such as a list's table, come from these lines too.
        let others: u64 = large
            .iter()
            .filter(|block| block.lives_at(self.peak_moment()) && site.stacks.contains(&block.stack))
            .map(|block| block.bytes)
            .sum();
        let small = site.peak_bytes.saturating_sub(others);
        let same = small.abs_diff(rest) as f64 <= SAME_SHARE * rest as f64;
        if same {
            let effect = effect.clone();
            return Some(Change::Stacks { stacks: site.stacks, from: 0, until: self.peak_moment(), effect });
        }
        let (from, until) = match large.first() {
            Some(block) => (block.born, block.freed.unwrap_or(u64::MAX)),
            None => (0, u64::MAX),
        };
        amount(rest, from, until, effect)
    }
}

/// The change for bytes that are in no block of their own and live between two moments.
fn amount(bytes: u64, from: u64, until: u64, effect: &Effect) -> Option<Change> {
    let whole = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
    let resized = |new: u64| whole(new).saturating_sub(whole(bytes));
    Some(match *effect {
        Effect::Absent => Change::Amount { from, until, bytes: resized(0) },
        Effect::Factor(factor) => {
            Change::Amount { from, until, bytes: resized((bytes as f64 * factor) as u64) }
        }
        Effect::Size(new) => Change::Amount { from, until, bytes: resized(new) },
        Effect::FreedAt(moment) => Change::Amount { from: moment.max(from), until, bytes: resized(0) },
        // Without a block there is no birth to count from.
        Effect::FreedAtFirstOf(_) => return None,
    })
}
