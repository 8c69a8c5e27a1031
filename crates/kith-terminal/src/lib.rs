//! The terminal client: `kith chat`, on the whole screen or line by line.
//!
//! [`model`] is what the client knows, without a terminal or a socket in it; [`command`] is the one
//! table of what can be done; [`text`] lays texts out. The two modes show the model and act on it.

mod carry;
mod clock;
pub mod command;
mod home;
pub mod images;
mod lists;
pub mod model;
mod plain;
mod screen;
pub mod text;
pub mod theme;

use std::io::{BufReader, ErrorKind};
use std::net::SocketAddr;
use std::path::PathBuf;

use jiff::tz::TimeZone;
use kith_client::{Client, Events, Files, new_op};

use command::Notify;
use images::Images;
use model::{Ended, Model};
use theme::ThemeName;

pub use lists::circle as circle_lines;

/// How to chat.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The address of the server, for links.
    pub server: String,
    /// Where the key of this device and the known devices of others are kept.
    pub directory: PathBuf,
    /// Where files are kept that one saves, or takes in private sessions.
    pub downloads: PathBuf,
    /// The addresses from which private sessions are connected; all of this machine unless there are
    /// some.
    pub bind: Vec<SocketAddr>,
    /// Where to begin: a stream, a user, a group or a circle; the first place if absent.
    pub place: Option<String>,
    /// Line by line instead of on the whole screen.
    pub plain: bool,
    /// The colours.
    pub theme: ThemeName,
    /// How one is told of what one does not see.
    pub notify: Notify,
    /// How images are shown.
    pub images: Images,
}

/// Why chatting was not possible.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The terminal, or what stands in its place.
    #[error("the terminal: {0}")]
    Terminal(#[from] std::io::Error),
    /// The client has no random numbers to name its operations with.
    #[error("{0}")]
    Client(#[from] kith_client::ClientError),
}

/// Chats at the terminal of this process until the user ends it, over a client that has just
/// connected, and the files of the same session. The client is closed afterwards.
///
/// # Errors
/// See [`Error`].
pub async fn run(
    client: Client,
    events: Events,
    files: Files,
    options: Options,
) -> Result<Ended, Error> {
    let series = new_op()?.to_string();
    let me = client.welcome().user.clone();
    let model = Model::new(me, options.server.clone(), series, options.place.clone(), clock::now())
        .downloads_to(options.downloads.clone())
        .ahead_of_utc(clock::ahead_of_utc());
    let setup = carry::Setup {
        server: options.server.clone(),
        directory: options.directory.clone(),
        bind: options.bind.clone(),
    };
    let carrier = carry::Carrier::start(client.clone(), files.clone(), setup);
    let zone = TimeZone::system();
    let ended = if options.plain {
        let input = plain::Input::start(BufReader::new(std::io::stdin()));
        let output = std::io::stdout();
        match plain::run(carrier, events, model, input, output, zone).await {
            // Whoever read has seen enough: that is no failure.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ended::Quit,
            ended => ended?,
        }
    } else {
        screen::run(carrier, events, files, model, &options, zone).await?
    };
    client.close().await;
    Ok(ended)
}
