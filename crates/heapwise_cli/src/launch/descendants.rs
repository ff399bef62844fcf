//! Watches which processes the program starts, to name those that heapwise is not in.
//!
//! Most children record by themselves. One whose environment was cleared, an interpreter without heapwise, and a program
//! that is no Python say nothing, so a thread of the launcher looks for them in `/proc` while the program runs.
//! Invariants: it only reads; of the time of a processor it takes at most one part in [`PAUSE`]; a process is named for
//! what was seen of it, never by a guess, so one that is gone before it could be looked at is not named.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use heapwise_capture::embedded::NotFollowed;
use heapwise_report::bytes;

use super::cgroup::Group;
use crate::env_vars;

/// The shortest time between two looks.
const EVERY: Duration = Duration::from_millis(25);
/// The pause behind a look, as a multiple of what it took.
const PAUSE: u32 = 400;
/// The pause where memory is short.
///
/// A program that is killed because its cgroup's memory ran out frees it over some milliseconds in which the kernel no
/// longer counts it as one that it may kill (its last thread is leaving). Whatever else in the cgroup needs a page then is
/// killed too; if that were the launcher, nobody would tell how the program died.
const WHERE_SHORT: Duration = Duration::from_secs(1);
/// An interpreter that has heapwise has loaded the agent by then, some milliseconds after its start.
const STARTED_AFTER: Duration = Duration::from_millis(100);
/// A program that is no Python is named from this resident set on, bytes.
const LARGE: u64 = 50_000_000;
/// A run of more unfollowed processes names so many.
const MOST: usize = 1_000;

/// The watch over what one process starts.
#[derive(Debug)]
pub(super) struct Descendants {
    stop: Sender<()>,
    thread: JoinHandle<Seen>,
}

impl Descendants {
    /// Begins; `None` if there can be no thread.
    pub(super) fn watch(program: u32) -> Option<Self> {
        let (stop, stopped) = mpsc::channel();
        let look_on = move || {
            let mut seen = Seen { program, processes: HashMap::new() };
            let group = Group::of_this_process().and_then(|group| Some((group.limit()?, group)));
            let mut pause = EVERY;
            while stopped.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
                let begun = Instant::now();
                seen.look();
                pause = EVERY.max(begun.elapsed() * PAUSE);
                if group.as_ref().is_some_and(|(limit, group)| is_short(*limit, group)) {
                    pause = pause.max(WHERE_SHORT);
                }
            }
            seen
        };
        let thread = std::thread::Builder::new().name("descendants".into()).spawn(look_on).ok()?;
        Some(Self { stop, thread })
    }

    /// Ends the watch: the processes that heapwise was not seen in, by their numbers. Some of them may record all the
    /// same, if they were only seen while they started.
    pub(super) fn not_followed(self) -> Vec<NotFollowed> {
        drop(self.stop);
        self.thread.join().map(Seen::not_followed).unwrap_or_default()
    }
}

/// Whether more than half of the memory that a group may have is taken.
fn is_short(limit: u64, group: &Group) -> bool {
    group.held().is_some_and(|held| held > limit / 2)
}

/// What was seen so far.
#[derive(Debug)]
struct Seen {
    program: u32,
    /// By process id and time of start: a number may come again.
    processes: HashMap<(u32, u64), Process>,
}

/// A process as it was when it was last looked at.
#[derive(Debug)]
struct Process {
    parent: u32,
    image: Image,
    /// When this image was first seen, and how long it was.
    since: Instant,
    lasted: Duration,
    /// The highest resident set of it, bytes.
    max_rss_bytes: u64,
    alive: bool,
}

/// What a process runs.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Image {
    executable: PathBuf,
    command: Vec<String>,
    has: Contents,
}

/// What was found in the memory of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Contents {
    agent: bool,
    python: bool,
    /// Whether the environment that it started with asks for a capture; `None` if that cannot be read.
    asked: Option<bool>,
}

impl Seen {
    fn look(&mut self) {
        for process in self.processes.values_mut() {
            process.alive = false;
        }
        // Also what processes started that have ended: those now have another parent.
        let mut waiting: Vec<u32> = self.processes.keys().map(|&(pid, _)| pid).collect();
        waiting.push(self.program);
        let mut met: HashSet<u32> = waiting.iter().copied().collect();
        while let Some(pid) = waiting.pop() {
            if pid != self.program {
                self.observe(pid);
            }
            waiting.extend(children(pid).into_iter().filter(|&child| met.insert(child)));
        }
        // Those that say nothing are forgotten when they are gone.
        self.processes.retain(|_, process| process.alive || process.reason().is_some());
    }

    fn observe(&mut self, pid: u32) {
        let folder = PathBuf::from(format!("/proc/{pid}"));
        let Some((parent, start)) =
            fs::read_to_string(folder.join("stat")).ok().and_then(|text| parentage(&text))
        else {
            return;
        };
        let has_room = self.processes.len() < MOST;
        let known = self.processes.get_mut(&(pid, start));
        // Its memory was looked through: there is nothing more to know while it runs the same.
        let settled = known.as_ref().filter(|process| process.image.has.agent).map(|process| &process.image);
        let Some(image) = Image::of(&folder, settled) else {
            // It has ended, and waits for its parent to notice; or it is somebody else's.
            if let Some(process) = known {
                process.alive = true;
            }
            return;
        };
        let max_rss_bytes = if image.has.agent { 0 } else { highest(&folder) };
        match known {
            Some(process) if process.image.runs_the_same(&image) => {
                process.lasted = process.since.elapsed();
                process.max_rss_bytes = process.max_rss_bytes.max(max_rss_bytes);
                process.image.has = image.has;
                process.parent = parent;
                process.alive = true;
            }
            _ if has_room => {
                let (since, lasted) = (Instant::now(), Duration::ZERO);
                let process = Process { parent, image, since, lasted, max_rss_bytes, alive: true };
                self.processes.insert((pid, start), process);
            }
            _ => {}
        }
    }

    fn not_followed(self) -> Vec<NotFollowed> {
        let mut named: Vec<NotFollowed> = self
            .processes
            .into_iter()
            .filter_map(|((pid, _), process)| {
                let reason = process.reason()?;
                Some(NotFollowed { pid, parent: process.parent, reason, command: process.image.command })
            })
            .collect();
        named.sort_by_key(|process| process.pid);
        named
    }
}

impl Process {
    /// Why heapwise is not in it; `None` if it is, if that is not known, or if nobody needs to know.
    fn reason(&self) -> Option<String> {
        match self.image.has {
            Contents { agent: true, .. } => None,
            Contents { python: false, .. } => (self.max_rss_bytes >= LARGE).then(|| {
                format!(
                    "it is not Python; its memory, up to {} resident, is in no number here",
                    bytes(self.max_rss_bytes)
                )
            }),
            Contents { asked: Some(false), .. } => Some(
                "it was started without the environment variables of heapwise, as by env={} or env -i"
                    .to_owned(),
            ),
            Contents { asked: Some(true), .. } if self.lasted >= STARTED_AFTER => Some(format!(
                "heapwise is not installed for {}, or it was started with -S",
                self.image.executable.display()
            )),
            Contents { .. } => None,
        }
    }
}

impl Image {
    /// What the process of a folder in `/proc` runs; `None` if it has ended, is another user's, or has just become
    /// another program. What is in memory is not looked for again in one that still runs `settled`.
    fn of(folder: &Path, settled: Option<&Self>) -> Option<Self> {
        let (executable, command) = (fs::read_link(folder.join("exe")).ok()?, command(folder)?);
        if let Some(settled) =
            settled.filter(|known| known.executable == executable && known.command == command)
        {
            return Some(settled.clone());
        }
        let maps = fs::read_to_string(folder.join("maps")).ok()?;
        let environment = fs::read(folder.join("environ")).ok();
        // Between a fork and what comes after it, a child looks like its parent.
        if fs::read_link(folder.join("exe")).ok()? != executable || self::command(folder)? != command {
            return None;
        }
        let has = Contents::of(&executable, &maps, environment.as_deref());
        Some(Self { executable, command, has })
    }

    fn runs_the_same(&self, other: &Self) -> bool {
        self.executable == other.executable && self.command == other.command
    }
}

impl Contents {
    fn of(executable: &Path, maps: &str, environment: Option<&[u8]>) -> Self {
        let name = executable.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let is_python =
            |name: &str| ["python", "pypy", "graalpy"].iter().any(|start| name.starts_with(start));
        let variable = format!("{}=", env_vars::CAPTURE);
        Self {
            agent: maps.contains("/heapwise/_agent."),
            python: is_python(name) || maps.contains("/libpython3.") || maps.contains("/libpypy3"),
            asked: environment
                .map(|text| text.split(|&byte| byte == 0).any(|word| word.starts_with(variable.as_bytes()))),
        }
    }
}

/// The processes that the threads of a process started and that still have it as their parent.
fn children(pid: u32) -> Vec<u32> {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    let texts =
        threads.flatten().filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    texts.flat_map(|text| text.split(' ').filter_map(|pid| pid.parse().ok()).collect::<Vec<u32>>()).collect()
}

/// The parent and the time of start in the text of a `/proc/PID/stat`. The name of the program comes before them, in
/// brackets, and may have any character in it.
fn parentage(text: &str) -> Option<(u32, u64)> {
    let mut fields = text.rsplit_once(") ")?.1.split(' ');
    let parent = fields.nth(1)?.parse().ok()?;
    Some((parent, fields.nth(17)?.parse().ok()?))
}

/// The words of the command line; `None` for one that has ended.
fn command(folder: &Path) -> Option<Vec<String>> {
    let text = fs::read(folder.join("cmdline")).ok().filter(|text| !text.is_empty())?;
    let text = text.strip_suffix(b"\0").unwrap_or(&text);
    Some(text.split(|&byte| byte == 0).map(|word| String::from_utf8_lossy(word).into_owned()).collect())
}

/// The highest resident set so far, bytes.
fn highest(folder: &Path) -> u64 {
    let status = fs::read_to_string(folder.join("status")).unwrap_or_default();
    let rest = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = rest.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    kibibytes.unwrap_or(0) * 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(has: Contents, lasted: Duration, max_rss_bytes: u64) -> Process {
        let image = Image { executable: "/usr/bin/thing".into(), command: vec!["thing".into()], has };
        Process { parent: 1, image, since: Instant::now(), lasted, max_rss_bytes, alive: true }
    }

    #[test]
    fn only_what_is_certain_is_named() {
        let said = |agent, python, asked, lasted, rss| {
            process(Contents { agent, python, asked }, Duration::from_millis(lasted), rss).reason()
        };
        assert_eq!(said(true, true, Some(true), 900, LARGE), None, "it is followed");
        assert_eq!(said(false, true, Some(true), 20, LARGE), None, "it may be starting");
        assert_eq!(said(false, true, None, 900, LARGE), None, "its environment is not known");
        assert_eq!(said(false, false, Some(true), 900, LARGE - 1), None, "it is small");
        assert!(
            said(false, true, Some(true), 900, 0)
                .is_some_and(|text| text.contains("installed for /usr/bin/thing"))
        );
        assert!(said(false, true, Some(false), 0, 0).is_some_and(|text| text.contains("env={}")));
        assert!(said(false, false, Some(true), 0, LARGE).is_some_and(|text| text.contains("50.0 MB")));
    }

    #[test]
    fn python_is_known_by_its_name_or_its_library() {
        let of = |executable: &str, maps, environment| Contents::of(Path::new(executable), maps, environment);
        let bare =
            of("/usr/bin/python3.12", "7f00-7f01 r-xp 0 00:00 1 /lib/libc.so.6\n", Some(b"PATH=/bin\0"));
        assert_eq!(bare, Contents { agent: false, python: true, asked: Some(false) });
        let maps = "7f00-7f01 r-xp 0 00:00 1 /usr/lib/libpython3.12.so.1.0\n7f02-7f03 r-xp 0 00:00 2 /p/heapwise/_agent.so\n";
        let asked = of("/opt/uwsgi", maps, Some(b"A=1\0HEAPWISE_CAPTURE=/x\0"));
        assert_eq!(asked, Contents { agent: true, python: true, asked: Some(true) });
        assert_eq!(of("/bin/sort", "", None), Contents::default());
    }

    #[test]
    fn a_name_with_brackets_does_not_hide_the_parent() {
        let mut text = "17 (a ) b) S 4 ".to_owned();
        text.extend((5..22).map(|field| format!("{field} ")));
        assert_eq!(parentage(&format!("{text}77 23\n")), Some((4, 77)));
        assert_eq!(parentage("17 (cut"), None);
    }

    #[test]
    fn this_process_is_seen_as_what_it_is() {
        let image = Image::of(Path::new("/proc/self"), None).expect("it runs");
        assert_eq!(image.executable, std::env::current_exe().expect("a program"));
        assert!(!image.has.python && !image.has.agent);
        assert!(highest(Path::new("/proc/self")) > 0);
    }
}
