//! Which Python runs the program.
//!
//! Invariant: the path found is the path executed. A virtual environment's `python` is a symbolic link, and which
//! link was started is how Python knows its environment; so no link is ever resolved here.

use std::ffi::{OsStr, OsString};
use std::fs::Metadata;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::env_vars;
use crate::failure::{self, Failure};

/// The names under which an interpreter is looked for, the likelier first.
const NAMES: [&str; 2] = ["python3", "python"];

/// Where an interpreter may be, taken from the environment and from where this program lies.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// What the person asked for: a path, or a name on [`Self::path`].
    pub(super) asked_for: Option<OsString>,
    /// The folder of the `heapwise` program; the one it was installed to, as links to it are resolved.
    pub(super) own_folder: Option<PathBuf>,
    /// The active virtual environment.
    pub(super) virtual_env: Option<PathBuf>,
    /// The folders of `PATH`.
    pub(super) path: Vec<PathBuf>,
}

impl Places {
    /// Those of this process.
    pub(super) fn of_this_process() -> Self {
        let own_path = std::env::current_exe().ok();
        Self {
            asked_for: env_vars::python(),
            own_folder: own_path.as_deref().and_then(Path::parent).map(Path::to_owned),
            virtual_env: env_vars::virtual_env(),
            path: env_vars::path(),
        }
    }

    /// The interpreter to use.
    ///
    /// # Errors
    /// What was asked for cannot be run, or there is no interpreter at all.
    pub(super) fn find(&self) -> Result<PathBuf, Failure> {
        if let Some(asked_for) = &self.asked_for {
            return self.find_asked_for(asked_for);
        }
        let own = self.own_folder.iter().flat_map(|folder| NAMES.map(|name| folder.join(name)));
        let active = self.virtual_env.iter().map(|environment| environment.join("bin/python"));
        let on_path = self.path.iter().map(|folder| folder.join(NAMES[0]));
        own.chain(active).chain(on_path).find(|path| runnable(path).is_ok()).ok_or_else(|| self.none_found())
    }

    fn find_asked_for(&self, asked_for: &OsStr) -> Result<PathBuf, Failure> {
        let name = env_vars::PYTHON;
        let shown = asked_for.display();
        let hint = format!("give {name} the path of a Python interpreter, or unset it");
        if !asked_for.as_bytes().contains(&b'/') {
            let mut candidates = self.path.iter().map(|folder| folder.join(asked_for));
            return candidates.find(|path| runnable(path).is_ok()).ok_or_else(|| {
                Failure::refused(format!("{name} is {shown}, and there is no such program on PATH"))
                    .hint(hint)
            });
        }
        let path = PathBuf::from(asked_for);
        match runnable(&path) {
            Ok(()) => Ok(path),
            Err(reason) => {
                Err(Failure::refused(format!("{name} is {shown}, which cannot be run: {reason}")).hint(hint))
            }
        }
    }

    fn none_found(&self) -> Failure {
        let mut tried = Vec::new();
        if let Some(folder) = &self.own_folder {
            tried.push(format!("python3 and python beside heapwise in {}", folder.display()));
        }
        if let Some(environment) = &self.virtual_env {
            tried.push(format!("bin/python of the virtual environment {}", environment.display()));
        }
        tried.push("python3 on PATH".to_owned());
        Failure::refused(format!("no Python interpreter found; tried {}", tried.join(", "))).hint(format!(
            "install Python, or name an interpreter: {}=/path/to/python heapwise run ...",
            env_vars::PYTHON
        ))
    }
}

/// Whether there is a program at `path`; else why not.
fn runnable(path: &Path) -> Result<(), String> {
    let may_run = |file: Metadata| {
        if file.is_dir() {
            Err("it is a directory".to_owned())
        } else if file.permissions().mode() & 0o111 == 0 {
            Err("it is not executable".to_owned())
        } else {
            Ok(())
        }
    };
    match path.metadata() {
        Ok(file) => may_run(file),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err("there is no such file".to_owned()),
        Err(error) => Err(failure::reason(&error)),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    /// A folder with executable files of these names in it.
    fn folder(programs: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for program in programs {
            let path = folder.path().join(program);
            fs::create_dir_all(path.parent().expect("it has one")).expect("a folder");
            fs::write(&path, "").expect("a file");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("an executable");
        }
        folder
    }

    fn path_of(folders: &[&tempfile::TempDir]) -> Vec<PathBuf> {
        folders.iter().map(|folder| folder.path().to_owned()).collect()
    }

    #[test]
    fn the_order_is_asked_for_then_own_then_active_then_path() {
        let asked = folder(&["pypy"]);
        let own = folder(&["python"]);
        let active = folder(&["bin/python"]);
        let path = folder(&["python3", "python", "other"]);
        let mut places = Places {
            asked_for: Some(asked.path().join("pypy").into()),
            own_folder: Some(own.path().to_owned()),
            virtual_env: Some(active.path().to_owned()),
            path: path_of(&[&path]),
        };
        assert_eq!(places.find().expect("the one asked for"), asked.path().join("pypy"));
        places.asked_for = Some("other".into());
        assert_eq!(places.find().expect("the one asked for, on PATH"), path.path().join("other"));
        places.asked_for = None;
        assert_eq!(places.find().expect("the one beside heapwise"), own.path().join("python"));
        places.own_folder = None;
        assert_eq!(places.find().expect("the active one"), active.path().join("bin/python"));
        places.virtual_env = None;
        assert_eq!(places.find().expect("the first on PATH"), path.path().join("python3"));
    }

    #[test]
    fn python3_goes_before_python_and_folders_without_any_are_passed() {
        let empty = folder(&[]);
        let both = folder(&["python", "python3"]);
        let places = Places { own_folder: Some(both.path().to_owned()), ..Places::default() };
        assert_eq!(places.find().expect("python3"), both.path().join("python3"));
        let places = Places {
            own_folder: Some(empty.path().to_owned()),
            virtual_env: Some(empty.path().to_owned()),
            path: path_of(&[&empty, &both]),
            ..Places::default()
        };
        assert_eq!(places.find().expect("the second on PATH"), both.path().join("python3"));
    }

    #[test]
    fn a_link_is_not_resolved() {
        let real = folder(&["python3.99"]);
        let environment = folder(&[]);
        let link = environment.path().join("python3");
        symlink(real.path().join("python3.99"), &link).expect("a link");
        let places = Places { own_folder: Some(environment.path().to_owned()), ..Places::default() };
        assert_eq!(places.find().expect("the link"), link);
    }

    #[test]
    fn what_cannot_be_run_is_no_interpreter() {
        let folder = folder(&["python3/inside"]);
        fs::write(folder.path().join("python"), "").expect("a file");
        let places = Places {
            own_folder: Some(folder.path().to_owned()),
            virtual_env: Some(folder.path().to_owned()),
            ..Places::default()
        };
        let failure =
            places.find().expect_err("a directory and a file without execute permission").to_string();
        let here = folder.path().display();
        assert_eq!(
            failure,
            format!(
                "no Python interpreter found; tried python3 and python beside heapwise in {here}, bin/python of \
                 the virtual environment {here}, python3 on PATH"
            )
        );
    }

    #[test]
    fn what_was_asked_for_is_never_replaced_by_another() {
        let good = folder(&["python3"]);
        fs::create_dir(good.path().join("directory")).expect("a folder");
        fs::write(good.path().join("text"), "").expect("a file");
        for (asked_for, reason) in [
            (good.path().join("absent"), "which cannot be run: there is no such file"),
            (good.path().join("directory"), "which cannot be run: it is a directory"),
            (good.path().join("text"), "which cannot be run: it is not executable"),
            ("absent".into(), "and there is no such program on PATH"),
        ] {
            let places = Places {
                asked_for: Some(asked_for.clone().into()),
                own_folder: Some(good.path().to_owned()),
                path: path_of(&[&good]),
                ..Places::default()
            };
            let failure = places.find().expect_err("it cannot be run").to_string();
            assert_eq!(failure, format!("HEAPWISE_PYTHON is {}, {reason}", asked_for.display()));
        }
    }
}
