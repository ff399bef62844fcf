//! The tables of several processes as one.
//!
//! Invariant: what is equal in two processes (a text, a function, a place in it, a chain of calls) has one number in
//! the result, so that sums by place add up over processes.

use std::hash::Hash;
use std::sync::OnceLock;

use heapwise_capture::table::{CodeId, FrameId, NO_STACK, Position, StackId, StringId};
use rustc_hash::FxHashMap;

use crate::Profile;
use crate::tables::{Code, Stack, Tables, Thread};

/// Where the entries of one process stand in the merged tables.
#[derive(Debug, Clone)]
pub struct Merged {
    /// By number of stack in the process: its number in the whole. The first is [`NO_STACK`].
    pub stacks: Vec<StackId>,
    /// What is to be added to a thread's number in the process.
    pub thread_offset: u32,
}

/// Merges the tables of `profiles`, of which the first gives the header and the facts. The result has neither events
/// nor looks at objects: addresses of two processes have nothing to do with each other.
pub fn merge(profiles: &[&Profile]) -> (Profile, Vec<Merged>) {
    let mut whole = Whole::default();
    let merged = profiles.iter().map(|profile| whole.add(&profile.tables)).collect();
    let mut tables = whole.tables;
    let header = profiles.first().map_or_else(Default::default, |first| first.header);
    if let Some(first) = profiles.first() {
        tables.facts.clone_from(&first.tables.facts);
    }
    let problems = profiles.iter().flat_map(|profile| profile.problems.iter().copied()).collect();
    (
        Profile {
            bytes: Vec::new(),
            header,
            tables,
            streams: Vec::new(),
            problems,
            origins: OnceLock::new(),
        },
        merged,
    )
}

#[derive(Debug, Default)]
struct Whole {
    tables: Tables,
    strings: FxHashMap<Box<str>, StringId>,
    codes: FxHashMap<Code, CodeId>,
    frames: FxHashMap<(CodeId, Position), FrameId>,
    stacks: FxHashMap<Stack, StackId>,
}

impl Whole {
    fn add(&mut self, of: &Tables) -> Merged {
        let (strings, tables) = (&mut self.strings, &mut self.tables);
        let mut text = |text: &str| number(strings, &mut tables.strings, text.into());
        let texts: Vec<StringId> = with_none(of.strings.iter().map(|string| text(string)));
        let (codes, tables) = (&mut self.codes, &mut self.tables);
        let code = |code: &Code| {
            let (file, function) = (texts[code.file as usize], texts[code.function as usize]);
            number(codes, &mut tables.codes, Code { file, function, first_line: code.first_line })
        };
        let functions: Vec<CodeId> = with_none(of.codes.iter().map(code));
        let (frames, tables) = (&mut self.frames, &mut self.tables);
        let frame = |&(code, position): &(CodeId, Position)| {
            number(frames, &mut tables.frames, (functions[code as usize], position))
        };
        let places: Vec<FrameId> = with_none(of.frames.iter().map(frame));
        let mut chains = vec![NO_STACK];
        for stack in &of.stacks {
            let stack = Stack { parent: chains[stack.parent as usize], frame: places[stack.frame as usize] };
            chains.push(number(&mut self.stacks, &mut self.tables.stacks, stack));
        }
        for (file, source) in &of.sources {
            let file = texts[*file as usize];
            match self.tables.sources.iter_mut().find(|(known, _)| *known == file) {
                None => self.tables.sources.push((file, source.clone())),
                // The same name for different code, as `<string>` is where each process has its own.
                Some((_, known)) if *known != *source => *known = "".into(),
                Some(_) => {}
            }
        }
        let thread_offset = self.tables.threads.last().map_or(0, |thread| thread.number);
        self.tables.threads.extend(of.threads.iter().map(|thread| Thread {
            number: thread.number.saturating_add(thread_offset),
            started_by: chains[thread.started_by as usize],
            ..thread.clone()
        }));
        Merged { stacks: chains, thread_offset }
    }
}

/// The number of an entry, which is added if it is new.
fn number<T: Clone + Eq + Hash>(numbers: &mut FxHashMap<T, u32>, entries: &mut Vec<T>, entry: T) -> u32 {
    let next = entries.len() as u32 + 1;
    let number = *numbers.entry(entry.clone()).or_insert(next);
    if number == next {
        entries.push(entry);
    }
    number
}

/// Numbers by number, of which 0 stands for none.
fn with_none(numbers: impl Iterator<Item = u32>) -> Vec<u32> {
    std::iter::once(0).chain(numbers).collect()
}
