//! All that a rule may look at: one run, seen from its peak.
//!
//! Owns the questions that rules have in common: which objects were alive at the peak, which blocks and which
//! lines they come from, what line a function was at, when something was last used. Invariants: what cannot be
//! known is `None`, never a guess; nothing here depends on anything but the capture.

use heapwise_analysis::{Analysis, Block, Objects, Place, user_place};
use heapwise_profile::inspection::{Holder, HolderKind, Inspection, Object};
use heapwise_profile::{FrameId, NO_STACK, Origin, Profile, StackId, origin};
use heapwise_source::Module;
use rustc_hash::FxHashMap;

use crate::versions::Version;

/// One run, seen from its peak.
#[derive(Debug)]
pub struct Case<'a> {
    /// The capture.
    pub profile: &'a Profile,
    /// Its analysis.
    pub analysis: &'a Analysis,
    /// The look at the objects nearest to the peak, joined with the recorded blocks.
    pub objects: &'a Objects<'a>,
    sources: FxHashMap<&'a str, Module>,
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

impl<'a> Case<'a> {
    /// Makes a case of a capture. `analysis` and `objects` must be those of `profile`.
    pub fn new(profile: &'a Profile, analysis: &'a Analysis, objects: &'a Objects<'a>) -> Self {
        let parsed = profile.sources().filter_map(|(file, text)| Some((file, Module::parse(text).ok()?)));
        let stacks = 0..=profile.stack_count() as StackId;
        Self {
            profile,
            analysis,
            objects,
            sources: parsed.collect(),
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
    pub fn module(&self, file: &str) -> Option<&Module> {
        self.sources.get(file)
    }

    /// All files of the user's with their syntax, by name.
    pub fn modules(&self) -> Vec<(&'a str, &Module)> {
        let mut modules: Vec<_> = self.sources.iter().map(|(file, module)| (*file, module)).collect();
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
        let objects = self.inspection().map(|look| look.objects.as_slice()).unwrap_or_default();
        objects.iter().filter(|object| object.bytes >= self.least_bytes() && self.alive_at_peak(object))
    }

    /// Whether an object was alive at the peak, as its blocks tell: at least half of their bytes. One without
    /// blocks of its own (many small objects) counts as alive if it was made before the peak.
    pub fn alive_at_peak(&self, object: &Object) -> bool {
        let blocks = self.objects.blocks_of(object);
        let all: u64 = blocks.iter().map(|block| block.bytes).sum();
        if all == 0 {
            return self.inspection().is_some_and(|look| look.sequence <= self.peak_moment());
        }
        let alive = blocks.iter().filter(|block| block.lives_at(self.peak_moment()));
        alive.map(|block| block.bytes).sum::<u64>() >= all.div_ceil(2)
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
                let totals = self.analysis.stack(stack as StackId);
                if totals.allocations == 0 {
                    continue;
                }
                site.stacks.push(stack as StackId);
                site.peak_bytes += totals.peak_bytes;
                site.peak_blocks += totals.peak_blocks;
                site.allocated_bytes += totals.allocated_bytes;
                site.allocations += totals.allocations;
            }
        }
        site
    }

    /// The frames at the peak, of the thread that reached it, innermost first.
    pub fn peak_frames(&self) -> impl Iterator<Item = FrameId> {
        self.profile.outwards(self.analysis.peak.stack)
    }

    /// The line that the holder's function (or module body) was at when the peak was reached; where another
    /// thread reached it, the line at the look. `None` if the function was not running then, or more than once.
    pub fn line_at_peak(&self, holder: &Holder) -> Option<u32> {
        let threads = self.profile.threads();
        let peak_thread = threads.iter().find(|thread| thread.number == self.analysis.peak.thread);
        let same_thread = holder.kind != HolderKind::Local
            || holder.thread == 0
            || peak_thread.is_none_or(|thread| thread.os_id == 0 || thread.os_id == holder.thread);
        if !same_thread {
            return (holder.line != 0).then_some(holder.line);
        }
        let mut lines = self
            .peak_frames()
            .filter(|&frame| self.is_frame_of(frame, holder))
            .map(|frame| self.profile.frame(frame).position.line);
        let line = lines.next()?;
        lines.next().is_none().then_some(line)
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

    /// The last moment up to the peak at which the holder's code was seen at a line for which `wanted` says yes;
    /// 0 if it never was.
    pub fn last_moment(&self, holder: &Holder, wanted: impl Fn(u32) -> bool) -> u64 {
        let mut latest = 0;
        for stack in 1..=self.profile.stack_count() as StackId {
            let Some(node) = self.profile.stack(stack) else { break };
            let seen = self.objects.last_seen(stack);
            if seen > latest
                && self.is_frame_of(node.frame, holder)
                && wanted(self.profile.frame(node.frame).position.line)
            {
                latest = seen;
            }
        }
        latest
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
