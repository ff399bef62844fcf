//! What the kernel counts of processes that it killed because memory had run out.
//!
//! Owns the difference between before and after the program. Invariant: what cannot be read is "not known", never 0.

use std::fs;

use heapwise_profile::MemoryKills;

use super::cgroup::{Group, count};

/// The counts before the program starts, to compare with those after its end.
#[derive(Debug)]
pub(super) struct Counts {
    group: Option<Group>,
    group_kills: Option<u64>,
    system_kills: Option<u64>,
}

impl Counts {
    /// As they are now.
    pub(super) fn now() -> Self {
        let group = Group::of_this_process();
        let system = fs::read_to_string("/proc/vmstat").unwrap_or_default();
        Self {
            group_kills: group.as_ref().and_then(Group::kills),
            group,
            system_kills: count(&system, "oom_kill"),
        }
    }

    /// What was added since.
    pub(super) fn since(&self) -> MemoryKills {
        let now = fs::read_to_string("/proc/vmstat").unwrap_or_default();
        MemoryKills {
            group: added(self.group_kills, self.group.as_ref().and_then(Group::kills)),
            system: added(self.system_kills, count(&now, "oom_kill")),
            group_limit_bytes: self.group.as_ref().and_then(Group::limit).unwrap_or(0),
        }
    }
}

fn added(before: Option<u64>, after: Option<u64>) -> Option<u32> {
    Some(u32::try_from(after?.saturating_sub(before?)).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_before_or_after_is_not_known() {
        let added = (added(None, Some(3)), added(Some(3), None), added(Some(1), Some(3)));
        assert_eq!(added, (None, None, Some(2)));
    }
}
