//! Accounts, sessions, users and blocks.

use std::sync::Arc;

use http::StatusCode;
use kith_core::command::Command;
use kith_core::refusal::Refusal;
use kith_proto::error::Problem;
use kith_proto::query::{Answer, Query};
use serde_json::json;

use super::bodies::{ChangePassword, ChangeUser, NewAccount, NewSession, Picture, SessionKind};
use super::call::Call;
use super::reply::{self, Reply};
use super::route::{Route, Verb, act, begin, get, own};
use super::{caller, shapes};
use crate::app::App;
use crate::auth::{SignUp, SignedIn};

/// What a session is called whose client says nothing.
pub(super) const LABEL: &str = "REST";
const UNKNOWN: &[&str] = &["user.not_found"];

pub(super) const ROUTES: &[Route] = &[
    begin::<shapes::Begun>(
        "/accounts",
        "Make an account and begin its first session",
        |app, call| Box::pin(sign_up(app, call)),
    )
    .body::<NewAccount>(r#"{"name":"ana","password":"correct horse battery","label":"my script"}"#)
    .errors(&[
        "name.taken",
        "invite.not_found",
        "password.length",
        "password.common",
        "input.malformed",
        "rate.limited",
        "server.busy",
        "site.registration_closed",
        "ticket.not_found",
        "auth.failed",
    ])
    .creates(),
    begin::<shapes::Begun>("/sessions", "Begin a session", |app, call| {
        Box::pin(sign_in(app, call))
    })
    .body::<NewSession>(r#"{"name":"ana","password":"correct horse battery","kind":"token"}"#)
    .errors(&["auth.failed", "rate.limited", "server.busy"])
    .creates(),
    get::<shapes::Sessions>("/sessions", "One's own sessions", |_| Ok(Query::Sessions {})),
    act(Verb::Delete, "/sessions/current", "End the session that asks", |call| {
        Ok(Command::RevokeSession { session: call.me()?.session })
    })
    .signs_out(),
    act(Verb::Delete, "/sessions/{session}", "End one of one's own sessions", |call| {
        Ok(Command::RevokeSession { session: call.id("session")? })
    })
    .errors(&["session.not_found"]),
    get::<shapes::User>("/users/me", "Oneself", |call| {
        Ok(Query::Users { users: vec![call.me()?.user] })
    })
    .tell(first_user),
    act(Verb::Put, "/users/me", "Change how one is shown", |call| {
        let ChangeUser { display_name } = call.body()?;
        Ok(Command::ChangeUser { display_name })
    })
    .body::<ChangeUser>(r#"{"display_name":"Ana Łucja"}"#),
    act(Verb::Put, "/users/me/avatar", "Set the image that one is shown with", |call| {
        let Picture { file } = call.body()?;
        Ok(Command::SetAvatar { file: Some(file) })
    })
    .body::<Picture>(r#"{"file":"f_01h455vb4pex5vsknk084sn02q"}"#)
    .errors(&["file.not_found", "file.no_image"]),
    act(Verb::Delete, "/users/me/avatar", "Be shown without an image", |_| {
        Ok(Command::SetAvatar { file: None })
    }),
    own::<shapes::Begun>(
        Verb::Put,
        "/users/me/password",
        "Set a new password; all sessions end, and a new one begins",
        |app, call| Box::pin(change_password(app, call)),
    )
    .body::<ChangePassword>(
        r#"{"current":"correct horse battery","new":"a horse that is correct"}"#,
    )
    .errors(&["password.wrong", "password.length", "password.common", "user.disabled"])
    .creates(),
    get::<shapes::User>("/users/{user}", "A user whom one shares something with", |call| {
        Ok(Query::Users { users: vec![call.id("user")?] })
    })
    .tell(first_user)
    .errors(UNKNOWN),
    get::<shapes::User>("/users/by-name/{name}", "The user of a name", |call| {
        Ok(Query::UserByName { name: call.part("name")?.to_owned() })
    })
    .errors(UNKNOWN),
    get::<shapes::Window>("/window", "Everything that a client opens with", |_| {
        Ok(Query::Window {})
    }),
    get::<shapes::Blocks>("/blocks", "Whom one blocks", |_| Ok(Query::Blocks {})),
    act(Verb::Put, "/blocks/{user}", "Block a user", |call| {
        Ok(Command::Block { user: call.id("user")? })
    })
    .errors(UNKNOWN),
    act(Verb::Delete, "/blocks/{user}", "Block a user no longer", |call| {
        Ok(Command::Unblock { user: call.id("user")? })
    })
    .errors(UNKNOWN),
];

fn first_user(_: &Call, answer: &Answer) -> Result<serde_json::Value, Problem> {
    match answer {
        Answer::Users(users) => match users.first() {
            Some(user) => reply::json(user),
            None => Err(Problem::from(&Refusal::NoSuchUser)),
        },
        other => reply::json(other),
    }
}

async fn sign_up(app: Arc<App>, call: Call) -> Result<Reply, Problem> {
    let new: NewAccount = call.body()?;
    if new.kind == SessionKind::Cookie {
        caller::prove(&call.headers, &app.settings)?;
    }
    let wanted = SignUp {
        name: &new.name,
        password: &new.password,
        display_name: new.display_name.as_deref(),
        invite: new.invite.as_deref(),
        owner: new.owner.as_deref(),
        label: new.label.as_deref().unwrap_or(LABEL),
    };
    let begun = app.sign_up_as(&wanted, call.address()).await?;
    answer(&app, new.kind, &begun)
}

async fn sign_in(app: Arc<App>, call: Call) -> Result<Reply, Problem> {
    let new: NewSession = call.body()?;
    if new.kind == SessionKind::Cookie {
        // Else a foreign page could sign its visitor in as somebody else.
        caller::prove(&call.headers, &app.settings)?;
    }
    let label = new.label.as_deref().unwrap_or(LABEL);
    let device = new.device.or_else(|| caller::device_of(&call.headers, &app.settings));
    let begun =
        app.sign_in(&new.name, &new.password, label, device.as_deref(), call.address()).await?;
    answer(&app, new.kind, &begun)
}

/// Tells of a session that has begun, in the way that was asked for.
pub(super) fn answer(app: &App, kind: SessionKind, begun: &SignedIn) -> Result<Reply, Problem> {
    match kind {
        SessionKind::Token => with_token(begun),
        SessionKind::Cookie => with_cookies(app, begun),
    }
}

async fn change_password(app: Arc<App>, call: Call) -> Result<Reply, Problem> {
    let ChangePassword { current, new, label } = call.body()?;
    let label = label.as_deref().unwrap_or(LABEL);
    let begun = app.change_password(call.me()?, &current, &new, label).await?;
    // Whoever came by cookie is a browser, which must not see the token.
    match caller::cookie_of(&call.headers, &app.settings) {
        Some(_) => with_cookies(&app, &begun),
        None => with_token(&begun),
    }
}

fn with_token(begun: &SignedIn) -> Result<Reply, Problem> {
    let user = reply::json(&*begun.user)?;
    let SignedIn { session, token, device, .. } = begun;
    let body = json!({ "user": user, "session": session, "token": token, "device": device });
    Ok(Reply::json(StatusCode::CREATED, body))
}

fn with_cookies(app: &App, begun: &SignedIn) -> Result<Reply, Problem> {
    let body = json!({ "user": reply::json(&*begun.user)?, "session": begun.session });
    Ok(Reply::json(StatusCode::CREATED, body)
        .with_cookie(caller::set_cookie(&app.settings, &begun.token))
        .with_cookie(caller::set_device(&app.settings, &begun.device)))
}
