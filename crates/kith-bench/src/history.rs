//! A server with a long history: what it costs to start, to open a stream and to publish, beside the
//! same server with a short one.

pub(crate) mod past;

use std::time::Instant;

use anyhow::{Result, ensure};

use crate::Plan;
use crate::history::past::{Past, scatter};
use crate::peer::text as frame;
use crate::report::{Figure, each, percentile};
use crate::server::Server;
use crate::socket::Socket;

const BENCH: &str = "history";
/// Messages that a client asks for when it opens a stream.
const WINDOW: usize = 50;
/// Messages on their way while publishing.
const FLYING: usize = 64;

pub(crate) fn measure(plan: &Plan) -> Result<Vec<Figure>> {
    let streams = plan.count(100, 10);
    let short = streams * plan.count(100, 60);
    ensure!(plan.history >= short, "a history has {short} messages or more");
    let small = Past::make(plan, streams, short)?;
    let large = Past::make(plan, streams, plan.history)?;
    let mut figures: Vec<Figure> = Vec::new();
    let mut size = Figure::new(BENCH, "database per message", "bytes").against("short");
    size.add(large.bytes_per_message()?, Some(small.bytes_per_message()?));
    for turn in 0..plan.times {
        let reference = round(plan, &small, turn)?;
        let found = round(plan, &large, turn)?;
        for (place, (taken, other)) in found.into_iter().zip(reference).enumerate() {
            if figures.len() == place {
                let what = format!("{} messages: {}", large.messages, taken.what);
                figures.push(Figure::new(BENCH, what, taken.unit).against("short"));
            }
            figures[place].add(taken.value, Some(other.value));
        }
    }
    figures.push(size);
    Ok(figures)
}

/// One figure of one database.
struct Taken {
    what: String,
    unit: &'static str,
    value: f64,
}

fn taken(what: impl Into<String>, unit: &'static str, value: f64) -> Taken {
    Taken { what: what.into(), unit, value }
}

/// Everything that is measured, once. Each `turn` has its own names and places.
fn round(plan: &Plan, past: &Past, turn: u32) -> Result<Vec<Taken>> {
    past.evict()?;
    let server = Server::kith(&plan.kith, past.path())?;
    let mut found = vec![
        taken("start, nothing of it in memory", "ms", server.took.as_secs_f64() * 1e3),
        taken("memory after the start", "bytes", server.memory()? as f64),
    ];
    let mut asker = Asker { server: &server, past, socket: past.enter(&server)?, drawn: 0 };
    asker.drawn = u128::from(turn) << 32;
    let each: Vec<String> = past.streams.iter().map(|stream| subscribe(stream)).collect();
    found.extend(asker.times("open a stream for the first time", &each)?);
    let count = plan.count(3000, 30);
    let asked: Vec<String> = (0..count).map(|_| subscribe(asker.stream())).collect();
    found.extend(asker.times("open a stream again", &asked)?);
    let asked: Vec<String> = (0..count).map(|_| page(asker.stream(), None)).collect();
    found.extend(asker.times("ask for the newest messages", &asked)?);
    let asked: Vec<String> =
        (0..count).map(|_| page(asker.stream(), Some(asker.place()))).collect();
    found.extend(asker.times("ask for messages long ago", &asked)?);
    found.extend(asker.publish(turn, plan.count(20_000, 200))?);
    found.push(taken("memory after all this", "bytes", server.memory()? as f64));
    server.end()?;
    Ok(found)
}

fn subscribe(stream: &str) -> String {
    format!(r#"{{"id":1,"subscribe":[{{"feed":"{stream}","window":{WINDOW}}}]}}"#)
}

fn page(stream: &str, before: Option<usize>) -> String {
    let before = before.map(|seq| format!(r#","before":{seq}"#)).unwrap_or_default();
    format!(r#"{{"id":1,"get":{{"messages":{{"stream":"{stream}","limit":{WINDOW}{before}}}}}}}"#)
}

/// Asks one server, in places that look random and are the same in every run.
struct Asker<'a> {
    server: &'a Server,
    past: &'a Past,
    socket: Socket,
    drawn: u128,
}

impl<'a> Asker<'a> {
    fn draw(&mut self, below: usize) -> usize {
        self.drawn += 1;
        scatter(self.drawn, below)
    }

    fn stream(&mut self) -> &'a str {
        let place = self.draw(self.past.streams.len());
        &self.past.streams[place]
    }

    /// A message that has a window before it.
    fn place(&mut self) -> usize {
        WINDOW + 2 + self.draw(self.past.messages / self.past.streams.len() / 2)
    }

    /// Asks one after the other; how long the client waited, and how long the server worked.
    fn times(&mut self, what: &str, asked: &[String]) -> Result<Vec<Taken>> {
        let (mut times, before) = (Vec::with_capacity(asked.len()), self.server.cpu()?);
        let received = self.socket.received();
        for text in asked {
            let began = Instant::now();
            self.socket.ask(text, "\"ok\"")?;
            times.push(began.elapsed());
        }
        let worked = self.server.cpu()? - before;
        let whole = asked.len() * WINDOW * 100;
        ensure!(self.socket.received() - received > whole, "messages are missing: {what}");
        Ok(vec![
            taken(format!("{what}, p50"), "µs", percentile(&mut times, 0.5)),
            taken(format!("{what}, p99"), "µs", percentile(&mut times, 0.99)),
            taken(format!("{what}, server time"), "µs", each(worked, asked.len() as u64)),
        ])
    }

    /// Publishes to all streams alike.
    fn publish(&mut self, turn: u32, count: usize) -> Result<Vec<Taken>> {
        let text = "x".repeat(crate::site::TEXT_CHARS);
        let mut frames = Vec::with_capacity(count);
        for id in 0..count {
            let (stream, op) = (self.stream(), id + 1);
            frames.push(frame(&format!(
                r#"{{"id":{id},"op":"turn{turn}-{op}","do":{{"post":{{"stream":"{stream}","text":"{text}"}}}}}}"#
            )));
        }
        let mut socket = self.past.enter(self.server)?;
        let (before, began) = (self.server.cpu()?, Instant::now());
        let (first, rest) = frames.split_at(FLYING.min(count));
        socket.send_frames(&first.concat())?;
        for next in rest {
            socket.skip(1, br#"{"ok""#)?;
            socket.send_frames(next)?;
        }
        socket.skip(first.len(), br#"{"ok""#)?;
        let (took, worked) = (began.elapsed(), self.server.cpu()? - before);
        Ok(vec![
            taken("publish, 64 on their way", "1/s", count as f64 / took.as_secs_f64()),
            taken("publish, server time", "µs", each(worked, count as u64)),
        ])
    }
}
