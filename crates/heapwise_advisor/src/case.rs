//! All that a rule may look at: one run, seen from its peak.
//!
//! Owns the questions that rules have in common: which objects were alive at the peak, which blocks and which
//! lines they come from, what line a function was at, when something was last used. Invariants: what cannot be
//! known is `None`, never a guess; nothing here depends on anything but the capture.

use std::cell::RefCell;
use std::rc::Rc;

use heapwise_analysis::{Analysis, Block, MadeNext, Objects, Place, site_blocks, user_place};
use heapwise_profile::inspection::{Holder, HolderKind, Inspection, Object};
use heapwise_profile::{EventKind, FrameId, NO_STACK, Origin, Position, Profile, StackId, origin};
use heapwise_source::{self as source, Liveness, Module, Role};
use rustc_hash::FxHashMap;

use crate::versions::Version;

/// Blocks from this size on are recorded one by one.
const LARGE_PIECE: u64 = 16 * 1024;
/// More blocks of one line are not looked at.
const MOST_PIECES: usize = 1_000_000;

/// The parsed files of a capture, by name.
#[derive(Debug)]
pub struct Sources<'a>(FxHashMap<&'a str, Module>);

impl<'a> Sources<'a> {
    /// Parses all files whose text the capture has; what is no Python is left out.
    pub fn parse(profile: &'a Profile) -> Self {
        Self(profile.sources().filter_map(|(file, text)| Some((file, Module::parse(text).ok()?))).collect())
    }
}

/// The file whose module body is the outermost code of the user's.
fn script(profile: &Profile) -> Option<&str> {
    (1..=profile.stack_count() as StackId).find_map(|id| {
        let stack = profile.stack(id)?;
        let outermost = stack.parent == NO_STACK
            || profile.outwards(stack.parent).all(|frame| profile.origin_of(frame) == Origin::Python);
        let file = profile.file_of(stack.frame);
        let body =
            profile.function_of(stack.frame) == "<module>" && profile.origin_of(stack.frame) == Origin::User;
        (outermost && body).then_some(file)
    })
}

/// One run, seen from its peak.
pub struct Case<'a> {
    /// The capture.
    pub profile: &'a Profile,
    /// Its analysis.
    pub analysis: &'a Analysis,
    /// The look at the objects nearest to the peak, joined with the recorded blocks.
    pub objects: &'a Objects<'a>,
    sources: &'a Sources<'a>,
    /// By file.
    liveness: RefCell<FxHashMap<&'a str, Rc<Liveness<'a>>>>,
    /// The file that was run.
    script: Option<&'a str>,
    /// By stack: the innermost line of the user's code.
    user_places: Vec<Option<Place<'a>>>,
}

/// All blocks that one line of the user's asked for, itself or through libraries.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Site {
    /// The stacks.
    pub stacks: Vec<StackId>,
    /// Bytes of theirs that were live at the peak.
    pub peak_bytes: u64,
    /// Blocks of theirs that were live at the peak.
    pub peak_blocks: u64,
    /// Bytes that they asked for over the whole run.
    pub allocated_bytes: u64,
    /// How often they asked.
    pub allocations: u64,
}

/// What [`Case::turns`] found; moments are ascending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turns {
    /// The moments at which the code passed on.
    pub passed: Vec<u64>,
    /// By stack asked for: the moments before its allocations.
    pub allocated: Vec<Vec<u64>>,
}

/// Where a frame stands, as the source knows it.
fn place(profile: &Profile, frame: FrameId) -> source::Place {
    let Position { line, end_line, column, end_column } = profile.frame(frame).position;
    source::Place { line, end_line, column, end_column }
}

impl<'a> Case<'a> {
    /// Makes a case of a capture. `analysis` and `objects` must be those of `profile`.
    pub fn new(
        profile: &'a Profile,
        analysis: &'a Analysis,
        objects: &'a Objects<'a>,
        sources: &'a Sources<'a>,
    ) -> Self {
        let stacks = 0..=profile.stack_count() as StackId;
        Self {
            profile,
            analysis,
            objects,
            sources,
            liveness: RefCell::default(),
            script: script(profile),
            user_places: stacks.map(|stack| user_place(profile, stack)).collect(),
        }
    }

    /// The look at the objects nearest to the peak.
    pub fn inspection(&self) -> Option<&'a Inspection> {
        self.objects.inspection
    }

    /// The highest heap, bytes.
    pub fn peak_bytes(&self) -> u64 {
        self.analysis.peak.heap_bytes
    }

    /// The moment of the peak, as the number of its event.
    pub fn peak_moment(&self) -> u64 {
        self.analysis.peak.sequence
    }

    /// The least saving that is worth a finding: 1 % of the peak, and 1 MB.
    pub fn least_bytes(&self) -> u64 {
        (self.peak_bytes() / 100).max(1_000_000)
    }

    /// The syntax of a file of the user's; `None` if the capture does not have its text or it does not parse.
    pub fn module(&self, file: &str) -> Option<&'a Module> {
        self.sources.0.get(file)
    }

    /// Liveness of the names of such a file.
    pub fn liveness(&self, file: &str) -> Option<Rc<Liveness<'a>>> {
        let (&file, module) = self.sources.0.get_key_value(file)?;
        let role = if self.script == Some(file) { Role::Script } else { Role::Imported };
        let mut known = self.liveness.borrow_mut();
        Some(Rc::clone(known.entry(file).or_insert_with(|| Rc::new(Liveness::of(module, role)))))
    }

    /// The file that was run as the program; `None` if it has none.
    pub fn script(&self) -> Option<&'a str> {
        self.script
    }

    /// All files of the user's with their syntax, by name.
    pub fn modules(&self) -> Vec<(&'a str, &'a Module)> {
        let mut modules: Vec<_> = self.sources.0.iter().map(|(file, module)| (*file, module)).collect();
        modules.sort_by_key(|(file, _)| *file);
        modules
    }

    /// The version of Python that ran.
    pub fn python(&self) -> Option<Version> {
        self.profile.fact("python").find_map(Version::parse)
    }

    /// The version of a library that was imported, by the name of its module.
    pub fn library(&self, module: &str) -> Option<Version> {
        self.profile.fact(&format!("module:{module}")).find_map(Version::parse)
    }

    /// Named objects of the look that are worth a word and, as far as can be told, were alive at the peak; those
    /// that hold most first. Parts (columns, attributes) are in [`Object::parts`].
    pub fn large_objects(&self) -> impl Iterator<Item = &'a Object> {
        let named =
            |object: &&Object| object.holder.as_ref().is_none_or(|holder| holder.kind != HolderKind::Stack);
        let objects = self.objects.held.iter().filter(named);
        objects.filter(|object| object.bytes >= self.least_bytes() && self.alive_at_peak(object))
    }

    /// Whether an object was alive at the peak, as its blocks tell: at least half of their bytes. One without
    /// blocks of its own (many small objects) counts as alive if it was made before the peak.
    pub fn alive_at_peak(&self, object: &Object) -> bool {
        let blocks = self.objects.blocks_of(object);
        let all: u64 = blocks.iter().map(|block| block.bytes).sum();
        let alive: u64 =
            blocks.iter().filter(|block| block.lives_at(self.peak_moment())).map(|block| block.bytes).sum();
        if all > 0 && alive >= all.div_ceil(2) {
            return true;
        }
        // Blocks that are a small part of it, such as the table of a list of objects, may be younger than the peak.
        4 * all < object.own_bytes.max(1)
            && (self.inspection().is_some_and(|look| look.sequence <= self.peak_moment())
                || self.was_seen_before_the_peak(object))
    }

    /// Whether a look before the peak saw the name with a good part of the bytes: it grew on to the peak.
    fn was_seen_before_the_peak(&self, object: &Object) -> bool {
        let looks = self.profile.inspections().iter().filter(|look| look.sequence <= self.peak_moment());
        let mut seen = looks.flat_map(|look| &look.objects);
        seen.any(|other| other.name == object.name && 8 * other.bytes >= object.bytes)
    }

    /// What is known of an object that the line at the peak was only making, and that a later look saw.
    pub fn made_next(&self, object: &Object) -> Option<&'a MadeNext<'a>> {
        self.objects.made_next.iter().find(|made| std::ptr::eq(made.object, object))
    }

    /// Whether the peak was reached while this line ran.
    pub fn is_at_peak(&self, place: &Place<'_>) -> bool {
        let running = self.user_place(self.analysis.peak.stack);
        running.is_some_and(|it| (it.file, it.line) == (place.file, place.line))
    }

    /// If the peak was reached while a line was making `table`: the large blocks that the line has beside it, such as
    /// the pieces that it is put together of.
    pub fn pieces_at_peak(&self, table: &Object, place: &Place<'_>) -> Vec<Block> {
        if !self.is_at_peak(place) {
            return Vec::new();
        }
        let own: Vec<u64> = match self.made_next(table) {
            Some(made) => made.blocks.iter().map(|block| block.born).collect(),
            None => self.objects.blocks_of(table).iter().map(|block| block.born).collect(),
        };
        let stacks = self.site(place.file, place.line, place.line).stacks;
        let mut pieces = site_blocks(self.profile, &stacks, LARGE_PIECE, MOST_PIECES);
        pieces.retain(|block| block.lives_at(self.peak_moment()) && !own.contains(&block.born));
        pieces
    }

    /// The blocks of an object and its parts that were live at the peak, largest first.
    pub fn blocks_at_peak(&self, object: &Object) -> Vec<Block> {
        let mut blocks = self.objects.blocks_of(object);
        blocks.retain(|block| block.lives_at(self.peak_moment()));
        blocks
    }

    /// Where most of an object's bytes were allocated: the user's line.
    pub fn allocated_at(&self, object: &Object) -> Option<Place<'a>> {
        self.objects.allocated_at(self.profile, object)
    }

    /// The user's line for a stack.
    pub fn user_place(&self, stack: StackId) -> Option<Place<'a>> {
        self.user_places.get(stack as usize).copied().flatten()
    }

    /// What the lines `first` to `last` of a file of the user's asked for.
    pub fn site(&self, file: &str, first: u32, last: u32) -> Site {
        let mut site = Site::default();
        for (stack, place) in self.user_places.iter().enumerate() {
            if place.is_some_and(|place| place.file == file && (first..=last).contains(&place.line)) {
                self.add_to(&mut site, stack as StackId);
            }
        }
        site
    }

    /// All stacks that came the same way from the same line of the user's as `stack`, whoever called that.
    pub fn same_code(&self, stack: StackId) -> Vec<StackId> {
        self.stacks_alike(stack, |stack| {
            let mut frames = Vec::new();
            for frame in self.profile.outwards(stack) {
                frames.push(frame);
                if self.is_user_file(self.profile.file_of(frame)) {
                    return Some(frames);
                }
            }
            None
        })
    }

    /// The stacks that stand at the same lines as this one, itself among them: one line may have several, as the interpreter
    /// was at one or another of its instructions.
    pub fn stacks_of_same_lines(&self, stack: StackId) -> Vec<StackId> {
        let line = |frame: FrameId| {
            let position = self.profile.frame(frame).position;
            (position.line, self.profile.function_of(frame), self.profile.file_of(frame))
        };
        self.stacks_alike(stack, |stack| Some(self.profile.outwards(stack).map(line).collect::<Vec<_>>()))
    }

    /// The stacks that allocated something and in which `trace` sees what it sees in `stack`; none if that is nothing.
    fn stacks_alike<T: PartialEq>(
        &self,
        stack: StackId,
        trace: impl Fn(StackId) -> Option<T>,
    ) -> Vec<StackId> {
        let Some(wanted) = trace(stack) else { return Vec::new() };
        let place = self.user_place(stack).map(|place| (place.file, place.line));
        let alike = |&other: &StackId| {
            self.analysis.stack(other).allocations > 0
                && self.user_place(other).map(|place| (place.file, place.line)) == place
                && trace(other).as_ref() == Some(&wanted)
        };
        (1..=self.profile.stack_count() as StackId).filter(alike).collect()
    }

    /// What these lines of a file of the user's, and all that they called, asked for.
    pub fn site_with_callees(&self, file: &str, lines: &[u32]) -> Site {
        let mut site = Site::default();
        let is_there = |frame: FrameId| {
            lines.contains(&self.profile.frame(frame).position.line) && self.profile.file_of(frame) == file
        };
        // By stack; a caller's stack has the lower number.
        let mut passes = vec![false];
        for id in 1..=self.profile.stack_count() as StackId {
            let Some(node) = self.profile.stack(id) else { break };
            let here = passes[node.parent as usize] || is_there(node.frame);
            passes.push(here);
            if here {
                self.add_to(&mut site, id);
            }
        }
        site
    }

    fn add_to(&self, site: &mut Site, stack: StackId) {
        let totals = self.analysis.stack(stack);
        if totals.allocations > 0 {
            site.stacks.push(stack);
            site.peak_bytes += totals.peak_bytes;
            site.peak_blocks += totals.peak_blocks;
            site.allocated_bytes += totals.allocated_bytes;
            site.allocations += totals.allocations;
        }
    }

    /// The frames at the peak, of the thread that reached it, innermost first.
    pub fn peak_frames(&self) -> impl Iterator<Item = FrameId> {
        self.profile.outwards(self.analysis.peak.stack)
    }

    /// Where the holder's function (or module body) was when the peak was reached; where another thread reached
    /// it, the line at the look. `None` if the function was not running then, or more than once.
    pub fn place_at_peak(&self, holder: &Holder) -> Option<source::Place> {
        let threads = self.profile.threads();
        let peak_thread = threads.iter().find(|thread| thread.number == self.analysis.peak.thread);
        let same_thread = holder.kind != HolderKind::Local
            || holder.thread == 0
            || peak_thread.is_none_or(|thread| thread.os_id == 0 || thread.os_id == holder.thread);
        if !same_thread {
            return (holder.line != 0).then(|| source::Place::of_line(holder.line));
        }
        let mut frames = self.peak_frames().filter(|&frame| self.is_frame_of(frame, holder));
        let frame = frames.next()?;
        frames.next().is_none().then(|| place(self.profile, frame))
    }

    /// Whether a frame runs the code that has the holder's name among its variables.
    pub fn is_frame_of(&self, frame: FrameId, holder: &Holder) -> bool {
        if self.profile.file_of(frame) != holder.file {
            return false;
        }
        let function = self.profile.function_of(frame);
        if holder.kind == HolderKind::Global {
            return function == "<module>";
        }
        let last = |name: &str| name.rsplit('.').next().unwrap_or("").to_owned();
        let first_line = self.profile.frame(frame).first_line;
        last(function) == last(&holder.function)
            && (first_line == holder.first_line || holder.first_line == 0)
    }

    /// The last moment up to the peak at which the holder's code was seen at a place for which `wanted` says yes;
    /// 0 if it never was.
    pub fn last_moment(&self, holder: &Holder, wanted: impl Fn(source::Place) -> bool) -> u64 {
        let mut latest = 0;
        for stack in 1..=self.profile.stack_count() as StackId {
            let Some(node) = self.profile.stack(stack) else { break };
            let seen = self.objects.last_seen(stack);
            if seen > latest
                && self.is_frame_of(node.frame, holder)
                && wanted(place(self.profile, node.frame))
            {
                latest = seen;
            }
        }
        latest
    }

    /// All moments at which the holder's code passed from a place for which `wanted` says yes to one for which it
    /// says no, each the last event at the former; and by stack of `stacks`, the moments before each of its
    /// allocations. One pass over the events.
    pub fn turns(
        &self,
        holder: &Holder,
        stacks: &[StackId],
        wanted: impl Fn(source::Place) -> bool,
    ) -> Turns {
        // By stack: whether the innermost frame of the holder's code on it is at a wanted place.
        let mut at_wanted: Vec<Option<bool>> = vec![None];
        for id in 1..=self.profile.stack_count() as StackId {
            let Some(node) = self.profile.stack(id) else { break };
            at_wanted.push(if self.is_frame_of(node.frame, holder) {
                Some(wanted(place(self.profile, node.frame)))
            } else {
                at_wanted[node.parent as usize]
            });
        }
        let mut turns = Turns { passed: Vec::new(), allocated: stacks.iter().map(|_| Vec::new()).collect() };
        let mut last_wanted = None;
        for (_, event) in self.profile.events() {
            let (EventKind::Allocation { stack, .. }
            | EventKind::Map { stack, .. }
            | EventKind::Protect { stack, .. }) = event.kind
            else {
                continue;
            };
            match at_wanted.get(stack as usize).copied().flatten() {
                Some(true) => last_wanted = Some(event.sequence),
                Some(false) => turns.passed.extend(last_wanted.take()),
                None => {}
            }
            if let Some(index) = stacks.iter().position(|&known| known == stack) {
                turns.allocated[index].push(event.sequence.saturating_sub(1));
            }
        }
        turns
    }

    /// Whether a file is the user's own.
    pub fn is_user_file(&self, file: &str) -> bool {
        origin(file) == Origin::User
    }

    /// Whether the peak was reached at all.
    pub fn has_peak(&self) -> bool {
        self.analysis.peak.stack != NO_STACK || self.peak_bytes() > 0
    }
}
