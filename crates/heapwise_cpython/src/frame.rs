//! Walks the frames of a thread, innermost first.
//!
//! Invariant: only memory that a live frame chain points to is read. The chain of a thread changes only by
//! that thread's own running, so the thread itself may walk it at any instant, with or without the GIL.

use crate::Interpreter;
use crate::layout::{CurrentFrame, Instruction, Layout};

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

/// Reads frames of one version: the offsets are constants of the code made for it.
pub trait Frames: Copy {
    /// What a frame's fields hold, and the next outer one. For the frames that the interpreter keeps for itself
    /// this identifies them too, but it means nothing else: ask [`Self::is_python`].
    ///
    /// # Safety
    /// `frame` is not 0 and belongs to the calling thread's chain, as [`Interpreter::current_frame`] or this
    /// function returned it with no Python run in between.
    unsafe fn frame(self, frame: FramePointer) -> (Frame, FramePointer);

    /// Whether a frame still stands where it stood, and the next outer one. Less work than [`Self::frame`].
    ///
    /// # Safety
    /// As for [`Self::frame`]; and the code object of `before` has not died since.
    unsafe fn unchanged(self, frame: FramePointer, before: Frame) -> (bool, FramePointer);

    /// A number that no other place in any code object that is alive has; `None` if this one has none.
    fn key(self, frame: Frame) -> Option<u64>;

    /// Whether a frame runs Python code, and is not one that the interpreter keeps for itself.
    ///
    /// # Safety
    /// As for [`Self::frame`].
    unsafe fn is_python(self, frame: FramePointer) -> bool;
}

/// Work on frames, for any version.
pub trait FrameWork {
    /// What comes of it.
    type Output;

    /// Does it.
    fn run<F: Frames>(self, frames: F) -> Self::Output;
}

/// Instructions with a higher index than fits into so many bits have no [`Frames::key`].
const INDEX_BITS: u32 = 20;

/// The frames of 3.`MINOR`.
#[derive(Debug, Clone, Copy)]
struct Of<const MINOR: u8>;

impl<const MINOR: u8> Of<MINOR> {
    const LAYOUT: Layout = match Layout::of_minor(MINOR) {
        Some(layout) => layout,
        None => panic!("a version without layout"),
    };
}

impl<const MINOR: u8> Frames for Of<MINOR> {
    #[inline]
    unsafe fn frame(self, frame: FramePointer) -> (Frame, FramePointer) {
        let layout = Self::LAYOUT;
        // SAFETY: fields of a live frame; an index is a C int.
        unsafe {
            let previous = field(frame, layout.frame_previous);
            let code = field::<usize>(frame, layout.frame_code) & !layout.code_tag_mask;
            let instruction = match layout.instruction {
                Instruction::Index => field::<u32>(frame, layout.frame_instruction) as usize,
                Instruction::Pointer { .. } => field(frame, layout.frame_instruction),
            };
            (Frame { code, instruction }, previous)
        }
    }

    #[inline]
    unsafe fn unchanged(self, frame: FramePointer, before: Frame) -> (bool, FramePointer) {
        let layout = Self::LAYOUT;
        match layout.instruction {
            Instruction::Index => {
                // SAFETY: passed on to the caller.
                let (now, previous) = unsafe { self.frame(frame) };
                (now == before, previous)
            }
            // SAFETY: fields of a live frame. A pointer to an instruction is one into its code object, so where
            // the one is the same the other is too.
            Instruction::Pointer { .. } => unsafe {
                let instruction = field::<usize>(frame, layout.frame_instruction);
                (instruction == before.instruction, field(frame, layout.frame_previous))
            },
        }
    }

    #[inline]
    fn key(self, frame: Frame) -> Option<u64> {
        match Self::LAYOUT.instruction {
            // Of an address the lowest 4 and the highest 16 bits are 0.
            Instruction::Index => (frame.instruction < 1 << INDEX_BITS)
                .then_some(((frame.code as u64) >> 4) << INDEX_BITS | frame.instruction as u64),
            Instruction::Pointer { .. } => Some(frame.instruction as u64),
        }
    }

    #[inline]
    unsafe fn is_python(self, frame: FramePointer) -> bool {
        // SAFETY: a field of a live frame.
        Self::LAYOUT
            .frame_owner
            .is_none_or(|(offset, first_foreign)| unsafe { field::<u8>(frame, offset) < first_foreign })
    }
}

impl Interpreter {
    /// Does work on frames with the offsets of this interpreter's version.
    #[inline]
    pub fn with_frames<W: FrameWork>(&self, work: W) -> W::Output {
        match self.version.minor {
            10 => work.run(Of::<10>),
            11 => work.run(Of::<11>),
            12 => work.run(Of::<12>),
            13 => work.run(Of::<13>),
            // `attach` refuses what has no layout.
            _ => work.run(Of::<14>),
        }
    }

    /// The innermost frame of the calling thread; 0 if it runs no Python.
    #[inline]
    pub fn current_frame(&self) -> FramePointer {
        // SAFETY: the function reads thread-specific storage only; it may be called by any thread at any time
        // and returns null for threads that CPython does not know.
        let state = unsafe { (self.api.this_thread_state)() } as usize;
        if state == 0 {
            return 0;
        }
        match self.layout.current_frame {
            // SAFETY: the field of this thread's state, which only this thread can end.
            CurrentFrame::Direct(offset) => unsafe { field(state, offset) },
            CurrentFrame::ThroughCFrame(outer, inner) => {
                // SAFETY: as above; the `_PyCFrame` lives on this thread's C stack or in the thread state.
                let c_frame: usize = unsafe { field(state, outer) };
                // SAFETY: a live `_PyCFrame`, unless the thread state is only being made.
                if c_frame == 0 { 0 } else { unsafe { field(c_frame, inner) } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_tell_places_apart_or_are_none() {
        let place = |code, instruction| Frame { code, instruction };
        let of_3_10 = [place(0x7f00_0000_1230, 5), place(0x7f00_0000_1230, 6), place(0x7f00_0000_1240, 5)];
        let keys = of_3_10.map(|frame| Of::<10>.key(frame));
        assert!(keys.iter().all(Option::is_some));
        assert!(keys[0] != keys[1] && keys[0] != keys[2] && keys[1] != keys[2]);
        // Before the first instruction, and in code too long for a key.
        assert_eq!(Of::<10>.key(place(0x7f00_0000_1230, u32::MAX as usize)), None);
        assert_eq!(Of::<10>.key(place(0x7f00_0000_1230, 1 << INDEX_BITS)), None);
        assert_ne!(Of::<12>.key(place(0x1000, 0x1100)), Of::<12>.key(place(0x1000, 0x1102)));
    }
}
