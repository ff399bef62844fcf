//! Finds cyclic garbage: objects that only the collector can free.
//!
//! Computed as the collector does, on a table beside the objects: of each candidate's reference count, what other
//! candidates refer to is taken away; what is left over holds from outside. Invariant: what is told of is garbage; what
//! could not be seen in time, or is held by anything that is no candidate, is not.

use std::time::Duration;

use heapwise_capture::inspection::{Buffer, Holder, HolderKind, Object};
use heapwise_cpython::objects::Address;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::Allowance;
use crate::clock::{Deadline, thread_time};
use crate::describe::{MOST_BUFFERS, block, type_name};
use crate::kinds::{Form, Kinds};
use crate::walk::{Limit, Walk};

/// Classes of garbage that are told of.
const MOST_CLASSES: usize = 5;
const NO_CLASS: u32 = u32::MAX;
/// Gathering what the collector knows of takes one in so many of the time: to see who refers to whom takes the rest.
const PART_TO_GATHER: u32 = 4;

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Garbage {
    /// Bytes that the collector would free.
    pub(crate) bytes: u64,
    /// One for each class: all its garbage with what only that keeps alive.
    pub(crate) objects: Vec<Object>,
    /// All that the collector knows of was looked at.
    pub(crate) is_all: bool,
}

/// Finds it among what the walk from the names has not reached. `None` if time runs out.
pub(crate) fn find(
    walk: &Walk<'_>,
    borders: &FxHashSet<Address>,
    allowance: Allowance,
    until: Duration,
) -> Option<Garbage> {
    let (garbage, is_all) = unreachable(walk, allowance, until)?;
    if garbage.is_empty() {
        return Some(Garbage { is_all, ..Garbage::default() });
    }
    let limit = Limit { nodes: allowance.objects, until: Some(until) };
    let mut below = Walk::new(walk.live, borders, walk.polars, limit);
    below.walk_from(&garbage, garbage.len());
    let ends: FxHashSet<Address> = garbage.into_iter().collect();
    let stays = below.staying(|address| ends.contains(&address));
    let bytes = below.nodes.iter().zip(&stays).filter(|&(_, &stays)| !stays).map(|(node, _)| node.size).sum();
    Some(Garbage { bytes, objects: by_class(&below, &stays, &ends, allowance.smallest), is_all })
}

/// Objects that the collector knows of and nothing outside of them holds; and whether all were looked at. The youngest
/// come first, and garbage is mostly young: where there is no time for all, the older ones are outside.
fn unreachable(walk: &Walk<'_>, allowance: Allowance, until: Duration) -> Option<(Vec<Address>, bool)> {
    let live = walk.live;
    let mut kinds = Kinds::default();
    // Address, tp_traverse, references from outside.
    let mut candidates: Vec<(Address, usize, u64)> = Vec::new();
    let now = thread_time();
    let mut to_gather = Deadline::at(now + until.saturating_sub(now) / PART_TO_GATHER);
    let mut is_all = true;
    let known = live.visit_collected(&mut |object| {
        is_all = to_gather.allows(1) && candidates.len() < allowance.objects;
        if !is_all {
            return false;
        }
        let number = kinds.number(live, live.type_of(object));
        let kind = kinds.get(number);
        let possible = match kind.form {
            Form::Opaque => false,
            // Those without a closure are what modules consist of.
            Form::Function => live.function_parts(object)[0] != 0,
            _ => kind.fields.traverse != 0,
        };
        if possible && walk.node_of(object).is_none() {
            candidates.push((object, kind.fields.traverse, 0));
        }
        true
    });
    if !known {
        return None;
    }
    let mut deadline = Deadline::at(until);
    let mut in_time = true;
    // While an object is lent it has one reference more.
    for candidate in &mut candidates {
        candidate.2 = live.references(candidate.0);
    }
    let numbers: FxHashMap<Address, usize> =
        candidates.iter().enumerate().map(|(number, candidate)| (candidate.0, number)).collect();
    for number in 0..candidates.len() {
        if !in_time {
            return None;
        }
        let (object, traverse, _) = candidates[number];
        live.traverse(object, traverse, &mut |target| {
            if let Some(&target) = numbers.get(&target) {
                // One more than there are references: somebody tells of what is not its own, so it is left alone.
                candidates[target].2 = candidates[target].2.checked_sub(1).unwrap_or(u64::MAX);
            }
            in_time = deadline.allows(1);
            in_time
        });
    }
    let mut held: Vec<bool> = candidates.iter().map(|candidate| candidate.2 != 0).collect();
    let mut stack: Vec<usize> = (0..candidates.len()).filter(|&number| held[number]).collect();
    while in_time && let Some(number) = stack.pop() {
        let (object, traverse, _) = candidates[number];
        live.traverse(object, traverse, &mut |target| {
            if let Some(&target) = numbers.get(&target)
                && !std::mem::replace(&mut held[target], true)
            {
                stack.push(target);
            }
            in_time = deadline.allows(1);
            in_time
        });
    }
    in_time.then(|| {
        let garbage =
            candidates.iter().zip(held).filter(|&(_, held)| !held).map(|(candidate, _)| candidate.0);
        (garbage.collect(), is_all)
    })
}

/// The garbage by the class of Python that it belongs to: the nearest that refers to it. Without any, by its own type.
fn by_class(below: &Walk<'_>, stays: &[bool], ends: &FxHashSet<Address>, smallest: u64) -> Vec<Object> {
    let mut class = vec![NO_CLASS; below.nodes.len()];
    let mut queue: Vec<u32> = Vec::new();
    for (number, node) in below.nodes.iter().enumerate() {
        let of_python = node.address != 0 && below.kinds.get(node.kind).fields.is_python_class;
        if of_python && ends.contains(&node.address) {
            class[number] = node.kind;
            queue.push(number as u32);
        }
    }
    let references = below.references();
    let mut next = 0;
    while next < queue.len() {
        let from = queue[next];
        next += 1;
        for &target in references.of(from) {
            if class[target as usize] == NO_CLASS && !stays[target as usize] {
                class[target as usize] = class[from as usize];
                queue.push(target);
            }
        }
    }
    let mut groups: FxHashMap<u32, (Object, Vec<Buffer>)> = FxHashMap::default();
    for (number, node) in below.nodes.iter().enumerate() {
        if node.address == 0 || stays[number] {
            continue;
        }
        let group = if class[number] == NO_CLASS { node.kind } else { class[number] };
        let (object, buffers) = groups.entry(group).or_default();
        object.bytes += node.size;
        if node.kind == group {
            object.length = Some(object.length.unwrap_or(0) + 1);
            if object.address == 0 {
                object.address = node.address as u64;
                object.kind = type_name(below, node.address);
            }
        }
        let form = below.kinds.get(node.kind).form;
        buffers.extend(block(below.live, form, node.address, node.size));
    }
    let mut objects: Vec<Object> = groups
        .into_values()
        .filter(|(object, _)| object.bytes >= smallest)
        .map(|(mut object, mut buffers)| {
            buffers.sort_by_key(|buffer| (std::cmp::Reverse(buffer.bytes), buffer.address));
            buffers.truncate(MOST_BUFFERS);
            object.buffers = buffers;
            object.own_bytes = object.bytes;
            object.name = format!("{} (garbage)", object.kind);
            object.holder = Some(Holder { kind: HolderKind::Garbage, ..Holder::default() });
            object
        })
        .collect();
    objects.sort_by_key(|object| std::cmp::Reverse(object.bytes));
    objects.truncate(MOST_CLASSES);
    objects
}
