//! How requests reach a bucket: no redirects, no proxies of the environment, bounded times and
//! answers.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt;
use http_body_util::{BodyExt, LengthLimitError, Limited, StreamBody};
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse,
    HttpResponseBody, HttpService,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio::time::timeout;

use super::place::Place;

/// The most bytes of an answer that is no content: a page of a list, or an error.
const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;
/// The least bytes of a request that are sent in a second, beyond which it is given up: the way to
/// a store may be narrow, and is shared by all that is stored at a time.
const PACE: u64 = 64 * 1024;

/// What sends requests.
#[derive(Clone, Debug)]
pub(super) struct Client {
    requests: reqwest::Client,
    timeout: Duration,
}

/// A store that took longer than this.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("it had {} s", .0.as_secs_f32())]
pub(super) struct Late(pub(super) Duration);

/// How long it may take until the answer to a request of so many bytes begins.
pub(super) fn patience(timeout: Duration, bytes: usize) -> Duration {
    timeout.saturating_add(Duration::from_millis((bytes as u64).saturating_mul(1000) / PACE))
}

impl Client {
    /// Prepares for requests to a place.
    ///
    /// # Errors
    /// What is wrong with the certificates.
    pub(super) fn new(place: &Place) -> Result<Self, String> {
        let built = reqwest::Client::builder()
            .tls_backend_preconfigured(tls(place)?)
            .https_only(!place.endpoint.is_plain())
            // A store that sends its requests elsewhere is not where the operator said it is.
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .connect_timeout(place.timeout)
            .user_agent(concat!("kith/", env!("CARGO_PKG_VERSION")))
            .build();
        let requests = built.map_err(|error| error.to_string())?;
        Ok(Self { requests, timeout: place.timeout })
    }
}

/// TLS that trusts whom the system trusts, and whom the operator named.
fn tls(place: &Place) -> Result<ClientConfig, String> {
    let mut roots = RootCertStore::empty();
    if !place.endpoint.is_plain() {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    if let Some(path) = &place.ca_file {
        let unread = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let named = CertificateDer::pem_file_iter(path)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| unread(&error))?;
        if named.is_empty() {
            return Err(unread(&"there is no certificate in it"));
        }
        for certificate in named {
            roots.add(certificate).map_err(|error| unread(&error))?;
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = versions.map_err(|error| error.to_string())?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

impl HttpConnector for Client {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

#[async_trait]
impl HttpService for Client {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let is_list = request.uri().query().is_some_and(|query| query.contains("list-type="));
        let is_content = *request.method() == http::Method::GET && !is_list;
        let patience = patience(self.timeout, request.body().content_length());
        let late = |_| HttpError::new(HttpErrorKind::Timeout, Late(patience));
        // Sending the request is part of it, for which the client has no time of its own.
        let answer = timeout(patience, HttpService::call(&self.requests, request));
        let answer = answer.await.map_err(late)??.map(|body| in_time(body, self.timeout));
        // A content is read as far as it is wanted; everything else is held whole.
        if is_content && answer.status().is_success() {
            return Ok(answer);
        }
        let limited = |body: HttpResponseBody| {
            let limited = Limited::new(body, ANSWER_BYTES_MAX).map_err(|error| {
                match error.downcast::<HttpError>() {
                    Ok(error) => *error,
                    Err(error) => too_long(error),
                }
            });
            HttpResponseBody::new(limited)
        };
        Ok(answer.map(limited))
    }
}

/// A body of which each piece comes within this time.
fn in_time(body: HttpResponseBody, limit: Duration) -> HttpResponseBody {
    let pieces = futures_util::stream::unfold(Some(body), move |body| async move {
        let mut body = body?;
        match timeout(limit, body.frame()).await {
            Ok(frame) => frame.map(|frame| (frame, Some(body))),
            Err(_) => Some((Err(HttpError::new(HttpErrorKind::Timeout, Late(limit))), None)),
        }
    });
    HttpResponseBody::new(StreamBody::new(pieces.fuse()))
}

fn too_long(error: Box<dyn std::error::Error + Send + Sync>) -> HttpError {
    debug_assert!(error.is::<LengthLimitError>(), "{error}");
    HttpError::new_boxed(HttpErrorKind::Decode, error)
}
