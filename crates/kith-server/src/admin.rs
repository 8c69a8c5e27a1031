//! The site as its administrators see it.

use std::path::PathBuf;
use std::sync::OnceLock;

use kith_core::document::Registration;
use kith_core::id::{Timestamp, UserId};
use kith_hub::HubError;
use kith_hub::site::{Listed, Sized};
use kith_proto::query::{AccountCard, Setting, Site, SizedCircle, Storage};

use crate::app::App;
use crate::metrics;

/// What the program that runs the server knows of it, and the server itself does not.
#[derive(Debug)]
pub struct Place {
    /// The version of the program.
    pub version: &'static str,
    /// The database.
    pub database: PathBuf,
    /// Whose time of change is that of the last backup.
    pub backup_mark: PathBuf,
    /// What the operator set, and where.
    pub settings: Vec<Setting>,
    /// Since when it runs.
    pub started_at: Timestamp,
}

/// Where a server runs, once that is known.
#[derive(Debug, Default)]
pub struct Runs(OnceLock<Place>);

impl Runs {
    /// Says where; the first time it is said counts.
    pub fn set(&self, place: Place) {
        let _ = self.0.set(place);
    }

    /// Whether the operator has set `key`.
    fn is_set(&self, key: &str) -> bool {
        let settings = self.0.get().map(|place| place.settings.as_slice()).unwrap_or_default();
        settings.iter().any(|setting| setting.key == key && setting.source != "default")
    }
}

impl App {
    /// Who may make an account: as the operator set it, or else an administrator, or else as it is
    /// from the beginning.
    ///
    /// # Errors
    /// Failures of the store.
    pub(crate) async fn registration(&self) -> Result<Registration, HubError> {
        let configured = self.settings.registration;
        if self.runs.is_set("registration") {
            return Ok(configured);
        }
        Ok(self.hub.registration().await?.unwrap_or(configured))
    }
}

pub(crate) async fn site(app: &App, me: UserId) -> Result<Site, HubError> {
    let (users, circles) = app.hub.counts(me).await?;
    let (files, files_bytes) = app.hub.stored_files().await?;
    let place = app.runs.0.get();
    Ok(Site {
        version: place.map_or("", |place| place.version).to_owned(),
        started_at: place.map_or(Timestamp(0), |place| place.started_at),
        registration: app.registration().await?,
        registration_changes: !app.runs.is_set("registration"),
        users,
        circles,
        files,
        files_bytes,
        memory_bytes: metrics::memory_bytes(),
        storage: match place {
            Some(place) => storage(place).await,
            None => None,
        },
        settings: place.map(|place| place.settings.clone()).unwrap_or_default(),
    })
}

/// How much data there is; `None` where the disk does not say.
async fn storage(place: &Place) -> Option<Storage> {
    let (database, mark) = (place.database.clone(), place.backup_mark.clone());
    tokio::task::spawn_blocking(move || {
        let folder = database.parent()?;
        let name = database.file_name()?.to_string_lossy().into_owned();
        let files = std::fs::read_dir(folder).ok()?.filter_map(Result::ok);
        // The log and what belongs to it stand beside the database, under names that begin alike.
        let of_it = files.filter(|file| file.file_name().to_string_lossy().starts_with(&name));
        let database_bytes = of_it.filter_map(|file| file.metadata().ok()).map(|of| of.len()).sum();
        let backup_at = std::fs::metadata(&mark).and_then(|found| found.modified()).ok();
        let since = |at: std::time::SystemTime| at.duration_since(std::time::UNIX_EPOCH).ok();
        let ms = |since: std::time::Duration| u64::try_from(since.as_millis()).ok();
        let backup_at = backup_at.and_then(since).and_then(ms).map(Timestamp);
        Some(Storage { database_bytes, free_bytes: free_bytes(folder)?, backup_at })
    })
    .await
    .ok()
    .flatten()
}

#[cfg(unix)]
fn free_bytes(folder: &std::path::Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

#[cfg(not(unix))]
fn free_bytes(_: &std::path::Path) -> Option<u64> {
    None
}

pub(crate) fn account(listed: Listed) -> AccountCard {
    let Listed { user, site_admin, password, sessions, used_at, circles, there } = listed;
    let user = user.as_ref().clone();
    let sessions = u32::try_from(sessions).unwrap_or(u32::MAX);
    AccountCard { user, site_admin, password, sessions, used_at, circles, there }
}

pub(crate) fn circle(sized: &Sized) -> SizedCircle {
    let Sized { circle, streams, topics, events } = sized;
    SizedCircle {
        id: circle.id,
        name: circle.name.as_str().to_owned(),
        icon: circle.icon.clone(),
        public: circle.public,
        owner: circle.owner,
        members: circle.members,
        streams: *streams,
        topics: *topics,
        events: *events,
        created_at: circle.created_at,
    }
}
