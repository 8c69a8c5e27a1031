//! The user's own directory in paths.

use std::path::PathBuf;

/// A path as it was typed, where `~` is the user's own directory.
pub(crate) fn home(typed: &str) -> PathBuf {
    let below = match typed {
        "~" => Some(""),
        _ => typed.strip_prefix("~/"),
    };
    match (below, std::env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(typed),
    }
}
