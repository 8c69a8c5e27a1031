//! What the server does for the gateways: passwords, and counting who does too much.

use std::net::IpAddr;
use std::pin::Pin;

use kith_core::id::UserId;

/// A future of the server's.
pub type Waiting<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Why somebody is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shut {
    /// The name or the password is wrong.
    Wrong,
    /// The password is not good enough for a new account.
    Weak,
    /// The site makes no accounts for those who ask.
    Closed,
    /// Too many tried, or the server cannot now.
    Later,
}

/// The server, as the gateways see it: they know no passwords.
pub trait Door: Send + Sync + 'static {
    /// Begins a session of whoever knows the password; the hash of its token.
    fn sign_in<'a>(
        &'a self,
        name: &'a str,
        password: &'a str,
        label: &'a str,
        address: IpAddr,
    ) -> Waiting<'a, Result<String, Shut>>;

    /// Makes an account and begins its first session, if the site lets anyone do so; the hash of the
    /// session's token.
    fn sign_up<'a>(
        &'a self,
        name: &'a str,
        password: &'a str,
        label: &'a str,
        address: IpAddr,
    ) -> Waiting<'a, Result<String, Shut>>;

    /// Counts an account that is made without a password.
    ///
    /// # Errors
    /// [`Shut::Later`] when there were too many from this address.
    fn admit(&self, address: IpAddr) -> Result<(), Shut>;

    /// Counts a request of a user.
    ///
    /// # Errors
    /// In how many milliseconds the next one may come, if this one came too soon.
    fn pace(&self, user: UserId) -> Result<(), u64>;
}
