//! Services of the circle as one client calls and offers them. What it calls runs beside all else that
//! it says, one request after another, as the originals answer them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use kith_core::access;
use kith_core::id::CircleId;
use kith_core::refusal::Refusal;
use kith_core::service::{AT_ONCE, DEADLINE_MS_MAX, Failure, Policy, bytes_of};
use kith_core::text::{CallKey, FailureCode, Line, ServiceName};
use kith_hub::service::{Answer, CallError, Called, Caller, Offer, Told, Wanted};
use kith_hub::{HubError, Subscriber};
use serde_json::Value as Json;
use tokio::sync::mpsc;

use crate::entry::RESERVED;
use crate::message::{self, Request, Service};
use crate::room::{Call, new_id, text};
use crate::{Gateway, Open};

/// The most requests of one client that wait; each brings as much as a call may.
const REQUESTS_MAX: usize = 64;
/// What the originals answer when a service fails.
const FAILED: &str = "request failed";

/// A request that waits for its turn.
pub(crate) struct Waiting {
    name: ServiceName,
    args: Json,
    id: String,
}

/// The services as one client has them.
pub(crate) struct Services<'a> {
    gateway: &'a Gateway,
    room: &'a Open,
    client: u64,
    subscriber: &'a Arc<Subscriber>,
    waiting: mpsc::Sender<Waiting>,
    /// The calls that it has as a provider, by the ids under which it was told of them.
    served: Mutex<HashMap<String, u64>>,
}

impl<'a> Services<'a> {
    /// The services of a client that has come, and its requests, to be handed to
    /// [`call`](Self::call).
    pub(crate) fn new(
        gateway: &'a Gateway,
        room: &'a Open,
        client: u64,
        subscriber: &'a Arc<Subscriber>,
    ) -> (Self, mpsc::Receiver<Waiting>) {
        let (waiting, requests) = mpsc::channel(REQUESTS_MAX);
        let served = Mutex::default();
        (Self { gateway, room, client, subscriber, waiting, served }, requests)
    }

    /// Deals with what the client says; `None` when the room has ended.
    pub(crate) async fn hear(&self, said: Service) -> Option<()> {
        match said {
            Service::Request(request) => self.ask(request).await,
            Service::Response { id, response } => {
                self.answer(&id, response);
                Some(())
            }
            Service::Register { name } => self.register(&name).await,
            Service::Unregister { name } => {
                let Some(name) = exact(&name) else { return Some(()) };
                let hub = &self.gateway.hub;
                // What it does not offer it offers no longer.
                let _ = hub.withdraw(self.subscriber, Some(self.circle()), &name, false);
                Some(())
            }
        }
    }

    /// Calls what the client asks for, one after another, as long as the room is there.
    pub(crate) async fn call(&self, requests: &mut mpsc::Receiver<Waiting>) {
        while let Some(Waiting { name, args, id }) = requests.recv().await {
            let answer = match self.one(name, args).await {
                Ok(value) => Some(value),
                Err(CallError::Hub(HubError::Refused(Refusal::NoSuchService))) => None,
                Err(_) => Some(Json::from(FAILED)),
            };
            if let Some(answer) = answer
                && self.respond(&id, &answer).await.is_none()
            {
                return;
            }
        }
    }

    /// What is told of services, as a frame; nothing where there is no word for it.
    pub(crate) fn told(&self, told: &Told) -> Bytes {
        match told {
            Told::Called(called) => self.called(called),
            Told::Cancelled { call, .. } => {
                self.served().retain(|_, served| served != call);
                Bytes::new()
            }
            // The client calls by single requests, and asks for no streams.
            Told::Item { .. }
            | Told::Progress { .. }
            | Told::Ended { .. }
            | Told::Credit { .. }
            | Told::Withdrawn { .. } => Bytes::new(),
        }
    }

    fn circle(&self) -> CircleId {
        self.room.circle
    }

    fn served(&self) -> MutexGuard<'_, HashMap<String, u64>> {
        self.served.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a request behind those that wait. One for what can be no service is not answered, as the
    /// originals do with those that nobody knows.
    async fn ask(&self, Request { name, args, id }: Request) -> Option<()> {
        let Some(name) = exact(&name) else { return Some(()) };
        let args = Json::Object(args);
        let fits = bytes_of(&args).is_ok();
        if !fits || self.waiting.try_send(Waiting { name, args, id: id.clone() }).is_err() {
            return self.respond(&id, &Json::from(FAILED)).await;
        }
        Some(())
    }

    async fn one(&self, name: ServiceName, args: Json) -> Result<Json, CallError> {
        let (hub, circle) = (&self.gateway.hub, Some(self.circle()));
        let (user, session) = (self.subscriber.user, self.subscriber.session);
        if name.is_reserved() {
            return Ok(hub.call_own(user, circle, &name, args).await?);
        }
        let wanted = Wanted {
            circle,
            name,
            args,
            // So the provider knows which client calls, and a sticky one stays with it.
            key: CallKey::parse(&self.client.to_string()).ok(),
            provider: None,
            stream: None,
            // The originals wait for as long as it takes.
            deadline_ms: DEADLINE_MS_MAX,
            credit: None,
            progress: false,
            guards: None,
        };
        let token_hash = self.room.token_hash.clone();
        hub.call_once(&Caller { user, session, token_hash }, wanted).await
    }

    /// Answers a request, after all that happened before; `None` when the room has ended.
    async fn respond(&self, id: &str, answer: &Json) -> Option<()> {
        let (hub, user, circle) = (&self.gateway.hub, self.subscriber.user, self.circle());
        let failed = text(&message::response(id, &Json::from(FAILED)));
        let version = self.subscriber.access_version();
        // What a service gave is for those alone who may still call.
        let may = hub.look(|draft| access::to_call(draft, user, circle).map(drop)).await;
        let answer = match may {
            Ok(()) => text(&message::response(id, answer)),
            Err(_) => failed.clone(),
        };
        let (client, instead) = (self.client, failed);
        self.room.calls.send(Call::Answer { client, answer, instead, version }).await.ok()
    }

    async fn register(&self, name: &str) -> Option<()> {
        let reason = match exact(name).filter(|_| !name.starts_with(RESERVED)) {
            None => "this is no name for a service".to_owned(),
            Some(name) => {
                let (circle, policy, at_once) = (Some(self.circle()), Policy::Any, AT_ONCE);
                let offer = Offer { circle, name, policy, at_once, about: None, hint: None };
                match self.gateway.hub.offer(self.subscriber, offer).await {
                    Ok(()) => return Some(()),
                    Err(error) => error.to_string(),
                }
            }
        };
        let client = self.client;
        self.room.calls.send(Call::Complain { client, reason }).await.ok()
    }

    /// Somebody calls what the client offers.
    fn called(&self, called: &Called) -> Bytes {
        if !called.args.is_object() {
            self.fail(called.call, "input.invalid", "the arguments are not an object");
            return Bytes::new();
        }
        let id = new_id(&self.gateway.numbers);
        let frame = text(&message::request(called.name.as_str(), &called.args, &id));
        self.served().insert(id, called.call);
        frame
    }

    /// The client answers a call that it was given.
    fn answer(&self, id: &str, response: Json) {
        let Some(call) = self.served().remove(id) else { return };
        let answered = self.gateway.hub.answer(self.subscriber, call, Answer::Done(response));
        match answered {
            Ok(()) | Err(HubError::Refused(Refusal::NoSuchCall)) => {}
            Err(error) => self.fail(call, error.code(), &error.to_string()),
        }
    }

    /// Ends a call that the client was given, on its behalf.
    fn fail(&self, call: u64, code: &str, message: &str) {
        let (Ok(code), Ok(message)) = (FailureCode::parse(code), Line::parse(message)) else {
            return;
        };
        let failure = Failure { code, message, data: Json::Null };
        // It may have ended meanwhile.
        let _ = self.gateway.hub.answer(self.subscriber, call, Answer::Failed(failure));
    }
}

/// A name that is one as it is.
fn exact(name: &str) -> Option<ServiceName> {
    ServiceName::parse(name).ok().filter(|parsed| parsed.as_str() == name)
}
