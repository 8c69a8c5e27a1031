//! The rules: what each command changes, one file per subject.

pub mod account;
pub mod circle;
pub mod guard;
pub mod invite;
pub mod member;
pub mod message;
pub mod reading;
pub mod role;
pub mod service;
pub mod stream;
pub mod topic;
pub mod undo;
pub mod user;

use crate::command::{Outcome, Place};
use crate::draft::{Draft, Stop};
use crate::event::{Act, Body};
use crate::id::{CircleId, FeedId};

/// Emits an event and notes where it went.
fn tell(
    draft: &mut Draft<'_>,
    outcome: &mut Outcome,
    feed: FeedId,
    body: Body,
) -> Result<(), Stop> {
    let event = draft.emit(feed, body)?;
    outcome.events.push(Place { feed, seq: event.seq });
    Ok(())
}

/// Notes an act in the audit log of a circle.
fn audit(draft: &mut Draft<'_>, circle: CircleId, act: Act) -> Result<(), Stop> {
    draft.emit(FeedId::Audit(circle), Body::Acted { act }).map(drop)
}

/// The hash under which a secret (a token, an invite's code) is stored, in hexadecimal.
///
/// The secrets are random and long, so a fast hash is enough.
#[must_use]
pub fn secret_hash(secret: &str) -> String {
    blake3::hash(secret.as_bytes()).to_hex().to_string()
}
