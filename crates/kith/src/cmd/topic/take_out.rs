//! `kith topic export`.

use kith_client::{Client, ClientError};
use kith_core::id::CircleId;
use kith_proto::query::{Answer, Query, TopicWindow};

use super::file::{End, Head, Line, Record, VERSION};
use crate::context::Context;
use crate::failure::Failure;
use crate::{output, resolve};

/// Topics that one question asks for, at most.
const PAGE_MAX: u32 = 200;

pub(super) async fn run(context: &Context, circle: &str, prefix: String) -> Result<(), Failure> {
    let client = context.client().await?;
    let window = resolve::window(&client).await?;
    let circle = &resolve::circle(&window, circle)?.circle;
    let (id, name, at) = (circle.id, circle.name.to_string(), client.welcome().now);
    output::json(&Line::KithTopics(Head { version: VERSION, circle: id, name, at }))?;
    let (mut count, mut after) = (0, None);
    loop {
        let (topics, more) = page(&client, id, &prefix, after).await?;
        after = topics.last().map(|told| told.topic.name.to_string());
        for told in topics {
            output::json(&Line::Topic(Box::new(Record::of(told, circle))))?;
            count += 1;
        }
        if !more || after.is_none() {
            break;
        }
    }
    output::json(&Line::End(End { topics: count }))?;
    client.close().await;
    Ok(())
}

/// Topics after one of a name, and whether there are more. Who asks too often waits.
async fn page(
    client: &Client,
    circle: CircleId,
    prefix: &str,
    after: Option<String>,
) -> Result<(Vec<TopicWindow>, bool), Failure> {
    loop {
        let begin = prefix.to_owned();
        let after = after.clone();
        let query = Query::TopicValues { circle, begin, after, limit: Some(PAGE_MAX) };
        match client.query(query).await {
            Ok(Answer::TopicValues { topics, more }) => return Ok((topics, more)),
            Ok(_) => return Err(resolve::unexpected()),
            Err(ClientError::Refused(problem)) => match super::wait_of(&problem) {
                Some(wait) => tokio::time::sleep(wait).await,
                None => return Err(Failure::Refused(problem)),
            },
            Err(error) => return Err(error.into()),
        }
    }
}
