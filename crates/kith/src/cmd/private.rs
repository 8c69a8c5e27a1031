//! `kith private`: a private session in lines.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use kith_client::Update;
use kith_core::event::Body;
use kith_core::id::{FeedId, UserId};
use kith_core::text::MessageText;
use kith_private::event::{Event, PrivateError, What};
use kith_private::handshake::SessionId;
use kith_private::signal::End;
use kith_private::{Options, Private, Way};
use tokio::sync::mpsc;

use crate::context::Context;
use crate::failure::Failure;
use crate::{output, resolve};

/// The longest line that is read, in bytes: a path or a message.
const LINE_BYTES_MAX: usize = 64 * 1024;

const HELP: &str = "\
/accept       accept the invitation that is shown
/refuse       refuse it
/verify       the words are the same on both sides: the device is known as verified
/send FILE    offer a file
/take N       take the file of this number, and keep it in the directory of --save
/drop N       take it no longer, or take back a file of yours
/reconnect    give the connection up and make another
/end          end the session
Whatever else you write is said; //text says a line that begins with a slash.";

/// Talk to one user directly, encrypted from end to end.
#[derive(clap::Args)]
#[command(after_help = "\
Without a user, it waits for an invitation. Compare the words that are shown with the other person, by \
voice or face to face: if they are the same, nobody is between you, the server included.

Unless the server has a relay, both have to agree with --direct that the other side sees their address.

Examples:
  kith private bob
  kith private --direct
  kith private bob --direct --save ~/Downloads")]
pub(crate) struct Args {
    /// Whom to invite: a name or an id.
    user: Option<String>,
    /// Connect directly: the other side sees your address.
    #[arg(long)]
    direct: bool,
    /// Where files are kept; the present directory unless set.
    #[arg(long, value_name = "DIRECTORY", default_value = ".")]
    save: PathBuf,
    /// An address and port to send from, several times for several; port 0 is any. All addresses of
    /// this machine unless set.
    #[arg(long, value_name = "ADDRESS")]
    bind: Vec<SocketAddr>,
}

pub(crate) async fn run(context: &Context, args: Args) -> anyhow::Result<()> {
    Ok(talk(context, args).await?)
}

impl From<PrivateError> for Failure {
    fn from(error: PrivateError) -> Self {
        let hint = match error {
            PrivateError::NoWay => ": agree to it with --direct",
            _ => "",
        };
        Self::Local(format!("{error}{hint}"))
    }
}

struct Talk {
    private: Private,
    way: Way,
    save: PathBuf,
    /// The other side, by name.
    names: BTreeMap<UserId, String>,
    /// The session or the invitation that lines are about.
    session: Option<(SessionId, UserId)>,
    /// Files that are offered to us, with their names.
    offered: BTreeMap<u32, String>,
}

async fn talk(context: &Context, args: Args) -> Result<(), Failure> {
    let (address, _) = context.session()?;
    let directory = context.profile()?.directory().to_owned();
    let (client, mut updates) = context.connect().await?;
    let server = address.to_string();
    let mut options = Options::new(client.welcome().user.id, &server, &directory);
    if !args.bind.is_empty() {
        options.bind = args.bind.iter().map(ToString::to_string).collect();
    }
    let (private, mut events) = Private::over(&client, options).await?;
    let way = if args.direct { Way::Direct } else { Way::Relayed };
    let (names, offered) = (BTreeMap::new(), BTreeMap::new());
    let mut talk = Talk { private, way, save: args.save, names, session: None, offered };
    if let Some(wanted) = &args.user {
        let user = resolve::user(&client, wanted).await?;
        talk.names.insert(user.id, user.name.to_string());
        let id = talk.private.invite(user.id, way).await?;
        talk.session = Some((id, user.id));
    } else {
        output::line("waiting for an invitation")?;
    }
    client.subscribe(kith_client::follow(FeedId::User(client.welcome().user.id))).await?;
    let mut lines = lines();
    let ended = loop {
        tokio::select! {
            event = events.next() => {
                let Some(event) = event else { break End::Ended };
                if let Some(user) = event.what.user() {
                    talk.name(&client, user).await?;
                }
                if let Some(why) = talk.show(event)? {
                    break why;
                }
            }
            line = lines.recv() => match line {
                None => break End::Ended,
                Some(line) => {
                    if talk.line(line.trim_end()).await? {
                        break End::Ended;
                    }
                }
            },
            update = updates.next() => match update {
                Some(Update::Event(event)) => {
                    if let Body::Blocked { user } = event.body {
                        talk.private.block(user).await;
                    }
                }
                Some(Update::Stopped(problem)) => return Err(Failure::Refused(problem)),
                // A session goes on without the server.
                Some(_) => {}
                None => break End::Ended,
            },
        }
    };
    talk.private.close().await;
    client.close().await;
    match ended {
        End::Ended => Ok(()),
        why => Err(Failure::Local(why.sentence().to_owned())),
    }
}

impl Talk {
    async fn name(&mut self, client: &kith_client::Client, user: UserId) -> Result<(), Failure> {
        if let Entry::Vacant(place) = self.names.entry(user) {
            let found = resolve::users(client, vec![user]).await?.pop();
            place.insert(found.map_or_else(|| user.to_string(), |user| user.name.to_string()));
        }
        Ok(())
    }

    fn named(&self, user: UserId) -> &str {
        self.names.get(&user).map_or("somebody", String::as_str)
    }

    /// Shows what happened; how our session ended, if it did.
    fn show(&mut self, Event { id, what }: Event) -> Result<Option<End>, Failure> {
        if let What::Invited { user } = what {
            if self.session.is_none() {
                self.session = Some((id, user));
            }
            let name = self.named(user);
            output::line(&format!("{name} invites you to a private session: /accept or /refuse"))?;
            return Ok(None);
        }
        // Of two invitations that cross, the other one may stand.
        if let What::Accepted { user } = what
            && self.session.is_none_or(|(_, with)| with == user)
        {
            self.session = Some((id, user));
        }
        if self.session.is_none_or(|(ours, _)| ours != id) {
            return Ok(None);
        }
        let text = match what {
            What::Ended { why: End::Crossed, .. } => return Ok(None),
            What::Ended { why, .. } => {
                output::line(&format!("over: {}", why.sentence()))?;
                return Ok(Some(why));
            }
            What::Invited { .. } | What::Typing => return Ok(None),
            What::Ringing { devices } => {
                format!("the invitation is shown on {devices} of their devices")
            }
            What::Accepted { user } => format!("{} accepted", self.named(user)),
            What::Agreed { words, trust, .. } => {
                output::line(&format!("words: {words}"))?;
                trust.sentence().to_owned()
            }
            What::Connected => "connected".to_owned(),
            What::Disconnected => "the connection was lost: another is made".to_owned(),
            What::Message { text } => {
                let name = self.session.map_or("", |(_, user)| self.named(user));
                format!("{name}: {}", text.as_str())
            }
            What::Offered { file, name, size } => {
                let text =
                    format!("file {file}: {name}, {size} bytes: /take {file} or /drop {file}");
                self.offered.insert(file, name);
                text
            }
            What::Progress { file, ours, bytes, size } => {
                let what = if ours { "our file" } else { "file" };
                format!("{what} {file}: {bytes} of {size} bytes")
            }
            What::Whole { file, path: Some(path) } => {
                format!("file {file} is kept as {}", path.display())
            }
            What::Whole { file, path: None } => format!("our file {file} arrived"),
            What::Dropped { file, ours, why } => {
                let what = if ours { "our file" } else { "file" };
                format!("{what} {file}: {why}")
            }
        };
        output::line(&text)?;
        Ok(None)
    }

    /// Does what a line says; whether it ends everything.
    async fn line(&mut self, line: &str) -> Result<bool, Failure> {
        let (command, rest) = line.split_once(' ').unwrap_or((line, ""));
        let rest = rest.trim();
        if matches!(command, "" | "/help") {
            output::line(HELP)?;
            return Ok(false);
        }
        let Some((id, _)) = self.session else {
            if command == "/end" {
                return Ok(true);
            }
            output::note("there is no session yet");
            return Ok(false);
        };
        let number = || rest.parse().map_err(|_| PrivateError::NoFile);
        let done = match command {
            "/accept" => self.private.accept(id, self.way).await,
            "/refuse" | "/end" => self.private.end(id).await,
            "/verify" => self.private.verify(id).await,
            "/reconnect" => {
                self.private.reconnect(id).await;
                Ok(())
            }
            "/send" => match self.private.send_file(id, Path::new(rest)).await {
                Ok(file) => {
                    output::line(&format!("our file {file} is offered"))?;
                    Ok(())
                }
                Err(error) => Err(error),
            },
            "/take" => match number() {
                Ok(file) => self.take(id, file).await,
                Err(error) => Err(error),
            },
            "/drop" => match number() {
                Ok(file) => self.private.refuse_file(id, file).await,
                Err(error) => Err(error),
            },
            _ if line.starts_with('/') && !line.starts_with("//") => {
                output::note(&format!("there is no command {command}: /help lists them"));
                return Ok(false);
            }
            _ => match MessageText::parse(line.strip_prefix('/').unwrap_or(line)) {
                Ok(text) => self.private.message(id, text).await,
                Err(refusal) => {
                    output::note(&refusal.to_string());
                    return Ok(false);
                }
            },
        };
        match done {
            Ok(()) if command == "/verify" => output::line("verified")?,
            Ok(()) => {}
            Err(error) => output::note(&Failure::from(error).to_string()),
        }
        Ok(false)
    }

    async fn take(&self, id: SessionId, file: u32) -> Result<(), PrivateError> {
        let name = self.offered.get(&file).ok_or(PrivateError::NoFile)?;
        self.private.take_file(id, file, &self.save.join(name)).await
    }
}

/// The lines of standard input, read on a thread that nobody waits for.
fn lines() -> mpsc::Receiver<String> {
    let (sender, lines) = mpsc::channel(16);
    std::thread::spawn(move || {
        use std::io::{BufRead, Read};

        let mut input = std::io::stdin().lock();
        loop {
            let mut line = Vec::new();
            let mut bounded = Read::take(&mut input, LINE_BYTES_MAX as u64);
            match bounded.read_until(b'\n', &mut line) {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
            let line = String::from_utf8_lossy(&line).into_owned();
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    lines
}
