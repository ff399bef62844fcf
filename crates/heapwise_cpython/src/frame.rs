//! Walks the frames of a thread, innermost first.
//!
//! Invariant: only memory that a live frame chain points to is read. The chain of a thread changes only by
//! that thread's own running, so the thread itself may walk it at any instant, with or without the GIL.

use std::ffi::c_void;

use crate::Interpreter;
use crate::layout::{CurrentFrame, Instruction};

/// The address of an interpreter frame; 0 behind the outermost.
pub type FramePointer = usize;

/// What identifies where a frame stands: its code and the instruction it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Frame {
    /// Address of the code object.
    pub code: usize,
    /// What the frame keeps of its instruction: a pointer or an index, by version.
    pub instruction: usize,
}

/// Reads a field.
///
/// # Safety
/// `base + offset` is the address of a readable, aligned field of type `T`.
#[inline]
pub(crate) unsafe fn field<T: Copy>(base: usize, offset: usize) -> T {
    // SAFETY: passed on to the caller.
    unsafe { std::ptr::read((base + offset) as *const T) }
}

impl Interpreter {
    /// The innermost frame of the calling thread; 0 if it runs no Python.
    #[inline]
    pub fn current_frame(&self) -> FramePointer {
        // SAFETY: the function reads thread-specific storage only; it may be called by any thread at any time
        // and returns null for threads that CPython does not know.
        let state = unsafe { (self.api.this_thread_state)() };
        // SAFETY: it is the state of this thread, which only this thread can end.
        unsafe { self.frame_of(state) }
    }

    /// The innermost frame of a thread state.
    ///
    /// # Safety
    /// `state` is null or the live thread state of the calling thread.
    #[inline]
    unsafe fn frame_of(&self, state: *mut c_void) -> FramePointer {
        let state = state as usize;
        if state == 0 {
            return 0;
        }
        match self.layout.current_frame {
            // SAFETY: the field of a live thread state.
            CurrentFrame::Direct(offset) => unsafe { field(state, offset) },
            CurrentFrame::ThroughCFrame(outer, inner) => {
                // SAFETY: as above; the `_PyCFrame` lives on this thread's C stack or in the thread state.
                let c_frame: usize = unsafe { field(state, outer) };
                // SAFETY: a live `_PyCFrame`, unless the thread state is only being made.
                if c_frame == 0 { 0 } else { unsafe { field(c_frame, inner) } }
            }
        }
    }

    /// What a frame runs, `None` for the frames that the interpreter keeps for itself, and the next outer one.
    ///
    /// # Safety
    /// `frame` is not 0 and belongs to the calling thread's chain, as [`Self::current_frame`] or this function
    /// returned it with no Python run in between.
    #[inline]
    pub unsafe fn frame(&self, frame: FramePointer) -> (Option<Frame>, FramePointer) {
        let layout = &self.layout;
        // SAFETY: fields of a live frame.
        let previous = unsafe { field(frame, layout.frame_previous) };
        if let Some((offset, first_foreign)) = layout.frame_owner {
            // SAFETY: as above.
            let owner: u8 = unsafe { field(frame, offset) };
            if owner >= first_foreign {
                return (None, previous);
            }
        }
        // SAFETY: as above.
        let code = unsafe { field::<usize>(frame, layout.frame_code) } & !layout.code_tag_mask;
        let instruction = match layout.instruction {
            // SAFETY: as above; the index is a C int.
            Instruction::Index => unsafe { field::<u32>(frame, layout.frame_instruction) as usize },
            // SAFETY: as above.
            Instruction::Pointer { .. } => unsafe { field(frame, layout.frame_instruction) },
        };
        (Some(Frame { code, instruction }), previous)
    }
}
