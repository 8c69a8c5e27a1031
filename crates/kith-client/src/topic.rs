//! The handle of a topic: its value with the program's own changes, before the server has them.

use std::sync::Arc;

use kith_core::command::Command;
use kith_core::document::{self, Rules};
use kith_core::event::Event;
use kith_core::id::{CircleId, TopicId};
use kith_core::text::TopicName;
use kith_core::topic::{Change, Kind, Value};
use kith_proto::error::Problem;
use kith_proto::query::{Answer, Query};
use serde_json::Value as Json;
use tokio::sync::broadcast::error::RecvError;

use crate::client::{Client, new_op};
use crate::error::ClientError;
use crate::shelf::{Ears, Shelf};
use crate::topics::Topics;
use crate::transaction::{Changing, Sent, Transaction};

mod text;

/// A topic that is followed for as long as there is a handle of it. Clones share it, and keep the
/// client alive.
///
/// A change ([`Changing`]) shows at once in [`Topic::value`]. If the server refuses it, it is taken
/// back, and its [`Sent`] says why; what others change meanwhile is under it, never lost.
#[derive(Clone, Debug)]
pub struct Topic {
    client: Client,
    here: Arc<Here>,
    kind: Kind,
}

/// Counts as one handle.
#[derive(Debug)]
struct Here {
    shelf: Arc<Shelf>,
    id: TopicId,
    pen: text::Pen,
}

impl Drop for Here {
    fn drop(&mut self) {
        self.shelf.leave(self.id);
    }
}

impl Client {
    /// Follows the topic of a name. Resolves when its value is known.
    ///
    /// # Errors
    /// [`ClientError::Refused`] with `topic.not_found` where there is none that the user may read,
    /// with `limit.too_many` beyond [`FOLLOWED_MAX`](crate::topics::FOLLOWED_MAX), or the end of
    /// the client.
    pub async fn topic(&self, circle: CircleId, name: &TopicName) -> Result<Topic, ClientError> {
        match self.query(Query::TopicByName { circle, name: name.clone() }).await? {
            Answer::Topic(found) => self.topic_by_id(found.topic.id).await,
            _ => Err(ClientError::Unexpected),
        }
    }

    /// Follows a topic. Resolves when its value is known.
    ///
    /// # Errors
    /// As [`Self::topic`].
    pub async fn topic_by_id(&self, id: TopicId) -> Result<Topic, ClientError> {
        let shelf = Arc::clone(self.shelf());
        let ready = shelf.join(id)?;
        let here = Arc::new(Here { shelf, id, pen: Default::default() });
        ready.await.map_err(|_| self.end())??;
        let kind = here.shelf.look(|all| all.about(id).map(|about| about.holds)).flatten();
        let kind = kind.ok_or_else(|| self.end())?;
        Ok(Topic { client: self.clone(), here, kind })
    }

    /// Makes a topic, with nothing said but what it holds, and follows it. More can be said with
    /// [`Command::CreateTopic`].
    ///
    /// # Errors
    /// The server's refusal, or the end of the client.
    pub async fn create_topic(
        &self,
        circle: CircleId,
        name: TopicName,
        holds: Kind,
        value: Option<Json>,
    ) -> Result<Topic, ClientError> {
        let (rules, deny) = (Rules::default(), Default::default());
        let make = Command::CreateTopic { circle, name, holds, value, rules, deny, replace: false };
        let made = self.command(make).await?;
        self.topic_by_id(made.topic.ok_or(ClientError::Unexpected)?).await
    }

    /// Changes topics together or not at all. It shows at once, in those that are followed; the
    /// others need not be.
    pub fn transaction<R>(&self, build: impl FnOnce(&mut Transaction) -> R) -> Sent {
        let mut made = Transaction::default();
        build(&mut made);
        let Transaction { changes, along } = made;
        let begun = new_op().and_then(|op| self.shelf().change(op, changes, along));
        Sent::new(begun.map_err(|error| self.ended_or(error)), self.stopped())
    }

    /// Takes back the user's last step in a circle, from whatever device it was; with `skip` it is
    /// forgotten instead, which is the way past one that cannot be taken back.
    ///
    /// # Errors
    /// A refusal, `undo.nothing` where there is none; or the end of the client.
    pub async fn undo(&self, circle: CircleId, skip: bool) -> Result<(), ClientError> {
        self.command(Command::Undo { circle, skip }).await.map(drop)
    }

    /// Does again what the user took back last in a circle; with `skip` it is forgotten instead.
    ///
    /// # Errors
    /// As [`undo`](Self::undo), with `redo.nothing`.
    pub async fn redo(&self, circle: CircleId, skip: bool) -> Result<(), ClientError> {
        self.command(Command::Redo { circle, skip }).await.map(drop)
    }

    /// Looks at the topics that are followed, all of them at one moment: no transaction is half
    /// there. Meant to be short, for nothing goes on meanwhile. `None` after the end of the client.
    pub fn look<R>(&self, look: impl FnOnce(&Topics) -> R) -> Option<R> {
        self.shelf().look(look)
    }
}

impl Topic {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> TopicId {
        self.here.id
    }

    /// The kind of its value.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The value with own changes done to it; `None` when it is not followed any longer.
    #[must_use]
    pub fn value(&self) -> Option<Value> {
        self.here.shelf.look(|all| all.value(self.id()).cloned()).flatten()
    }

    /// What it is; `None` when it is not followed any longer.
    #[must_use]
    pub fn about(&self) -> Option<document::Topic> {
        self.here.shelf.look(|all| all.about(self.id()).cloned()).flatten()
    }

    /// Whether an own change of it has not been decided yet.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        self.here.shelf.look(|all| all.is_pending(self.id())).unwrap_or(false)
    }

    /// Why it is not followed any longer, if the server said so.
    #[must_use]
    pub fn closed(&self) -> Option<Problem> {
        self.here.shelf.closed(self.id())
    }

    /// What is shown from now on, beginning with the present value.
    #[must_use]
    pub fn watch(&self) -> Watch {
        let ears = self.here.shelf.listen(self.id());
        Watch { topic: self.clone(), ears }
    }
}

impl From<&Topic> for TopicId {
    fn from(topic: &Topic) -> Self {
        topic.id()
    }
}

impl Changing for &Topic {
    type Made = Sent;

    fn change(self, change: Change) -> Sent {
        self.client.transaction(|all| {
            all.on(self).change(change);
        })
    }
}

/// What is new in a topic.
#[derive(Clone, Debug, PartialEq)]
pub enum News {
    /// The value that is shown is this. Who looks rarely sees only the newest.
    Value(Value),
    /// Something happened in an `event` topic.
    Emitted(Arc<Event>),
    /// So many more happened, and were not looked at in time.
    Missed(u64),
}

/// What is new in a topic, as it comes.
pub struct Watch {
    topic: Topic,
    ears: Option<Ears>,
}

impl Watch {
    /// The next that is new; `None` when the topic is not followed any longer. May be dropped
    /// without loss.
    pub async fn next(&mut self) -> Option<News> {
        let ears = self.ears.as_mut()?;
        let news = match self.topic.kind {
            Kind::Event => match ears.emitted.recv().await {
                Ok(event) => Some(News::Emitted(event)),
                Err(RecvError::Lagged(count)) => Some(News::Missed(count)),
                Err(RecvError::Closed) => None,
            },
            _ => match ears.version.changed().await {
                Ok(()) => self.topic.value().map(News::Value),
                Err(_) => None,
            },
        };
        if news.is_none() {
            self.ears = None;
        }
        news
    }
}
