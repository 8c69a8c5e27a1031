//! Where a server is: read once from a URL, then known to be of a form that can be dialled.

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

use http::Uri;

/// The address of a server: `http(s)://host[:port][/base]`.
///
/// Two addresses are equal when they lead to the same place, however they were written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    tls: bool,
    host: String,
    port: u16,
    base: String,
}

/// A text that is not the address of a server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not the address of a server: it looks like http://host:port or https://host")]
pub struct AddressError(String);

impl Address {
    /// Reads a URL: `http` or `https` (`ws` and `wss` mean the same), a host, and perhaps a port
    /// and the path below which the server is. No user, query or fragment.
    ///
    /// # Errors
    /// When it is anything else.
    pub fn parse(url: &str) -> Result<Self, AddressError> {
        let wrong = || AddressError(url.chars().take(200).collect());
        let uri = Uri::from_str(url.trim()).map_err(|_| wrong())?;
        let tls = match uri.scheme_str() {
            Some("http" | "ws") => false,
            Some("https" | "wss") => true,
            _ => return Err(wrong()),
        };
        let authority = uri.authority().ok_or_else(wrong)?;
        // The parser drops a fragment, and a port that is out of range, without a word.
        let port_is_lost = authority.as_str() != authority.host() && authority.port_u16().is_none();
        if authority.as_str().contains('@')
            || uri.query().is_some()
            || url.contains('#')
            || authority.host().is_empty()
            || port_is_lost
        {
            return Err(wrong());
        }
        let port = match (authority.port_u16(), tls) {
            (Some(port), _) => port,
            (None, true) => 443,
            (None, false) => 80,
        };
        let host = authority.host().to_ascii_lowercase();
        // Brackets are around an IPv6 address, and nowhere else; the parser is less strict.
        let inside = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let is_v6 = inside.is_some_and(|inside| inside.parse::<Ipv6Addr>().is_ok());
        if host.contains(['[', ']']) && !is_v6 {
            return Err(wrong());
        }
        Ok(Self { tls, host, port, base: uri.path().trim_end_matches('/').to_owned() })
    }

    /// Whether what is said to the server can be read on the way.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        !self.tls
    }

    /// Whether the server is on this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.host == "localhost"
            || self.name().parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    }

    /// The host as a name or number to look up: without the brackets of an IPv6 address.
    #[must_use]
    pub fn name(&self) -> &str {
        self.host.trim_start_matches('[').trim_end_matches(']')
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The host and, where it is not the usual one, the port: for the header `Host`.
    #[must_use]
    pub fn authority(&self) -> String {
        match (self.tls, self.port) {
            (true, 443) | (false, 80) => self.host.clone(),
            _ => format!("{}:{}", self.host, self.port),
        }
    }

    /// The path of something below the server's own.
    #[must_use]
    pub fn path(&self, below: &str) -> String {
        format!("{}{below}", self.base)
    }

    pub(crate) fn websocket(&self) -> String {
        let scheme = if self.tls { "wss" } else { "ws" };
        format!("{scheme}://{}{}", self.authority(), self.path("/api/v1/ws"))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "https" } else { "http" };
        write!(f, "{scheme}://{}{}", self.authority(), self.base)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, shown: &str, websocket: &str) {
        let address = Address::parse(url).unwrap();
        assert_eq!(
            (address.to_string().as_str(), address.websocket().as_str()),
            (shown, websocket)
        );
        assert_eq!(Address::parse(shown), Ok(address));
    }

    #[test]
    fn the_socket_is_below_the_base() {
        check("http://127.0.0.1:8080", "http://127.0.0.1:8080", "ws://127.0.0.1:8080/api/v1/ws");
        check("https://Kith.example/", "https://kith.example", "wss://kith.example/api/v1/ws");
        check("https://a.example:443/x/", "https://a.example/x", "wss://a.example/x/api/v1/ws");
        check("http://[::1]:9", "http://[::1]:9", "ws://[::1]:9/api/v1/ws");
    }

    #[test]
    fn what_is_no_server_is_refused() {
        for bad in ["", "host", "ftp://host", "http://", "http://a@b", "http://a/?q", "/x", "a:b:c"]
        {
            assert!(Address::parse(bad).is_err(), "{bad:?}");
        }
        for lost in [
            "http://a:65536",
            "http://a:",
            "http://a/#b",
            "http://a#b",
            "http://a[::1]",
            "http://[]",
        ] {
            assert!(Address::parse(lost).is_err(), "{lost:?}");
        }
    }

    #[test]
    fn loopback_is_known_in_all_its_names() {
        for (url, here) in [
            ("http://localhost", true),
            ("http://127.9.0.1", true),
            ("http://[::1]", true),
            ("http://a.example", false),
        ] {
            assert_eq!(Address::parse(url).unwrap().is_loopback(), here, "{url}");
        }
    }
}
