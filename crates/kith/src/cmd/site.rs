//! `kith site`: the site, for those who administer it, while it runs.

use kith_core::command::Command;
use kith_core::document::Registration;
use kith_core::id::UserId;
use kith_proto::query::{AccountCard, Answer, Query, Site, SizedCircle};
use serde_json::json;

use crate::context::Context;
use crate::failure::Failure;
use crate::{output, resolve};

/// The site, for those who administer it, while it runs.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  kith site
  kith site accounts --begin an
  kith site disable bob
  kith site reset-password bob
  kith site registration closed")]
pub(crate) struct Args {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(clap::Subcommand)]
enum What {
    /// List accounts, in the order of their names.
    Accounts {
        /// Only those whose names begin like this.
        #[arg(long, value_name = "TEXT", default_value = "")]
        begin: String,
    },
    /// List all circles and how much is in them.
    Circles,
    /// Lock an account and end its sessions.
    Disable {
        /// Whose.
        name: String,
    },
    /// Unlock an account.
    Enable {
        /// Whose.
        name: String,
    },
    /// Let another administer the site.
    Appoint {
        /// Whom.
        name: String,
    },
    /// Let another administer the site no longer.
    Dismiss {
        /// Whom.
        name: String,
    },
    /// End all sessions of a user.
    EndSessions {
        /// Whose.
        name: String,
    },
    /// Print a link by which a user sets a new password, once and within a day.
    ResetPassword {
        /// Whose.
        name: String,
    },
    /// Set who may make an account.
    Registration {
        /// open, invite, closed, or configured: as the configuration says.
        #[arg(value_parser = registration)]
        to: To,
    },
}

/// What registration is set to.
#[derive(Clone, Copy, Debug)]
struct To(Option<Registration>);

fn registration(text: &str) -> Result<To, String> {
    Ok(To(match text {
        "open" => Some(Registration::Open),
        "invite" => Some(Registration::Invite),
        "closed" => Some(Registration::Closed),
        "configured" => None,
        _ => return Err("it is open, invite, closed or configured".to_owned()),
    }))
}

pub(crate) async fn run(context: &Context, args: Args) -> anyhow::Result<()> {
    match args.what {
        None => overview(context).await,
        Some(What::Accounts { begin }) => accounts(context, begin).await,
        Some(What::Circles) => circles(context).await,
        Some(What::Disable { name }) => {
            let act = |user| Command::SetDisabled { user, disabled: true };
            over(context, &name, act, "disabled").await
        }
        Some(What::Enable { name }) => {
            let act = |user| Command::SetDisabled { user, disabled: false };
            over(context, &name, act, "enabled").await
        }
        Some(What::Appoint { name }) => {
            let act = |user| Command::SetAdmin { user, admin: true };
            over(context, &name, act, "appointed").await
        }
        Some(What::Dismiss { name }) => {
            let act = |user| Command::SetAdmin { user, admin: false };
            over(context, &name, act, "dismissed").await
        }
        Some(What::EndSessions { name }) => {
            let act = |user| Command::EndSessions { user };
            over(context, &name, act, "ended all sessions of").await
        }
        Some(What::ResetPassword { name }) => reset(context, &name).await,
        Some(What::Registration { to: To(registration) }) => {
            let client = context.client().await?;
            let done = client.command(Command::ChangeSite { registration }).await;
            done.map_err(Failure::from)?;
            overview(context).await
        }
    }
}

async fn overview(context: &Context) -> anyhow::Result<()> {
    let client = context.client().await?;
    let Answer::Site(site) = client.query(Query::Site {}).await.map_err(Failure::from)? else {
        return Err(resolve::unexpected().into());
    };
    if context.json {
        return Ok(output::json(&site)?);
    }
    let Site { version, registration, users, circles, files, files_bytes, .. } = site;
    let registration = serde_json::to_value(registration)?;
    let registration = registration.as_str().unwrap_or_default().to_owned();
    output::line(&format!("kith {version}, registration {registration}"))?;
    output::line(&format!("{users} accounts, {circles} circles"))?;
    output::line(&format!("{files} files of {files_bytes} bytes"))?;
    if let Some(memory) = site.memory_bytes {
        output::line(&format!("{memory} bytes of memory"))?;
    }
    if let Some(storage) = site.storage {
        let backup = if storage.backup_at.is_some() { "backed up" } else { "never backed up" };
        let (taken, free) = (storage.database_bytes, storage.free_bytes);
        output::line(&format!("{taken} bytes of data, {free} bytes free, {backup}"))?;
    }
    Ok(())
}

async fn accounts(context: &Context, begin: String) -> anyhow::Result<()> {
    let client = context.client().await?;
    let mut after = None;
    loop {
        let query = Query::Accounts { begin: begin.clone(), after: after.take(), limit: Some(200) };
        let answer = client.query(query).await.map_err(Failure::from)?;
        let Answer::Accounts { accounts, more } = answer else {
            return Err(resolve::unexpected().into());
        };
        for card in &accounts {
            if context.json { output::json(card)? } else { output::line(&account(card))? }
        }
        match accounts.last().filter(|_| more) {
            Some(last) => after = Some(last.user.name.as_str().to_owned()),
            None => return Ok(()),
        }
    }
}

fn account(card: &AccountCard) -> String {
    let AccountCard { user, site_admin, password, sessions, circles, .. } = card;
    let mut line = user.name.as_str().to_owned();
    if user.display_name.as_str() != line {
        line.push_str(&format!(" ({})", user.display_name));
    }
    for (is_so, word) in [
        (*site_admin, "admin"),
        (user.bot_of.is_some(), "bot"),
        (!*password && user.bot_of.is_none(), "guest"),
        (user.disabled, "disabled"),
    ] {
        if is_so {
            line.push_str(&format!(", {word}"));
        }
    }
    line.push_str(&format!(", {circles} circles, {sessions} sessions"));
    line
}

async fn circles(context: &Context) -> anyhow::Result<()> {
    let client = context.client().await?;
    let mut after = None;
    loop {
        let query = Query::AllCircles { after: after.take(), limit: Some(200) };
        let answer = client.query(query).await.map_err(Failure::from)?;
        let Answer::AllCircles { circles, more } = answer else {
            return Err(resolve::unexpected().into());
        };
        for sized in &circles {
            if context.json {
                output::json(sized)?;
                continue;
            }
            let SizedCircle { id, name, members, streams, topics, events, public, .. } = sized;
            let kind = if *public { "public" } else { "private" };
            output::line(&format!(
                "{name} ({id}), {kind}, {members} members, {streams} streams with {events} events, \
                 {topics} topics"
            ))?;
        }
        match circles.last().filter(|_| more) {
            Some(last) => after = Some(last.id),
            None => return Ok(()),
        }
    }
}

async fn user(context: &Context, name: &str) -> anyhow::Result<(kith_client::Client, UserId)> {
    let client = context.client().await?;
    let asked = Query::UserByName { name: name.trim_start_matches('@').to_owned() };
    match client.query(asked).await.map_err(Failure::from)? {
        Answer::User(user) => Ok((client, user.id)),
        _ => Err(resolve::unexpected().into()),
    }
}

/// Does something to a user, and says so.
async fn over(
    context: &Context,
    name: &str,
    act: impl FnOnce(UserId) -> Command,
    done: &str,
) -> anyhow::Result<()> {
    let (client, user) = user(context, name).await?;
    let outcome = client.command(act(user)).await.map_err(Failure::from)?;
    if context.json {
        return Ok(output::json(&outcome)?);
    }
    Ok(output::line(&format!("{done} {name}"))?)
}

async fn reset(context: &Context, name: &str) -> anyhow::Result<()> {
    let (address, _) = context.session()?;
    let (client, user) = user(context, name).await?;
    let outcome = client.command(Command::OfferReset { user }).await.map_err(Failure::from)?;
    let token = outcome.code.ok_or_else(|| {
        Failure::Local("the link was made and was lost on the way: make another".to_owned())
    })?;
    let link = format!("{address}/reset#{token}");
    if context.json {
        return Ok(output::json(&json!({ "link": link, "token": token }))?);
    }
    Ok(output::line(&link)?)
}
