//! The contents of files beside the database: copied with backups, brought back, and checked.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use kith_blob::{BlobError, Blobs, Content, Disk};
use kith_core::file::BlobHash;
use kith_store::{Problem, Store};

use crate::config::Config;
use crate::environment::Exit;

/// Contents that are looked at in one step.
const STEP: usize = 1000;
/// Problems that are told.
const PROBLEMS_MAX: usize = 100;

/// Where the contents are that belong to a backup: beside it, under its name.
pub(super) fn beside(backup: &Path) -> PathBuf {
    let mut name: OsString = backup.as_os_str().to_owned();
    name.push(".files");
    name.into()
}

/// The contents on the disk, if there are any.
fn existing(dir: &Path) -> Result<Option<Disk>, BlobError> {
    if dir.exists() { Disk::open(dir).map(Some) } else { Ok(None) }
}

fn failure(dir: &Path, error: &BlobError) -> Exit {
    Exit::data(format!("the files in {} cannot be used: {error}", dir.display()))
}

/// All contents of a place, in order.
async fn all(disk: &Disk) -> Result<Vec<BlobHash>, BlobError> {
    let mut all = Vec::new();
    loop {
        let page = disk.list(all.last().copied(), STEP).await?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}

/// Copies all contents from one directory to another where they are not yet; says how many there are
/// then, and which are damaged and were left out.
pub(super) async fn copy(from: &Path, to: &Path) -> Result<(usize, Vec<BlobHash>), Exit> {
    let Some(source) = existing(from).map_err(|error| failure(from, &error))? else {
        return Ok((0, Vec::new()));
    };
    let (mut count, mut damaged) = (0, Vec::new());
    let mut target = None;
    for hash in all(&source).await.map_err(|error| failure(from, &error))? {
        let path = source.path(hash);
        let looked = path.clone();
        let found = tokio::task::spawn_blocking(move || kith_blob::hash_file(&looked)).await;
        match found {
            Ok(Ok(found)) if found == hash => {}
            // It was removed meanwhile, with the last message that referred to it.
            _ if !path.exists() => continue,
            _ => {
                damaged.push(hash);
                continue;
            }
        }
        let target: &Disk = match &mut target {
            Some(target) => target,
            none => none.insert(Disk::open(to).map_err(|error| failure(to, &error))?),
        };
        let kept = target.keep(hash, Content::File(path)).await;
        kept.map_err(|error| failure(to, &error))?;
        count += 1;
    }
    Ok((count, damaged))
}

/// What was found in the contents.
pub(super) struct Looked {
    /// How many there are that files need.
    pub(super) needed: usize,
    /// How many no file needs: the server removes them.
    pub(super) strays: usize,
    pub(super) problems: Vec<Problem>,
}

/// Compares the contents on the disk with what the database needs, and each with its hash.
pub(super) async fn check(config: &Config, store: &dyn Store) -> anyhow::Result<Looked> {
    let mut needed = kith_hub::verify::contents(store).await?;
    let mut looked = Looked { needed: needed.len(), strays: 0, problems: Vec::new() };
    if !config.has_files_here() {
        return Ok(looked);
    }
    let dir = config.blobs();
    let mut wrong = |what: String| {
        if looked.problems.len() < PROBLEMS_MAX {
            looked.problems.push(Problem { what });
        }
    };
    if let Some(disk) = existing(&dir).map_err(|error| failure(&dir, &error))? {
        for hash in all(&disk).await.map_err(|error| failure(&dir, &error))? {
            let Some(file) = needed.remove(&hash) else {
                looked.strays += 1;
                continue;
            };
            let path = disk.path(hash);
            let found = tokio::task::spawn_blocking(move || kith_blob::hash_file(&path)).await?;
            if found.ok() != Some(hash) {
                wrong(format!("The content {hash} of the file {file} is damaged."));
            }
        }
    }
    for (hash, file) in needed {
        wrong(format!("The content {hash} of the file {file} is missing."));
    }
    Ok(looked)
}
