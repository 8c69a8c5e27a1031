//! Read markers: how far a user has read, and what is left unread.
//!
//! A message is unread by a user when it is numbered above the user's marker, was not deleted, and
//! is neither the user's own nor of somebody the user blocks. Counts are counted, never kept: a
//! number that is computed from the messages cannot drift from them.

use crate::access;
use crate::command::Outcome;
use crate::decide::tell;
use crate::draft::{Draft, Stop};
use crate::event::Body;
use crate::id::{FeedId, Seq, StreamId, UserId};
use crate::refusal::Refusal;

pub(crate) fn read_to(
    draft: &mut Draft<'_>,
    me: UserId,
    stream: StreamId,
    thread: Option<Seq>,
    seq: Seq,
) -> Result<Outcome, Stop> {
    access::in_stream(draft, me, stream)?;
    let head = draft.head(FeedId::Stream(stream))?.seq;
    if seq > head {
        return Err(Refusal::Ahead { feed: FeedId::Stream(stream), head }.into());
    }
    let mut outcome = Outcome::default();
    let before = draft.read_mark(me, stream, thread.unwrap_or_default())?;
    if before.map(|mark| mark.seq) != Some(seq) {
        let body = Body::ReadTo { stream, thread, seq };
        tell(draft, &mut outcome, FeedId::User(me), body)?;
    }
    Ok(outcome)
}
