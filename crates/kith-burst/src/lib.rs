//! One burst of sends over many sockets.
//!
//! A message for a thousand readers is a thousand small sends, and the way into the kernel and back
//! is a good part of what each costs. Linux takes all of them in one system call (`io_uring`, see
//! `io_uring_enter(2)`); where it does not, or may not, each is a `send(2)` of its own.

#[cfg(target_os = "linux")]
mod ring;

use std::io;
use std::os::fd::BorrowedFd;

use rustix::net::SendFlags;

/// Bytes for one socket.
#[derive(Clone, Copy, Debug)]
pub struct Shot<'a> {
    /// A connected stream socket.
    pub socket: BorrowedFd<'a>,
    /// What to send, at least one byte.
    pub bytes: &'a [u8],
}

/// Sends of fewer sockets than this are made one by one: the ring costs two calls' worth itself.
const RING_LEAST: usize = 3;

/// Sends bursts.
#[derive(Default)]
pub struct Burst {
    #[cfg(target_os = "linux")]
    ring: Option<ring::Ring>,
}

impl Burst {
    /// With the best that the system offers.
    #[must_use]
    pub fn new() -> Self {
        #[cfg(target_os = "linux")]
        match ring::Ring::new() {
            Ok(ring) => return Self { ring: Some(ring) },
            // Containers often forbid it.
            Err(error) => tracing::debug!(%error, "no io_uring: each send is a call of its own"),
        }
        Self::one_by_one()
    }

    /// With one system call for each send.
    #[must_use]
    pub fn one_by_one() -> Self {
        Self::default()
    }

    /// Sends what each socket takes at once; `results` gets, in order, how many bytes that were, or
    /// why none: [`io::ErrorKind::WouldBlock`] when the socket is full. Never waits.
    pub fn send(&mut self, shots: &[Shot<'_>], results: &mut Vec<io::Result<usize>>) {
        results.clear();
        #[cfg(target_os = "linux")]
        if shots.len() >= RING_LEAST
            && let Some(ring) = &mut self.ring
        {
            if ring.send(shots, results).is_ok() {
                return;
            }
            // What became of the rest is not known: those sockets must not be written to again.
            tracing::warn!("io_uring failed: each send is a call of its own from now on");
            self.ring = None;
            results.resize_with(shots.len(), || Err(io::ErrorKind::BrokenPipe.into()));
            return;
        }
        results.extend(shots.iter().map(send));
    }
}

fn send(shot: &Shot<'_>) -> io::Result<usize> {
    let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
    Ok(rustix::net::send(shot.socket, shot.bytes, flags)?)
}

#[cfg(test)]
mod tests;
