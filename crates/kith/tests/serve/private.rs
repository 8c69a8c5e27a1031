//! Private sessions as two persons at command lines have them, over the real server.

use crate::program::{Person, Server};
use crate::talk::{Talk, share_a_circle};
use crate::{PASSWORD, place};

fn people(server: &Server) -> (Person, Person) {
    let [ana, bob] = ["ana", "bob"].map(|name| Person::sign_up(server, name, PASSWORD));
    share_a_circle(&ana, &bob);
    (ana, bob)
}

#[test]
fn two_persons_talk_and_pass_a_file_and_the_server_only_introduces_them() {
    let (_dir, data) = place();
    let server = Server::start(&data, &["--set", "registration=open"]);
    let (ana, bob) = people(&server);
    let mut invited = Talk::begin(&bob, &["--direct", "--bind", "127.0.0.1:0"]);
    invited.until("waiting for an invitation");
    let mut inviting = Talk::begin(&ana, &["bob", "--direct", "--bind", "127.0.0.1:0"]);
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
    let (ana, bob) = people(&server);
    let told = ana.done(&["call", "Tea/kith/relay"]);
    assert!(told.contains("stun:127.0.0.1:") && told.contains("turn:127.0.0.1:"), "{told}");
    assert!(told.contains("username") && told.contains("credential"), "{told}");
    let mut invited = Talk::begin(&bob, &["--bind", "127.0.0.1:0"]);
    invited.until("waiting for an invitation");
    let mut inviting = Talk::begin(&ana, &["bob", "--bind", "127.0.0.1:0"]);
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

/// Two persons chat, and go aside.
#[cfg(target_os = "linux")]
#[test]
fn two_at_terminals_talk_privately_and_pass_a_file() {
    use crate::chat::{Typist, tea_with};
    use crate::screen::Window;

    let (_dir, data) = place();
    let set = ["relay.listen=127.0.0.1:0", "relay.turn=true"];
    let set: Vec<_> = set.into_iter().flat_map(|pair| ["--set", pair]).collect();
    let (_server, ana, bob) = tea_with(&data, &set);
    let save = tempfile::tempdir().unwrap();
    let keep = save.path().to_str().unwrap();
    let mut there =
        Typist::start(&bob, &["chat", "Tea", "--plain", "--bind", "127.0.0.1:0", "--save", keep]);
    there.until("--- Tea/general");
    let mut here = Window::open(&ana, "Tea --bind 127.0.0.1:0", 100, 24);
    here.sees("Tea/general");
    here.types("/startprivate bob\r");
    here.sees("private with bob, waiting for an answer");
    there.until("ana invites you to a private session");
    there.types("acceptprivate ana");
    here.sees("private with bob, connected: not verified");
    here.sees("words: ");
    let words = there.until(" words: ");
    let words = words.split("words: ").nth(1).unwrap();
    let first = words.split(", ").next().unwrap().split(' ').next_back().unwrap();
    here.sees(first);
    here.types("tea?\r");
    there.until("[private ana, not verified] ana: tea?");
    there.types("verify ana");
    there.until("[private ana, verified] verified: the words were the same");
    there.types("private ana yes");
    here.sees("bob: yes");

    let sent = save.path().join("large.bin");
    std::fs::write(&sent, vec![7; 3 << 20]).unwrap();
    here.types(&format!("/sendfile bob {}\r", sent.display()));
    there.until("file 1 is offered: large.bin, 3.1 MB.");
    // Nothing is kept unless it is wanted.
    let kept = save.path().join("kept.bin");
    assert!(!kept.exists());
    there.types(&format!("takefile ana 1 {}", kept.display()));
    there.until("file 1 is kept as ");
    assert!(std::fs::read(&kept).unwrap() == vec![7; 3 << 20]);
    here.sees("your file 1 arrived");
    here.types("/stopprivate bob\r");
    here.sees("private with bob, over");
    there.until("over: the session was ended");
    // Back where everybody reads.
    here.types("\x1b");
    here.sees("write here");
    here.sees("Tea/general");
    assert_eq!(here.quit(), Some(0));
}

/// They share no circle, and have written to each other.
#[cfg(target_os = "linux")]
#[test]
fn two_in_a_conversation_go_aside_in_the_chat() {
    use crate::chat::Typist;

    let (_dir, data) = place();
    let set = ["registration=open", "relay.listen=127.0.0.1:0", "relay.turn=true"];
    let set: Vec<_> = set.into_iter().flat_map(|pair| ["--set", pair]).collect();
    let server = Server::start(&data, &set);
    let [ana, bob] = ["ana", "bob"].map(|name| Person::sign_up(&server, name, PASSWORD));
    ana.done(&["send", "@bob", "hi"]);
    bob.done(&["send", "@ana", "hello"]);
    let chat = ["chat", "--plain", "--bind", "127.0.0.1:0"];
    let [mut here, mut there] = [&ana, &bob].map(|person| Typist::start(person, &chat));
    here.until("--- @bob");
    there.until("--- @ana");
    here.types("startprivate bob");
    there.until("ana invites you to a private session");
    there.types("acceptprivate ana");
    here.until("connected");
    here.types("private bob tea?");
    there.until("[private ana, not verified] ana: tea?");
    there.types("stopprivate ana");
    here.until("over: the session was ended");
}

#[test]
fn nobody_shows_an_address_unasked_and_a_refusal_is_told() {
    let (_dir, data) = place();
    let server = Server::start(&data, &["--set", "registration=open"]);
    let (ana, bob) = people(&server);
    let refused = ana.say(&["private", "bob"]);
    assert_eq!(refused.code, Some(5), "{refused:?}");
    assert!(refused.err.contains("agree to it with --direct"), "{refused:?}");
    let mut alone = Talk::begin(&ana, &["bob", "--direct", "--bind", "127.0.0.1:0"]);
    alone.until("over: the other side is not there");
    assert_eq!(alone.end(), Some(5));
    let mut invited = Talk::begin(&bob, &["--bind", "127.0.0.1:0"]);
    invited.until("waiting for an invitation");
    let mut inviting = Talk::begin(&ana, &["bob", "--direct", "--bind", "127.0.0.1:0"]);
    invited.until("ana invites you to a private session");
    invited.say("/refuse");
    inviting.until("over: the other side does not want to");
    assert_eq!(inviting.end(), Some(5));
    invited.end();
}

#[test]
fn two_who_share_only_a_conversation_talk_privately_once_both_have_written() {
    let (_dir, data) = place();
    let server = Server::start(&data, &["--set", "registration=open"]);
    let [ana, bob] = ["ana", "bob"].map(|name| Person::sign_up(&server, name, PASSWORD));
    let direct = ["--direct", "--bind", "127.0.0.1:0"];
    let with = |name| [&[name][..], &direct].concat();
    ana.done(&["send", "@bob", "hi"]);
    let mut waiting = Talk::begin(&bob, &direct);
    waiting.until("waiting for an invitation");
    // Who is written to has not said that they want to be found.
    let mut unanswered = Talk::begin(&ana, &with("bob"));
    unanswered.until("over: the other side is not there, or cannot be reached by you");
    assert_eq!(unanswered.end(), Some(5));
    bob.done(&["send", "@ana", "hello"]);
    let mut inviting = Talk::begin(&ana, &with("bob"));
    waiting.until("ana invites you to a private session");
    waiting.say("/accept");
    let words = inviting.until("words: ");
    assert_eq!(waiting.until("words: "), words);
    inviting.until("connected");
    inviting.say("tea?");
    assert_eq!(waiting.until("ana: "), "tea?");
    inviting.say("/end");
    waiting.until("over: the session was ended");
    assert_eq!((inviting.end(), waiting.end()), (Some(0), Some(0)));

    // The other way round, until one blocks the other.
    let mut waiting = Talk::begin(&ana, &direct);
    waiting.until("waiting for an invitation");
    let mut inviting = Talk::begin(&bob, &with("ana"));
    waiting.until("bob invites you to a private session");
    waiting.say("/accept");
    inviting.until("connected");
    waiting.until("connected");
    ana.done(&["block", "bob"]);
    waiting.until("over: the session was ended");
    inviting.until("over: the session was ended");
    assert_eq!((inviting.end(), waiting.end()), (Some(0), Some(0)));
    let mut refused = Talk::begin(&bob, &with("ana"));
    refused.until("over: the other side is not there, or cannot be reached by you");
    assert_eq!(refused.end(), Some(5));

    // The invitation of somebody who blocks one since leads nowhere, and does not say why.
    ana.done(&["unblock", "bob"]);
    let mut invited = Talk::begin(&bob, &direct);
    invited.until("waiting for an invitation");
    let mut inviting = Talk::begin(&ana, &with("bob"));
    invited.until("ana invites you to a private session");
    ana.done(&["block", "bob"]);
    inviting.until("over: the session was ended");
    invited.say("/accept");
    invited.until("over: the other side is not there, or cannot be reached by you");
    assert_eq!((inviting.end(), invited.end()), (Some(0), Some(5)));
}
