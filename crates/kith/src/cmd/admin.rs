//! `kith admin`: accounts, bots and what is stored, while the server is stopped.

mod files;
mod index;
mod repair;

use std::fmt;
use std::io::{BufRead, IsTerminal, Read};
use std::sync::Arc;

use anyhow::Context;
use kith_core::decide::account::Lifetime;
use kith_core::decide::{account, secret_hash};
use kith_core::document::{Doc, Key, User};
use kith_core::id::{Timestamp, UserId};
use kith_core::refusal::Refusal;
use kith_core::text::{Label, UserName};
use kith_hub::{Hub, HubError, Limits};
use kith_proto::error::Problem;
use kith_server::App;
use kith_server::auth::TOKEN_PREFIX;
use kith_store::{ROWS_MAX, Range, Store};
use serde_json::json;

use crate::config::{Config, Given, failure};
use crate::environment::SystemEnvironment;
use crate::failure::Failure;
use crate::{logging, output};

/// The longest line that is read as a password, in bytes.
const LINE_BYTES_MAX: u64 = 1024;
/// Milliseconds in a day.
const DAY_MS: u64 = 24 * 3600 * 1000;

/// Accounts, bots and what is stored, while the server is stopped.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A password is one line of standard input, or is asked for on a terminal.

Examples:
  kith admin user add ana --admin --data /var/lib/kith
  kith admin user list --json --data data
  kith admin user password ana --data data < password.txt
  kith admin user disable bob --data data
  kith admin bot add weather --owner ana --data data
  kith admin repair --data data
  kith admin index --data data
  kith admin files move --to s3 --data data")]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// People's accounts
    #[command(subcommand)]
    User(UserCommand),
    /// Programs' accounts
    #[command(subcommand)]
    Bot(BotCommand),
    /// Makes lists, counts and other documents anew from the events
    Repair(repair::Args),
    /// Makes the search index anew
    Index(index::Args),
    /// The contents of files: from the disk into a bucket, and back
    #[command(subcommand)]
    Files(files::Command),
}

#[derive(Debug, clap::Subcommand)]
enum UserCommand {
    /// Makes an account
    Add {
        /// Its unique name
        name: String,
        /// May administer the site
        #[arg(long)]
        admin: bool,
        /// What it is shown as
        #[arg(long, value_name = "TEXT")]
        display_name: Option<String>,
        #[command(flatten)]
        given: Given,
    },
    /// Lists all accounts, programs' too
    List {
        /// Prints one JSON array
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        given: Given,
    },
    /// Locks an account and ends its sessions
    Disable {
        /// Whose
        name: String,
        #[command(flatten)]
        given: Given,
    },
    /// Unlocks an account
    Enable {
        /// Whose
        name: String,
        #[command(flatten)]
        given: Given,
    },
    /// Sets a new password and ends all sessions
    Password {
        /// Whose
        name: String,
        #[command(flatten)]
        given: Given,
    },
}

#[derive(Debug, clap::Subcommand)]
enum BotCommand {
    /// Makes an account for a program and prints its token, this once
    Add {
        /// Its unique name
        name: String,
        /// The person whose program it is
        #[arg(long, value_name = "USER")]
        owner: String,
        /// Days after which the token ends
        #[arg(long, value_name = "DAYS", default_value_t = 3650,
              value_parser = clap::value_parser!(u32).range(1..=36500))]
        days: u32,
        /// Prints one JSON object
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        given: Given,
    },
}

/// Does one of them.
///
/// # Errors
/// When the data is in use, or what was asked is refused.
pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    match args.what {
        What::User(UserCommand::Add { name, admin, display_name, given }) => {
            let config = prepare(&given)?;
            config.make_data()?;
            // Opened first: nobody types a password to learn then that the data is in use.
            let site = Site::open(&config).await?;
            let added = site.add(&name, admin, display_name.as_deref()).await;
            site.close().await;
            added
        }
        What::User(UserCommand::List { json, given }) => {
            let site = Site::open_existing(&given).await?;
            let listed = site.list(json).await;
            site.close().await;
            listed
        }
        What::User(UserCommand::Disable { name, given }) => set_disabled(&given, &name, true).await,
        What::User(UserCommand::Enable { name, given }) => set_disabled(&given, &name, false).await,
        What::User(UserCommand::Password { name, given }) => {
            let site = Site::open_existing(&given).await?;
            let set = site.set_password(&name).await;
            site.close().await;
            set
        }
        What::Repair(args) => repair::run(args).await,
        What::Index(args) => index::run(args).await,
        What::Files(command) => files::run(command).await,
        What::Bot(BotCommand::Add { name, owner, days, json, given }) => {
            let site = Site::open_existing(&given).await?;
            let added = site.add_bot(&name, &owner, days, json).await;
            site.close().await;
            added
        }
    }
}

fn prepare(given: &Given) -> anyhow::Result<Config> {
    let config = Config::load(given, None)?;
    logging::init(&config)?;
    Ok(config)
}

async fn set_disabled(given: &Given, name: &str, disabled: bool) -> anyhow::Result<()> {
    let site = Site::open_existing(given).await?;
    let set = site.set_disabled(name, disabled).await;
    site.close().await;
    set
}

/// The server's inside, without its surfaces.
struct Site {
    hub: Hub,
    app: Arc<App>,
    store: Arc<dyn Store>,
}

impl Site {
    async fn open_existing(given: &Given) -> anyhow::Result<Self> {
        let config = prepare(given)?;
        config.existing_database()?;
        Self::open(&config).await
    }

    async fn open(config: &Config) -> anyhow::Result<Self> {
        let store: Arc<dyn Store> = Arc::new(config.open_store().await?);
        let env = Arc::new(SystemEnvironment);
        let hub = Hub::open(Arc::clone(&store), env.clone(), Limits::default()).await;
        let hub = hub.map_err(|error| match &error {
            HubError::Store(inner) => anyhow::Error::from(failure(&config.data, inner)),
            _ => error.into(),
        })?;
        let app = App::new(hub.clone(), env, config.settings.clone());
        Ok(Self { hub, app, store })
    }

    /// Waits until all is written and gives the data back.
    async fn close(self) {
        self.hub.close().await;
    }

    async fn user(&self, name: &str) -> anyhow::Result<Arc<User>> {
        match self.hub.user_by_name(name).await {
            Ok(user) => Ok(user),
            Err(HubError::Refused(refusal @ Refusal::NoSuchUser)) => {
                let problem = Problem::new(refusal.code(), format!("there is no user {name}"));
                Err(Failure::Refused(problem).into())
            }
            Err(error) => Err(failed(error)),
        }
    }

    async fn add(&self, name: &str, admin: bool, display_name: Option<&str>) -> anyhow::Result<()> {
        let password = read_password()?;
        let made = self.app.auth.register(name, &password, display_name, None, admin).await;
        made.map_err(Failure::Refused)?;
        let role = if admin { ", who may administer the site" } else { "" };
        say(&format!("added {name}{role}"))
    }

    async fn list(&self, as_json: bool) -> anyhow::Result<()> {
        let mut users = Vec::new();
        let mut after = None;
        loop {
            let range = Range {
                collection: "user",
                prefix: String::new(),
                after: after.take(),
                before: None,
                descending: false,
            };
            let page = self.store.scan(range, ROWS_MAX).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.key.clone());
            for row in &page {
                let id = row.key.parse().with_context(|| format!("user {:?}", row.key))?;
                let Doc::User(user) = Key::User(id).parse(&row.body)? else { continue };
                users.push(self.describe(&user).await?);
            }
        }
        if as_json {
            return Ok(output::json(&users)?);
        }
        users.iter().try_for_each(|user| say(&user.to_string()))
    }

    async fn describe(&self, user: &User) -> anyhow::Result<Listed> {
        let account = self.hub.look(|draft| draft.account(user.id)).await?;
        let owner = match user.bot_of {
            Some(owner) => self.hub.look(|draft| draft.user(owner)).await?,
            None => None,
        };
        Ok(Listed {
            id: user.id,
            name: user.name.to_string(),
            display_name: user.display_name.to_string(),
            site_admin: account.is_some_and(|account| account.site_admin),
            disabled: user.disabled,
            bot_of: owner.map(|owner| owner.name.to_string()),
            created_at: user.created_at,
        })
    }

    async fn set_disabled(&self, name: &str, disabled: bool) -> anyhow::Result<()> {
        let user = self.user(name).await?;
        self.hub
            .transact(None, None, |draft| account::set_disabled(draft, user.id, disabled))
            .await
            .map_err(failed)?;
        say(&format!("{} {}", if disabled { "disabled" } else { "enabled" }, user.name))
    }

    async fn set_password(&self, name: &str) -> anyhow::Result<()> {
        let user = self.user(name).await?;
        if user.bot_of.is_some() {
            return Err(usage(format!("{} is a bot: it has a token, no password", user.name)));
        }
        let hash = self.app.auth.hash_password(&read_password()?).await;
        let hash = hash.map_err(Failure::Refused)?;
        self.hub
            .transact(None, None, |draft| account::set_password(draft, user.id, hash.clone()))
            .await
            .map_err(failed)?;
        say(&format!("{} has a new password; all sessions have ended", user.name))
    }

    async fn add_bot(
        &self,
        name: &str,
        owner: &str,
        days: u32,
        as_json: bool,
    ) -> anyhow::Result<()> {
        let owner = self.user(owner).await?;
        if owner.bot_of.is_some() {
            return Err(usage(format!("{} is a bot: a bot belongs to a person", owner.name)));
        }
        let name = UserName::parse(name).map_err(Failure::from)?;
        let label = Label::parse("bot").map_err(Failure::from)?;
        let new = account::NewAccount {
            name: name.clone(),
            display_name: None,
            password: None,
            bot_of: Some(owner.id),
            site_admin: false,
        };
        let token = format!("{TOKEN_PREFIX}{:032x}{:032x}", self.hub.random(), self.hub.random());
        let token_hash = secret_hash(&token);
        let expires_at = self.hub.now().plus_ms(u64::from(days) * DAY_MS);
        // A program that is called twice a year keeps its token.
        let lifetime = Lifetime { expires_at, idle_ms: 0 };
        // One step: there is no bot whose token nobody knows.
        self.hub
            .transact(None, None, |draft| {
                let made = account::register(draft, &new, None)?;
                let bot = made.user.ok_or(Refusal::NoSuchUser)?;
                account::start_session(draft, bot, &token_hash, &label, lifetime)
            })
            .await
            .map_err(failed)?;
        if as_json {
            let bot = json!({ "name": name, "owner": owner.name, "token": token });
            return Ok(output::json(&bot)?);
        }
        output::note(&format!(
            "added {name}, bot of {}; its token is not shown again:",
            owner.name
        ));
        say(&token)
    }
}

/// An account as it is listed.
#[derive(Debug, serde::Serialize)]
struct Listed {
    id: UserId,
    name: String,
    display_name: String,
    site_admin: bool,
    disabled: bool,
    bot_of: Option<String>,
    created_at: Timestamp,
}

impl fmt::Display for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if self.display_name != self.name {
            write!(f, " ({})", self.display_name)?;
        }
        if self.site_admin {
            f.write_str(", admin")?;
        }
        if let Some(owner) = &self.bot_of {
            write!(f, ", bot of {owner}")?;
        }
        if self.disabled {
            f.write_str(", disabled")?;
        }
        Ok(())
    }
}

fn say(line: &str) -> anyhow::Result<()> {
    Ok(output::line(line)?)
}

/// A refusal is told as one, whoever says it.
fn failed(error: HubError) -> anyhow::Error {
    match error {
        HubError::Refused(refusal) => Failure::from(refusal).into(),
        other => other.into(),
    }
}

fn usage(message: impl Into<String>) -> anyhow::Error {
    Failure::Usage(message.into()).into()
}

/// A password: one line of standard input, or twice the same on a terminal.
fn read_password() -> anyhow::Result<String> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        let first = rpassword::prompt_password("Password: ")?;
        if rpassword::prompt_password("The same again: ")? != first {
            return Err(usage("the two passwords differ"));
        }
        return Ok(first);
    }
    let mut line = String::new();
    stdin.lock().take(LINE_BYTES_MAX).read_line(&mut line).context("cannot read the password")?;
    let password = line.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        return Err(usage("a password is expected: one line on standard input"));
    }
    Ok(password.to_owned())
}
