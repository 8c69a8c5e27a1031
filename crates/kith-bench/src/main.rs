//! Benchmarks of the real server over real sockets, each beside a reference that does the least
//! that the same work needs, on the same machine and disk in the same run.
#![expect(clippy::print_stdout, reason = "printing figures is what it is for")]

mod bare;
mod crowd;
mod growth;
mod histogram;
mod history;
mod idle;
mod latency;
mod load;
mod peer;
mod plot;
mod process;
mod publish;
mod reference;
mod report;
mod resume;
mod rooms;
mod search;
mod server;
mod site;
mod soak;
mod socket;
mod stage;
mod start;
mod storm;
mod swarm;
mod terminal;
mod texts;
mod topics;

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use clap::Parser;

use crate::report::Figure;

/// Measures a Kith server.
#[derive(Parser)]
struct Args {
    /// The program `kith`
    #[arg(long)]
    kith: PathBuf,
    /// Small counts: whether it works, not how fast
    #[arg(long)]
    quick: bool,
    /// Writes the figures into this directory: a page, JSON, pictures
    #[arg(long, value_name = "DIR")]
    write: Option<PathBuf>,
    /// Where the databases go; the system's place for temporary files unless given
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// The servers of others to measure beside it: all unless some are named, `none` for none
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    peers: Vec<String>,
    /// Only the cases that have this in their name, of rooms and publish
    #[arg(long, value_name = "TEXT", default_value = "")]
    only: String,
    /// Messages of the long history
    #[arg(long, value_name = "N", default_value_t = 10_000_000)]
    history: usize,
    /// How often each figure is taken
    #[arg(long, default_value_t = 5)]
    times: u32,
    /// The benchmarks to run: publish, rooms, latency, crowd, growth, idle, storm, resume, load,
    /// start, history, search, topics, texts, terminal, bare; all unless some are named
    names: Vec<String>,
}

/// What a benchmark needs to know.
struct Plan {
    kith: PathBuf,
    dir: PathBuf,
    quick: bool,
    times: u32,
    peers: Vec<String>,
    only: String,
    history: usize,
}

impl Plan {
    /// Whether the case of this name is wanted.
    fn wants(&self, case: &str) -> bool {
        case.contains(&self.only)
    }

    /// Whether the server of this name is to be measured beside ours, where it can be had.
    fn has_peer(&self, name: &str) -> bool {
        self.peers.is_empty() || self.peers.iter().any(|peer| peer == name)
    }

    /// `full`, or `small` where it is only to be seen whether it works.
    fn count(&self, full: usize, small: usize) -> usize {
        if self.quick { small } else { full }
    }
}

/// The benchmarks by name, in the order of the page.
const NAMES: [&str; 16] = [
    "publish", "rooms", "latency", "crowd", "growth", "idle", "storm", "resume", "load", "start",
    "history", "search", "topics", "texts", "terminal", "bare",
];

fn main() -> Result<()> {
    if std::env::args().nth(1).as_deref() == Some("soak") {
        raise_limits()?;
        return soak::run(soak::Args::parse_from(std::env::args().skip(1)));
    }
    let args = Args::parse();
    raise_limits()?;
    server::pin()?;
    if let Some(name) = args.names.iter().find(|name| !NAMES.contains(&name.as_str())) {
        bail!("there is no benchmark {name:?}: there are {}", NAMES.join(", "));
    }
    let plan = Plan {
        kith: args.kith,
        dir: args.dir.unwrap_or_else(std::env::temp_dir),
        quick: args.quick,
        peers: args.peers,
        only: args.only,
        history: if args.quick { 3000 } else { args.history },
        times: if args.quick { 1 } else { args.times.max(1) },
    };
    let mut figures: Vec<Figure> = Vec::new();
    for name in NAMES
        .iter()
        .filter(|name| args.names.is_empty() || args.names.iter().any(|wanted| wanted == *name))
    {
        eprintln!("{name} …");
        let measured = match *name {
            "publish" => publish::measure(&plan),
            "rooms" => rooms::measure(&plan),
            "bare" => bare::measure(&plan),
            "latency" => latency::measure(&plan),
            "crowd" => crowd::measure(&plan),
            "growth" => growth::measure(&plan),
            "storm" => storm::measure(&plan),
            "idle" => idle::measure(&plan),
            "resume" => resume::measure(&plan),
            "load" => load::measure(&plan),
            "history" => history::measure(&plan),
            "search" => search::measure(&plan),
            "topics" => topics::measure(&plan),
            "texts" => texts::measure(&plan),
            "terminal" => terminal::measure(&plan),
            _ => start::measure(&plan),
        };
        figures.extend(measured.with_context(|| format!("{name} failed"))?);
    }
    println!("{}", report::table(&figures));
    if let Some(place) = args.write {
        std::fs::create_dir_all(&place)?;
        // What was not measured now stays as it was.
        let before = std::fs::read_to_string(place.join("figures.json")).unwrap_or_default();
        let whole = plan.only.is_empty() && plan.peers.is_empty();
        figures.extend(report::others(&before, &figures, whole));
        figures.sort_by_key(|figure| NAMES.iter().position(|name| *name == figure.bench));
        let plots = plot::plots(&figures);
        std::fs::write(place.join("figures.md"), report::page(&figures, &plots, &plan.dir)?)?;
        let json = serde_json::to_string_pretty(&report::json(&figures))?;
        std::fs::write(place.join("figures.json"), json + "\n")?;
        for plot in plots {
            std::fs::write(place.join(format!("{}.svg", plot.name)), plot.svg())?;
        }
    }
    Ok(())
}

/// As many open files as the system lets a process have.
fn raise_limits() -> Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    setrlimit(Resource::Nofile, raised).context("cannot raise the number of open files")
}
