//! STUN messages as they come (RFC 8489, section 5): read in place, and believed in nothing.

use ring::hmac;

use crate::write::fingerprint;

pub(crate) const MAGIC: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
pub(crate) const HEAD: usize = 20;
/// The most attributes of a message; what we know needs eight.
const ATTRIBUTES_MAX: usize = 64;

/// Numbers of methods.
pub(crate) mod method {
    pub(crate) const BINDING: u16 = 1;
    pub(crate) const ALLOCATE: u16 = 3;
    pub(crate) const REFRESH: u16 = 4;
    pub(crate) const SEND: u16 = 6;
    pub(crate) const DATA: u16 = 7;
    pub(crate) const CREATE_PERMISSION: u16 = 8;
    pub(crate) const CHANNEL_BIND: u16 = 9;
}

/// Numbers of attributes. Those below 0x8000 have to be understood.
pub(crate) mod attribute {
    pub(crate) const USERNAME: u16 = 0x0006;
    pub(crate) const MESSAGE_INTEGRITY: u16 = 0x0008;
    pub(crate) const ERROR_CODE: u16 = 0x0009;
    pub(crate) const UNKNOWN_ATTRIBUTES: u16 = 0x000a;
    pub(crate) const CHANNEL_NUMBER: u16 = 0x000c;
    pub(crate) const LIFETIME: u16 = 0x000d;
    pub(crate) const XOR_PEER_ADDRESS: u16 = 0x0012;
    pub(crate) const DATA: u16 = 0x0013;
    pub(crate) const REALM: u16 = 0x0014;
    pub(crate) const NONCE: u16 = 0x0015;
    pub(crate) const XOR_RELAYED_ADDRESS: u16 = 0x0016;
    pub(crate) const REQUESTED_ADDRESS_FAMILY: u16 = 0x0017;
    pub(crate) const REQUESTED_TRANSPORT: u16 = 0x0019;
    pub(crate) const XOR_MAPPED_ADDRESS: u16 = 0x0020;
    pub(crate) const FINGERPRINT: u16 = 0x8028;
}

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    Request,
    Indication,
    Success,
    Error,
}

/// A datagram that is no STUN message, or a damaged one: it is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not a message of STUN")]
pub struct Unreadable;

/// A message whose form is right.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    pub(crate) class: Class,
    pub(crate) method: u16,
    pub(crate) transaction: [u8; 12],
    raw: &'a [u8],
    /// Where the message integrity stands, and what it is.
    integrity: Option<(usize, &'a [u8])>,
    pub(crate) has_fingerprint: bool,
}

/// The attributes of a message, up to its integrity: nobody answers for those behind it.
pub(crate) struct Attributes<'a>(&'a [u8]);

impl<'a> Iterator for Attributes<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (head, rest) = self.0.split_first_chunk::<4>()?;
        let [a, b, c, d] = *head;
        let length = usize::from(u16::from_be_bytes([c, d]));
        let value = rest.get(..length)?;
        self.0 = rest.get(length.next_multiple_of(4)..)?;
        Some((u16::from_be_bytes([a, b]), value))
    }
}

impl<'a> Message<'a> {
    /// Reads a message, which is all of `raw`.
    ///
    /// # Errors
    /// [`Unreadable`] where any length is wrong, there are more than 64 attributes, or its fingerprint
    /// is not that of the message.
    pub fn parse(raw: &'a [u8]) -> Result<Self, Unreadable> {
        let (head, body) = raw.split_first_chunk::<HEAD>().ok_or(Unreadable)?;
        let [a, b, c, d, magic @ .., _, _, _, _, _, _, _, _, _, _, _, _] = *head;
        let kind = u16::from_be_bytes([a, b]);
        let length = usize::from(u16::from_be_bytes([c, d]));
        if kind >= 0x4000 || magic != MAGIC || length % 4 != 0 || body.len() != length {
            return Err(Unreadable);
        }
        let class = match (kind >> 7 & 2) | (kind >> 4 & 1) {
            0 => Class::Request,
            1 => Class::Indication,
            2 => Class::Success,
            _ => Class::Error,
        };
        let method = (kind & 0x000f) | (kind >> 1 & 0x0070) | (kind >> 2 & 0x0f80);
        let mut transaction = [0; 12];
        transaction.copy_from_slice(&head[8..]);
        let mut message =
            Self { class, method, transaction, raw, integrity: None, has_fingerprint: false };
        let mut rest = Attributes(body);
        for _ in 0..=ATTRIBUTES_MAX {
            if rest.0.is_empty() {
                return Ok(message);
            }
            let at = raw.len() - rest.0.len();
            let (kind, value) = rest.next().ok_or(Unreadable)?;
            match kind {
                attribute::MESSAGE_INTEGRITY if message.integrity.is_none() => {
                    if value.len() != 20 {
                        return Err(Unreadable);
                    }
                    message.integrity = Some((at, value));
                }
                attribute::FINGERPRINT => {
                    let is_last = rest.0.is_empty();
                    if !is_last || value != fingerprint(raw, at).to_be_bytes() {
                        return Err(Unreadable);
                    }
                    message.has_fingerprint = true;
                }
                _ => {}
            }
        }
        Err(Unreadable)
    }

    /// All attributes that the message answers for.
    pub(crate) fn attributes(&self) -> Attributes<'a> {
        let end = self.integrity.map_or(self.raw.len(), |(at, _)| at);
        Attributes(self.raw.get(HEAD..end).unwrap_or_default())
    }

    /// The first attribute of a kind.
    pub(crate) fn get(&self, kind: u16) -> Option<&'a [u8]> {
        self.attributes().find(|(found, _)| *found == kind).map(|(_, value)| value)
    }

    /// The number in an attribute of four bytes.
    pub(crate) fn number(&self, kind: u16) -> Option<u32> {
        self.get(kind)?.try_into().ok().map(u32::from_be_bytes)
    }

    pub(crate) fn has_integrity(&self) -> bool {
        self.integrity.is_some()
    }

    /// Whether whoever has this key wrote the message. It takes the same time whatever is wrong.
    pub(crate) fn is_by(&self, key: &hmac::Key) -> bool {
        let Some((at, tag)) = self.integrity else { return false };
        let Some(covered) = self.raw.get(..at) else { return false };
        // It is made over the message as if it ended there.
        let Ok(length) = u16::try_from(at + 24 - HEAD) else { return false };
        let mut text = covered.to_vec();
        let Some(place) = text.get_mut(2..4) else { return false };
        place.copy_from_slice(&length.to_be_bytes());
        hmac::verify(key, &text, tag).is_ok()
    }
}
