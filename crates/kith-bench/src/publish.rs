//! From publishing to the durable acknowledgement, with nobody listening.

use std::time::Duration;

use anyhow::Result;

use crate::Plan;
use crate::peer::Kith;
use crate::reference::{group_commits, syncs};
use crate::report::{Figure, each, percentile};
use crate::stage::Stage;
use crate::swarm::{Outcome, Pace};

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
            cost.add(each(outcome.cpu, outcome.answered.count()), None);
            half.add(outcome.answered.percentile(0.5), Some(percentile(&mut synced, 0.5)));
            high.add(outcome.answered.percentile(0.99), None);
        }
        figures.extend([rate, cost, half, high]);
    }
    Ok(figures)
}

fn one(plan: &Plan, publishers: usize, flying: usize) -> Result<Outcome> {
    let ms = |full, small| Duration::from_millis(plan.count(full, small) as u64);
    let mut kith = Kith::new(&plan.kith);
    let mut stage = Stage::set(plan, &mut kith, publishers, 0)?;
    stage.run(Pace::Unanswered(flying), ms(800, 50), ms(3000, 200))
}
