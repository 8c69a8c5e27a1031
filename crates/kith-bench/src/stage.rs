//! A server with its subscribers and publishers in place, for one run or several.

use std::time::{Duration, Instant};

use anyhow::Result;
use tempfile::TempDir;

use crate::Plan;
use crate::peer::Peer;
use crate::rooms::CHARS;
use crate::server::Server;
use crate::swarm::{Outcome, Pace, Script, Shape, Swarm};

pub(crate) struct Stage<'a> {
    peer: &'a mut dyn Peer,
    pub(crate) server: Server,
    swarm: Swarm,
    rooms: usize,
    readers: usize,
    publishers: Vec<usize>,
    /// How long it took until all subscribers were in.
    pub(crate) entered: Duration,
    /// The server's memory before anybody has an account.
    pub(crate) before: u64,
    /// Removed when the server has ended.
    _data: TempDir,
}

impl<'a> Stage<'a> {
    /// Starts a server with `rooms` of `readers` each, and a publisher in each.
    pub(crate) fn set(
        plan: &Plan,
        peer: &'a mut dyn Peer,
        rooms: usize,
        readers: usize,
    ) -> Result<Self> {
        let data = tempfile::tempdir_in(&plan.dir)?;
        let server = peer.start(data.path())?;
        let before = server.memory()?;
        peer.prepare(&server, rooms, rooms * readers)?;
        let mut swarm = Swarm::new(server.port)?;
        let all = (0..rooms).flat_map(|room| (0..readers).map(move |_| room)).enumerate();
        let scripts = all.map(|(number, room)| peer.reader(room, number)).collect();
        let began = Instant::now();
        swarm.enter(scripts)?;
        let entered = began.elapsed();
        let first = swarm.enter((0..rooms).map(|room| peer.publisher(room)).collect())?;
        let publishers = (first..first + rooms).collect();
        Ok(Self { peer, server, swarm, rooms, readers, publishers, entered, before, _data: data })
    }

    /// How others get in who follow something else.
    pub(crate) fn bystanders(&self, count: usize) -> Vec<Script> {
        let first = self.rooms * self.readers;
        (first..first + count).map(|number| self.peer.bystander(number)).collect()
    }

    /// Publishes to all rooms at a pace.
    pub(crate) fn run(
        &mut self,
        pace: Pace,
        warm: Duration,
        measured: Duration,
    ) -> Result<Outcome> {
        let shape = Shape {
            publishers: self.publishers.clone(),
            readers: self.readers,
            chars: CHARS,
            pace,
            answer: self.peer.answer(),
            warm,
            measured,
            window: None,
        };
        let Self { peer, server, swarm, .. } = self;
        let mut frame = |room, seq, text: &str, out: &mut Vec<u8>| peer.frame(room, seq, text, out);
        swarm.run(&shape, &mut frame, &|| server.cpu())
    }
}
