//! Changes of topics: one at a time, or several together or not at all.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

use kith_core::command;
use kith_core::id::{Seq, TopicId};
use kith_core::text::{ElementId, Label};
use kith_core::topic::{Anchor, Asked, Change, Condition, Path, Spot};
use kith_proto::error::Problem;
use serde_json::{Map, Number, Value as Json};
use tokio::sync::oneshot;

use crate::error::ClientError;
use crate::topics::Along;

/// What became of a transaction.
pub(crate) type Outcome = Result<command::Outcome, ClientError>;

/// The ways to change a topic. Places are counted on what is shown.
pub trait Changing: Sized {
    /// What one gets for a change.
    type Made;

    /// Any change.
    fn change(self, change: Change) -> Self::Made;

    /// Replaces the whole value. For every kind but `event`.
    fn set(self, value: impl Into<Json>) -> Self::Made {
        self.change(Change::Set { value: value.into() })
    }

    /// Adds to a number.
    fn add(self, by: impl Into<Number>) -> Self::Made {
        self.change(Change::Add { by: by.into() })
    }

    /// Puts an item into a set that has it not yet.
    fn append(self, item: impl Into<Json>) -> Self::Made {
        self.change(Change::Append { item: item.into() })
    }

    /// Takes an item out of a set.
    fn exclude(self, item: impl Into<Json>) -> Self::Made {
        self.change(Change::Remove(Spot::Item(item.into())))
    }

    /// Puts a value at the end of a list.
    fn push(self, value: impl Into<Json>) -> Self::Made {
        self.change(Change::Insert { value: value.into(), to: None, element: None })
    }

    /// Puts a value into a list, or into an array in JSON.
    fn insert(self, value: impl Into<Json>, to: Anchor) -> Self::Made {
        self.change(Change::Insert { value: value.into(), to: Some(to), element: None })
    }

    /// Takes an element out of a list.
    fn remove(self, element: &ElementId) -> Self::Made {
        self.change(Change::Remove(Spot::Element(element.clone())))
    }

    /// Puts an element of a list elsewhere in it.
    fn relocate(self, element: &ElementId, to: Anchor) -> Self::Made {
        self.change(Change::Move { from: Spot::Element(element.clone()), to })
    }

    /// Puts another value in the place of an element of a list.
    fn replace(self, element: &ElementId, value: impl Into<Json>) -> Self::Made {
        self.change(Change::Replace { spot: Spot::Element(element.clone()), value: value.into() })
    }

    /// Sets an entry of a map or of JSON.
    fn put(self, path: Path, value: impl Into<Json>) -> Self::Made {
        self.change(Change::Put { path, value: value.into() })
    }

    /// Takes an entry of a map or of JSON out.
    fn take(self, path: Path) -> Self::Made {
        self.change(Change::Remove(Spot::Path(path)))
    }

    /// Gives an entry of a map or of JSON another key.
    fn rename(self, path: Path, key: &str) -> Self::Made {
        self.change(Change::Rename { path, key: key.to_owned() })
    }

    /// Replaces a part of a string; places are counted in UTF-16 code units.
    fn splice(self, at: u32, delete: u32, insert: &str) -> Self::Made {
        self.change(Change::Splice { at, delete, insert: insert.to_owned(), after: None })
    }

    /// Tells those who follow an `event`.
    fn emit(self, args: Map<String, Json>) -> Self::Made {
        self.change(Change::Emit { args })
    }
}

/// Changes that happen together or not at all, and what must hold before.
#[derive(Clone, Debug, Default)]
pub struct Transaction {
    pub(crate) changes: Vec<Asked>,
    pub(crate) along: Along,
}

impl Transaction {
    /// A topic, to be changed in this transaction.
    pub fn on(&mut self, topic: impl Into<TopicId>) -> On<'_> {
        On { transaction: self, topic: topic.into() }
    }

    /// Only if this is the number of the topic's last event.
    pub fn when_at(&mut self, topic: impl Into<TopicId>, seq: Seq) {
        self.along.when.push(Condition { topic: topic.into(), seq: Some(seq), value: None });
    }

    /// Makes it one step of undo with the user's last transaction, when that has the same `group`: all
    /// of a drag, say.
    pub fn group(&mut self, group: Label) {
        self.along.group = Some(group);
    }

    /// Only if this is the topic's value; that of a list without the names of elements.
    pub fn when_is(&mut self, topic: impl Into<TopicId>, value: impl Into<Json>) {
        self.along.when.push(Condition {
            topic: topic.into(),
            seq: None,
            value: Some(value.into()),
        });
    }
}

/// A topic in a [`Transaction`].
#[derive(Debug)]
pub struct On<'a> {
    transaction: &'a mut Transaction,
    topic: TopicId,
}

impl<'a> Changing for On<'a> {
    type Made = On<'a>;

    fn change(self, change: Change) -> Self {
        self.transaction.changes.push(Asked { topic: self.topic, change });
        self
    }
}

/// A transaction that is shown already: resolves when the server has decided it, however often the
/// connection is lost meanwhile. Dropping this does not take it back.
#[derive(Debug)]
pub struct Sent {
    state: State,
    stopped: Arc<OnceLock<Problem>>,
}

#[derive(Debug)]
enum State {
    /// It was not even begun.
    Refused(ClientError),
    Waits(oneshot::Receiver<Outcome>),
}

impl Sent {
    pub(crate) fn new(
        made: Result<oneshot::Receiver<Outcome>, ClientError>,
        stopped: Arc<OnceLock<Problem>>,
    ) -> Self {
        let state = match made {
            Ok(outcome) => State::Waits(outcome),
            Err(error) => State::Refused(error),
        };
        Self { state, stopped }
    }
}

impl Future for Sent {
    type Output = Result<command::Outcome, ClientError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let outcome = match &mut self.state {
            State::Refused(error) => return Poll::Ready(Err(error.clone())),
            State::Waits(outcome) => ready!(Pin::new(outcome).poll(context)),
        };
        Poll::Ready(outcome.unwrap_or_else(|_| {
            let why = self.stopped.get().cloned();
            Err(why.map_or(ClientError::Closed, ClientError::Stopped))
        }))
    }
}
