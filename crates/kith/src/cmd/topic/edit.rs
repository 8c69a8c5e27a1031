//! `kith topic create`, `change`, `undo`, `redo` and `remove`.

use kith_core::command::Command;
use kith_core::document::Rules;
use kith_core::text::TopicName;
use kith_core::topic::{Asked, Change, Kind};
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};

use super::look::find;
use crate::context::Context;
use crate::failure::Failure;
use crate::{output, resolve};

/// What somebody wrote as JSON.
fn read<T: DeserializeOwned>(what: &str, text: &str) -> Result<T, Failure> {
    serde_json::from_str(text).map_err(|error| Failure::Usage(format!("{what}: {text}: {error}")))
}

pub(super) async fn create(
    context: &Context,
    wanted: &str,
    kind: &str,
    value: Option<&str>,
    rules: Option<&str>,
) -> Result<(), Failure> {
    let holds: Kind = serde_json::from_value(Json::from(kind))
        .map_err(|_| Failure::Usage(format!("there is no kind {kind:?} of topics")))?;
    let value = value.map(|value| read("the value is JSON", value)).transpose()?;
    let rules: Option<Rules> = rules.map(|rules| read("the rules are JSON", rules)).transpose()?;
    let client = context.client().await?;
    let window = resolve::window(&client).await?;
    let (of, name) = resolve::within(&window, wanted)?;
    let (circle, name) = (of.circle.id, TopicName::parse(name)?);
    let made = client.command(Command::CreateTopic {
        circle,
        name: name.clone(),
        holds,
        value,
        rules: rules.unwrap_or_default(),
        deny: Default::default(),
        replace: false,
    });
    let id = made.await?.topic.ok_or_else(resolve::unexpected)?;
    if context.json {
        return output::json(&json!({ "topic": id, "name": name }));
    }
    output::line(&format!("created topic {name} ({id})"))
}

pub(super) async fn change(
    context: &Context,
    wanted: &str,
    changes: &[String],
) -> Result<(), Failure> {
    let changes = changes.iter().map(|change| read("a change is JSON", change));
    let changes: Vec<Change> = changes.collect::<Result<_, _>>()?;
    let client = context.client().await?;
    let topic = find(&client, wanted).await?.topic.id;
    let changes = changes.into_iter().map(|change| Asked { topic, change }).collect();
    let done = client.command(Command::Change { changes, when: Vec::new(), group: None }).await?;
    if context.json { output::json(&done) } else { Ok(()) }
}

pub(super) async fn undo(context: &Context, circle: &str) -> Result<(), Failure> {
    step(context, circle, |circle| Command::Undo { circle, skip: false }).await
}

pub(super) async fn redo(context: &Context, circle: &str) -> Result<(), Failure> {
    step(context, circle, |circle| Command::Redo { circle, skip: false }).await
}

async fn step(
    context: &Context,
    circle: &str,
    make: impl FnOnce(kith_core::id::CircleId) -> Command,
) -> Result<(), Failure> {
    let client = context.client().await?;
    let window = resolve::window(&client).await?;
    let done = client.command(make(resolve::circle(&window, circle)?.circle.id)).await?;
    if context.json { output::json(&done) } else { Ok(()) }
}

pub(super) async fn remove(context: &Context, wanted: &str) -> Result<(), Failure> {
    let client = context.client().await?;
    let topic = find(&client, wanted).await?.topic;
    client.command(Command::RemoveTopic { topic: topic.id }).await?;
    if context.json {
        return output::json(&json!({ "topic": topic.id, "name": topic.name }));
    }
    output::line(&format!("removed topic {}", topic.name))
}
