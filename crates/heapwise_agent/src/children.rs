//! Where the processes of a run record that the launcher did not start itself.
//!
//! Each has a capture of its own in the folder `CAPTURE.children` beside the run's capture, which the first of them
//! makes. When the run is over, the launcher stamps the capture and then takes the folder's files into it. Invariant:
//! once the capture is stamped nothing new stays in that place, since whoever began meanwhile looks at the stamp
//! again behind its own file and takes that away.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use heapwise_capture::embedded;
use heapwise_capture::header::{Header, OUTCOME_OFFSET};

use crate::sink::Sink;

/// Begins the capture of this process beside `capture`.
///
/// # Errors
/// Those of the file system; [`ErrorKind::NotFound`] if the run is over.
pub(crate) fn create(capture: &Path, header: &Header) -> io::Result<Sink> {
    let folder = folder(capture);
    let file = folder.join(embedded::file_name(header.pid, header.start_unix_ns));
    if is_over(capture) {
        return Err(ErrorKind::NotFound.into());
    }
    let mut sink = Sink::create(&file, header);
    if sink.as_ref().is_err_and(|error| error.kind() == ErrorKind::NotFound) {
        match fs::create_dir(&folder) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
            _ => sink = Sink::create(&file, header),
        }
    }
    if is_over(capture) || sink.is_err() {
        let _ = fs::remove_file(&file);
        // Refused while others are in it.
        let _ = fs::remove_dir(&folder);
    }
    if is_over(capture) { Err(ErrorKind::NotFound.into()) } else { sink }
}

fn folder(capture: &Path) -> PathBuf {
    capture.with_added_extension(embedded::FOLDER_EXTENSION)
}

/// Whether the launcher has said how the run ended, or the capture is gone.
fn is_over(capture: &Path) -> bool {
    let mut ending = [0; 4];
    let read = File::open(capture).and_then(|file| file.read_exact_at(&mut ending, OUTCOME_OFFSET as u64));
    read.is_err() || ending != [0; 4]
}

#[cfg(test)]
mod tests {
    use heapwise_capture::header::{Ending, HEADER_SIZE, Outcome};

    use super::*;

    fn run(ending: Option<Ending>) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let capture = folder.path().join("app.heapwise");
        let outcome = Outcome { ending, ..Outcome::default() };
        let page = Header { end: HEADER_SIZE as u64, outcome, ..Header::default() }.encode();
        fs::write(&capture, page).expect("written");
        (folder, capture)
    }

    #[test]
    fn a_child_records_beside_the_capture() {
        let (folder, capture) = run(None);
        let header = Header { pid: 7, start_unix_ns: 9, ..Header::default() };
        create(&capture, &header).expect("a sink");
        let bytes = fs::read(folder.path().join("app.heapwise.children/7-9.heapwise")).expect("its file");
        assert_eq!(Header::decode(&bytes).expect("a header").pid, 7);
    }

    #[test]
    fn nothing_is_left_behind_when_the_run_is_over() {
        let (folder, capture) = run(Some(Ending::Code(0)));
        let error = create(&capture, &Header::default()).expect_err("over");
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 1);
    }
}
