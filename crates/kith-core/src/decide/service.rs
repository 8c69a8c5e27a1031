//! Who may call which service, and from where.

use crate::access::{self, Standing};
use crate::decide::{message, stream};
use crate::document::Home;
use crate::draft::{Draft, Stop};
use crate::id::{CircleId, StreamId, UserId};
use crate::refusal::Refusal;
use crate::service::Provider;
use crate::text::ServiceName;

/// Refuses whoever may not call the service `name` of a circle, from within `stream` if they say so;
/// a slash command is called from within one, and a personal service from the user whose it is.
///
/// # Errors
/// As [`access::to_call`]; what posting in the stream would be refused with; where the stream is not
/// one of the circle, [`Refusal::NoSuchStream`]; where one of the two users blocks the other,
/// [`Refusal::NoSuchService`], as if nobody offered it.
pub fn may_call(
    draft: &Draft<'_>,
    me: UserId,
    circle: CircleId,
    name: &ServiceName,
    provider: Option<Provider>,
    stream: Option<StreamId>,
) -> Result<Standing, Stop> {
    let standing = access::to_call(draft, me, circle)?;
    if name.is_personal() {
        let Some(Provider::User(user)) = provider else {
            return Err(Refusal::Empty { field: "provider" }.into());
        };
        may_reach(draft, me, user)?;
    }
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

/// Refuses to reach a user where one of the two blocks the other.
///
/// # Errors
/// [`Refusal::NoSuchService`], as if that user offered nothing.
pub fn may_reach(draft: &Draft<'_>, me: UserId, user: UserId) -> Result<(), Stop> {
    stream::not_blocked(draft, me, user).map_err(|stop| match stop {
        Stop::Refused(_) => Refusal::NoSuchService.into(),
        Stop::Missing(_) => stop,
    })
}

/// Refuses whoever may not offer the service `name` in a circle. Personal services are offered by
/// whoever may call some.
///
/// # Errors
/// As [`access::to_offer`], and [`Refusal::ReservedService`].
pub fn may_offer(
    draft: &Draft<'_>,
    me: UserId,
    circle: CircleId,
    name: &ServiceName,
) -> Result<Standing, Stop> {
    let standing = match name.is_personal() {
        true => access::to_call(draft, me, circle)?,
        false => access::to_offer(draft, me, circle)?,
    };
    if name.is_reserved() {
        return Err(Refusal::ReservedService.into());
    }
    Ok(standing)
}
