//! STUN and TURN for private sessions: the socket, and what clients are told by `kith/relay`.

use std::fmt::Write;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use kith_core::id::UserId;
use kith_relay::{Counts, Options, Relay, Secret};
use serde_json::{Value as Json, json};
use tokio::net::UdpSocket;

use crate::app::App;
use crate::settings::Settings;

/// The service by which clients ask for it.
pub(crate) const SERVICE: &str = "kith/relay";

/// What is offered to those who look for a way to each other.
pub(crate) struct Introducer {
    secret: Secret,
    /// Where it is: a name or an address, a colon, and the port.
    place: String,
    turn: bool,
    counts: Arc<Counts>,
}

impl Introducer {
    /// What a user is told: a credential of their own, for a while.
    fn servers(&self, user: UserId, now_ms: u64) -> Json {
        let place = &self.place;
        let mut servers = vec![json!({ "urls": [format!("stun:{place}")] })];
        if self.turn {
            let credential = self.secret.issue(&user.to_string(), now_ms);
            servers.push(json!({
                "urls": [format!("turn:{place}?transport=udp")],
                "username": credential.username,
                "credential": credential.password,
            }));
        }
        Json::Array(servers)
    }

    /// What is counted, as metrics.
    pub(crate) fn render(&self, text: &mut String) {
        let Counts {
            allocations,
            made,
            bindings,
            bytes,
            dropped,
            unauthenticated,
            refused,
            withheld,
        } = &*self.counts;
        for (name, kind, help, count) in [
            ("allocations", "gauge", "Allocations of the relay.", allocations),
            ("allocations_total", "counter", "Allocations made.", made),
            ("bindings_total", "counter", "Devices told their address.", bindings),
            ("bytes_total", "counter", "Bytes relayed.", bytes),
            ("dropped_total", "counter", "Datagrams dropped for the limits.", dropped),
            ("unauthenticated_total", "counter", "Requests without a sign-in.", unauthenticated),
            ("refused_total", "counter", "Requests refused.", refused),
            ("withheld_total", "counter", "Requests not answered.", withheld),
        ] {
            let (name, count) = (format!("kith_relay_{name}"), count.load(Ordering::Relaxed));
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {count}");
        }
    }
}

/// What `kith/relay` answers.
pub(crate) fn answer(app: &App, user: UserId) -> Json {
    let servers = app.relay.get().map(|relay| relay.servers(user, app.hub.now().0));
    json!({ "servers": servers.unwrap_or_else(|| json!([])) })
}

/// The address that devices reach the relay by: what the operator says, or where it listens.
fn address(settings: &Settings, listen: SocketAddr) -> IpAddr {
    settings.relay_address.trim().parse().unwrap_or(listen.ip())
}

/// Where the relay is, as URLs say it.
fn place(settings: &Settings, listen: SocketAddr) -> String {
    match settings.relay_host.trim() {
        "" => SocketAddr::new(address(settings, listen), listen.port()).to_string(),
        host => format!("{host}:{}", listen.port()),
    }
}

/// Serves STUN and, where it is switched on, TURN until [`App::stop`] was called.
///
/// # Errors
/// When the system gives no randomness, or does not know where the socket is.
pub async fn serve(app: Arc<App>, socket: UdpSocket) -> std::io::Result<()> {
    let listen = socket.local_addr()?;
    let settings = &app.settings;
    let options = Options {
        address: address(settings, listen),
        turn: settings.relay_turn,
        allocations_max: settings.relay_allocations as usize,
        per_user_max: settings.relay_allocations_per_user as usize,
        bytes_per_second: settings.relay_bytes_per_second.into(),
        bytes_per_second_per_user: settings.relay_bytes_per_second_per_user.into(),
    };
    let (mut secret, mut seed) = ([0; 32], [0; 8]);
    getrandom::fill(&mut secret).and_then(|()| getrandom::fill(&mut seed))?;
    let secret = Secret::new(&secret);
    // Whatever becomes of the system's clock, what lasts some time lasts that long.
    let (started, begun) = (Instant::now(), app.hub.now().0);
    let now = move || begun + u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX / 2);
    let relay = Relay::new(options, secret.clone(), u64::from_le_bytes(seed), now());
    let (place, turn, counts) = (place(settings, listen), settings.relay_turn, relay.counts());
    // It is served once.
    let _ = app.relay.set(Introducer { secret, place, turn, counts });
    kith_relay::serve(&socket, relay, now, app.stopped()).await;
    Ok(())
}
