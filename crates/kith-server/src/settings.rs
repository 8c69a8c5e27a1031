//! What an operator may set, beyond where to listen and where the data is.

pub use kith_core::document::Registration;
use serde::{Deserialize, Serialize};

/// The most that a setting of silence (`idle_seconds`) may be: a year.
pub const IDLE_SECONDS_MAX: u32 = 365 * 24 * 3600;

/// Settings of the server. Each has a default that is safe to ship.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Where people reach this server, like `https://chat.example.org`: the one origin whose pages
    /// act for whoever is signed in. Empty: the address that is listened on.
    pub public_url: String,
    /// Who may make an account.
    pub registration: Registration,
    /// The least characters of a password.
    pub password_chars_min: u32,
    /// Memory of one password hash, in KiB; Argon2id with 3 passes.
    pub password_memory_kib: u32,
    /// Days after which a session ends, however much it is used.
    pub session_days: u32,
    /// Days without use after which a session ends.
    pub session_idle_days: u32,
    /// Days after which a session of a site administrator ends, however much it is used.
    pub admin_session_days: u32,
    /// Hours without use after which a session of a site administrator ends; at least 2.
    pub admin_session_idle_hours: u32,
    /// Names by which this server is asked for beside that of `public_url`, separated by commas.
    /// Addresses in numbers and `localhost` need not be named.
    pub hosts: String,
    /// Origins of pages besides our own that may connect, separated by commas, like
    /// `https://app.example.org`; `*` for all. They need a token: a cookie of this server says nothing
    /// in what they send.
    pub origins: String,
    /// Milliseconds within which a connection has to authenticate.
    pub auth_ms: u32,
    /// Milliseconds between two signs of life.
    pub heartbeat_ms: u32,
    /// The largest message of a client, in bytes.
    pub frame_bytes: u32,
    /// Requests a user may make a second in the long run, on all surfaces together.
    pub requests_per_second: u32,
    /// Requests a user may make at once.
    pub requests_burst: u32,
    /// Connections of one user.
    pub connections_per_user: u32,
    /// Connections from one address, or one half of an IPv6 address; those from this machine, such as
    /// a proxy's, are not counted.
    pub connections_per_address: u32,
    /// Connections that are not authenticated yet.
    pub connections_pending: u32,
    /// Bytes that may wait for one connection before it is told that it lags.
    pub queue_bytes: u32,
    /// Sign-in attempts for one account from one address at once; one comes back each minute.
    pub sign_in_burst: u32,
    /// Sign-ups from one address a minute.
    pub sign_ups_per_minute: u32,
    /// The largest file, in bytes.
    #[serde(rename = "files.bytes_max")]
    pub files_bytes_max: u64,
    /// Types of files that are taken, as the server finds them, separated by commas: `image/*` for all
    /// that begin so, `!text/html` for those that are refused. Empty: all.
    #[serde(rename = "files.types")]
    pub files_types: String,
    /// Bytes of all files of a user.
    #[serde(rename = "files.user_bytes")]
    pub files_user_bytes: u64,
    /// Files that a user may begin to upload in a day.
    #[serde(rename = "files.user_per_day")]
    pub files_user_per_day: u32,
    /// How much of the disk stays free, in percent: files that would take more are refused.
    #[serde(rename = "files.free_percent")]
    pub files_free_percent: u32,
    /// Whether messages can be searched. The index takes about as much of the disk as the messages.
    pub search: bool,
    /// Whether `/metrics` answers to others than loopback.
    pub metrics_public: bool,
    /// The circle whose topics the topicsync gateway shows, by its id or name. Empty: there is no such
    /// gateway.
    #[serde(rename = "gateway.topicsync.circle")]
    pub topicsync_circle: String,
    /// The user, by name, as whom all topicsync clients act, for they know no sign-in.
    #[serde(rename = "gateway.topicsync.user")]
    pub topicsync_user: String,
    /// An address and port at which topicsync is spoken besides `/topicsync`, in plain text.
    #[serde(rename = "gateway.topicsync.listen")]
    pub topicsync_listen: String,
    /// Whether the topicsync gateway answers to others than loopback: whoever reaches it acts as its
    /// user then.
    #[serde(rename = "gateway.topicsync.public")]
    pub topicsync_public: bool,
    /// Origins of pages that may use the topicsync gateway, separated by commas. Those of the host that
    /// is asked, at whatever port, need not be named.
    #[serde(rename = "gateway.topicsync.origins")]
    pub topicsync_origins: String,
    /// Seconds after which a client of topicsync that says nothing is sent away. 0: never.
    #[serde(rename = "gateway.topicsync.idle_seconds")]
    pub topicsync_idle_seconds: u32,
    /// The address and port at which ghostr is spoken, in plain text. Empty: there is no such gateway.
    #[serde(rename = "gateway.ghostr.listen")]
    pub ghostr_listen: String,
    /// The circle that ghostr's users are in, by its id, or by its name if it is public.
    #[serde(rename = "gateway.ghostr.circle")]
    pub ghostr_circle: String,
    /// Whether whoever signs in by ghostr under a name that nobody has gets an account, where
    /// registration is open and the circle public.
    #[serde(rename = "gateway.ghostr.signup")]
    pub ghostr_signup: bool,
    /// Seconds for which nobody signs in by ghostr to an account after three wrong passwords, but where
    /// its user was in before.
    #[serde(rename = "gateway.ghostr.block_seconds")]
    pub ghostr_block_seconds: u32,
    /// Seconds after which a user of ghostr who says nothing is signed out. 0: what the circle says,
    /// and 600 where it says nothing.
    #[serde(rename = "gateway.ghostr.idle_seconds")]
    pub ghostr_idle_seconds: u32,
    /// Whether the ghostr gateway answers to others than loopback: passwords are plain text there.
    #[serde(rename = "gateway.ghostr.public")]
    pub ghostr_public: bool,
    /// The address and port at which muca is spoken, in plain text. Empty: there is no such gateway.
    #[serde(rename = "gateway.muca.listen")]
    pub muca_listen: String,
    /// The circle that muca's users are guests of, by its id, or by its name; it is public.
    #[serde(rename = "gateway.muca.circle")]
    pub muca_circle: String,
    /// Whether a guest's account is made for each user id that comes by muca and has none.
    #[serde(rename = "gateway.muca.guests")]
    pub muca_guests: bool,
    /// Seconds after which a client of muca that says nothing is sent away. 0: what the circle says, and
    /// never where it says nothing.
    #[serde(rename = "gateway.muca.idle_seconds")]
    pub muca_idle_seconds: u32,
    /// Whether the muca gateway answers to others than loopback: whoever reaches it is whatever guest
    /// they say.
    #[serde(rename = "gateway.muca.public")]
    pub muca_public: bool,
    /// Seconds after which an editor that speaks Yjs and in which nothing is done is sent away. 0: never.
    #[serde(rename = "gateway.yjs.idle_seconds")]
    pub yjs_idle_seconds: u32,
    /// The address and port at which STUN is spoken over UDP, and TURN where it is switched on. Empty:
    /// there is neither.
    #[serde(rename = "relay.listen")]
    pub relay_listen: String,
    /// The address by which devices reach it. Empty: that of `relay.listen`.
    #[serde(rename = "relay.address")]
    pub relay_address: String,
    /// The name by which devices reach it, where that is better than an address. Empty: the address.
    #[serde(rename = "relay.host")]
    pub relay_host: String,
    /// Whether what devices send each other is relayed (TURN), so that they need not show their
    /// addresses.
    #[serde(rename = "relay.turn")]
    pub relay_turn: bool,
    /// Allocations of the relay, which are the ends of what it relays; at most 8192.
    #[serde(rename = "relay.allocations")]
    pub relay_allocations: u32,
    /// Allocations of one user.
    #[serde(rename = "relay.allocations_per_user")]
    pub relay_allocations_per_user: u32,
    /// Bytes that are relayed in a second.
    #[serde(rename = "relay.bytes_per_second")]
    pub relay_bytes_per_second: u32,
    /// Bytes that are relayed in a second for one user.
    #[serde(rename = "relay.bytes_per_second_per_user")]
    pub relay_bytes_per_second_per_user: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            public_url: String::new(),
            registration: Registration::Invite,
            password_chars_min: 12,
            password_memory_kib: 19 * 1024,
            session_days: 90,
            session_idle_days: 14,
            admin_session_days: 7,
            admin_session_idle_hours: 12,
            hosts: String::new(),
            origins: String::new(),
            auth_ms: 10_000,
            heartbeat_ms: 25_000,
            frame_bytes: 64 * 1024,
            requests_per_second: 30,
            requests_burst: 60,
            connections_per_user: 20,
            connections_per_address: 100,
            connections_pending: 1000,
            queue_bytes: 1024 * 1024,
            sign_in_burst: 5,
            sign_ups_per_minute: 10,
            files_bytes_max: 25 * 1024 * 1024,
            files_types: String::new(),
            files_user_bytes: 2 * 1024 * 1024 * 1024,
            files_user_per_day: 1000,
            files_free_percent: 5,
            search: true,
            metrics_public: false,
            topicsync_circle: String::new(),
            topicsync_user: String::new(),
            topicsync_listen: String::new(),
            topicsync_public: false,
            topicsync_origins: String::new(),
            topicsync_idle_seconds: 0,
            ghostr_listen: String::new(),
            ghostr_circle: String::new(),
            ghostr_signup: false,
            ghostr_block_seconds: 60,
            ghostr_idle_seconds: 0,
            ghostr_public: false,
            muca_listen: String::new(),
            muca_circle: String::new(),
            muca_guests: false,
            muca_idle_seconds: 0,
            muca_public: false,
            yjs_idle_seconds: 0,
            relay_listen: String::new(),
            relay_address: String::new(),
            relay_host: String::new(),
            relay_turn: false,
            relay_allocations: 1000,
            relay_allocations_per_user: 16,
            relay_bytes_per_second: 50_000_000,
            relay_bytes_per_second_per_user: 5_000_000,
        }
    }
}
