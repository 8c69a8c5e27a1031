//! `kith config`: shows the effective configuration and where each value came from.

use serde_json::{Map, Value, json};

use crate::config::{Config, Given};
use crate::output;

/// Shows the effective configuration and where each value came from.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Defaults < file < environment < flags. The variable of a key is KITH_ and the key in capitals, with \
two underscores for a dot: KITH_LISTEN, KITH_SESSION_DAYS, KITH_TLS__CERTIFICATE.

Examples:
  kith config --data /var/lib/kith
  kith config --config kith.toml --json
  KITH_LOG=debug kith config --set session_days=30")]
pub(crate) struct Args {
    /// Address and port to listen on [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Option<String>,
    #[command(flatten)]
    given: Given,
    /// Prints one JSON object
    #[arg(long)]
    json: bool,
}

/// Shows the configuration.
///
/// # Errors
/// When it is not valid.
#[expect(clippy::unused_async, reason = "all commands run alike")]
pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let config = Config::load(&args.given, args.listen.as_deref())?;
    if args.json {
        let mut all = Map::new();
        for (key, entry) in config.entries() {
            let value: Value = serde_json::to_value(&entry.value)?;
            all.insert(key.to_owned(), json!({ "value": value, "source": entry.source.tell(key) }));
        }
        output::json(&all)?;
    } else {
        for (key, entry) in config.entries() {
            output::line(&format!("{key} = {entry}  # {}", entry.source.tell(key)))?;
        }
    }
    for warning in config.warnings() {
        output::note(warning);
    }
    Ok(())
}
