//! The application behind the server: another session of the same user, written with the Rust SDK. It
//! offers the services that a recording asks for.

use kith_client::{Call, Client, Offered};
use kith_core::id::CircleId;
use kith_core::text::{FailureCode, Line, ServiceName, TopicName};
use kith_core::topic::Change;
use kith_proto::query::Query;
use kith_proto::service::Offer;
use serde_json::{Value as Json, json};
use tokio::task::JoinSet;

use crate::site::{Native, change};

/// How often the slow service asks the server something before it answers.
const SLOW_TURNS: usize = 20;

/// What offers services; it ends when it is dropped.
pub(crate) struct Application {
    _tasks: JoinSet<()>,
}

impl Application {
    /// Offers the services of a recording.
    pub(crate) async fn start(native: &Native, circle: CircleId, services: &[Json]) -> Self {
        let mut tasks = JoinSet::new();
        for service in services {
            let name = ServiceName::parse(service["name"].as_str().unwrap()).unwrap();
            let behaviour = service["behaviour"].as_str().unwrap().to_owned();
            let offered = native.client().offer(Offer::new(circle, name)).await.unwrap();
            tasks.spawn(serve(offered, native.clone(), behaviour));
        }
        Self { _tasks: tasks }
    }
}

async fn serve(mut offered: Offered, native: Native, behaviour: String) {
    while let Ok(call) = offered.next().await {
        match result(&behaviour, &call, &native).await {
            Some(value) => call.finish(value).await.unwrap(),
            None => {
                let code = FailureCode::parse("application.failed").unwrap();
                call.fail(code, Line::parse("it failed").unwrap()).await.unwrap();
            }
        }
    }
}

/// What a service gives; `None` where it fails, as it does for arguments that it does not know.
async fn result(behaviour: &str, call: &Call, native: &Native) -> Option<Json> {
    let args = call.args().as_object()?;
    let known = |names: &[&str]| {
        let fits = args.len() == names.len() && names.iter().all(|name| args.contains_key(*name));
        fits.then_some(())
    };
    match behaviour {
        "add" => {
            known(&["a", "b"])?;
            Some(json!(args["a"].as_i64()? + args["b"].as_i64()?))
        }
        "echo" => known(&["x"]).map(|()| args["x"].clone()),
        "none" => known(&[]).map(|()| Json::Null),
        "whoami" => {
            // The gateway says which of its clients calls.
            let key = call.called().key.as_ref()?;
            key.as_str().parse::<u64>().ok().map(Json::from)
        }
        "slow" => {
            known(&["x"])?;
            for _ in 0..SLOW_TURNS {
                ask(native.client(), call.called().circle).await;
            }
            Some(args["x"].clone())
        }
        "bump" => {
            known(&["topic", "by"])?;
            let circle = call.called().circle;
            let name = TopicName::parse(args["topic"].as_str()?).unwrap();
            let topic = native.topic(circle, name).await;
            native.must(change(topic, Change::Add { by: args["by"].as_number()?.clone() })).await;
            Some(native.value(topic).await)
        }
        _ => None,
    }
}

async fn ask(client: &Client, circle: CircleId) {
    client.query(Query::Present { circle }).await.unwrap();
}
