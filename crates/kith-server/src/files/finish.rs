//! Making a file of an upload that is whole.

use kith_blob::{Blobs, Content, Depot, sniff};
use kith_core::decide::file::Found;
use kith_core::document::{Thumbnail, Upload};
use kith_core::file::BlobHash;
use kith_core::id::{FileId, UserId};
use kith_core::text::MediaType;
use kith_proto::error::Problem;

use super::holds::Stored;
use super::picture::{Made, Picture};
use super::{Files, Told, problem_of};
use crate::app::App;

/// Looks into an upload, stores its content and makes a file of it. An upload that is refused is
/// gone.
pub(super) async fn finish(
    app: &App,
    me: UserId,
    id: FileId,
    upload: &Upload,
) -> Result<Told, Problem> {
    let files = &app.files;
    let depot = files.depot()?;
    let path = depot.staging.path(id);
    if upload.bytes == 0 {
        // Nothing came, so nothing was written.
        let made = depot.staging.resume(id, 0).await;
        made.map_err(|error| problem_of(&error))?;
    }
    let looked = path.clone();
    let (hash, media) = tokio::task::spawn_blocking(move || look(&looked))
        .await
        .map_err(|error| kith_blob::BlobError::Failed(error.to_string()))
        .and_then(|looked| looked)
        .map_err(|error| problem_of(&error))?;
    let refused = if upload.hash.is_some_and(|wanted| wanted != hash) {
        Some(Problem::new("file.wrong_hash", "what came is not what was announced: begin anew"))
    } else if !files.types.take(&media) {
        Some(Problem::new("file.type", format!("this server takes no files of the type {media}")))
    } else {
        None
    };
    if let Some(problem) = refused {
        take_back(app, me, id).await?;
        return Err(problem);
    }
    let picture = picture_of(files, &path, &media, upload.bytes).await;
    // All of them are held until the file is there.
    let mut holds = vec![store(files, depot, hash, Content::File(path)).await?];
    let mut found = Found { hash, media, size: None, color: None, thumbnail: None, square: None };
    if let Some(Picture { size, color, small, square }) = picture {
        let (thumbnail, hold) = store_made(files, depot, small).await?;
        holds.push(hold);
        let (square, hold) = store_made(files, depot, square).await?;
        holds.push(hold);
        let (thumbnail, square) = (Some(thumbnail), Some(square));
        found = Found { size: Some(size), color, thumbnail, square, ..found };
    }
    let made = app.hub.finish_file(me, id, &found).await;
    drop(holds);
    let file = made.map_err(|error| app.problem(&error))?;
    if let Err(error) = depot.staging.remove(id).await {
        tracing::warn!(%error, "an upload that is done stays");
    }
    Ok(Told::whole(&file))
}

/// Stores a content, which stays at least as long as it is held.
async fn store(
    files: &Files,
    depot: &Depot,
    hash: BlobHash,
    content: Content,
) -> Result<Stored, Problem> {
    let hold = files.holds.store(hash).await;
    let stopping = || Problem::later("server.stopping", "the server is stopping", 1000);
    let _place = files.storing.acquire().await.map_err(|_| stopping())?;
    let kept = depot.blobs.keep(hash, content).await;
    kept.map_err(|error| problem_of(&error))?;
    Ok(hold)
}

/// Stores an image that the server made.
async fn store_made(
    files: &Files,
    depot: &Depot,
    Made { media, bytes: image }: Made,
) -> Result<(Thumbnail, Stored), Problem> {
    let (hash, bytes) = (BlobHash::of(&image), image.len() as u64);
    let hold = store(files, depot, hash, Content::Bytes(image)).await?;
    Ok((Thumbnail { hash, media, bytes }, hold))
}

/// What an image shows; `None` where it is none, or nothing can be told of it.
async fn picture_of(
    files: &Files,
    path: &std::path::Path,
    media: &MediaType,
    bytes: u64,
) -> Option<Picture> {
    let is_image =
        matches!(media.as_str(), "image/png" | "image/jpeg" | "image/gif" | "image/webp");
    let painter = files.painter.as_ref().filter(|_| is_image)?;
    if bytes > kith_image::BYTES_MAX { None } else { painter.look(path).await }
}

/// What a content is called and what it is. Blocks.
fn look(path: &std::path::Path) -> Result<(BlobHash, MediaType), kith_blob::BlobError> {
    use std::io::Read;
    let mut head = Vec::with_capacity(sniff::HEAD_BYTES);
    let limit = sniff::HEAD_BYTES as u64 + 1;
    std::fs::File::open(path)?.take(limit).read_to_end(&mut head)?;
    let is_whole = head.len() <= sniff::HEAD_BYTES;
    head.truncate(sniff::HEAD_BYTES);
    Ok((kith_blob::hash_file(path)?, sniff::media_type(&head, is_whole)))
}

async fn take_back(app: &App, me: UserId, id: FileId) -> Result<(), Problem> {
    let removed = app.hub.remove_file(me, id).await;
    let released = removed.map_err(|error| app.problem(&error))?;
    app.files.let_go(&app.hub, released).await;
    Ok(())
}
