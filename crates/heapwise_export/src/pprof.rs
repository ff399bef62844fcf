//! pprof's format: a gzipped protocol buffer, message `perftools.profiles.Profile`.
//!
//! The names of the values are those that `go tool pprof` has options for: `inuse_space` is what was live at the
//! high-water mark. Invariant: string 0 is empty, numbers of locations and functions count from 1, as the format asks.

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use heapwise_analysis::Analysis;
use heapwise_profile::Profile;
use prost::Message as _;
use rustc_hash::FxHashMap;

use crate::Value;
use crate::stacks::Stacks;

/// The messages, field numbers as profile.proto has them; fields that heapwise does not fill are not there.
mod message {
    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct Profile {
        #[prost(message, repeated, tag = "1")]
        pub(super) sample_type: Vec<ValueType>,
        #[prost(message, repeated, tag = "2")]
        pub(super) sample: Vec<Sample>,
        #[prost(message, repeated, tag = "4")]
        pub(super) location: Vec<Location>,
        #[prost(message, repeated, tag = "5")]
        pub(super) function: Vec<Function>,
        #[prost(string, repeated, tag = "6")]
        pub(super) string_table: Vec<String>,
        #[prost(int64, tag = "9")]
        pub(super) time_nanos: i64,
        #[prost(int64, tag = "10")]
        pub(super) duration_nanos: i64,
        #[prost(message, optional, tag = "11")]
        pub(super) period_type: Option<ValueType>,
        #[prost(int64, tag = "12")]
        pub(super) period: i64,
        #[prost(int64, repeated, tag = "13")]
        pub(super) comment: Vec<i64>,
        #[prost(int64, tag = "14")]
        pub(super) default_sample_type: i64,
    }

    #[derive(Clone, Copy, PartialEq, prost::Message)]
    pub(super) struct ValueType {
        #[prost(int64, tag = "1")]
        pub(super) kind: i64,
        #[prost(int64, tag = "2")]
        pub(super) unit: i64,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct Sample {
        #[prost(uint64, repeated, tag = "1")]
        pub(super) location_id: Vec<u64>,
        #[prost(int64, repeated, tag = "2")]
        pub(super) value: Vec<i64>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct Location {
        #[prost(uint64, tag = "1")]
        pub(super) id: u64,
        #[prost(message, repeated, tag = "4")]
        pub(super) line: Vec<Line>,
    }

    #[derive(Clone, Copy, PartialEq, prost::Message)]
    pub(super) struct Line {
        #[prost(uint64, tag = "1")]
        pub(super) function_id: u64,
        #[prost(int64, tag = "2")]
        pub(super) line: i64,
    }

    #[derive(Clone, Copy, PartialEq, prost::Message)]
    pub(super) struct Function {
        #[prost(uint64, tag = "1")]
        pub(super) id: u64,
        #[prost(int64, tag = "2")]
        pub(super) name: i64,
        #[prost(int64, tag = "4")]
        pub(super) filename: i64,
        #[prost(int64, tag = "5")]
        pub(super) start_line: i64,
    }
}

use message::ValueType;

/// The strings of the profile, each once.
#[derive(Debug)]
struct Strings<'a> {
    texts: Vec<String>,
    numbers: FxHashMap<&'a str, i64>,
}

impl<'a> Strings<'a> {
    fn new() -> Self {
        let mut strings = Self { texts: Vec::new(), numbers: FxHashMap::default() };
        strings.number("");
        strings
    }

    fn number(&mut self, text: &'a str) -> i64 {
        *self.numbers.entry(text).or_insert_with(|| {
            self.texts.push(text.to_owned());
            self.texts.len() as i64 - 1
        })
    }
}

/// The names of the blocks and of the bytes of a value.
fn names(value: Value) -> (&'static str, &'static str) {
    match value {
        Value::Peak => ("inuse_objects", "inuse_space"),
        Value::Allocated => ("alloc_objects", "alloc_space"),
        Value::Leaked => ("leaked_objects", "leaked_space"),
        Value::Temporary => ("temporary_objects", "temporary_space"),
    }
}

/// Writes all values, with the bytes of `value` as the one that is shown first. Of a stack deeper than 512 frames
/// the middle is left out.
///
/// # Errors
/// Those of `out`.
pub fn write(profile: &Profile, analysis: &Analysis, value: Value, out: &mut dyn Write) -> io::Result<()> {
    let stacks = Stacks::new(profile, analysis);
    let mut strings = Strings::new();
    let mut sample_type = Vec::new();
    for value in Value::ALL {
        let (blocks, bytes) = names(value);
        sample_type.push(ValueType { kind: strings.number(blocks), unit: strings.number("count") });
        sample_type.push(ValueType { kind: strings.number(bytes), unit: strings.number("bytes") });
    }
    let mut function_numbers: FxHashMap<(&str, &str, u32), u64> = FxHashMap::default();
    let mut function = Vec::new();
    let mut location = Vec::new();
    for (frame, id) in stacks.frames.iter().zip(1u64..) {
        let key = (frame.function, frame.file, frame.first_line);
        let function_id = *function_numbers.entry(key).or_insert_with(|| {
            let id = function.len() as u64 + 1;
            // Without a system name: pprof would take `<module>`, if both were the same, for a C++ template.
            let name = strings.number(frame.function);
            function.push(message::Function {
                id,
                name,
                filename: strings.number(frame.file),
                start_line: i64::from(frame.first_line),
            });
            id
        });
        location.push(message::Location {
            id,
            line: vec![message::Line { function_id, line: i64::from(frame.line) }],
        });
    }
    let sample = stacks
        .nodes
        .iter()
        .zip(0u32..)
        .filter(|(node, _)| !node.own.is_zero())
        .map(|(node, index)| message::Sample {
            location_id: stacks.outwards(index).iter().map(|&frame| u64::from(frame) + 1).collect(),
            value: Value::ALL
                .into_iter()
                .flat_map(|value| [value.blocks(&node.own), value.bytes(&node.own)])
                .map(|amount| i64::try_from(amount).unwrap_or(i64::MAX))
                .collect(),
        })
        .collect();
    let header = profile.header();
    let comment = "heapwise: inuse is what was live at the highest heap; leaked, at the end; temporary, freed soon after";
    let interval = analysis.sampling.interval;
    let encoded = message::Profile {
        sample_type,
        sample,
        location,
        function,
        time_nanos: i64::try_from(header.start_unix_ns).unwrap_or(0),
        duration_nanos: i64::try_from(header.outcome.duration_ns).unwrap_or(0),
        period_type: Some(ValueType { kind: strings.number("space"), unit: strings.number("bytes") }),
        period: i64::try_from(interval.max(1)).unwrap_or(i64::MAX),
        comment: vec![strings.number(comment)],
        default_sample_type: strings.number(names(value).1),
        string_table: strings.texts,
    }
    .encode_to_vec();
    let mut gzip = GzEncoder::new(out, Compression::default());
    gzip.write_all(&encoded)?;
    gzip.finish().map(drop)
}
