//! Offering services and calling them, over real sockets, against a server that does what goes
//! wrong.

#![expect(clippy::unwrap_used, reason = "what a test relies on fails it")]

#[path = "live/fake.rs"]
#[expect(dead_code, reason = "another test uses the rest")]
mod fake;

use fake::{Fake, Peer};
use kith_client::{Client, ClientError, Encoding, Events, Items, Part, service};
use kith_core::id::{CircleId, SessionId, Timestamp, UserId};
use kith_core::service::Provider;
use kith_core::text::{FailureCode, Line, ServiceName};
use kith_proto::error::Problem;
use kith_proto::frame::{Push, Reply};
use kith_proto::service::{Called, Offer, Service, Told, Why};
use serde_json::{Value, json};

fn tea() -> CircleId {
    CircleId::new(Timestamp(1), 1)
}

fn add() -> ServiceName {
    ServiceName::parse("math/add").unwrap()
}

fn wanted() -> service::Call {
    service::Call::new(tea(), add(), json!([1, 2]))
}

fn called(call: u64, credit: Option<u32>) -> Told {
    Told::Called(Called {
        call,
        circle: Some(tea()),
        name: add(),
        args: json!([1, 2]),
        user: UserId::new(Timestamp(1), 2),
        session: SessionId::new(Timestamp(1), 3),
        stream: None,
        key: None,
        deadline_ms: 30_000,
        credit,
        progress: true,
        guard: false,
    })
}

/// The next request about services, and its number.
async fn asked(peer: &mut Peer) -> (u64, Service) {
    let request = peer.request().await;
    (request.id, request.service.unwrap())
}

async fn tell(peer: &mut Peer, told: Told) {
    peer.push(&Push::Service(told)).await;
}

/// Takes the next request about services and notes it.
async fn noted(peer: &mut Peer) -> Service {
    let (id, service) = asked(peer).await;
    peer.push(&Push::Ok { id, reply: Reply::Noted }).await;
    service
}

async fn connected(fake: &Fake) -> (Client, Events, Peer) {
    let (connected, peer) = tokio::join!(Client::connect(fake.options()), fake.accept());
    let (client, events) = connected.unwrap();
    (client, events, peer)
}

async fn offered(client: &Client, peer: &mut Peer) -> kith_client::Offered {
    let (offered, service) = tokio::join!(client.offer(Offer::new(tea(), add())), noted(peer));
    assert_eq!(service, Service::Offer(Offer::new(tea(), add())));
    offered.unwrap()
}

#[tokio::test]
async fn a_provider_answers_as_its_caller_takes_it() {
    for encoding in Encoding::ALL {
        let fake = Fake::start(encoding).await;
        let (client, _events, mut peer) = connected(&fake).await;
        let mut offered = offered(&client, &mut peer).await;
        tell(&mut peer, called(1, Some(1))).await;
        let call = offered.next().await.unwrap();
        assert_eq!((call.args(), call.caller().0), (&json!([1, 2]), UserId::new(Timestamp(1), 2)));
        let (said, heard) = tokio::join!(call.progress(json!(0.5)), noted(&mut peer));
        assert_eq!((said, heard), (Ok(()), Service::Progress { call: 1, value: json!(0.5) }));
        let (said, heard) = tokio::join!(call.send(json!(1)), noted(&mut peer));
        assert_eq!((said, heard), (Ok(()), Service::Item { call: 1, value: json!(1) }));
        // The second waits until it is asked for.
        let more = async {
            tell(&mut peer, Told::Credit { call: 1, more: 1 }).await;
            noted(&mut peer).await
        };
        let (said, heard) = tokio::join!(call.send(json!(2)), more);
        assert_eq!((said, heard), (Ok(()), Service::Item { call: 1, value: json!(2) }));
        let (said, heard) = tokio::join!(call.finish(json!(3)), noted(&mut peer));
        assert_eq!((said, heard), (Ok(()), Service::Done { call: 1, value: json!(3) }));
    }
}

#[tokio::test]
async fn a_call_that_was_cancelled_takes_no_more() {
    let fake = Fake::start(Encoding::Json).await;
    let (client, _events, mut peer) = connected(&fake).await;
    let mut offered = offered(&client, &mut peer).await;
    tell(&mut peer, called(1, Some(0))).await;
    let call = offered.next().await.unwrap();
    let cancelled = Told::Cancelled { call: 1, why: Why::Late };
    let (sent, why, ()) =
        tokio::join!(call.send(json!(1)), call.cancelled(), tell(&mut peer, cancelled));
    assert_eq!((sent, why), (Err(ClientError::Ended), Why::Late));
    assert_eq!(call.finish(json!(1)).await, Err(ClientError::Ended));
}

#[tokio::test]
async fn an_offer_outlives_the_connection_and_its_calls_do_not() {
    let fake = Fake::start(Encoding::Json).await;
    let (client, _events, mut peer) = connected(&fake).await;
    let mut offered = offered(&client, &mut peer).await;
    tell(&mut peer, called(1, None)).await;
    let old = offered.next().await.unwrap();
    drop(peer);
    assert_eq!(old.cancelled().await, Why::Gone);
    let mut peer = fake.accept().await;
    assert_eq!(noted(&mut peer).await, Service::Offer(Offer::new(tea(), add())));
    // The number means another call now.
    tell(&mut peer, called(1, None)).await;
    let new = offered.next().await.unwrap();
    assert_eq!(old.finish(json!("old")).await, Err(ClientError::Ended));
    let (said, heard) = tokio::join!(new.finish(json!("new")), noted(&mut peer));
    assert_eq!((said, heard), (Ok(()), Service::Done { call: 1, value: json!("new") }));
}

#[tokio::test]
async fn an_offer_ends_when_the_right_to_it_is_taken() {
    let fake = Fake::start(Encoding::Json).await;
    let (client, _events, mut peer) = connected(&fake).await;
    let mut offered = offered(&client, &mut peer).await;
    let withdrawn = |code: &str| {
        let problem = Problem::new(code, "no");
        Told::Withdrawn { circle: tea(), name: add(), problem }
    };
    // In doubt it is offered again.
    tell(&mut peer, withdrawn("access.changed")).await;
    assert_eq!(noted(&mut peer).await, Service::Offer(Offer::new(tea(), add())));
    tell(&mut peer, withdrawn("permission.denied")).await;
    let ended = offered.next().await.map(drop);
    assert_eq!(ended, Err(ClientError::Refused(Problem::new("permission.denied", "no"))));
    drop(peer);
    let mut peer = fake.accept().await;
    let (refused, ()) = tokio::join!(client.offer(Offer::new(tea(), add())), async {
        let (id, _) = asked(&mut peer).await;
        let problem = Problem::new("permission.denied", "no");
        peer.push(&Push::Error { id: Some(id), problem }).await;
    });
    assert!(matches!(refused, Err(ClientError::Refused(_))), "and not before on its own");
}

#[tokio::test]
async fn a_personal_service_is_offered_and_called_without_a_circle() {
    let fake = Fake::start(Encoding::Json).await;
    let (client, _events, mut peer) = connected(&fake).await;
    let door = ServiceName::parse("me/door").unwrap();
    let offer = Offer::personal(door.clone());
    let (offered, heard) = tokio::join!(client.offer(offer.clone()), noted(&mut peer));
    assert_eq!((heard, offer.circle), (Service::Offer(offer), None));
    let mut offered = offered.unwrap();
    let Told::Called(add) = called(1, None) else { panic!("a call") };
    tell(&mut peer, Told::Called(Called { circle: None, name: door.clone(), ..add })).await;
    let call = offered.next().await.unwrap();
    let (said, _) = tokio::join!(call.finish(json!(1)), noted(&mut peer));
    assert_eq!(said, Ok(()));
    drop(offered);
    let withdrawn = Service::Withdraw { circle: None, name: door.clone(), now: false };
    assert_eq!(noted(&mut peer).await, withdrawn);
    let call = service::Call::personal(UserId::new(Timestamp(1), 2), door, json!(2));
    let calling = tokio::spawn(async move { client.call(call).await });
    let (_, Service::Call(asked)) = asked(&mut peer).await else { panic!("a call") };
    let of = Provider::User(UserId::new(Timestamp(1), 2));
    assert_eq!((asked.circle, asked.provider), (None, Some(of)));
    calling.abort();
}

#[tokio::test]
async fn what_is_dropped_is_let_go() {
    let fake = Fake::start(Encoding::Json).await;
    let (client, _events, mut peer) = connected(&fake).await;
    let mut offered = offered(&client, &mut peer).await;
    tell(&mut peer, called(1, None)).await;
    drop(offered.next().await.unwrap());
    let Service::Fail { call: 1, code, .. } = noted(&mut peer).await else { panic!("not failed") };
    assert_eq!(code.as_str(), "provider.dropped");
    drop(offered);
    assert!(matches!(noted(&mut peer).await, Service::Withdraw { now: false, .. }));
    let calling = tokio::spawn({
        let client = client.clone();
        async move { client.call(wanted()).await }
    });
    let (id, _) = asked(&mut peer).await;
    calling.abort();
    assert_eq!(noted(&mut peer).await, Service::Cancel { call: id });
}

#[tokio::test]
async fn a_call_ends_with_its_result_or_the_providers_words() {
    let fake = Fake::start(Encoding::MsgPack).await;
    let (client, _events, mut peer) = connected(&fake).await;
    let (result, ()) = tokio::join!(client.call(wanted()), async {
        let (id, service) = asked(&mut peer).await;
        assert_eq!(service, Service::Call(wanted()));
        peer.push(&Push::Ok { id, reply: Reply::Returned(json!(3)) }).await;
    });
    assert_eq!(result, Ok(json!(3)));
    let failure = kith_core::service::Failure {
        code: FailureCode::parse("too.odd").unwrap(),
        message: Line::parse("no").unwrap(),
        data: Value::Null,
    };
    let failed = Some(Box::new(failure));
    let problem = Problem { failure: failed, ..Problem::new("service.failed", "see failure") };
    let (result, ()) = tokio::join!(client.call(wanted()), async {
        let (id, _) = asked(&mut peer).await;
        peer.push(&Push::Error { id: Some(id), problem: problem.clone() }).await;
    });
    assert_eq!(result, Err(ClientError::Refused(problem)));
}

#[tokio::test]
async fn a_call_whose_connection_was_lost_is_not_made_again() {
    let fake = Fake::start(Encoding::Json).await;
    let (client, _events, mut peer) = connected(&fake).await;
    let (result, _peer) = tokio::join!(client.call(wanted()), async {
        asked(&mut peer).await;
        drop(peer);
        fake.accept().await
    });
    assert_eq!(result, Err(ClientError::Unknown));
}

async fn part(items: &mut Items) -> Part {
    items.next().await.unwrap().unwrap()
}

#[tokio::test]
async fn a_stream_is_asked_for_as_it_is_taken() {
    let fake = Fake::start(Encoding::Json).await;
    let (client, _events, mut peer) = connected(&fake).await;
    let mut items = client.call_stream(wanted(), 2).await.unwrap();
    let (id, service) = asked(&mut peer).await;
    assert_eq!(service, Service::Call(service::Call { credit: Some(2), ..wanted() }));
    for number in 1..=2 {
        tell(&mut peer, Told::Item { id, value: json!(number) }).await;
    }
    tell(&mut peer, Told::Progress { id, value: json!(0.5) }).await;
    assert_eq!(part(&mut items).await, Part::Item(json!(1)));
    assert_eq!(part(&mut items).await, Part::Item(json!(2)));
    assert_eq!(noted(&mut peer).await, Service::Credit { call: id, more: 1 });
    assert_eq!(part(&mut items).await, Part::Progress(json!(0.5)));
    assert_eq!(noted(&mut peer).await, Service::Credit { call: id, more: 1 });
    tell(&mut peer, Told::Item { id, value: json!(3) }).await;
    peer.push(&Push::Ok { id, reply: Reply::Returned(Value::Null) }).await;
    assert_eq!(part(&mut items).await, Part::Item(json!(3)));
    assert_eq!(part(&mut items).await, Part::Done(Value::Null));
    assert_eq!(items.next().await, None);
    // It has ended: there is nothing to cancel.
    drop(items);
    assert_eq!(noted(&mut peer).await, Service::Credit { call: id, more: 1 });
    let _items = client.call_stream(wanted(), 1).await.unwrap();
    assert!(matches!(asked(&mut peer).await.1, Service::Call(_)));
}
