//! Files: sent up piece by piece, and brought down by the message that refers to them.

use std::sync::Arc;

use axum::body::Body;
use http::StatusCode;
use kith_core::decide::file::NewFile;
use kith_core::document::File;
use kith_core::id::{FileId, UserId};
use kith_core::refusal::Refusal;
use kith_hub::{OwnFile, Reading};
use kith_proto::error::Problem;

use super::bodies;
use super::call::Call;
use super::content::{self, Which};
use super::reply::{self, Reply};
use super::route::{Kind, Param, Route, Verb, bring, bring_to_all, own, take};
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
    bring("/users/me/avatar", "The image that one is shown with", |app, call| {
        Box::pin(async move {
            let me = call.me()?.user;
            avatar(app, call, me).await
        })
    })
    .query(BY_HASH)
    .errors(OWN_BROUGHT),
    bring("/users/{user}/avatar", "The image that a user is shown with", |app, call| {
        Box::pin(async move {
            let user = call.id("user")?;
            avatar(app, call, user).await
        })
    })
    .query(BY_HASH)
    .errors(AVATAR),
    bring("/circles/{circle}/icon", "The image that a circle is shown with", |app, call| {
        Box::pin(icon(app, call))
    })
    .query(BY_HASH)
    .errors(ICON),
    bring_to_all(
        "/site/invites/{code}/icon",
        "The image of the circle that an invite leads to, for whoever has no account yet",
        |app, call| Box::pin(invited_icon(app, call)),
    )
    .query(BY_HASH)
    .errors(INVITED),
];

const AVATAR: &[&str] = &[
    "user.not_found",
    "file.not_found",
    "file.off",
    "file.range",
    "file.failed",
    "file.damaged",
    "access.changed",
];
const ICON: &[&str] = &[
    "circle.not_found",
    "file.not_found",
    "file.off",
    "file.range",
    "file.failed",
    "file.damaged",
    "access.changed",
];
const INVITED: &[&str] = &[
    "invite.not_found",
    "file.not_found",
    "file.off",
    "file.range",
    "file.failed",
    "file.damaged",
    "rate.limited",
];

const BY_HASH: &[Param] = &[Param {
    name: "hash",
    kind: Kind::Text(64),
    about: "The hash that the image is said to have: where it has it, it can be kept for ever.",
}];

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

async fn avatar(app: Arc<App>, call: Call, user: UserId) -> Result<Reply, Problem> {
    let reading = reading(&app, &call).await?;
    let found = app.hub.avatar(call.me()?.user, user).await;
    let file = found.map_err(|error| app.problem(&error))?;
    answer(app, &call, &file, Which::Square, reading).await
}

async fn icon(app: Arc<App>, call: Call) -> Result<Reply, Problem> {
    let reading = reading(&app, &call).await?;
    let found = app.hub.icon(call.me()?.user, call.id("circle")?).await;
    let file = found.map_err(|error| app.problem(&error))?;
    answer(app, &call, &file, Which::Square, reading).await
}

async fn invited_icon(app: Arc<App>, call: Call) -> Result<Reply, Problem> {
    super::site::count(&app, &call)?;
    let found = app.hub.invited_icon(call.part("code")?).await;
    let file = found.map_err(|error| app.problem(&error))?;
    content::answer(app, &call, &file, Which::Square, None).await.map(Reply::Raw)
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
    content::answer(app, call, file, which, Some(reading)).await.map(Reply::Raw)
}
