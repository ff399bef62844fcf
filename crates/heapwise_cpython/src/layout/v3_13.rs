//! CPython 3.13: `_PyCFrame` is gone; the thread state points to the frame.

use super::{CurrentFrame, Instruction, Layout, v3_12};

pub(super) const LAYOUT: Layout = Layout {
    current_frame: CurrentFrame::Direct(72),
    instruction: Instruction::Pointer { code_start: 200 },
    ..v3_12::LAYOUT
};
