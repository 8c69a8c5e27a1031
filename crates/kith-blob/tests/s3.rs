//! Contents in a bucket of a server of S3 that others wrote: it checks every signature, and answers as
//! it read the protocol, not as we did.

#![expect(clippy::unwrap_used, reason = "what a test relies on fails it")]

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use futures_util::TryStreamExt;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use kith_blob::place::{Bucket, Endpoint, Keys, Place, Prefix, Secret};
use kith_blob::{BlobError, Blobs, Content, Remote};
use kith_core::file::BlobHash;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use s3s_fs::FileSystem;
use tokio::net::TcpListener;

const ACCESS: &str = "ana";
const SECRET: &str = "a-secret-that-nobody-may-see";

/// Serves the directories in `dir` as buckets, at a port that is free, as long as the runtime is there.
async fn serve(dir: &Path) -> String {
    let mut service = S3ServiceBuilder::new(FileSystem::new(dir).unwrap());
    service.set_auth(SimpleAuth::from_single(ACCESS, SECRET));
    let service = service.build();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let service = service.clone();
            tokio::spawn(async move {
                let socket = TokioIo::new(socket);
                // A client may leave at any moment.
                let _ = http1::Builder::new().serve_connection(socket, service).await;
            });
        }
    });
    format!("http://{address}")
}

fn remote(endpoint: &str, bucket: &str, secret: &str) -> Remote {
    Remote::new(Place {
        endpoint: Endpoint::parse(endpoint).unwrap(),
        bucket: Bucket::parse(bucket).unwrap(),
        region: "us-east-1".to_owned(),
        prefix: Prefix::parse("kith/files").unwrap(),
        path_style: true,
        keys: Keys { access: ACCESS.to_owned(), secret: Secret::new(secret.to_owned()) },
        ca_file: None,
        timeout: Duration::from_secs(10),
        retries: 0,
    })
    .unwrap()
}

fn why<T: std::fmt::Debug>(result: Result<T, BlobError>) -> String {
    match result {
        Err(BlobError::Failed(why)) => why,
        other => panic!("it came to {other:?}"),
    }
}

#[tokio::test]
async fn a_bucket_of_another_server_is_a_place_for_contents() {
    let (dir, scratch) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::fs::create_dir(dir.path().join("tea")).unwrap();
    let remote = remote(&serve(dir.path()).await, "tea", SECRET);
    assert_eq!(remote.try_out().await, Ok(()));
    assert_eq!(remote.claim("ana", false).await, Ok(true));
    assert_eq!(remote.claim("bob", false).await, Ok(false));
    kith_blob::conformance::check(&remote, scratch.path()).await;
    assert_eq!(remote.claim("ana", false).await, Ok(true));
}

#[tokio::test]
async fn a_content_of_several_parts_comes_back_whole_and_in_part() {
    let (dir, scratch) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::fs::create_dir(dir.path().join("tea")).unwrap();
    let remote = remote(&serve(dir.path()).await, "tea", SECRET);
    let content: Vec<u8> = (0..5_000_000_u32).flat_map(u32::to_le_bytes).collect();
    let (hash, path) = (BlobHash::of(&content), scratch.path().join("much"));
    std::fs::write(&path, &content).unwrap();
    remote.keep(hash, Content::File(path)).await.unwrap();
    assert_eq!(remote.size(hash).await, Ok(Some(content.len() as u64)));
    assert_eq!(remote.list(None, 10).await, Ok(vec![hash]));
    for range in [0..content.len(), 8_388_600..8_388_620, content.len() - 3..content.len()] {
        let read = remote.read(hash, range.start as u64..range.end as u64).await.unwrap();
        let pieces: Vec<Bytes> = read.try_collect().await.unwrap();
        assert!(pieces.concat() == content[range.clone()], "{range:?}");
    }
}

#[tokio::test]
async fn wrong_keys_and_a_bucket_that_is_not_there_are_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("tea")).unwrap();
    let endpoint = serve(dir.path()).await;
    let told = why(remote(&endpoint, "tea", "a guess").try_out().await);
    assert!(told.contains("refuses its keys"), "{told}");
    let told = why(remote(&endpoint, "coffee", SECRET).try_out().await);
    assert!(told.contains("coffee") && !told.contains("keys"), "{told}");
}
