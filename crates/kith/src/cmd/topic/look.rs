//! `kith topic list`, `show` and `history`.

use kith_client::Client;
use kith_core::event::{Body, Event};
use kith_core::id::{Seq, TopicId};
use kith_core::text::TopicName;
use kith_core::topic::Kind;
use kith_proto::query::{Answer, Query, TopicWindow};
use serde_json::Value as Json;

use crate::context::Context;
use crate::failure::Failure;
use crate::show::{Names, time};
use crate::{output, resolve};

/// Topics and events that one question asks for, at most.
const PAGE_MAX: u32 = 200;

/// The topic of `CIRCLE/TOPIC` or of an id, with its present value.
pub(super) async fn find(client: &Client, wanted: &str) -> Result<TopicWindow, Failure> {
    let query = match wanted.parse::<TopicId>() {
        Ok(topic) => Query::Topic { topic, seq: None },
        Err(_) => {
            let window = resolve::window(client).await?;
            let (of, name) = resolve::within(&window, wanted)?;
            Query::TopicByName { circle: of.circle.id, name: TopicName::parse(name)? }
        }
    };
    ask(client, query).await
}

async fn ask(client: &Client, query: Query) -> Result<TopicWindow, Failure> {
    match client.query(query).await? {
        Answer::Topic(found) => Ok(found),
        _ => Err(resolve::unexpected()),
    }
}

pub(super) async fn list(context: &Context, circle: &str, begin: String) -> Result<(), Failure> {
    let client = context.client().await?;
    let window = resolve::window(&client).await?;
    let circle = resolve::circle(&window, circle)?.circle.id;
    let mut after = None;
    loop {
        let query = Query::Topics { circle, begin: begin.clone(), after, limit: Some(PAGE_MAX) };
        let Answer::Topics { topics, more } = client.query(query).await? else {
            return Err(resolve::unexpected());
        };
        for topic in &topics {
            if context.json {
                output::json(topic)?;
            } else {
                let kind = topic.holds.name();
                output::line(&format!("{}  {kind}  {}", topic.name, topic.id))?;
            }
        }
        after = topics.last().map(|topic| topic.name.to_string());
        if !more || after.is_none() {
            return Ok(());
        }
    }
}

pub(super) async fn show(context: &Context, wanted: &str, at: Option<u64>) -> Result<(), Failure> {
    let client = context.client().await?;
    let mut found = find(&client, wanted).await?;
    if let Some(at) = at {
        found = ask(&client, Query::Topic { topic: found.topic.id, seq: Some(Seq(at)) }).await?;
    }
    if context.json {
        return output::json(&found);
    }
    if let Some(json) = &found.json {
        return output::json(json);
    }
    match (found.text, found.topic.holds) {
        (Some(text), _) => output::line(&text),
        (None, Kind::List) => {
            let values = found.value.as_array().into_iter().flatten();
            let values: Vec<&Json> = values.filter_map(|one| one.get("value")).collect();
            output::json(&values)
        }
        (None, _) => output::json(&found.value),
    }
}

pub(super) async fn history(context: &Context, wanted: &str, limit: u32) -> Result<(), Failure> {
    let client = context.client().await?;
    let topic = find(&client, wanted).await?.topic.id;
    let limit = Some(limit.min(PAGE_MAX));
    let query = Query::History { topic, before: None, limit };
    let Answer::History { events, .. } = client.query(query).await? else {
        return Err(resolve::unexpected());
    };
    let mut names = Names::default();
    names.learn(&client, events.iter().filter_map(|event| event.by)).await?;
    for event in events.iter().rev() {
        if context.json {
            output::json(event)?;
        } else {
            output::line(&happened(event, &names)?)?;
        }
    }
    Ok(())
}

fn happened(event: &Event, names: &Names) -> Result<String, Failure> {
    let what = match &event.body {
        Body::Changed { fact } => serde_json::to_string(fact),
        other => serde_json::to_string(other),
    };
    let what = what.map_err(|error| Failure::Local(error.to_string()))?;
    let who = event.by.map(|user| names.of(user)).unwrap_or_default();
    Ok(format!("{} {} {who}: {what}", time(event.at), event.seq))
}
