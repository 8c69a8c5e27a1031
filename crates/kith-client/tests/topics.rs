//! Topics as a program uses them, against a real server over real sockets.

#![expect(clippy::unwrap_used, reason = "what a test relies on fails it")]

#[path = "topics/site.rs"]
mod site;

use kith_client::{Changing, Client, ClientError, Events, News, Topic, Update};
use kith_core::command::Command;
use kith_core::document::Rules;
use kith_core::id::{CircleId, TopicId};
use kith_core::text::{CircleName, Label, TopicName};
use kith_core::topic::{Anchor, Kind, Value};
use kith_hub::Limits;
use serde_json::{Map, json};
use site::{Site, enter};

fn name(text: &str) -> TopicName {
    TopicName::parse(text).unwrap()
}

/// A public circle of the client.
async fn circle(client: &Client) -> CircleId {
    let name = CircleName::parse("Tea").unwrap();
    client.command(Command::CreateCircle { name, public: true }).await.unwrap().circle.unwrap()
}

async fn join(client: &Client, circle: CircleId) {
    client.command(Command::Join { circle }).await.unwrap();
}

/// Waits until the value is this.
async fn until(topic: &Topic, value: Value) {
    let mut watch = topic.watch();
    while let Some(news) = watch.next().await {
        if news == News::Value(value.clone()) {
            return;
        }
    }
    panic!("{:?}", topic.closed());
}

fn text(topic: &Topic) -> String {
    match topic.value() {
        Some(Value::String(text)) => text,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_change_shows_at_once_and_then_to_the_others() {
    let site = Site::open().await;
    let (ana, bob) = (site.user("ana").await, site.user("bob").await);
    let tea = circle(&ana).await;
    join(&bob, tea).await;
    let mine = ana.create_topic(tea, name("cups"), Kind::Int, Some(json!(1))).await.unwrap();
    let his = bob.topic(tea, &name("cups")).await.unwrap();
    assert_eq!(his.value(), Some(Value::Int(1)));
    let sent = mine.add(3);
    assert_eq!((mine.value(), mine.is_pending()), (Some(Value::Int(4)), true));
    let done = sent.await.unwrap();
    assert_eq!(done.events.len(), 1);
    until(&his, Value::Int(4)).await;
    assert_eq!((mine.value(), mine.is_pending()), (Some(Value::Int(4)), false));
}

#[tokio::test]
async fn what_the_server_refuses_is_taken_back_and_says_why() {
    let site = Site::open().await;
    let ana = site.user("ana").await;
    let tea = circle(&ana).await;
    let rules = Rules { bytes_max: Some(20), ..Rules::default() };
    let (name, deny) = (name("note"), Default::default());
    let make = Command::CreateTopic {
        circle: tea,
        name,
        holds: Kind::String,
        value: None,
        rules,
        deny,
        replace: false,
    };
    let made = ana.command(make).await.unwrap().topic.unwrap();
    let note = ana.topic_by_id(made).await.unwrap();
    let cups = ana.create_topic(tea, TopicName::parse("cups").unwrap(), Kind::Int, None);
    let cups = cups.await.unwrap();
    let sent = ana.transaction(|all| {
        all.on(&cups).add(1);
        all.on(&note).splice(0, 0, "far more than fits into it");
    });
    assert_eq!((cups.value(), text(&note).len()), (Some(Value::Int(1)), 26));
    // What came after stays, without what it stood on.
    let later = note.splice(26, 0, "!");
    let Err(ClientError::Refused(problem)) = sent.await else { panic!("not refused") };
    assert_eq!((problem.code.as_str(), problem.change), ("topic.too_large", Some(1)));
    assert_eq!((cups.value(), text(&note)), (Some(Value::Int(0)), "!".to_owned()));
    later.await.unwrap();
    assert_eq!(text(&note), "!");
    // What does not even fit what is shown is not begun.
    let Err(ClientError::Refused(problem)) = cups.splice(0, 0, "x").await else {
        panic!("not refused");
    };
    assert_eq!(problem.code, "topic.wrong_change");
    let unmet = ana.transaction(|all| {
        all.when_is(&cups, 7);
        all.on(&cups).set(8);
    });
    assert_eq!(cups.value(), Some(Value::Int(8)));
    assert_eq!(unmet.await.unwrap_err().problem().unwrap().code, "topic.not_as_asked");
    assert_eq!(cups.value(), Some(Value::Int(0)));
}

#[tokio::test]
async fn a_drag_is_one_step_to_take_back() {
    let site = Site::open().await;
    let ana = site.user("ana").await;
    let tea = circle(&ana).await;
    let place = ana.create_topic(tea, name("place"), Kind::Int, None).await.unwrap();
    place.set(5).await.unwrap();
    let drag = |to: i64| {
        ana.transaction(|all| {
            all.group(Label::parse("drag-1").unwrap());
            all.on(&place).set(to);
        })
    };
    for to in 6..20 {
        drag(to).await.unwrap();
    }
    ana.undo(tea, false).await.unwrap();
    until(&place, Value::Int(5)).await;
    ana.redo(tea, false).await.unwrap();
    until(&place, Value::Int(19)).await;
    assert_eq!(ana.redo(tea, false).await.unwrap_err().problem().unwrap().code, "redo.nothing");
}

async fn disconnected(events: &mut Events) {
    while !matches!(events.next().await, Some(Update::Disconnected { .. })) {}
}

#[tokio::test]
async fn changes_without_a_connection_show_and_are_made_when_there_is_one() {
    let site = Site::open().await;
    let ana = site.user("ana").await;
    let tea = circle(&ana).await;
    let here = ana.create_topic(tea, name("note"), Kind::String, Some(json!("tea"))).await.unwrap();
    let list = ana.create_topic(tea, name("list"), Kind::List, Some(json!(["a"]))).await.unwrap();
    let way = site.way().await;
    let (bob, mut events) = enter(way.port, &site.token("bob").await).await;
    join(&bob, tea).await;
    let there = bob.topic(tea, &name("note")).await.unwrap();
    let his = bob.topic(tea, &name("list")).await.unwrap();
    way.close();
    disconnected(&mut events).await;
    let mut sent = vec![there.splice(3, 0, "!"), there.splice(0, 1, "T"), his.push("b")];
    let Some(Value::List(elements)) = his.value() else { panic!("no list") };
    // What was not there yet for the server can be spoken of already.
    sent.push(his.replace(&elements[1].element, "B"));
    sent.push(his.insert("c", Anchor::Before(elements[1].element.clone())));
    assert_eq!(text(&there), "Tea!");
    here.splice(0, 0, "hot ").await.unwrap();
    list.push("z").await.unwrap();
    assert_eq!(text(&there), "Tea!");
    way.open();
    for one in sent {
        one.await.unwrap();
    }
    assert_eq!(text(&there), "hot Tea!");
    until(&here, Value::String("hot Tea!".to_owned())).await;
    assert_eq!(his.value().unwrap().to_plain(), json!(["a", "z", "c", "B"]));
    until(&list, his.value().unwrap()).await;
}

#[tokio::test]
async fn a_transaction_is_seen_whole_however_the_connection_breaks() {
    const COUNT: i64 = 400;
    // A small mailbox lags as well.
    let site = Site::with(Limits { mailbox_bytes: 3000, ..Limits::default() }).await;
    let ana = site.user("ana").await;
    let tea = circle(&ana).await;
    let left = ana.create_topic(tea, name("left"), Kind::Int, None).await.unwrap();
    let right = ana.create_topic(tea, name("right"), Kind::Int, None).await.unwrap();
    let way = site.way().await;
    let (bob, _events) = enter(way.port, &site.token("bob").await).await;
    join(&bob, tea).await;
    let ids: [TopicId; 2] = [left.id(), right.id()];
    let his = [bob.topic_by_id(ids[0]).await.unwrap(), bob.topic_by_id(ids[1]).await.unwrap()];
    let writing = tokio::spawn(async move {
        for count in 0..COUNT {
            let sent = ana.transaction(|all| {
                all.on(&left).add(1);
                all.on(&right).add(1);
            });
            // Some wait for each other, some do not.
            if count % 8 == 7 {
                sent.await.unwrap();
            }
        }
    });
    let mut watches = [his[0].watch(), his[1].watch()];
    let mut seen = 0;
    while seen < COUNT {
        let [one, two] = &mut watches;
        tokio::select! {
            news = one.next() => assert!(news.is_some()),
            news = two.next() => assert!(news.is_some()),
        }
        let both = bob.look(|all| ids.map(|id| all.value(id).cloned())).unwrap();
        assert_eq!(both[0], both[1]);
        let Some(Value::Int(now)) = both[0] else { panic!("no number") };
        if now / 100 > seen / 100 {
            way.close();
            way.open();
        }
        seen = now;
    }
    writing.await.unwrap();
}

#[tokio::test]
async fn who_types_at_once_reads_the_same_in_the_end() {
    let site = Site::open().await;
    let (ana, bob) = (site.user("ana").await, site.user("bob").await);
    let tea = circle(&ana).await;
    join(&bob, tea).await;
    let mine = ana.create_topic(tea, name("note"), Kind::String, Some(json!("-"))).await.unwrap();
    let his = bob.topic(tea, &name("note")).await.unwrap();
    let mut sent = Vec::new();
    for (place, letter) in (0..).zip("hello".chars()) {
        sent.push(mine.splice(place, 0, &letter.to_string()));
        let end = u32::try_from(text(&his).len()).unwrap();
        sent.push(his.splice(end, 0, &letter.to_uppercase().to_string()));
        tokio::task::yield_now().await;
    }
    for one in sent {
        one.await.unwrap();
    }
    let all = "hello-HELLO";
    until(&mine, Value::String(all.to_owned())).await;
    until(&his, Value::String(all.to_owned())).await;
}

#[tokio::test]
async fn events_are_told_and_a_removed_topic_is_closed() {
    let site = Site::open().await;
    let (ana, bob) = (site.user("ana").await, site.user("bob").await);
    let tea = circle(&ana).await;
    join(&bob, tea).await;
    let bell = ana.create_topic(tea, name("bell"), Kind::Event, None).await.unwrap();
    let his = bob.topic(tea, &name("bell")).await.unwrap();
    let mut watch = his.watch();
    bell.emit(Map::from_iter([("loud".to_owned(), json!(true))])).await.unwrap();
    let Some(News::Emitted(event)) = watch.next().await else { panic!("nothing") };
    assert_eq!((event.by, event.seq.0), (Some(ana.welcome().user.id), 2));
    ana.command(Command::RemoveTopic { topic: bell.id() }).await.unwrap();
    assert_eq!(watch.next().await, None);
    assert_eq!((his.value(), his.closed().unwrap().code.as_str()), (None, "topic.not_found"));
    let again = bob.topic(tea, &name("bell")).await;
    assert_eq!(again.unwrap_err().problem().unwrap().code, "topic.not_found");
    bob.close().await;
    assert_eq!(his.emit(Map::new()).await, Err(ClientError::Closed));
}
