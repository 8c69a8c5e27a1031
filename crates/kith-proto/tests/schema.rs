//! The schemas that the TypeScript SDK is made from are those of the types here.

use std::fs;
use std::path::Path;

/// Says the same as `cargo xtask types`, which makes this test write what it would else compare.
const WRITE: &str = "KITH_WRITE";

#[test]
fn the_sdk_in_typescript_has_the_schemas_of_today() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packages/client/protocol.json");
    let mut text = serde_json::to_string_pretty(&kith_proto::schema::document()).unwrap();
    text.push('\n');
    if std::env::var_os(WRITE).is_some() {
        fs::write(&file, &text).unwrap();
    }
    let kept = fs::read_to_string(&file).unwrap_or_default();
    assert!(kept == text, "the protocol has changed: run `cargo xtask types`");
}
