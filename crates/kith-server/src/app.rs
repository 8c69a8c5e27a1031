//! What every surface of the server shares.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use kith_core::refusal::Refusal;
use kith_gateway_topicsync::Gateway;
use kith_hub::{Environment, Hub, HubError};
use kith_proto::error::Problem;
use tokio::sync::{Semaphore, watch};

use crate::admin::Runs;
use crate::auth::Auth;
use crate::files::{Files, Place};
use crate::limits::Limiter;
use crate::metrics::Metrics;
use crate::relay::Introducer;
use crate::settings::Settings;
use crate::topicsync;
use crate::ws::pump::Pump;

/// Connections that are let in at a time, for each processor: when all come back at once, those that
/// are there are served between them.
const ARRIVING: usize = 2;

/// How many processors the server may use.
#[must_use]
pub fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// The server behind its surfaces.
pub struct App {
    /// The only writer of feeds.
    pub hub: Hub,
    /// What the operator set.
    pub settings: Settings,
    /// Who is who.
    pub auth: Auth,
    /// Files and where they are.
    pub(crate) files: Files,
    /// What is counted.
    pub metrics: Metrics,
    /// Where it runs.
    pub runs: Runs,
    pub(crate) limiter: Limiter,
    pub(crate) pending: AtomicU64,
    /// Places for connections whose token is looked up.
    pub(crate) arriving: Semaphore,
    pub(crate) pump: Arc<Pump>,
    /// The topicsync gateway, if there is one.
    pub(crate) topicsync: Option<Arc<Gateway>>,
    /// STUN and TURN, once they are served.
    pub(crate) relay: OnceLock<Introducer>,
    stopping: watch::Sender<bool>,
    ready: AtomicBool,
}

impl App {
    /// A server over a hub that takes no files.
    #[must_use]
    pub fn new(hub: Hub, env: Arc<dyn Environment>, settings: Settings) -> Arc<Self> {
        Self::with_files(hub, env, settings, None)
    }

    /// A server over a hub, with a place for files.
    #[must_use]
    pub fn with_files(
        hub: Hub,
        env: Arc<dyn Environment>,
        settings: Settings,
        place: Option<Place>,
    ) -> Arc<Self> {
        let auth = Auth::new(hub.clone(), env, &settings);
        let limiter = Limiter::new(&settings);
        let topicsync = topicsync::gateway(&hub, &settings);
        Arc::new(Self {
            hub,
            auth,
            files: Files::new(place, &settings),
            limiter,
            settings,
            metrics: Metrics::default(),
            runs: Runs::default(),
            pending: AtomicU64::new(0),
            arriving: Semaphore::new(ARRIVING * processors()),
            pump: Arc::default(),
            topicsync,
            relay: OnceLock::new(),
            stopping: watch::Sender::new(false),
            ready: AtomicBool::new(true),
        })
    }

    /// Begins to stop: connections are told when to come back, and nothing new is taken.
    pub fn stop(&self) {
        self.ready.store(false, Ordering::Relaxed);
        self.stopping.send_replace(true);
    }

    /// Whether the server takes work.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Relaxed)
    }

    /// Returns when the server begins to stop.
    pub async fn stopped(&self) {
        let mut stopping = self.stopping.subscribe();
        // The sender lives as long as the app does.
        let _ = stopping.wait_for(|stop| *stop).await;
    }

    /// A failure as an answer, counted by its code.
    pub(crate) fn problem(&self, error: &HubError) -> Problem {
        let problem = problem_of(error);
        self.metrics.refused(&problem.code);
        problem
    }
}

/// A failure as an answer. What went wrong inside is logged, not told.
pub(crate) fn problem_of(error: &HubError) -> Problem {
    let message = match error {
        HubError::Store(inner) => {
            tracing::warn!(error = %inner, code = error.code(), "the store failed");
            match error.code() {
                "store.full" => "the server's disk is full; nothing was written".to_owned(),
                "store.read_only" => "the server cannot write at present".to_owned(),
                _ => "the server's storage failed".to_owned(),
            }
        }
        other => other.to_string(),
    };
    if let HubError::Refused(refusal) = error {
        return refused(refusal);
    }
    Problem {
        change: None,
        code: error.code().to_owned(),
        message,
        retry_ms: error.retry_ms(),
        unknown: error.is_unknown(),
        failure: None,
    }
}

/// A refusal as an answer.
pub(crate) fn refused(refusal: &Refusal) -> Problem {
    Problem::from(refusal)
}

/// The part of an address that one person or household has: all of IPv4, half of IPv6.
#[must_use]
pub(crate) fn address_prefix(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        v4 => v4,
    }
}
