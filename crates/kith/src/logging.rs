//! What the program says of itself while it runs, on standard error.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::config::{Config, LogFormat};
use crate::environment::Exit;

/// Begins to log, and logs panics. A second call changes nothing.
///
/// # Errors
/// When the level is not one.
pub(crate) fn init(config: &Config) -> Result<(), Exit> {
    let filter = EnvFilter::try_new(&config.log)
        .map_err(|error| Exit::usage(format!("log = {:?} is not a level: {error}", config.log)))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // An error means that somebody logs already, which is all that is wanted.
    let _ = match config.log_format {
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
        LogFormat::Text => builder.with_ansi(std::io::stderr().is_terminal()).try_init(),
    };
    std::panic::set_hook(Box::new(|panic| {
        let payload = panic.payload();
        let message = payload
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("no message");
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let thread = std::thread::current();
        let thread = thread.name().unwrap_or("unnamed");
        tracing::error!(place, thread, "panic: {message}");
    }));
    Ok(())
}
