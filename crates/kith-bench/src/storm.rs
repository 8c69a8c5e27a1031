//! A thousand clients come back at once, each 500 events behind, while others go on.

use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use crate::Plan;
use crate::peer::{Kith, Peer};
use crate::report::Figure;
use crate::rooms::CHARS;
use crate::swarm::{ALL, CLOSED, OPEN, Pace, Shape, Swarm, UNTIL};

const BENCH: &str = "storm";
/// Messages a second for those who are there.
const RATE: f64 = 100.0;

pub(crate) fn measure(plan: &Plan) -> Result<Vec<Figure>> {
    let (clients, behind) = (plan.count(1000, 20), plan.count(500, 20));
    let live = plan.count(100, 5);
    let new = |what: &str, unit| {
        Figure::new(BENCH, format!("{clients} clients, {behind} events behind: {what}"), unit)
    };
    let mut figures = [
        new("all are back", "ms"),
        new("live delivery before, p99", "µs"),
        new("live delivery meanwhile, p50", "µs"),
        new("live delivery meanwhile, p99", "µs"),
    ];
    for _ in 0..plan.times {
        let data = tempfile::tempdir_in(&plan.dir)?;
        let mut kith = Kith::new(&plan.kith);
        let server = kith.start(data.path())?;
        kith.prepare(&server, 1, live + clients)?;
        kith.site().fill(behind)?;
        let mut swarm = Swarm::new(server.port)?;
        swarm.enter((0..live).map(|number| kith.reader(0, number)).collect())?;
        let publisher = swarm.enter(vec![kith.publisher(0)])?;
        let shape = |measured, window| Shape {
            publishers: vec![publisher],
            readers: live,
            chars: CHARS,
            pace: Pace::Rate(RATE),
            answer: kith.answer(),
            warm: Duration::from_millis(plan.count(500, 50) as u64),
            measured,
            window,
        };
        let mut frame = |room, seq, text: &str, out: &mut Vec<u8>| kith.frame(room, seq, text, out);
        let cpu = || server.cpu();
        let quiet = shape(Duration::from_millis(plan.count(2000, 100) as u64), None);
        let before = swarm.run(&quiet, &mut frame, &cpu)?;
        let window = AtomicU8::new(UNTIL);
        // What was published since is new to them too.
        let after = 1 + before.sent;
        let back = |number| kith.returning(number, after, after + behind as u64);
        let scripts = (live..live + clients).map(back).collect();
        let (meanwhile, took) = std::thread::scope(|scope| {
            let storm = scope.spawn(|| {
                let returned = storm(server.port, scripts, &window);
                window.store(CLOSED, Ordering::Relaxed);
                returned
            });
            let shape = shape(Duration::from_secs(60), Some(&window));
            let mut frame =
                |room, seq, text: &str, out: &mut Vec<u8>| kith.frame(room, seq, text, out);
            let outcome = swarm.run(&shape, &mut frame, &cpu)?;
            let took = storm.join().ok().context("the storm ended early")??;
            anyhow::Ok((outcome, took))
        })?;
        let taken = [
            took.as_secs_f64() * 1e3,
            before.delivery.percentile(0.99),
            meanwhile.delivery.percentile(0.5),
            meanwhile.delivery.percentile(0.99),
        ];
        eprintln!("  {taken:.0?}");
        for (figure, taken) in figures.iter_mut().zip(taken) {
            figure.add(taken, None);
        }
    }
    Ok(figures.into())
}

/// Brings all back at once, once the others are at their pace; how long it took.
fn storm(port: u16, scripts: Vec<crate::swarm::Script>, window: &AtomicU8) -> Result<Duration> {
    // What is measured is those who were there: reading for them comes first.
    let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), 10);
    std::thread::sleep(Duration::from_millis(600));
    let mut swarm = Swarm::new(port)?.entering(ALL);
    window.store(OPEN, Ordering::Relaxed);
    let began = Instant::now();
    swarm.enter(scripts)?;
    Ok(began.elapsed())
}
