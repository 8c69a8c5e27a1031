//! `kith chat`: chat at the terminal.

use std::io::IsTerminal;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::ValueEnum;
use kith_client::ClientError;
use kith_terminal::Options;
use kith_terminal::command::Notify;
use kith_terminal::model::Ended;
use kith_terminal::theme::ThemeName;

use crate::context::Context;
use crate::failure::Failure;

const AFTER: &str = "\
On the whole screen `?` shows the keys and /help all commands. With --plain, or where standard input \
or output is no terminal, it prints lines and reads commands: `help` lists them.

Examples:
  kith chat
  kith chat Tea/general
  kith chat @bob --theme light
  kith chat Tea --plain
  echo 'say Good morning!' | kith chat Tea/general --plain";

/// Columns of the narrowest terminal in which the list of commands is read as it is meant.
const COLUMNS: usize = 80;

/// What stands at the end of the long help: all commands as well.
fn in_full() -> String {
    let commands = kith_terminal::command::help::printed(COLUMNS - 2).join("\n");
    format!(
        "{AFTER}\n\nCommands while chatting (on the whole screen with / before them):\n\n{commands}"
    )
}

/// Chat at the terminal.
#[derive(clap::Args)]
#[command(after_help = AFTER, after_long_help = in_full())]
pub(crate) struct Args {
    /// Where to begin: CIRCLE, CIRCLE/STREAM, @USER or a group.
    #[arg(value_name = "CIRCLE/STREAM")]
    place: Option<String>,
    /// Line by line instead of on the whole screen.
    #[arg(long)]
    plain: bool,
    /// The colours; those that fit the terminal unless set, and none with NO_COLOR.
    #[arg(long, value_enum, value_name = "NAME")]
    theme: Option<Theme>,
    /// Where files are kept that you save, or take in private sessions; the present directory unless set.
    #[arg(long, value_name = "DIRECTORY", default_value = ".")]
    save: PathBuf,
    /// An address and port from which private sessions are connected, several times for several; port 0
    /// is any. All addresses of this machine unless set.
    #[arg(long, value_name = "ADDRESS")]
    bind: Vec<SocketAddr>,
    /// How to be told of what is not on the screen.
    #[arg(long, value_enum, value_name = "HOW", default_value_t = Told::Bell)]
    notify: Told,
    /// How to show images.
    #[arg(long, value_enum, value_name = "HOW", default_value_t = Images::Auto)]
    images: Images,
}

#[derive(Clone, Copy, ValueEnum)]
enum Theme {
    /// For a dark terminal.
    Dark,
    /// For a light terminal.
    Light,
    /// Without colours.
    None,
}

#[derive(Clone, Copy, ValueEnum)]
enum Images {
    /// As well as the terminal can.
    Auto,
    /// By the graphics protocol of Kitty.
    Kitty,
    /// By the inline images of iTerm2.
    Iterm2,
    /// By Sixel.
    Sixel,
    /// By blocks, with colours.
    Blocks,
    /// Not at all.
    Off,
}

#[derive(Clone, Copy, ValueEnum)]
enum Told {
    /// Not at all.
    Off,
    /// By the bell.
    Bell,
    /// On the desktop, by the terminal, and by the bell.
    Desktop,
}

pub(crate) async fn run(context: &Context, args: Args) -> anyhow::Result<()> {
    let (address, _) = context.session()?;
    let files = context.files()?;
    let (client, events) = context.connect().await?;
    let is_terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    let usual = || ThemeName::usual(|name| std::env::var(name).ok());
    let options = Options {
        server: address.to_string(),
        directory: context.profile()?.directory().to_owned(),
        downloads: args.save,
        bind: args.bind,
        place: args.place,
        plain: args.plain || !is_terminal || is_dumb(),
        theme: args.theme.map_or_else(usual, ThemeName::from),
        notify: args.notify.into(),
        images: args.images.into(),
    };
    let ended = kith_terminal::run(client, events, files, options).await;
    match ended.map_err(|error| Failure::Local(error.to_string()))? {
        Ended::Quit => Ok(()),
        Ended::LogOut => Ok(super::logout::sign_out(context, false).await?),
        Ended::Nowhere(why) => Err(Failure::Usage(why).into()),
        Ended::Stopped(problem) => Err(Failure::from(ClientError::Stopped(problem)).into()),
    }
}

/// Whether the terminal says that it can do nothing but print.
fn is_dumb() -> bool {
    std::env::var("TERM").is_ok_and(|term| term == "dumb")
}

impl From<Theme> for ThemeName {
    fn from(theme: Theme) -> Self {
        match theme {
            Theme::Dark => Self::Dark,
            Theme::Light => Self::Light,
            Theme::None => Self::None,
        }
    }
}

impl From<Images> for kith_terminal::images::Images {
    fn from(images: Images) -> Self {
        match images {
            Images::Auto => Self::Auto,
            Images::Kitty => Self::Kitty,
            Images::Iterm2 => Self::Iterm2,
            Images::Sixel => Self::Sixel,
            Images::Blocks => Self::Blocks,
            Images::Off => Self::Off,
        }
    }
}

impl From<Told> for Notify {
    fn from(told: Told) -> Self {
        match told {
            Told::Off => Self::Off,
            Told::Bell => Self::Bell,
            Told::Desktop => Self::Desktop,
        }
    }
}
