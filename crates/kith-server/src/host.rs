//! Whether a request asks for this server by a name that is its own.
//!
//! A page may have its own name answered with our address, and then read our answers as its own (DNS
//! rebinding). Such a request carries the page's name: addresses in numbers cannot be rebound.

use std::net::{IpAddr, Ipv6Addr};

use http::Request;
use http::header::HOST;

use crate::settings::Settings;

/// Whether the host that is asked for is one of ours: an address in numbers, `localhost`, that of the
/// public address, or one that the operator named.
pub(crate) fn is_ours<B>(request: &Request<B>, settings: &Settings) -> bool {
    let mut told = request.headers().get_all(HOST).iter();
    let (first, second) = (told.next(), told.next());
    let host = match (request.uri().authority(), first) {
        _ if second.is_some() => return false,
        // A target in absolute form says it instead of the header (RFC 9112, section 3.2.2).
        (Some(authority), _) => authority.as_str(),
        (None, Some(host)) => match host.to_str() {
            Ok(host) => host,
            Err(_) => return false,
        },
        (None, None) => return false,
    };
    name_of(host).is_some_and(|name| knows(settings, &name))
}

/// The name without its port, its final dot and its capitals.
fn name_of(host: &str) -> Option<String> {
    let (name, port) = match host.strip_prefix('[') {
        Some(rest) => {
            let (name, rest) = rest.split_once(']')?;
            name.parse::<Ipv6Addr>().ok()?;
            (name, rest.strip_prefix(':').or(rest.is_empty().then_some(""))?)
        }
        None => host.split_once(':').unwrap_or((host, "")),
    };
    let name = name.strip_suffix('.').unwrap_or(name);
    let plain = !name.is_empty()
        && port.bytes().all(|byte| byte.is_ascii_digit())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_:".contains(&byte));
    plain.then(|| name.to_ascii_lowercase())
}

fn knows(settings: &Settings, name: &str) -> bool {
    let public = settings.public_url.split_once("://").map(|(_, rest)| rest);
    let public = public.and_then(|rest| rest.split('/').next()).and_then(name_of);
    let mut listed = settings.hosts.split(',').filter_map(|host| name_of(host.trim()));
    name == "localhost"
        || name.ends_with(".localhost")
        || name.parse::<IpAddr>().is_ok()
        || public.as_deref() == Some(name)
        || listed.any(|host| host == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours(uri: &str, hosts: &[&str]) -> bool {
        let settings = Settings {
            public_url: "https://Chat.Example:8443/".to_owned(),
            hosts: "box.lan, other.lan:80".to_owned(),
            ..Settings::default()
        };
        let mut request = Request::builder().uri(uri);
        for host in hosts {
            request = request.header(HOST, *host);
        }
        is_ours(&request.body(()).unwrap(), &settings)
    }

    #[test]
    fn names_of_others_are_refused() {
        for host in [
            "chat.example",
            "CHAT.example.",
            "chat.example:1",
            "localhost:8080",
            "a.localhost",
            "127.0.0.1",
            "192.168.1.2:8080",
            "[::1]:8080",
            "[2001:db8::1]",
            "box.lan",
            "other.lan:9",
        ] {
            assert!(ours("/", &[host]), "{host}");
        }
        for host in [
            "",
            ".",
            ":80",
            "evil.example",
            "chat.example.evil.example",
            "evil-chat.example",
            "notlocalhost",
            "localhost.evil.example",
            "chat.example@evil.example",
            "evil.example@chat.example",
            "chat.example:80:80",
            "chat.example:x",
            "[::1",
            "[chat.example]",
            "chat.example/",
            "127.0.0.1.evil.example",
            "b\u{f6}x.lan",
        ] {
            assert!(!ours("/", &[host]), "{host}");
        }
        assert!(!ours("/", &[]));
        assert!(!ours("/", &["chat.example", "chat.example"]));
        assert!(ours("http://chat.example/", &["evil.example"]));
        assert!(!ours("http://evil.example/", &["chat.example"]));
    }
}
