//! Old clients beside native sessions, over real sockets.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops where it fails")]

#[path = "common/clients.rs"]
mod clients;
#[path = "gateways/first.rs"]
mod first;
#[path = "gateways/idle.rs"]
mod idle;
#[path = "gateways/lockout.rs"]
mod lockout;
#[path = "common/old.rs"]
mod old;
#[path = "gateways/presence.rs"]
mod presence;
#[path = "gateways/removed.rs"]
mod removed;
#[path = "common/site.rs"]
mod site;

use std::sync::atomic::Ordering;
use std::time::Duration;

use clients::{heard, joined, reads, signed_in};
use futures_util::{SinkExt, StreamExt};
use http::Uri;
use kith_core::command::Command;
use kith_core::decide::account;
use kith_core::draft::Draft;
use kith_core::id::FeedId;
use kith_hub::Limits;
use kith_hub::read::Page;
use old::{Got, Old, login, told};
use serde_json::{Value as Json, json};
use site::Site;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio_websockets::{ClientBuilder, Message};

/// What a client that asks to join is told.
async fn join(site: &Site, uid: &str) -> Json {
    let mut client = Old::open(site.muca, false).await;
    client.send(&json!({"CMD": "JOIN", "UN": "X", "UID": uid})).await;
    client.object().await["TYPE"].clone()
}

/// The next object that says something in it.
async fn hears(client: &mut Old, text: &str) -> Json {
    loop {
        let object = client.object().await;
        if object["MSG"] == text || object["message"] == text {
            return object;
        }
    }
}

fn message(kind: &str, text: &str, from: &str) -> Json {
    json!({"CMD": "MSG", "TYPE": kind, "MSG": text, "FROM": from})
}

#[tokio::test]
async fn everybody_talks_in_one_circle() {
    let site = Site::open().await;
    let (nina, nina_id) = site.member("nina").await;
    nina.follow(FeedId::Stream(site.stream)).await;
    nina.follow(FeedId::User(nina_id)).await;
    let (mut ann, list) = joined(&site, "Ann", "ann@x.org").await;
    let entry = |uid: &str, name: &str| json!({"UID": uid, "UN": name});
    assert_eq!(list, json!([entry("ann@x.org", "Ann"), entry("nina@kith", "nina")]));
    let mut gus = signed_in(&site, "gus").await;
    site.account("vera", "secret").await;
    let mut vera = Old::open(site.ghostr, true).await;
    vera.raw("TYPE: AUTH;;WHO: vera;;PASW: secret;;NEW: 0;;").await;
    assert_eq!(vera.text().await, "TYPE: AUTH;;PASW: 1;;ATMP: 3;;");
    // A topicsync client is there as the user of its gateway.
    let uri: Uri = format!("ws://127.0.0.1:{}/", site.topicsync).parse().unwrap();
    let (mut desk, _) = ClientBuilder::from_uri(uri).connect().await.unwrap();
    assert!(desk.next().await.unwrap().unwrap().as_text().unwrap().contains("hello"));
    gus.send(&json!({"action": "whoelse"})).await;
    let mut there = loop {
        let object = gus.object().await;
        if object["action"] == "whoelse" {
            break object["reply"].as_array().unwrap().clone();
        }
    };
    there.sort_by_key(Json::to_string);
    let guest = site.app.hub.present(nina_id, site.circle).await.unwrap();
    assert_eq!(guest.len(), 5, "ann, gus, host, nina and vera");
    assert!(there.iter().any(|name| name.as_str().unwrap().starts_with("muca-")));
    assert_eq!(there[0], "host", "the topicsync client");

    // To all, from each.
    ann.send(&json!({"CMD": "SEND", "MSG": "from ann\n", "TO": [], "FROM": ""})).await;
    let ann_name = hears(&mut gus, "from ann").await["from"].as_str().unwrap().to_owned();
    reads(&mut vera, "BODY: from ann;;").await;
    assert_eq!(nina.hears().await, (FeedId::Stream(site.stream), "from ann".to_owned()));
    gus.send(&json!({"action": "broadcast", "message": "from gus"})).await;
    assert_eq!(hears(&mut ann, "from gus").await, message("ALL", "from gus", "gus@kith"));
    reads(&mut vera, "TYPE: MSG;;FROM: gus;;TO: broadcast;;BODY: from gus;;").await;
    assert_eq!(nina.hears().await.1, "from gus");
    vera.raw("TYPE: BROADCAST;;FROM: vera;;BODY: from vera;;").await;
    assert_eq!(hears(&mut ann, "from vera").await, message("ALL", "from vera", "vera@kith"));
    let said = hears(&mut gus, "from vera").await;
    assert_eq!(said, heard("receive_broadcast", "vera", "from vera"));
    assert_eq!(nina.hears().await.1, "from vera");
    nina.post(site.stream, "from nina").await;
    assert_eq!(hears(&mut ann, "from nina").await, message("ALL", "from nina", "nina@kith"));
    let said = hears(&mut gus, "from nina").await;
    assert_eq!(said, heard("receive_broadcast", "nina", "from nina"));
    reads(&mut vera, "FROM: nina;;TO: broadcast;;BODY: from nina;;").await;
    assert_eq!(nina.hears().await.1, "from nina", "one's own");

    // To one, round and round.
    let to = |uid: &str| json!([uid]);
    ann.send(&json!({"CMD": "SEND", "MSG": "a to g", "TO": to("gus@kith"), "FROM": ""})).await;
    let said = hears(&mut gus, "a to g").await;
    assert_eq!(said, heard("receive_message", &ann_name, "a to g"));
    gus.send(&json!({"action": "message", "user": "vera", "message": "g to v"})).await;
    reads(&mut vera, "TYPE: MSG;;FROM: gus;;TO: vera;;BODY: g to v;;").await;
    vera.raw("TYPE: MSG;;FROM: vera;;TO: nina;;BODY: v to n;;").await;
    assert_eq!(nina.hears().await.1, "v to n");
    let ann_id = site.user(&ann_name).await;
    nina.write_to(ann_id, "n to a").await;
    assert_eq!(hears(&mut ann, "n to a").await, message("PRIVATE", "n to a", "nina@kith"));
    // To several.
    let several = json!(["gus@kith", "nina@kith", "vera@kith"]);
    ann.send(&json!({"CMD": "SEND", "MSG": "to you", "TO": several, "FROM": ""})).await;
    let said = hears(&mut gus, "to you").await;
    assert_eq!(said, heard("receive_message", &ann_name, "to you"));
    reads(&mut vera, "BODY: to you;;").await;
    assert_eq!(nina.hears().await.1, "n to a", "one's own");
    let (FeedId::Stream(group), text) = nina.hears().await else { panic!() };
    assert_eq!(text, "to you");
    nina.post(group, "to all of you").await;
    let said = hears(&mut ann, "to all of you").await;
    assert_eq!(said, message("GROUP", "to all of you", "nina@kith"));
    // The topicsync client does what it does in the same circle.
    let topic = json!({"topic_name": "_topicsync/topic_list", "topic_type": "dict", "type": "add",
        "key": "t", "value": {"type": "int", "boundary_value": 1}});
    let act = json!({"type": "action", "args": {"commands": [topic], "action_id": "1"}});
    desk.send(Message::text(act.to_string())).await.unwrap();
    desk.send(Message::ping("made")).await.unwrap();
    while !desk.next().await.unwrap().unwrap().is_pong() {}
    let topics = site.app.hub.topics(nina_id, site.circle, "", None, 10).await.unwrap().0;
    assert_eq!(topics.len(), 1);
}

#[tokio::test]
async fn access_that_is_taken_away_ends_the_connection() {
    let site = Site::open().await;
    let host = site.native(&site.token).await;
    let (mut ann, _) = joined(&site, "Ann", "ann@x.org").await;
    let mut gus = signed_in(&site, "gus").await;
    let gus_id = site.user("gus").await;
    let present = site.app.hub.present(gus_id, site.circle).await.unwrap();
    let mut others = present.iter().map(|(user, ..)| *user);
    let host_id = site.user("host").await;
    let ann_id = others.find(|user| ![gus_id, host_id].contains(user)).unwrap();
    let circle = site.circle;
    for user in [gus_id, ann_id] {
        host.must(Command::Kick { circle, user, reason: None }).await;
    }
    gus.ends().await;
    ann.ends().await;
    // Whoever was kicked may come back, and whoever is banned may not.
    let (mut ann, _) = joined(&site, "Ann", "ann@x.org").await;
    let mut gus = signed_in(&site, "gus").await;
    for user in [gus_id, ann_id] {
        host.must(Command::Ban { circle, user, reason: None }).await;
    }
    gus.ends().await;
    ann.ends().await;
    assert_eq!(join(&site, "ann@x.org").await, "FAIL");
    let mut gus = Old::open(site.ghostr, false).await;
    assert_eq!(told(&mut gus, "gus", "secret").await, "BLOCKED");
    for user in [gus_id, ann_id] {
        host.must(Command::Unban { circle, user }).await;
    }
    // A session that is ended, and an account that is disabled.
    let mut gus = signed_in(&site, "gus").await;
    let sessions = site.app.hub.sessions(gus_id).await.unwrap();
    let here = sessions.iter().find(|one| one.label.as_str() == "ghostr gateway").unwrap();
    let revoke = Command::RevokeSession { session: here.id };
    site.app.hub.execute(gus_id, None, &revoke).await.unwrap();
    gus.ends().await;
    let (mut ann, _) = joined(&site, "Ann", "ann@x.org").await;
    let mut gus = signed_in(&site, "gus").await;
    for user in [gus_id, ann_id] {
        let disable = |draft: &mut Draft<'_>| account::set_disabled(draft, user, true);
        site.app.hub.transact(None, None, disable).await.unwrap();
    }
    gus.ends().await;
    ann.ends().await;
    assert_eq!(join(&site, "ann@x.org").await, "FAIL");
    let mut gus = Old::open(site.ghostr, false).await;
    assert_eq!(told(&mut gus, "gus", "secret").await, "INVALID_PASSWORD");
}

#[tokio::test]
async fn what_was_written_meanwhile_is_told_once_in_order_and_as_it_is_now() {
    let site = Site::open().await;
    let gus = site.account("gus", "secret").await;
    let (nina, _) = site.member("nina").await;
    let (olga, _) = site.member("olga").await;
    for (native, text) in [(&nina, "1"), (&olga, "2"), (&nina, "3"), (&nina, "4"), (&olga, "5")] {
        native.write_to(gus, text).await;
        site.clock.advance(Duration::from_millis(1));
    }
    let stream = nina.must(Command::OpenDirect { user: gus }).await.stream.unwrap();
    let page = Page { limit: 10, ..Page::default() };
    let nina_id = site.user("nina").await;
    let (messages, _) = site.app.hub.messages(nina_id, stream, page).await.unwrap();
    let seq = |text: &str| messages.iter().find(|one| one.text.as_str() == text).unwrap().seq;
    let text = kith_core::text::MessageText::parse("three").unwrap();
    nina.must(Command::Edit { stream, message: seq("3"), text }).await;
    nina.must(Command::Delete { stream, message: seq("4") }).await;
    let mut client = signed_in(&site, "gus").await;
    for (from, text) in [("nina", "1"), ("olga", "2"), ("nina", "three"), ("olga", "5")] {
        assert_eq!(client.object().await, heard("receive_message", from, text));
    }
    nina.write_to(gus, "now").await;
    assert_eq!(client.object().await, heard("receive_message", "nina", "now"));
    client.send(&json!({"action": "logout"})).await;
    assert_eq!(client.object().await["reply"], "logged out");
    // What was told is read, here and everywhere.
    assert_eq!(site.app.hub.unread(gus, stream).await.unwrap().0.unread, 0);
    client.send(&login("gus", "secret")).await;
    assert_eq!(client.object().await["status"], "SUCCESS");
    client.send(&json!({"action": "dance"})).await;
    assert_eq!(client.object().await["action"], "dance", "nothing is told twice");
}

#[tokio::test]
async fn a_user_id_is_nobodys_way_into_an_account_with_a_password() {
    let site = Site::open().await;
    site.account("ana", "secret").await;
    for uid in ["ana@kith", "ANA@KITH", "", "a\nb"] {
        assert_eq!(join(&site, uid).await, "FAIL", "{uid:?}");
    }
    let (ann, list) = joined(&site, "Ann", "ana").await;
    assert_eq!(list, json!([{"UID": "ana", "UN": "Ann"}]), "a guest who is called like a user");
    let users = site.app.hub.members(site.user("host").await, site.circle, None, 10).await.unwrap();
    let ana = site.user("ana").await;
    assert!(users.0.iter().all(|member| member.user != ana));
    drop(ann);
    // An account that is given a password is no guest any more.
    let host = site.user("host").await;
    let guest = users.0.iter().map(|member| member.user).find(|user| *user != host).unwrap();
    let hash = site.app.auth.hash_password("a password").await.unwrap();
    let set = |draft: &mut Draft<'_>| account::set_password(draft, guest, hash.clone());
    site.app.hub.transact(None, None, set).await.unwrap();
    loop {
        // The one who was there before leaves when the system says so.
        let mut client = Old::open(site.muca, false).await;
        client.send(&json!({"CMD": "JOIN", "UN": "X", "UID": "ana"})).await;
        assert_eq!(client.object().await["TYPE"], "FAIL");
        let present = site.app.hub.present(host, site.circle).await.unwrap();
        if present.is_empty() {
            break;
        }
    }
    assert_eq!(join(&site, "ana").await, "FAIL");
}

#[tokio::test]
async fn accounts_are_made_only_where_the_operator_says_so() {
    let site = Site::with(|settings| {
        settings.muca_guests = false;
        settings.ghostr_signup = false;
    })
    .await;
    assert_eq!(join(&site, "ann@x.org").await, "FAIL");
    let mut client = Old::open(site.ghostr, false).await;
    assert_eq!(told(&mut client, "zed", "secret").await, "INVALID_PASSWORD");
    assert!(site.app.hub.user_by_name("zed").await.is_err());
    let site = Site::with(|settings| settings.password_chars_min = 12).await;
    let mut client = Old::open(site.ghostr, false).await;
    for _ in 0..4 {
        assert_eq!(told(&mut client, "zed", "short").await, "INVALID_PASSWORD");
    }
    assert_eq!(told(&mut client, "z e d", "long enough for it").await, "INVALID_PASSWORD");
    assert_eq!(told(&mut client, "zed", "long enough for it").await, "USERNAME_NOT_EXIST");
}

#[tokio::test]
async fn two_who_cannot_reach_each_other_are_brought_together() {
    let site = Site::open().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut vic = Old::open(site.ghostr, false).await;
    let mine = json!({"action": "login", "username": "vic", "password": "x", "private_port": port});
    vic.send(&mine).await;
    assert_eq!(vic.object().await["status"], "USERNAME_NOT_EXIST");
    let mut gus = Old::open_from([127, 0, 0, 2], site.ghostr, false).await;
    assert_eq!(told(&mut gus, "gus", "secret").await, "USERNAME_NOT_EXIST");
    let ask = async |gus: &mut Old| {
        gus.send(&json!({"action": "startprivate", "user": "vic"})).await;
        gus.object().await
    };
    let answer = ask(&mut gus).await;
    assert_eq!((&answer["reply"], &answer["username"]), (&json!("SUCCESS"), &json!("vic")));
    assert_eq!(answer["address"], "127.0.0.1");
    let relay = u16::try_from(answer["port"].as_u64().unwrap()).unwrap();
    assert_ne!(relay, port);
    // Others than the one who asked find nobody there.
    let mut other = Old::open_from([127, 0, 0, 3], relay, false).await;
    other.ends().await;
    let mut gus_to_vic = Old::open_from([127, 0, 0, 2], relay, false).await;
    let (mut at_vic, _) = listener.accept().await.unwrap();
    // The original says the name of the one who is written to.
    gus_to_vic.send(&json!({"from": "vic", "message": "psst }{"})).await;
    let mut chunk = [0; 2048];
    let count = at_vic.read(&mut chunk).await.unwrap();
    let said: Json = serde_json::from_slice(&chunk[..count]).unwrap();
    assert_eq!(said, json!({"from": "gus", "message": "psst }{"}));
    // Whoever is blocked meanwhile says nothing more.
    vic.send(&json!({"action": "block", "user": "gus"})).await;
    while vic.object().await["action"] != "block" {}
    gus_to_vic.send(&json!({"from": "vic", "message": "more"})).await;
    gus_to_vic.ends().await;
    assert_eq!(at_vic.read(&mut chunk).await.unwrap(), 0);
    vic.send(&json!({"action": "unblock", "user": "gus"})).await;
    while vic.object().await["action"] != "unblock" {}
    // One user has so many ports, and no more.
    let mut opened = 0;
    while ask(&mut gus).await["reply"] == "SUCCESS" {
        opened += 1;
    }
    assert!((7..=8).contains(&opened), "{opened}");
}

#[tokio::test]
async fn hostile_bytes_end_their_own_connection_and_no_other() {
    let site = Site::open().await;
    let (mut ann, _) = joined(&site, "Ann", "ann@x.org").await;
    let mut gus = signed_in(&site, "gus").await;
    let deep = format!("{{\"a\":{}", "[".repeat(100));
    let long = format!("{{\"CMD\":\"{}", "x".repeat(70_000));
    for bad in ["x", "[]", "{\"CMD\":1}", "{\"CMD\":\"JOIN\"}", "{]", deep.as_str(), long.as_str()]
    {
        let mut client = Old::open(site.muca, false).await;
        client.raw(bad).await;
        client.ends().await;
    }
    let many = "TYPE: MSG;;".to_owned() + &"A: 1;;".repeat(20_000);
    for bad in [
        "x",
        "{]",
        "{\"action\":1}",
        "{\"action\":\"login\"}",
        "TYPE: LOGON;;TYPE: LOGON;;",
        "TYPE: LOGON;;WHO;;",
        deep.as_str(),
        long.as_str(),
        many.as_str(),
    ] {
        let mut client = Old::open(site.ghostr, false).await;
        client.raw(bad).await;
        client.ends().await;
    }
    gus.send(&json!({"action": "broadcast", "message": "still here"})).await;
    assert_eq!(hears(&mut ann, "still here").await["FROM"], "gus@kith");
}

#[tokio::test]
async fn a_list_holds_whom_a_client_can_read_of_and_itself() {
    let site = Site::open().await;
    let mut clients = Vec::new();
    for number in 0..30 {
        let uid = format!("somebody.with.a.long.name.{number}@example.org");
        let (client, list) = joined(&site, "Somebody", &uid).await;
        let list = list.as_array().unwrap().clone();
        assert!(list.iter().any(|entry| entry["UID"] == uid.as_str()), "{list:?}");
        let object = json!({"CMD": "LIST", "DATA": list}).to_string();
        // As it is written there is a space behind each comma and colon.
        assert!(object.len() + 4 * list.len() + 3 <= 1000, "{}", object.len());
        clients.push(client);
    }
    let last = clients.last_mut().unwrap();
    let text = "é".repeat(500);
    last.send(&json!({"CMD": "SEND", "MSG": text, "TO": [], "FROM": ""})).await;
    let mut parts = String::new();
    let first = &mut clients[0];
    while parts.chars().count() < 500 {
        let object = first.object().await;
        if object["CMD"] == "MSG" {
            parts.push_str(object["MSG"].as_str().unwrap());
        }
    }
    assert_eq!(parts, text, "in several messages");
}

#[tokio::test]
async fn blocks_hold_between_old_clients_and_native_users() {
    let site = Site::open().await;
    let (nina, nina_id) = site.member("nina").await;
    nina.follow(FeedId::User(nina_id)).await;
    let mut gus = signed_in(&site, "gus").await;
    let gus_id = site.user("gus").await;
    nina.must(Command::Block { user: gus_id }).await;
    gus.send(&json!({"action": "message", "user": "nina", "message": "hi"})).await;
    assert_eq!(gus.object().await["status"], "USER_BLOCKED");
    gus.send(&json!({"action": "broadcast", "message": "hi all"})).await;
    let counted = json!({"action": "broadcast", "n_sent": 0, "n_blocked": 1});
    assert_eq!(gus.object().await, counted);
    nina.must(Command::Unblock { user: gus_id }).await;
    gus.send(&json!({"action": "block", "user": "nina"})).await;
    assert_eq!(gus.object().await["status"], "SUCCESS");
    assert_eq!(site.app.hub.blocks(gus_id).await.unwrap(), [nina_id]);
    nina.post(site.stream, "not for gus").await;
    // ghostr lets one write to whom one blocks; they stay blocked.
    gus.send(&json!({"action": "message", "user": "nina", "message": "one way"})).await;
    assert_eq!(gus.object().await["status"], "SUCCESS");
    assert_eq!(nina.hears().await.1, "one way");
    assert_eq!(site.app.hub.blocks(gus_id).await.unwrap(), [nina_id]);
}

#[tokio::test]
async fn whoever_reads_slowly_misses_nothing_that_was_written_to_them() {
    let limits = Limits { mailbox_bytes: 900, ..Limits::default() };
    let site = Site::within(limits, |_| {}).await;
    let mut gus = signed_in(&site, "gus").await;
    let (mut ann, _) = joined(&site, "Ann", "ann@x.org").await;
    let (nina, nina_id) = site.member("nina").await;
    let gus_id = site.user("gus").await;
    let members = site.app.hub.members(nina_id, site.circle, None, 10).await.unwrap().0;
    let host = site.user("host").await;
    let known = [host, nina_id, gus_id];
    let ann_id = members.iter().map(|one| one.user).find(|user| !known.contains(user)).unwrap();
    // Each takes 20 or 50 ms to write, so that few of them have room, and some are too much alone.
    for number in 0..40 {
        let rest = "x".repeat(if number % 8 == 5 { 700 } else { 200 });
        nina.write_to(gus_id, &format!("to gus {number} {rest}")).await;
        nina.write_to(ann_id, &format!("to ann {number} {rest}")).await;
    }
    for (client, to, member) in [(&mut gus, "gus", "message"), (&mut ann, "ann", "MSG")] {
        let mut number = 0;
        while number < 40 {
            let object = client.object().await;
            let Some(text) = object[member].as_str().filter(|text| text.starts_with("to ")) else {
                continue;
            };
            assert!(text.starts_with(&format!("to {to} {number} ")), "{text}");
            number += 1;
        }
    }
    assert!(site.app.hub.stats().lagged.load(Ordering::Relaxed) > 0, "they were too slow");
}

#[tokio::test]
async fn whoever_sends_more_than_is_read_ends_alone() {
    let site = Site::with(|settings| settings.queue_bytes = 2000).await;
    let mut gus = signed_in(&site, "gus").await;
    // Each answer takes 50 ms to write, and the questions come at once.
    let flood = json!({"action": "x".repeat(200)}).to_string().repeat(40);
    gus.raw(&flood).await;
    gus.ends().await;
    assert!(matches!(gus.next().await, None | Some(Got::Closed)));
    signed_in(&site, "gus").await;
}
