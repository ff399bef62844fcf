//! The house rules, checked over the files that git tracks or would track.
//!
//! Each rule is a pure function from files (or dependencies) to violations; only this file and
//! `tree.rs` touch the disk. A rule's module says what it asks for and why.

mod imports;
mod machine_names;
mod purity;
mod source_files;
mod tokens;
mod tree;
mod version;
mod violation;

use anyhow::{Context, Result};
use cargo_metadata::MetadataCommand;

pub(crate) use violation::Outcome;

/// Checks the repository that holds the current directory.
///
/// # Errors
/// If git or cargo cannot list the repository, or a listed file cannot be read.
pub(crate) fn run() -> Result<Outcome> {
    let root = tree::root()?;
    let files = tree::read(&root)?;
    // `no_deps`: only the workspace's own manifests are read, so this needs no network and no registry.
    let metadata = MetadataCommand::new()
        .manifest_path(root.join("Cargo.toml"))
        .no_deps()
        .exec()
        .context("cargo metadata failed")?;

    let mut violations = imports::check(&imports::members(&metadata, &root));
    violations.extend(source_files::check(&files));
    violations.extend(purity::check(&files));
    let home = std::env::home_dir().unwrap_or_default();
    violations.extend(machine_names::check(&files, &[&home, &root]));
    violations.extend(version::check(&files));
    violations.sort();
    Ok(Outcome { files: files.len(), violations })
}
