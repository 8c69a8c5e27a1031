//! Topics that are made as somebody has them from elsewhere, and the lists that are read for it.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod world;

use std::collections::BTreeMap;

use kith_core::command::{Command, Outcome};
use kith_core::document::Rules;
use kith_core::id::{CircleId, RoleId, TopicId, UserId};
use kith_core::permission::{Permission, Permissions};
use kith_core::text::TopicName;
use kith_core::topic::Kind;
use kith_hub::verify::Watched;
use kith_hub::{Hub, HubError, Limits};
use kith_store::memory::MemoryStore;
use serde_json::{Value, json};

use crate::world::{circle, hub, user};

/// A topic as it is wanted.
#[derive(Clone, Default)]
struct Wanted {
    value: Option<Value>,
    rules: Rules,
    deny: BTreeMap<RoleId, Permissions>,
    replace: bool,
}

async fn make(
    hub: &Hub,
    me: UserId,
    circle: CircleId,
    (name, holds): (&str, Kind),
    wanted: Wanted,
) -> Result<Outcome, HubError> {
    let Wanted { value, rules, deny, replace } = wanted;
    let name = TopicName::parse(name).unwrap();
    let make = Command::CreateTopic { circle, name, holds, value, rules, deny, replace };
    hub.execute(me, None, &make).await
}

fn valued(value: Value) -> Wanted {
    Wanted { value: Some(value), ..Wanted::default() }
}

fn so(value: Value) -> Wanted {
    Wanted { replace: true, ..valued(value) }
}

async fn value(hub: &Hub, me: UserId, topic: TopicId) -> (u64, Value) {
    let (seq, _, state) = hub.topic_value(me, topic).await.unwrap();
    (seq.0, state.value.to_json())
}

fn code(result: Result<Outcome, HubError>) -> String {
    result.unwrap_err().code().to_owned()
}

#[tokio::test(start_paused = true)]
async fn a_topic_that_is_there_is_made_so_in_one_step() {
    let hub = hub(Watched(MemoryStore::new()), Limits::default()).await;
    let ana = user(&hub, "ana").await;
    let (tea, _) = circle(&hub, ana).await;
    let everyone = hub.circle(ana, tea).await.unwrap().0.everyone;
    let list = ("list", Kind::List);
    let made = make(&hub, ana, tea, list, so(json!(["a"]))).await.unwrap();
    let id = made.topic.unwrap();
    assert_eq!(code(make(&hub, ana, tea, list, valued(json!([]))).await), "name.taken");
    // What is so already is left alone, and names count where they are told.
    assert!(make(&hub, ana, tea, list, so(json!(["a"]))).await.unwrap().events.is_empty());
    let named = json!({"elements": [{"element": "~1.0", "value": "a"}]});
    assert!(make(&hub, ana, tea, list, so(named)).await.unwrap().events.is_empty());
    let elements = json!([{"element": "mine", "value": "a"}, {"element": "~7", "value": 2}]);
    let wanted = Wanted {
        rules: Rules {
            schema: Some(json!({"type": "array", "minItems": 2}).into()),
            count_max: Some(2),
            ..Rules::default()
        },
        deny: [(everyone, Permissions::of(&[Permission::Write]))].into(),
        ..so(json!({ "elements": elements }))
    };
    let set = make(&hub, ana, tea, list, wanted.clone()).await.unwrap();
    assert_eq!(set.topic, Some(id));
    assert_eq!(set.events.iter().map(|place| place.seq.0).collect::<Vec<_>>(), [2, 3, 4]);
    assert_eq!(value(&hub, ana, id).await, (4, elements));
    // All of it or nothing: the value does not fit the rules that come with it.
    let refused = Wanted { rules: wanted.rules.clone(), ..so(json!([1])) };
    assert_eq!(code(make(&hub, ana, tea, list, refused).await), "topic.invalid");
    let topic = hub.topic(ana, id).await.unwrap();
    assert_eq!((&topic.rules, &topic.deny), (&wanted.rules, &wanted.deny));
    assert_eq!(
        code(make(&hub, ana, tea, ("list", Kind::Set), so(json!([]))).await),
        "topic.wrong_kind"
    );
    let ephemeral = Wanted { rules: Rules { ephemeral: true, ..Rules::default() }, ..wanted };
    assert_eq!(code(make(&hub, ana, tea, list, ephemeral).await), "topic.lifetime_stays");
    let back = Command::Undo { circle: tea, skip: false };
    assert_eq!(code(hub.execute(ana, None, &back).await), "topic.invalid");
}

#[tokio::test(start_paused = true)]
async fn a_text_is_the_same_or_refused() {
    let hub = hub(Watched(MemoryStore::new()), Limits::default()).await;
    let ana = user(&hub, "ana").await;
    let (tea, _) = circle(&hub, ana).await;
    let notes = ("notes", Kind::Text);
    let made = make(&hub, ana, tea, notes, valued(json!("hello"))).await.unwrap();
    let (_, told) = value(&hub, ana, made.topic.unwrap()).await;
    assert!(make(&hub, ana, tea, notes, so(told)).await.unwrap().events.is_empty());
    let other = make(&hub, ana, tea, notes, so(json!("hello!"))).await;
    assert_eq!(code(other), "topic.wrong_change");
    // All of a document at once may be larger than one change of it.
    let large = make(&hub, ana, tea, ("large", Kind::Text), valued(json!("x".repeat(3_000_000))));
    let (_, told) = value(&hub, ana, large.await.unwrap().topic.unwrap()).await;
    make(&hub, ana, tea, ("again", Kind::Text), valued(told)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn only_who_may_change_all_of_a_topic_makes_it_so() {
    let hub = hub(Watched(MemoryStore::new()), Limits::default()).await;
    let (ana, bob) = (user(&hub, "ana").await, user(&hub, "bob").await);
    let (tea, _) = circle(&hub, ana).await;
    hub.execute(bob, None, &Command::Join { circle: tea }).await.unwrap();
    let count = ("count", Kind::Int);
    make(&hub, ana, tea, count, Wanted::default()).await.unwrap();
    assert_eq!(code(make(&hub, bob, tea, count, so(json!(1))).await), "permission.denied");
}

#[tokio::test(start_paused = true)]
async fn what_one_may_not_read_is_passed_over_however_much_it_is() {
    let hub = hub(Watched(MemoryStore::new()), Limits::default()).await;
    let (ana, bob) = (user(&hub, "ana").await, user(&hub, "bob").await);
    let (tea, _) = circle(&hub, ana).await;
    hub.execute(bob, None, &Command::Join { circle: tea }).await.unwrap();
    let everyone = hub.circle(ana, tea).await.unwrap().0.everyone;
    let hidden = Wanted {
        deny: [(everyone, Permissions::of(&[Permission::Read]))].into(),
        ..Wanted::default()
    };
    for place in 0..12 {
        let wanted = if place % 6 == 5 { Wanted::default() } else { hidden.clone() };
        make(&hub, ana, tea, (&format!("t{place:02}"), Kind::Int), wanted).await.unwrap();
    }
    let page = |after: Option<&'static str>, limit| {
        let hub = hub.clone();
        async move {
            let (topics, more) = hub.topics(bob, tea, "t", after, limit).await.unwrap();
            let names: Vec<String> = topics.iter().map(|topic| topic.name.to_string()).collect();
            (names, more)
        }
    };
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    assert_eq!(page(None, 1).await, (names(&["t05"]), true));
    assert_eq!(page(Some("t05"), 1).await, (names(&["t11"]), false));
    assert_eq!(page(None, 3).await, (names(&["t05", "t11"]), false));
}
