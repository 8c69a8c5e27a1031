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
        place.call(&mut cyd, 1, "me/door", json!({"provider": {"user": bob.user}})).await;
        let called = next(&mut bob, "called").await;
        let (me, them) = if who == "bob" { (&mut bob, &cyd.user) } else { (&mut cyd, &bob.user) };
        let them = them.clone();
        me.send(&json!({"id": 2, "do": {"block": {"user": them}}})).await;
        // What was under way ends as if the other was gone.
        let ended = end(&mut cyd, 1).await;
        assert_eq!((code(&ended).as_str(), &ended["unknown"]), ("service.gone", &json!(true)));
        let cancelled = next(&mut bob, "cancelled").await;
        assert_eq!(cancelled, json!({"call": called["call"], "why": "gone"}));
        assert_eq!(ring(&place, &mut cyd, &bob.user).await, "service.not_found", "{other}");
        assert_eq!(reached(&place, &mut cyd, &bob.user).await, json!([]));
        let me = if who == "bob" { &mut bob } else { &mut cyd };
        me.ask(json!({"id": 3, "do": {"unblock": {"user": them}}})).await;
        assert_eq!(ring(&place, &mut cyd, &bob.user).await, "service.late");
    }
}

#[tokio::test]
async fn who_may_call_no_services_of_the_circle_meets_nobody_there() {
    for way in ["kick", "time_out", "role"] {
        for taken in ["bob", "cyd"] {
            let place = Place::open().await;
            let mut bob = place.provider("bob", "me/door", json!({})).await;
            let (mut cyd, mut dan) = (place.enter("cyd").await, place.enter("dan").await);
            place.call(&mut cyd, 1, "me/door", json!({"provider": {"user": bob.user}})).await;
            next(&mut bob, "called").await;
            let user = if taken == "bob" { &bob.user } else { &cyd.user };
            let circle = &place.circle;
            let order = match way {
                "kick" => json!({"kick": {"circle": circle, "user": user}}),
                "time_out" => {
                    json!({"time_out": {"circle": circle, "user": user, "seconds": 60}})
                }
                _ => {
                    let role = json!({"circle": circle, "role": place.everyone, "name": "member",
                        "allow": ["read"], "rank": 0});
                    json!({"change_role": role})
                }
            };
            place.order(order).await;
            assert_eq!(code(&end(&mut cyd, 1).await), "service.gone", "{way} {taken}");
            next(&mut bob, "cancelled").await;
            assert_eq!(ring(&place, &mut cyd, &bob.user).await, "service.not_found");
            assert_eq!(reached(&place, &mut cyd, &bob.user).await, json!([]));
            // It is offered all the same, to others.
            let other =
                if taken == "cyd" && way != "role" { "service.late" } else { "service.not_found" };
            assert_eq!(ring(&place, &mut dan, &bob.user).await, other, "{way} {taken}");
        }
    }
}

/// Does something for which there is an answer.
async fn act(socket: &mut Socket, command: Value) -> Value {
    let done = socket.ask(json!({"id": 80, "do": command})).await;
    assert!(done.get("done").is_some(), "{done}");
    done["done"].clone()
}

async fn write(socket: &mut Socket, stream: &Value) {
    act(socket, json!({"post": {"stream": stream, "text": "hi"}})).await;
}

/// Who is in the place, and two who share no circle with anybody.
async fn outside() -> (Place, Socket, Socket) {
    let mut place = Place::open().await;
    for name in ["eve", "fay"] {
        place.tokens.insert(name, place.server.user(name).await);
    }
    let eve = place.provider("eve", "me/door", json!({})).await;
    let fay = place.enter("fay").await;
    (place, eve, fay)
}

#[tokio::test]
async fn who_shares_only_a_conversation_is_called_once_both_have_written() {
    let (place, mut eve, mut fay) = outside().await;
    assert_eq!(ring(&place, &mut fay, &eve.user).await, "service.not_found");
    let stream = act(&mut fay, json!({"open_direct": {"user": eve.user}})).await["stream"].clone();
    write(&mut fay, &stream).await;
    // Whoever knows a name can write to somebody, and learns nothing by it.
    let silent = reached(&place, &mut fay, &eve.user).await;
    assert_eq!(silent, json!([]));
    assert_eq!(ring(&place, &mut fay, &eve.user).await, "service.not_found");
    write(&mut eve, &stream).await;
    assert_eq!(reached(&place, &mut fay, &eve.user).await, json!([{"name": "me/door"}]));
    place.call(&mut fay, 1, "me/door", json!({"provider": {"user": eve.user}, "args": 1})).await;
    let called = next(&mut eve, "called").await;
    assert_eq!((&called["user"], called.get("circle")), (&fay.user, None));
    assert_eq!(say(&mut eve, "done", &called["call"], json!({"value": 2})).await, "noted");
    assert_eq!(end(&mut fay, 1).await["returned"], 2);
    // By single requests too.
    let body = json!({"name": "kith/reach", "args": {"user": eve.user}}).to_string();
    let (status, told) = place.server.rest(&place.tokens["fay"], "POST /calls", &body).await;
    assert_eq!((status, &told["returned"]), (200, &json!([{"name": "me/door"}])));
    for (name, args) in [("kith/who", json!({})), ("math/add", json!({})), ("me/door", json!({}))] {
        let body = json!({"name": name, "args": args}).to_string();
        let (_, told) = place.server.rest(&place.tokens["fay"], "POST /calls", &body).await;
        let expected = if name == "kith/who" { "service.not_found" } else { "input.empty" };
        assert_eq!(told["code"], expected, "{told}");
    }
    // The members of the circle that others are in learn nothing either.
    let mut bob = place.enter("bob").await;
    assert_eq!(reached(&place, &mut bob, &eve.user).await, json!([]));
}

#[tokio::test]
async fn who_leaves_a_group_is_no_longer_reached_by_it() {
    for leaves in ["eve", "fay"] {
        let (place, mut eve, mut fay) = outside().await;
        let made = act(&mut fay, json!({"create_group": {"users": [eve.user]}})).await;
        let stream = made["stream"].clone();
        for socket in [&mut eve, &mut fay] {
            write(socket, &stream).await;
        }
        place.call(&mut fay, 1, "me/door", json!({"provider": {"user": eve.user}})).await;
        next(&mut eve, "called").await;
        let leave = json!({"id": 2, "do": {"leave_group": {"stream": stream}}});
        let leaver = if leaves == "eve" { &mut eve } else { &mut fay };
        assert!(leaver.send(&leave).await);
        assert_eq!(code(&end(&mut fay, 1).await), "service.gone", "{leaves}");
        next(&mut eve, "cancelled").await;
        assert_eq!(ring(&place, &mut fay, &eve.user).await, "service.not_found");
        assert_eq!(reached(&place, &mut fay, &eve.user).await, json!([]));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_a_call_reaches_who_was_blocked() {
    for _ in 0..20 {
        let place = Place::open().await;
        let mut bob = place.provider("bob", "me/door", json!({})).await;
        let mut cyd = place.enter("cyd").await;
        let to_bob = json!({"provider": {"user": bob.user}, "credit": 1000});
        place.call(&mut cyd, 1, "me/door", to_bob).await;
        let called = next(&mut bob, "called").await;
        let user = cyd.user.clone();
        let blocked = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        let told = std::sync::Arc::clone(&blocked);
        let mut also = place.enter("bob").await;
        let saying = tokio::spawn(async move {
            for number in 0..1000 {
                let over = told.load(std::sync::atomic::Ordering::SeqCst);
                let value = json!({"value": if over { "sentinel" } else { "before" }});
                if say(&mut bob, "item", &called["call"], value).await != "noted" {
                    return number;
                }
            }
            1000
        });
        next(&mut cyd, "item").await;
        act(&mut also, json!({"block": {"user": user}})).await;
        blocked.store(true, std::sync::atomic::Ordering::SeqCst);
        assert!(saying.await.unwrap() < 1000);
        let all = cyd.ask_all(json!({"id": 2, "get": {"ping": {}}})).await;
        assert!(!all.contains("sentinel"), "{all}");
    }
}

#[tokio::test]
async fn a_service_is_either_personal_or_of_a_circle() {
    let place = Place::open().await;
    let mut ana = place.enter("ana").await;
    let cases = [
        (json!({"offer": {"name": "math/add"}}), "input.empty"),
        (json!({"offer": {"name": "me/door", "circle": place.circle}}), "input.malformed"),
        (json!({"call": {"name": "me/door", "circle": place.circle}}), "input.malformed"),
        (json!({"call": {"name": "math/add"}}), "input.empty"),
        (json!({"call": {"name": "kith/echo"}}), "service.not_found"),
        (json!({"call": {"name": "kith/reach", "circle": place.circle}}), "service.not_found"),
        (json!({"withdraw": {"name": "me/door"}}), "service.not_found"),
        (json!({"offer": {"name": "me/door"}}), "noted"),
        (json!({"withdraw": {"name": "me/door", "circle": place.circle}}), "service.not_found"),
        (json!({"withdraw": {"name": "me/door"}}), "noted"),
    ];
    for (id, (service, expected)) in cases.into_iter().enumerate() {
        let reply = ana.ask(json!({"id": id, "service": service})).await;
        assert_eq!(code(&reply), expected, "{service}");
    }
}
