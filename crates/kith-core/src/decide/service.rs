//! Who may call which service, and from where.

use crate::access::{self, Standing};
use crate::decide::{message, stream};
use crate::document::Home;
use crate::draft::{Draft, Stop};
use crate::id::{CircleId, StreamId, UserId};
use crate::refusal::Refusal;
use crate::service::Meeting;
use crate::text::ServiceName;

/// Refuses whoever may not call the service `name` of a circle, from within `stream` if they say so;
/// a slash command is called from within one.
///
/// # Errors
/// As [`access::to_call`]; what posting in the stream would be refused with; where the stream is not
/// one of the circle, [`Refusal::NoSuchStream`]; [`Refusal::Malformed`] where the service is personal,
/// and so of no circle.
pub fn may_call(
    draft: &Draft<'_>,
    me: UserId,
    circle: CircleId,
    name: &ServiceName,
    stream: Option<StreamId>,
) -> Result<Standing, Stop> {
    let standing = access::to_call(draft, me, circle)?;
    of_circle(name)?;
    if let Some(stream) = stream {
        let home = access::in_stream(draft, me, stream)?.stream.home.clone();
        if home != (Home::Channel { circle }) {
            return Err(Refusal::NoSuchStream.into());
        }
        message::may_write(draft, me, stream, None)?;
    } else if name.is_command() {
        return Err(Refusal::Empty { field: "stream" }.into());
    }
    Ok(standing)
}

/// Refuses two users to call each other's personal services as those who meet there: where one of
/// them is not, or may not call services, or blocks the other.
///
/// # Errors
/// [`Refusal::NoSuchService`], whatever the reason: as if nothing was offered.
pub fn may_meet(draft: &Draft<'_>, users: [UserId; 2], at: Meeting) -> Result<(), Stop> {
    let met = || {
        let [one, other] = users;
        stream::not_blocked(draft, one, other)?;
        for user in users {
            access::enabled(draft, user)?;
            match at {
                Meeting::Oneself if one == other => {}
                Meeting::Oneself => return Err(Refusal::NoSuchService.into()),
                Meeting::Circle(circle) => drop(access::to_call(draft, user, circle)?),
                Meeting::Conversation(stream) => {
                    let stream = access::in_stream(draft, user, stream)?.stream;
                    if let Home::Channel { .. } = stream.home {
                        return Err(Refusal::NoSuchService.into());
                    }
                }
            }
        }
        Ok(())
    };
    met().map_err(|stop| match stop {
        Stop::Refused(_) => Refusal::NoSuchService.into(),
        Stop::Missing(_) => stop,
    })
}

/// Refuses whoever may not offer the service `name` in a circle.
///
/// # Errors
/// As [`access::to_offer`], [`Refusal::ReservedService`], and [`Refusal::Malformed`] where the service
/// is personal, and so of no circle.
pub fn may_offer(
    draft: &Draft<'_>,
    me: UserId,
    circle: CircleId,
    name: &ServiceName,
) -> Result<Standing, Stop> {
    let standing = access::to_offer(draft, me, circle)?;
    of_circle(name)?;
    if name.is_reserved() {
        return Err(Refusal::ReservedService.into());
    }
    Ok(standing)
}

fn of_circle(name: &ServiceName) -> Result<(), Refusal> {
    if name.is_personal() { Err(Refusal::Malformed { field: "circle" }) } else { Ok(()) }
}
