//! How the cost of a delivery grows with subscribers, streams and connections.

use std::time::Duration;

use anyhow::Result;

use crate::Plan;
use crate::peer::Kith;
use crate::report::{Figure, each};
use crate::stage::Stage;
use crate::swarm::{Pace, Swarm};

const BENCH: &str = "growth";

pub(crate) fn measure(plan: &Plan) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    if plan.wants("subscribers") {
        figures.extend(subscribers(plan)?);
    }
    if plan.wants("streams") {
        figures.extend(streams(plan)?);
    }
    if plan.wants("connections") {
        figures.extend(connections(plan)?);
    }
    Ok(figures)
}

/// Deliveries a second, whatever the number of subscribers.
const DELIVERIES: f64 = 50_000.0;
/// Messages a second, whatever the number of streams.
const MESSAGES: f64 = 500.0;

fn times(plan: &Plan) -> (Duration, Duration) {
    let ms = |full, small| Duration::from_millis(plan.count(full, small) as u64);
    (ms(700, 50), ms(3000, 200))
}

/// One stream of more and more subscribers. The cost of publishing is measured in the same stream
/// with nobody there, at the same pace, and taken off.
fn subscribers(plan: &Plan) -> Result<Vec<Figure>> {
    let (warm, measured) = times(plan);
    let sizes: Vec<usize> =
        [10, 100, 1000, 10_000].into_iter().map(|size| plan.count(size, size / 100 + 2)).collect();
    let mut figures: Vec<Figure> = sizes
        .iter()
        .map(|size| Figure::new(BENCH, format!("{size} subscribers: each delivery"), "µs"))
        .collect();
    for _ in 0..plan.times {
        for (size, figure) in sizes.iter().zip(&mut figures) {
            let pace = Pace::Rate(DELIVERIES / *size as f64);
            let mut kith = Kith::new(&plan.kith);
            let alone = Stage::set(plan, &mut kith, 1, 0)?.run(pace, warm, measured)?;
            let mut kith = Kith::new(&plan.kith);
            let all = Stage::set(plan, &mut kith, 1, *size)?.run(pace, warm, measured)?;
            let publishing = each(alone.cpu, alone.answered.count()) / *size as f64;
            let cost = (each(all.cpu, all.delivery.count()) - publishing).max(0.0);
            figure.add(cost, None);
            eprintln!("  {size} subscribers: {cost:.2} µs");
        }
    }
    Ok(figures)
}

/// More and more streams of one subscriber each, and as many messages in all.
fn streams(plan: &Plan) -> Result<Vec<Figure>> {
    let (warm, measured) = times(plan);
    let sizes: Vec<usize> =
        [10, 100, 1000, 9000].into_iter().map(|size| plan.count(size, size / 100 + 2)).collect();
    let mut figures: Vec<Figure> = sizes
        .iter()
        .map(|size| Figure::new(BENCH, format!("{size} streams: each message"), "µs"))
        .collect();
    for _ in 0..plan.times {
        for (size, figure) in sizes.iter().zip(&mut figures) {
            let mut kith = Kith::new(&plan.kith);
            let mut stage = Stage::set(plan, &mut kith, *size, 1)?;
            // Each stream once, so that what is done once for each is not counted.
            let first = Duration::from_secs_f64(plan.count(*size, 1) as f64 / (4.0 * MESSAGES));
            let outcome = stage.run(Pace::Rate(MESSAGES), warm + first, measured)?;
            let cost = each(outcome.cpu, outcome.delivery.count());
            figure.add(cost, None);
            eprintln!("  {size} streams: {cost:.2} µs");
        }
    }
    Ok(figures)
}

/// A stream of a hundred subscribers, and more and more connections beside it that follow another.
fn connections(plan: &Plan) -> Result<Vec<Figure>> {
    let (warm, measured) = times(plan);
    let readers = plan.count(100, 5);
    let sizes: Vec<usize> = [1000, 5000, 18_500]
        .into_iter()
        .map(|size| plan.count(size, size / 500 + 2 * readers))
        .collect();
    let mut figures: Vec<Figure> = sizes
        .iter()
        .map(|size| Figure::new(BENCH, format!("{size} connections: each delivery"), "µs"))
        .collect();
    for _ in 0..plan.times {
        for (size, figure) in sizes.iter().zip(&mut figures) {
            let mut kith = Kith::new(&plan.kith);
            kith.expect(size - readers);
            let mut stage = Stage::set(plan, &mut kith, 1, readers)?;
            let mut others = Swarm::new(stage.server.port)?;
            others.enter(stage.bystanders(size - readers))?;
            let outcome = stage.run(Pace::Rate(DELIVERIES / readers as f64), warm, measured)?;
            let cost = each(outcome.cpu, outcome.delivery.count());
            figure.add(cost, None);
            eprintln!("  {size} connections: {cost:.2} µs");
        }
    }
    Ok(figures)
}
