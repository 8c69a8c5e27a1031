//! Whose page sends a request.
//!
//! A browser adds to requests of a page where the page is from (RFC 6454). Pages of this server may
//! act for whoever is signed in; pages that the operator named may ask too, as whoever they have a
//! token of, and a cookie of ours says nothing in their requests.

use http::header::{
    AUTHORIZATION, CONTENT_RANGE, CONTENT_TYPE, ETAG, HOST, IF_RANGE, ORIGIN, RANGE, RETRY_AFTER,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use std::time::Duration;
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::listen;
use crate::rest::UPLOAD_OFFSET;
use crate::settings::Settings;

/// How long a browser need not ask again what a page may send.
const REMEMBERED: Duration = Duration::from_secs(3600);
/// In a list: every page.
const ANY: &str = "*";

/// Whether no page of others sends it: none (not a browser), one of the public address, or one of
/// the very host that is asked.
pub(crate) fn is_ours(headers: &HeaderMap, settings: &Settings) -> bool {
    let Some(origin) = headers.get(ORIGIN) else { return true };
    let Ok(origin) = origin.to_str() else { return false };
    let public_url = &settings.public_url;
    if !public_url.is_empty() {
        return origin == public_url.trim_end_matches('/');
    }
    let host = listen::header(headers, &HOST).unwrap_or_default();
    !host.is_empty()
        && (origin.strip_prefix("http://") == Some(host)
            || origin.strip_prefix("https://") == Some(host))
}

/// Whether it may be answered so that its page sees the answer.
pub(crate) fn may_ask(headers: &HeaderMap, settings: &Settings) -> bool {
    is_ours(headers, settings)
        || listen::header(headers, &ORIGIN).is_some_and(|origin| is_in(&settings.origins, origin))
}

/// Whether a list of origins, separated by commas, names this one.
pub(crate) fn is_in(list: &str, origin: &str) -> bool {
    let mut listed = list.split(',').map(str::trim).filter(|one| !one.is_empty());
    listed.any(|one| one == ANY || one.trim_end_matches('/') == origin)
}

/// What tells browsers that pages of others may see answers, if the operator named any (the CORS
/// protocol of the Fetch standard). Cookies are not let through.
pub(crate) fn layer(settings: &Settings) -> Option<CorsLayer> {
    let origins = settings.origins.clone();
    if origins.trim().is_empty() {
        return None;
    }
    let is_named = move |origin: &HeaderValue, _: &http::request::Parts| {
        origin.to_str().is_ok_and(|origin| is_in(&origins, origin))
    };
    let headers = [
        AUTHORIZATION,
        CONTENT_TYPE,
        RANGE,
        IF_RANGE,
        UPLOAD_OFFSET,
        HeaderName::from_static("idempotency-key"),
    ];
    Some(
        CorsLayer::new()
            .allow_origin(AllowOrigin::predicate(is_named))
            .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
            .allow_headers(headers)
            .expose_headers([RETRY_AFTER, UPLOAD_OFFSET, CONTENT_RANGE, ETAG])
            .max_age(REMEMBERED),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(host: &str, origin: Option<&str>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_str(host).unwrap());
        if let Some(origin) = origin {
            headers.insert(ORIGIN, HeaderValue::from_str(origin).unwrap());
        }
        headers
    }

    #[test]
    fn pages_of_others_may_ask_when_they_are_named_and_are_never_ours() {
        let named = "https://app.example, http://localhost:5173/,";
        let settings = Settings { origins: named.to_owned(), ..Settings::default() };
        let may = |origin| may_ask(&told("chat.test", origin), &settings);
        let ours = |origin| is_ours(&told("chat.test", origin), &settings);
        assert!(may(None) && ours(None));
        assert!(may(Some("http://chat.test")) && ours(Some("http://chat.test")));
        for origin in ["https://app.example", "http://localhost:5173"] {
            assert!(may(Some(origin)) && !ours(Some(origin)), "{origin}");
        }
        for origin in [
            "http://app.example",
            "https://app.example:444",
            "https://app.example.evil.example",
            "http://localhost",
            "https://evil.example",
            "null",
            "",
        ] {
            assert!(!may(Some(origin)) && !ours(Some(origin)), "{origin}");
        }
        let every = Settings { origins: "*".to_owned(), ..Settings::default() };
        assert!(may_ask(&told("chat.test", Some("null")), &every));
        assert!(!is_ours(&told("chat.test", Some("null")), &every));
    }

    /// What browsers say of the page that sends a request, by the address that the server goes by.
    #[test]
    fn only_pages_of_our_own_address_are_ours() {
        let same = |public_url: &str, host: &str, origin: Option<&str>| {
            let public_url = public_url.to_owned();
            is_ours(&told(host, origin), &Settings { public_url, ..Settings::default() })
        };
        let (public, host) = ("https://chat.example", "chat.example");
        assert!(same(public, host, None), "no browser");
        assert!(same(public, host, Some("https://chat.example")));
        assert!(same("https://chat.example/", host, Some("https://chat.example")));
        assert!(same("", "127.0.0.1:8080", Some("http://127.0.0.1:8080")));
        let schemes = ["http://", "ws://", "wss://", "file://", "https:", "HTTPS://", ""];
        let names = [
            "chat.example.evil.example",
            "evil.example",
            "evilchat.example",
            "chat.example.",
            "chat.example:443",
            "chat.example:8443",
            "CHAT.example",
            "chat.example@evil.example",
            "evil.example@chat.example",
            "user:password@chat.example",
            "xn--cht-fla.example",
            "chat.example/",
            "chat.example#",
            "chat.example, https://evil.example",
            "",
        ];
        for (scheme, name) in schemes.iter().flat_map(|scheme| names.map(|name| (scheme, name))) {
            let origin = format!("{scheme}{name}");
            assert!(!same(public, host, Some(&origin)), "{origin}");
            assert!(!same("", host, Some(&origin)), "{origin}");
        }
        for name in names {
            let origin = format!("https://{name}");
            assert!(!same(public, host, Some(&origin)), "{origin}");
        }
        for origin in ["null", "chat.example", "https://chat.ex\u{e4}mple", "*", " "] {
            assert!(!same(public, host, Some(origin)), "{origin}");
        }
        // Asked for by another name, the public address is still the only one.
        assert!(!same(public, "evil.example", Some("https://evil.example")));
    }
}
