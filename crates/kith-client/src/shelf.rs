//! What the handles of a client and its task share about topics: the handles change and look, the
//! task carries.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kith_core::event::Event;
use kith_core::id::{FeedId, TopicId, UserId};
use kith_core::text::OpId;
use kith_core::topic::Asked;
use kith_proto::error::Problem;
use kith_proto::frame::Reply;
use tokio::sync::{Notify, broadcast, oneshot, watch};

use crate::error::ClientError;
use crate::session::{Ask, Session};
use crate::topics::{Along, Told, Topics};
use crate::transaction::Outcome;
use crate::update::Update;

/// What happened in an `event` topic that a watcher may be behind.
const EMITTED_MAX: usize = 256;

/// The topics of a client.
#[derive(Debug, Default)]
pub(crate) struct Shelf {
    inside: Mutex<Inside>,
    /// There is something for the task to do.
    pub(crate) work: Notify,
}

#[derive(Debug, Default)]
struct Inside {
    /// `None` before it is known who the user is, and after the end.
    topics: Option<Topics>,
    followed: HashMap<TopicId, Followed>,
    /// Those that no handle is of any more.
    left: BTreeSet<TopicId>,
    /// Those that the server is to be asked for.
    wished: Vec<TopicId>,
    outcomes: HashMap<OpId, Vec<oneshot::Sender<Outcome>>>,
    /// Transactions as requests.
    asked: HashMap<u64, OpId>,
}

/// A topic that handles are of.
#[derive(Debug)]
struct Followed {
    handles: usize,
    waiting: Vec<oneshot::Sender<Result<(), ClientError>>>,
    /// `None` when it is followed no longer.
    tellers: Option<Tellers>,
    closed: Option<Problem>,
}

#[derive(Debug)]
struct Tellers {
    /// Counts the values that were shown.
    version: watch::Sender<u64>,
    emitted: broadcast::Sender<Arc<Event>>,
}

/// Where a watcher is told.
pub(crate) struct Ears {
    pub(crate) version: watch::Receiver<u64>,
    pub(crate) emitted: broadcast::Receiver<Arc<Event>>,
}

impl Tellers {
    fn new() -> Self {
        Self { version: watch::Sender::new(0), emitted: broadcast::Sender::new(EMITTED_MAX) }
    }
}

impl Shelf {
    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It is known who the user is.
    pub(crate) fn begin(&self, me: UserId) {
        self.inside().topics.get_or_insert_with(|| Topics::new(me));
    }

    /// Nothing is carried any longer: whoever waits is told so.
    pub(crate) fn end(&self) {
        *self.inside() = Inside::default();
    }

    /// Counts a handle of a topic in; tells when it may be looked at. [`Self::leave`] has to follow.
    pub(crate) fn join(
        &self,
        topic: TopicId,
    ) -> Result<oneshot::Receiver<Result<(), ClientError>>, ClientError> {
        let (ready, waits) = oneshot::channel();
        let mut inside = self.inside();
        let Inside { topics, followed, left, wished, .. } = &mut *inside;
        let topics = topics.as_mut().ok_or(ClientError::Closed)?;
        if !topics.follows(topic) {
            topics.follow(topic).map_err(|refusal| ClientError::Refused((&refusal).into()))?;
            wished.push(topic);
        }
        let one = followed.entry(topic).or_insert_with(|| Followed {
            handles: 0,
            waiting: Vec::new(),
            tellers: None,
            closed: None,
        });
        one.handles += 1;
        one.closed = None;
        one.tellers.get_or_insert_with(Tellers::new);
        left.remove(&topic);
        if topics.value(topic).is_some() {
            // Nobody can have stopped waiting already.
            let _ = ready.send(Ok(()));
        } else {
            one.waiting.push(ready);
        }
        drop(inside);
        self.work.notify_one();
        Ok(waits)
    }

    /// A handle of a topic is gone.
    pub(crate) fn leave(&self, topic: TopicId) {
        let mut inside = self.inside();
        if let Some(one) = inside.followed.get_mut(&topic) {
            one.handles -= 1;
            if one.handles == 0 {
                inside.left.insert(topic);
                drop(inside);
                self.work.notify_one();
            }
        }
    }

    /// Looks at the topics, at one moment for all of them.
    pub(crate) fn look<R>(&self, look: impl FnOnce(&Topics) -> R) -> Option<R> {
        self.inside().topics.as_ref().map(look)
    }

    /// Why a topic that a handle is of is not followed any longer.
    pub(crate) fn closed(&self, topic: TopicId) -> Option<Problem> {
        self.inside().followed.get(&topic)?.closed.clone()
    }

    /// Where to be told of a topic; `None` when it is not followed any longer.
    pub(crate) fn listen(&self, topic: TopicId) -> Option<Ears> {
        let inside = self.inside();
        let tellers = inside.followed.get(&topic)?.tellers.as_ref()?;
        let mut version = tellers.version.subscribe();
        version.mark_changed();
        Some(Ears { version, emitted: tellers.emitted.subscribe() })
    }

    /// Does a transaction, which shows at once; tells where its outcome will come.
    pub(crate) fn change(
        &self,
        op: OpId,
        changes: Vec<Asked>,
        along: Along,
    ) -> Result<oneshot::Receiver<Outcome>, ClientError> {
        let (asker, outcome) = oneshot::channel();
        let mut inside = self.inside();
        let topics = inside.topics.as_mut().ok_or(ClientError::Closed)?;
        let op = topics
            .change(op, changes, along)
            .map_err(|refusal| ClientError::Refused((&refusal).into()))?;
        inside.outcomes.entry(op).or_default().push(asker);
        inside.tell();
        drop(inside);
        self.work.notify_one();
        Ok(outcome)
    }

    /// Takes in what is about topics that are followed; gives back what is not.
    pub(crate) fn update(&self, update: Update) -> Option<Update> {
        let mut inside = self.inside();
        let Some(topics) = &mut inside.topics else { return Some(update) };
        let rest = topics.update(update);
        inside.tell();
        rest
    }

    /// The end of a request, if it was a transaction; else it is given back.
    pub(crate) fn settled(
        &self,
        id: u64,
        result: Result<Reply, ClientError>,
    ) -> Option<Result<Reply, ClientError>> {
        let mut inside = self.inside();
        let Some(op) = inside.asked.remove(&id) else { return Some(result) };
        let topics = inside.topics.as_mut()?;
        let outcome = match result {
            Ok(Reply::Done(outcome)) => {
                topics.done(&op, &outcome);
                Ok(outcome)
            }
            Err(ClientError::Refused(problem)) => {
                Err(ClientError::Refused(topics.failed(&op, problem)))
            }
            other => {
                let error = other.err().unwrap_or(ClientError::Unexpected);
                topics.failed(&op, Problem::new("client.unexpected", error.to_string()));
                Err(error)
            }
        };
        for asker in inside.outcomes.remove(&op).unwrap_or_default() {
            // Who no longer waits does not want to know.
            let _ = asker.send(outcome.clone());
        }
        inside.tell();
        None
    }

    /// Asks the server for what is to be asked for now.
    pub(crate) fn carry(&self, session: &mut Session, now_ms: u64) {
        let mut inside = self.inside();
        let Inside { topics, followed, left, wished, asked, .. } = &mut *inside;
        let Some(topics) = topics else { return };
        for topic in wished.drain(..) {
            session.subscribe(crate::follow(FeedId::Topic(topic)), now_ms);
        }
        while session.has_room()
            && let Some((op, command)) = topics.poll_send()
        {
            let id = session.ask(Ask::Patient(op.clone(), command), now_ms);
            asked.insert(id, op);
        }
        // Its edits are still counted on what it is.
        left.retain(|topic| {
            let stays = topics.is_pending(*topic);
            if !stays {
                topics.forget(*topic);
                followed.remove(topic);
                session.unsubscribe(FeedId::Topic(*topic), now_ms);
            }
            stays
        });
    }
}

impl Inside {
    /// Tells the watchers what is new.
    fn tell(&mut self) {
        let Self { topics: Some(topics), followed, .. } = self else { return };
        while let Some(told) = topics.poll() {
            match told {
                Told::Ready(topic) => {
                    let waiting =
                        followed.get_mut(&topic).map(|one| std::mem::take(&mut one.waiting));
                    // Who no longer waits does not want to know.
                    waiting.into_iter().flatten().for_each(|one| drop(one.send(Ok(()))));
                }
                Told::Changed(topic) => {
                    if let Some(tellers) = followed.get(&topic).and_then(|one| one.tellers.as_ref())
                    {
                        tellers.version.send_modify(|version| *version += 1);
                    }
                }
                Told::Emitted(topic, event) => {
                    if let Some(tellers) = followed.get(&topic).and_then(|one| one.tellers.as_ref())
                    {
                        // It is no matter if nobody listens.
                        let _ = tellers.emitted.send(Arc::from(event));
                    }
                }
                Told::Closed(topic, problem) => {
                    let Some(one) = followed.get_mut(&topic) else { continue };
                    for waiting in one.waiting.drain(..) {
                        let _ = waiting.send(Err(ClientError::Refused(problem.clone())));
                    }
                    one.tellers = None;
                    one.closed = Some(problem);
                }
            }
        }
    }
}
