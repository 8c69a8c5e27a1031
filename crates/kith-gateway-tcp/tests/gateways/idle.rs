//! Who says nothing for long: signed out where the gateway or the circle says so.

use std::time::Duration;

use kith_core::command::Command;
use kith_core::text::CircleName;
use kith_hub::presence::Status;
use serde_json::json;

use crate::clients::{first_in, heard, joined, reads, signed_in};
use crate::hears;
use crate::old::{Got, Old, told};
use crate::site::Site;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The circle says after how long its members are idle.
async fn circle_says(site: &Site, idle_seconds: u32) {
    let host = site.native(&site.token).await;
    let (circle, name) = (site.circle, CircleName::parse("home").unwrap());
    let idle_seconds = Some(idle_seconds);
    host.must(Command::ChangeCircle { circle, name, about: None, public: true, idle_seconds })
        .await;
    host.client().close().await;
}

/// The connection is there, and whoever is on it signed in.
async fn stays(gus: &mut Old) {
    gus.send(&json!({"action": "whoelse"})).await;
    assert_eq!(gus.object().await["action"], "whoelse");
}

/// Whoever is on it is signed out, which others who are there are not told.
async fn times_out(gus: &mut Old) {
    while gus.object().await != json!({"action": "timeout"}) {}
    gus.send(&json!({"action": "whoelse"})).await;
    assert_eq!(gus.object().await["reply"], "You are not logged in");
}

async fn is_sent_away(ann: &mut Old) {
    let farewell = loop {
        let object = ann.object().await;
        if object["CMD"] == "MSG" {
            break object;
        }
    };
    assert_eq!((&farewell["TYPE"], &farewell["FROM"]), (&json!("PRIVATE"), &json!("")));
    assert!(farewell["MSG"].as_str().unwrap().starts_with("You said nothing"), "{farewell}");
    assert_eq!(ann.next().await, Some(Got::Closed));
}

#[tokio::test]
async fn whoever_is_silent_for_as_long_as_the_gateway_says_is_signed_out() {
    let site = Site::with(|settings| {
        settings.ghostr_idle_seconds = 100;
        settings.muca_idle_seconds = 200;
    })
    .await;
    // It counts before what the circle says.
    circle_says(&site, 60).await;
    let mut gus = signed_in(&site, "gus").await;
    site.clock.advance(seconds(90));
    stays(&mut gus).await;
    site.clock.advance(seconds(90));
    stays(&mut gus).await;
    let mut vera = first_in(&site, "vera").await;
    assert_eq!(gus.object().await, heard("login_broadcast", "vera", ""));
    let (mut ann, _) = joined(&site, "Ann", "ann@x.org").await;
    assert_eq!(gus.object().await["action"], "login_broadcast");
    reads(&mut vera, "TYPE: LOGGEDIN;;").await;
    site.clock.advance(seconds(101));
    // Each as its protocol has it; in the older one there is no other word than for signing out.
    times_out(&mut gus).await;
    reads(&mut vera, "TYPE: LOGOUT;;WHO: vera;;").await;
    vera.ends().await;
    lists(&mut ann, &["ann@x.org"]).await;
    assert_eq!(told(&mut gus, "gus", "secret").await, "SUCCESS");
    says_to_itself(&mut ann, "still here").await;
    site.clock.advance(seconds(90));
    stays_of(&mut gus).await;
    site.clock.advance(seconds(111));
    is_sent_away(&mut ann).await;
}

async fn says_to_itself(ann: &mut Old, text: &str) {
    ann.send(&json!({"CMD": "SEND", "MSG": text, "TO": ["ann@x.org"], "FROM": ""})).await;
    hears(ann, text).await;
}

/// The next list with nobody but these in it.
async fn lists(ann: &mut Old, uids: &[&str]) {
    loop {
        let object = ann.object().await;
        let Some(entries) = object["DATA"].as_array() else { continue };
        if entries.iter().map(|entry| entry["UID"].as_str().unwrap()).eq(uids.iter().copied()) {
            return;
        }
    }
}

/// As [`stays`], whatever comes before.
async fn stays_of(gus: &mut Old) {
    gus.send(&json!({"action": "whoelse"})).await;
    while gus.object().await["action"] != "whoelse" {}
}

#[tokio::test]
async fn where_the_gateway_says_nothing_it_is_as_the_circle_says() {
    let site = Site::open().await;
    circle_says(&site, 300).await;
    let mut gus = signed_in(&site, "gus").await;
    let (mut ann, _) = joined(&site, "Ann", "ann@x.org").await;
    assert_eq!(gus.object().await["action"], "login_broadcast");
    site.clock.advance(seconds(299));
    stays(&mut gus).await;
    site.clock.advance(seconds(2));
    is_sent_away(&mut ann).await;
    assert_eq!(gus.object().await["action"], "logout_broadcast");
    // It may say otherwise meanwhile.
    circle_says(&site, 86_400).await;
    stays_of(&mut gus).await;
    site.clock.advance(seconds(3600));
    stays_of(&mut gus).await;
    circle_says(&site, 60).await;
    stays_of(&mut gus).await;
    site.clock.advance(seconds(61));
    while gus.object().await["action"] != "timeout" {}
}

#[tokio::test]
async fn where_nobody_says_anything_users_of_ghostr_have_ten_minutes() {
    let site = Site::open().await;
    let mut gus = signed_in(&site, "gus").await;
    let (mut ann, _) = joined(&site, "Ann", "ann@x.org").await;
    assert_eq!(gus.object().await["action"], "login_broadcast");
    site.clock.advance(seconds(600));
    stays(&mut gus).await;
    site.clock.advance(seconds(601));
    times_out(&mut gus).await;
    lists(&mut ann, &["ann@x.org"]).await;
    site.clock.advance(seconds(86_400));
    says_to_itself(&mut ann, "a day later").await;
}

#[tokio::test]
async fn whoever_says_something_by_an_old_client_is_not_shown_as_idle() {
    let site = Site::with(|settings| settings.ghostr_idle_seconds = 3600).await;
    circle_says(&site, 300).await;
    let mut gus = signed_in(&site, "gus").await;
    let gus_id = site.user("gus").await;
    let how = async || {
        let present = site.app.hub.present(gus_id, site.circle).await.unwrap();
        present.into_iter().find(|(user, ..)| *user == gus_id).map(|(_, status, _)| status)
    };
    site.clock.advance(seconds(301));
    assert_eq!(how().await, Some(Status::Idle));
    stays(&mut gus).await;
    assert_eq!(how().await, Some(Status::Online));
}
