//! Whether a client still lives, and that it hears as much of the server.

use std::time::Duration;

use kith_hub::Subscriber;
use tokio::time::Instant;

/// Signs of life, both ways.
pub(super) struct Pulse {
    heartbeat: Duration,
    /// When something came from the client, or began to be awaited.
    pub(super) heard: Instant,
    /// When to look again whether anything was written.
    beat: Instant,
    /// How many batches were taken from the mailbox when that was last looked at.
    batches: u64,
}

impl Pulse {
    pub(super) fn new(heartbeat_ms: u32) -> Self {
        let (heartbeat, heard) = (Duration::from_millis(heartbeat_ms.into()), Instant::now());
        Self { heartbeat, heard, beat: heard + heartbeat, batches: 0 }
    }

    /// Until when something has to come from the client.
    fn silent(&self) -> Instant {
        self.heard + self.heartbeat * 5 / 2
    }

    /// When there is something to do.
    pub(super) fn due(&self) -> Instant {
        self.beat.min(self.silent())
    }

    /// Does what is due; whether the client still lives.
    pub(super) fn beat(&mut self, subscriber: &Subscriber) -> bool {
        let now = Instant::now();
        if now >= self.beat {
            self.beat = now + self.heartbeat;
            let batches = subscriber.batches();
            let quiet = batches == self.batches;
            // The ping is a batch too, which is no reason to leave out the next.
            self.batches = batches + u64::from(quiet);
            if quiet {
                subscriber.reply(kith_ws::encode::ping(b""));
            }
        }
        now < self.silent()
    }
}
