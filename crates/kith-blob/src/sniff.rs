//! What a content is, by looking into it: what its name or its sender say counts for nothing.

use kith_core::text::MediaType;

/// How many bytes from the beginning are looked at.
pub const HEAD_BYTES: usize = 16 * 1024;
/// What a content is of which nothing better can be said.
pub const BINARY: &str = "application/octet-stream";

/// What a content is that begins with `head`. `is_whole` where there is nothing behind it.
///
/// Text is `text/plain`, unless it is something that a browser would act on: that is called by its
/// name, so that it can be refused.
#[must_use]
pub fn media_type(head: &[u8], is_whole: bool) -> MediaType {
    let found = if looks_like_svg(head) {
        "image/svg+xml"
    } else if let Some(kind) = infer::get(head) {
        kind.mime_type()
    } else if is_text(head, is_whole) {
        "text/plain"
    } else {
        BINARY
    };
    // Those that are found are all well-formed; the last is so whatever comes.
    [found, BINARY, "a/b"]
        .iter()
        .find_map(|name| MediaType::parse(name).ok())
        .unwrap_or_else(|| unreachable!("the names above are media types"))
}

/// Markup that draws: it may hold scripts, wherever in the first lines it begins.
fn looks_like_svg(head: &[u8]) -> bool {
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    text.starts_with(b"<") && has(head, b"<svg")
}

fn has(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word))
}

fn is_text(head: &[u8], is_whole: bool) -> bool {
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        // The last character may be cut in two.
        Err(error) if !is_whole && error.error_len().is_none() => {
            let whole = head.get(..error.valid_up_to()).unwrap_or_default();
            std::str::from_utf8(whole).unwrap_or_default()
        }
        Err(_) => return false,
    };
    !text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\u{c}' | '\u{1b}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_is_what_is_in_it() {
        let cases: [(&[u8], &str); 16] = [
            (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "image/png"),
            (b"\xff\xd8\xff\xe0\0\x10JFIF", "image/jpeg"),
            (b"GIF89a\x01\0\x01\0", "image/gif"),
            (b"RIFF\x24\0\0\0WEBPVP8 ", "image/webp"),
            (b"%PDF-1.7\n<script>", "application/pdf"),
            (b"PK\x03\x04\x14\0\0\0", "application/zip"),
            (b"ID3\x04\0", "audio/mpeg"),
            (b"<!DOCTYPE html><script>alert(1)</script>", "text/html"),
            (b"  \n<html>", "text/html"),
            (b"<?xml version=\"1.0\"?><svg xmlns=\"x\"/>", "image/svg+xml"),
            (b"\xef\xbb\xbf <SVG onload=alert(1)>", "image/svg+xml"),
            (b"<?xml version=\"1.0\"?><a/>", "text/xml"),
            ("good morning, Łódź".as_bytes(), "text/plain"),
            (b"", "text/plain"),
            (b"\0\x01\x02", BINARY),
            (b"caf\xe9", BINARY),
        ];
        for (content, expected) in cases {
            assert_eq!(media_type(content, true).as_str(), expected, "{content:?}");
        }
        let mut webm = b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\x82\x84webm".to_vec();
        webm.resize(300, 0);
        assert_eq!(media_type(&webm, false).as_str(), "video/webm");
        let cut = "naïve".as_bytes();
        assert_eq!(media_type(&cut[..3], false).as_str(), "text/plain");
        assert_eq!(media_type(&cut[..3], true).as_str(), BINARY);
    }
}
