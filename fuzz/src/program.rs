//! What the program reads: addresses, invites, answers, its session, its configuration, the log and
//! the mark.

use std::ffi::OsString;

use kith_client::address::Address;

pub(crate) fn address(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    if let Ok(address) = Address::parse(text) {
        let shown = address.to_string();
        assert_eq!(Address::parse(&shown).as_ref(), Ok(&address), "{shown}");
        assert!(!address.name().is_empty());
        // A port that was written is the port that is dialled.
        let written = text.trim().split_once("://").map_or("", |(_, rest)| rest);
        let authority = written.split(['/', '?', '#']).next().unwrap_or_default();
        if let Some((_, port)) = authority.rsplit_once(':').filter(|(_, port)| !port.ends_with(']'))
        {
            assert_eq!(port.parse(), Ok(address.port()), "{text}");
        }
        assert!(!text.contains('#'), "a fragment is lost");
    }
    if let Some((server, code)) = kith::fuzz::invite(text) {
        assert!(!code.is_empty() && !code.contains('/'));
        if let Some(server) = server {
            let link = format!("{server}/invite/{code}");
            assert_eq!(kith::fuzz::invite(&link), Some((Some(server), code)));
        }
    }
}

pub(crate) fn address_seeds() -> Vec<Vec<u8>> {
    [
        "http://127.0.0.1:8080",
        "https://Kith.example/base/",
        "ws://[::1]:9/x",
        "https://kith.example:443/join/abc123",
        "abc123",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}

pub(crate) fn answer(input: &[u8]) {
    let _ = kith::fuzz::answer(input);
    let _ = kith::fuzz::kept(input);
}

pub(crate) fn answer_seeds() -> Vec<Vec<u8>> {
    let user =
        r#"{"id":"u_01h455vb4pex5vsknk084sn02q","name":"ana","display_name":"Ana","created_at":1}"#;
    [
        r#"{"type":"urn:kith:name.taken","title":"Conflict","status":409,"detail":"this name is taken","code":"name.taken","retry_ms":5}"#.to_owned(),
        format!(r#"{{"user":{user},"session":"d_01h455vb4pex5vsknk084sn02q","token":"kith_0"}}"#),
        r#"{"server":"http://127.0.0.1:1","token":"secret","name":"ana"}"#.to_owned(),
    ]
    .map(String::into_bytes)
    .to_vec()
}

/// Lines `--set KEY=VALUE` and `KITH_NAME=VALUE`; all others are the file.
pub(crate) fn topics(input: &[u8]) {
    let lines = kith::fuzz::topics(input);
    let again = kith::fuzz::topics(lines.join("\n").as_bytes());
    assert_eq!(again.len(), lines.len(), "what was read is written so that it is read");
}

pub(crate) fn topics_seeds() -> Vec<Vec<u8>> {
    let head = r#"{"kith_topics":{"version":1,"circle":"c_01h455vb4pex5vsknk084sn02q","name":"Tea","at":1}}"#;
    let list = r#"{"topic":{"name":"a","holds":"list","rules":{"count_max":5},"deny":[{"role":"guest","permissions":["write"]}],"value":[{"element":"~1","value":1}]}}"#;
    let text = r#"{"topic":{"name":"b","holds":"text","value":{"updates":["AAA="]}}}"#;
    let end = r#"{"end":{"topics":2}}"#;
    vec![[head, list, text, end].join("\n").into_bytes()]
}

pub(crate) fn config(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let (mut file, mut set, mut variables) = (String::new(), Vec::new(), Vec::new());
    for line in text.lines() {
        if let Some(pair) = line.strip_prefix("--set ") {
            set.push(pair.to_owned());
        } else if let Some((name, value)) =
            line.split_once('=').filter(|_| line.starts_with("KITH_"))
        {
            variables.push((OsString::from(name), OsString::from(value)));
        } else {
            file.push_str(line);
            file.push('\n');
        }
    }
    match kith::fuzz::config(&file, &set, &variables) {
        Ok(entries) => assert!(entries.len() > 10),
        Err(told) => assert!(!told.is_empty()),
    }
}

pub(crate) fn config_seeds() -> Vec<Vec<u8>> {
    [
        "session_days = 1\nlog = 'warn'\n[storage]\nsync = 'none'\n",
        "tls.certificate = \"a\"\ntls.key = \"b\"\nlisten = \"[::1]:0\"\n",
        "--set session_days=9\nKITH_AUTH_MS=7\nKITH_STORAGE__SYNC=full\nKITH_REGISTRATON=open\n",
        "--set log=info,kith_hub=debug\n--set registration=closed\n",
        "--set public_url=https://kith.example\nregistraton = 'open'\n",
        "a.b.c.d = [[1, {e = 2}], 1979-05-27T07:32:00Z]\n",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}

pub(crate) fn log(input: &[u8]) {
    let (records, batches) = kith_store_sqlite::fuzz::log(input, 7);
    // A record has a sum that no luck finds; of a body no part is one.
    assert_eq!(records, 0);
    if batches.is_some() {
        let part = &input[..input.len() - 1];
        assert_eq!(kith_store_sqlite::fuzz::log(part, 7).1, None);
    }
}

pub(crate) fn log_seeds() -> Vec<Vec<u8>> {
    let header = [b"Kith".as_slice(), &[3, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0], &[9; 19]].concat();
    let count = |count: u32| count.to_le_bytes().to_vec();
    let text = |text: &str| [count(text.len() as u32), text.as_bytes().to_vec()].concat();
    let append = [text("site"), vec![0; 8], count(1), text("{}"), vec![7; 32]].concat();
    let write = [text("user"), text("key"), vec![1], text("{}")].concat();
    let body = [count(1), count(1), append, count(1), write].concat();
    vec![header, body, count(0)]
}

pub(crate) fn mark(input: &[u8]) {
    if let Some(written) = kith_store_sqlite::fuzz::mark(input) {
        assert_eq!(written.as_bytes(), input);
    }
}

pub(crate) fn mark_seeds() -> Vec<Vec<u8>> {
    vec![b"kith 00000000000004d2 17\n".repeat(2), b"kith ffffffffffffffff 0\n".repeat(2)]
}
