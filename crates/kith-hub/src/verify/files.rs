//! Files follow from no event, but much of what is said of them follows from messages and from each
//! other: it is counted again, and can be made right.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kith_core::document::{Doc, File, Key, Quota};
use kith_core::file::{BlobHash, Icon};
use kith_core::id::FileId;
use kith_store::{DocKey, DocWrite, ROWS_MAX, Range, Store, StoreError};

use super::Walk;

/// The contents that files need, each with one of these files.
///
/// # Errors
/// When the store cannot be read.
pub async fn contents(store: &dyn Store) -> Result<BTreeMap<BlobHash, FileId>, StoreError> {
    let mut all = BTreeMap::new();
    let mut after = None;
    loop {
        let range = Range {
            collection: "blob",
            prefix: String::new(),
            after: after.take(),
            before: None,
            descending: false,
        };
        let rows = store.scan(range, ROWS_MAX).await?;
        let Some(last) = rows.last() else { return Ok(all) };
        after = Some(last.key.clone());
        for row in rows {
            if let Some((hash, file)) = row.key.split_once('/')
                && let (Ok(hash), Ok(file)) = (hash.parse(), file.parse())
            {
                all.insert(hash, file);
            }
        }
    }
}

/// Checks files, uploads, and what is found by them.
pub(super) async fn check(walk: &mut Walk<'_>) -> Result<(), StoreError> {
    let mut uses: BTreeMap<String, u32> = BTreeMap::new();
    for (key, _) in walk.all("file_use").await? {
        if let Some((file, _)) = key.split_once('/') {
            *uses.entry(file.to_owned()).or_default() += 1;
        }
    }
    for icon in icons(walk).await? {
        *uses.entry(icon.file.to_string()).or_default() += 1;
    }
    let mut bytes: BTreeMap<String, u64> = BTreeMap::new();
    // What else there is to be, by collection.
    let (mut ends, mut blobs) = (BTreeSet::new(), BTreeSet::new());
    for (key, doc) in walk.all("file").await? {
        let used = uses.remove(&key).unwrap_or_default();
        let Some(Doc::File(file)) = doc else { continue };
        let Ok(id) = key.parse::<FileId>() else { continue };
        *bytes.entry(file.owner.to_string()).or_default() += file.about.bytes;
        points(walk, "file", &key, &file.owner.to_string());
        let line = |key: Key| key.path().map(|(_, key)| key);
        blobs.extend(file.blobs().filter_map(|hash| line(Key::Blob(hash, id))));
        ends.extend(file.expires_at.and_then(|at| line(Key::FileEnd(at, id))));
        if file.uses != used {
            let what = format!(
                "File {key} says that it is referred to {} times: it is {used} times.",
                file.uses
            );
            // One that nothing refers to goes when its line among the ends says so.
            let right = File { uses: used, ..file.as_ref().clone() };
            let body = Some(Doc::File(Arc::new(right)).to_json().into());
            walk.change(DocWrite { key: DocKey { collection: "file", key }, body }, what).await?;
        }
    }
    for (file, _) in uses {
        walk.wrong(format!("Something refers to the file {file}, which is not there."));
    }
    for (key, doc) in walk.all("upload").await? {
        let Some(Doc::Upload(upload)) = doc else { continue };
        let Ok(id) = key.parse::<FileId>() else { continue };
        *bytes.entry(upload.owner.to_string()).or_default() += upload.bytes;
        points(walk, "upload", &key, &upload.owner.to_string());
        ends.extend(Key::FileEnd(upload.expires_at, id).path().map(|(_, key)| key));
    }
    lines(walk, "file_end", ends, |mark| Doc::FileEnd(Arc::new(mark))).await?;
    lines(walk, "blob", blobs, |mark| Doc::Blob(Arc::new(mark))).await?;
    quotas(walk, bytes).await
}

/// What users and circles are shown with.
async fn icons(walk: &mut Walk<'_>) -> Result<Vec<Icon>, StoreError> {
    let mut icons = Vec::new();
    for (_, doc) in walk.all("user").await? {
        if let Some(Doc::User(user)) = doc {
            icons.extend(user.avatar.as_deref().cloned());
        }
    }
    for (_, doc) in walk.all("circle").await? {
        if let Some(Doc::Circle(circle)) = doc {
            icons.extend(circle.icon.as_deref().cloned());
        }
    }
    Ok(icons)
}

fn points(walk: &mut Walk<'_>, collection: &str, key: &str, owner: &str) {
    if !walk.expects("user", owner) {
        walk.wrong(format!("Document {key:?} of {collection} is for user {owner}: none is."));
    }
}

/// Compares the keys of a collection with those that there are to be.
async fn lines(
    walk: &mut Walk<'_>,
    collection: &'static str,
    mut wanted: BTreeSet<String>,
    make: impl Fn(kith_core::document::Mark) -> Doc,
) -> Result<(), StoreError> {
    for (key, _) in walk.all(collection).await? {
        if !wanted.remove(&key) {
            let what = format!("Document {key:?} of {collection} is of no file.");
            walk.change(DocWrite { key: DocKey { collection, key }, body: None }, what).await?;
        }
    }
    for key in wanted {
        let what = format!("Document {key:?} of {collection} is missing.");
        let body = Some(make(Default::default()).to_json().into());
        walk.change(DocWrite { key: DocKey { collection, key }, body }, what).await?;
    }
    Ok(())
}

async fn quotas(walk: &mut Walk<'_>, mut counted: BTreeMap<String, u64>) -> Result<(), StoreError> {
    for (user, doc) in walk.all("file_quota").await? {
        let bytes = counted.remove(&user).unwrap_or_default();
        let Some(Doc::Quota(quota)) = doc else { continue };
        if quota.bytes != bytes {
            let right = Quota { bytes, ..quota.as_ref().clone() };
            quota_is(walk, user, right).await?;
        }
    }
    for (user, bytes) in counted {
        quota_is(walk, user, Quota { bytes, ..Quota::default() }).await?;
    }
    Ok(())
}

async fn quota_is(walk: &mut Walk<'_>, user: String, right: Quota) -> Result<(), StoreError> {
    let what = format!("The files of user {user} are counted wrong.");
    let key = DocKey { collection: "file_quota", key: user };
    let body = Some(Doc::Quota(Arc::new(right)).to_json().into());
    walk.change(DocWrite { key, body }, what).await
}
