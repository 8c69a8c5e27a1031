//! What the operator set: defaults, then a file, then the environment, then flags. Every value
//! knows where it came from.

mod data;
mod files;
mod keys;
mod layers;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use kith_server::settings::{IDLE_SECONDS_MAX, Settings};
use kith_store_sqlite::Durability;
use toml::{Table, Value};

pub(crate) use data::{DATABASE, failure};
pub(crate) use files::{Files, FilesStore};
pub(crate) use layers::Entry;

use crate::environment::Exit;
use layers::Layers;

/// The file in the data directory that is read if no other is named.
const FILE: &str = "kith.toml";

/// Flags of every command that needs the configuration.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Given {
    /// Directory with the data [default: ./kith-data]
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<String>,
    /// Configuration in TOML [default: kith.toml in the data directory, if there is one]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Sets one value, above file and environment; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

/// The files of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tls {
    /// The chain, in PEM.
    pub(crate) certificate: PathBuf,
    /// Its key, in PEM.
    pub(crate) key: PathBuf,
}

/// The effective configuration.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    layers: Layers,
    /// Where the server listens.
    pub(crate) listen: SocketAddr,
    /// The directory with the data.
    pub(crate) data: PathBuf,
    /// Where topicsync is spoken besides, if anywhere.
    pub(crate) topicsync: Option<SocketAddr>,
    /// Where ghostr is spoken, if anywhere.
    pub(crate) ghostr: Option<SocketAddr>,
    /// Where muca is spoken, if anywhere.
    pub(crate) muca: Option<SocketAddr>,
    /// Where STUN and TURN are spoken over UDP, if anywhere.
    pub(crate) relay: Option<SocketAddr>,
    /// The certificate, if the server speaks TLS itself.
    pub(crate) tls: Option<Tls>,
    /// Which lines are logged: a level, or directives like `info,kith_hub=debug`.
    pub(crate) log: String,
    /// How log lines are written.
    pub(crate) log_format: LogFormat,
    /// When a commit is confirmed.
    pub(crate) durability: Durability,
    /// Where the contents of files are.
    pub(crate) files: Files,
    /// What the server may be told beyond that.
    pub(crate) settings: Settings,
    allow_plain_http: bool,
}

impl Config {
    /// The configuration that flags, the environment and the file together make.
    ///
    /// # Errors
    /// When a key is not known, a value not valid, or the file cannot be read.
    pub(crate) fn load(given: &Given, listen: Option<&str>) -> Result<Self, Exit> {
        Self::from_layers(Layers::read(given, listen, std::env::vars_os())?)
    }

    /// The configuration of these parts alone: for the fuzz targets, which know no process.
    pub(crate) fn of(
        file: &str,
        given: &Given,
        variables: &[(OsString, OsString)],
    ) -> Result<Self, Exit> {
        Self::from_layers(Layers::of(file, given, variables.iter().cloned())?)
    }

    fn from_layers(mut layers: Layers) -> Result<Self, Exit> {
        let listen: SocketAddr =
            layers.parsed("listen", "an address and port like 127.0.0.1:8080")?;
        if layers.is_default("registration") && listen.ip().is_loopback() {
            layers.set_default("registration", Value::String("open".to_owned()));
        }
        let log_format = match layers.text("log_format") {
            "json" => LogFormat::Json,
            "text" => LogFormat::Text,
            _ => return Err(layers.invalid("log_format", "it is json or text")),
        };
        let durability = match layers.text("storage.sync") {
            "full" => Durability::Full,
            "none" => Durability::NoSync,
            _ => return Err(layers.invalid("storage.sync", "it is full or none")),
        };
        let log = layers.text("log").to_owned();
        // Filters by span and field are nothing we use, and their parser panics on some texts.
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "_:=,.- ".contains(c);
        let parsed = if log.chars().all(is_plain) {
            tracing_subscriber::EnvFilter::try_new(&log).map(drop).map_err(|e| e.to_string())
        } else {
            Err("a directive is TARGET=LEVEL".to_owned())
        };
        if let Err(error) = parsed {
            let why = format!("it is off, error, warn, info, debug or trace: {error}");
            return Err(layers.invalid("log", &why));
        }
        let data = PathBuf::from(layers.text("data"));
        if data.as_os_str().is_empty() {
            return Err(layers.invalid("data", "it is a directory"));
        }
        Ok(Self {
            listen,
            data,
            topicsync: topicsync(&layers)?,
            ghostr: plain_tcp(&layers, "ghostr")?,
            muca: plain_tcp(&layers, "muca")?,
            relay: relay(&layers)?,
            tls: tls(&layers)?,
            log,
            log_format,
            durability,
            files: files::files(&layers)?,
            settings: settings(&layers)?,
            allow_plain_http: layers.flag("allow_plain_http"),
            layers,
        })
    }

    /// All values by key, with where they came from; secrets are not told.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&str, Entry)> {
        self.layers.entries()
    }

    /// Sentences for the operator on what looks like a mistake.
    pub(crate) fn warnings(&self) -> &[String] {
        self.layers.warnings()
    }

    /// Whether others could read what passes between the server and people.
    pub(crate) fn is_exposed(&self) -> bool {
        let encrypted = self.tls.is_some() || self.settings.public_url.starts_with("https://");
        !self.listen.ip().is_loopback() && !encrypted
    }

    /// Refuses to send passwords and tokens over a network as plain text.
    ///
    /// # Errors
    /// When others can reach the server and nothing says that what they send is encrypted.
    pub(crate) fn check_exposure(&self) -> Result<(), Exit> {
        if !self.is_exposed() || self.allow_plain_http {
            return Ok(());
        }
        Err(Exit::usage(format!(
            "listening on {} without TLS would send passwords as plain text: set tls.certificate \
             and tls.key, or public_url=https://… if a proxy in front of it speaks TLS, or \
             allow_plain_http=true on a network you trust",
            self.listen
        )))
    }

    /// The database.
    pub(crate) fn database(&self) -> PathBuf {
        self.data.join(DATABASE)
    }
}

fn tls(layers: &Layers) -> Result<Option<Tls>, Exit> {
    match (layers.text("tls.certificate"), layers.text("tls.key")) {
        ("", "") => Ok(None),
        (_, "") => Err(Exit::usage("tls.certificate is set, but tls.key is not")),
        ("", _) => Err(Exit::usage("tls.key is set, but tls.certificate is not")),
        (certificate, key) => {
            Ok(Some(Tls { certificate: Path::new(certificate).into(), key: Path::new(key).into() }))
        }
    }
}

/// Where topicsync is spoken besides. Its clients know no sign-in, so that others than this machine's own
/// programs are let in only when the operator says so.
fn topicsync(layers: &Layers) -> Result<Option<SocketAddr>, Exit> {
    let (circle, user) = ("gateway.topicsync.circle", "gateway.topicsync.user");
    let listen = "gateway.topicsync.listen";
    for (one, other) in [(circle, user), (user, circle), (listen, circle)] {
        if !layers.text(one).is_empty() && layers.text(other).is_empty() {
            return Err(Exit::usage(format!("{one} is set, but {other} is not")));
        }
    }
    if layers.text(listen).is_empty() {
        return Ok(None);
    }
    let address: SocketAddr = layers.parsed(listen, "an address and port like 127.0.0.1:8765")?;
    if !address.ip().is_loopback() && !layers.flag("gateway.topicsync.public") {
        let why = "whoever reaches it would act as the gateway's user, and what is said is plain \
                   text: it is an address of this machine alone, or gateway.topicsync.public is true";
        return Err(layers.invalid(listen, why));
    }
    Ok(Some(address))
}

/// Where a gateway over plain TCP listens, if anywhere. Its clients know no encryption, so that others than
/// this machine's own programs are let in only when the operator says so.
fn plain_tcp(layers: &Layers, name: &str) -> Result<Option<SocketAddr>, Exit> {
    let key = |last: &str| format!("gateway.{name}.{last}");
    let (listen, circle, public) = (key("listen"), key("circle"), key("public"));
    for (one, other) in [(&listen, &circle), (&circle, &listen)] {
        if !layers.text(one).is_empty() && layers.text(other).is_empty() {
            return Err(Exit::usage(format!("{one} is set, but {other} is not")));
        }
    }
    if layers.text(&listen).is_empty() {
        return Ok(None);
    }
    let address: SocketAddr = layers.parsed(&listen, "an address and port like 127.0.0.1:4000")?;
    if !address.ip().is_loopback() && !layers.flag(&public) {
        let why = format!(
            "what is said there is plain text, passwords too: it is an address of this machine \
             alone, or {public} is true"
        );
        return Err(layers.invalid(&listen, &why));
    }
    Ok(Some(address))
}

/// Where STUN and TURN are spoken, if anywhere. Devices are told an address at which they find it.
fn relay(layers: &Layers) -> Result<Option<SocketAddr>, Exit> {
    let [listen, address, host] = ["relay.listen", "relay.address", "relay.host"];
    if layers.text(listen).is_empty() {
        let set = [address, host].into_iter().find(|key| !layers.text(key).is_empty());
        return match set.or(layers.flag("relay.turn").then_some("relay.turn")) {
            Some(key) => Err(Exit::usage(format!("{key} is set, but {listen} is not"))),
            None => Ok(None),
        };
    }
    let here: SocketAddr = layers.parsed(listen, "an address and port like 0.0.0.0:3478")?;
    let is_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    if !layers.text(host).chars().all(is_host) {
        return Err(layers.invalid(host, "it is a name like relay.example.org"));
    }
    let there: IpAddr = match layers.text(address) {
        "" => here.ip(),
        _ => layers.parsed(address, "an address like 203.0.113.7")?,
    };
    if there.is_unspecified() {
        let why = "devices have to be told where it is: set relay.address to the address by which \
                   they reach it, or listen on that";
        return Err(layers.invalid(listen, why));
    }
    Ok(Some(here))
}

/// Reads the settings one by one, so that an error names the value that is wrong.
fn settings(layers: &Layers) -> Result<Settings, Exit> {
    let mut all = Table::new();
    for key in keys::settings().keys() {
        let value = layers.value(key);
        let number = value.as_integer();
        if key.ends_with(".idle_seconds") {
            if number.is_some_and(|seconds| seconds > IDLE_SECONDS_MAX.into()) {
                return Err(layers.invalid(key, &format!("it is at most {IDLE_SECONDS_MAX}")));
            }
        } else if number == Some(0) {
            return Err(layers.invalid(key, "it is at least 1"));
        }
        let alone = Table::from_iter([(key.clone(), value.clone())]);
        if let Err(error) = Value::Table(alone).try_into::<Settings>() {
            let why = error.message().lines().next().unwrap_or_default().to_owned();
            return Err(layers.invalid(key, &why));
        }
        all.insert(key.clone(), value.clone());
    }
    Value::Table(all).try_into().map_err(|error| Exit::usage(error.to_string()))
}

impl Layers {
    fn parsed<T: FromStr>(&self, key: &str, what: &str) -> Result<T, Exit> {
        self.text(key).parse().map_err(|_| self.invalid(key, &format!("it is {what}")))
    }

    fn text(&self, key: &str) -> &str {
        self.value(key).as_str().unwrap_or_default()
    }

    fn flag(&self, key: &str) -> bool {
        self.value(key).as_bool().unwrap_or_default()
    }
}
