//! Writes edits into the user's files.
//!
//! Invariants: a file that is no longer what was run is not touched, nor is any other then; the new text takes a file's
//! place in one step, with its permissions; if one file cannot be replaced, those before it get their old text back.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use heapwise_fixer::{FileChange, Plan};
use tempfile::NamedTempFile;

use crate::failure::{self, Failure};
use crate::held_signals::with_signals_held;

/// Replaces the files; they are found from `folder` where their names are relative.
///
/// # Errors
/// A file changed since the run or cannot be written. Then all of them are as they were.
pub(crate) fn apply(plan: &Plan, folder: &Path) -> Result<(), Failure> {
    let mut staged: Vec<(PathBuf, NamedTempFile, &FileChange)> = Vec::new();
    for (file, change) in &plan.files {
        let named = folder.join(file);
        let failed = |error: &io::Error| {
            Failure::refused(format!("cannot change {}: {}", named.display(), failure::reason(error)))
                .hint("no file was changed")
        };
        // A link stays a link, and what it leads to is changed.
        let path = named.canonicalize().map_err(|error| failed(&error))?;
        let now = fs::read(&path).map_err(|error| failed(&error))?;
        // It may have been changed while the edits were proven.
        if now != change.before.as_bytes() {
            let named = named.display();
            return Err(Failure::refused(format!("cannot change {named}: it was changed since the run"))
                .hint("no file was changed; run the program with heapwise run again, then heapwise fix"));
        }
        let new = stage(&path, change.after.as_bytes()).map_err(|error| failed(&error))?;
        staged.push((path, new, change));
    }
    // From here on Ctrl-C has to wait: all files or none.
    with_signals_held(|| replace(staged))
}

/// The new text beside the file.
fn stage(path: &Path, text: &[u8]) -> io::Result<NamedTempFile> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    let mut new = tempfile::Builder::new().prefix(".heapwise-fix-").tempfile_in(folder)?;
    new.write_all(text)?;
    new.as_file().set_permissions(path.metadata()?.permissions())?;
    new.as_file().sync_all()?;
    Ok(new)
}

fn replace(staged: Vec<(PathBuf, NamedTempFile, &FileChange)>) -> Result<(), Failure> {
    let mut done: Vec<(PathBuf, &FileChange)> = Vec::new();
    for (path, new, change) in staged {
        if let Err(error) = new.persist(&path) {
            for (path, change) in &done {
                let back = stage(path, change.before.as_bytes()).and_then(|old| {
                    old.persist(path).map_err(|error| error.error)?;
                    Ok(())
                });
                if let Err(error) = back {
                    failure::warn(format_args!(
                        "cannot undo the change of {}: {}",
                        path.display(),
                        failure::reason(&error)
                    ));
                }
            }
            let why = failure::reason(&error.error);
            return Err(Failure::refused(format!("cannot replace {}: {why}", path.display()))
                .hint("no file was changed"));
        }
        done.push((path, change));
    }
    Ok(())
}

/// The first free name after `stem` for the diff that undoes a change: `train.undo.diff`, `train.2.undo.diff`.
/// The file is created with `text`.
///
/// # Errors
/// The system's.
pub(crate) fn write_undo(stem: &Path, text: &str) -> io::Result<PathBuf> {
    for number in 1u32.. {
        let end = if number == 1 { ".undo.diff".to_owned() } else { format!(".{number}.undo.diff") };
        let mut name = stem.as_os_str().to_owned();
        name.push(end);
        match fs::File::create_new(&name) {
            Ok(mut file) => {
                file.write_all(text.as_bytes())?;
                return Ok(name.into());
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn plan(files: &[(&str, &str, &str)]) -> Plan {
        let change = |(file, before, after): &(&str, &str, &str)| {
            let mut change = FileChange::default();
            (change.before, change.after) = ((*before).into(), (*after).into());
            ((*file).to_owned(), change)
        };
        Plan { files: files.iter().map(change).collect(), ..Plan::default() }
    }

    #[test]
    fn files_are_replaced_and_keep_their_permissions_and_links() {
        let folder = tempfile::tempdir().expect("a folder");
        let real = folder.path().join("real.py");
        fs::write(&real, "a\n").expect("a file");
        fs::set_permissions(&real, fs::Permissions::from_mode(0o750)).expect("the mode");
        symlink("real.py", folder.path().join("link.py")).expect("a link");
        apply(&plan(&[("link.py", "a\n", "b\n")]), folder.path()).expect("it is as it was run");
        assert_eq!(fs::read_to_string(&real).expect("the file"), "b\n");
        assert_eq!(real.metadata().expect("the file").permissions().mode() & 0o7777, 0o750);
        assert!(folder.path().join("link.py").is_symlink());
    }

    #[test]
    fn one_changed_file_and_none_is_touched() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["a.py", "b.py"] {
            fs::write(folder.path().join(name), "now\n").expect("a file");
        }
        let plan = plan(&[("a.py", "now\n", "new\n"), ("b.py", "then\n", "new\n")]);
        let failure = apply(&plan, folder.path()).expect_err("b.py changed");
        assert!(failure.to_string().ends_with("b.py: it was changed since the run"), "{failure}");
        assert_eq!(fs::read_to_string(folder.path().join("a.py")).expect("the file"), "now\n");
        assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 2);
    }

    #[test]
    fn undo_diffs_do_not_replace_each_other() {
        let folder = tempfile::tempdir().expect("a folder");
        let stem = folder.path().join("train");
        assert_eq!(write_undo(&stem, "1").expect("a file"), folder.path().join("train.undo.diff"));
        assert_eq!(write_undo(&stem, "2").expect("a file"), folder.path().join("train.2.undo.diff"));
        assert_eq!(fs::read_to_string(folder.path().join("train.undo.diff")).expect("the file"), "1");
    }
}
