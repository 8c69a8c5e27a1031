//! Taking an upload in, from where it stands.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::body::Body;
use http_body_util::BodyExt;
use kith_blob::Part;
use kith_core::document::Upload;
use kith_core::id::FileId;
use kith_hub::OwnFile;
use kith_proto::error::Problem;
use tokio::time::{Instant, timeout};

use super::turns::Turn;
use super::{Told, problem_of};
use crate::app::App;
use crate::auth::Caller;

/// Bytes after which what came is made durable, so that no more of it comes again.
const STRIDE: u64 = 16 * 1024 * 1024;
/// How long the next piece may take.
const PIECE: Duration = Duration::from_secs(30);
/// The least bytes in each span of [`PIECE`].
const PACE: u64 = 32 * 1024;

/// Takes more of an upload in, which stands at `offset`, and makes a file of it where it is whole.
///
/// It goes on where the one who asked is gone, up to what was received.
pub(crate) async fn receive(
    app: Arc<App>,
    caller: Caller,
    id: FileId,
    offset: u64,
    body: Body,
) -> Result<Told, Problem> {
    app.files.depot()?;
    let work = tokio::spawn(async move { take_in(&app, &caller, id, offset, body).await });
    work.await.unwrap_or_else(|error| {
        tracing::error!(%error, "an upload failed inside");
        Err(Problem::new("server.failed", "the upload failed inside"))
    })
}

async fn take_in(
    app: &App,
    caller: &Caller,
    id: FileId,
    offset: u64,
    body: Body,
) -> Result<Told, Problem> {
    let files = &app.files;
    let busy = || Problem::later("server.busy", "too many upload at present: try again", 1000);
    let _place = files.receiving.try_acquire().map_err(|_| busy())?;
    let mut turn = files.turns.take(id).await;
    let upload = match own(app, caller, id).await? {
        OwnFile::Coming(upload) => upload,
        whole @ OwnFile::Whole(_) => {
            let told = Told::of(id, &whole);
            return if told.offset == offset { Ok(told) } else { Err(elsewhere(told.offset)) };
        }
    };
    if upload.offset != offset {
        return Err(elsewhere(upload.offset));
    }
    files.room_for(upload.bytes - offset)?;
    let depot = files.depot()?;
    let part = depot.staging.resume(id, offset).await.map_err(|error| problem_of(&error))?;
    let mut taking = Taking { app, caller, id, upload: &upload, part, at: offset, kept: offset };
    let ended = taking.all(&mut turn, body).await;
    let at = taking.keep().await?;
    ended?;
    if at < upload.bytes {
        let now = Upload { offset: at, ..upload.as_ref().clone() };
        return Ok(Told::of(id, &OwnFile::Coming(Arc::new(now))));
    }
    app.auth.still(caller).await?;
    super::finish::finish(app, caller.user, id, &upload).await
}

async fn own(app: &App, caller: &Caller, id: FileId) -> Result<OwnFile, Problem> {
    app.hub.own_file(caller.user, id).await.map_err(|error| app.problem(&error))
}

fn elsewhere(offset: u64) -> Problem {
    Problem::new("file.offset", format!("the upload stands at {offset}: go on from there"))
}

/// An upload that is taken in.
struct Taking<'a> {
    app: &'a App,
    caller: &'a Caller,
    id: FileId,
    upload: &'a Upload,
    part: Part,
    /// How much is there.
    at: u64,
    /// How much of it is durable, and known to be.
    kept: u64,
}

impl Taking<'_> {
    /// Takes everything in that comes.
    async fn all(&mut self, turn: &mut Turn, mut body: Body) -> Result<(), Problem> {
        let slow = || Problem::new("input.too_slow", "the upload is too slow: go on with it");
        let (mut since, mut from) = (Instant::now(), self.at);
        loop {
            let frame = tokio::select! {
                frame = timeout(PIECE, body.frame()) => frame.map_err(|_| slow())?,
                () = turn.over() => {
                    let message = "the upload goes on by another request";
                    return Err(Problem::new("file.superseded", message));
                }
            };
            let Some(frame) = frame else { return Ok(()) };
            let lost = |_| Problem::new("input.invalid", "the body could not be read");
            let Ok(piece) = frame.map_err(lost)?.into_data() else { continue };
            let end = self.at.saturating_add(piece.len() as u64);
            if end > self.upload.bytes {
                let message = format!("the file was to have {} bytes", self.upload.bytes);
                return Err(Problem::new("input.too_large", message));
            }
            self.part.write(&piece).await.map_err(|error| problem_of(&error))?;
            self.at = end;
            self.app.files.received.fetch_add(piece.len() as u64, Ordering::Relaxed);
            if self.at - self.kept >= STRIDE {
                self.keep().await?;
                self.app.auth.still(self.caller).await?;
                self.app.files.room_for(self.upload.bytes - self.at)?;
            }
            if since.elapsed() >= PIECE {
                if self.at - from < PACE {
                    return Err(slow());
                }
                (since, from) = (Instant::now(), self.at);
            }
        }
    }

    /// Has what came survive whatever happens, and notes it. Says how much that is.
    async fn keep(&mut self) -> Result<u64, Problem> {
        if self.at > self.kept {
            self.part.sync().await.map_err(|error| problem_of(&error))?;
            let noted = self.app.hub.advance_file(self.caller.user, self.id, self.at).await;
            noted.map_err(|error| self.app.problem(&error))?;
            self.kept = self.at;
        }
        Ok(self.at)
    }
}
