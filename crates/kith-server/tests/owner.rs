//! Who gets a site that nobody owns: whoever has the token that the server printed, and the first alone;
//! and what those may do to others who administer it.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use futures_util::future::join_all;
use kith_core::command::{Command, Outcome};
use kith_core::id::{FeedId, Seq, UserId};
use kith_hub::testing::Clock;
use kith_hub::verify::Watched;
use kith_hub::{Environment, Hub, HubError, Limits};
use kith_server::App;
use kith_server::auth::SignUp;
use kith_server::settings::{Registration, Settings};
use kith_store::Store;
use kith_store::memory::MemoryStore;

const PASSWORD: &str = "correct horse battery";
const HOME: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

async fn server(registration: Registration) -> Arc<App> {
    server_with(registration).await.0
}

async fn server_with(registration: Registration) -> (Arc<App>, Arc<Clock>, MemoryStore) {
    let settings = Settings {
        registration,
        password_memory_kib: 8,
        sign_ups_per_minute: 1000,
        ..Settings::default()
    };
    let clock = Arc::new(Clock::still());
    let env: Arc<dyn Environment> = Arc::<Clock>::clone(&clock);
    let kept = MemoryStore::new();
    let store = Arc::new(Watched(kept.clone()));
    let hub = Hub::open(store, Arc::clone(&env), Limits::default()).await.unwrap();
    (App::new(hub, env, settings), clock, kept)
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

/// An administrator and somebody else, with a session each.
async fn two(app: &App) -> (UserId, UserId, String) {
    let ana = app.auth.register("ana", PASSWORD, None, None, true).await.unwrap();
    let bob = app.auth.register("bob", PASSWORD, None, None, false).await.unwrap();
    let begun = app.auth.begin(bob, "phone").await.unwrap();
    (ana, bob, begun.token)
}

async fn act(app: &App, me: UserId, command: Command) -> Result<Outcome, String> {
    app.hub.execute(me, None, &command).await.map_err(|error| match error {
        HubError::Refused(refusal) => refusal.code().to_owned(),
        other => other.to_string(),
    })
}

/// The kinds of the events in the site's feed, with who did them.
async fn log(store: &MemoryStore) -> Vec<(String, Option<UserId>)> {
    let rows = store.events(FeedId::Site, Seq(0), 1000).await.unwrap();
    let told = |json: &str| {
        let event: kith_core::event::Event = serde_json::from_str(json).unwrap();
        let body = serde_json::to_value(&event.body).unwrap();
        (body["kind"].as_str().unwrap().to_owned(), event.by)
    };
    rows.iter().map(|row| told(&row.body)).collect()
}

#[tokio::test]
async fn an_administrator_locks_an_account_and_it_can_do_nothing_more() {
    let app = server(Registration::Open).await;
    let (ana, bob, token) = two(&app).await;
    let lock = |disabled| Command::SetDisabled { user: bob, disabled };
    assert_eq!(act(&app, bob, lock(true)).await.unwrap_err(), "permission.denied");
    act(&app, ana, lock(true)).await.unwrap();
    assert_eq!(app.auth.caller(&token).await.err().unwrap().code, "auth.failed");
    let locked = app.sign_in("bob", PASSWORD, "again", None, HOME).await.err().unwrap();
    assert_eq!(locked.code, "auth.failed");
    act(&app, ana, lock(false)).await.unwrap();
    assert!(app.sign_in("bob", PASSWORD, "again", None, HOME).await.is_ok());
    let own = Command::SetDisabled { user: ana, disabled: true };
    assert_eq!(act(&app, ana, own).await.unwrap_err(), "site.admin_stays");
}

#[tokio::test]
async fn a_link_sets_a_new_password_once_and_for_a_day() {
    let (app, clock, _) = server_with(Registration::Closed).await;
    let (ana, bob, old) = two(&app).await;
    let offer = Command::OfferReset { user: bob };
    assert_eq!(act(&app, bob, offer.clone()).await.unwrap_err(), "permission.denied");
    let first = act(&app, ana, offer.clone()).await.unwrap().code.unwrap();
    let token = act(&app, ana, offer.clone()).await.unwrap().code.unwrap();
    const NEW: &str = "a horse that is correct";
    let reset = async |token: &str| {
        let done = app.reset_password(token, NEW, "new", HOME).await;
        done.map(|begun| begun.user.id).map_err(|problem| problem.code)
    };
    assert_eq!(reset(&first).await.unwrap_err(), "ticket.not_found");
    assert!(app.sign_in("bob", PASSWORD, "still", None, HOME).await.is_ok());
    assert_eq!(reset(&token).await, Ok(bob));
    assert_eq!(reset(&token).await.unwrap_err(), "ticket.not_found");
    assert_eq!(app.auth.caller(&old).await.err().unwrap().code, "auth.failed");
    assert!(app.sign_in("bob", NEW, "new", None, HOME).await.is_ok());
    let late = act(&app, ana, offer).await.unwrap().code.unwrap();
    clock.pass_ms(24 * 3600 * 1000);
    assert_eq!(reset(&late).await.unwrap_err(), "ticket.not_found");
}

#[tokio::test]
async fn of_two_who_use_a_link_at_once_one_sets_the_password() {
    let app = server(Registration::Open).await;
    let (ana, bob, _) = two(&app).await;
    for _ in 0..20 {
        let token = act(&app, ana, Command::OfferReset { user: bob }).await.unwrap().code.unwrap();
        let both =
            join_all((0..2).map(|_| app.reset_password(&token, PASSWORD, "new", HOME))).await;
        assert_eq!(both.iter().filter(|done| done.is_ok()).count(), 1);
    }
}

#[tokio::test]
async fn whoever_administers_it_no_longer_is_told_nothing_of_it() {
    let app = server(Registration::Open).await;
    let (ana, bob, token) = two(&app).await;
    let appoint = |user, admin| Command::SetAdmin { user, admin };
    act(&app, ana, appoint(bob, true)).await.unwrap();
    assert!(app.auth.caller(&token).await.is_err(), "a session of an administrator is shorter");
    assert!(app.hub.accounts(bob, "", None, 50).await.is_ok());
    act(&app, ana, appoint(bob, false)).await.unwrap();
    assert!(app.hub.accounts(bob, "", None, 50).await.is_err());
    assert!(!administers(&app, bob).await);
    assert_eq!(act(&app, ana, appoint(ana, false)).await.unwrap_err(), "site.admin_stays");
}

#[tokio::test]
async fn accounts_are_found_by_how_their_names_begin() {
    let app = server(Registration::Open).await;
    let (ana, bob, _) = two(&app).await;
    app.auth.register("Bobby", PASSWORD, None, None, false).await.unwrap();
    let named = async |begin: &str, after: Option<&str>, limit: usize| {
        let (found, more) = app.hub.accounts(ana, begin, after, limit).await.unwrap();
        let names = found.iter().map(|one| one.user.name.as_str().to_owned());
        (names.collect::<Vec<_>>(), more)
    };
    assert_eq!(
        named("", None, 50).await,
        (vec!["ana".into(), "bob".into(), "Bobby".into()], false)
    );
    assert_eq!(named("BOB", None, 1).await, (vec!["bob".into()], true));
    assert_eq!(named("bob", Some("bob"), 50).await, (vec!["Bobby".into()], false));
    assert_eq!(named("x", None, 50).await, (Vec::new(), false));
    let (found, _) = app.hub.accounts(ana, "bob", None, 1).await.unwrap();
    assert_eq!((found[0].user.id, found[0].sessions, found[0].site_admin), (bob, 1, false));
}

#[tokio::test]
async fn registration_is_ruled_while_the_server_runs_and_all_of_it_is_kept() {
    let (app, _, store) = server_with(Registration::Open).await;
    let (ana, bob, _) = two(&app).await;
    let rule = |registration| Command::ChangeSite { registration };
    let closed = rule(Some(Registration::Closed));
    assert_eq!(act(&app, bob, closed.clone()).await.unwrap_err(), "permission.denied");
    act(&app, ana, closed).await.unwrap();
    let refused = app.sign_up_as(&new("cyd", None), HOME).await.err().unwrap();
    assert_eq!(refused.code, "site.registration_closed");
    act(&app, ana, rule(None)).await.unwrap();
    let cyd = app.sign_up_as(&new("cyd", None), HOME).await.unwrap().user.id;
    act(&app, ana, Command::EndSessions { user: cyd }).await.unwrap();
    app.hub.settled().await.unwrap();
    let kinds = log(&store).await;
    for (kind, by) in [("site_changed", ana), ("sessions_ended", ana), ("user_registered", cyd)] {
        assert!(kinds.contains(&(kind.to_owned(), Some(by))), "{kind}: {kinds:?}");
    }
}
