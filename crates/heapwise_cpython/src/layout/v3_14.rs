//! CPython 3.14: `f_executable` carries tag bits, the owner moved, and 3 (`FRAME_OWNED_BY_INTERPRETER`) joins 4
//! (`FRAME_OWNED_BY_CSTACK`) among the frames that are no Python frames.

use super::{Instruction, Layout, v3_12, v3_13};

pub(super) const LAYOUT: Layout = Layout {
    code_tag_mask: 7,
    instruction: Instruction::Pointer { code_start: 208 },
    frame_owner: Some((74, v3_12::NO_PYTHON_FRAME)),
    ..v3_13::LAYOUT
};
