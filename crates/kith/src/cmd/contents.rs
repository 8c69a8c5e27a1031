//! The contents of files, wherever they are: copied with backups, brought back, moved, and checked.

mod found;

use std::cell::Cell;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt};
use kith_blob::{BlobError, Blobs, Content, Disk, Remote};
use kith_core::file::BlobHash;
use kith_store::{Problem, Store};

use self::found::{FetchError, Found};
use crate::config::{Config, FilesStore};
use crate::environment::Exit;

/// Contents that are looked at in one step.
const STEP: usize = 1000;
/// Problems that are told.
const PROBLEMS_MAX: usize = 100;
/// Contents that are copied, read or removed at a time.
const AT_ONCE: usize = 4;

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
    /// Which were left out for what they are themselves.
    pub(super) left_out: Vec<LeftOut>,
}

/// A content that was left out, and why.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LeftOut(BlobHash, String);

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, which {}", self.0, self.1)
    }
}

/// What came of one content.
enum One {
    There,
    LeftOut(LeftOut),
    /// It was removed meanwhile, with the last message that referred to it.
    Gone,
}

impl One {
    fn left_out(hash: BlobHash, why: String) -> Self {
        Self::LeftOut(LeftOut(hash, why))
    }
}

/// Copies all contents from one place to another where they are not yet, each compared with its
/// hash on the way. Whoever was interrupted begins again with what is left. `scratch` is a
/// directory for what is too large to be held, which is gone afterwards; `tell` is told how many
/// are done of how many.
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
    let one = async |hash: BlobHash| {
        let content = match fetch(from, source.as_ref(), hash, scratch).await? {
            Found::Whole(content) => content,
            Found::Damaged => return Ok(One::left_out(hash, "is damaged".to_owned())),
            Found::Unread(error) => {
                return Ok(One::left_out(hash, format!("cannot be read: {error}")));
            }
            Found::Gone => return Ok(One::Gone),
        };
        let made = match &content {
            Content::File(path) if path.starts_with(scratch) => Some(path.clone()),
            _ => None,
        };
        let kept = target.keep(hash, content).await;
        if let Some(made) = made {
            let _ = tokio::fs::remove_file(made).await;
        }
        kept.map(|()| One::There).map_err(|error| to.failed(&error))
    };
    let done = each(missing, one, |one| {
        match one {
            One::There => copied.there += 1,
            One::LeftOut(one) => copied.left_out.push(one),
            One::Gone => {}
        }
        tell(copied.there, count);
    });
    let done = done.await;
    if from.is_bucket() {
        let _ = tokio::fs::remove_dir_all(scratch).await;
    }
    done?;
    copied.left_out.sort_unstable();
    Ok(copied)
}

async fn fetch(
    from: &Place,
    source: &dyn Blobs,
    hash: BlobHash,
    scratch: &Path,
) -> Result<Found<Content>, Exit> {
    found::fetch(source, hash, scratch).await.map_err(|error| match error {
        FetchError::Blob(error) => from.failed(&error),
        FetchError::Scratch(error) => {
            Exit::data(format!("cannot write to {}: {error}", scratch.display()))
        }
    })
}

/// Does something with each content, [`AT_ONCE`] at a time, and hands on what came of it. Where one
/// fails no other is begun, and those that were begun end: none is left in the middle.
async fn each<T>(
    hashes: impl IntoIterator<Item = BlobHash>,
    work: impl AsyncFn(BlobHash) -> Result<T, Exit>,
    mut done: impl FnMut(T),
) -> Result<(), Exit> {
    let has_failed = Cell::new(false);
    let begun = futures_util::stream::iter(hashes)
        .take_while(|_| std::future::ready(!has_failed.get()))
        .map(|hash| work(hash))
        .buffer_unordered(AT_ONCE);
    let mut begun = std::pin::pin!(begun);
    let mut ended = Ok(());
    while let Some(one) = begun.next().await {
        match one {
            Ok(one) => done(one),
            Err(error) => {
                has_failed.set(true);
                ended = ended.and(Err(error));
            }
        }
    }
    ended
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

/// Compares the contents with what the database needs, and each with its hash. Those in a bucket
/// are only read where `reads` says so.
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
            async move {
                let found = found::compare(blobs.as_ref(), hash).await;
                found.map(|found| (hash, file, found))
            }
        };
        let mut work = futures_util::stream::iter(whole).map(one).buffered(AT_ONCE);
        while let Some(one) = work.try_next().await.map_err(|error| place.failed(&error))? {
            let (hash, file, found) = one;
            let is = match found {
                Found::Whole(()) => continue,
                Found::Damaged => "is damaged".to_owned(),
                Found::Unread(error) => format!("cannot be read: {error}"),
                Found::Gone => "is missing".to_owned(),
            };
            wrong(format!("The content {hash} of the file {file} {is}."));
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

/// Removes what is in one place and in another as well, of the same size; how many that were, and
/// how many stay because they are nowhere else. `tell` is told how many were looked at of how many.
pub(super) async fn remove(
    from: &Place,
    kept: &Place,
    tell: impl Fn(usize, usize),
) -> anyhow::Result<(usize, usize)> {
    let (all, there) = (from.all().await?, kept.all().await?);
    let (source, safe) = (from.look(), kept.look());
    let (mut removed, mut left, count) = (0, 0, all.len());
    let one = async |hash: BlobHash| {
        let size = source.size(hash).await.map_err(|error| from.failed(&error))?;
        let other = match there.contains(&hash) {
            true => safe.size(hash).await.map_err(|error| kept.failed(&error))?,
            false => None,
        };
        if other.is_none() || size != other {
            return Ok(false);
        }
        source.remove(hash).await.map(|()| true).map_err(|error| from.failed(&error))
    };
    let done = each(all, one, |is_removed| {
        if is_removed {
            removed += 1;
        } else {
            left += 1;
        }
        tell(removed + left, count);
    });
    done.await?;
    Ok((removed, left))
}

/// A directory of the data for what is on its way.
pub(super) fn scratch(config: &Config) -> PathBuf {
    config.data.join("files").join("moving")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn where_one_fails_no_other_is_begun_and_those_that_were_begun_end() {
        let hashes: Vec<BlobHash> = (0..10_u8).map(|n| BlobHash::of(&[n])).collect();
        let begun = Cell::new(0);
        let work = async |hash: BlobHash| {
            begun.set(begun.get() + 1);
            if hash == BlobHash::of(&[0]) {
                return Err(Exit::data("tea"));
            }
            tokio::task::yield_now().await;
            Ok(())
        };
        let mut ended = 0;
        let done = each(hashes, work, |()| ended += 1).await;
        assert_eq!(done.unwrap_err().to_string(), "tea");
        assert_eq!((begun.get(), ended), (AT_ONCE, AT_ONCE - 1));
    }
}
