//! Of a stream that is removed alone nothing is left either, and its circle is as it was.

use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use kith_store::Document;
use kith_store::around::Around;
use tokio::sync::oneshot;

use super::*;

async fn drop_stream(hub: &Hub, place: &Place, stream: StreamId) {
    act(hub, place.ana, json!({"remove_stream": {"stream": stream}})).await;
}

/// That nothing names a stream any more, and that its feed says no more than that it was removed.
async fn is_gone(store: &impl Store, streams: &[StreamId]) {
    let ids: Vec<String> = streams.iter().map(ToString::to_string).collect();
    assert_eq!(left_of(store, &ids).await, BTreeMap::new());
    let feeds: Vec<FeedId> = streams.iter().map(|id| FeedId::Stream(*id)).collect();
    end_of(store, &feeds).await;
    is_right(store).await;
}

async fn names(hub: &Hub, who: UserId, circle: CircleId) -> Vec<String> {
    let streams = hub.streams(who, circle).await.unwrap();
    streams.iter().map(|stream| stream.name.as_ref().unwrap().to_string()).collect()
}

#[tokio::test(start_paused = true)]
async fn nothing_of_a_removed_stream_is_left_and_its_circle_is_as_it_was() {
    let store = MemoryStore::new();
    // All of it is verified after each step.
    let hub = hub(Watched(store.clone()), Limits::default()).await;
    let place = furnish(&hub).await;
    let [tea, ops] = place.streams[..] else { unreachable!() };
    assert!(left_of(&store, &[tea.to_string()]).await.len() > 10);
    drop_stream(&hub, &place, tea).await;
    forget_all(&hub).await;
    is_gone(&store, &[tea]).await;
    assert_eq!(hub.expire_files().await.unwrap().files, [place.file]);
    assert_eq!(names(&hub, place.bob, place.circle).await, ["ops"]);
    let preferences = hub.preferences(place.bob).await.unwrap();
    let preferences: BTreeMap<&str, &Value> =
        preferences.iter().map(|(key, value)| (key.as_str(), value)).collect();
    let (circle, direct) = (format!("notify:{}", place.circle), format!("notify:{}", place.direct));
    assert_eq!(
        preferences,
        BTreeMap::from([
            ("favourites", &json!([place.direct, ops])),
            ("circles", &json!([place.other, place.circle])),
            ("language", &json!("en")),
            (circle.as_str(), &json!({"muted": true})),
            (direct.as_str(), &json!({"muted": true})),
        ])
    );
    let audit = store.events(FeedId::Audit(place.circle), Seq(0), 100).await.unwrap();
    let told = audit.iter().filter(|event| event.body.contains(r#""act":"stream_removed""#));
    let told: Vec<bool> = told.map(|event| event.body.contains(r#""name":"general""#)).collect();
    assert_eq!(told, [true]);
    // Its last one may go as well, also one where somebody read who is in the circle no longer.
    drop_stream(&hub, &place, ops).await;
    forget_all(&hub).await;
    is_gone(&store, &[tea, ops]).await;
    assert!(names(&hub, place.bob, place.circle).await.is_empty());
    let make = json!({"create_stream": {"circle": place.circle, "name": "new"}});
    let new = act(&hub, place.ana, make).await.stream.unwrap();
    say(&hub, place.bob, new, "on we go").await.unwrap();
    assert_eq!(repair(&store).await.unwrap().repaired, 0);
}

#[tokio::test(start_paused = true)]
async fn from_then_on_nobody_gets_at_any_of_the_stream() {
    let store = MemoryStore::new();
    let hub = hub(store.clone(), Limits::default()).await;
    let place = furnish(&hub).await;
    let Place { ana, bob, circle, .. } = place;
    let [tea, ops] = place.streams[..] else { unreachable!() };
    let reader = connect(&hub, "bob").await;
    for feed in [FeedId::Circle(circle), FeedId::Stream(tea), FeedId::Stream(ops)] {
        follow(&hub, &reader, feed, None).await.unwrap();
    }
    seen(&reader).await;
    drop_stream(&hub, &place, tea).await;
    // Before anything is forgotten.
    let refused = [
        hub.stream(ana, tea).await.map(drop),
        hub.messages(bob, tea, Page { limit: 1, ..Page::default() }).await.map(drop),
        hub.message(bob, tea, Seq(2)).await.map(drop),
        hub.attached(bob, (tea, Seq(2)), place.file).await.map(drop),
        hub.unread(bob, tea).await.map(drop),
        say(&hub, ana, tea, "hello?").await.map(drop),
    ];
    for refused in refused {
        assert!(refused.unwrap_err().code().ends_with(".not_found"));
    }
    for again in [
        json!({"remove_stream": {"stream": tea}}),
        json!({"post": {"stream": tea, "text": "from an outbox"}}),
        json!({"pin": {"stream": tea, "message": 2, "pinned": false}}),
        json!({"read": {"stream": tea, "seq": 2}}),
    ] {
        let again: Command = serde_json::from_value(again).unwrap();
        assert_eq!(hub.execute(ana, None, &again).await.unwrap_err().code(), "stream.not_found");
    }
    assert_eq!(names(&hub, bob, circle).await, ["ops"]);
    let (inbox, _) = hub.inbox(bob, None, false, 10).await.unwrap();
    assert!(!inbox.is_empty() && inbox.iter().all(|entry| entry.stream != tea));
    let (mut closed, mut asked_anew) = (Vec::new(), 0);
    while let Ok(Some(batch)) =
        tokio::time::timeout(Duration::from_secs(1), reader.next(usize::MAX)).await
    {
        for item in &batch.items {
            match item {
                Item::Closed(one) => closed.push((one.feed, one.removed)),
                Item::Event(event) if event.json.contains("feeds_changed") => asked_anew += 1,
                Item::Event(event) => panic!("{}", event.json),
                _ => {}
            }
        }
    }
    assert_eq!((closed, asked_anew), (vec![(FeedId::Stream(tea), true)], 1));
    say(&hub, ana, ops, "still here").await.unwrap();
}

/// A store in which forgetting a stream stands still once, between those who are in its circle and those
/// who were: it says so, and goes on when it is told to.
struct Between {
    store: MemoryStore,
    stop: Mutex<Option<(oneshot::Sender<()>, oneshot::Receiver<()>)>>,
}

#[async_trait]
impl Around for Between {
    fn inner(&self) -> &dyn Store {
        &self.store
    }

    async fn scan(&self, range: Range, limit: usize) -> Result<Vec<Document>, StoreError> {
        let is_here =
            range.collection == "member" && self.store.count(all("gone_stream")).await? > 0;
        let rows = self.store.scan(range, limit).await;
        let stop = if is_here { self.stop.lock().unwrap().take() } else { None };
        if let Some((came, go)) = stop {
            came.send(()).unwrap();
            go.await.unwrap();
        }
        rows
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_leaves_or_comes_back_while_a_stream_is_forgotten_is_not_missed() {
    let store = MemoryStore::new();
    let ((came, comes), (go, goes)) = (oneshot::channel(), oneshot::channel());
    let between = Between { store: store.clone(), stop: Mutex::new(Some((came, goes))) };
    let hub = hub(between, Limits::default()).await;
    let place = furnish(&hub).await;
    let tea = place.streams[0];
    let mut users = Vec::new();
    for number in 0..10 {
        let one = user(&hub, &format!("guest{number}")).await;
        act(&hub, one, json!({"join": {"circle": place.circle}})).await;
        act(&hub, one, json!({"read": {"stream": tea, "seq": 2}})).await;
        users.push(one);
    }
    for one in users.iter().step_by(2) {
        act(&hub, *one, json!({"leave": {"circle": place.circle}})).await;
    }
    drop_stream(&hub, &place, tea).await;
    comes.await.unwrap();
    for (number, one) in users.iter().enumerate() {
        let way = if number % 2 == 0 { "join" } else { "leave" };
        act(&hub, *one, json!({way: {"circle": place.circle}})).await;
    }
    go.send(()).unwrap();
    while store.count(all("gone_stream")).await.unwrap() > 0 {
        tokio::time::advance(Duration::from_millis(10)).await;
    }
    is_gone(&store, &[tea]).await;
}

/// The world of a crash test: a stream that was just removed, of which nothing was forgotten.
async fn removed(store: &FaultStore) -> Place {
    let hub = hub(store.clone(), Limits::default()).await;
    let place = furnish(&hub).await;
    drop_stream(&hub, &place, place.streams[0]).await;
    hub.close().await;
    place
}

#[tokio::test(start_paused = true)]
async fn a_crash_at_any_moment_of_forgetting_a_stream_leaves_all_in_order() {
    let made = FaultStore::new(Vec::new());
    let place = removed(&made).await;
    let mut at = 0;
    loop {
        at += 1;
        let (after, (), came) = cut(&made, at, Fault::Crash { at }, expire).await;
        forget_all(&open(&after).await.unwrap()).await;
        is_gone(&after, &place.streams[..1]).await;
        // Its circle may go while there is some of it left.
        let (after, (), _) = cut(&made, at, Fault::Crash { at }, expire).await;
        let hub = open(&after).await.unwrap();
        remove(&hub, &place).await;
        hub.close().await;
        is_right(&after).await;
        is_forgotten(&after, &place, at).await;
        if !came {
            break;
        }
    }
    assert!(at > 10, "only {at} operations");
}

#[tokio::test(start_paused = true)]
async fn a_crash_while_a_stream_is_removed_leaves_all_of_it_or_nothing() {
    let made = FaultStore::new(Vec::new());
    let first = hub(made.clone(), Limits::default()).await;
    let place = furnish(&first).await;
    first.close().await;
    let tea = place.streams[0];
    let command = Command::RemoveStream { stream: tea };
    let (mut at, mut outcomes) = (0, [0, 0]);
    loop {
        at += 1;
        let work = async |hub: Hub| hub.execute(place.ana, None, &command).await.is_ok();
        let (after, acknowledged, came) = cut(&made, at, Fault::Crash { at }, work).await;
        let hub = open(&after).await.unwrap();
        let is_there = hub.stream(place.bob, tea).await.is_ok();
        let page = Page { limit: 10, ..Page::default() };
        assert_eq!(hub.messages(place.bob, tea, page).await.is_ok(), is_there, "operation {at}");
        let listed = names(&hub, place.bob, place.circle).await;
        assert_eq!(listed.len(), 1 + usize::from(is_there), "operation {at}");
        assert!(!(acknowledged && is_there), "operation {at}");
        outcomes[usize::from(is_there)] += 1;
        if !came {
            break;
        }
    }
    assert!(outcomes.iter().all(|count| *count > 0), "{outcomes:?}");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_while_a_stream_is_forgotten_does_not_matter() {
    let made = FaultStore::new(Vec::new());
    let place = removed(&made).await;
    for at in 1..30 {
        let full = Fault::Fail { at, error: StoreError::Full };
        let (after, (), _) = cut(&made, at, full, expire).await;
        forget_all(&open(&after).await.unwrap()).await;
        is_gone(&after, &place.streams[..1]).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_left_of_a_removed_stream_is_found_and_made_right() {
    let store = MemoryStore::new();
    let hub = hub(store.clone(), Limits::default()).await;
    let place = furnish(&hub).await;
    let [tea, ops] = place.streams[..] else { unreachable!() };
    let mut before = Vec::new();
    for collection in ["read", "follow", "message", "inbox", "file_use"] {
        let rows = store.scan(all(collection), 10_000).await.unwrap();
        let row = rows.into_iter().find(|row| row.key.contains(&tea.to_string())).unwrap();
        before.push((collection, row));
    }
    let member = store.scan(all("member"), 1).await.unwrap().remove(0);
    let put = async |collection: &'static str, key: String, body: Option<&str>| {
        let key = DocKey { collection, key };
        let writes = vec![DocWrite { key, body: body.map(Into::into) }];
        store.commit(vec![Batch { writes, ..Batch::default() }]).await.remove(0).unwrap();
    };
    let told = async || verify(&store).await.unwrap().problems.len();
    // A stream that is there is noted as removed.
    let note = format!("{}/{ops}", place.circle);
    put("gone_stream", note.clone(), Some(r#"{"v":1,"cleared":0}"#)).await;
    assert_eq!(told().await, 1);
    put("gone_stream", note, None).await;
    drop_stream(&hub, &place, tea).await;
    // While it is forgotten its circle is looked at as ever.
    put("member", member.key.clone(), None).await;
    assert!(told().await > 0);
    put("member", member.key, Some(&member.body)).await;
    is_right(&store).await;
    forget_all(&hub).await;
    is_right(&store).await;
    for (collection, row) in before {
        put(collection, row.key, Some(&row.body)).await;
        assert!(told().await > 0, "{collection}");
        assert!(repair(&store).await.unwrap().repaired > 0, "{collection}");
        is_right(&store).await;
    }
}
