//! The writing side of a connection.

use std::time::Duration;

use bytes::Bytes;
use kith_core::id::FeedId;
use kith_hub::{Delivery, HubError, Item};
use tokio::io::{AsyncWrite, AsyncWriteExt};

use super::Parting;
use super::aware;
use super::link::Link;
use super::wire::to_each;

/// Bytes taken from the mailbox at a time.
const BATCH: usize = 64 * 1024;
/// How long one batch may take.
const WRITE: Duration = Duration::from_secs(60);
/// Where the frames of y-websocket are kept with an event, beside those of the native protocol.
const SLOT: usize = 2;

/// Writes what waits for the client until it ends.
pub(super) async fn write<W: AsyncWrite + Unpin>(link: &Link, output: &mut W) -> Option<Parting> {
    loop {
        let Some(mut batch) = link.subscriber().next(BATCH).await else {
            // The hub says why through `ended`.
            std::future::pending().await
        };
        let mut bytes = Vec::new();
        let mut lagged = Vec::new();
        let mut parting = None;
        for item in batch.items.drain(..) {
            match item {
                Item::Lagged(feeds) => lagged.extend(feeds),
                Item::Closed(one) => match closed(link, one.feed) {
                    Ok(told) => bytes.extend_from_slice(&told),
                    Err(last) => parting = Some(last),
                },
                item => bytes.extend_from_slice(&encoded(link, item)),
            }
        }
        let written = tokio::time::timeout(WRITE, output.write_all(&bytes)).await;
        // While the batch lives a revocation waits for it, so it is let go after the write.
        drop(batch);
        match written {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return None,
            Err(_) => return Some(Parting::slow()),
        }
        if parting.is_some() {
            return parting;
        }
        for feed in lagged {
            let FeedId::Topic(topic) = feed else { continue };
            match link.go_on(topic).await {
                Ok(()) => {}
                Err(HubError::Refused(_)) => match closed(link, feed) {
                    Ok(told) => link.subscriber().reply(told),
                    Err(last) => return Some(last),
                },
                Err(error) => return Some(Parting::of(&error)),
            }
        }
    }
}

/// What is told of a document that may not be read any more; or it was the only one.
fn closed(link: &Link, feed: FeedId) -> Result<Bytes, Parting> {
    const WHY: &str = "you may not read this any more, or it is gone";
    let FeedId::Topic(topic) = feed else { return Ok(Bytes::new()) };
    let sessions = link.sessions(topic);
    if sessions.iter().any(Bytes::is_empty) {
        return Err(Parting::forbidden("topic.not_found", WHY));
    }
    link.end(topic);
    Ok(to_each(&sessions, |write| write.close(WHY)))
}

/// What an item is in the messages of the client; nothing where it has no word for it.
///
/// What somebody wrote whom the user blocks is told like everything else: a document without it would
/// be another document. Where they are in it is not.
fn encoded(link: &Link, item: Item) -> Bytes {
    match item {
        Item::Reply(bytes) => bytes,
        Item::Event(delivery) => event(link, &delivery),
        Item::Events(all) => {
            let each: Vec<Bytes> = all.iter().map(|delivery| event(link, delivery)).collect();
            each.concat().into()
        }
        Item::Bundle(bundle) => {
            let each: Vec<Bytes> = bundle.events().map(|delivery| event(link, delivery)).collect();
            each.concat().into()
        }
        Item::Aware(awareness) => {
            let FeedId::Topic(topic) = awareness.feed else { return Bytes::new() };
            match aware::told(&awareness, &link.subscriber().blocked(), SLOT) {
                Some(there) => to_each(&link.sessions(topic), |write| write.there(&there)),
                None => Bytes::new(),
            }
        }
        Item::Newest(_) | Item::Told(_) | Item::Offered(_) => Bytes::new(),
        Item::Signal(_) | Item::Lagged(_) | Item::Closed(_) => Bytes::new(),
    }
}

/// What an event is in the messages of the client.
fn event(link: &Link, delivery: &Delivery) -> Bytes {
    let FeedId::Topic(topic) = delivery.event.feed else { return Bytes::new() };
    link.tell(topic, delivery.event.seq);
    let sessions = link.sessions(topic);
    let encode = |sessions: &[Bytes]| to_each(sessions, |write| write.event(&delivery.event.body));
    match sessions.as_slice() {
        [plain] if plain.is_empty() => delivery.wire(SLOT, |_| encode(&sessions)),
        named => encode(named),
    }
}
