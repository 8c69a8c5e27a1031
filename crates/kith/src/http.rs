//! The few requests that are made over HTTP: signing up, in and out, and what a frame has no room for.

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1::handshake;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use kith_client::address::Address;
use kith_client::transport::dial;
use kith_core::document::User;
use kith_core::id::SessionId;
use kith_proto::error::Problem;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::time::Duration;

use crate::failure::Failure;

/// The largest answer that is read.
const ANSWER_BYTES_MAX: usize = 1 << 20;
/// How long a whole request may take. Checking a password takes a server some time, and it may
/// have several to check.
const REQUEST_MAX: Duration = Duration::from_secs(30);

/// A session that was begun.
#[derive(Deserialize)]
pub(crate) struct Begun {
    pub(crate) user: User,
    pub(crate) session: SessionId,
    pub(crate) token: String,
    pub(crate) device: String,
}

/// Sends a request below `/api/v1` and reads the answer.
pub(crate) async fn request<T: DeserializeOwned>(
    address: &Address,
    method: Method,
    path: &str,
    token: Option<&str>,
    body: Option<&Value>,
) -> Result<T, Failure> {
    let body = body.map(ToString::to_string);
    answer(address, exchange(address, (method, path), token, None, body)).await
}

/// Makes a change below `/api/v1`, under a name: said twice, it happens once.
pub(crate) async fn change<T: DeserializeOwned>(
    address: &Address,
    path: &str,
    token: &str,
    op: &str,
    body: String,
) -> Result<T, Failure> {
    let work = exchange(address, (Method::POST, path), Some(token), Some(op), Some(body));
    answer(address, work).await
}

async fn answer<T: DeserializeOwned>(
    address: &Address,
    work: impl Future<Output = Result<(u16, Bytes), Failure>>,
) -> Result<T, Failure> {
    let (status, bytes) = tokio::time::timeout(REQUEST_MAX, work)
        .await
        .map_err(|_| Failure::Unreachable(format!("{address} did not answer in time")))??;
    if (200..300).contains(&status) {
        return serde_json::from_slice(&bytes).map_err(|_| strange(address, status));
    }
    Err(refusal(&bytes).map_or_else(|| strange(address, status), Failure::Refused))
}

async fn exchange(
    address: &Address,
    (method, path): (Method, &str),
    token: Option<&str>,
    op: Option<&str>,
    body: Option<String>,
) -> Result<(u16, Bytes), Failure> {
    let lost = |error: &dyn std::fmt::Display| Failure::Unreachable(format!("{address}: {error}"));
    let mut request = Request::builder()
        .method(method)
        .uri(address.path(&format!("/api/v1{path}")))
        .header(HOST, address.authority());
    if let Some(token) = token {
        request = request.header(AUTHORIZATION, format!("Bearer {token}"));
    }
    if let Some(op) = op {
        request = request.header("idempotency-key", op);
    }
    if body.is_some() {
        request = request.header(CONTENT_TYPE, "application/json");
    }
    let request = request
        .body(Full::new(Bytes::from(body.unwrap_or_default())))
        .map_err(|error| Failure::Local(format!("the request cannot be written: {error}")))?;
    let socket = dial(address).await?;
    let (mut sender, connection) =
        handshake(TokioIo::new(socket)).await.map_err(|error| lost(&error))?;
    let talk = async {
        let response = sender.send_request(request).await.map_err(|error| lost(&error))?;
        let status = response.status().as_u16();
        let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX).collect().await;
        Ok((status, body.map_err(|error| lost(&error))?.to_bytes()))
    };
    tokio::pin!(talk);
    tokio::select! {
        result = &mut talk => result,
        // The connection may be done before its last answer was taken from it.
        ended = connection => match ended {
            Ok(()) => talk.await,
            Err(error) => Err(lost(&error)),
        },
    }
}

/// A problem after RFC 9457, as the server tells them.
pub(crate) fn refusal(bytes: &[u8]) -> Option<Problem> {
    #[derive(Deserialize)]
    struct Told {
        code: String,
        detail: String,
        #[serde(default)]
        retry_ms: Option<u64>,
        #[serde(default)]
        unknown: bool,
        change: Option<u32>,
        #[serde(default)]
        failure: Option<Box<kith_core::service::Failure>>,
    }
    let told: Told = serde_json::from_slice(bytes).ok()?;
    let Told { code, detail, retry_ms, unknown, change, failure } = told;
    Some(Problem { code, message: detail, retry_ms, unknown, change, failure })
}

fn strange(address: &Address, status: u16) -> Failure {
    let message = format!("{address} answers ({status}) but not as a Kith server does");
    Failure::Unreachable(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_read_and_anything_else_is_none() {
        let told = br#"{"type":"urn:kith:name.taken","title":"Conflict","status":409,"detail":"this name is taken","code":"name.taken"}"#;
        assert_eq!(refusal(told), Some(Problem::new("name.taken", "this name is taken")));
        assert_eq!(refusal(b"<html>"), None);
    }
}
