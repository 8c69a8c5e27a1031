//! Who the user is, kept in a directory that only they can read.

use std::collections::BTreeMap;
use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;

const SESSION: &str = "session.json";
/// What this device is called, by the name and server of whoever signed in here.
const DEVICES: &str = "devices.json";

/// A session, as it is kept.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Session {
    /// The address of the server.
    pub(crate) server: String,
    /// The secret.
    pub(crate) token: String,
    /// The user's name.
    pub(crate) name: String,
}

type Devices = BTreeMap<String, String>;

fn of(server: &str, name: &str) -> String {
    format!("{} {server}", name.to_lowercase())
}

/// The directory that is used when none is named.
fn default_directory() -> Result<PathBuf, Failure> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    if let Some(config) = set("XDG_CONFIG_HOME") {
        return Ok(PathBuf::from(config).join("kith"));
    }
    let home = set("HOME").ok_or_else(|| {
        Failure::Local("there is no home directory: name one with --profile".to_owned())
    })?;
    Ok(PathBuf::from(home).join(".config").join("kith"))
}

/// Where sessions are kept.
pub(crate) struct Profile {
    directory: PathBuf,
}

impl Profile {
    /// The profile in `directory`, or in the usual place.
    pub(crate) fn new(directory: Option<&Path>) -> Result<Self, Failure> {
        let directory = directory.map_or_else(default_directory, |given| Ok(given.to_owned()))?;
        Ok(Self { directory })
    }

    /// Where it is.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    fn file(&self) -> PathBuf {
        self.directory.join(SESSION)
    }

    /// The session, if there is one.
    pub(crate) fn load(&self) -> Result<Option<Session>, Failure> {
        self.read(SESSION)
    }

    /// What this device is called on `server` for whoever is `name` there.
    pub(crate) fn device(&self, server: &str, name: &str) -> Result<Option<String>, Failure> {
        let devices: Option<Devices> = self.read(DEVICES)?;
        Ok(devices.unwrap_or_default().get(&of(server, name)).cloned())
    }

    fn read<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Failure> {
        let file = self.directory.join(name);
        let failed =
            |error: &dyn std::fmt::Display| Failure::Local(format!("{}: {error}", file.display()));
        match fs::read(&file) {
            Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|error| failed(&error)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed(&error)),
        }
    }

    /// Keeps a session and what the device is called, each whole or not at all, readable by the user
    /// alone.
    pub(crate) fn save(&self, session: &Session, device: &str) -> Result<(), Failure> {
        let mut devices: Devices = self.read(DEVICES)?.unwrap_or_default();
        devices.insert(of(&session.server, &session.name), device.to_owned());
        self.write(DEVICES, &devices)?;
        self.write(SESSION, session)
    }

    fn write(&self, name: &str, kept: &impl Serialize) -> Result<(), Failure> {
        let file = self.directory.join(name);
        self.replace(&file, kept)
            .map_err(|error| Failure::Local(format!("{}: {error}", file.display())))
    }

    fn replace(&self, target: &Path, kept: &impl Serialize) -> std::io::Result<()> {
        let mut directory = fs::DirBuilder::new();
        directory.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut directory, 0o700);
        directory.create(&self.directory)?;
        let new = target.with_extension(std::process::id().to_string());
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        // Left over from a run that was killed, under the same number.
        if let Err(error) = fs::remove_file(&new)
            && error.kind() != ErrorKind::NotFound
        {
            return Err(error);
        }
        let mut file = options.open(&new)?;
        file.write_all(&serde_json::to_vec_pretty(kept)?)?;
        file.sync_all()?;
        fs::rename(&new, target)
    }

    /// Forgets the session. The device stays known.
    pub(crate) fn forget(&self) -> Result<(), Failure> {
        match fs::remove_file(self.file()) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(Failure::Local(format!("{}: {error}", self.file().display())))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_kept_for_the_user_alone_and_forgotten() {
        let directory = tempfile::tempdir().unwrap();
        let profile = Profile::new(Some(&directory.path().join("a/b"))).unwrap();
        assert!(profile.load().unwrap().is_none());
        let session = |name: &str| Session {
            server: "http://127.0.0.1:1".to_owned(),
            token: "secret".to_owned(),
            name: name.to_owned(),
        };
        profile.save(&session("ana"), "one").unwrap();
        profile.save(&session("bob"), "two").unwrap();
        assert_eq!(profile.load().unwrap().map(|kept| kept.name), Some("bob".to_owned()));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(profile.file()).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        profile.forget().unwrap();
        profile.forget().unwrap();
        assert!(profile.load().unwrap().is_none());
        let device = |name: &str| profile.device("http://127.0.0.1:1", name).unwrap();
        assert_eq!(device("Ana").as_deref(), Some("one"));
        assert_eq!(device("carol"), None);
    }
}
