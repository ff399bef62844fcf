//! From "this object would be gone, smaller, or freed earlier" to changes of the recorded blocks.
//!
//! An object's large buffers are blocks of their own. What else it consists of (the numbers in a list, the strings
//! in a dict) is many small blocks, of which a sampled capture has some: these are found by the lines that made
//! them, if these lines made nothing else worth speaking of, and else told as an amount. Invariant: no change
//! takes away more at the peak than the object alone keeps alive.

use heapwise_analysis::{Block, Change, Effect, MadeNext};
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
        if let Some(made) = self.made_next(object) {
            return self.of_made_next(made, own_bytes, effect);
        }
        let mut changes = Vec::new();
        let mut in_blocks = 0;
        let mut shared = None;
        let blocks = self.blocks_at_peak(object);
        for block in &blocks {
            if in_blocks + block.bytes > own_bytes + own_bytes / 50 {
                // What is shared with others stays.
                shared = shared.or(Some(block));
                continue;
            }
            in_blocks += block.bytes;
            if block.partial {
                let (from, until) = (block.born, block.freed.unwrap_or(u64::MAX));
                changes.extend(amount(block.bytes, from, until, effect));
            } else {
                changes.push(self.of_block(block, &blocks, effect));
            }
        }
        let rest = own_bytes.saturating_sub(in_blocks);
        if rest > own_bytes / 20 {
            changes.extend(match shared {
                // A column has its part of a block of several.
                Some(block) if in_blocks == 0 => {
                    amount(rest, block.born, block.freed.unwrap_or(u64::MAX), effect)
                }
                _ => self.of_small_blocks(object, rest, effect),
            });
        }
        changes
    }

    /// The changes for what was only being made at the peak: its blocks, and what the same code had in their place then.
    fn of_made_next(&self, made: &MadeNext<'_>, own_bytes: u64, effect: &Effect) -> Vec<Change> {
        let in_blocks: u64 = made.blocks.iter().map(|block| block.bytes).sum();
        if in_blocks > own_bytes + own_bytes / 50 {
            // A column has its part of a block of several.
            let block = made.blocks.first();
            return block
                .and_then(|block| amount(own_bytes, block.born, block.freed.unwrap_or(u64::MAX), effect))
                .into_iter()
                .collect();
        }
        let mut changes: Vec<Change> = made
            .blocks
            .iter()
            .map(|block| Change::Block { born: block.born, effect: effect.clone() })
            .collect();
        let mut stacks: Vec<_> = made.blocks.iter().map(|block| block.stack).collect();
        stacks.sort_unstable();
        stacks.dedup();
        let at_peak: u64 = stacks.iter().map(|&stack| self.analysis.stack(stack).peak_bytes).sum();
        if 2 * at_peak >= own_bytes && !matches!(effect, Effect::FreedAt(_)) {
            changes.push(Change::Stacks {
                stacks,
                from: 0,
                until: self.peak_moment(),
                effect: effect.clone(),
            });
        }
        changes
    }

    /// The change for one block. What the same code makes whenever it runs is the same thing each time, so where it is
    /// made otherwise all of them are: the arrays of a function that is called again, one after the other.
    fn of_block(&self, block: &Block, of_object: &[Block], effect: &Effect) -> Change {
        let stacks = match effect {
            Effect::Absent | Effect::Factor(_) => self.same_code(block.stack),
            _ => Vec::new(),
        };
        let at_peak: u64 = stacks.iter().map(|&stack| self.analysis.stack(stack).peak_bytes).sum();
        let own = of_object.iter().filter(|it| stacks.contains(&it.stack));
        // If they made more than the object's blocks that is there at the peak, they make other things as well.
        if at_peak > 0 && at_peak == own.map(|it| it.bytes).sum::<u64>() {
            Change::Stacks { stacks, from: 0, until: u64::MAX, effect: effect.clone() }
        } else {
            Change::Block { born: block.born, effect: effect.clone() }
        }
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
