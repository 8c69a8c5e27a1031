//! `kith serve`: runs the server until it is told to stop.

use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

use anyhow::Context;
use kith_core::id::Timestamp;
use kith_hub::{Hub, Limits};
use kith_proto::query::Setting;
use kith_search::SqliteIndex;
use kith_server::admin;
use kith_server::files::Place;
use kith_server::{App, processors};
use kith_store::Store;
use tokio::net::{TcpListener, TcpSocket, UdpSocket};
use tokio::sync::mpsc;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::config::{Config, Given, Tls};
use crate::environment::{Exit, SystemEnvironment};
use crate::{demo, logging};

/// What the program exits with when it is told a second time to stop.
const EXIT_AT_ONCE: i32 = 130;

/// Runs the server.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  kith serve --data /var/lib/kith --listen 127.0.0.1:8080
  kith serve --data data --set registration=closed --set session_days=30
  kith serve --config /etc/kith.toml --set log=debug
  kith serve --demo --data demo

SIGTERM or Ctrl-C: connections have 10 seconds to end, and what was taken is written. A second one \
ends the program at once; nothing that was acknowledged is lost.")]
pub(crate) struct Args {
    /// Address and port to listen on; port 0 takes any that is free [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Option<String>,
    /// Begin with a circle to look around in, in a directory that has no data yet; on this machine alone
    #[arg(long)]
    demo: bool,
    #[command(flatten)]
    given: Given,
}

/// Runs the server.
///
/// # Errors
/// When it cannot start.
pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let config = Config::load(&args.given, args.listen.as_deref())?;
    config.check_exposure()?;
    if args.demo && !config.listen.ip().is_loopback() {
        let message = "--demo is for this machine alone: everybody knows how to sign in to it";
        return Err(Exit::usage(message).into());
    }
    logging::init(&config)?;
    for warning in config.warnings() {
        tracing::warn!("{warning}");
    }
    warn_of_dangers(&config);
    raise_files();
    let tls = config.tls.as_ref().map(certificate).transpose()?;
    config.make_data()?;
    warn_if_shared(&config.data);
    // Before anyone is told that the server runs: whoever stops it then must not cut it off.
    let stop = stop_signals().context("cannot listen for signals")?;

    let store = config.open_store().await?;
    let depot = config.open_depot().await?;
    let painter = std::env::current_exe().ok();
    let place = depot.map(|depot| Place { depot, painter });
    let limits = Limits {
        mailbox_bytes: config.settings.queue_bytes as usize,
        catching_up_max: processors(),
        ..Limits::default()
    };
    let env = Arc::new(SystemEnvironment);
    let store: Arc<dyn Store> = Arc::new(store);
    if args.demo {
        demo::make(Arc::clone(&store), env.as_ref(), &config.settings).await?;
    }
    let hub = Hub::open(store, env.clone(), limits).await?;
    let indexing = index(&config, &hub).await?;
    let app = App::with_files(hub.clone(), env, config.settings.clone(), place);
    let listening =
        |address| listen(address).with_context(|| format!("cannot listen on {address}"));
    let listeners = listening(config.listen).and_then(|main| {
        let also = [config.topicsync, config.ghostr, config.muca];
        let [topicsync, ghostr, muca] = also.map(|address| address.map(listening).transpose());
        Ok((main, topicsync?, ghostr?, muca?, config.relay.map(datagrams).transpose()?))
    });
    let (listener, topicsync, ghostr, muca, relay) = match listeners {
        Ok(listeners) => listeners,
        Err(error) => {
            hub.close().await;
            return Err(error);
        }
    };
    app.runs.set(runs_at(&config, app.hub.now()));
    let owner = app.offer_site().await?;
    let address = listener.local_addr()?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    let data = config.data.display();
    tracing::info!(version = env!("CARGO_PKG_VERSION"), %address, %data, "the server runs");
    tokio::spawn(obey(stop, Arc::clone(&app)));
    let mut out = std::io::stdout().lock();
    // Nobody may be reading; the server runs all the same.
    let mut said = writeln!(out, "kith: listening on {scheme}://{address}");
    if let Some(listener) = &topicsync {
        let address = listener.local_addr()?;
        said = said.and_then(|()| writeln!(out, "kith: topicsync on ws://{address}"));
    }
    for (name, listener) in [("ghostr", &ghostr), ("muca", &muca)] {
        if let Some(listener) = listener {
            let address = listener.local_addr()?;
            said = said.and_then(|()| writeln!(out, "kith: {name} on tcp://{address}"));
        }
    }
    if let Some(socket) = &relay {
        let address = socket.local_addr()?;
        let what = if config.settings.relay_turn { "STUN and TURN" } else { "STUN" };
        said = said.and_then(|()| writeln!(out, "kith: {what} on udp://{address}"));
    }
    if args.demo {
        let line = demo::sign_in()?;
        said = said.and_then(|()| writeln!(out, "kith: {line}"));
    }
    if let Some(token) = owner {
        let site = match config.settings.public_url.as_str() {
            "" => format!("{scheme}://{address}"),
            public => public.trim_end_matches('/').to_owned(),
        };
        let line = "kith: nobody owns this site yet; whoever opens this first does:";
        said = said.and_then(|()| writeln!(out, "{line} {site}/signup#owner={token}"));
    }
    let _ = said.and_then(|()| out.flush());
    drop(out);

    let gateway = async {
        if let Some(listener) = topicsync {
            kith_server::listen::serve_topicsync(Arc::clone(&app), listener).await;
        }
    };
    let ghostr = async {
        if let Some(listener) = ghostr {
            kith_server::tcp::serve_ghostr(Arc::clone(&app), listener).await;
        }
    };
    let muca = async {
        if let Some(listener) = muca {
            kith_server::tcp::serve_muca(Arc::clone(&app), listener).await;
        }
    };
    let relay = async {
        let Some(socket) = relay else { return };
        if let Err(error) = kith_server::relay::serve(Arc::clone(&app), socket).await {
            tracing::error!(%error, "there is neither STUN nor TURN");
        }
    };
    let main = kith_server::listen::serve(Arc::clone(&app), listener, tls);
    tokio::join!(main, gateway, ghostr, muca, relay);
    hub.close().await;
    if let Some(indexing) = indexing {
        // What it does is whole or not there; a thread that failed has nothing more to say.
        let _ = tokio::task::spawn_blocking(move || indexing.join()).await;
    }
    tracing::info!("the server has stopped");
    Ok(())
}

/// What the server tells of itself to those who administer it.
fn runs_at(config: &Config, started_at: Timestamp) -> admin::Place {
    let entries = config.entries();
    let settings = entries.map(|(key, entry)| Setting {
        key: key.to_owned(),
        value: serde_json::to_value(&entry.value).unwrap_or_default(),
        source: entry.source.tell(key),
    });
    admin::Place {
        version: env!("CARGO_PKG_VERSION"),
        database: config.database(),
        backup_mark: config.backup_mark(),
        settings: settings.collect(),
        started_at,
    }
}

/// Has messages found by an index, which is kept up to date on a thread that gives way to all others.
/// A server whose index cannot be opened runs without.
async fn index(config: &Config, hub: &Hub) -> anyhow::Result<Option<JoinHandle<()>>> {
    if !config.settings.search {
        return Ok(None);
    }
    let path = config.index();
    let opened = tokio::task::spawn_blocking(move || SqliteIndex::open(&path)).await?;
    let index = match opened {
        Ok(index) => index,
        Err(error) => {
            tracing::error!(%error, "messages cannot be searched");
            return Ok(None);
        }
    };
    let following = hub.search_by(Arc::new(index));
    let runtime = tokio::runtime::Handle::current();
    let thread = kith_search::quietly("kith-follow", move || runtime.block_on(following));
    Ok(Some(thread.context("cannot start a thread")?))
}

/// Stops the server at the first signal, the program at the second.
async fn obey(mut signals: mpsc::Receiver<&'static str>, app: Arc<App>) {
    if let Some(name) = signals.recv().await {
        tracing::info!(signal = name, "the server stops");
        app.stop();
    }
    if let Some(name) = signals.recv().await {
        tracing::warn!(signal = name, "the program ends at once");
        std::process::exit(EXIT_AT_ONCE);
    }
}

#[cfg(unix)]
fn stop_signals() -> std::io::Result<mpsc::Receiver<&'static str>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (sender, receiver) = mpsc::channel(2);
    for (kind, name) in [(SignalKind::terminate(), "SIGTERM"), (SignalKind::interrupt(), "SIGINT")]
    {
        let (mut signals, sender) = (signal(kind)?, sender.clone());
        tokio::spawn(async move {
            while signals.recv().await.is_some() && sender.send(name).await.is_ok() {}
        });
    }
    Ok(receiver)
}

#[cfg(not(unix))]
fn stop_signals() -> std::io::Result<mpsc::Receiver<&'static str>> {
    let (sender, receiver) = mpsc::channel(2);
    tokio::spawn(async move {
        while tokio::signal::ctrl_c().await.is_ok() && sender.send("Ctrl-C").await.is_ok() {}
    });
    Ok(receiver)
}

/// Connections that may wait until they are accepted: as many as Linux allows unless told otherwise.
/// One that finds no place tries again after a second, and then after two.
const BACKLOG: u32 = 4096;

/// Listens on an address.
fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // A server that starts again finds its own old connections, which still have some time.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Takes datagrams at an address.
fn datagrams(address: SocketAddr) -> anyhow::Result<UdpSocket> {
    let bound = std::net::UdpSocket::bind(address).and_then(|socket| {
        socket.set_nonblocking(true)?;
        UdpSocket::from_std(socket)
    });
    bound.with_context(|| format!("cannot listen on {address} over UDP"))
}

/// Reads a certificate and its key.
fn certificate(files: &Tls) -> Result<Arc<ServerConfig>, Exit> {
    let unreadable = |path: &Path, error: &dyn std::fmt::Display| {
        Exit::usage(format!("cannot read {}: {error}", path.display()))
    };
    let chain = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| unreadable(&files.certificate, &error))?;
    if chain.is_empty() {
        return Err(unreadable(&files.certificate, &"there is no certificate in it"));
    }
    let key =
        PrivateKeyDer::from_pem_file(&files.key).map_err(|error| unreadable(&files.key, &error))?;
    let refused = |error| Exit::usage(format!("the certificate cannot be used: {error}"));
    let provider = Arc::new(ring::default_provider());
    let mut tls = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(refused)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(refused)?;
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(tls))
}

fn warn_of_dangers(config: &Config) {
    if config.durability != kith_store_sqlite::Durability::Full {
        tracing::warn!("storage.sync is none: a power loss takes acknowledged messages with it");
    }
    if config.is_exposed() {
        tracing::warn!("passwords cross the network as plain text");
    }
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::fs::MetadataExt;
        if std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0) {
            tracing::warn!("running as root: a user of its own is safer");
        }
    }
}

/// Takes as many open files as the system lets it have: every connection is one.
fn raise_files() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let maximum = getrlimit(Resource::Nofile).maximum;
        if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
            tracing::warn!(%error, "the number of open files stays as it was");
        }
    }
}

/// The data is for its owner only; a directory that was there before may not be.
fn warn_if_shared(data: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(data).map_or(0, |found| found.permissions().mode() & 0o777);
        if mode & 0o077 != 0 {
            let data = data.display();
            tracing::warn!(%data, mode = format!("{mode:o}"), "others may look at the data: chmod 700");
        }
    }
    #[cfg(not(unix))]
    let _ = data;
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpStream};
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn many_who_come_at_once_wait_and_are_not_sent_away() {
        let listener = listen((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let address = listener.local_addr().unwrap();
        // Nobody is accepted meanwhile. Who finds no place would try again after a second.
        let come = |_| TcpStream::connect_timeout(&address, Duration::from_millis(900));
        let came: Vec<_> = (0..300).map(come).collect::<Result<_, _>>().unwrap();
        assert_eq!(came.len(), 300);
    }
}
