//! Nonces: each says until when it may be used and, by a signature, from which address. So none is kept
//! for those who do not sign in.

use std::net::SocketAddr;

use ring::hmac;

use crate::credential::text_of;

/// How long a nonce may be used.
const NONCE_SECONDS: u64 = 3600;

/// A nonce for an address.
pub(crate) fn issue(key: &hmac::Key, from: SocketAddr, now_ms: u64) -> String {
    write(key, from, now_ms / 1000 + NONCE_SECONDS)
}

fn write(key: &hmac::Key, from: SocketAddr, until: u64) -> String {
    // It says so until 2106, and wraps like the time that it is compared with.
    let until = (until as u32).to_be_bytes();
    let mut context = hmac::Context::with_key(key);
    context.update(&until);
    match from {
        SocketAddr::V4(address) => context.update(&address.ip().octets()),
        SocketAddr::V6(address) => context.update(&address.ip().octets()),
    }
    context.update(&from.port().to_be_bytes());
    let mut bytes = [0; 12];
    let (time, tag) = bytes.split_at_mut(4);
    time.copy_from_slice(&until);
    for (place, byte) in tag.iter_mut().zip(context.sign().as_ref()) {
        *place = *byte;
    }
    text_of(&bytes)
}

/// Whether a nonce is one that this address may still use.
pub(crate) fn holds(key: &hmac::Key, from: SocketAddr, nonce: &[u8], now_ms: u64) -> bool {
    let now = now_ms / 1000;
    let Some(until) = until(nonce, now) else { return false };
    let made = write(key, from, until);
    // Both are signed once more: how long that takes says nothing of where they differ.
    hmac::verify(key, made.as_bytes(), hmac::sign(key, nonce).as_ref()).is_ok()
}

/// Until when it says that it holds, where that is a time to come.
fn until(nonce: &[u8], now: u64) -> Option<u64> {
    use base64::Engine;

    let bytes = base64::engine::general_purpose::STANDARD_NO_PAD.decode(nonce).ok()?;
    let time = u32::from_be_bytes(*bytes.first_chunk::<4>()?);
    let ahead = u64::from(time.wrapping_sub(now as u32));
    (1..=NONCE_SECONDS).contains(&ahead).then_some(now + ahead)
}
