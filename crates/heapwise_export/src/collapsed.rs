//! Collapsed stacks: `outermost;…;innermost BYTES`, one stack a line.
//!
//! Invariant: a line has as many `;` as it has calls, and no control character, whatever the names contain.

use std::collections::BTreeMap;
use std::io::{self, Write};

use heapwise_analysis::Analysis;
use heapwise_profile::Profile;

use crate::Value;
use crate::stacks::Stacks;

/// Writes the stacks that hold bytes of `value`, in the order of their text. Of a stack deeper than 512 frames
/// the middle is left out.
///
/// # Errors
/// Those of `out`.
pub fn write(profile: &Profile, analysis: &Analysis, value: Value, out: &mut dyn Write) -> io::Result<()> {
    let stacks = Stacks::new(profile, analysis);
    let labels: Vec<String> = stacks.frames.iter().map(|frame| plain(&frame.label())).collect();
    let mut lines: BTreeMap<String, u64> = BTreeMap::new();
    for (node, index) in stacks.nodes.iter().zip(0u32..).skip(1) {
        let bytes = value.bytes(&node.own);
        if bytes == 0 {
            continue;
        }
        let names: Vec<&str> =
            stacks.outwards(index).iter().rev().map(|&frame| labels[frame as usize].as_str()).collect();
        let sum = lines.entry(names.join(";")).or_default();
        *sum = sum.saturating_add(bytes);
    }
    for (line, bytes) in lines {
        writeln!(out, "{line} {bytes}")?;
    }
    Ok(())
}

/// The text without what separates frames and stacks.
fn plain(label: &str) -> String {
    let mut plain = String::with_capacity(label.len());
    for character in label.chars() {
        match character {
            ';' => plain.push(':'),
            '\u{2028}' | '\u{2029}' => plain.push(' '),
            _ if character.is_control() => plain.extend(character.escape_default()),
            _ => plain.push(character),
        }
    }
    plain
}
