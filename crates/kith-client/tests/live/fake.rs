//! A server that says what a test tells it to, over a real socket.

use futures_util::{SinkExt, StreamExt};
use kith_client::{Auth, Encoding, Options};
use kith_core::document::User;
use kith_core::event::{Body, Event};
use kith_core::id::{FeedId, Seq, SessionId, StreamId, Timestamp, UserId};
use kith_core::text::{DisplayName, UserName};
use kith_proto::error::Problem;
use kith_proto::frame::{Hello, Limits, Push, Request, Subscribe, Subscribed, Welcome};
use kith_proto::query::State;
use tokio::net::{TcpListener, TcpStream};
use tokio_websockets::{CloseCode, Message, ServerBuilder, WebSocketStream};

pub(crate) fn tea() -> StreamId {
    StreamId::new(Timestamp(1), 1)
}

pub(crate) fn feed() -> FeedId {
    FeedId::Stream(tea())
}

pub(crate) fn event(seq: u64) -> Event {
    let body = Body::Unpinned { message: Seq(1) };
    Event { feed: feed(), seq: Seq(seq), at: Timestamp(seq), by: None, op: None, body }
}

pub(crate) fn snapshot(seq: u64) -> Push {
    let (epoch, state) = ("e".to_owned(), State::Head {});
    let (feed, seq) = (feed(), Seq(seq));
    Push::Subscribed(Subscribed::Snapshot { feed, epoch, seq, reset: None, state })
}

pub(crate) fn events(seqs: std::ops::RangeInclusive<u64>) -> Push {
    let (epoch, seq) = ("e".to_owned(), Seq(*seqs.end()));
    let events = seqs.map(|seq| kith_proto::frame::Seen::Event(event(seq))).collect();
    Push::Subscribed(Subscribed::Events { feed: feed(), epoch, seq, events, more: false })
}

fn welcome() -> Welcome {
    Welcome {
        v: 1,
        user: User {
            id: UserId::new(Timestamp(1), 2),
            name: UserName::parse("ana").unwrap(),
            display_name: DisplayName::parse("Ana").unwrap(),
            avatar: None,
            bot_of: None,
            disabled: false,
            created_at: Timestamp(1),
        },
        session: SessionId::new(Timestamp(1), 3),
        token: None,
        device: None,
        now: Timestamp(1),
        heartbeat_ms: 25_000,
        limits: Limits {
            frame_bytes: 65_536,
            update_bytes: 3 << 20,
            text_chars: 8000,
            burst: 60,
            per_second: 30,
            subscribe_max: 1000,
            queue_bytes: 1 << 20,
            file_bytes: None,
        },
    }
}

pub(crate) struct Fake {
    listener: TcpListener,
    encoding: Encoding,
}

impl Fake {
    pub(crate) async fn start(encoding: Encoding) -> Self {
        Self { listener: TcpListener::bind("127.0.0.1:0").await.unwrap(), encoding }
    }

    pub(crate) fn options(&self) -> Options {
        let url = format!("http://{}", self.listener.local_addr().unwrap());
        let encoding = self.encoding;
        Options { encoding, ..Options::new(&url, Auth::Token("kith_t".to_owned())) }
    }

    /// The next connection, whose hello has come and is not answered.
    pub(crate) async fn knock(&self) -> Peer {
        let (stream, _) = self.listener.accept().await.unwrap();
        let (request, socket) = {
            let protocol = match self.encoding {
                Encoding::Json => kith_proto::JSON,
                Encoding::MsgPack => kith_proto::MSGPACK,
            };
            let name = http::header::SEC_WEBSOCKET_PROTOCOL;
            let builder = ServerBuilder::new();
            let value = http::HeaderValue::from_static(protocol);
            builder.add_header(name, value).unwrap().accept(stream).await.unwrap()
        };
        assert_eq!(request.uri().path(), "/api/v1/ws");
        let mut peer = Peer { socket, encoding: self.encoding };
        let hello: Hello = peer.read().await;
        assert_eq!(hello.auth, Auth::Token("kith_t".to_owned()));
        peer
    }

    /// The next connection, welcomed.
    pub(crate) async fn accept(&self) -> Peer {
        let mut peer = self.knock().await;
        peer.push(&Push::Welcome(welcome())).await;
        peer
    }
}

pub(crate) struct Peer {
    socket: WebSocketStream<TcpStream>,
    encoding: Encoding,
}

impl Peer {
    async fn read<T: serde::de::DeserializeOwned>(&mut self) -> T {
        loop {
            let message = self.socket.next().await.unwrap().unwrap();
            if message.is_text() || message.is_binary() {
                return self.encoding.decode(message.as_payload()).unwrap();
            }
        }
    }

    pub(crate) async fn request(&mut self) -> Request {
        self.read().await
    }

    /// The next request is one to follow the feed.
    pub(crate) async fn wish(&mut self) -> Subscribe {
        self.request().await.subscribe.unwrap().remove(0)
    }

    pub(crate) async fn push(&mut self, push: &Push) {
        let bytes = self.encoding.encode(push);
        let message = match self.encoding {
            Encoding::Json => Message::text(String::from_utf8(bytes).unwrap()),
            Encoding::MsgPack => Message::binary(bytes),
        };
        self.socket.send(message).await.unwrap();
    }

    pub(crate) async fn bye(mut self, code: u16, problem: Problem) {
        self.push(&Push::Bye(problem)).await;
        let code = CloseCode::try_from(code).unwrap();
        self.socket.send(Message::close(Some(code), "")).await.unwrap();
    }
}
