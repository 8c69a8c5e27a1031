//! `kith serve --demo`: a circle to look around in, as if six people had used it for a week. Who says
//! what when is in `data/demo.json`; here it happens, once, in a database that has nothing else.

mod clock;
mod script;
mod stage;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use kith_core::command::Outcome;
use kith_core::document::{Doc, Key, SiteSecret};
use kith_hub::{Environment, Hub, Limits};
use kith_server::App;
use kith_server::settings::Settings;
use kith_store::Store;

use crate::environment::Exit;
use clock::Clock;
use script::Script;
use stage::Stage;

/// What everybody of the demo signs in with. The demo listens on this machine alone.
const PASSWORD: &str = "riverside makers";
/// The secret of the site that says that the demo was made.
const MADE: &str = "demo";

/// Makes the demo in an empty database, as of `env`'s time; in one that has it nothing changes.
///
/// # Errors
/// When the database has something else, or half a demo, or cannot be written.
pub(crate) async fn make(
    store: Arc<dyn Store>,
    env: &dyn Environment,
    settings: &Settings,
) -> anyhow::Result<()> {
    let clock = Arc::new(Clock::new(env.now()));
    let is_empty = store.feeds(None, 1).await?.is_empty();
    let hub = Hub::open(store, Arc::<Clock>::clone(&clock), Limits::default()).await?;
    let made = hub.look(|draft| draft.site_secret(MADE.to_owned())).await?.is_some();
    let done = match (made, is_empty) {
        (true, _) => Ok(()),
        (false, true) => tell(&hub, clock, settings).await,
        (false, false) => {
            let message = "--demo needs a directory without data: this one has something else, or a \
                           demo that was not finished";
            Err(Exit::usage(message).into())
        }
    };
    hub.close().await;
    done
}

async fn tell(hub: &Hub, clock: Arc<Clock>, settings: &Settings) -> anyhow::Result<()> {
    let script = Script::read()?;
    let app = App::new(hub.clone(), Arc::<Clock>::clone(&clock), settings.clone());
    let hash = app.auth.hash_password(PASSWORD).await.map_err(crate::failure::Failure::Refused)?;
    let mut stage = Stage::new(hub.clone(), clock);
    stage.people(&script, &hash).await?;
    stage.place(&script).await?;
    stage.play(&script).await?;
    stage.leave(&script).await?;
    hub.transact(None, None, |draft| {
        let made = SiteSecret { secret: MADE.to_owned(), made_at: draft.now };
        draft.put(Key::Secret(MADE.to_owned()), Some(Doc::Secret(Arc::new(made))));
        Ok(Outcome::default())
    })
    .await?;
    Ok(())
}

/// How one signs in to the demo.
pub(crate) fn sign_in() -> anyhow::Result<String> {
    let script = Script::read()?;
    let names: Vec<&str> = script.people.iter().map(|person| person.name.as_str()).collect();
    let (first, others) = names.split_first().unwrap_or((&"", &[]));
    Ok(format!(
        "a demo: sign in as {first}, who owns the site, or as {}; the password is: {PASSWORD}",
        others.join(", ")
    ))
}
