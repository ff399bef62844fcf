//! The classes with many instances: how many, their bytes, their attributes.
//!
//! Invariant: of a class that was sampled the numbers are estimates of all its instances.

use heapwise_capture::inspection::Class;
use heapwise_capture::origin::{Origin, origin};
use heapwise_cpython::objects::{Address, Builtin};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::describe::{Account, type_name};
use crate::walk::Walk;

/// Classes that are told of, and from how many instances on.
const MOST_CLASSES: usize = 30;
const FEWEST_INSTANCES: u64 = 1000;

/// The classes with many instances.
pub(crate) fn classes(account: &Account<'_, '_>) -> Vec<Class> {
    #[derive(Default)]
    struct Count {
        instances: f64,
        bytes: f64,
        dict_bytes: f64,
        example: Address,
    }
    let walk = account.walk;
    let live = walk.live;
    let mut counts: FxHashMap<u32, Count> = FxHashMap::default();
    for (node, &size) in walk.nodes.iter().zip(&account.sizes) {
        if node.address == 0 || node.size == 0 || !walk.kinds.get(node.kind).fields.is_python_class {
            continue;
        }
        let kind = walk.kinds.get(node.kind);
        let weight = size as f64 / node.size as f64;
        let dict = live.instance_dict(node.address, &kind.fields);
        let in_dict = if dict == 0 {
            live.instance_values_size(node.address, kind.address, &kind.fields)
        } else {
            64 + live.dict_table_size(dict)
        };
        let count = counts.entry(node.kind).or_default();
        count.instances += weight;
        count.bytes += weight * (node.size + if dict == 0 { 0 } else { in_dict }) as f64;
        count.dict_bytes += weight * in_dict as f64;
        count.example = node.address;
    }
    let mut classes: Vec<Class> = counts
        .into_iter()
        .filter(|(_, count)| count.instances as u64 >= FEWEST_INSTANCES)
        .map(|(number, count)| {
            let kind = walk.kinds.get(number);
            let class = kind.address;
            let (attributes, same) = attributes(account, number);
            let dict = live.type_dict(class);
            let (file, first_line) = class_place(walk, class);
            let base = live.type_fields(kind.fields.base);
            let base_has_dict = base.managed_dict || base.dict_offset != 0;
            Class {
                name: type_name(walk, count.example),
                file,
                line: first_line,
                instances: count.instances as u64,
                bytes: count.bytes as u64,
                dict_bytes: count.dict_bytes as u64,
                has_dict: kind.fields.managed_dict || kind.fields.dict_offset != 0,
                dataclass: dict != 0 && live.dict_get(dict, "__dataclass_fields__").is_some(),
                same_attributes: same,
                attributes,
                base_has_dict,
            }
        })
        .collect();
    classes.sort_by_key(|class| std::cmp::Reverse(class.bytes));
    classes.truncate(MOST_CLASSES);
    classes
}

/// The attributes of the instances of a class that are looked at, and whether all have the same. Those that are only being
/// made have some of them yet.
fn attributes(account: &Account<'_, '_>, kind: u32) -> (Vec<String>, bool) {
    const MOST: usize = 1000;
    let walk = account.walk;
    let instances = walk.nodes.iter().filter(|node| node.address != 0 && node.kind == kind).take(MOST);
    let all: Vec<Vec<String>> = instances
        .map(|node| walk.live.attributes(node.address, 100).into_iter().map(|it| it.name).collect())
        .collect();
    let most = all.iter().max_by_key(|own| own.len()).cloned().unwrap_or_default();
    let known: FxHashSet<&str> = most.iter().map(String::as_str).collect();
    let fits = all.iter().flatten().all(|name| known.contains(name.as_str()));
    let unfinished = all.iter().filter(|own| own.len() < most.len()).count();
    (most.clone(), fits && unfinished * 100 <= all.len())
}

/// File and line of a class: from `__firstlineno__` (3.13), else from the first of its functions.
fn class_place(walk: &Walk<'_>, class: Address) -> (String, u32) {
    let live = walk.live;
    let dict = live.type_dict(class);
    let mut place = (String::new(), 0);
    let mut position = 0;
    while dict != 0
        && let Some((_, value, next)) = live.dict_next(dict, position)
    {
        position = next;
        if live.builtin(live.type_of(value)) == Some(Builtin::Function) {
            let (file, _, first_line) = live.code_place(live.function_code(value));
            // What a decorator made, such as a dataclass's methods, is in no file or in a library's.
            if origin(&file) == Origin::User && (place.1 == 0 || first_line < place.1) {
                place = (file, first_line);
            }
        }
    }
    if let Some(line) = live.dict_get(dict, "__firstlineno__").and_then(|line| live.integer(line)) {
        place.1 = line.clamp(0, i64::from(u32::MAX)) as u32;
    }
    if place.0.is_empty()
        && let (module, _) = live.type_name(class)
        && let Some(namespace) = live.module(if module.is_empty() { "builtins" } else { &module })
        && let Some(file) = live.dict_get(namespace, "__file__").filter(|&file| live.is_string(file))
    {
        place.0 = live.text(file, 4096);
    }
    place
}
