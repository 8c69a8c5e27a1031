//! All private sessions of one running client: a task that owns them, and the handle by which they are
//! asked for.

mod task;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use kith_core::id::UserId;
use kith_core::text::MessageText;
use tokio::sync::{mpsc, oneshot};

use crate::event::{Event, PrivateError};
use crate::handshake::SessionId;
use crate::identity::Identity;
use crate::invitation::DeskError;
use crate::peers::Peers;
use crate::session::{Answer, Order, Shared};
use crate::signals::{Incoming, Signals};
use task::Task;

/// The most that waits for the task, for a session, and for whoever reads the events.
const WAITING_MAX: usize = 256;

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
        let task = Task::new(me, shared, bind);
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
