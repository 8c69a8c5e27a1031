//! The site as whoever opens it sees it, before anyone has signed in.

use std::sync::Arc;

use http::StatusCode;
use kith_core::command::Command;
use kith_proto::error::Problem;

use super::bodies::Claim;
use super::call::Call;
use super::reply::{self, Reply};
use super::route::{Route, Verb, act, open};
use super::shapes;
use crate::app::{App, address_prefix, problem_of};
use crate::queries;

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
];

/// Counts a look of somebody who has no session.
fn count(app: &App, call: &Call) -> Result<(), Problem> {
    app.limiter.look(address_prefix(call.address()), app.hub.now())
}

async fn site(app: Arc<App>, call: Call) -> Result<Reply, Problem> {
    count(&app, &call)?;
    let owned = app.hub.is_owned().await.map_err(|error| problem_of(&error))?;
    let body = serde_json::json!({
        "registration": app.settings.registration,
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
