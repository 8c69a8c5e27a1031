//! Services that the server asks as guards of topics.

use std::collections::BTreeSet;

use kith_core::id::{CircleId, SessionId, UserId};
use kith_core::refusal::Refusal;
use kith_core::service;
use kith_core::text::ServiceName;
use serde_json::Value as Json;
use tokio::sync::oneshot;

use super::registry::{Right, Who};
use super::seat::Outlet;
use super::told::{CallError, Wanted};
use super::{Caller, Leaving};
use crate::{Hub, HubError};

impl Hub {
    /// Asks a service of a circle as a guard, in the name of `caller`, who needs no right to call it.
    /// Gives its answer, and the user whose provider gave it. When this is dropped, the call is
    /// cancelled.
    pub(crate) async fn call_guard(
        &self,
        caller: &Caller,
        circle: CircleId,
        wanted: Wanted,
    ) -> Result<(Json, UserId), CallError> {
        let party = self.inner.presence.next_id();
        let who = Who { party, user: caller.user, session: caller.session };
        let _leaving = Leaving { inner: &self.inner, party };
        let (answer, answered) = oneshot::channel();
        let outlet = Outlet::Once(Some(answer));
        let bytes = service::weight_of(&wanted.args).map_err(HubError::Refused)?;
        let right = Right::Circle(circle);
        self.admitted(
            who,
            &caller.token_hash,
            outlet,
            |_| Ok(()),
            |inside, now_ms| inside.registry.call(who, 0, wanted, right, bytes, now_ms),
        )
        .await?;
        let refused = |refusal| Err(CallError::Refused { refusal, unknown: false });
        match answered.await {
            Ok((Ok(value), Some(provider))) => Ok((value, provider)),
            Ok((Ok(_), None)) => refused(Refusal::ServiceGone),
            Ok((Err(error), _)) => Err(error),
            Err(_) => refused(Refusal::AccessChanged),
        }
    }

    /// Whose a service is, with the sessions.
    pub(crate) fn providers(
        &self,
        circle: CircleId,
        name: &ServiceName,
    ) -> BTreeSet<(UserId, SessionId)> {
        self.inner.services.inside().registry.providers(circle, name).collect()
    }
}
