//! Offering services and calling them.

use std::sync::Arc;

use kith_core::id::{CircleId, SessionId, StreamId, UserId};
use kith_core::service::{AT_ONCE, AT_ONCE_MAX, CREDIT_MAX};
use kith_core::text::{FailureCode, Line, ServiceName};
use kith_proto::frame::Reply;
use kith_proto::service::{self, Called, Offer, Service, Why};
use serde_json::Value as Json;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::time::{Duration, sleep};

use crate::client::Client;
use crate::desk::{Invoke, PROGRESS_MAX};
use crate::driver;
use crate::error::ClientError;
use crate::session::Ask;

/// How often an answer is said again that came too fast for the server.
const AGAIN_MAX: u32 = 20;

/// Whether a call that is to be answered is still open, and how many items its caller takes.
#[derive(Debug)]
pub(crate) struct Life {
    credit: Semaphore,
    ended: watch::Sender<Option<Why>>,
}

impl Life {
    pub(crate) fn new(credit: u32) -> Self {
        let credit = usize::try_from(credit).unwrap_or(0).min(Semaphore::MAX_PERMITS);
        Self { credit: Semaphore::new(credit), ended: watch::Sender::new(None) }
    }

    pub(crate) fn credit(&self, more: u32) {
        let room = Semaphore::MAX_PERMITS - self.credit.available_permits();
        self.credit.add_permits(usize::try_from(more).unwrap_or(0).min(room));
    }

    pub(crate) fn end(&self, why: Why) {
        self.ended.send_replace(Some(why));
        self.credit.close();
    }
}

/// Says something without waiting for its answer, from where nothing can be awaited.
fn say(calls: &mpsc::Sender<driver::Call>, ask: Ask) {
    let (asker, _) = oneshot::channel();
    if let Err(mpsc::error::TrySendError::Full(call)) =
        calls.try_send(driver::Call::Ask(ask, asker))
        && let Ok(runtime) = tokio::runtime::Handle::try_current()
    {
        let calls = calls.clone();
        runtime.spawn(async move { calls.send(call).await });
    }
}

/// A service that this client offers, on this and every later connection. Dropping it withdraws the
/// offer; calls that were taken go on.
#[derive(Debug)]
pub struct Offered {
    client: Client,
    circle: Option<CircleId>,
    name: ServiceName,
    calls: mpsc::Receiver<Result<Call, ClientError>>,
}

impl Offered {
    /// The next call. May be dropped without loss.
    ///
    /// # Errors
    /// [`ClientError::Refused`] when the server does not let it be offered any longer, or the end of
    /// the client. Nothing follows.
    pub async fn next(&mut self) -> Result<Call, ClientError> {
        self.calls.recv().await.unwrap_or_else(|| Err(self.client.end()))
    }
}

impl Drop for Offered {
    fn drop(&mut self) {
        let (circle, name) = (self.circle, self.name.clone());
        say(&self.client.calls, Ask::Service(None, Service::Withdraw { circle, name, now: false }));
    }
}

/// A call to be answered. Dropped without an answer, it fails with the code `provider.dropped`.
#[derive(Debug)]
pub struct Call {
    called: Called,
    /// The number of the connection that it came on.
    connection: u64,
    life: Arc<Life>,
    calls: mpsc::Sender<driver::Call>,
    answered: bool,
}

impl Call {
    pub(crate) fn new(
        called: Called,
        connection: u64,
        life: Arc<Life>,
        calls: mpsc::Sender<driver::Call>,
    ) -> Self {
        Self { called, connection, life, calls, answered: false }
    }

    /// Lets it go without an answer.
    pub(crate) fn forget(mut self) {
        self.answered = true;
    }

    /// With what it was called.
    #[must_use]
    pub fn args(&self) -> &Json {
        &self.called.args
    }

    /// Who calls, as the server says.
    #[must_use]
    pub fn caller(&self) -> (UserId, SessionId) {
        (self.called.user, self.called.session)
    }

    /// The stream that a slash command is called from within; the caller may write there.
    #[must_use]
    pub fn stream(&self) -> Option<StreamId> {
        self.called.stream
    }

    /// All that the server says of it.
    #[must_use]
    pub fn called(&self) -> &Called {
        &self.called
    }

    /// Waits until the call has ended without an answer, and says why. May be dropped.
    pub async fn cancelled(&self) -> Why {
        let mut ended = self.life.ended.subscribe();
        // The sender lives as long as the call does.
        let why = ended.wait_for(Option::is_some).await;
        why.map_or(Why::Gone, |why| why.unwrap_or(Why::Gone))
    }

    /// Tells how far it is, to a caller who wants to know.
    ///
    /// # Errors
    /// As [`Self::finish`].
    pub async fn progress(&self, value: Json) -> Result<(), ClientError> {
        self.answer(Service::Progress { call: self.called.call, value }).await
    }

    /// Sends the next item of a stream, once its caller takes one.
    ///
    /// # Errors
    /// As [`Self::finish`]; where the caller asked for no stream, the server refuses it.
    pub async fn send(&self, value: Json) -> Result<(), ClientError> {
        if self.called.credit.is_some() {
            self.life.credit.acquire().await.map_err(|_| ClientError::Ended)?.forget();
        }
        self.answer(Service::Item { call: self.called.call, value }).await
    }

    /// Ends it with its result.
    ///
    /// # Errors
    /// [`ClientError::Ended`] or `call.not_found` when it has ended before,
    /// [`ClientError::NotConnected`], another refusal of the server, or the end of the client.
    pub async fn finish(mut self, value: Json) -> Result<(), ClientError> {
        let done = Service::Done { call: self.called.call, value };
        self.last(done).await
    }

    /// Ends it without a result, and says why: to programs by a code, to people by a sentence.
    ///
    /// # Errors
    /// As [`Self::finish`].
    pub async fn fail(self, code: FailureCode, message: Line) -> Result<(), ClientError> {
        self.fail_with(code, message, Json::Null).await
    }

    /// Ends it without a result, and says why, with what else there is to say.
    ///
    /// # Errors
    /// As [`Self::finish`].
    pub async fn fail_with(
        mut self,
        code: FailureCode,
        message: Line,
        data: Json,
    ) -> Result<(), ClientError> {
        let fail = Service::Fail { call: self.called.call, code, message, data };
        self.last(fail).await
    }

    /// The last answer. Where the server does not take it, the call has not ended: dropping it says
    /// so.
    async fn last(&mut self, service: Service) -> Result<(), ClientError> {
        self.answer(service).await?;
        self.answered = true;
        Ok(())
    }

    async fn answer(&self, service: Service) -> Result<(), ClientError> {
        let mut again = 0;
        loop {
            if self.life.ended.borrow().is_some() {
                return Err(ClientError::Ended);
            }
            let (asker, answer) = oneshot::channel();
            let ask = Ask::Service(Some(self.connection), service.clone());
            let sent = self.calls.send(driver::Call::Ask(ask, asker)).await;
            sent.map_err(|_| ClientError::Closed)?;
            match answer.await.map_err(|_| ClientError::Closed)? {
                Err(ClientError::Refused(problem))
                    if problem.code == "rate.limited" && again < AGAIN_MAX =>
                {
                    again += 1;
                    sleep(Duration::from_millis(problem.retry_ms.unwrap_or(100))).await;
                }
                answered => return answered.map(drop),
            }
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if self.answered || self.life.ended.borrow().is_some() {
            return;
        }
        let code = FailureCode::parse("provider.dropped");
        let message = Line::parse("the provider did not answer");
        if let (Ok(code), Ok(message)) = (code, message) {
            let (call, data) = (self.called.call, Json::Null);
            let fail = Service::Fail { call, code, message, data };
            say(&self.calls, Ask::Service(Some(self.connection), fail));
        }
    }
}

/// A part of what a service gives.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// The next item.
    Item(Json),
    /// How far it is, where that was asked for.
    Progress(Json),
    /// The result, which is the last.
    Done(Json),
}

/// A call that was made; dropped before its end, it is cancelled.
#[derive(Debug)]
struct Open {
    client: Client,
    /// `None` once it has ended.
    number: Option<u64>,
    answer: oneshot::Receiver<Result<Reply, ClientError>>,
}

impl Open {
    async fn end(&mut self) -> Result<Json, ClientError> {
        let answer = (&mut self.answer).await;
        self.number = None;
        match answer.map_err(|_| self.client.end())?? {
            Reply::Returned(value) => Ok(value),
            Reply::Done(_) | Reply::Got(_) | Reply::Noted => Err(ClientError::Unexpected),
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if let Some(call) = self.number {
            say(&self.client.calls, Ask::Service(None, Service::Cancel { call }));
        }
    }
}

/// What a service gives, part by part. Dropped before the end, the call is cancelled.
#[derive(Debug)]
pub struct Items {
    open: Open,
    parts: mpsc::Receiver<Part>,
    window: u32,
    /// Items that were taken and for which the service was not told to send others.
    owed: u32,
}

impl Items {
    /// The next part; `None` after the end. May be dropped without loss.
    ///
    /// # Errors
    /// As [`Client::call`]; nothing follows.
    pub async fn next(&mut self) -> Option<Result<Part, ClientError>> {
        let call = self.open.number?;
        if self.owed * 2 >= self.window {
            let (asker, _) = oneshot::channel();
            let credit = Ask::Service(None, Service::Credit { call, more: self.owed });
            // A client that has ended says so below.
            let _ = self.open.client.calls.send(driver::Call::Ask(credit, asker)).await;
            self.owed = 0;
        }
        match self.parts.recv().await {
            Some(part) => {
                self.owed += u32::from(matches!(part, Part::Item(_)));
                Some(Ok(part))
            }
            None => Some(self.open.end().await.map(Part::Done)),
        }
    }
}

impl Client {
    /// Offers a service, on this and every later connection, until what is given back is dropped.
    /// Resolves when it is offered.
    ///
    /// # Errors
    /// [`ClientError::Refused`] with the server's reason, or the end of the client.
    pub async fn offer(&self, offer: Offer) -> Result<Offered, ClientError> {
        let at_once = offer.at_once.unwrap_or(AT_ONCE).clamp(1, AT_ONCE_MAX);
        // Beside the calls there is room for the end of the offer.
        let (taken, calls) = mpsc::channel(usize::try_from(at_once).unwrap_or(1) + 1);
        let (circle, name) = (offer.circle, offer.name.clone());
        let (asker, answer) = oneshot::channel();
        self.tell(driver::Call::Offer(offer, taken, asker)).await?;
        let offered = Offered { client: self.clone(), circle, name, calls };
        answer.await.map_err(|_| self.end())??;
        Ok(offered)
    }

    /// Calls a service and waits for its result. Dropping this cancels the call.
    ///
    /// # Errors
    /// [`ClientError::Refused`] with the server's reason, within which `failure` holds the
    /// provider's, and `unknown` says that it may have been done; [`ClientError::Unknown`] when the
    /// connection was lost meanwhile; or the end of the client.
    pub async fn call(&self, call: service::Call) -> Result<Json, ClientError> {
        let call = service::Call { credit: None, progress: false, ..call };
        self.invoke(call, None).await?.end().await
    }

    /// Calls a service for a stream of results, of which up to `window` may be on their way: at least
    /// 1, at most 1000.
    ///
    /// # Errors
    /// Only the end of the client; all else is told by [`Items::next`].
    pub async fn call_stream(
        &self,
        call: service::Call,
        window: u32,
    ) -> Result<Items, ClientError> {
        let window = window.clamp(1, CREDIT_MAX);
        let call = service::Call { credit: Some(window), ..call };
        let room = usize::try_from(window).unwrap_or(1) + PROGRESS_MAX;
        let (sender, parts) = mpsc::channel(room);
        let open = self.invoke(call, Some(sender)).await?;
        Ok(Items { open, parts, window, owed: 0 })
    }

    async fn invoke(
        &self,
        call: service::Call,
        parts: Option<mpsc::Sender<Part>>,
    ) -> Result<Open, ClientError> {
        let (asker, answer) = oneshot::channel();
        let (number, told) = oneshot::channel();
        let invoke = Box::new(Invoke { call, parts, number, asker });
        self.tell(driver::Call::Invoke(invoke)).await?;
        let number = told.await.map_err(|_| self.end())?;
        Ok(Open { client: self.clone(), number: Some(number), answer })
    }
}
