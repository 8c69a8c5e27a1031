//! Who is who: passwords, tokens, signing up, in and out.

use std::sync::Arc;

use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use argon2::{Algorithm, Argon2, Params, Version};
use kith_core::decide::account::{self, Lifetime, NewAccount};
use kith_core::decide::{secret_hash, site};
use kith_core::document::User;
use kith_core::draft::{Draft, Stop};
use kith_core::id::{SessionId, UserId};
use kith_core::refusal::Refusal;
use kith_core::text::{DisplayName, Label, UserName};
use kith_hub::{Environment, Hub, HubError};
use kith_proto::error::Problem;
use tokio::sync::{OnceCell, Semaphore};

use crate::app::{problem_of, refused};
use crate::device::Devices;
use crate::settings::Settings;

mod enter;
#[cfg(test)]
mod tests;

/// What every token begins with, so that a leaked one is known for what it is.
pub const TOKEN_PREFIX: &str = "kith_";
/// The longest password, in characters.
pub const PASSWORD_CHARS_MAX: usize = 128;
/// Memory that all running password hashes share, in KiB.
const HASH_MEMORY_KIB: u32 = 256 * 1024;
/// Password hashes that may wait for their turn.
const HASH_QUEUE: usize = 32;

const HOUR_MS: u64 = 3600 * 1000;
const DAY_MS: u64 = 24 * HOUR_MS;

/// Passwords that are tried first by everyone who guesses.
const COMMON: &[&str] = &[
    "password",
    "passwort",
    "12345678",
    "123456789",
    "1234567890",
    "123456789012",
    "qwertyuiop",
    "iloveyou",
    "letmein",
    "welcome",
    "administrator",
    "qwerty123456",
    "abcdefghijkl",
];

/// Somebody who proved who they are.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who.
    pub user: UserId,
    /// Under which session.
    pub session: SessionId,
    /// The hash of the session's token.
    pub token_hash: String,
}

impl Caller {
    /// The same, as the hub has it.
    pub(crate) fn of_hub(&self) -> kith_hub::service::Caller {
        let Self { user, session, token_hash } = self.clone();
        kith_hub::service::Caller { user, session, token_hash }
    }
}

/// A session that has just begun.
pub struct SignedIn {
    /// Who.
    pub user: Arc<User>,
    /// The session.
    pub session: SessionId,
    /// Its secret, told this once.
    pub token: String,
    /// What this device is known by the next time.
    pub device: String,
}

/// What somebody says who signs up.
#[derive(Clone, Copy, Debug)]
pub struct SignUp<'a> {
    /// The unique name.
    pub name: &'a str,
    /// The password.
    pub password: &'a str,
    /// What the account is shown as, if not by its name.
    pub display_name: Option<&'a str>,
    /// The secret of an invite, whose circle is joined in the same step.
    pub invite: Option<&'a str>,
    /// The token that the server printed for whoever comes first: the account owns the site.
    pub owner: Option<&'a str>,
    /// What the session is called.
    pub label: &'a str,
}

/// Somebody told the password of an account, as it was at that moment.
struct Proof {
    user: UserId,
    /// The hash that it was compared with.
    hash: String,
}

impl Proof {
    /// Refuses when the password was changed meanwhile.
    fn still(&self, draft: &Draft<'_>) -> Result<(), Stop> {
        account::still_password(draft, self.user, &self.hash)
    }
}

/// Passwords and tokens.
pub struct Auth {
    hub: Hub,
    env: Arc<dyn Environment>,
    argon: Argon2<'static>,
    running: Arc<Semaphore>,
    waiting: Semaphore,
    /// The hash of no password, for users that do not exist, so that they take as long.
    dummy: String,
    chars_min: usize,
    people: Span,
    admins: Span,
    /// What devices are known by, once it was looked up.
    devices: OnceCell<Devices>,
}

/// How long sessions last, in milliseconds.
#[derive(Clone, Copy)]
struct Span {
    whole: u64,
    idle: u64,
}

impl Auth {
    pub(crate) fn new(hub: Hub, env: Arc<dyn Environment>, settings: &Settings) -> Self {
        let memory = settings.password_memory_kib.clamp(8, HASH_MEMORY_KIB);
        let params = Params::new(memory, 3, 1, None).unwrap_or_default();
        let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let cores = crate::app::processors();
        let parallel = cores.min((HASH_MEMORY_KIB / memory) as usize).max(1);
        let dummy = hash(&argon, "", &env.random().to_le_bytes()).unwrap_or_default();
        Self {
            hub,
            env,
            argon,
            running: Arc::new(Semaphore::new(parallel)),
            waiting: Semaphore::new(HASH_QUEUE + parallel),
            dummy,
            chars_min: settings.password_chars_min as usize,
            people: Span {
                whole: u64::from(settings.session_days) * DAY_MS,
                idle: u64::from(settings.session_idle_days) * DAY_MS,
            },
            admins: Span {
                whole: u64::from(settings.admin_session_days) * DAY_MS,
                idle: u64::from(settings.admin_session_idle_hours) * HOUR_MS,
            },
            devices: OnceCell::new(),
        }
    }

    /// Runs heavy work off the async threads, a bounded number at a time.
    async fn heavy<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Argon2<'static>) -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let busy = || Problem::later("server.busy", "too many are signing in: try again", 1000);
        let _place = self.waiting.try_acquire().map_err(|_| busy())?;
        let turn = Arc::clone(&self.running).acquire_owned().await.map_err(|_| busy())?;
        let argon = self.argon.clone();
        let done = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work(&argon)
        });
        done.await.map_err(|_| Problem::new("server.failed", "signing in failed inside"))
    }

    /// The hash of a new password.
    ///
    /// # Errors
    /// When it is too short, too long or too common.
    pub async fn hash_password(&self, password: &str) -> Result<String, Problem> {
        let chars = password.chars().count();
        if chars < self.chars_min || chars > PASSWORD_CHARS_MAX {
            let message =
                format!("a password has {} to {PASSWORD_CHARS_MAX} characters", self.chars_min);
            return Err(Problem::new("password.length", message));
        }
        if COMMON.contains(&password.to_lowercase().as_str()) {
            return Err(Problem::new(
                "password.common",
                "this password is guessed first by everyone",
            ));
        }
        let (password, salt) = (password.to_owned(), self.env.random().to_le_bytes());
        self.heavy(move |argon| hash(argon, &password, &salt))
            .await?
            .ok_or_else(|| Problem::new("server.failed", "the password could not be stored"))
    }

    /// Checks a password. `None` when it is wrong, or there is no such user, who takes as long.
    async fn prove(&self, user: Option<UserId>, password: &str) -> Result<Option<Proof>, Problem> {
        let account = match user {
            Some(user) => self.hub.look(|draft| draft.account(user)).await,
            None => Ok(None),
        };
        let account = account.map_err(|error| problem_of(&error))?;
        let stored = account.and_then(|account| account.password.clone());
        let compared = stored.clone().unwrap_or_else(|| self.dummy.clone());
        let password = password.to_owned();
        let right = self
            .heavy(move |argon| {
                PasswordHash::new(&compared)
                    .is_ok_and(|hash| argon.verify_password(password.as_bytes(), &hash).is_ok())
            })
            .await?;
        let proof = user.zip(stored).map(|(user, hash)| Proof { user, hash });
        Ok(proof.filter(|_| right))
    }

    /// Makes an account with a password.
    ///
    /// # Errors
    /// When the name is taken or not a name, the password no good, or the invite not valid.
    pub async fn register(
        &self,
        name: &str,
        password: &str,
        display_name: Option<&str>,
        invite: Option<&str>,
        site_admin: bool,
    ) -> Result<UserId, Problem> {
        let label = "";
        let new = SignUp { name, password, display_name, invite, owner: None, label };
        self.make(&new, site_admin).await
    }

    /// Makes the account of whoever signs up, in one step with all that comes with it.
    async fn make(&self, new: &SignUp<'_>, site_admin: bool) -> Result<UserId, Problem> {
        let name = UserName::parse(new.name).map_err(|refusal| refused(&refusal))?;
        let display_name = new
            .display_name
            .map(DisplayName::parse)
            .transpose()
            .map_err(|refusal| refused(&refusal))?;
        let password = Some(self.hash_password(new.password).await?);
        let SignUp { invite, owner, .. } = *new;
        let account = NewAccount { name, display_name, password, bot_of: None, site_admin };
        let outcome = self
            .hub
            .transact(None, None, |draft| {
                let made = account::register(draft, &account, invite)?;
                if let Some((token, user)) = owner.zip(made.user) {
                    site::claim(draft, user, token)?;
                }
                Ok(made)
            })
            .await
            .map_err(|error| problem_of(&error))?;
        outcome.user.ok_or_else(|| Problem::new("server.failed", "the account was not made"))
    }

    /// Begins a session.
    ///
    /// # Errors
    /// `user.disabled`, or a failure.
    pub async fn begin(&self, user: UserId, label: &str) -> Result<SignedIn, Problem> {
        self.begin_if(user, label, |_| Ok(())).await
    }

    /// Begins a session in one step with `first`, or not at all when that refuses.
    async fn begin_if(
        &self,
        user: UserId,
        label: &str,
        mut first: impl FnMut(&mut Draft<'_>) -> Result<(), Stop>,
    ) -> Result<SignedIn, Problem> {
        let label = Label::parse(label)
            .or_else(|_| Label::parse("unnamed"))
            .map_err(|refusal| refused(&refusal))?;
        let token = format!("{TOKEN_PREFIX}{:032x}{:032x}", self.env.random(), self.env.random());
        let hash = secret_hash(&token);
        let now = self.env.now();
        let started = self
            .hub
            .transact(Some(user), None, |draft| {
                first(draft)?;
                let admin = draft.account(user)?.is_some_and(|account| account.site_admin);
                let Span { whole, idle } = if admin { self.admins } else { self.people };
                let lifetime = Lifetime { expires_at: now.plus_ms(whole), idle_ms: idle };
                account::start_session(draft, user, &hash, &label, lifetime)
            })
            .await
            .map_err(|error| problem_of(&error))?;
        let user = self.hub.user(user, user).await.map_err(|error| problem_of(&error))?;
        let session =
            started.session.ok_or_else(|| Problem::new("server.failed", "no session was made"))?;
        let device = self.devices().await?.name(user.id, self.env.random());
        Ok(SignedIn { user, session, token, device })
    }

    /// What devices are known by; made when it is first asked for.
    async fn devices(&self) -> Result<&Devices, Problem> {
        let make = || async {
            let random = [self.env.random(), self.env.random()];
            let kept = self.hub.site_secret("devices", random).await;
            Ok(Devices::new(&kept.map_err(|error| problem_of(&error))?))
        };
        self.devices.get_or_try_init(make).await
    }

    /// Whether `device` was told to somebody who signed in as this user.
    async fn knows(&self, user: UserId, device: Option<&str>) -> Result<bool, Problem> {
        match device {
            Some(device) => Ok(self.devices().await?.knows(user, device)),
            None => Ok(false),
        }
    }

    /// Begins a session of whoever proved to know the password, if it still is the password.
    async fn begin_proven(&self, proof: &Proof, label: &str) -> Result<SignedIn, Problem> {
        self.begin_if(proof.user, label, |draft| proof.still(draft)).await
    }

    /// Sets a new password of a user who knows the present one. All sessions end, and in the same
    /// step one begins.
    ///
    /// # Errors
    /// `password.wrong`; as [`hash_password`](Self::hash_password) and [`begin`](Self::begin).
    async fn change_password(
        &self,
        user: UserId,
        current: &str,
        new: &str,
        label: &str,
    ) -> Result<SignedIn, Problem> {
        let proof = self.prove(Some(user), current).await?;
        let proof = proof.ok_or_else(|| refused(&Refusal::WrongPassword))?;
        let hash = self.hash_password(new).await?;
        self.begin_if(user, label, |draft| {
            proof.still(draft)?;
            account::set_password(draft, user, hash.clone()).map(drop)
        })
        .await
    }

    /// Who a token belongs to.
    ///
    /// # Errors
    /// `auth.failed` for every token that does not let in, whatever the reason.
    pub async fn caller(&self, token: &str) -> Result<Caller, Problem> {
        let token_hash = secret_hash(token);
        match self.hub.authenticate(&token_hash).await {
            Ok(session) => Ok(Caller { user: session.user, session: session.id, token_hash }),
            Err(HubError::Refused(_)) => Err(failed()),
            Err(error) => Err(problem_of(&error)),
        }
    }
}

impl Auth {
    /// Checks that a caller's session has not ended meanwhile.
    ///
    /// # Errors
    /// `auth.failed`.
    pub(crate) async fn still(&self, caller: &Caller) -> Result<(), Problem> {
        match self.hub.authenticate(&caller.token_hash).await {
            Ok(_) => Ok(()),
            Err(HubError::Refused(_)) => Err(failed()),
            Err(error) => Err(problem_of(&error)),
        }
    }
}

/// The one answer to whoever could not prove who they are.
#[must_use]
pub fn failed() -> Problem {
    Problem::new("auth.failed", "authentication failed")
}

fn hash(argon: &Argon2<'_>, password: &str, salt: &[u8]) -> Option<String> {
    argon.hash_password_with_salt(password.as_bytes(), salt).ok().map(|hash| hash.to_string())
}
