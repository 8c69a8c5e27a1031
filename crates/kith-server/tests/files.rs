//! Files over real sockets: up in parts, down to those who may, harmless, and gone when nothing
//! refers to them.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

#[path = "files/gated.rs"]
mod gated;
#[path = "files/held.rs"]
mod held;
#[path = "files/http.rs"]
mod http;
#[path = "common/site.rs"]
mod site;

use kith_core::decide::file::{FileLimits, Found, NewFile};
use kith_core::document::Thumbnail;
use kith_core::file::BlobHash;
use kith_core::text::{FileName, MediaType};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

use crate::site::Server;

/// Ana and bob in a circle; their tokens, its id and that of its stream.
struct Tea {
    server: Server,
    ana: String,
    bob: String,
    circle: String,
    stream: String,
}

impl Tea {
    async fn open() -> Self {
        Self::with(Server::open().await).await
    }

    async fn with(server: Server) -> Self {
        let (ana, bob) = (server.user("ana").await, server.user("bob").await);
        let tea = r#"{"name":"Tea","public":true}"#;
        let (_, made) = server.rest(&ana, "POST /circles", tea).await;
        let text = |name: &str| made[name].as_str().unwrap().to_owned();
        let (circle, stream) = (text("circle"), text("stream"));
        server.rest(&bob, &format!("POST /circles/{circle}/join"), "").await;
        let (status, _) = server.rest(&bob, &format!("GET /circles/{circle}"), "").await;
        assert_eq!(status, 200, "bob is in");
        Self { server, ana, bob, circle, stream }
    }

    async fn get(&self, token: &str, path: &str, headers: &str) -> http::Got {
        self.server.bytes(token, &format!("GET {path}"), headers, b"").await
    }
}

fn content(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|n| (n % 251) as u8).collect()
}

fn hash(content: &[u8]) -> String {
    BlobHash::of(content).to_string()
}

#[tokio::test]
async fn a_file_goes_up_in_parts_and_comes_down_as_it_was() {
    let tea = Tea::open().await;
    let (server, ana) = (&tea.server, &tea.ana);
    let whole = content(300_000);
    let id = server.begin(ana, "Łódź.bin", whole.len()).await;
    for (from, to) in [(0, 100_000), (100_000, 100_001), (100_001, 300_000)] {
        let state = tea.get(ana, &format!("/files/{id}"), "").await;
        assert_eq!(state.json()["offset"], from, "it says where it stands");
        assert_eq!(state.header("upload-offset"), Some(from.to_string().as_str()));
        let wrong = server.patch(ana, &id, from + 1, &whole[from..to]).await;
        assert_eq!((wrong.status, wrong.code().as_str()), (409, "file.offset"));
        let got = server.patch(ana, &id, from, &whole[from..to]).await;
        assert_eq!(got.json()["offset"], to, "{}", got.json());
    }
    let state = tea.get(ana, &format!("/files/{id}"), "").await.json();
    let file = &state["file"];
    let seen = (&file["name"], &file["bytes"], &file["hash"], &file["type"]);
    let octets = "application/octet-stream";
    assert_eq!(seen, (&json!("Łódź.bin"), &json!(300_000), &json!(hash(&whole)), &json!(octets)));
    // Whoever did not hear that it is done says the last part again.
    let again = server.patch(ana, &id, whole.len(), b"").await;
    assert_eq!(again.json()["file"], *file);

    let message = server.post_files(ana, &tea.stream, &[&id]).await;
    let shown = tea.get(&tea.bob, &message, "").await.json();
    assert_eq!((&shown["text"], &shown["files"][0]), (&json!(""), file), "one answer says it all");
    let path = format!("{message}/files/{id}");
    let got = tea.get(&tea.bob, &path, "").await;
    assert!(got.status == 200 && got.body == whole);
    let part = tea.get(&tea.bob, &path, "range: bytes=299990-\r\n").await;
    assert_eq!((part.status, part.body.as_slice()), (206, &whole[299_990..]));
    assert_eq!(part.header("content-range"), Some("bytes 299990-299999/300000"));
    let beyond = tea.get(&tea.bob, &path, "range: bytes=300000-\r\n").await;
    assert_eq!((beyond.status, beyond.code().as_str()), (416, "file.range"));
    let etag = got.header("etag").unwrap();
    let known = tea.get(&tea.bob, &path, &format!("if-none-match: {etag}\r\n")).await;
    assert_eq!((known.status, known.body.len()), (304, 0));
    let head = server.bytes(&tea.bob, &format!("HEAD {path}"), "", b"").await;
    assert_eq!((head.status, head.header("content-length")), (200, Some("300000")));
    assert_eq!(server.coming(), 0, "nothing is left of the upload");
}

#[tokio::test]
async fn what_arrived_before_a_connection_was_lost_need_not_come_again() {
    let tea = Tea::open().await;
    let (server, ana) = (&tea.server, &tea.ana);
    let whole = content(200_000);
    let id = server.begin(ana, "a.bin", whole.len()).await;
    let line = format!("PATCH /files/{id}");
    let mut lost = server.half(ana, &line, &whole[..150_000], whole.len()).await;
    lost.shutdown().await.unwrap();
    drop(lost);
    // It is noted once the server has noticed.
    let at = loop {
        let state = tea.get(ana, &format!("/files/{id}"), "").await.json();
        match state["offset"].as_u64().unwrap() {
            0 => tokio::task::yield_now().await,
            at => break usize::try_from(at).unwrap(),
        }
    };
    assert!(at <= 150_000);
    // One that hangs gives way to whoever comes after.
    let hangs = server.half(ana, &line, b"", 10).await;
    let got = server.patch(ana, &id, at, &whole[at..]).await;
    assert_eq!(got.json()["file"]["hash"], hash(&whole), "{}", got.json());
    drop(hangs);
}

#[tokio::test]
async fn beginning_an_upload_twice_under_one_name_begins_one() {
    let tea = Tea::open().await;
    let begin = async |key: &str, bytes: u64| {
        let body = json!({ "name": "a.txt", "bytes": bytes }).to_string();
        let headers = format!("idempotency-key: {key}\r\n");
        tea.server.bytes(&tea.ana, "POST /files", &headers, body.as_bytes()).await.json()
    };
    let first = begin("one", 3).await;
    assert_eq!(begin("one", 3).await["id"], first["id"]);
    assert_ne!(begin("two", 3).await["id"], first["id"]);
    assert_eq!(begin("one", 4).await["code"], "op.reused");
}

#[tokio::test]
async fn sizes_types_and_numbers_are_limited() {
    let server = Server::open_with(|settings| {
        settings.files_bytes_max = 1000;
        settings.files_user_bytes = 2500;
        settings.files_user_per_day = 8;
        settings.files_types = "text/*, !text/html".to_owned();
    });
    let tea = Tea::with(server.await).await;
    let (server, ana) = (&tea.server, &tea.ana);
    let begin = async |token: &str, body: Value| {
        let got = server.bytes(token, "POST /files", "", body.to_string().as_bytes()).await;
        (got.status, got.code())
    };
    let refused = |status: u16, code: &str| (status, code.to_owned());
    let of = |bytes: u64| json!({ "name": "a", "bytes": bytes });
    assert_eq!(begin(ana, of(1001)).await, refused(413, "file.too_large"));
    assert_eq!(begin(ana, of(u64::MAX)).await.1, "file.too_large");
    for _ in 0..2 {
        assert_eq!(begin(ana, of(1000)).await.0, 201);
    }
    assert_eq!(begin(ana, of(501)).await, refused(507, "file.quota"));
    for _ in 0..6 {
        assert_eq!(begin(ana, of(1)).await.0, 201);
    }
    assert_eq!(begin(ana, of(1)).await, refused(429, "file.too_many"));
    assert_eq!(begin(&tea.bob, of(1)).await.0, 201, "others have limits of their own");

    let id = server.begin(&tea.bob, "a", 5).await;
    let more = server.patch(&tea.bob, &id, 0, b"123456").await;
    assert_eq!((more.status, more.code().as_str()), (413, "input.too_large"));
    for (name, content) in [("a.txt", "<!doctype html><script>"), ("a.png", "\u{89}\0PNG")] {
        let id = server.begin(&tea.bob, name, content.len()).await;
        let got = server.patch(&tea.bob, &id, 0, content.as_bytes()).await;
        assert_eq!((got.status, got.code().as_str()), (415, "file.type"), "{name}");
        assert_eq!(tea.get(&tea.bob, &format!("/files/{id}"), "").await.status, 404, "it is gone");
    }
    let announced = json!({ "name": "a", "bytes": 3, "hash": hash(b"tea") }).to_string();
    for (content, status, code) in [("tea", 200, ""), ("tee", 409, "file.wrong_hash")] {
        let (_, begun) = server.rest(&tea.bob, "POST /files", &announced).await;
        let id = begun["id"].as_str().unwrap();
        let got = server.patch(&tea.bob, id, 0, content.as_bytes()).await;
        assert_eq!((got.status, got.code().as_str()), (status, code));
    }
}

#[tokio::test]
async fn names_that_are_paths_are_refused_and_never_reach_the_disk() {
    let tea = Tea::open().await;
    for name in ["../../etc/passwd", "..", "a/b", "..\\a", "C:\\a", "a\0", "\u{202e}gpj.exe", ""] {
        let body = json!({ "name": name, "bytes": 3 }).to_string();
        let (status, told) = tea.server.rest(&tea.ana, "POST /files", &body).await;
        assert_eq!(status, 400, "{name:?}: {told}");
    }
    for id in
        ["..%2f..%2fetc%2fpasswd", "..", "%2e%2e%2fblobs", "f_", "f_0000000000000000000000000a/x"]
    {
        for line in ["GET", "PATCH", "DELETE"] {
            let line = format!("{line} /files/{id}");
            let got = tea.server.bytes(&tea.ana, &line, "upload-offset: 0\r\n", b"tea").await;
            assert!(matches!(got.status, 404 | 405), "{line}: {got:?}");
        }
    }
    assert_eq!((tea.server.stored(), tea.server.coming()), (0, 0));
    // What names mean to a file system means nothing here.
    let id = tea.server.upload(&tea.ana, "~nul .lnk", b"tea").await;
    let stored = tea.server.dir.path().join("blobs");
    let name = hash(b"tea");
    assert_eq!(std::fs::read(stored.join(&name[..2]).join(&name)).unwrap(), b"tea");
    let got = tea.get(&tea.ana, &format!("/files/{id}/content"), "").await;
    assert_eq!(got.body, b"tea");
}

#[tokio::test]
async fn what_a_browser_would_run_is_saved_and_never_shown() {
    let tea = Tea::open().await;
    let hostile: [(&str, &[u8]); 9] = [
        ("a.html", b"<!doctype html><script>alert(1)</script>"),
        ("a.png", b"<html><body onload=alert(1)>"),
        ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
        ("a.xml", b"<?xml version='1.0'?><x:script xmlns:x='http://www.w3.org/1999/xhtml'/>"),
        ("a.js", b"alert(1)"),
        (
            "a.pdf",
            b"%PDF-1.7\n1 0 obj<</Type/Catalog/OpenAction<</S/JavaScript/JS(app.alert(1))>>>>",
        ),
        ("a.gif", b"GIF89a/*\x01\0\x01\0*/=1;alert(1)//"),
        ("a.swf", b"CWS\x0a\0\0\0\0"),
        ("a.htm", b"\xef\xbb\xbf\n<IFRAME srcdoc='<script>alert(1)</script>'>"),
    ];
    for (name, content) in hostile {
        let id = tea.server.upload(&tea.ana, name, content).await;
        let message = tea.server.post_files(&tea.ana, &tea.stream, &[&id]).await;
        for path in [format!("{message}/files/{id}"), format!("/files/{id}/content")] {
            let got = tea.get(&tea.ana, &path, "").await;
            assert_eq!(got.body, content, "{name}");
            let told = got.header("content-type").unwrap();
            assert_eq!(told, "application/octet-stream", "{name}");
            assert!(
                got.header("content-disposition").unwrap().starts_with("attachment; "),
                "{name}"
            );
            for (header, value) in [
                ("content-security-policy", "sandbox; default-src 'none'"),
                ("x-content-type-options", "nosniff"),
                ("cross-origin-resource-policy", "same-origin"),
                ("cache-control", "private, no-cache"),
                ("referrer-policy", "no-referrer"),
            ] {
                assert_eq!(got.header(header), Some(value), "{name}");
            }
        }
    }
}

#[tokio::test]
async fn a_file_is_brought_to_those_who_may_read_its_message_and_to_nobody_else() {
    let tea = Tea::open().await;
    let (server, ana, bob) = (&tea.server, &tea.ana, &tea.bob);
    let cyd = server.user("cyd").await;
    let id = server.upload(ana, "a.txt", b"tea").await;
    let own = format!("/files/{id}");
    for (token, status) in [(ana, 200), (bob, 404), (&cyd, 404)] {
        assert_eq!(tea.get(token, &own, "").await.status, status);
        assert_eq!(tea.get(token, &format!("{own}/content"), "").await.status, status);
    }
    let stolen = json!({ "files": [id] }).to_string();
    let line = format!("PUT /streams/{}/messages/stolen", tea.stream);
    assert_eq!(server.rest(bob, &line, &stolen).await.1["code"], "file.not_found");
    assert_eq!(server.rest(bob, &format!("DELETE {own}"), "").await.1["code"], "file.not_found");

    let message = server.post_files(ana, &tea.stream, &[&id]).await;
    let path = format!("{message}/files/{id}");
    assert_eq!(tea.get(bob, &path, "").await.body, b"tea");
    assert_eq!(tea.get(&cyd, &path, "").await.code(), "stream.not_found");
    // By another message, however near, it is not there.
    let other = server.upload(ana, "b.txt", b"coffee").await;
    let beside = server.post_files(ana, &tea.stream, &[&other]).await;
    assert_eq!(tea.get(bob, &format!("{beside}/files/{id}"), "").await.code(), "file.not_found");

    let (_, me) = server.rest(bob, "GET /users/me", "").await;
    let kick = format!("DELETE /circles/{}/members/{}", tea.circle, me["id"].as_str().unwrap());
    assert_eq!(server.rest(ana, &kick, "").await.0, 200);
    for _ in 0..3 {
        assert_eq!(tea.get(bob, &path, "").await.code(), "stream.not_found", "after the kick");
    }
}

#[tokio::test]
async fn what_nothing_refers_to_is_gone_and_what_something_does_stays() {
    let tea = Tea::open().await;
    let (server, ana, bob) = (&tea.server, &tea.ana, &tea.bob);
    // Two files of one content, one of them in two messages.
    let one = server.upload(ana, "one.txt", b"tea").await;
    let two = server.upload(bob, "two.txt", b"tea").await;
    assert_eq!(server.stored(), 1, "one content is stored once");
    let first = server.post_files(ana, &tea.stream, &[&one]).await;
    let body = json!({ "text": "again", "files": [one] }).to_string();
    let line = format!("PUT /streams/{}/messages/again", tea.stream);
    let again = server.rest(ana, &line, &body).await.1["events"][0]["seq"].clone();
    let again = format!("/streams/{}/messages/{again}", tea.stream);
    assert_eq!(
        server.rest(ana, &format!("DELETE /files/{one}"), "").await.1["code"],
        "file.in_use"
    );

    assert_eq!(server.rest(ana, &format!("DELETE {first}"), "").await.0, 200);
    server.app.expire_files().await.unwrap();
    assert_eq!(tea.get(bob, &format!("{again}/files/{one}"), "").await.body, b"tea");
    assert_eq!(server.rest(ana, &format!("DELETE {again}"), "").await.0, 200);
    server.app.expire_files().await.unwrap();
    assert_eq!(tea.get(ana, &format!("/files/{one}"), "").await.status, 404);
    let own = format!("/files/{two}/content");
    assert_eq!(tea.get(bob, &own, "").await.body, b"tea", "the other has the content as well");
    assert_eq!(server.rest(bob, &format!("DELETE /files/{two}"), "").await.0, 200);
    assert_eq!(server.stored(), 0);
    // An upload that is given up leaves nothing either, and no room taken.
    let id = server.begin(ana, "a", 10).await;
    server.patch(ana, &id, 0, b"black").await;
    assert_eq!(server.coming(), 1);
    assert_eq!(server.rest(ana, &format!("DELETE /files/{id}"), "").await.0, 200);
    assert_eq!(server.coming(), 0);
}

#[tokio::test]
async fn a_damaged_content_is_never_brought_as_if_it_were_whole() {
    let tea = Tea::open().await;
    let whole = content(200_000);
    let id = tea.server.upload(&tea.ana, "a.bin", &whole).await;
    let name = hash(&whole);
    let path = tea.server.dir.path().join("blobs").join(&name[..2]).join(&name);
    let mut damaged = whole.clone();
    damaged[123_456] ^= 1;
    std::fs::write(&path, damaged).unwrap();
    let got = tea.get(&tea.ana, &format!("/files/{id}/content"), "").await;
    assert!(got.body.len() < whole.len(), "it ends before, and so is known to be broken");
    std::fs::remove_file(path).unwrap();
    let got = tea.get(&tea.ana, &format!("/files/{id}/content"), "").await;
    assert_eq!((got.status, got.code().as_str()), (503, "file.damaged"));
}

/// An image of a user, of whose square these are the bytes.
async fn image(server: &Server, token: &str, name: &str, square: &[u8]) -> String {
    // What stores it, and keeps it as long as the image does.
    let held = server.upload(token, "held", square).await;
    let (_, me) = server.rest(token, "GET /users/me", "").await;
    let me = me["id"].as_str().unwrap().parse().unwrap();
    let new = NewFile { name: FileName::parse(name).unwrap(), bytes: 3, hash: None };
    let limits = FileLimits { bytes_max: 9, user_bytes_max: 999, user_per_day_max: 99 };
    let begun = server.app.hub.begin_file(me, None, &new, &limits).await.unwrap();
    let media = MediaType::parse("image/png").unwrap();
    let (bytes, of_square) = (square.len() as u64, BlobHash::of(square));
    let square = Some(Thumbnail { hash: of_square, media: media.clone(), bytes });
    let found = Found { hash: of_square, media, size: None, color: None, thumbnail: None, square };
    let id = begun.file.unwrap();
    server.app.hub.finish_file(me, id, &found).await.unwrap();
    assert_eq!(server.rest(token, &format!("DELETE /files/{held}"), "").await.0, 200);
    id.to_string()
}

#[tokio::test]
async fn administrators_are_told_how_many_files_there_are() {
    let tea = Tea::open().await;
    let (server, ana) = (&tea.server, &tea.ana);
    let appoint = site::offer_owner(server).await;
    let claim = json!({ "token": appoint }).to_string();
    assert_eq!(server.rest(ana, "POST /site/owner", &claim).await.0, 200);
    let (_, none) = server.rest(ana, "GET /site/overview", "").await;
    assert_eq!((&none["files"], &none["files_bytes"]), (&Value::Null, &Value::Null));
    let file = server.upload(ana, "a.txt", b"black tea").await;
    server.upload(&tea.bob, "b.txt", b"tea").await;
    let (_, some) = server.rest(ana, "GET /site/overview", "").await;
    assert_eq!((&some["files"], &some["files_bytes"]), (&json!(2), &json!(12)));
    server.rest(ana, &format!("DELETE /files/{file}"), "").await;
    let (_, one) = server.rest(ana, "GET /site/overview", "").await;
    assert_eq!((&one["files"], &one["files_bytes"]), (&json!(1), &json!(3)));
}

#[tokio::test]
async fn users_and_circles_are_shown_with_squares_that_are_kept_as_long_as_they_are() {
    let tea = Tea::open().await;
    let (server, ana, bob) = (&tea.server, &tea.ana, &tea.bob);
    let plain = server.upload(ana, "a.txt", b"black tea").await;
    let set = async |line: &str, file: &str| {
        server.rest(ana, line, &json!({ "file": file }).to_string()).await
    };
    let avatar = "PUT /users/me/avatar";
    let icon = format!("PUT /circles/{}/icon", tea.circle);
    for (line, file, status, code) in [
        (avatar, plain.as_str(), 415, "file.no_image"),
        (icon.as_str(), &plain, 415, "file.no_image"),
        (avatar, "f_01h455vb4pex5vsknk084sn02q", 404, "file.not_found"),
        (avatar, &image(server, bob, "bob.png", b"bob").await, 404, "file.not_found"),
    ] {
        let (got, problem) = set(line, file).await;
        assert_eq!((got, problem["code"].as_str()), (status, Some(code)), "{line}");
    }
    let (one, two) = (
        image(server, ana, "secret plan.png", b"one").await,
        image(server, ana, "b", b"two").await,
    );
    assert_eq!(set(avatar, &one).await.0, 200);
    assert_eq!(set(&icon, &two).await.0, 200);
    let (_, me) = server.rest(ana, "GET /users/me", "").await;
    assert_eq!(me["avatar"], json!({ "file": one, "hash": hash(b"one") }), "{me}");
    let (_, circle) = server.rest(bob, &format!("GET /circles/{}", tea.circle), "").await;
    assert_eq!(circle["circle"]["icon"]["hash"], hash(b"two"), "{circle}");
    let (_, public) = server.rest(bob, "GET /circles/public", "").await;
    assert_eq!(public["circles"][0]["icon"]["hash"], hash(b"two"), "{public}");

    let id = me["id"].as_str().unwrap();
    let path = format!("/users/{id}/avatar");
    let got = tea.get(bob, &path, "").await;
    assert_eq!((got.status, got.body.as_slice()), (200, &b"one"[..]));
    for (header, value) in [
        ("content-type", "image/png"),
        ("cache-control", "private, no-cache"),
        ("content-security-policy", "sandbox; default-src 'none'"),
        ("content-disposition", "inline; filename=\"image\"; filename*=UTF-8''image"),
    ] {
        assert_eq!(got.header(header), Some(value), "the name is its owner's alone");
    }
    let etag = got.header("etag").unwrap();
    let known = tea.get(bob, &path, &format!("if-none-match: {etag}\r\n")).await;
    assert_eq!((known.status, known.body.len()), (304, 0));
    for (asked, kept) in [
        (hash(b"one"), "private, max-age=31536000, immutable"),
        (hash(b"old"), "private, no-cache"),
    ] {
        let got = tea.get(bob, &format!("{path}?hash={asked}"), "").await;
        assert_eq!((got.header("cache-control"), got.body.as_slice()), (Some(kept), &b"one"[..]));
    }
    let of_circle = format!("/circles/{}/icon", tea.circle);
    assert_eq!(tea.get(bob, &of_circle, "").await.body, b"two");
    assert_eq!(tea.get(ana, "/users/me/avatar", "").await.body, b"one");
    let cyd = server.user("cyd").await;
    assert_eq!(tea.get(&cyd, &path, "").await.code(), "user.not_found");
    assert_eq!(tea.get(&cyd, &of_circle, "").await.body, b"two", "anyone may join");

    // What somebody is shown with stays, and goes when they are shown with another.
    let remove = async |file: &str| server.rest(ana, &format!("DELETE /files/{file}"), "").await;
    assert_eq!(remove(&one).await.1["code"], "file.in_use");
    assert_eq!(set(avatar, &two).await.0, 200);
    server.app.expire_files().await.unwrap();
    assert_eq!(tea.get(ana, &format!("/files/{one}"), "").await.status, 404);
    assert_eq!(server.rest(ana, "PUT /users/me", r#"{"display_name":"Ana Ł"}"#).await.0, 200);
    assert_eq!(tea.get(bob, &path, "").await.body, b"two", "another name changes nothing");
    let change = r#"{"name":"Tea","about":"Green","public":false}"#;
    assert_eq!(server.rest(ana, &format!("PUT /circles/{}", tea.circle), change).await.0, 200);
    assert_eq!(tea.get(bob, &of_circle, "").await.body, b"two");
    assert_eq!(tea.get(&cyd, &of_circle, "").await.code(), "circle.not_found", "no longer public");
    assert_eq!(server.rest(ana, "DELETE /users/me/avatar", "").await.0, 200);
    server.app.expire_files().await.unwrap();
    assert_eq!(tea.get(bob, &path, "").await.code(), "file.not_found");
    assert_eq!(tea.get(bob, &of_circle, "").await.body, b"two", "the circle still has it");
    assert_eq!(server.rest(ana, &icon.replace("PUT", "DELETE"), "").await.0, 200);
    assert_eq!(server.rest(ana, &format!("DELETE /files/{plain}"), "").await.0, 200);
    server.app.expire_files().await.unwrap();
    assert_eq!(server.stored(), 1, "only what bob has is left");
}

#[tokio::test]
async fn a_message_takes_ten_files_that_differ_and_needs_text_or_one() {
    let tea = Tea::open().await;
    let mut ids = Vec::new();
    for n in 0..11 {
        ids.push(tea.server.upload(&tea.ana, "a", format!("{n}").as_bytes()).await);
    }
    let post = async |n: usize, body: Value| {
        let line = format!("PUT /streams/{}/messages/n{n}", tea.stream);
        let (status, told) = tea.server.rest(&tea.ana, &line, &body.to_string()).await;
        (status, told["code"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(post(1, json!({ "files": ids })).await, (409, "limit.too_many".to_owned()));
    assert_eq!(post(2, json!({ "files": [ids[0], ids[0]] })).await.1, "limit.too_many");
    assert_eq!(post(3, json!({})).await.1, "input.empty");
    assert_eq!(post(4, json!({ "text": "" })).await.1, "input.empty");
    assert_eq!(post(5, json!({ "files": ids[..10] })).await.0, 200);
}
