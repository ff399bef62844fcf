//! Waits until the line of the user's that ran at a look has been done: what it made has its name then.
//!
//! The look calls [`begin`] for a height whose bytes no name of the user's explains. From then on the main thread is asked,
//! between two instructions, whether the frame that the innermost line of the user's runs in has moved on or is gone.
//! Invariants: at most one question is waiting; all questions together are bounded in number and charged to the time of
//! the looks; a frame is compared only where the running thread's own chain leads to it.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};

use heapwise_cpython::{Frame, FramePointer, FrameWork, Frames};

use crate::recorder::Agent;

/// What a question costs, nanoseconds: CPython's queue takes most of it.
pub(crate) const QUESTION_NS: u64 = 100;
/// CPython up to 3.12 asks this often at once, because each question is followed by the next in the same queue.
const AT_ONCE: u32 = 32;
/// Questions that one look may be followed by.
const MOST: u32 = 1000 * AT_ONCE;
/// A frame further out than this is taken to stand where it stood.
const DEEPEST: usize = 200;

/// A question is in CPython's queue.
static WAITING: AtomicBool = AtomicBool::new(false);
static LEFT: AtomicU32 = AtomicU32::new(0);
/// The frame; 0 until the main thread has been asked for it.
static FRAME: AtomicUsize = AtomicUsize::new(0);
static CODE: AtomicUsize = AtomicUsize::new(0);
static INSTRUCTION: AtomicUsize = AtomicUsize::new(0);

/// What came of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The line still runs; ask again.
    Runs,
    /// It has been done.
    Done,
    /// There is nothing to wait for.
    Nothing,
}

/// Begins to wait, with so many nanoseconds for it. True if the first question is to be asked of the main thread.
pub(crate) fn begin(nanoseconds: u64) -> bool {
    FRAME.store(0, Ordering::Relaxed);
    let questions = (nanoseconds / QUESTION_NS).min(u64::from(MOST)) as u32;
    LEFT.store(questions, Ordering::Relaxed);
    questions > 0 && !WAITING.swap(true, Ordering::AcqRel)
}

/// Nothing is waited for any more.
pub(crate) fn end() {
    LEFT.store(0, Ordering::Relaxed);
}

/// The fork is over, and CPython has emptied its queue or asks in both processes: one question more does no harm.
pub(crate) fn after_fork_in_child() {
    end();
    WAITING.store(false, Ordering::Relaxed);
}

/// A question that was waiting is asked: the calling thread is the main one and holds the GIL. `users_frame` finds the
/// innermost frame of the user's.
pub(crate) fn ask(agent: &Agent, users_frame: impl FnOnce() -> Option<(FramePointer, Frame)>) -> Answer {
    let answer = answer(agent, users_frame);
    WAITING.store(answer == Answer::Runs, Ordering::Release);
    answer
}

fn answer(agent: &Agent, users_frame: impl FnOnce() -> Option<(FramePointer, Frame)>) -> Answer {
    let left = LEFT.load(Ordering::Relaxed);
    if left == 0 {
        return Answer::Nothing;
    }
    LEFT.store(left - 1, Ordering::Relaxed);
    let frame = FRAME.load(Ordering::Relaxed);
    if frame == 0 {
        let Some((frame, stands)) = users_frame() else { return Answer::Nothing };
        FRAME.store(frame, Ordering::Relaxed);
        CODE.store(stands.code, Ordering::Relaxed);
        INSTRUCTION.store(stands.instruction, Ordering::Relaxed);
        return Answer::Runs;
    }
    let stood =
        Frame { code: CODE.load(Ordering::Relaxed), instruction: INSTRUCTION.load(Ordering::Relaxed) };
    let stands = StandsStill { innermost: agent.interpreter.current_frame(), frame, stood };
    if agent.interpreter.with_frames(stands) {
        return Answer::Runs;
    }
    end();
    Answer::Done
}

struct StandsStill {
    innermost: FramePointer,
    frame: FramePointer,
    stood: Frame,
}

impl FrameWork for StandsStill {
    type Output = bool;

    fn run<F: Frames>(self, frames: F) -> bool {
        let mut frame = self.innermost;
        for _ in 0..DEEPEST {
            if frame == 0 {
                return false;
            }
            // SAFETY: a frame of the calling thread's chain, in which nothing runs meanwhile.
            let (stands, previous) = unsafe { frames.frame(frame) };
            if frame == self.frame {
                return stands == self.stood;
            }
            frame = previous;
        }
        true
    }
}
