//! A server and its clients, over real sockets.

#![allow(dead_code, clippy::allow_attributes, reason = "each test uses a part of it")]

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use http::Uri;
use kith_core::decide::account;
use kith_hub::testing::Clock;
use kith_hub::{Environment, Hub, Limits};
use kith_server::App;
use kith_server::files::Place;
use kith_server::settings::{Registration, Settings};
use kith_store::memory::MemoryStore;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_websockets::{ClientBuilder, MaybeTlsStream, Message, WebSocketStream};

pub(crate) struct Server {
    pub(crate) app: Arc<App>,
    pub(crate) port: u16,
    /// What is stored of files.
    pub(crate) dir: tempfile::TempDir,
}

/// A token by which whoever comes first owns the site.
pub(crate) async fn offer_owner(server: &Server) -> &'static str {
    let token = "feedfacefeedface";
    let hash = kith_core::decide::secret_hash(token);
    let offer = server.app.hub.transact(None, None, |d| kith_core::decide::site::offer(d, &hash));
    offer.await.unwrap();
    token
}

impl Server {
    pub(crate) async fn open() -> Self {
        Self::open_with(|_| ()).await
    }

    pub(crate) async fn open_with(change: impl FnOnce(&mut Settings)) -> Self {
        Self::open_over(|dir| kith_blob::Depot::on_disk(dir).unwrap(), change).await
    }

    /// Opens with files where `depot` has them, which is told of a directory for them.
    pub(crate) async fn open_over(
        depot: impl FnOnce(&std::path::Path) -> kith_blob::Depot,
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        let mut settings = Settings {
            registration: Registration::Open,
            password_memory_kib: 8,
            sign_ups_per_minute: 1000,
            requests_burst: 1_000_000,
            files_free_percent: 1,
            ..Settings::default()
        };
        change(&mut settings);
        let env: Arc<dyn Environment> = Arc::new(Clock::default());
        let store = Arc::new(MemoryStore::new());
        let hub = Hub::open(store, Arc::clone(&env), Limits::default()).await.unwrap();
        let dir = tempfile::tempdir().unwrap();
        let depot = depot(dir.path());
        let app = App::with_files(hub, env, settings, Some(Place { depot, painter: None }));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(kith_server::listen::serve(Arc::clone(&app), listener, None));
        Self { app, port, dir }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) async fn user(&self, name: &str) -> String {
        let address = std::net::Ipv4Addr::LOCALHOST.into();
        let password = "correct horse battery";
        self.app.sign_up(name, password, None, None, "test", address).await.unwrap().token
    }

    pub(crate) async fn enter(&self, token: &str) -> Socket {
        self.try_enter(token).await.expect("the server lets in")
    }

    /// Connects, if the server lets in.
    pub(crate) async fn try_enter(&self, token: &str) -> Option<Socket> {
        let uri: Uri = format!("ws://127.0.0.1:{}/api/v1/ws", self.port).parse().unwrap();
        let stream = ClientBuilder::from_uri(uri).connect().await.unwrap().0;
        let mut socket = Socket { stream, user: Value::Null, session: Value::Null };
        socket.send(&json!({"v": 1, "auth": {"token": token}})).await;
        let welcome = socket.next().await?["welcome"].clone();
        (socket.user, socket.session) = (welcome["user"]["id"].clone(), welcome["session"].clone());
        (!welcome.is_null()).then_some(socket)
    }

    /// Ends a session by REST; whether it was acknowledged.
    pub(crate) async fn revoke(&self, token: &str, session: &str) -> bool {
        self.rest(token, &format!("DELETE /sessions/{session}"), "").await.0 == 200
    }

    /// A request by REST: its status, and its body as JSON.
    pub(crate) async fn rest(&self, token: &str, line: &str, body: &str) -> (u16, Value) {
        let (method, path) = line.split_once(' ').unwrap();
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        let request = format!(
            "{method} /api/v1{path} HTTP/1.1\r\nhost: 127.0.0.1\r\n\
             authorization: Bearer {token}\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, serde_json::from_str(body).unwrap_or_default())
    }

    pub(crate) async fn disable(&self, user: &str) -> bool {
        let user = user.parse().unwrap();
        self.app.hub.transact(None, None, |d| account::set_disabled(d, user, true)).await.is_ok()
    }
}

pub(crate) struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    pub(crate) user: Value,
    pub(crate) session: Value,
}

impl Socket {
    /// Whether the connection took it.
    pub(crate) async fn send(&mut self, frame: &Value) -> bool {
        self.stream.send(Message::text(frame.to_string())).await.is_ok()
    }

    /// The next frame; `None` at the end of the connection.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        loop {
            let message = self.stream.next().await?.ok()?;
            if let Some(text) = message.as_text() {
                return serde_json::from_str(text).ok();
            }
            if message.is_close() {
                return None;
            }
        }
    }

    /// The next frame within so many milliseconds.
    pub(crate) async fn next_in(&mut self, ms: u64) -> Option<Option<Value>> {
        tokio::time::timeout(Duration::from_millis(ms), self.next()).await.ok()
    }

    /// The reply to a request; null when the connection ended instead.
    pub(crate) async fn ask(&mut self, request: Value) -> Value {
        self.send(&request).await;
        while let Some(frame) = self.next().await {
            for kind in ["ok", "error"] {
                if frame[kind]["id"] == request["id"] {
                    return frame[kind].clone();
                }
            }
        }
        Value::Null
    }

    /// Everything until the reply, as text.
    pub(crate) async fn ask_all(&mut self, request: Value) -> String {
        self.send(&request).await;
        let mut told = String::new();
        while let Some(frame) = self.next().await {
            told.push_str(&frame.to_string());
            if ["ok", "error"].iter().any(|kind| frame[*kind]["id"] == request["id"]) {
                break;
            }
        }
        told
    }
}

/// Waits until somebody has posted.
pub(crate) struct Posted {
    pub(crate) stream: Value,
    pub(crate) token: String,
}

impl Posted {
    /// Until the stream has so many events.
    pub(crate) async fn wait(&mut self, server: &Server, count: u64) {
        let mut socket = server.enter(&self.token).await;
        socket.ask(json!({"id": 1, "subscribe": [{"feed": self.stream, "after": 0}]})).await;
        while let Some(frame) = socket.next().await {
            if frame["event"]["seq"].as_u64().is_some_and(|seq| seq >= count) {
                return;
            }
        }
    }
}
