//! The model against a server without sockets.

pub(crate) mod files;
mod private;
pub(crate) mod site;

use kith_core::command::Command;
use kith_core::event::{Body, Event};
use kith_core::id::{FeedId, Seq};
use kith_core::text::{CircleName, Emoji, Line};
use kith_proto::error::Problem;
use kith_proto::frame::{Signal, Status};
use site::{NOW, Site, ana, bob, posted, stream, tea, user};

use super::talk::HELD_MAX;
use super::*;
use crate::command::{Action, CircleSetting};

fn place(n: u128) -> Place {
    Place { stream: stream(n), thread: None }
}

fn go(site: &mut Site, name: &str) {
    site.act(Action::Go { place: name.to_owned() });
}

fn say(site: &mut Site, text: &str) {
    site.act(Action::Say { text: text.to_owned() });
}

#[test]
fn one_begins_in_the_first_stream_with_its_newest_messages() {
    let mut site = Site::new();
    site.fill(1, 250);
    site.connect();
    assert_eq!(site.model.here(), Some(place(1)));
    assert_eq!(site.model.full_name(place(1)), "Tea/general");
    assert_eq!(site.model.full_name(place(3)), "@bob");
    let texts = site.texts();
    assert_eq!((texts.len(), texts.last().unwrap().as_str()), (100, "message 251"));
}

#[test]
fn places_are_found_by_their_names() {
    let mut site = Site::connected();
    for (name, found) in [
        ("ops", 2),
        ("tea/General", 1),
        ("#ops", 2),
        ("@bob", 3),
        ("Tea", 1),
        (&stream(2).to_string(), 2),
    ] {
        go(&mut site, name);
        assert_eq!(site.model.here(), Some(place(found)), "{name}");
    }
    site.notes();
    go(&mut site, "none");
    assert_eq!(site.notes(), [Note::Wrong("there is no place called `none`".to_owned())]);
    site.act(Action::Back);
    assert_eq!(site.model.here(), Some(place(1)));
}

#[test]
fn a_long_stream_is_held_in_a_window() {
    let mut site = Site::new();
    site.fill(1, 5000);
    site.connect();
    site.model.set_at_end(false);
    while site.model.talk_here().unwrap().has_older() {
        site.model.load_older();
        site.settle();
        assert!(site.texts().len() <= HELD_MAX);
    }
    assert_eq!(site.texts().first().unwrap(), "message 2");
    assert!(site.model.talk_here().unwrap().has_newer());
    // What is posted meanwhile is not shown behind a hole, and is there when one comes to it.
    site.post(1, bob(), "meanwhile");
    assert_ne!(site.texts().last().unwrap(), "meanwhile");
    while site.model.talk_here().unwrap().has_newer() {
        site.model.load_newer();
        site.settle();
        assert!(site.texts().len() <= HELD_MAX);
    }
    let texts = site.texts();
    assert_eq!(texts.last().unwrap(), "meanwhile");
    let numbers = texts.iter().filter_map(|text| text.strip_prefix("message ")?.parse().ok());
    let numbers: Vec<u64> = numbers.collect();
    assert!(numbers.windows(2).all(|pair| pair[0] + 1 == pair[1]), "{numbers:?}");
}

#[test]
fn a_search_goes_back_beyond_what_is_held_and_can_go_on() {
    let mut site = Site::new();
    site.fill(1, 3000);
    site.connect();
    site.notes();
    let find = |text: Option<&str>| Action::Find { text: text.map(str::to_owned) };
    site.act(find(Some("MESSAGE 77")));
    for expected in [779, 778, 777] {
        assert_eq!(site.model.selected(), Some(Seq(expected)));
        assert!(site.notes().contains(&Note::Found(Seq(expected))));
        site.act(find(None));
    }
    site.act(find(Some("nothing like it")));
    let notes = site.notes();
    assert!(notes.contains(&Note::Wrong("no older message has `nothing like it`".to_owned())));
    // The newest come back when they are wanted.
    site.act(Action::Latest);
    assert_eq!(site.texts().last().unwrap(), "message 3001");
    assert!(!site.model.talk_here().unwrap().has_newer());
}

#[test]
fn what_was_said_before_a_new_conversation_was_known_is_told() {
    let mut site = Site::new();
    site.hidden.insert(stream(3));
    site.connect();
    site.notes();
    // Bob opened a conversation, and wrote in it before we asked for it.
    site.hidden.clear();
    site.fill(3, 1);
    site.model.refresh();
    site.settle();
    let follow = site.followed.last().unwrap();
    assert_eq!((follow.feed, follow.after), (FeedId::Stream(stream(3)), Some(Seq(0))));
    let unread = |site: &Site| site.model.talk(place(3)).unwrap().unread();
    assert_eq!(unread(&site), 1);
    let event = Event {
        feed: FeedId::Stream(stream(3)),
        seq: Seq(2),
        at: NOW,
        by: Some(bob()),
        op: None,
        body: posted("psst"),
    };
    site.update(Update::Event(Box::new(event)));
    let told = Note::Posted { place: place(3), seq: Seq(2), for_me: true };
    assert_eq!((site.notes(), unread(&site)), (vec![told], 1));
}

#[test]
fn what_the_server_finds_is_listed_and_gone_to() {
    let mut site = Site::new();
    site.fill(2, 300);
    site.connect();
    site.notes();
    site.act(Action::Search { text: Some("message 2".to_owned()) });
    assert_eq!(site.notes(), [Note::Results { from: 0 }]);
    let hits = |site: &Site| site.model.results().unwrap().hits().len();
    assert_eq!(hits(&site), 20);
    site.model.more_results();
    site.settle();
    assert_eq!((site.notes(), hits(&site)), (vec![Note::Results { from: 20 }], 40));
    assert!(site.model.results().unwrap().has_more());
    // The first is "message 2", in another stream than the present one and long ago.
    site.act(Action::Open { number: 1 });
    let here = site.model.here().map(|here| here.stream);
    assert_eq!((here, site.model.selected()), (Some(stream(2)), Some(Seq(2))));
    site.act(Action::Open { number: 41 });
    assert!(matches!(site.notes().last(), Some(Note::Wrong(why)) if why.contains("search TEXT")));
    site.act(Action::Search { text: Some("nothing like it".to_owned()) });
    assert_eq!((site.notes(), hits(&site)), (vec![Note::Results { from: 0 }], 0));
}

#[test]
fn what_is_unread_is_counted_and_read_where_it_is_seen() {
    let mut site = Site::connected();
    site.post(2, bob(), "for all");
    site.post(2, bob(), "for you, @ana");
    let talk = site.model.talk(place(2)).unwrap();
    assert_eq!((talk.unread(), talk.mentions()), (2, 1));
    // Here it is read at once, and the server is told a moment later.
    site.post(1, bob(), "here");
    site.model.see();
    assert_eq!(site.model.talk(place(1)).unwrap().unread(), 0);
    site.pass(1000);
    let read = Command::Read { stream: stream(1), thread: None, seq: Seq(2) };
    assert_eq!(site.commands, [read]);
    site.act(Action::NextUnread);
    assert_eq!(site.model.here(), Some(place(2)));
    assert_eq!(site.model.talk_here().unwrap().new_after(), Some(Seq(0)));
    site.model.see();
    assert_eq!(site.model.talk_here().unwrap().unread(), 0);
}

#[test]
fn the_next_unread_may_be_in_a_thread() {
    let mut site = Site::connected();
    let first = site.post(1, bob(), "who pours?");
    let second = site.post(1, bob(), "and who drinks?");
    site.model.see();
    for (root, text) in [(second, "not me"), (first, "you, @ana")] {
        let Body::Posted { text, mentions, topic, files, .. } = posted(text) else { continue };
        let thread = Some(root);
        let body = Body::Posted { text, reply_to: None, thread, topic, files, mentions };
        site.happen(stream(1), bob(), None, body);
    }
    let talk = site.model.talk(place(1)).unwrap();
    assert_eq!((talk.unread(), talk.mentions()), (0, 1));
    site.notes();
    site.act(Action::Unread);
    let said = Note::Said(vec!["Tea/general: 1 for you in threads".to_owned()]);
    assert_eq!(site.notes(), [said]);
    site.act(Action::NextUnread);
    assert_eq!(site.model.here(), Some(Place { stream: stream(1), thread: Some(first) }));
    // That it was read counts in the stream.
    site.set_unread(1, 0);
    site.update(Update::Event(Box::new(Event {
        feed: FeedId::User(ana()),
        seq: Seq(9),
        at: NOW,
        by: Some(ana()),
        op: None,
        body: Body::ReadTo { stream: stream(1), thread: Some(first), seq: Seq(9) },
    })));
    assert_eq!(site.model.talk(place(1)).unwrap().mentions(), 0);
}

#[test]
fn what_is_said_without_a_connection_is_shown_and_sent_later_in_order() {
    let mut site = Site::connected();
    site.disconnect();
    for text in ["one", "two", "three"] {
        say(&mut site, text);
    }
    assert_eq!((site.model.queued(), site.texts().len()), (3, 0));
    assert_eq!(site.model.talk_here().unwrap().entries().count(), 3);
    site.connect();
    assert_eq!(site.texts(), ["one", "two", "three"]);
    assert_eq!((site.model.queued(), site.model.talk_here().unwrap().entries().count()), (0, 3));
}

#[test]
fn only_so_much_waits_for_a_connection() {
    let mut site = Site::connected();
    site.disconnect();
    (0..OPEN_MAX + 5).for_each(|n| say(&mut site, &format!("number {n}")));
    assert_eq!(site.model.queued(), OPEN_MAX);
    assert!(matches!(site.notes().last(), Some(Note::Wrong(why)) if why.contains("wait")));
}

#[test]
fn what_was_refused_can_be_sent_again_or_dropped() {
    let mut site = Site::connected();
    site.refuses = Some(Problem::new("stream.archived", "the stream is archived"));
    say(&mut site, "one");
    assert!(site.notes().contains(&Note::Wrong("not sent: the stream is archived".to_owned())));
    site.refuses = None;
    site.act(Action::Retry);
    assert_eq!(site.texts(), ["one"]);
    site.refuses = Some(Problem::new("stream.archived", "the stream is archived"));
    say(&mut site, "two");
    site.act(Action::Discard);
    assert_eq!(site.model.talk_here().unwrap().entries().count(), 1);
}

#[test]
fn a_thread_is_a_place_of_its_own() {
    let mut site = Site::connected();
    let root = site.post(1, bob(), "who wants tea?");
    site.act(Action::Thread { message: None });
    let thread = Place { thread: Some(root), ..place(1) };
    assert_eq!(site.model.here(), Some(thread));
    say(&mut site, "me");
    assert_eq!(site.texts(), ["me"]);
    assert_eq!(site.model.talk_here().unwrap().shown().len(), 2);
    site.act(Action::Back);
    assert_eq!(site.texts(), ["who wants tea?"]);
    assert_eq!(site.model.talk_here().unwrap().message(root).unwrap().replies, 1);
}

#[test]
fn ghostrs_words_do_what_they_did() {
    let mut site = Site::connected();
    go(&mut site, "ops");
    site.act(Action::Broadcast { text: "to all".to_owned() });
    site.act(Action::Message { user: "bob".to_owned(), text: "psst".to_owned() });
    site.act(Action::Message { user: "nobody".to_owned(), text: "psst".to_owned() });
    let posts: Vec<_> = site
        .commands
        .iter()
        .filter_map(|command| match command {
            Command::Post { stream, text, .. } => Some((*stream, text.to_string())),
            _ => None,
        })
        .collect();
    assert_eq!(posts, [(stream(1), "to all".to_owned()), (stream(3), "psst".to_owned())]);
    assert!(site.notes().contains(&Note::Wrong("there is no user `nobody`".to_owned())));
    site.act(Action::WhoElse);
    assert!(site.notes().contains(&Note::Users(vec![bob()])));
    // The server tells who came, also of those who are not there any more.
    site.act(Action::WhoElseSince { seconds: 30 });
    assert!(site.notes().contains(&Note::Users(vec![bob()])));
    site.act(Action::WhoElseSince { seconds: 3600 });
    assert!(site.notes().contains(&Note::Users(vec![bob(), user(3)])));
    site.act(Action::Block { user: "bob".to_owned() });
    assert!(site.commands.contains(&Command::Block { user: bob() }));
    site.act(Action::LogOut);
    assert!(site.notes().contains(&Note::Ended(Ended::LogOut)));
}

#[test]
fn a_circle_is_shown_and_changed_in_one_thing_at_a_time() {
    let mut site = Site::connected();
    site.notes();
    site.commands.clear();
    let mut act = |setting, value: Option<&str>| {
        site.act(Action::Circle { setting, value: value.map(str::to_owned) });
        (site.commands.pop(), site.notes())
    };
    let shown = [
        &format!("Tea  {}", tea()),
        "3 members, who is invited may join",
        "nobody is idle for doing nothing",
    ];
    let shown = vec![Note::Said(shown.map(str::to_owned).into())];
    assert_eq!(act(None, None), (None, shown.clone()));
    let change = |name: &str, about: Option<&str>, public, idle_seconds| {
        let (name, about) = (CircleName::parse(name).unwrap(), about.map(Line::parse));
        let about = about.map(Result::unwrap);
        Some(Command::ChangeCircle { circle: tea(), name, about, public, idle_seconds })
    };
    for (setting, value, expected) in [
        (CircleSetting::Name, Some("Coffee"), change("Coffee", None, false, None)),
        (CircleSetting::About, Some("all of it"), change("Tea", Some("all of it"), false, None)),
        (CircleSetting::About, None, change("Tea", None, false, None)),
        (CircleSetting::Public, Some("yes"), change("Tea", None, true, None)),
        (CircleSetting::Idle, Some("600"), change("Tea", None, false, Some(600))),
        (CircleSetting::Idle, Some("never"), change("Tea", None, false, Some(0))),
    ] {
        assert_eq!(act(Some(setting), value), (expected, shown.clone()), "{setting:?}");
    }
    for (setting, value, wrong) in [
        (CircleSetting::Name, None, "`circle name` needs a name"),
        (CircleSetting::Public, Some("maybe"), "`circle public` needs yes or no"),
        (CircleSetting::Idle, Some("59"), "`circle idle` needs seconds, 60 to 86400, or never"),
        (CircleSetting::Idle, None, "`circle idle` needs seconds, 60 to 86400, or never"),
    ] {
        assert_eq!(act(Some(setting), value), (None, vec![Note::Wrong(wrong.to_owned())]));
    }
}

#[test]
fn where_there_is_nothing_to_list_it_says_so() {
    let mut site = Site::connected();
    for (action, said) in [
        (Action::Unread, "nothing is unread"),
        (Action::Pins, "nothing is pinned here"),
        (Action::Blocks, "you block nobody"),
        (Action::Services, "no services are offered here"),
    ] {
        site.notes();
        site.act(action);
        assert_eq!(site.notes(), [Note::Said(vec![said.to_owned()])]);
    }
}

#[test]
fn commands_without_a_number_are_about_what_is_selected_or_the_last() {
    let mut site = Site::connected();
    let first = site.post(1, bob(), "one");
    let last = site.post(1, bob(), "two");
    let react = |message| {
        let emoji = Emoji::parse("👍").unwrap();
        Command::React { stream: stream(1), message, emoji }
    };
    let act = Action::React { message: None, emoji: "👍".to_owned() };
    site.act(act.clone());
    assert_eq!(site.commands.last(), Some(&react(last)));
    site.model.select(Some(first));
    site.act(act);
    assert_eq!(site.commands.last(), Some(&react(first)));
    site.model.select(None);
    site.notes();
    site.act(Action::Edit { message: None, text: None });
    assert_eq!(site.notes(), [Note::Wrong("there is no message of yours here".to_owned())]);
}

#[test]
fn who_types_is_shown_for_a_while_and_told_now_and_then() {
    let mut site = Site::connected();
    let feed = FeedId::Stream(stream(1));
    let what = kith_proto::frame::Signaled::Typing { stream: stream(1), thread: None };
    site.update(Update::Signal { feed, user: bob(), what });
    assert_eq!(site.model.talk_here().unwrap().typing().collect::<Vec<_>>(), [bob()]);
    site.pass(10_000);
    assert_eq!(site.model.talk_here().unwrap().typing().count(), 0);
    site.model.is_typing();
    site.model.is_typing();
    site.settle();
    assert_eq!(site.signals, [Signal::Typing { stream: stream(1), thread: None }]);
}

#[test]
fn who_types_in_a_thread_is_shown_there_and_not_in_its_stream() {
    let mut site = Site::connected();
    let root = site.post(1, bob(), "who wants tea?");
    site.act(Action::Thread { message: None });
    let thread = Some(root);
    let feed = FeedId::Stream(stream(1));
    let what = kith_proto::frame::Signaled::Typing { stream: stream(1), thread };
    site.update(Update::Signal { feed, user: bob(), what });
    let typing = |site: &Site, thread| {
        let talk = site.model.talk(Place { thread, ..place(1) }).unwrap();
        talk.typing().collect::<Vec<_>>()
    };
    assert_eq!((typing(&site, thread), typing(&site, None)), (vec![bob()], vec![]));
    // What they say in the stream is another thing.
    site.post(1, bob(), "I do");
    assert_eq!(typing(&site, thread), [bob()]);
    site.pass(10_000);
    site.model.is_typing();
    site.settle();
    assert_eq!(site.signals, [Signal::Typing { stream: stream(1), thread }]);
}

#[test]
fn who_does_nothing_is_idle_until_they_do() {
    let mut site = Site::connected();
    site.pass(6 * 60 * 1000);
    assert_eq!(site.model.status(), Status::Idle);
    site.model.is_active(Timestamp(NOW.0 + 7 * 60 * 1000));
    assert_eq!(site.model.status(), Status::Online);
}

#[test]
fn a_stream_that_is_taken_away_is_left() {
    let mut site = Site::connected();
    go(&mut site, "ops");
    site.notes();
    site.is_down = true;
    site.update(Update::Closed { feed: FeedId::Stream(stream(2)), removed: false });
    assert_eq!(site.model.here(), Some(place(1)));
    let wrong = Note::Wrong("you can no longer read Tea/ops".to_owned());
    assert!(site.notes().contains(&wrong));
}

#[test]
fn a_stream_that_is_removed_is_told_of_and_left() {
    let mut site = Site::connected();
    go(&mut site, "ops");
    site.notes();
    site.is_down = true;
    site.update(Update::Closed { feed: FeedId::Stream(stream(2)), removed: true });
    assert_eq!(site.model.here(), Some(place(1)));
    let wrong = Note::Wrong("Tea/ops was removed, with all that was in it".to_owned());
    assert!(site.notes().contains(&wrong));
}

#[test]
fn a_snapshot_takes_the_place_of_what_was_held() {
    let mut site = Site::new();
    site.fill(1, 300);
    site.connect();
    // A page that was asked for before comes behind the snapshot, and leaves no hole.
    site.is_down = true;
    site.model.load_older();
    let state = kith_proto::query::State::Stream {
        stream: site.model.talk_here().unwrap().stream().unwrap().clone(),
        messages: Vec::new(),
    };
    let feed = FeedId::Stream(stream(1));
    site.update(Update::Snapshot { feed, seq: Seq(900), state: Box::new(state) });
    site.is_down = false;
    site.settle();
    assert_eq!(site.texts().len(), 0);
    assert!(site.model.talk_here().unwrap().has_older());
    let deleted = Body::Deleted { message: Seq(2), thread: None };
    site.happen(stream(1), bob(), None, deleted);
    site.happen(stream(1), bob(), None, posted("later"));
}

#[test]
fn a_circle_is_followed_from_the_window_on_and_an_older_one_takes_nothing_back() {
    let mut site = Site::connected();
    let feed = FeedId::Circle(tea());
    let wish = site.followed.iter().find(|wish| wish.feed == feed).unwrap();
    assert_eq!(wish.after, Some(Seq(1)));
    for seq in [1, 2] {
        let body = Body::MemberJoined { user: bob() };
        let event = Event { feed, seq: Seq(seq), at: NOW, by: Some(bob()), op: None, body };
        site.update(Update::Event(Box::new(event)));
    }
    site.model.refresh();
    site.settle();
    let view = site.model.circle(tea()).unwrap();
    assert_eq!(view.circle.members, 4);
    // What happened to its streams before it is in no snapshot of a circle.
    site.hidden.insert(stream(2));
    let state = kith_proto::query::State::Circle {
        circle: view.circle.clone(),
        member: view.member.clone(),
    };
    site.update(Update::Snapshot { feed, seq: Seq(90), state: Box::new(state) });
    assert!(site.model.talk(place(2)).is_none());
}
