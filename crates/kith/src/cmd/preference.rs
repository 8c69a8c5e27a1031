//! `kith preference`: what follows a user over devices.

use clap::Subcommand;
use kith_core::command::Command;
use kith_core::text::PreferenceKey;
use kith_proto::query::{Answer, Query};
use serde_json::{Value, json};

use crate::context::Context;
use crate::failure::Failure;
use crate::{output, resolve};

/// Show, set or forget what follows you over devices.
#[derive(clap::Args)]
#[command(after_help = "\
Names: 'notify:' and the id of a circle or stream, favourites, circles, appearance, language, and 'page:' \
and a name that a client keeps for itself. Values are JSON; what is none is taken as a text.

Examples:
  kith preference
  kith preference get appearance
  kith preference set language de
  kith preference set appearance '{\"theme\":\"dark\",\"font_percent\":120}'
  kith preference set notify:c_01kaf2g6x40000000000000000 '{\"level\":\"mentions\"}'
  kith preference forget appearance")]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Subcommand)]
enum Action {
    /// Print the value of one, as JSON.
    #[command(after_help = "Example:\n  kith preference get language")]
    Get {
        /// Its name.
        key: String,
    },
    /// Set one, on all your devices.
    #[command(after_help = "Example:\n  kith preference set language pt-BR")]
    Set {
        /// Its name.
        key: String,
        /// Its value: JSON, or a text.
        value: String,
    },
    /// Have one be as it is where nobody set it.
    #[command(after_help = "Example:\n  kith preference forget language")]
    Forget {
        /// Its name.
        key: String,
    },
}

pub(crate) async fn run(context: &Context, args: Args) -> anyhow::Result<()> {
    Ok(act(context, args.action).await?)
}

async fn act(context: &Context, action: Option<Action>) -> Result<(), Failure> {
    let client = context.client().await?;
    let (key, value) = match action {
        Some(Action::Set { key, value }) => (key, read(&value)),
        Some(Action::Forget { key }) => (key, Value::Null),
        Some(Action::Get { key }) => {
            let key = PreferenceKey::parse(&key)?;
            let Answer::Preferences(all) = client.query(Query::Preferences {}).await? else {
                return Err(resolve::unexpected());
            };
            let none = || Failure::Usage(format!("{key} is not set"));
            return output::json(all.get(&key).ok_or_else(none)?);
        }
        None => {
            let Answer::Preferences(all) = client.query(Query::Preferences {}).await? else {
                return Err(resolve::unexpected());
            };
            if context.json {
                return output::json(&all);
            }
            return all
                .iter()
                .try_for_each(|(key, value)| output::line(&format!("{key}  {value}")));
        }
    };
    let key = PreferenceKey::parse(&key)?;
    client.command(Command::SetPreference { key: key.clone(), value: value.clone() }).await?;
    client.close().await;
    if context.json {
        return output::json(&json!({ "key": key, "value": value }));
    }
    match value {
        Value::Null => output::line(&format!("{key} is forgotten")),
        value => output::line(&format!("{key}  {value}")),
    }
}

/// A value as it was typed. `null` would forget it, which has a word of its own.
fn read(text: &str) -> Value {
    match serde_json::from_str(text) {
        Ok(Value::Null) | Err(_) => Value::String(text.to_owned()),
        Ok(value) => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_json_or_a_text() {
        for (typed, value) in [
            ("dark", json!("dark")),
            ("\"dark\"", json!("dark")),
            ("pt-BR", json!("pt-BR")),
            ("[\"s_1\"]", json!(["s_1"])),
            ("{\"theme\":\"dark\"}", json!({ "theme": "dark" })),
            ("120", json!(120)),
            ("null", json!("null")),
            ("{", json!("{")),
        ] {
            assert_eq!(read(typed), value, "{typed}");
        }
    }
}
