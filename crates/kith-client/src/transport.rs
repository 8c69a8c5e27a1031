//! WebSocket frames over TCP, with or without TLS.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use http::HeaderValue;
use http::header::SEC_WEBSOCKET_PROTOCOL;
use kith_proto::codec::Encoding;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_websockets::{ClientBuilder, Connector, MaybeTlsStream, Message, WebSocketStream};

use crate::address::Address;

/// How long it may take to connect, and then to become a WebSocket.
const OPEN: Duration = Duration::from_secs(10);
/// How long a farewell may take.
const GOODBYE: Duration = Duration::from_secs(1);

/// A TCP connection, with or without TLS.
pub type Socket = MaybeTlsStream<TcpStream>;

/// Why a server cannot be reached.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{address} cannot be reached: {why}")]
pub struct TransportError {
    address: String,
    why: String,
}

impl TransportError {
    pub(crate) fn new(address: &Address, why: impl Into<String>) -> Self {
        Self { address: address.to_string(), why: why.into() }
    }
}

/// What came over the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// A message.
    Message(Bytes),
    /// A ping or pong.
    Alive,
    /// The end. The code is that of the other side's close frame.
    Closed {
        /// Absent when the connection ended without.
        code: Option<u16>,
        /// For a person.
        why: String,
    },
}

/// Connects to the server, under TLS if the address says so, trusting what the system trusts.
///
/// # Errors
/// When the name is not known, nobody answers within 10 s, or the certificate is not trusted.
pub async fn dial(address: &Address) -> Result<Socket, TransportError> {
    let open = async {
        let stream = TcpStream::connect((address.name(), address.port())).await.map_err(text)?;
        // Frames are small and wait for answers.
        stream.set_nodelay(true).map_err(text)?;
        let connector = match address.is_plain() {
            true => Connector::Plain,
            false => Connector::new().map_err(text)?,
        };
        connector.wrap(address.name(), stream).await.map_err(text)
    };
    within(address, open).await
}

async fn within<T>(
    address: &Address,
    work: impl Future<Output = Result<T, String>>,
) -> Result<T, TransportError> {
    let result = timeout(OPEN, work).await.unwrap_or_else(|_| Err("no answer in time".to_owned()));
    result.map_err(|why| TransportError::new(address, why))
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// A WebSocket to a server.
pub struct Transport {
    socket: WebSocketStream<Socket>,
    encoding: Encoding,
    outbox: VecDeque<Message>,
    is_flushed: bool,
}

impl Transport {
    /// Connects and upgrades to the WebSocket of the native protocol.
    ///
    /// # Errors
    /// As [`dial`]; also when the server does not speak WebSocket there.
    pub async fn open(address: &Address, encoding: Encoding) -> Result<Self, TransportError> {
        let socket = dial(address).await?;
        let upgrade = async {
            let protocol = match encoding {
                Encoding::Json => kith_proto::JSON,
                Encoding::MsgPack => kith_proto::MSGPACK,
            };
            let builder = ClientBuilder::new().uri(&address.websocket()).map_err(text)?;
            let builder = builder
                .add_header(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(protocol))
                .map_err(text)?;
            let (socket, response) = builder.connect_on(socket).await.map_err(text)?;
            let agreed = response.headers().get(SEC_WEBSOCKET_PROTOCOL);
            // A server that names none speaks JSON.
            if agreed.map_or(encoding == Encoding::Json, |agreed| agreed == protocol) {
                Ok(socket)
            } else {
                Err(format!("the server does not speak {protocol}"))
            }
        };
        let socket = within(address, upgrade).await?;
        Ok(Self { socket, encoding, outbox: VecDeque::new(), is_flushed: true })
    }

    /// Puts a message in line; [`Self::next`] sends it.
    pub fn push(&mut self, bytes: Vec<u8>) {
        self.outbox.push_back(match self.encoding {
            Encoding::Json => Message::text(Bytes::from(bytes)),
            Encoding::MsgPack => Message::binary(Bytes::from(bytes)),
        });
    }

    /// How many messages wait to be sent.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.outbox.len()
    }

    /// Sends what is in line and, when `reading`, gives what comes. May be dropped at any time
    /// without loss.
    pub async fn next(&mut self, reading: bool) -> Incoming {
        poll_fn(|context| self.poll(reading, context)).await
    }

    fn poll(&mut self, reading: bool, context: &mut Context<'_>) -> Poll<Incoming> {
        if let Poll::Ready(Err(why)) = self.poll_send(context) {
            // What the server said before it stopped listening says more than that it did.
            return match self.poll_read(context) {
                Poll::Ready(incoming) => Poll::Ready(incoming),
                Poll::Pending => Poll::Ready(Incoming::Closed { code: None, why }),
            };
        }
        if !reading {
            return Poll::Pending;
        }
        let incoming = self.poll_read(context);
        if incoming.is_ready() {
            // A ping was answered in passing; the answer is to go out.
            self.is_flushed = false;
        }
        incoming
    }

    fn poll_send(&mut self, context: &mut Context<'_>) -> Poll<Result<(), String>> {
        while !self.outbox.is_empty() {
            match self.socket.poll_ready_unpin(context) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error.to_string())),
                Poll::Pending => return Poll::Pending,
            }
            if let Some(message) = self.outbox.pop_front() {
                self.socket.start_send_unpin(message).map_err(text)?;
                self.is_flushed = false;
            }
        }
        if self.is_flushed {
            return Poll::Ready(Ok(()));
        }
        let flushed = self.socket.poll_flush_unpin(context).map_err(text);
        self.is_flushed = matches!(flushed, Poll::Ready(Ok(())));
        flushed
    }

    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<Incoming> {
        let why = |why: &str| why.to_owned();
        self.socket.poll_next_unpin(context).map(|incoming| match incoming {
            Some(Ok(message)) => match message.as_close() {
                Some((code, reason)) => {
                    Incoming::Closed { code: Some(code.into()), why: why(reason) }
                }
                None if message.is_text() || message.is_binary() => {
                    Incoming::Message(message.into_payload().into())
                }
                None => Incoming::Alive,
            },
            Some(Err(error)) => Incoming::Closed { code: None, why: error.to_string() },
            None => Incoming::Closed { code: None, why: why("the connection ended") },
        })
    }

    /// Sends what is in line and says goodbye, within a second.
    pub async fn close(mut self) {
        let goodbye = async {
            while let Some(message) = self.outbox.pop_front() {
                self.socket.feed(message).await?;
            }
            self.socket.close().await
        };
        // The other side may be gone already, which is what is wanted.
        let _ = timeout(GOODBYE, goodbye).await;
    }
}
