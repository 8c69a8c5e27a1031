//! The content of a file as an answer: whole or in part, harmless wherever it is opened, and void once
//! the reader's access is taken.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::body::Body;
use bytes::Bytes;
use futures_util::TryStreamExt;
use futures_util::stream::{self, StreamExt};
use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE,
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, IF_RANGE, RANGE, VARY,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use kith_blob::{BlobError, Blobs, Pieces, sniff};
use kith_core::document::{File, Thumbnail};
use kith_core::file::BlobHash;
use kith_core::refusal::Refusal;
use kith_hub::Reading;
use kith_proto::error::Problem;

use super::call::Call;
use super::disposition::disposition;
use crate::app::{App, refused};
use crate::files::{etag, problem_of};

/// Nothing in it may run, load or be sent anywhere, whatever it is taken for.
const POLICY: &str = "sandbox; default-src 'none'";
/// What browsers play or show by themselves and never run.
const PLAYED: &[&str] = &[
    "audio/mpeg",
    "audio/ogg",
    "audio/x-wav",
    "audio/x-flac",
    "audio/m4a",
    "audio/aac",
    "video/mp4",
    "video/webm",
];
/// What is told by its name, but saved where it is opened.
const NAMED: &[&str] = &["image/png", "image/jpeg", "image/gif", "image/webp"];

/// Kept by the reader alone, and asked for again each time: access may be taken.
const ASKED_AGAIN: &str = "private, no-cache";
/// Of an image that was asked for by its hash: it never changes, and its reader has seen it.
const KEPT: &str = "private, max-age=31536000, immutable";

/// Which content of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    /// What was uploaded.
    Content,
    /// The small image that the server made of it.
    Thumbnail,
    /// The square that the server made of it, for whoever is shown with it.
    Square,
}

/// A content that is answered with.
struct Chosen {
    hash: BlobHash,
    bytes: u64,
    media: String,
    inline: bool,
    /// What it is called where it is saved.
    name: String,
}

fn chosen(file: &File, which: Which) -> Option<Chosen> {
    let about = &file.about;
    let made = |made: &Thumbnail, name: &str| Chosen {
        hash: made.hash,
        bytes: made.bytes,
        media: made.media.as_str().to_owned(),
        inline: true,
        name: name.to_owned(),
    };
    match which {
        Which::Thumbnail => file.thumbnail.as_ref().map(|small| made(small, about.name.as_str())),
        // What the file is called is nobody's business who sees the user or the circle.
        Which::Square => file.square.as_ref().map(|square| made(square, "image")),
        Which::Content => {
            let media = about.media.as_str();
            let inline = PLAYED.contains(&media);
            // An image that nothing could be told of may harm whoever decodes it.
            let is_shown = NAMED.contains(&media) && about.thumbnail;
            let told = if inline || is_shown { media } else { sniff::BINARY };
            let (hash, bytes, media) = (about.hash, about.bytes, told.to_owned());
            let name = about.name.as_str().to_owned();
            Some(Chosen { hash, bytes, media, inline, name })
        }
    }
}

/// What a request asks for.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    /// What it knows already.
    Known,
    /// All of it.
    Whole,
    /// A part of it.
    Part(Range<u64>),
    /// What is not there.
    Nowhere,
}

/// Reads what is asked of a content of so many bytes (RFC 9110, sections 13 and 14). More than one
/// part is answered with the whole.
fn asked(headers: &HeaderMap, etag: &str, bytes: u64) -> Asked {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let known = text(IF_NONE_MATCH).unwrap_or_default();
    if known.split(',').any(|one| one.trim().trim_start_matches("W/") == etag) {
        return Asked::Known;
    }
    if text(IF_RANGE).is_some_and(|one| one != etag) {
        return Asked::Whole;
    }
    let number = |text: &str| {
        let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| text.parse::<u64>().unwrap_or(u64::MAX))
    };
    let part = text(RANGE).and_then(|text| text.strip_prefix("bytes=")?.split_once('-'));
    match part.map(|(from, to)| (from.trim(), to.trim())) {
        Some(("", last)) => match number(last) {
            Some(last) if last == 0 || bytes == 0 => Asked::Nowhere,
            Some(last) => Asked::Part(bytes.saturating_sub(last)..bytes),
            None => Asked::Whole,
        },
        Some((from, to)) => match (number(from), number(to)) {
            (Some(from), _) if from >= bytes => Asked::Nowhere,
            (Some(from), None) if to.is_empty() => Asked::Part(from..bytes),
            (Some(from), Some(to)) if from <= to => {
                Asked::Part(from..to.saturating_add(1).min(bytes))
            }
            _ => Asked::Whole,
        },
        None => Asked::Whole,
    }
}

/// The answer with a content of a file; without a reading for what is not private.
pub(super) async fn answer(
    app: Arc<App>,
    call: &Call,
    file: &File,
    which: Which,
    reading: Option<Reading>,
) -> Result<Response<Body>, Problem> {
    let Some(content) = chosen(file, which) else {
        return Err(refused(&Refusal::NoSuchFile));
    };
    let tag = etag(content.hash);
    let (status, range) = match asked(&call.headers, &tag, content.bytes) {
        Asked::Known => (StatusCode::NOT_MODIFIED, None),
        Asked::Whole => (StatusCode::OK, Some(0..content.bytes)),
        Asked::Part(range) => (StatusCode::PARTIAL_CONTENT, Some(range)),
        Asked::Nowhere => {
            let message = format!("the file has {} bytes", content.bytes);
            return Err(Problem::new("file.range", message));
        }
    };
    let body = match &range {
        None => Body::empty(),
        Some(range) => {
            let depot = app.files.depot()?;
            let pieces = depot.blobs.read(content.hash, range.clone()).await;
            let pieces = pieces.map_err(|error| problem_of(&error))?;
            let whole = (status == StatusCode::OK).then_some(content.hash);
            Body::from_stream(guarded(Arc::clone(&app), checked(pieces, whole), reading))
        }
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    if let Some(range) = &range {
        put(&mut response, CONTENT_LENGTH, &(range.end - range.start).to_string());
        if status == StatusCode::PARTIAL_CONTENT {
            let told = format!("bytes {}-{}/{}", range.start, range.end - 1, content.bytes);
            put(&mut response, CONTENT_RANGE, &told);
        }
    }
    let is_named = call.query.get("hash").is_some_and(|hash| *hash == content.hash.to_string());
    let inline = content.inline && !call.query.contains_key("download");
    for (name, value) in [
        (CONTENT_TYPE, content.media.as_str()),
        (CONTENT_DISPOSITION, &disposition(inline, &content.name)),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (ETAG, &tag),
        (ACCEPT_RANGES, "bytes"),
        (CACHE_CONTROL, if is_named { KEPT } else { ASKED_AGAIN }),
        (VARY, "authorization, cookie"),
    ] {
        put(&mut response, name, value);
    }
    Ok(response)
}

/// Sets a header, if the value can be one.
fn put(response: &mut Response<Body>, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

/// Why an answer ends in its middle.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error("access was taken")]
    Stale,
    #[error("the content is not what was stored")]
    Damaged,
    #[error(transparent)]
    Blob(#[from] BlobError),
}

/// The pieces, of which the last is only given when all of them are what was stored.
fn checked(
    pieces: Pieces,
    whole: Option<BlobHash>,
) -> impl futures_util::Stream<Item = Result<Bytes, Broken>> + Send {
    let state = (pieces, blake3::Hasher::new(), None::<Bytes>, false);
    stream::try_unfold(state, move |(mut pieces, mut hasher, mut held, over)| async move {
        if over {
            return Ok(None);
        }
        loop {
            match pieces.try_next().await? {
                Some(piece) => {
                    if whole.is_some() {
                        hasher.update(&piece);
                    }
                    if let Some(before) = held.replace(piece) {
                        return Ok(Some((before, (pieces, hasher, held, false))));
                    }
                }
                None => {
                    let found = BlobHash::from(*hasher.finalize().as_bytes());
                    if whole.is_some_and(|wanted| wanted != found) {
                        tracing::error!(wanted = ?whole, ?found, "a content is damaged");
                        return Err(Broken::Damaged);
                    }
                    return Ok(held.take().map(|last| (last, (pieces, hasher, None, true))));
                }
            }
        }
    })
}

/// The pieces as long as the reader may have them.
fn guarded(
    app: Arc<App>,
    pieces: impl futures_util::Stream<Item = Result<Bytes, Broken>> + Send,
    reading: Option<Reading>,
) -> impl futures_util::Stream<Item = Result<Bytes, Broken>> + Send {
    pieces.map(move |piece| {
        if reading.as_ref().is_some_and(Reading::is_stale) {
            return Err(Broken::Stale);
        }
        if let Ok(piece) = &piece {
            app.files.sent.fetch_add(piece.len() as u64, Ordering::Relaxed);
        }
        piece
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(range: &str) -> Asked {
        let mut headers = HeaderMap::new();
        headers.insert(RANGE, HeaderValue::from_str(range).unwrap());
        asked(&headers, "\"tea\"", 10)
    }

    #[test]
    fn a_part_is_what_was_asked_for_as_far_as_it_is_there() {
        assert_eq!(of("bytes=0-"), Asked::Part(0..10));
        assert_eq!(of("bytes=2-4"), Asked::Part(2..5));
        assert_eq!(of("bytes=9-99999999999999999999999"), Asked::Part(9..10));
        assert_eq!(of("bytes=-3"), Asked::Part(7..10));
        assert_eq!(of("bytes=-30"), Asked::Part(0..10));
        for nowhere in ["bytes=10-", "bytes=10-11", "bytes=-0"] {
            assert_eq!(of(nowhere), Asked::Nowhere, "{nowhere}");
        }
        let mut headers = HeaderMap::new();
        headers.insert(RANGE, HeaderValue::from_static("bytes=-3"));
        assert_eq!(asked(&headers, "\"\"", 0), Asked::Nowhere, "nothing has no part");
        for whole in ["bytes=", "bytes=-", "bytes=4-2", "bytes=0-1,3-4", "cups=0-1", "bytes=a-b"] {
            assert_eq!(of(whole), Asked::Whole, "{whole}");
        }
    }

    #[test]
    fn what_is_known_is_not_told_again_and_what_changed_is_told_whole() {
        let mut headers = HeaderMap::new();
        headers.insert(RANGE, HeaderValue::from_static("bytes=2-4"));
        headers.insert(IF_RANGE, HeaderValue::from_static("\"tea\""));
        assert_eq!(asked(&headers, "\"tea\"", 10), Asked::Part(2..5));
        assert_eq!(asked(&headers, "\"coffee\"", 10), Asked::Whole);
        headers.insert(IF_NONE_MATCH, HeaderValue::from_static("\"old\", W/\"tea\""));
        assert_eq!(asked(&headers, "\"tea\"", 10), Asked::Known);
    }
}
