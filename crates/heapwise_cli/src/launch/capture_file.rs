//! The file that the program's memory is recorded into, from its name to its last stamp.
//!
//! Owns naming and reserving. Invariants: a name is taken by the kernel's exclusive creation, so two runs at once
//! never share a file; a file that was there before is replaced only if that was asked for, and only when the
//! program could be started.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use heapwise_capture::header::HEADER_SIZE;

use crate::args::Target;
use crate::failure::{self, Failure};

/// The end of a capture's name.
const EXTENSION: &str = ".heapwise";
/// Most bytes of a name that comes from the program; file systems take 255 in all.
const LONGEST_STEM: usize = 200;
/// Ends of a script's name that the capture's name goes without.
const SCRIPT_EXTENSIONS: [&str; 5] = ["py", "pyw", "pyc", "pyz", "zip"];

/// An empty file that is ours to record into.
#[derive(Debug)]
pub(crate) struct CaptureFile {
    /// As a person would write it.
    pub(crate) shown: PathBuf,
    /// As the program is told, which may change its working directory.
    pub(crate) absolute: PathBuf,
    file: File,
    /// The file that had the name before, under another one.
    replaced: Option<PathBuf>,
}

/// Why there is no capture file.
#[derive(Debug)]
pub(crate) enum Unavailable {
    /// The person named a file that must not or cannot be used; nothing should start.
    Refused(Failure),
    /// The system does not let us create this file.
    System(PathBuf, io::Error),
}

impl CaptureFile {
    /// Reserves the file that the person named.
    ///
    /// # Errors
    /// Refused if its folder does not exist, if it is a directory, or if it exists and `force` was not given.
    pub(crate) fn reserve_named(name: &Path, force: bool) -> Result<Self, Unavailable> {
        let refused = |failure| Err(Unavailable::Refused(failure));
        let shown = name.display();
        let folder = folder_of(name);
        if !folder.is_dir() {
            let failure =
                Failure::refused(format!("cannot write {shown}: there is no folder {}", folder.display()));
            return refused(failure.hint(format!("create it first: mkdir -p {}", failure::typed(folder))));
        }
        if name.is_dir() {
            return refused(
                Failure::refused(format!("cannot write {shown}: it is a directory"))
                    .hint("give -o the name of the capture itself"),
            );
        }
        let replaced = match name.symlink_metadata() {
            Err(_) => None,
            Ok(_) if !force => {
                return refused(
                    Failure::refused(format!("{shown} exists already"))
                        .hint("choose another name, or replace it with --force"),
                );
            }
            Ok(_) if name.metadata().is_ok_and(|target| !target.is_file()) => {
                return refused(
                    Failure::refused(format!("cannot write {shown}: it is not a regular file"))
                        .hint("give -o the name of a file that can grow on a disk"),
                );
            }
            Ok(_) => Some(set_aside(name).map_err(|error| Unavailable::System(name.to_owned(), error))?),
        };
        match create(name) {
            Ok((absolute, file)) => Ok(Self { shown: name.to_owned(), absolute, file, replaced }),
            Err(error) => {
                if let Some(old) = replaced {
                    let _ = fs::rename(old, name);
                }
                Err(Unavailable::System(name.to_owned(), error))
            }
        }
    }

    /// Reserves a file in the working directory under the first free name after `stem`.
    ///
    /// # Errors
    /// The system's, with the name that was tried.
    pub(crate) fn reserve_default(stem: &OsStr) -> Result<Self, Unavailable> {
        for number in 1u32.. {
            let name = numbered(stem, number);
            match create(&name) {
                Ok((absolute, file)) => return Ok(Self { shown: name, absolute, file, replaced: None }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(Unavailable::System(name, error)),
            }
        }
        let name = numbered(stem, u32::MAX);
        Err(Unavailable::System(name, io::ErrorKind::AlreadyExists.into()))
    }

    /// The open file.
    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Whether nothing was ever recorded.
    pub(crate) fn is_empty(&self) -> bool {
        self.file.metadata().is_ok_and(|file| file.len() == 0)
    }

    /// Why a file that is empty could not be written to, if so. Only for a file that will be discarded.
    pub(crate) fn write_error(&self) -> Option<io::Error> {
        let tried = self.file.write_all_at(&[0; HEADER_SIZE], 0);
        let _ = self.file.set_len(0);
        tried.err()
    }

    /// Whether the name still stands for this file; the program may have removed or replaced it.
    pub(crate) fn is_in_place(&self) -> bool {
        match (self.file.metadata(), self.absolute.symlink_metadata()) {
            (Ok(ours), Ok(found)) => (ours.dev(), ours.ino()) == (found.dev(), found.ino()),
            _ => false,
        }
    }

    /// The program runs: the file replaced is no longer wanted.
    pub(super) fn program_started(&mut self) {
        if let Some(old) = self.replaced.take() {
            let _ = fs::remove_file(old);
        }
    }

    /// Removes the file if nothing was recorded into it, and puts back what it replaced.
    pub(crate) fn discard_if_empty(self) {
        if self.is_empty() && self.is_in_place() {
            let _ = match &self.replaced {
                Some(old) => fs::rename(old, &self.absolute),
                None => fs::remove_file(&self.absolute),
            };
        }
    }
}

/// The name that a capture of this program goes by, without its end.
pub(crate) fn stem_for(target: &Target) -> OsString {
    let stem = match target {
        Target::Code(_) => OsString::from("command"),
        Target::Module(name) => name.clone(),
        Target::Script(path) if path == "-" => OsString::from("stdin"),
        Target::Script(path) => script_name(Path::new(path)),
    };
    let mut bytes: Vec<u8> = stem.into_vec();
    bytes.iter_mut().filter(|byte| **byte == b'/').for_each(|byte| *byte = b'_');
    bytes.truncate(LONGEST_STEM);
    // A cut through a character would leave a name that nobody can type.
    while bytes.len() == LONGEST_STEM
        && std::str::from_utf8(&bytes).is_err_and(|error| error.error_len().is_none())
    {
        bytes.pop();
    }
    if bytes.is_empty() { OsString::from("program") } else { OsString::from_vec(bytes) }
}

fn script_name(path: &Path) -> OsString {
    // `.` and `..` have a name only when they are resolved.
    let resolved = path.file_name().is_none().then(|| path.canonicalize().ok()).flatten();
    let path = resolved.as_deref().unwrap_or(path);
    let is_script = path.extension().is_some_and(|end| SCRIPT_EXTENSIONS.iter().any(|known| end == *known));
    let name = if is_script { path.file_stem() } else { path.file_name() };
    name.unwrap_or_default().to_owned()
}

/// `stem.heapwise`, `stem.2.heapwise`, ...
fn numbered(stem: &OsStr, number: u32) -> PathBuf {
    let mut name = stem.to_owned();
    if number > 1 {
        name.push(format!(".{number}"));
    }
    name.push(EXTENSION);
    name.into()
}

fn folder_of(name: &Path) -> &Path {
    name.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Creates a file that was not there; it is closed when the program starts, which opens it by its name.
fn create(name: &Path) -> io::Result<(PathBuf, File)> {
    let absolute = std::path::absolute(name)?;
    let file = OpenOptions::new().read(true).write(true).create_new(true).open(&absolute)?;
    Ok((absolute, file))
}

/// Gives the file at `name` another name in the same folder.
fn set_aside(name: &Path) -> io::Result<PathBuf> {
    let mut aside = OsString::from(".");
    aside.push(name.file_name().unwrap_or(OsStr::from_bytes(b"capture")));
    aside.push(format!(".replaced-{}", std::process::id()));
    let aside = folder_of(name).join(aside);
    fs::rename(name, &aside)?;
    Ok(aside)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script_stem(path: &str) -> String {
        stem_for(&Target::Script(path.into())).into_string().expect("UTF-8")
    }

    #[test]
    fn a_capture_is_named_after_its_program() {
        for (path, stem) in [
            ("train.py", "train"),
            ("../models/train.v2.py", "train.v2"),
            ("app.pyz", "app"),
            ("bin/serve", "serve"),
            ("serve.d", "serve.d"),
            ("package/", "package"),
            (".hidden.py", ".hidden"),
            ("-", "stdin"),
            ("/", "program"),
            ("", "program"),
        ] {
            assert_eq!(script_stem(path), stem, "{path}");
        }
        assert_eq!(stem_for(&Target::Module("pkg.mod".into())), "pkg.mod");
        assert_eq!(stem_for(&Target::Module("../mod".into())), ".._mod");
        assert_eq!(stem_for(&Target::Module("".into())), "program");
        assert_eq!(stem_for(&Target::Code("print(1)".into())), "command");
    }

    #[test]
    fn the_working_directory_has_a_name_too() {
        let here = std::env::current_dir().expect("a working directory");
        assert_eq!(script_stem("."), here.file_name().expect("not the root").to_string_lossy());
    }

    #[test]
    fn long_names_are_cut_between_characters() {
        assert_eq!(script_stem(&format!("{}.py", "a".repeat(300))), "a".repeat(200));
        assert_eq!(script_stem(&format!("a{}.py", "é".repeat(120))), format!("a{}", "é".repeat(99)));
        let odd = OsString::from_vec(vec![0xff; 230]);
        assert_eq!(stem_for(&Target::Script(odd)).len(), 200);
    }

    #[test]
    fn numbers_start_at_the_second() {
        assert_eq!(numbered("train".as_ref(), 1), Path::new("train.heapwise"));
        assert_eq!(numbered("train".as_ref(), 12), Path::new("train.12.heapwise"));
    }

    #[test]
    fn a_file_that_stayed_empty_goes_and_what_it_replaced_comes_back() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let name = folder.path().join("a.heapwise");
        fs::write(&name, "old").expect("a file");
        let capture = CaptureFile::reserve_named(&name, true).expect("it may be replaced");
        assert!(capture.is_empty() && capture.is_in_place());
        assert_eq!(fs::read(&name).expect("the new file"), b"");
        capture.discard_if_empty();
        assert_eq!(fs::read(&name).expect("the old file"), b"old");
        assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 1);
    }

    #[test]
    fn once_the_program_runs_the_old_file_is_gone() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let name = folder.path().join("a.heapwise");
        fs::write(&name, "old").expect("a file");
        let mut capture = CaptureFile::reserve_named(&name, true).expect("it may be replaced");
        capture.program_started();
        assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 1);
        fs::write(&name, "new").expect("recorded");
        capture.discard_if_empty();
        assert_eq!(fs::read(&name).expect("the new file"), b"new");
    }

    #[test]
    fn a_file_that_is_no_longer_ours_is_left_alone() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let name = folder.path().join("a.heapwise");
        let capture = CaptureFile::reserve_named(&name, false).expect("it is new");
        fs::remove_file(&name).expect("removed");
        fs::write(&name, "").expect("somebody else's");
        assert!(!capture.is_in_place());
        capture.discard_if_empty();
        assert!(name.exists());
    }
}
