//! What the hub promises, one test each.

mod world;

use kith_core::command::Command;
use kith_core::document::OP_MEMORY_MS;
use kith_core::id::{FeedId, Seq};
use kith_core::refusal::Refusal;
use kith_hub::verify::Watched;
use kith_hub::{End, HubError, Limits};
use kith_store::memory::MemoryStore;
use world::{circle, connect, follow, hub, op, post, say, seen, user};

#[tokio::test(start_paused = true)]
async fn what_is_said_reaches_every_follower_once_and_in_order() {
    let hub = hub(Watched(MemoryStore::new()), Limits::default()).await;
    let (ana, bob) = (user(&hub, "ana").await, user(&hub, "bob").await);
    let (tea, stream) = circle(&hub, ana).await;
    hub.execute(bob, None, &Command::Join { circle: tea }).await.unwrap();
    let (one, two) = (connect(&hub, "ana").await, connect(&hub, "bob").await);
    for subscriber in [&one, &two] {
        follow(&hub, subscriber, FeedId::Stream(stream), None).await.unwrap();
    }
    for text in ["a", "b", "c"] {
        say(&hub, bob, stream, text).await.unwrap();
    }
    let expected = ["snapshot 1", "2 a", "3 b", "4 c"];
    assert_eq!(seen(&one).await, expected);
    assert_eq!(seen(&two).await, expected);
}

#[tokio::test(start_paused = true)]
async fn saying_it_twice_makes_it_happen_once() {
    let hub = hub(Watched(MemoryStore::new()), Limits::default()).await;
    let ana = user(&hub, "ana").await;
    let (_, stream) = circle(&hub, ana).await;
    let first = hub.execute(ana, Some(op("x")), &post(stream, "a")).await.unwrap();
    let again = hub.execute(ana, Some(op("x")), &post(stream, "a")).await.unwrap();
    assert_eq!(first, again);
    let other = hub.execute(ana, Some(op("x")), &post(stream, "b")).await;
    assert!(matches!(other, Err(HubError::Refused(Refusal::OpReused))), "{other:?}");
    assert_eq!(hub.stream_now(ana, stream).await.unwrap().1.0, 2);
}

#[tokio::test(start_paused = true)]
async fn a_reader_resumes_from_where_it_was() {
    let hub = hub(Watched(MemoryStore::new()), Limits { replay_max: 5, ..Limits::default() }).await;
    let ana = user(&hub, "ana").await;
    let (_, stream) = circle(&hub, ana).await;
    for text in ["a", "b", "c"] {
        say(&hub, ana, stream, text).await.unwrap();
    }
    let feed = FeedId::Stream(stream);
    let subscriber = connect(&hub, "ana").await;
    follow(&hub, &subscriber, feed, Some(2)).await.unwrap();
    assert_eq!(seen(&subscriber).await, ["events 3..4"]);
    follow(&hub, &subscriber, feed, Some(4)).await.unwrap();
    assert_eq!(seen(&subscriber).await, ["events 5..4"]);
    follow(&hub, &subscriber, feed, Some(9)).await.unwrap();
    assert_eq!(seen(&subscriber).await, ["snapshot 4"], "a reader that is ahead is told so");
    for _ in 0..6 {
        say(&hub, ana, stream, "more").await.unwrap();
    }
    seen(&subscriber).await;
    follow(&hub, &subscriber, feed, Some(1)).await.unwrap();
    assert_eq!(seen(&subscriber).await, ["snapshot 10"], "too much was missed");
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_is_told_and_nobody_else_notices() {
    let hub =
        hub(Watched(MemoryStore::new()), Limits { mailbox_bytes: 2000, ..Limits::default() }).await;
    let (ana, _) = (user(&hub, "ana").await, user(&hub, "bob").await);
    let (_, stream) = circle(&hub, ana).await;
    let feed = FeedId::Stream(stream);
    let (slow, quick) = (connect(&hub, "ana").await, connect(&hub, "ana").await);
    for subscriber in [&slow, &quick] {
        follow(&hub, subscriber, feed, None).await.unwrap();
    }
    let mut told = Vec::new();
    for number in 0..20 {
        say(&hub, ana, stream, &format!("message {number}")).await.unwrap();
        told.extend(seen(&quick).await);
    }
    assert_eq!(told.len(), 21, "{told:?}");
    let told = seen(&slow).await;
    assert_eq!(told, ["lagged 1"], "what it did not read is dropped, and it is told so");
    follow(&hub, &slow, feed, Some(1)).await.unwrap();
    assert_eq!(seen(&slow).await, ["events 2..21"], "nothing was lost");
}

#[tokio::test(start_paused = true)]
async fn after_a_kick_nothing_more_arrives() {
    let hub = hub(Watched(MemoryStore::new()), Limits::default()).await;
    let (ana, bob) = (user(&hub, "ana").await, user(&hub, "bob").await);
    let (tea, stream) = circle(&hub, ana).await;
    hub.execute(bob, None, &Command::Join { circle: tea }).await.unwrap();
    let subscriber = connect(&hub, "bob").await;
    follow(&hub, &subscriber, FeedId::Stream(stream), None).await.unwrap();
    seen(&subscriber).await;
    say(&hub, ana, stream, "still waiting in the mailbox").await.unwrap();
    let kick = Command::Kick { circle: tea, user: bob, reason: None };
    hub.execute(ana, None, &kick).await.unwrap();
    say(&hub, ana, stream, "after").await.unwrap();
    assert_eq!(seen(&subscriber).await, ["closed"]);
    let again = follow(&hub, &subscriber, FeedId::Stream(stream), Some(1)).await;
    assert!(matches!(again, Err(HubError::Refused(Refusal::NoSuchStream))), "{again:?}");
}

#[tokio::test(start_paused = true)]
async fn a_kick_waits_for_what_is_being_written_and_cuts_who_does_not_take_it() {
    let hub = hub(Watched(MemoryStore::new()), Limits::default()).await;
    let (ana, bob) = (user(&hub, "ana").await, user(&hub, "bob").await);
    let (tea, stream) = circle(&hub, ana).await;
    hub.execute(bob, None, &Command::Join { circle: tea }).await.unwrap();
    let subscriber = connect(&hub, "bob").await;
    follow(&hub, &subscriber, FeedId::Stream(stream), None).await.unwrap();
    let batch = subscriber.next(usize::MAX).await.unwrap();
    let kick = Command::Kick { circle: tea, user: bob, reason: None };
    let mut kicked = Box::pin(hub.execute(ana, None, &kick));
    let early = tokio::time::timeout(std::time::Duration::from_secs(1), &mut kicked).await;
    assert!(early.is_err(), "the acknowledgement waits for the write");
    drop(batch);
    kicked.await.unwrap();

    hub.execute(bob, None, &Command::Join { circle: tea }).await.unwrap();
    follow(&hub, &subscriber, FeedId::Stream(stream), None).await.unwrap();
    let stuck = subscriber.next(usize::MAX).await.unwrap();
    hub.execute(ana, None, &kick).await.unwrap();
    assert_eq!(subscriber.ended().await, End::Stuck);
    drop(stuck);
}

#[tokio::test(start_paused = true)]
async fn a_revoked_session_ends_at_once() {
    let hub = hub(Watched(MemoryStore::new()), Limits::default()).await;
    let ana = user(&hub, "ana").await;
    let subscriber = connect(&hub, "ana").await;
    let session = subscriber.session;
    hub.execute(ana, None, &Command::RevokeSession { session }).await.unwrap();
    assert_eq!(subscriber.ended().await, End::Revoked);
    assert!(subscriber.next(1).await.is_none());
    let token = kith_core::decide::secret_hash("ana");
    assert!(hub.connect(&token).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn unread_counts_are_those_of_the_messages() {
    let hub = hub(Watched(MemoryStore::new()), Limits::default()).await;
    let (ana, bob) = (user(&hub, "ana").await, user(&hub, "bob").await);
    let (tea, stream) = circle(&hub, ana).await;
    hub.execute(bob, None, &Command::Join { circle: tea }).await.unwrap();
    say(&hub, ana, stream, "one").await.unwrap();
    let two = say(&hub, ana, stream, "two, @bob and @bob").await.unwrap().events[0].seq;
    say(&hub, bob, stream, "my own").await.unwrap();
    let counts = || async {
        let (own, _) = hub.unread(bob, stream).await.unwrap();
        (own.unread, own.mentions)
    };
    assert_eq!(counts().await, (2, 1));
    let read = |seq| Command::Read { stream, thread: None, seq };
    hub.execute(bob, None, &read(two)).await.unwrap();
    assert_eq!(counts().await, (0, 0));
    hub.execute(bob, None, &read(Seq(1))).await.unwrap();
    hub.execute(ana, None, &Command::Delete { stream, message: two }).await.unwrap();
    assert_eq!(counts().await, (1, 0), "marked as unread, one deleted");
    hub.execute(bob, None, &Command::Block { user: ana }).await.unwrap();
    assert_eq!(counts().await, (0, 0), "who is blocked is not counted");
}

#[tokio::test(start_paused = true)]
async fn an_answer_in_the_making_is_void_once_access_is_taken() {
    let hub = hub(Watched(MemoryStore::new()), Limits::default()).await;
    let (ana, bob) = (user(&hub, "ana").await, user(&hub, "bob").await);
    let (tea, _) = circle(&hub, ana).await;
    hub.execute(bob, None, &Command::Join { circle: tea }).await.unwrap();
    let (theirs, mine) = (hub.reading(bob), hub.reading(ana));
    hub.execute(ana, None, &Command::Kick { circle: tea, user: bob, reason: None }).await.unwrap();
    assert!(theirs.is_stale());
    assert!(!mine.is_stale());
    assert!(!hub.reading(bob).is_stale());
}

#[tokio::test(start_paused = true)]
async fn an_operation_is_answered_for_thirty_days_and_never_makes_a_second_thing() {
    let store = MemoryStore::new();
    let (hub, clock) = world::hub_and_clock(Watched(store.clone()), Limits::default()).await;
    let ana = user(&hub, "ana").await;
    let (_, stream) = circle(&hub, ana).await;
    let first = hub.execute(ana, Some(op("x")), &post(stream, "a")).await.unwrap();
    let read = Command::Read { stream, thread: None, seq: Seq(1) };
    hub.execute(ana, Some(op("y")), &read).await.unwrap();
    clock.pass_ms(OP_MEMORY_MS - 10_000);
    assert_eq!(hub.expire().await.unwrap(), 0);
    let again = hub.execute(ana, Some(op("x")), &post(stream, "a")).await.unwrap();
    assert_eq!(first, again);
    clock.pass_ms(20_000);
    // Before it is swept, after, and on a server that has nothing at hand: it is never done again.
    for removed in [2, 0] {
        let late = hub.execute(ana, Some(op("x")), &post(stream, "a")).await.unwrap_err();
        assert_eq!(late.code(), "op.expired");
        assert_eq!(hub.expire().await.unwrap(), removed);
    }
    let (anew, clock) = world::hub_and_clock(Watched(store), Limits::default()).await;
    clock.pass_ms(2 * OP_MEMORY_MS);
    let late = anew.execute(ana, Some(op("x")), &post(stream, "a")).await.unwrap_err();
    assert_eq!(late.code(), "op.expired");
    assert_eq!(anew.stream_now(ana, stream).await.unwrap().1, Seq(2));
    // What only sets a state may be said again, and its answer is not kept for ever.
    anew.execute(ana, Some(op("y")), &read).await.unwrap();
    assert!(anew.connect(&kith_core::decide::secret_hash("ana")).await.is_ok());
}
