//! Private sessions as two persons at command lines have them, over the real server.

use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use tempfile::TempDir;

use crate::program::{Person, Server};
use crate::{PASSWORD, place};

/// A running `kith private`.
struct Talk {
    child: Child,
    input: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    save: TempDir,
}

impl Talk {
    fn begin(person: &Person, args: &[&str]) -> Self {
        let save = tempfile::tempdir().unwrap();
        let mut command = person.command(&["private", "--bind", "127.0.0.1:0", "--save"]);
        command.arg(save.path()).args(args).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { input: child.stdin.take().unwrap(), lines, child, save }
    }

    fn say(&mut self, line: &str) {
        writeln!(self.input, "{line}").unwrap();
    }

    /// What follows `begin` in the first line that begins so.
    fn until(&mut self, begin: &str) -> String {
        let mut all = self.lines.by_ref().map(Result::unwrap);
        let found = all.find_map(|line| line.strip_prefix(begin).map(str::to_owned));
        found.unwrap_or_else(|| panic!("it ended without {begin:?}"))
    }

    fn end(mut self) -> Option<i32> {
        drop(self.input);
        self.child.wait().unwrap().code()
    }
}

/// Two persons who share a circle.
fn persons(server: &Server) -> (Person, Person) {
    let ana = Person::sign_up(server, "ana", PASSWORD);
    let bob = Person::sign_up(server, "bob", PASSWORD);
    ana.done(&["circle", "create", "Tea"]);
    let invite = ana.done(&["invite", "Tea"]);
    bob.done(&["join", invite.lines().next().unwrap()]);
    (ana, bob)
}

#[test]
fn two_persons_talk_and_pass_a_file_and_the_server_only_introduces_them() {
    let (_dir, data) = place();
    let server = Server::start(&data, &["--set", "registration=open"]);
    let (ana, bob) = persons(&server);
    let mut invited = Talk::begin(&bob, &["--direct"]);
    invited.until("waiting for an invitation");
    let mut inviting = Talk::begin(&ana, &["bob", "--direct"]);
    invited.until("ana invites you to a private session");
    invited.say("/accept");
    let words = inviting.until("words: ");
    assert_eq!((words.matches(", ").count(), invited.until("words: ")), (6, words));
    assert!(inviting.until("not verified").contains("first device"));
    inviting.until("connected");
    inviting.say("/verify");
    inviting.until("verified");
    inviting.say("tea?");
    assert_eq!(invited.until("ana: "), "tea?");
    let sent = inviting.save.path().join("tea.txt");
    std::fs::write(&sent, "green").unwrap();
    invited.say("//yes");
    assert_eq!(inviting.until("bob: "), "/yes");
    inviting.say(&format!("/send {}", sent.display()));
    assert_eq!(invited.until("file 1: "), "tea.txt, 5 bytes: /take 1 or /drop 1");
    invited.say("/take 1");
    let kept = invited.until("file 1 is kept as ");
    assert_eq!(std::fs::read_to_string(kept).unwrap(), "green");
    inviting.until("our file 1 arrived");

    // What two persons say to each other is theirs, whatever becomes of the server.
    server.kill();
    invited.say("still here");
    assert_eq!(inviting.until("bob: "), "still here");
    inviting.say("/end");
    inviting.until("over: ");
    invited.until("over: the session was ended");
    assert_eq!((inviting.end(), invited.end()), (Some(0), Some(0)));
}

#[test]
fn two_persons_who_show_no_address_are_relayed() {
    let (_dir, data) = place();
    let set = ["registration=open", "relay.listen=127.0.0.1:0", "relay.turn=true"];
    let set: Vec<_> = set.into_iter().flat_map(|pair| ["--set", pair]).collect();
    let server = Server::start(&data, &set);
    let (ana, bob) = persons(&server);
    let told = ana.done(&["call", "Tea/kith/relay"]);
    assert!(told.contains("stun:127.0.0.1:") && told.contains("turn:127.0.0.1:"), "{told}");
    assert!(told.contains("username") && told.contains("credential"), "{told}");
    let mut invited = Talk::begin(&bob, &[]);
    invited.until("waiting for an invitation");
    let mut inviting = Talk::begin(&ana, &["bob"]);
    invited.until("ana invites you to a private session");
    invited.say("/accept");
    inviting.until("connected");
    inviting.say("tea?");
    assert_eq!(invited.until("ana: "), "tea?");
    let sent = inviting.save.path().join("tea.bin");
    std::fs::write(&sent, vec![7; 3 << 20]).unwrap();
    inviting.say(&format!("/send {}", sent.display()));
    invited.until("file 1: tea.bin");
    invited.say("/take 1");
    let kept = invited.until("file 1 is kept as ");
    assert!(std::fs::read(kept).unwrap() == vec![7; 3 << 20]);
    let metrics = server.get("/metrics");
    let relayed = metrics.lines().find_map(|line| line.strip_prefix("kith_relay_bytes_total "));
    assert!(relayed.is_some_and(|bytes| bytes.parse::<u64>().unwrap() > 3 << 20), "{metrics}");
    inviting.say("/end");
    invited.until("over: the session was ended");
    assert_eq!((inviting.end(), invited.end()), (Some(0), Some(0)));
}

#[test]
fn nobody_shows_an_address_unasked_and_a_refusal_is_told() {
    let (_dir, data) = place();
    let server = Server::start(&data, &["--set", "registration=open"]);
    let (ana, bob) = persons(&server);
    let refused = ana.say(&["private", "bob"]);
    assert_eq!(refused.code, Some(5), "{refused:?}");
    assert!(refused.err.contains("agree to it with --direct"), "{refused:?}");
    let mut alone = Talk::begin(&ana, &["bob", "--direct"]);
    alone.until("over: the other side is not there");
    assert_eq!(alone.end(), Some(5));
    let mut invited = Talk::begin(&bob, &[]);
    invited.until("waiting for an invitation");
    let mut inviting = Talk::begin(&ana, &["bob", "--direct"]);
    invited.until("ana invites you to a private session");
    invited.say("/refuse");
    inviting.until("over: the other side does not want to");
    assert_eq!(inviting.end(), Some(5));
    invited.end();
}
