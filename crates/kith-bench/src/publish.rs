//! From publishing to the durable acknowledgement, with nobody listening.

use std::time::Duration;

use anyhow::Result;

use crate::Plan;
use crate::peer::{Kith, Peer};
use crate::reference::{group_commits, syncs};
use crate::report::{Figure, percentile};
use crate::rooms::CHARS;
use crate::swarm::{Outcome, Pace, Shape, Swarm};

const BENCH: &str = "publish";

/// Publishers, and messages on their way of each.
const SHAPES: [(usize, usize); 4] = [(1, 1), (1, 64), (64, 1), (64, 16)];

pub(crate) fn measure(plan: &Plan) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for (publishers, flying) in SHAPES {
        let shape = format!("{publishers} × {flying}");
        if !plan.wants(&shape) {
            continue;
        }
        let new = |what: &str, unit| Figure::new(BENCH, format!("{shape}: {what}"), unit);
        let mut rate = new("acknowledged", "1/s").against("bare group commits");
        let mut cost = new("server time", "µs");
        let mut half = new("latency p50", "µs");
        if publishers * flying == 1 {
            half = half.against("fdatasync of 4 KiB");
        }
        let mut high = new("latency p99", "µs");
        for _ in 0..plan.times {
            let outcome = one(plan, publishers, flying)?;
            let count = outcome.answered.count() as f64;
            let group = publishers * flying;
            let bare = group_commits(&plan.dir, group, plan.count(2000, 10))?;
            let mut synced = syncs(&plan.dir, plan.count(1000, 10))?;
            rate.add(count / outcome.took.as_secs_f64(), Some(bare));
            cost.add(outcome.cpu.as_secs_f64() * 1e6 / count.max(1.0), None);
            half.add(outcome.answered.percentile(0.5), Some(percentile(&mut synced, 0.5)));
            high.add(outcome.answered.percentile(0.99), None);
        }
        figures.extend([rate, cost, half, high]);
    }
    Ok(figures)
}

fn one(plan: &Plan, publishers: usize, flying: usize) -> Result<Outcome> {
    let data = tempfile::tempdir_in(&plan.dir)?;
    let mut kith = Kith::new(&plan.kith);
    let server = kith.start(data.path())?;
    kith.prepare(&server, publishers, 0)?;
    let mut swarm = Swarm::new(server.port)?;
    let first = swarm.enter((0..publishers).map(|room| kith.publisher(room)).collect())?;
    let shape = Shape {
        publishers: (first..first + publishers).collect(),
        readers: 0,
        chars: CHARS,
        pace: Pace::Unanswered(flying),
        answer: kith.answer(),
        warm: Duration::from_millis(plan.count(800, 50) as u64),
        measured: Duration::from_millis(plan.count(3000, 200) as u64),
    };
    swarm
        .run(&shape, &mut |room, seq, text, out| kith.frame(room, seq, text, out), &|| server.cpu())
}
