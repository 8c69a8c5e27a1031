//! The protocol's page and the protocol's types say the same.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use kith_proto::codec::Encoding;
use kith_proto::frame::{Hello, Push, Request};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

const FILES: &str = include_str!("../../../docs/files.md");
const PAGE: &str = include_str!("../../../docs/protocol.md");

/// The blocks of the page that are fenced as this kind.
fn blocks(kind: &str) -> Vec<&'static str> {
    let fence = format!("```json {kind}\n");
    PAGE.split(fence.as_str()).skip(1).filter_map(|rest| rest.split("\n```").next()).collect()
}

/// Each block can be read, and what is written back is the block.
fn survive<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(
    kind: &str,
    least: usize,
) {
    let blocks = blocks(kind);
    assert!(blocks.len() >= least, "the page shows {} of {kind}", blocks.len());
    for block in blocks {
        let read: T = serde_json::from_str(block).unwrap_or_else(|e| panic!("{e}: {block}"));
        let shown: Value = serde_json::from_str(block).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), shown);
        let packed = Encoding::MsgPack.encode(&read);
        let unpacked: T =
            Encoding::MsgPack.decode(&packed).unwrap_or_else(|e| panic!("{e}: {block}"));
        assert_eq!(unpacked, read);
    }
}

#[test]
fn every_hello_on_the_page_is_one() {
    survive::<Hello>("hello", 3);
}

#[test]
fn every_request_on_the_page_is_one() {
    survive::<Request>("request", 6);
}

#[test]
fn every_push_on_the_page_is_one() {
    survive::<Push>("push", 12);
}

/// The examples fit the schemas, and what is not a frame does not.
#[test]
fn every_example_fits_the_schema_of_its_kind() {
    let schemas = kith_proto::schema::document();
    for kind in ["hello", "request", "push"] {
        let schema = jsonschema::draft202012::new(&schemas[kind]).unwrap();
        for block in blocks(kind) {
            let mut shown: Value = serde_json::from_str(block).unwrap();
            let wrong: Vec<String> =
                schema.iter_errors(&shown).map(|error| error.to_string()).collect();
            assert!(wrong.is_empty(), "{block}: {wrong:?}");
            if kind != "push" {
                shown["unknown"] = true.into();
                assert!(!schema.is_valid(&shown), "{shown}");
            }
        }
        assert!(!schema.is_valid(&Value::from("text")), "{kind}");
    }
    let request = jsonschema::draft202012::new(&schemas["request"]).unwrap();
    for wrong in [
        r#"{"do":{"post":{"stream":"s_01kaf2g6x40000000000000001","text":"no id"}}}"#,
        r#"{"id":1,"do":{"post":{"stream":"c_01kaf2g6x40000000000000001","text":"a circle"}}}"#,
        r#"{"id":1,"do":{"post":{"text":"no stream"}}}"#,
        r#"{"id":1,"do":{"fly":{}}}"#,
    ] {
        assert!(!request.is_valid(&serde_json::from_str(wrong).unwrap()), "{wrong}");
    }
}

#[test]
fn every_error_code_of_the_rules_is_on_the_page() {
    let source = include_str!("../../kith-core/src/refusal.rs");
    let codes = source.split("=> \"").skip(1).filter_map(|rest| rest.split('"').next());
    for code in codes.filter(|code| !code.ends_with(".not_found")) {
        // Those of files are on a page of their own.
        let page = if code.starts_with("file.") { FILES } else { PAGE };
        let listed = page.contains(&format!("`{code}`")) || code == "site.registration_closed";
        assert!(listed, "{code} is not explained");
    }
}
