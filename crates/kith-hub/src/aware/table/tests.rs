//! The table alone: who is told what, and that it stays small.

use kith_core::id::{StreamId, Timestamp};
use serde_json::json;

use super::*;

fn feed(number: u128) -> FeedId {
    FeedId::Stream(StreamId::new(Timestamp(1), number))
}

fn state(value: u64) -> AwareState {
    let serde_json::Value::Object(entries) = json!({"at": value}) else { unreachable!() };
    AwareState::new(entries).unwrap()
}

/// What connection `number` says, which has a session of its own, of a client of the same number.
fn said(number: u64, value: u64) -> Said {
    let (client, connection) = (number, number);
    let session = SessionId::new(Timestamp(1), number.into());
    let user = UserId::new(Timestamp(1), number.into());
    let name = DisplayName::parse("Ana").unwrap();
    Said { client, clock: None, connection, session, user, name, state: state(value) }
}

/// What a reader is told, and up to where: `+7=1` for a state, `-7` for one that is gone.
fn told(table: &Table, reader: u64, told: u64) -> (String, u64) {
    let Some(news) = table.news(feed(1), told, reader, usize::MAX) else {
        return (String::new(), told);
    };
    let each = news.shown.iter().map(|row| match &row.state {
        Some(state) => format!(" +{}={}", row.client, state.entries()["at"]),
        None => format!(" -{}", row.client),
    });
    (format!("{}{}", if news.all { "all" } else { "" }, each.collect::<String>()), news.told)
}

#[test]
fn a_reader_is_told_the_newest_of_each_state_once() {
    let mut table = Table::default();
    assert_eq!(told(&table, 9, NOTHING), (String::new(), NOTHING));
    assert_eq!(table.show(feed(1), said(7, 1)), Ok(true));
    assert_eq!(table.show(feed(1), said(8, 1)), Ok(true));
    let (first, at) = told(&table, 9, NOTHING);
    assert_eq!(first, "all +7=1 +8=1");
    assert_eq!(told(&table, 9, at), (String::new(), at));
    for value in 2..1000 {
        assert_eq!(table.show(feed(1), said(7, value)), Ok(true));
    }
    assert_eq!(table.sizes(), (1, 2, 2));
    assert_eq!(table.show(feed(1), said(7, 999)), Ok(false), "said before");
    let (next, at) = told(&table, 9, at);
    assert_eq!(next, " +7=999");
    assert_eq!(told(&table, 9, NOTHING).0, "all +8=1 +7=999");
    assert_eq!(told(&table, 7, NOTHING).0, "all +8=1", "nothing of one's own");
    assert!(table.clear(8, feed(1)));
    assert!(!table.clear(8, feed(1)));
    assert_eq!(told(&table, 9, at).0, " -8");
    assert_eq!(told(&table, 9, NOTHING).0, "all +7=999");
    assert_eq!(table.show(feed(1), said(8, 5)), Ok(true));
    assert_eq!(told(&table, 9, at).0, " +8=5", "it came back before it was told that it went");
    table.forget(feed(1));
    assert_eq!(table.sizes(), (0, 0, 0));
}

#[test]
fn who_missed_too_many_who_went_is_told_who_is_there() {
    let mut table = Table::default();
    table.show(feed(1), said(7, 1)).unwrap();
    table.show(feed(1), said(5000, 1)).unwrap();
    let (_, at) = told(&table, 9, NOTHING);
    for number in 10..10 + 2 * GONE_MAX as u64 {
        table.show(feed(1), said(number, 1)).unwrap();
        assert!(table.clear(number, feed(1)));
    }
    table.clear(5000, feed(1));
    assert_eq!(table.sizes(), (1, 1 + GONE_MAX, 1));
    assert_eq!(told(&table, 9, at).0, "all +7=1");
}

#[test]
fn what_is_told_at_once_is_bounded_and_goes_on() {
    let mut table = Table::default();
    for number in 10..30 {
        table.show(feed(1), said(number, 1)).unwrap();
    }
    let (mut at, mut count, mut turns) = (NOTHING, 0, 0);
    loop {
        let news = table.news(feed(1), at, 9, 4 * ROW_BYTES).unwrap();
        assert!(news.bytes <= 5 * (ROW_BYTES + 10) && news.all == (turns == 0));
        (at, count, turns) = (news.told, count + news.shown.len(), turns + 1);
        if !news.more {
            break;
        }
    }
    assert_eq!((count, turns), (20, 5));
}

#[test]
fn clients_with_clocks_of_their_own_belong_to_the_session_that_used_them_first() {
    let mut table = Table::default();
    let yjs = |connection: u64, session: u64, clock: u64, value: u64| Said {
        client: 7,
        clock: Some(clock),
        connection,
        ..said(session, value)
    };
    let (ana, bob) = (said(1, 0).session, said(2, 0).session);
    assert_eq!(table.show(feed(1), yjs(1, 1, 3, 1)), Ok(true));
    assert_eq!(table.show(feed(1), yjs(1, 1, 3, 2)), Ok(false), "said before");
    assert_eq!(table.show(feed(1), yjs(1, 1, 4, 1)), Ok(false), "a renewal");
    assert_eq!(table.show(feed(1), yjs(2, 2, 9, 9)), Ok(false), "of somebody else");
    assert!(!table.hide(feed(1), 7, bob, Some(9)));
    assert!(!table.hide(feed(1), 7, ana, Some(3)), "older");
    // A client that comes back before its old connection is known to have ended.
    assert_eq!(table.show(feed(1), yjs(3, 1, 5, 2)), Ok(true));
    assert!(!table.clear(1, feed(1)));
    assert_eq!(told(&table, 9, NOTHING).0, "all +7=2");
    assert!(table.hide(feed(1), 7, ana, Some(5)));
    assert_eq!(table.show(feed(1), yjs(2, 2, 6, 9)), Ok(true), "it is free again");
    assert!(table.clear(2, feed(1)));
    assert_eq!(table.sizes(), (1, 1, 0));
    // Whoever was told that it went believes it only with a later clock.
    assert_eq!(table.show(feed(1), yjs(2, 2, 6, 9)), Ok(true));
    assert_eq!(table.show(feed(1), yjs(2, 2, 7, 9)), Ok(true), "and so is told again");
    assert_eq!(table.show(feed(1), yjs(2, 2, 8, 9)), Ok(false));
}

#[test]
fn what_is_said_again_of_one_that_has_gone_shows_nobody() {
    let mut table = Table::default();
    let mine = |clock| Said { clock: Some(clock), ..said(7, clock) };
    let echo = |clock| Said { client: 7, clock: Some(clock), ..said(8, clock) };
    assert_eq!(table.show(feed(1), mine(3)), Ok(true));
    assert!(table.hide(feed(1), 7, mine(4).session, Some(4)));
    for late in [3, 4] {
        assert_eq!(table.show(feed(1), echo(late)), Ok(false));
        assert_eq!(told(&table, 9, NOTHING).0, "all");
    }
    assert_eq!(table.sizes(), (1, 1, 0));
    // Whoever has the number now is newer, and whose it was may come back.
    assert_eq!(table.show(feed(1), echo(5)), Ok(true));
    assert!(table.clear(8, feed(1)));
    assert_eq!(table.show(feed(1), echo(2)), Ok(true));
}

#[test]
fn clocks_are_renewed_of_those_alone_that_have_none() {
    let mut table = Table::default();
    table.show(feed(1), said(7, 1)).unwrap();
    table.show(feed(1), Said { clock: Some(3), ..said(8, 1) }).unwrap();
    let clocks = |table: &Table| {
        let news = table.news(feed(1), NOTHING, 9, usize::MAX).unwrap();
        (news.shown[0].clock, news.shown[1].clock, news.told)
    };
    let before = clocks(&table);
    assert!(table.renew(feed(1)) && !table.renew(feed(2)));
    let after = clocks(&table);
    assert!(after.0 > before.0);
    assert_eq!((after.1, after.2), (3, before.2), "nobody is told of it who does not ask");
    // What is shown next is later still.
    table.show(feed(1), said(7, 2)).unwrap();
    assert!(table.news(feed(1), before.2, 9, usize::MAX).unwrap().shown[0].clock > after.0);
}

#[test]
fn nobody_shows_more_than_they_may() {
    let mut table = Table::default();
    let mine = |client: u64, at: u128| (feed(at), Said { client, ..said(1, 1) });
    let mut show = |(feed, said)| table.show(feed, said);
    for client in 0..STATES_OWN_HERE_MAX as u64 {
        assert_eq!(show(mine(client, 1)), Ok(true));
    }
    let full = Err(Refusal::TooMany { max: STATES_OWN_HERE_MAX });
    assert_eq!(show(mine(99, 1)), full);
    for at in 2..2 + (STATES_OWN_MAX - STATES_OWN_HERE_MAX) as u128 {
        assert_eq!(show(mine(1, at)), Ok(true));
    }
    assert_eq!(show(mine(1, 999)), Err(Refusal::TooMany { max: STATES_OWN_MAX }));
    assert_eq!(show(mine(0, 1)), Ok(false), "what is there may change");
    for number in 0..(STATES_MAX - STATES_OWN_HERE_MAX) as u64 {
        assert_eq!(show((feed(1), said(1000 + number, 1))), Ok(true));
    }
    assert_eq!(show((feed(1), said(5000, 1))), Err(Refusal::TooMany { max: STATES_MAX }));
    let rooms = STATES_OWN_MAX - STATES_OWN_HERE_MAX;
    assert_eq!(table.sizes(), (1 + rooms, STATES_MAX + rooms, STATES_MAX + rooms));
    assert_eq!(table.feeds_of(1).len(), 1 + rooms);
}
