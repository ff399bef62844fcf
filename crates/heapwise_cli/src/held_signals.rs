//! Work during which no signal is taken.
//!
//! Invariant: what arrives meanwhile is not lost, but acts when the work is done; a thread that is started in the work never
//! takes a signal, so that whoever waits for one gets it.

use nix::sys::signal::{SigSet, SigmaskHow};

/// Does `work` with all signals blocked in this thread.
pub(crate) fn with_signals_held<T>(work: impl FnOnce() -> T) -> T {
    let mask = SigSet::all().thread_swap_mask(SigmaskHow::SIG_BLOCK);
    let done = work();
    if let Ok(mask) = mask {
        // Only a mask that is no mask is refused.
        let _ = mask.thread_set_mask();
    }
    done
}
