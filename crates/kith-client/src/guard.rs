//! Guarding topics: a function that says what becomes of the transactions of others.

use kith_core::id::{CircleId, SessionId, TopicId, UserId};
use kith_core::text::{FailureCode, Line, ServiceName};
use kith_core::topic::guard::{Granted, Proposal, Verdict};
use kith_core::topic::{Asked, Change, Condition};
use kith_proto::service::Offer;
use serde_json::{Value as Json, json};

use crate::client::Client;
use crate::error::ClientError;
use crate::services::{Call, Offered};

/// What a guard says of a transaction.
#[derive(Clone, Debug, PartialEq)]
pub enum Judgement {
    /// It happens like this.
    Granted(Verdict),
    /// It does not happen.
    Refused {
        /// Why, for programs.
        code: FailureCode,
        /// Why, for people.
        message: Line,
        /// Which of the proposed changes it is about, counted from 0.
        change: Option<u32>,
    },
}

impl Judgement {
    /// It happens as it was proposed.
    #[must_use]
    pub fn pass() -> Self {
        Self::Granted(Verdict::default())
    }

    /// It does not happen.
    #[must_use]
    pub fn refuse(code: FailureCode, message: Line) -> Self {
        Self::Refused { code, message, change: None }
    }

    /// Has this happen as well, after all that does so far; `proposed` is what was proposed. A refusal
    /// stays one.
    #[must_use]
    pub fn and(mut self, proposed: &Proposal, topic: TopicId, change: Change) -> Self {
        if let Self::Granted(verdict) = &mut self {
            let all =
                || (0_u32..).zip(&proposed.changes).map(|(place, _)| Granted::Proposed(place));
            let changes = verdict.changes.get_or_insert_with(|| all().collect());
            changes.push(Granted::Effect(Asked { topic, change }));
        }
        self
    }

    /// Has it happen only where this holds, else the guard is asked again. A refusal stays one.
    #[must_use]
    pub fn when(mut self, condition: Condition) -> Self {
        if let Self::Granted(verdict) = &mut self {
            verdict.when.push(condition);
        }
        self
    }
}

/// A transaction that the server asks a guard about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asking {
    /// Who proposes it, as the server says, and under which session.
    pub proposer: (UserId, SessionId),
    /// What is proposed.
    pub proposal: Proposal,
}

/// Topics are guarded as long as this is kept. Dropping it withdraws the offer.
#[derive(Debug)]
pub struct Guarding {
    offered: Offered,
}

impl Client {
    /// Offers a guard for the topics of a circle whose rules name it, on this and every later
    /// connection. It counts where the user may `manage_feeds` in those topics. Resolves when it is
    /// offered; [`Guarding::run`] then answers.
    ///
    /// # Errors
    /// As [`Client::offer`].
    pub async fn guard(
        &self,
        circle: CircleId,
        name: ServiceName,
    ) -> Result<Guarding, ClientError> {
        Ok(Guarding { offered: self.offer(Offer::new(circle, name)).await? })
    }
}

impl Guarding {
    /// Judges one transaction after the other, until the client ends or may not guard any longer.
    /// Calls that are no question of the server's fail with `guard.not_asked`.
    ///
    /// # Errors
    /// As [`Offered::next`].
    pub async fn run(
        mut self,
        mut judge: impl AsyncFnMut(&Asking) -> Judgement,
    ) -> Result<(), ClientError> {
        loop {
            let call = self.offered.next().await?;
            let Some(asking) = asked(&call) else {
                refuse(call, "guard.not_asked", "only the server asks a guard").await;
                continue;
            };
            // Whoever proposed may have given up meanwhile, and then nobody waits for the answer.
            let _ = match judge(&asking).await {
                Judgement::Granted(verdict) => {
                    // A verdict is made of numbers, texts and maps with text keys.
                    call.finish(serde_json::to_value(verdict).unwrap_or_default()).await
                }
                Judgement::Refused { code, message, change } => {
                    let data = change.map_or(Json::Null, |change| json!({ "change": change }));
                    call.fail_with(code, message, data).await
                }
            };
        }
    }
}

/// What the server asks with a call, if it does.
fn asked(call: &Call) -> Option<Asking> {
    if !call.called().guard {
        return None;
    }
    let proposal = serde_json::from_value(call.args().clone()).ok()?;
    Some(Asking { proposer: call.caller(), proposal })
}

async fn refuse(call: Call, code: &str, message: &str) {
    if let (Ok(code), Ok(message)) = (FailureCode::parse(code), Line::parse(message)) {
        // The call may have ended.
        let _ = call.fail(code, message).await;
    }
}
