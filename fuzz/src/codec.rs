//! Frames of the protocol in both encodings: what is read is written the same, and depth is bounded.

use std::fmt::Debug;

use kith_proto::codec::Encoding;
use kith_proto::frame::{Hello, Push, Request};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The protocol's page, whose examples are the seeds.
const PAGE: &str = include_str!("../../docs/protocol.md");

fn read<T: Serialize + DeserializeOwned + PartialEq + Debug>(encoding: Encoding, input: &[u8]) {
    match encoding.decode::<T>(input) {
        Ok(read) => {
            for encoding in Encoding::ALL {
                let written = encoding.encode(&read);
                let again = encoding.decode::<T>(&written);
                assert_eq!(again.as_ref(), Ok(&read), "written as {encoding:?}");
            }
        }
        Err(problem) => {
            assert!(problem.code.starts_with("input."), "{}", problem.code);
            assert!(problem.message.chars().count() <= 200, "a long reason: {}", problem.message);
        }
    }
}

/// The examples of the page that are fenced as this kind.
pub(crate) fn examples(kind: &str) -> Vec<Vec<u8>> {
    let fence = format!("```json {kind}\n");
    let blocks = PAGE.split(fence.as_str()).skip(1).filter_map(|rest| rest.split("\n```").next());
    blocks.map(|block| block.as_bytes().to_vec()).collect()
}

fn packed<T: Serialize + DeserializeOwned>(kind: &str) -> Vec<Vec<u8>> {
    let read = examples(kind).into_iter().filter_map(|json| Encoding::Json.decode::<T>(&json).ok());
    read.map(|example| Encoding::MsgPack.encode(&example)).collect()
}

macro_rules! targets {
    ($($json:ident, $msgpack:ident, $json_seeds:ident, $msgpack_seeds:ident, $kind:literal, $type:ty;)*) => {$(
        pub(crate) fn $json(input: &[u8]) {
            read::<$type>(Encoding::Json, input);
        }

        pub(crate) fn $msgpack(input: &[u8]) {
            read::<$type>(Encoding::MsgPack, input);
        }

        pub(crate) fn $json_seeds() -> Vec<Vec<u8>> {
            [examples($kind), vec![b"[".repeat(200)]].concat()
        }

        pub(crate) fn $msgpack_seeds() -> Vec<Vec<u8>> {
            [packed::<$type>($kind), vec![vec![0x91; 200]]].concat()
        }
    )*};
}

targets! {
    hello_json, hello_msgpack, hello_json_seeds, hello_msgpack_seeds, "hello", Hello;
    request_json, request_msgpack, request_json_seeds, request_msgpack_seeds, "request", Request;
    push_json, push_msgpack, push_json_seeds, push_msgpack_seeds, "push", Push;
}
