//! The demo is made whole, once, and only where nothing else is.

use std::collections::BTreeSet;

use kith_core::document::COLLECTIONS;
use kith_core::id::Timestamp;
use kith_hub::read::Page;
use kith_store::memory::MemoryStore;
use kith_store::{Range, Store};

use super::*;
use crate::environment::SystemEnvironment;

struct Noon;

impl Environment for Noon {
    fn now(&self) -> Timestamp {
        Timestamp(1_763_035_200_000)
    }

    fn random(&self) -> u128 {
        SystemEnvironment.random()
    }
}

fn settings() -> Settings {
    Settings { password_memory_kib: 8, ..Settings::default() }
}

/// Everything that is stored, as text.
async fn dump(store: &MemoryStore) -> String {
    let mut text = String::new();
    for feed in store.feeds(None, usize::MAX).await.unwrap() {
        text.push_str(&format!("{feed} {:?}\n", store.head(feed).await.unwrap()));
    }
    for collection in COLLECTIONS {
        let range = Range {
            collection,
            prefix: String::new(),
            after: None,
            before: None,
            descending: false,
        };
        for row in store.scan(range, usize::MAX).await.unwrap() {
            text.push_str(&format!("{collection} {} {}\n", row.key, row.body));
        }
    }
    text
}

async fn made() -> MemoryStore {
    let store = MemoryStore::new();
    make(Arc::new(store.clone()), &Noon, &settings()).await.unwrap();
    store
}

#[tokio::test]
async fn the_demo_is_made_once_and_is_sound() {
    let store = made().await;
    let before = dump(&store).await;
    make(Arc::new(store.clone()), &Noon, &settings()).await.unwrap();
    assert_eq!(dump(&store).await, before);
    assert_eq!(kith_hub::verify::verify(&store).await.unwrap().problems, []);
}

#[tokio::test]
async fn it_is_not_made_where_there_is_something_else() {
    let store = MemoryStore::new();
    let env: Arc<dyn Environment> = Arc::new(Noon);
    let hub =
        Hub::open(Arc::new(store.clone()), Arc::clone(&env), Limits::default()).await.unwrap();
    let app = App::new(hub.clone(), env, settings());
    app.auth.register("ana", "correct horse battery", None, None, false).await.unwrap();
    hub.close().await;
    let before = dump(&store).await;
    let refused = make(Arc::new(store.clone()), &Noon, &settings()).await.unwrap_err();
    assert!(refused.to_string().contains("without data"), "{refused}");
    assert_eq!(dump(&store).await, before);
}

#[tokio::test]
async fn it_shows_what_the_product_can_do() {
    let store = made().await;
    let env: Arc<dyn Environment> = Arc::new(Noon);
    let hub = Hub::open(Arc::new(store), env, Limits::default()).await.unwrap();
    let ana = hub.user_by_name("ana").await.unwrap().id;
    let (circle, _) = hub.circles(ana).await.unwrap().remove(0);
    assert_eq!(circle.members, 6);
    let streams = hub.streams(ana, circle.id).await.unwrap();
    let sections: BTreeSet<_> = streams.iter().map(|one| one.section.clone()).collect();
    assert!(streams.len() >= 6 && sections.len() >= 3);
    let conversations = hub.conversations(ana).await.unwrap();
    assert!(conversations.len() >= 3);
    let (mut messages, mut unread) = (Vec::new(), 0);
    for stream in streams.iter().chain(&conversations) {
        let page = Page { limit: 200, ..Page::default() };
        messages.extend(hub.messages(ana, stream.id, page).await.unwrap().0);
        unread += hub.unread(ana, stream.id).await.unwrap().0.unread;
    }
    assert!(messages.len() >= 150, "{}", messages.len());
    assert!((5..60).contains(&unread), "{unread}");
    let now = Noon.now();
    assert!(messages.iter().all(|one| one.at <= now && now.since_ms(one.at) < 9 * 24 * 3_600_000));
    let count = |is: fn(&kith_core::document::Message) -> bool| {
        messages.iter().filter(|message| is(message)).count()
    };
    assert!(count(|one| !one.reactions.is_empty()) >= 20);
    assert!(count(|one| one.replies > 0) >= 4);
    assert!(count(|one| one.topic.is_some()) >= 4);
    assert!(count(|one| one.reply_to.is_some()) >= 3);
    assert!(count(|one| one.edited_at.is_some()) >= 1);
    assert!(streams.iter().map(|one| one.pins.len()).sum::<usize>() >= 3);
    let (inbox, _) = hub.inbox(ana, None, true, 50).await.unwrap();
    assert!(inbox.len() >= 3, "{}", inbox.len());
    assert!(hub.may_read(ana, kith_core::id::FeedId::Site).await.is_ok());
}

#[test]
fn everybody_is_named_who_can_sign_in() {
    let said = sign_in().unwrap();
    for name in ["ana", "bob", "cyd", "dia", "eli", "fay", PASSWORD] {
        assert!(said.contains(name), "{said}");
    }
}
