//! Conversations that were recorded with the original servers, played against ours.
//!
//! Each is played on a server of its own, line by line. After each line that is to be waited for every
//! client is pinged: a pong comes once all is dealt with that was said before, so what came until then
//! is all that comes. Time passes only where a line says so.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops where it fails")]

#[path = "vectors/application.rs"]
mod application;
#[path = "common/pattern.rs"]
mod pattern;
#[path = "vectors/play.rs"]
mod play;
#[path = "common/site.rs"]
mod site;

use std::path::PathBuf;

use play::{Frames, Recording};
use serde_json::json;

fn recordings(dialect: &str) -> Vec<Recording> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(dialect);
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = files.collect();
    files.sort();
    assert_eq!(files.len(), 62);
    files.iter().map(|file| Recording::read(file)).collect()
}

async fn check(dialect: &str, frames: Frames) {
    let mut failed = Vec::new();
    for recording in recordings(dialect) {
        if recording.is_conform()
            && let Err(difference) = recording.play_as(frames).await
        {
            failed.push(format!("{dialect}/{}: {difference}", recording.name));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[tokio::test]
async fn conversations_in_the_public_dialect_go_as_they_did() {
    check("single", Frames::Text).await;
}

#[tokio::test]
async fn conversations_in_the_newer_dialect_go_as_they_did() {
    check("batched", Frames::Text).await;
}

#[tokio::test]
async fn clients_that_write_bson_are_answered_alike() {
    check("single", Frames::Bson).await;
    check("batched", Frames::Bson).await;
}

/// What is recorded of accidents of the originals, changed to what is recommended instead.
async fn quirk(name: &str, change: impl Fn(&mut String)) {
    let mut found = 0;
    for mut recording in ["single", "batched"].into_iter().flat_map(recordings) {
        if recording.name == name {
            assert!(!recording.is_conform());
            recording.change(&change);
            assert_eq!(recording.play().await, Ok(()), "{name}");
            found += 1;
        }
    }
    assert_eq!(found, 2);
}

#[tokio::test]
async fn text_in_a_binary_frame_is_read() {
    quirk("binary_frame_with_json", |_| {}).await;
}

#[tokio::test]
async fn what_is_taken_back_of_a_float_is_told_as_of_a_float() {
    quirk("undo_dict_float_set", |line| {
        *line = line.replace(
            r#""topic_name": "f", "topic_type": "int""#,
            r#""topic_name": "f", "topic_type": "float""#,
        );
    })
    .await;
}

#[tokio::test]
async fn a_change_of_another_type_is_rejected() {
    quirk("topic_type_mismatch", |line| {
        if line.contains(r#""dir": "recv""#) && line.contains(r#""update""#) {
            r#"{"client": "a", "dir": "recv", "data": {"type": "reject", "args": {"reason": "${any:reason}"}}}"#
                .clone_into(line);
        }
    })
    .await;
}

#[tokio::test]
async fn the_topics_that_only_documents_name_are_there() {
    let site = site::Site::open().await;
    let mut client = site.client().await;
    let names =
        ["_topicsync/server_status", "_topicsync/client_message/1", "_topicsync/pretended_topics"];
    client.send(&json!({"type": "subscribe", "args": {"topic_names": names}})).await;
    let all = client.messages().await;
    let content = json!({
        "_topicsync/server_status": {"value": "ok", "id": "_topicsync/server_status_init"},
        "_topicsync/client_message/1": {"value": "", "id": "_topicsync/client_message/1_init"},
    });
    assert_eq!(all[0], json!({"type": "hello", "args": {"id": 1}}));
    assert_eq!(all[1..], [json!({"type": "init", "args": {"content": content}})]);
}
