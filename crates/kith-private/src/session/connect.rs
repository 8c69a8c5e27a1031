//! The connections of a session: who invited offers one after another until one stands, and again when
//! it is lost.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value as Json;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use super::{STEP, Session, Shared, Stop};
use crate::handshake::{Agreement, Role, SessionId};
use crate::link::{Happened, Link, Setup};
use crate::signal::{Address, Declined, Description, End, SDP_BYTES_MAX, Say};

/// How long a connection may take to stand, once both ends are described.
const OPENING: Duration = Duration::from_secs(20);
/// How long is waited before the next attempt: the first time, and at most.
const PAUSE: Duration = Duration::from_millis(500);
const PAUSE_MAX: Duration = Duration::from_secs(10);

/// How long the server may take to say what relays it has.
const LOOKING: Duration = Duration::from_secs(3);

/// A connection that was made, or why not.
pub(super) type Made = Result<Link, Stop>;

/// What becomes of the present attempt.
pub(super) struct Making {
    role: Role,
    /// The last attempt.
    attempt: u32,
    /// The last attempt whose channels are open.
    opened: u32,
    task: Option<JoinHandle<Made>>,
    /// When something is done: the next attempt begins, or the present one took too long.
    due: Option<Instant>,
    /// When the session is given up.
    deadline: Option<Instant>,
    pause: Duration,
}

impl Making {
    pub(super) fn new(role: Role, deadline: Instant) -> Self {
        // Who was invited waits for an offer.
        let due = match role {
            Role::Inviting => Instant::now(),
            Role::Invited => Instant::now() + OPENING,
        };
        Self {
            role,
            attempt: 0,
            opened: 0,
            task: None,
            due: Some(due),
            deadline: Some(deadline),
            pause: PAUSE,
        }
    }

    /// The channels of an attempt are open.
    pub(super) fn opened(&mut self, attempt: u32) {
        self.opened = self.opened.max(attempt);
    }

    pub(super) fn is_open(&self, attempt: u32) -> bool {
        self.opened == attempt
    }

    /// Whether this attempt is the present one, and not at its end.
    pub(super) fn is_making(&self, attempt: u32) -> bool {
        self.task.is_some() && self.attempt == attempt
    }

    /// The connection stands.
    pub(super) fn stand(&mut self) {
        (self.due, self.deadline, self.pause) = (None, None, PAUSE);
    }

    /// There is none any more.
    pub(super) fn lost(&mut self, patience: Duration) {
        let now = Instant::now();
        self.deadline.get_or_insert(now + patience);
        if self.task.is_none() {
            self.due = Some(now + self.pause);
            self.pause = (self.pause * 2).min(PAUSE_MAX);
        }
    }

    /// The other side wants another one.
    pub(super) fn again(&mut self) {
        // One that is made already will do.
        if self.task.is_none() && self.due.is_none() {
            self.lost(super::LOST);
        }
    }

    pub(super) fn stop(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }

    /// When something is to be done.
    pub(super) fn next(&self) -> Option<Instant> {
        self.due.into_iter().chain(self.deadline).min()
    }

    /// What became of the attempt, which may be waited for again and again.
    pub(super) async fn made(&mut self) -> Made {
        match &mut self.task {
            None => std::future::pending().await,
            Some(task) => {
                let made = task.await;
                self.task = None;
                made.unwrap_or(Err(Stop::End(End::Lost)))
            }
        }
    }
}

/// What an attempt is made with.
struct Attempt {
    number: u32,
    shared: Shared,
    id: SessionId,
    peer: Address,
    agreement: Arc<Agreement>,
    setup: Arc<Setup>,
    happened: mpsc::Sender<Happened>,
}

impl Attempt {
    fn describe(&self, sdp: String) -> Description {
        let proof = self.agreement.sign(&self.shared.identity, self.number, &sdp);
        Description { attempt: self.number, sdp, proof }
    }

    fn check(&self, description: &Description) -> Result<(), Stop> {
        let Description { attempt, sdp, proof } = description;
        if *attempt != self.number || sdp.len() > SDP_BYTES_MAX {
            return Err(Stop::End(End::Failed));
        }
        Ok(self.agreement.check(*attempt, sdp, proof)?)
    }

    /// Asks for the server's relays once more: what signs in to them lasts for a while. Where the server
    /// is not there, those that are known have to do.
    async fn look(&mut self) {
        if self.number == 1 {
            return;
        }
        let relays = timeout(LOOKING, self.shared.signals.relays()).await.unwrap_or_default();
        if !relays.is_empty() {
            self.setup = Arc::new(Setup { relays, ..Setup::clone(&self.setup) });
        }
    }

    async fn offer(mut self) -> Made {
        self.look().await;
        let (link, sdp) = Link::offer(&self.setup, self.number, self.happened.clone()).await?;
        let say = Say::Offer(self.describe(sdp));
        let answered = timeout(STEP, self.shared.call(&self.peer, self.id, say)).await;
        let value = match answered {
            Ok(Ok(value)) => value,
            // It may come back.
            Err(_) | Ok(Err(None)) => return Err(Stop::End(End::Lost)),
            Ok(Err(Some(why))) => return Err(Stop::End(why.end())),
        };
        let answer: Description =
            serde_json::from_value(value).map_err(|_| Stop::End(End::Failed))?;
        self.check(&answer)?;
        link.complete(&answer.sdp).await?;
        Ok(link)
    }

    async fn answer(
        mut self,
        offer: Description,
        answer: oneshot::Sender<Result<Json, Declined>>,
    ) -> Made {
        self.look().await;
        let made = Link::answer(&self.setup, self.number, &offer.sdp, self.happened.clone()).await;
        // Whoever gets no answer offers again.
        let (link, sdp) = made?;
        let described = serde_json::to_value(self.describe(sdp));
        if answer.send(described.map_err(|_| Declined::Failed)).is_err() {
            return Err(Stop::End(End::Lost));
        }
        Ok(link)
    }
}

impl Session {
    fn attempt(&self, number: u32) -> Attempt {
        Attempt {
            number,
            shared: self.shared.clone(),
            id: self.id,
            peer: self.peer.clone(),
            agreement: Arc::clone(&self.agreement),
            setup: Arc::clone(&self.setup),
            happened: self.happened.clone(),
        }
    }

    /// Something is due.
    pub(super) fn time(&mut self) -> Result<(), Stop> {
        let now = Instant::now();
        if self.making.deadline.is_some_and(|deadline| deadline <= now) {
            // Where none ever stood, waiting longer finds no way either.
            let why = if self.making.opened == 0 { End::NoWay } else { End::Lost };
            return Err(Stop::End(why));
        }
        if self.making.due.is_none_or(|due| due > now) {
            return Ok(());
        }
        // What is there took too long.
        self.making.stop();
        if let Some(link) = self.link.take() {
            link.close();
        }
        self.is_open = false;
        match self.making.role {
            Role::Inviting => {
                self.making.attempt += 1;
                self.early.clear();
                let attempt = self.attempt(self.making.attempt);
                self.making.task = Some(tokio::spawn(attempt.offer()));
                // Gathering, asking and opening each have their own limit.
                self.making.due = Some(now + STEP + OPENING);
            }
            Role::Invited => {
                let (shared, peer, id) = (self.shared.clone(), self.peer.clone(), self.id);
                let asked = async move {
                    let asked = timeout(STEP, shared.call(&peer, id, Say::Again {})).await;
                    match asked {
                        Ok(Err(Some(why))) => Err(Stop::End(why.end())),
                        // The offer is what is waited for.
                        _ => Err(Stop::End(End::Lost)),
                    }
                };
                self.making.task = Some(tokio::spawn(asked));
                self.making.due = Some(now + OPENING);
            }
        }
        Ok(())
    }

    /// The other device offers a connection.
    pub(super) fn answer(
        &mut self,
        offer: Description,
        answer: oneshot::Sender<Result<Json, Declined>>,
    ) -> Result<(), Stop> {
        if offer.attempt <= self.making.attempt {
            let _ = answer.send(Err(Declined::Unknown));
            return Ok(());
        }
        let attempt = self.attempt(offer.attempt);
        if let Err(stop) = attempt.check(&offer) {
            let _ = answer.send(Err(Declined::Failed));
            return Err(stop);
        }
        self.making.stop();
        self.early.clear();
        self.making.attempt = offer.attempt;
        self.making.task = Some(tokio::spawn(attempt.answer(offer, answer)));
        self.making.due = Some(Instant::now() + STEP + OPENING);
        Ok(())
    }

    /// An attempt came to its end.
    pub(super) async fn made(&mut self, made: Made) -> Result<(), Stop> {
        match made {
            Ok(link) => {
                // The one before is over for the other side as well.
                if self.link.is_some() {
                    self.lose().await;
                }
                self.link = Some(link);
                self.making.due = Some(Instant::now() + OPENING);
                self.open().await?;
                for happened in std::mem::take(&mut self.early) {
                    self.happened(happened).await?;
                }
                Ok(())
            }
            // Another attempt may do, until the session is given up.
            Err(Stop::End(End::Lost | End::Unreachable)) => {
                // Who asked for an offer waits for it.
                let is_asking = self.making.role == Role::Invited && self.making.due.is_some();
                if !is_asking {
                    self.making.lost(super::LOST);
                }
                Ok(())
            }
            Err(stop) => Err(stop),
        }
    }
}
