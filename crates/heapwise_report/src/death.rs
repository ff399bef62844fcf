//! How a process ended that did not end by itself: the last moment, what memory was refused, who was killed.
//!
//! Invariant: says only what the capture and the launcher's stamp tell; what is likely is the text's business.

use heapwise_analysis::profile::{Header, NO_STACK, Profile, StackId, State};
use heapwise_analysis::{Analysis, NO_PYTHON, Refusal};

use crate::build::seconds;
use crate::model::{Death, LastSeen, MemoryKills, Refused};
use crate::place;

/// The last moment, unless the exit handlers ran.
pub(crate) fn death(profile: &Profile, analysis: &Analysis) -> Option<Death> {
    (profile.header().state == State::Recording).then(|| Death {
        time_s: seconds(analysis.duration_ms),
        heap_bytes: analysis.total.leaked_bytes,
        last: last_seen(profile, analysis.last_stack),
    })
}

/// The requests that were refused.
pub(crate) fn refused(profile: &Profile, analysis: &Analysis) -> Vec<Refused> {
    let refused = |refusal: &Refusal| {
        let (file, line, function) = match last_seen(profile, refusal.stack) {
            Some(place) => (place.file, place.line, place.function),
            None => (String::new(), 0, NO_PYTHON.to_owned()),
        };
        Refused {
            time_s: seconds(refusal.time_ms),
            bytes: refusal.size,
            heap_bytes: refusal.heap_bytes,
            address_space_limit_bytes: (refusal.limit > 0).then_some(refusal.limit),
            file,
            line,
            function,
        }
    };
    analysis.refusals.last.iter().map(refused).collect()
}

/// What the kernel counted.
pub(crate) fn memory_kills(header: &Header) -> Option<MemoryKills> {
    let kills = header.outcome.memory_kills;
    let known = kills.group.is_some() || kills.system.is_some();
    known.then(|| MemoryKills {
        cgroup: kills.group,
        system: kills.system,
        cgroup_limit_bytes: (kills.group_limit_bytes > 0).then_some(kills.group_limit_bytes),
    })
}

/// The innermost line of the user's on a stack, else the innermost.
fn last_seen(profile: &Profile, stack: StackId) -> Option<LastSeen> {
    if stack == NO_STACK {
        return None;
    }
    let is_user = |&frame: &u32| {
        let file = profile.file_of(frame);
        place::library(file).is_none() && !place::is_generated(file)
    };
    let innermost = profile.outwards(stack).next()?;
    let frame = profile.outwards(stack).find(is_user).unwrap_or(innermost);
    Some(LastSeen {
        file: profile.file_of(frame).to_owned(),
        line: profile.frame(frame).position.line,
        function: profile.function_of(frame).to_owned(),
        depth: profile.outwards(stack).count() as u64,
    })
}
