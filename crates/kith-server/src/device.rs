//! Devices that somebody signed in from before: known by a name that only this site can have given.
//!
//! Guesses from anywhere slow down whoever is unknown, and never a device that proved itself: a
//! stranger cannot keep a user out by trying their password.

use kith_core::id::UserId;

/// What device names begin with.
const PREFIX: &str = "kithd_";

/// Gives names to devices and knows them again. A name is a random number and its keyed BLAKE3
/// hash together with the user, so that nothing has to be kept and none can be forged or lent.
pub(crate) struct Devices {
    key: [u8; 32],
}

impl Devices {
    pub(crate) fn new(secret: &str) -> Self {
        Self { key: blake3::derive_key("kith 1 names of devices", secret.as_bytes()) }
    }

    fn hash(&self, user: UserId, number: &str) -> blake3::Hash {
        blake3::keyed_hash(&self.key, format!("{user} {number}").as_bytes())
    }

    /// A name for a device from which `user` signed in.
    pub(crate) fn name(&self, user: UserId, random: u128) -> String {
        let number = format!("{random:032x}");
        let hash = self.hash(user, &number);
        format!("{PREFIX}{number}{}", hash.to_hex())
    }

    /// Whether `user` signed in from the device of this name.
    pub(crate) fn knows(&self, user: UserId, name: &str) -> bool {
        let parts = name.strip_prefix(PREFIX).and_then(|rest| rest.split_at_checked(32));
        let Some((number, hash)) = parts else { return false };
        // Compared in constant time, as BLAKE3 hashes are.
        blake3::Hash::from_hex(hash).is_ok_and(|hash| hash == self.hash(user, number))
    }
}

#[cfg(test)]
mod tests {
    use kith_core::id::Timestamp;

    use super::*;

    #[test]
    fn a_device_is_known_to_its_user_and_site_alone() {
        let (ana, bob) = (UserId::new(Timestamp(1), 1), UserId::new(Timestamp(1), 2));
        let (site, other) = (Devices::new("one"), Devices::new("two"));
        let name = site.name(ana, 7);
        assert!(site.knows(ana, &name));
        assert_ne!(name, site.name(ana, 8));
        assert!(!site.knows(bob, &name));
        assert!(!other.knows(ana, &name));
        for bad in ["", "kithd_", &name[..name.len() - 1], &name.replace("kithd_0", "kithd_1")] {
            assert!(!site.knows(ana, bad), "{bad}");
        }
        assert!(!site.knows(ana, &format!("{PREFIX}{}é", "0".repeat(31))));
    }
}
