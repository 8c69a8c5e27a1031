//! Files: what is known of them. Their contents are stored beside the database, by whoever runs the
//! hub; it is told here which contents nothing needs any more.

use std::sync::Arc;

use kith_core::access;
use kith_core::command::Outcome;
use kith_core::decide::file::{self, FileLimits, Found, NewFile};
use kith_core::document::{Doc, File, Upload};
use kith_core::draft::Draft;
use kith_core::file::{Attachment, BlobHash, Icon};
use kith_core::id::{CircleId, FileId, Seq, StreamId, Timestamp, UserId};
use kith_core::refusal::Refusal;
use kith_core::text::OpId;
use kith_store::{ROWS_MAX, Range};

use crate::keys::prefix;
use crate::said::Said;
use crate::{Hub, HubError};

/// Files and uploads that are looked at in one step.
const STEP: usize = 100;

/// A file of one's own: whole, or still coming.
#[derive(Clone, Debug)]
pub enum OwnFile {
    /// Still coming.
    Coming(Arc<Upload>),
    /// Whole.
    Whole(Arc<File>),
}

/// What was removed because its time had come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Released {
    /// Uploads and files, whichever they were.
    pub files: Vec<FileId>,
    /// Contents that may be needed by nothing now; ask [`Hub::needs_blob`].
    pub blobs: Vec<BlobHash>,
}

impl Hub {
    /// Begins an upload, once per operation id however often it is said.
    ///
    /// # Errors
    /// What [`file::begin`] refuses, or a failure.
    pub async fn begin_file(
        &self,
        me: UserId,
        op: Option<OpId>,
        new: &NewFile,
        limits: &FileLimits,
    ) -> Result<Outcome, HubError> {
        let said = || {
            let hash = new.hash.map(|hash| hash.to_string()).unwrap_or_default();
            let asked = format!("begin_file {} {} {hash}", new.bytes, new.name);
            Said { hash: blake3::hash(asked.as_bytes()), makes: true }
        };
        let begin = |draft: &mut Draft<'_>| file::begin(draft, me, new, limits);
        self.once((me, 0), op, said, begin).await?.wait().await
    }

    /// A file of one's own, whole or coming.
    ///
    /// # Errors
    /// [`Refusal::NoSuchFile`], or a failure.
    pub async fn own_file(&self, me: UserId, id: FileId) -> Result<OwnFile, HubError> {
        self.look_committed(|draft| {
            if draft.upload(id)?.is_some() {
                return file::own_upload(draft, me, id).map(OwnFile::Coming);
            }
            file::own_file(draft, me, id).map(OwnFile::Whole)
        })
        .await
    }

    /// Notes that so many bytes of an upload are on the disk.
    ///
    /// # Errors
    /// [`Refusal::NoSuchFile`], or a failure.
    pub async fn advance_file(&self, me: UserId, id: FileId, offset: u64) -> Result<(), HubError> {
        let decide = |draft: &mut Draft<'_>| file::advance(draft, me, id, offset);
        self.transact(Some(me), None, decide).await.map(drop)
    }

    /// Makes a file of an upload whose content is stored.
    ///
    /// # Errors
    /// [`Refusal::NoSuchFile`], or a failure.
    pub async fn finish_file(
        &self,
        me: UserId,
        id: FileId,
        found: &Found,
    ) -> Result<Arc<File>, HubError> {
        let decide = |draft: &mut Draft<'_>| file::finish(draft, me, id, found);
        self.transact(Some(me), None, decide).await?;
        match self.own_file(me, id).await? {
            OwnFile::Whole(file) => Ok(file),
            OwnFile::Coming(_) => Err(Refusal::NoSuchFile.into()),
        }
    }

    /// Takes back an upload, or a file of one's own that nothing refers to.
    ///
    /// # Errors
    /// [`Refusal::NoSuchFile`], [`Refusal::FileInUse`], or a failure.
    pub async fn remove_file(&self, me: UserId, id: FileId) -> Result<Released, HubError> {
        let blobs = match self.own_file(me, id).await? {
            OwnFile::Whole(file) => file.blobs().collect(),
            OwnFile::Coming(_) => Vec::new(),
        };
        self.transact(Some(me), None, |draft| file::remove(draft, me, id)).await?;
        Ok(Released { files: vec![id], blobs })
    }

    /// A file by a message that refers to it, for whoever may read the message.
    ///
    /// # Errors
    /// As [`message`](Self::message), and [`Refusal::NoSuchFile`].
    pub async fn attached(
        &self,
        me: UserId,
        (stream, seq): (StreamId, Seq),
        id: FileId,
    ) -> Result<Arc<File>, HubError> {
        let message = self.message(me, stream, seq).await?;
        let is_it = |about: &Attachment| about.id == id;
        if !message.files.iter().any(is_it) {
            return Err(Refusal::NoSuchFile.into());
        }
        let found = self.look_committed(|draft| draft.file(id)).await?;
        found.ok_or_else(|| Refusal::NoSuchFile.into())
    }

    /// The file of the image that a user is shown with, for whoever may know of the user.
    ///
    /// # Errors
    /// As [`user`](Self::user), and [`Refusal::NoSuchFile`] where there is none.
    pub async fn avatar(&self, me: UserId, user: UserId) -> Result<Arc<File>, HubError> {
        let user = self.user(me, user).await?;
        self.of_icon(user.avatar.as_deref()).await
    }

    /// The file of the image that a circle is shown with, for its members, for whoever may join it
    /// without an invite, and for those who administer the site.
    ///
    /// # Errors
    /// [`Refusal::NoSuchCircle`], [`Refusal::NoSuchFile`] where there is none, or a failure.
    pub async fn icon(&self, me: UserId, circle: CircleId) -> Result<Arc<File>, HubError> {
        let found = self.look_committed(|draft| access::to_know_circle(draft, me, circle)).await?;
        self.of_icon(found.icon.as_deref()).await
    }

    /// The file of the image of the circle that an invite leads to.
    ///
    /// # Errors
    /// As [`invited`](Self::invited), and [`Refusal::NoSuchFile`] where there is none.
    pub async fn invited_icon(&self, code: &str) -> Result<Arc<File>, HubError> {
        let circle = self.invited(code).await?;
        self.of_icon(circle.icon.as_deref()).await
    }

    async fn of_icon(&self, icon: Option<&Icon>) -> Result<Arc<File>, HubError> {
        let icon = icon.ok_or(Refusal::NoSuchFile)?;
        let found = self.look_committed(|draft| draft.file(icon.file)).await?;
        found.ok_or_else(|| Refusal::NoSuchFile.into())
    }

    /// Removes files and uploads whose time has come, a bounded number of them.
    ///
    /// # Errors
    /// Failures of the store; what was removed before stays removed.
    pub async fn expire_files(&self) -> Result<Released, HubError> {
        let now = self.now();
        let range = Range {
            collection: "file_end",
            prefix: String::new(),
            after: None,
            before: Some(format!("{:016x}", now.0.saturating_add(1))),
            descending: false,
        };
        let mut released = Released::default();
        for row in self.inner.store.scan(range, STEP).await? {
            let Some((at, id)) = due(&row.key) else { continue };
            let mut blobs = Vec::new();
            let mut gone = false;
            self.transact(None, None, |draft| {
                blobs = draft.file(id)?.map(|file| file.blobs().collect()).unwrap_or_default();
                gone = file::expire(draft, at, id)?;
                Ok(Outcome::default())
            })
            .await?;
            if gone {
                released.files.push(id);
                released.blobs.append(&mut blobs);
            }
        }
        Ok(released)
    }

    /// Whether the content of a hash belongs to a file. Files that are finished meanwhile are not seen:
    /// whoever acts on the answer sees to it that there are none.
    ///
    /// # Errors
    /// Failures of the store.
    pub async fn needs_blob(&self, hash: BlobHash) -> Result<bool, HubError> {
        self.settled().await?;
        Ok(!self.inner.store.scan(prefix("blob", &hash), 1).await?.is_empty())
    }

    /// How many files there are, and how many bytes these and the uploads have that are coming, as their
    /// owners' limits count them.
    ///
    /// # Errors
    /// Failures of the store.
    pub async fn stored_files(&self) -> Result<(u64, u64), HubError> {
        self.settled().await?;
        let all = |collection| Range {
            collection,
            prefix: String::new(),
            after: None,
            before: None,
            descending: false,
        };
        let files = self.inner.store.count(all("file")).await?;
        let (mut range, mut bytes) = (all("file_quota"), 0_u64);
        loop {
            let rows = self.inner.store.scan(range.clone(), ROWS_MAX).await?;
            let Some(last) = rows.last() else { return Ok((files, bytes)) };
            range.after = Some(last.key.clone());
            for row in rows {
                if let Some(Ok(Doc::Quota(quota))) = Doc::parse_in("file_quota", &row.body) {
                    bytes = bytes.saturating_add(quota.bytes);
                }
            }
        }
    }

    /// Whether an upload of this id is still coming, whoever's it is.
    ///
    /// # Errors
    /// Failures of the store.
    pub async fn is_coming(&self, id: FileId) -> Result<bool, HubError> {
        Ok(self.look(|draft| draft.upload(id)).await?.is_some())
    }
}

/// What a line about an end says: when, and of what.
fn due(key: &str) -> Option<(Timestamp, FileId)> {
    let (at, id) = key.split_once('/')?;
    Some((Timestamp(u64::from_str_radix(at, 16).ok()?), id.parse().ok()?))
}
