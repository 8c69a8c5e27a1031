//! Files: what a content is, the names of files, hashes and types.

use kith_core::file::BlobHash;
use kith_core::text::{Color, FileName, MediaType};

/// What is said of any content is a media type, and a name never a path.
pub(crate) fn contents(input: &[u8]) {
    for is_whole in [true, false] {
        let media = kith_blob::sniff::media_type(input, is_whole);
        assert_eq!(MediaType::parse(media.as_str()), Ok(media));
    }
    let Ok(text) = std::str::from_utf8(input) else { return };
    if let Ok(hash) = text.parse::<BlobHash>() {
        assert_eq!(hash.to_string(), text);
    }
    if let Ok(name) = FileName::parse(text) {
        assert_eq!(FileName::parse(name.as_str()), Ok(name.clone()));
        let parts: Vec<_> = std::path::Path::new(name.as_str()).components().collect();
        assert!(matches!(parts[..], [std::path::Component::Normal(_)]), "{name}");
    }
    for parsed in [Color::parse(text).is_ok(), MediaType::parse(text).is_ok()] {
        assert!(!parsed || text.is_ascii());
    }
}

pub(crate) fn content_seeds() -> Vec<Vec<u8>> {
    let mut seeds = vec![b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec(), b"GIF89a\x01\0\x01\0".to_vec()];
    let hash = BlobHash::of(b"tea").to_string();
    let texts =
        ["tea.jpg", "..", "a/b", "image/png", "#0a9fff", &hash, "<?xml?><svg/>", "<!doctype html>"];
    seeds.extend(texts.map(|text| text.as_bytes().to_vec()));
    seeds.push(b"%PDF-1.7".to_vec());
    seeds.push(b"PK\x03\x04".to_vec());
    seeds
}
