//! What may be said on the command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::cmd;

/// Chat and live state on your own server.
#[derive(Parser)]
#[command(name = "kith", version, about, after_help = AFTER, disable_help_subcommand = true)]
#[command(max_term_width = 100)]
pub(crate) struct Cli {
    /// The server, http(s)://HOST:PORT; http://127.0.0.1:8080 unless given or signed in elsewhere.
    #[arg(long, global = true, env = "KITH_SERVER", value_name = "URL")]
    pub(crate) server: Option<String>,
    /// The directory that holds who you are [default: $XDG_CONFIG_HOME/kith or ~/.config/kith].
    #[arg(long, global = true, env = "KITH_PROFILE", value_name = "DIR")]
    pub(crate) profile: Option<PathBuf>,
    /// One JSON object per line, for programs; errors too, on standard error.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const AFTER: &str = "\
Names:
  A stream is CIRCLE/STREAM, a conversation @USER or the name of a group.
  Every name may be an id.

Examples:
  kith serve                              run a server here
  kith signup ana                         make an account and sign in
  kith circle create Tea                  make a circle
  kith invite Tea                         print a link for a friend
  kith send Tea/general 'Hello!'          post a message
  kith read Tea/general --follow          read, and go on reading
  kith search 'tea from:ana'              find messages
  kith chat                               chat at the terminal
  git log -1 | kith send Tea/general -    post what another program says

Exit codes:
  0 done              3 not signed in
  1 refused           4 the server cannot be reached
  2 wrong usage       5 something failed on this machine";

/// What to do.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Run a server.
    Serve(cmd::serve::Args),
    /// Administer a server.
    Admin(cmd::admin::Args),
    /// Back a server's data up.
    Backup(cmd::backup::Args),
    /// Bring a backup back.
    Restore(cmd::restore::Args),
    /// Check a server's data.
    Check(cmd::check::Args),
    /// Show a server's settings.
    Config(cmd::config_show::Args),
    /// Make an account and sign in.
    Signup(cmd::signup::Args),
    /// Own a server that nobody owns yet.
    Claim(cmd::claim::Args),
    /// Sign in.
    Login(cmd::login::Args),
    /// Change your password; all other sessions end
    Passwd(cmd::passwd::Args),
    /// Sign out: end the session here and on the server.
    Logout(cmd::logout::Args),
    /// Show or change how you are shown to others.
    Profile(cmd::profile::Args),
    /// Show, set or forget what follows you over devices.
    Preference(cmd::preference::Args),
    /// Make, list, find, join, leave or remove circles, and give them an image.
    Circle(cmd::circle::Args),
    /// Make, list or arrange the streams of a circle.
    Stream(cmd::stream::Args),
    /// Show, change and watch the topics of a circle, take them out into a file or bring them in.
    Topic(cmd::topic::Args),
    /// Call a service of a circle.
    Call(cmd::call::Args),
    /// List the services of a circle.
    Service(cmd::service::Args),
    /// Make a link by which others join a circle.
    Invite(cmd::invite::Args),
    /// Join a circle by a link.
    Join(cmd::join::Args),
    /// Chat at the terminal.
    Chat(cmd::chat::Args),
    /// Post a message.
    Send(cmd::send::Args),
    /// Read messages.
    Read(cmd::read::Args),
    /// Save the files of a message.
    Download(cmd::download::Args),
    /// Find messages, in all that you may read.
    Search(cmd::search::Args),
    /// Write to one user.
    Dm(cmd::dm::Args),
    /// Talk to one user directly, encrypted from end to end.
    Private(cmd::private::Args),
    /// Show who of a circle is there.
    Who(cmd::who::Args),
    /// Block a user: no messages between you, and theirs are not shown to you.
    Block(cmd::block::Args),
    /// Block a user no longer.
    Unblock(cmd::block::Args),
    /// Make a member leave a circle; they may come back.
    Kick(cmd::moderate::Args),
    /// Keep a user out of a circle for good.
    Ban(cmd::moderate::Args),
    /// Let a banned user come again.
    Unban(cmd::moderate::Args),
    /// Administer the site while it runs.
    Site(cmd::site::Args),
    /// List or end your sessions.
    Sessions(cmd::sessions::Args),
    /// Look into an image, for a server.
    #[command(hide = true, after_help = "Example:\n  kith picture <tea.jpg >answer")]
    Picture,
    /// Print completions for a shell.
    Completions(cmd::completions::Args),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    /// Lines of text are broken where the terminal ends, and all others fit into 80 columns.
    fn check(command: &clap::Command, name: &str) {
        let help = command.get_after_long_help().or_else(|| command.get_after_help());
        let help = help.map(ToString::to_string).unwrap_or_default();
        let is_text = |line: &str| !line.is_empty() && !line.starts_with(' ');
        for (line, next) in help.lines().zip(help.lines().skip(1).chain([""])) {
            assert!(is_text(line) || line.chars().count() <= 80, "{name}: {line}");
            assert!(line.ends_with(':') || !is_text(line) || !is_text(next), "{name}: {line}");
        }
        for command in command.get_subcommands() {
            check(command, &format!("{name} {}", command.get_name()));
        }
    }

    #[test]
    fn help_is_read_in_narrow_and_in_wide_terminals() {
        check(&Cli::command(), "kith");
    }

    #[test]
    fn every_client_command_shows_an_example() {
        let ours = Cli::command();
        let servers = ["serve", "admin", "backup", "restore", "check", "config"];
        for command in ours.get_subcommands().filter(|c| !servers.contains(&c.get_name())) {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.contains("kith "), "{} has no example", command.get_name());
        }
    }
}
