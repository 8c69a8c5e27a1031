//! What follows a user over devices, in which order streams stand, and how a circle is, from a command
//! line.

use crate::program::{Person, Server};
use crate::{PASSWORD, place};

#[test]
fn preferences_are_set_shown_and_forgotten() {
    let (_dir, data) = place();
    let server = Server::start(&data, &[]);
    let ana = Person::sign_up(&server, "ana", PASSWORD);
    assert_eq!(ana.done(&["preference"]), "");
    assert_eq!(ana.done(&["preference", "set", "language", "de"]), "language  \"de\"\n");
    ana.done(&["preference", "set", "appearance", r#"{"theme":"dark"}"#]);
    assert_eq!(ana.done(&["preference", "get", "appearance"]), "{\"theme\":\"dark\"}\n");
    let all = ana.done(&["preference"]);
    assert_eq!(all, "appearance  {\"theme\":\"dark\"}\nlanguage  \"de\"\n");
    ana.done(&["preference", "forget", "language"]);
    for (args, why) in [
        (&["preference", "get", "language"][..], "is not set"),
        (&["preference", "set", "appearance", "dark"], "form"),
        (&["preference", "set", "no sense", "1"], "form"),
    ] {
        let refused = ana.say(args);
        assert!(refused.code != Some(0) && refused.err.contains(why), "{args:?}: {refused:?}");
    }
    assert_eq!(server.stop("TERM"), Some(0));
}

#[test]
fn streams_are_arranged_in_sections() {
    let (_dir, data) = place();
    let server = Server::start(&data, &[]);
    let ana = Person::sign_up(&server, "ana", PASSWORD);
    ana.done(&["circle", "create", "Tea"]);
    for name in ["green", "black", "news"] {
        ana.done(&["stream", "create", "Tea", name]);
    }
    let arranged = ana.done(&["stream", "arrange", "Tea", "news", "Drinks:", "black", "green"]);
    let names = |told: &str| {
        told.lines().map(|line| line.split("  ").take(2).collect::<Vec<_>>().join("  ")).collect()
    };
    let shown: Vec<String> = names(&arranged);
    assert_eq!(
        shown,
        ["news  0 unread", "Drinks:", "  black", "  green", "general  0 unread"],
        "{arranged}"
    );
    assert_eq!(ana.done(&["stream", "list", "Tea"]), arranged);
    let refused = ana.say(&["stream", "arrange", "Tea", "coffee"]);
    assert!(refused.err.contains("you have no stream \"coffee\""), "{refused:?}");
    assert_eq!(server.stop("TERM"), Some(0));
}

#[test]
fn a_circle_is_shown_and_changed_in_what_is_named() {
    let (_dir, data) = place();
    let server = Server::start(&data, &[]);
    let ana = Person::sign_up(&server, "ana", PASSWORD);
    ana.done(&["circle", "create", "Tea"]);
    let shown = |told: &str| told.lines().skip(1).map(str::to_owned).collect::<Vec<_>>();
    let first = ana.done(&["circle", "show", "Tea"]);
    assert!(first.starts_with("Tea  c_"), "{first}");
    let nobody = "nobody is idle for doing nothing";
    assert_eq!(shown(&first), ["1 members, who is invited may join", nobody]);
    let idle = "idle after 600 seconds without an action";
    let set = ana.done(&["circle", "change", "Tea", "--idle", "600", "--about", "Leaves"]);
    assert_eq!(shown(&set), ["Leaves", "1 members, who is invited may join", idle]);
    // What is not named stays.
    let set = ana.done(&["circle", "change", "Tea", "--name", "Town", "--public"]);
    assert_eq!(shown(&set), ["Leaves", "1 members, anyone may join", idle]);
    assert_eq!(ana.done(&["circle", "show", "Town"]), set);
    let set = ana.done(&["circle", "change", "Town", "--no-about", "--not-public", "--idle", "0"]);
    assert_eq!(shown(&set), ["1 members, who is invited may join", nobody]);
    for (args, why) in [
        (&["circle", "change", "Town"][..], "required"),
        (&["circle", "change", "Town", "--idle", "30"], "60 to 86400"),
        (&["circle", "change", "Tea", "--public"], "you have no circle \"Tea\""),
    ] {
        let refused = ana.say(args);
        assert!(refused.code == Some(2) && refused.err.contains(why), "{args:?}: {refused:?}");
    }
    assert_eq!(server.stop("TERM"), Some(0));
}
