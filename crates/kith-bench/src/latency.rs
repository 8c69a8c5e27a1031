//! From publishing until the last of a thousand has it, at half of what the server can do.

use std::time::Duration;

use anyhow::Result;

use crate::Plan;
use crate::peer::Kith;
use crate::reference::syncs;
use crate::report::{Figure, percentile};
use crate::stage::Stage;
use crate::swarm::Pace;

const BENCH: &str = "latency";

pub(crate) fn measure(plan: &Plan) -> Result<Vec<Figure>> {
    let readers = plan.count(1000, 20);
    let new = |what: &str, unit| {
        Figure::new(BENCH, format!("{readers} subscribers, half load: {what}"), unit)
    };
    let (mut rate, mut half) = (new("messages", "1/s"), new("last delivery p50", "µs"));
    let mut high = new("last delivery p99", "µs").against("2 × p50 + fdatasync");
    let ms = |full, small| Duration::from_millis(plan.count(full, small) as u64);
    for _ in 0..plan.times {
        let mut kith = Kith::new(&plan.kith);
        let mut stage = Stage::set(plan, &mut kith, 1, readers)?;
        // Full speed where the next is sent when all have the last: what it can do without a queue.
        let most = stage.run(Pace::Flying(1), ms(500, 50), ms(2000, 200))?;
        let messages = most.delivery.count() as f64 / readers as f64 / most.took.as_secs_f64();
        let outcome = stage.run(Pace::Rate(messages / 2.0), ms(500, 50), ms(4000, 300))?;
        let mut synced = syncs(&plan.dir, plan.count(1000, 10))?;
        let (p50, p99) = (outcome.last.percentile(0.5), outcome.last.percentile(0.99));
        rate.add(messages / 2.0, None);
        half.add(p50, None);
        high.add(p99, Some(2.0 * p50 + percentile(&mut synced, 0.99)));
        eprintln!("  {:.0}/s: p50 {p50:.0} µs, p99 {p99:.0} µs", messages / 2.0);
    }
    Ok(vec![rate, half, high])
}
