//! Starting.

use anyhow::Result;

use crate::Plan;
use crate::report::Figure;
use crate::server::Server;
use crate::site::Site;

const BENCH: &str = "start";

pub(crate) fn measure(plan: &Plan) -> Result<Vec<Figure>> {
    let events = plan.count(10_000, 100);
    let mut empty = Figure::new(BENCH, "with a new database", "ms");
    let mut filled = Figure::new(BENCH, format!("with {events} messages, after a kill"), "ms");
    let mut memory = Figure::new(BENCH, "memory after that", "bytes");
    let mut size = Figure::new(BENCH, "size of the program", "bytes");
    size.add(std::fs::metadata(&plan.kith)?.len() as f64, None);
    for _ in 0..plan.times {
        let data = tempfile::tempdir_in(&plan.dir)?;
        let server = Server::kith(&plan.kith, data.path())?;
        empty.add(server.took.as_secs_f64() * 1e3, None);
        Site::make(server.port)?.fill(events)?;
        drop(server);
        let server = Server::kith(&plan.kith, data.path())?;
        filled.add(server.took.as_secs_f64() * 1e3, None);
        memory.add(server.memory()? as f64, None);
        drop(server);
    }
    Ok(vec![empty, filled, memory, size])
}
