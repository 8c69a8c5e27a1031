//! What an operator is told of a store of objects that failed.

use std::error::Error as _;

use object_store::Error;
use object_store::client::{HttpError, HttpErrorKind};

use super::place::Place;
use crate::BlobError;

/// The most characters of what the store itself said.
const SAID_CHARS_MAX: usize = 300;
/// What stores say when there is no room.
const FULL: [&str; 4] =
    ["XMinioStorageFull", "QuotaExceeded", "XMinioAdminBucketQuotaExceeded", "InsufficientStorage"];

/// A failure in a sentence.
pub(super) fn failure(place: &Place, error: &Error) -> BlobError {
    let text = error.to_string();
    let code = between(&text, "<Code>", "</Code>").unwrap_or_default();
    if FULL.contains(&code) || text.contains("status code: 507") {
        return BlobError::Full;
    }
    BlobError::Failed(match error {
        _ if is_without_bucket(error) => {
            format!("there is no bucket {} at {}", place.bucket, place.endpoint)
        }
        // Some requests are told only by their text.
        _ if text.contains("status code: 403") || text.contains("status code: 401") => {
            format!("{place} refuses its keys, or what they ask for{}", said(code, &text))
        }
        _ => match kind(error) {
            Some((HttpErrorKind::Connect, why)) => {
                format!("nothing answers at {}: {why}", place.endpoint)
            }
            Some((HttpErrorKind::Timeout, why)) => {
                format!("{} did not answer in time: {why}", place.endpoint)
            }
            Some((_, why)) => format!("{} broke off: {why}", place.endpoint),
            None if text.contains("redirect") || text.contains("status code: 3") => {
                let at = &place.endpoint;
                format!("{at} wants to be asked elsewhere: is the region or the address another?")
            }
            None => format!("{} failed{}", place.endpoint, said(code, &text)),
        },
    })
}

/// Whether the store has no such bucket, and not only no such object.
pub(super) fn is_without_bucket(error: &Error) -> bool {
    error.to_string().contains("NoSuchBucket")
}

/// Whether what was asked for begins behind the end of the object.
pub(super) fn is_behind_the_end(error: &Error) -> bool {
    error.to_string().contains("status code: 416")
}

/// What became of the request, where nothing was answered, and the deepest reason for it.
fn kind(error: &Error) -> Option<(HttpErrorKind, String)> {
    let mut here: &(dyn std::error::Error + 'static) = error.source()?;
    let mut kind = None;
    loop {
        if let Some(error) = here.downcast_ref::<HttpError>() {
            kind = Some(error.kind());
        }
        match here.source() {
            Some(deeper) => here = deeper,
            None => return kind.map(|kind| (kind, cut(&here.to_string()))),
        }
    }
}

/// What the store said, as the end of a sentence.
fn said(code: &str, text: &str) -> String {
    let message = between(text, "<Message>", "</Message>").unwrap_or_default();
    match (code, message) {
        ("", _) => format!(": {}", cut(text)),
        (code, "") => format!(": {}", cut(code)),
        (code, message) => format!(": {} ({})", cut(code), cut(message)),
    }
}

fn between<'a>(text: &'a str, from: &str, to: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(from)?;
    Some(rest.split_once(to)?.0)
}

fn cut(text: &str) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().take(SAID_CHARS_MAX).map(plain).collect()
}
