//! Conversations that were recorded with the original servers, played against ours: those that show an
//! accident as they were recommended to go.
//!
//! Each is played on a server of its own, line by line. After each line every client asks for something
//! that has no effect: its answer comes once all is dealt with that was said before, so what came until
//! then is all that comes. Time passes only where a line says so.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops where it fails")]

#[path = "common/old.rs"]
mod old;
#[path = "common/play.rs"]
mod play;
#[path = "common/quirks.rs"]
mod quirks;
#[path = "common/site.rs"]
mod site;

use std::path::PathBuf;
use std::pin::Pin;
use std::time::Duration;

use play::{Recording, World};
use site::Site;

/// A server for one recording.
struct Stage(Site, u16);

impl World for Stage {
    fn port(&self) -> u16 {
        self.1
    }

    fn pass(&self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + '_>> {
        self.0.clock.advance(time);
        Box::pin(std::future::ready(()))
    }
}

fn recordings(system: &str) -> Vec<Recording> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    play::recordings(&folder, system)
}

async fn play(system: &str, recording: &Recording) -> Result<(), String> {
    let setup = recording.setup();
    let seconds = |name: &str| u32::try_from(setup[name].as_u64().unwrap_or(600)).unwrap();
    let site = Site::with(|settings| {
        settings.ghostr_block_seconds = seconds("block_duration");
        settings.ghostr_idle_seconds = seconds("timeout");
    })
    .await;
    for user in setup["users"].as_array().into_iter().flatten() {
        site.account(user[0].as_str().unwrap(), user[1].as_str().unwrap()).await;
    }
    let port = if system == "muca" { site.muca } else { site.ghostr };
    recording.play(&Stage(site, port)).await
}

async fn check(system: &str, count: usize) {
    let all = recordings(system);
    assert_eq!(all.len(), count);
    let mut failed = Vec::new();
    for mut recording in all {
        let ours = quirks::recommend(system, &mut recording);
        if let Err(difference) = play(system, &recording).await {
            failed.push(format!("{} ({ours}): {difference}", recording.name));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[tokio::test]
async fn conversations_of_muca_go_as_they_did() {
    check("muca", 21).await;
}

#[tokio::test]
async fn conversations_of_ghostr_go_as_they_did() {
    check("ghostr", 41).await;
}
