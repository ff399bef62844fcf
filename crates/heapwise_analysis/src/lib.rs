//! Pure functions over a profile: high-water mark, leaks, temporaries, time line.
//!
//! Owns what the events of a capture mean: what was live when, and which place in the program it belongs to.
//! Touches no disk, clock, environment or terminal.
//!
//! * [`analyse`] replays the events once and says, for every stack, what was live at the high-water mark, what
//!   was leaked, what was temporary;
//! * [`analyse_job`] does so for all processes of a run, at the moment at which they held most together;
//! * [`places()`] sums that up by line, function, file and origin (library);
//! * [`call_tree()`] arranges what was live at the high-water mark as a tree;
//! * [`Analysis::time_line`] draws the heap over time;
//! * [`moments()`] replays the events again and says what every stack held at many moments, [`job_moments()`] for all
//!   processes of a run;
//! * [`objects()`] joins what a look at the live objects saw with the blocks they consist of;
//! * [`what_if()`] says what the high-water mark would be with some blocks absent, smaller or freed earlier.
//!
//! # What the numbers mean
//!
//! Bytes are requested bytes. In an exact capture all numbers are exact to the byte. In a sampled one each recorded
//! block stands for `1 / probability` blocks of its size; sums over such blocks are unbiased estimates, and
//! [`Peak::error_bytes`] is the standard error of the most important one.

#![forbid(unsafe_code)]

mod account;
mod analysis;
mod blocks;
mod call_tree;
mod held;
mod job;
mod job_moments;
mod mappings;
mod moments;
mod number_filter;
mod objects;
mod place_index;
mod places;
mod replay;
mod resident;
mod site_blocks;
mod slots;
mod ticks;
mod time_line;
mod totals;
mod what_if;

pub use heapwise_profile as profile;

pub use analysis::{Analysis, Peak, Refusal, Refusals, ThreadTotals};
pub use call_tree::{CallNode, CallTree, call_tree};
pub use held::MadeNext;
pub use job::{JobAnalysis, ProcessTotals, analyse_job};
pub use job_moments::job_moments;
pub use moments::{Holding, Moment, Moments, Step, moments};
pub use objects::{Block, Objects, Size, objects, objects_at, user_place};
pub use places::{FileTotals, FunctionTotals, LineTotals, OriginTotals, Place, Places, Whose, places};
pub use replay::{TEMPORARY_MS, analyse, analyse_with};
pub use resident::{ResidentParts, ResidentPoint};
pub use site_blocks::site_blocks;
pub use time_line::TimePoint;
pub use totals::Totals;
pub use what_if::{Change, Effect, Outcome, Scenario, what_if};

/// The function shown for bytes that no Python frame asked for.
pub const NO_PYTHON: &str = "<no Python>";
