//! What only ghostr's first version has, beside the other protocols.

use std::time::Duration;

use kith_core::id::FeedId;
use serde_json::{Value as Json, json};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

use crate::clients::{first_in, first_in_from, heard, joined, reads, signed_in};
use crate::old::Old;
use crate::site::Site;

/// Asks about somebody whom nobody knows. The answer is the next text if what was said before had none.
async fn says_nothing_else(client: &mut Old) {
    client.raw("TYPE: LOGON;;WHO: nobody;;").await;
    assert_eq!(client.text().await, "TYPE: LOGON;;RET: 1;;NEW: 1;;ERR: 0;;");
}

/// A client of the second version that listens for others at a port.
async fn listening(site: &Site, name: &str, port: u16) -> Old {
    let mut client = Old::open(site.ghostr, false).await;
    let login =
        json!({"action": "login", "username": name, "password": "secret", "private_port": port});
    client.send(&login).await;
    assert_eq!(client.object().await["status"], "USERNAME_NOT_EXIST");
    client
}

/// Where somebody is to be reached, as the one who asks is told.
async fn asks_for(client: &mut Old, to: &str, from: &str) -> String {
    client.raw(&format!("TYPE: PRIVREQ;;TO: {to};;FROM: {from};;")).await;
    let answer = reads(client, "TYPE: PRIVREQ;;").await;
    let begin = format!("TYPE: PRIVREQ;;TO: {to};;FROM: {from};;");
    answer.strip_prefix(&begin).unwrap().to_owned()
}

const NOWHERE: &str = "RET: 0;;DEST: ;;";

#[tokio::test]
async fn who_asks_for_a_private_talk_is_told_where_or_that_it_cannot_be() {
    let site = Site::open().await;
    let mut gus = listening(&site, "gus", 50_001).await;
    let mut vera = first_in(&site, "vera").await;
    let (_nina, _) = site.member("nina").await;
    let _olga = first_in(&site, "olga").await;
    let found = "RET: 1;;DEST: ('127.0.0.1', 50001);;";
    assert_eq!(asks_for(&mut vera, "gus", "vera").await, found);
    // Nobody, oneself, and those who listen nowhere.
    for to in ["nobody", "no name", "vera", "nina", "olga"] {
        assert_eq!(asks_for(&mut vera, to, "vera").await, NOWHERE, "{to}");
    }
    for (action, then) in [("block", NOWHERE), ("unblock", found), ("logout", NOWHERE)] {
        gus.send(&json!({"action": action, "user": "vera"})).await;
        while gus.object().await["action"] != action {}
        assert_eq!(asks_for(&mut vera, "gus", "vera").await, then, "{action}");
    }
}

#[tokio::test]
async fn who_asks_from_another_machine_is_told_a_port_of_the_gateways_own() {
    let site = Site::open().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let _gus = listening(&site, "gus", port).await;
    let mut vera = first_in_from([127, 0, 0, 2], &site, "vera").await;
    let answer = asks_for(&mut vera, "gus", "vera").await;
    let relay = answer.strip_prefix("RET: 1;;DEST: ('127.0.0.1', ").unwrap();
    let relay: u16 = relay.strip_suffix(");;").unwrap().parse().unwrap();
    assert_ne!(relay, port);
    let mut vera_to_gus = Old::open_from([127, 0, 0, 2], relay, false).await;
    vera_to_gus.send(&json!({"from": "gus", "message": "psst"})).await;
    let (mut at_gus, _) = listener.accept().await.unwrap();
    let mut chunk = [0; 2048];
    let count = at_gus.read(&mut chunk).await.unwrap();
    let said: Json = serde_json::from_slice(&chunk[..count]).unwrap();
    assert_eq!(said, json!({"from": "vera", "message": "psst"}));
}

#[tokio::test]
async fn what_is_asked_in_the_name_of_somebody_else_is_not_done() {
    let site = Site::open().await;
    let (nina, nina_id) = site.member("nina").await;
    nina.follow(FeedId::Stream(site.stream)).await;
    nina.follow(FeedId::User(nina_id)).await;
    let (_olga, olga_id) = site.member("olga").await;
    let mut gus = signed_in(&site, "gus").await;
    gus.send(&json!({"action": "block", "user": "olga"})).await;
    assert_eq!(gus.object().await["status"], "SUCCESS");
    let forged = [
        "TYPE: MSG;;FROM: gus;;TO: nina;;BODY: forged;;",
        "TYPE: MSG;;FROM: ;;TO: nina;;BODY: forged;;",
        "TYPE: BROADCAST;;FROM: gus;;BODY: forged;;",
        "TYPE: WHOELSE;;FROM: gus;;",
        "TYPE: WHOELSESINCE;;WHEN: 9;;FROM: gus;;",
        "TYPE: BLOCK;;WHO: nina;;BLOCKER: gus;;",
        "TYPE: UNBLOCK;;WHO: olga;;BLOCKER: gus;;",
        "TYPE: PRIVREQ;;TO: nina;;FROM: gus;;",
        "TYPE: LOGOUT;;WHO: gus;;",
    ];
    // By nobody, and by somebody.
    let mut vera = Old::open(site.ghostr, true).await;
    for text in forged {
        vera.raw(text).await;
        says_nothing_else(&mut vera).await;
    }
    vera.raw("TYPE: AUTH;;WHO: vera;;PASW: secret;;NEW: 1;;").await;
    assert_eq!(vera.text().await, "TYPE: AUTH;;PASW: 1;;ATMP: 3;;");
    assert_eq!(gus.object().await, heard("login_broadcast", "vera", ""));
    for text in forged {
        vera.raw(text).await;
        says_nothing_else(&mut vera).await;
    }
    let gus_id = site.user("gus").await;
    assert_eq!(site.app.hub.blocks(gus_id).await.unwrap(), [olga_id]);
    assert_eq!(site.app.hub.blocks(site.user("vera").await).await.unwrap(), []);
    // One's own name counts however it is written.
    vera.raw("TYPE: BROADCAST;;FROM: Vera;;BODY: mine;;").await;
    assert_eq!(gus.object().await, heard("receive_broadcast", "vera", "mine"));
    assert_eq!(nina.hears().await, (FeedId::Stream(site.stream), "mine".to_owned()));
    vera.raw("TYPE: MSG;;FROM: VERA;;TO: nina;;BODY: mine too;;").await;
    assert_eq!(nina.hears().await.1, "mine too");
}

#[tokio::test]
async fn what_was_written_to_somebody_who_was_away_is_told_at_the_next_login_and_once() {
    let site = Site::open().await;
    let mut vera = first_in(&site, "vera").await;
    vera.raw("TYPE: LOGOUT;;WHO: vera;;").await;
    assert_eq!(vera.text().await, "TYPE: LOGOUT;;WHO: vera;;");
    vera.ends().await;
    let vera_id = site.user("vera").await;
    let tick = || site.clock.advance(Duration::from_millis(1));
    let (nina, _) = site.member("nina").await;
    nina.write_to(vera_id, "at 10:30").await;
    tick();
    let mut gus = signed_in(&site, "gus").await;
    gus.send(&json!({"action": "message", "user": "vera", "message": "two"})).await;
    assert_eq!(gus.object().await["status"], "SUCCESS");
    tick();
    let mut olga = first_in(&site, "olga").await;
    olga.raw("TYPE: MSG;;FROM: olga;;TO: vera;;BODY: three;;").await;
    says_nothing_else(&mut olga).await;
    tick();
    assert_eq!(gus.object().await, heard("login_broadcast", "olga", ""));
    let (mut ann, _) = joined(&site, "Ann", "ann@x.org").await;
    let guest = gus.object().await["from"].as_str().unwrap().to_owned();
    let four = json!({"CMD": "SEND", "MSG": "four", "TO": ["vera@kith"], "FROM": ""});
    let five = json!({"CMD": "SEND", "MSG": "five", "TO": ["ann@x.org"], "FROM": ""});
    ann.send(&four).await;
    ann.send(&five).await;
    while ann.object().await["MSG"] != "five" {}
    let mut vera = first_in(&site, "vera").await;
    for (from, text) in
        [("nina", "at 10：30"), ("gus", "two"), ("olga", "three"), (&*guest, "four")]
    {
        let told = format!("TYPE: MSG;;FROM: {from};;TO: vera;;BODY: {text};;");
        assert_eq!(vera.text().await, told);
    }
    vera.raw("TYPE: LOGOUT;;WHO: vera;;").await;
    assert_eq!(vera.text().await, "TYPE: LOGOUT;;WHO: vera;;");
    let mut vera = first_in(&site, "vera").await;
    says_nothing_else(&mut vera).await;
}
