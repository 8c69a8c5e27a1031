//! The directory with the data: made, opened, and what to say when that fails.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use kith_blob::{Depot, Remote};
use kith_hub::Environment;
use kith_store::StoreError;
use kith_store_sqlite::{Options, SqliteStore};

use super::{Config, FilesStore};
use crate::environment::{Exit, SystemEnvironment};

/// The directory of files within the data directory.
const FILES: &str = "files";
/// The database within the data directory.
pub(crate) const DATABASE: &str = "kith.db";
/// The file in the directory of files that says by which name a bucket knows this data.
const OWNER: &str = "owner";
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

    /// Where the contents of files are on the disk.
    pub(crate) fn blobs(&self) -> PathBuf {
        self.data.join(FILES).join(kith_blob::BLOBS)
    }

    /// Opens the place where files are; `None` where files are off. A directory is made if it is
    /// missing; of a bucket it is tried whether all that is needed can be done in it.
    ///
    /// # Errors
    /// When it cannot be used.
    pub(crate) async fn open_depot(&self) -> anyhow::Result<Option<Depot>> {
        let dir = self.data.join(FILES);
        let bucket = match self.files.store {
            FilesStore::Off => return Ok(None),
            FilesStore::Disk => None,
            FilesStore::S3 => Some(self.open_bucket().await?),
        };
        if let Some(bucket) = &bucket {
            bucket.try_out().await.map_err(|error| Exit::data(error.to_string()))?;
            self.claim(bucket, false).await?;
        }
        let opened = tokio::task::spawn_blocking(move || {
            let opened = match bucket {
                Some(bucket) => Depot::with(Arc::new(bucket), &dir),
                None => Depot::on_disk(&dir),
            };
            opened.map_err(|error| {
                Exit::data(format!("the files in {} cannot be used: {error}", dir.display()))
            })
        });
        Ok(Some(opened.await??))
    }

    /// Sees to it that what is in a bucket belongs to this data alone: whoever shares it would have
    /// removed what only the other knows. With `anew` it is taken over.
    ///
    /// # Errors
    /// When it belongs to others, or cannot be reached.
    pub(crate) async fn claim(&self, bucket: &Remote, anew: bool) -> anyhow::Result<()> {
        let (dir, data) = (self.data.join(FILES), self.data.display().to_string());
        let owner = tokio::task::spawn_blocking(move || owner(&dir)).await?;
        let owner =
            owner.map_err(|error| Exit::data(format!("cannot write to {data}: {error}")))?;
        let claimed = bucket.claim(&owner, anew).await;
        if claimed.map_err(|error| Exit::data(error.to_string()))? {
            return Ok(());
        }
        let why = format!(
            "{} has the contents of another server: give this one a bucket or a files.s3.prefix of its \
             own. Where there is no other any more, as after a restore elsewhere, `kith admin files \
             adopt` makes them this one's",
            bucket.place()
        );
        Err(Exit::data(why).into())
    }

    /// Prepares to use the bucket.
    ///
    /// # Errors
    /// When there is none, or its secret or certificates cannot be read.
    pub(crate) async fn open_bucket(&self) -> anyhow::Result<Remote> {
        let files = self.files.clone();
        let opened = tokio::task::spawn_blocking(move || {
            Remote::new(files.bucket()?).map_err(|error| Exit::usage(error.to_string()))
        });
        Ok(opened.await??)
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

/// The name by which a bucket knows whose its contents are, made where there is none. Blocks.
fn owner(dir: &Path) -> std::io::Result<String> {
    use std::io::Write;
    let (path, part) = (dir.join(OWNER), dir.join(format!("{OWNER}.part")));
    match std::fs::read_to_string(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        read => return Ok(read?.trim_end().to_owned()),
    }
    std::fs::create_dir_all(dir)?;
    let owner = format!("{:032x}", SystemEnvironment.random());
    let mut file = std::fs::File::create(&part)?;
    file.write_all(owner.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&part, &path)?;
    #[cfg(unix)]
    std::fs::File::open(dir)?.sync_all()?;
    Ok(owner)
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
