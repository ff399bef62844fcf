//! A run of several processes: the first one's capture and those of all others.
//!
//! They stand behind the first one's in the same file, or, where the run still goes on or its launcher was killed, in
//! the folder beside it. Invariant: each process is there once, the first one first, the others by their start.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use heapwise_capture::embedded::{self, Kind, NotFollowed};

use crate::open::read;
use crate::{OpenError, Problem, Profile};

/// The decoded captures of a run.
#[derive(Debug)]
pub struct Job {
    /// The processes; never empty. The first is the one that was launched.
    pub processes: Vec<Process>,
    /// Processes of the run that were not followed.
    pub not_followed: Vec<NotFollowed>,
    /// What is wrong with the whole; what is wrong with a process is told by its profile.
    pub problems: Vec<Problem>,
}

/// One process of a run.
#[derive(Debug)]
pub struct Process {
    /// What was recorded of it.
    pub profile: Profile,
    /// It still ran when the program had ended; what it did later is not known.
    pub still_running: bool,
}

impl Job {
    /// Reads the capture at `path` with all processes of the run.
    ///
    /// # Errors
    /// An [`OpenError`] if the capture of the first process cannot be read; of the others it is a [`Problem`].
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let first = Profile::open(path)?;
        let mut others = Others::default();
        let wanted = u64::from(first.header().embedded);
        if wanted > 0 {
            let behind = behind(path, first.header().end);
            let behind = behind.map_err(|source| OpenError::Io { path: path.to_owned(), source })?;
            let mut found = 0;
            for record in embedded::records(&behind, 0) {
                found += 1;
                let payload = &behind[record.payload];
                match record.kind {
                    Kind::Capture { still_running } => others.capture(payload.to_vec(), still_running),
                    Kind::Note => others.note(payload),
                }
            }
            others.lost += wanted.saturating_sub(found);
        }
        others.add_folder(&path.with_added_extension(embedded::FOLDER_EXTENSION));
        Ok(others.with(first))
    }
}

#[derive(Debug, Default)]
struct Others {
    processes: Vec<Process>,
    not_followed: Vec<NotFollowed>,
    lost: u64,
}

impl Others {
    fn capture(&mut self, bytes: Vec<u8>, still_running: bool) {
        let Ok(profile) = Profile::from_bytes(bytes) else {
            self.lost += 1;
            return;
        };
        let is = |known: &Process| identity(&known.profile) == identity(&profile);
        match self.processes.iter_mut().find(|known| is(known)) {
            // The launcher was taking it in when it ended: what is still in the folder is whole.
            Some(known) => *known = Process { profile, still_running },
            None => self.processes.push(Process { profile, still_running }),
        }
    }

    fn note(&mut self, bytes: &[u8]) {
        match NotFollowed::decode(bytes) {
            Some(note) if self.not_followed.contains(&note) => {}
            Some(note) => self.not_followed.push(note),
            None => self.lost += 1,
        }
    }

    /// Adds what processes left in the folder beside the capture.
    fn add_folder(&mut self, folder: &Path) {
        let Ok(files) = fs::read_dir(folder) else { return };
        for file in files.flatten() {
            let path = file.path();
            let name = file.file_name();
            let name = name.to_string_lossy();
            if name.ends_with(embedded::CAPTURE_EXTENSION) {
                match read(&path) {
                    // Its process only just began it.
                    Ok(Some(bytes)) if bytes.is_empty() => {}
                    Ok(Some(bytes)) => self.capture(bytes, false),
                    _ => self.lost += 1,
                }
            } else if name.ends_with(embedded::NOTE_EXTENSION) {
                match fs::read(&path) {
                    Ok(bytes) => self.note(&bytes),
                    Err(_) => self.lost += 1,
                }
            }
        }
    }

    fn with(mut self, first: Profile) -> Job {
        self.processes.sort_by_key(|process| {
            let header = process.profile.header();
            (header.start_unix_ns, header.pid)
        });
        self.not_followed.sort_by_key(|note| note.pid);
        let mut processes = vec![Process { profile: first, still_running: false }];
        processes.append(&mut self.processes);
        let problems = (self.lost > 0).then_some(Problem::LostProcesses { count: self.lost });
        Job { processes, not_followed: self.not_followed, problems: problems.into_iter().collect() }
    }
}

fn identity(profile: &Profile) -> (u32, u64) {
    (profile.header().pid, profile.header().start_unix_ns)
}

/// What stands behind the capture in the file at `path`, from the first place on where a record can be.
fn behind(path: &Path, end: u64) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(end.next_multiple_of(heapwise_capture::chunk::ALIGNMENT as u64)))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The valid bytes of the capture at `path`, which may still grow while it is read.
///
/// # Errors
/// Those of the file system.
pub fn valid_bytes(path: &Path) -> io::Result<Vec<u8>> {
    read(path)?.ok_or_else(|| io::ErrorKind::InvalidInput.into())
}

#[cfg(test)]
mod tests {
    use heapwise_testkit::{CaptureBuilder, Ending, Mode, State};

    use super::*;

    fn capture(pid: u32, embedded: u32) -> Vec<u8> {
        let mut capture = CaptureBuilder::new(Mode::Exact);
        capture.header(|header| {
            header.pid = pid;
            header.start_unix_ns = u64::from(pid);
            header.embedded = embedded;
            header.state = State::Closed;
            header.outcome.ending = Some(Ending::Code(0));
        });
        let stack = capture.stack(&["work:3"]);
        capture.allocation(16, u64::from(pid), stack);
        capture.build()
    }

    fn add(file: &mut Vec<u8>, kind: Kind, payload: &[u8]) {
        file.resize(file.len().next_multiple_of(4096), 0);
        file.extend_from_slice(&kind.encode(payload.len() as u64));
        file.extend_from_slice(payload);
    }

    fn pids(job: &Job) -> Vec<(u32, bool)> {
        job.processes.iter().map(|one| (one.profile.header().pid, one.still_running)).collect()
    }

    #[test]
    fn one_file_tells_of_all_processes() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("app.heapwise");
        let mut file = capture(1, 3);
        add(&mut file, Kind::Capture { still_running: true }, &capture(9, 0));
        add(&mut file, Kind::Note, b"7 1\nit is PyPy\npypy3\0x.py");
        add(&mut file, Kind::Capture { still_running: false }, &capture(4, 0));
        fs::write(&path, &file).expect("written");
        let job = Job::open(&path).expect("it opens");
        assert_eq!(pids(&job), [(1, false), (4, false), (9, true)]);
        assert_eq!(job.not_followed[0].reason, "it is PyPy");
        assert_eq!(job.problems, []);
        assert_eq!(job.processes[1].profile.events().count(), 1);
        // A file that lost its end.
        file.truncate(file.len() - 135_000);
        fs::write(&path, &file).expect("written");
        let job = Job::open(&path).expect("it opens");
        assert_eq!(pids(&job), [(1, false), (9, true)]);
        assert_eq!(job.problems, [Problem::LostProcesses { count: 1 }]);
    }

    #[test]
    fn captures_beside_are_read_where_the_launcher_left_them() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("app.heapwise");
        fs::write(&path, capture(1, 0)).expect("written");
        let beside = folder.path().join("app.heapwise.children");
        fs::create_dir(&beside).expect("a folder");
        fs::write(beside.join("5-5.heapwise"), capture(5, 0)).expect("written");
        fs::write(beside.join("6-6.heapwise"), b"").expect("written");
        fs::write(beside.join("8-8.note"), b"8 1\nno agent\n").expect("written");
        let job = Job::open(&path).expect("it opens");
        assert_eq!(pids(&job), [(1, false), (5, false)]);
        assert_eq!((job.not_followed.len(), job.problems.len()), (1, 0));
    }

    #[test]
    fn what_two_processes_share_has_one_number() {
        let of = |pid| Profile::from_bytes(capture(pid, 0)).expect("it opens");
        let mut other = CaptureBuilder::new(Mode::Exact);
        let inner = other.stack(&["main:1", "work:3"]);
        let outer = other.stack(&["work:3"]);
        other.thread(1, "main", outer);
        let (a, b) = (of(1), Profile::from_bytes(other.build()).expect("it opens"));
        let (whole, merged) = crate::merge(&[&a, &b]);
        assert_eq!(merged[0].stacks[1], merged[1].stacks[outer as usize]);
        assert_ne!(merged[0].stacks[1], merged[1].stacks[inner as usize]);
        let frames: Vec<_> = whole.outwards(merged[1].stacks[inner as usize]).collect();
        let names: Vec<_> = frames.iter().map(|&frame| whole.function_of(frame)).collect();
        assert_eq!(names, ["work", "main"]);
        assert_eq!(whole.threads().iter().map(|thread| thread.number).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(merged[1].thread_offset, 1);
    }
}
