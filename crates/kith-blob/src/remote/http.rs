//! How requests reach a bucket: no redirects, no proxies of the environment, bounded answers.

use std::sync::Arc;

use async_trait::async_trait;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse,
    HttpResponseBody, HttpService,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use super::place::Place;

/// The most bytes of an answer that is no content: a page of a list, or an error.
const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;

/// What sends requests.
#[derive(Clone, Debug)]
pub(super) struct Client(reqwest::Client);

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
            .read_timeout(place.timeout)
            .user_agent(concat!("kith/", env!("CARGO_PKG_VERSION")))
            .build();
        built.map(Self).map_err(|error| error.to_string())
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
        let answer = HttpService::call(&self.0, request).await?;
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

fn too_long(error: Box<dyn std::error::Error + Send + Sync>) -> HttpError {
    debug_assert!(error.is::<LengthLimitError>(), "{error}");
    HttpError::new_boxed(HttpErrorKind::Decode, error)
}
