//! Guards of topics: who is asked, what is done of what it says, and what happens meanwhile.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod world;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use kith_core::command::{Command, Outcome};
use kith_core::document::Rules;
use kith_core::id::{CircleId, FeedId, TopicId, UserId};
use kith_core::permission::{Permission, Permissions};
use kith_core::service::{Failure, Policy};
use kith_core::text::{FailureCode, Line, OpId, RoleName, ServiceName, TopicName};
use kith_core::topic::{Asked, Change, Condition, Kind};
use kith_hub::guard::Submitted;
use kith_hub::service::{Answer, Called, Caller, Offer, Told};
use kith_hub::verify::Watched;
use kith_hub::{Hub, HubError, Item, Limits, Subscriber};
use kith_store::memory::MemoryStore;
use serde_json::{Value, json};

use crate::world::{circle, connect, hub, op, user};

fn guard_name() -> ServiceName {
    ServiceName::parse("rules/stock").unwrap()
}

fn change(topic: TopicId, change: Value) -> Asked {
    Asked { topic, change: serde_json::from_value::<Change>(change).unwrap() }
}

fn effect(topic: TopicId, change: &Value) -> Value {
    json!({"effect": {"topic": topic, "change": change}})
}

fn transaction(changes: Vec<Asked>) -> Command {
    Command::Change { changes, when: Vec::new(), group: None }
}

fn code<T: std::fmt::Debug>(result: &Result<T, HubError>) -> String {
    result.as_ref().unwrap_err().code().to_owned()
}

/// A circle of *ana*, who guards the topic *stock*, and of *bob*, who is a member; *log* is for *ana*
/// alone, and not guarded.
struct Place {
    hub: Hub,
    ana: UserId,
    bob: UserId,
    circle: CircleId,
    stock: TopicId,
    log: TopicId,
    /// The connection that guards.
    guard: Arc<Subscriber>,
    /// The one that proposes.
    asker: Arc<Subscriber>,
}

impl Place {
    async fn open() -> Self {
        let hub = hub(Watched(MemoryStore::new()), Limits::default()).await;
        let (ana, bob) = (user(&hub, "ana").await, user(&hub, "bob").await);
        let (circle, _) = circle(&hub, ana).await;
        hub.execute(bob, None, &Command::Join { circle }).await.unwrap();
        let everyone = hub.circle(ana, circle).await.unwrap().0.everyone;
        let rules = Rules { guard: Some(guard_name()), ..Rules::default() };
        let stock = make(&hub, ana, circle, "stock", Kind::Int, rules).await;
        let log = make(&hub, ana, circle, "log", Kind::List, Rules::default()).await;
        let deny = BTreeMap::from([(everyone, Permissions::of(&[Permission::Read]))]);
        hub.execute(ana, None, &Command::NarrowTopic { topic: log, deny }).await.unwrap();
        let guard = connect(&hub, "ana").await;
        offer(&hub, &guard, circle).await;
        let asker = connect(&hub, "bob").await;
        Self { hub, ana, bob, circle, stock, log, guard, asker }
    }

    /// Proposes as *bob*, while the guard does something.
    async fn propose<F: Future<Output = ()>>(
        &self,
        op: Option<OpId>,
        command: Command,
        guard: F,
    ) -> Result<Outcome, HubError> {
        let caller = Caller::of(&self.asker);
        let (done, ()) = tokio::join!(self.hub.perform(&caller, op, command), guard);
        done
    }

    fn add(&self, by: i64) -> Command {
        transaction(vec![change(self.stock, json!({"add": {"by": by}}))])
    }

    /// What the guard is asked next, answered.
    async fn says(&self, value: Value) {
        let called = asked(&self.guard).await;
        self.hub.answer(&self.guard, called.call, Answer::Done(value)).unwrap();
    }

    async fn value(&self, topic: TopicId) -> (u64, Value) {
        let (seq, _, state) = self.hub.topic_value(self.ana, topic).await.unwrap();
        (seq.0, state.value.to_plain())
    }
}

async fn make(
    hub: &Hub,
    me: UserId,
    circle: CircleId,
    name: &str,
    holds: Kind,
    rules: Rules,
) -> TopicId {
    let (name, deny) = (TopicName::parse(name).unwrap(), BTreeMap::new());
    let create =
        Command::CreateTopic { circle, name, holds, value: None, rules, deny, replace: false };
    hub.execute(me, None, &create).await.unwrap().topic.unwrap()
}

async fn offer(hub: &Hub, provider: &Arc<Subscriber>, circle: CircleId) {
    let (name, policy) = (guard_name(), Policy::Any);
    let circle = Some(circle);
    let offer = Offer { circle, name, policy, at_once: 1, about: None, hint: None };
    hub.offer(provider, offer).await.unwrap();
}

/// What a connection is asked next.
async fn asked(guard: &Arc<Subscriber>) -> Called {
    loop {
        let batch = guard.next(usize::MAX).await.unwrap();
        for item in &batch.items {
            if let Item::Told(told) = item
                && let Told::Called(called) = told.as_ref()
            {
                return called.as_ref().clone();
            }
        }
    }
}

fn failure(code: &str, data: Value) -> Answer {
    let (code, message) = (FailureCode::parse(code).unwrap(), Line::parse("no").unwrap());
    Answer::Failed(Failure { code, message, data })
}

#[tokio::test(start_paused = true)]
async fn a_guard_is_told_what_is_proposed_and_by_whom() {
    let place = Place::open().await;
    let answering = async {
        let called = asked(&place.guard).await;
        assert!(called.guard);
        assert_eq!((called.user, called.session), (place.bob, place.asker.session));
        let expected = json!({
            "circle": place.circle, "op": "b-1",
            "changes": [{"topic": place.stock, "name": "stock", "holds": "int",
                         "change": {"add": {"by": 3}}}],
        });
        assert_eq!(called.args, expected);
        place.hub.answer(&place.guard, called.call, Answer::Done(json!(null))).unwrap();
    };
    let done = place.propose(Some(op("b-1")), place.add(3), answering).await.unwrap();
    assert_eq!(done.events.len(), 1);
    assert_eq!(place.value(place.stock).await, (2, json!(3)));
}

#[tokio::test(start_paused = true)]
async fn it_alters_and_adds_and_all_of_it_is_one_step_of_the_users() {
    let place = Place::open().await;
    let list = json!({"changes": [
        effect(place.stock, &json!({"add": {"by": 2}})),
        {"proposed": 1},
        effect(place.log, &json!({"insert": {"value": "bob took some"}})),
    ]});
    let both = transaction(vec![
        change(place.stock, json!({"add": {"by": 3}})),
        change(place.stock, json!({"add": {"by": 10}})),
    ]);
    let done = place.propose(None, both, place.says(list)).await.unwrap();
    // Of what bob may not read he is not told.
    assert!(done.events.iter().all(|event| event.feed == FeedId::Topic(place.stock)));
    assert_eq!(done.events.len(), 2);
    assert_eq!(place.value(place.stock).await.1, json!(12));
    assert_eq!(place.value(place.log).await.1, json!(["bob took some"]));
    let history = place.hub.history(place.ana, place.log, None, 1).await.unwrap().0;
    assert_eq!(history.first().unwrap().by, Some(place.bob));
    // Nobody is asked about what is taken back, effects where bob may not write among it.
    let undo = Command::Undo { circle: place.circle, skip: false };
    let undone = place.hub.execute(place.bob, None, &undo).await.unwrap();
    assert!(undone.events.iter().all(|event| event.feed == FeedId::Topic(place.stock)));
    assert_eq!(place.value(place.stock).await.1, json!(0));
    assert_eq!(place.value(place.log).await.1, json!([]));
    let redo = Command::Redo { circle: place.circle, skip: false };
    place.hub.execute(place.bob, None, &redo).await.unwrap();
    assert_eq!(place.value(place.stock).await.1, json!(12));
    assert_eq!(place.value(place.log).await.1, json!(["bob took some"]));
    place.hub.execute(place.bob, None, &undo).await.unwrap();
    assert_eq!(place.value(place.log).await.1, json!([]));
}

#[tokio::test(start_paused = true)]
async fn what_it_refuses_is_not_done_and_told_in_its_words() {
    let place = Place::open().await;
    let two = || {
        let add = |by: i64| change(place.stock, json!({"add": {"by": by}}));
        transaction(vec![add(1), add(-5)])
    };
    for (data, at) in [(json!({"change": 1}), Some(1)), (json!({"change": 2}), None)] {
        let refusing = async {
            let called = asked(&place.guard).await;
            let no = failure("stock.short", data);
            place.hub.answer(&place.guard, called.call, no).unwrap();
        };
        let refused = place.propose(None, two(), refusing).await;
        assert_eq!(code(&refused), "topic.refused");
        let Err(HubError::Refused(refusal)) = refused else { panic!("a failure") };
        assert_eq!(refusal.failure().unwrap().code.as_str(), "stock.short");
        assert_eq!(refusal.change(), at);
    }
    assert_eq!(place.value(place.stock).await, (1, json!(0)));
}

#[tokio::test(start_paused = true)]
async fn the_same_operation_asks_once_when_it_was_done() {
    let place = Place::open().await;
    let first = place.propose(Some(op("b-1")), place.add(1), place.says(json!({}))).await.unwrap();
    let again = place.propose(Some(op("b-1")), place.add(1), async {}).await.unwrap();
    assert_eq!(first, again);
    let other = place.propose(Some(op("b-1")), place.add(2), async {}).await;
    assert_eq!(code(&other), "op.reused");
    // Two that wait at the same time: both are asked about, and one is done.
    let caller = Caller::of(&place.asker);
    let twice = || place.hub.perform(&caller, Some(op("b-2")), place.add(1));
    let answering = async {
        place.says(json!({})).await;
        place.says(json!({})).await;
    };
    let (one, two, ()) = tokio::join!(twice(), twice(), answering);
    assert_eq!(one.unwrap(), two.unwrap());
    assert_eq!(place.value(place.stock).await.1, json!(2));
}

#[tokio::test(start_paused = true)]
async fn a_race_that_is_lost_is_asked_again_and_not_for_ever() {
    let place = Place::open().await;
    let at = |seq: u64| json!({"when": [{"topic": place.stock, "seq": seq}]});
    let answering = async {
        place.says(at(7)).await;
        place.says(at(1)).await;
    };
    place.propose(None, place.add(1), answering).await.unwrap();
    let answering = async {
        for _ in 0..kith_hub::guard::TURNS_MAX {
            place.says(at(1)).await;
        }
    };
    let lost = place.propose(None, place.add(1), answering).await;
    assert_eq!(code(&lost), "guard.overtaken");
    // What the user asked for is looked at before anybody is asked, and again.
    let when =
        vec![Condition { topic: place.stock, seq: Some(kith_core::id::Seq(9)), value: None }];
    let Command::Change { changes, group, .. } = place.add(1) else { panic!() };
    let refused = place.propose(None, Command::Change { changes, when, group }, async {}).await;
    assert_eq!(code(&refused), "topic.not_as_asked");
    assert_eq!(place.value(place.stock).await.1, json!(1));
}

#[tokio::test(start_paused = true)]
async fn a_guard_that_is_not_there_late_or_gone_lets_nothing_happen() {
    let place = Place::open().await;
    let silent = async {
        asked(&place.guard).await;
        tokio::time::sleep(Duration::from_secs(11)).await;
    };
    assert_eq!(code(&place.propose(None, place.add(1), silent).await), "guard.late");
    let leaving = async {
        asked(&place.guard).await;
        place.hub.disconnect(&place.guard).await;
    };
    assert_eq!(code(&place.propose(None, place.add(1), leaving).await), "guard.gone");
    assert_eq!(code(&place.propose(None, place.add(1), async {}).await), "guard.not_found");
    // Whoever has no session cannot propose.
    let plain = place.hub.execute(place.bob, None, &place.add(1)).await;
    assert_eq!(code(&plain), "topic.guarded");
    assert_eq!(place.value(place.stock).await, (1, json!(0)));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_done_of_an_answer_is_none() {
    let place = Place::open().await;
    let elsewhere = circle(&place.hub, place.ana).await.0;
    let rules = Rules::default();
    let other = make(&place.hub, place.ana, elsewhere, "other", Kind::Int, rules).await;
    let rules = Rules { guard: ServiceName::parse("another").ok(), ..Rules::default() };
    let guarded = make(&place.hub, place.ana, place.circle, "guarded", Kind::Int, rules).await;
    let one = |granted: Value| json!({"changes": [granted]});
    let add = json!({"add": {"by": 1}});
    let many: Vec<Value> = (0..=1000).map(|place| json!({"proposed": place})).collect();
    for garbage in [
        json!("yes"),
        json!({"changes": true}),
        json!({"changes": many}),
        json!({"changes": [{"proposed": 0}, {"proposed": 0}]}),
        one(json!({"proposed": 1})),
        one(effect(other, &add)),
        one(effect(guarded, &add)),
        one(effect(place.log, &add)),
        json!({"when": [{"topic": other, "value": 1}, {"topic": place.stock, "seq": 1, "x": 2}]}),
    ] {
        let refused = place.propose(None, place.add(1), place.says(garbage.clone())).await;
        assert_eq!(code(&refused), "guard.bad_answer", "{garbage}");
    }
    // What would be too much to be told does not fit an answer.
    let large = async {
        let called = asked(&place.guard).await;
        let value = json!("x".repeat(70 * 1024));
        let answered = place.hub.answer(&place.guard, called.call, Answer::Done(value));
        assert_eq!(code(&answered), "service.too_large");
        let no = failure("stock.none", json!(null));
        place.hub.answer(&place.guard, called.call, no).unwrap();
    };
    assert_eq!(code(&place.propose(None, place.add(1), large).await), "topic.refused");
    assert_eq!(place.value(place.stock).await, (1, json!(0)));
}

#[tokio::test(start_paused = true)]
async fn only_those_who_could_take_it_away_may_guard() {
    use Permission::{ManageFeeds, OfferServices, Read, Write};
    let place = Place::open().await;
    let role = place.hub.circle(place.ana, place.circle).await.unwrap().0.everyone;
    let allow = |allow: &[Permission]| {
        let (allow, name) = (Permissions::of(allow), RoleName::parse("member").unwrap());
        Command::ChangeRole { circle: place.circle, role, name, allow, rank: 0 }
    };
    let less = || allow(&[OfferServices, Read, Write]);
    place.hub.execute(place.ana, None, &less()).await.unwrap();
    // Bob may offer what he likes.
    offer(&place.hub, &place.asker, place.circle).await;
    place.propose(None, place.add(1), place.says(json!({}))).await.unwrap();
    place.hub.disconnect(&place.guard).await;
    assert_eq!(code(&place.propose(None, place.add(1), async {}).await), "guard.not_found");
    assert_eq!(place.value(place.stock).await.1, json!(1));
    // And who may no more when the answer comes does not decide.
    let cyd = user(&place.hub, "cyd").await;
    place.hub.execute(cyd, None, &Command::Join { circle: place.circle }).await.unwrap();
    let asker = connect(&place.hub, "cyd").await;
    let all = allow(&[ManageFeeds, OfferServices, Read, Write]);
    place.hub.execute(place.ana, None, &all).await.unwrap();
    let taking = async {
        let called = asked(&place.asker).await;
        place.hub.execute(place.ana, None, &less()).await.unwrap();
        place.hub.answer(&place.asker, called.call, Answer::Done(json!({}))).unwrap();
    };
    let caller = Caller::of(&asker);
    let (done, ()) = tokio::join!(place.hub.perform(&caller, None, place.add(1)), taking);
    assert_eq!(code(&done), "guard.not_found");
}

#[tokio::test(start_paused = true)]
async fn a_guard_does_what_it_likes_under_the_session_that_guards() {
    let place = Place::open().await;
    let caller = Caller::of(&place.guard);
    place.hub.perform(&caller, None, place.add(5)).await.unwrap();
    assert_eq!(place.value(place.stock).await.1, json!(5));
    // Another session of the same user is asked about.
    let other = {
        let rest = Caller::of(&place.guard);
        let hash = kith_core::decide::secret_hash("another");
        let label = kith_core::text::Label::parse("phone").unwrap();
        let begun = place.hub.transact(Some(place.ana), None, |draft| {
            let expires_at = kith_core::id::Timestamp(u64::MAX);
            let lifetime = kith_core::decide::account::Lifetime { expires_at, idle_ms: 0 };
            kith_core::decide::account::start_session(draft, place.ana, &hash, &label, lifetime)
        });
        let session = begun.await.unwrap().session.unwrap();
        Caller { session, token_hash: hash, ..rest }
    };
    let (done, ()) =
        tokio::join!(place.hub.perform(&other, None, place.add(1)), place.says(json!({})));
    done.unwrap();
    // Of several guards none can decide alone.
    let rules = Rules { guard: ServiceName::parse("another").ok(), ..Rules::default() };
    let guarded = make(&place.hub, place.ana, place.circle, "guarded", Kind::Int, rules).await;
    let both = || {
        let add = json!({"add": {"by": 1}});
        transaction(vec![change(place.stock, add.clone()), change(guarded, add)])
    };
    let several = place.propose(None, both(), async {}).await;
    assert_eq!(code(&several), "topic.several_guards");
}

#[tokio::test(start_paused = true)]
async fn whoever_gives_up_or_loses_the_session_is_not_decided_for() {
    let place = Place::open().await;
    let proposed = place
        .hub
        .propose(place.bob, 1, None, place.add(1), || Caller::of(&place.asker))
        .await
        .unwrap();
    let Submitted::Guarded(guarded) = proposed else { panic!("it is guarded") };
    {
        let deciding = guarded.decide();
        tokio::select! {
            _ = deciding => panic!("nobody answered"),
            _ = asked(&place.guard) => {}
        }
    }
    // It was cancelled, and the guard has room for the next.
    let ending = async {
        let called = asked(&place.guard).await;
        let end = Command::RevokeSession { session: place.asker.session };
        place.hub.execute(place.bob, None, &end).await.unwrap();
        let late = place.hub.answer(&place.guard, called.call, Answer::Done(json!({})));
        assert_eq!(code(&late), "call.not_found");
    };
    assert_eq!(code(&place.propose(None, place.add(1), ending).await), "access.changed");
    assert_eq!(place.value(place.stock).await, (1, json!(0)));
}

#[tokio::test(start_paused = true)]
async fn what_is_for_the_rules_to_refuse_nobody_is_asked_about() {
    let place = Place::open().await;
    let hidden = transaction(vec![
        change(place.stock, json!({"add": {"by": 1}})),
        change(place.log, json!({"insert": {"value": 1}})),
    ]);
    assert_eq!(code(&place.propose(None, hidden, async {}).await), "topic.not_found");
    let many = (0..200).map(|_| change(place.stock, json!({"set": {"value": "x".repeat(1000)}})));
    let many = transaction(many.collect());
    assert_eq!(code(&place.propose(None, many, async {}).await), "service.too_large");
    for (holds, guard) in [(Kind::Text, "g"), (Kind::Int, "kith/echo"), (Kind::Int, "chat/poll")] {
        let name = TopicName::parse("bad").unwrap();
        let rules = Rules { guard: ServiceName::parse(guard).ok(), ..Rules::default() };
        let (circle, deny) = (place.circle, BTreeMap::new());
        let create =
            Command::CreateTopic { circle, name, holds, value: None, rules, deny, replace: false };
        let refused = place.hub.execute(place.ana, None, &create).await;
        assert_eq!(code(&refused), "topic.bad_guard");
    }
    // Its rights are looked at again when the guard has answered.
    let everyone = place.hub.circle(place.ana, place.circle).await.unwrap().0.everyone;
    let taking = async {
        let called = asked(&place.guard).await;
        let deny = BTreeMap::from([(everyone, Permissions::of(&[Permission::Write]))]);
        let narrow = Command::NarrowTopic { topic: place.stock, deny };
        place.hub.execute(place.ana, None, &narrow).await.unwrap();
        place.hub.answer(&place.guard, called.call, Answer::Done(json!({}))).unwrap();
    };
    assert_eq!(code(&place.propose(None, place.add(1), taking).await), "permission.denied");
}

#[tokio::test(start_paused = true)]
async fn a_text_may_go_along_and_an_ephemeral_topic_be_guarded() {
    let place = Place::open().await;
    let text =
        make(&place.hub, place.ana, place.circle, "text", Kind::Text, Rules::default()).await;
    let splice = |insert: &str| json!({"splice": {"at": 0, "insert": insert}});
    let both = transaction(vec![
        change(place.stock, json!({"add": {"by": 1}})),
        change(text, splice("tea")),
    ]);
    let list =
        json!({"changes": [{"proposed": 0}, {"proposed": 1}, effect(text, &splice("more "))]});
    place.propose(None, both, place.says(list)).await.unwrap();
    let (_, _, state) = place.hub.topic_value(place.ana, text).await.unwrap();
    assert_eq!(place.hub.text_plain(state).await.unwrap().unwrap(), "more tea");
    let rules = Rules { guard: Some(guard_name()), ephemeral: true, ..Rules::default() };
    let live = make(&place.hub, place.ana, place.circle, "live", Kind::Int, rules).await;
    let set = transaction(vec![change(live, json!({"set": {"value": 4}}))]);
    let done = place.propose(None, set, place.says(json!({}))).await.unwrap();
    assert_eq!(done.events.first().unwrap().feed, FeedId::Live(live));
}
