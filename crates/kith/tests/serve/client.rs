//! The commands of a person at a command line, against a real server.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::program::{Person, Server, kith, run};
use crate::{PASSWORD, place};

#[test]
fn members_are_blocked_kicked_banned_and_let_in_again() {
    let (_dir, data) = place();
    let server = Server::start(&data, &[]);
    let ana = Person::sign_up(&server, "ana", PASSWORD);
    let bob = Person::sign_up(&server, "bob", PASSWORD);
    ana.done(&["circle", "create", "Tea"]);
    let link = ana.done(&["invite", "Tea", "--uses", "3"]);
    let link = link.trim_end();
    assert!(link.starts_with(&format!("http://{}/invite/", server.address)), "{link}");
    assert!(bob.done(&["join", link]).starts_with("joined circle Tea ("));
    let who = ana.done(&["who", "Tea"]);
    assert!(who.starts_with("ana  online since "), "{who}");

    bob.done(&["send", "Tea/general", "from bob"]);
    let read = || ana.done(&["read", "Tea/general"]).contains("from bob");
    assert!(read());
    assert_eq!(ana.done(&["block", "bob"]), "blocked bob\n");
    assert!(!read());
    assert_eq!(bob.say(&["dm", "ana", "hello"]).code, Some(1));
    assert_eq!(ana.done(&["unblock", "@bob"]), "unblocked bob\n");
    assert!(read());

    assert_eq!(bob.say(&["kick", "Tea", "ana"]).code, Some(1));
    assert_eq!(ana.done(&["kick", "Tea", "bob", "--reason", "too loud"]), "kicked bob\n");
    let gone = bob.say(&["read", "Tea/general"]);
    assert_eq!(gone.code, Some(2), "{gone:?}");
    assert!(gone.err.contains("you have no stream"), "{gone:?}");
    // The code alone will do, where one is signed in.
    let (_, code) = link.rsplit_once('/').unwrap();
    bob.done(&["join", code]);
    assert_eq!(ana.done(&["ban", "Tea", "bob"]), "banned bob\n");
    assert_eq!(bob.say(&["join", link]).code, Some(1));
    assert_eq!(ana.done(&["unban", "Tea", "bob"]), "unbanned bob\n");
    bob.done(&["join", link]);
    assert_eq!(ana.done(&["kick", "Tea", "bob"]), "kicked bob\n");
    let used_up = bob.say(&["join", link]);
    assert_eq!(used_up.code, Some(1), "{used_up:?}");

    // Whoever reads what they wrote is told who wrote it, here and in the chat.
    let chat = run(ana.command(&["chat", "Tea", "--plain"]), "older 3\n");
    for shown in [ana.done(&["read", "Tea/general"]), chat.out] {
        let line = shown.lines().find(|line| line.ends_with("from bob"));
        let line = line.unwrap_or_else(|| panic!("{shown}"));
        assert!(line.trim_end_matches("from bob").contains("bob"), "{shown}");
    }
}

#[test]
fn a_password_is_changed_and_other_sessions_end() {
    let (_dir, data) = place();
    let server = Server::start(&data, &[]);
    let ana = Person::sign_up(&server, "ana", PASSWORD);
    let away = Person::new(format!("http://{}", server.address));
    assert_eq!(run(away.command(&["login", "ana"]), PASSWORD).code, Some(0));
    let wrong = run(ana.command(&["passwd"]), "not the password\na horse that is correct\n");
    assert_eq!(wrong.code, Some(1), "{wrong:?}");
    assert!(wrong.err.contains("password.wrong"), "{wrong:?}");
    let both = format!("{PASSWORD}a horse that is correct\n");
    let changed = run(ana.command(&["passwd"]), &both);
    assert_eq!(changed.out, "changed the password, signed in as ana\n", "{changed:?}");
    ana.done(&["circle", "list"]);
    let ended = away.say(&["circle", "list"]);
    assert_ne!(ended.code, Some(0), "{ended:?}");
    assert_eq!(run(away.command(&["login", "ana"]), PASSWORD).code, Some(1));
    assert_eq!(run(away.command(&["login", "ana"]), "a horse that is correct\n").code, Some(0));
}

#[test]
fn sessions_are_listed_and_ended() {
    let (_dir, data) = place();
    let server = Server::start(&data, &[]);
    let ana = Person::sign_up(&server, "ana", PASSWORD);
    let away = Person::new(format!("http://{}", server.address));
    assert_eq!(run(away.command(&["login", "ana"]), "wrong horse battery\n").code, Some(1));
    let signed_in = run(away.command(&["login", "ana"]), PASSWORD);
    assert_eq!(signed_in.out, "signed in as ana\n", "{signed_in:?}");

    let listed = || -> Vec<serde_json::Value> {
        let lines = ana.done(&["sessions", "list", "--json"]);
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let all = listed();
    assert_eq!(all.len(), 2, "{all:?}");
    let other = all.iter().find(|one| one["current"] == false).unwrap()["id"].clone();
    ana.done(&["sessions", "revoke", other.as_str().unwrap()]);
    let ended = away.say(&["circle", "list"]);
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert_eq!(listed().len(), 1);

    let out = format!("signed out of http://{}\n", server.address);
    assert_eq!(ana.done(&["logout"]), out);
    let unknown = ana.say(&["circle", "list"]);
    assert_eq!(unknown.code, Some(3), "{unknown:?}");
    // A session that has ended on the server is forgotten here all the same.
    assert_eq!(away.done(&["logout"]), out);
}

#[test]
fn every_shell_gets_completions() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let made = run(kith(&["completions", shell]), "");
        assert_eq!((made.code, made.err.as_str()), (Some(0), ""), "{shell}");
        for word in ["kith", "unblock", "--follow"] {
            // Some shells are told long options without their dashes.
            assert!(made.out.contains(word.trim_start_matches('-')), "{shell}: no {word}");
        }
        if shell == "bash" {
            let mut bash = Command::new("bash");
            bash.arg("-n");
            let checked = run(bash, &made.out);
            assert_eq!((checked.code, checked.err.as_str()), (Some(0), ""));
        }
    }
    assert_eq!(run(kith(&["completions", "cmd.exe"]), "").code, Some(2));
}

#[test]
fn a_reader_sees_each_message_once_while_the_server_is_killed() {
    let (_dir, data) = place();
    let server = Server::start(&data, &[]);
    let address = server.address;
    let ana = Person::sign_up(&server, "ana", PASSWORD);
    ana.done(&["circle", "create", "Tea"]);
    ana.done(&["send", "Tea/general", "message 0"]);
    let mut reader = ana.command(&["read", "Tea/general", "--follow", "--json"]);
    let mut reader = reader.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(reader.stdout.take().unwrap()).lines();
    let mut next = || {
        let line = lines.next().unwrap().unwrap();
        let message: serde_json::Value = serde_json::from_str(&line).unwrap();
        message["text"].as_str().unwrap().to_owned()
    };
    assert_eq!(next(), "message 0");
    let mut server = server;
    let mut number = 1;
    for _ in 0..3 {
        // The last of these may be on its way to the reader when the server dies.
        for _ in 0..3 {
            ana.done(&["send", "Tea/general", &format!("message {number}")]);
            number += 1;
        }
        server.kill();
        let nobody = ana.say(&["send", "Tea/general", "nobody hears"]);
        assert_eq!(nobody.code, Some(4), "{nobody:?}");
        server = Server::start_at(address, &data);
    }
    ana.done(&["send", "Tea/general", "the last"]);
    for expected in 1..number {
        assert_eq!(next(), format!("message {expected}"));
    }
    assert_eq!(next(), "the last");
    reader.kill().unwrap();
    reader.wait().unwrap();
    assert!(lines.next().is_none(), "something was told twice");
}
