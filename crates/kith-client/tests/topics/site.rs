//! A real server, and a way to it that a test can cut.

use std::sync::Arc;

use kith_client::{Auth, Client, Events, Options};
use kith_hub::testing::Clock;
use kith_hub::{Environment, Hub, Limits};
use kith_server::App;
use kith_server::settings::{Registration, Settings};
use kith_store::memory::MemoryStore;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

pub(crate) struct Site {
    app: Arc<App>,
    port: u16,
}

impl Site {
    pub(crate) async fn open() -> Self {
        Self::with(Limits::default()).await
    }

    pub(crate) async fn with(limits: Limits) -> Self {
        let settings = Settings {
            registration: Registration::Open,
            password_memory_kib: 8,
            sign_ups_per_minute: 1000,
            requests_burst: 1_000_000,
            ..Settings::default()
        };
        let env: Arc<dyn Environment> = Arc::new(Clock::default());
        let hub = Hub::open(Arc::new(MemoryStore::new()), Arc::clone(&env), limits).await.unwrap();
        let app = App::new(hub, env, settings);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(kith_server::listen::serve(Arc::clone(&app), listener, None));
        Self { app, port }
    }

    pub(crate) async fn token(&self, name: &str) -> String {
        let address = std::net::Ipv4Addr::LOCALHOST.into();
        let password = "correct horse battery";
        self.app.sign_up(name, password, None, None, "test", address).await.unwrap().token
    }

    /// A client of a new user, which wants no updates.
    pub(crate) async fn user(&self, name: &str) -> Client {
        enter(self.port, &self.token(name).await).await.0
    }

    /// A way to the server that can be cut.
    pub(crate) async fn way(&self) -> Way {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (open, is_open) = watch::channel(true);
        tokio::spawn(carry(listener, self.port, is_open));
        Way { port, open }
    }
}

pub(crate) async fn enter(port: u16, token: &str) -> (Client, Events) {
    let url = format!("http://127.0.0.1:{port}");
    Client::connect(Options::new(&url, Auth::Token(token.to_owned()))).await.unwrap()
}

/// A way to the server.
pub(crate) struct Way {
    pub(crate) port: u16,
    open: watch::Sender<bool>,
}

impl Way {
    /// Ends what goes over it, and lets nobody on.
    pub(crate) fn close(&self) {
        self.open.send_replace(false);
    }

    pub(crate) fn open(&self) {
        self.open.send_replace(true);
    }
}

async fn carry(listener: TcpListener, port: u16, is_open: watch::Receiver<bool>) {
    loop {
        let (mut near, _) = listener.accept().await.unwrap();
        let mut is_open = is_open.clone();
        if !*is_open.borrow_and_update() {
            continue;
        }
        tokio::spawn(async move {
            let mut far = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            tokio::select! {
                _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
                _ = is_open.changed() => {}
            }
        });
    }
}
