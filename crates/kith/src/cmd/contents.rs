//! The contents of files, wherever they are: copied with backups, brought back, moved, and checked.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt};
use kith_blob::{BlobError, Blobs, Content, Disk, Remote};
use kith_core::file::BlobHash;
use kith_store::{Problem, Store};
use tokio::io::AsyncWriteExt;

use crate::config::{Config, FilesStore};
use crate::environment::Exit;

/// Contents that are looked at in one step.
const STEP: usize = 1000;
/// Problems that are told.
const PROBLEMS_MAX: usize = 100;
/// Contents that are copied or read at a time.
const AT_ONCE: usize = 4;
/// The largest content that is held in memory on its way.
const HELD_BYTES_MAX: u64 = 1024 * 1024;

/// Where the contents are that belong to a backup: beside it, under its name.
pub(super) fn beside(backup: &Path) -> PathBuf {
    let mut name: OsString = backup.as_os_str().to_owned();
    name.push(".files");
    name.into()
}

/// A place with contents.
#[derive(Clone)]
pub(super) enum Place {
    /// A directory, which may not be there.
    Dir(PathBuf),
    /// A bucket.
    Bucket(Arc<Remote>),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dir(dir) => dir.display().fmt(f),
            Self::Bucket(remote) => remote.place().fmt(f),
        }
    }
}

impl Place {
    /// Where the contents are; `None` where files are off.
    ///
    /// # Errors
    /// When the bucket cannot be used.
    pub(super) async fn of(config: &Config) -> anyhow::Result<Option<Self>> {
        Ok(match config.files.store {
            FilesStore::Off => None,
            FilesStore::Disk => Some(Self::Dir(config.blobs())),
            FilesStore::S3 => Some(Self::bucket(config).await?),
        })
    }

    /// The bucket, whether contents are there or not.
    ///
    /// # Errors
    /// When there is none, or it does not answer.
    pub(super) async fn bucket(config: &Config) -> anyhow::Result<Self> {
        let place = Self::Bucket(Arc::new(config.open_bucket().await?));
        if let Self::Bucket(remote) = &place {
            remote.probe().await.map_err(|error| place.failed(&error))?;
        }
        Ok(place)
    }

    /// Sees to it that what is in a bucket belongs to this data alone.
    ///
    /// # Errors
    /// When it does not.
    pub(super) async fn claim(&self, config: &Config) -> anyhow::Result<()> {
        match self {
            Self::Dir(_) => Ok(()),
            Self::Bucket(remote) => config.claim(remote, false).await,
        }
    }

    /// Whether this is a bucket.
    pub(super) fn is_bucket(&self) -> bool {
        matches!(self, Self::Bucket(_))
    }

    fn failed(&self, error: &BlobError) -> Exit {
        match self {
            Self::Dir(dir) => {
                Exit::data(format!("the files in {} cannot be used: {error}", dir.display()))
            }
            // It names the place by itself.
            Self::Bucket(_) => Exit::data(error.to_string()),
        }
    }

    /// The contents, as whoever puts none there finds them: a server may be using them.
    fn look(&self) -> Arc<dyn Blobs> {
        match self {
            Self::Dir(dir) => Arc::new(Disk::look(dir)),
            Self::Bucket(remote) => Arc::clone(remote) as Arc<dyn Blobs>,
        }
    }

    /// The contents, made room for where there are none.
    fn open(&self) -> Result<Arc<dyn Blobs>, Exit> {
        Ok(match self {
            Self::Dir(dir) => Arc::new(Disk::open(dir).map_err(|error| self.failed(&error))?),
            Self::Bucket(remote) => Arc::clone(remote) as Arc<dyn Blobs>,
        })
    }

    /// All contents that are here, in order.
    pub(super) async fn all(&self) -> Result<BTreeSet<BlobHash>, Exit> {
        let mut all = BTreeSet::new();
        if matches!(self, Self::Dir(dir) if !dir.exists()) {
            return Ok(all);
        }
        let blobs = self.look();
        loop {
            let page = blobs.list(all.last().copied(), STEP).await;
            let page = page.map_err(|error| self.failed(&error))?;
            if page.is_empty() {
                return Ok(all);
            }
            all.extend(page);
        }
    }
}

/// What came of copying.
#[derive(Default)]
pub(super) struct Copied {
    /// How many contents are there now.
    pub(super) there: usize,
    /// Which were damaged, and left out.
    pub(super) damaged: Vec<BlobHash>,
}

/// What came of one content.
enum One {
    There,
    Damaged,
    /// It was removed meanwhile, with the last message that referred to it.
    Gone,
}

/// Copies all contents from one place to another where they are not yet, each compared with its hash on
/// the way. Whoever was interrupted begins again with what is left. `scratch` is a directory for what
/// is too large to be held; `tell` is told how many are done of how many.
pub(super) async fn copy(
    from: &Place,
    to: &Place,
    scratch: &Path,
    tell: impl Fn(usize, usize),
) -> anyhow::Result<Copied> {
    let all = from.all().await?;
    let mut copied = Copied::default();
    if all.is_empty() {
        return Ok(copied);
    }
    let (source, target) = (from.look(), to.open()?);
    let there = to.all().await?;
    let count = all.len();
    let missing: Vec<BlobHash> = all.difference(&there).copied().collect();
    copied.there = count - missing.len();
    tell(copied.there, count);
    let one = |hash: BlobHash| {
        let (source, target) = (Arc::clone(&source), Arc::clone(&target));
        async move {
            let content = match found(source.as_ref(), hash, Some(scratch)).await {
                Ok(Found::Whole(content)) => content,
                Ok(Found::Damaged) => return Ok((hash, One::Damaged)),
                Ok(Found::Gone) => return Ok((hash, One::Gone)),
                Err(error) => return Err(from.failed(&error)),
            };
            let kept = target.keep(hash, content).await;
            let _ = tokio::fs::remove_file(scratch.join(hash.to_string())).await;
            kept.map(|()| (hash, One::There)).map_err(|error| to.failed(&error))
        }
    };
    let work = futures_util::stream::iter(missing).map(one).buffer_unordered(AT_ONCE);
    let done = work
        .try_for_each(|(hash, one)| {
            match one {
                One::There => copied.there += 1,
                One::Damaged => copied.damaged.push(hash),
                One::Gone => {}
            }
            tell(copied.there, count);
            std::future::ready(Ok(()))
        })
        .await;
    let _ = tokio::fs::remove_dir(scratch).await;
    done?;
    copied.damaged.sort_unstable();
    Ok(copied)
}

/// What is in a place under a hash.
enum Found {
    Whole(Content),
    Damaged,
    Gone,
}

/// Reads a content and compares it with its hash. Without `scratch` it is not kept.
async fn found(
    source: &dyn Blobs,
    hash: BlobHash,
    scratch: Option<&Path>,
) -> Result<Found, BlobError> {
    if let Some(path) = source.file(hash) {
        let looked = path.clone();
        let found = tokio::task::spawn_blocking(move || kith_blob::hash_file(&looked)).await;
        return Ok(match found {
            Ok(Ok(found)) if found == hash => Found::Whole(Content::File(path)),
            _ if !path.exists() => Found::Gone,
            _ => Found::Damaged,
        });
    }
    let Some(size) = source.size(hash).await? else { return Ok(Found::Gone) };
    let mut pieces = match source.read(hash, 0..size).await {
        Err(BlobError::Missing(_)) => return Ok(Found::Gone),
        read => read?,
    };
    let mut sink = match scratch {
        None => Sink::Nowhere,
        Some(_) if size <= HELD_BYTES_MAX => Sink::Memory(Vec::new()),
        Some(scratch) => {
            tokio::fs::create_dir_all(scratch).await?;
            let path = scratch.join(hash.to_string());
            Sink::File(tokio::fs::File::create(&path).await?, path)
        }
    };
    let mut hasher = kith_blob::Hasher::default();
    while let Some(piece) = pieces.try_next().await? {
        hasher.update(&piece);
        match &mut sink {
            Sink::Nowhere => {}
            Sink::Memory(held) => held.extend_from_slice(&piece),
            Sink::File(file, _) => file.write_all(&piece).await?,
        }
    }
    if hasher.hash() != hash {
        if let Sink::File(_, path) = &sink {
            let _ = tokio::fs::remove_file(path).await;
        }
        return Ok(Found::Damaged);
    }
    Ok(Found::Whole(match sink {
        Sink::Nowhere => Content::Bytes(Vec::new().into()),
        Sink::Memory(held) => Content::Bytes(held.into()),
        Sink::File(mut file, path) => {
            file.flush().await?;
            Content::File(path)
        }
    }))
}

/// Where a content is put while it is read.
enum Sink {
    Nowhere,
    Memory(Vec<u8>),
    File(tokio::fs::File, PathBuf),
}

/// What was found in the contents.
pub(super) struct Looked {
    /// How many there are that files need.
    pub(super) needed: usize,
    /// How many no file needs: the server removes them.
    pub(super) strays: usize,
    /// The bucket whose contents were not read, but for their names.
    pub(super) unread: Option<String>,
    pub(super) problems: Vec<Problem>,
}

/// Compares the contents with what the database needs, and each with its hash. Those in a bucket are
/// only read where `reads` says so.
pub(super) async fn check(
    config: &Config,
    store: &dyn Store,
    reads: bool,
) -> anyhow::Result<Looked> {
    let mut needed = kith_hub::verify::contents(store).await?;
    let mut looked = Looked { needed: needed.len(), strays: 0, unread: None, problems: Vec::new() };
    let Some(place) = Place::of(config).await? else { return Ok(looked) };
    let reads = reads || !place.is_bucket();
    if !reads {
        looked.unread = Some(place.to_string());
    }
    let all = place.all().await?;
    let mut whole = Vec::new();
    for hash in &all {
        match needed.remove(hash) {
            Some(file) => whole.push((*hash, file)),
            None => looked.strays += 1,
        }
    }
    let mut wrong = |what: String| {
        if looked.problems.len() < PROBLEMS_MAX {
            looked.problems.push(Problem { what });
        }
    };
    if reads {
        let blobs = place.look();
        let one = |(hash, file)| {
            let blobs = Arc::clone(&blobs);
            async move { found(blobs.as_ref(), hash, None).await.map(|found| (hash, file, found)) }
        };
        let mut work = futures_util::stream::iter(whole).map(one).buffered(AT_ONCE);
        while let Some(one) = work.try_next().await.map_err(|error| place.failed(&error))? {
            match one {
                (_, _, Found::Whole(_)) => {}
                (hash, file, _) => {
                    wrong(format!("The content {hash} of the file {file} is damaged."));
                }
            }
        }
    }
    for (hash, file) in needed {
        wrong(format!("The content {hash} of the file {file} is missing."));
    }
    Ok(looked)
}

/// Which of the contents that files need are not in a place.
pub(super) async fn missing(store: &dyn Store, place: &Place) -> anyhow::Result<usize> {
    let (needed, there) = (kith_hub::verify::contents(store).await?, place.all().await?);
    Ok(needed.keys().filter(|hash| !there.contains(hash)).count())
}

/// Removes what is in one place and in another as well, of the same size; how many that were, and how
/// many stay because they are nowhere else.
pub(super) async fn remove(from: &Place, kept: &Place) -> anyhow::Result<(usize, usize)> {
    let (all, there) = (from.all().await?, kept.all().await?);
    let (source, safe) = (from.look(), kept.look());
    let (mut removed, mut left) = (0, 0);
    for hash in all {
        let size = source.size(hash).await.map_err(|error| from.failed(&error))?;
        let other = match there.contains(&hash) {
            true => safe.size(hash).await.map_err(|error| kept.failed(&error))?,
            false => None,
        };
        if other.is_none() || size != other {
            left += 1;
            continue;
        }
        source.remove(hash).await.map_err(|error| from.failed(&error))?;
        removed += 1;
    }
    Ok((removed, left))
}

/// A directory of the data for what is on its way.
pub(super) fn scratch(config: &Config) -> PathBuf {
    config.data.join("files").join("moving")
}
