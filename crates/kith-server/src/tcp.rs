//! The gateways that are spoken to over plain TCP: who may connect, and what the server does for them.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use kith_core::decide::secret_hash;
use kith_core::id::UserId;
use kith_gateway_tcp::{Door, Shut, Waiting, ghostr, muca};
use kith_proto::error::Problem;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::app::{App, address_prefix};
use crate::auth::SignedIn;
use crate::crowd::Crowd;
use crate::listen::arrival;
use crate::metrics::Metrics;

/// How long connections may take to end when the server stops.
const DRAIN: Duration = Duration::from_secs(10);

impl Door for App {
    fn sign_in<'a>(
        &'a self,
        name: &'a str,
        password: &'a str,
        label: &'a str,
        address: IpAddr,
    ) -> Waiting<'a, Result<String, Shut>> {
        Box::pin(async move { hash_of(self.sign_in(name, password, label, None, address).await) })
    }

    fn sign_up<'a>(
        &'a self,
        name: &'a str,
        password: &'a str,
        label: &'a str,
        address: IpAddr,
    ) -> Waiting<'a, Result<String, Shut>> {
        Box::pin(
            async move { hash_of(self.sign_up(name, password, None, None, label, address).await) },
        )
    }

    fn admit(&self, address: IpAddr) -> Result<(), Shut> {
        let counted = self.limiter.sign_up(address_prefix(address), self.hub.now());
        counted.map_err(|_| Shut::Later)
    }

    fn pace(&self, user: UserId) -> Result<(), u64> {
        let counted = self.limiter.request(user, self.hub.now());
        counted.map_err(|problem| problem.retry_ms.unwrap_or(1).max(1))
    }
}

fn hash_of(begun: Result<SignedIn, Problem>) -> Result<String, Shut> {
    match begun {
        Ok(begun) => Ok(secret_hash(&begun.token)),
        Err(problem) => Err(match problem.code.as_str() {
            "auth.failed" | "name.taken" => Shut::Wrong,
            "password.length" | "password.common" => Shut::Weak,
            "site.registration_closed" => Shut::Closed,
            code if code.starts_with("input.") => Shut::Closed,
            _ => Shut::Later,
        }),
    }
}

/// Serves ghostr clients until [`App::stop`] was called and they have left, or had 10 seconds to do so.
pub async fn serve_ghostr(app: Arc<App>, listener: TcpListener) {
    let settings = &app.settings;
    let options = ghostr::Options {
        circle: settings.ghostr_circle.trim().to_owned(),
        signup: settings.ghostr_signup,
        block: Duration::from_secs(settings.ghostr_block_seconds.into()),
        idle_seconds: settings.ghostr_idle_seconds,
        queue_bytes: settings.queue_bytes as usize,
    };
    let door: Arc<dyn Door> = Arc::clone(&app) as Arc<dyn Door>;
    let gateway = ghostr::Gateway::new(app.hub.clone(), door, options);
    let serve = |socket: TcpStream, peer: SocketAddr| {
        let (app, gateway) = (Arc::clone(&app), Arc::clone(&gateway));
        async move {
            // Nobody is there any more if the system does not know it.
            let Ok(here) = socket.local_addr() else { return };
            gateway.serve(socket, peer, here.ip(), app.stopped()).await;
        }
    };
    accept(Arc::clone(&app), listener, settings.ghostr_public, serve).await;
}

/// Serves muca clients until [`App::stop`] was called and they have left, or had 10 seconds to do so.
pub async fn serve_muca(app: Arc<App>, listener: TcpListener) {
    let settings = &app.settings;
    let options = muca::Options {
        circle: settings.muca_circle.trim().to_owned(),
        guests: settings.muca_guests,
        idle_seconds: settings.muca_idle_seconds,
        queue_bytes: settings.queue_bytes as usize,
        session_ms: session_ms(&app),
    };
    let door: Arc<dyn Door> = Arc::clone(&app) as Arc<dyn Door>;
    let gateway = muca::Gateway::new(app.hub.clone(), door, options);
    let serve = |socket, peer: SocketAddr| {
        let app = Arc::clone(&app);
        gateway.serve(socket, peer.ip(), async move { app.stopped().await })
    };
    accept(Arc::clone(&app), listener, settings.muca_public, serve).await;
}

fn session_ms(app: &App) -> u64 {
    u64::from(app.settings.session_days) * 24 * 3600 * 1000
}

/// Accepts connections and has a task of its own serve each.
async fn accept<F>(
    app: Arc<App>,
    listener: TcpListener,
    public: bool,
    serve: impl Fn(TcpStream, SocketAddr) -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let crowd = Crowd::new(app.settings.connections_per_address);
    let mut clients = JoinSet::new();
    loop {
        let (socket, peer) = tokio::select! {
            accepted = arrival(&listener) => accepted,
            Some(_) = clients.join_next() => continue,
            () = app.stopped() => break,
        };
        let address = peer.ip().to_canonical();
        if !public && !address.is_loopback() {
            continue;
        }
        let Some(place) = crowd.enter(address) else { continue };
        Metrics::add(&app.metrics.accepted);
        // Each write is one message to the client.
        let _ = socket.set_nodelay(true);
        watch(&socket);
        let serving = serve(socket, peer);
        clients.spawn(async move {
            serving.await;
            drop(place);
        });
    }
    drop(listener);
    let left = async { while clients.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(DRAIN, left).await;
}

/// Has the system notice within two minutes that the other side is gone without a word: these protocols
/// have no sign of life.
fn watch(socket: &TcpStream) {
    #[cfg(target_os = "linux")]
    {
        use rustix::net::sockopt;
        let (idle, interval) = (Duration::from_secs(60), Duration::from_secs(15));
        let watched = sockopt::set_socket_keepalive(socket, true)
            .and_then(|()| sockopt::set_tcp_keepidle(socket, idle))
            .and_then(|()| sockopt::set_tcp_keepintvl(socket, interval))
            .and_then(|()| sockopt::set_tcp_keepcnt(socket, 4));
        if let Err(error) = watched {
            tracing::debug!(%error, "a connection is not watched");
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = socket;
}
