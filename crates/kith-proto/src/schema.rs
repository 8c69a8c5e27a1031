//! The frames of the WebSocket as JSON Schemas (draft 2020-12), made from their types.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use crate::frame::{Hello, Push, Request};

/// One schema for each kind of frame: `hello` and `request` go to the server, `push` comes from it.
/// What a client sends may leave out whatever has a default; what it is sent leaves nothing out that
/// the schema requires.
#[must_use]
pub fn document() -> Value {
    json!({
        "title": "Kith, native protocol",
        "version": crate::VERSION,
        "hello": sent::<Hello>(),
        "request": sent::<Request>(),
        "push": told::<Push>(),
    })
}

fn sent<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().for_deserialize();
    settings.into_generator().into_root_schema_for::<T>().to_value()
}

fn told<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    settings.into_generator().into_root_schema_for::<T>().to_value()
}
