//! A bucket on this machine that speaks as much of S3 as Kith asks for, and fails as it is told to:
//! for tests.

mod answer;

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Empty, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// The name of the bucket.
pub const BUCKET: &str = "tea";
/// The name of the one key that it knows.
pub const ACCESS: &str = "ana";
/// What that key signs with.
pub const SECRET: &str = "a-secret-that-nobody-may-see";
/// Objects on a page of a list.
const PAGE: usize = 7;

/// What becomes of a request, instead of its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing: it is answered, and what is to go wrong after it waits for the next.
    Pass,
    /// It is answered with this status.
    Status(u16),
    /// The connection ends: in the middle of a content that is read, and before any other answer.
    Cut,
    /// There is no answer.
    Silence,
    /// It is answered after this time.
    Slow(Duration),
    /// It is told to ask elsewhere.
    Redirect,
}

type Body = BoxBody<Bytes, std::io::Error>;

/// A bucket.
#[derive(Clone, Debug)]
pub struct Bucket {
    /// Where it listens.
    pub address: SocketAddr,
    state: Arc<Mutex<State>>,
}

/// What is in it.
#[derive(Debug, Default)]
struct State {
    objects: BTreeMap<String, Bytes>,
    uploads: BTreeMap<String, BTreeMap<u32, Bytes>>,
    uploads_made: u64,
    faults: VecDeque<(Method, Fault)>,
    down: bool,
    asked: Vec<String>,
}

impl Bucket {
    /// A bucket at any free port, which answers as long as the runtime is there.
    ///
    /// # Panics
    /// When there is no port.
    pub async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a port");
        let address = listener.local_addr().expect("it has an address");
        let bucket = Self { address, state: Arc::default() };
        let serving = bucket.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let bucket = serving.clone();
                tokio::spawn(async move { bucket.serve(TokioIo::new(stream)).await });
            }
        });
        bucket
    }

    /// Answers on one connection.
    pub async fn serve<I>(&self, stream: I)
    where
        I: hyper::rt::Read + hyper::rt::Write + Unpin,
    {
        let service = service_fn(|request| self.clone().answer(request));
        // A connection that was cut ends so.
        let _ = http1::Builder::new().serve_connection(stream, service).await;
    }

    /// Where it is.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What becomes of the next request with this method.
    pub fn fail(&self, method: &Method, fault: Fault) {
        self.state().faults.push_back((method.clone(), fault));
    }

    /// Nothing that was to go wrong still does.
    pub fn mend(&self) {
        self.state().faults.clear();
    }

    /// Whether it cuts every connection.
    pub fn set_down(&self, down: bool) {
        self.state().down = down;
    }

    /// The names of all objects.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.state().objects.keys().cloned().collect()
    }

    /// What is in an object.
    #[must_use]
    pub fn object(&self, name: &str) -> Option<Bytes> {
        self.state().objects.get(name).cloned()
    }

    /// Puts something there.
    pub fn put(&self, name: &str, content: &[u8]) {
        self.state().objects.insert(name.to_owned(), Bytes::copy_from_slice(content));
    }

    /// Uploads in parts that were neither completed nor given up.
    #[must_use]
    pub fn uploads(&self) -> usize {
        self.state().uploads.len()
    }

    /// What was asked so far, as methods and paths.
    #[must_use]
    pub fn asked(&self) -> Vec<String> {
        self.state().asked.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is to become of a request, of those faults that wait for its method.
    fn fault(&self, method: &Method) -> Option<Fault> {
        let mut state = self.state();
        if state.down {
            return Some(Fault::Cut);
        }
        let at = state.faults.iter().position(|(of, _)| of == method)?;
        state.faults.remove(at).map(|(_, fault)| fault)
    }

    async fn answer(self, request: Request<Incoming>) -> Result<Response<Body>, std::io::Error> {
        let (head, body) = request.into_parts();
        self.state().asked.push(format!("{} {}", head.method, head.uri));
        let fault = self.fault(&head.method);
        let cut = || std::io::Error::from(std::io::ErrorKind::ConnectionReset);
        match fault {
            Some(Fault::Silence) => std::future::pending().await,
            Some(Fault::Slow(time)) => tokio::time::sleep(time).await,
            Some(Fault::Cut) if head.method != Method::GET => return Err(cut()),
            Some(Fault::Status(status)) => {
                let status = StatusCode::from_u16(status).map_err(std::io::Error::other)?;
                return Ok(answer::error(status, "Told", "as it was told to"));
            }
            Some(Fault::Redirect) => return Ok(answer::elsewhere()),
            Some(Fault::Cut | Fault::Pass) | None => {}
        }
        let body = body.collect().await.map_err(std::io::Error::other)?.to_bytes();
        let answer = answer::answer(&mut self.state(), &head, &body);
        if fault != Some(Fault::Cut) {
            return Ok(answer);
        }
        let (head, body) = answer.into_parts();
        let whole = body.collect().await?.to_bytes();
        let half = whole.slice(..whole.len() / 2);
        // The connection ends before as much came as was said.
        let pieces = [Ok(Frame::data(half)), Err(cut())];
        let body = StreamBody::new(futures_util::stream::iter(pieces));
        Ok(Response::from_parts(head, BodyExt::boxed(body)))
    }
}

fn full(content: Bytes) -> Body {
    Full::new(content).map_err(|never: Infallible| match never {}).boxed()
}

fn empty() -> Body {
    Empty::new().map_err(|never: Infallible| match never {}).boxed()
}
