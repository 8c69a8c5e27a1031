//! Where a gateway is: a circle, and the first stream of it.

use std::sync::{Mutex, PoisonError};

use kith_core::command::Command;
use kith_core::id::{CircleId, StreamId, Timestamp, UserId};
use kith_core::refusal::Refusal;
use kith_hub::{Hub, HubError};

/// Circles that are looked at together.
const PAGE: usize = 100;

/// A circle, and the stream of it in which everybody is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) circle: CircleId,
    pub(crate) stream: StreamId,
}

/// The circle that the operator named.
pub(crate) struct Home {
    hub: Hub,
    named: String,
    found: Mutex<Option<CircleId>>,
}

impl Home {
    /// A circle by its id, or by its name if it is public: then the oldest of that name.
    pub(crate) fn new(hub: Hub, named: String) -> Self {
        Self { hub, named, found: Mutex::default() }
    }

    /// The circle: of those of a name the same one, until it is removed.
    ///
    /// # Errors
    /// `circle.not_found`.
    pub(crate) async fn circle(&self) -> Result<CircleId, HubError> {
        let found = *self.found.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = found
            && self.is_there(found).await?
        {
            return Ok(found);
        }
        let found = match self.named.parse::<CircleId>() {
            Ok(id) => self.is_there(id).await?.then_some(id),
            Err(_) => self.by_name().await?,
        };
        *self.found.lock().unwrap_or_else(PoisonError::into_inner) = found;
        found.ok_or_else(|| {
            let circle = &self.named;
            tracing::warn!(%circle, "the circle of a gateway is not there: was it removed?");
            Refusal::NoSuchCircle.into()
        })
    }

    async fn is_there(&self, circle: CircleId) -> Result<bool, HubError> {
        Ok(self.hub.look_committed(|draft| draft.circle(circle)).await?.is_some())
    }

    async fn by_name(&self) -> Result<Option<CircleId>, HubError> {
        // Nobody, so that nobody is banned: it is the same circle for all.
        let nobody = UserId::new(Timestamp(0), 0);
        let mut after = None;
        loop {
            let (circles, more) = self.hub.public_circles(nobody, after, PAGE).await?;
            if let Some(one) = circles.iter().find(|one| one.name.as_str() == self.named) {
                return Ok(Some(one.id));
            }
            after = circles.last().map(|last| last.id);
            if !more || after.is_none() {
                return Ok(None);
            }
        }
    }

    /// Whether anyone may come in.
    ///
    /// # Errors
    /// `circle.not_found`.
    pub(crate) async fn is_public(&self) -> Result<bool, HubError> {
        let id = self.circle().await?;
        let circle = self.hub.look_committed(|draft| draft.circle(id)).await?;
        circle.map(|circle| circle.public).ok_or_else(|| Refusal::NoSuchCircle.into())
    }

    /// Where a user is who is in the circle, or may join it.
    ///
    /// # Errors
    /// `circle.not_found`, `stream.not_found`.
    pub(crate) async fn enter(&self, user: UserId) -> Result<Place, HubError> {
        let circle = self.circle().await?;
        match self.hub.circle(user, circle).await {
            Ok(_) => {}
            Err(HubError::Refused(_)) => {
                self.hub.execute(user, None, &Command::Join { circle }).await?;
            }
            Err(error) => return Err(error),
        }
        let mut streams = self.hub.streams(user, circle).await?;
        streams.retain(|stream| !stream.archived);
        let first = streams.iter().min_by_key(|stream| stream.id);
        let Some(stream) = first.map(|stream| stream.id) else {
            tracing::warn!(%circle, %user, "the circle of a gateway has no stream that the user may read");
            return Err(Refusal::NoSuchStream.into());
        };
        Ok(Place { circle, stream })
    }
}
