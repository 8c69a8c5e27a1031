//! The rules: what each command changes, one file per subject.

pub mod account;
pub mod circle;
pub mod file;
pub mod gone;
pub mod guard;
pub mod invite;
pub mod member;
pub mod message;
pub mod preference;
pub mod reading;
pub mod role;
pub mod service;
pub mod site;
pub mod stream;
pub mod topic;
pub mod undo;
pub mod user;

use crate::command::{Outcome, Place};
use crate::draft::{Draft, Stop};
use crate::event::{Act, Body, FeedKind};
use crate::id::{CircleId, FeedId};

/// Emits an event and notes where it went.
fn tell(
    draft: &mut Draft<'_>,
    outcome: &mut Outcome,
    feed: FeedId,
    body: Body,
) -> Result<(), Stop> {
    let event = draft.emit(feed, body)?;
    if outcome.events.is_empty() {
        // Most bring about one.
        outcome.events.reserve_exact(1);
    }
    outcome.events.push(Place { feed, seq: event.seq });
    Ok(())
}

/// Notes an act in the audit log of a circle, and has its members look anew at what it changed for
/// them.
fn audit(draft: &mut Draft<'_>, circle: CircleId, act: Act) -> Result<(), Stop> {
    let changed = act.of_feeds();
    draft.emit(FeedId::Audit(circle), Body::Acted { act })?;
    match changed {
        Some(of) => feeds_changed(draft, circle, of),
        None => Ok(()),
    }
}

/// Tells the members of a circle that its feeds changed: once, however many did.
fn feeds_changed(draft: &mut Draft<'_>, circle: CircleId, of: FeedKind) -> Result<(), Stop> {
    let feed = FeedId::Circle(circle);
    let told = Body::FeedsChanged { of };
    // Of a circle that is new nobody has looked at anything.
    let is_told = draft.emitted().any(|event| {
        event.feed == feed
            && (event.body == told || matches!(event.body, Body::CircleCreated { .. }))
    });
    if is_told { Ok(()) } else { draft.emit_unsigned(feed, told).map(drop) }
}

/// The hash under which a secret (a token, an invite's code) is stored, in hexadecimal.
///
/// The secrets are random and long, so a fast hash is enough.
#[must_use]
pub fn secret_hash(secret: &str) -> String {
    blake3::hash(secret.as_bytes()).to_hex().to_string()
}
