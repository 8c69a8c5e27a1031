//! Circles and streams that are removed while old clients are in them.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::StreamExt;
use http::Uri;
use kith_core::command::Command;
use kith_core::text::{CircleName, StreamName};
use kith_hub::read::Page;
use serde_json::json;
use tokio_websockets::ClientBuilder;

use crate::clients::{joined, signed_in};
use crate::join;
use crate::old::{Old, told};
use crate::site::Site;

#[tokio::test]
async fn a_circle_that_is_removed_is_left_and_another_of_its_name_is_found() {
    let site = Site::open().await;
    let host = site.native(&site.token).await;
    let (mut ann, _) = joined(&site, "Ann", "ann@x.org").await;
    let mut gus = signed_in(&site, "gus").await;
    let uri: Uri = format!("ws://127.0.0.1:{}/", site.topicsync).parse().unwrap();
    let (mut desk, _) = ClientBuilder::from_uri(uri).connect().await.unwrap();
    desk.next().await.unwrap().unwrap();
    host.must(Command::RemoveCircle { circle: site.circle }).await;
    gus.ends().await;
    ann.ends().await;
    while desk.next().await.is_some_and(|frame| frame.is_ok()) {}
    // Nobody comes in, by whichever protocol.
    assert_eq!(join(&site, "ann@x.org").await, "FAIL");
    let mut gus = Old::open(site.ghostr, false).await;
    assert_eq!(told(&mut gus, "gus", "secret").await, "BLOCKED");
    let name = CircleName::parse("home").unwrap();
    host.must(Command::CreateCircle { name, public: true }).await;
    joined(&site, "Ann", "ann@x.org").await;
    signed_in(&site, "gus").await;
}

#[tokio::test]
async fn a_stream_that_is_removed_is_left_and_the_next_of_its_circle_is_found() {
    let site = Site::open().await;
    let host = site.native(&site.token).await;
    // The first is the oldest.
    site.clock.advance(Duration::from_secs(1));
    let name = StreamName::parse("second").unwrap();
    let (circle, deny) = (site.circle, BTreeMap::new());
    let next = host.must(Command::CreateStream { circle, name, about: None, deny }).await;
    let (mut ann, _) = joined(&site, "Ann", "ann@x.org").await;
    let mut gus = signed_in(&site, "gus").await;
    host.must(Command::RemoveStream { stream: site.stream }).await;
    gus.ends().await;
    ann.ends().await;
    let mut gus = signed_in(&site, "gus").await;
    gus.send(&json!({"action": "broadcast", "message": "is anybody here?"})).await;
    let next = next.stream.unwrap();
    let host_id = site.user("host").await;
    let page = Page { limit: 10, ..Page::default() };
    gus.object().await;
    let (messages, _) = site.app.hub.messages(host_id, next, page).await.unwrap();
    assert_eq!(messages.last().unwrap().text.as_str(), "is anybody here?");
    // Where there is none nobody comes in.
    host.must(Command::RemoveStream { stream: next }).await;
    gus.ends().await;
    assert_eq!(join(&site, "ann@x.org").await, "FAIL");
    let mut gus = Old::open(site.ghostr, false).await;
    assert_eq!(told(&mut gus, "gus", "secret").await, "BLOCKED");
}
