//! The application behind the server: another session of the same user, written with the Rust SDK. It
//! offers the services that a recording asks for, and guards topics by its rules.

use std::collections::BTreeSet;

use kith_client::{Call, Client, Offered};
use kith_core::command::Command;
use kith_core::document::Rules;
use kith_core::id::{CircleId, Seq};
use kith_core::text::{FailureCode, Line, ServiceName, TopicName};
use kith_core::topic::{Asked, Change, Granted, Proposal, State, Verdict};
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
    /// Offers the services of a recording, and guards the topics of its rules.
    pub(crate) async fn start(native: &Native, circle: CircleId, setup: &Json) -> Self {
        let services = setup["services"].as_array().unwrap();
        let mut tasks = JoinSet::new();
        for service in services {
            let name = ServiceName::parse(service["name"].as_str().unwrap()).unwrap();
            let behaviour = service["behaviour"].as_str().unwrap().to_owned();
            let offered = native.client().offer(Offer::new(circle, name)).await.unwrap();
            tasks.spawn(serve(offered, native.clone(), behaviour));
        }
        for rule in setup["rules"].as_array().unwrap() {
            let name = TopicName::parse(rule["topic"].as_str().unwrap()).unwrap();
            let topic = native.topic(circle, name.clone()).await;
            let guard = ServiceName::parse(&format!("rules/{name}")).unwrap();
            let offered = native.client().offer(Offer::new(circle, guard.clone())).await.unwrap();
            let rules = Rules { guard: Some(guard), ..Rules::default() };
            native.must(Command::ChangeTopic { topic, name, rules }).await;
            tasks.spawn(keep(offered, native.clone(), rule.clone()));
        }
        Self { _tasks: tasks }
    }
}

/// Keeps one rule.
async fn keep(mut offered: Offered, native: Native, rule: Json) {
    while let Ok(call) = offered.next().await {
        assert!(call.called().guard);
        let proposal: Proposal = serde_json::from_value(call.args().clone()).unwrap();
        match judge(&rule, &proposal, &native).await {
            Ok(verdict) => call.finish(serde_json::to_value(verdict).unwrap()).await.unwrap(),
            Err(data) => {
                let code = FailureCode::parse("application.rule").unwrap();
                let message = Line::parse("the rule says no").unwrap();
                call.fail_with(code, message, data).await.unwrap();
            }
        }
    }
}

/// What a rule says of a proposal; as an error, what tells which change cannot be.
async fn judge(rule: &Json, proposal: &Proposal, native: &Native) -> Result<Verdict, Json> {
    let topic = proposal.changes[0].topic;
    let mut value = native.value(topic).await;
    let mut granted = Vec::new();
    for (place, proposed) in proposal.changes.iter().enumerate() {
        let kind = proposed.holds;
        let mut state = State::new(Seq(1), kind.read(&value).unwrap());
        let fact = state.resolve(Seq(2), &proposed.change).unwrap();
        state.apply(Seq(2), &fact);
        value = state.value.to_json();
        let now = state.value.to_plain();
        granted.push(Granted::Proposed(u32::try_from(place).unwrap()));
        // A value that is no good cannot be; what would follow from one cannot either.
        match rule["kind"].as_str().unwrap() {
            "max_value" if now.as_i64() > rule["max"].as_i64() => {
                return Err(json!({"change": place}));
            }
            "unique" => {
                let items: Vec<String> =
                    now.as_array().unwrap().iter().map(Json::to_string).collect();
                if items.iter().collect::<BTreeSet<_>>().len() < items.len() {
                    return Err(json!({"change": place}));
                }
            }
            "fail_if_negative" if now.as_i64() < Some(0) => return Err(Json::Null),
            "double_into" => {
                let to = TopicName::parse(rule["to"].as_str().unwrap()).unwrap();
                let topic = native.topic(proposal.circle, to).await;
                let change = Change::Set { value: json!(now.as_f64().unwrap() * 2.0) };
                granted.push(Granted::Effect(Asked { topic, change }));
            }
            _ => {}
        }
    }
    Ok(Verdict { changes: Some(granted), when: Vec::new() })
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
                ask(native.client(), call.called().circle?).await;
            }
            Some(args["x"].clone())
        }
        "bump" => {
            known(&["topic", "by"])?;
            let circle = call.called().circle?;
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
