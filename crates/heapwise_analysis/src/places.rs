//! Sums by line, function, file and origin.
//!
//! Invariant: every byte of the analysis is in exactly one `own` and exactly one `user` of the lines, and at
//! most once in the `total` of each place, however often the place is on the stack.

use std::cmp::Reverse;

use heapwise_profile::{NO_STACK, Origin, Profile, StackId};

use crate::Analysis;
use crate::place_index::{FILE, FUNCTION, IndexedLine, KINDS, LINE, ORIGIN, PlaceIds, PlaceIndex};
use crate::totals::Totals;

/// A place in a program.
///
/// What no Python frame asked for has the place [`Place::NO_PYTHON`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Place<'a> {
    /// Its file, as the code object names it; empty if not known.
    pub file: &'a str,
    /// The line, from 1; 0 if not known.
    pub line: u32,
    /// The qualified name of the function.
    pub function: &'a str,
}

impl Place<'_> {
    /// The place of what no Python frame asked for.
    pub const NO_PYTHON: Self = Self { file: "", line: 0, function: crate::NO_PYTHON };
}

/// Whose code a place is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Whose<'a> {
    /// By its file.
    Code(Origin<'a>),
    /// No Python frame asked.
    NoPython,
}

/// What a line allocated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineTotals<'a> {
    /// The line.
    pub place: Place<'a>,
    /// The line of its function's `def`; 0 if not known.
    pub first_line: u32,
    /// Whose code it is.
    pub whose: Whose<'a>,
    /// What was allocated while it was the innermost line.
    pub own: Totals,
    /// What was allocated by it and all that it called, each block once.
    pub total: Totals,
    /// What was allocated while it was the innermost line of the user's code (`Origin::User` or `NoFile`): its
    /// own and what libraries allocated for it. Bytes with no user code on the stack count for the
    /// innermost line of a library, else for the innermost line.
    pub user: Totals,
}

/// What a function allocated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FunctionTotals<'a> {
    /// The function; the line is that of its `def`.
    pub place: Place<'a>,
    /// Whose code it is.
    pub whose: Whose<'a>,
    /// What was allocated while it was the innermost function.
    pub own: Totals,
    /// With all that it called, each block once.
    pub total: Totals,
}

/// What a file allocated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileTotals<'a> {
    /// The file as code objects name it; [`crate::NO_PYTHON`] for what no Python frame asked for.
    pub file: &'a str,
    /// Whose code it is.
    pub whose: Whose<'a>,
    /// What was allocated while its code was innermost.
    pub own: Totals,
    /// With all that its code called, each block once.
    pub total: Totals,
}

/// What a library, the user's code, or Python's own library allocated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OriginTotals<'a> {
    /// Whose code it is.
    pub whose: Whose<'a>,
    /// What was allocated while its code was innermost.
    pub own: Totals,
    /// With all that its code called, each block once.
    pub total: Totals,
}

/// Sums by place. Each list is sorted by bytes live at the high-water mark, highest first: `own`, then `total`,
/// then the place.
#[derive(Debug, Clone, Default)]
pub struct Places<'a> {
    /// By (file, line, function).
    pub lines: Vec<LineTotals<'a>>,
    /// By (file, function, line of its `def`).
    pub functions: Vec<FunctionTotals<'a>>,
    /// By file.
    pub files: Vec<FileTotals<'a>>,
    /// By origin: each library, the user's code, Python's own.
    pub origins: Vec<OriginTotals<'a>>,
}

/// Sums an analysis up by place. `analysis` must be that of `profile`.
pub fn places<'a>(profile: &'a Profile, analysis: &Analysis) -> Places<'a> {
    let index = PlaceIndex::new(profile);
    let mut sums = Sums::new(&index);
    sums.add_without_python(&index, analysis.stack(NO_STACK));
    sums.add_stacks(profile, &index, analysis);
    sums.into_places(&index)
}

/// Sums by number of place.
#[derive(Debug)]
struct Sums {
    own: [Vec<Totals>; KINDS],
    total: [Vec<Totals>; KINDS],
    /// Of lines only.
    user: Vec<Totals>,
    /// How often each place is on the path of the walk.
    on_path: [Vec<u32>; KINDS],
}

/// A stack on the path of the walk.
#[derive(Debug)]
struct Step {
    stack: StackId,
    places: PlaceIds,
    /// The line that the user sees for what is allocated here, and how near to the user it is.
    user_line: u32,
    nearness: u8,
    /// What this stack and those below it that were left already allocated.
    below: Totals,
}

impl Sums {
    fn new(index: &PlaceIndex<'_>) -> Self {
        let counts = [index.lines.len(), index.functions.len(), index.files.len(), index.origins.len()];
        Self {
            own: counts.map(|count| vec![Totals::default(); count]),
            total: counts.map(|count| vec![Totals::default(); count]),
            user: vec![Totals::default(); counts[LINE]],
            on_path: counts.map(|count| vec![0; count]),
        }
    }

    fn add_without_python(&mut self, index: &PlaceIndex<'_>, totals: Totals) {
        for (kind, &place) in index.no_python.iter().enumerate() {
            self.own[kind][place as usize] += totals;
            self.total[kind][place as usize] += totals;
        }
        self.user[index.no_python[LINE] as usize] += totals;
    }

    /// Walks the tree of stacks once, depth first. A place takes a subtree's sum when the walk leaves the
    /// outermost stack that the place is on.
    fn add_stacks(&mut self, profile: &Profile, index: &PlaceIndex<'_>, analysis: &Analysis) {
        let mut unvisited = Siblings::new(profile);
        let mut path: Vec<Step> = Vec::new();
        loop {
            let here = path.last().map_or(NO_STACK, |step| step.stack);
            if let Some(stack) = unvisited.take_child(here) {
                let frame = profile.stack(stack).map_or(0, |stack| stack.frame);
                let step = self.enter(index, stack, index.of(frame), path.last(), analysis.stack(stack));
                path.push(step);
            } else if let Some(step) = path.pop() {
                self.leave(&step);
                if let Some(caller) = path.last_mut() {
                    caller.below += step.below;
                }
            } else {
                return;
            }
        }
    }

    fn enter(
        &mut self,
        index: &PlaceIndex<'_>,
        stack: StackId,
        places: PlaceIds,
        caller: Option<&Step>,
        own: Totals,
    ) -> Step {
        let line = places[LINE];
        let nearness = index.nearness(line);
        let (user_line, nearness) = match caller {
            Some(caller) if caller.nearness > nearness => (caller.user_line, caller.nearness),
            _ => (line, nearness),
        };
        self.user[user_line as usize] += own;
        for (kind, &place) in places.iter().enumerate() {
            self.own[kind][place as usize] += own;
            self.on_path[kind][place as usize] += 1;
        }
        Step { stack, places, user_line, nearness, below: own }
    }

    fn leave(&mut self, step: &Step) {
        for (kind, &place) in step.places.iter().enumerate() {
            let place = place as usize;
            self.on_path[kind][place] -= 1;
            if self.on_path[kind][place] == 0 {
                self.total[kind][place] += step.below;
            }
        }
    }

    /// The sums of one kind that are not zero: (index of the place, own, total).
    fn of(&self, kind: usize) -> impl Iterator<Item = (usize, Totals, Totals)> {
        let sums = self.own[kind].iter().zip(&self.total[kind]).enumerate();
        sums.map(|(place, (&own, &total))| (place, own, total)).filter(|(_, _, total)| !total.is_zero())
    }

    fn into_places<'a>(self, index: &PlaceIndex<'a>) -> Places<'a> {
        let mut places = Places {
            lines: self
                .of(LINE)
                .map(|(id, own, total)| {
                    let IndexedLine { place, first_line, whose } = index.lines[id];
                    LineTotals { place, first_line, whose, own, total, user: self.user[id] }
                })
                .collect(),
            functions: self
                .of(FUNCTION)
                .map(|(id, own, total)| {
                    let (place, whose) = index.functions[id];
                    FunctionTotals { place, whose, own, total }
                })
                .collect(),
            files: self
                .of(FILE)
                .map(|(id, own, total)| {
                    let (file, whose) = index.files[id];
                    FileTotals { file, whose, own, total }
                })
                .collect(),
            origins: self
                .of(ORIGIN)
                .map(|(id, own, total)| OriginTotals { whose: index.origins[id], own, total })
                .collect(),
        };
        let rank = |own: &Totals, total: &Totals| Reverse((own.peak_bytes, total.peak_bytes));
        let key = |place: &Place<'a>| (place.file, place.line, place.function);
        places.lines.sort_by_key(|it| (rank(&it.own, &it.total), key(&it.place)));
        places.functions.sort_by_key(|it| (rank(&it.own, &it.total), key(&it.place)));
        places.files.sort_by_key(|it| (rank(&it.own, &it.total), it.file));
        // Few, and in the order in which they first occur where they are equal.
        places.origins.sort_by_key(|it| rank(&it.own, &it.total));
        places
    }
}

/// The tree of stacks, as lists of children that can be taken one by one.
#[derive(Debug)]
struct Siblings {
    /// By number of stack: its first child that was not taken yet, 0 if there is none.
    first_child: Vec<StackId>,
    /// By number of stack: the next child of the same parent.
    next: Vec<StackId>,
}

impl Siblings {
    fn new(profile: &Profile) -> Self {
        let count = profile.stack_count();
        let mut siblings = Self { first_child: vec![0; count + 1], next: vec![0; count + 1] };
        for stack in (1..=count as StackId).rev() {
            let parent = profile.stack(stack).map_or(NO_STACK, |stack| stack.parent) as usize;
            siblings.next[stack as usize] = siblings.first_child[parent];
            siblings.first_child[parent] = stack;
        }
        siblings
    }

    fn take_child(&mut self, parent: StackId) -> Option<StackId> {
        let child = self.first_child[parent as usize];
        if child == NO_STACK {
            return None;
        }
        self.first_child[parent as usize] = self.next[child as usize];
        Some(child)
    }
}
