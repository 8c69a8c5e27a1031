//! A load of many connections on one thread, for whatever protocol: each follows its script to get
//! in, then messages are published and the stamps in what comes back are counted.
//!
//! One `epoll` and one buffer serve all, so that the load stays out of the way of what it measures.

mod changes;
mod run;
pub(crate) mod stamp;

use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use memchr::memmem;
use rustix::event::epoll::{self, EventData, EventFlags};

pub(crate) use changes::{Changed, Flow, Watch};
pub(crate) use run::{CLOSED, OPEN, Outcome, Pace, Shape, UNTIL};
use stamp::Scanner;

/// Something to say, and the end of the answer to wait for.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) say: Vec<u8>,
    pub(crate) until: Vec<u8>,
}

/// How a connection gets in.
pub(crate) type Script = Vec<Step>;

/// A step.
pub(crate) fn step(say: impl Into<Vec<u8>>, until: impl Into<Vec<u8>>) -> Step {
    Step { say: say.into(), until: until.into() }
}

/// How a connection counts answers to what it published: each holds these bytes once.
pub(crate) type Mark = Option<&'static [u8]>;

struct Connection {
    stream: TcpStream,
    script: VecDeque<Step>,
    /// What came in while a script runs.
    heard: Vec<u8>,
    scanner: Scanner,
    /// The last message of its room that it got.
    seq: u32,
    /// Of a publisher: what could not be sent yet, and when what is not answered yet was due.
    out: Vec<u8>,
    unanswered: VecDeque<u64>,
    /// The end of what came in, where an answer's mark may have begun.
    tail: Vec<u8>,
}

/// Connections to one server.
pub(crate) struct Swarm {
    epoll: OwnedFd,
    port: u16,
    connections: Vec<Connection>,
    buffer: Vec<u8>,
    began: Instant,
    entering: usize,
}

/// Connections that are on their way in at a time, unless another number is asked for.
const ENTERING: usize = 128;
/// All of them.
pub(crate) const ALL: usize = usize::MAX;
/// How long all of them may take.
const PATIENCE: Duration = Duration::from_secs(180);

impl Swarm {
    pub(crate) fn new(port: u16) -> Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let (connections, buffer) = (Vec::new(), vec![0; 256 * 1024]);
        let (began, entering) = (Instant::now(), ENTERING);
        Ok(Self { epoll, port, connections, buffer, began, entering })
    }

    /// Lets so many come in at a time.
    pub(crate) fn entering(self, entering: usize) -> Self {
        Self { entering, ..self }
    }

    /// Connects one for each script and has it follow that; the number of the first of them.
    pub(crate) fn enter(&mut self, scripts: Vec<Script>) -> Result<usize> {
        let first = self.connections.len();
        let mut waiting = scripts.into_iter();
        let mut entering = 0;
        let deadline = Instant::now() + PATIENCE;
        loop {
            while entering < self.entering
                && let Some(script) = waiting.next()
            {
                self.connect(script)?;
                entering += 1;
            }
            if entering == 0 {
                return Ok(first);
            }
            if Instant::now() > deadline {
                bail!("{entering} connections did not get in, {}", self.stuck(first));
            }
            for number in self.wait(Some(Duration::from_secs(1)))? {
                let was_in = self.connections[number].script.is_empty();
                self.hear(number)?;
                if !was_in && self.connections[number].script.is_empty() {
                    entering -= 1;
                }
            }
        }
    }

    /// What a connection that waits has heard.
    fn stuck(&self, first: usize) -> String {
        let waiting =
            self.connections[first..].iter().find_map(|one| Some((one, one.script.front()?)));
        let Some((one, step)) = waiting else { return String::new() };
        let (heard, until) = (&one.heard, &step.until);
        format!(
            "one waits for {:?} in {:?}",
            String::from_utf8_lossy(until),
            String::from_utf8_lossy(heard)
        )
    }

    fn connect(&mut self, script: Script) -> Result<()> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        let number = EventData::new_u64(self.connections.len() as u64);
        epoll::add(&self.epoll, stream.as_fd(), number, EventFlags::IN)?;
        let mut connection = Connection {
            stream,
            script: script.into(),
            heard: Vec::new(),
            scanner: Scanner::default(),
            seq: 0,
            out: Vec::new(),
            unanswered: VecDeque::new(),
            tail: Vec::new(),
        };
        connection.say()?;
        self.connections.push(connection);
        Ok(())
    }

    /// Which connections have something to read.
    fn wait(&self, at_most: Option<Duration>) -> Result<Vec<usize>> {
        let mut events = Vec::with_capacity(1024);
        let timeout = at_most.map(|time| rustix::event::Timespec {
            tv_sec: time.as_secs().cast_signed(),
            tv_nsec: time.subsec_nanos().into(),
        });
        match epoll::wait(
            &self.epoll,
            rustix::buffer::spare_capacity(&mut events),
            timeout.as_ref(),
        ) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(events.iter().map(|event| event.data.u64() as usize).collect())
    }

    /// Reads for a script.
    fn hear(&mut self, number: usize) -> Result<()> {
        let connection = &mut self.connections[number];
        match connection.stream.read(&mut self.buffer) {
            Ok(0) => bail!(
                "the server hung up after {:?}",
                String::from_utf8_lossy(
                    &connection.heard[connection.heard.len().saturating_sub(300)..]
                )
            ),
            Ok(read) => {
                if !connection.script.is_empty() {
                    connection.heard.extend_from_slice(&self.buffer[..read]);
                    connection.follow()?;
                }
                Ok(())
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

impl Connection {
    /// Says what the next step says.
    fn say(&mut self) -> Result<()> {
        if let Some(step) = self.script.front() {
            self.stream.write_all(&step.say).context("the way in was not read")?;
        }
        Ok(())
    }

    /// Goes on for as long as what was waited for has come.
    fn follow(&mut self) -> Result<()> {
        while let Some(step) = self.script.front()
            && let Some(place) = memmem::find(&self.heard, &step.until)
        {
            let end = place + step.until.len();
            self.heard.drain(..end);
            self.script.pop_front();
            self.say()?;
        }
        if self.script.is_empty() {
            self.heard = Vec::new();
        }
        Ok(())
    }
}
