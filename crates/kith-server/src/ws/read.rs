//! Reads messages off a socket, with no buffer while nothing comes.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use kith_proto::codec::Encoding;
use kith_proto::error::Problem;
use kith_ws::decode::{Decoder, Limits, Message};
use tokio::io::{AsyncRead, ReadBuf};

use super::Farewell;

/// Bytes read at a time.
const CHUNK: usize = 4096;

/// What came in.
pub(crate) enum Input {
    /// A message.
    Message {
        /// Its bytes.
        payload: Bytes,
        /// As which kind of frame it came.
        encoding: Encoding,
    },
    /// A ping, to be answered with the same bytes.
    Ping(Bytes),
    /// An answer to a ping: nothing but a sign of life.
    Pong,
}

/// Reads messages off a socket.
pub(crate) struct Reader<R> {
    input: R,
    decoder: Decoder,
}

impl<R: AsyncRead + Unpin> Reader<R> {
    /// `early` was read from the socket before.
    pub(crate) fn new(input: R, message_bytes_max: usize, early: &[u8]) -> Self {
        let limits = Limits { message_bytes_max, ..Limits::default() };
        let mut decoder = Decoder::new(limits);
        decoder.push(early);
        Self { input, decoder }
    }

    /// From now on a message may have this many bytes.
    pub(crate) fn allow(&mut self, message_bytes_max: usize) {
        self.decoder.allow(message_bytes_max);
    }

    /// The next message or sign of life; `None` when the client left. Losing its place when dropped
    /// in the middle costs nothing: what was read is in the decoder.
    pub(crate) async fn next(&mut self) -> Result<Option<Input>, Farewell> {
        loop {
            if let Some(came) = self.came() {
                return came;
            }
            if !self.more().await {
                return Ok(None);
            }
        }
    }

    /// Reads on; whether the client is still there. Dropped in the middle it has read nothing.
    pub(crate) async fn more(&mut self) -> bool {
        let read = std::future::poll_fn(|context| self.poll_more(context)).await;
        read.is_ok_and(|count| count > 0)
    }

    /// As [`next`](Self::next), of what has been read already; `None` where that is no whole message.
    pub(crate) fn came(&mut self) -> Option<Result<Option<Input>, Farewell>> {
        let decoded = match self.decoder.next() {
            Ok(decoded) => decoded?,
            Err(violation) => {
                let problem = Problem::new("frame.invalid", violation.to_string());
                return Some(Err(Farewell::new(violation.close_code(), problem)));
            }
        };
        Some(Ok(match decoded {
            Message::Text(payload) => Some(Input::Message { payload, encoding: Encoding::Json }),
            Message::Binary(payload) => {
                Some(Input::Message { payload, encoding: Encoding::MsgPack })
            }
            Message::Ping(payload) => Some(Input::Ping(payload)),
            Message::Pong(_) => Some(Input::Pong),
            Message::Close { .. } => None,
        }))
    }

    /// Takes in what has come. The room to read into is on the stack of this call, so that a
    /// connection on which nothing comes keeps none.
    fn poll_more(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut chunk = [0; CHUNK];
        let mut buffer = ReadBuf::new(&mut chunk);
        ready!(Pin::new(&mut self.input).poll_read(context, &mut buffer))?;
        self.decoder.push(buffer.filled());
        Poll::Ready(Ok(buffer.filled().len()))
    }
}
