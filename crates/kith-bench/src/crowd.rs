//! Ten thousand subscribers in one stream: with a sync before every acknowledgement, and without, as
//! others publish it.

use std::time::Duration;

use anyhow::Result;

use crate::Plan;
use crate::peer::Kith;
use crate::report::{Figure, each};
use crate::stage::Stage;
use crate::swarm::Pace;

const BENCH: &str = "crowd";

/// Deliveries a second: what the fastest of them publishes, on four processors.
const DELIVERIES: f64 = 656_000.0;

pub(crate) fn measure(plan: &Plan) -> Result<Vec<Figure>> {
    let readers = plan.count(10_000, 30);
    let mut all = Vec::new();
    for (sync, told) in [("full", "a sync each commit"), ("none", "no sync")] {
        let new = |what: &str, unit| {
            Figure::new(BENCH, format!("{readers} subscribers, {told}: {what}"), unit)
        };
        let mut figures = [
            new("start", "ms"),
            new("memory before anybody has an account", "bytes"),
            new("all connected and subscribed", "s"),
            new("deliveries", "1/s"),
            new("server time of each", "µs"),
            new("latency p50", "ms"),
            new("latency p99", "ms"),
        ];
        for _ in 0..plan.times {
            let mut kith = Kith::new(&plan.kith).with(&format!("storage.sync={sync}"));
            let mut stage = Stage::set(plan, &mut kith, 1, readers)?;
            let (start, memory) = (stage.server.took, stage.before);
            let ms = |full, small| Duration::from_millis(plan.count(full, small) as u64);
            let pace = Pace::Rate(DELIVERIES / readers as f64);
            let outcome = stage.run(pace, ms(2000, 50), ms(5000, 300))?;
            let deliveries = outcome.delivery.count() as f64;
            let taken = [
                start.as_secs_f64() * 1e3,
                memory as f64,
                stage.entered.as_secs_f64(),
                deliveries / outcome.took.as_secs_f64(),
                each(outcome.cpu, outcome.delivery.count()),
                outcome.delivery.percentile(0.5) / 1e3,
                outcome.delivery.percentile(0.99) / 1e3,
            ];
            eprintln!("  {told}: {taken:.2?}");
            for (figure, taken) in figures.iter_mut().zip(taken) {
                figure.add(taken, None);
            }
        }
        all.extend(figures);
    }
    Ok(all)
}
