//! Removing a circle, after it was asked whether that is meant.

use std::io::{BufRead, IsTerminal, Read, Write};

use kith_client::Client;
use kith_core::command::Command;
use kith_core::id::CircleId;
use kith_proto::query::{Answer, Query};
use serde_json::json;

use crate::context::Context;
use crate::failure::Failure;
use crate::{output, resolve};

/// More than a name has.
const LINE_BYTES_MAX: u64 = 4096;

/// A circle that somebody may mean.
struct Meant {
    id: CircleId,
    name: String,
    members: u64,
    streams: usize,
}

/// Removes a circle of one's own, or as an administrator of the site any.
pub(super) async fn remove(context: &Context, wanted: &str, yes: bool) -> Result<(), Failure> {
    let client = context.client().await?;
    let Meant { id, name, members, streams } = meant(&client, wanted).await?;
    if !yes {
        output::note(&format!(
            "{name} ({id}) goes with its {streams} streams and all that is in it, for its {members} \
             members and for good"
        ));
        let typed = tokio::task::spawn_blocking(ask).await.map_err(unreadable)??;
        if typed != name {
            return Err(Failure::Usage(format!("that is not its name: {name} stays")));
        }
    }
    client.command(Command::RemoveCircle { circle: id }).await?;
    if context.json {
        return output::json(&json!({ "removed": id, "name": name }));
    }
    output::line(&format!("removed circle {name} ({id})"))
}

fn unreadable(error: impl std::fmt::Display) -> Failure {
    Failure::Local(format!("the name cannot be read: {error}"))
}

/// The name that somebody types.
fn ask() -> Result<String, Failure> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        let mut prompt = std::io::stderr().lock();
        write!(prompt, "Type its name to remove it: ").map_err(unreadable)?;
        prompt.flush().map_err(unreadable)?;
    }
    let mut line = String::new();
    stdin.lock().take(LINE_BYTES_MAX).read_line(&mut line).map_err(unreadable)?;
    Ok(line.trim().to_owned())
}

/// The circle of a name or id: one of one's own, or where there is none of all, for those who administer
/// the site.
async fn meant(client: &Client, wanted: &str) -> Result<Meant, Failure> {
    let window = resolve::window(client).await?;
    let own =
        window.circles.iter().any(|of| resolve::is(wanted, of.circle.name.as_str(), &of.circle.id));
    if own || !window.site_admin {
        let of = resolve::circle(&window, wanted)?;
        let (id, name, members) = (of.circle.id, of.circle.name.to_string(), of.circle.members);
        return Ok(Meant { id, name, members, streams: of.streams.len() });
    }
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let query = Query::AllCircles { after: after.take(), limit: Some(200) };
        let Answer::AllCircles { circles, more } = client.query(query).await? else {
            return Err(resolve::unexpected());
        };
        let last = circles.last().map(|last| last.id).filter(|_| more);
        let named =
            circles.into_iter().filter(|one| resolve::is(wanted, one.name.as_str(), &one.id));
        found.extend(named.map(|one| {
            let (id, streams) = (one.id, one.streams as usize);
            (id.to_string(), Meant { id, name: one.name, members: one.members, streams })
        }));
        match last {
            Some(last) => after = Some(last),
            None => return resolve::only("circle", wanted, found),
        }
    }
}
