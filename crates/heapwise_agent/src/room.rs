//! How much memory the process may still get.
//!
//! What the agent does for itself must leave the program its room: a look at the objects takes megabytes for a moment,
//! which a program near its limit would then be refused, or killed for. Owns the places where the system tells: the
//! limit of the address space (`ulimit -v`), the cgroups of the process in both versions, and what the machine has.
//! Invariant: only reads; a limit that cannot be read is taken for none.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::platform::{self, PAGE};
use crate::process;

/// The memory hierarchies where every system mounts them: version 1, version 2.
const FIRST: Hierarchy = Hierarchy {
    mount: "/sys/fs/cgroup/memory",
    limit: "memory.limit_in_bytes",
    usage: "memory.usage_in_bytes",
    cache: "total_inactive_file",
};
const SECOND: Hierarchy = Hierarchy {
    mount: "/sys/fs/cgroup",
    limit: "memory.max",
    usage: "memory.current",
    cache: "inactive_file",
};

#[derive(Debug, Clone, Copy)]
struct Hierarchy {
    mount: &'static str,
    limit: &'static str,
    usage: &'static str,
    /// In `memory.stat`: pages of files that the kernel gives up before it refuses anything.
    cache: &'static str,
}

/// Bytes that the process may still get, by whatever limits it most.
pub(crate) fn left() -> u64 {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let in_machine = process::field(&read("/proc/meminfo"), "MemAvailable:").unwrap_or(u64::MAX);
    in_machine.min(addresses()).min(in_groups())
}

/// Bytes of address space that the process may still map.
pub(crate) fn addresses() -> u64 {
    let limit = platform::address_space_limit();
    if limit == 0 {
        return u64::MAX;
    }
    let pages = fs::read_to_string("/proc/thread-self/statm").unwrap_or_default();
    let used = pages.split(' ').next().and_then(|pages| pages.parse::<u64>().ok());
    limit.saturating_sub(used.unwrap_or(0) * PAGE as u64)
}

/// What the cgroups of the process leave it. A process that is moved to another one later is not followed there.
fn in_groups() -> u64 {
    static GROUPS: OnceLock<Option<(Hierarchy, PathBuf)>> = OnceLock::new();
    let groups = GROUPS.get_or_init(|| group(&fs::read_to_string("/proc/self/cgroup").unwrap_or_default()));
    groups
        .as_ref()
        .map_or(u64::MAX, |(hierarchy, folder)| left_in(*hierarchy, Path::new(hierarchy.mount), folder))
}

/// The group that a process is in by the text of its `/proc/PID/cgroup`: `4:memory:/job` in version 1, `0::/job` in
/// version 2, which has no say over memory where the first has.
fn group(text: &str) -> Option<(Hierarchy, PathBuf)> {
    let mut lines = text.lines().map(|line| line.splitn(3, ':').skip(1));
    let of_first = lines
        .find_map(|mut parts| parts.next()?.split(',').any(|name| name == "memory").then(|| parts.next())?);
    let (hierarchy, path) = match of_first {
        Some(path) => (FIRST, path),
        None => (SECOND, text.lines().find_map(|line| line.strip_prefix("0::"))?),
    };
    Some((hierarchy, Path::new(hierarchy.mount).join(path.trim_start_matches('/'))))
}

/// The least that the group in `folder` and those around it leave. In a container the path may be that of the host: what
/// is not there limits nothing.
fn left_in(hierarchy: Hierarchy, mount: &Path, folder: &Path) -> u64 {
    let around = folder.ancestors().take_while(|folder| folder.starts_with(mount));
    around.filter_map(|folder| left_in_one(hierarchy, folder)).min().unwrap_or(u64::MAX)
}

fn left_in_one(hierarchy: Hierarchy, folder: &Path) -> Option<u64> {
    let number = |name: &str| fs::read_to_string(folder.join(name)).ok()?.trim().parse::<u64>().ok();
    // No limit is `max` in version 2, and nearly 2^63 in version 1.
    let limit = number(hierarchy.limit)?;
    let stat = fs::read_to_string(folder.join("memory.stat")).unwrap_or_default();
    let cache = stat.lines().find_map(|line| line.strip_prefix(hierarchy.cache)?.trim().parse().ok());
    Some(limit.saturating_sub(number(hierarchy.usage)?.saturating_sub(cache.unwrap_or(0))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(folder: &Path, name: &str, text: &str) {
        fs::create_dir_all(folder).expect("a folder");
        fs::write(folder.join(name), text).expect("a file");
    }

    #[test]
    fn the_tightest_group_around_counts_without_its_cache() {
        let mount = tempfile::tempdir().expect("a folder");
        let job = mount.path().join("job");
        let step = job.join("step");
        for (folder, limit, usage, cache) in [(&job, "500", "300", 50), (&step, "max", "290", 50)] {
            file(folder, "memory.max", limit);
            file(folder, "memory.current", usage);
            file(folder, "memory.stat", &format!("anon 9\ninactive_file {cache}\nactive_file 3\n"));
        }
        assert_eq!(left_in(SECOND, mount.path(), &step), 250);
        assert_eq!(left_in(SECOND, mount.path(), &mount.path().join("gone/step")), u64::MAX);
    }

    #[test]
    fn the_first_version_is_preferred_where_it_has_the_memory() {
        let (_, folder) = group("9:name=systemd:/\n4:cpu,memory:/job\n0::/other\n").expect("a group");
        assert_eq!(folder, Path::new("/sys/fs/cgroup/memory/job"));
        let (_, folder) = group("1:name=systemd:/\n0::/\n").expect("a group");
        assert_eq!(folder, Path::new("/sys/fs/cgroup"));
        assert!(group("").is_none());
    }

    #[test]
    fn this_process_has_some_room() {
        assert!(left() > 0);
    }
}
