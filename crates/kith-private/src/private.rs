//! All private sessions of one running client: a task that owns them, and the handle by which they are
//! asked for.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use kith_core::id::UserId;
use kith_core::text::MessageText;
use serde_json::{Value as Json, json};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Duration, Instant, sleep_until};

use crate::event::{Event, PrivateError, What};
use crate::handshake::{Between, Part, SessionId, commitment};
use crate::identity::Identity;
use crate::invitation::{Desk, DeskError, Effect, Event as Invitation, With, is_device};
use crate::link::{Setup, certificate};
use crate::peers::Peers;
use crate::relay::{Relay, can_relay};
use crate::session::{self, Answer, Begin, Heard, Order, Shared, Stop, random};
use crate::signal::{Address, Declined, End, Say, Signal, VERSION};
use crate::signals::{Incoming, Signals};

/// The most that waits for the task, for a session, and for whoever reads the events.
const WAITING_MAX: usize = 256;
/// The most calls to other devices at a time; those that are lost by it end by time.
const CALLS_MAX: usize = 256;

/// What private sessions are begun with.
#[derive(Clone, Debug)]
pub struct Options {
    /// Who we are.
    pub me: UserId,
    /// What the server is called in the file of known devices: its address.
    pub server: String,
    /// Where the key of this device and the known devices of others are kept.
    pub directory: PathBuf,
    /// The addresses to send from: all that there are, unless something else is said.
    pub bind: Vec<String>,
}

impl Options {
    /// The usual ones.
    #[must_use]
    pub fn new(me: UserId, server: &str, directory: &Path) -> Self {
        let bind = vec!["0.0.0.0:0".to_owned(), "[::]:0".to_owned()];
        Self { me, server: server.to_owned(), directory: directory.to_owned(), bind }
    }
}

/// Whether our addresses may be shown to the other side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// They may not: everything goes by the server's relay.
    Relayed,
    /// They may.
    Direct,
}

enum Command {
    Invite(UserId, Way, Answer<SessionId>),
    Accept(SessionId, Way, Answer<()>),
    End(SessionId, Answer<()>),
    Block(UserId),
    Order(SessionId, Order),
    Close(oneshot::Sender<()>),
}

/// The private sessions of one running client. Its copies are the same; when the last is dropped, all
/// sessions end.
#[derive(Clone, Debug)]
pub struct Private {
    commands: mpsc::Sender<Command>,
}

/// What happens. Whoever does not read it holds the sessions up.
#[derive(Debug)]
pub struct Events(mpsc::Receiver<Event>);

impl Events {
    /// The next; `None` when private sessions were ended. May be dropped without loss.
    pub async fn next(&mut self) -> Option<Event> {
        self.0.recv().await
    }
}

impl Private {
    /// Begins to hear invitations. The calls of other devices come by `incoming`.
    ///
    /// # Errors
    /// [`PrivateError::Identity`] when the files of keys cannot be used.
    pub fn start(
        signals: Arc<dyn Signals>,
        incoming: mpsc::Receiver<Incoming>,
        options: Options,
    ) -> Result<(Self, Events), PrivateError> {
        let Options { me, server, directory, bind } = options;
        let identity = Arc::new(Identity::load(&directory.join("device.key"))?);
        let peers = Arc::new(Mutex::new(Peers::load(&directory.join("peers.json"))?));
        let (events, reading) = mpsc::channel(WAITING_MAX);
        let (commands, commanded) = mpsc::channel(WAITING_MAX);
        let shared = Shared { signals, identity, peers, server: server.into(), events };
        let task = Task {
            me,
            shared,
            bind,
            desk: Desk::new(me),
            parts: BTreeMap::new(),
            running: BTreeMap::new(),
            work: JoinSet::new(),
            started: Instant::now(),
        };
        tokio::spawn(task.run(commanded, incoming));
        Ok((Self { commands }, Events(reading)))
    }

    async fn ask<T>(&self, command: impl FnOnce(Answer<T>) -> Command) -> Result<T, PrivateError> {
        let (answer, answered) = oneshot::channel();
        self.commands.send(command(answer)).await.map_err(|_| PrivateError::Closed)?;
        answered.await.map_err(|_| PrivateError::Closed)?
    }

    async fn order<T>(
        &self,
        id: SessionId,
        order: impl FnOnce(Answer<T>) -> Order,
    ) -> Result<T, PrivateError> {
        let unknown = PrivateError::Desk(DeskError::Unknown);
        let (answer, answered) = oneshot::channel();
        let command = Command::Order(id, order(answer));
        self.commands.send(command).await.map_err(|_| PrivateError::Closed)?;
        answered.await.map_err(|_| unknown)?
    }

    /// Invites a user. What becomes of it is told by events.
    ///
    /// # Errors
    /// [`PrivateError::Desk`], [`PrivateError::NoWay`], [`PrivateError::Link`],
    /// [`PrivateError::Closed`].
    pub async fn invite(&self, user: UserId, way: Way) -> Result<SessionId, PrivateError> {
        self.ask(|answer| Command::Invite(user, way, answer)).await
    }

    /// Accepts an invitation.
    ///
    /// # Errors
    /// As [`Self::invite`]; after [`PrivateError::NoWay`] the invitation still stands.
    pub async fn accept(&self, id: SessionId, way: Way) -> Result<(), PrivateError> {
        self.ask(|answer| Command::Accept(id, way, answer)).await
    }

    /// Refuses an invitation, takes one back, or ends a session.
    ///
    /// # Errors
    /// [`PrivateError::Desk`], [`PrivateError::Closed`].
    pub async fn end(&self, id: SessionId) -> Result<(), PrivateError> {
        self.ask(|answer| Command::End(id, answer)).await
    }

    /// Ends whatever there is with a user: we block them now.
    pub async fn block(&self, user: UserId) {
        // Where private sessions were ended, there is nothing.
        let _ = self.commands.send(Command::Block(user)).await;
    }

    /// Says something to the other side. While there is no connection it waits.
    ///
    /// # Errors
    /// [`PrivateError::Busy`] when too much waits, [`PrivateError::Desk`], [`PrivateError::Closed`].
    pub async fn message(&self, id: SessionId, text: MessageText) -> Result<(), PrivateError> {
        self.order(id, |answer| Order::Message(text, answer)).await
    }

    /// Tells the other side that we write.
    pub async fn typing(&self, id: SessionId) {
        let _ = self.commands.send(Command::Order(id, Order::Typing)).await;
    }

    /// Offers a file, and says its number.
    ///
    /// # Errors
    /// [`PrivateError::File`], [`PrivateError::TooLarge`], [`PrivateError::TooManyFiles`], and as
    /// [`Self::message`].
    pub async fn send_file(&self, id: SessionId, path: &Path) -> Result<u32, PrivateError> {
        self.order(id, |answer| Order::Send(path.to_owned(), answer)).await
    }

    /// Takes a file of the other side, and keeps it as `path`: there is nothing yet, and until the
    /// file is whole, there is `path.part`.
    ///
    /// # Errors
    /// [`PrivateError::NoFile`], [`PrivateError::File`], and as [`Self::message`].
    pub async fn take_file(
        &self,
        id: SessionId,
        file: u32,
        path: &Path,
    ) -> Result<(), PrivateError> {
        self.order(id, |answer| Order::Take(file, path.to_owned(), answer)).await
    }

    /// Takes a file of the other side no longer; where there is none of this number, takes one of ours
    /// back.
    ///
    /// # Errors
    /// [`PrivateError::NoFile`], and as [`Self::message`].
    pub async fn refuse_file(&self, id: SessionId, file: u32) -> Result<(), PrivateError> {
        self.order(id, |answer| Order::Refuse(file, answer)).await
    }

    /// Two people compared the words, and they were the same: the device is known as verified.
    ///
    /// # Errors
    /// [`PrivateError::Identity`], and as [`Self::message`].
    pub async fn verify(&self, id: SessionId) -> Result<(), PrivateError> {
        self.order(id, Order::Verify).await
    }

    /// Gives the connection up and makes another: the network is another one.
    pub async fn reconnect(&self, id: SessionId) {
        let _ = self.commands.send(Command::Order(id, Order::Reconnect)).await;
    }

    /// Ends all sessions, tells the other sides, and hears no more invitations.
    pub async fn close(&self) {
        let (answer, answered) = oneshot::channel();
        if self.commands.send(Command::Close(answer)).await.is_ok() {
            // It was closed either way.
            let _ = answered.await;
        }
    }
}

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

struct Task {
    me: UserId,
    shared: Shared,
    bind: Vec<String>,
    desk: Desk,
    parts: BTreeMap<SessionId, Mine>,
    running: BTreeMap<SessionId, Running>,
    work: JoinSet<Done>,
    started: Instant,
}

impl Task {
    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    async fn run(
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
                Some(done) = self.work.join_next() => {
                    // Work that was stopped came to nothing.
                    self.done(done.unwrap_or(Done::Nothing)).await;
                }
                () = sleep_until(tick.unwrap_or_else(far)), if tick.is_some() => {
                    let effects = self.desk.tick(self.now());
                    self.carry_out(effects).await;
                }
            }
        }
        self.leave(closed).await;
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
        self.work.spawn(async move { Done::Ended(id, session.await) });
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
