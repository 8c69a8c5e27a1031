//! `kith topic watch`.

use kith_client::{Events, News, Update};
use kith_core::event::Body;
use kith_core::topic::{Fact, Kind, Value};

use super::look::find;
use crate::context::Context;
use crate::failure::Failure;
use crate::{output, resolve};

pub(super) async fn run(context: &Context, wanted: &str) -> Result<(), Failure> {
    let (client, mut updates) = context.connect().await?;
    let found = find(&client, wanted).await?;
    if found.topic.holds == Kind::Text {
        return Err(Failure::Usage(
            "a text is followed with an editor: see kith topic show".into(),
        ));
    }
    let topic = client.topic_by_id(found.topic.id).await?;
    let mut watch = topic.watch();
    loop {
        tokio::select! {
            news = watch.next() => match news {
                Some(News::Value(Value::Text(_))) => output::json(&topic.json().await?)?,
                Some(News::Value(value)) => output::json(&value.to_plain())?,
                Some(News::Emitted(event)) => {
                    let Body::Changed { fact: Fact::Emit { args } } = &event.body else { continue };
                    output::json(&args)?;
                }
                Some(News::Missed(count)) => output::note(&format!("{count} more happened")),
                None => return Err(topic.closed().map_or_else(resolve::unexpected, Failure::Refused)),
            },
            ended = ended(&mut updates) => return Err(ended),
        }
    }
}

/// Says how the connection is, until the client ends: and why it does.
async fn ended(updates: &mut Events) -> Failure {
    let mut connected = true;
    loop {
        match updates.next().await {
            Some(Update::Disconnected { why, .. }) => {
                if connected {
                    output::note(&format!("not connected ({why}); trying again"));
                }
                connected = false;
            }
            Some(Update::Connected(_)) => {
                if !connected {
                    output::note("connected again");
                }
                connected = true;
            }
            Some(Update::Stopped(problem)) => {
                return kith_client::ClientError::Stopped(problem).into();
            }
            Some(_) => {}
            None => return kith_client::ClientError::Closed.into(),
        }
    }
}
