//! CPython 3.10: frames are objects on the heap, `f_lasti` counts instructions.

use super::{CurrentFrame, Instruction, Layout, LineTable};

pub(super) const LAYOUT: Layout = Layout {
    current_frame: CurrentFrame::Direct(24),
    frame_code: 32,
    code_tag_mask: 0,
    frame_previous: 24,
    frame_instruction: 96,
    instruction: Instruction::Index,
    frame_owner: None,
    code_file: 104,
    code_name: 112,
    code_qualified_name: 112,
    code_first_line: 40,
    code_line_table: 120,
    line_table: LineTable::Pairs,
};
