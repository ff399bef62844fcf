//! The one pass over the events.

use heapwise_profile::Profile;

use crate::Analysis;

/// A block that lives at most this many milliseconds is temporary. Events carry milliseconds, so a block that
/// lives up to a millisecond longer can count as one.
pub const TEMPORARY_MS: u64 = 10;

/// Replays all events of a profile once.
pub fn analyse(profile: &Profile) -> Analysis {
    let _ = profile;
    todo!("the replay")
}
