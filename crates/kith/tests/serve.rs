//! The real program: started, stopped, administered, backed up and checked.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

#[path = "serve/aside.rs"]
mod aside;
#[path = "serve/aside_screens.rs"]
mod aside_screens;
#[path = "serve/bucket.rs"]
mod bucket;
#[path = "serve/chat.rs"]
mod chat;
#[path = "serve/circles.rs"]
mod circles;
#[path = "serve/client.rs"]
mod client;
#[path = "serve/demo.rs"]
mod demo;
#[path = "serve/fetch.rs"]
mod fetch;
#[path = "serve/files.rs"]
mod files;
#[path = "serve/gateways.rs"]
mod gateways;
#[path = "serve/live.rs"]
mod live;
#[path = "../../kith-gateway-tcp/tests/common/old.rs"]
mod old;
#[path = "serve/plain.rs"]
mod plain;
#[path = "../../kith-gateway-tcp/tests/common/play.rs"]
mod play;
#[path = "serve/private.rs"]
mod private;
#[path = "serve/program.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod program;
#[path = "../../kith-gateway-tcp/tests/common/quirks.rs"]
mod quirks;
#[path = "serve/screen.rs"]
mod screen;
#[path = "serve/screens.rs"]
mod screens;
#[path = "serve/search.rs"]
mod search;
#[path = "serve/secrets.rs"]
mod secrets;
#[path = "serve/settings.rs"]
mod settings;
#[path = "serve/slow.rs"]
mod slow;
#[path = "serve/talk.rs"]
mod talk;
#[path = "serve/terminal.rs"]
mod terminal;
#[path = "serve/tls.rs"]
mod tls;
#[path = "serve/told.rs"]
mod told;
#[path = "serve/topics.rs"]
mod topics;

use std::fs;
use std::io::Write;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use kith_store::{Batch, DocKey, DocWrite, Store};
use program::{Server, kith, run};
use tempfile::TempDir;

const PASSWORD: &str = "correct horse battery\n";
const SIGN_IN: &str = r#"{"name":"ana","password":"correct horse battery"}"#;

/// A directory for one test and, in it, the path of data that is not there yet.
fn place() -> (TempDir, String) {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data").to_str().unwrap().to_owned();
    (dir, data)
}

fn add(data: &str, name: &str) -> program::Ended {
    run(kith(&["admin", "user", "add", name, "--data", data]), PASSWORD)
}

#[test]
fn it_serves_and_stops_when_told() {
    let (_dir, data) = place();
    let server = Server::start(&data, &[]);
    assert_eq!(fs::metadata(&data).unwrap().permissions().mode() & 0o777, 0o700);
    let answer = server.get("/healthz");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(answer.ends_with("\r\n\r\nok\n"), "{answer}");
    assert!(server.get("/readyz").starts_with("HTTP/1.1 200 "));
    assert_eq!(server.stop("TERM"), Some(0));
    // What it held is free again.
    let server = Server::start(&data, &[]);
    assert_eq!(server.stop("INT"), Some(0));
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let (_dir, data) = place();
    let server = Server::start(&data, &[]);
    // Half a request keeps its connection open for as long as the server has patience.
    let mut held = TcpStream::connect(server.address).unwrap();
    held.write_all(b"GET /healthz HTTP/1.1\r\nhost: ").unwrap();
    assert!(server.get("/healthz").starts_with("HTTP/1.1 200 "));
    server.signal("TERM");
    // It listens no longer as soon as it stops.
    while TcpStream::connect(server.address).is_ok() {}
    assert_eq!(server.stop("TERM"), Some(130));
}

#[test]
fn data_has_one_server_at_a_time() {
    let (_dir, data) = place();
    let server = Server::start(&data, &[]);
    let second = run(kith(&["serve", "--listen", "127.0.0.1:0", "--data", &data]), "");
    assert_eq!(second.code, Some(5), "{second:?}");
    assert!(second.err.contains("is in use by a running server: stop it first"), "{second:?}");
    assert_eq!(second.out, "");
    assert!(server.get("/healthz").starts_with("HTTP/1.1 200 "));
}

#[test]
fn an_address_in_use_is_named() {
    let (dir, data) = place();
    let server = Server::start(&data, &[]);
    let other = dir.path().join("other");
    let listen = server.address.to_string();
    let args = ["serve", "--listen", &listen, "--data", other.to_str().unwrap()];
    let second = run(kith(&args), "");
    assert_ne!(second.code, Some(0));
    assert!(second.err.contains(&format!("cannot listen on {listen}")), "{second:?}");
}

#[test]
fn nobody_listens_to_a_network_as_plain_text_unasked() {
    let (_dir, data) = place();
    let refused = run(kith(&["serve", "--listen", "0.0.0.0:0", "--data", &data]), "");
    assert_eq!(refused.code, Some(2), "{refused:?}");
    for named in ["tls.certificate", "public_url=https://", "allow_plain_http=true"] {
        assert!(refused.err.contains(named), "{refused:?}");
    }
    assert!(!Path::new(&data).exists());
}

#[test]
fn accounts_are_administered_while_the_server_is_stopped() {
    let (_dir, data) = place();
    let server = Server::start(&data, &[]);
    let refused = add(&data, "ana");
    assert_eq!(refused.code, Some(5), "{refused:?}");
    assert!(refused.err.contains("is in use by a running server"), "{refused:?}");
    assert_eq!(server.stop("TERM"), Some(0));

    let args = ["admin", "user", "add", "ana", "--admin", "--display-name", "Ana Ł"];
    let added = run(kith(&[&args[..], &["--data", &data]].concat()), PASSWORD);
    assert_eq!(
        (added.code, added.out.as_str()),
        (Some(0), "added ana, who may administer the site\n"),
        "{added:?}"
    );
    assert_eq!(add(&data, "bob").code, Some(0));
    let again = add(&data, "BOB");
    assert_eq!(again.code, Some(1), "{again:?}");
    let short = run(kith(&["admin", "user", "add", "cyd", "--data", &data]), "short\n");
    assert!(short.err.contains("12 to 128 characters"), "{short:?}");
    let none = run(kith(&["admin", "user", "add", "cyd", "--data", &data]), "");
    assert!(none.err.contains("one line on standard input"), "{none:?}");

    let bot = run(kith(&["admin", "bot", "add", "tea_bot", "--owner", "ana", "--data", &data]), "");
    assert_eq!(bot.code, Some(0), "{bot:?}");
    let token = bot.out.strip_suffix('\n').unwrap();
    assert!(token.starts_with("kith_") && token.len() == 69, "{bot:?}");
    assert!(!bot.err.contains(token), "{bot:?}");

    let done = run(kith(&["admin", "user", "disable", "bob", "--data", &data]), "");
    assert_eq!(done.out, "disabled bob\n", "{done:?}");
    let list = run(kith(&["admin", "user", "list", "--data", &data]), "");
    assert_eq!(list.out, "ana (Ana Ł), admin\nbob, disabled\ntea_bot, bot of ana\n", "{list:?}");
    let done = run(kith(&["admin", "user", "enable", "bob", "--data", &data]), "");
    assert_eq!(done.out, "enabled bob\n", "{done:?}");
    let list = run(kith(&["admin", "user", "list", "--json", "--data", &data]), "");
    let list: serde_json::Value = serde_json::from_str(&list.out).unwrap();
    assert_eq!(list[0]["site_admin"], true);
    assert_eq!(list[1]["disabled"], false);
    assert_eq!(list[2]["bot_of"], "ana");
    let nobody = run(kith(&["admin", "user", "disable", "cyd", "--data", &data]), "");
    assert!(nobody.err.contains("there is no user cyd"), "{nobody:?}");

    // What was made offline is true online, and a new password ends the sessions before it.
    let server = Server::start(&data, &[]);
    assert_eq!(server.sign_in("ana", PASSWORD), "201 Created");
    assert!(server.get_as("/api/v1/users/me", token).starts_with("HTTP/1.1 200 "));
    assert_eq!(server.stop("TERM"), Some(0));
    let new = "staple of the trade\n";
    let set = run(kith(&["admin", "user", "password", "ana", "--data", &data]), new);
    assert_eq!(set.code, Some(0), "{set:?}");
    let server = Server::start(&data, &[]);
    assert_eq!(server.sign_in("ana", PASSWORD), "401 Unauthorized");
    assert_eq!(server.sign_in("ana", new), "201 Created");
}

#[test]
fn a_wrong_path_makes_no_data() {
    let (_dir, data) = place();
    for args in [
        &["admin", "user", "list"][..],
        &["admin", "bot", "add", "b", "--owner", "ana"],
        &["backup", "copy.db"],
        &["check"],
    ] {
        let refused = run(kith(&[args, &["--data", &data]].concat()), "");
        assert_eq!(refused.code, Some(5), "{refused:?}");
        assert!(refused.err.contains("there is no data in"), "{refused:?}");
        assert!(!Path::new(&data).exists(), "{args:?}");
    }
}

#[test]
fn the_configuration_tells_where_each_value_came_from() {
    let (_dir, data) = place();
    fs::create_dir(&data).unwrap();
    let file = format!("{data}/kith.toml");
    fs::write(&file, "session_days = 1\nauth_ms = 2\nheartbeat_ms = 3\n").unwrap();
    let mut command = kith(&["config", "--data", &data, "--set", "session_days=9"]);
    command.env("KITH_SESSION_DAYS", "8").env("KITH_AUTH_MS", "7");
    let shown = run(command, "");
    for line in [
        "session_days = 9  # flag --set session_days",
        "auth_ms = 7  # environment KITH_AUTH_MS",
        &format!("heartbeat_ms = 3  # {file}:heartbeat_ms"),
        "registration = \"open\"  # default",
    ] {
        assert!(shown.out.lines().any(|shown| shown == line), "{line}: {shown:?}");
    }
    let json = run(kith(&["config", "--data", &data, "--json", "--listen", "[::]:1"]), "");
    let json: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(json["registration"], serde_json::json!({"value": "invite", "source": "default"}));
    assert_eq!(json["listen"]["source"], "flag --listen");

    let wrong = run(kith(&["serve", "--data", &data, "--set", "registraton=open"]), "");
    assert_eq!(wrong.code, Some(2), "{wrong:?}");
    assert!(wrong.err.contains("did you mean registration?"), "{wrong:?}");
}

#[test]
fn a_backup_of_a_running_server_comes_back_whole() {
    let (dir, data) = place();
    assert_eq!(add(&data, "ana").code, Some(0));
    let server = Server::start(&data, &[]);
    let begun = server.post("/api/v1/sessions", None, SIGN_IN);
    let (_, token) = begun.split_once("\"token\":\"").unwrap();
    let token = token.split('"').next().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (copy, restored) = (path("copy.db"), path("restored"));

    let made = run(kith(&["backup", &copy, "--data", &data]), "");
    assert_eq!(made.code, Some(0), "{made:?}");
    assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
    let again = run(kith(&["backup", &copy, "--data", &data]), "");
    assert_eq!(again.code, Some(5), "{again:?}");
    let running = run(kith(&["check", "--data", &data]), "");
    assert!(running.code == Some(0) && running.out.starts_with("ok: "), "{running:?}");
    let in_use = run(kith(&["restore", &copy, "--data", &data, "--force"]), "");
    assert_eq!(in_use.code, Some(5), "{in_use:?}");
    assert!(in_use.err.contains("in use"), "{in_use:?}");

    let back = run(kith(&["restore", &copy, "--data", &restored]), "");
    assert_eq!(back.code, Some(0), "{back:?}");
    let twice = run(kith(&["restore", &copy, "--data", &restored]), "");
    assert_eq!(twice.code, Some(5), "{twice:?}");
    assert!(twice.err.contains("--force replaces it"), "{twice:?}");
    let forced = run(kith(&["restore", &copy, "--data", &restored, "--force"]), "");
    assert_eq!(forced.code, Some(0), "{forced:?}");
    let checked = run(kith(&["check", "--data", &restored]), "");
    assert_eq!((checked.code, checked.out.as_str()), (Some(0), "ok: 1 feeds, 1 events\n"));
    let json = run(kith(&["check", "--json", "--data", &restored]), "");
    let all = "{\"contents\":0,\"contents_read\":true,\"events\":1,\"feeds\":1,\"ok\":true,\
               \"strays\":0}\n";
    assert_eq!(json.out, all, "{json:?}");

    let other = Server::start(&restored, &[]);
    let make = |server: &Server| server.post("/api/v1/circles", Some(token), r#"{"name":"Tea"}"#);
    assert!(make(&server).starts_with("HTTP/1.1 201"), "{}", make(&server));
    assert!(make(&other).starts_with("HTTP/1.1 401"), "a session that may have been revoked");
    assert_eq!(other.sign_in("ana", PASSWORD), "201 Created");
    assert_eq!(other.stop("TERM"), Some(0));
    assert_eq!(server.stop("TERM"), Some(0));
}

#[test]
fn damage_is_found() {
    let (dir, data) = place();
    assert_eq!(add(&data, "ana").code, Some(0));
    let copy = dir.path().join("copy.db").to_str().unwrap().to_owned();
    // A backup has no log beside it, so the bytes that are changed are those that are read.
    assert_eq!(run(kith(&["backup", &copy, "--data", &data]), "").code, Some(0));
    let whole = fs::read(&copy).unwrap();
    // Its row, and what free pages still hold of it.
    let mut damaged = whole.clone();
    for at in (0..whole.len() - 15).filter(|at| whole[*at..].starts_with(b"user_registered")) {
        damaged[at] = b'U';
    }
    assert_ne!(damaged, whole);
    let (broken, bad) = (dir.path().join("broken"), dir.path().join("bad.db"));
    fs::create_dir(&broken).unwrap();
    fs::write(broken.join("kith.db"), &damaged).unwrap();
    fs::write(&bad, &damaged).unwrap();

    let broken = broken.to_str().unwrap();
    let found = run(kith(&["check", "--data", broken]), "");
    assert_eq!(found.code, Some(5), "{found:?}");
    assert!(found.out.contains("The hash of event 1 of site is wrong."), "{found:?}");
    let json = run(kith(&["check", "--json", "--data", broken]), "");
    assert_eq!(json.code, Some(5), "{json:?}");
    let json: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(json["ok"], false);
    let refused = run(kith(&["backup", "never.db", "--data", broken]), "");
    assert_eq!(refused.code, Some(5), "{refused:?}");
    let restored = run(kith(&["restore", bad.to_str().unwrap(), "--data", &data, "--force"]), "");
    assert_eq!(restored.code, Some(5), "{restored:?}");
    assert!(restored.err.contains("bad.db"), "{restored:?}");
    assert_eq!(run(kith(&["check", "--data", &data]), "").code, Some(0));
}

#[test]
fn what_follows_from_events_is_made_anew() {
    let (_dir, data) = place();
    assert_eq!(add(&data, "ana").code, Some(0));
    forget_name(&data, "ana");
    let found = run(kith(&["check", "--data", &data]), "");
    assert_eq!(found.code, Some(5), "{found:?}");
    assert_eq!(found.out, "Document \"ana\" of name is missing.\n");
    let repaired = run(kith(&["admin", "repair", "--data", &data]), "");
    assert_eq!(repaired.code, Some(0), "{repaired:?}");
    assert!(repaired.out.ends_with("1 documents were made anew\n"), "{repaired:?}");
    assert_eq!(run(kith(&["check", "--data", &data]), "").code, Some(0));
    let server = Server::start(&data, &[]);
    assert_eq!(server.sign_in("ana", PASSWORD), "201 Created");
    assert_eq!(server.stop("TERM"), Some(0));
}

/// Loses the document by which a user is found by name.
fn forget_name(data: &str, name: &str) {
    let path = Path::new(data).join("kith.db");
    let store = kith_store_sqlite::SqliteStore::open(&path, Default::default()).unwrap();
    let key = DocKey { collection: "name", key: name.to_owned() };
    let batch = Batch { writes: vec![DocWrite { key, body: None }], ..Batch::default() };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(store.commit(vec![batch])).remove(0).unwrap();
}

#[test]
fn the_demo_is_there_however_often_it_starts() {
    let (dir, data) = place();
    for _ in 0..2 {
        let server = Server::start(&data, &["--demo"]);
        let ana = program::Person::new(format!("http://{}", server.address));
        let signed_in = run(ana.command(&["login", "ana"]), "riverside makers\n");
        assert_eq!(signed_in.code, Some(0), "{signed_in:?}");
        let read = ana.done(&["read", "Riverside Makers/general"]);
        assert!(read.contains("About the kettle"), "{read}");
        assert_eq!(server.stop("TERM"), Some(0));
    }
    let other = dir.path().join("other").to_str().unwrap().to_owned();
    assert_eq!(add(&other, "ana").code, Some(0));
    let refused = ["serve", "--demo", "--listen", "127.0.0.1:0", "--data", &other];
    let refused = run(kith(&refused), "");
    assert_eq!(refused.code, Some(2), "{refused:?}");
    let exposed = ["serve", "--demo", "--listen", "0.0.0.0:0", "--set", "allow_plain_http=true"];
    let exposed = run(kith(&[&exposed[..], &["--data", &other]].concat()), "");
    assert_eq!(exposed.code, Some(2), "{exposed:?}");
}

#[test]
fn whoever_opens_what_it_prints_first_owns_it() {
    let (_dir, data) = place();
    let mut command = kith(&["serve", "--listen", "127.0.0.1:0", "--data", &data]);
    let mut child = command.stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
    let listening = lines.next().unwrap().unwrap();
    let link = lines.next().unwrap().unwrap();
    let link = link.split_whitespace().last().unwrap();
    let (_, server) = listening.split_once("http://").unwrap();
    assert!(link.starts_with(&format!("http://{server}/signup#owner=")), "{link}");
    let ana = program::Person::new(format!("http://{server}"));
    let done = run(ana.command(&["signup", "ana", "--owner", link]), PASSWORD);
    assert_eq!(done.code, Some(0), "{done:?}");
    let bob = program::Person::new(format!("http://{server}"));
    let done = run(bob.command(&["signup", "bob"]), PASSWORD);
    assert_eq!(done.code, Some(0), "{done:?}");
    let late = bob.say(&["claim", link]);
    assert!(late.code == Some(1) && late.err.contains("has been used"), "{late:?}");
    let pid = child.id().to_string();
    assert!(
        std::process::Command::new("kill").args(["-s", "TERM", &pid]).status().unwrap().success()
    );
    child.wait().unwrap();
    let server = Server::start(&data, &[]);
    let listed = run(kith(&["admin", "user", "list", "--data", &data]), "");
    assert_eq!(listed.code, Some(5), "the data is in use: {listed:?}");
    assert_eq!(server.stop("TERM"), Some(0));
    let listed = run(kith(&["admin", "user", "list", "--data", &data]), "");
    assert!(listed.out.contains("ana, admin\n") && listed.out.contains("bob\n"), "{listed:?}");
}
