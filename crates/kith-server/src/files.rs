//! Files: taken in piece by piece, looked into, stored under their hash, and let go when nothing
//! refers to them.

mod finish;
mod holds;
mod picture;
mod receive;
mod sweep;
mod turns;
mod types;

use std::path::PathBuf;
use std::sync::atomic::AtomicU64;

use kith_blob::{BlobError, Depot};
use kith_core::decide::file::FileLimits;
use kith_core::document::File;
use kith_core::file::{Attachment, BlobHash};
use kith_core::id::FileId;
use kith_core::text::FileName;
use kith_hub::OwnFile;
use kith_proto::error::Problem;
use serde::Serialize;
use tokio::sync::Semaphore;

pub use picture::PICTURE;
pub(crate) use receive::receive;
pub(crate) use sweep::run as sweep;

use self::holds::Holds;
use self::picture::Painter;
use self::turns::Turns;
use self::types::Types;
use crate::settings::Settings;

/// Uploads that are taken in at a time; further ones are told to come later.
const RECEIVING: usize = 256;
/// Contents that are stored at a time, of each of which a part may be in memory; others wait.
const STORING: usize = 8;

/// Where files are, and who looks into them.
#[derive(Clone, Debug)]
pub struct Place {
    /// Where they are.
    pub depot: Depot,
    /// The program that looks into images: it is given one as its standard input and [`PICTURE`] as
    /// its argument. Without it images are files like any.
    pub painter: Option<PathBuf>,
}

/// What the server has for files.
pub(crate) struct Files {
    depot: Option<Depot>,
    painter: Option<Painter>,
    limits: FileLimits,
    types: Types,
    free_percent: u64,
    turns: Turns,
    receiving: Semaphore,
    storing: Semaphore,
    holds: Holds,
    /// Bytes that came in.
    pub(crate) received: AtomicU64,
    /// Bytes that went out.
    pub(crate) sent: AtomicU64,
    /// Files that there were when they were counted last.
    pub(crate) count: AtomicU64,
    /// Their bytes.
    pub(crate) bytes: AtomicU64,
}

/// A file as its owner is told of it.
#[derive(Serialize)]
pub(crate) struct Told {
    id: FileId,
    name: FileName,
    bytes: u64,
    /// How much of it is there.
    pub(crate) offset: u64,
    /// What messages say of it, once it is whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<Attachment>,
}

impl Told {
    pub(crate) fn of(id: FileId, own: &OwnFile) -> Self {
        match own {
            OwnFile::Coming(upload) => Self {
                id,
                name: upload.name.clone(),
                bytes: upload.bytes,
                offset: upload.offset,
                file: None,
            },
            OwnFile::Whole(file) => Self::whole(file),
        }
    }

    fn whole(file: &File) -> Self {
        let about = file.about.clone();
        let (id, name, bytes) = (about.id, about.name.clone(), about.bytes);
        Self { id, name, bytes, offset: bytes, file: Some(about) }
    }
}

impl Files {
    pub(crate) fn new(place: Option<Place>, settings: &Settings) -> Self {
        let (depot, painter) = match place {
            Some(Place { depot, painter }) => (Some(depot), painter),
            None => (None, None),
        };
        Self {
            depot,
            painter: painter.map(Painter::new),
            limits: FileLimits {
                bytes_max: settings.files_bytes_max,
                user_bytes_max: settings.files_user_bytes,
                user_per_day_max: settings.files_user_per_day,
            },
            types: Types::parse(&settings.files_types),
            free_percent: u64::from(settings.files_free_percent.min(99)),
            turns: Turns::default(),
            receiving: Semaphore::new(RECEIVING),
            storing: Semaphore::new(STORING),
            holds: Holds::default(),
            received: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            count: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
        }
    }

    /// How much may be uploaded.
    pub(crate) fn limits(&self) -> &FileLimits {
        &self.limits
    }

    /// The largest file that is taken, if any is.
    pub(crate) fn offered(&self) -> Option<u64> {
        self.depot.as_ref().map(|_| self.limits.bytes_max)
    }

    /// Where the files are.
    pub(crate) fn depot(&self) -> Result<&Depot, Problem> {
        let off = || Problem::new("file.off", "this server takes no files");
        self.depot.as_ref().ok_or_else(off)
    }

    /// Whether the place of the contents answered when it was asked last.
    pub(crate) fn is_reachable(&self) -> bool {
        self.depot.as_ref().is_none_or(|depot| depot.blobs.trouble().is_none())
    }

    /// Uploads that are coming in right now.
    pub(crate) fn open(&self) -> usize {
        RECEIVING - self.receiving.available_permits()
    }

    /// Refuses what would leave too little of the disk to everything else.
    pub(crate) fn room_for(&self, bytes: u64) -> Result<(), Problem> {
        let Some((free, all)) = self.depot()?.staging.room() else { return Ok(()) };
        if free.saturating_sub(bytes) >= all / 100 * self.free_percent {
            return Ok(());
        }
        Err(full())
    }
}

fn full() -> Problem {
    Problem::later("store.full", "the server has no room for files at present", 60_000)
}

/// A failure of the place where files are, as an answer. What went wrong inside is logged, not
/// told.
pub(crate) fn problem_of(error: &BlobError) -> Problem {
    tracing::warn!(%error, "the files failed");
    match error {
        BlobError::Full => full(),
        BlobError::Missing(_) => {
            Problem::new("file.damaged", "the content of this file is lost: tell the operator")
        }
        _ => Problem::later("file.failed", "the files cannot be reached at present", 1000),
    }
}

/// By which a content is known that was told before.
pub(crate) fn etag(hash: BlobHash) -> String {
    format!("\"{hash}\"")
}
