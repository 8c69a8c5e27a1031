//! The session fed by hand: no sockets, and time is a number.

use kith_core::aware::AwareState;
use kith_core::command::{Command, Outcome};
use kith_core::document::User;
use kith_core::event::{Body, Event};
use kith_core::id::{Seq, SessionId, StreamId, Timestamp, UserId};
use kith_core::text::{DisplayName, OpId, UserName};
use kith_proto::frame::{Limits, Reply, Seen, Signal, Subscribed};
use kith_proto::query::State;
use kith_proto::run::Run;

use super::*;

fn tea() -> StreamId {
    StreamId::new(Timestamp(1), 1)
}

fn feed() -> FeedId {
    FeedId::Stream(tea())
}

fn op(name: &str) -> OpId {
    OpId::parse(name).unwrap()
}

fn welcome() -> Welcome {
    let user = User {
        id: UserId::new(Timestamp(1), 2),
        name: UserName::parse("ana").unwrap(),
        display_name: DisplayName::parse("Ana").unwrap(),
        avatar: None,
        bot_of: None,
        disabled: false,
        created_at: Timestamp(1),
    };
    let limits = Limits {
        frame_bytes: 65_536,
        update_bytes: 3 << 20,
        text_chars: 8000,
        burst: 60,
        per_second: 30,
        subscribe_max: 1000,
        queue_bytes: 1 << 20,
        file_bytes: None,
    };
    let session = SessionId::new(Timestamp(1), 3);
    Welcome {
        v: 1,
        user,
        session,
        token: None,
        device: None,
        now: Timestamp(1),
        heartbeat_ms: 1000,
        limits,
    }
}

fn event(seq: u64) -> Event {
    let body = Body::Unpinned { message: Seq(1) };
    Event { feed: feed(), seq: Seq(seq), at: Timestamp(seq), by: None, op: None, body }
}

fn told(seqs: std::ops::RangeInclusive<u64>, more: bool) -> Push {
    let seq = Seq(*seqs.end());
    let events = seqs.map(|seq| Seen::Event(event(seq))).collect();
    Push::Subscribed(Subscribed::Events { feed: feed(), epoch: "e".into(), seq, events, more })
}

fn snapshot(seq: u64) -> Push {
    let (epoch, state) = ("e".to_owned(), State::Head {});
    Push::Subscribed(Subscribed::Snapshot {
        feed: feed(),
        epoch,
        seq: Seq(seq),
        reset: None,
        state,
    })
}

/// A session and the frames that it said.
struct Talk {
    session: Session,
    now_ms: u64,
}

impl Talk {
    fn new() -> Self {
        let auth = Auth::Token("t".to_owned());
        Self { session: Session::new(auth, None, Encoding::Json), now_ms: 1 }
    }

    fn online() -> Self {
        let mut talk = Self::new();
        talk.connect();
        talk
    }

    fn connect(&mut self) -> Vec<Request> {
        self.session.opened(self.now_ms);
        assert!(matches!(self.session.poll(), Some(Output::Send(_))));
        self.hear(&Push::Welcome(welcome()));
        self.said()
    }

    fn hear(&mut self, push: &Push) {
        self.session.received(&Encoding::Json.encode(push), self.now_ms);
    }

    fn said(&mut self) -> Vec<Request> {
        let mut said = Vec::new();
        while let Some(output) = self.session.poll() {
            match output {
                Output::Send(bytes) => said.push(Encoding::Json.decode(&bytes).unwrap()),
                other => panic!("{other:?}"),
            }
        }
        said
    }

    /// The numbers of the events that came, other updates by their first letter.
    fn updates(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.session.poll_update())
            .map(|update| match update {
                Update::Event(event) => event.seq.to_string(),
                Update::Hidden { seq, .. } => format!("({seq})"),
                other => format!("{other:?}")[..4].to_owned(),
            })
            .collect()
    }

    fn follow(&mut self) -> Subscribe {
        self.session.subscribe(crate::follow(feed()), self.now_ms);
        self.asked()
    }

    fn asked(&mut self) -> Subscribe {
        let said = self.said();
        let wish = said.iter().find_map(|request| request.subscribe.as_ref()).unwrap();
        wish[0].clone()
    }

    fn lose(&mut self) {
        assert!(self.session.lost(None, "cut", 7, self.now_ms).is_some());
    }
}

fn post() -> Ask {
    let text = kith_core::text::MessageText::parse("hi").unwrap();
    Ask::Command(op("k-1"), Command::post(tea(), text))
}

#[test]
fn a_feed_resumes_after_the_last_event() {
    let mut talk = Talk::online();
    assert_eq!(talk.follow().after, None);
    talk.hear(&snapshot(5));
    talk.hear(&Push::Event(event(6)));
    talk.hear(&Push::Hidden { feed: feed(), seq: Seq(7) });
    talk.lose();
    let said = talk.connect();
    let wish = &said[0].subscribe.as_ref().unwrap()[0];
    assert_eq!((wish.after, wish.epoch.as_deref()), (Some(Seq(7)), Some("e")));
    talk.hear(&told(7..=8, false));
    assert_eq!(talk.updates(), ["Conn", "Snap", "Caug", "6", "(7)", "Disc", "Conn", "8", "Caug"]);
}

#[test]
fn a_gap_is_asked_for_and_a_repeat_dropped() {
    let mut talk = Talk::online();
    talk.follow();
    talk.hear(&snapshot(5));
    talk.hear(&Push::Event(event(5)));
    talk.hear(&Push::Event(event(8)));
    assert_eq!(talk.asked().after, Some(Seq(5)));
    // What was on its way before the answer is in the answer.
    talk.hear(&Push::Event(event(9)));
    talk.hear(&told(6..=9, false));
    talk.hear(&Push::Event(event(9)));
    talk.hear(&Push::Event(event(10)));
    assert_eq!(talk.updates(), ["Conn", "Snap", "Caug", "6", "7", "8", "9", "Caug", "10"]);
}

#[test]
fn each_event_of_a_run_is_taken_as_if_it_came_alone() {
    let run = |seqs: std::ops::RangeInclusive<u64>| {
        let events: Vec<Event> = seqs.map(event).collect();
        Push::Run(Run::new(&events.iter().collect::<Vec<_>>()).unwrap())
    };
    let mut talk = Talk::online();
    talk.follow();
    talk.hear(&snapshot(5));
    // Some of it was there before.
    talk.hear(&run(4..=7));
    talk.hear(&run(9..=10));
    assert_eq!(talk.asked().after, Some(Seq(7)));
    talk.hear(&told(8..=10, false));
    assert_eq!(talk.updates(), ["Conn", "Snap", "Caug", "6", "7", "8", "9", "10", "Caug"]);
}

#[test]
fn topics_are_whole_when_all_that_asks_for_them_is_answered() {
    let topic = FeedId::Topic(kith_core::id::TopicId::new(Timestamp(1), 1));
    let at = |seq| Event { feed: topic, ..event(seq) };
    let answer = |seq| {
        let (epoch, events) = ("e".to_owned(), vec![Seen::Event(at(seq))]);
        let seq = Seq(seq);
        Push::Subscribed(Subscribed::Events { feed: topic, epoch, seq, events, more: false })
    };
    let mut talk = Talk::online();
    talk.session.subscribe(Subscribe { after: Some(Seq(0)), ..crate::follow(topic) }, 1);
    let first = talk.said()[0].id;
    talk.hear(&answer(1));
    talk.hear(&Push::Lagged { feeds: vec![topic] });
    let second = talk.said()[0].id;
    talk.hear(&answer(2));
    // The first request says nothing of what the second is about.
    talk.hear(&Push::Ok { id: first, reply: Reply::Noted });
    talk.hear(&Push::Events(vec![at(3), at(4)]));
    talk.hear(&Push::Ok { id: second, reply: Reply::Noted });
    talk.hear(&Push::Events(vec![at(4), at(5)]));
    let updates = ["Conn", "1", "Caug", "Behi", "2", "Caug", "Even", "Sett", "5"];
    assert_eq!(talk.updates(), updates);
}

#[test]
fn who_lags_resumes_and_pages_are_asked_for_one_after_another() {
    let mut talk = Talk::online();
    talk.follow();
    talk.hear(&snapshot(1));
    talk.hear(&Push::Lagged { feeds: vec![feed()] });
    assert_eq!(talk.asked().after, Some(Seq(1)));
    talk.hear(&told(2..=3, true));
    assert_eq!(talk.asked().after, Some(Seq(3)));
    talk.hear(&told(4..=4, false));
    assert_eq!(talk.updates(), ["Conn", "Snap", "Caug", "2", "3", "4", "Caug"]);
}

#[test]
fn a_snapshot_in_place_of_events_is_gone_on_from() {
    let mut talk = Talk::online();
    talk.follow();
    talk.hear(&snapshot(1));
    talk.hear(&Push::Event(event(2)));
    // As of a topic of which several changes are told as one.
    talk.hear(&snapshot(50));
    talk.hear(&Push::Event(event(50)));
    talk.hear(&Push::Event(event(51)));
    assert!(talk.said().is_empty(), "nothing was missed");
    assert_eq!(talk.updates(), ["Conn", "Snap", "Caug", "2", "Snap", "Caug", "51"]);
}

#[test]
fn answers_that_never_fit_end_in_a_snapshot_and_not_in_haste() {
    let mut talk = Talk::online();
    talk.follow();
    talk.hear(&snapshot(1));
    talk.hear(&Push::Event(event(3)));
    assert_eq!(talk.asked().after, Some(Seq(1)));
    talk.hear(&told(3..=3, false));
    assert!(talk.said().is_empty(), "not at once");
    talk.now_ms += 1000;
    talk.session.tick(true, talk.now_ms);
    assert_eq!(talk.asked().after, Some(Seq(1)));
    talk.hear(&told(3..=3, false));
    talk.now_ms += 1000;
    talk.session.alive(talk.now_ms);
    talk.session.tick(true, talk.now_ms);
    assert_eq!(talk.asked().after, None);
}

#[test]
fn an_operation_is_said_again_under_its_name_until_it_ends() {
    let mut talk = Talk::online();
    let id = talk.session.ask(post(), talk.now_ms);
    let first = talk.said();
    talk.lose();
    assert_eq!(talk.connect(), first);
    let mut problem = Problem::later("server.busy", "unknown", 50);
    problem.unknown = true;
    talk.hear(&Push::Error { id: Some(id), problem });
    assert!(talk.said().is_empty());
    assert_eq!(talk.session.deadline(true), Some(talk.now_ms + 50));
    talk.now_ms += 50;
    talk.session.tick(true, talk.now_ms);
    assert_eq!(talk.said(), first);
    // Not about the operation, which may have been done by now.
    talk.hear(&Push::Error { id: Some(id), problem: Problem::later("rate.limited", "slow", 10) });
    talk.now_ms += 10;
    talk.session.tick(true, talk.now_ms);
    assert_eq!(talk.said(), first);
    talk.hear(&Push::Ok { id, reply: Reply::Done(Outcome::default()) });
    assert_eq!(talk.session.poll(), Some(Output::Settled(id, Ok(Reply::Done(Outcome::default())))));
}

#[test]
fn a_definite_refusal_is_the_end() {
    let mut talk = Talk::online();
    for problem in
        [Problem::new("stream.archived", "no"), Problem::later("rate.limited", "slow", 10)]
    {
        let id = talk.session.ask(post(), talk.now_ms);
        talk.said();
        talk.hear(&Push::Error { id: Some(id), problem: problem.clone() });
        let settled = Output::Settled(id, Err(ClientError::Refused(problem)));
        assert_eq!(talk.session.poll(), Some(settled));
    }
}

#[test]
fn what_is_too_large_is_refused_here_and_not_sent_for_ever() {
    let mut talk = Talk::online();
    let users = vec![UserId::new(Timestamp(1), 1); 5000];
    let id = talk.session.ask(Ask::Query(Query::Users { users }), talk.now_ms);
    let Some(Output::Settled(settled, Err(ClientError::Refused(problem)))) = talk.session.poll()
    else {
        panic!("not refused");
    };
    assert_eq!((settled, problem.code.as_str()), (id, "input.too_large"));
}

#[test]
fn signals_are_not_kept() {
    let mut talk = Talk::new();
    let id = talk.session.ask(Ask::Signal(Signal::Typing { stream: tea(), thread: None }), 0);
    assert_eq!(talk.session.poll(), Some(Output::Settled(id, Err(ClientError::NotConnected))));
    talk.connect();
    let id = talk.session.ask(Ask::Signal(Signal::Typing { stream: tea(), thread: None }), 1);
    talk.said();
    talk.lose();
    assert_eq!(talk.session.poll(), Some(Output::Settled(id, Err(ClientError::NotConnected))));
}

#[test]
fn silence_is_first_broken_and_then_ends_the_connection() {
    let mut talk = Talk::online();
    assert_eq!(talk.session.deadline(true), Some(1001));
    talk.session.tick(true, 1001);
    assert_eq!(talk.said()[0].query, Some(Query::Ping {}));
    talk.session.tick(true, 2001);
    assert_eq!(talk.said().len(), 1);
    // Who does not read hears nothing, and blames nobody for it.
    talk.session.tick(false, 2600);
    assert!(talk.said().is_empty());
    talk.session.tick(true, 2600);
    assert!(matches!(talk.session.poll(), Some(Output::HangUp(_))));
}

#[test]
fn who_is_not_let_in_stays_out() {
    let passing = Problem::later("store.failed", "no disk", 5);
    let cases = [
        (Some(4401), Some(Problem::new("auth.failed", "no")), true),
        (Some(4402), None, true),
        (Some(4408), None, true),
        (Some(4401), Some(passing), false),
        (Some(4401), Some(Problem::new("auth.too_slow", "late")), false),
        (Some(4409), None, false),
        (Some(1012), Some(Problem::later("server.restarting", "soon", 5)), false),
        (None, None, false),
    ];
    for (code, bye, stops) in cases {
        let mut talk = Talk::online();
        let id = talk.session.ask(post(), 1);
        talk.said();
        bye.iter().for_each(|bye| talk.hear(&Push::Bye(bye.clone())));
        let pause = talk.session.lost(code, "closed", 0, 1);
        assert_eq!(pause.is_none(), stops, "{code:?} {bye:?}");
        let settled = talk.session.poll();
        assert_eq!(settled.is_some(), stops);
        if stops {
            assert!(
                matches!(settled, Some(Output::Settled(of, Err(ClientError::Stopped(_)))) if of == id)
            );
        } else {
            let asked = bye.and_then(|bye| bye.retry_ms).unwrap_or(0);
            assert_eq!(pause, Some(Duration::from_millis(asked)));
        }
    }
}

#[test]
fn a_password_is_used_once() {
    let auth = Auth::Password { name: "ana".into(), password: "p".into(), device: None };
    let mut session = Session::new(auth, None, Encoding::Json);
    session.opened(0);
    session.poll();
    let mut welcome = welcome();
    welcome.token = Some("secret".to_owned());
    session.received(&Encoding::Json.encode(&Push::Welcome(welcome)), 0);
    session.lost(None, "cut", 0, 0);
    session.opened(0);
    let Some(Output::Send(bytes)) = session.poll() else { panic!("no hello") };
    let hello: Hello = Encoding::Json.decode(&bytes).unwrap();
    assert_eq!(hello.auth, Auth::Token("secret".to_owned()));
}

#[test]
fn an_answer_that_cannot_be_read_ends_its_question() {
    let mut talk = Talk::online();
    let id = talk.session.ask(Ask::Query(Query::Window {}), talk.now_ms);
    talk.said();
    let bytes = format!(r#"{{"ok":{{"id":{id},"got":{{"of_tomorrow":1}}}}}}"#);
    talk.session.received(bytes.as_bytes(), talk.now_ms);
    assert_eq!(talk.session.poll(), Some(Output::Settled(id, Err(ClientError::Unexpected))));
    talk.session.received(b"[]", talk.now_ms);
    assert!(matches!(talk.session.poll(), Some(Output::HangUp(_))));
}

#[test]
fn what_is_shown_is_said_not_too_often_and_again_whenever_the_feed_is_followed_anew() {
    let state = |at: u64| {
        let serde_json::Value::Object(entries) = serde_json::json!({"at": at}) else {
            unreachable!()
        };
        Some(AwareState::new(entries).unwrap())
    };
    let shown = |said: &[Request]| -> Vec<(u64, Option<AwareState>)> {
        let all = said.iter().filter_map(|request| match &request.signal {
            Some(Signal::Aware { state, .. }) => Some((request.id, state.clone())),
            _ => None,
        });
        all.collect()
    };
    let mut talk = Talk::online();
    talk.session.show(feed(), state(1), talk.now_ms);
    talk.session.subscribe(crate::follow(feed()), talk.now_ms);
    assert_eq!(shown(&talk.said()), [], "before it is followed");
    talk.hear(&snapshot(5));
    let first = shown(&talk.said());
    assert_eq!(first.len(), 1);
    assert_eq!(first[0].1, state(1));
    for at in 2..100 {
        talk.session.show(feed(), state(at), talk.now_ms);
    }
    assert_eq!(shown(&talk.said()), [], "before the answer");
    talk.hear(&Push::Ok { id: first[0].0, reply: Reply::Noted });
    assert_eq!(shown(&talk.said()), [], "too soon");
    assert_eq!(talk.session.deadline(true), Some(talk.now_ms + 40));
    talk.now_ms += 40;
    talk.session.tick(true, talk.now_ms);
    let next = shown(&talk.said());
    assert_eq!(next.iter().map(|(_, state)| state.clone()).collect::<Vec<_>>(), [state(99)]);
    // Too many, for once: said again when the server says.
    let problem = Problem::later("rate.limited", "wait", 500);
    talk.hear(&Push::Error { id: Some(next[0].0), problem });
    talk.now_ms += 500;
    talk.session.tick(true, talk.now_ms);
    let again = shown(&talk.said());
    assert_eq!(again.len(), 1);
    // On another connection it is shown when the feed is followed there.
    talk.session.lost(None, "gone", 0, talk.now_ms);
    assert_eq!(shown(&talk.connect()), []);
    // Nothing happened meanwhile.
    talk.hear(&told(std::ops::RangeInclusive::new(6, 5), false));
    let after = shown(&talk.said());
    assert_eq!(after.iter().map(|(_, state)| state.clone()).collect::<Vec<_>>(), [state(99)]);
    // Nothing any more, and what is refused is told.
    talk.hear(&Push::Ok { id: after[0].0, reply: Reply::Noted });
    talk.now_ms += 40;
    talk.session.show(feed(), None, talk.now_ms);
    let last = shown(&talk.said());
    assert_eq!(last[0].1, None);
    let problem = Problem::new("member.timed_out", "no");
    talk.hear(&Push::Error { id: Some(last[0].0), problem: problem.clone() });
    let mut updates = std::iter::from_fn(|| talk.session.poll_update());
    assert!(
        updates.any(|update| update == Update::NotShown { feed: feed(), problem: problem.clone() })
    );
}
