//! Programs that offer and call services through the Rust SDK, against the real server.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

#[path = "common/site.rs"]
mod site;

use kith_client::{Auth, Client, ClientError, Encoding, Offered, Options, Part, service};
use kith_core::id::CircleId;
use kith_core::text::{FailureCode, Line, ServiceName};
use kith_proto::service::{Offer, Why};
use serde_json::json;

use crate::site::Server;

struct Place {
    server: Server,
    circle: CircleId,
    ana: String,
    bob: String,
}

impl Place {
    async fn open() -> Self {
        let server = Server::open().await;
        let (ana, bob) = (server.user("ana").await, server.user("bob").await);
        let mut socket = server.enter(&ana).await;
        let make = json!({"create_circle": {"name": "Tea", "public": true}});
        let made = socket.ask(json!({"id": 1, "do": make})).await;
        let circle = made["done"]["circle"].clone();
        let mut socket = server.enter(&bob).await;
        socket.ask(json!({"id": 1, "do": {"join": {"circle": circle}}})).await;
        Self { server, circle: circle.as_str().unwrap().parse().unwrap(), ana, bob }
    }

    /// A program of whoever has the token; it takes no updates.
    async fn client(&self, token: &str, encoding: Encoding) -> Client {
        let auth = Auth::Token(token.to_owned());
        let options = Options { encoding, ..Options::new(&self.server.url(), auth) };
        Client::connect(options).await.unwrap().0
    }

    async fn offered(&self, client: &Client) -> Offered {
        client.offer(Offer::new(self.circle, name())).await.unwrap()
    }

    fn wanted(&self, count: u64) -> service::Call {
        service::Call::new(self.circle, name(), json!(count))
    }
}

fn name() -> ServiceName {
    ServiceName::parse("math/count").unwrap()
}

#[tokio::test]
async fn a_stream_goes_as_fast_as_it_is_taken() {
    for (one, other) in [(Encoding::Json, Encoding::MsgPack), (Encoding::MsgPack, Encoding::Json)] {
        let place = Place::open().await;
        let ana = place.client(&place.ana, one).await;
        let bob = place.client(&place.bob, other).await;
        let mut offered = place.offered(&ana).await;
        tokio::spawn(async move {
            let call = offered.next().await.unwrap();
            for number in 0..call.args().as_u64().unwrap() {
                call.send(json!({ "number": number })).await.unwrap();
            }
            call.finish(json!("all")).await.unwrap();
        });
        let mut items = bob.call_stream(place.wanted(20), 3).await.unwrap();
        for number in 0..20 {
            let part = items.next().await.unwrap();
            assert_eq!(part, Ok(Part::Item(json!({ "number": number }))));
        }
        assert_eq!(items.next().await, Some(Ok(Part::Done(json!("all")))));
        assert_eq!(items.next().await, None);
    }
}

#[tokio::test]
async fn a_result_a_failure_and_a_call_nobody_wants_any_more() {
    let place = Place::open().await;
    let ana = place.client(&place.ana, Encoding::Json).await;
    let bob = place.client(&place.bob, Encoding::Json).await;
    let mut offered = place.offered(&ana).await;
    let serve = async {
        offered.next().await.unwrap().finish(json!(3)).await.unwrap();
        let call = offered.next().await.unwrap();
        let code = FailureCode::parse("too.many").unwrap();
        call.fail(code, Line::parse("no").unwrap()).await.unwrap();
    };
    let ask = async {
        assert_eq!(bob.call(place.wanted(1)).await, Ok(json!(3)));
        let Err(ClientError::Refused(problem)) = bob.call(place.wanted(2)).await else {
            panic!("not refused");
        };
        assert_eq!(problem.code, "service.failed");
        assert_eq!(problem.failure.unwrap().code.as_str(), "too.many");
    };
    tokio::join!(serve, ask);
    let items = bob.call_stream(place.wanted(3), 1).await.unwrap();
    let call = offered.next().await.unwrap();
    drop(items);
    assert_eq!(call.cancelled().await, Why::Cancelled);
    let Err(ClientError::Ended) = call.send(json!(1)).await else { panic!("still open") };
    // Without its provider the service is not there.
    drop(offered);
    let Err(ClientError::Refused(problem)) = bob.call(place.wanted(4)).await else {
        panic!("not refused");
    };
    assert!(matches!(problem.code.as_str(), "service.not_found" | "service.failed"));
}
