//! Waits until the line of the user's that ran at a look has been done: what it made has its name then.
//!
//! The look calls [`begin`] for a height whose bytes no name of the user's explains. From then on the main thread is asked,
//! between two instructions, whether the frame whose line keeps the largest value without a name, else the innermost one
//! of the user's, is at another line or gone.
//! Invariants: at most one question is waiting; all questions together are bounded in number and charged to the time of
//! the looks; a frame is compared only where the running thread's own chain leads to it.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};

use heapwise_cpython::{Frame, FramePointer, FrameWork, Frames};

use crate::recorder::Agent;

/// What a question costs, nanoseconds: CPython's queue takes most of it.
pub(crate) const QUESTION_NS: u64 = 100;
/// CPython up to 3.12 asks this often at once, because each question is followed by the next in the same queue.
const AT_ONCE: u32 = 32;
/// Questions that one look may be followed by.
const MOST: u32 = 1000 * AT_ONCE;
/// Questions that finding a line stands for.
const OF_A_LINE: u32 = 20;
/// A frame further out than this is taken to stand where it stood.
const DEEPEST: usize = 200;

/// A question is in CPython's queue.
static WAITING: AtomicBool = AtomicBool::new(false);
static LEFT: AtomicU32 = AtomicU32::new(0);
/// The frame; 0 until the main thread has been asked for it.
static FRAME: AtomicUsize = AtomicUsize::new(0);
static CODE: AtomicUsize = AtomicUsize::new(0);
static INSTRUCTION: AtomicUsize = AtomicUsize::new(0);
static LINE: AtomicU32 = AtomicU32::new(0);
/// How often in turn the line was waited for in vain.
static IN_VAIN: AtomicU32 = AtomicU32::new(0);
/// The function whose frame it shall be, by file and qualified name.
static FUNCTION: Mutex<Option<(String, String)>> = Mutex::new(None);

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

/// Begins to wait for a line of this function, with so many nanoseconds for it. True if the first question is to be asked of
/// the main thread.
pub(crate) fn begin(nanoseconds: u64, function: Option<(String, String)>) -> bool {
    if let Ok(mut known) = FUNCTION.lock() {
        *known = function;
    }
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
/// frame of a function, else the innermost one of the user's.
pub(crate) fn ask(
    agent: &Agent,
    users_frame: impl FnOnce(Option<&(String, String)>) -> Option<(FramePointer, Frame)>,
) -> Answer {
    let answer = answer(agent, users_frame);
    WAITING.store(answer == Answer::Runs, Ordering::Release);
    answer
}

fn answer(
    agent: &Agent,
    users_frame: impl FnOnce(Option<&(String, String)>) -> Option<(FramePointer, Frame)>,
) -> Answer {
    let left = LEFT.load(Ordering::Relaxed);
    if left == 0 {
        return Answer::Nothing;
    }
    LEFT.store(left - 1, Ordering::Relaxed);
    // SAFETY: the code of a frame that stands in the calling thread's chain.
    let line = |stands: Frame| unsafe { agent.interpreter.place(stands) }.line;
    let frame = FRAME.load(Ordering::Relaxed);
    if frame == 0 {
        let function = FUNCTION.lock().ok().and_then(|mut function| function.take());
        let Some((frame, stands)) = users_frame(function.as_ref()) else { return Answer::Nothing };
        FRAME.store(frame, Ordering::Relaxed);
        INSTRUCTION.store(stands.instruction, Ordering::Relaxed);
        let line = line(stands);
        let same_code = CODE.swap(stands.code, Ordering::Relaxed) == stands.code;
        let same_line = LINE.swap(line, Ordering::Relaxed) == line;
        // What it makes is seen growing; each time that it was not done in time, there is half the hope that it will be.
        let in_vain = if same_code && same_line { IN_VAIN.load(Ordering::Relaxed) + 1 } else { 0 };
        IN_VAIN.store(in_vain, Ordering::Relaxed);
        LEFT.store((left - 1).checked_shr(in_vain).unwrap_or(0), Ordering::Relaxed);
        return Answer::Runs;
    }
    let stood =
        Frame { code: CODE.load(Ordering::Relaxed), instruction: INSTRUCTION.load(Ordering::Relaxed) };
    let innermost = agent.interpreter.current_frame();
    match agent.interpreter.with_frames(Standing { innermost, frame }) {
        Where::TooDeep => return Answer::Runs,
        Where::At(now) if now == stood => return Answer::Runs,
        Where::At(now) if now.code == stood.code && line(now) == LINE.load(Ordering::Relaxed) => {
            INSTRUCTION.store(now.instruction, Ordering::Relaxed);
            LEFT.store(left.saturating_sub(OF_A_LINE), Ordering::Relaxed);
            return Answer::Runs;
        }
        Where::At(_) | Where::Gone => {}
    }
    end();
    LINE.store(0, Ordering::Relaxed);
    Answer::Done
}

enum Where {
    At(Frame),
    Gone,
    TooDeep,
}

struct Standing {
    innermost: FramePointer,
    frame: FramePointer,
}

impl FrameWork for Standing {
    type Output = Where;

    fn run<F: Frames>(self, frames: F) -> Where {
        let mut frame = self.innermost;
        for _ in 0..DEEPEST {
            if frame == 0 {
                return Where::Gone;
            }
            // SAFETY: a frame of the calling thread's chain, in which nothing runs meanwhile.
            let (stands, previous) = unsafe { frames.frame(frame) };
            if frame == self.frame {
                return Where::At(stands);
            }
            frame = previous;
        }
        Where::TooDeep
    }
}
