//! What is secret stays so: not in logs at any level, not in metrics, not in errors, not on disk.

use std::fs::{self, File};
use std::path::PathBuf;

use kith_client::{Auth, Client, ClientError, Options};
use kith_core::command::Command;
use kith_core::document::Home;
use kith_core::id::StreamId;
use kith_core::text::MessageText;
use kith_proto::query::{Answer, Query};
use serde_json::{Value, json};

use crate::place;
use crate::program::{Server, kith};

const PASSWORD: &str = "canary-password-Mx7q";
const WRONG: &str = "canary-wrong-password-Zk3w";
const WRONG_TOKEN: &str = "kith_canarytoken0000000000000000000000000000000000000000000000000000";
const WRONG_CODE: &str = "canary-wrong-code-Hs8d";
const TEXT: &str = "canary-text-of-a-message-Pv5r";

fn body(answer: &str) -> Value {
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    serde_json::from_str(body).unwrap()
}

fn stream(window: Answer) -> StreamId {
    let Answer::Window(window) = window else { panic!("{window:?}") };
    let one = &window.circles[0].streams[0].stream;
    assert!(matches!(one.home, Home::Channel { .. }));
    one.id
}

/// Goes through all doors of the WebSocket; the code of an invite, and the errors.
async fn by_socket(server: &str, name: &str) -> (String, Vec<String>) {
    let open = |auth| Client::connect(Options::new(server, auth));
    let password = |password: &str| Auth::Password {
        name: name.to_owned(),
        password: password.to_owned(),
        device: None,
    };
    let (client, _events) = open(password(PASSWORD)).await.unwrap();
    let make = Command::CreateCircle {
        name: kith_core::text::CircleName::parse("Tea").unwrap(),
        public: false,
    };
    let circle = client.command(make).await.unwrap().circle.unwrap();
    let stream = stream(client.query(Query::Window {}).await.unwrap());
    let invite = Command::CreateInvite { circle, seconds: None, uses: None };
    let code = client.command(invite).await.unwrap().code.unwrap();
    let text = MessageText::parse(TEXT).unwrap();
    let post = Command::post(stream, text.clone());
    client.command(post).await.unwrap();
    let nowhere = StreamId::new(kith_core::id::Timestamp(1), 1);
    let lost = Command::post(nowhere, text);
    let mut errors = vec![client.command(lost).await.unwrap_err().to_string()];
    let accept = Command::AcceptInvite { code: WRONG_CODE.to_owned() };
    errors.push(client.command(accept).await.unwrap_err().to_string());
    let target = Query::InviteTarget { code: WRONG_CODE.to_owned() };
    errors.push(client.query(target).await.unwrap_err().to_string());
    for auth in [password(WRONG), Auth::Token(WRONG_TOKEN.to_owned())] {
        match open(auth).await {
            Err(error) => errors.push(error.to_string()),
            Ok((client, mut events)) => {
                let ended = client.query(Query::Ping {}).await;
                assert!(matches!(ended, Err(ClientError::Stopped(_))), "{ended:?}");
                while let Some(update) = events.next().await {
                    errors.push(format!("{update:?}"));
                }
            }
        }
    }
    (code, errors)
}

#[test]
fn secrets_are_in_no_log_metric_error_or_file() {
    let (dir, data) = place();
    let log = dir.path().join("log");
    let mut command = kith(&["serve", "--listen", "127.0.0.1:0", "--data", &data]);
    command.args(["--set", "log=trace", "--set", "log_format=json"]);
    command.stderr(File::create(&log).unwrap());
    let server = Server::begin(command);

    let account = json!({ "name": "ana", "password": PASSWORD }).to_string();
    let begun = body(&server.post("/api/v1/accounts", None, &account));
    let token = begun["token"].as_str().unwrap();
    let again = json!({ "name": "ana", "password": PASSWORD, "kind": "token" }).to_string();
    let second = body(&server.post("/api/v1/sessions", None, &again));
    let second = second["token"].as_str().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (code, mut told) =
        runtime.block_on(by_socket(&format!("http://{}", server.address), "ana"));

    let wrong = json!({ "name": "ana", "password": WRONG, "kind": "token" }).to_string();
    let common = json!({ "name": "bob", "password": WRONG.repeat(20) }).to_string();
    let taken = json!({ "name": "ana", "password": WRONG }).to_string();
    let uninvited = json!({ "name": "bob", "password": WRONG, "invite": WRONG_CODE }).to_string();
    let odd = json!({ "name": 5, "password": WRONG }).to_string();
    let circles = format!(r#"{{"name":["{TEXT}"]}}"#);
    for (path, body, token) in [
        ("/api/v1/sessions", &wrong, None),
        ("/api/v1/accounts", &common, None),
        ("/api/v1/accounts", &taken, None),
        ("/api/v1/accounts", &uninvited, None),
        ("/api/v1/accounts", &odd, None),
        ("/api/v1/circles", &circles, Some(token)),
        ("/api/v1/circles", &circles, Some(WRONG_TOKEN)),
    ] {
        let answer = server.post(path, token, body);
        assert!(answer.starts_with("HTTP/1.1 4"), "{path} {body}: {answer}");
        told.push(answer);
    }
    for (path, token) in [
        (format!("/api/v1/invites/{WRONG_CODE}"), token),
        ("/api/v1/window".to_owned(), WRONG_TOKEN),
    ] {
        let answer = server.get_as(&path, token);
        assert!(answer.starts_with("HTTP/1.1 4"), "{path}: {answer}");
        told.push(answer);
    }
    let found = server.get_as(&format!("/api/v1/invites/{code}"), token);
    assert!(found.starts_with("HTTP/1.1 200 "), "{found}");
    let metrics = server.get("/metrics");
    assert!(metrics.contains("kith_"), "{metrics}");
    told.push(metrics);
    assert_eq!(server.stop("TERM"), Some(0));

    let log = fs::read_to_string(&log).unwrap();
    assert!(log.contains("the server runs") && log.contains("the server has stopped"), "{log}");
    told.push(log);
    let secrets = [PASSWORD, WRONG, WRONG_TOKEN, WRONG_CODE, token, second, &code];
    for secret in secrets.into_iter().chain([TEXT]) {
        for told in &told {
            let at = told.find(secret).map(|at| &told[at.saturating_sub(200)..at]);
            assert_eq!(at, None, "{secret} is told");
        }
    }
    // What is kept of secrets cannot be used by whoever finds it.
    let mut open = vec![PathBuf::from(&data)];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let bytes = fs::read(&path).unwrap();
        for secret in secrets {
            let found = bytes.windows(secret.len()).any(|bytes| bytes == secret.as_bytes());
            assert!(!found, "{secret} is in {}", path.display());
        }
    }
}
