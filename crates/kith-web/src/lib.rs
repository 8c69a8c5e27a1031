//! The pages of the server as they were built from `web/`, inside the program: found by their path,
//! in the shortest form that a browser takes.

use std::borrow::Cow;
use std::fmt::Write;

use rust_embed::{Embed, EmbeddedFile};

/// Where files are whose names change with what is in them.
const ASSETS: &str = "assets/";
/// What is not a page and yet has an address of its own that stays: the service worker, whose address
/// says which pages are its own, and what makes an application of the page.
const ROOT: [&str; 2] = ["sw.js", "app.webmanifest"];

/// What `cargo xtask web` made; nothing where it has not been run.
#[derive(Embed)]
#[folder = "../../web/dist"]
#[allow_missing = true]
struct Dist;

/// How a file may be compressed, as `Accept-Encoding` names it; the better first.
const FORMS: [(&str, &str); 2] = [("br", ".br"), ("gzip", ".gz")];

/// A page, or a file that pages load.
#[derive(Debug)]
pub struct File {
    /// What is sent.
    pub body: Cow<'static, [u8]>,
    /// The type of what it is before it is compressed.
    pub content_type: &'static str,
    /// How it is compressed, if it is.
    pub encoding: Option<&'static str>,
    /// What changes with the content, in quotes as `ETag` says it.
    pub etag: String,
    /// Whether it never changes: something else has another name.
    pub is_immutable: bool,
}

/// What is at a path, if anything is. `takes` says whether a name of `Accept-Encoding` is taken.
///
/// A page is at its name (`/inspector`), what it loads below `/assets/`; the service worker
/// (`/sw.js`) and `/app.webmanifest` are where browsers look for them.
#[must_use]
pub fn find(path: &str, takes: impl Fn(&str) -> bool) -> Option<File> {
    let path = path.strip_prefix('/')?;
    let is_immutable = path.starts_with(ASSETS);
    // Compressed forms have no address of their own.
    if FORMS.iter().any(|(_, ending)| path.ends_with(ending)) {
        return None;
    }
    let name = match path {
        "" => "index.html".to_owned(),
        asset if is_immutable || ROOT.contains(&asset) => asset.to_owned(),
        page if page.contains(['/', '.']) => return None,
        page => format!("{page}.html"),
    };
    let content_type = content_type(&name)?;
    let forms = FORMS.into_iter().filter(|(encoding, _)| takes(encoding));
    let compressed = forms.into_iter().find_map(|(encoding, ending)| {
        Some((Some(encoding), Dist::get(&format!("{name}{ending}"))?))
    });
    let (encoding, file) = compressed.or_else(|| Some((None, Dist::get(&name)?)))?;
    let etag = etag(&file);
    Some(File { body: file.data, content_type, encoding, etag, is_immutable })
}

/// Whether the pages were built before the program was.
#[must_use]
pub fn is_built() -> bool {
    Dist::iter().any(|path| path.ends_with(".html"))
}

fn content_type(name: &str) -> Option<&'static str> {
    let (_, ending) = name.rsplit_once('.')?;
    Some(match ending {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "webp" => "image/webp",
        "woff2" => "font/woff2",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "wasm" => "application/wasm",
        _ => return None,
    })
}

/// Half of the hash is enough to tell versions apart.
fn etag(file: &EmbeddedFile) -> String {
    let mut etag = String::from("\"");
    for byte in &file.metadata.sha256_hash()[..16] {
        // Writing to a string cannot fail.
        let _ = write!(etag, "{byte:02x}");
    }
    etag.push('"');
    etag
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_embedded_is_found_as_the_browser_takes_it() {
        let has_address = |path: &str| {
            path.starts_with(ASSETS) || path.ends_with(".html") || ROOT.contains(&path)
        };
        for path in Dist::iter().filter(|path| content_type(path).is_some() && has_address(path)) {
            let address = match path.strip_suffix(".html") {
                Some("index") => "/".to_owned(),
                Some(page) => format!("/{page}"),
                None => format!("/{path}"),
            };
            let plain = find(&address, |_| false).expect("it is embedded");
            assert_eq!((plain.encoding, plain.is_immutable), (None, path.starts_with(ASSETS)));
            let small = find(&address, |_| true).expect("it is embedded");
            assert!(small.body.len() <= plain.body.len(), "{path}");
            assert_eq!(small.content_type, plain.content_type);
            assert!(small.encoding.is_none() || small.etag != plain.etag, "{path}");
        }
    }

    #[test]
    fn nothing_else_has_an_address() {
        for path in [
            "",
            "inspector",
            "/.gitignore",
            "/inspector.html",
            "/inspector.html.br",
            "/sw.js.br",
            "/assets/../sw.js",
            "/sw",
            "/assets",
            "/assets/",
            "/assets/../inspector.html",
            "/../Cargo.toml",
            "/nowhere",
        ] {
            assert!(find(path, |_| true).is_none(), "{path}");
        }
    }
}
