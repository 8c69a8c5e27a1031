//! Memory of connections that have nothing to say.

use anyhow::Result;
use tokio::net::TcpStream;

use crate::Plan;
use crate::report::Figure;
use crate::server::Server;
use crate::site::Site;

pub(crate) async fn measure(plan: &Plan) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for connections in [1000, 5000] {
        let connections = plan.count(connections, connections / 50);
        let what = format!("{connections} connections, each");
        let mut figure = Figure::new("idle", what, "bytes").against("accept and wait");
        for _ in 0..plan.times {
            let reference = of_sockets(connections).await?;
            figure.add(of_kith(plan, connections).await?, Some(reference));
        }
        figures.push(figure);
    }
    Ok(figures)
}

fn each(before: u64, after: u64, connections: usize) -> f64 {
    after.saturating_sub(before) as f64 / connections as f64
}

async fn of_kith(plan: &Plan, connections: usize) -> Result<f64> {
    let data = tempfile::tempdir_in(&plan.dir)?;
    let server = Server::kith(&plan.kith, data.path()).await?;
    let site = Site::make(server.port).await?;
    // What the first connection brings with it stays.
    let mut followers = vec![site.follower().await?];
    let before = server.memory()?;
    for _ in 0..connections {
        followers.push(site.follower().await?);
    }
    let bytes = each(before, server.memory()?, connections);
    server.stop().await?;
    Ok(bytes)
}

async fn of_sockets(connections: usize) -> Result<f64> {
    let server = Server::reference("hold").await?;
    let connect = || TcpStream::connect(("127.0.0.1", server.port));
    let mut held = vec![connect().await?];
    let before = server.memory()?;
    for _ in 0..connections {
        held.push(connect().await?);
    }
    let bytes = each(before, server.memory()?, connections);
    server.stop().await?;
    Ok(bytes)
}
