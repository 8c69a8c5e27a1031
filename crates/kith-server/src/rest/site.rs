//! The site: as whoever opens it sees it before anyone has signed in, and as it is administered.

use std::sync::Arc;

use http::StatusCode;
use kith_core::command::Command;
use kith_proto::error::Problem;
use kith_proto::query::Query;

use super::bodies::{Claim, Registering, ResetPassword, SessionKind};
use super::call::Call;
use super::reply::{self, Reply};
use super::route::{Kind, Param, Route, Verb, act, begin, get, open};
use super::{accounts, caller, shapes};
use crate::app::{App, address_prefix, problem_of};
use crate::queries;

const DENIED: &[&str] = &["permission.denied"];
const OVER: &[&str] =
    &["permission.denied", "user.not_found", "user.no_password", "site.admin_stays"];
const LIMIT: Param =
    Param { name: "limit", kind: Kind::Number, about: "At most 200; 50 if absent." };

pub(super) const ROUTES: &[Route] = &[
    open::<shapes::Site>("/site", "What the site says to whoever comes", |app, call| {
        Box::pin(site(app, call))
    })
    .errors(&["rate.limited"]),
    open::<shapes::CircleCard>(
        "/site/invites/{code}",
        "Where an invite leads, for whoever has no account yet",
        |app, call| Box::pin(invited(app, call)),
    )
    .errors(&["invite.not_found", "rate.limited"]),
    act(Verb::Post, "/site/owner", "Own the site, which nobody owns yet", |call| {
        let Claim { token } = call.body()?;
        Ok(Command::ClaimSite { token })
    })
    .body::<Claim>(r#"{"token":"0123456789abcdef"}"#)
    .errors(&["ticket.not_found"]),
    get::<kith_proto::query::Site>(
        "/site/overview",
        "How the site is ruled and what it holds",
        |_| Ok(Query::Site {}),
    )
    .errors(DENIED),
    get::<kith_proto::query::Health>("/site/health", "What the server counts", |_| {
        Ok(Query::Health {})
    })
    .errors(DENIED),
    act(Verb::Put, "/site/registration", "Set who may make an account", |call| {
        let Registering { registration } = call.body()?;
        Ok(Command::ChangeSite { registration })
    })
    .body::<Registering>(r#"{"registration":"invite"}"#)
    .errors(DENIED),
    get::<shapes::AllCircles>(
        "/site/circles",
        "All circles, in the order of their making",
        |call| Ok(Query::AllCircles { after: call.asked_id("after")?, limit: call.limit()? }),
    )
    .query(&[
        Param { name: "after", kind: Kind::Id("c_"), about: "Only those after this one." },
        LIMIT,
    ])
    .errors(DENIED),
    get::<shapes::Accounts>("/site/accounts", "Accounts, in the order of their names", |call| {
        let begin = call.asked("begin").unwrap_or_default();
        Ok(Query::Accounts { begin, after: call.asked("after"), limit: call.limit()? })
    })
    .query(&[
        Param {
            name: "begin",
            kind: Kind::Text(200),
            about: "Only those whose names begin like this.",
        },
        Param {
            name: "after",
            kind: Kind::Text(200),
            about: "Only those whose names come after this one.",
        },
        LIMIT,
    ])
    .errors(DENIED),
    act(Verb::Put, "/site/accounts/{user}/disabled", "Lock an account", |call| {
        Ok(Command::SetDisabled { user: call.id("user")?, disabled: true })
    })
    .errors(OVER),
    act(Verb::Delete, "/site/accounts/{user}/disabled", "Unlock an account", |call| {
        Ok(Command::SetDisabled { user: call.id("user")?, disabled: false })
    })
    .errors(OVER),
    act(Verb::Put, "/site/accounts/{user}/admin", "Let another administer the site", |call| {
        Ok(Command::SetAdmin { user: call.id("user")?, admin: true })
    })
    .errors(OVER),
    act(
        Verb::Delete,
        "/site/accounts/{user}/admin",
        "Let another administer it no longer",
        |call| Ok(Command::SetAdmin { user: call.id("user")?, admin: false }),
    )
    .errors(OVER),
    act(Verb::Delete, "/site/accounts/{user}/sessions", "End all sessions of a user", |call| {
        Ok(Command::EndSessions { user: call.id("user")? })
    })
    .errors(OVER),
    act(
        Verb::Post,
        "/site/accounts/{user}/reset",
        "Make a link by which a user sets a new password; its token is told once",
        |call| Ok(Command::OfferReset { user: call.id("user")? }),
    )
    .errors(OVER)
    .creates(),
    begin::<shapes::Begun>(
        "/site/reset",
        "Set a new password by a link; all sessions end, and a new one begins",
        |app, call| Box::pin(reset(app, call)),
    )
    .body::<ResetPassword>(r#"{"token":"abc","password":"a horse that is correct"}"#)
    .errors(&[
        "ticket.not_found",
        "password.length",
        "password.common",
        "rate.limited",
        "server.busy",
        "user.disabled",
        "auth.failed",
    ])
    .creates(),
];

async fn reset(app: Arc<App>, call: Call) -> Result<Reply, Problem> {
    let new: ResetPassword = call.body()?;
    if new.kind == SessionKind::Cookie {
        caller::prove(&call.headers, &app.settings)?;
    }
    let label = new.label.as_deref().unwrap_or(accounts::LABEL);
    let begun = app.reset_password(&new.token, &new.password, label, call.address()).await?;
    accounts::answer(&app, new.kind, &begun)
}

/// Counts a look of somebody who has no session.
pub(super) fn count(app: &App, call: &Call) -> Result<(), Problem> {
    app.limiter.look(address_prefix(call.address()), app.hub.now())
}

async fn site(app: Arc<App>, call: Call) -> Result<Reply, Problem> {
    count(&app, &call)?;
    let owned = app.hub.is_owned().await.map_err(|error| problem_of(&error))?;
    let body = serde_json::json!({
        "registration": app.registration().await.map_err(|error| problem_of(&error))?,
        "owned": owned,
        "password_chars_min": app.settings.password_chars_min,
    });
    Ok(Reply::json(StatusCode::OK, body))
}

async fn invited(app: Arc<App>, call: Call) -> Result<Reply, Problem> {
    count(&app, &call)?;
    let circle = app.hub.invited(call.part("code")?).await;
    let circle = circle.map_err(|error| app.problem(&error))?;
    Ok(Reply::json(StatusCode::OK, reply::json(&queries::card(&circle))?))
}
