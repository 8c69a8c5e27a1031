//! Old clients, over the gateways of ghostr and muca.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use kith_core::decide::account::{self, Lifetime};
use kith_core::decide::secret_hash;
use kith_core::id::UserId;
use kith_core::text::Label;
use kith_gateway_tcp::{Door, Shut, Waiting, ghostr, muca};
use kith_hub::Hub;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

use crate::matrix::DONE;
use crate::operations::Operation;
use crate::surface::{Given, fill};
use crate::world::Names;

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// A server to whom every password is right, for the people of the world have none.
struct Open(Hub);

impl Door for Open {
    fn sign_in<'a>(
        &'a self,
        name: &'a str,
        _password: &'a str,
        label: &'a str,
        _address: IpAddr,
    ) -> Waiting<'a, Result<String, Shut>> {
        Box::pin(async move {
            let user = self.0.user_by_name(name).await.map_err(|_| Shut::Wrong)?.id;
            let hash = secret_hash(&self.0.random().to_string());
            let label = Label::parse(label).unwrap();
            let begun = self.0.transact(Some(user), None, |draft| {
                let expires_at = draft.now.plus_ms(3_600_000);
                let lifetime = Lifetime { expires_at, idle_ms: 0 };
                account::start_session(draft, user, &hash, &label, lifetime)
            });
            begun.await.map(|_| hash.clone()).map_err(|_| Shut::Wrong)
        })
    }

    fn sign_up<'a>(
        &'a self,
        _name: &'a str,
        _password: &'a str,
        _label: &'a str,
        _address: IpAddr,
    ) -> Waiting<'a, Result<String, Shut>> {
        Box::pin(std::future::ready(Err(Shut::Closed)))
    }

    fn admit(&self, _address: IpAddr) -> Result<(), Shut> {
        Ok(())
    }

    fn pace(&self, _user: UserId) -> Result<(), u64> {
        Ok(())
    }
}

/// The next object for which `is` holds, and all that came until then.
async fn until(socket: &mut DuplexStream, said: &mut String, is: impl Fn(&Value) -> bool) -> Value {
    let mut chunk = [0; 2048];
    let mut rest = Vec::new();
    loop {
        let mut objects = serde_json::Deserializer::from_slice(&rest).into_iter::<Value>();
        let found = objects.by_ref().map_while(Result::ok).find(&is);
        if let Some(found) = found {
            return found;
        }
        let count = socket.read(&mut chunk).await.unwrap();
        assert_ne!(count, 0, "the gateway hung up after {said}");
        said.push_str(&String::from_utf8_lossy(&chunk[..count]));
        rest.extend_from_slice(&chunk[..count]);
    }
}

/// A user signs in by ghostr to the circle that `names` say, and does what the operation says.
pub(crate) async fn over_ghostr(
    hub: &Hub,
    who: &str,
    operation: &Operation,
    names: &Names,
) -> Given {
    let options = ghostr::Options {
        circle: names["circle"].clone(),
        signup: false,
        block: Duration::from_secs(60),
        idle_seconds: 3600,
        queue_bytes: 1024 * 1024,
    };
    let gateway = ghostr::Gateway::new(hub.clone(), Arc::new(Open(hub.clone())), options);
    let (mut near, far) = tokio::io::duplex(64 * 1024);
    let serving = tokio::spawn(async move {
        gateway.serve(far, (HERE, 1).into(), HERE, std::future::pending()).await;
    });
    let login = json!({"action": "login", "username": who, "password": "x", "private_port": 1});
    near.write_all(login.to_string().as_bytes()).await.unwrap();
    let mut said = String::new();
    let answer = until(&mut near, &mut said, |object| object["action"] == "login").await;
    let mut outcome = answer["status"].as_str().unwrap().to_owned();
    if outcome == "SUCCESS" {
        let user: UserId = names["user"].parse().unwrap();
        let found = hub.look_committed(|draft| draft.user(user)).await.unwrap();
        let mut names = names.clone();
        names.insert("user", found.map_or_else(|| "nobody".to_owned(), |one| one.name.to_string()));
        let asked: Value = serde_json::from_str(&fill(operation.fields, &names)).unwrap();
        near.write_all(asked.to_string().as_bytes()).await.unwrap();
        let answers = |object: &Value| object["action"] == asked["action"];
        let answer = until(&mut near, &mut said, answers).await;
        // Whoever is alone reaches nobody, and has said it all the same.
        let me = hub.user_by_name(who).await.unwrap().id;
        let present = hub.present(me, names["circle"].parse().unwrap()).await.unwrap();
        let is_alone = present.iter().all(|(user, ..)| *user == me);
        outcome = match (answer["status"].as_str(), answer["n_sent"].as_u64()) {
            (Some("SUCCESS"), _) => DONE.to_owned(),
            (Some(status), _) => status.to_owned(),
            (None, Some(0)) if !is_alone => "nobody".to_owned(),
            (None, _) => DONE.to_owned(),
        };
    }
    drop(near);
    serving.await.unwrap();
    Given { outcome, answer: said }
}

/// Somebody joins the circle that `names` say, by muca.
pub(crate) async fn over_muca(hub: &Hub, who: &str, names: &Names) -> Given {
    let options = muca::Options {
        circle: names["circle"].clone(),
        guests: true,
        idle_seconds: 0,
        queue_bytes: 1024 * 1024,
        session_ms: 3_600_000,
    };
    let gateway = muca::Gateway::new(hub.clone(), Arc::new(Open(hub.clone())), options);
    let (mut near, far) = tokio::io::duplex(64 * 1024);
    let serving = tokio::spawn(async move {
        gateway.serve(far, HERE, std::future::pending()).await;
    });
    let join = json!({"CMD": "JOIN", "UN": who, "UID": format!("{who}@example.org")});
    near.write_all(join.to_string().as_bytes()).await.unwrap();
    let mut said = String::new();
    let answer = until(&mut near, &mut said, |object| object["CMD"] == "ACK").await;
    let outcome = match answer["TYPE"].as_str().unwrap() {
        "OKAY" => DONE.to_owned(),
        other => other.to_owned(),
    };
    drop(near);
    serving.await.unwrap();
    Given { outcome, answer: said }
}
