//! Answers: JSON, pages, and problems after RFC 9457.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, RETRY_AFTER, SET_COOKIE,
    WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use http_body::{Frame, SizeHint};
use kith_hub::Reading;
use kith_proto::error::Problem;
use serde::Serialize;
use serde_json::{Value, json as object};

/// How far an upload is, or from where on it is sent.
pub(crate) const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const JSON: &str = "application/json";
const PROBLEM: &str = "application/problem+json";
/// What the pages may load: our own style and nothing else.
pub(crate) const PAGE_POLICY: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// An answer that went well.
pub(super) enum Reply {
    /// JSON for the caller alone.
    Json {
        status: StatusCode,
        value: Value,
        /// The values of `Set-Cookie`.
        cookies: Vec<String>,
        /// Says when the answer must no longer be sent.
        reading: Option<Reading>,
        /// How far an upload is, for `Upload-Offset`.
        offset: Option<u64>,
    },
    /// The same for everyone.
    Page(Page),
    /// The content of a file.
    Raw(Response<Body>),
}

/// A page that is the same for everyone.
pub(super) struct Page {
    pub(super) content_type: &'static str,
    pub(super) body: String,
}

impl Reply {
    pub(super) fn json(status: StatusCode, value: Value) -> Self {
        Self::Json { status, value, cookies: Vec::new(), reading: None, offset: None }
    }

    /// An answer that holds what the caller was allowed to read.
    pub(super) fn guarded(self, by: Reading) -> Self {
        match self {
            Self::Json { status, value, cookies, offset, .. } => {
                Self::Json { status, value, cookies, reading: Some(by), offset }
            }
            other => other,
        }
    }

    pub(super) fn with_cookie(self, set: String) -> Self {
        match self {
            Self::Json { status, value, mut cookies, reading, offset } => {
                cookies.push(set);
                Self::Json { status, value, cookies, reading, offset }
            }
            other => other,
        }
    }

    /// An answer that says how far an upload is.
    pub(super) fn standing_at(self, offset: u64) -> Self {
        match self {
            Self::Json { status, value, cookies, reading, .. } => {
                Self::Json { status, value, cookies, reading, offset: Some(offset) }
            }
            other => other,
        }
    }

    pub(super) fn into_response(self) -> Response<Body> {
        match self {
            Self::Json { status, value, cookies, reading, offset } => {
                let text = value.to_string();
                let body = match reading {
                    Some(reading) => Body::new(Guarded { text: Some(text.into()), reading }),
                    None => Body::from(text),
                };
                let mut response = private(status, JSON, body);
                for cookie in &cookies {
                    if let Ok(cookie) = HeaderValue::from_str(cookie) {
                        response.headers_mut().append(SET_COOKIE, cookie);
                    }
                }
                if let Some(offset) = offset {
                    put(&mut response, UPLOAD_OFFSET, &offset.to_string());
                }
                response
            }
            Self::Raw(response) => response,
            Self::Page(page) => {
                let mut response = response(StatusCode::OK, page.content_type, page.body);
                put(&mut response, CACHE_CONTROL, "no-cache");
                put(&mut response, CONTENT_SECURITY_POLICY, PAGE_POLICY);
                response
            }
        }
    }
}

/// The body of an answer that is void once the caller's access is taken: looked at again at the
/// moment when it is written.
struct Guarded {
    text: Option<Bytes>,
    reading: Reading,
}

impl http_body::Body for Guarded {
    type Data = Bytes;
    type Error = Stale;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Stale>>> {
        if self.reading.is_stale() {
            return Poll::Ready(Some(Err(Stale)));
        }
        Poll::Ready(self.text.take().map(|text| Ok(Frame::data(text))))
    }

    fn is_end_stream(&self) -> bool {
        self.text.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.text.as_ref().map_or(0, Bytes::len) as u64)
    }
}

/// Access was taken while the answer was on its way; the connection ends in its middle.
#[derive(Debug, thiserror::Error)]
#[error("access was taken")]
struct Stale;

/// A value as JSON.
pub(super) fn json(value: &impl Serialize) -> Result<Value, Problem> {
    serde_json::to_value(value).map_err(|error| {
        tracing::error!(%error, "an answer could not be written");
        Problem::new("server.failed", "the answer could not be written")
    })
}

/// A problem as an answer.
pub(super) fn problem(problem: &Problem) -> Response<Body> {
    let status = status_of(&problem.code);
    let mut body = object!({
        "type": format!("urn:kith:{}", problem.code),
        "title": status.canonical_reason().unwrap_or("Error"),
        "status": status.as_u16(),
        "detail": problem.message,
        "code": problem.code,
    });
    if let Some(retry_ms) = problem.retry_ms {
        body["retry_ms"] = retry_ms.into();
    }
    if let Some(change) = problem.change {
        body["change"] = change.into();
    }
    if problem.unknown {
        body["unknown"] = true.into();
    }
    if let Some(failure) = &problem.failure {
        body["failure"] = object!(failure);
    }
    let mut response = private(status, PROBLEM, body.to_string());
    if let Some(retry_ms) = problem.retry_ms {
        put(&mut response, RETRY_AFTER, &retry_ms.div_ceil(1000).max(1).to_string());
    }
    if status == StatusCode::UNAUTHORIZED {
        put(&mut response, WWW_AUTHENTICATE, "Bearer");
    }
    response
}

/// The status that goes with a code.
pub(super) fn status_of(code: &str) -> StatusCode {
    match code {
        "auth.failed" => StatusCode::UNAUTHORIZED,
        "password.wrong" => StatusCode::FORBIDDEN,
        "host.unknown" => StatusCode::MISDIRECTED_REQUEST,
        "method.not_allowed" => StatusCode::METHOD_NOT_ALLOWED,
        "rate.limited" | "stream.too_soon" => StatusCode::TOO_MANY_REQUESTS,
        "input.too_large" => StatusCode::PAYLOAD_TOO_LARGE,
        "input.too_slow" => StatusCode::REQUEST_TIMEOUT,
        "user.blocked"
        | "user.disabled"
        | "member.timed_out"
        | "message.not_author"
        | "circle.owner_stays"
        | "role.stays"
        | "site.admin_stays"
        | "site.registration_closed" => StatusCode::FORBIDDEN,
        "access.changed" | "name.taken" | "op.reused" | "op.expired" | "feed.ahead"
        | "stream.archived" | "limit.too_many" | "user.no_password" => StatusCode::CONFLICT,
        "server.busy" | "server.stopping" | "server.superseded" => StatusCode::SERVICE_UNAVAILABLE,
        "service.reserved" | "service.other_policy" | "service.cancelled" | "call.open" => {
            StatusCode::CONFLICT
        }
        "topic.too_fast" => StatusCode::TOO_MANY_REQUESTS,
        "topic.too_large" | "topic.too_deep" => StatusCode::PAYLOAD_TOO_LARGE,
        "topic.wrong_kind" | "topic.wrong_change" | "topic.bad_schema" | "topic.bad_update"
        | "topic.bad_guard" | "topic.no_document" => StatusCode::BAD_REQUEST,
        "service.busy" | "guard.busy" | "guard.not_found" => StatusCode::SERVICE_UNAVAILABLE,
        "service.too_large" => StatusCode::PAYLOAD_TOO_LARGE,
        "service.failed" | "service.gone" | "guard.gone" | "guard.bad_answer" => {
            StatusCode::BAD_GATEWAY
        }
        "service.late" | "guard.late" => StatusCode::GATEWAY_TIMEOUT,
        "file.too_large" => StatusCode::PAYLOAD_TOO_LARGE,
        "file.too_many" => StatusCode::TOO_MANY_REQUESTS,
        "file.type" | "file.no_image" => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "file.range" => StatusCode::RANGE_NOT_SATISFIABLE,
        "file.failed" | "file.damaged" => StatusCode::SERVICE_UNAVAILABLE,
        "file.quota" | "store.full" => StatusCode::INSUFFICIENT_STORAGE,
        "search.off" => StatusCode::NOT_FOUND,
        "search.busy" => StatusCode::SERVICE_UNAVAILABLE,
        "search.late" => StatusCode::GATEWAY_TIMEOUT,
        _ => match code.split_once('.') {
            Some((_, "not_found")) => StatusCode::NOT_FOUND,
            Some(("permission", _)) => StatusCode::FORBIDDEN,
            Some(("input" | "password" | "search", _)) => StatusCode::BAD_REQUEST,
            // What is asked does not fit what is there.
            Some(("topic" | "undo" | "redo" | "guard" | "file", _)) => StatusCode::CONFLICT,
            Some(("store", _)) => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        },
    }
}

fn private(
    status: StatusCode,
    content_type: &'static str,
    body: impl Into<Body>,
) -> Response<Body> {
    let mut response = response(status, content_type, body);
    put(&mut response, CACHE_CONTROL, "private, no-store");
    response
}

fn response(
    status: StatusCode,
    content_type: &'static str,
    body: impl Into<Body>,
) -> Response<Body> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    put(&mut response, CONTENT_TYPE, content_type);
    put(&mut response, X_CONTENT_TYPE_OPTIONS, "nosniff");
    response
}

/// Sets a header, if the value can be one.
fn put(response: &mut Response<Body>, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}
