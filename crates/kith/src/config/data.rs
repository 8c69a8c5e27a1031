//! The directory with the data: made, opened, and what to say when that fails.

use std::path::{Path, PathBuf};

use kith_blob::Depot;
use kith_store::StoreError;
use kith_store_sqlite::{Options, SqliteStore};

use super::Config;
use crate::environment::Exit;

/// The directory of files within the data directory.
const FILES: &str = "files";
/// What `files.store` says where there are no files.
const FILES_OFF: &str = "off";
/// The database within the data directory.
pub(crate) const DATABASE: &str = "kith.db";
/// The search index within it, which is made anew when it is missing.
const INDEX: &str = "search.db";

impl Config {
    /// Makes the data directory, for its owner only, if it is missing.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(crate) fn make_data(&self) -> Result<(), Exit> {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&self.data).map_err(|error| {
            Exit::data(format!("cannot make the directory {}: {error}", self.data.display()))
        })
    }

    /// The file whose time of change is that of the last backup.
    pub(crate) fn backup_mark(&self) -> PathBuf {
        self.data.join("last-backup")
    }

    /// Opens the database, made if it is missing.
    ///
    /// # Errors
    /// When it is in use, damaged, or cannot be written.
    pub(crate) async fn open_store(&self) -> anyhow::Result<SqliteStore> {
        let config = self.clone();
        let opened = tokio::task::spawn_blocking(move || config.try_store()).await?;
        Ok(opened.map_err(|error| failure(&self.data, &error))?)
    }

    /// As [`open_store`](Self::open_store), for whoever can do without. Blocks.
    ///
    /// # Errors
    /// What the store says.
    pub(crate) fn try_store(&self) -> Result<SqliteStore, StoreError> {
        let options = Options { durability: self.durability, ..Options::default() };
        SqliteStore::open(&self.database(), options)
    }

    /// Whether the contents of files are in the data directory.
    pub(crate) fn has_files_here(&self) -> bool {
        self.files_store != FILES_OFF
    }

    /// Where the contents of files are on the disk.
    pub(crate) fn blobs(&self) -> PathBuf {
        self.data.join(FILES).join(kith_blob::BLOBS)
    }

    /// Opens the place where files are, made if it is missing; `None` where files are off. Blocks.
    ///
    /// # Errors
    /// When it cannot be used.
    pub(crate) fn open_depot(&self) -> Result<Option<Depot>, Exit> {
        if self.files_store == FILES_OFF {
            return Ok(None);
        }
        let dir = self.data.join(FILES);
        Depot::on_disk(&dir).map(Some).map_err(|error| {
            Exit::data(format!("the files in {} cannot be used: {error}", dir.display()))
        })
    }

    /// The search index.
    pub(crate) fn index(&self) -> PathBuf {
        self.data.join(INDEX)
    }

    /// The database, if there is one.
    ///
    /// # Errors
    /// When there is none, which is most often a wrong `--data`.
    pub(crate) fn existing_database(&self) -> Result<PathBuf, Exit> {
        let database = self.database();
        if database.exists() {
            return Ok(database);
        }
        let data = self.data.display();
        Err(Exit::data(format!("there is no data in {data}: say where it is with --data")))
    }
}

/// What an operator is told of a failed store, and what to do about it.
pub(crate) fn failure(data: &Path, error: &StoreError) -> Exit {
    let data = data.display();
    Exit::data(match error {
        StoreError::InUse => {
            format!("the data in {data} is in use by a running server: stop it first")
        }
        StoreError::Corrupt(_) => format!(
            "the data in {data} cannot be used: {error}. Look at it with `kith check`, bring a \
             backup back with `kith restore`"
        ),
        StoreError::TooNew { .. } => {
            format!("the data in {data} is of a newer Kith: {error}")
        }
        _ => format!("the data in {data} cannot be used: {error}"),
    })
}
