//! A long run: clients come in rounds, talk, and go in every way there is. After each round the
//! server should be as small as after the one before.

mod verdict;

use std::path::PathBuf;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};
use clap::Parser;
use serde_json::Value;

use self::verdict::{Round, judge, table};
use crate::peer::text;
use crate::server::Server;
use crate::site::{Site, sign_up};
use crate::socket::Socket;

/// Lets clients come and go, and watches whether the server grows.
#[derive(Parser)]
#[command(name = "kith-bench soak")]
pub(crate) struct Args {
    /// The program `kith`
    #[arg(long)]
    kith: PathBuf,
    /// How long clients come and go
    #[arg(long, default_value_t = 10)]
    minutes: u32,
    /// Connections in a round
    #[arg(long, default_value_t = 200)]
    connections: usize,
    /// A few small rounds and no verdict: whether it works
    #[arg(long)]
    quick: bool,
    /// Where the database goes; the system's place for temporary files unless given
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// Rounds of a quick run.
const QUICK_ROUNDS: usize = 3;
/// Messages before the first round: the server keeps up to 32 768 documents at hand, one for each
/// of these, and what it keeps on purpose is not what is looked for.
const WARM: usize = 35_000;
/// How many of them are on their way.
const FLYING: usize = 64;
/// Who comes.
const USERS: [&str; 6] = ["ana", "bob", "cyd", "dan", "eve", "fay"];
/// Streams of their circle, each client following half of them.
const STREAMS: usize = 4;
/// Messages of one client in one round.
const POSTS: usize = 2;
/// How long the server may take to notice that all are gone.
const GONE_MAX: Duration = Duration::from_secs(30);
/// How long open files may take to be as few as they were.
const CLOSED_MAX: Duration = Duration::from_secs(3);
/// Threads that play the clients.
const THREADS: usize = 32;
/// Between two looks at the server.
const LOOK: Duration = Duration::from_millis(10);

/// How a client goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Leaving {
    /// It says so, and waits until the server has hung up.
    Politely,
    /// It is cut off inside a frame.
    InsideFrame,
    /// It has read nothing since it followed the streams.
    Unread,
    /// It asks to follow all streams anew, and does not wait for it.
    WhileAsking,
}

const LEAVINGS: [Leaving; 4] =
    [Leaving::Politely, Leaving::InsideFrame, Leaving::Unread, Leaving::WhileAsking];

pub(crate) fn run(args: Args) -> Result<()> {
    let dir = args.dir.unwrap_or_else(std::env::temp_dir);
    let data = tempfile::tempdir_in(dir)?;
    let server = Server::kith(&args.kith, data.path())?;
    let sites = circle(server.port)?;
    let first = sites.first().context("nobody is there")?;
    eprintln!("warming up …");
    warm(first, if args.quick { FLYING } else { WARM })?;
    let connections = args.connections.max(1);
    let until = Instant::now() + Duration::from_secs(60 * u64::from(args.minutes));
    let go_on = |rounds: usize| match args.quick {
        true => rounds < QUICK_ROUNDS,
        false => Instant::now() < until,
    };
    let mut rounds: Vec<Round> = Vec::new();
    while go_on(rounds.len()) {
        let before = Metrics::of(server.port)?.events;
        visit(&sites, connections, rounds.len())?;
        let files_before = rounds.last().map(|round| round.files);
        let published = alone(&server, files_before)?.events - before;
        rounds.push(Round {
            connected: connections,
            published,
            memory: server.memory()?,
            files: server.process().files()?,
            threads: server.process().threads()?,
            cpu: server.cpu()?,
        });
        eprint!("\r{} rounds", rounds.len());
    }
    eprintln!();
    println!("{}", table(&rounds));
    server.end()?;
    if args.quick { Ok(()) } else { judge(&rounds) }
}

/// A circle with its people and streams, one entry for each pair of them.
fn circle(port: u16) -> Result<Vec<Site>> {
    let mut tokens = Vec::new();
    for name in USERS {
        tokens.push(sign_up(port, name)?);
    }
    let (ana, others) = tokens.split_first().context("nobody is there")?;
    let mut owner = Socket::enter(port, ana)?;
    let made = r#"{"id":1,"do":{"create_circle":{"name":"Soak","public":true}}}"#;
    let made: Value = serde_json::from_str(&owner.ask(made, "\"ok\"")?)?;
    let circle = made["ok"]["done"]["circle"].as_str().context("no circle")?;
    let mut streams = vec![made["ok"]["done"]["stream"].as_str().context("no stream")?.to_owned()];
    for number in 1..STREAMS {
        let ask = format!(
            r#"{{"id":2,"do":{{"create_stream":{{"circle":"{circle}","name":"tea{number}"}}}}}}"#
        );
        let made: Value = serde_json::from_str(&owner.ask(&ask, "\"ok\"")?)?;
        streams.push(made["ok"]["done"]["stream"].as_str().context("no stream")?.to_owned());
    }
    for token in others {
        let join = format!(r#"{{"id":1,"do":{{"join":{{"circle":"{circle}"}}}}}}"#);
        Socket::enter(port, token)?.ask(&join, "\"ok\"")?;
    }
    let pairs = tokens.iter().flat_map(|token| streams.iter().map(move |stream| (token, stream)));
    Ok(pairs
        .map(|(token, stream)| Site { port, token: token.clone(), stream: stream.clone() })
        .collect())
}

/// Posts messages, each as the first of a series: the server remembers the ends of series.
fn warm(site: &Site, count: usize) -> Result<()> {
    let mut socket = site.enter()?;
    for first in (0..count).step_by(FLYING) {
        let numbers = first..count.min(first + FLYING);
        let posts: Vec<u8> =
            numbers.clone().flat_map(|number| site.post(1, &format!("warm{number}"))).collect();
        socket.send_frames(&posts)?;
        socket.skip(numbers.len(), br#"{"ok""#)?;
    }
    Ok(())
}

/// One round: all come, then all talk, then all go.
fn visit(sites: &[Site], connections: usize, round: usize) -> Result<()> {
    let visitors: Vec<Visitor<'_>> =
        (0..connections).map(|number| Visitor::new(sites, number, round)).collect();
    let parts = visitors.chunks(connections.div_ceil(THREADS));
    let together = Barrier::new(parts.len());
    thread::scope(|scope| {
        let threads: Vec<_> =
            parts.map(|part| scope.spawn(|| visit_all(part, &together))).collect();
        let mut done = threads.into_iter().map(|thread| thread.join());
        done.try_for_each(|done| done.map_err(|_| anyhow!("a thread failed"))?)
    })
}

/// Some come, talk and go when all others do. A thread that failed waits too, or they would wait for
/// ever.
fn visit_all(visitors: &[Visitor<'_>], together: &Barrier) -> Result<()> {
    let came: Result<Vec<Socket>> = visitors.iter().map(Visitor::come).collect();
    together.wait();
    let talked = came.and_then(|mut sockets| {
        for (visitor, socket) in visitors.iter().zip(&mut sockets) {
            visitor.talk(socket)?;
        }
        for (visitor, socket) in visitors.iter().zip(&mut sockets) {
            visitor.listen(socket)?;
        }
        Ok(sockets)
    });
    together.wait();
    visitors.iter().zip(talked?).try_for_each(|(visitor, socket)| visitor.go(socket))
}

/// A client in one round.
struct Visitor<'a> {
    site: &'a Site,
    /// What its operations are called.
    name: String,
    /// What it says to follow its streams.
    follow: String,
    leaving: Leaving,
}

impl<'a> Visitor<'a> {
    fn new(sites: &'a [Site], number: usize, round: usize) -> Self {
        let at = number % sites.len();
        let near = sites.iter().skip(at - at % STREAMS).take(STREAMS);
        // The own stream and every other one.
        let follows = near.skip(at % 2).step_by(2).map(|site| site.stream.as_str());
        let follow: Vec<String> =
            follows.map(|stream| format!(r#"{{"feed":"{stream}","window":20}}"#)).collect();
        let follow = format!(r#"{{"id":1,"subscribe":[{}]}}"#, follow.join(","));
        let leaving = LEAVINGS[(number / sites.len() + number) % LEAVINGS.len()];
        Self { site: &sites[at], name: format!("{round}-{number}"), follow, leaving }
    }

    fn come(&self) -> Result<Socket> {
        let mut socket = self.site.enter()?;
        socket.ask(&self.follow, "\"ok\"")?;
        Ok(socket)
    }

    fn talk(&self, socket: &mut Socket) -> Result<()> {
        let posts: Vec<u8> = (1..=POSTS).flat_map(|id| self.site.post(id, &self.name)).collect();
        socket.send_frames(&posts)
    }

    fn listen(&self, socket: &mut Socket) -> Result<()> {
        if self.leaving == Leaving::Unread {
            return Ok(());
        }
        socket.skip(POSTS, br#"{"ok""#)
    }

    fn go(&self, mut socket: Socket) -> Result<()> {
        match self.leaving {
            Leaving::Politely => socket.leave(),
            Leaving::InsideFrame => {
                let post = self.site.post(POSTS + 1, &self.name);
                socket.send_frames(&post[..post.len() / 2])
            }
            Leaving::Unread => Ok(()),
            Leaving::WhileAsking => socket.send_frames(&text(&self.follow).repeat(8)),
        }
    }
}

/// What the server counts.
struct Metrics {
    connections: u64,
    /// Feeds that somebody follows.
    followed: u64,
    events: u64,
}

impl Metrics {
    fn of(port: u16) -> Result<Self> {
        let text = crate::site::get(port, "/metrics")?;
        let value = |name: &str| {
            let mut lines = text.lines().filter_map(|line| line.split_once(' '));
            let found = lines.find(|(found, _)| *found == name);
            found.and_then(|(_, value)| value.parse().ok()).with_context(|| format!("no {name}"))
        };
        let connections = value("kith_connections")?;
        let followed = value("kith_followed_feeds")?;
        Ok(Self { connections, followed, events: value("kith_publishes_total")? })
    }
}

/// Waits until the server has no connection and no followed feed left, and no more open files than
/// `files` if it gets there.
fn alone(server: &Server, files: Option<u64>) -> Result<Metrics> {
    let began = Instant::now();
    loop {
        thread::sleep(LOOK);
        let metrics = Metrics::of(server.port)?;
        let waited = began.elapsed();
        let closed =
            files.is_none_or(|before| server.process().files().is_ok_and(|now| now <= before));
        let (connections, feeds) = (metrics.connections, metrics.followed);
        if connections == 0 && feeds == 0 && (closed || waited > CLOSED_MAX) {
            return Ok(metrics);
        }
        if waited > GONE_MAX {
            bail!("when all were gone, {connections} connections and {feeds} feeds stayed");
        }
    }
}
