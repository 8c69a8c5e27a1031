//! The task that owns all private sessions of a running client: it carries out what the state machine of
//! invitations says, and hands on what other devices say.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use kith_core::id::UserId;
use serde_json::{Value as Json, json};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{self, JoinError, JoinSet};
use tokio::time::{Duration, Instant, sleep_until};

use super::{Command, WAITING_MAX, Way};
use crate::event::{Event, PrivateError, What};
use crate::handshake::{Between, Part, SessionId, commitment};
use crate::invitation::{Desk, Effect, Event as Invitation, With, is_device};
use crate::link::{Setup, certificate};
use crate::relay::{Relay, can_relay};
use crate::session::{self, Answer, Begin, Heard, Order, Shared, Stop, random};
use crate::signal::{Address, Declined, End, Say, Signal, VERSION};
use crate::signals::Incoming;

/// The most calls to other devices at a time; those that are lost by it end by time.
const CALLS_MAX: usize = 256;

/// What work beside the task came to.
enum Done {
    Reached(SessionId, Vec<Address>),
    Rang(SessionId, Address, Result<(), Option<Declined>>),
    Ended(SessionId, Stop),
    Ready(Ready),
    Nothing,
}

/// Where the server's relays are known, and what was waiting for it.
struct Ready {
    relays: Vec<Relay>,
    what: Asked,
    way: Way,
}

enum Asked {
    Invite(UserId, Answer<SessionId>),
    Accept(SessionId, Answer<()>),
}

/// Our part of a session that stands or may.
struct Mine {
    /// Whom we invite with it.
    invited: Option<UserId>,
    part: Part,
    setup: Setup,
}

struct Running {
    orders: mpsc::Sender<Order>,
    heard: mpsc::Sender<Heard>,
}

pub(super) struct Task {
    me: UserId,
    shared: Shared,
    bind: Vec<String>,
    desk: Desk,
    parts: BTreeMap<SessionId, Mine>,
    running: BTreeMap<SessionId, Running>,
    work: JoinSet<Done>,
    /// Which of the work is a session.
    sessions: HashMap<task::Id, SessionId>,
    started: Instant,
}

impl Task {
    pub(super) fn new(me: UserId, shared: Shared, bind: Vec<String>) -> Self {
        Self {
            me,
            shared,
            bind,
            desk: Desk::new(me),
            parts: BTreeMap::new(),
            running: BTreeMap::new(),
            work: JoinSet::new(),
            sessions: HashMap::new(),
            started: Instant::now(),
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    pub(super) async fn run(
        mut self,
        mut commands: mpsc::Receiver<Command>,
        mut incoming: mpsc::Receiver<Incoming>,
    ) {
        let mut closed = None;
        loop {
            let tick = self.desk.next_tick();
            let tick = tick.map(|at| self.started + Duration::from_millis(at));
            tokio::select! {
                command = commands.recv() => match command {
                    None => break,
                    Some(Command::Close(answer)) => {
                        closed = Some(answer);
                        break;
                    }
                    Some(command) => self.command(command).await,
                },
                Some(call) = incoming.recv() => self.heard(call).await,
                Some(done) = self.work.join_next_with_id() => {
                    let done = self.result(done);
                    self.done(done).await;
                }
                () = sleep_until(tick.unwrap_or_else(far)), if tick.is_some() => {
                    let effects = self.desk.tick(self.now());
                    self.carry_out(effects).await;
                }
            }
        }
        self.leave(closed).await;
    }

    /// What work came to. A session that broke off by a fault of ours is over for both sides.
    fn result(&mut self, done: Result<(task::Id, Done), JoinError>) -> Done {
        match done {
            Ok((task, done)) => {
                self.sessions.remove(&task);
                done
            }
            Err(error) => match self.sessions.remove(&error.id()) {
                Some(id) => {
                    tracing::error!(%error, "a private session broke off");
                    Done::Ended(id, Stop::End(End::Failed))
                }
                None => Done::Nothing,
            },
        }
    }

    /// Tells the others that it is over.
    async fn leave(mut self, closed: Option<oneshot::Sender<()>>) {
        for id in self.desk.all() {
            let effects = self.desk.closed(id, End::Ended);
            for effect in effects {
                match effect {
                    Effect::Send { to, id, say } => self.send(to, id, say),
                    Effect::Close { id } => self.close(id),
                    _ => {}
                }
            }
        }
        let words = async { while self.work.join_next().await.is_some() {} };
        // Who cannot be told finds out.
        let _ = tokio::time::timeout(Duration::from_secs(2), words).await;
        if let Some(closed) = closed {
            let _ = closed.send(());
        }
    }

    async fn command(&mut self, command: Command) {
        match command {
            Command::Invite(user, way, answer) => self.look(Asked::Invite(user, answer), way),
            Command::Accept(id, way, answer) => self.look(Asked::Accept(id, answer), way),
            Command::End(id, answer) => match self.desk.end(id) {
                Ok(effects) => {
                    let _ = answer.send(Ok(()));
                    self.carry_out(effects).await;
                }
                Err(error) => drop(answer.send(Err(error.into()))),
            },
            Command::Block(user) => {
                let effects = self.desk.block(user);
                self.carry_out(effects).await;
            }
            Command::Order(id, order) => {
                // Where there is no such session, the answer is dropped, which says so.
                if let Some(running) = self.running.get(&id) {
                    let _ = running.orders.try_send(order);
                }
            }
            Command::Close(_) => {}
        }
    }

    /// Asks the server for its relays before something is done.
    fn look(&mut self, what: Asked, way: Way) {
        let signals = Arc::clone(&self.shared.signals);
        self.work.spawn(async move {
            let relays = signals.relays().await;
            Done::Ready(Ready { relays, what, way })
        });
    }

    async fn done(&mut self, done: Done) {
        match done {
            Done::Reached(id, found) => {
                let effects = self.desk.reached(id, found);
                self.carry_out(effects).await;
            }
            Done::Rang(id, to, result) => {
                let effects = self.desk.rang(id, &to, result);
                self.carry_out(effects).await;
            }
            Done::Ended(id, stop) => {
                self.running.remove(&id);
                let why = match stop {
                    Stop::End(why) => why,
                    Stop::Quiet => End::Ended,
                };
                let effects = self.desk.closed(id, why);
                self.carry_out(effects).await;
            }
            Done::Ready(ready) => self.ready(ready).await,
            Done::Nothing => {}
        }
    }

    async fn ready(&mut self, Ready { relays, what, way }: Ready) {
        if way == Way::Relayed && !can_relay(&relays) {
            // Who no longer waits does not want to know.
            match what {
                Asked::Invite(_, answer) => drop(answer.send(Err(PrivateError::NoWay))),
                Asked::Accept(_, answer) => drop(answer.send(Err(PrivateError::NoWay))),
            }
            return;
        }
        match what {
            Asked::Invite(user, answer) => {
                let result = self.invite(user, relays, way);
                let (result, effects) = match result {
                    Ok((id, effects)) => (Ok(id), effects),
                    Err(error) => (Err(error), Vec::new()),
                };
                let _ = answer.send(result);
                self.carry_out(effects).await;
            }
            Asked::Accept(id, answer) => {
                let result = self.mine(relays, way).and_then(|mine| {
                    self.parts.insert(id, mine);
                    self.desk.accept(id).map_err(PrivateError::Desk)
                });
                let (result, effects) = match result {
                    Ok(effects) => (Ok(()), effects),
                    Err(error) => {
                        self.tidy();
                        (Err(error), Vec::new())
                    }
                };
                let _ = answer.send(result);
                self.carry_out(effects).await;
            }
        }
    }

    fn invite(
        &mut self,
        user: UserId,
        relays: Vec<Relay>,
        way: Way,
    ) -> Result<(SessionId, Vec<Effect>), PrivateError> {
        let id = random()?;
        let mine = Mine { invited: Some(user), ..self.mine(relays, way)? };
        let between = Between { id, inviting: self.me, invited: user };
        let commitment = commitment(&between, &mine.part);
        let effects = self.desk.invite(id, user, commitment, self.now())?;
        self.parts.insert(id, mine);
        Ok((id, effects))
    }

    /// Our part of a new session.
    fn mine(&self, relays: Vec<Relay>, way: Way) -> Result<Mine, PrivateError> {
        let (certificate, fingerprint) = certificate()?;
        let part = Part { key: self.shared.identity.key(), fingerprint, nonce: random()? };
        let (direct, bind) = (way == Way::Direct, self.bind.clone());
        Ok(Mine { invited: None, part, setup: Setup { certificate, relays, direct, bind } })
    }

    /// Forgets the parts of what is over.
    fn tidy(&mut self) {
        let desk = &self.desk;
        self.parts.retain(|id, _| desk.has(*id));
    }

    async fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Reach { id, user } => {
                    let signals = Arc::clone(&self.shared.signals);
                    self.work.spawn(async move { Done::Reached(id, signals.reach(user).await) });
                }
                Effect::Send { to, id, say } => self.send(to, id, say),
                Effect::Begin { id, peer, with } => self.begin(id, peer, with),
                Effect::Close { id } => self.close(id),
                Effect::Tell(told) => self.tell(told).await,
                // Its caller waits for the answer: see `heard`.
                Effect::Pass { .. } => {}
            }
        }
        self.tidy();
    }

    fn send(&mut self, to: Address, id: SessionId, say: Say) {
        if self.work.len() >= CALLS_MAX {
            return;
        }
        let shared = self.shared.clone();
        self.work.spawn(async move {
            let is_invitation = matches!(say, Say::Invite { .. });
            let result = shared.call(&to, id, say).await.map(drop);
            if is_invitation { Done::Rang(id, to, result) } else { Done::Nothing }
        });
    }

    fn begin(&mut self, id: SessionId, peer: Address, with: With) {
        let mine = match self.parts.remove(&id) {
            Some(mine) => Ok(mine),
            // An invitation that crossed ours is accepted by the way that ours had.
            None => self.crossed(peer.user),
        };
        let Ok(Mine { part, setup, .. }) = mine else {
            self.work.spawn(async move { Done::Ended(id, Stop::End(End::Failed)) });
            return;
        };
        let between = match with {
            With::Part(_) => Between { id, inviting: self.me, invited: peer.user },
            With::Commitment(_) => Between { id, inviting: peer.user, invited: self.me },
        };
        let (orders, ordered) = mpsc::channel(WAITING_MAX);
        let (heard, hearing) = mpsc::channel(WAITING_MAX);
        self.running.insert(id, Running { orders, heard });
        let begin = Begin { id, between, peer, with, part, setup };
        let session = session::run(self.shared.clone(), begin, ordered, hearing);
        let task = self.work.spawn(async move { Done::Ended(id, session.await) });
        self.sessions.insert(task.id(), id);
    }

    /// Our part of a session that somebody invited us into while we invited them.
    fn crossed(&mut self, user: UserId) -> Result<Mine, PrivateError> {
        let is_ours = |mine: &Mine| mine.invited == Some(user);
        let ours = self.parts.iter().find(|(id, mine)| !self.desk.has(**id) && is_ours(mine));
        let ours = ours.map(|(id, _)| *id).ok_or(PrivateError::Closed)?;
        let Mine { setup, .. } = self.parts.remove(&ours).ok_or(PrivateError::Closed)?;
        let way = if setup.direct { Way::Direct } else { Way::Relayed };
        self.mine(setup.relays, way)
    }

    fn close(&mut self, id: SessionId) {
        if let Some(running) = self.running.remove(&id) {
            // Where too much waits, dropping it ends the session all the same.
            let _ = running.orders.try_send(Order::Close);
        }
    }

    async fn tell(&mut self, told: Invitation) {
        let (id, what) = match told {
            Invitation::Invited { id, user } => (id, What::Invited { user }),
            Invitation::Ringing { id, devices } => (id, What::Ringing { devices }),
            Invitation::Accepted { id, user } => (id, What::Accepted { user }),
            Invitation::Ended { id, user, why } => (id, What::Ended { user, why }),
        };
        let _ = self.shared.events.send(Event { id, what }).await;
    }

    /// Another device calls.
    async fn heard(&mut self, Incoming { from, value, answer }: Incoming) {
        let read = serde_json::from_value::<Signal>(value).ok();
        let read = read.filter(|signal| signal.v == VERSION && is_device(&signal.from));
        let Some(Signal { id, from: name, say, .. }) = read else {
            let _ = answer.send(Err(Declined::Malformed));
            return;
        };
        let from = Address { name, ..from };
        let effects = match self.desk.heard(from, id, say, self.now()) {
            Ok(effects) => effects,
            Err(declined) => {
                let _ = answer.send(Err(declined));
                return;
            }
        };
        if let [Effect::Pass { id, say }] = &effects[..] {
            if let Some(running) = self.running.get(id) {
                // Whoever calls more than a session takes gets no answer.
                let _ = running.heard.try_send(Heard { say: say.clone(), answer });
            }
            return;
        }
        let _ = answer.send(Ok(nothing()));
        self.carry_out(effects).await;
    }
}

fn nothing() -> Json {
    json!({})
}

/// A time that does not come: where nothing is due, it is not waited for.
fn far() -> Instant {
    Instant::now() + Duration::from_secs(3600)
}
