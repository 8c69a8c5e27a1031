//! What becomes of a private session: what is kept of it, and when one of the two blocks the other.
#![cfg(target_os = "linux")]

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::chat::Typist;
use crate::place;
use crate::program::{Person, Server, kith};
use crate::talk::share_a_circle;

/// Something that nobody says by chance.
const SAID: &str = "canary-of-a-private-session-Wq8t";
const FILE: &str = "canary-in-a-private-file-Lb3n";
const NAME: &str = "canary-name-of-a-private-file-Jd6c";

/// A server that relays and tells all that it can, and where it tells it.
fn server(log: &Path, data: &str) -> Server {
    let mut command = kith(&["serve", "--listen", "127.0.0.1:0", "--data", data]);
    command.args(["--set", "relay.listen=127.0.0.1:0", "--set", "relay.turn=true"]);
    command.args(["--set", "log=trace"]).stderr(File::create(log).unwrap());
    Server::begin(command)
}

/// Two who talk privately, from chats in plain mode, and show no address.
fn aside(server: &Server, keep: &Path) -> (Typist, Typist) {
    let [ana, bob] = ["ana", "bob"].map(|name| Person::sign_up(server, name, crate::PASSWORD));
    share_a_circle(&ana, &bob);
    let keep = keep.to_str().unwrap();
    let chat = ["chat", "Tea", "--plain", "--bind", "127.0.0.1:0", "--save", keep];
    let [mut here, mut there] = [&ana, &bob].map(|person| Typist::start(person, &chat));
    here.until("--- Tea/general");
    there.until("--- Tea/general");
    here.types("startprivate bob");
    there.until("ana invites you to a private session");
    there.types("acceptprivate ana");
    here.until("connected");
    there.until("connected");
    (here, there)
}

/// Every file below a directory in which this is.
fn having(directory: &Path, secret: &str) -> Vec<PathBuf> {
    let (mut open, mut having) = (vec![directory.to_owned()], Vec::new());
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if fs::read(&path).unwrap().windows(secret.len()).any(|at| at == secret.as_bytes()) {
            having.push(path);
        }
    }
    having
}

#[test]
fn nothing_of_a_private_session_is_with_the_server() {
    let (dir, data) = place();
    let (log, keep) = (dir.path().join("log"), tempfile::tempdir().unwrap());
    let server = server(&log, &data);
    let (mut here, mut there) = aside(&server, keep.path());
    here.types(&format!("private bob {SAID}"));
    there.until(&format!("ana: {SAID}"));
    there.types(&format!("private ana {SAID}, and back"));
    here.until("and back");
    let sent = keep.path().join(format!("{NAME}.txt"));
    fs::write(&sent, FILE.repeat(10_000)).unwrap();
    here.types(&format!("sendfile bob {}", sent.display()));
    there.until("file 1 is offered");
    let kept = keep.path().join("kept.txt");
    there.types(&format!("takefile ana 1 {}", kept.display()));
    there.until("file 1 is kept as ");
    assert_eq!(fs::read_to_string(&kept).unwrap(), FILE.repeat(10_000));
    // In public it is kept, which shows that it would be found.
    let open = "canary-of-what-all-may-read-Xz5r";
    here.types(&format!("say {open}"));
    there.until(open);
    here.types("stopprivate bob");
    there.until("over: the session was ended");
    assert!(server.get("/metrics").contains("kith_relay_bytes_total "));
    assert_eq!((here.end(), there.end()), (Some(0), Some(0)));
    assert_eq!(server.stop("TERM"), Some(0));
    assert!(!having(Path::new(&data), open).is_empty());
    for secret in [SAID, FILE, NAME] {
        assert_eq!(having(dir.path(), secret), Vec::<PathBuf>::new(), "{secret} is kept");
    }
    let told = fs::read_to_string(&log).unwrap();
    assert!(told.contains("the server has stopped"), "{told}");
}

#[test]
fn whoever_is_blocked_during_a_private_session_is_told_that_it_is_over_and_comes_no_nearer() {
    let (dir, data) = place();
    let keep = tempfile::tempdir().unwrap();
    let server = server(&dir.path().join("log"), &data);
    let (mut here, mut there) = aside(&server, keep.path());
    there.types("private ana let me in");
    here.until("bob: let me in");
    here.types("block bob");
    there.until("over: ");
    here.until("over: ");
    there.types("private ana one more thing");
    there.types("startprivate ana");
    let why = there.until("over: ");
    assert!(why.contains("the other side is not there, or cannot be reached by you"), "{why}");
    here.types("unblock bob");
    here.types("say over here");
    here.until("over here");
    assert!(!here.seen.iter().any(|line| line.contains("one more thing")), "{:#?}", here.seen);
    // It was no quarrel for good.
    there.types("startprivate ana");
    here.until("bob invites you to a private session");
}
