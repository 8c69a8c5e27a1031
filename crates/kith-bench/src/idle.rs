//! Memory of connections that have nothing to say, each signed in as a user of its own and
//! following a stream.

use std::time::Duration;

use anyhow::Result;

use crate::Plan;
use crate::peer::{Kith, Peer, others};
use crate::report::Figure;
use crate::swarm::Swarm;

const BENCH: &str = "idle";
/// For what the server still does about those who came.
const REST: Duration = Duration::from_secs(2);

pub(crate) fn measure(plan: &Plan) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for connections in [5000, 10_000, 19_000] {
        let connections = plan.count(connections, connections / 200);
        let mut peers: Vec<Box<dyn Peer>> = vec![Box::new(Kith::new(&plan.kith))];
        if connections == plan.count(10_000, 50) {
            peers.extend(others(&plan.dir, &plan.peers)?);
        }
        for mut peer in peers {
            let what = format!("{connections} connections, each: {}", peer.name());
            let mut figure = Figure::new(BENCH, what, "bytes");
            for _ in 0..plan.times {
                figure.add(of(plan, peer.as_mut(), connections)?, None);
            }
            figures.push(figure);
        }
    }
    Ok(figures)
}

fn of(plan: &Plan, peer: &mut dyn Peer, connections: usize) -> Result<f64> {
    let data = tempfile::tempdir_in(&plan.dir)?;
    let server = peer.start(data.path())?;
    peer.prepare(&server, 1, connections + 1)?;
    let mut swarm = Swarm::new(server.port)?;
    // What the first connection brings with it stays.
    swarm.enter(vec![peer.reader(0, 0)])?;
    std::thread::sleep(REST);
    let before = server.memory()?;
    swarm.enter((1..=connections).map(|number| peer.reader(0, number)).collect())?;
    std::thread::sleep(REST);
    let bytes = server.memory()?.saturating_sub(before) as f64 / connections as f64;
    eprintln!("  {} at {connections}: {bytes:.0} bytes", peer.name());
    Ok(bytes)
}
