//! Takes the captures of the run's other processes into the capture of the first one, when that has ended, with the
//! names of those that have none.
//!
//! Invariants: a file in the folder is removed only when all that it holds stands in the capture; where that fails,
//! the folder stays, and the report reads it there. Nobody is made to wait for long: a process that is about to end
//! with the program gets [`PATIENCE`], one that lives on is taken as far as it came.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use heapwise_capture::chunk::ALIGNMENT;
use heapwise_capture::embedded::{self, Kind, NotFollowed};
use heapwise_capture::header::EMBEDDED_OFFSET;

use super::{CaptureFile, platform};

/// For all processes together that still run when the program has ended. Workers end when they notice that.
const PATIENCE: Duration = Duration::from_millis(250);

/// Takes them in. Of `seen`, processes in which heapwise was not found, those are named that left nothing themselves. A
/// run of one process has no folder, and costs nothing here.
///
/// # Errors
/// The system's, for one because the disk is full; the folder with the rest is then still there.
pub(crate) fn take_in(capture: &CaptureFile, seen: &[NotFollowed]) -> io::Result<()> {
    let folder = capture.absolute.with_added_extension(embedded::FOLDER_EXTENSION);
    let mut names = Vec::new();
    match fs::read_dir(&folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Target::new(capture.file())?.name(seen.iter());
        }
        files => {
            for file in files? {
                names.push(file?.file_name());
            }
        }
    }
    names.sort_by_key(order);
    let told: HashSet<u32> = names.iter().filter_map(pid_of).collect();
    let deadline = Instant::now() + PATIENCE;
    let mut target = Target::new(capture.file())?;
    let mut taken = Vec::new();
    for name in names {
        let path = folder.join(&name);
        let text = name.to_string_lossy();
        if text.ends_with(embedded::CAPTURE_EXTENSION) {
            let still_running = still_runs(&text, deadline);
            let bytes = heapwise_profile::valid_bytes(&path)?;
            // One that is empty was only just begun.
            if !bytes.is_empty() {
                let compact = embedded::compact(&bytes).unwrap_or(bytes);
                target.append(Kind::Capture { still_running }, &compact)?;
            }
        } else if text.ends_with(embedded::NOTE_EXTENSION) {
            target.append(Kind::Note, &fs::read(&path)?)?;
        } else {
            continue;
        }
        taken.push(path);
    }
    target.name(seen.iter().filter(|process| !told.contains(&process.pid)))?;
    for path in taken {
        remove(&path)?;
    }
    match fs::remove_dir(&folder) {
        // What somebody else put there is theirs.
        Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty => Ok(()),
        done => done,
    }
}

/// Where a file of the folder stands among the others: by the start of its process.
fn order(name: &OsString) -> (u64, u64) {
    let text = name.to_string_lossy();
    let (pid, rest) = text.split_once('-').unwrap_or_default();
    let start = rest.split('.').next().unwrap_or_default();
    (start.parse().unwrap_or(u64::MAX), pid.parse().unwrap_or(u64::MAX))
}

/// The process that a file of the folder is of: a capture (`PID-START.heapwise`) or a note (`PID.note`).
fn pid_of(name: &OsString) -> Option<u32> {
    name.to_str()?.split(['-', '.']).next()?.parse().ok()
}

/// Whether the process whose capture has this name goes on recording behind the deadline.
fn still_runs(name: &str, deadline: Instant) -> bool {
    let Some(pid) = name.split('-').next().and_then(|pid| pid.parse().ok()) else { return false };
    records(pid, name)
        && !platform::ended_within(pid, deadline.saturating_duration_since(Instant::now()))
        && records(pid, name)
}

/// Whether a process has the capture of this name in its memory; another may have got the number meanwhile.
fn records(pid: i32, name: &str) -> bool {
    fs::read_to_string(format!("/proc/{pid}/maps")).is_ok_and(|maps| {
        maps.lines().any(|line| line.trim_end_matches(" (deleted)").rsplit('/').next() == Some(name))
    })
}

fn remove(path: &PathBuf) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

/// The capture that grows at its end.
#[derive(Debug)]
struct Target<'a> {
    file: &'a File,
    end: u64,
    count: u32,
}

impl<'a> Target<'a> {
    fn new(file: &'a File) -> io::Result<Self> {
        Ok(Self { file, end: file.metadata()?.len(), count: 0 })
    }

    /// Adds a note of each process.
    fn name<'b>(&mut self, processes: impl Iterator<Item = &'b NotFollowed>) -> io::Result<()> {
        for process in processes {
            self.append(Kind::Note, &process.encode())?;
        }
        Ok(())
    }

    fn append(&mut self, kind: Kind, payload: &[u8]) -> io::Result<()> {
        let start = self.end.next_multiple_of(ALIGNMENT as u64);
        self.file.write_all_at(payload, start + embedded::HEADER_SIZE as u64)?;
        self.file.write_all_at(&kind.encode(payload.len() as u64), start)?;
        self.end = start + (embedded::HEADER_SIZE + payload.len()) as u64;
        self.count += 1;
        self.file.write_all_at(&self.count.to_le_bytes(), EMBEDDED_OFFSET as u64)
    }
}
