//! What a bucket answers: objects whole and in part, uploads in parts, lists in pages.

use std::fmt::Write;

use bytes::{Bytes, BytesMut};
use http::header::{
    AUTHORIZATION, CONTENT_LENGTH, CONTENT_RANGE, ETAG, LAST_MODIFIED, LOCATION, RANGE,
};
use http::request::Parts;
use http::{Method, Response, StatusCode};

use super::{ACCESS, BUCKET, Body, PAGE, State, empty, full};

/// The least bytes of a part that is not the last.
const PART_BYTES_MIN: usize = 5 * 1024 * 1024;

type Answer = Response<Body>;

/// An error as S3 says it.
pub(super) fn error(status: StatusCode, code: &str, message: &str) -> Answer {
    let text = format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>");
    with(status, &[], full(text.into()))
}

pub(super) fn elsewhere() -> Answer {
    let there = [(LOCATION, "http://127.0.0.1:1/elsewhere".to_owned())];
    with(StatusCode::MOVED_PERMANENTLY, &there, empty())
}

fn with(status: StatusCode, headers: &[(http::HeaderName, String)], body: Body) -> Answer {
    let mut answer = Response::builder().status(status);
    for (name, value) in headers {
        answer = answer.header(name, value);
    }
    answer.body(body).expect("the headers are plain")
}

fn xml(text: String) -> Answer {
    with(StatusCode::OK, &[], full(text.into()))
}

/// Who asks, if that is said as version 4 of the signatures has it and of what is sent.
fn is_signed(head: &Parts, body: &Bytes) -> bool {
    let text = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
    let signed =
        text(AUTHORIZATION.as_str()).and_then(|text| text.strip_prefix("AWS4-HMAC-SHA256 "));
    let Some(signed) = signed else { return false };
    let part = |name: &str| {
        signed.split(',').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='))
    };
    let hex = |bytes: &[u8]| {
        bytes.iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    };
    let sent = ring::digest::digest(&ring::digest::SHA256, body);
    let credential: Vec<&str> = part("Credential").unwrap_or_default().split('/').collect();
    matches!(credential.as_slice(), [ACCESS, date, _, "s3", "aws4_request"] if date.len() == 8)
        && part("SignedHeaders").is_some_and(|names| names.split(';').any(|name| name == "host"))
        && part("Signature").is_some_and(|signature| signature.len() == 64)
        && text("x-amz-content-sha256") == Some(hex(sent.as_ref()).as_str())
        && text("x-amz-date").is_some()
}

pub(super) fn answer(state: &mut State, head: &Parts, body: &Bytes) -> Answer {
    if !is_signed(head, body) {
        return error(StatusCode::FORBIDDEN, "InvalidAccessKeyId", "there is no such key");
    }
    let path = head.uri.path().trim_start_matches('/');
    let (bucket, name) = path.split_once('/').unwrap_or((path, ""));
    if bucket != BUCKET {
        return error(StatusCode::NOT_FOUND, "NoSuchBucket", "there is no such bucket");
    }
    let query: Vec<(String, String)> =
        form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes())
            .into_owned()
            .collect();
    let asked =
        |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let upload = asked("uploadId").unwrap_or_default();
    match head.method {
        Method::GET if name.is_empty() => list(state, asked),
        Method::GET => get(state, name, head),
        Method::HEAD => match state.objects.get(name) {
            Some(content) => with(StatusCode::OK, &about(content), full(content.clone())),
            None => with(StatusCode::NOT_FOUND, &[], empty()),
        },
        Method::PUT => {
            let tag = [(ETAG, tag(body))];
            match asked("partNumber").map(str::parse) {
                None => _ = state.objects.insert(name.to_owned(), body.clone()),
                Some(Ok(number)) => match state.uploads.get_mut(upload) {
                    Some(parts) => _ = parts.insert(number, body.clone()),
                    None => return error(StatusCode::NOT_FOUND, "NoSuchUpload", "it is over"),
                },
                Some(Err(_)) => return error(StatusCode::BAD_REQUEST, "InvalidPart", "no number"),
            }
            with(StatusCode::OK, &tag, empty())
        }
        Method::POST if asked("uploads").is_some() => {
            state.uploads_made += 1;
            let id = format!("upload-{}", state.uploads_made);
            state.uploads.insert(id.clone(), std::collections::BTreeMap::new());
            xml(format!(
                "<InitiateMultipartUploadResult><Bucket>{BUCKET}</Bucket><Key>{name}</Key>\
                 <UploadId>{id}</UploadId></InitiateMultipartUploadResult>"
            ))
        }
        Method::POST => complete(state, name, upload),
        Method::DELETE if !upload.is_empty() => {
            state.uploads.remove(upload);
            with(StatusCode::NO_CONTENT, &[], empty())
        }
        Method::DELETE => {
            state.objects.remove(name);
            with(StatusCode::NO_CONTENT, &[], empty())
        }
        _ => error(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", "no"),
    }
}

fn tag(content: &[u8]) -> String {
    format!("\"{}\"", blake3::hash(content).to_hex())
}

fn about(content: &[u8]) -> [(http::HeaderName, String); 3] {
    let length = content.len().to_string();
    let modified = "Wed, 01 Jul 2026 08:00:00 GMT".to_owned();
    [(ETAG, tag(content)), (CONTENT_LENGTH, length), (LAST_MODIFIED, modified)]
}

fn get(state: &State, name: &str, head: &Parts) -> Answer {
    let Some(content) = state.objects.get(name) else {
        return error(StatusCode::NOT_FOUND, "NoSuchKey", "there is no such object");
    };
    let range = head.headers.get(RANGE).and_then(|range| range.to_str().ok());
    let Some(range) = range.and_then(|range| range.strip_prefix("bytes=")) else {
        return with(StatusCode::OK, &about(content), full(content.clone()));
    };
    let (from, to) = range.split_once('-').unwrap_or((range, ""));
    let from: usize = from.parse().unwrap_or(usize::MAX);
    let end = to.parse().map_or(content.len(), |to: usize| content.len().min(to.saturating_add(1)));
    if from >= content.len() {
        return error(StatusCode::RANGE_NOT_SATISFIABLE, "InvalidRange", "it is not that long");
    }
    let part = content.slice(from..end);
    let mut headers = about(content).to_vec();
    headers[1].1 = part.len().to_string();
    headers.push((CONTENT_RANGE, format!("bytes {from}-{}/{}", end - 1, content.len())));
    with(StatusCode::PARTIAL_CONTENT, &headers, full(part))
}

fn complete(state: &mut State, name: &str, upload: &str) -> Answer {
    let Some(parts) = state.uploads.remove(upload) else {
        return error(StatusCode::NOT_FOUND, "NoSuchUpload", "it is over");
    };
    let last = parts.keys().next_back().copied();
    if parts.iter().any(|(n, part)| Some(*n) != last && part.len() < PART_BYTES_MIN) {
        return error(StatusCode::BAD_REQUEST, "EntityTooSmall", "a part is too small");
    }
    let mut whole = BytesMut::new();
    parts.values().for_each(|part| whole.extend_from_slice(part));
    let tag = tag(&whole);
    state.objects.insert(name.to_owned(), whole.freeze());
    xml(format!(
        "<CompleteMultipartUploadResult><Location>/{name}</Location><Bucket>{BUCKET}</Bucket>\
         <Key>{name}</Key><ETag>{}</ETag></CompleteMultipartUploadResult>",
        tag.replace('"', "&quot;")
    ))
}

fn list<'a>(state: &State, asked: impl Fn(&str) -> Option<&'a str>) -> Answer {
    let prefix = asked("prefix").unwrap_or_default();
    let after = asked("continuation-token").or_else(|| asked("start-after")).unwrap_or_default();
    let max = asked("max-keys").and_then(|max| max.parse().ok()).unwrap_or(PAGE).min(PAGE);
    let mut found =
        state.objects.iter().filter(|(name, _)| name.starts_with(prefix) && name.as_str() > after);
    let page: Vec<_> = found.by_ref().take(max).collect();
    let mut text = "<ListBucketResult>".to_owned();
    for (name, content) in &page {
        let _ = write!(
            text,
            "<Contents><Key>{name}</Key><LastModified>2026-07-01T08:00:00.000Z</LastModified>\
             <ETag>{}</ETag><Size>{}</Size></Contents>",
            tag(content).replace('"', "&quot;"),
            content.len()
        );
    }
    let more = found.next().is_some();
    let _ = write!(text, "<IsTruncated>{more}</IsTruncated><KeyCount>{}</KeyCount>", page.len());
    if let (true, Some((last, _))) = (more, page.last()) {
        let _ = write!(text, "<NextContinuationToken>{last}</NextContinuationToken>");
    }
    text.push_str("</ListBucketResult>");
    xml(text)
}
