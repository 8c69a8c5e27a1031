//! A circle with people who offer and call, and what they hear.

use serde_json::{Value, json};

use crate::site::{Server, Socket};

/// A circle with people who may offer (ana, dan) and who may call (bob, cyd).
pub(crate) struct Place {
    pub(crate) server: Server,
    pub(crate) circle: Value,
    pub(crate) stream: Value,
    pub(crate) everyone: Value,
    pub(crate) tokens: std::collections::BTreeMap<&'static str, String>,
}

impl Place {
    pub(crate) async fn open() -> Self {
        let server = Server::open().await;
        let mut tokens = std::collections::BTreeMap::new();
        for name in ["ana", "bob", "cyd", "dan"] {
            tokens.insert(name, server.user(name).await);
        }
        let mut ana = server.enter(&tokens["ana"]).await;
        let make = json!({"create_circle": {"name": "Tea", "public": true}});
        let made = ana.ask(json!({"id": 1, "do": make})).await;
        let (circle, stream) = (made["done"]["circle"].clone(), made["done"]["stream"].clone());
        for name in ["bob", "cyd", "dan"] {
            let mut one = server.enter(&tokens[name]).await;
            one.ask(json!({"id": 1, "do": {"join": {"circle": circle}}})).await;
        }
        let window = ana.ask(json!({"id": 2, "get": {"window": {}}})).await;
        let shown = &window["got"]["window"]["circles"][0]["circle"];
        let roles = shown["roles"].as_object().unwrap();
        let moderator = roles.iter().find(|(_, role)| role["name"] == "moderator").unwrap().0;
        let dan = server.enter(&tokens["dan"]).await.user.clone();
        let give = json!({"circle": circle, "user": dan, "roles": [moderator]});
        ana.ask(json!({"id": 3, "do": {"set_roles": give}})).await;
        let everyone = shown["everyone"].clone();
        Self { server, circle, stream, everyone, tokens }
    }

    pub(crate) async fn enter(&self, name: &str) -> Socket {
        self.server.enter(&self.tokens[name]).await
    }

    /// Does something as the owner.
    pub(crate) async fn order(&self, command: Value) {
        let done = self.enter("ana").await.ask(json!({"id": 9, "do": command})).await;
        assert!(done.get("done").is_some(), "{done}");
    }

    /// Somebody who offers `name`, with more fields.
    pub(crate) async fn provider(&self, who: &str, name: &str, more: Value) -> Socket {
        let mut socket = self.enter(who).await;
        assert_eq!(code(&self.offer(&mut socket, name, more).await), "noted");
        socket
    }

    /// The name of a service, with its circle unless it is of none.
    fn named(&self, name: &str) -> Value {
        match name.starts_with("me/") || name == "kith/reach" {
            true => json!({"name": name}),
            false => json!({"circle": self.circle, "name": name}),
        }
    }

    pub(crate) async fn offer(&self, socket: &mut Socket, name: &str, more: Value) -> Value {
        let mut offer = self.named(name);
        offer.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        socket.ask(json!({"id": 90, "service": {"offer": offer}})).await
    }

    /// Sends a call without waiting for its end.
    pub(crate) async fn call(&self, socket: &mut Socket, id: u64, name: &str, more: Value) {
        let mut call = self.named(name);
        call.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        assert!(socket.send(&json!({"id": id, "service": {"call": call}})).await);
    }
}

/// What a reply is: a code, or `noted`, or `returned`.
pub(crate) fn code(reply: &Value) -> String {
    match reply["code"].as_str() {
        Some(code) => code.to_owned(),
        None => reply.as_object().unwrap().keys().find(|key| *key != "id").unwrap().clone(),
    }
}

/// The next thing about services of this kind; what comes before is dropped.
pub(crate) async fn next(socket: &mut Socket, kind: &str) -> Value {
    loop {
        let frame = socket.next().await.expect("the connection lives");
        if let Some(told) = frame["service"].get(kind) {
            return told.clone();
        }
    }
}

/// The reply to the request of this number.
pub(crate) async fn end(socket: &mut Socket, id: u64) -> Value {
    loop {
        let frame = socket.next().await.expect("the connection lives");
        for kind in ["ok", "error"] {
            if frame[kind]["id"] == id {
                return frame[kind].clone();
            }
        }
    }
}

/// Says something as a provider, and what the reply is.
pub(crate) async fn say(socket: &mut Socket, kind: &str, call: &Value, more: Value) -> String {
    let mut fields = json!({"call": call});
    fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    code(&socket.ask(json!({"id": 91, "service": {(kind): fields}})).await)
}
