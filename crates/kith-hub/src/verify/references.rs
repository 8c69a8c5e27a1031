//! What follows from no event: whether it can be read, and what it points to is there.

use std::collections::{BTreeMap, BTreeSet};

use kith_core::document::{Doc, Tally};
use kith_store::{DocKey, DocWrite, StoreError};

use super::Walk;

/// Checks all collections that do not follow from events.
pub(super) async fn check(walk: &mut Walk<'_>) -> Result<(), StoreError> {
    sessions(walk).await?;
    invites(walk).await?;
    for (key, _) in walk.all("account").await? {
        points(walk, "account", &key, &[("user", &key)]);
    }
    for (key, _) in walk.all("ban").await? {
        if let Some((circle, user)) = key.split_once('/') {
            points(walk, "ban", &key, &[("circle", circle), ("user", user)]);
        }
    }
    for (key, _) in walk.all("last_post").await? {
        if let Some((stream, user)) = key.split_once('/') {
            points(walk, "last_post", &key, &[("stream", stream), ("user", user)]);
        }
    }
    for (key, _) in walk.all("done").await? {
        if let Some((user, _)) = key.split_once('/') {
            points(walk, "done", &key, &[("user", user)]);
        }
    }
    let mut gone = BTreeSet::new();
    for (key, _) in walk.all("gone").await? {
        if walk.expects("topic", &key) || !walk.expects("feed", &key) {
            walk.wrong(format!("Document {key:?} of gone is of no topic that was removed."));
        }
        gone.insert(key);
    }
    for (key, _) in walk.all("past").await? {
        points(walk, "past", &key, &[("topic", &key)]);
    }
    for (key, _) in walk.all("kept").await? {
        let is_of = |topic: &str| walk.expects("topic", topic) || gone.contains(topic);
        if !key.split_once('/').is_some_and(|(topic, _)| is_of(topic)) {
            let what = format!("The kept value {key:?} is of no topic.");
            let key = DocKey { collection: "kept", key };
            walk.change(DocWrite { key, body: None }, what).await?;
        }
    }
    for (key, _) in walk.all("step").await? {
        if let Some((circle, (user, _))) =
            key.split_once('/').and_then(|(circle, rest)| Some((circle, rest.split_once('/')?)))
        {
            points(walk, "step", &key, &[("circle", circle), ("user", user)]);
        }
    }
    walk.all("secret").await?;
    walk.all("site").await?;
    members(walk).await
}

/// Tells of each thing that is pointed to and not there.
fn points(walk: &mut Walk<'_>, collection: &str, key: &str, to: &[(&str, &str)]) {
    for (of, id) in to {
        if !walk.expects(of, id) && !walk.is_going(id) {
            walk.wrong(format!("Document {key:?} of {collection} is for {of} {id}: none is."));
        }
    }
}

async fn sessions(walk: &mut Walk<'_>) -> Result<(), StoreError> {
    let mut by_id = BTreeMap::new();
    for (hash, doc) in walk.all("session").await? {
        if let Some(Doc::Session(session)) = doc {
            points(walk, "session", &hash, &[("user", &session.user.to_string())]);
            by_id.insert(format!("{}/{}", session.user, session.id), hash);
        }
    }
    for (key, doc) in walk.all("user_session").await? {
        if let Some(Doc::SessionRef(found)) = doc
            && by_id.remove(&key).as_ref() != Some(&found.token_hash)
        {
            walk.wrong(format!("Document {key:?} of user_session names no session."));
        }
    }
    for key in by_id.into_keys() {
        walk.wrong(format!("Session {key:?} is on no list."));
    }
    Ok(())
}

async fn invites(walk: &mut Walk<'_>) -> Result<(), StoreError> {
    let mut by_id = BTreeMap::new();
    for (hash, doc) in walk.all("invite").await? {
        if let Some(Doc::Invite(invite)) = doc {
            points(walk, "invite", &hash, &[("circle", &invite.circle.to_string())]);
            by_id.insert(format!("{}/{}", invite.circle, invite.id), hash);
        }
    }
    let mut counts: BTreeMap<String, Tally> = BTreeMap::new();
    for (key, doc) in walk.all("circle_invite").await? {
        if let Some((circle, _)) = key.split_once('/') {
            counts.entry(circle.to_owned()).or_default().invites += 1;
        }
        if let Some(Doc::InviteRef(found)) = doc
            && by_id.remove(&key).as_ref() != Some(&found.code_hash)
        {
            walk.wrong(format!("Document {key:?} of circle_invite names no invite."));
        }
    }
    for key in by_id.into_keys() {
        walk.wrong(format!("Invite {key:?} is on no list."));
    }
    for (key, _) in walk.all("circle_stream").await? {
        if let Some((circle, _)) = key.split_once('/') {
            counts.entry(circle.to_owned()).or_default().streams += 1;
        }
    }
    for (key, _) in walk.all("topic_name").await? {
        if let Some((circle, _)) = key.split_once('/') {
            counts.entry(circle.to_owned()).or_default().topics += 1;
        }
    }
    tallies(walk, counts).await
}

/// Counts of what circles hold: counted again, so they can be made right.
async fn tallies(
    walk: &mut Walk<'_>,
    mut counts: BTreeMap<String, Tally>,
) -> Result<(), StoreError> {
    for (circle, doc) in walk.all("tally").await? {
        // A circle that is there may hold nothing any more.
        let none = || walk.expects("circle", &circle).then(Tally::default);
        let counted = counts.remove(&circle).or_else(none);
        let stored = match doc {
            Some(Doc::Tally(stored)) => Some(stored.as_ref().clone()),
            _ => None,
        };
        if stored != counted {
            let what = format!("Circle {circle} is counted wrong.");
            walk.change(tally(circle, counted), what).await?;
        }
    }
    counts.retain(|circle, _| !walk.is_going(circle));
    for (circle, counted) in counts {
        let what = format!("Circle {circle} is not counted.");
        walk.change(tally(circle, Some(counted)), what).await?;
    }
    Ok(())
}

fn tally(circle: String, counted: Option<Tally>) -> DocWrite {
    let key = DocKey { collection: "tally", key: circle };
    DocWrite { key, body: counted.map(|counted| Doc::Tally(counted.into()).to_json().into()) }
}

/// Members of circles are users, and circles and conversations of users are there.
async fn members(walk: &mut Walk<'_>) -> Result<(), StoreError> {
    for (collection, of) in [
        ("member", ("circle", "user")),
        ("joined", ("user", "circle")),
        ("conversation", ("user", "stream")),
        ("circle_stream", ("circle", "stream")),
        ("block", ("user", "user")),
    ] {
        for (key, _) in walk.all(collection).await? {
            if let Some((one, other)) = key.split_once('/') {
                points(walk, collection, &key, &[(of.0, one), (of.1, other)]);
            }
        }
    }
    Ok(())
}
