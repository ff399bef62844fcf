//! Numbers for the places that the frames of a profile stand for.
//!
//! Invariant: two frames have the same number of a kind exactly if they are in the same place of that kind;
//! frames that differ only in columns are one line.

use std::hash::Hash;

use heapwise_profile::{Frame, Origin, Profile, StringId};
use rustc_hash::FxHashMap;

use crate::NO_PYTHON;
use crate::places::{Place, Whose};

/// How a place is looked at.
pub(crate) const LINE: usize = 0;
pub(crate) const FUNCTION: usize = 1;
pub(crate) const FILE: usize = 2;
pub(crate) const ORIGIN: usize = 3;
/// How many ways there are.
pub(crate) const KINDS: usize = 4;

/// The numbers of one frame, by kind.
pub(crate) type PlaceIds = [u32; KINDS];

/// All places of a profile.
#[derive(Debug)]
pub(crate) struct PlaceIndex<'a> {
    /// By number of frame; 0 is the unknown frame.
    frames: Vec<PlaceIds>,
    /// What no Python frame asked for.
    pub(crate) no_python: PlaceIds,
    pub(crate) lines: Vec<IndexedLine<'a>>,
    pub(crate) functions: Vec<(Place<'a>, Whose<'a>)>,
    pub(crate) files: Vec<(&'a str, Whose<'a>)>,
    pub(crate) origins: Vec<Whose<'a>>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct IndexedLine<'a> {
    pub(crate) place: Place<'a>,
    pub(crate) first_line: u32,
    pub(crate) whose: Whose<'a>,
}

/// Gives numbers to keys in the order in which they first come.
struct Numbers<K>(FxHashMap<K, u32>);

impl<K: Hash + Eq> Numbers<K> {
    fn new() -> Self {
        Self(FxHashMap::default())
    }

    /// The number of `key`, and whether it is new.
    fn get(&mut self, key: K) -> (u32, bool) {
        let next = self.0.len() as u32;
        let number = *self.0.entry(key).or_insert(next);
        (number, number == next)
    }
}

impl<'a> PlaceIndex<'a> {
    pub(crate) fn new(profile: &'a Profile) -> Self {
        let mut index = Self {
            frames: Vec::with_capacity(profile.frame_count() + 1),
            no_python: [0; KINDS],
            lines: vec![IndexedLine { place: Place::NO_PYTHON, first_line: 0, whose: Whose::NoPython }],
            functions: vec![(Place::NO_PYTHON, Whose::NoPython)],
            files: vec![(NO_PYTHON, Whose::NoPython)],
            origins: vec![Whose::NoPython],
        };
        // Number 0 of each kind is taken; keys of frames begin with `Some`.
        let mut lines = Numbers::<Option<(StringId, u32, StringId)>>::new();
        let mut functions = Numbers::<Option<(StringId, StringId, u32)>>::new();
        let mut files = Numbers::<Option<StringId>>::new();
        let mut origins = Numbers::<Whose<'a>>::new();
        lines.get(None);
        functions.get(None);
        files.get(None);
        origins.get(Whose::NoPython);
        for id in 0..=profile.frame_count() as u32 {
            let Frame { file, function, first_line, position } = profile.frame(id);
            let (line_id, new) = lines.get(Some((file, position.line, function)));
            let place =
                Place { file: profile.string(file), line: position.line, function: profile.function_of(id) };
            let whose = Whose::Code(profile.origin_of(id));
            if new {
                index.lines.push(IndexedLine { place, first_line, whose });
            }
            let (function_id, new) = functions.get(Some((file, function, first_line)));
            if new {
                index.functions.push((Place { line: first_line, ..place }, whose));
            }
            let (file_id, new) = files.get(Some(file));
            if new {
                index.files.push((place.file, whose));
            }
            let (origin_id, new) = origins.get(whose);
            if new {
                index.origins.push(whose);
            }
            index.frames.push([line_id, function_id, file_id, origin_id]);
        }
        index
    }

    /// The numbers of a frame.
    #[inline]
    pub(crate) fn of(&self, frame: u32) -> PlaceIds {
        self.frames[frame as usize]
    }

    /// How much a line is the user's own: 3 for a file of the user's, 2 for code without a file (typed in, or generated
    /// by a library for the user's classes), 1 for a library's, 0 for Python's.
    #[inline]
    pub(crate) fn nearness(&self, line: u32) -> u8 {
        match self.lines[line as usize].whose {
            Whose::Code(Origin::User) => 3,
            Whose::Code(Origin::NoFile) => 2,
            Whose::Code(Origin::Library(_)) => 1,
            Whose::Code(Origin::Python) | Whose::NoPython => 0,
        }
    }
}
