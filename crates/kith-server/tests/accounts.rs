//! Signing in under attack, and how long sessions last, on a clock that the test sets.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use kith_hub::testing::Clock;
use kith_hub::verify::Watched;
use kith_hub::{Environment, Hub, Limits};
use kith_server::App;
use kith_server::settings::{Registration, Settings};
use kith_store::memory::MemoryStore;

const PASSWORD: &str = "correct horse battery";
const HOUR: u64 = 3600 * 1000;
const DAY: u64 = 24 * HOUR;

async fn server() -> (Arc<App>, Arc<Clock>) {
    let settings = Settings {
        registration: Registration::Open,
        password_memory_kib: 8,
        sign_ups_per_minute: 1000,
        ..Settings::default()
    };
    let clock = Arc::new(Clock::still());
    let env: Arc<dyn Environment> = Arc::<Clock>::clone(&clock);
    let store = Arc::new(Watched(MemoryStore::new()));
    let hub = Hub::open(store, Arc::clone(&env), Limits::default()).await.unwrap();
    (App::new(hub, env, settings), clock)
}

const HOME: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

fn address(number: u32) -> IpAddr {
    IpAddr::V4(Ipv4Addr::from(0x0a00_0000 + number))
}

#[tokio::test]
async fn guesses_from_everywhere_slow_down_strangers_and_not_a_known_device() {
    let (app, clock) = server().await;
    let ana = app.sign_up("ana", PASSWORD, None, None, "home", HOME).await.unwrap();
    let bob = app.sign_up("bob", PASSWORD, None, None, "home", HOME).await.unwrap();
    let device = ana.device.as_str();
    let mut tried = 0;
    for number in 0..3000 {
        let guess = app.sign_in("ana", "a wrong password", "guess", None, address(number)).await;
        tried += u32::from(guess.err().unwrap().code == "auth.failed");
        clock.pass_ms(10);
        if number % 500 == 0 {
            // Its owner comes and goes meanwhile, from an address that guesses too.
            clock.pass_ms(60_000);
            let at = address(number);
            app.sign_in("ANA", PASSWORD, "home", Some(device), at).await.unwrap();
        }
    }
    assert!((100..120).contains(&tried), "{tried} guesses were looked at");
    let new = app.sign_in("ana", PASSWORD, "new", None, address(9999)).await;
    assert_eq!(new.err().unwrap().code, "rate.limited");
    for wrong in [bob.device.clone(), format!("{device}0"), "kithd_".to_owned()] {
        let told = app.sign_in("ana", PASSWORD, "new", Some(&wrong), address(9999)).await;
        assert_eq!(told.err().unwrap().code, "rate.limited", "{wrong}");
    }
    // A known device has its own five tries and no more.
    let mut failed = 0;
    for _ in 0..20 {
        let guess = app.sign_in("ana", "a wrong password", "x", Some(device), HOME).await;
        failed += u32::from(guess.err().unwrap().code == "auth.failed");
    }
    assert!(failed <= 5, "{failed}");
    clock.pass_ms(2 * HOUR);
    app.sign_in("ana", PASSWORD, "new", None, address(9999)).await.unwrap();
}

#[tokio::test]
async fn every_sign_in_begins_a_session_of_its_own() {
    let (app, _) = server().await;
    let first = app.sign_up("ana", PASSWORD, None, None, "one", HOME).await.unwrap();
    let device = Some(first.device.as_str());
    let second = app.sign_in("ana", PASSWORD, "two", device, HOME).await.unwrap();
    assert_ne!(first.token, second.token);
    assert_ne!(first.session, second.session);
    app.auth.caller(&first.token).await.unwrap();
}

#[tokio::test]
async fn a_new_password_ends_all_sessions_but_the_one_it_begins() {
    let (app, clock) = server().await;
    let first = app.sign_up("ana", PASSWORD, None, None, "one", HOME).await.unwrap();
    let other = app.sign_in("ana", PASSWORD, "two", None, HOME).await.unwrap();
    let caller = app.auth.caller(&first.token).await.unwrap();
    let connected = app.hub.connect(&caller.token_hash).await.unwrap();
    clock.pass_ms(1000);
    let wrong = app.change_password(&caller, "not the password", "another long one", "x").await;
    assert_eq!(wrong.err().unwrap().code, "password.wrong");
    let short = app.change_password(&caller, PASSWORD, "short", "x").await;
    assert_eq!(short.err().unwrap().code, "password.length");
    app.auth.caller(&first.token).await.unwrap();
    let new = app.change_password(&caller, PASSWORD, "another long one", "x").await.unwrap();
    assert_eq!(connected.ended().await, kith_hub::End::Revoked);
    for old in [&first.token, &other.token] {
        assert_eq!(app.auth.caller(old).await.err().unwrap().code, "auth.failed");
    }
    app.auth.caller(&new.token).await.unwrap();
    let old = app.sign_in("ana", PASSWORD, "x", Some(&first.device), HOME).await;
    assert_eq!(old.err().unwrap().code, "auth.failed");
}

#[tokio::test]
async fn a_session_ends_when_it_is_not_used_or_too_old() {
    let (app, clock) = server().await;
    let begun = app.sign_up("ana", PASSWORD, None, None, "one", HOME).await.unwrap();
    let used = || app.auth.caller(&begun.token);
    for _ in 0..6 {
        clock.pass_ms(13 * DAY);
        used().await.unwrap();
    }
    // Used every other week, and yet not for ever.
    clock.pass_ms(13 * DAY);
    assert_eq!(used().await.err().unwrap().code, "auth.failed");

    let begun = app.sign_in("ana", PASSWORD, "two", None, HOME).await.unwrap();
    clock.pass_ms(15 * DAY);
    assert_eq!(app.auth.caller(&begun.token).await.err().unwrap().code, "auth.failed");
    assert!(app.hub.expire().await.unwrap() >= 2);
    assert!(app.hub.sessions(begun.user.id).await.unwrap().is_empty());
}

#[tokio::test]
async fn sessions_of_administrators_end_sooner() {
    let (app, clock) = server().await;
    let admin = app.auth.register("root", PASSWORD, None, None, true).await.unwrap();
    let begun = app.auth.begin(admin, "one").await.unwrap();
    for _ in 0..13 {
        clock.pass_ms(11 * HOUR);
        app.auth.caller(&begun.token).await.unwrap();
    }
    clock.pass_ms(30 * HOUR);
    assert_eq!(app.auth.caller(&begun.token).await.err().unwrap().code, "auth.failed");
    let begun = app.auth.begin(admin, "two").await.unwrap();
    clock.pass_ms(13 * HOUR);
    assert_eq!(app.auth.caller(&begun.token).await.err().unwrap().code, "auth.failed");
}

#[tokio::test]
async fn a_connection_is_use_and_ends_with_its_session() {
    let (app, clock) = server().await;
    let begun = app.sign_up("ana", PASSWORD, None, None, "one", HOME).await.unwrap();
    let caller = app.auth.caller(&begun.token).await.unwrap();
    let connected = app.hub.connect(&caller.token_hash).await.unwrap();
    for _ in 0..8 {
        clock.pass_ms(11 * DAY);
        app.hub.expire().await.unwrap();
        app.auth.caller(&begun.token).await.unwrap();
    }
    clock.pass_ms(3 * DAY);
    app.hub.expire().await.unwrap();
    assert_eq!(connected.ended().await, kith_hub::End::Revoked);
}

#[tokio::test]
async fn a_clock_that_is_set_back_keeps_no_session_for_ever() {
    let (app, clock) = server().await;
    clock.pass_ms(80 * DAY);
    let begun = app.sign_up("ana", PASSWORD, None, None, "one", HOME).await.unwrap();
    clock.jump_ms(-((80 * DAY) as i64));
    app.auth.caller(&begun.token).await.unwrap();
    // Its use is noted on the clock as it is now.
    clock.pass_ms(15 * DAY);
    assert_eq!(app.auth.caller(&begun.token).await.err().unwrap().code, "auth.failed");
}

#[tokio::test]
async fn a_new_password_ends_sessions_that_a_later_clock_began() {
    let (app, clock) = server().await;
    let first = app.sign_up("ana", PASSWORD, None, None, "one", HOME).await.unwrap();
    let caller = app.auth.caller(&first.token).await.unwrap();
    clock.jump_ms(-((HOUR) as i64));
    let new = app.change_password(&caller, PASSWORD, "another long one", "x").await.unwrap();
    assert_eq!(app.auth.caller(&first.token).await.err().unwrap().code, "auth.failed");
    // And those that begin after it are not ended by it.
    clock.jump_ms(-((HOUR) as i64));
    app.auth.caller(&new.token).await.unwrap();
    let begun = app.sign_in("ana", "another long one", "y", None, HOME).await.unwrap();
    app.auth.caller(&begun.token).await.unwrap();
}
