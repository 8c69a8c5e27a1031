//! What a client makes of a feed: a snapshot and the events since, folded as every client folds
//! them, against a snapshot taken afresh.

use std::collections::BTreeMap;

use kith_core::document::{Doc, Key};
use kith_core::id::{FeedId, UserId};
use kith_core::reduce::reduce;
use kith_proto::frame::{Push, Seen, Subscribed};
use kith_proto::query::State;
use serde_json::{Value, json};

use crate::surface::Socket;
use crate::world::{STREAMS, World};

/// A feed as one reader holds it.
struct Replica {
    feed: FeedId,
    reader: UserId,
    epoch: String,
    seq: u64,
    documents: BTreeMap<Key, Doc>,
}

/// Every feed with a state, as somebody who may read it holds it.
pub(crate) struct Replicas {
    /// By reader: the streams of the circle and the circle itself, and the conversations.
    held: Vec<(&'static str, Replica)>,
}

async fn follow(world: &World, who: &str, mut wanted: Value) -> Option<Subscribed> {
    wanted["window"] = json!(200);
    let mut socket = Socket::open(world.port, world.token(who)).await.ok()?;
    let frames = socket.ask(&json!({"id": 1, "subscribe": [wanted]})).await;
    let told = frames.into_iter().find(|frame| frame.get("subscribed").is_some())?;
    match serde_json::from_value(told).unwrap() {
        Push::Subscribed(told) => Some(told),
        other => panic!("{other:?}"),
    }
}

async fn snapshot(world: &World, who: &'static str, feed: FeedId) -> Option<Replica> {
    let Subscribed::Snapshot { epoch, seq, state, .. } =
        follow(world, who, json!({"feed": feed})).await?
    else {
        return None;
    };
    let mut documents = BTreeMap::new();
    match (state, feed) {
        (State::Stream { stream, messages }, FeedId::Stream(id)) => {
            documents.insert(Key::Stream(id), Doc::Stream(stream.into()));
            for message in messages {
                documents.insert(Key::Message(id, message.seq), Doc::Message(message.into()));
            }
        }
        (State::Circle { circle, member }, FeedId::Circle(id)) => {
            documents.insert(Key::Circle(id), Doc::Circle(circle.into()));
            documents.insert(Key::Member(id, member.user), Doc::Member(member.into()));
        }
        other => panic!("{other:?}"),
    }
    Some(Replica { feed, reader: world.id(who), epoch, seq: seq.0, documents })
}

impl Replica {
    /// Folds in what happened since; whether the feed can still be read.
    async fn catch_up(&mut self, world: &World, who: &str) -> bool {
        let place = json!({"feed": self.feed, "epoch": self.epoch, "after": self.seq});
        let told = follow(world, who, place).await;
        let Some(Subscribed::Events { events, .. }) = told else { return false };
        for event in events {
            let Seen::Event(event) = event else { panic!("nobody is blocked by {who}") };
            match reduce(&mut self.documents, &event) {
                Ok(()) => self.seq = event.seq.0,
                Err(never) => match never {},
            }
        }
        // A snapshot has the reader's own membership and no other.
        let reader = self.reader;
        self.documents.retain(|key, _| !matches!(key, Key::Member(_, user) if *user != reader));
        true
    }
}

impl Replicas {
    pub(crate) async fn of(world: &World) -> Self {
        let mut held = Vec::new();
        for name in STREAMS {
            let who =
                if name.contains("direct") || name.contains("group") { "member" } else { "owner" };
            let feed = world.stream(name).parse().unwrap();
            held.extend(snapshot(world, who, feed).await.map(|replica| (who, replica)));
        }
        for who in ["owner", "member"] {
            let feed = world.circle().parse().unwrap();
            held.extend(snapshot(world, who, feed).await.map(|replica| (who, replica)));
        }
        assert_eq!(held.len(), STREAMS.len() + 2);
        Self { held }
    }

    /// Which feeds differ from a fresh snapshot after what happened since.
    pub(crate) async fn differ(self, world: &World) -> Vec<String> {
        let mut wrong = Vec::new();
        for (who, mut replica) in self.held {
            let readable = replica.catch_up(world, who).await;
            let fresh = snapshot(world, who, replica.feed).await;
            let fresh = fresh.map(|fresh| (fresh.seq, fresh.documents));
            let folded = readable.then_some((replica.seq, replica.documents));
            if folded != fresh {
                wrong.push(format!("{who} folds {folded:?}\nand a fresh snapshot is {fresh:?}"));
            }
        }
        wrong
    }
}
