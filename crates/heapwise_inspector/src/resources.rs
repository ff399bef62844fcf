//! Finds what is open among what the walk reached: files, sockets, connections and cursors of SQLite, figures.
//!
//! Invariant: whether something is open is read from memory; what was closed does not count. A file counts once, as the
//! outermost of the objects that make it up.

use heapwise_capture::inspection::Resource;
use heapwise_cpython::objects::{Address, Live};
use rustc_hash::FxHashMap;

use crate::describe::{Account, type_name};
use crate::roots::Roots;

/// Kinds and examples that are told of.
const MOST_KINDS: usize = 20;
const MOST_EXAMPLES: usize = 3;
/// Dominators that are climbed for a holder's name.
const HIGHEST: usize = 10_000;
/// The first field of an object, bytes.
const FIRST: usize = 16;
/// `pysqlite_Cursor.statement`: null when nothing is being read.
const CURSOR_STATEMENT: usize = 72;

/// A type of which objects can be open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Openable {
    No,
    File,
    Socket,
    Connection,
    Cursor,
    Figure,
}

impl Openable {
    fn of(live: Live<'_>, mut class: Address) -> Self {
        while class != 0 {
            match live.c_name(class).as_str() {
                "_io.FileIO" => return Self::File,
                "_socket.socket" => return Self::Socket,
                "sqlite3.Connection" => return Self::Connection,
                "sqlite3.Cursor" => return Self::Cursor,
                "Figure" if live.type_name(class).0 == "matplotlib.figure" => return Self::Figure,
                _ => class = live.type_fields(class).base,
            }
        }
        Self::No
    }

    fn is_open(self, live: Live<'_>, object: Address) -> bool {
        match self {
            Self::No => false,
            // The standard streams are nobody's to close.
            Self::File => live.read::<i32>(object, FIRST) > 2,
            Self::Socket => live.read::<i32>(object, FIRST) >= 0,
            Self::Connection => live.read::<Address>(object, FIRST) != 0,
            Self::Cursor => {
                let fields = live.type_fields(live.type_of(object));
                fields.basic_size as usize > CURSOR_STATEMENT
                    && live.read::<Address>(object, CURSOR_STATEMENT) != 0
            }
            Self::Figure => true,
        }
    }
}

/// What is open, by kind, the most first.
pub(crate) fn find(account: &Account<'_, '_>, roots: &Roots) -> Vec<Resource> {
    let walk = account.walk;
    let live = walk.live;
    let mut openable: FxHashMap<u32, Openable> = FxHashMap::default();
    let mut found: FxHashMap<String, Resource> = FxHashMap::default();
    for (number, node) in walk.nodes.iter().enumerate() {
        if node.address == 0 {
            continue;
        }
        let kind = *openable
            .entry(node.kind)
            .or_insert_with(|| Openable::of(live, walk.kinds.get(node.kind).address));
        if !kind.is_open(live, node.address) {
            continue;
        }
        let outermost = if kind == Openable::File { around(account, number as u32) } else { number as u32 };
        let name = type_name(walk, walk.nodes[outermost as usize].address);
        let resource =
            found.entry(name.clone()).or_insert_with(|| Resource { kind: name, ..Resource::default() });
        resource.count += 1;
        resource.bytes += account.retained[outermost as usize];
        if kind == Openable::File && resource.examples.len() < MOST_EXAMPLES {
            resource.examples.extend(path(live, node.address));
        }
        if let Some(holder) = holder(account, roots, outermost)
            && resource.held_by.len() < MOST_EXAMPLES
            && !resource.held_by.contains(&holder)
        {
            resource.held_by.push(holder);
        }
    }
    let mut found: Vec<Resource> = found.into_values().collect();
    found.sort_by(|one, other| other.count.cmp(&one.count).then_with(|| one.kind.cmp(&other.kind)));
    found.truncate(MOST_KINDS);
    found
}

/// The buffered or text file around a raw one, if nothing else refers to the raw one.
fn around(account: &Account<'_, '_>, file: u32) -> u32 {
    let walk = account.walk;
    let mut outermost = file;
    loop {
        let above = account.dominator[outermost as usize];
        let is_file = walk.nodes.get(above as usize).is_some_and(|node| {
            let name = if node.address == 0 {
                String::new()
            } else {
                walk.live.c_name(walk.live.type_of(node.address))
            };
            name.starts_with("_io.")
        });
        if !is_file {
            return outermost;
        }
        outermost = above;
    }
}

/// The `name` of a raw file, where it is a path.
fn path(live: Live<'_>, file: Address) -> Option<String> {
    let dict = live.instance_dict(file, &live.type_fields(live.type_of(file)));
    let name = if dict == 0 { None } else { live.dict_get(dict, "name") }?;
    live.is_string(name).then(|| live.text(name, 500))
}

/// The name that alone holds a node.
fn holder(account: &Account<'_, '_>, roots: &Roots, node: u32) -> Option<String> {
    let mut at = node;
    for _ in 0..HIGHEST {
        match account.dominator[at as usize] {
            0 | u32::MAX => break,
            above => at = above,
        }
    }
    let index = (at as usize).checked_sub(1)?;
    roots.names.get(index).map(|name| name.text.clone())
}
