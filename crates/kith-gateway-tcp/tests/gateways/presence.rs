//! Who comes and goes, told to each kind of client of each other kind.

use std::time::Duration;

use kith_core::command::Command;
use serde_json::{Value as Json, json};

use crate::clients::{first_in, heard, joined, signed_in};
use crate::old::{Old, told};
use crate::site::Site;

fn entry(uid: &str, name: &str) -> Json {
    json!({"UID": uid, "UN": name})
}

/// The next that a client of muca is told is a list of it and these others.
async fn lists(client: &mut Old, others: &[&str]) {
    let others = others.iter().map(|name| entry(&format!("{name}@kith"), name));
    let all: Vec<Json> = [entry("ann@x.org", "Ann")].into_iter().chain(others).collect();
    assert_eq!(client.object().await, json!({"CMD": "LIST", "DATA": all}));
}

#[tokio::test]
async fn a_muca_client_gets_a_new_list_whenever_a_native_user_comes_or_goes() {
    let site = Site::open().await;
    let (mut ann, first) = joined(&site, "Ann", "ann@x.org").await;
    assert_eq!(first, json!([entry("ann@x.org", "Ann")]));
    // Into the circle and out of it, being there.
    let (nina, nina_id) = site.member("nina").await;
    lists(&mut ann, &["nina"]).await;
    nina.must(Command::Leave { circle: site.circle }).await;
    lists(&mut ann, &[]).await;
    nina.must(Command::Join { circle: site.circle }).await;
    lists(&mut ann, &["nina"]).await;
    // To the server and away from it, being in the circle.
    nina.client().close().await;
    lists(&mut ann, &[]).await;
    let again = site.native(&site.begin(nina_id).await).await;
    lists(&mut ann, &["nina"]).await;
    let (_olga, _) = site.member("olga").await;
    lists(&mut ann, &["nina", "olga"]).await;
    again.client().close().await;
    lists(&mut ann, &["olga"]).await;
}

#[tokio::test]
async fn a_muca_client_gets_a_new_list_whenever_a_ghostr_user_comes_or_goes() {
    let site = Site::open().await;
    let (mut ann, _) = joined(&site, "Ann", "ann@x.org").await;
    let mut gus = signed_in(&site, "gus").await;
    lists(&mut ann, &["gus"]).await;
    gus.send(&json!({"action": "logout"})).await;
    lists(&mut ann, &[]).await;
    assert_eq!(gus.object().await["reply"], "logged out");
    assert_eq!(told(&mut gus, "gus", "secret").await, "SUCCESS");
    lists(&mut ann, &["gus"]).await;
    let mut vera = first_in(&site, "vera").await;
    lists(&mut ann, &["gus", "vera"]).await;
    // A connection that is lost is as good as a word.
    gus.close();
    lists(&mut ann, &["vera"]).await;
    vera.raw("TYPE: LOGOUT;;WHO: vera;;").await;
    lists(&mut ann, &[]).await;
}

/// Clients of both versions of ghostr, which are told the same.
struct Both {
    gus: Old,
    vera: Old,
}

impl Both {
    async fn sign_in(site: &Site) -> Self {
        let mut gus = signed_in(site, "gus").await;
        let vera = first_in(site, "vera").await;
        assert_eq!(gus.object().await, heard("login_broadcast", "vera", ""));
        Self { gus, vera }
    }

    /// The next that they are told is that somebody came, or went; who that is.
    async fn are_told(&mut self, there: bool) -> String {
        let (action, kind) = match there {
            true => ("login_broadcast", "LOGGEDIN"),
            false => ("logout_broadcast", "LOGGEDOUT"),
        };
        let object = self.gus.object().await;
        let who = object["from"].as_str().unwrap().to_owned();
        assert_eq!(object, heard(action, &who, ""));
        assert_eq!(self.vera.text().await, format!("TYPE: {kind};;WHO: {who};;"));
        who
    }
}

#[tokio::test]
async fn both_versions_of_ghostr_tell_when_a_native_user_comes_and_goes() {
    let site = Site::open().await;
    let mut both = Both::sign_in(&site).await;
    let (nina, nina_id) = site.member("nina").await;
    assert_eq!(both.are_told(true).await, "nina");
    nina.must(Command::Leave { circle: site.circle }).await;
    assert_eq!(both.are_told(false).await, "nina");
    nina.must(Command::Join { circle: site.circle }).await;
    assert_eq!(both.are_told(true).await, "nina");
    nina.client().close().await;
    assert_eq!(both.are_told(false).await, "nina");
    let _again = site.native(&site.begin(nina_id).await).await;
    assert_eq!(both.are_told(true).await, "nina");
}

#[tokio::test]
async fn both_versions_of_ghostr_tell_when_a_muca_user_comes_and_goes() {
    let site = Site::open().await;
    let mut both = Both::sign_in(&site).await;
    let (mut ann, _) = joined(&site, "Ann", "ann@x.org").await;
    let name = both.are_told(true).await;
    assert!(name.starts_with("muca-"), "{name}");
    ann.close();
    assert_eq!(both.are_told(false).await, name);
    let (mut ann, _) = joined(&site, "Ann", "ann@x.org").await;
    assert_eq!(both.are_told(true).await, name);
    // Somebody else on the same connection.
    ann.send(&json!({"CMD": "JOIN", "UN": "Ben", "UID": "ben@x.org"})).await;
    let other = both.are_told(true).await;
    assert_ne!(other, name);
    assert_eq!(both.are_told(false).await, name);
}

#[tokio::test]
async fn the_versions_of_ghostr_tell_of_each_other() {
    let site = Site::open().await;
    let Both { mut gus, mut vera } = Both::sign_in(&site).await;
    gus.send(&json!({"action": "logout"})).await;
    assert_eq!(vera.text().await, "TYPE: LOGGEDOUT;;WHO: gus;;");
    assert_eq!(gus.object().await["reply"], "logged out");
    assert_eq!(told(&mut gus, "gus", "secret").await, "SUCCESS");
    assert_eq!(vera.text().await, "TYPE: LOGGEDIN;;WHO: gus;;");
    vera.raw("TYPE: LOGOUT;;WHO: vera;;").await;
    assert_eq!(gus.object().await, heard("logout_broadcast", "vera", ""));
    assert_eq!(vera.text().await, "TYPE: LOGOUT;;WHO: vera;;");
    vera.ends().await;
}

impl Both {
    /// Who came less than so many seconds ago, by the second version.
    async fn since(&mut self, seconds: u64) -> Vec<String> {
        let ask = json!({"action": "whoelsesince", "since": seconds.to_string()});
        self.gus.send(&ask).await;
        let answer = self.gus.object().await;
        assert_eq!(answer["action"], "whoelsesince");
        let names = answer["reply"].as_array().unwrap().iter();
        let mut names: Vec<String> = names.map(|name| name.as_str().unwrap().to_owned()).collect();
        names.sort();
        names
    }

    /// Who is there that came at most so many seconds ago, by the first version.
    async fn first_since(&mut self, seconds: u64) -> Vec<String> {
        self.vera.raw(&format!("TYPE: WHOELSESINCE;;WHEN: {seconds};;FROM: vera;;")).await;
        let answer = self.vera.text().await;
        let names = answer.strip_prefix("TYPE: WHOELSE;;FROM: vera;;BODY: ").unwrap();
        let names = names.strip_suffix(";;").unwrap().lines();
        let mut names: Vec<String> = names.map(str::to_owned).collect();
        names.sort();
        names
    }
}

#[tokio::test]
async fn who_came_lately_counts_native_and_muca_users() {
    let site = Site::open().await;
    let (_olga, _) = site.member("olga").await;
    let mut both = Both::sign_in(&site).await;
    site.clock.advance(Duration::from_secs(5));
    let (nina, _) = site.member("nina").await;
    assert_eq!(both.are_told(true).await, "nina");
    let (mut ann, _) = joined(&site, "Ann", "ann@x.org").await;
    let guest = both.are_told(true).await;
    site.clock.advance(Duration::from_secs(1));

    let (late, all) = ([&*guest, "nina"], [&*guest, "nina", "olga", "vera"]);
    assert_eq!(both.since(1).await, [""; 0]);
    assert_eq!(both.since(2).await, late);
    assert_eq!(both.since(6).await, late);
    assert_eq!(both.since(7).await, all);
    assert_eq!(both.first_since(0).await, [""; 0]);
    assert_eq!(both.first_since(1).await, late);
    assert_eq!(both.first_since(5).await, late);
    assert_eq!(both.first_since(6).await, ["gus", &*guest, "nina", "olga"]);

    // Who is gone came all the same, for the second version and not for the first.
    nina.client().close().await;
    assert_eq!(both.are_told(false).await, "nina");
    ann.close();
    assert_eq!(both.are_told(false).await, guest);
    assert_eq!(both.since(2).await, late);
    assert_eq!(both.first_since(2).await, [""; 0]);
    assert_eq!(both.first_since(6).await, ["gus", "olga"]);
}
