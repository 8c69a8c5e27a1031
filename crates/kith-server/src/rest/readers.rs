//! The routes with everything but their work: each reads its request whole and says whether it
//! makes sense. For the fuzz targets.

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::routing::on;
use http::{Response, StatusCode};
use kith_core::id::{CircleId, FileId, SessionId, StreamId, Timestamp, UserId};
use kith_proto::error::Problem;

use super::bodies::{ChangePassword, NewAccount, NewFile, NewSession, ResetPassword};
use super::call::Call;
use super::reply;
use super::route::{Action, Route, Verb};
use super::{Path, no_method, no_route, routes};
use crate::auth::Caller;

/// A router of all routes that do nothing.
pub(crate) fn router() -> Router {
    let mut router = Router::new();
    for route in routes() {
        let handler = move |path: Path, request: Request| answer(route, path, request);
        router = router.route(&route.full_path(), on(route.verb.filter(), handler));
    }
    router.fallback(no_route).method_not_allowed_fallback(no_method)
}

async fn answer(route: &'static Route, path: Path, request: Request) -> Response<Body> {
    match read(route, path, request).await {
        Ok(()) => {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NO_CONTENT;
            response
        }
        Err(problem) => reply::problem(&problem),
    }
}

async fn read(route: &Route, path: Path, request: Request) -> Result<(), Problem> {
    let path = path.map_err(|_| Problem::new("input.malformed", "the path is not UTF-8"))?;
    let (head, body) = request.into_parts();
    let caller = Caller {
        user: UserId::new(Timestamp(1), 1),
        session: SessionId::new(Timestamp(1), 2),
        token_hash: String::new(),
    };
    let call = Call::read(route, &path, head, body, Some(caller)).await?;
    match route.action {
        Action::Ask(ask, _) => ask(&call).map(drop),
        Action::Do(make) => {
            call.op(route)?;
            make(&call).map(drop)
        }
        Action::Invoke(make) => make(&call).map(drop),
        Action::Begin(_) if route.body.is_none() => Ok(()),
        Action::Begin(_) if route.path == "/accounts" => call.body::<NewAccount>().map(drop),
        Action::Begin(_) if route.path == "/site/reset" => call.body::<ResetPassword>().map(drop),
        Action::Begin(_) => call.body::<NewSession>().map(drop),
        Action::Take(_) => call.offset().map(drop),
        Action::Own(_) | Action::Bring(_) => read_own(route, &call),
        Action::Show(_) => Ok(()),
    }
}

/// Reads what a route takes that REST alone offers.
pub(super) fn read_own(route: &Route, call: &Call) -> Result<(), Problem> {
    match (route.path, route.verb) {
        ("/users/me/password", _) => call.body::<ChangePassword>().map(drop),
        ("/files", Verb::Post) => {
            call.key()?;
            call.body::<NewFile>().map(drop)
        }
        ("/users/me/avatar", _) => Ok(()),
        ("/users/{user}/avatar", _) => call.id::<UserId>("user").map(drop),
        ("/circles/{circle}/icon", _) => call.id::<CircleId>("circle").map(drop),
        _ => {
            if route.path.contains("{message}") {
                call.message()?;
                call.id::<StreamId>("stream")?;
            }
            call.id::<FileId>("file").map(drop)
        }
    }
}
