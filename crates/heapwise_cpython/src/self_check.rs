//! The check at the start: the own walk over the frames against what the interpreter says of them.
//!
//! An interpreter whose frames are laid out otherwise, for instance an unknown patch release, is met here and
//! refused, before anything of it is read for real.

use std::ffi::CStr;

use crate::api::Object;
use crate::{Frame, FrameWork, Frames, Interpreter, Refusal};

/// Deeper frames are not compared; a layout that is right for these is right for all.
const DEEPEST: usize = 200;

/// Compares code objects and lines from the innermost frame outwards.
///
/// # Errors
/// [`Refusal::SelfCheck`] with the first difference.
///
/// # Safety
/// The GIL is held and at least one Python frame is below.
pub(crate) unsafe fn run(interpreter: &Interpreter) -> Result<(), Refusal> {
    let api = &interpreter.api;
    // SAFETY: the GIL is held; the result is a borrowed reference or null.
    let get_frame = unsafe { (api.sys_get_object)(c"_getframe".as_ptr()) };
    if get_frame.is_null() {
        return Err(refuse("sys._getframe is missing"));
    }
    // SAFETY: a live callable and the GIL.
    let mut told = unsafe { (api.call_no_args)(get_frame) };
    let walked = interpreter.with_frames(Walk(interpreter));
    let mut result = if told.is_null() { Err(refuse("sys._getframe failed")) } else { Ok(()) };
    let mut depth = 0;
    while result.is_ok() && depth < DEEPEST {
        let own = walked.get(depth).copied();
        // SAFETY: a live object and the GIL; behind the outermost frame it is `None`, which has no code.
        let is_none = unsafe { told_code(interpreter, told) } == 0;
        result = match (own, is_none) {
            (None, true) => break,
            (Some(_), true) => Err(refuse(&format!("{depth} frames were told, more were walked"))),
            (None, false) => Err(refuse(&format!("{depth} frames were walked, more were told"))),
            (Some(frame), false) => {
                // SAFETY: a live frame object and the GIL; the code of a live frame.
                let (code, line, place) = unsafe {
                    (told_code(interpreter, told), told_line(interpreter, told), interpreter.place(frame))
                };
                if code != frame.code {
                    Err(refuse(&format!("frame {depth}: another code object")))
                } else if line.is_some_and(|line| line != i64::from(place.line)) {
                    Err(refuse(&format!("frame {depth}: line {line:?} was told, {} was read", place.line)))
                } else {
                    Ok(())
                }
            }
        };
        // SAFETY: a live frame object and the GIL.
        let outer = unsafe { attribute(interpreter, told, c"f_back") };
        // SAFETY: a reference that this function owns.
        unsafe { (api.decrement)(told) };
        told = outer;
        if told.is_null() {
            return Err(refuse("f_back is missing"));
        }
        depth += 1;
    }
    if !told.is_null() {
        // SAFETY: as above.
        unsafe { (api.decrement)(told) };
    }
    result
}

/// Lists the frames of the calling thread as tracebacks show them, innermost first.
struct Walk<'a>(&'a Interpreter);

impl FrameWork for Walk<'_> {
    type Output = Vec<Frame>;

    fn run<F: Frames>(self, frames: F) -> Vec<Frame> {
        let mut walked = Vec::new();
        let mut pointer = self.0.current_frame();
        while pointer != 0 && walked.len() <= DEEPEST {
            // SAFETY: a frame of this thread, and no Python runs meanwhile.
            let ((frame, previous), python) = unsafe { (frames.frame(pointer), frames.is_python(pointer)) };
            pointer = previous;
            // SAFETY: the code of a live frame.
            if python && !unsafe { self.0.is_internal(frame.code) } {
                walked.push(frame);
            }
        }
        walked
    }
}

fn refuse(difference: &str) -> Refusal {
    Refusal::SelfCheck(difference.to_owned())
}

/// A new reference, or null with no error set.
///
/// # Safety
/// `object` is live and the GIL is held.
unsafe fn attribute(interpreter: &Interpreter, object: Object, name: &CStr) -> Object {
    // SAFETY: as this function's contract says.
    unsafe {
        let found = (interpreter.api.get_attribute)(object, name.as_ptr());
        if found.is_null() {
            (interpreter.api.clear_error)();
        }
        found
    }
}

/// # Safety
/// `frame` is live and the GIL is held.
unsafe fn told_code(interpreter: &Interpreter, frame: Object) -> usize {
    // SAFETY: as this function's contract says; the frame keeps its code alive.
    unsafe {
        let code = attribute(interpreter, frame, c"f_code");
        if !code.is_null() {
            (interpreter.api.decrement)(code);
        }
        code as usize
    }
}

/// The line of a frame object; `None` where it stands at an instruction without a line.
///
/// # Safety
/// `frame` is live and the GIL is held.
unsafe fn told_line(interpreter: &Interpreter, frame: Object) -> Option<i64> {
    // SAFETY: as this function's contract says.
    unsafe {
        let line = attribute(interpreter, frame, c"f_lineno");
        if line.is_null() {
            return None;
        }
        let number = (interpreter.api.long_as_long)(line);
        (interpreter.api.clear_error)();
        (interpreter.api.decrement)(line);
        // -1 with an error set is what a line of `None` gives.
        (number >= 0).then_some(number)
    }
}
