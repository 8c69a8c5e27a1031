//! The client over real sockets, against a server that does what goes wrong.

#![expect(clippy::unwrap_used, reason = "what a test relies on fails it")]

#[path = "live/fake.rs"]
mod fake;

use std::time::Duration;

use fake::{Fake, event, events, feed, snapshot, tea};
use kith_client::{Aware, Client, ClientError, Encoding, Events, Update, follow};
use kith_core::aware::AwareState;
use kith_core::command::{Command, Outcome};
use kith_core::id::{FeedId, Seq, SessionId, Timestamp, UserId};
use kith_core::text::MessageText;
use kith_proto::error::Problem;
use kith_proto::frame::{Push, Reply, Shown};
use kith_proto::query::{Answer, Query};

/// A client and its connection, on which the feed is followed from a snapshot at 5.
async fn following(fake: &Fake) -> (Client, Events, fake::Peer) {
    let (connected, mut peer) = tokio::join!(Client::connect(fake.options()), fake.accept());
    let (client, mut updates) = connected.unwrap();
    client.subscribe(follow(feed())).await.unwrap();
    assert_eq!(peer.wish().await.after, None);
    peer.push(&snapshot(5)).await;
    assert!(matches!(updates.next().await, Some(Update::Connected(_))));
    assert!(matches!(updates.next().await, Some(Update::Snapshot { seq: Seq(5), .. })));
    assert!(matches!(updates.next().await, Some(Update::CaughtUp { .. })));
    (client, updates, peer)
}

/// The numbers of the next events, whatever else comes.
async fn numbers(updates: &mut Events, count: usize) -> Vec<u64> {
    let mut numbers = Vec::new();
    while numbers.len() < count {
        match updates.next().await {
            Some(Update::Event(event)) => numbers.push(event.seq.0),
            Some(_) => {}
            None => panic!("the client ended"),
        }
    }
    numbers
}

fn post() -> Command {
    let text = MessageText::parse("hi").unwrap();
    Command::post(tea(), text)
}

#[tokio::test]
async fn a_new_connection_resumes_where_the_old_one_ended() {
    for encoding in Encoding::ALL {
        let fake = Fake::start(encoding).await;
        let (_client, mut updates, mut peer) = following(&fake).await;
        peer.push(&Push::Event(event(6))).await;
        assert_eq!(numbers(&mut updates, 1).await, [6]);
        drop(peer);
        let mut peer = fake.accept().await;
        let wish = peer.wish().await;
        assert_eq!((wish.after, wish.epoch.as_deref()), (Some(Seq(6)), Some("e")));
        peer.push(&events(7..=8)).await;
        peer.push(&Push::Event(event(8))).await;
        peer.push(&Push::Event(event(9))).await;
        assert_eq!(numbers(&mut updates, 3).await, [7, 8, 9]);
    }
}

#[tokio::test]
async fn many_feeds_are_followed_with_one_request() {
    let fake = Fake::start(Encoding::Json).await;
    let (connected, mut peer) = tokio::join!(Client::connect(fake.options()), fake.accept());
    let (client, _updates) = connected.unwrap();
    let user = FeedId::User(UserId::new(Timestamp(1), 1));
    client.subscribe_all(vec![follow(feed()), follow(user)]).await.unwrap();
    let followed = peer.request().await.subscribe.unwrap();
    let mut feeds: Vec<FeedId> = followed.iter().map(|wish| wish.feed).collect();
    feeds.sort_unstable();
    let mut expected = [feed(), user];
    expected.sort_unstable();
    assert_eq!(feeds, expected);
}

#[tokio::test]
async fn an_operation_whose_answer_was_lost_is_said_again_under_its_name() {
    let fake = Fake::start(Encoding::Json).await;
    let (client, _updates, mut peer) = following(&fake).await;
    let posting = tokio::spawn(async move { client.command(post()).await });
    let first = peer.request().await;
    assert!(first.op.is_some());
    drop(peer);
    let mut peer = fake.accept().await;
    assert_eq!(peer.wish().await.after, Some(Seq(5)));
    let second = peer.request().await;
    assert_eq!(second, first);
    let mut doubt = Problem::later("server.busy", "who knows", 1);
    doubt.unknown = true;
    peer.push(&Push::Error { id: Some(second.id), problem: doubt }).await;
    assert_eq!(peer.request().await, first);
    peer.push(&Push::Ok { id: first.id, reply: Reply::Done(Outcome::default()) }).await;
    assert_eq!(posting.await.unwrap(), Ok(Outcome::default()));
}

#[tokio::test]
async fn who_lags_or_sees_a_gap_asks_from_the_last_event() {
    let fake = Fake::start(Encoding::Json).await;
    let (_client, mut updates, mut peer) = following(&fake).await;
    peer.push(&Push::Lagged { feeds: vec![feed()] }).await;
    assert_eq!(peer.wish().await.after, Some(Seq(5)));
    peer.push(&events(6..=6)).await;
    peer.push(&Push::Event(event(9))).await;
    assert_eq!(peer.wish().await.after, Some(Seq(6)));
    peer.push(&events(7..=9)).await;
    assert_eq!(numbers(&mut updates, 4).await, [6, 7, 8, 9]);
}

#[tokio::test]
async fn a_farewell_says_when_to_come_back() {
    let fake = Fake::start(Encoding::Json).await;
    let (_client, mut updates, peer) = following(&fake).await;
    peer.bye(1012, Problem::later("server.restarting", "the server restarts", 60)).await;
    let Some(Update::Disconnected { retry_in, why }) = updates.next().await else {
        panic!("not told");
    };
    assert!((60..=160).contains(&retry_in.as_millis()), "{retry_in:?}");
    assert!(why.contains("server.restarting"));
    fake.accept().await;
}

#[tokio::test]
async fn who_is_not_let_in_is_told_so_and_stays_out() {
    let fake = Fake::start(Encoding::Json).await;
    let refuse = async {
        fake.knock().await.bye(4401, Problem::new("auth.failed", "no")).await;
    };
    let (connected, ()) = tokio::join!(Client::connect(fake.options()), refuse);
    assert!(matches!(connected, Err(ClientError::Stopped(why)) if why.code == "auth.failed"));

    let (client, mut updates, peer) = following(&fake).await;
    peer.bye(4402, Problem::new("session.revoked", "this session has ended")).await;
    assert!(matches!(updates.next().await, Some(Update::Stopped(_))));
    assert_eq!(updates.next().await, None);
    assert!(matches!(client.command(post()).await, Err(ClientError::Stopped(_))));
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unreachable() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut options = Fake::start(Encoding::Json).await.options();
    options.url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    assert!(matches!(Client::connect(options).await, Err(ClientError::Unreachable(_))));
}

#[tokio::test]
async fn who_does_not_take_updates_slows_the_server_and_loses_nothing() {
    const COUNT: u64 = 200_000;
    let fake = Fake::start(Encoding::MsgPack).await;
    let (_client, mut updates, mut peer) = following(&fake).await;
    let mut flood = tokio::spawn(async move {
        for seq in 6..6 + COUNT {
            peer.push(&Push::Event(event(seq))).await;
        }
        peer
    });
    // The sockets take some, and then no more: this time can only be too short to notice otherwise.
    let stuck = tokio::time::timeout(Duration::from_secs(1), &mut flood).await;
    assert!(stuck.is_err(), "everything was taken though nobody read");
    let seen = numbers(&mut updates, usize::try_from(COUNT).unwrap()).await;
    assert!(seen.iter().copied().eq(6..6 + COUNT));
    flood.await.unwrap();
}

#[tokio::test]
async fn who_wants_no_updates_still_gets_answers() {
    let fake = Fake::start(Encoding::Json).await;
    let (client, updates, mut peer) = following(&fake).await;
    drop(updates);
    let serve = async {
        for seq in 6..1000 {
            peer.push(&Push::Event(event(seq))).await;
        }
        let id = peer.request().await.id;
        let reply = Reply::Got(Answer::Blocks(vec![]));
        peer.push(&Push::Ok { id, reply }).await;
        peer
    };
    let (answer, _peer) = tokio::join!(client.query(Query::Blocks {}), serve);
    assert_eq!(answer, Ok(Answer::Blocks(vec![])));
    client.close().await;
    assert_eq!(client.query(Query::Blocks {}).await, Err(ClientError::Closed));
}

#[tokio::test]
async fn what_others_show_is_seen_until_they_or_the_connection_go() {
    for encoding in Encoding::ALL {
        let fake = Fake::start(encoding).await;
        let (client, _updates, mut peer) = following(&fake).await;
        let mut aware = client.aware(feed());
        assert!(aware.others().is_empty());
        let at =
            |at: u64| serde_json::from_value::<AwareState>(serde_json::json!({"at": at})).unwrap();
        let shown = |client: u64, state: Option<AwareState>| Shown {
            client,
            session: SessionId::new(Timestamp(1), client.into()),
            user: UserId::new(Timestamp(1), client.into()),
            state,
        };
        let push = |all, states| Push::Aware { feed: feed(), all, states };
        let seen = |aware: &Aware| -> Vec<(u64, AwareState)> {
            aware.others().iter().map(|(client, other)| (*client, other.state.clone())).collect()
        };
        peer.push(&push(false, vec![shown(1, Some(at(1))), shown(2, Some(at(2)))])).await;
        assert!(aware.changed().await);
        assert_eq!(seen(&aware), [(1, at(1)), (2, at(2))]);
        peer.push(&push(false, vec![shown(1, None)])).await;
        assert!(aware.changed().await);
        assert_eq!(seen(&aware), [(2, at(2))]);
        peer.push(&push(true, vec![shown(3, Some(at(3)))])).await;
        assert!(aware.changed().await);
        assert_eq!(seen(&aware), [(3, at(3))]);
        drop(peer);
        assert!(aware.changed().await);
        assert_eq!(seen(&aware), []);
        client.close().await;
        assert!(!aware.changed().await);
    }
}
