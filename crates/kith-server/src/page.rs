//! The pages that a person meets who opens the server's address or an invite link in a browser, and
//! those that were built from `web/`.

use axum::body::Body;
use http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    HOST, IF_NONE_MATCH, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};

use crate::listen::header;
use crate::rest;

/// Pages that there are once they were built.
const BUILT: &[&str] = &["/inspector"];
/// What is said in their place by a program that was built without them.
const UNBUILT: &str = "this program was built without its pages\n\nBuild them and then the program:\n\n  \
    cargo xtask web\n  cargo build -p kith\n\nor do both with `cargo xtask run`. \
    It takes Node.js and npm.\n";
/// What keeps the chat page for when there is no connection, and shows notifications.
const WORKER: &str = "/sw.js";
/// What pages load never changes under its name.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";

const HOME: &str = "<h1>Kith</h1>\n<p>This is a Kith server. Sign up and talk from a terminal:</p>\n\
    <pre>kith signup NAME --server THIS-ADDRESS</pre>\n\
    <p>Programs: see the <a href=\"/api/v1/\">reference of the interface</a>.</p>\n";
/// It repeats nothing of the link: what is in an address is anyone's to write.
const INVITED: &str = "<h1>You are invited</h1>\n<p>This link lets you into a circle of this Kith server. Copy it from the address bar, and in a terminal:</p>\n\
    <pre>kith signup NAME --invite LINK</pre>\n<p>or, with an account here:</p>\n<pre>kith join LINK</pre>\n";

/// Where the chat page begins: whatever is below one of these it shows itself, by its address.
const VIEWS: [&str; 13] = [
    "c", "d", "p", "s", "t", "signup", "signin", "reset", "invite", "join", "inbox", "settings",
    "admin",
];

/// Whether the chat page is at a path.
fn is_view(path: &str) -> bool {
    let first = path.strip_prefix('/').map(|path| path.split('/').next().unwrap_or_default());
    first.is_some_and(|first| first.is_empty() && path.len() == 1 || VIEWS.contains(&first))
}

/// The plain page at a path, if there is one: for a program that was built without the chat page.
pub(crate) fn find(path: &str) -> Option<Response<Body>> {
    let (title, body) = match path {
        "/" => ("Kith", HOME),
        _ if is_invite(path) => ("Kith: you are invited", INVITED),
        _ => return None,
    };
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n\
         <link rel=\"stylesheet\" href=\"/api/v1/reference.css\">\n</head>\n<body>\n<main>\n{body}</main>\n</body>\n</html>\n"
    );
    let mut response = Response::new(Body::from(html));
    for (name, value) in [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CACHE_CONTROL, "no-cache"),
        (CONTENT_SECURITY_POLICY, rest::PAGE_POLICY),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    Some(response)
}

/// What was built for a path, if anything was: a page, or what pages load.
pub(crate) fn built(path: &str, headers: &HeaderMap) -> Option<Response<Body>> {
    let accepted = header(headers, &ACCEPT_ENCODING).unwrap_or_default();
    let path = if is_view(path) { "/" } else { path };
    let Some(file) = kith_web::find(path, |encoding| accepts(accepted, encoding)) else {
        let is_missing = BUILT.contains(&path) && !kith_web::is_built();
        return is_missing.then(unbuilt);
    };
    let known = header(headers, &IF_NONE_MATCH).unwrap_or_default();
    let is_known = known.split(',').any(|one| one.trim().trim_start_matches("W/") == file.etag);
    // A worker has the policy that it comes with, and not that of the page that starts it.
    let has_policy = file.content_type.starts_with("text/html") || path == WORKER;
    let mut response = if is_known {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        Response::new(Body::from(file.body))
    };
    put(&mut response, CONTENT_TYPE, file.content_type);
    put(&mut response, ETAG, &file.etag);
    put(&mut response, VARY, "accept-encoding");
    put(&mut response, CACHE_CONTROL, if file.is_immutable { IMMUTABLE } else { "no-cache" });
    if let Some(encoding) = file.encoding.filter(|_| !is_known) {
        put(&mut response, CONTENT_ENCODING, encoding);
    }
    if has_policy {
        put(&mut response, CONTENT_SECURITY_POLICY, &policy(header(headers, &HOST)));
    }
    Some(response)
}

/// What a built page may load, and where it may connect to: this server, by the name that it was
/// asked for, and pictures and sounds that the page has itself (`blob:`). Nothing inline, nobody's
/// frame, markup is made by Svelte's templates alone, and the address of the worker by one function.
fn policy(host: Option<&str>) -> String {
    let is_plain = |host: &&str| {
        host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte))
    };
    // Not every browser takes `'self'` to mean the WebSocket as well.
    let sockets = host.filter(is_plain).map(|host| format!(" ws://{host} wss://{host}"));
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; \
         media-src 'self' blob:; font-src 'self'; manifest-src 'self'; worker-src 'self'; \
         connect-src 'self'{}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
         require-trusted-types-for 'script'; \
         trusted-types svelte-trusted-html kith-worker",
        sockets.unwrap_or_default()
    )
}

/// Whether a list of `Accept-Encoding` has this one, and not with a weight of 0.
fn accepts(list: &str, encoding: &str) -> bool {
    list.split(',').any(|one| {
        let (name, weight) = one.split_once(';').unwrap_or((one, ""));
        let weight = weight.trim().strip_prefix("q=").map_or(Ok(1.0), str::parse::<f32>);
        name.trim().eq_ignore_ascii_case(encoding) && weight.is_ok_and(|weight| weight > 0.0)
    })
}

fn unbuilt() -> Response<Body> {
    let mut response = Response::new(Body::from(UNBUILT));
    *response.status_mut() = StatusCode::NOT_FOUND;
    put(&mut response, CONTENT_TYPE, "text/plain; charset=utf-8");
    put(&mut response, CACHE_CONTROL, "no-store");
    response
}

/// Sets a header, if the value can be one.
fn put(response: &mut Response<Body>, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

fn is_invite(path: &str) -> bool {
    let code = path.strip_prefix("/invite/").or_else(|| path.strip_prefix("/join/"));
    let code = code.unwrap_or_default();
    (1..=128).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_an_invite_has_a_page() {
        assert!(find("/").is_some());
        assert!(find("/invite/0123abc").is_some() && find("/join/0123abc").is_some());
        for path in [
            "/invite/",
            "/invite/a/b",
            "/join/",
            "/join",
            "/join/a/b",
            "/join/%3Cb%3E",
            "/joi",
            "/index.html",
        ] {
            assert!(find(path).is_none(), "{path}");
        }
    }

    #[test]
    fn the_chat_page_is_wherever_its_views_are_and_nowhere_else() {
        for path in [
            "/",
            "/signup",
            "/invite/abc",
            "/c/tea",
            "/d/bob/7",
            "/p/bob",
            "/settings/",
            "/admin/users",
        ] {
            assert!(is_view(path), "{path}");
        }
        for path in ["", "//", "/cc", "/api/v1/site", "/inspector", "/assets/c", "/C", "signup"] {
            assert!(!is_view(path), "{path}");
        }
    }

    #[test]
    fn an_encoding_is_taken_that_the_browser_names() {
        for (list, taken) in [
            ("gzip, deflate, br, zstd", true),
            ("BR", true),
            ("br;q=0.5, *;q=0.1", true),
            ("gzip, br;q=0", false),
            ("br;q=0.000", false),
            ("br;q=much", false),
            ("brotli", false),
            ("", false),
        ] {
            assert_eq!(accepts(list, "br"), taken, "{list}");
        }
    }

    #[test]
    fn a_page_connects_to_the_name_it_was_asked_by_and_says_nothing_else_of_it() {
        assert!(policy(Some("chat.example:8080")).contains(
            "connect-src 'self' ws://chat.example:8080 wss://chat.example:8080; base-uri"
        ));
        assert!(policy(Some("[::1]:80")).contains("ws://[::1]:80 "));
        for host in [None, Some("a; script-src *"), Some("a b"), Some("*")] {
            assert!(policy(host).contains("connect-src 'self'; base-uri"), "{host:?}");
        }
        let policy = policy(Some("localhost"));
        assert!(!policy.contains("unsafe") && policy.starts_with("default-src 'none'"));
    }

    #[test]
    fn the_worker_has_a_policy_of_its_own_and_is_always_asked_for() {
        let Some(response) = built(WORKER, &HeaderMap::new()).filter(|_| kith_web::is_built())
        else {
            return;
        };
        let said = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
        assert_eq!(said(CACHE_CONTROL), Some("no-cache"));
        assert_eq!(said(CONTENT_TYPE), Some("text/javascript; charset=utf-8"));
        assert!(said(CONTENT_SECURITY_POLICY).is_some_and(|policy| policy.contains("'none'")));
    }

    #[test]
    fn a_built_page_is_told_again_only_when_it_changed() {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip, br"));
        let response = built("/inspector", &headers).expect("it is built, or says how");
        assert_eq!(built("/nothing", &headers).map(drop), None);
        if !kith_web::is_built() {
            assert_eq!(response.status(), StatusCode::NOT_FOUND);
            return;
        }
        assert_eq!(response.status(), StatusCode::OK);
        let said = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
        assert_eq!(said(CACHE_CONTROL), Some("no-cache"));
        assert_eq!(said(CONTENT_ENCODING), Some("br"));
        assert!(
            said(CONTENT_SECURITY_POLICY)
                .is_some_and(|policy| policy.contains("frame-ancestors 'none'"))
        );
        let etag = said(ETAG).expect("it has one").to_owned();
        headers
            .insert(IF_NONE_MATCH, HeaderValue::from_str(&format!("\"old\", W/{etag}")).unwrap());
        let again = built("/inspector", &headers).expect("it is built");
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        headers.insert(IF_NONE_MATCH, HeaderValue::from_static("\"old\""));
        assert_eq!(built("/inspector", &headers).expect("it is built").status(), StatusCode::OK);
    }
}
