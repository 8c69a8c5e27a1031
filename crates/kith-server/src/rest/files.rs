//! Files: sent up piece by piece, and brought down by the message that refers to them.

use std::sync::Arc;

use axum::body::Body;
use http::StatusCode;
use kith_core::decide::file::NewFile;
use kith_core::document::File;
use kith_core::id::FileId;
use kith_core::refusal::Refusal;
use kith_hub::{OwnFile, Reading};
use kith_proto::error::Problem;

use super::bodies;
use super::call::Call;
use super::content::{self, Which};
use super::reply::{self, Reply};
use super::route::{Kind, Param, Route, Verb, bring, own, take};
use super::shapes;
use crate::app::{App, refused};
use crate::files::{Told, receive};

/// What an upload may end with.
const TAKEN: &[&str] = &[
    "file.not_found",
    "file.off",
    "file.offset",
    "file.superseded",
    "file.wrong_hash",
    "file.type",
    "file.failed",
    "file.damaged",
    "input.too_large",
    "input.too_slow",
    "input.malformed",
    "store.full",
    "user.disabled",
];
const BROUGHT: &[&str] = &[
    "stream.not_found",
    "message.not_found",
    "file.not_found",
    "file.off",
    "file.range",
    "file.failed",
    "file.damaged",
    "access.changed",
];
const OWN_BROUGHT: &[&str] =
    &["file.not_found", "file.off", "file.range", "file.failed", "file.damaged", "access.changed"];

pub(super) const ROUTES: &[Route] = &[
    own::<shapes::Upload>(
        Verb::Post,
        "/files",
        "Begin an upload: its bytes follow with `PATCH`, in as many requests as it takes",
        |app, call| Box::pin(begin(app, call)),
    )
    .body::<bodies::NewFile>(r#"{"name":"tea.jpg","bytes":48213}"#)
    .errors(&[
        "file.too_large",
        "file.quota",
        "file.too_many",
        "file.off",
        "store.full",
        "user.disabled",
        "op.reused",
        "op.expired",
    ])
    .creates(),
    own::<shapes::Upload>(
        Verb::Get,
        "/files/{file}",
        "How far an upload of one's own is, or what the file is that came of it",
        |app, call| Box::pin(state(app, call)),
    )
    .errors(&["file.not_found"]),
    take::<shapes::Upload>(
        Verb::Patch,
        "/files/{file}",
        "Send bytes of an upload: the body from where it stands, which the header `Upload-Offset` \
         says; with the last of them it becomes a file",
        |app, call, body| Box::pin(send(app, call, body)),
    )
    .errors(TAKEN),
    own::<shapes::Outcome>(
        Verb::Delete,
        "/files/{file}",
        "Give an upload up, or remove a file of one's own that no message refers to",
        |app, call| Box::pin(remove(app, call)),
    )
    .errors(&["file.not_found", "file.in_use", "user.disabled"]),
    bring("/files/{file}/content", "The content of a file of one's own", |app, call| {
        Box::pin(own_content(app, call, Which::Content))
    })
    .errors(OWN_BROUGHT),
    bring("/files/{file}/thumbnail", "A small image of a file of one's own", |app, call| {
        Box::pin(own_content(app, call, Which::Thumbnail))
    })
    .errors(OWN_BROUGHT),
    bring(
        "/streams/{stream}/messages/{message}/files/{file}",
        "The content of a file that a message refers to; `Range` asks for a part of it",
        |app, call| Box::pin(attached(app, call, Which::Content)),
    )
    .query(DOWNLOAD)
    .errors(BROUGHT),
    bring(
        "/streams/{stream}/messages/{message}/files/{file}/thumbnail",
        "A small image of a file that a message refers to, made by the server",
        |app, call| Box::pin(attached(app, call, Which::Thumbnail)),
    )
    .errors(BROUGHT),
];

const DOWNLOAD: &[Param] = &[Param {
    name: "download",
    kind: Kind::Text(8),
    about: "Whatever it says, browsers save the file and show nothing.",
}];

async fn begin(app: Arc<App>, call: Call) -> Result<Reply, Problem> {
    let bodies::NewFile { name, bytes, hash } = call.body()?;
    // One that is too large is refused as such.
    app.files.room_for(bytes.min(app.files.limits().bytes_max))?;
    let (me, op) = (call.me()?.user, call.key()?);
    let new = NewFile { name, bytes, hash };
    let begun = app.hub.begin_file(me, op, &new, app.files.limits()).await;
    let outcome = begun.map_err(|error| app.problem(&error))?;
    let id = outcome.file.ok_or_else(|| refused(&Refusal::NoSuchFile))?;
    tell(&app, &call, id, StatusCode::CREATED).await
}

async fn state(app: Arc<App>, call: Call) -> Result<Reply, Problem> {
    tell(&app, &call, call.id("file")?, StatusCode::OK).await
}

async fn tell(app: &App, call: &Call, id: FileId, status: StatusCode) -> Result<Reply, Problem> {
    let own = app.hub.own_file(call.me()?.user, id).await;
    let told = Told::of(id, &own.map_err(|error| app.problem(&error))?);
    Ok(Reply::json(status, reply::json(&told)?).standing_at(told.offset))
}

async fn send(app: Arc<App>, call: Call, body: Body) -> Result<Reply, Problem> {
    let (id, offset) = (call.id("file")?, call.offset()?);
    let told = receive(Arc::clone(&app), call.me()?.clone(), id, offset, body).await?;
    Ok(Reply::json(StatusCode::OK, reply::json(&told)?).standing_at(told.offset))
}

async fn remove(app: Arc<App>, call: Call) -> Result<Reply, Problem> {
    let removed = app.hub.remove_file(call.me()?.user, call.id("file")?).await;
    let released = removed.map_err(|error| app.problem(&error))?;
    app.files.let_go(&app.hub, released).await;
    let outcome = kith_core::command::Outcome::default();
    Ok(Reply::json(StatusCode::OK, reply::json(&outcome)?))
}

async fn own_content(app: Arc<App>, call: Call, which: Which) -> Result<Reply, Problem> {
    let reading = reading(&app, &call).await?;
    let own = app.hub.own_file(call.me()?.user, call.id("file")?).await;
    match own.map_err(|error| app.problem(&error))? {
        OwnFile::Whole(file) => answer(app, &call, &file, which, reading).await,
        OwnFile::Coming(_) => Err(refused(&Refusal::NoSuchFile)),
    }
}

async fn attached(app: Arc<App>, call: Call, which: Which) -> Result<Reply, Problem> {
    let reading = reading(&app, &call).await?;
    let place = (call.id("stream")?, call.message()?);
    let found = app.hub.attached(call.me()?.user, place, call.id("file")?).await;
    let file = found.map_err(|error| app.problem(&error))?;
    answer(app, &call, &file, which, reading).await
}

/// Begins an answer that is void once the caller's access is taken.
async fn reading(app: &App, call: &Call) -> Result<Reading, Problem> {
    let reading = app.hub.reading(call.me()?.user);
    app.auth.still(call.me()?).await?;
    Ok(reading)
}

async fn answer(
    app: Arc<App>,
    call: &Call,
    file: &File,
    which: Which,
    reading: Reading,
) -> Result<Reply, Problem> {
    if reading.is_stale() {
        return Err(refused(&Refusal::AccessChanged));
    }
    content::answer(app, call, file, which, reading).await.map(Reply::Raw)
}
