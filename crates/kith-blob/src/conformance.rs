//! What every place for contents does.

use std::path::Path;

use bytes::Bytes;
use futures_util::TryStreamExt;
use kith_core::file::BlobHash;

use crate::{BlobError, Blobs, Content};

async fn read(blobs: &dyn Blobs, hash: BlobHash, range: std::ops::Range<u64>) -> Vec<u8> {
    let pieces: Vec<Bytes> = blobs
        .read(hash, range)
        .await
        .expect("the place works")
        .try_collect()
        .await
        .expect("the place works");
    pieces.concat()
}

/// Checks a place that is empty; `scratch` is a directory for the test's own files.
///
/// # Panics
/// When the place does not do what every place does.
pub async fn check(blobs: &dyn Blobs, scratch: &Path) {
    let tea = Bytes::from_static(b"black tea");
    let hash = BlobHash::of(&tea);
    assert_eq!(blobs.size(hash).await, Ok(None));
    assert_eq!(blobs.read(hash, 0..9).await.err(), Some(BlobError::Missing(hash)));
    blobs.remove(hash).await.expect("the place works");
    for _ in 0..2 {
        blobs.keep(hash, Content::Bytes(tea.clone())).await.expect("the place works");
        assert_eq!(blobs.size(hash).await, Ok(Some(9)));
    }
    assert_eq!(read(blobs, hash, 0..9).await, b"black tea");
    assert_eq!(read(blobs, hash, 6..9).await, b"tea");
    assert_eq!(read(blobs, hash, 6..100).await, b"tea", "it ends before");
    assert_eq!(read(blobs, hash, 3..3).await, b"");
    assert_eq!(read(blobs, hash, 9..12).await, b"", "there is nothing behind the end");

    let nothing = BlobHash::of(b"");
    blobs.keep(nothing, Content::Bytes(Bytes::new())).await.expect("the place works");
    assert_eq!(blobs.size(nothing).await, Ok(Some(0)));
    assert_eq!(read(blobs, nothing, 0..0).await, b"");
    blobs.remove(nothing).await.expect("the place works");

    // More than one piece of whatever size.
    let much: Vec<u8> = (0..300_000_u32).flat_map(u32::to_le_bytes).collect();
    let (large, path) = (BlobHash::of(&much), scratch.join("much"));
    std::fs::write(&path, &much).expect("the place works");
    for _ in 0..2 {
        blobs.keep(large, Content::File(path.clone())).await.expect("the place works");
    }
    assert_eq!(
        std::fs::read(&path).expect("the place works"),
        much,
        "what was stored stays where it was"
    );
    std::fs::remove_file(&path).expect("the place works");
    let nowhere = blobs.keep(BlobHash::of(b"nowhere"), Content::File(path)).await;
    assert!(matches!(nowhere, Err(BlobError::Source(_))), "{nowhere:?}");
    let end = much.len() as u64;
    assert_eq!(blobs.size(large).await, Ok(Some(end)));
    assert!(read(blobs, large, 0..end).await == much);
    assert!(read(blobs, large, 65_000..700_001).await == much[65_000..700_001]);

    let mut all = vec![hash, large];
    all.extend((0..20).map(|n| BlobHash::of(format!("cup {n}").as_bytes())));
    for n in 0..20 {
        let cup = Bytes::from(format!("cup {n}"));
        blobs.keep(BlobHash::of(&cup), Content::Bytes(cup)).await.expect("the place works");
    }
    all.sort_unstable();
    let mut listed = Vec::new();
    loop {
        let page = blobs.list(listed.last().copied(), 7).await.expect("the place works");
        assert!(page.len() <= 7);
        if page.is_empty() {
            break;
        }
        listed.extend(page);
    }
    assert_eq!(listed, all);
    for hash in all {
        blobs.remove(hash).await.expect("the place works");
        assert_eq!(blobs.size(hash).await, Ok(None));
    }
    assert_eq!(blobs.list(None, 10).await, Ok(Vec::new()));
}
