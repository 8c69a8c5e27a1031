//! Sends through a ring that is shared with the kernel.
#![expect(unsafe_code, reason = "the kernel reads the buffers of entries that are in the ring")]

use std::io;
use std::os::fd::AsRawFd;

use io_uring::types::Fd;
use io_uring::{IoUring, opcode};

use crate::Shot;

/// Sends that are in the ring at a time.
const ENTRIES: u32 = 1024;

pub(crate) struct Ring {
    ring: IoUring,
}

impl Ring {
    pub(crate) fn new() -> io::Result<Self> {
        let ring = IoUring::builder().setup_coop_taskrun().build(ENTRIES)?;
        let mut probe = io_uring::Probe::new();
        ring.submitter().register_probe(&mut probe)?;
        if !probe.is_supported(opcode::Send::CODE) {
            return Err(io::ErrorKind::Unsupported.into());
        }
        Ok(Self { ring })
    }

    /// Sends all of `shots`. After an error those without a result may have been sent or not.
    pub(crate) fn send(
        &mut self,
        shots: &[Shot<'_>],
        results: &mut Vec<io::Result<usize>>,
    ) -> io::Result<()> {
        for part in shots.chunks(ENTRIES as usize) {
            self.part(part, results)?;
        }
        Ok(())
    }

    fn part(&mut self, shots: &[Shot<'_>], results: &mut Vec<io::Result<usize>>) -> io::Result<()> {
        let first = results.len();
        for (number, shot) in shots.iter().enumerate() {
            let length = u32::try_from(shot.bytes.len()).unwrap_or(u32::MAX);
            let flags = rustix::net::SendFlags::DONTWAIT | rustix::net::SendFlags::NOSIGNAL;
            let entry = opcode::Send::new(Fd(shot.socket.as_raw_fd()), shot.bytes.as_ptr(), length)
                .flags(flags.bits().cast_signed())
                .build()
                .user_data(number as u64);
            // SAFETY: the socket and the bytes are borrowed until this function returns, and it
            // returns only when every entry is completed. The one way out before that is an error
            // of the call itself; a send that does not wait (`MSG_DONTWAIT`) is done within the
            // call that takes it, so that none is under way between calls.
            unsafe { self.ring.submission().push(&entry) }.map_err(io::Error::other)?;
            results.push(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let mut left = shots.len();
        while left > 0 {
            match self.ring.submit_and_wait(left) {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
            for done in self.ring.completion() {
                let place = usize::try_from(done.user_data()).map_or(usize::MAX, |n| first + n);
                if let Some(result) = results.get_mut(place) {
                    *result = usize::try_from(done.result())
                        .map_err(|_| io::Error::from_raw_os_error(-done.result()));
                }
                left = left.saturating_sub(1);
            }
        }
        Ok(())
    }
}
