//! What the system says of this process: memory, names, arguments.
//!
//! Reads `/proc/self`, whose formats are those of proc(5), and of memory `/proc/thread-self`, since where the first thread
//! has ended the other says nothing. Invariant: nothing here fails the agent; what cannot be read is 0 or empty.

use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// Pages of the process in memory, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Pages {
    pub(crate) anonymous: u64,
    pub(crate) file: u64,
    pub(crate) shared: u64,
}

/// The pages as they are now. The file is opened anew each time, so that no file number of the program's is taken.
pub(crate) fn pages() -> Pages {
    parse_status(&std::fs::read_to_string("/proc/thread-self/status").unwrap_or_default())
}

fn parse_status(text: &str) -> Pages {
    let bytes = |name| field(text, name).unwrap_or(0);
    Pages { anonymous: bytes("RssAnon:"), file: bytes("RssFile:"), shared: bytes("RssShmem:") }
}

/// What other processes have of the pages of this one, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Shares {
    /// What counts for others, where each page is divided evenly among all that have it.
    pub(crate) elsewhere: Pages,
    /// Anonymous pages that no other process has.
    pub(crate) alone: u64,
}

/// The shares as they are now; none where the kernel does not tell (before 5.4). It walks all page tables of the process
/// to answer.
pub(crate) fn shares() -> Shares {
    let rollup = std::fs::read_to_string("/proc/thread-self/smaps_rollup").unwrap_or_default();
    parse_shares(&rollup, pages()).unwrap_or_default()
}

fn parse_shares(rollup: &str, pages: Pages) -> Option<Shares> {
    // Of what comes and goes both sides are of one moment: the program may give memory back between two questions.
    let anonymous = field(rollup, "Anonymous:")?;
    let elsewhere = Pages {
        anonymous: anonymous.saturating_sub(field(rollup, "Pss_Anon:")?),
        file: pages.file.saturating_sub(field(rollup, "Pss_File:")?),
        shared: pages.shared.saturating_sub(field(rollup, "Pss_Shmem:")?),
    };
    // Of files only the mapped parts of the capture are written to, and those are few.
    let alone = field(rollup, "Private_Dirty:")?.min(anonymous);
    Some(Shares { elsewhere, alone })
}

/// The bytes behind `name` in lines like `RssAnon:  17 kB`.
pub(crate) fn field(text: &str, name: &str) -> Option<u64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
    rest.split_whitespace().next()?.parse::<u64>().ok()?.checked_mul(1024)
}

/// The calling thread's id.
pub(crate) fn thread_id() -> u32 {
    // SAFETY: takes nothing and cannot fail.
    unsafe { libc::gettid() }.cast_unsigned()
}

/// Waits until the system has forgotten a thread that was joined: for a moment it still counts as one of the process.
pub(crate) fn wait_until_gone(thread: u32) {
    /// A thread that was joined is gone after some microseconds; if the system does not say so, the wait ends.
    const MOST: u32 = 10_000;
    let mut path = [0u8; 40];
    let mut rest = &mut path[..];
    if thread == 0 || write!(rest, "/proc/self/task/{thread}\0").is_err() {
        return;
    }
    for _ in 0..MOST {
        // SAFETY: the path is a C string.
        if unsafe { libc::access(path.as_ptr().cast(), libc::F_OK) } != 0 {
            return;
        }
        std::thread::yield_now();
    }
}

/// Whether the calling thread is the only one left of the process: its first thread has ended, which may happen before the
/// process does, and there is no other.
pub(crate) fn is_only_thread_left() -> bool {
    // A folder has a link from each folder in it, and two of its own; the first thread counts until the process is gone.
    let threads = std::fs::metadata("/proc/self/task").map_or(0, |task| task.nlink().saturating_sub(2));
    let first = || std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    threads == 2 && has_ended(&first())
}

/// Whether the text of a `/proc/PID/stat` is that of a thread that has ended. The name before the state is in brackets and
/// may have any character in it.
fn has_ended(text: &str) -> bool {
    text.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('Z'))
}

/// The calling thread's name, as the kernel has it.
pub(crate) fn thread_name() -> Vec<u8> {
    let mut name = [0u8; 16];
    // SAFETY: the call writes at most 16 bytes with a zero at the end.
    unsafe { libc::prctl(libc::PR_GET_NAME, name.as_mut_ptr()) };
    name.split(|&byte| byte == 0).next().unwrap_or_default().to_vec()
}

/// The words of the command line.
pub(crate) fn arguments() -> Vec<Vec<u8>> {
    let text = std::fs::read("/proc/self/cmdline").unwrap_or_default();
    let text = text.strip_suffix(b"\0").unwrap_or(&text);
    text.split(|&byte| byte == 0).map(<[u8]>::to_vec).collect()
}

/// The executable file.
pub(crate) fn executable() -> PathBuf {
    std::fs::read_link("/proc/self/exe").unwrap_or_default()
}

/// The working directory.
pub(crate) fn folder() -> PathBuf {
    std::env::current_dir().unwrap_or_default()
}

/// The text of a file, unless it is larger than `limit` bytes or no regular file.
pub(crate) fn text_of(path: &Path, limit: u64) -> Option<Vec<u8>> {
    let facts = std::fs::metadata(path).ok()?;
    (facts.is_file() && facts.len() <= limit).then(|| std::fs::read(path).ok())?
}

/// What glibc's malloc has free and in use, bytes; `None` if it does not say.
pub(crate) fn malloc_held() -> Option<(u64, u64)> {
    // SAFETY: the name is a C string; the function has existed since glibc 2.33.
    let function = unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"mallinfo2".as_ptr()) };
    if function.is_null() {
        return None;
    }
    // SAFETY: the documented signature of mallinfo2, which takes malloc's own locks and changes nothing.
    let held = unsafe {
        let function: unsafe extern "C" fn() -> libc::mallinfo2 = std::mem::transmute(function);
        function()
    };
    let in_use = held.uordblks as u64 + held.hblkhd as u64;
    (in_use > 0).then_some((held.fordblks as u64, in_use))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_file_is_read() {
        let text = "Name:\tx\nRssAnon:\t     100 kB\nRssFile:\t 7 kB\nRssShmem:\t 0 kB\n";
        assert_eq!(parse_status(text), Pages { anonymous: 102_400, file: 7168, shared: 0 });
        assert_eq!(parse_status("garbage"), Pages::default());
        assert!(pages().anonymous > 0);
        let rollup = "Rss: 107 kB\nPss: 63 kB\nPss_Anon: 60 kB\nPss_File: 3 kB\nPss_Shmem: 0 kB\nPrivate_Dirty: 20 kB\nAnonymous: 100 kB\n";
        let elsewhere = Pages { anonymous: 40 * 1024, file: 4096, shared: 0 };
        let shares = Shares { elsewhere, alone: 20 * 1024 };
        assert_eq!(parse_shares(rollup, parse_status(text)), Some(shares));
        let half_gone = Pages { anonymous: 50 * 1024, ..parse_status(text) };
        assert_eq!(parse_shares(rollup, half_gone), Some(shares), "memory was given back in between");
        assert_eq!(parse_shares("Rss: 107 kB\nPss: 63 kB\n", parse_status(text)), None);
    }

    #[test]
    fn a_first_thread_that_has_ended_is_told_from_one_that_waits() {
        assert!(has_ended("17 (a) b) Z 4 77"));
        assert!(!has_ended("17 (a) Z b) S 4 77"));
        assert!(!has_ended(""));
        assert!(!is_only_thread_left());
    }

    #[test]
    fn this_process_has_arguments() {
        assert!(!arguments().is_empty());
        assert!(executable().is_absolute());
    }
}
