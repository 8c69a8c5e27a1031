//! The devices of others that this one has met: believed the first time, and compared ever after.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use kith_core::id::UserId;
use serde::{Deserialize, Serialize};

use crate::hex::Hex;
use crate::identity::{IdentityError, beside, write_private};

/// The most devices that are remembered of one user; the one that was met longest ago gives way.
const DEVICES_MAX: usize = 32;

/// What is known of the device at the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// The first device of this user that was met here. Nobody has compared words.
    First,
    /// Met before, and nobody has compared words.
    Known,
    /// Somebody compared words with this device, now or before.
    Verified,
    /// Other devices of this user were met before, and never this one: the user has a new one, or
    /// somebody else has the account, or the server lies.
    Changed,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Device {
    key: Hex<32>,
    verified: bool,
}

/// The file of the devices that were met, by the server and the user.
#[derive(Debug)]
pub struct Peers {
    file: PathBuf,
    met: BTreeMap<String, Vec<Device>>,
}

impl Trust {
    /// What it means, for a person.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::First => "not verified: this is the first device of this user that you meet",
            Self::Known => "not verified: you met this device before, and never compared words",
            Self::Verified => "verified: you compared words with this device before",
            Self::Changed => {
                "WARNING: this is not the device that you met before. It may be a new one; or \
                 somebody else, or the server, speaks in the name of this user. Compare the words \
                 before you go on"
            }
        }
    }
}

impl Peers {
    /// Reads the file; none is one without devices.
    ///
    /// # Errors
    /// [`IdentityError::File`] or [`IdentityError::Damaged`].
    pub fn load(file: &Path) -> Result<Self, IdentityError> {
        let met = match fs::read(file) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|_| IdentityError::Damaged)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(error.into()),
        };
        Ok(Self { file: file.to_owned(), met })
    }

    /// What is known of a device.
    #[must_use]
    pub fn trust(&self, server: &str, user: UserId, key: Hex<32>) -> Trust {
        let devices = self.met.get(&place(server, user)).map_or(&[][..], Vec::as_slice);
        match devices.iter().find(|device| device.key == key) {
            Some(Device { verified: true, .. }) => Trust::Verified,
            Some(_) => Trust::Known,
            None if devices.is_empty() => Trust::First,
            None => Trust::Changed,
        }
    }

    /// Remembers a device, with what was known of it before; `verified` when its words were compared.
    ///
    /// # Errors
    /// [`IdentityError::File`] or [`IdentityError::NoRandomness`].
    pub fn remember(
        &mut self,
        server: &str,
        user: UserId,
        key: Hex<32>,
        verified: bool,
    ) -> Result<(), IdentityError> {
        // Other programs of this user write the same file.
        self.met = Self::load(&self.file)?.met;
        let devices = self.met.entry(place(server, user)).or_default();
        let known = devices.iter().position(|device| device.key == key);
        let before = known.map(|place| devices.remove(place));
        let verified = verified || before.is_some_and(|device| device.verified);
        devices.push(Device { key, verified });
        if devices.len() > DEVICES_MAX {
            devices.remove(0);
        }
        let new = beside(&self.file)?;
        write_private(&new, &serde_json::to_vec_pretty(&self.met).unwrap_or_default())?;
        fs::rename(&new, &self.file)?;
        Ok(())
    }
}

fn place(server: &str, user: UserId) -> String {
    format!("{user} {server}")
}

#[cfg(test)]
mod tests {
    use kith_core::id::Timestamp;

    use super::*;

    #[test]
    fn the_first_device_is_believed_and_another_is_told_apart() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("peers.json");
        let bob = UserId::new(Timestamp(1), 2);
        let (one, two) = (Hex([1; 32]), Hex([2; 32]));
        let mut peers = Peers::load(&file).unwrap();
        assert_eq!(peers.trust("a", bob, one), Trust::First);
        peers.remember("a", bob, one, false).unwrap();
        assert_eq!(peers.trust("a", bob, one), Trust::Known);
        assert_eq!(peers.trust("b", bob, one), Trust::First);
        assert_eq!(peers.trust("a", bob, two), Trust::Changed);
        peers.remember("a", bob, one, true).unwrap();
        peers.remember("a", bob, one, false).unwrap();
        let peers = Peers::load(&file).unwrap();
        assert_eq!(peers.trust("a", bob, one), Trust::Verified);
        assert_eq!(peers.trust("a", bob, two), Trust::Changed);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("peers.json");
        let bob = UserId::new(Timestamp(1), 2);
        let mut peers = Peers::load(&file).unwrap();
        for number in 0..40 {
            peers.remember("a", bob, Hex([number; 32]), false).unwrap();
        }
        assert_eq!(peers.trust("a", bob, Hex([0; 32])), Trust::Changed);
        assert_eq!(peers.trust("a", bob, Hex([39; 32])), Trust::Known);
        assert_eq!(peers.met[&place("a", bob)].len(), DEVICES_MAX);
    }
}
