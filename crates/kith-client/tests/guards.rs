//! Guards of topics as programs write and meet them, against a real server over real sockets.

#![expect(clippy::unwrap_used, reason = "what a test relies on fails it")]

#[path = "topics/site.rs"]
#[expect(dead_code, reason = "another test uses the rest")]
mod site;

use kith_client::{Asking, Changing, Client, ClientError, Judgement, Topic};
use kith_core::command::Command;
use kith_core::document::Rules;
use kith_core::id::CircleId;
use kith_core::text::{CircleName, FailureCode, Line, ServiceName, TopicName};
use kith_core::topic::guard::{Granted, Verdict};
use kith_core::topic::{Asked, Change, Condition, Kind, Value};
use serde_json::json;
use site::Site;

fn guard() -> ServiceName {
    ServiceName::parse("rules/stock").unwrap()
}

async fn make(ana: &Client, circle: CircleId, name: &str, rules: Rules) -> Topic {
    let (name, holds) = (TopicName::parse(name).unwrap(), Kind::Int);
    let (value, deny, replace) = (None, Default::default(), false);
    let make = Command::CreateTopic { circle, name, holds, value, rules, deny, replace };
    let made = ana.command(make).await.unwrap();
    ana.topic_by_id(made.topic.unwrap()).await.unwrap()
}

/// What is shown of a topic, and whether some of it is not decided.
fn shown(topic: &Topic) -> (Option<Value>, bool) {
    (topic.value(), topic.is_pending())
}

#[tokio::test]
async fn what_a_guard_makes_of_a_change_is_what_is_shown_in_the_end() {
    let site = Site::open().await;
    let (ana, bob) = (site.user("ana").await, site.user("bob").await);
    let name = CircleName::parse("Tea").unwrap();
    let made = ana.command(Command::CreateCircle { name, public: true }).await.unwrap();
    let circle = made.circle.unwrap();
    bob.command(Command::Join { circle }).await.unwrap();
    let rules = Rules { guard: Some(guard()), ..Rules::default() };
    let stock = make(&ana, circle, "stock", rules).await;
    let sum = make(&ana, circle, "sum", Rules::default()).await;
    let (stock_id, sum_id) = (stock.id(), sum.id());
    let guarding = ana.guard(circle, guard()).await.unwrap();
    // Takes at most ten, counts what is taken, wants nobody to take thirteen, and of seven makes
    // nothing at all.
    let judge = async move |asking: &Asking| {
        let proposed = &asking.proposal.changes[0];
        let Change::Add { by } = &proposed.change else { return Judgement::pass() };
        let add = |topic, by: i64| {
            Granted::Effect(Asked { topic, change: Change::Add { by: by.into() } })
        };
        match by.as_i64().unwrap() {
            13 => {
                let code = FailureCode::parse("stock.unlucky").unwrap();
                Judgement::refuse(code, Line::parse("not this one").unwrap())
            }
            7 => Judgement::Granted(Verdict { changes: Some(Vec::new()), when: Vec::new() }),
            many @ 11.. => {
                let changes = Some(vec![add(stock_id, 10), add(sum_id, many)]);
                Judgement::Granted(Verdict { changes, when: Vec::new() })
            }
            few => Judgement::pass()
                .and(&asking.proposal, sum_id, Change::Add { by: few.into() })
                .when(Condition { topic: stock_id, seq: None, value: None }),
        }
    };
    let running = tokio::spawn(guarding.run(judge));

    let (mine, total) =
        (bob.topic_by_id(stock_id).await.unwrap(), bob.topic_by_id(sum_id).await.unwrap());
    let sent = mine.add(3);
    assert_eq!(shown(&mine), (Some(Value::Int(3)), true));
    assert_eq!(sent.await.unwrap().events.len(), 2);
    assert_eq!((shown(&mine), total.value()), ((Some(Value::Int(3)), false), Some(Value::Int(3))));
    let sent = mine.add(50);
    assert_eq!(shown(&mine), (Some(Value::Int(53)), true));
    sent.await.unwrap();
    assert_eq!(
        (shown(&mine), total.value()),
        ((Some(Value::Int(13)), false), Some(Value::Int(53)))
    );
    let sent = mine.add(7);
    assert!(sent.await.unwrap().events.is_empty());
    assert_eq!(shown(&mine), (Some(Value::Int(13)), false));
    let Err(ClientError::Refused(problem)) = mine.add(13).await else { panic!("it is refused") };
    assert_eq!(problem.code, "topic.refused");
    assert_eq!(problem.failure.unwrap().code.as_str(), "stock.unlucky");
    assert_eq!(shown(&mine), (Some(Value::Int(13)), false));
    // The one who guards may do what it likes, and nobody else asks it anything.
    stock.add(100).await.unwrap();
    let call = kith_client::service::Call::new(circle, guard(), json!({}));
    let Err(ClientError::Refused(problem)) = bob.call(call).await else { panic!("it is refused") };
    assert_eq!(problem.failure.unwrap().code.as_str(), "guard.not_asked");
    running.abort();
    assert!(running.await.is_err());
    let Err(ClientError::Refused(problem)) = mine.add(1).await else { panic!("nobody guards") };
    assert!(["guard.not_found", "guard.gone"].contains(&problem.code.as_str()), "{problem}");
}
