//! A request, read within its limits: path, query, headers, body.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::str::FromStr;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Query, RawPathParams};
use bytes::Bytes;
use http::HeaderMap;
use http::request::Parts;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use kith_core::id::Seq;
use kith_core::refusal::Refusal;
use kith_core::text::{Line, OpId};
use kith_proto::error::Problem;
use serde::de::DeserializeOwned;

use super::reply::UPLOAD_OFFSET;
use super::route::Route;
use crate::auth::Caller;
use crate::bulk;

/// The largest body, in bytes.
pub(super) const BODY_BYTES_MAX: usize = 256 * 1024;
/// The largest body with a whole value in it, in bytes: that of a text of 4 MiB in Base64, and more.
pub(super) const VALUE_BYTES_MAX: usize = 6 * 1024 * 1024;
/// The most values in a large body: each takes memory, however short it is written.
const VALUES_MAX: usize = 150_000;
/// How long a body may take.
const BODY: Duration = Duration::from_secs(20);

/// A request.
#[derive(Debug, Default)]
pub(super) struct Call {
    pub(super) path: BTreeMap<String, String>,
    pub(super) query: BTreeMap<String, String>,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// Who calls; `None` where anyone may.
    pub(super) caller: Option<Caller>,
    pub(super) address: Option<IpAddr>,
}

impl Call {
    /// Reads a request.
    pub(super) async fn read(
        route: &Route,
        path: &RawPathParams,
        head: Parts,
        body: Body,
        caller: Option<Caller>,
    ) -> Result<Self, Problem> {
        let path = path.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let query = query(route, &head)?;
        let body = if route.body.is_some() { read_body(route, body).await? } else { Bytes::new() };
        let address = head.extensions.get::<IpAddr>().copied();
        Ok(Self { path, query, headers: head.headers, body, caller, address })
    }

    /// Who calls.
    pub(super) fn me(&self) -> Result<&Caller, Problem> {
        self.caller.as_ref().ok_or_else(crate::auth::failed)
    }

    /// From where.
    pub(super) fn address(&self) -> IpAddr {
        self.address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
    }

    /// A part of the path.
    pub(super) fn part(&self, name: &str) -> Result<&str, Problem> {
        self.path.get(name).map(String::as_str).ok_or_else(|| malformed(name))
    }

    /// An id in the path. One that is malformed names nothing.
    pub(super) fn id<T: FromStr>(&self, name: &str) -> Result<T, Problem> {
        let none =
            || Problem::new(&format!("{name}.not_found"), format!("there is no such {name}"));
        self.part(name)?.parse().map_err(|_| none())
    }

    /// The number of the message in the path.
    pub(super) fn message(&self) -> Result<Seq, Problem> {
        number(self.part("message")?).map(Seq).ok_or_else(|| malformed("message"))
    }

    /// An id in the query.
    pub(super) fn asked_id<T: FromStr>(&self, name: &str) -> Result<Option<T>, Problem> {
        let asked = self.query.get(name);
        asked.map(|value| value.parse().map_err(|_| malformed(name))).transpose()
    }

    /// A text in the query.
    pub(super) fn asked(&self, name: &str) -> Option<String> {
        self.query.get(name).cloned()
    }

    /// The number of an event in the query.
    pub(super) fn asked_seq(&self, name: &str) -> Result<Option<Seq>, Problem> {
        let asked = self.query.get(name);
        asked.map(|value| number(value).map(Seq).ok_or_else(|| malformed(name))).transpose()
    }

    /// How many are asked for.
    pub(super) fn limit(&self) -> Result<Option<u32>, Problem> {
        self.asked_id("limit")
    }

    /// The reason in the query.
    pub(super) fn reason(&self) -> Result<Option<Line>, Problem> {
        let asked = self.query.get("reason").map(|text| Line::parse(text));
        asked.transpose().map_err(|refusal| Problem::from(&refusal))
    }

    /// The body. An empty one is an object without fields.
    pub(super) fn body<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        let bytes = if self.body.is_empty() { b"{}".as_slice() } else { &self.body };
        serde_json::from_slice(bytes).map_err(|error| kith_proto::codec::invalid(&error))
    }

    /// The name of the operation.
    pub(super) fn op(&self, route: &Route) -> Result<Option<OpId>, Problem> {
        let name = match route.named_by {
            Some(name) => OpId::parse(self.part(name)?),
            None => return self.key(),
        };
        name.map(Some).map_err(|refusal| Problem::from(&refusal))
    }

    /// The name of the operation in the header `Idempotency-Key`.
    pub(super) fn key(&self) -> Result<Option<OpId>, Problem> {
        let told = self.headers.get("idempotency-key");
        let told = told.map(|value| value.to_str().map_err(|_| malformed("op"))).transpose()?;
        let name = told.map(unquoted).map(OpId::parse);
        name.transpose().map_err(|refusal| Problem::from(&refusal))
    }

    /// From where on an upload is sent.
    pub(super) fn offset(&self) -> Result<u64, Problem> {
        let told = self.headers.get(UPLOAD_OFFSET).and_then(|value| value.to_str().ok());
        told.and_then(number).ok_or_else(|| malformed("Upload-Offset"))
    }
}

/// A quoted text as the header's specification has it, or a bare one as most clients do.
fn unquoted(text: &str) -> &str {
    text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text)
}

/// A number in digits alone: `+1` is not the name of anything.
fn number(text: &str) -> Option<u64> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

fn malformed(name: &str) -> Problem {
    let form = Refusal::Malformed { field: "" };
    Problem::new(form.code(), format!("{name} is not of the right form"))
}

fn query(route: &Route, head: &Parts) -> Result<BTreeMap<String, String>, Problem> {
    let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(&head.uri)
        .map_err(|_| malformed("the query"))?;
    let mut query = BTreeMap::new();
    for (name, value) in pairs {
        if !route.query.iter().any(|known| known.name == name) {
            let message = format!("there is no parameter {name:?} here");
            return Err(Problem::new("input.invalid", message));
        }
        if query.insert(name.clone(), value).is_some() {
            return Err(Problem::new("input.invalid", format!("{name} is there twice")));
        }
    }
    Ok(query)
}

async fn read_body(route: &Route, body: Body) -> Result<Bytes, Problem> {
    let max = if route.large { VALUE_BYTES_MAX } else { BODY_BYTES_MAX };
    let read = tokio::time::timeout(BODY, Limited::new(body, max).collect()).await;
    match read {
        Ok(Ok(read)) => {
            let bytes = read.to_bytes();
            if bytes.len() > BODY_BYTES_MAX && bulk::values(&bytes) > VALUES_MAX {
                let message = format!("a large body has at most {VALUES_MAX} values in it");
                return Err(Problem::new("input.too_large", message));
            }
            Ok(bytes)
        }
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            Err(Problem::new("input.too_large", format!("a body has at most {max} bytes")))
        }
        Ok(Err(_)) => Err(Problem::new("input.invalid", "the body could not be read")),
        Err(_) => Err(Problem::new("input.too_slow", "the body took too long")),
    }
}
