//! Addresses in STUN messages, which are changed by the message's own numbers so that routers leave them
//! alone.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::message::MAGIC;

const IPV4: u8 = 1;
const IPV6: u8 = 2;

/// The number of a family of addresses.
pub(crate) fn family(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => IPV4,
        IpAddr::V6(_) => IPV6,
    }
}

fn mask(transaction: &[u8; 12]) -> [u8; 16] {
    let mut mask = [0; 16];
    mask[..4].copy_from_slice(&MAGIC);
    mask[4..].copy_from_slice(transaction);
    mask
}

/// An address as an attribute's value, and how long that is.
pub(crate) fn write(address: SocketAddr, transaction: &[u8; 12]) -> ([u8; 20], usize) {
    let mut bytes = [0; 20];
    let mask = mask(transaction);
    let port = address.port() ^ u16::from_be_bytes([mask[0], mask[1]]);
    bytes[1] = family(address.ip());
    bytes[2..4].copy_from_slice(&port.to_be_bytes());
    let (v4, v6);
    let octets: &[u8] = match address.ip() {
        IpAddr::V4(ip) => {
            v4 = ip.octets();
            &v4
        }
        IpAddr::V6(ip) => {
            v6 = ip.octets();
            &v6
        }
    };
    for (place, (octet, mask)) in bytes[4..].iter_mut().zip(octets.iter().zip(mask)) {
        *place = octet ^ mask;
    }
    (bytes, 4 + octets.len())
}

/// Reads an attribute's value. An IPv4 address that is written as one of IPv6 is the one of IPv4.
pub(crate) fn read(value: &[u8], transaction: &[u8; 12]) -> Option<SocketAddr> {
    let ([_, family, high, low], octets) = value.split_first_chunk::<4>()?;
    let mask = mask(transaction);
    let port = u16::from_be_bytes([high ^ mask[0], low ^ mask[1]]);
    let unmasked = |place: usize| octets.get(place).zip(mask.get(place)).map(|(a, b)| a ^ b);
    let ip = match (*family, octets.len()) {
        (IPV4, 4) => {
            let mut plain = [0; 4];
            for (place, byte) in plain.iter_mut().enumerate() {
                *byte = unmasked(place)?;
            }
            IpAddr::V4(Ipv4Addr::from(plain))
        }
        (IPV6, 16) => {
            let mut plain = [0; 16];
            for (place, byte) in plain.iter_mut().enumerate() {
                *byte = unmasked(place)?;
            }
            IpAddr::V6(Ipv6Addr::from(plain)).to_canonical()
        }
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}
