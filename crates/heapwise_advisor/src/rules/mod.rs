//! The rules, one file each.
//!
//! Invariant: every rule is in [`ALL`] once, in alphabetical order, and has a page in `docs/rules`.

mod array_not_list;
mod arrow_strings;
mod bitmask;
mod bounded_cache;
mod broadcast_temporary;
mod category_strings;
mod chunked_read;
mod close_resource;
mod columns_not_records;
mod columns_read;
mod dead_variable;
mod duplicate_objects;
mod duplicate_strings;
mod duplicates;
mod float32;
mod gc_cycle;
mod growing_array;
mod growth;
mod idle_collections;
mod in_place;
mod needless_copy;
mod shrinking;
mod slots;
mod smaller_dtype;
mod sparse;
mod stream_not_list;
mod view_not_copy;

use crate::candidate::Rule;

/// All rules, by name.
pub static ALL: &[&dyn Rule] = &[
    &array_not_list::ArrayNotList,
    &arrow_strings::ArrowStrings,
    &bitmask::Bitmask,
    &bounded_cache::BoundedCache,
    &broadcast_temporary::BroadcastTemporary,
    &category_strings::CategoryStrings,
    &chunked_read::ChunkedRead,
    &close_resource::CloseResource,
    &columns_not_records::ColumnsNotRecords,
    &columns_read::ColumnsRead,
    &dead_variable::DeadVariable,
    &duplicate_objects::DuplicateObjects,
    &duplicate_strings::DuplicateStrings,
    &float32::Float32,
    &gc_cycle::GcCycle,
    &growing_array::GrowingArray,
    &idle_collections::IdleCollections,
    &in_place::InPlace,
    &needless_copy::NeedlessCopy,
    &slots::Slots,
    &smaller_dtype::SmallerDtype,
    &sparse::Sparse,
    &stream_not_list::StreamNotList,
    &view_not_copy::ViewNotCopy,
];

/// The rule with this name.
pub fn rule(id: &str) -> Option<&'static dyn Rule> {
    ALL.iter().copied().find(|rule| rule.id() == id)
}
