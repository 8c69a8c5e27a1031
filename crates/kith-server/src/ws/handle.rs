//! Handles the requests of one connection, in the order they came.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use kith_core::command::Command;
use kith_core::id::FeedId;
use kith_core::text::OpId;
use kith_hub::guard::{Guarded, Submitted};
use kith_hub::service::Caller;
use kith_hub::{Answer, HubError, Subscriber, Want, presence};
use kith_proto::codec::Encoding;
use kith_proto::error::{Problem, close};
use kith_proto::frame::{Push, Reply, Request, Signal, Subscribe};
use kith_proto::query::Query;
use kith_ws::decode::Violation;
use tokio::io::AsyncRead;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::Farewell;
use super::pulse::Pulse;
use super::read::{Input, Reader};
use crate::app::{App, problem_of};
use crate::metrics::Metrics;
use crate::{bulk, queries, services, wire};

/// Feeds in one frame that subscribes.
pub(super) const SUBSCRIBE_MAX: u32 = 1000;
/// Writes of one connection that wait for the disk at a time; then it is not read from.
const IN_FLIGHT_MAX: usize = 64;
/// Writes of one connection that wait behind one of which a guard decides; then it is not read from.
const BEHIND_MAX: usize = 16;
/// Frames that could not be read before the connection is closed.
const MALFORMED_MAX: u32 = 10;
/// The largest answer: a text of 4 MiB in Base64, and what is beside it. To ask for it is not yet to
/// read too slowly.
const ANSWER_BYTES_MAX: usize = 6 * 1024 * 1024;
/// Messages in a snapshot when nothing else is asked, and at most.
const WINDOW: u32 = 50;
const WINDOW_MAX: u32 = 200;

type Doing<'a> = Pin<Box<dyn Future<Output = Rest> + Send + 'a>>;
type Deciding = Pin<Box<dyn Future<Output = (u64, Result<Answer, HubError>)> + Send>>;

/// What is left to do of a request that was handled.
enum Rest {
    /// Nothing: it is answered, or will be when it is durable.
    Nothing,
    /// It is for a guard to decide.
    Guarded(u64, Box<Guarded>),
    /// It writes, and may do so after those before it.
    Behind(Write),
}

/// How far a request came at once.
enum Begun<'a> {
    /// So far that this is left.
    Left(Rest),
    /// It waits for something.
    Waits(Doing<'a>),
}

impl Begun<'_> {
    /// It is answered, or will be when it is durable.
    const OVER: Self = Self::Left(Rest::Nothing);
}

/// A request that writes.
struct Write {
    id: u64,
    op: Option<OpId>,
    command: Command,
}

/// The requests of a connection that are not answered yet. None of it is there while there are none.
#[derive(Default)]
struct Work<'a> {
    /// The request that is being handled.
    doing: Option<Doing<'a>>,
    /// The one of which a guard decides.
    deciding: Option<Deciding>,
    /// Those that write and came after it, in order. Requests of other kinds go on.
    behind: VecDeque<Write>,
}

impl<'a> Work<'a> {
    /// Whether another request may begin, if those that wait for the disk leave room for it.
    fn has_room(&self) -> bool {
        self.doing.is_none() && self.behind.len() < BEHIND_MAX
    }

    /// Whether a request that writes has to wait for others.
    fn holds(&self) -> bool {
        self.deciding.is_some() || !self.behind.is_empty()
    }

    /// The next request that writes and has waited for its turn.
    fn next_behind(&mut self) -> Option<Write> {
        let may = self.doing.is_none() && self.deciding.is_none();
        may.then(|| self.behind.pop_front()).flatten()
    }

    /// Has a request that was begun go on.
    fn begin(&mut self, begun: Begun<'a>) {
        match begun {
            Begun::Left(rest) => self.left(rest),
            Begun::Waits(doing) => self.doing = Some(doing),
        }
    }

    /// Notes what is left to do of a request.
    fn left(&mut self, rest: Rest) {
        match rest {
            Rest::Nothing => {}
            Rest::Guarded(id, guarded) => {
                self.deciding = Some(Box::pin(async move { (id, guarded.decide().await) }));
            }
            Rest::Behind(write) => self.behind.push_back(write),
        }
    }

    /// Goes on with all of it: ready when there may be room again.
    fn poll(&mut self, session: &Requests<'_>, context: &mut Context<'_>) -> Poll<()> {
        if let Some(doing) = &mut self.doing
            && let Poll::Ready(rest) = doing.as_mut().poll(context)
        {
            self.doing = None;
            self.left(rest);
            return Poll::Ready(());
        }
        let Some(deciding) = &mut self.deciding else { return Poll::Pending };
        let (id, decided) = ready!(deciding.as_mut().poll(context));
        self.deciding = None;
        session.decided(id, decided);
        Poll::Ready(())
    }
}

/// The writes of a connection that wait for the disk.
#[derive(Default)]
struct Flight {
    count: AtomicUsize,
    landed: Notify,
}

impl Flight {
    fn is_full(&self) -> bool {
        self.count.load(Ordering::Acquire) >= IN_FLIGHT_MAX
    }

    fn begin(&self) {
        self.count.fetch_add(1, Ordering::AcqRel);
    }

    fn end(&self) {
        if self.count.fetch_sub(1, Ordering::AcqRel) == IN_FLIGHT_MAX {
            self.landed.notify_one();
        }
    }
}

/// Handles requests until the client leaves, or has to.
pub(super) async fn requests<R: AsyncRead + Unpin>(
    app: &Arc<App>,
    subscriber: &Arc<Subscriber>,
    reader: &mut Reader<R>,
    encoding: Encoding,
) -> Option<Farewell> {
    let session = Requests { app, subscriber, encoding, flight: Arc::default() };
    reader.allow(session.frame_bytes().max(bulk::UPDATE_BYTES_MAX));
    let mut work = Work::default();
    let mut malformed = 0;
    let mut pulse = Pulse::new(app.settings.heartbeat_ms);
    let mut timer = std::pin::pin!(tokio::time::sleep_until(pulse.due()));
    loop {
        if let Some(write) = work.next_behind() {
            work.begin(session.write(write));
        }
        let is_full = session.flight.is_full();
        let has_room = work.has_room() && !is_full;
        // What came with the one before it is there already: nothing is waited for in between.
        if has_room && let Some(came) = reader.came() {
            let taken = match came {
                Ok(Some(input)) => session.take(input, &mut work, &mut malformed),
                Ok(None) => return None,
                Err(farewell) => Err(farewell),
            };
            match taken.and_then(|()| session.is_read()) {
                Ok(()) => continue,
                Err(farewell) => return Some(farewell),
            }
        }
        // Nothing that came is held while this waits: every connection would have room for it.
        tokio::select! {
            () = std::future::poll_fn(|context| work.poll(&session, context)) => {}
            () = session.flight.landed.notified(), if is_full => {}
            more = reader.more(), if has_room => {
                if !more {
                    return None;
                }
            }
            () = timer.as_mut() => {
                // Whoever is not read from cannot be heard.
                if !has_room {
                    pulse.heard = Instant::now();
                }
                if !pulse.beat(subscriber) {
                    let problem = Problem::later("client.silent", "no sign of life", 0);
                    return Some(Farewell::new(close::TOO_SLOW, problem));
                }
                timer.as_mut().reset(pulse.due());
                continue;
            }
        }
        pulse.heard = Instant::now();
    }
}

/// The end of a connection whose client sent more than it may at once.
fn too_large() -> Farewell {
    let violation = Violation::TooLarge;
    Farewell::new(violation.close_code(), Problem::new("frame.invalid", violation.to_string()))
}

/// The number of a request that cannot be read further: whoever waits for its answer gets it.
#[derive(serde::Deserialize)]
struct Numbered {
    id: u64,
}

struct Requests<'a> {
    app: &'a Arc<App>,
    subscriber: &'a Arc<Subscriber>,
    encoding: Encoding,
    flight: Arc<Flight>,
}

impl Requests<'_> {
    /// The most bytes of a frame that is no update.
    fn frame_bytes(&self) -> usize {
        self.app.settings.frame_bytes as usize
    }

    /// Takes what came, and does of it what needs no waiting.
    fn take<'a>(
        &'a self,
        input: Input,
        work: &mut Work<'a>,
        malformed: &mut u32,
    ) -> Result<(), Farewell> {
        let (app, subscriber, encoding) = (self.app, self.subscriber, self.encoding);
        let payload = match input {
            Input::Ping(payload) => {
                subscriber.reply(kith_ws::encode::pong(&payload));
                return Ok(());
            }
            Input::Pong => return Ok(()),
            Input::Message { payload, encoding: sent } if sent == encoding => payload,
            Input::Message { .. } => bytes::Bytes::new(),
        };
        let large = payload.len() > self.frame_bytes();
        if large && !(encoding == Encoding::Json && bulk::is_readable(&payload)) {
            return Err(too_large());
        }
        match encoding.decode::<Request>(&payload) {
            Ok(request) if large && !request.is_update() => return Err(too_large()),
            Err(_) if large => return Err(too_large()),
            Ok(request) => {
                let behind = work.holds();
                work.begin(self.handle(request, behind));
            }
            Err(problem) => {
                app.metrics.refused(&problem.code);
                if let Ok(Numbered { id }) = encoding.decode(&payload) {
                    let limited = app.limiter.request(subscriber.user, app.hub.now());
                    self.reply(id, Err(limited.err().unwrap_or(problem)));
                    return Ok(());
                }
                *malformed += 1;
                if *malformed >= MALFORMED_MAX {
                    return Err(Farewell::new(close::ABUSE, problem));
                }
                subscriber.reply(wire::push(encoding, &Push::Error { id: None, problem }));
            }
        }
        Ok(())
    }

    /// Refuses whoever does not read: answers are bounded by requests, and requests stop while answers
    /// pile up.
    fn is_read(&self) -> Result<(), Farewell> {
        let unread = 4 * self.app.settings.queue_bytes as usize + ANSWER_BYTES_MAX;
        if self.subscriber.waiting_bytes() <= unread {
            return Ok(());
        }
        let problem = Problem::later("client.too_slow", "the connection does not read", 1000);
        Err(Farewell::new(close::TOO_SLOW, problem))
    }

    /// Handles one request as far as it comes without waiting. One that writes may have to go `behind`
    /// others.
    fn handle(&self, request: Request, behind: bool) -> Begun<'_> {
        Metrics::add(&self.app.metrics.ws_requests);
        let id = request.id;
        let parts = [
            request.command.is_some(),
            request.query.is_some(),
            request.subscribe.is_some(),
            request.unsubscribe.is_some(),
            request.signal.is_some(),
            request.service.is_some(),
        ];
        if parts.iter().filter(|part| **part).count() != 1 {
            let message =
                "a request has exactly one of do, get, subscribe, unsubscribe, signal and service";
            self.reply(id, Err(Problem::new("input.invalid", message)));
            return Begun::OVER;
        }
        let (user, now) = (self.subscriber.user, self.app.hub.now());
        // A subscription of many feeds is one request; its reads are bounded by the frame.
        let limited = match &request.service {
            Some(service) if services::is_answer(service) => self.app.limiter.answer(user, now),
            _ if matches!(request.signal, Some(Signal::Aware { .. })) => {
                self.app.limiter.aware(user, now)
            }
            _ => self.app.limiter.request(user, now),
        };
        if let Err(problem) = limited {
            self.app.metrics.refused(&problem.code);
            self.reply(id, Err(problem));
            return Begun::OVER;
        }
        let Some(command) = request.command else {
            return Begun::Waits(Box::pin(self.look(request)));
        };
        self.app.hub.acted(self.subscriber.user);
        let write = Write { id, op: request.op, command };
        if behind { Begun::Left(Rest::Behind(write)) } else { self.write(write) }
    }

    /// Handles a request that writes nothing.
    async fn look(&self, request: Request) -> Rest {
        let id = request.id;
        if let Some(query) = request.query {
            self.ask(id, query).await;
        } else if let Some(feeds) = request.subscribe {
            let result = self.subscribe(feeds).await;
            self.reply(id, result);
        } else if let Some(feeds) = request.unsubscribe {
            for feed in feeds {
                self.app.hub.unsubscribe(self.subscriber, feed);
            }
            self.reply(id, Ok(Reply::Noted));
        } else if let Some(signal) = request.signal {
            let result = self.signal(signal).await;
            self.reply(id, result);
        } else if let Some(service) = request.service {
            services::handle(self.app, self.subscriber, self.encoding, id, service).await;
        }
        Rest::Nothing
    }

    /// Handles a request that writes: at once, where all that it needs is at hand.
    fn write(&self, write: Write) -> Begun<'_> {
        let Subscriber { user, id, .. } = **self.subscriber;
        let Write { op, command, .. } = &write;
        match self.app.hub.submit_at_once(user, id, op.as_ref(), command) {
            Some(decided) => {
                self.decided(write.id, decided);
                Begun::OVER
            }
            None => Begun::Waits(Box::pin(self.submit(write))),
        }
    }

    fn reply(&self, id: u64, result: Result<Reply, Problem>) {
        self.subscriber.reply(wire::reply(self.encoding, id, result));
    }

    /// Decides a command now; its answer comes when it is durable.
    async fn submit(&self, Write { id, op, command }: Write) -> Rest {
        let subscriber = self.subscriber;
        let caller = || Caller::of(subscriber);
        let hub = &self.app.hub;
        match hub.propose(subscriber.user, subscriber.id, op, command, caller).await {
            Ok(Submitted::Decided(answer)) => self.decided(id, Ok(answer)),
            Ok(Submitted::Guarded(guarded)) => return Rest::Guarded(id, guarded),
            Err(error) => self.decided(id, Err(error)),
        }
        Rest::Nothing
    }

    /// Has what was decided answered when it is durable.
    fn decided(&self, id: u64, decided: Result<Answer, HubError>) {
        let answer = match decided {
            Ok(answer) => answer,
            Err(error) => return self.reply(id, Err(self.app.problem(&error))),
        };
        self.flight.begin();
        let (app, subscriber) = (Arc::clone(self.app), Arc::clone(self.subscriber));
        let (encoding, flight) = (self.encoding, Arc::clone(&self.flight));
        answer.tell(move |result| {
            let result = result.map(Reply::Done).map_err(|error| app.problem(&error));
            subscriber.reply(wire::reply(encoding, id, result));
            flight.end();
        });
    }

    async fn ask(&self, id: u64, query: Query) {
        let version = self.subscriber.access_version();
        let (user, session) = (self.subscriber.user, self.subscriber.session);
        let result = queries::answer(self.app, user, session, query).await.map(Reply::Got);
        let answer = wire::reply(self.encoding, id, result);
        let changed = Problem::later("access.changed", "your access changed: ask again", 0);
        let instead = wire::reply(self.encoding, id, Err(changed));
        self.subscriber.reply_guarded(answer, instead, version);
    }

    async fn subscribe(&self, feeds: Vec<Subscribe>) -> Result<Reply, Problem> {
        if feeds.len() > SUBSCRIBE_MAX as usize {
            let message = format!("at most {SUBSCRIBE_MAX} feeds in one frame");
            return Err(Problem::new("input.too_many", message));
        }
        for wanted in feeds {
            self.follow(wanted).await;
        }
        // What an answer has in it was on the disk, and perhaps not yet told in another feed.
        self.app.hub.settled().await.map_err(|error| self.app.problem(&error))?;
        Ok(Reply::Noted)
    }

    async fn follow(&self, wanted: Subscribe) {
        let hub = &self.app.hub;
        let feed: FeedId = wanted.feed;
        let place = wire::place(wanted.epoch, wanted.after);
        let want = Want {
            window: wanted.window.unwrap_or(WINDOW).clamp(1, WINDOW_MAX) as usize,
            events_only: wanted.events_only,
            merges: !wanted.events_only,
        };
        let encoding = self.encoding;
        let blocked = self.subscriber.blocked();
        let encode = |backlog: &kith_hub::Backlog| {
            wire::told(encoding, feed, hub.epoch(), backlog, &blocked)
        };
        if let Err(error) = hub.subscribe(self.subscriber, feed, &place, want, encode).await {
            self.app.metrics.refused(error.code());
            let told = wire::not_subscribed(feed, problem_of(&error));
            self.subscriber.reply(wire::push(encoding, &Push::Subscribed(told)));
        }
    }

    async fn signal(&self, signal: Signal) -> Result<Reply, Problem> {
        match signal {
            Signal::Typing { stream, thread } => {
                let (hub, user) = (&self.app.hub, self.subscriber.user);
                hub.acted(user);
                let typing = hub.typing(user, stream, thread).await;
                typing.map_err(|error| self.app.problem(&error))?;
            }
            Signal::Presence { status } => {
                let status = wire::said_status(status);
                if status == presence::Status::Online {
                    self.app.hub.acted(self.subscriber.user);
                }
                self.app.hub.set_status(self.subscriber, Some(status));
            }
            Signal::Aware { feed, state } => {
                let shown = self.app.hub.aware(self.subscriber, feed, state).await;
                shown.map_err(|error| self.app.problem(&error))?;
            }
        }
        Ok(Reply::Noted)
    }
}
