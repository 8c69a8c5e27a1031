//! From publishers to many subscribers, ours beside the servers of others: processor time of the
//! server for each delivery, and how long deliveries take.

use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::Plan;
use crate::peer::{Kith, Peer, others};
use crate::report::{Figure, each};
use crate::stage::Stage;
use crate::swarm::{Outcome, Pace};

const BENCH: &str = "rooms";

/// Rooms, subscribers of each, and how fast messages come.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    pub(crate) rooms: usize,
    pub(crate) readers: usize,
    pub(crate) pace: Pace,
}

const LOADS: [Load; 4] = [
    Load { rooms: 1, readers: 1000, pace: Pace::Rate(100.0) },
    Load { rooms: 1, readers: 1000, pace: Pace::Flying(16) },
    Load { rooms: 100, readers: 10, pace: Pace::Rate(2000.0) },
    Load { rooms: 1, readers: 10, pace: Pace::Flying(64) },
];

/// Characters of a message.
pub(crate) const CHARS: usize = 128;

impl Load {
    pub(crate) fn name(&self) -> String {
        let Self { rooms, readers, .. } = self;
        let pace = match self.pace {
            Pace::Rate(rate) => format!("{rate} messages/s"),
            Pace::Flying(_) | Pace::Unanswered(_) => "full speed".to_owned(),
        };
        format!("{rooms} × {readers}, {pace}")
    }
}

pub(crate) fn measure(plan: &Plan) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for load in LOADS.into_iter().filter(|load| plan.wants(&load.name())) {
        let load = Load {
            rooms: plan.count(load.rooms, load.rooms.min(3)),
            readers: plan.count(load.readers, load.readers.min(20)),
            ..load
        };
        figures.extend(compare(plan, &load)?);
    }
    Ok(figures)
}

/// Ours and the others in turn, as often as is asked.
fn compare(plan: &Plan, load: &Load) -> Result<Vec<Figure>> {
    let mut peers: Vec<Box<dyn Peer>> = vec![Box::new(Kith::new(&plan.kith))];
    peers.extend(others(&plan.dir, &plan.peers)?);
    let mut figures: Vec<[Figure; 4]> = Vec::new();
    for peer in &peers {
        let new = |what: &str, unit| {
            Figure::new(BENCH, format!("{}, {what}: {}", load.name(), peer.name()), unit)
        };
        figures.push([
            new("server time", "µs"),
            new("deliveries", "1/s"),
            new("latency p50", "µs"),
            new("latency p99", "µs"),
        ]);
    }
    for _ in 0..plan.times {
        for (peer, figures) in peers.iter_mut().zip(&mut figures) {
            let outcome = one(plan, peer.as_mut(), load)
                .with_context(|| format!("{}, {}", peer.name(), load.name()))?;
            let taken = [
                each(outcome.cpu, outcome.delivery.count()),
                outcome.delivery.count() as f64 / outcome.took.as_secs_f64(),
                outcome.delivery.percentile(0.5),
                outcome.delivery.percentile(0.99),
            ];
            for (figure, taken) in figures.iter_mut().zip(taken) {
                figure.add(taken, None);
            }
            let [cost, rate, half, high] = taken;
            anyhow::ensure!(outcome.wrong == 0, "{}: {} out of order", peer.name(), outcome.wrong);
            eprintln!(
                "  {}, {}: {cost:.2} µs, {rate:.0}/s, p50 {half:.0} µs, p99 {high:.0} µs, missing {}",
                load.name(),
                peer.name(),
                outcome.missing
            );
        }
    }
    Ok(figures.into_iter().flatten().collect())
}

/// One run against a fresh server.
fn one(plan: &Plan, peer: &mut dyn Peer, load: &Load) -> Result<Outcome> {
    let ms = |full, small| Duration::from_millis(plan.count(full, small) as u64);
    let mut stage = Stage::set(plan, peer, load.rooms, load.readers)?;
    stage.run(load.pace, ms(800, 50), ms(3000, 200))
}
