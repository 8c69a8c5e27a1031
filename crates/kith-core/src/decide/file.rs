//! Files: begun, finished, referred to by messages, and gone when nothing refers to them.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::command::Outcome;
use crate::document::{Doc, File, Key, Mark, Quota, Thumbnail, Upload};
use crate::draft::{Draft, Stop};
use crate::file::{Attachment, BlobHash, FILES_MAX, Icon};
use crate::id::{FileId, Timestamp, UserId};
use crate::refusal::Refusal;
use crate::text::{Color, FileName, MediaType};

/// For how long an upload may go on, and a file wait for a message to refer to it, in milliseconds:
/// a day.
pub const UNUSED_MS: u64 = 24 * 3600 * 1000;
const DAY_MS: u64 = 24 * 3600 * 1000;

/// A file that somebody wants to upload.
#[derive(Clone, Debug)]
pub struct NewFile {
    /// What it is called.
    pub name: FileName,
    /// How many bytes it will have.
    pub bytes: u64,
    /// The hash that its content shall have.
    pub hash: Option<BlobHash>,
}

/// How much may be uploaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileLimits {
    /// Bytes of one file.
    pub bytes_max: u64,
    /// Bytes of all files of a user, with those that are coming.
    pub user_bytes_max: u64,
    /// Files that a user may begin in a day.
    pub user_per_day_max: u32,
}

/// What was found in a content.
#[derive(Clone, Debug)]
pub struct Found {
    /// Its hash.
    pub hash: BlobHash,
    /// What it is.
    pub media: MediaType,
    /// Of an image: its width and height.
    pub size: Option<(u32, u32)>,
    /// Of an image: its colour on the whole.
    pub color: Option<Color>,
    /// A small image of it.
    pub thumbnail: Option<Thumbnail>,
    /// Of an image: the square in its middle.
    pub square: Option<Thumbnail>,
}

fn mark(draft: &Draft<'_>) -> Arc<Mark> {
    Arc::new(Mark { at: draft.now })
}

/// Sets when a file or upload goes.
fn end(draft: &mut Draft<'_>, file: FileId, before: Option<Timestamp>, after: Option<Timestamp>) {
    if let Some(at) = before {
        draft.put(Key::FileEnd(at, file), None);
    }
    if let Some(at) = after {
        let doc = Doc::FileEnd(mark(draft));
        draft.put(Key::FileEnd(at, file), Some(doc));
    }
}

/// Begins an upload; the outcome names the file that it becomes.
///
/// # Errors
/// [`Refusal::FileTooLarge`], [`Refusal::FileQuota`], [`Refusal::FilesPerDay`].
pub fn begin(
    draft: &mut Draft<'_>,
    me: UserId,
    new: &NewFile,
    limits: &FileLimits,
) -> Result<Outcome, Stop> {
    enabled(draft, me)?;
    if new.bytes > limits.bytes_max {
        return Err(Refusal::FileTooLarge { max: limits.bytes_max }.into());
    }
    let quota = draft.file_quota(me)?.unwrap_or_default();
    let bytes = quota.bytes.saturating_add(new.bytes);
    if bytes > limits.user_bytes_max {
        return Err(Refusal::FileQuota { max: limits.user_bytes_max }.into());
    }
    let day = draft.now.0 / DAY_MS;
    let begun = if quota.day == day { quota.begun } else { 0 };
    if begun >= limits.user_per_day_max {
        let wait_ms = DAY_MS - draft.now.0 % DAY_MS;
        return Err(Refusal::FilesPerDay { max: limits.user_per_day_max, wait_ms }.into());
    }
    let quota = Quota { bytes, day, begun: begun + 1 };
    draft.put(Key::Quota(me), Some(Doc::Quota(Arc::new(quota))));
    let id = FileId::new(draft.now, draft.random());
    let expires_at = draft.now.plus_ms(UNUSED_MS);
    let upload = Upload {
        owner: me,
        name: new.name.clone(),
        bytes: new.bytes,
        hash: new.hash,
        offset: 0,
        created_at: draft.now,
        expires_at,
    };
    draft.put(Key::Upload(id), Some(Doc::Upload(Arc::new(upload))));
    end(draft, id, None, Some(expires_at));
    Ok(Outcome { file: Some(id), ..Outcome::default() })
}

fn enabled(draft: &Draft<'_>, me: UserId) -> Result<(), Stop> {
    match draft.user(me)? {
        Some(user) if !user.disabled => Ok(()),
        _ => Err(Refusal::Disabled.into()),
    }
}

/// One's own upload.
///
/// # Errors
/// [`Refusal::NoSuchFile`] to everybody else.
pub fn own_upload(draft: &Draft<'_>, me: UserId, id: FileId) -> Result<Arc<Upload>, Stop> {
    let found = draft.upload(id)?.filter(|upload| upload.owner == me);
    found.ok_or_else(|| Refusal::NoSuchFile.into())
}

/// One's own file.
///
/// # Errors
/// [`Refusal::NoSuchFile`] to everybody else.
pub fn own_file(draft: &Draft<'_>, me: UserId, id: FileId) -> Result<Arc<File>, Stop> {
    let found = draft.file(id)?.filter(|file| file.owner == me);
    found.ok_or_else(|| Refusal::NoSuchFile.into())
}

/// Notes that so many bytes of an upload are on the disk.
///
/// # Errors
/// [`Refusal::NoSuchFile`].
pub fn advance(
    draft: &mut Draft<'_>,
    me: UserId,
    id: FileId,
    offset: u64,
) -> Result<Outcome, Stop> {
    enabled(draft, me)?;
    let upload = own_upload(draft, me, id)?;
    let upload = Upload { offset: offset.min(upload.bytes), ..upload.as_ref().clone() };
    draft.put(Key::Upload(id), Some(Doc::Upload(Arc::new(upload))));
    Ok(Outcome::default())
}

/// Makes a file of an upload whose content is stored.
///
/// # Errors
/// [`Refusal::NoSuchFile`].
pub fn finish(
    draft: &mut Draft<'_>,
    me: UserId,
    id: FileId,
    found: &Found,
) -> Result<Outcome, Stop> {
    enabled(draft, me)?;
    let upload = own_upload(draft, me, id)?;
    let expires_at = draft.now.plus_ms(UNUSED_MS);
    let file = File {
        owner: me,
        about: Attachment {
            id,
            name: upload.name.clone(),
            media: found.media.clone(),
            bytes: upload.bytes,
            hash: found.hash,
            width: found.size.map(|(width, _)| width),
            height: found.size.map(|(_, height)| height),
            color: found.color.clone(),
            thumbnail: found.thumbnail.is_some(),
        },
        thumbnail: found.thumbnail.clone(),
        square: found.square.clone(),
        created_at: upload.created_at,
        uses: 0,
        expires_at: Some(expires_at),
    };
    for hash in file.blobs() {
        let doc = Doc::Blob(mark(draft));
        draft.put(Key::Blob(hash, id), Some(doc));
    }
    draft.put(Key::File(id), Some(Doc::File(Arc::new(file))));
    draft.put(Key::Upload(id), None);
    end(draft, id, Some(upload.expires_at), Some(expires_at));
    Ok(Outcome { file: Some(id), ..Outcome::default() })
}

/// Has a message of `me` refer to files, and says what it shows of them.
pub(crate) fn attach(
    draft: &mut Draft<'_>,
    me: UserId,
    files: &[FileId],
) -> Result<Vec<Attachment>, Stop> {
    let distinct: BTreeSet<FileId> = files.iter().copied().collect();
    if distinct.len() != files.len() || files.len() > FILES_MAX {
        return Err(Refusal::TooMany { max: FILES_MAX }.into());
    }
    let mut all = Vec::with_capacity(files.len());
    for id in files {
        all.push(hold(draft, me, *id)?.about.clone());
    }
    Ok(all)
}

/// Has something refer to a file of one's own.
fn hold(draft: &mut Draft<'_>, me: UserId, id: FileId) -> Result<Arc<File>, Stop> {
    let file = own_file(draft, me, id)?;
    // One whose time has come may be on its way off the disk.
    if file.expires_at.is_some_and(|at| at <= draft.now) {
        return Err(Refusal::NoSuchFile.into());
    }
    end(draft, id, file.expires_at, None);
    let held = File { uses: file.uses + 1, expires_at: None, ..file.as_ref().clone() };
    draft.put(Key::File(id), Some(Doc::File(Arc::new(held))));
    Ok(file)
}

/// Has somebody or something be shown with the image of a file of one's own, or with none, and says with
/// what; `None` where that is so already.
///
/// # Errors
/// [`Refusal::NoSuchFile`], [`Refusal::NoImage`].
pub(crate) fn depict(
    draft: &mut Draft<'_>,
    me: UserId,
    wanted: Option<FileId>,
    before: Option<&Icon>,
) -> Result<Option<Option<Box<Icon>>>, Stop> {
    if wanted == before.map(|icon| icon.file) {
        return Ok(None);
    }
    let icon = match wanted {
        None => None,
        Some(id) => {
            let file = hold(draft, me, id)?;
            let square = file.square.as_ref().ok_or(Refusal::NoImage)?;
            Some(Box::new(Icon { file: id, hash: square.hash, color: file.about.color.clone() }))
        }
    };
    if let Some(before) = before {
        let_go(draft, before.file)?;
    }
    Ok(Some(icon))
}

/// Has a message refer to files no longer.
pub(crate) fn detach(draft: &mut Draft<'_>, files: &[Attachment]) -> Result<(), Stop> {
    files.iter().try_for_each(|about| let_go(draft, about.id))
}

/// Has something refer to a file no longer. What nothing refers to any more goes at once.
pub(crate) fn let_go(draft: &mut Draft<'_>, id: FileId) -> Result<(), Stop> {
    let Some(file) = draft.file(id)? else { return Ok(()) };
    let uses = file.uses.saturating_sub(1);
    let expires_at = if uses == 0 { Some(draft.now) } else { file.expires_at };
    end(draft, id, file.expires_at, expires_at);
    let file = File { uses, expires_at, ..file.as_ref().clone() };
    draft.put(Key::File(id), Some(Doc::File(Arc::new(file))));
    Ok(())
}

/// Takes back an upload, or a file of one's own that nothing refers to.
///
/// # Errors
/// [`Refusal::NoSuchFile`], [`Refusal::FileInUse`].
pub fn remove(draft: &mut Draft<'_>, me: UserId, id: FileId) -> Result<Outcome, Stop> {
    enabled(draft, me)?;
    if draft.upload(id)?.is_none() && own_file(draft, me, id)?.uses > 0 {
        return Err(Refusal::FileInUse.into());
    }
    if draft.upload(id)?.is_some() {
        own_upload(draft, me, id)?;
    }
    forget(draft, id)?;
    Ok(Outcome::default())
}

/// Removes an upload or a file whose time has come, and says so; one that something refers to stays.
///
/// # Errors
/// Documents that have to be loaded first.
pub fn expire(draft: &mut Draft<'_>, at: Timestamp, id: FileId) -> Result<bool, Stop> {
    let file = draft.file(id)?;
    let upload = draft.upload(id)?;
    let due = match (&file, &upload) {
        (Some(file), _) => file.uses == 0 && file.expires_at.is_some_and(|at| at <= draft.now),
        (None, Some(upload)) => upload.expires_at <= draft.now,
        (None, None) => false,
    };
    if due {
        forget(draft, id)?;
    }
    // It may be a line that was left behind: it goes with what it was for.
    draft.put(Key::FileEnd(at, id), None);
    Ok(due)
}

fn forget(draft: &mut Draft<'_>, id: FileId) -> Result<(), Stop> {
    let (owner, bytes, expires_at) = match (draft.file(id)?, draft.upload(id)?) {
        (Some(file), _) => {
            for hash in file.blobs() {
                draft.put(Key::Blob(hash, id), None);
            }
            draft.put(Key::File(id), None);
            (file.owner, file.about.bytes, file.expires_at)
        }
        (None, Some(upload)) => {
            draft.put(Key::Upload(id), None);
            (upload.owner, upload.bytes, Some(upload.expires_at))
        }
        (None, None) => return Ok(()),
    };
    end(draft, id, expires_at, None);
    let quota = draft.file_quota(owner)?.unwrap_or_default();
    let quota = Quota { bytes: quota.bytes.saturating_sub(bytes), ..quota.as_ref().clone() };
    draft.put(Key::Quota(owner), Some(Doc::Quota(Arc::new(quota))));
    Ok(())
}
