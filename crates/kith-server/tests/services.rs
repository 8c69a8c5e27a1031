//! Services over real sockets: who is called, what is told, and how each call ends.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

#[path = "services/commands.rs"]
mod commands;
#[path = "services/personal.rs"]
mod personal;
#[path = "services/place.rs"]
mod place;
#[path = "services/rights.rs"]
mod rights;
#[path = "common/site.rs"]
mod site;

use serde_json::{Value, json};

use crate::place::{Place, code, end, next, say};

#[tokio::test]
async fn a_provider_is_told_who_calls_by_the_server_and_answers() {
    let place = Place::open().await;
    let mut ana = place.provider("ana", "math/add", json!({})).await;
    let mut bob = place.enter("bob").await;
    let forged = json!({"user": ana.user, "session": ana.session, "a": 1});
    place
        .call(&mut bob, 5, "math/add", json!({"args": forged, "key": "k", "progress": true}))
        .await;
    let called = next(&mut ana, "called").await;
    assert_eq!((&called["user"], &called["session"]), (&bob.user, &bob.session));
    assert_eq!((&called["args"], &called["circle"]), (&forged, &place.circle));
    assert_eq!((&called["key"], &called["name"]), (&json!("k"), &json!("math/add")));
    assert!((1..=30_000).contains(&called["deadline_ms"].as_u64().unwrap()));
    assert_eq!(say(&mut ana, "progress", &called["call"], json!({"value": 0.5})).await, "noted");
    assert_eq!(next(&mut bob, "progress").await, json!({"id": 5, "value": 0.5}));
    assert_eq!(say(&mut ana, "done", &called["call"], json!({"value": [1]})).await, "noted");
    assert_eq!(end(&mut bob, 5).await["returned"], json!([1]));
    assert_eq!(say(&mut ana, "done", &called["call"], json!({})).await, "call.not_found");

    // Nothing but its fields can say who calls.
    let call = json!({"circle": place.circle, "name": "math/add", "user": ana.user});
    let refused = bob.ask(json!({"id": 6, "service": {"call": call}})).await;
    assert_eq!(code(&refused), "input.invalid");
}

#[tokio::test]
async fn nobody_answers_what_another_was_asked() {
    let place = Place::open().await;
    let mut ana = place.provider("ana", "math/add", json!({})).await;
    let mut dan = place.provider("dan", "math/add", json!({})).await;
    let mut bob = place.enter("bob").await;
    let user = json!({"provider": {"user": ana.user}});
    place.call(&mut bob, 1, "math/add", user).await;
    let called = next(&mut ana, "called").await;
    for socket in [&mut dan, &mut bob] {
        assert_eq!(say(socket, "done", &called["call"], json!({})).await, "call.not_found");
    }
    assert_eq!(say(&mut ana, "done", &called["call"], json!({"value": 1})).await, "noted");
    assert_eq!(end(&mut bob, 1).await["returned"], 1);
}

#[tokio::test]
async fn what_a_provider_says_of_a_failure_is_never_taken_for_the_servers_word() {
    let place = Place::open().await;
    let mut ana = place.provider("ana", "math/add", json!({})).await;
    let mut bob = place.enter("bob").await;
    place.call(&mut bob, 1, "math/add", json!({})).await;
    let called = next(&mut ana, "called").await;
    let said = json!({"code": "permission.denied", "message": "no", "data": {"at": 3}});
    assert_eq!(say(&mut ana, "fail", &called["call"], said.clone()).await, "noted");
    let ended = end(&mut bob, 1).await;
    assert_eq!((code(&ended).as_str(), &ended["failure"]), ("service.failed", &said));
    let bad = say(&mut ana, "fail", &called["call"], json!({"code": "a b", "message": "no"})).await;
    assert_eq!(bad, "input.malformed");
}

#[tokio::test]
async fn calls_are_shared_by_policy() {
    for (policy, keys, expected) in
        [("any", false, vec![2, 2]), ("round_robin", false, vec![2, 2]), ("sticky", true, vec![4])]
    {
        let place = Place::open().await;
        let more = json!({"policy": policy});
        let mut ana = place.provider("ana", "math/add", more.clone()).await;
        let mut dan = place.provider("dan", "math/add", more).await;
        let other = json!({"policy": if policy == "any" { "sticky" } else { "any" }});
        let refused = place.offer(&mut dan, "math/add", other).await;
        assert_eq!(code(&refused), "service.other_policy");
        let mut bob = place.enter("bob").await;
        for id in 1..=4 {
            let more = if keys { json!({"key": "mine"}) } else { json!({}) };
            place.call(&mut bob, id, "math/add", more).await;
        }
        let asked =
            json!({"get": {"services": {"circle": place.circle, "begin": "math/"}}, "id": 9});
        let found = bob.ask(asked).await;
        assert_eq!(found["got"]["services"]["services"][0]["providers"], 2, "{found}");
        // Each provider's next frames are its calls: what the other has is known without waiting.
        let mut counts = Vec::new();
        for socket in [&mut ana, &mut dan] {
            let asked = json!({"id": 92, "get": {"ping": {}}});
            let told = socket.ask_all(asked).await;
            counts.push(told.matches("\"called\"").count());
        }
        counts.retain(|count| *count > 0);
        assert_eq!(counts, expected, "{policy}");
    }
}

#[tokio::test]
async fn whoever_has_enough_to_do_is_given_no_more_and_others_wait() {
    let place = Place::open().await;
    let mut ana = place.provider("ana", "math/add", json!({"at_once": 1})).await;
    let mut bob = place.enter("bob").await;
    for id in 1..=100 {
        place.call(&mut bob, id, "math/add", json!({"args": id})).await;
    }
    place.call(&mut bob, 101, "math/add", json!({})).await;
    assert_eq!(code(&end(&mut bob, 101).await), "limit.too_many");
    place.call(&mut bob, 100, "math/add", json!({})).await;
    assert_eq!(code(&end(&mut bob, 100).await), "call.open");
    let mut cyd = place.enter("cyd").await;
    place.call(&mut cyd, 1, "math/add", json!({})).await;
    place.call(&mut cyd, 2, "math/add", json!({})).await;
    assert_eq!(code(&end(&mut cyd, 2).await), "service.busy");
    for args in 1..=3 {
        let called = next(&mut ana, "called").await;
        assert_eq!(called["args"], args);
        // The next call comes before the reply.
        let done = json!({"done": {"call": called["call"]}});
        assert!(ana.send(&json!({"id": 91, "service": done})).await);
        assert_eq!(code(&end(&mut bob, args).await), "returned");
    }
}

#[tokio::test]
async fn a_stream_comes_as_it_is_asked_for() {
    let place = Place::open().await;
    let mut ana = place.provider("ana", "math/count", json!({})).await;
    let mut bob = place.enter("bob").await;
    place.call(&mut bob, 1, "math/count", json!({"credit": 2})).await;
    let called = next(&mut ana, "called").await;
    assert_eq!(called["credit"], 2);
    let call = &called["call"];
    for value in 1..=2 {
        assert_eq!(say(&mut ana, "item", call, json!({"value": value})).await, "noted");
        assert_eq!(next(&mut bob, "item").await, json!({"id": 1, "value": value}));
    }
    let beyond = say(&mut ana, "item", call, json!({"value": 3})).await;
    assert_eq!(beyond, "service.no_credit");
    assert_eq!(say(&mut bob, "credit", &json!(1), json!({"more": 1})).await, "noted");
    assert_eq!(next(&mut ana, "credit").await, json!({"call": call, "more": 1}));
    let too_much = say(&mut bob, "credit", &json!(1), json!({"more": 1000})).await;
    assert_eq!(too_much, "limit.too_many");
    assert_eq!(say(&mut ana, "item", call, json!({"value": 3})).await, "noted");
    assert_eq!(next(&mut bob, "item").await["value"], 3);
    assert_eq!(say(&mut ana, "done", call, json!({})).await, "noted");
    let ended = end(&mut bob, 1).await;
    assert_eq!((code(&ended).as_str(), &ended["returned"]), ("returned", &Value::Null));
    assert_eq!(say(&mut bob, "credit", &json!(1), json!({"more": 1})).await, "call.not_found");
}

#[tokio::test]
async fn who_does_not_take_a_stream_loses_it_and_nobody_else_anything() {
    let place = Place::open().await;
    let mut ana = place.provider("ana", "math/count", json!({})).await;
    let mut bob = place.enter("bob").await;
    place.call(&mut bob, 1, "math/count", json!({"credit": 1000})).await;
    let called = next(&mut ana, "called").await;
    let value = json!({"value": "x".repeat(60_000)});
    let last = loop {
        let said = say(&mut ana, "item", &called["call"], value.clone()).await;
        if said != "noted" {
            break said;
        }
    };
    assert_eq!(last, "call.not_found");
    assert_eq!(code(&end(&mut bob, 1).await), "service.too_slow");
    let mut cyd = place.enter("cyd").await;
    place.call(&mut cyd, 1, "math/count", json!({})).await;
    let called = next(&mut ana, "called").await;
    assert_eq!(say(&mut ana, "done", &called["call"], json!({})).await, "noted");
    assert_eq!(code(&end(&mut cyd, 1).await), "returned");
}

#[tokio::test]
async fn a_call_can_be_cancelled_and_failed_from_either_side() {
    let place = Place::open().await;
    let mut ana = place.provider("ana", "math/add", json!({})).await;
    let mut bob = place.enter("bob").await;
    place.call(&mut bob, 1, "math/add", json!({})).await;
    let called = next(&mut ana, "called").await;
    assert!(bob.send(&json!({"id": 2, "service": {"cancel": {"call": 1}}})).await);
    let ended = end(&mut bob, 1).await;
    assert_eq!((code(&ended).as_str(), &ended["unknown"]), ("service.cancelled", &json!(true)));
    assert_eq!(code(&end(&mut bob, 2).await), "noted");
    let cancelled = next(&mut ana, "cancelled").await;
    assert_eq!(cancelled, json!({"call": called["call"], "why": "cancelled"}));
    assert_eq!(say(&mut ana, "done", &called["call"], json!({})).await, "call.not_found");
    assert_eq!(say(&mut bob, "cancel", &json!(1), json!({})).await, "call.not_found");

    // The other way: the provider lets go of what it has.
    place.call(&mut bob, 3, "math/add", json!({})).await;
    next(&mut ana, "called").await;
    let fields = json!({"circle": place.circle, "name": "math/add"});
    let gently = ana.ask(json!({"id": 1, "service": {"withdraw": fields}})).await;
    assert_eq!(code(&gently), "noted");
    place.call(&mut bob, 4, "math/add", json!({})).await;
    assert_eq!(code(&end(&mut bob, 4).await), "service.not_found");
    let mut fields = fields;
    fields["now"] = true.into();
    let at_once = ana.ask(json!({"id": 1, "service": {"withdraw": fields}})).await;
    assert_eq!(code(&at_once), "noted");
    let ended = end(&mut bob, 3).await;
    assert_eq!((code(&ended).as_str(), &ended["unknown"]), ("service.gone", &json!(true)));
}

#[tokio::test]
async fn the_server_keeps_the_time() {
    let place = Place::open().await;
    let mut ana = place.provider("ana", "math/add", json!({"at_once": 1})).await;
    let mut bob = place.enter("bob").await;
    place.call(&mut bob, 1, "math/add", json!({})).await;
    place.call(&mut bob, 2, "math/add", json!({"deadline_ms": 1})).await;
    let called = next(&mut ana, "called").await;
    let waited = end(&mut bob, 2).await;
    assert_eq!((code(&waited).as_str(), waited.get("unknown")), ("service.late", None));
    assert_eq!(say(&mut ana, "done", &called["call"], json!({})).await, "noted");
    assert_eq!(code(&end(&mut bob, 1).await), "returned");
    // It is ana's at once.
    place.call(&mut bob, 3, "math/add", json!({"deadline_ms": 1})).await;
    let called = next(&mut ana, "called").await;
    let ended = end(&mut bob, 3).await;
    assert_eq!((code(&ended).as_str(), &ended["unknown"]), ("service.late", &json!(true)));
    let cancelled = next(&mut ana, "cancelled").await;
    assert_eq!(cancelled, json!({"call": called["call"], "why": "late"}));
}

#[tokio::test]
async fn what_a_provider_had_ends_when_it_is_gone() {
    let place = Place::open().await;
    let mut ana = place.provider("ana", "math/add", json!({})).await;
    let mut bob = place.enter("bob").await;
    bob.ask(json!({"id": 8, "subscribe": [{"feed": place.circle}]})).await;
    place.call(&mut bob, 1, "math/add", json!({})).await;
    next(&mut ana, "called").await;
    drop(ana);
    let ended = end(&mut bob, 1).await;
    assert_eq!((code(&ended).as_str(), &ended["unknown"]), ("service.gone", &json!(true)));
    let offered = next(&mut bob, "offered").await;
    assert_eq!((&offered["name"], &offered["providers"]), (&json!("math/add"), &json!(0)));
    place.call(&mut bob, 2, "math/add", json!({})).await;
    assert_eq!(code(&end(&mut bob, 2).await), "service.not_found");
}

#[tokio::test]
async fn what_a_caller_wanted_ends_when_it_is_gone() {
    let place = Place::open().await;
    let mut ana = place.provider("ana", "math/add", json!({})).await;
    let mut bob = place.enter("bob").await;
    place.call(&mut bob, 1, "math/add", json!({})).await;
    let called = next(&mut ana, "called").await;
    drop(bob);
    let cancelled = next(&mut ana, "cancelled").await;
    assert_eq!(cancelled, json!({"call": called["call"], "why": "gone"}));
}

#[tokio::test]
async fn a_call_by_rest_waits_for_its_one_result() {
    let place = Place::open().await;
    let mut ana = place.provider("ana", "math/add", json!({})).await;
    let line = format!("POST /circles/{}/calls", place.circle.as_str().unwrap());
    let call = |body: Value| {
        let (server, token, line) = (&place.server, &place.tokens["bob"], &line);
        async move { server.rest(token, line, &body.to_string()).await }
    };
    let serve = async {
        let called = next(&mut ana, "called").await;
        assert_eq!((&called["args"], called.get("credit")), (&json!([1, 2]), None));
        say(&mut ana, "done", &called["call"], json!({"value": 3})).await;
        let called = next(&mut ana, "called").await;
        let said = json!({"code": "too.odd", "message": "no"});
        say(&mut ana, "fail", &called["call"], said).await;
        next(&mut ana, "called").await;
        next(&mut ana, "cancelled").await;
    };
    let asked = async {
        let added = call(json!({"name": "math/add", "args": [1, 2]})).await;
        assert_eq!(added, (200, json!({"returned": 3})));
        let (status, failed) = call(json!({"name": "math/add"})).await;
        assert_eq!((status, &failed["failure"]["code"]), (502, &json!("too.odd")));
        let (status, late) = call(json!({"name": "math/add", "deadline_ms": 20})).await;
        assert_eq!((status, &late["code"]), (504, &json!("service.late")));
        let large = call(json!({"name": "math/add", "args": "x".repeat(70_000)})).await;
        assert_eq!((large.0, &large.1["code"]), (413, &json!("service.too_large")));
        let (_, echoed) = call(json!({"name": "kith/echo", "args": "tea"})).await;
        assert_eq!(echoed["returned"], "tea");
    };
    tokio::join!(serve, asked);
    let list = line.replace("POST", "GET").replace("calls", "services?begin=math/");
    let (status, found) = place.server.rest(&place.tokens["bob"], &list, "").await;
    assert_eq!((status, &found["services"][0]["name"]), (200, &json!("math/add")));
}
