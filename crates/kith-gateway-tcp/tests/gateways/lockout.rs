//! Wrong passwords at ghostr's gateway.

use std::time::Duration;

use kith_client::{Auth, Client, Options};
use serde_json::json;

use crate::old::{Old, told};
use crate::site::Site;

const AWAY: [u8; 4] = [127, 0, 0, 2];

async fn leaves(client: &mut Old) {
    client.send(&json!({"action": "logout"})).await;
    assert_eq!(client.object().await["reply"], "logged out");
}

const GUESSES: [&str; 4] =
    ["INVALID_PASSWORD", "INVALID_PASSWORD", "INVALID_PASSWORD_BLOCKED", "BLOCKED"];

#[tokio::test]
async fn who_guesses_shuts_an_account_for_all_but_where_its_user_is_at_home() {
    let site = Site::open().await;
    site.account("gus", "secret").await;
    let mut owner = Old::open(site.ghostr, false).await;
    assert_eq!(told(&mut owner, "gus", "secret").await, "SUCCESS");
    leaves(&mut owner).await;
    let mut guesser = Old::open_from(AWAY, site.ghostr, false).await;
    for expected in GUESSES {
        assert_eq!(told(&mut guesser, "gus", "guess").await, expected);
    }
    let mut other = Old::open_from([127, 0, 0, 3], site.ghostr, false).await;
    assert_eq!(told(&mut other, "gus", "secret").await, "BLOCKED");
    assert_eq!(told(&mut owner, "gus", "secret").await, "SUCCESS");
    leaves(&mut owner).await;
    assert_eq!(told(&mut other, "gus", "secret").await, "BLOCKED", "it was for its time");
    site.clock.advance(Duration::from_secs(60));
    assert_eq!(told(&mut other, "gus", "secret").await, "SUCCESS");
}

#[tokio::test]
async fn an_account_that_is_shut_at_the_gateway_is_open_at_every_other_door() {
    let site = Site::open().await;
    let gus = site.account("gus", "secret").await;
    let mut guesser = Old::open_from(AWAY, site.ghostr, false).await;
    for expected in GUESSES {
        assert_eq!(told(&mut guesser, "gus", "guess").await, expected);
    }
    let url = format!("http://127.0.0.1:{}", site.port);
    let (name, password) = ("gus".to_owned(), "secret".to_owned());
    let options = Options::new(&url, Auth::Password { name, password, device: None });
    let (client, _) = Client::connect(options).await.unwrap();
    assert_eq!(client.welcome().user.id, gus);
    let mut owner = Old::open(site.ghostr, false).await;
    assert_eq!(told(&mut owner, "gus", "secret").await, "BLOCKED");
}

#[tokio::test]
async fn three_wrong_passwords_shut_an_account_whatever_the_connection_and_the_address() {
    let site = Site::with(|settings| settings.ghostr_block_seconds = 60).await;
    site.account("gus", "secret").await;
    let (mut one, mut two) =
        (Old::open(site.ghostr, false).await, Old::open_from(AWAY, site.ghostr, false).await);
    assert_eq!(told(&mut one, "gus", "guess").await, "INVALID_PASSWORD");
    assert_eq!(told(&mut two, "gus", "guess").await, "INVALID_PASSWORD");
    assert_eq!(told(&mut one, "gus", "guess").await, "INVALID_PASSWORD_BLOCKED");
    // Nobody looks at the password, and what is tried makes it no longer.
    for client in [&mut one, &mut two] {
        assert_eq!(told(client, "gus", "secret").await, "BLOCKED");
        assert_eq!(told(client, "GUS", "guess").await, "BLOCKED");
    }
    let mut first = Old::open(site.ghostr, true).await;
    first.raw("TYPE: LOGON;;WHO: gus;;").await;
    let shut = first.text().await;
    assert!(shut.contains("Your account is blocked due to multiple login failures"), "{shut}");
    site.clock.advance(Duration::from_secs(59));
    assert_eq!(told(&mut two, "gus", "secret").await, "BLOCKED");
    site.clock.advance(Duration::from_secs(1));
    // It counts on from there until the user was there and has left.
    assert_eq!(told(&mut two, "gus", "guess").await, "INVALID_PASSWORD_BLOCKED");
    site.clock.advance(Duration::from_secs(60));
    assert_eq!(told(&mut two, "gus", "secret").await, "SUCCESS");
    assert_eq!(told(&mut one, "gus", "guess").await, "ALREADY_LOGGED_IN");
    leaves(&mut two).await;
    for expected in ["INVALID_PASSWORD", "INVALID_PASSWORD", "INVALID_PASSWORD_BLOCKED"] {
        assert_eq!(told(&mut one, "gus", "guess").await, expected);
        site.clock.advance(Duration::from_secs(60));
    }
}
