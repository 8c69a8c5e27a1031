//! The task of a client: carries bytes between the session and its sockets, one after another.

use std::collections::{HashMap, VecDeque};
use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use kith_core::aware::AwareState;
use kith_core::id::FeedId;
use kith_proto::error::Problem;
use kith_proto::frame::{Reply, Subscribe, Welcome};
use kith_proto::service::{Offer, Service};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

use crate::address::Address;
use crate::aware::Sight;
use crate::desk::{Desk, Invoke, Taken};
use crate::error::ClientError;
use crate::session::{Ask, Output, Session};
use crate::shelf::Shelf;
use crate::transport::{Incoming, Transport, TransportError};
use crate::update::Update;
use kith_proto::codec::Encoding;

/// Messages that may wait for the socket before no more calls are taken.
const OUTBOX_MAX: usize = 64;

/// What a client's handles ask of its task.
pub(crate) enum Call {
    Ask(Ask, oneshot::Sender<Result<Reply, ClientError>>),
    Subscribe(Vec<Subscribe>),
    Unsubscribe(FeedId),
    Show(FeedId, Option<AwareState>),
    Offer(Offer, Taken, oneshot::Sender<Result<Reply, ClientError>>),
    Invoke(Box<Invoke>),
    Close(oneshot::Sender<()>),
}

type Opening = Pin<Box<dyn Future<Output = Result<Transport, TransportError>> + Send>>;

enum Link {
    Up(Box<Transport>),
    Opening(Opening),
    Down { until: Instant },
    Gone,
}

pub(crate) struct Driver {
    pub(crate) session: Session,
    pub(crate) address: Address,
    pub(crate) encoding: Encoding,
    pub(crate) calls: mpsc::Receiver<Call>,
    pub(crate) updates: mpsc::Sender<Update>,
    /// Told once, when the first connection stands or fails.
    pub(crate) ready: Option<oneshot::Sender<Result<Welcome, ClientError>>>,
    /// Why the client stopped for good, for those who ask later.
    pub(crate) stopped: Arc<OnceLock<Problem>>,
    pub(crate) shelf: Arc<Shelf>,
    pub(crate) sight: Arc<Sight>,
    /// Updates that are not about topics of the shelf, for the application.
    pub(crate) undelivered: VecDeque<Update>,
    pub(crate) waiting: HashMap<u64, oneshot::Sender<Result<Reply, ClientError>>>,
    pub(crate) desk: Desk,
    pub(crate) started: Instant,
}

#[expect(clippy::large_enum_variant, reason = "one at a time is made, and taken apart at once")]
enum Next {
    Delivered,
    Undeliverable,
    Call(Option<Call>),
    Came(Incoming),
    Opened(Result<Transport, TransportError>),
    Reopen,
    Tick,
    Topics,
    NobodyLeft,
}

/// Ends what handles wait for, however the task ends.
struct Ending(Arc<Shelf>, Arc<Sight>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.end();
        self.1.end();
    }
}

impl Driver {
    pub(crate) async fn run(mut self) {
        let _ending = Ending(Arc::clone(&self.shelf), Arc::clone(&self.sight));
        let mut link = Link::Opening(self.open());
        let mut calls_open = true;
        let mut was_reading = true;
        loop {
            link = self.carry_out(link);
            let reading = self.undelivered.is_empty();
            if matches!(link, Link::Gone) && reading {
                return;
            }
            if reading && !was_reading {
                self.session.alive(self.now_ms());
            }
            was_reading = reading;
            match self.next(&mut link, calls_open, reading).await {
                Next::Delivered => {}
                Next::Undeliverable => self.undelivered.clear(),
                Next::Call(Some(Call::Close(done))) => {
                    if let Link::Up(transport) = link {
                        transport.close().await;
                    }
                    // Whoever asked may have gone; the client is closed all the same.
                    let _ = done.send(());
                    return;
                }
                Next::Call(Some(call)) => self.take(call),
                Next::Call(None) => calls_open = false,
                Next::Came(Incoming::Message(bytes)) => {
                    let now_ms = self.now_ms();
                    self.session.received(&bytes, now_ms);
                    self.tell_ready();
                }
                Next::Came(Incoming::Alive) => self.session.alive(self.now_ms()),
                Next::Came(Incoming::Closed { code, why }) => link = self.lost(code, &why, None),
                Next::Opened(Ok(transport)) => {
                    link = Link::Up(Box::new(transport));
                    self.session.opened(self.now_ms());
                }
                Next::Opened(Err(error)) => {
                    link = self.lost(None, &error.to_string(), Some(&error));
                }
                Next::Reopen => link = Link::Opening(self.open()),
                Next::Tick => {
                    let now_ms = self.now_ms();
                    self.session.tick(reading, now_ms);
                }
                // Carried out with the rest.
                Next::Topics => {}
                Next::NobodyLeft => return,
            }
        }
    }

    async fn next(&mut self, link: &mut Link, calls_open: bool, reading: bool) -> Next {
        let now = self.started;
        let deadline = self.session.deadline(reading).map(|at| now + Duration::from_millis(at));
        let room = self.session.has_room()
            && !matches!(link, Link::Up(transport) if transport.waiting() >= OUTBOX_MAX);
        let alone = !calls_open;
        tokio::select! {
            permit = self.updates.reserve(), if !reading => match permit {
                Ok(permit) => {
                    if let Some(update) = self.undelivered.pop_front() {
                        permit.send(update);
                    }
                    Next::Delivered
                }
                Err(_) => Next::Undeliverable,
            },
            call = self.calls.recv(), if calls_open && room => Next::Call(call),
            next = link.next(reading) => next,
            () = self.shelf.work.notified() => Next::Topics,
            () = sleep_until(deadline.unwrap_or(now)), if deadline.is_some() => Next::Tick,
            () = self.updates.closed(), if alone => Next::NobodyLeft,
        }
    }

    /// Does what the session wants done.
    fn carry_out(&mut self, mut link: Link) -> Link {
        loop {
            while let Some(update) = self.session.poll_update() {
                self.sight.update(&update);
                self.undelivered.extend(self.shelf.update(update));
            }
            let now_ms = self.now_ms();
            self.shelf.carry(&mut self.session, now_ms);
            let Some(output) = self.session.poll() else { return link };
            match output {
                Output::Send(bytes) => {
                    if let Link::Up(transport) = &mut link {
                        transport.push(bytes);
                    }
                }
                Output::Settled(id, result) => {
                    self.desk.settled(id);
                    let Some(result) = self.shelf.settled(id, result) else { continue };
                    if let Some(asker) = self.waiting.remove(&id) {
                        // Who no longer waits does not want to know.
                        let _ = asker.send(result);
                    }
                }
                Output::Called(connection, called) => {
                    if let Some(call) = self.desk.called(connection, *called) {
                        self.session.ask(call, self.now_ms());
                    }
                }
                Output::Told(told) => {
                    if let Some(call) = self.desk.told(told) {
                        self.session.ask(call, self.now_ms());
                    }
                }
                Output::Withdrawn(place, error) => self.desk.withdrawn(&place, error),
                Output::HangUp(why) => link = self.lost(None, why, None),
            }
        }
    }

    fn take(&mut self, call: Call) {
        let now_ms = self.now_ms();
        match call {
            Call::Ask(ask, asker) => {
                let id = self.session.ask(ask, now_ms);
                self.waiting.insert(id, asker);
            }
            Call::Subscribe(wishes) => self.session.subscribe_all(wishes, now_ms),
            Call::Unsubscribe(feed) => {
                self.session.unsubscribe(feed, now_ms);
                self.sight.clear(feed);
            }
            Call::Show(feed, state) => self.session.show(feed, state, now_ms),
            Call::Offer(offer, taken, asker) => {
                self.desk.offered((offer.circle, offer.name.clone()), taken);
                let id = self.session.ask(Ask::Offer(offer), now_ms);
                self.waiting.insert(id, asker);
            }
            Call::Invoke(invoke) => {
                let Invoke { call, parts, number, asker } = *invoke;
                let id = self.session.ask(Ask::Call(Box::new(call)), now_ms);
                self.waiting.insert(id, asker);
                self.desk.invoked(id, parts);
                if number.send(id).is_err() {
                    // Who asked has gone before knowing what to cancel.
                    let cancel = Ask::Service(None, Service::Cancel { call: id });
                    self.session.ask(cancel, now_ms);
                }
            }
            Call::Close(_) => {}
        }
    }

    fn lost(&mut self, code: Option<u16>, why: &str, error: Option<&TransportError>) -> Link {
        // Without randomness the clock still keeps clients from moving in step.
        let random = getrandom::u64().unwrap_or(u64::from(self.started.elapsed().subsec_nanos()));
        let now_ms = self.now_ms();
        self.desk.lost();
        let pause = self.session.lost(code, why, random, now_ms);
        if let Some(problem) = self.session.stopped() {
            let _ = self.stopped.set(problem.clone());
        }
        if let Some(ready) = self.ready.take() {
            let error = match (self.session.stopped(), error) {
                (Some(problem), _) => ClientError::Stopped(problem.clone()),
                (None, Some(error)) => ClientError::Unreachable(error.clone()),
                (None, None) => ClientError::Unreachable(TransportError::new(&self.address, why)),
            };
            // Nobody waits for a client that they gave up making.
            let _ = ready.send(Err(error));
            self.undelivered.clear();
            while self.session.poll_update().is_some() {}
            return Link::Gone;
        }
        match pause {
            Some(pause) => Link::Down { until: Instant::now() + pause },
            None => Link::Gone,
        }
    }

    fn tell_ready(&mut self) {
        if let Some(welcome) = self.session.welcome()
            && let Some(ready) = self.ready.take()
        {
            self.shelf.begin(welcome.user.id);
            // Nobody waits for a client that they gave up making.
            let _ = ready.send(Ok(welcome.clone()));
        }
    }

    fn open(&self) -> Opening {
        let (address, encoding) = (self.address.clone(), self.encoding);
        Box::pin(async move { Transport::open(&address, encoding).await })
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

impl Link {
    /// What happens next to the connection. May be dropped at any time without loss.
    async fn next(&mut self, reading: bool) -> Next {
        match self {
            Self::Up(transport) => Next::Came(transport.next(reading).await),
            Self::Opening(opening) => Next::Opened(opening.await),
            Self::Down { until } => {
                sleep_until(*until).await;
                Next::Reopen
            }
            Self::Gone => pending().await,
        }
    }
}
