//! Wrong passwords at ghostr's gateway.

use std::time::Duration;

use serde_json::json;

use crate::old::{Old, told};
use crate::site::Site;

#[tokio::test]
async fn who_guesses_elsewhere_keeps_nobody_out() {
    let site = Site::open().await;
    site.account("gus", "secret").await;
    let mut guesser = Old::open_from([127, 0, 0, 2], site.ghostr, false).await;
    for expected in ["INVALID_PASSWORD", "INVALID_PASSWORD", "INVALID_PASSWORD_BLOCKED", "BLOCKED"]
    {
        assert_eq!(told(&mut guesser, "gus", "guess").await, expected);
    }
    assert_eq!(told(&mut guesser, "gus", "secret").await, "BLOCKED");
    let mut owner = Old::open(site.ghostr, false).await;
    assert_eq!(told(&mut owner, "gus", "secret").await, "SUCCESS");
}

#[tokio::test]
async fn three_wrong_passwords_shut_an_address_out_of_an_account_whatever_the_connection() {
    let site = Site::with(|settings| settings.ghostr_block_seconds = 60).await;
    site.account("gus", "secret").await;
    let (mut one, mut two) =
        (Old::open(site.ghostr, false).await, Old::open(site.ghostr, false).await);
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
    two.send(&json!({"action": "logout"})).await;
    assert_eq!(two.object().await["reply"], "logged out");
    for expected in ["INVALID_PASSWORD", "INVALID_PASSWORD", "INVALID_PASSWORD_BLOCKED"] {
        assert_eq!(told(&mut one, "gus", "guess").await, expected);
        site.clock.advance(Duration::from_secs(60));
    }
}
