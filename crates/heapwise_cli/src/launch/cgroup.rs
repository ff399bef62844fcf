//! The cgroup that limits the memory of this process, and so of the program.
//!
//! Owns the places where Linux tells of it: `memory.events`, `memory.max` and `memory.stat` (version 2),
//! `memory.oom_control`, `memory.limit_in_bytes` and `memory.stat` (version 1). Invariant: only reads; what cannot be read
//! is "not known", never 0.

use std::fs;
use std::path::{Path, PathBuf};

/// A cgroup in the hierarchy that has the say over memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Group {
    /// The folder of the hierarchy as it is mounted.
    mount: PathBuf,
    /// The group's own folder, the mount or below it.
    folder: PathBuf,
    second: bool,
}

impl Group {
    /// That of this process; `None` if it is in none, or that cannot be read.
    pub(super) fn of_this_process() -> Option<Self> {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        Self::find(&read("/proc/self/cgroup"), &read("/proc/self/mountinfo"))
    }

    /// The group of this process: `cgroup` and `mountinfo` are the texts of the files of these names in `/proc/self`.
    fn find(cgroup: &str, mountinfo: &str) -> Option<Self> {
        // `4:memory:/user/job` in version 1, `0::/user.slice/job` in version 2; the first is preferred where
        // both are there, since then the second one has no say over memory.
        let of_first = cgroup.lines().find_map(|line| {
            let mut parts = line.splitn(3, ':').skip(1);
            let controllers = parts.next()?;
            controllers.split(',').any(|name| name == "memory").then(|| parts.next())?
        });
        let (path, second) = match of_first {
            Some(path) => (path, false),
            None => (cgroup.lines().find_map(|line| line.strip_prefix("0::"))?, true),
        };
        mountinfo.lines().find_map(|line| {
            // `36 35 98:0 /root /mount options - kind source options`
            let (left, right) = line.split_once(" - ")?;
            let mut right = right.split(' ');
            let kind = right.next()?;
            let options = right.nth(1).unwrap_or_default();
            let fits =
                if second { kind == "cgroup2" } else { kind == "cgroup" && has_word(options, "memory") };
            let mut left = left.split(' ').skip(3);
            let (root, mount) = (left.next()?, PathBuf::from(left.next()?));
            // In a container the path may be that of the host, and the mount show only a part of it.
            let below = path.strip_prefix(root.trim_end_matches('/')).unwrap_or(path).trim_start_matches('/');
            let folder = mount.join(below);
            fits.then(|| Self { folder: if folder.is_dir() { folder } else { mount.clone() }, mount, second })
        })
    }

    /// Processes of the group that the kernel killed because its memory had run out.
    pub(super) fn kills(&self) -> Option<u64> {
        let name = if self.second { "memory.events" } else { "memory.oom_control" };
        count(&fs::read_to_string(self.folder.join(name)).ok()?, "oom_kill")
    }

    /// The least limit of the group and of those around it, bytes.
    pub(super) fn limit(&self) -> Option<u64> {
        let name = if self.second { "memory.max" } else { "memory.limit_in_bytes" };
        let around = self.folder.ancestors().take_while(|folder| folder.starts_with(&self.mount));
        around.filter_map(|folder| limit_in(&folder.join(name))).min()
    }

    /// What the processes of the group hold that the kernel cannot take back without a swap, bytes.
    pub(super) fn held(&self) -> Option<u64> {
        let name = if self.second { "anon" } else { "total_rss" };
        count(&fs::read_to_string(self.folder.join("memory.stat")).ok()?, name)
    }
}

/// The number behind `name` in lines of a name and a number each.
pub(super) fn count(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok())
}

fn has_word(list: &str, word: &str) -> bool {
    list.split(',').any(|found| found == word)
}

/// The limit in a file; `None` for no limit, which is `max` in version 2 and nearly 2^63 in version 1.
fn limit_in(path: &Path) -> Option<u64> {
    let limit: u64 = fs::read_to_string(path).ok()?.trim().parse().ok()?;
    (limit < 1 << 60).then_some(limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A hierarchy in a folder: files by name, and the line of it in `mountinfo`.
    fn hierarchy(kind: &str, options: &str, files: &[(&str, &str)]) -> (tempfile::TempDir, String) {
        let mount = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            let path = mount.path().join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            fs::write(path, text).expect("a file");
        }
        let line =
            format!("30 24 0:26 / {} rw,nosuid shared:9 - {kind} cgroup {options}", mount.path().display());
        (mount, format!("22 1 8:1 / / rw - ext4 /dev/sda1 rw\n{line}\n"))
    }

    #[test]
    fn the_second_version_is_read() {
        let (_mount, mountinfo) = hierarchy(
            "cgroup2",
            "rw,nsdelegate",
            &[
                ("job/memory.max", "500000000\n"),
                ("job/step/memory.events", "low 0\nhigh 3\nmax 17\noom 1\noom_kill 2\noom_group_kill 0\n"),
                ("job/step/memory.max", "max\n"),
                ("job/step/memory.stat", "anon 4096\nfile 8192\nanon_thp 0\n"),
            ],
        );
        let group = Group::find("0::/job/step\n", &mountinfo).expect("a group");
        assert_eq!((group.kills(), group.limit(), group.held()), (Some(2), Some(500_000_000), Some(4096)));
    }

    #[test]
    fn the_first_version_is_read_and_preferred() {
        let (_mount, mountinfo) = hierarchy(
            "cgroup",
            "rw,memory",
            &[
                ("memory.limit_in_bytes", "9223372036854771712\n"),
                ("job/memory.limit_in_bytes", "104857600\n"),
                ("job/memory.stat", "cache 9\nrss 1\ntotal_cache 9\ntotal_rss 4096\n"),
                ("job/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n"),
            ],
        );
        let group = Group::find("9:name=systemd:/\n4:memory:/job\n0::/\n", &mountinfo).expect("a group");
        assert_eq!((group.kills(), group.limit(), group.held()), (Some(1), Some(104_857_600), Some(4096)));
    }

    #[test]
    fn what_cannot_be_read_is_not_known() {
        assert_eq!(Group::find("", ""), None);
        let (_mount, mountinfo) = hierarchy("cgroup2", "rw", &[]);
        // A path of the host's that the container does not show: what is mounted is the group.
        let group = Group::find("0::/docker/0123\n", &mountinfo).expect("a group");
        assert_eq!(group.folder, group.mount);
        assert_eq!((group.kills(), group.limit(), group.held()), (None, None, None));
        assert_eq!(count("oom_kill_disable 0\noom_kill 7\n", "oom_kill"), Some(7));
    }
}
