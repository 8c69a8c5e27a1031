//! A bucket that answers, fails, breaks off, keeps silent, and is not there.

use std::sync::Arc;
use std::time::Duration;

use ::http::Method;
use bytes::Bytes;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use super::place::{Bucket as BucketName, Endpoint, Keys, Prefix, Secret};
use super::*;
use crate::Watched;
use crate::bucket::{ACCESS, BUCKET, Bucket, Fault, SECRET};

fn place(endpoint: &str) -> Place {
    Place {
        endpoint: Endpoint::parse(endpoint).unwrap(),
        bucket: BucketName::parse(BUCKET).unwrap(),
        region: "us-east-1".to_owned(),
        prefix: Prefix::parse("kith/files").unwrap(),
        path_style: true,
        keys: Keys { access: ACCESS.to_owned(), secret: Secret::new(SECRET.to_owned()) },
        ca_file: None,
        timeout: Duration::from_millis(500),
        retries: 2,
    }
}

async fn opened() -> (Bucket, Remote) {
    let bucket = Bucket::open().await;
    let remote = Remote::new(place(&bucket.endpoint())).unwrap();
    (bucket, remote)
}

async fn all(remote: &Remote, hash: BlobHash, end: u64) -> Result<Vec<u8>, BlobError> {
    let pieces: Vec<Bytes> = remote.read(hash, 0..end).await?.try_collect().await?;
    Ok(pieces.concat())
}

fn why<T: std::fmt::Debug>(result: Result<T, BlobError>) -> String {
    match result {
        Err(BlobError::Failed(why)) => why,
        other => panic!("it came to {other:?}"),
    }
}

/// More than one part.
fn much() -> Vec<u8> {
    (0..5_000_000_u32).flat_map(u32::to_le_bytes).collect()
}

#[tokio::test]
async fn a_bucket_is_a_place_for_contents() {
    let dir = tempfile::tempdir().unwrap();
    let (bucket, remote) = opened().await;
    // Two at a time do not meet.
    let (one, other) = tokio::join!(remote.try_out(), remote.try_out());
    assert_eq!((one, other), (Ok(()), Ok(())));
    let tried = bucket.asked().into_iter().filter(|asked| asked.starts_with("PUT "));
    assert_eq!(tried.collect::<std::collections::BTreeSet<_>>().len(), 2);
    crate::conformance::check(&remote, dir.path()).await;
    assert_eq!(bucket.names(), Vec::<String>::new());
    let bare = Place { prefix: Prefix::default(), ..place(&bucket.endpoint()) };
    crate::conformance::check(&Remote::new(bare).unwrap(), dir.path()).await;
}

#[tokio::test]
async fn what_is_not_ours_is_neither_listed_nor_touched() {
    let (bucket, remote) = opened().await;
    let hash = BlobHash::of(b"tea");
    for name in ["kith/files/note", "kith/other", "x"] {
        bucket.put(name, b"coffee");
    }
    bucket.put(&format!("kith/files/deeper/{hash}"), b"coffee");
    remote.keep(hash, Content::Bytes(Bytes::from_static(b"tea"))).await.unwrap();
    assert_eq!(remote.list(None, 10).await, Ok(vec![hash]));
    assert_eq!(bucket.object(&format!("kith/files/{hash}")).unwrap(), "tea");
}

#[tokio::test]
async fn a_prefix_belongs_to_whoever_came_first() {
    let (bucket, remote) = opened().await;
    assert_eq!(remote.claim("ana", false).await, Ok(true));
    assert_eq!(remote.claim("ana", false).await, Ok(true));
    assert_eq!(remote.claim("bob", false).await, Ok(false));
    let prefix = Prefix::parse("bob").unwrap();
    let other = Remote::new(Place { prefix, ..place(&bucket.endpoint()) }).unwrap();
    assert_eq!(other.claim("bob", false).await, Ok(true));
    assert_eq!(remote.claim("bob", true).await, Ok(true));
    assert_eq!(remote.claim("ana", false).await, Ok(false));
    assert_eq!(remote.list(None, 10).await, Ok(Vec::new()));
    bucket.put("kith/files/kith-owner", &[7; 1000]);
    assert_eq!(remote.claim("ana", false).await, Ok(false));
    bucket.fail(&Method::GET, Fault::Status(403));
    assert!(remote.claim("ana", false).await.is_err());
}

#[tokio::test]
async fn a_large_content_goes_in_parts_and_is_there_when_all_are() {
    let dir = tempfile::tempdir().unwrap();
    let (bucket, remote) = opened().await;
    let (content, path) = (much(), dir.path().join("much"));
    let hash = BlobHash::of(&content);
    std::fs::write(&path, &content).unwrap();
    // One part is lost for good: the object is not there, nor is anything left of it.
    for _ in 0..3 {
        bucket.fail(&Method::PUT, Fault::Status(500));
    }
    assert!(remote.keep(hash, Content::File(path.clone())).await.is_err());
    assert_eq!((remote.size(hash).await, bucket.uploads()), (Ok(None), 0));
    // One is lost twice, and comes.
    for _ in 0..2 {
        bucket.fail(&Method::PUT, Fault::Cut);
    }
    remote.keep(hash, Content::File(path)).await.unwrap();
    assert_eq!(bucket.uploads(), 0);
    assert!(all(&remote, hash, content.len() as u64).await.unwrap() == content);
    let parts = bucket.asked().iter().filter(|asked| asked.contains("partNumber=3")).count();
    assert_eq!(parts, 1, "{:?}", bucket.asked());
}

#[tokio::test]
async fn an_upload_in_parts_that_fails_at_its_end_or_is_given_up_leaves_none_behind() {
    let dir = tempfile::tempdir().unwrap();
    let (bucket, remote) = opened().await;
    let (content, path) = (much(), dir.path().join("much"));
    let hash = BlobHash::of(&content);
    std::fs::write(&path, &content).unwrap();
    // It begins, and all parts come, but it is not completed.
    bucket.fail(&Method::POST, Fault::Pass);
    bucket.fail(&Method::POST, Fault::Status(403));
    let told = why(remote.keep(hash, Content::File(path.clone())).await);
    assert!(told.contains("refuses its keys"), "{told}");
    assert_eq!((bucket.names().len(), bucket.uploads()), (0, 0));
    // Nobody waits for it any more.
    let is_on_its_way = async {
        while bucket.uploads() == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        kept = remote.keep(hash, Content::File(path)) => panic!("it came to {kept:?}"),
        () = is_on_its_way => {}
    }
    while bucket.uploads() > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(remote.size(hash).await, Ok(Some(content.len() as u64)));
}

#[tokio::test]
async fn what_fails_now_and_then_is_asked_again() {
    let (bucket, remote) = opened().await;
    let (content, hash) = (Bytes::from(vec![7; 100_000]), BlobHash::of(&[7; 100_000]));
    for method in [Method::HEAD, Method::PUT] {
        for fault in [Fault::Status(503), Fault::Cut] {
            bucket.fail(&method, fault);
        }
    }
    remote.keep(hash, Content::Bytes(content.clone())).await.unwrap();
    // A content that breaks off in its middle goes on from there.
    bucket.fail(&Method::GET, Fault::Cut);
    bucket.fail(&Method::GET, Fault::Status(500));
    assert!(all(&remote, hash, 100_000).await.unwrap() == content);
    bucket.fail(&Method::DELETE, Fault::Status(500));
    remote.remove(hash).await.unwrap();
    assert_eq!(remote.size(hash).await, Ok(None));
    bucket.fail(&Method::PUT, Fault::Silence);
    remote.keep(hash, Content::Bytes(content)).await.unwrap();
}

#[tokio::test]
async fn what_takes_long_to_be_sent_has_longer_for_it() {
    let (bucket, remote) = opened().await;
    let (content, hash) = (Bytes::from(vec![7; 1_000_000]), BlobHash::of(&[7; 1_000_000]));
    bucket.fail(&Method::PUT, Fault::Slow(Duration::from_secs(1)));
    remote.keep(hash, Content::Bytes(content)).await.unwrap();
    let puts = bucket.asked().iter().filter(|asked| asked.starts_with("PUT ")).count();
    assert_eq!(puts, 1, "{:?}", bucket.asked());
    assert_eq!(http::patience(Duration::from_secs(30), PART), Duration::from_secs(158));
}

#[tokio::test]
async fn what_fails_for_good_is_told_and_nothing_is_taken_for_stored() {
    let (bucket, remote) = opened().await;
    let hash = BlobHash::of(b"tea");
    let tea = || Content::Bytes(Bytes::from_static(b"tea"));
    let remote = Watched::new(Arc::new(remote));
    let rounds = [
        (Fault::Status(500), "failed: Told (as it was told to)"),
        (Fault::Cut, "broke off: "),
        (Fault::Silence, "did not answer in time: it had 0.5 s"),
    ];
    for (fault, said) in rounds {
        for _ in 0..3 {
            bucket.fail(&Method::PUT, fault);
        }
        let why = why(remote.keep(hash, tea()).await);
        assert!(why.contains(said), "{fault:?}: {why}");
        assert_eq!(remote.trouble(), Some(why));
        assert_eq!((remote.size(hash).await, remote.trouble()), (Ok(None), None));
    }
    // An upload that is over, say: the bucket is there.
    bucket.fail(&Method::PUT, Fault::Status(404));
    let told = why(remote.keep(hash, tea()).await);
    assert!(told.contains("failed: Told (as it was told to)"), "{told}");
    // The disk that it comes from is not the bucket.
    let before = remote.trouble();
    let nowhere = remote.keep(hash, Content::File("nowhere".into())).await;
    assert!(matches!(nowhere, Err(BlobError::Source(_))), "{nowhere:?}");
    assert_eq!(remote.trouble(), before);
    assert_eq!((remote.size(hash).await, remote.trouble()), (Ok(None), None));
    assert!(remote.keep(hash, Content::File("nowhere".into())).await.is_err());
    assert_eq!(remote.trouble(), None);
    bucket.fail(&Method::PUT, Fault::Redirect);
    let told = why(remote.keep(hash, tea()).await);
    assert!(told.contains("wants to be asked elsewhere"), "{told}");
    bucket.fail(&Method::PUT, Fault::Status(507));
    bucket.fail(&Method::PUT, Fault::Status(507));
    bucket.fail(&Method::PUT, Fault::Status(507));
    assert_eq!(remote.keep(hash, tea()).await, Err(BlobError::Full));
    assert_eq!(bucket.names(), Vec::<String>::new());
    // The next one begins, and ends.
    remote.keep(hash, tea()).await.unwrap();
    // The first reason is told, and nothing else is asked.
    let before = bucket.asked().len();
    for _ in 0..3 {
        bucket.fail(&Method::GET, Fault::Status(500));
    }
    let told = why(remote.read(hash, 0..3).await.map(drop));
    assert!(told.contains("failed: Told (as it was told to)"), "{told}");
    assert_eq!(bucket.asked().len() - before, 3, "{:?}", bucket.asked());
    for _ in 0..8 {
        bucket.fail(&Method::GET, Fault::Cut);
    }
    let read = async { remote.read(hash, 0..3).await?.try_collect::<Vec<Bytes>>().await };
    let read = read.await;
    assert!(read.is_err() && remote.trouble().is_some(), "{read:?}");
}

#[tokio::test]
async fn a_bucket_that_cannot_be_used_is_named_with_the_reason() {
    let bucket = Bucket::open().await;
    let said = async |place: Place| why(Remote::new(place).unwrap().try_out().await);
    let at = bucket.endpoint();
    let good = || place(&at);
    let other = Place { bucket: BucketName::parse("coffee").unwrap(), ..good() };
    assert_eq!(said(other).await, format!("there is no bucket coffee at {at}"));
    let keys = Keys { access: "bob".to_owned(), ..good().keys };
    let told = said(Place { keys, ..good() }).await;
    let expected = format!(
        "s3://tea/kith/files at {at} refuses its keys, or what they ask for: InvalidAccessKeyId \
         (there is no such key)"
    );
    assert_eq!(told, expected);
    bucket.fail(&Method::PUT, Fault::Status(403));
    assert!(said(good()).await.starts_with("cannot write: "));
    bucket.fail(&Method::GET, Fault::Pass);
    bucket.fail(&Method::GET, Fault::Status(403));
    assert!(said(good()).await.starts_with("cannot read: "));
    assert_eq!(bucket.names(), Vec::<String>::new(), "it is removed all the same");
    bucket.fail(&Method::DELETE, Fault::Status(403));
    assert!(said(good()).await.starts_with("cannot remove: "));
    let told = said(Place { endpoint: Endpoint::parse("http://127.0.0.1:1").unwrap(), ..good() });
    assert!(told.await.starts_with("nothing answers at http://127.0.0.1:1: "));
    let missing = Place { ca_file: Some("nowhere.pem".into()), ..good() };
    assert!(why(Remote::new(missing)).starts_with("nowhere.pem: "));
}

#[tokio::test]
async fn over_tls_a_store_shows_a_certificate_that_the_operator_trusts() {
    let dir = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let bucket = Bucket::open().await;
    let serving = bucket.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(stream) = acceptor.accept(stream).await else { continue };
            let bucket = serving.clone();
            tokio::spawn(async move { bucket.serve(hyper_util::rt::TokioIo::new(stream)).await });
        }
    });
    let unknown = place(&format!("https://localhost:{port}"));
    let told = why(Remote::new(unknown.clone()).unwrap().try_out().await);
    assert!(told.contains("certificate"), "{told}");
    let file = dir.path().join("ca.pem");
    std::fs::write(&file, made.cert.pem()).unwrap();
    let trusted = Place { ca_file: Some(file), ..unknown };
    Remote::new(trusted).unwrap().try_out().await.unwrap();
}
