//! CPython 3.11: frames live in the thread's data stack, reached through `_PyCFrame`.

use super::{CurrentFrame, Instruction, Layout, LineTable};

pub(super) const LAYOUT: Layout = Layout {
    current_frame: CurrentFrame::ThroughCFrame(56, 8),
    frame_code: 32,
    code_tag_mask: 0,
    frame_previous: 48,
    frame_instruction: 56,
    instruction: Instruction::Pointer { code_start: 184 },
    frame_owner: None,
    code_file: 112,
    code_name: 120,
    code_qualified_name: 128,
    code_first_line: 72,
    code_line_table: 136,
    line_table: LineTable::Locations,
};
