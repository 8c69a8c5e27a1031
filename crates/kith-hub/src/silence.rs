//! How long a client of a gateway has said nothing, and when that is too long.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use kith_core::id::{CircleId, UserId};

use crate::Hub;

/// How often it is looked what the circle says now.
const LOOK: Duration = Duration::from_secs(60);

/// After how long without a word a client is let go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// What the operator set for the gateway, in seconds; 0: nothing.
    pub seconds: u32,
    /// The circle whose `idle_seconds` counts then.
    pub circle: Option<CircleId>,
    /// What counts where that says nothing either, in seconds; 0: no client is let go.
    pub otherwise: u32,
}

/// Since when a client of a user has said nothing.
pub struct Silence {
    hub: Hub,
    user: UserId,
    since: AtomicU64,
}

impl Silence {
    /// A silence that begins now.
    #[must_use]
    pub fn begin(hub: Hub, user: UserId) -> Self {
        let since = AtomicU64::new(hub.now().0);
        Self { hub, user, since }
    }

    /// The client said something: it begins anew, and the user is not idle.
    pub fn broken(&self) {
        self.since.store(self.hub.now().0, Ordering::Relaxed);
        self.hub.acted(self.user);
    }

    /// Returns when it has lasted longer than `patience` allows. What the circle says counts from a
    /// minute after it was set.
    pub async fn outlasts(&self, patience: Patience) {
        if patience.seconds == 0 && patience.circle.is_none() && patience.otherwise == 0 {
            return std::future::pending().await;
        }
        loop {
            let limit_ms = u64::from(self.hub.seconds(patience).await) * 1000;
            let silent_ms = self.hub.now().0.saturating_sub(self.since.load(Ordering::Relaxed));
            if limit_ms > 0 && silent_ms > limit_ms {
                return;
            }
            let rest = Duration::from_millis(limit_ms.saturating_sub(silent_ms) + 1);
            let wait = match (limit_ms, patience.seconds) {
                (0, _) => LOOK,
                (_, 0) => rest.min(LOOK),
                _ => rest,
            };
            self.hub.pass(wait).await;
        }
    }
}

impl Hub {
    /// For how many seconds a client may say nothing now; 0: for as long as it likes.
    async fn seconds(&self, patience: Patience) -> u32 {
        if patience.seconds > 0 {
            return patience.seconds;
        }
        let Some(id) = patience.circle else { return patience.otherwise };
        // Where the circle cannot be read now, it is looked at again.
        let circle = self.look_committed(|draft| draft.circle(id)).await.ok().flatten();
        let said = circle.map_or(0, |circle| circle.idle_seconds);
        if said > 0 { said } else { patience.otherwise }
    }
}
