//! Who may call which service, and from where.

use crate::access::{self, Standing};
use crate::decide::message;
use crate::document::Home;
use crate::draft::{Draft, Stop};
use crate::id::{CircleId, StreamId, UserId};
use crate::refusal::Refusal;
use crate::text::ServiceName;

/// Refuses whoever may not call the service `name` of a circle, from within `stream` if they say so;
/// a slash command is called from within one.
///
/// # Errors
/// As [`access::to_call`]; what posting in the stream would be refused with; where the stream is not
/// one of the circle, [`Refusal::NoSuchStream`].
pub fn may_call(
    draft: &Draft<'_>,
    me: UserId,
    circle: CircleId,
    name: &ServiceName,
    stream: Option<StreamId>,
) -> Result<Standing, Stop> {
    let standing = access::to_call(draft, me, circle)?;
    if let Some(stream) = stream {
        let home = access::in_stream(draft, me, stream)?.stream.home.clone();
        if home != (Home::Channel { circle }) {
            return Err(Refusal::NoSuchStream.into());
        }
        message::may_write(draft, me, stream)?;
    } else if name.is_command() {
        return Err(Refusal::Empty { field: "stream" }.into());
    }
    Ok(standing)
}

/// Refuses whoever may not offer the service `name` in a circle.
///
/// # Errors
/// As [`access::to_offer`], and [`Refusal::ReservedService`].
pub fn may_offer(
    draft: &Draft<'_>,
    me: UserId,
    circle: CircleId,
    name: &ServiceName,
) -> Result<Standing, Stop> {
    let standing = access::to_offer(draft, me, circle)?;
    if name.is_reserved() {
        return Err(Refusal::ReservedService.into());
    }
    Ok(standing)
}
