//! REST: the questions and commands of the protocol as HTTP requests, for scripts and bots.
//!
//! Every route is a row of one table, from which both the router and the OpenAPI document are made.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{RawPathParams, Request, State};
use axum::routing::on;
use http::{Response, StatusCode};
use kith_core::refusal::Refusal;
use kith_proto::error::Problem;
use serde_json::json;

mod accounts;
mod bodies;
mod call;
mod caller;
mod circles;
mod content;
mod disposition;
mod files;
mod inbox;
mod members;
mod messages;
mod openapi;
mod readers;
mod reference;
mod reply;
mod route;
mod services;
mod shapes;
mod site;
mod streams;
#[cfg(test)]
mod tests;
mod topics;

pub(crate) use caller::cookie_of;
pub(crate) use readers::router as readers;
pub(crate) use reply::{PAGE_POLICY, UPLOAD_OFFSET};

use self::call::Call;
use self::reply::Reply;
use self::route::{Action, Route};
use crate::app::{App, refused};
use crate::{origin, queries, services as calls};

/// All routes, in the order of the reference.
const TABLE: &[(&str, &[Route])] = &[
    ("Accounts and sessions", accounts::ROUTES),
    ("The site", site::ROUTES),
    ("Circles", circles::ROUTES),
    ("Members", members::ROUTES),
    ("Streams and conversations", streams::ROUTES),
    ("Messages", messages::ROUTES),
    ("Inbox and preferences", inbox::ROUTES),
    ("Files", files::ROUTES),
    ("Topics", topics::ROUTES),
    ("Services", services::ROUTES),
    ("Reference", reference::ROUTES),
];

fn routes() -> impl Iterator<Item = &'static Route> {
    TABLE.iter().flat_map(|(_, routes)| routes.iter())
}

/// The router of all routes.
pub(crate) fn router(app: Arc<App>) -> Router {
    let mut router = Router::new();
    for route in routes() {
        let handler = move |app: State<Arc<App>>, path: Path, request: Request| async move {
            handle(app.0, route, path, request).await
        };
        router = router.route(&route.full_path(), on(route.verb.filter(), handler));
    }
    router = router.fallback(no_route).method_not_allowed_fallback(no_method);
    if let Some(layer) = origin::layer(&app.settings) {
        router = router.layer(layer);
    }
    router.with_state(app)
}

type Path = Result<RawPathParams, RawPathParamsRejection>;

/// The answer to whoever asks for another server.
pub(crate) fn unknown_host() -> Response<Body> {
    let message = "this server does not go by that name: see the settings public_url and hosts";
    reply::problem(&Problem::new("host.unknown", message))
}

async fn no_route() -> Response<Body> {
    reply::problem(&Problem::new("route.not_found", "there is nothing at this address"))
}

async fn no_method() -> Response<Body> {
    reply::problem(&Problem::new("method.not_allowed", "this address does not know this method"))
}

async fn handle(
    app: Arc<App>,
    route: &'static Route,
    path: Path,
    request: Request,
) -> Response<Body> {
    match serve(app, route, path, request).await {
        Ok(reply) => reply.into_response(),
        Err(problem) => reply::problem(&problem),
    }
}

async fn serve(
    app: Arc<App>,
    route: &'static Route,
    path: Path,
    request: Request,
) -> Result<Reply, Problem> {
    let (call, body) = receive(&app, route, path, request).await.map_err(counted(&app))?;
    perform(app, route, call, body).await
}

/// Reads a request, once it is known whose it is.
async fn receive(
    app: &App,
    route: &Route,
    path: Path,
    request: Request,
) -> Result<(Call, Option<Body>), Problem> {
    let path = path.map_err(|_| Problem::new("input.malformed", "the path is not UTF-8"))?;
    let (head, body) = request.into_parts();
    let caller = if route.is_open() {
        None
    } else {
        let caller = caller::of(app, &head).await?;
        app.limiter.request(caller.user, app.hub.now())?;
        Some(caller)
    };
    let (taken, body) = match route.action {
        Action::Take(_) => (Some(body), Body::empty()),
        _ => (None, body),
    };
    Ok((Call::read(route, &path, head, body, caller).await?, taken))
}

/// Counts a problem that nothing below has counted.
fn counted(app: &App) -> impl Fn(Problem) -> Problem {
    move |problem| {
        app.metrics.refused(&problem.code);
        problem
    }
}

/// The one place where what a route does is done and its answer made.
async fn perform(
    app: Arc<App>,
    route: &Route,
    call: Call,
    body: Option<Body>,
) -> Result<Reply, Problem> {
    let status = if route.creates { StatusCode::CREATED } else { StatusCode::OK };
    match route.action {
        Action::Ask(ask, tell) => {
            let (user, session) = (call.me()?.user, call.me()?.session);
            let query = ask(&call).map_err(counted(&app))?;
            let reading = app.hub.reading(user);
            // Looked at again, now that a revocation would make the answer stale.
            app.auth.still(call.me()?).await?;
            let answer = queries::answer(&app, user, session, query).await?;
            if reading.is_stale() {
                let message = "your access changed: ask again";
                return Err(Problem::later("access.changed", message, 0)).map_err(counted(&app));
            }
            Ok(Reply::json(status, tell(&call, &answer)?).guarded(reading))
        }
        Action::Do(make) => {
            let op = call.op(route).map_err(counted(&app))?;
            let command = make(&call).map_err(counted(&app))?;
            let done = app.hub.perform(&call.me()?.of_hub(), op, command).await;
            let outcome = done.map_err(|error| app.problem(&error))?;
            let reply = Reply::json(status, reply::json(&outcome)?);
            Ok(if route.signs_out {
                reply.with_cookie(caller::clear_cookie(&app.settings))
            } else {
                reply
            })
        }
        Action::Invoke(make) => {
            let asked = make(&call).map_err(counted(&app))?;
            let reading = app.hub.reading(call.me()?.user);
            app.auth.still(call.me()?).await?;
            let result = calls::call(&app, call.me()?, asked).await;
            let value = result.map_err(counted(&app))?;
            if reading.is_stale() {
                let problem = Problem { unknown: true, ..refused(&Refusal::AccessChanged) };
                return Err(problem).map_err(counted(&app));
            }
            Ok(Reply::json(status, json!({ "returned": value })).guarded(reading))
        }
        Action::Begin(work) | Action::Own(work) | Action::Bring(work) => {
            work(Arc::clone(&app), call).await.map_err(counted(&app))
        }
        Action::Take(work) => {
            let body = body.unwrap_or_else(Body::empty);
            work(Arc::clone(&app), call, body).await.map_err(counted(&app))
        }
        Action::Show(page) => Ok(Reply::Page(page())),
    }
}
