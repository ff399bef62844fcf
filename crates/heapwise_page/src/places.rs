//! Files, functions and lines of the page, numbered as they are first needed.
//!
//! Invariant: two frames have the same line exactly if file, line and function are the same; the bytes of a line are
//! those of the JSON report.

use heapwise_analysis::profile::{FrameId, Origin, Profile, StringId, origin};
use heapwise_report::Report;
use rustc_hash::FxHashMap;

use crate::payload::{File, Functions, Lines, Places};

/// The most characters of a name that are kept; nobody reads more, and a name can be as long as its author likes.
const MOST_CHARACTERS: usize = 600;
/// The line of what no Python line asked for.
pub(crate) const NO_PYTHON: u32 = 0;

/// A line: file, number, function.
pub(crate) type LineKey = (StringId, u32, StringId);

/// The key of a frame's line.
pub(crate) fn key(profile: &Profile, frame: FrameId) -> LineKey {
    let frame = profile.frame(frame);
    (frame.file, frame.position.line, frame.function)
}

/// All lines of a profile.
#[derive(Debug)]
pub(crate) struct LineIndex<'a> {
    /// By line: where its function begins.
    first_lines: FxHashMap<LineKey, u32>,
    /// By file, number and function as the report names them.
    by_name: FxHashMap<(&'a str, u32, &'a str), LineKey>,
}

impl<'a> LineIndex<'a> {
    pub(crate) fn new(profile: &'a Profile) -> Self {
        let mut index = Self { first_lines: FxHashMap::default(), by_name: FxHashMap::default() };
        for frame in 0..=profile.frame_count() as FrameId {
            let key = key(profile, frame);
            index.first_lines.entry(key).or_insert(profile.frame(frame).first_line);
            let name = (profile.file_of(frame), key.1, profile.function_of(frame));
            index.by_name.entry(name).or_insert(key);
        }
        index
    }
}

/// The places that were asked for.
#[derive(Debug)]
pub(crate) struct PlaceTable<'a> {
    profile: &'a Profile,
    index: &'a LineIndex<'a>,
    folders: Vec<&'a str>,
    known: FxHashMap<LineKey, u32>,
    files: FxHashMap<StringId, u32>,
    functions: FxHashMap<(StringId, StringId, u32), u32>,
    places: Places,
}

impl<'a> PlaceTable<'a> {
    /// `folders` are those whose files are named relative to them.
    pub(crate) fn new(profile: &'a Profile, index: &'a LineIndex<'a>, folders: Vec<&'a str>) -> Self {
        let mut places = Places::default();
        places.files.push(File {
            name: String::new(),
            short: String::new(),
            nearness: 0,
            library: String::new(),
        });
        push_function(&mut places.functions, heapwise_analysis::NO_PYTHON.to_owned(), 0, 0);
        push_line(&mut places.lines, 0, 0);
        Self {
            profile,
            index,
            folders,
            known: FxHashMap::default(),
            files: FxHashMap::default(),
            functions: FxHashMap::default(),
            places,
        }
    }

    /// The number of a line.
    pub(crate) fn line(&mut self, key: LineKey) -> u32 {
        if let Some(&line) = self.known.get(&key) {
            return line;
        }
        let (file, number, name) = key;
        let first_line = self.index.first_lines.get(&key).copied().unwrap_or(0);
        let function = self.function(file, name, first_line);
        let line = push_line(&mut self.places.lines, function, number);
        self.known.insert(key, line);
        line
    }

    fn function(&mut self, file: StringId, name: StringId, first_line: u32) -> u32 {
        let number = self.file(file);
        let functions = &mut self.places.functions;
        *self.functions.entry((file, name, first_line)).or_insert_with(|| {
            push_function(functions, cut(function_name(self.profile, name)), number, first_line)
        })
    }

    /// The number of a file.
    pub(crate) fn file(&mut self, file: StringId) -> u32 {
        let files = &mut self.places.files;
        *self.files.entry(file).or_insert_with(|| {
            let name = self.profile.string(file);
            let whose = origin(name);
            files.push(File {
                name: cut(name),
                short: cut(heapwise_report::short_name(name, &self.folders)),
                nearness: match whose {
                    Origin::User => 3,
                    Origin::NoFile => 2,
                    Origin::Library(_) => 1,
                    Origin::Python => 0,
                },
                library: cut(heapwise_report::library_name(name).unwrap_or("")),
            });
            files.len() as u32 - 1
        })
    }

    /// Adds lines of the report, those with the most bytes first, until they are about `most` bytes of text.
    pub(crate) fn add_lines(&mut self, report: &Report, most: usize) {
        /// Of the columns of a line, and of its function's.
        const NUMBERS: usize = 24;
        let mut taken = 0;
        for line in &report.lines {
            let Some(&key) = self.index.by_name.get(&(line.file.as_str(), line.line, line.function.as_str()))
            else {
                continue;
            };
            if !self.known.contains_key(&key) {
                taken += NUMBERS + line.function.len().min(MOST_CHARACTERS);
                if taken > most {
                    return;
                }
                self.line(key);
            }
        }
    }

    /// The places with the bytes that the report says they have, and what of the report is not among them.
    pub(crate) fn finish(mut self, report: &Report) -> Finished {
        let (mut missing, mut missing_bytes) = (0, 0u64);
        let number = |file: &str, line: u32, function: &str| {
            if (file, function) == ("", heapwise_analysis::NO_PYTHON) {
                return Some(NO_PYTHON as usize);
            }
            let key = self.index.by_name.get(&(file, line, function))?;
            self.known.get(key).map(|&number| number as usize)
        };
        let lines = &mut self.places.lines;
        for line in &report.lines {
            if let Some(number) = number(&line.file, line.line, &line.function) {
                lines.own[number] = line.peak_bytes;
                lines.total[number] = line.peak_bytes_total;
            } else {
                missing += 1;
                missing_bytes = missing_bytes.saturating_add(line.peak_bytes);
            }
        }
        for line in &report.user_lines {
            if let Some(number) = number(&line.file, line.line, &line.function) {
                lines.user[number] = line.peak_bytes;
            }
        }
        // By file, first line and name: where each function stands.
        let mut functions_by_name: FxHashMap<(&str, u32, &str), usize> = FxHashMap::default();
        functions_by_name.insert(("", 0, heapwise_analysis::NO_PYTHON), NO_PYTHON as usize);
        for (&(file, name, first_line), &number) in &self.functions {
            let function = function_name(self.profile, name);
            functions_by_name.insert((self.profile.string(file), first_line, function), number as usize);
        }
        let functions = &mut self.places.functions;
        for function in &report.functions {
            let key = (function.file.as_str(), function.line, function.function.as_str());
            if let Some(&number) = functions_by_name.get(&key) {
                functions.own[number] = function.peak_bytes;
                functions.total[number] = function.peak_bytes_total;
            }
        }
        let mut file_ids = vec![0; self.places.files.len()];
        for (&id, &number) in &self.files {
            file_ids[number as usize] = id;
        }
        Finished { places: self.places, file_ids, missing, missing_bytes }
    }
}

/// The name of a function as the report has it.
fn function_name(profile: &Profile, name: StringId) -> &str {
    match profile.string(name) {
        "" => heapwise_analysis::profile::UNKNOWN,
        text => text,
    }
}

/// The places of a page.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) places: Places,
    /// By number of file: its name's number in the profile.
    pub(crate) file_ids: Vec<StringId>,
    /// Lines of the report that are not among them, and their bytes at the peak.
    pub(crate) missing: usize,
    pub(crate) missing_bytes: u64,
}

fn push_function(functions: &mut Functions, name: String, file: u32, line: u32) -> u32 {
    functions.name.push(name);
    functions.file.push(file);
    functions.line.push(line);
    functions.own.push(0);
    functions.total.push(0);
    functions.name.len() as u32 - 1
}

fn push_line(lines: &mut Lines, function: u32, line: u32) -> u32 {
    lines.function.push(function);
    lines.line.push(line);
    lines.own.push(0);
    lines.total.push(0);
    lines.user.push(0);
    lines.function.len() as u32 - 1
}

/// The text, shortened if it is longer than anybody reads.
pub(crate) fn cut(text: &str) -> String {
    match text.char_indices().nth(MOST_CHARACTERS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
