//! Figures, and how they are told.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};

/// One thing that was measured, a few times.
pub(crate) struct Figure {
    pub(crate) bench: &'static str,
    pub(crate) what: String,
    pub(crate) unit: &'static str,
    /// Each time's.
    pub(crate) values: Vec<f64>,
    /// What it is held against, and each time's of that.
    pub(crate) reference: Option<(&'static str, Vec<f64>)>,
}

impl Figure {
    pub(crate) fn new(bench: &'static str, what: impl Into<String>, unit: &'static str) -> Self {
        Self { bench, what: what.into(), unit, values: Vec::new(), reference: None }
    }

    pub(crate) fn against(self, what: &'static str) -> Self {
        Self { reference: Some((what, Vec::new())), ..self }
    }

    pub(crate) fn add(&mut self, value: f64, reference: Option<f64>) {
        self.values.push(value);
        if let (Some((_, values)), Some(value)) = (&mut self.reference, reference) {
            values.push(value);
        }
    }

    fn ratio(&self) -> Option<f64> {
        let (_, values) = self.reference.as_ref()?;
        let reference = median(values);
        (reference > 0.0).then(|| median(&self.values) / reference)
    }
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values
}

fn median(values: &[f64]) -> f64 {
    sorted(values).get(values.len() / 2).copied().unwrap_or_default()
}

/// The share `part` of all was at most so long, in microseconds.
pub(crate) fn percentile(times: &mut [Duration], part: f64) -> f64 {
    times.sort_unstable();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a place in a list"
    )]
    let place = (times.len().saturating_sub(1) as f64 * part).round() as usize;
    times.get(place).map_or(0.0, |time| time.as_secs_f64() * 1e6)
}

/// Three digits say as much as such a figure knows.
fn number(value: f64) -> String {
    match value {
        0.0 => "0".to_owned(),
        tiny if tiny < 10.0 => format!("{tiny:.2}"),
        small if small < 100.0 => format!("{small:.1}"),
        large => {
            let whole = format!("{large:.0}");
            let mut grouped = String::new();
            for (place, digit) in whole.chars().enumerate() {
                if place > 0 && (whole.len() - place) % 3 == 0 {
                    grouped.push(' ');
                }
                grouped.push(digit);
            }
            grouped
        }
    }
}

fn spread(values: &[f64]) -> String {
    let values = sorted(values);
    match (values.first(), values.last()) {
        (Some(low), Some(high)) if values.len() > 1 => {
            format!("{} ({}–{})", number(median(&values)), number(*low), number(*high))
        }
        _ => number(median(&values)),
    }
}

/// All figures as a table in Markdown.
pub(crate) fn table(figures: &[Figure]) -> String {
    let mut text = "| benchmark | figure | unit | median (least–most) | reference | its median | ratio |\n| --- | --- | --- | ---: | --- | ---: | ---: |\n".to_owned();
    for figure in figures {
        let (name, value) = match &figure.reference {
            Some((name, values)) => (*name, spread(values)),
            None => ("", String::new()),
        };
        let ratio = figure.ratio().map(number).unwrap_or_default();
        let Figure { bench, what, unit, values, .. } = figure;
        let values = spread(values);
        text.push_str(&format!(
            "| {bench} | {what} | {unit} | {values} | {name} | {value} | {ratio} |\n"
        ));
    }
    text
}

/// All figures for programs.
pub(crate) fn json(figures: &[Figure]) -> Value {
    let rows = figures.iter().map(|figure| {
        json!({
            "benchmark": figure.bench,
            "figure": figure.what,
            "unit": figure.unit,
            "values": figure.values,
            "reference": figure.reference.as_ref().map(|(name, _)| name),
            "reference_values": figure.reference.as_ref().map(|(_, values)| values),
            "ratio": figure.ratio(),
        })
    });
    Value::Array(rows.collect())
}

fn line_of(path: &str, start: &str) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(start));
    line.and_then(|line| line.split(':').nth(1)).unwrap_or("unknown").trim().to_owned()
}

/// The page that the README links.
pub(crate) fn page(figures: &[Figure], dir: &Path) -> Result<String> {
    let cpu = line_of("/proc/cpuinfo", "model name");
    let memory = line_of("/proc/meminfo", "MemTotal");
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease")?.trim().to_owned();
    let cores = std::thread::available_parallelism()?;
    let table = table(figures);
    let place = if dir.starts_with("/dev/shm") { "memory" } else { "the disk" };
    Ok(format!(
        "# Benchmarks

What one machine said once; yours will say something else. `cargo xtask bench` measures yours, `cargo xtask bench --write` writes this page. Server, load and references run on the same machine, so the load takes its share of the processor: compare ratios rather than figures.

{cores} cores of {cpu}, {memory}, Linux {kernel}; databases on {place}; the release build; messages of 128 characters, JSON.

{table}
- **publish**: messages are acknowledged once they are on the disk. *n × m*: *n* connections with *m* messages on their way each. The reference is a loop of SQLite commits of one row of that size with `synchronous=FULL`, and for one message at a time also 4 KiB appended to a file with `fdatasync`.
- **fanout**: one writer, *n* connections that follow its stream. *One at a time*: the next message is sent when all have the last, from sending until the last has it. *Full speed*: 64 on their way. *Server time* is processor time of the server for each message delivered, its durable commit included. The reference sends the same number of bytes to as many sockets, one write each, and does nothing else.
- **idle**: memory of the server for each connection that is signed in and follows a stream. The reference accepts connections and waits.
- **resume**: a reader who missed 10 000 events gets them page by page, or a snapshot. The reference reads the same rows from the database with one statement.
- **load**: what a client waits for when it is opened, on a server that has just started: signing in, the window with all streams and unread counts, the circle and one stream's newest messages.
- **start**: from the start of the process until it takes connections, and its memory then.
- **history**: a server whose streams hold many messages, beside the same server with few. It starts with nothing of its database in memory. *Open a stream*: subscribing with its newest 50 messages. The database's size is that after all of it was written; it holds what publishing wrote, names of operations included.
"
    ))
}
