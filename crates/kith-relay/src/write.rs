//! STUN messages as they go out, written into a buffer that is used again.

use std::net::SocketAddr;

use ring::hmac;

use crate::address;
use crate::message::{Class, HEAD, MAGIC, attribute};

/// A message that is being written.
pub(crate) struct Writer<'a> {
    out: &'a mut Vec<u8>,
    transaction: [u8; 12],
}

impl<'a> Writer<'a> {
    /// Begins a message; what the buffer had is gone.
    pub(crate) fn new(
        out: &'a mut Vec<u8>,
        class: Class,
        method: u16,
        transaction: [u8; 12],
    ) -> Self {
        let class = match class {
            Class::Request => 0,
            Class::Indication => 0x0010,
            Class::Success => 0x0100,
            Class::Error => 0x0110,
        };
        let kind = (method & 0x000f) | (method & 0x0070) << 1 | (method & 0x0f80) << 2 | class;
        out.clear();
        out.extend_from_slice(&kind.to_be_bytes());
        out.extend_from_slice(&[0, 0]);
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&transaction);
        Self { out, transaction }
    }

    /// Says how long the message is, once `more` bytes are there.
    fn measure(&mut self, more: usize) {
        // No message of ours is half as long.
        let length = u16::try_from(self.out.len() + more - HEAD).unwrap_or(u16::MAX);
        if let Some(place) = self.out.get_mut(2..4) {
            place.copy_from_slice(&length.to_be_bytes());
        }
    }

    /// Adds an attribute.
    pub(crate) fn put(&mut self, kind: u16, value: &[u8]) -> &mut Self {
        let length = u16::try_from(value.len()).unwrap_or(u16::MAX);
        self.out.extend_from_slice(&kind.to_be_bytes());
        self.out.extend_from_slice(&length.to_be_bytes());
        self.out.extend_from_slice(value);
        self.out.resize(self.out.len().next_multiple_of(4), 0);
        self.measure(0);
        self
    }

    /// Adds an address that no router on the way recognises and changes.
    pub(crate) fn put_address(&mut self, kind: u16, value: SocketAddr) -> &mut Self {
        let (bytes, length) = address::write(value, &self.transaction);
        self.put(kind, bytes.get(..length).unwrap_or_default())
    }

    /// Adds an error, for a program and, where it is not empty, for a person.
    pub(crate) fn put_error(&mut self, code: u16, reason: &str) -> &mut Self {
        let mut value = vec![0, 0];
        value.extend([code / 100, code % 100].map(|part| u8::try_from(part).unwrap_or(0)));
        value.extend_from_slice(reason.as_bytes());
        self.put(attribute::ERROR_CODE, &value)
    }

    /// Answers for all of it with a key.
    pub(crate) fn sign(&mut self, key: &hmac::Key) -> &mut Self {
        self.measure(24);
        let tag = hmac::sign(key, self.out);
        self.put(attribute::MESSAGE_INTEGRITY, tag.as_ref())
    }

    /// Adds what tells a STUN message from others; the last.
    pub(crate) fn fingerprint(&mut self) -> &mut Self {
        self.measure(8);
        let at = self.out.len();
        let value = fingerprint(self.out, at);
        self.put(attribute::FINGERPRINT, &value.to_be_bytes())
    }
}

/// The fingerprint of a message that has its own at a place.
pub(crate) fn fingerprint(raw: &[u8], at: usize) -> u32 {
    crc32fast::hash(raw.get(..at).unwrap_or_default()) ^ 0x5354_554e
}
