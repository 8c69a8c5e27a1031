//! `kith chat --plain`: over pipes, as a script and as somebody who types.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{self, Receiver};

use crate::program::{PATIENCE, Person, Server, run};
use crate::{PASSWORD, place};

/// A server with ana and bob in the circle Tea.
pub(crate) fn tea(data: &str) -> (Server, Person, Person) {
    tea_with(data, &[])
}

/// The same with more arguments for the server.
pub(crate) fn tea_with(data: &str, args: &[&str]) -> (Server, Person, Person) {
    let server = Server::start(data, args);
    let ana = Person::sign_up(&server, "ana", PASSWORD);
    let bob = Person::sign_up(&server, "bob", PASSWORD);
    ana.done(&["circle", "create", "Tea"]);
    bob.done(&["join", ana.done(&["invite", "Tea"]).trim()]);
    (server, ana, bob)
}

/// What a script of commands prints, without the times.
#[track_caller]
fn script(person: &Person, args: &[&str], commands: &str) -> String {
    let ended = run(person.command(args), commands);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let is_time = |word: &str| word.len() == 5 && word.as_bytes()[2] == b':';
    let bare = |line: &str| match line.split_once(' ') {
        Some((time, rest)) if is_time(time) => rest.to_owned(),
        _ => line.to_owned(),
    };
    ended.out.lines().map(bare).collect::<Vec<_>>().join("\n")
}

/// Somebody who types commands and reads what is printed.
pub(crate) struct Typist {
    child: Child,
    keys: ChildStdin,
    lines: Receiver<String>,
    pub(crate) seen: Vec<String>,
}

impl Typist {
    pub(crate) fn start(person: &Person, args: &[&str]) -> Self {
        let mut command = person.command(args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let keys = child.stdin.take().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            output.lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        Self { child, keys, lines, seen: Vec::new() }
    }

    pub(crate) fn types(&mut self, line: &str) {
        writeln!(self.keys, "{line}").unwrap();
    }

    /// Waits for the next line.
    #[track_caller]
    pub(crate) fn line(&mut self) -> String {
        self.until("")
    }

    /// Waits for a line with this in it.
    #[track_caller]
    pub(crate) fn until(&mut self, wanted: &str) -> String {
        loop {
            let line = self.lines.recv_timeout(PATIENCE);
            let line = line.unwrap_or_else(|_| panic!("no {wanted:?} after {:#?}", self.seen));
            self.seen.push(line.clone());
            if line.contains(wanted) {
                return line;
            }
        }
    }

    pub(crate) fn end(mut self) -> Option<i32> {
        drop(self.keys);
        self.child.wait().unwrap().code()
    }
}

#[test]
fn a_script_of_commands_is_done_to_its_end() {
    let (_dir, data) = place();
    let (_server, ana, bob) = tea(&data);
    bob.done(&["send", "Tea/general", "hi @ana\nsecond \u{202e}line"]);
    let out = script(
        &ana,
        &["chat", "Tea/general", "--plain"],
        "say hello\nreply 2 yes\n/jion Tea\nwhoelsesince soon\nwhoelse\nmessage bob psst\n\
         message nobody psst\nblock bob\nblocks\nunblock bob\nfind second\nbroadcast to all\n",
    );
    let expected = "\
--- Tea/general, 1 unread
#2 bob: hi @ana
    second \u{fffd}line
error: unknown command `/jion`; did you mean `/join`?
error: `whoelsesince` needs SECONDS, a whole number, and `soon` is none
nobody else
on its way to @bob
error: there is no user `nobody`
bob is blocked
bob
bob is blocked no longer
#2 bob: hi @ana
    second \u{fffd}line";
    for line in expected.lines() {
        assert!(out.lines().any(|of| of == line), "no {line:?} in:\n{out}");
    }
    // The end of the input is waited for by what is still on its way.
    let said = bob.done(&["read", "Tea/general"]);
    for text in ["ana: hello", "ana: yes", "ana: to all"] {
        assert!(said.contains(text), "{said}");
    }
    assert!(bob.done(&["read", "@ana"]).contains("ana: psst"));
}

#[test]
fn two_who_type_see_each_other() {
    let (_dir, data) = place();
    let (_server, ana, bob) = tea(&data);
    let mut one = Typist::start(&ana, &["chat", "Tea", "--plain"]);
    one.until("--- Tea/general");
    let mut other = Typist::start(&bob, &["chat", "Tea", "--plain"]);
    other.until("--- Tea/general");
    one.types("whoelse");
    assert_eq!(one.until("bob"), "bob");
    one.types("say are you there?");
    other.until("ana: are you there?");
    other.types("message ana for you alone");
    one.until("[@bob] #2 bob: for you alone");
    other.types("react :tada:");
    one.until("bob reacted to #2: 🎉");
    one.types("whoelsesince 3600");
    assert_eq!(one.until("bob"), "bob");
    assert_eq!(other.end(), Some(0));
    assert_eq!(one.end(), Some(0));
}

#[test]
fn files_are_sent_and_saved_and_what_was_said_with_them_is_found() {
    let (dir, data) = place();
    let (_server, ana, bob) = tea_with(&data, &["--set", "files.free_percent=1"]);
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let content: Vec<u8> = (0..5_000_000_u32).map(|n| (n % 251) as u8).collect();
    std::fs::write(path("the list.bin"), &content).unwrap();
    std::fs::write(path("menu.txt"), "black tea").unwrap();
    std::fs::create_dir(path("here")).unwrap();
    let attach = format!("attach '{}' {} -- The menu\n", path("the list.bin"), path("menu.txt"));
    let sent =
        script(&ana, &["chat", "Tea/general", "--plain"], &format!("{attach}attach nowhere"));
    assert!(sent.contains("error: not sent: nowhere: "), "{sent}");
    let chat = ["chat", "Tea/general", "--plain", "--save", &path("here")];
    let saved = script(&bob, &chat, "download\nwhoelsesince 3600\n");
    for line in
        ["#2 ana: The menu", "    [the list.bin, 4.8 MiB]", "    [menu.txt, 9 bytes]", "ana"]
    {
        assert!(saved.lines().any(|of| of == line), "no {line:?} in:\n{saved}");
    }
    assert!(saved.contains(&format!("saved {}", path("here/the list.bin"))), "{saved}");
    assert_eq!(std::fs::read(path("here/the list.bin")).unwrap(), content);
    assert_eq!(std::fs::read(path("here/menu.txt")).unwrap(), b"black tea");
    // The index has read it.
    crate::search::found(&bob, &["menu"]);
    let found = script(&bob, &["chat", "@ana", "--plain"], "search menu\nresult 1\nresult 2\n");
    let line = " Tea/general #2 ana: The menu";
    assert!(found.lines().any(|of| of.starts_with("1: ") && of.contains(line)), "{found}");
    assert!(found.contains("--- Tea/general, 1 unread\n#2 ana: The menu\n"), "{found}");
    assert!(found.contains("error: nothing was found under this number"), "{found}");
}

#[test]
fn what_is_typed_without_a_server_is_sent_once_when_it_is_back() {
    let (_dir, data) = place();
    let (server, ana, bob) = tea(&data);
    let address = server.address;
    let mut one = Typist::start(&ana, &["chat", "Tea", "--plain"]);
    one.until("--- Tea/general");
    one.types("say before");
    one.until("ana: before");
    server.kill();
    one.until("not connected");
    one.types("say in between");
    one.types("say and again");
    let _server = Server::start_at(address, &data);
    one.until("connected again");
    one.until("ana: in between");
    one.until("ana: and again");
    assert_eq!(one.end(), Some(0));
    let said = bob.done(&["read", "Tea/general"]);
    let texts: Vec<&str> =
        said.lines().filter_map(|line| Some(line.split_once("ana: ")?.1)).collect();
    assert_eq!(texts, ["before", "in between", "and again"]);
}

#[test]
fn older_messages_are_printed_when_asked_for() {
    let (_dir, data) = place();
    let (_server, ana, bob) = tea(&data);
    let many: String = (1..=130).map(|n| format!("say number {n}.\n")).collect();
    script(&bob, &["chat", "Tea", "--plain"], &many);
    let out = script(&ana, &["chat", "Tea", "--plain"], "older 3\nolder 200\nolder\nsay end\n");
    let numbers: Vec<u32> = out
        .lines()
        .filter_map(|line| line.split_once("number ")?.1.strip_suffix('.')?.parse().ok())
        .collect();
    let expected: Vec<u32> = (121..=130).chain(118..=120).chain(1..=117).collect();
    assert_eq!(numbers, expected, "{out}");
    assert!(out.contains("there are no older messages"), "{out}");
}

#[test]
fn logging_out_ends_the_session() {
    let (_dir, data) = place();
    let (_server, ana, _bob) = tea(&data);
    let out = script(&ana, &["chat", "--plain"], "logout\nsay never\n");
    assert!(out.contains("signed out of"), "{out}");
    let ended = ana.say(&["chat", "--plain"]);
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(ended.err.contains("kith login"), "{ended:?}");
}
