//! Files in a bucket: kept there, through failures of the store and of the server, moved and
//! checked.

use std::fs;
use std::process::Stdio;

use image::{ImageFormat, Rgb, RgbImage};
use kith_blob::bucket::{ACCESS, BUCKET, Bucket, Fault, SECRET};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::files::{encoded, tea};
use crate::program::{Server, kith, run};
use crate::{PASSWORD, place};

/// A bucket, and the data of a server that is told to use it.
struct Rig {
    dir: TempDir,
    data: String,
    bucket: Bucket,
    _runtime: Runtime,
}

impl Rig {
    fn open() -> Self {
        let (dir, data) = place();
        let runtime = Runtime::new().unwrap();
        let bucket = runtime.block_on(Bucket::open());
        fs::create_dir(&data).unwrap();
        let rig = Self { dir, data, bucket, _runtime: runtime };
        fs::write(rig.path("secret"), format!("{SECRET}\n")).unwrap();
        rig.set("s3", "");
        rig
    }

    /// Says where files are, and more about the bucket.
    fn set(&self, store: &str, more: &str) {
        let (endpoint, secret) = (self.bucket.endpoint(), self.path("secret"));
        let text = format!(
            "[files]\nstore = \"{store}\"\nfree_percent = 1\n[files.s3]\nendpoint = \"{endpoint}\"\n\
             allow_plain_http = true\nbucket = \"{BUCKET}\"\nprefix = \"kith\"\n\
             access_key = \"{ACCESS}\"\nsecret_key_file = \"{secret}\"\ntimeout_ms = 3000\n\
             retries = 1\n{more}"
        );
        fs::write(format!("{}/kith.toml", self.data), text).unwrap();
    }

    /// The names of all contents in the bucket, and of nothing that belongs to no server.
    fn contents(&self) -> Vec<String> {
        let mut names = self.bucket.names();
        names.retain(|name| name != "kith/kith-owner");
        names
    }

    fn path(&self, name: &str) -> String {
        self.dir.path().join(name).to_str().unwrap().to_owned()
    }

    /// What a command over the data prints that has to end so.
    #[track_caller]
    fn say(&self, args: &[&str], code: i32) -> String {
        let ended = run(kith(&[args, &["--data", &self.data]].concat()), "");
        assert_eq!(ended.code, Some(code), "{args:?}: {ended:?}");
        ended.out + &ended.err
    }
}

fn body(answer: &str) -> Value {
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}

/// A token of somebody.
fn token(server: &Server, name: &str) -> String {
    let account =
        serde_json::json!({ "name": name, "password": PASSWORD.trim_end(), "kind": "token" });
    let begun = body(&server.post("/api/v1/sessions", None, &account.to_string()));
    begun["token"].as_str().unwrap().to_owned()
}

fn content() -> Vec<u8> {
    (0..12_000_000_u32).map(|n| (n % 251) as u8).collect()
}

#[test]
fn files_live_in_a_bucket_and_move_from_there_and_back() {
    let rig = Rig::open();
    let server = Server::start(&rig.data, &[]);
    assert_eq!(rig.contents(), Vec::<String>::new(), "nothing is left of the trial");
    let (ana, bob) = tea(&server);
    let path = |name: &str| rig.path(name);
    let orange = RgbImage::from_pixel(1600, 900, Rgb([250, 120, 10]));
    fs::write(path("orange.png"), encoded(orange, ImageFormat::Png)).unwrap();
    fs::write(path("list.bin"), content()).unwrap();
    let (list, image) = (path("list.bin"), path("orange.png"));
    ana.done(&["send", "Tea/general", "--file", &list, "--file", &image]);
    // The list, the image, and what the server made of it: a thumbnail and a square.
    let names = rig.contents();
    assert_eq!(names.len(), 4, "{names:?}");
    assert!(names.iter().all(|name| name.starts_with("kith/")), "{names:?}");
    assert!(!fs::exists(format!("{}/files/blobs", rig.data)).unwrap());

    // Down, from the middle of one and the whole of the other, with its thumbnail.
    let read = bob.done(&["read", "Tea/general", "--json"]);
    let message: Value = serde_json::from_str(read.trim_end()).unwrap();
    let here = path("here");
    fs::create_dir(&here).unwrap();
    fs::write(path("here/list.bin.part"), &content()[..9_000_000]).unwrap();
    let seq = message["seq"].to_string();
    bob.done(&["download", "Tea/general", &seq, "--to", &here]);
    assert!(fs::read(path("here/list.bin")).unwrap() == content());
    assert_eq!(fs::read(path("here/orange.png")).unwrap(), fs::read(&image).unwrap());
    let ana_token = token(&server, "ana");
    let id = message["files"][1]["id"].as_str().unwrap();
    let small = server.bytes_as(&format!("/api/v1/files/{id}/thumbnail"), &ana_token);
    let at = small.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
    assert_eq!(image::load_from_memory(&small[at..]).unwrap().width(), 640);

    // What nothing refers to goes at once when its owner says so.
    let begun = server.post("/api/v1/files", Some(&ana_token), r#"{"name":"a.txt","bytes":3}"#);
    let line = format!("/api/v1/files/{}", body(&begun)["id"].as_str().unwrap());
    let offset = "upload-offset: 0\r\n";
    let done = server.request(&format!("PATCH {line}"), &ana_token, offset, "tea");
    assert!(body(&done)["file"].is_object(), "{done}");
    assert_eq!(rig.contents().len(), 5);
    let gone = server.request(&format!("DELETE {line}"), &ana_token, "", "");
    assert!(gone.starts_with("HTTP/1.1 200 "), "{gone}");
    assert_eq!(rig.contents(), names);
    // `check` runs when it has stopped.
    assert_eq!(server.stop("TERM"), Some(0));

    let told = rig.say(&["check"], 0);
    assert!(told.contains(", 4 contents of files\n") && told.contains("were not read"), "{told}");
    let backup = path("copy.db");
    let told = rig.say(&["backup", &backup], 0);
    assert!(told.contains("the contents of files stay in s3://tea/kith at http://"), "{told}");
    assert!(!fs::exists(path("copy.db.files")).unwrap());
    let backup = path("all.db");
    let told = rig.say(&["backup", &backup, "--contents"], 0);
    assert!(told.contains("with 4 contents of files in "), "{told}");
    assert!(!fs::exists(path("all.db.files.part")).unwrap());
    #[cfg(unix)]
    only_their_owner_may_read(path("all.db.files").as_ref());
    // All contents break off, and nothing is left of what came of them.
    let faults = [vec![Fault::Pass; 3], vec![Fault::Cut; 4], vec![Fault::Status(500); 16]];
    faults.concat().into_iter().for_each(|fault| rig.bucket.fail(&http::Method::GET, fault));
    rig.say(&["backup", &path("none.db"), "--contents"], 5);
    rig.bucket.mend();
    assert!(!fs::exists(path("none.db.files.part")).unwrap());

    // Out of the bucket, in two goes, of which the first is cut off.
    rig.bucket.set_down(true);
    let told = rig.say(&["admin", "files", "move", "--to", "disk"], 5);
    assert!(told.contains("the files cannot be reached: "), "{told}");
    rig.bucket.set_down(false);
    let told = rig.say(&["admin", "files", "move", "--to", "disk"], 0);
    assert!(told.contains("4 contents of files are in ") && told.contains("\"disk\""), "{told}");
    let told = rig.say(&["admin", "files", "move", "--to", "disk", "--remove"], 2);
    assert!(told.contains("files.store is not disk yet"), "{told}");
    rig.set("disk", "");
    assert!(rig.say(&["check"], 0).contains(", 4 contents of files\n"));
    let told = rig.say(&["admin", "files", "move", "--to", "disk", "--remove", "--json"], 0);
    let told: Value = serde_json::from_str(told.trim_end()).unwrap();
    assert_eq!((&told["removed"], &told["left"]), (&4.into(), &0.into()), "{told}");
    assert_eq!(rig.contents(), Vec::<String>::new());

    // And into it, while a server runs, and by a restore.
    let server = Server::start(&rig.data, &[]);
    // But not to where that server writes.
    let part = format!("{}/files/blobs/00.part", rig.data);
    fs::write(&part, "te").unwrap();
    let told = rig.say(&["admin", "files", "move", "--to", "disk"], 5);
    assert!(told.contains("in use by a running server"), "{told}");
    assert!(fs::exists(&part).unwrap(), "it was not even looked at");
    let told = rig.say(&["admin", "files", "move", "--to", "s3"], 0);
    assert!(told.contains("a server runs: stop it"), "{told}");
    assert_eq!(server.stop("TERM"), Some(0));
    assert_eq!(rig.contents(), names);
    rig.set("s3", "");
    let lost = rig.bucket.object(&names[0]).unwrap();
    rig.bucket.put(&names[0], b"coffee");
    rig.say(&["check"], 0);
    let told = rig.say(&["check", "--contents"], 5);
    assert!(told.contains("is damaged.\n"), "{told}");
    rig.bucket.put(&names[0], &lost);
    rig.bucket.fail(&http::Method::GET, Fault::Cut);
    rig.say(&["check", "--contents"], 0);
}

#[cfg(unix)]
fn only_their_owner_may_read(path: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt;
    let found = fs::metadata(path).unwrap();
    assert_eq!(found.permissions().mode() & 0o077, 0, "{}", path.display());
    if found.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            only_their_owner_may_read(&entry.unwrap().path());
        }
    }
}

#[test]
fn a_store_that_fails_is_told_of_and_loses_nothing_that_was_acknowledged() {
    let rig = Rig::open();
    let server = Server::start(&rig.data, &[]);
    let (ana, bob) = tea(&server);
    fs::write(rig.path("list.bin"), content()).unwrap();
    fs::write(rig.path("note.txt"), "black tea").unwrap();
    ana.done(&["send", "Tea/general", "--file", &rig.path("note.txt")]);

    rig.bucket.set_down(true);
    let seq = |read: &str| read.split(' ').nth(2).unwrap().to_owned();
    let number = seq(&bob.done(&["read", "Tea/general"]));
    let here = rig.path("here");
    fs::create_dir(&here).unwrap();
    let ana_token = token(&server, "ana");
    let begun = server.post("/api/v1/files", Some(&ana_token), r#"{"name":"a.txt","bytes":3}"#);
    let line = format!("/api/v1/files/{}", body(&begun)["id"].as_str().unwrap());
    let patch = format!("PATCH {line}");
    let failed = server.request(&patch, &ana_token, "upload-offset: 0\r\n", "tea");
    assert!(failed.starts_with("HTTP/1.1 503 "), "{failed}");
    assert_eq!(body(&failed)["code"], "file.failed", "{failed}");
    // The server serves, and says what is wrong.
    let ready = server.get("/readyz");
    assert!(
        ready.starts_with("HTTP/1.1 200 ") && ready.ends_with("files: unreachable\n"),
        "{ready}"
    );
    assert!(server.get("/metrics").contains("\nkith_files_reachable 0\n"));
    ana.done(&["send", "Tea/general", "the files are away"]);
    rig.bucket.set_down(false);
    // All of it came before, and it goes on from there.
    let done = server.request(&patch, &ana_token, "upload-offset: 3\r\n", "");
    assert!(body(&done)["file"].is_object(), "{done}");
    assert!(server.get("/readyz").ends_with("\r\n\r\nready\n"));
    assert!(server.get("/metrics").contains("\nkith_files_reachable 1\n"));
    bob.done(&["download", "Tea/general", &number, "--to", &here]);
    assert_eq!(fs::read(rig.path("here/note.txt")).unwrap(), b"black tea");

    // The server dies while the bucket has some of it and not yet all.
    rig.bucket.fail(&http::Method::POST, Fault::Status(503));
    rig.bucket.fail(&http::Method::PUT, Fault::Silence);
    let before = rig.bucket.asked().len();
    let mut send = ana.command(&["send", "Tea/general", "--file", &rig.path("list.bin")]);
    let child = send.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = child.spawn().unwrap();
    while !rig.bucket.asked()[before..].iter().any(|asked| asked.contains("partNumber=1")) {}
    let address = server.address;
    server.kill();
    assert_eq!(rig.contents().len(), 2, "it is not there before all of it is");
    let server = Server::start_at(address, &rig.data);
    let ended = child.wait_with_output().unwrap();
    assert!(ended.status.success(), "{ended:?}");
    assert_eq!(rig.contents().len(), 3);
    let number = seq(&bob.done(&["read", "Tea/general", "--limit", "1"]));
    bob.done(&["download", "Tea/general", &number, "--to", &here]);
    assert!(fs::read(rig.path("here/list.bin")).unwrap() == content());
    assert_eq!(server.stop("TERM"), Some(0));
    rig.say(&["check", "--contents"], 0);
}

#[test]
fn a_bucket_belongs_to_one_server_until_another_adopts_it() {
    let rig = Rig::open();
    assert_eq!(Server::start(&rig.data, &[]).stop("TERM"), Some(0));
    assert_eq!(Server::start(&rig.data, &[]).stop("TERM"), Some(0));
    let other = rig.path("other");
    fs::create_dir(&other).unwrap();
    fs::copy(format!("{}/kith.toml", rig.data), format!("{other}/kith.toml")).unwrap();
    let serve = |data: &str| run(kith(&["serve", "--listen", "127.0.0.1:0", "--data", data]), "");
    let refused = serve(&other);
    assert_eq!(refused.code, Some(5), "{refused:?}");
    assert!(refused.err.contains("has the contents of another server"), "{refused:?}");
    let apart = Server::start(&other, &["--set", "files.s3.prefix=other"]);
    assert_eq!(apart.stop("TERM"), Some(0));
    let adopted = run(kith(&["admin", "files", "adopt", "--data", &other]), "");
    assert!(adopted.out.contains("are this server's"), "{adopted:?}");
    assert_eq!(Server::start(&other, &[]).stop("TERM"), Some(0));
    assert_eq!(serve(&rig.data).code, Some(5), "it is no longer this one's");
}

#[test]
fn a_bucket_that_cannot_be_used_stops_the_start_and_its_secret_is_never_shown() {
    let rig = Rig::open();
    let serve = |set: &[&str]| {
        let set = set.iter().flat_map(|pair| ["--set", pair]);
        let args = ["serve", "--listen", "127.0.0.1:0", "--data", &rig.data, "--set", "log=trace"];
        run(kith(&args.into_iter().chain(set).collect::<Vec<_>>()), "")
    };
    let at = rig.bucket.endpoint();
    let check = |set: &[&str], code: i32, expected: &str| {
        let ended = serve(set);
        assert_eq!(ended.code, Some(code), "{set:?}: {}", ended.err);
        assert!(ended.err.contains(expected), "{set:?}: {}", ended.err);
        assert!(!ended.err.contains(SECRET) && !ended.out.contains(SECRET), "{set:?}");
    };
    let missing =
        format!("the files cannot be reached: there is no bucket coffee at {at} (server.setup)\n");
    check(&["files.s3.bucket=coffee"], 5, &missing);
    check(&["files.s3.access_key=bob"], 5, "refuses its keys, or what they ask for: InvalidAccess");
    check(&["files.s3.endpoint=http://127.0.0.1:1"], 5, "nothing answers at http://127.0.0.1:1: ");
    check(&["files.s3.ca_file=nowhere.pem"], 2, "nowhere.pem: ");
    check(&["files.s3.secret_key_file=nowhere"], 2, "cannot read nowhere: ");
    check(&["files.s3.allow_plain_http=false"], 2, "cross the network as plain text");
    check(&["files.s3.bucket="], 2, "files.s3.endpoint is set, but files.s3.bucket is not");
    let argument = format!("files.s3.secret_key={SECRET}");
    check(&[&argument], 2, "everybody on this machine sees what is in a command");

    // In the file itself, and in the environment.
    rig.set("s3", &format!("secret_key = \"{SECRET}\"\n"));
    check(&[], 2, "both files.s3.secret_key and files.s3.secret_key_file are set");
    for json in [&["--json"][..], &[]] {
        let set = ["config", "--data", &rig.data, "--set", "files.s3.secret_key_file="];
        let shown = run(kith(&[&set[..], json].concat()), "");
        assert!(shown.code == Some(0) && shown.out.contains("***"), "{shown:?}");
        assert!(!shown.out.contains(SECRET), "{shown:?}");
    }
    rig.set("s3", "");
    let mut command = kith(&["config", "--data", &rig.data, "--set", "files.s3.secret_key_file="]);
    command.env("KITH_FILES__S3__SECRET_KEY", SECRET);
    let shown = run(command, "");
    let line = "files.s3.secret_key = \"***\"  # environment KITH_FILES__S3__SECRET_KEY\n";
    assert!(shown.out.contains(line), "{shown:?}");
    // A file that is no TOML is not repeated.
    rig.set("s3", &format!("secret_key = \"{SECRET}\nx"));
    let shown = run(kith(&["config", "--data", &rig.data]), "");
    assert!(shown.code == Some(2) && !shown.err.contains(SECRET), "{shown:?}");
}
