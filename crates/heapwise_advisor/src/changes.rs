//! From "this object would be gone, smaller, or freed earlier" to changes of the recorded blocks.
//!
//! An object's large buffers are blocks of their own. What else it consists of (the numbers in a list, the strings
//! in a dict) is many small blocks, of which a sampled capture has some: these are found by the lines that made
//! them, if these lines made nothing else worth speaking of, and else told as an amount. Invariant: no change
//! takes away much more at the peak than the object alone keeps alive.

use heapwise_analysis::{Block, Change, Effect, MadeNext, Place};
use heapwise_profile::StackId;
use heapwise_profile::inspection::Object;
use heapwise_source::ast::{Expr, Stmt};
use heapwise_source::{Module, StatementId, VariableId};

use crate::case::{Case, Site};
use crate::syntax;

/// How much the small blocks of the lines that made an object may differ from it, to be taken for it.
const SAME_SHARE: f64 = 0.25;

impl Case<'_> {
    /// The object is never made.
    pub fn absent(&self, object: &Object) -> Vec<Change> {
        self.changes(object, object.own_bytes, &Effect::Absent)
    }

    /// The object is made otherwise and takes `new_bytes` instead of [`made_bytes`].
    pub fn shrunk(&self, object: &Object, new_bytes: u64) -> Vec<Change> {
        let made_bytes = made_bytes(object);
        if made_bytes == 0 {
            return Vec::new();
        }
        let in_blocks: u64 = self.own_blocks(object, made_bytes).iter().map(|block| block.bytes).sum();
        let rest = made_bytes.saturating_sub(in_blocks);
        // A table has room to spare, so that less than its bytes may be as much.
        if self.made_next(object).is_none()
            && has_rest(object, rest)
            && new_bytes >= in_blocks - in_blocks / 4
        {
            // What is behind a container's table goes first, since a table of its length is left in any case.
            let effect = Effect::Factor(new_bytes.saturating_sub(in_blocks) as f64 / rest as f64);
            return self.of_small_blocks(object, rest, &effect).into_iter().collect();
        }
        self.changes(object, made_bytes, &Effect::Factor(new_bytes as f64 / made_bytes as f64))
    }

    /// Several objects that one line made are made otherwise and take so many bytes: as [`Self::shrunk`] for each. Where the
    /// line's small blocks are those of all of them together, these are smaller from the first on.
    pub fn shrunk_together(&self, objects: &[(&Object, u64)]) -> Vec<Change> {
        let in_small_blocks = || {
            let was_made = objects.iter().all(|(object, _)| self.made_next(object).is_none());
            let (first, _) = objects.first().filter(|_| was_made && objects.len() > 1)?;
            let place = self.allocated_at(first)?;
            let mut large: Vec<Block> =
                objects.iter().flat_map(|(object, _)| self.own_blocks(object, made_bytes(object))).collect();
            large.sort_unstable_by_key(|block| (block.born, block.address));
            large.dedup_by_key(|block| (block.born, block.address));
            let in_blocks: u64 = large.iter().map(|block| block.bytes).sum();
            let sum = |bytes: &dyn Fn(&(&Object, u64)) -> u64| objects.iter().map(bytes).sum::<u64>();
            let rest = sum(&|(object, _)| made_bytes(object)).checked_sub(in_blocks)?;
            let new_rest = sum(&|(_, new_bytes)| *new_bytes).checked_sub(in_blocks)?;
            let mut stacks = self.site(place.file, place.line, place.line).stacks;
            stacks.retain(|stack| large.iter().all(|block| block.stack != *stack));
            let bytes: u64 = stacks.iter().map(|&stack| self.analysis.stack(stack).peak_bytes).sum();
            let effect = Effect::Factor(new_rest as f64 / rest.max(1) as f64);
            (2 * rest > in_blocks && is_same(bytes, rest)).then_some(Change::Stacks {
                stacks,
                from: 0,
                until: self.peak_moment(),
                effect,
            })
        };
        match in_small_blocks() {
            Some(change) => vec![change],
            None => objects.iter().flat_map(|&(object, new_bytes)| self.shrunk(object, new_bytes)).collect(),
        }
    }

    /// What an allocator that maps memory keeps around the buffers of a table, such as Arrow's: what the table's line has at
    /// the peak beyond its blocks. It shrinks with these objects, which
    /// are parts of the table, to their new bytes.
    pub fn smaller_around(
        &self,
        table: &Object,
        place: &Place<'_>,
        objects: &[(&Object, u64)],
    ) -> Option<Change> {
        let mut blocks = self.blocks_at_peak(table);
        blocks.sort_unstable_by_key(|block| (block.born, block.address));
        blocks.dedup_by_key(|block| (block.born, block.address));
        let sum = |blocks: &[Block]| blocks.iter().map(|block| block.bytes).sum::<u64>();
        let of_line = self.site(place.file, place.line, place.line).peak_bytes;
        let around = of_line.checked_sub(sum(&blocks)).filter(|_| is_same(of_line, sum(&blocks)))?;
        blocks.retain(|block| block.partial);
        let saved: f64 = objects
            .iter()
            .map(|&(object, new_bytes)| {
                let mut of_object = self.blocks_at_peak(object);
                of_object.retain(|block| block.partial);
                let share = 1.0 - new_bytes as f64 / made_bytes(object).max(1) as f64;
                sum(&of_object) as f64 * share.max(0.0)
            })
            .sum();
        let from = blocks.iter().map(|block| block.born).min()?;
        let until = blocks.iter().map(|block| block.freed.unwrap_or(u64::MAX)).max()?;
        let effect = Effect::Factor(1.0 - (saved / sum(&blocks) as f64).min(1.0));
        amount(around, from, until, &effect)
    }

    /// The object is freed at a moment.
    pub fn freed_at(&self, object: &Object, moment: u64) -> Vec<Change> {
        self.changes(object, object.own_bytes, &Effect::FreedAt(moment))
    }

    /// The line that puts elements into a container, and those on which the names that it puts there get their values.
    fn lines_of_elements(&self, place: &Place<'_>) -> Vec<u32> {
        let mut lines = vec![place.line];
        let Some((module, id)) = self.statement(place) else { return lines };
        let heads = |id: StatementId| {
            let header = module.statement(id).header;
            module.lines().line(header.start)..=module.lines().line(header.end.saturating_sub(1))
        };
        lines.extend(heads(id));
        for variable in names_given(module, module.syntax(id)) {
            let writes = module.occurrences_of(variable).filter(|it| it.access.rebinds());
            lines.extend(writes.flat_map(|it| heads(it.statement)));
        }
        lines.sort_unstable();
        lines.dedup();
        lines
    }

    /// The blocks of an object and its parts at the peak, without those that it shares with others.
    fn own_blocks(&self, object: &Object, own_bytes: u64) -> Vec<Block> {
        let most = own_bytes + own_bytes / 50;
        let mut blocks = self.blocks_at_peak(object);
        let mut in_blocks = 0;
        blocks.retain(|block| {
            let own = in_blocks + block.bytes <= most;
            in_blocks += if own { block.bytes } else { 0 };
            own
        });
        blocks
    }

    fn changes(&self, object: &Object, own_bytes: u64, effect: &Effect) -> Vec<Change> {
        if let Some(made) = self.made_next(object) {
            return self.of_made_next(made, own_bytes, effect);
        }
        let mut changes = Vec::new();
        let blocks = self.blocks_at_peak(object);
        let own = self.own_blocks(object, own_bytes);
        for block in &own {
            if block.partial {
                let (from, until) = (block.born, block.freed.unwrap_or(u64::MAX));
                changes.extend(amount(block.bytes, from, until, effect));
            } else {
                changes.push(self.of_block(block, &blocks, effect));
            }
        }
        let in_blocks: u64 = own.iter().map(|block| block.bytes).sum();
        let rest = own_bytes.saturating_sub(in_blocks);
        if has_rest(object, rest) {
            changes.extend(match blocks.first() {
                // A column has its part of a block of several.
                Some(block) if own.is_empty() => {
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
        let own: u64 = of_object.iter().filter(|it| stacks.contains(&it.stack)).map(|it| it.bytes).sum();
        // If they made more than the object's blocks that is there at the peak, they make other things as well; an array's
        // header is a small one.
        if at_peak > 0 && at_peak <= own + own / 100 {
            Change::Stacks { stacks, from: 0, until: u64::MAX, effect: effect.clone() }
        } else {
            Change::Block { born: block.born, effect: effect.clone() }
        }
    }

    /// The change for `rest` bytes of an object that are in small blocks.
    fn of_small_blocks(&self, object: &Object, rest: u64, effect: &Effect) -> Option<Change> {
        let large = self.objects.blocks_of(object);
        let place = self.allocated_at(object)?;
        let off = |site: &Site| {
            // The blocks of the object itself, such as a list's table, come from these lines too.
            let at_peak = large.iter().filter(|block| block.lives_at(self.peak_moment()));
            let others: u64 =
                at_peak.filter(|block| site.stacks.contains(&block.stack)).map(|block| block.bytes).sum();
            site.peak_bytes.saturating_sub(others).abs_diff(rest)
        };
        let lines = [place.line];
        let sites = [
            self.site(place.file, place.line, place.line),
            self.site_with_callees(place.file, &lines),
            self.site_with_callees(place.file, &self.lines_of_elements(&place)),
        ];
        let nearest = sites.into_iter().min_by_key(off)?;
        if off(&nearest) as f64 <= SAME_SHARE * rest as f64 {
            // The table and the smaller ones before it stay, where their stacks are not those of the elements too.
            let of_elements = |stack: &StackId| large.iter().all(|block| block.stack != *stack);
            let stacks: Vec<StackId> = nearest.stacks.iter().copied().filter(of_elements).collect();
            let bytes: u64 = stacks.iter().map(|&stack| self.analysis.stack(stack).peak_bytes).sum();
            let stacks = if is_same(bytes, rest) { stacks } else { nearest.stacks };
            let effect = effect.clone();
            return Some(Change::Stacks { stacks, from: 0, until: self.peak_moment(), effect });
        }
        let (from, until) = match large.first() {
            Some(block) => (block.born, block.freed.unwrap_or(u64::MAX)),
            None => (0, u64::MAX),
        };
        amount(rest, from, until, effect)
    }
}

/// The bytes that depend on how an object is made: what it alone keeps alive, and of an array or a column that is all of
/// its buffers, these, though views of it may keep them alive too.
pub(crate) fn made_bytes(object: &Object) -> u64 {
    let dtype = object.dtype.as_deref().unwrap_or("");
    let digits =
        if dtype == "object" { "64" } else { dtype.trim_start_matches(|it: char| !it.is_ascii_digit()) };
    let bits: u64 = digits.parse().unwrap_or(0);
    let data = if bits == 0 { object.bytes } else { object.shape.iter().product::<u64>() * bits / 8 };
    let values = object.kind == "pandas.Series" || object.kind == "numpy.ndarray" && bits != 0;
    let buffers: u64 = object.buffers.iter().map(|buffer| buffer.bytes).sum();
    if values && buffers <= data { object.own_bytes.max(buffers) } else { object.own_bytes }
}

/// Whether the blocks of some lines can be taken for `bytes` of an object.
fn is_same(of_lines: u64, bytes: u64) -> bool {
    of_lines.abs_diff(bytes) as f64 <= SAME_SHARE * bytes as f64
}

/// Whether so much of an object is in small blocks that it matters.
const fn has_rest(object: &Object, rest: u64) -> bool {
    rest > object.own_bytes / 20
}

/// The names that a statement reads and that give their values on, as `x` and `n` of `rows.append((x, n))`.
fn names_given(module: &Module, statement: &Stmt) -> Vec<VariableId> {
    let values: Vec<&Expr> = match statement {
        Stmt::Expr(it) => match it.value.as_ref() {
            Expr::Call(call) => call.arguments.args.iter().collect(),
            other => vec![other],
        },
        other => syntax::value_of(other).into_iter().collect(),
    };
    let parts = values.into_iter().flat_map(syntax::parts);
    parts.filter_map(|part| module.variable_of(part)).collect()
}

/// The change for bytes that are in no block of their own and live between two moments.
fn amount(bytes: u64, born: u64, until: u64, effect: &Effect) -> Option<Change> {
    // From the moment before that event on: they are other bytes when it allocates them.
    let from = born.saturating_sub(1);
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
