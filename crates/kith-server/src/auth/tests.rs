//! What is said while a password is being compared, which takes long enough for much to happen.

use std::net::{IpAddr, Ipv4Addr};
use std::pin::pin;

use kith_hub::Limits;
use kith_hub::testing::Clock;
use kith_store::memory::MemoryStore;

use super::*;
use crate::app::App;
use crate::settings::Registration;

const HOME: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
const OLD: &str = "correct horse battery";
const NEW: &str = "another long one";

async fn server() -> Arc<App> {
    let settings = Settings {
        registration: Registration::Open,
        password_memory_kib: 8,
        ..Settings::default()
    };
    let env: Arc<dyn Environment> = Arc::new(Clock::still());
    let store = Arc::new(MemoryStore::new());
    let hub = Hub::open(store, Arc::clone(&env), Limits::default()).await.unwrap();
    App::new(hub, env, settings)
}

/// Runs `first` up to where it waits for its turn to compare the password, then all of `second`,
/// then the rest of `first`.
async fn overtake<T>(app: &App, first: impl Future<Output = T>, second: impl AsyncFnOnce()) -> T {
    let places = app.auth.waiting.available_permits();
    let turns = u32::try_from(app.auth.running.available_permits()).unwrap();
    let turns = app.auth.running.acquire_many(turns).await.unwrap();
    let mut first = pin!(first);
    let waits = async {
        while app.auth.waiting.available_permits() == places {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        biased;
        _ = &mut first => panic!("it did not wait"),
        () = waits => {}
    }
    second().await;
    drop(turns);
    first.await
}

/// Sets the password, its hash made before, as nothing can be hashed meanwhile.
async fn set_password(app: &App, user: UserId, hash: &str) {
    let set = |draft: &mut Draft<'_>| account::set_password(draft, user, hash.to_owned());
    app.hub.transact(None, None, set).await.unwrap();
}

#[tokio::test]
async fn the_old_password_begins_no_session_once_there_is_a_new_one() {
    let app = server().await;
    let ana = app.sign_up("ana", OLD, None, None, "home", HOME).await.unwrap().user.id;
    let new = app.auth.hash_password(NEW).await.unwrap();
    let begun = overtake(&app, app.sign_in("ana", OLD, "late", None, HOME), async || {
        set_password(&app, ana, &new).await;
    })
    .await;
    assert_eq!(begun.err().map(|problem| problem.code), Some("auth.failed".to_owned()));
    app.sign_in("ana", NEW, "home", None, HOME).await.unwrap();
}

#[tokio::test]
async fn the_same_password_set_anew_begins_no_session_either() {
    let app = server().await;
    let ana = app.sign_up("ana", OLD, None, None, "home", HOME).await.unwrap().user.id;
    let same = app.auth.hash_password(OLD).await.unwrap();
    let begun = overtake(&app, app.sign_in("ana", OLD, "late", None, HOME), async || {
        set_password(&app, ana, &same).await;
    })
    .await;
    assert_eq!(begun.err().map(|problem| problem.code), Some("auth.failed".to_owned()));
}

#[tokio::test]
async fn an_account_that_is_disabled_meanwhile_begins_no_session() {
    let app = server().await;
    let ana = app.sign_up("ana", OLD, None, None, "home", HOME).await.unwrap().user.id;
    let begun = overtake(&app, app.sign_in("ana", OLD, "late", None, HOME), async || {
        let disable = |draft: &mut Draft<'_>| account::set_disabled(draft, ana, true);
        app.hub.transact(None, None, disable).await.unwrap();
    })
    .await;
    assert_eq!(begun.err().map(|problem| problem.code), Some("auth.failed".to_owned()));
}

#[tokio::test]
async fn the_old_password_sets_none_once_there_is_a_new_one() {
    let app = server().await;
    let begun = app.sign_up("ana", OLD, None, None, "home", HOME).await.unwrap();
    let caller = app.auth.caller(&begun.token).await.unwrap();
    let new = app.auth.hash_password(NEW).await.unwrap();
    let change = app.change_password(&caller, OLD, "a third long one", "late");
    let changed = overtake(&app, change, async || {
        set_password(&app, caller.user, &new).await;
    })
    .await;
    assert_eq!(changed.err().map(|problem| problem.code), Some("password.wrong".to_owned()));
    app.sign_in("ana", NEW, "home", None, HOME).await.unwrap();
}

#[tokio::test]
async fn a_new_password_ends_the_sessions_of_the_same_instant() {
    let app = server().await;
    let first = app.sign_up("ana", OLD, None, None, "home", HOME).await.unwrap();
    let caller = app.auth.caller(&first.token).await.unwrap();
    let new = app.change_password(&caller, OLD, NEW, "home").await.unwrap();
    let old = app.auth.caller(&first.token).await;
    assert_eq!(old.err().map(|problem| problem.code), Some("auth.failed".to_owned()));
    app.auth.caller(&new.token).await.unwrap();
}
