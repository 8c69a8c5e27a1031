//! `kith chat --plain` over pipes, with somebody at another client: the Rust SDK, and `kith private`.

use std::time::Instant;

use kith_client::{Auth, Client, Events, Options, Update, follow};
use kith_core::command::Command;
use kith_core::event::Body;
use kith_core::id::{FeedId, StreamId, UserId};
use kith_core::text::MessageText;
use kith_proto::query::{Answer, Query};
use tokio::runtime::Runtime;
use tokio::time::timeout;

use crate::chat::{Typist, tea};
use crate::program::{PATIENCE, Server, run};
use crate::talk::Talk;
use crate::{PASSWORD, place};

/// Bob, in a program of his own.
struct Program {
    runtime: Runtime,
    client: Client,
    events: Events,
    /// Where everybody reads, and where ana and he do.
    stream: StreamId,
    direct: StreamId,
}

impl Program {
    fn enter(server: &Server) -> Self {
        let runtime = Runtime::new().unwrap();
        let password = PASSWORD.trim_end().to_owned();
        let auth = Auth::Password { name: "bob".to_owned(), password, device: None };
        let options = Options::new(&format!("http://{}", server.address), auth);
        let (client, events, stream, direct) = runtime.block_on(async {
            let (client, events) = Client::connect(options).await.unwrap();
            let Answer::Window(window) = client.query(Query::Window {}).await.unwrap() else {
                panic!("no window")
            };
            let stream = window.circles[0].streams[0].stream.id;
            let by_name = Query::UserByName { name: "ana".to_owned() };
            let Answer::User(ana) = client.query(by_name).await.unwrap() else { panic!("no ana") };
            let direct = client.command(Command::OpenDirect { user: ana.id }).await.unwrap();
            let direct = direct.stream.unwrap();
            for stream in [stream, direct] {
                client.subscribe(follow(FeedId::Stream(stream))).await.unwrap();
            }
            (client, events, stream, direct)
        });
        Self { runtime, client, events, stream, direct }
    }

    fn me(&self) -> UserId {
        self.client.welcome().user.id
    }

    /// Posts, or tells the code of the refusal.
    fn posts(&self, stream: StreamId, text: &str) -> Result<(), String> {
        let command = Command::post(stream, MessageText::parse(text).unwrap());
        let done = self.runtime.block_on(self.client.command(command));
        done.map(drop).map_err(|error| error.problem().unwrap().code.clone())
    }

    /// What somebody else posts next.
    #[track_caller]
    fn hears(&mut self) -> String {
        let me = self.me();
        self.runtime.block_on(async {
            loop {
                let update = timeout(PATIENCE, self.events.next()).await.expect("nothing is said");
                if let Some(Update::Event(event)) = update
                    && event.by != Some(me)
                    && let Body::Posted { text, .. } = event.body
                {
                    return text.to_string();
                }
            }
        })
    }

    fn leave(self) {
        self.runtime.block_on(self.client.close());
    }
}

#[test]
fn the_words_of_ghostr_reach_another_client_and_are_heard_from_it() {
    let (_dir, data) = place();
    let (server, ana, _) = tea(&data);
    let mut bob = Program::enter(&server);
    let mut one = Typist::start(&ana, &["chat", "Tea", "--plain"]);
    one.until("--- Tea/general");
    one.types("whoelse");
    assert_eq!(one.line(), "bob");
    one.types("message bob psst");
    assert_eq!(bob.hears(), "psst");
    one.types("broadcast tea is ready");
    assert_eq!(bob.hears(), "tea is ready");
    bob.posts(bob.stream, "on my way").unwrap();
    one.until(" bob: on my way");
    bob.posts(bob.direct, "for you alone").unwrap();
    one.until("[@bob] #3 bob: for you alone");

    one.types("block bob");
    one.until("bob is blocked");
    assert_eq!(bob.posts(bob.direct, "psst"), Err("user.blocked".to_owned()));
    bob.posts(bob.stream, "not seen by ana").unwrap();
    one.types("message bob are you there?");
    one.until("error: not sent: ");
    one.types("unblock bob");
    one.until("bob is blocked no longer");
    bob.posts(bob.stream, "seen again").unwrap();
    one.until(" bob: seen again");
    assert!(!one.seen.iter().any(|line| line.contains("not seen")), "{:#?}", one.seen);

    bob.leave();
    let began = Instant::now();
    let mut answer = "bob".to_owned();
    // The server hears of it a moment later.
    while answer == "bob" && began.elapsed() < PATIENCE {
        one.types("whoelse");
        answer = one.line();
    }
    assert_eq!(answer, "nobody else");
    one.types("whoelsesince 3600");
    assert_eq!(one.line(), "bob");
    one.types("logout");
    one.until("signed out of");
    assert_eq!(one.end(), Some(0));
    let ended = ana.say(&["chat", "--plain"]);
    assert!(ended.code == Some(3) && ended.err.contains("kith login"), "{ended:?}");
}

#[test]
fn wrong_commands_say_exactly_what_is_wrong() {
    let (_dir, data) = place();
    let (_server, ana, _) = tea(&data);
    let mut one = Typist::start(&ana, &["chat", "Tea", "--plain"]);
    one.until("--- Tea/general");
    let no_session = "there is no private session with bob: `startprivate bob` invites them";
    for (typed, wrong) in [
        ("message", "`message` needs USER, the name of a user"),
        ("message bob", "`message` needs TEXT, a text"),
        ("message nobody hello", "there is no user `nobody`"),
        ("mesage bob hello", "unknown command `mesage`; did you mean `message`?"),
        ("broadcast", "`broadcast` needs TEXT, a text"),
        ("whoelse now", "`whoelse` does not take `now`; it is written `whoelse`"),
        ("whoelsesince", "`whoelsesince` needs SECONDS, a whole number"),
        ("whoelsesince soon", "`whoelsesince` needs SECONDS, a whole number, and `soon` is none"),
        ("block", "`block` needs USER, the name of a user"),
        ("block nobody", "there is no user `nobody`"),
        ("block bob cyd", "`block` does not take `cyd`; it is written `block USER`"),
        ("unblock nobody", "there is no user `nobody`"),
        ("startprivate", "`startprivate` needs USER, the name of a user"),
        ("private bob hello", no_session),
        ("stopprivate bob", no_session),
        ("sendfile bob", "`sendfile` needs FILE, a file"),
        ("sendfile bob tea.txt", no_session),
        ("logout now", "`logout` does not take `now`; it is written `logout`"),
        ("hello everybody", "unknown command `hello`; did you mean `help`?"),
        ("tea is ready", "unknown command `tea`; `help` lists all"),
        ("/theme dark", "`/theme` is there on the whole screen alone: kith chat without --plain"),
    ] {
        one.types(typed);
        assert_eq!(one.line(), format!("error: {wrong}"), "{typed}");
    }
    assert_eq!(one.end(), Some(0));
}

#[test]
fn a_script_for_a_place_that_is_not_there_says_nothing_anywhere() {
    let (_dir, data) = place();
    let (_server, ana, bob) = tea(&data);
    for (wanted, why) in [
        ("Tea/nowhere", "there is no place called `Tea/nowhere`"),
        ("@nobody", "there is no user `nobody`"),
        ("@ana", "there is no such user"),
    ] {
        let ended = run(ana.command(&["chat", wanted, "--plain"]), "say is anybody here?\n");
        assert!(ended.code == Some(2) && ended.err.contains(why), "{ended:?}");
        assert_eq!(ended.out, "");
    }
    assert_eq!(bob.done(&["read", "Tea/general"]), "");
}

#[test]
fn help_is_there_before_and_while_one_chats() {
    let (_dir, data) = place();
    let (_server, ana, _) = tea(&data);
    let help = ana.done(&["chat", "--help"]);
    for part in ["Usage: kith chat [OPTIONS] [CIRCLE/STREAM]", "--plain", "kith chat Tea --plain"] {
        assert!(help.contains(part), "no {part:?} in {help}");
    }
    // All commands, and how they are used.
    for part in ["  whoelsesince SECONDS ", "  sendfile USER FILE ", "  circle [SETTING] [VALUE] "]
    {
        assert!(help.contains(part), "no {part:?} in {help}");
    }
    let mut one = Typist::start(&ana, &["chat", "Tea", "--plain"]);
    one.until("--- Tea/general");
    one.types("message --help");
    one.until("message USER TEXT");
    one.until("USER: the name of a user");
    one.types("help");
    for word in ["message USER TEXT", "whoelsesince SECONDS", "sendfile USER FILE", "logout"] {
        one.until(&format!("  {word} "));
    }
    one.types("help whoelsesince");
    one.until("Lists who else came within so many seconds.");
    one.until("SECONDS: a whole number");
    assert_eq!(one.end(), Some(0));
}

#[test]
fn a_circle_is_shown_and_changed_while_one_chats() {
    let (_dir, data) = place();
    let (_server, ana, bob) = tea(&data);
    let mut one = Typist::start(&ana, &["chat", "Tea", "--plain"]);
    one.until("--- Tea/general");
    one.types("circle");
    one.until("Tea  c_");
    one.until("2 members, who is invited may join");
    one.until("nobody is idle for doing nothing");
    // Each change leaves the others as they are.
    one.types("circle about all kinds of tea");
    one.types("circle idle 600");
    one.types("circle name Teas");
    one.until("Teas  c_");
    one.until("all kinds of tea");
    one.until("idle after 600 seconds without an action");
    let shown = ana.done(&["circle", "show", "Teas"]);
    assert!(shown.contains("all kinds of tea") && shown.contains("600 seconds"), "{shown}");
    one.types("circle idle soon");
    one.until("error: `circle idle` needs seconds, 60 to 86400, or never");
    one.types("circle idle never");
    one.until("nobody is idle for doing nothing");
    let mut other = Typist::start(&bob, &["chat", "Teas", "--plain"]);
    other.until("--- Teas/general");
    other.types("circle name Coffee");
    other.until("error: ");
}

#[test]
fn a_private_session_with_another_client_carries_words_and_files_both_ways() {
    let (dir, data) = place();
    let (_server, ana, bob) = tea(&data);
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(path("the list.txt"), "green").unwrap();
    std::fs::create_dir(path("kept")).unwrap();
    let mut there = Talk::begin(&bob, &["--direct", "--bind", "127.0.0.1:0"]);
    there.until("waiting for an invitation");
    let mut here = Typist::start(&ana, &["chat", "Tea", "--plain", "--bind", "127.0.0.1:0"]);
    here.until("--- Tea/general");
    here.types("startprivate bob direct");
    there.until("ana invites you to a private session");
    there.say("/accept");
    let words = here.until("words: ");
    assert!(words.ends_with(&there.until("words: ")), "{words}");
    there.until("connected");
    here.types("private bob tea?");
    assert_eq!(there.until("ana: "), "tea?");
    there.say("yes");
    here.until("[private bob, not verified] bob: yes");
    here.types("verify bob");
    here.until("[private bob, verified]");

    here.types(&format!("sendfile bob {}", path("the list.txt")));
    assert_eq!(there.until("file 1: "), "the list.txt, 5 bytes: /take 1 or /drop 1");
    there.say("/take 1");
    assert_eq!(std::fs::read_to_string(there.until("file 1 is kept as ")).unwrap(), "green");
    here.until("your file 1 arrived");
    there.say(&format!("/send {}", path("the list.txt")));
    let offered = here.until("file 1 is offered: the list.txt, 5 bytes");
    assert!(offered.contains("`takefile bob 1` takes it"), "{offered}");
    here.types(&format!("takefile bob 1 {}/", path("kept")));
    assert!(here.until("file 1 is kept as ").ends_with("kept/the list.txt"));
    assert_eq!(std::fs::read_to_string(path("kept/the list.txt")).unwrap(), "green");

    here.types("stopprivate bob");
    there.until("over: the session was ended");
    here.until("over");
    here.types("private bob still there?");
    here.until("error: there is no private session with bob");
    assert_eq!((here.end(), there.end()), (Some(0), Some(0)));
}
