//! Services that each member offers for itself.

use serde_json::{Value, json};

use crate::place::{Place, code, end, next, say};
use crate::site::Socket;

/// Under which names `user` can be called, as `socket` is told.
async fn reached(place: &Place, socket: &mut Socket, user: &Value) -> Value {
    let args = json!({"user": user, "begin": "me/"});
    place.call(socket, 70, "kith/reach", json!({"args": args})).await;
    end(socket, 70).await["returned"].clone()
}

/// How a call of the personal service of `user` ends, when nobody answers it.
async fn ring(place: &Place, socket: &mut Socket, user: &Value) -> String {
    place.call(socket, 71, "me/door", json!({"provider": {"user": user}, "deadline_ms": 1})).await;
    code(&end(socket, 71).await)
}

#[tokio::test]
async fn whoever_may_call_is_called_by_name_and_the_caller_is_told_by_the_server() {
    let place = Place::open().await;
    // Neither may offer to the circle.
    let mut bob = place.provider("bob", "me/door", json!({})).await;
    let mut also = place.provider("cyd", "me/door", json!({})).await;
    let mut cyd = place.enter("cyd").await;
    assert_eq!(reached(&place, &mut cyd, &bob.user).await, json!([{"name": "me/door"}]));
    let to_bob = json!({"provider": {"user": bob.user}, "args": "knock"});
    place.call(&mut cyd, 1, "me/door", to_bob).await;
    let called = next(&mut bob, "called").await;
    assert_eq!((&called["user"], &called["args"]), (&cyd.user, &json!("knock")));
    assert_eq!(say(&mut bob, "done", &called["call"], json!({"value": "open"})).await, "noted");
    assert_eq!(end(&mut cyd, 1).await["returned"], "open");

    // One's own are reached as well, and each has its own of the same name.
    let to_cyd = json!({"provider": {"user": cyd.user}});
    place.call(&mut cyd, 2, "me/door", to_cyd).await;
    assert_eq!(next(&mut also, "called").await["user"], cyd.user);
    for more in [json!({}), json!({"provider": {"session": bob.session}})] {
        place.call(&mut cyd, 3, "me/door", more).await;
        assert_eq!(code(&end(&mut cyd, 3).await), "input.empty");
    }
    let ana = place.enter("ana").await;
    assert_eq!(ring(&place, &mut cyd, &ana.user).await, "service.not_found");
}

#[tokio::test]
async fn the_circle_is_not_told_of_personal_services() {
    let place = Place::open().await;
    let mut ana = place.enter("ana").await;
    let follow = ana.ask(json!({"id": 1, "subscribe": [{"feed": place.circle}]})).await;
    assert_eq!(code(&follow), "noted");
    let mut bob = place.provider("bob", "me/door", json!({})).await;
    let listed = json!({"id": 2, "get": {"services": {"circle": place.circle, "begin": "me/"}}});
    assert_eq!(ana.ask(listed).await["got"]["services"]["services"], json!([]));
    let mut cyd = place.enter("cyd").await;
    place.call(&mut cyd, 1, "me/door", json!({"provider": {"user": bob.user}})).await;
    next(&mut bob, "called").await;
    let calls = json!({"id": 3, "get": {"calls": {"circle": place.circle}}});
    assert_eq!(ana.ask(calls).await["got"]["calls"]["calls"], json!([]));
    // What the circle is told of comes before what is offered to it afterwards.
    place.provider("dan", "math/add", json!({})).await;
    assert_eq!(next(&mut ana, "offered").await["name"], "math/add");
}

#[tokio::test]
async fn who_blocks_or_is_blocked_reaches_nobody() {
    for (who, other) in [("bob", "cyd"), ("cyd", "bob")] {
        let place = Place::open().await;
        let mut bob = place.provider("bob", "me/door", json!({})).await;
        let mut cyd = place.enter("cyd").await;
        let (me, them) = if who == "bob" { (&mut bob, &cyd.user) } else { (&mut cyd, &bob.user) };
        let them = them.clone();
        me.ask(json!({"id": 1, "do": {"block": {"user": them}}})).await;
        assert_eq!(ring(&place, &mut cyd, &bob.user).await, "service.not_found", "{other}");
        assert_eq!(reached(&place, &mut cyd, &bob.user).await, json!([]));
        let me = if who == "bob" { &mut bob } else { &mut cyd };
        me.ask(json!({"id": 2, "do": {"unblock": {"user": them}}})).await;
        assert_eq!(ring(&place, &mut cyd, &bob.user).await, "service.late");
    }
}

#[tokio::test]
async fn whoever_may_not_call_offers_no_personal_services_either() {
    for way in ["kick", "time_out", "role"] {
        let place = Place::open().await;
        let mut bob = place.provider("bob", "me/door", json!({})).await;
        let mut dan = place.enter("dan").await;
        assert_eq!(ring(&place, &mut dan, &bob.user).await, "service.late");
        let (circle, user) = (&place.circle, &bob.user);
        let (order, expected) = match way {
            "kick" => (json!({"kick": {"circle": circle, "user": user}}), "circle.not_found"),
            "time_out" => (
                json!({"time_out": {"circle": circle, "user": user, "seconds": 60}}),
                "member.timed_out",
            ),
            _ => {
                let role = json!({"circle": circle, "role": place.everyone, "name": "member",
                    "allow": ["read"], "rank": 0});
                (json!({"change_role": role}), "permission.denied")
            }
        };
        place.order(order).await;
        let withdrawn = next(&mut bob, "withdrawn").await;
        assert_eq!(withdrawn["problem"]["code"], expected, "{way}");
        assert_eq!(code(&place.offer(&mut bob, "me/door", json!({})).await), expected);
        assert_eq!(ring(&place, &mut dan, &bob.user).await, "service.not_found");
    }
}
