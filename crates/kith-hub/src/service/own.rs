//! What the server itself offers in every circle.

use kith_core::decide::service as rules;
use kith_core::id::{CircleId, UserId};
use kith_core::refusal::Refusal;
use kith_core::service::{Policy, bytes_of};
use kith_core::text::{Line, ServiceName};
use serde_json::{Value as Json, json};

use super::told::Card;
use crate::presence::Status;
use crate::{Hub, HubError};

/// The names, and what each does.
const OWN: [(&str, &str); 3] = [
    ("kith/echo", "Gives back what it is given"),
    ("kith/time", "The server's time"),
    ("kith/who", "Who of the circle is here"),
];

/// The server's services, as they are told.
pub(super) fn cards(circle: CircleId) -> Vec<Card> {
    let card = |(name, about): (&str, &str)| {
        Some(Card {
            circle,
            name: ServiceName::parse(name).ok()?,
            policy: Policy::Any,
            providers: 1,
            about: Line::parse(about).ok(),
            hint: None,
        })
    };
    OWN.into_iter().filter_map(card).collect()
}

impl Hub {
    /// Calls a service of the server itself.
    ///
    /// # Errors
    /// What calling any service is refused with, or a failure of the store.
    pub async fn call_own(
        &self,
        user: UserId,
        circle: CircleId,
        name: &ServiceName,
        args: Json,
    ) -> Result<Json, HubError> {
        bytes_of(&args)?;
        self.look_committed(|draft| rules::may_call(draft, user, circle, name, None).map(drop))
            .await?;
        match name.as_str() {
            "kith/echo" => Ok(args),
            "kith/time" => Ok(json!({ "now": self.now() })),
            "kith/who" => {
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
