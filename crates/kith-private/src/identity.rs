//! The key of this device: made once, kept in a file that only its user can read.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

use crate::hex::Hex;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The file cannot be read or written.
    #[error("{0}")]
    File(#[from] io::Error),
    /// The file holds something else.
    #[error("the file does not hold the key of a device")]
    Damaged,
    /// The file can be read by others: whoever did has the key.
    #[error("others can read the file of the device's key: remove it, and a new key is made")]
    Exposed,
    /// This machine gives no random numbers.
    #[error("this system gives no random numbers")]
    NoRandomness,
}

/// The key of a device (Ed25519).
#[derive(Debug)]
pub struct Identity(Ed25519KeyPair);

impl Identity {
    /// The key that follows from 32 random bytes.
    ///
    /// # Errors
    /// [`IdentityError::Damaged`], which these bytes are not the cause of.
    pub fn from_seed(seed: &[u8; 32]) -> Result<Self, IdentityError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed);
        pair.map(Self).map_err(|_| IdentityError::Damaged)
    }

    /// The key in a file, which is made where there is none.
    ///
    /// # Errors
    /// As [`IdentityError`] says.
    pub fn load(file: &Path) -> Result<Self, IdentityError> {
        match fs::read(file) {
            Ok(bytes) => {
                check_mode(file)?;
                let text = std::str::from_utf8(&bytes).map_err(|_| IdentityError::Damaged)?;
                let seed = Hex::<32>::parse(text.trim()).map_err(|_| IdentityError::Damaged)?;
                Self::from_seed(&seed.0)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let mut seed = [0; 32];
                getrandom::fill(&mut seed).map_err(|_| IdentityError::NoRandomness)?;
                let identity = Self::from_seed(&seed)?;
                create(file, format!("{}\n", Hex(seed)).as_bytes())?;
                Ok(identity)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The public half.
    ///
    /// # Panics
    /// Never: such a key has 32 bytes.
    #[must_use]
    pub fn key(&self) -> Hex<32> {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(self.0.public_key().as_ref());
        Hex(bytes)
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Hex<64> {
        let mut bytes = [0; 64];
        bytes.copy_from_slice(self.0.sign(message).as_ref());
        Hex(bytes)
    }
}

/// Whether a key signed a message.
pub(crate) fn is_signed(key: &Hex<32>, message: &[u8], proof: &Hex<64>) -> bool {
    UnparsedPublicKey::new(&ED25519, key.0).verify(message, &proof.0).is_ok()
}

#[cfg(unix)]
fn check_mode(file: &Path) -> Result<(), IdentityError> {
    use std::os::unix::fs::PermissionsExt;
    if fs::metadata(file)?.permissions().mode() & 0o077 != 0 {
        return Err(IdentityError::Exposed);
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_mode(_: &Path) -> Result<(), IdentityError> {
    Ok(())
}

/// Writes a file that only its user can read, whole or not at all, where there is none.
fn create(file: &Path, bytes: &[u8]) -> Result<(), IdentityError> {
    let new = beside(file)?;
    write_private(&new, bytes)?;
    // Unlike renaming, linking does not take the place of a key that another program just made.
    let linked = fs::hard_link(&new, file);
    fs::remove_file(&new)?;
    linked?;
    Ok(())
}

/// Another name in the same directory, which is made where it is missing.
pub(crate) fn beside(file: &Path) -> Result<std::path::PathBuf, IdentityError> {
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(|_| IdentityError::NoRandomness)?;
    if let Some(directory) = file.parent() {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(directory)?;
    }
    Ok(file.with_extension(Hex(random).to_string()))
}

/// Writes a new file that only its user can read.
pub(crate) fn write_private(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(file)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_kept_for_its_user_alone() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("a/device.key");
        let first = Identity::load(&file).unwrap();
        assert_eq!(Identity::load(&file).unwrap().key(), first.key());
        assert_eq!(fs::read_dir(directory.path().join("a")).unwrap().count(), 1);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
            fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
            assert!(matches!(Identity::load(&file), Err(IdentityError::Exposed)));
        }
    }

    #[test]
    fn a_file_that_holds_something_else_is_no_key() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("device.key");
        write_private(&file, b"not a key").unwrap();
        assert!(matches!(Identity::load(&file), Err(IdentityError::Damaged)));
    }

    #[test]
    fn a_signature_is_that_of_one_key_over_one_message() {
        let [one, other] = [1, 2].map(|seed| Identity::from_seed(&[seed; 32]).unwrap());
        let proof = one.sign(b"tea");
        assert!(is_signed(&one.key(), b"tea", &proof));
        assert!(!is_signed(&one.key(), b"coffee", &proof));
        assert!(!is_signed(&other.key(), b"tea", &proof));
    }
}
