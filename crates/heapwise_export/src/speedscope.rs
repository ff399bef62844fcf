//! Speedscope's own JSON format.
//!
//! Every value is a profile of its own; the chosen one is shown first. A profile is written as opening and
//! closing of frames along an axis of bytes, which needs space by the size of the tree, not by the depth of each stack.
//! Invariant: frames close in the reverse order of their opening, and the last position is the profile's total.

use std::cmp::Reverse;
use std::io::{self, Write};

use heapwise_analysis::Analysis;
use heapwise_profile::Profile;
use serde::Serialize;

use crate::Value;
use crate::stacks::{ROOT, Stacks};

#[derive(Serialize)]
struct File<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    exporter: &'static str,
    name: &'a str,
    #[serde(rename = "activeProfileIndex")]
    active: usize,
    shared: Shared<'a>,
    profiles: Vec<Evented>,
}

#[derive(Serialize)]
struct Shared<'a> {
    frames: Vec<Place<'a>>,
}

#[derive(Serialize)]
struct Place<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    file: &'a str,
    #[serde(skip_serializing_if = "is_zero")]
    line: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_zero(line: &u32) -> bool {
    *line == 0
}

#[derive(Serialize)]
struct Evented {
    #[serde(rename = "type")]
    kind: &'static str,
    name: &'static str,
    unit: &'static str,
    #[serde(rename = "startValue")]
    start: u64,
    #[serde(rename = "endValue")]
    end: u64,
    events: Vec<Event>,
}

#[derive(Serialize)]
struct Event {
    #[serde(rename = "type")]
    kind: char,
    frame: u32,
    at: u64,
}

/// Writes all values, with `value` as the one that is shown first. `name` is what the viewer calls the file.
///
/// # Errors
/// Those of `out`.
pub fn write(
    profile: &Profile,
    analysis: &Analysis,
    value: Value,
    name: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    let stacks = Stacks::new(profile, analysis);
    let file = File {
        schema: "https://www.speedscope.app/file-format-schema.json",
        exporter: concat!("heapwise ", env!("CARGO_PKG_VERSION")),
        name,
        active: value.index(),
        shared: Shared {
            frames: stacks
                .frames
                .iter()
                .map(|frame| Place { name: frame.function, file: frame.file, line: frame.line })
                .collect(),
        },
        profiles: Value::ALL.into_iter().map(|value| evented(&stacks, value)).collect(),
    };
    serde_json::to_writer(&mut *out, &file)?;
    out.write_all(b"\n")
}

/// Walks the tree with the largest calls first.
fn evented(stacks: &Stacks<'_>, value: Value) -> Evented {
    let totals = stacks.with_callees(value);
    let mut children: Vec<(u32, Reverse<u64>, u32)> = stacks
        .nodes
        .iter()
        .zip(0u32..)
        .skip(1)
        .filter(|&(_, index)| totals[index as usize] > 0)
        .map(|(node, index)| (node.parent, Reverse(totals[index as usize]), index))
        .collect();
    children.sort_unstable();
    let children_of = |parent: u32| {
        let start = children.partition_point(|&(of, ..)| of < parent);
        let end = children.partition_point(|&(of, ..)| of <= parent);
        start..end
    };
    let mut events = Vec::new();
    let mut at = 0u64;
    // Open calls: the node, and which of its children are still to come.
    let mut open = vec![(ROOT, children_of(ROOT))];
    while let Some((node, to_come)) = open.last_mut() {
        if let Some(next) = to_come.next() {
            let child = children[next].2;
            events.push(Event { kind: 'O', frame: stacks.nodes[child as usize].frame, at });
            open.push((child, children_of(child)));
        } else {
            let node = *node;
            open.pop();
            if node != ROOT {
                let Some(done) = stacks.nodes.get(node as usize) else { continue };
                at = at.saturating_add(value.bytes(&done.own));
                events.push(Event { kind: 'C', frame: done.frame, at });
            }
        }
    }
    Evented { kind: "evented", name: value.title(), unit: "bytes", start: 0, end: at, events }
}
