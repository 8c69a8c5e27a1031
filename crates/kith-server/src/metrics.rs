//! What is counted, in the text format of Prometheus.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use kith_hub::{Histogram, LATENCY_BOUNDS_US};
use kith_proto::query::{Health, Times};

use crate::app::App;

/// Counters of the server's surfaces; the hub has its own.
#[derive(Debug, Default)]
pub struct Metrics {
    /// Requests over the WebSocket.
    pub ws_requests: AtomicU64,
    /// Requests over HTTP.
    pub http_requests: AtomicU64,
    /// Connections that were accepted.
    pub accepted: AtomicU64,
    refusals: Mutex<BTreeMap<String, u64>>,
}

impl Metrics {
    /// Counts a refusal by its code. Codes come from our own tables, so there are few.
    pub fn refused(&self, code: &str) {
        let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        match refusals.get_mut(code) {
            Some(count) => *count += 1,
            None => {
                refusals.insert(code.to_owned(), 1);
            }
        }
    }

    pub(crate) fn add(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

/// A metric: its name, what it is, its value.
type Metric = (&'static str, &'static str, u64);

fn gauges(app: &App) -> Vec<Metric> {
    let (_, calls_open) = app.hub.calls();
    let behind = app.hub.index_behind().unwrap_or(0);
    let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let mut gauges = vec![
        ("kith_connections", "Live connections.", app.hub.connections() as u64),
        ("kith_followed_feeds", "Feeds that a connection follows.", app.hub.followed() as u64),
        ("kith_queue_bytes", "Bytes that wait for connections.", app.hub.waiting_bytes() as u64),
        ("kith_calls_open", "Calls of services that are open.", calls_open as u64),
        ("kith_uploads_open", "Uploads that are coming in.", app.files.open() as u64),
        ("kith_files", "Files, counted every five minutes.", get(&app.files.count)),
        ("kith_files_bytes", "Their bytes, as limits count them.", get(&app.files.bytes)),
        (
            "kith_files_reachable",
            "Whether the place of the contents of files answers.",
            u64::from(app.files.is_reachable()),
        ),
        ("kith_search_behind", "Events that are not in the search index yet.", behind),
        ("kith_search_bytes", "Bytes of the search index.", app.hub.index_bytes()),
        ("kith_ready", "Whether the server takes work.", u64::from(app.is_ready())),
    ];
    let memory = memory_bytes();
    gauges.extend(memory.map(|bytes| ("kith_memory_bytes", "Memory of the process.", bytes)));
    gauges
}

/// The memory of the process that is there and not swapped out; `None` where the system does not say.
pub(crate) fn memory_bytes() -> Option<u64> {
    // The kernel makes this text when it is read: there is no disk to wait for.
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

fn counters(app: &App) -> Vec<Metric> {
    let (stats, metrics) = (app.hub.stats(), &app.metrics);
    let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let (calls, _) = app.hub.calls();
    vec![
        ("kith_operations_total", "Operations committed.", get(&stats.operations)),
        ("kith_publishes_total", "Events committed.", get(&stats.events)),
        ("kith_commits_total", "Group commits.", get(&stats.groups)),
        ("kith_commit_failures_total", "Group commits that failed.", get(&stats.failures)),
        ("kith_deliveries_total", "Events put into mailboxes.", get(&stats.deliveries)),
        ("kith_lagged_total", "Times that a reader was too slow.", get(&stats.lagged)),
        ("kith_calls_total", "Calls of services.", calls),
        ("kith_ws_requests_total", "Requests over WebSocket.", get(&metrics.ws_requests)),
        ("kith_http_requests_total", "Requests over HTTP.", get(&metrics.http_requests)),
        ("kith_files_received_bytes_total", "Bytes of files taken in.", get(&app.files.received)),
        ("kith_files_sent_bytes_total", "Bytes of files given out.", get(&app.files.sent)),
        ("kith_accepted_total", "Connections accepted.", get(&metrics.accepted)),
    ]
}

/// All metrics for those who administer the site.
pub(crate) fn health(app: &App) -> Health {
    let named = |(name, _, value): Metric| (name.to_owned(), value);
    let stats = app.hub.stats();
    let of_times =
        [("kith_commit_seconds", &stats.commit), ("kith_delivery_seconds", &stats.delivery)];
    let refusals = app.metrics.refusals.lock().unwrap_or_else(PoisonError::into_inner);
    Health {
        now: app.hub.now(),
        gauges: gauges(app).into_iter().map(named).collect(),
        counters: counters(app).into_iter().map(named).collect(),
        times: of_times.map(|(name, histogram)| (name.to_owned(), times(histogram))).into(),
        refusals: refusals.clone(),
    }
}

fn times(histogram: &Histogram) -> Times {
    Times {
        bounds_us: LATENCY_BOUNDS_US.to_vec(),
        buckets: histogram.buckets.iter().map(|one| one.load(Ordering::Relaxed)).collect(),
        sum_us: histogram.sum_us.load(Ordering::Relaxed),
    }
}

/// All metrics as text.
pub(crate) fn render(app: &App) -> String {
    let mut text = String::new();
    let (stats, metrics) = (app.hub.stats(), &app.metrics);
    for (name, help, value) in gauges(app) {
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}");
    }
    for (name, help, value) in counters(app) {
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} counter\n{name} {value}");
    }
    histogram(&mut text, "kith_commit_seconds", "How long group commits took.", &stats.commit);
    histogram(
        &mut text,
        "kith_delivery_seconds",
        "From the start of a commit until its events were in all mailboxes.",
        &stats.delivery,
    );
    if let Some(relay) = app.relay.get() {
        relay.render(&mut text);
    }
    histogram(&mut text, "kith_search_seconds", "How long searches took.", app.hub.searches());
    let name = "kith_refusals_total";
    let _ = writeln!(text, "# HELP {name} Refusals by code.\n# TYPE {name} counter");
    for (code, count) in metrics.refusals.lock().unwrap_or_else(PoisonError::into_inner).iter() {
        let _ = writeln!(text, "{name}{{code=\"{code}\"}} {count}");
    }
    text
}

fn histogram(text: &mut String, name: &str, help: &str, histogram: &Histogram) {
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} histogram");
    let mut total = 0;
    for (index, bucket) in histogram.buckets.iter().enumerate() {
        total += bucket.load(Ordering::Relaxed);
        let bound = match LATENCY_BOUNDS_US.get(index) {
            Some(us) => format!("{}", *us as f64 / 1e6),
            None => "+Inf".to_owned(),
        };
        let _ = writeln!(text, "{name}_bucket{{le=\"{bound}\"}} {total}");
    }
    let sum = histogram.sum_us.load(Ordering::Relaxed) as f64 / 1e6;
    let _ = writeln!(text, "{name}_sum {sum}\n{name}_count {total}");
}

#[cfg(test)]
mod tests {
    #[test]
    #[cfg(target_os = "linux")]
    fn a_process_has_some_memory() {
        let bytes = super::memory_bytes().expect("the system says");
        assert!((1 << 20..1 << 40).contains(&bytes), "{bytes}");
    }
}
