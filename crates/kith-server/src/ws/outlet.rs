//! The writing side of a connection over plain TCP: whatever waits for many connections goes out
//! in bursts that the [pump](super::pump) makes; a connection that does not take its part in time is
//! written to by its own task.

use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use bytes::Bytes;
use kith_hub::{Bell, Item, Subscriber};
use kith_proto::codec::Encoding;
use kith_proto::error::{Problem, close};
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::sync::Notify;

use super::Farewell;
use super::pump::Pump;
use super::write::{BATCH, WRITE};
use crate::wire;

enum State {
    /// Nothing is on its way.
    Idle,
    /// The pump is writing.
    Busy {
        /// Somebody waits for it to be done.
        awaited: bool,
    },
    /// The socket took a part; the task of the connection writes this, the rest.
    Full(Bytes),
    /// The task is writing: the stream may end within a frame.
    Draining,
    /// The socket takes nothing any more.
    Gone,
}

/// The writing side of one connection.
pub(super) struct Outlet {
    socket: OwnedWriteHalf,
    subscriber: Arc<Subscriber>,
    encoding: Encoding,
    pump: Arc<Pump>,
    /// It stands in the pump's queue.
    queued: AtomicBool,
    state: Mutex<State>,
    changed: Notify,
}

impl Bell for Outlet {
    fn ring(self: Arc<Self>) {
        if !self.queued.swap(true, Ordering::AcqRel) {
            let pump = Arc::clone(&self.pump);
            pump.add(self);
        }
    }
}

impl Outlet {
    pub(super) fn open(
        pump: &Arc<Pump>,
        socket: OwnedWriteHalf,
        subscriber: Arc<Subscriber>,
        encoding: Encoding,
    ) -> Arc<Self> {
        let outlet = Arc::new(Self {
            socket,
            subscriber,
            encoding,
            pump: Arc::clone(pump),
            queued: AtomicBool::new(false),
            state: Mutex::new(State::Idle),
            changed: Notify::new(),
        });
        let weak: Weak<Self> = Arc::downgrade(&outlet);
        outlet.subscriber.attach(weak);
        outlet
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn subscriber(&self) -> &Arc<Subscriber> {
        &self.subscriber
    }

    pub(super) fn socket(&self) -> BorrowedFd<'_> {
        self.socket.as_ref().as_fd()
    }

    /// Takes what waits, for the pump to write; [`finish`](Self::finish) follows. `items` is room
    /// to work in.
    pub(super) fn start(&self, items: &mut Vec<Item>) -> Option<Bytes> {
        // Rung from here on it comes into the queue again.
        self.queued.store(false, Ordering::Release);
        let mut state = self.state();
        if !matches!(*state, State::Idle) {
            return None;
        }
        self.subscriber.take_bundles(BATCH, items);
        if items.is_empty() {
            return None;
        }
        let bytes = match self.subscriber.blocks() {
            false => wire::items(self.encoding, items, &self.pump.nobody),
            true => wire::items(self.encoding, items, &self.subscriber.blocked()),
        };
        if bytes.is_empty() {
            self.subscriber.wrote();
            return None;
        }
        *state = State::Busy { awaited: false };
        Some(bytes)
    }

    /// Notes what became of what [`start`](Self::start) gave.
    pub(super) fn finish(self: &Arc<Self>, bytes: Bytes, result: io::Result<usize>) {
        let next = match result {
            Ok(sent) if sent >= bytes.len() => State::Idle,
            Ok(sent) => State::Full(bytes.slice(sent..)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => State::Full(bytes),
            Err(_) => State::Gone,
        };
        let all = matches!(next, State::Idle);
        let before = std::mem::replace(&mut *self.state(), next);
        let more = all && self.subscriber.wrote();
        if !all || matches!(before, State::Busy { awaited: true }) {
            self.changed.notify_one();
        } else if more {
            Arc::clone(self).ring();
        }
    }

    /// Does what only the task of the connection can: writing to a socket that is full. Returns when
    /// nothing can be written any more.
    pub(super) async fn tend(self: &Arc<Self>) -> Option<Farewell> {
        loop {
            self.changed.notified().await;
            let rest = {
                let mut state = self.state();
                match std::mem::replace(&mut *state, State::Draining) {
                    State::Full(rest) => rest,
                    State::Gone => return None,
                    other => {
                        *state = other;
                        continue;
                    }
                }
            };
            // Few connections ever come here: the others do not keep the room for it.
            match Box::pin(tokio::time::timeout(WRITE, self.write_all(&rest))).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return None,
                Err(_) => {
                    let message = "the connection does not read";
                    let problem = Problem::later("client.too_slow", message, 1000);
                    return Some(Farewell::new(close::TOO_SLOW, problem));
                }
            }
            *self.state() = State::Idle;
            self.subscriber.wrote();
            Arc::clone(self).ring();
        }
    }

    /// Takes the socket from the pump and writes `last` to it, unless a frame was cut short.
    pub(super) async fn close(&self, last: &[u8]) -> io::Result<()> {
        let rest = loop {
            let changed = self.changed.notified();
            match &mut *self.state() {
                State::Busy { awaited } => *awaited = true,
                other => break std::mem::replace(other, State::Gone),
            }
            changed.await;
        };
        match rest {
            State::Idle => {}
            State::Full(rest) => self.write_all(&rest).await?,
            State::Busy { .. } | State::Draining | State::Gone => return Ok(()),
        }
        self.write_all(last).await
    }

    async fn write_all(&self, bytes: &[u8]) -> io::Result<()> {
        write_all(self.socket.as_ref(), bytes).await
    }
}

/// Writes all of `bytes`.
pub(super) async fn write_all(socket: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        socket.writable().await?;
        match socket.try_write(bytes) {
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
