//! Services over the gateway: those of native sessions for topicsync clients, and the other way round.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops where it fails")]

#[path = "common/site.rs"]
mod site;

use kith_client::ClientError;
use kith_core::command::Command;
use kith_core::permission::{Permission, Permissions};
use kith_core::text::{RoleName, ServiceName};
use kith_proto::service::{Call, Offer, Why};
use serde_json::{Value as Json, json};
use site::{Got, Native, Site, Socket};

fn name(name: &str) -> ServiceName {
    ServiceName::parse(name).unwrap()
}

/// A client that was greeted.
async fn greeted(site: &Site) -> Socket {
    let mut client = site.client().await;
    assert!(matches!(client.next().await, Got::Message(_)));
    client
}

async fn register(client: &mut Socket, name: &str) {
    client.say("register_service", json!({"service_name": name})).await;
    assert_eq!(client.settled().await, []);
}

async fn request(client: &mut Socket, name: &str, args: Json, id: &str) {
    let args = json!({"service_name": name, "args": args, "request_id": id});
    client.say("request", args).await;
}

/// The next message, which is of this type.
async fn heard(client: &mut Socket, kind: &str) -> Json {
    let Got::Message(mut message) = client.next().await else { panic!("the end") };
    assert_eq!(message["type"], kind, "{message}");
    message["args"].take()
}

async fn respond(client: &mut Socket, id: &Json, response: Json) {
    client.say("response", json!({"request_id": id, "response": response})).await;
}

async fn call(native: &Native, site: &Site, service: &str, args: Json) -> Result<Json, String> {
    let call = Call::new(site.circle, name(service), args);
    native.client().call(call).await.map_err(|error| match error {
        ClientError::Refused(problem) => match problem.failure {
            Some(failure) => failure.code.as_str().to_owned(),
            None => problem.code,
        },
        other => other.to_string(),
    })
}

#[tokio::test]
async fn what_a_topicsync_client_offers_is_there_for_all() {
    let site = Site::open().await;
    let native = site.native(&site.token).await;
    let (mut one, mut two) = (greeted(&site).await, greeted(&site).await);
    register(&mut one, "sum").await;
    // For native sessions.
    let answering = async {
        let asked = heard(&mut one, "request").await;
        assert_eq!((&asked["service_name"], &asked["args"]), (&json!("sum"), &json!({"a": 1})));
        respond(&mut one, &asked["request_id"], json!(7)).await;
    };
    let (got, ()) = tokio::join!(call(&native, &site, "sum", json!({"a": 1})), answering);
    assert_eq!(got, Ok(json!(7)));
    // For other clients.
    request(&mut two, "sum", json!({}), "2_1").await;
    let asked = heard(&mut one, "request").await;
    respond(&mut one, &asked["request_id"], Json::Null).await;
    let answer = heard(&mut two, "response").await;
    assert_eq!(answer, json!({"request_id": "2_1", "response": null}));
    // What was answered is over, and nobody answers what was not asked.
    respond(&mut one, &asked["request_id"], json!(1)).await;
    respond(&mut one, &json!("0_999999"), json!(1)).await;
    respond(&mut two, &asked["request_id"], json!(1)).await;
    assert_eq!((one.settled().await, two.settled().await), (vec![], vec![]));
    one.say("unregister_service", json!({"service_name": "sum"})).await;
    assert_eq!(one.settled().await, []);
    assert_eq!(call(&native, &site, "sum", json!({})).await, Err("service.not_found".to_owned()));
    request(&mut two, "sum", json!({}), "2_2").await;
    assert_eq!(two.settled().await, [], "what nobody knows is not answered");
}

#[tokio::test]
async fn a_provider_that_goes_or_answers_too_much_fails_its_calls() {
    let site = Site::open().await;
    let native = site.native(&site.token).await;
    let mut one = greeted(&site).await;
    register(&mut one, "s").await;
    let list = call(&native, &site, "s", json!([1])).await;
    assert_eq!(list, Err("input.invalid".to_owned()), "topicsync has names for arguments");
    let answering = async {
        let asked = heard(&mut one, "request").await;
        let long = "x".repeat(64 * 1024);
        respond(&mut one, &asked["request_id"], json!(long)).await;
    };
    let (got, ()) = tokio::join!(call(&native, &site, "s", json!({})), answering);
    assert_eq!(got, Err("service.too_large".to_owned()));
    let leaving = async {
        heard(&mut one, "request").await;
        one.close().await;
    };
    let (got, ()) = tokio::join!(call(&native, &site, "s", json!({})), leaving);
    assert_eq!(got, Err("service.gone".to_owned()));
    assert_eq!(call(&native, &site, "s", json!({})).await, Err("service.not_found".to_owned()));
}

#[tokio::test]
async fn a_slow_service_holds_up_nothing_but_the_requests_behind_it() {
    let site = Site::open().await;
    let native = site.native(&site.token).await;
    let mut offered = native.client().offer(Offer::new(site.circle, name("slow"))).await.unwrap();
    let mut client = greeted(&site).await;
    for id in ["1", "2"] {
        request(&mut client, "slow", json!({"x": id}), id).await;
    }
    let first = offered.next().await.unwrap();
    assert_eq!(first.args(), &json!({"x": "1"}));
    // The rest goes on, for this client and for others.
    let topic = json!({"topic_name": "_topicsync/server_status"});
    client.say("subscribe", topic).await;
    heard(&mut client, "init").await;
    let mut other = greeted(&site).await;
    request(&mut other, "kith/echo", json!({"x": 1}), "3").await;
    let answer = heard(&mut other, "response").await;
    assert_eq!(answer, json!({"request_id": "3", "response": {"x": 1}}));
    first.finish(json!("one")).await.unwrap();
    assert_eq!(heard(&mut client, "response").await["response"], "one");
    let second = offered.next().await.unwrap();
    // Whoever leaves wants no answer.
    client.close().await;
    assert_eq!(second.cancelled().await, Why::Gone);
}

#[tokio::test]
async fn what_cannot_be_offered_or_called_is_said() {
    let site = Site::open().await;
    let mut client = site.client().await;
    let Got::Message(hello) = client.next().await else { panic!("no hello") };
    let mine = format!("_topicsync/client_message/{}", hello["args"]["id"]);
    client.say("subscribe", json!({"topic_name": mine})).await;
    heard(&mut client, "init").await;
    for name in ["_topicsync/x", "kith/x", "", " x"] {
        client.say("register_service", json!({"service_name": name})).await;
        let told = heard(&mut client, "update").await;
        assert_ne!(told["changes"][0]["value"], "", "{name}");
    }
    let long = "x".repeat(64 * 1024);
    request(&mut client, "kith/echo", json!({"x": long}), "1").await;
    let answer = heard(&mut client, "response").await;
    assert_eq!(answer, json!({"request_id": "1", "response": "request failed"}));
    // Slash commands are called from within streams.
    request(&mut client, "chat/x", json!({}), "2").await;
    assert_eq!(heard(&mut client, "response").await["response"], "request failed");
}

#[tokio::test]
async fn requests_beyond_the_bound_fail_at_once() {
    let site = Site::open().await;
    let native = site.native(&site.token).await;
    let mut offered = native.client().offer(Offer::new(site.circle, name("slow"))).await.unwrap();
    let mut client = greeted(&site).await;
    request(&mut client, "slow", json!({}), "first").await;
    let held = offered.next().await.unwrap();
    for id in 0..=64 {
        request(&mut client, "slow", json!({}), &id.to_string()).await;
    }
    let answer = heard(&mut client, "response").await;
    assert_eq!(answer, json!({"request_id": "64", "response": "request failed"}));
    held.finish(json!(1)).await.unwrap();
    assert_eq!(heard(&mut client, "response").await["request_id"], "first");
}

#[tokio::test]
async fn services_go_with_the_rights_of_the_gateways_user() {
    let site = Site::open().await;
    let bob = site.sign_up("bob").await;
    let owner = site.native(&bob).await;
    let ana = site.native(&site.token).await;
    owner.must(Command::Join { circle: site.circle }).await;
    let user = site.app.auth.caller(&bob).await.unwrap().user;
    ana.must(Command::ChangeOwner { circle: site.circle, owner: user }).await;
    let everyone = site.app.hub.circle(user, site.circle).await.unwrap().0.everyone;
    let allow = |allow: &[Permission]| Command::ChangeRole {
        circle: site.circle,
        role: everyone,
        name: RoleName::parse("everyone").unwrap(),
        allow: Permissions::of(allow),
        rank: 0,
    };
    let services = [Permission::Read, Permission::UseServices, Permission::OfferServices];
    owner.must(allow(&services)).await;
    let mut offered = owner.client().offer(Offer::new(site.circle, name("slow"))).await.unwrap();
    let mut client = greeted(&site).await;
    register(&mut client, "mine").await;
    request(&mut client, "slow", json!({}), "1").await;
    let open = offered.next().await.unwrap();
    owner.must(allow(&[Permission::Read])).await;
    let answer = heard(&mut client, "response").await;
    assert_eq!(answer, json!({"request_id": "1", "response": "request failed"}));
    assert_eq!(open.cancelled().await, Why::Gone);
    assert_eq!(call(&owner, &site, "mine", json!({})).await, Err("service.not_found".to_owned()));
    client.say("register_service", json!({"service_name": "mine"})).await;
    assert_eq!(client.settled().await, []);
    assert_eq!(call(&owner, &site, "mine", json!({})).await, Err("service.not_found".to_owned()));
}
