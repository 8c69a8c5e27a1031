//! What every client command needs: who, where, and how to print.

use std::path::PathBuf;

use kith_client::address::Address;
use kith_client::{Auth, Client, Events, Files, Options};

use crate::failure::Failure;
use crate::profile::{Profile, Session};

/// Where a server is unless something else is said.
const SERVER: &str = "http://127.0.0.1:8080";
/// What this program's sessions are called in the list of sessions.
pub(crate) const LABEL: &str = "kith on the command line";

/// The options that all commands share.
pub(crate) struct Context {
    /// As given.
    pub(crate) server: Option<String>,
    /// As given.
    pub(crate) profile: Option<PathBuf>,
    /// Print JSON.
    pub(crate) json: bool,
}

impl Context {
    pub(crate) fn profile(&self) -> Result<Profile, Failure> {
        Profile::new(self.profile.as_deref())
    }

    /// The server to sign in at.
    pub(crate) fn address(&self) -> Result<Address, Failure> {
        Ok(Address::parse(self.server.as_deref().unwrap_or(SERVER))?)
    }

    /// The session, and the address of its server.
    pub(crate) fn session(&self) -> Result<(Address, Session), Failure> {
        let session = self.profile()?.load()?.ok_or_else(|| {
            Failure::NotSignedIn("you are not signed in: kith login NAME".to_owned())
        })?;
        let address = Address::parse(&session.server)?;
        // The secret of one server is none of another's business.
        if self.server.is_some() && self.address()? != address {
            let message = format!("you are signed in at {address} and not there: kith login NAME");
            return Err(Failure::NotSignedIn(message));
        }
        Ok((address, session))
    }

    /// Connects as the user who is signed in.
    pub(crate) async fn connect(&self) -> Result<(Client, Events), Failure> {
        let (address, session) = self.session()?;
        let options = Options::new(&address.to_string(), Auth::Token(session.token));
        Ok(Client::connect(options).await?)
    }

    /// The files of the server, as the user who is signed in.
    pub(crate) fn files(&self) -> Result<Files, Failure> {
        let (address, session) = self.session()?;
        Ok(Files::new(address, &session.token))
    }

    /// Connects to ask and to change, not to be told.
    pub(crate) async fn client(&self) -> Result<Client, Failure> {
        Ok(self.connect().await?.0)
    }
}
