//! Rights to offer and to call that are taken.

use serde_json::{Value, json};

use crate::place::{Place, code, end, next, say};

#[tokio::test]
async fn who_may_no_longer_offer_or_call_loses_it_at_once() {
    for way in ["kick", "time_out", "role", "session"] {
        let place = Place::open().await;
        let mut dan = place.provider("dan", "math/add", json!({})).await;
        let mut bob = place.enter("bob").await;
        place.call(&mut bob, 1, "math/add", json!({})).await;
        next(&mut dan, "called").await;
        let take = |user: &Value| match way {
            "kick" => json!({"kick": {"circle": place.circle, "user": user}}),
            "time_out" => {
                json!({"time_out": {"circle": place.circle, "user": user, "seconds": 60}})
            }
            _ => json!({"set_roles": {"circle": place.circle, "user": user, "roles": []}}),
        };
        if way == "session" {
            let session = dan.session.as_str().unwrap().to_owned();
            assert!(place.server.revoke(&place.tokens["dan"], &session).await);
        } else {
            place.order(take(&dan.user)).await;
        }
        let ended = end(&mut bob, 1).await;
        assert_eq!((code(&ended).as_str(), &ended["unknown"]), ("service.gone", &json!(true)));
        place.call(&mut bob, 2, "math/add", json!({})).await;
        assert_eq!(code(&end(&mut bob, 2).await), "service.not_found", "{way}");
        if way != "session" {
            let withdrawn = next(&mut dan, "withdrawn").await;
            let expected = match way {
                "kick" => "circle.not_found",
                "time_out" => "member.timed_out",
                _ => "permission.denied",
            };
            assert_eq!(withdrawn["problem"]["code"], expected);
            assert_eq!(code(&place.offer(&mut dan, "math/add", json!({})).await), expected);
        }

        // The same for whoever calls.
        let mut ana = place.provider("ana", "math/add", json!({})).await;
        let mut cyd = place.enter("cyd").await;
        place.call(&mut cyd, 1, "math/add", json!({})).await;
        let called = next(&mut ana, "called").await;
        let expected = match way {
            "session" => {
                let session = cyd.session.as_str().unwrap().to_owned();
                assert!(place.server.revoke(&place.tokens["cyd"], &session).await);
                None
            }
            "role" => {
                let role = json!({"circle": place.circle, "role": place.everyone, "name": "member", "allow": ["read"], "rank": 0});
                place.order(json!({"change_role": role})).await;
                Some("permission.denied")
            }
            _ => {
                place.order(take(&cyd.user)).await;
                Some(if way == "kick" { "circle.not_found" } else { "member.timed_out" })
            }
        };
        let cancelled = next(&mut ana, "cancelled").await;
        assert_eq!(cancelled, json!({"call": called["call"], "why": "gone"}));
        if let Some(expected) = expected {
            assert_eq!(code(&end(&mut cyd, 1).await), expected, "{way}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_a_circle_reaches_who_was_sent_away() {
    for _ in 0..20 {
        let place = Place::open().await;
        let mut ana = place.provider("ana", "math/count", json!({})).await;
        let mut bob = place.enter("bob").await;
        place.call(&mut bob, 1, "math/count", json!({"credit": 1000})).await;
        let called = next(&mut ana, "called").await;
        let user = bob.user.clone();
        let kicked = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        let told = std::sync::Arc::clone(&kicked);
        let saying = tokio::spawn(async move {
            for number in 0..1000 {
                let over = told.load(std::sync::atomic::Ordering::SeqCst);
                let value = json!({"value": if over { "sentinel" } else { "before" }});
                let said = say(&mut ana, "item", &called["call"], value).await;
                if said != "noted" {
                    return number;
                }
            }
            1000
        });
        next(&mut bob, "item").await;
        place.order(json!({"kick": {"circle": place.circle, "user": user}})).await;
        kicked.store(true, std::sync::atomic::Ordering::SeqCst);
        assert!(saying.await.unwrap() < 1000);
        let all = bob.ask_all(json!({"id": 2, "get": {"ping": {}}})).await;
        assert!(!all.contains("sentinel"), "{all}");
        assert!(all.contains("circle.not_found"), "{all}");
    }
}

#[tokio::test]
async fn a_call_by_rest_ends_with_the_right_to_it() {
    let place = Place::open().await;
    let mut ana = place.provider("ana", "math/add", json!({})).await;
    let line = format!("POST /circles/{}/calls", place.circle.as_str().unwrap());
    let bob = place.enter("bob").await.user.clone();
    let take = async {
        let called = next(&mut ana, "called").await;
        place.order(json!({"kick": {"circle": place.circle, "user": bob}})).await;
        let cancelled = next(&mut ana, "cancelled").await;
        assert_eq!(cancelled, json!({"call": called["call"], "why": "gone"}));
    };
    let body = json!({"name": "math/add"}).to_string();
    let call = place.server.rest(&place.tokens["bob"], &line, &body);
    let ((), (status, refused)) = tokio::join!(take, call);
    assert_eq!((status, &refused["code"]), (404, &json!("circle.not_found")));
}
