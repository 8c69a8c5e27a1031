//! Contents in a bucket of a store that speaks S3: one object each, called by its hash, under a
//! prefix.

mod http;
mod parts;
pub mod place;
mod told;

use std::ops::Range;

use async_trait::async_trait;
use futures_util::{StreamExt, TryStreamExt};
use kith_core::file::BlobHash;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::list::{PaginatedListOptions, PaginatedListStore};
use object_store::path::Path as Name;
use object_store::{
    BackoffConfig, Error, GetOptions, GetRange, ObjectStore, ObjectStoreExt, PutPayload,
    RetryConfig,
};

use self::parts::PART;
use self::place::Place;
use crate::{BlobError, Blobs, Content, Pieces, of_source};

/// How the object is called, before a random number, by which it is tried whether the keys may
/// write, read and remove.
const TRIAL: &str = "kith-trial";
/// The object that says whose the contents are.
const OWNER: &str = "kith-owner";
/// The most bytes of an owner's name.
const OWNER_BYTES_MAX: u64 = 64;

/// A bucket.
#[derive(Debug)]
pub struct Remote {
    store: AmazonS3,
    prefix: Name,
    place: Place,
}

impl Remote {
    /// Prepares to use a bucket; nothing is asked of it yet. Reads certificates from the disk.
    ///
    /// # Errors
    /// What is wrong with the certificates.
    pub fn new(place: Place) -> Result<Self, BlobError> {
        let client = http::Client::new(&place).map_err(BlobError::Failed)?;
        let endpoint = match place.path_style {
            true => place.endpoint.clone(),
            false => place.endpoint.of_bucket(&place.bucket),
        };
        let store = AmazonS3Builder::new()
            .with_http_connector(client)
            .with_endpoint(endpoint.to_string())
            .with_allow_http(place.endpoint.is_plain())
            .with_virtual_hosted_style_request(!place.path_style)
            .with_region(&place.region)
            .with_bucket_name(place.bucket.to_string())
            .with_access_key_id(&place.keys.access)
            .with_secret_access_key(place.keys.secret.expose())
            // Not every store has the request for many.
            .with_disable_bulk_delete(true)
            .with_retry(RetryConfig {
                backoff: BackoffConfig {
                    init_backoff: place.timeout / 100,
                    max_backoff: place.timeout / 5,
                    base: 2.0,
                },
                max_retries: place.retries as usize,
                // What an attempt may take has bounds of its own.
                retry_timeout: http::patience(place.timeout, PART)
                    .saturating_mul(place.retries.saturating_add(1)),
            })
            .build()
            .map_err(|error| told::failure(&place, &error))?;
        Ok(Self { store, prefix: Name::from(place.prefix.as_str()), place })
    }

    /// Tries whether the bucket is there, and whether its keys may do all that is needed: list,
    /// write, read and remove.
    ///
    /// # Errors
    /// What is missing.
    pub async fn try_out(&self) -> Result<(), BlobError> {
        self.probe().await?;
        // Of a name that nobody else tries at the same time: it is not known yet whose the prefix
        // is.
        let random = getrandom::u64().map_err(|error| BlobError::Failed(error.to_string()))?;
        let name = self.prefix.clone().join(format!("{TRIAL}-{random:016x}"));
        let wrong = self.failed();
        let may_not = |what: &str, error: BlobError| match error {
            BlobError::Failed(why) => BlobError::Failed(format!("cannot {what}: {why}")),
            other => other,
        };
        let written = self.store.put(&name, PutPayload::from_static(b"tea")).await;
        written.map_err(|error| may_not("write", wrong(error)))?;
        let read = match self.store.get(&name).await {
            Ok(found) => found.bytes().await,
            Err(error) => Err(error),
        };
        let removed = self.store.delete(&name).await;
        let read = read.map_err(|error| may_not("read", wrong(error)))?;
        if read != "tea" {
            let why = format!("{} gives back something else than was stored", self.place);
            return Err(BlobError::Failed(why));
        }
        removed.map_err(|error| may_not("remove", wrong(error)))
    }

    /// Notes that the contents belong to `owner`, if they belong to nobody yet, or `anew` whoever
    /// they belong to. Says whether they are the owner's then.
    ///
    /// # Errors
    /// When the bucket cannot be reached.
    pub async fn claim(&self, owner: &str, anew: bool) -> Result<bool, BlobError> {
        let name = self.prefix.clone().join(OWNER);
        if !anew {
            match self.store.get(&name).await {
                Ok(found) if found.meta.size > OWNER_BYTES_MAX => return Ok(false),
                Ok(found) => {
                    let said = found.bytes().await.map_err(self.failed())?;
                    return Ok(said == owner.as_bytes());
                }
                Err(error @ Error::NotFound { .. }) if !told::is_without_bucket(&error) => {}
                Err(error) => return Err(told::failure(&self.place, &error)),
            }
        }
        let written = self.store.put(&name, PutPayload::from(owner.to_owned())).await;
        written.map(|_| true).map_err(self.failed())
    }

    /// Where it is.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }

    fn name(&self, hash: BlobHash) -> Name {
        self.prefix.clone().join(hash.to_string())
    }

    fn failed(&self) -> impl Fn(Error) -> BlobError {
        |error| told::failure(&self.place, &error)
    }
}

#[async_trait]
impl Blobs for Remote {
    async fn keep(&self, hash: BlobHash, content: Content) -> Result<(), BlobError> {
        let name = self.name(hash);
        let bytes = match &content {
            Content::Bytes(bytes) => bytes.len() as u64,
            Content::File(source) => of_source(tokio::fs::metadata(source).await)?.len(),
        };
        if self.size(hash).await? == Some(bytes) {
            return Ok(());
        }
        let small = match content {
            Content::Bytes(bytes) => bytes,
            Content::File(source) if bytes > PART as u64 => return self.send(name, source).await,
            Content::File(source) => of_source(tokio::fs::read(&source).await)?.into(),
        };
        self.store.put(&name, small.into()).await.map(drop).map_err(self.failed())
    }

    async fn read(&self, hash: BlobHash, range: Range<u64>) -> Result<Pieces, BlobError> {
        let nothing = || futures_util::stream::empty().boxed();
        if range.is_empty() {
            return match self.size(hash).await? {
                Some(_) => Ok(nothing()),
                None => Err(BlobError::Missing(hash)),
            };
        }
        let options = GetOptions { range: Some(GetRange::Bounded(range)), ..GetOptions::default() };
        match self.store.get_opts(&self.name(hash), options).await {
            Ok(got) => {
                let place = self.place.clone();
                let wrong = move |error| told::failure(&place, &error);
                Ok(got.into_stream().map_err(wrong).boxed())
            }
            Err(error @ Error::NotFound { .. }) if !told::is_without_bucket(&error) => {
                Err(BlobError::Missing(hash))
            }
            // What begins behind the end is refused by S3 and nothing to us.
            Err(error) if told::is_behind_the_end(&error) => Ok(nothing()),
            Err(error) => Err(told::failure(&self.place, &error)),
        }
    }

    async fn size(&self, hash: BlobHash) -> Result<Option<u64>, BlobError> {
        match self.store.head(&self.name(hash)).await {
            Ok(found) => Ok(Some(found.size)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(told::failure(&self.place, &error)),
        }
    }

    async fn remove(&self, hash: BlobHash) -> Result<(), BlobError> {
        match self.store.delete(&self.name(hash)).await {
            Err(error) if told::is_without_bucket(&error) => {
                Err(told::failure(&self.place, &error))
            }
            Err(Error::NotFound { .. }) | Ok(()) => Ok(()),
            Err(error) => Err(told::failure(&self.place, &error)),
        }
    }

    async fn list(&self, after: Option<BlobHash>, max: usize) -> Result<Vec<BlobHash>, BlobError> {
        let found = match after {
            Some(after) => self.store.list_with_offset(Some(&self.prefix), &self.name(after)),
            None => self.store.list(Some(&self.prefix)),
        };
        // Directly under the prefix: what is deeper is somebody else's.
        let mine = self.prefix.parts_count() + 1;
        let hashes = found.try_filter_map(async |object| {
            let name = object.location.filename().filter(|_| object.location.parts_count() == mine);
            Ok(name.and_then(|name| name.parse::<BlobHash>().ok()))
        });
        hashes.take(max).try_collect().await.map_err(self.failed())
    }

    async fn probe(&self) -> Result<(), BlobError> {
        let one = PaginatedListOptions { max_keys: Some(1), ..PaginatedListOptions::default() };
        let found = self.store.list_paginated(Some(self.prefix.as_ref()), one).await;
        found.map(drop).map_err(self.failed())
    }
}

#[cfg(test)]
mod tests;
