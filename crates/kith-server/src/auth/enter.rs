//! The ways in: signing up and in, owning a site, and a new password.

use std::net::IpAddr;

use kith_core::decide::{secret_hash, site};
use kith_core::refusal::Refusal;
use kith_core::text::UserName;
use kith_hub::HubError;
use kith_proto::error::Problem;

use super::{Caller, SignUp, SignedIn, failed};
use crate::app::{App, address_prefix, problem_of, refused};
use crate::settings::Registration;

impl App {
    /// Makes an account and begins its first session, if the site lets anyone do so.
    ///
    /// # Errors
    /// As [`Auth::register`](super::Auth::register), `site.registration_closed`, `rate.limited`.
    pub async fn sign_up(
        &self,
        name: &str,
        password: &str,
        display_name: Option<&str>,
        invite: Option<&str>,
        label: &str,
        address: IpAddr,
    ) -> Result<SignedIn, Problem> {
        let new = SignUp { name, password, display_name, invite, owner: None, label };
        self.sign_up_as(&new, address).await
    }

    /// As [`sign_up`](Self::sign_up); whoever tells the owner's token may sign up however
    /// registration is ruled.
    ///
    /// # Errors
    /// As [`sign_up`](Self::sign_up), and `ticket.not_found`.
    pub async fn sign_up_as(&self, new: &SignUp<'_>, address: IpAddr) -> Result<SignedIn, Problem> {
        self.limiter.sign_up(address_prefix(address), self.hub.now())?;
        if let Some(token) = new.owner {
            // It is looked at again when it is used; here it saves the work for a wrong one.
            let offered = self.hub.look(|draft| site::offered(draft, token)).await;
            offered.map_err(|error| problem_of(&error))?;
        } else {
            let registration = self.registration().await.map_err(|error| problem_of(&error))?;
            let open = match registration {
                Registration::Open => true,
                Registration::Invite => new.invite.is_some(),
                Registration::Closed => false,
            };
            if !open {
                return Err(refused(&Refusal::RegistrationClosed));
            }
        }
        let user = self.auth.make(new, false).await?;
        self.auth.begin(user, new.label).await
    }

    /// Sets the password of whoever was given a link by an administrator, and begins a session. All others
    /// have ended.
    ///
    /// # Errors
    /// `ticket.not_found`, `password.length`, `password.common`, `rate.limited`.
    pub async fn reset_password(
        &self,
        token: &str,
        password: &str,
        label: &str,
        address: IpAddr,
    ) -> Result<SignedIn, Problem> {
        self.limiter.sign_up(address_prefix(address), self.hub.now())?;
        let offered = self.hub.look(|draft| site::resets(draft, token)).await;
        offered.map_err(|error| problem_of(&error))?;
        let hash = self.auth.hash_password(password).await?;
        let user = self.hub.reset(token, &hash).await.map_err(|error| problem_of(&error))?;
        self.auth.begin(user, label).await
    }

    /// Lets whoever comes first own the site, if nobody administers it: the token, told this once.
    ///
    /// # Errors
    /// Failures of the store.
    pub async fn offer_site(&self) -> Result<Option<String>, HubError> {
        let token = format!("{:032x}{:032x}", self.hub.random(), self.hub.random());
        Ok(self.hub.offer_site(&secret_hash(&token)).await?.then_some(token))
    }

    /// Begins a session of whoever knows the password: always a new one, whatever was presented.
    /// With the `device` of an earlier time the guesses of others do not slow this one down.
    ///
    /// # Errors
    /// `auth.failed` whether the name or the password is wrong, `rate.limited`.
    pub async fn sign_in(
        &self,
        name: &str,
        password: &str,
        label: &str,
        device: Option<&str>,
        address: IpAddr,
    ) -> Result<SignedIn, Problem> {
        let name = UserName::parse(name).map_err(|_| failed())?;
        let folded = name.folded();
        let found = match self.hub.user_by_name(&folded).await {
            Ok(user) => Some(user.id),
            Err(HubError::Refused(_)) => None,
            Err(error) => return Err(problem_of(&error)),
        };
        let known = match found {
            Some(user) => self.auth.knows(user, device).await?.then_some(device).flatten(),
            None => None,
        };
        let now = self.hub.now();
        match known {
            Some(device) => self.limiter.sign_in_known(device, now)?,
            None => self.limiter.sign_in(&folded, address_prefix(address), now)?,
        }
        let proof = self.auth.prove(found, password).await?.ok_or_else(failed)?;
        let begun = self.auth.begin_proven(&proof, label).await;
        begun.map_err(|problem| match problem.code.as_str() {
            "password.wrong" | "user.disabled" => failed(),
            _ => problem,
        })
    }

    /// Sets the caller's password and begins a session in the place of all that there were.
    ///
    /// # Errors
    /// `password.wrong`, `password.length`, `password.common`, `rate.limited`.
    pub async fn change_password(
        &self,
        caller: &Caller,
        current: &str,
        new: &str,
        label: &str,
    ) -> Result<SignedIn, Problem> {
        // Whoever holds a stolen session shall not try passwords with it.
        self.limiter.sign_in_known(&caller.token_hash, self.hub.now())?;
        self.auth.change_password(caller.user, current, new, label).await
    }
}
