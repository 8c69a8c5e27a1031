//! Who gets a site that nobody owns: whoever has the token that the server printed, and the first alone.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::future::join_all;
use kith_core::command::Command;
use kith_core::id::{FeedId, Timestamp, UserId};
use kith_hub::verify::Watched;
use kith_hub::{Environment, Hub, Limits};
use kith_server::App;
use kith_server::auth::SignUp;
use kith_server::settings::{Registration, Settings};
use kith_store::memory::MemoryStore;

const PASSWORD: &str = "correct horse battery";
const HOME: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

struct Clock(AtomicU64);

impl Environment for Clock {
    fn now(&self) -> Timestamp {
        Timestamp(1_763_000_000_000)
    }

    fn random(&self) -> u128 {
        let drawn = u128::from(self.0.fetch_add(1, Ordering::Relaxed));
        drawn.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)
    }
}

async fn server(registration: Registration) -> Arc<App> {
    let settings = Settings {
        registration,
        password_memory_kib: 8,
        sign_ups_per_minute: 1000,
        ..Settings::default()
    };
    let env: Arc<dyn Environment> = Arc::new(Clock(1.into()));
    let store = Arc::new(Watched(MemoryStore::new()));
    let hub = Hub::open(store, Arc::clone(&env), Limits::default()).await.unwrap();
    App::new(hub, env, settings)
}

fn new<'a>(name: &'a str, owner: Option<&'a str>) -> SignUp<'a> {
    SignUp { name, password: PASSWORD, display_name: None, invite: None, owner, label: "test" }
}

async fn administers(app: &App, user: UserId) -> bool {
    app.hub.may_read(user, FeedId::Site).await.is_ok()
}

#[tokio::test]
async fn whoever_has_the_token_signs_up_however_registration_is_ruled() {
    let app = server(Registration::Closed).await;
    let token = app.offer_site().await.unwrap().unwrap();
    assert!(!app.hub.is_owned().await.unwrap());
    let refused = app.sign_up_as(&new("bob", None), HOME).await.err().unwrap();
    assert_eq!(refused.code, "site.registration_closed");
    let wrong = app.sign_up_as(&new("bob", Some("guess")), HOME).await.err().unwrap();
    assert_eq!(wrong.code, "ticket.not_found");
    let ana = app.sign_up_as(&new("ana", Some(&token)), HOME).await.unwrap();
    assert!(administers(&app, ana.user.id).await);
    assert!(app.hub.is_owned().await.unwrap());
    let late = app.sign_up_as(&new("bob", Some(&token)), HOME).await.err().unwrap();
    assert_eq!(late.code, "ticket.not_found");
}

#[tokio::test]
async fn of_a_hundred_who_claim_the_site_one_gets_it() {
    let app = server(Registration::Open).await;
    let mut users = Vec::new();
    for number in 0..100 {
        let name = format!("user{number}");
        users.push(app.auth.register(&name, PASSWORD, None, None, false).await.unwrap());
    }
    let token = app.offer_site().await.unwrap().unwrap();
    let claim = Command::ClaimSite { token };
    let claims = users.iter().map(|user| app.hub.execute(*user, None, &claim));
    let done = join_all(claims).await;
    assert_eq!(done.iter().filter(|done| done.is_ok()).count(), 1);
    let mut administrators = 0;
    for user in users {
        administrators += u32::from(administers(&app, user).await);
    }
    assert_eq!(administrators, 1);
}

#[tokio::test]
async fn of_twenty_who_sign_up_with_the_token_one_has_an_account() {
    let app = server(Registration::Invite).await;
    let token = app.offer_site().await.unwrap().unwrap();
    let names: Vec<String> = (0..20).map(|number| format!("user{number}")).collect();
    let wanted: Vec<SignUp<'_>> = names.iter().map(|name| new(name, Some(&token))).collect();
    let done = join_all(wanted.iter().map(|new| app.sign_up_as(new, HOME))).await;
    let (in_, out): (Vec<_>, Vec<_>) = done.into_iter().partition(Result::is_ok);
    assert_eq!(in_.len(), 1);
    assert!(out.into_iter().all(|refused| refused.err().unwrap().code == "ticket.not_found"));
    for name in &names {
        let found = app.hub.user_by_name(name).await.is_ok();
        assert_eq!(found, in_[0].as_ref().unwrap().user.name.as_str() == name);
    }
}

#[tokio::test]
async fn each_start_makes_another_token_until_somebody_administers() {
    let app = server(Registration::Open).await;
    let first = app.offer_site().await.unwrap().unwrap();
    let second = app.offer_site().await.unwrap().unwrap();
    let old = app.sign_up_as(&new("ana", Some(&first)), HOME).await.err().unwrap();
    assert_eq!(old.code, "ticket.not_found");
    app.auth.register("root", PASSWORD, None, None, true).await.unwrap();
    assert_eq!(app.offer_site().await.unwrap(), None);
    let late = app.sign_up_as(&new("ana", Some(&second)), HOME).await.err().unwrap();
    assert_eq!(late.code, "ticket.not_found");
    assert!(app.hub.is_owned().await.unwrap());
}
