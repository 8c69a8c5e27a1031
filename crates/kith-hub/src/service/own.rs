//! What the server itself offers, in every circle or without one.

use kith_core::access;
use kith_core::decide::service as rules;
use kith_core::id::{CircleId, UserId};
use kith_core::refusal::Refusal;
use kith_core::service::{Policy, bytes_of};
use kith_core::text::{Line, ServiceName};
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::told::Card;
use crate::presence::Status;
use crate::{Hub, HubError};

/// A service of the server.
struct Own {
    name: &'static str,
    about: &'static str,
    /// It is offered in every circle.
    in_circles: bool,
    /// It is offered to everyone, without a circle.
    to_all: bool,
}

/// All of them, in the order of their names.
const OWN: [Own; 5] = [
    own("kith/echo", "Gives back what it is given", (true, false)),
    own("kith/reach", "The personal services of somebody whom one meets", (false, true)),
    own("kith/relay", "What helps devices to connect directly", (true, true)),
    own("kith/time", "The server's time", (true, false)),
    own("kith/who", "Who of the circle is here", (true, false)),
];

const fn own(name: &'static str, about: &'static str, (in_circles, to_all): (bool, bool)) -> Own {
    Own { name, about, in_circles, to_all }
}

/// The most personal services that are told of one user.
const REACH_MAX: usize = 100;

/// With what `kith/reach` is called.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reach {
    /// Whose.
    user: UserId,
    /// How the names begin.
    #[serde(default)]
    begin: String,
}

/// The server's services in a circle, as they are told.
pub(super) fn cards(circle: CircleId) -> Vec<Card> {
    let card = |own: Own| {
        Some(Card {
            circle,
            name: ServiceName::parse(own.name).ok()?,
            policy: Policy::Any,
            providers: 1,
            about: Line::parse(own.about).ok(),
            hint: None,
        })
    };
    OWN.into_iter().filter(|own| own.in_circles).filter_map(card).collect()
}

impl Hub {
    /// Refuses whoever may not call a service of the server itself.
    ///
    /// # Errors
    /// What calling any service is refused with, `service.not_found` for what is not offered there, or
    /// a failure of the store.
    pub async fn may_call_own(
        &self,
        user: UserId,
        circle: Option<CircleId>,
        name: &ServiceName,
        args: &Json,
    ) -> Result<(), HubError> {
        bytes_of(args)?;
        self.look_committed(|draft| match circle {
            Some(circle) => rules::may_call(draft, user, circle, name, None).map(drop),
            None => access::enabled(draft, user),
        })
        .await?;
        let is_there = |own: &Own| if circle.is_some() { own.in_circles } else { own.to_all };
        match OWN.iter().any(|own| own.name == name.as_str() && is_there(own)) {
            true => Ok(()),
            false => Err(Refusal::NoSuchService.into()),
        }
    }

    /// Calls a service of the server itself, but for what only the program around knows.
    ///
    /// # Errors
    /// What calling any service is refused with, or a failure of the store.
    pub async fn call_own(
        &self,
        user: UserId,
        circle: Option<CircleId>,
        name: &ServiceName,
        args: Json,
    ) -> Result<Json, HubError> {
        self.may_call_own(user, circle, name, &args).await?;
        match (name.as_str(), circle) {
            ("kith/echo", _) => Ok(args),
            ("kith/reach", _) => {
                let Reach { user: other, begin } = serde_json::from_value(args)
                    .map_err(|_| Refusal::Malformed { field: "args" })?;
                match self.meeting(user, other).await {
                    Ok(_) => {}
                    Err(HubError::Refused(Refusal::NoSuchService)) => return Ok(json!([])),
                    Err(error) => return Err(error),
                }
                let inside = self.inner.services.inside();
                let names = inside.registry.reach(other, &begin).take(REACH_MAX);
                Ok(names.map(|name| json!({ "name": name })).collect())
            }
            ("kith/time", _) => Ok(json!({ "now": self.now() })),
            ("kith/who", Some(circle)) => {
                let present = self.present(user, circle).await?.into_iter();
                let told = present.map(|(user, status, since)| {
                    let status = match status {
                        Status::Online => "online",
                        Status::Idle => "idle",
                        Status::Away => "away",
                        Status::Offline => "offline",
                    };
                    json!({ "user": user, "status": status, "since": since })
                });
                Ok(told.collect())
            }
            _ => Err(Refusal::NoSuchService.into()),
        }
    }
}
