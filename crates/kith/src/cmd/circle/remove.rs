//! Removing a circle, after it was asked whether that is meant.

use kith_client::Client;
use kith_core::command::Command;
use kith_core::id::CircleId;
use kith_proto::query::{Answer, Query};
use serde_json::json;

use crate::context::Context;
use crate::failure::Failure;
use crate::{output, resolve, sure};

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
        sure::names(&name).await?;
    }
    client.command(Command::RemoveCircle { circle: id }).await?;
    if context.json {
        return output::json(&json!({ "removed": id, "name": name }));
    }
    output::line(&format!("removed circle {name} ({id})"))
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
