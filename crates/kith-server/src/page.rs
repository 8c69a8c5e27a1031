//! The pages that a person meets who opens the server's address or an invite link in a browser.

use axum::body::Body;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use http::{HeaderValue, Response};

use crate::rest;

const HOME: &str = "<h1>Kith</h1>\n<p>This is a Kith server. Sign up and talk from a terminal:</p>\n\
    <pre>kith signup NAME --server THIS-ADDRESS</pre>\n\
    <p>Programs: see the <a href=\"/api/v1/\">reference of the interface</a>.</p>\n";
/// It repeats nothing of the link: what is in an address is anyone's to write.
const INVITED: &str = "<h1>You are invited</h1>\n<p>This link lets you into a circle of this Kith server. Copy it from the address bar, and in a terminal:</p>\n\
    <pre>kith signup NAME --invite LINK</pre>\n<p>or, with an account here:</p>\n<pre>kith join LINK</pre>\n";

/// The page at a path, if there is one.
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

fn is_invite(path: &str) -> bool {
    let code = path.strip_prefix("/join/").unwrap_or_default();
    (1..=128).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_an_invite_has_a_page() {
        assert!(find("/").is_some() && find("/join/0123abc").is_some());
        for path in ["/join/", "/join", "/join/a/b", "/join/%3Cb%3E", "/joi", "/index.html"] {
            assert!(find(path).is_none(), "{path}");
        }
    }
}
