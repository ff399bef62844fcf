//! Data frames and series of pandas: columns, each with its share of the blocks.
//!
//! Read from the instance's attributes and from what the block manager, a class of Cython's, refers to.

use heapwise_capture::inspection::{Buffer, Object};
use heapwise_cpython::objects::{Address, Builtin, Live};

use crate::arrays::Array;
use crate::arrow::{self, ArrowClass};
use crate::describe::{Account, key_text, push_buffer, quoted, type_name};
use crate::facts;

const MOST_COLUMNS: usize = 2000;

/// A block of a manager: its values and the columns that they are.
struct Block {
    values: Address,
    columns: Vec<usize>,
}

/// Says what a data frame or series is; false if the object is none.
pub(crate) fn describe(
    account: &Account<'_, '_>,
    object: &mut Object,
    address: Address,
    depth: usize,
) -> bool {
    match object.kind.as_str() {
        "pandas.DataFrame" => describe_frame(account, object, address, depth),
        "pandas.Series" => describe_series(account, object, address, depth),
        _ => false,
    }
}

fn attribute(live: Live<'_>, object: Address, name: &str) -> Option<Address> {
    live.attributes(object, 200).into_iter().find(|attribute| attribute.name == name).map(|found| found.value)
}

/// What an object of a C type refers to.
fn referents(live: Live<'_>, object: Address) -> Vec<Address> {
    let fields = live.type_fields(live.type_of(object));
    let mut found = Vec::new();
    if !fields.is_collected || live.is_tracked(object) {
        live.traverse(object, fields.traverse, &mut |referent| {
            found.push(referent);
            true
        });
    }
    found
}

fn is(live: Live<'_>, object: Address, kind: Builtin) -> bool {
    object != 0 && live.builtin(live.type_of(object)) == Some(kind)
}

fn is_array(live: Live<'_>, object: Address) -> bool {
    live.c_name(live.type_of(object)) == "numpy.ndarray"
}

/// The axes and blocks of a manager.
fn manager(live: Live<'_>, manager: Address) -> Option<(Vec<Address>, Vec<Block>)> {
    let mut parts = referents(live, manager);
    // That of a series is a class of Python's: up to 3.10 it leads to its attributes by their dict only.
    parts.extend(live.attributes(manager, 200).into_iter().map(|attribute| attribute.value));
    let axes = parts.iter().copied().find(|&part| is(live, part, Builtin::List))?;
    let items = live.list_items(axes);
    let axes: Vec<Address> = (0..items.length.min(2)).map(|index| live.item(items, index)).collect();
    let blocks = parts.iter().copied().find(|&part| {
        is(live, part, Builtin::Tuple) && {
            let items = live.tuple_items(part);
            items.length > 0 && {
                let (module, name) = live.type_name(live.type_of(live.item(items, 0)));
                module.starts_with("pandas.") && name.ends_with("Block")
            }
        }
    })?;
    let items = live.tuple_items(blocks);
    let blocks = (0..items.length).filter_map(|index| block(live, live.item(items, index))).collect();
    Some((axes, blocks))
}

fn block(live: Live<'_>, block: Address) -> Option<Block> {
    let mut values = 0;
    let mut columns = Vec::new();
    for part in referents(live, block) {
        let (module, name) = live.type_name(live.type_of(part));
        if name == "BlockPlacement" {
            columns = placement(live, part);
        } else if module == "numpy"
            || module.starts_with("pandas.") && !name.ends_with("Refs") && name != "type"
        {
            let is_class = live.builtin(live.type_of(part)) == Some(Builtin::Type);
            if !is_class && values == 0 {
                values = part;
            }
        }
    }
    (values != 0).then_some(Block { values, columns })
}

/// The columns that a placement names: a slice, or an array of integers.
fn placement(live: Live<'_>, placement: Address) -> Vec<usize> {
    for part in referents(live, placement) {
        if is(live, part, Builtin::Slice) {
            let number = |offset: usize| {
                let value: Address = live.read(part, offset);
                if is(live, value, Builtin::Integer) { live.integer(value) } else { None }
            };
            let (first, end, step) =
                (number(16).unwrap_or(0), number(24).unwrap_or(0), number(32).unwrap_or(1));
            let count = if step == 0 { 0 } else { ((end - first) / step).max(0) };
            return (0..count.min(MOST_COLUMNS as i64))
                .map(|index| (first + index * step).max(0) as usize)
                .collect();
        }
        if is_array(live, part) {
            let array = Array::read(live, part);
            if array.item_size == 8 && array.strides.len() == 1 {
                let place = |index: usize| (array.start as i64 + index as i64 * array.strides[0]) as usize;
                let count = array.length().min(MOST_COLUMNS);
                return (0..count).map(|index| live.read::<i64>(place(index), 0).max(0) as usize).collect();
            }
        }
    }
    Vec::new()
}

/// The labels of an index, as one would write them; empty where they cannot be read.
fn labels(account: &Account<'_, '_>, index: Address) -> Vec<String> {
    let live = account.walk.live;
    let Some(values) = attribute(live, index, "_data") else { return Vec::new() };
    if let Some(texts) = attribute(live, values, "_pa_array").and_then(|array| arrow_texts(live, array)) {
        return texts;
    }
    let values = texts_of_python(live, values).unwrap_or(values);
    if !is_array(live, values) {
        return Vec::new();
    }
    let array = Array::read(live, values);
    if array.strides.len() != 1 {
        return Vec::new();
    }
    let place = |index: usize| (array.start as i64 + index as i64 * array.strides[0]) as usize;
    (0..array.length().min(MOST_COLUMNS))
        .map(|index| match (array.letter, array.item_size) {
            (b'O', 8) => {
                let object: Address = live.read(place(index), 0);
                if object == 0 { String::new() } else { key_text(account.walk, object) }
            }
            (b'i', 8) => live.read::<i64>(place(index), 0).to_string(),
            _ => String::new(),
        })
        .collect()
}

/// The array of NumPy that a string array of pandas keeps its strings of Python in, in a field of C.
fn texts_of_python(live: Live<'_>, values: Address) -> Option<Address> {
    let (module, _) = live.type_name(live.type_of(values));
    let is_array = |&part: &Address| is_array(live, part);
    if module.starts_with("pandas.") { referents(live, values).into_iter().find(is_array) } else { None }
}

/// The texts of an array of Arrow, as one would write them; `None` if it is of something else.
fn arrow_texts(live: Live<'_>, array: Address) -> Option<Vec<String>> {
    let class = ArrowClass::of_object(live, array)?;
    let columns = arrow::columns(live, array, class)?;
    let column = columns.first()?;
    let each = column.texts.iter().flat_map(|texts| (0..texts.length).map(|index| texts.get(live, index)));
    let texts = each.take(MOST_COLUMNS).map(|text| text.map(|text| quoted(&String::from_utf8_lossy(text))));
    texts.collect()
}

fn length_of(account: &Account<'_, '_>, index: Address) -> Option<u64> {
    let live = account.walk.live;
    let values = attribute(live, index, "_data").or_else(|| attribute(live, index, "_range"))?;
    if is_array(live, values) {
        return Some(Array::read(live, values).length() as u64);
    }
    None
}

fn describe_frame(account: &Account<'_, '_>, object: &mut Object, address: Address, depth: usize) -> bool {
    let live = account.walk.live;
    let Some(manager_at) = attribute(live, address, "_mgr") else { return false };
    let Some((axes, blocks)) = manager(live, manager_at) else { return false };
    let names = axes.first().map(|&axis| labels(account, axis)).unwrap_or_default();
    let columns: usize = blocks.iter().map(|block| block.columns.len()).sum();
    let mut rows = axes.get(1).and_then(|&axis| length_of(account, axis));
    // Of the time for values each column has its share.
    let mut left = columns;
    for block in &blocks {
        if is_array(live, block.values) {
            let array = Array::read(live, block.values);
            rows = rows.or_else(|| array.shape.last().copied());
        }
        describe_block(account, object, block, &names, left, depth);
        left -= block.columns.len();
    }
    object.shape = vec![rows.unwrap_or(0), columns as u64];
    if let Some(&index) = axes.get(1) {
        let (bytes, own) = account.bytes_of(index);
        if bytes >= object.bytes / 100 && bytes > 1024 {
            let name = format!("{}.index", object.name);
            object.parts.push(account.object(&name, index, bytes, own, depth + 1));
        }
    }
    object.parts.sort_by_key(|part| std::cmp::Reverse(part.bytes));
    object.parts.truncate(100);
    object.buffers.sort_by_key(|buffer| std::cmp::Reverse(buffer.bytes));
    object.buffers.dedup();
    true
}

fn column_name(frame: &str, names: &[String], column: usize) -> String {
    match names.get(column).filter(|name| !name.is_empty()) {
        Some(name) => format!("{frame}[{name}]"),
        None => format!("{frame}.iloc[:, {column}]"),
    }
}

/// Adds the columns of a block; so many of the table are still to come, these included.
fn describe_block(
    account: &Account<'_, '_>,
    frame: &mut Object,
    block: &Block,
    names: &[String],
    left: usize,
    depth: usize,
) {
    let live = account.walk.live;
    if !is_array(live, block.values) || block.columns.len() == 1 {
        let Some(&column) = block.columns.first() else { return };
        let name = column_name(&frame.name, names, column);
        let mut part = account.with_share(left, || describe_column(account, &name, block.values, depth));
        if part.shape.len() == 2 {
            part.shape = vec![part.shape[1]];
        }
        part.parts.clear();
        frame.buffers.extend(part.buffers.iter().copied());
        frame.parts.push(part);
        return;
    }
    let (bytes, mut own) = account.bytes_of(block.values);
    let array = Array::read(live, block.values);
    let count = block.columns.len() as u64;
    let whole = Buffer { address: array.start as u64, bytes: array.bytes() };
    if array.owns || array.base != 0 {
        let owner = account.owner(&array);
        push_buffer(frame, owner.start, owner.bytes());
        // Columns that were asked for once are views that the table keeps.
        if account.ends_with(owner.address, frame.address as Address) {
            own = bytes;
        }
    }
    for (row, &column) in block.columns.iter().enumerate() {
        let Some(part_of_block) = array.row(row) else { continue };
        let mut part = Object {
            name: column_name(&frame.name, names, column),
            address: part_of_block.start as u64,
            kind: "pandas.Series".into(),
            dtype: Some(part_of_block.type_name()),
            shape: part_of_block.shape.clone(),
            // Of the objects in a block of them each column has its share, until it is looked at.
            bytes: if array.is_object() { bytes / count } else { part_of_block.bytes() },
            own_bytes: if own == 0 { 0 } else { own / count },
            buffers: vec![whole],
            ..Object::default()
        };
        if array.is_object() {
            let (bytes, own) = account.bytes_of_elements(&part_of_block);
            part.bytes = bytes;
            part.own_bytes = own;
        }
        account.with_share(left - row, || facts::array(account, &mut part.facts, &part_of_block));
        frame.parts.push(part);
    }
}

/// A column with these values. Of an extension array that keeps an array of Arrow, or strings in one of NumPy, what is
/// known of that.
fn describe_column(account: &Account<'_, '_>, name: &str, values: Address, depth: usize) -> Object {
    let live = account.walk.live;
    let (bytes, own) = account.bytes_of(values);
    let kind = type_name(account.walk, values);
    let inner = if kind.starts_with("pandas.StringArray") {
        texts_of_python(live, values)
    } else if is_array(live, values) {
        None
    } else {
        attribute(live, values, "_pa_array")
    };
    let mut column = account.object(name, inner.unwrap_or(values), bytes, own, depth + 1);
    if inner.is_some() {
        column.address = values as u64;
        column.length = column.length.or(column.shape.first().copied());
        column.shape.clear();
        column.dtype = None;
    }
    column.kind = kind;
    name_as_column(&mut column);
    column
}

/// A column is said to be a series, whatever its values are kept in.
fn name_as_column(part: &mut Object) {
    let dtype = match part.kind.as_str() {
        "pandas.Categorical" => Some("category"),
        "pandas.ArrowStringArray" | "pandas.ArrowStringArrayNumpySemantics" => Some("string[pyarrow]"),
        "pandas.StringArray" | "pandas.StringArrayNumpySemantics" => Some("string[python]"),
        "pandas.DatetimeArray" => Some("datetime64[ns]"),
        "pandas.TimedeltaArray" => Some("timedelta64[ns]"),
        "pandas.IntegerArray" => Some("Int64"),
        "pandas.FloatingArray" => Some("Float64"),
        "pandas.BooleanArray" => Some("boolean"),
        _ => None,
    };
    if let Some(dtype) = dtype {
        part.dtype = Some(dtype.to_owned());
    }
    part.kind = "pandas.Series".into();
}

fn describe_series(account: &Account<'_, '_>, object: &mut Object, address: Address, depth: usize) -> bool {
    let live = account.walk.live;
    let Some(manager_at) = attribute(live, address, "_mgr") else { return false };
    let Some((axes, blocks)) = manager(live, manager_at) else { return false };
    let Some(block) = blocks.first() else { return false };
    let values = describe_column(account, &object.name, block.values, depth);
    object.dtype = values.dtype;
    object.shape = values.shape;
    object.length = values.length;
    object.buffers = values.buffers;
    object.facts = values.facts;
    if let Some(&index) = axes.first() {
        let (bytes, own) = account.bytes_of(index);
        if bytes >= object.bytes / 100 && bytes > 1024 {
            let name = format!("{}.index", object.name);
            object.parts.push(account.object(&name, index, bytes, own, depth + 1));
        }
    }
    true
}
