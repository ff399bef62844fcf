//! CPython 3.12: as 3.11, with the code first in the frame and entry frames that belong to the C stack.

use super::{CurrentFrame, Instruction, Layout, LineTable};

/// `FRAME_OWNED_BY_CSTACK`.
pub(super) const NO_PYTHON_FRAME: u8 = 3;

pub(super) const LAYOUT: Layout = Layout {
    current_frame: CurrentFrame::ThroughCFrame(56, 0),
    frame_code: 0,
    code_tag_mask: 0,
    frame_previous: 8,
    frame_instruction: 56,
    instruction: Instruction::Pointer { code_start: 192 },
    frame_owner: Some((70, NO_PYTHON_FRAME)),
    code_file: 112,
    code_name: 120,
    code_qualified_name: 128,
    code_first_line: 68,
    code_line_table: 136,
    line_table: LineTable::Locations,
};
