//! Puts the layers of the configuration on top of each other.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::{FILE, Given, keys};
use crate::environment::Exit;

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// Nobody set it.
    Default,
    /// A key of a file.
    File(PathBuf),
    /// A variable of the environment.
    Variable(String),
    /// A flag, as it is written.
    Flag(&'static str),
}

impl Source {
    /// How it is told to people, for the value of `key`.
    pub(crate) fn tell(&self, key: &str) -> String {
        match self {
            Self::Default => "default".to_owned(),
            Self::File(path) => format!("{}:{key}", path.display()),
            Self::Variable(name) => format!("environment {name}"),
            Self::Flag("--set") => format!("flag --set {key}"),
            Self::Flag(flag) => format!("flag {flag}"),
        }
    }
}

/// A value and where it came from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    /// The value.
    pub(crate) value: Value,
    /// Where it came from.
    pub(crate) source: Source,
}

/// The names in the environment that are no keys, but ours.
const OTHER_VARIABLES: &[&str] = &["KITH_CONFIG", "KITH_SERVER", "KITH_PROFILE", "KITH_TOKEN"];
/// Letters by which a variable may differ from a known one and still look like a mistake.
const TYPO_MAX: usize = 2;

/// What is shown in place of a secret.
const HIDDEN: &str = "***";

/// All values.
#[derive(Clone)]
pub(super) struct Layers {
    entries: BTreeMap<String, Entry>,
    warnings: Vec<String>,
}

impl fmt::Debug for Layers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.entries()).finish()
    }
}

impl Layers {
    /// Reads all layers. `variables` is the environment.
    pub(super) fn read(
        given: &Given,
        listen: Option<&str>,
        variables: impl Iterator<Item = (OsString, OsString)>,
    ) -> Result<Self, Exit> {
        let mut layers = Self::defaults();
        let variables = layers.ours(variables)?;
        // The file may lie where a later layer says, so those come first, and again after it.
        layers.above_file(given, listen, &variables)?;
        let named = given.config.clone().or_else(|| {
            variables.get("KITH_CONFIG").filter(|path| !path.is_empty()).map(PathBuf::from)
        });
        let implied = Path::new(layers.value("data").as_str().unwrap_or_default()).join(FILE);
        let read = match &named {
            Some(path) => Some((path.as_path(), std::fs::read_to_string(path))),
            None if implied.exists() => {
                Some((implied.as_path(), std::fs::read_to_string(&implied)))
            }
            None => None,
        };
        if let Some((path, text)) = read {
            let text = text
                .map_err(|error| Exit::usage(format!("cannot read {}: {error}", path.display())))?;
            layers.file(path, &text, named.is_some())?;
            layers.above_file(given, listen, &variables)?;
        }
        Ok(layers)
    }

    /// The same from a file whose text is given.
    pub(super) fn of(
        file: &str,
        given: &Given,
        variables: impl Iterator<Item = (OsString, OsString)>,
    ) -> Result<Self, Exit> {
        let mut layers = Self::defaults();
        let variables = layers.ours(variables)?;
        layers.file(Path::new(FILE), file, true)?;
        layers.above_file(given, None, &variables)?;
        Ok(layers)
    }

    fn defaults() -> Self {
        let default = |(key, value)| (key, Entry { value, source: Source::Default });
        let entries = keys::defaults().into_iter().map(default).collect();
        Self { entries, warnings: Vec::new() }
    }

    pub(super) fn value(&self, key: &str) -> &Value {
        static NONE: Value = Value::Boolean(false);
        self.entries.get(key).map_or(&NONE, |entry| &entry.value)
    }

    pub(super) fn is_default(&self, key: &str) -> bool {
        self.entries.get(key).is_none_or(|entry| entry.source == Source::Default)
    }

    pub(super) fn set_default(&mut self, key: &str, value: Value) {
        self.entries.insert(key.to_owned(), Entry { value, source: Source::Default });
    }

    /// All values as they may be shown.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&str, Entry)> {
        self.entries.iter().map(|(key, Entry { value, source })| {
            let is_hidden = keys::is_secret(key) && value.as_str() != Some("");
            let value = if is_hidden { Value::from(HIDDEN) } else { value.clone() };
            (key.as_str(), Entry { value, source: source.clone() })
        })
    }

    pub(super) fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The error for a value that is not valid.
    pub(super) fn invalid(&self, key: &str, why: &str) -> Exit {
        let source = self.entries.get(key).map(|entry| entry.source.tell(key)).unwrap_or_default();
        let value = if keys::is_secret(key) { &Value::from(HIDDEN) } else { self.value(key) };
        Exit::usage(format!("{key} = {value} ({source}) is not valid: {why}"))
    }

    fn above_file(
        &mut self,
        given: &Given,
        listen: Option<&str>,
        variables: &BTreeMap<String, String>,
    ) -> Result<(), Exit> {
        let known: Vec<String> = self.entries.keys().cloned().collect();
        for key in known {
            let name = keys::variable(&key);
            if let Some(text) = variables.get(&name) {
                self.set_text(&key, text, Source::Variable(name))?;
            }
        }
        for pair in &given.set {
            let Some((key, text)) = pair.split_once('=') else {
                return Err(Exit::usage(format!("--set takes key=value, not {pair:?}")));
            };
            if keys::is_secret(key.trim()) {
                let (key, name) = (key.trim(), keys::variable(key.trim()));
                return Err(Exit::usage(format!(
                    "everybody on this machine sees what is in a command: set {key} in the file, or \
                     as {name} in the environment, or name a file with {key}_file"
                )));
            }
            self.set_text(key.trim(), text.trim(), Source::Flag("--set"))?;
        }
        if let Some(data) = &given.data {
            self.set_text("data", data, Source::Flag("--data"))?;
        }
        if let Some(listen) = listen {
            self.set_text("listen", listen, Source::Flag("--listen"))?;
        }
        Ok(())
    }

    fn file(&mut self, path: &Path, text: &str, named: bool) -> Result<(), Exit> {
        let table: Table = toml::from_str(text).map_err(|error| {
            // It shows the line, in which a secret may be.
            let is_safe = !self.entries.keys().any(|key| {
                let last = key.rsplit('.').next().unwrap_or_default();
                keys::is_secret(key) && text.contains(last)
            });
            let why = if is_safe { error.to_string() } else { error.message().to_owned() };
            Exit::usage(format!("{}: {why}", path.display()))
        })?;
        let mut flat = Vec::new();
        flatten("", table, &mut flat);
        for (key, value) in flat {
            if key == "data" && !named {
                let path = path.display();
                return Err(Exit::usage(format!(
                    "{path} is found by where the data is, so it cannot set data: remove it, or \
                     name the file with --config"
                )));
            }
            self.set(&key, value, Source::File(path.to_owned()))?;
        }
        Ok(())
    }

    /// Sets a value that was written without types.
    fn set_text(&mut self, key: &str, text: &str, source: Source) -> Result<(), Exit> {
        let quoted = toml::from_str::<Table>(&format!("value = {text}")).ok();
        let parsed = quoted.filter(|table| table.len() == 1).and_then(|mut t| t.remove("value"));
        let wants_text = self.value(key).is_str();
        let value = match parsed {
            Some(value) if value.is_str() || !wants_text => value,
            _ => Value::String(text.to_owned()),
        };
        self.set(key, value, source)
    }

    fn set(&mut self, key: &str, value: Value, source: Source) -> Result<(), Exit> {
        let Some(entry) = self.entries.get_mut(key) else {
            return Err(self.unknown(key, &source));
        };
        let wanted = kind(&entry.value);
        let right = entry.value.same_type(&value);
        *entry = Entry { value, source };
        if right { Ok(()) } else { Err(self.invalid(key, &format!("it is {wanted}"))) }
    }

    fn unknown(&self, key: &str, source: &Source) -> Exit {
        let from = match source {
            Source::File(path) => format!(" in {}", path.display()),
            _ => String::new(),
        };
        let meant = keys::closest(key, self.entries.keys().map(String::as_str));
        let hint = meant.map(|(name, _)| format!(": did you mean {name}?")).unwrap_or_default();
        Exit::usage(format!("there is no key {key:?}{from}{hint}"))
    }

    /// The variables that begin with our name. One that is only nearly a key is warned of, not
    /// refused: whoever runs the program may put others there.
    fn ours(
        &mut self,
        variables: impl Iterator<Item = (OsString, OsString)>,
    ) -> Result<BTreeMap<String, String>, Exit> {
        let names: Vec<String> = self.entries.keys().map(|key| keys::variable(key)).collect();
        let mut ours = BTreeMap::new();
        for (name, value) in variables {
            let Some(name) = name.to_str().filter(|name| name.starts_with("KITH_")) else {
                continue;
            };
            let other = OTHER_VARIABLES.contains(&name);
            if !other && !names.iter().any(|known| known == name) {
                if let Some((meant, letters)) =
                    keys::closest(name, names.iter().map(String::as_str))
                    && letters <= TYPO_MAX
                {
                    self.warnings.push(format!("{name} sets nothing: did you mean {meant}?"));
                }
                continue;
            }
            let Some(value) = value.to_str() else {
                return Err(Exit::usage(format!("the value of {name} is not UTF-8")));
            };
            ours.insert(name.to_owned(), value.to_owned());
        }
        Ok(ours)
    }
}

fn flatten(prefix: &str, table: Table, into: &mut Vec<(String, Value)>) {
    for (name, value) in table {
        let key = format!("{prefix}{name}");
        match value {
            Value::Table(inner) => flatten(&format!("{key}."), inner, into),
            value => into.push((key, value)),
        }
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Boolean(_) => "true or false",
        Value::Integer(_) => "a whole number",
        _ => "a text",
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}
