//! Transactions over guarded topics: the guard is asked, outside of everything that decides for others,
//! and what it says is decided like anything else.
//!
//! Nothing is held while a guard thinks, neither a lock nor a place in the queue: whoever asked waits,
//! and nobody else. What the guard saw may have changed when it answers; where it said what must hold
//! and that does not any more, it is asked again.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use kith_core::command::{self, Command, Outcome};
use kith_core::decide::guard::{self, Judged, Passed};
use kith_core::draft::Draft;
use kith_core::id::{CircleId, UserId};
use kith_core::refusal::Refusal;
use kith_core::text::{OpId, ServiceName};
use kith_core::topic::guard::refused;
use kith_core::topic::{Asked, Granted, Proposal, Verdict};
use tokio::time::Instant;

use crate::service::{CallError, Caller, Wanted};
use crate::texts::Edits;
use crate::{Answer, Hub, HubError, Subscriber};

/// How often guards are asked about one transaction.
pub const TURNS_MAX: usize = 5;

/// What became of a command that was submitted.
pub enum Submitted {
    /// It is decided; the answer comes when it is durable.
    Decided(Answer),
    /// A guard is to be asked first. What the same connection submits after it has to wait.
    Guarded(Box<Guarded>),
}

/// A transaction of which a guard decides.
pub struct Guarded {
    hub: Hub,
    caller: Caller,
    from: u64,
    op: Option<OpId>,
    command: Command,
    /// Which guard is to be asked.
    next: (CircleId, ServiceName),
}

impl Guarded {
    /// Asks the guard and decides. Dropped before its end, nothing is done.
    ///
    /// # Errors
    /// `topic.refused` with what the guard says, `guard.not_found`, `guard.busy`, `guard.late`,
    /// `guard.gone`, `guard.bad_answer`, `guard.overtaken`, and as [`Hub::submit`].
    pub async fn decide(self) -> Result<Answer, HubError> {
        let Self { hub, caller, from, op, command, mut next } = self;
        let mut asking = Asking::new(hub.clone(), caller.clone());
        loop {
            let decided = match asking.next(op.as_ref(), &command, &next).await? {
                Said::Own(passed) => {
                    hub.decide_passed(&caller, from, op.clone(), &command, &passed).await
                }
                Said::Judged(judged, passed) => {
                    hub.settle((&caller, from), op.clone(), &command, &judged, &passed).await
                }
            };
            match decided {
                Err(HubError::Refused(Refusal::Guarded { circle, guard })) => {
                    next = (circle, guard);
                }
                Err(HubError::Refused(Refusal::Overtaken)) => {}
                decided => return decided,
            }
        }
    }
}

/// What is known of a transaction before it is decided.
pub enum Said {
    /// These guards need not be asked: whoever proposed is their provider.
    Own(Passed),
    /// This is what the guard said, and who else passed it.
    Judged(Box<Judged>, Passed),
}

/// One transaction that guards are asked about, a bounded number of times and for a bounded time.
pub struct Asking {
    hub: Hub,
    caller: Caller,
    due: Instant,
    turns: usize,
    passed: Passed,
}

impl Asking {
    /// A transaction of `caller` that no guard was asked about yet.
    #[must_use]
    pub fn new(hub: Hub, caller: Caller) -> Self {
        let due = Instant::now() + Duration::from_millis(hub.inner.limits.guard_ms.into());
        Self { hub, caller, due, turns: 0, passed: Passed::new() }
    }

    /// Asks a guard about the transaction of `command`.
    ///
    /// # Errors
    /// As [`Guarded::decide`].
    pub async fn next(
        &mut self,
        op: Option<&OpId>,
        command: &Command,
        (circle, guard): &(CircleId, ServiceName),
    ) -> Result<Said, HubError> {
        self.turns += 1;
        if self.turns > TURNS_MAX {
            return Err(Refusal::Overtaken.into());
        }
        let (hub, me) = (&self.hub, self.caller.user);
        let providers = hub.providers(*circle, guard);
        let mut guards = BTreeSet::new();
        for user in providers.iter().map(|(user, _)| *user).collect::<BTreeSet<UserId>>() {
            match hub.look(|draft| guard::may_guard(draft, user, command, guard)).await {
                Ok(()) => {
                    guards.insert(user);
                }
                Err(HubError::Refused(_)) => {}
                Err(error) => return Err(error),
            }
        }
        if guards.contains(&me) && providers.contains(&(me, self.caller.session)) {
            self.passed.insert(guard.clone());
            return Ok(Said::Own(self.passed.clone()));
        }
        if guards.is_empty() {
            return Err(Refusal::NoGuard.into());
        }
        let propose = |draft: &Draft<'_>| guard::proposal(draft, me, op, command);
        let proposal = hub.look_committed(propose).await?;
        let left = self.due.saturating_duration_since(Instant::now()).as_millis();
        let judged = hub.ask(&self.caller, guard, &proposal, Arc::new(guards), left as u32).await?;
        Ok(Said::Judged(Box::new(judged), self.passed.clone()))
    }
}

impl Caller {
    /// Whoever has a connection.
    #[must_use]
    pub fn of(subscriber: &Subscriber) -> Self {
        let token_hash = subscriber.token_hash.clone();
        Self { user: subscriber.user, session: subscriber.session, token_hash }
    }
}

impl Hub {
    /// Decides what the user of a session asks, as [`submit`](Self::submit) does, or tells that a guard
    /// is to be asked in the name of `caller`.
    ///
    /// # Errors
    /// As [`submit`](Self::submit).
    pub async fn propose(
        &self,
        me: UserId,
        from: u64,
        op: Option<OpId>,
        command: Command,
        caller: impl FnOnce() -> Caller,
    ) -> Result<Submitted, HubError> {
        match self.submit(me, from, op.clone(), &command).await {
            Err(HubError::Refused(Refusal::Guarded { circle, guard })) => {
                let (hub, caller, next) = (self.clone(), caller(), (circle, guard));
                let guarded = Guarded { hub, caller, from, op, command, next };
                Ok(Submitted::Guarded(Box::new(guarded)))
            }
            submitted => submitted.map(Submitted::Decided),
        }
    }

    /// Does what the user of a session asks, whether a guard has to be asked or not.
    ///
    /// # Errors
    /// As [`execute`](Self::execute) and [`Guarded::decide`].
    pub async fn perform(
        &self,
        caller: &Caller,
        op: Option<OpId>,
        command: Command,
    ) -> Result<Outcome, HubError> {
        let proposed = self.propose(caller.user, 0, op, command, || caller.clone());
        let answer = match proposed.await? {
            Submitted::Decided(answer) => answer,
            Submitted::Guarded(guarded) => guarded.decide().await?,
        };
        answer.wait().await
    }

    /// Asks a guard, of whom these users may be one.
    async fn ask(
        &self,
        caller: &Caller,
        guard: &ServiceName,
        proposal: &Proposal,
        guards: Arc<BTreeSet<UserId>>,
        left_ms: u32,
    ) -> Result<Judged, HubError> {
        let count = proposal.changes.len();
        // A proposal is made of texts, numbers and maps with text keys: it always has a JSON.
        let args = serde_json::to_value(proposal).unwrap_or_default();
        let wanted = Wanted {
            circle: Some(proposal.circle),
            name: guard.clone(),
            args,
            key: None,
            provider: None,
            stream: None,
            deadline_ms: left_ms.max(1),
            credit: None,
            progress: false,
            guards: Some(guards),
        };
        match self.call_guard(caller, proposal.circle, wanted).await {
            Ok((value, provider)) => {
                let verdict = Verdict::read(value)?;
                Ok(Judged { guard: guard.clone(), provider, verdict })
            }
            Err(CallError::Failed(failure)) => Err(refused(*failure, count).into()),
            Err(
                CallError::Refused { refusal, .. } | CallError::Hub(HubError::Refused(refusal)),
            ) => Err(unasked(refusal).into()),
            Err(CallError::Hub(error)) => Err(error),
        }
    }

    /// Decides a transaction of one who guards its topics.
    async fn decide_passed(
        &self,
        caller: &Caller,
        from: u64,
        op: Option<OpId>,
        command: &Command,
        passed: &Passed,
    ) -> Result<Answer, HubError> {
        let me = caller.user;
        let edits = self.edits(me, command).await?;
        let decide = |draft: &mut Draft<'_>| {
            for guard in passed {
                guard::may_guard(draft, me, command, guard)?;
            }
            let worked_out = edits.as_ref().map(Edits::get).transpose()?;
            command::decide_passed(draft, me, worked_out.unwrap_or(command), passed)
        };
        self.once((me, from), op, || crate::said::Said::of(command), decide).await
    }

    /// Decides a transaction as its guard said.
    async fn settle(
        &self,
        (caller, from): (&Caller, u64),
        op: Option<OpId>,
        command: &Command,
        judged: &Judged,
        passed: &Passed,
    ) -> Result<Answer, HubError> {
        let me = caller.user;
        let edits = self.judged_edits(me, command, judged).await?;
        let decide = |draft: &mut Draft<'_>| {
            for guard in passed {
                guard::may_guard(draft, me, command, guard)?;
            }
            let passed = guard::clear(draft, me, command, judged, passed)?;
            match &edits {
                None => guard::settle(draft, me, command, judged, &passed),
                Some(edits) => {
                    let (command, judged) = edits.get()?;
                    guard::settle(draft, me, command, judged, &passed)
                }
            }
        };
        self.once((me, from), op, || crate::said::Said::of(command), decide).await
    }

    /// What a transaction and what its guard said come to, where there are changes of documents in them.
    async fn judged_edits(
        &self,
        me: UserId,
        command: &Command,
        judged: &Judged,
    ) -> Result<Option<Edits<'_, (Command, Judged)>>, HubError> {
        let Command::Change { changes, .. } = command else { return Ok(None) };
        let granted = judged.verdict.changes.clone().unwrap_or_else(|| {
            (0_u32..).zip(changes).map(|(place, _)| Granted::Proposed(place)).collect()
        });
        let asked: Vec<Asked> = granted
            .iter()
            .filter_map(|granted| match granted {
                Granted::Proposed(place) => changes.get(*place as usize).cloned(),
                Granted::Effect(asked) => Some(asked.clone()),
            })
            .collect();
        if asked.len() < granted.len() {
            // It is no good, as the rules say.
            return Ok(None);
        }
        let by = |place: usize| match granted.get(place) {
            Some(Granted::Effect(_)) => judged.provider,
            _ => me,
        };
        let edits = self.worked_out(&asked, by).await?;
        let put = |worked_out: Vec<Asked>| {
            let (mut command, mut judged, mut granted) = (command.clone(), judged.clone(), granted);
            if let Command::Change { changes, .. } = &mut command {
                for (granted, made) in granted.iter_mut().zip(worked_out) {
                    match granted {
                        Granted::Effect(asked) => *asked = made,
                        Granted::Proposed(place) => {
                            if let Some(asked) = changes.get_mut(*place as usize) {
                                *asked = made;
                            }
                        }
                    }
                }
            }
            judged.verdict.changes = Some(granted);
            (command, judged)
        };
        Ok(edits.map(|edits| edits.map(put)))
    }
}

/// Why a guard could not be asked, or did not answer. Nothing was done, whatever became of the call.
fn unasked(refusal: Refusal) -> Refusal {
    match refusal {
        Refusal::NoSuchService => Refusal::NoGuard,
        Refusal::ServiceBusy => Refusal::GuardBusy,
        Refusal::ServiceLate => Refusal::GuardLate,
        Refusal::ServiceGone => Refusal::GuardGone,
        refusal => refusal,
    }
}
