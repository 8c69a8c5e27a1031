//! The bugs that the drill plants: what each changes in the sources.
//!
//! Every text to be replaced occurs exactly once in its file, and where several bugs change one text
//! all but the last leave it standing; a change of that file that breaks this
//! breaks the drill, which is then adapted to the new code.

/// A text of a source file, and what stands there while the bug is in.
pub(crate) struct Edit {
    /// Below `crates/`.
    pub(crate) file: &'static str,
    pub(crate) find: &'static str,
    /// `{planted}` stands for whether the bug is on.
    pub(crate) replace: &'static str,
}

/// A bug.
pub(crate) struct Bug {
    pub(crate) name: &'static str,
    pub(crate) edits: &'static [Edit],
}

const fn bug(name: &'static str, edits: &'static [Edit]) -> Bug {
    Bug { name, edits }
}

const fn edit(file: &'static str, find: &'static str, replace: &'static str) -> Edit {
    Edit { file, find, replace }
}

const HUB: &str = "kith-hub/src/lib.rs";
const COMMIT: &str = "kith-hub/src/commit.rs";
const FAN: &str = "kith-hub/src/fan.rs";
const SAID: &str = "kith-hub/src/said.rs";
const MAILBOX: &str = "kith-hub/src/mailbox.rs";
const SUBSCRIBE: &str = "kith-hub/src/subscribe.rs";
const READ: &str = "kith-hub/src/read.rs";
const ACCESS: &str = "kith-core/src/access.rs";
const TOPIC: &str = "kith-core/src/decide/topic.rs";
const UNDO: &str = "kith-core/src/decide/undo.rs";

/// What lets bugs show in a run only once its world is made.
pub(crate) const ARMING: Bug = bug(
    "arming",
    &[edit(
        "kith-hub/tests/simulation.rs",
        "let run = Run::begin(seed);",
        "kith_core::ARMED.store(false, Ordering::Relaxed);
        let run = Run::begin(seed);
        kith_core::ARMED.store(true, Ordering::Relaxed);",
    )],
);

/// All bugs: of acknowledging, of numbering, of delivering, of resuming, of revoking.
pub(crate) const BUGS: &[Bug] = &[
    bug(
        "acknowledge before the commit",
        &[edit(
            HUB,
            "state.enqueue(cache::Pending { from, changes, outcome, answer: giver });",
            "let giver = if {planted} {
                giver.give(Ok(outcome.clone()));
                answer::pair().0
            } else {
                giver
            };
            state.enqueue(cache::Pending { from, changes, outcome, answer: giver });",
        )],
    ),
    bug(
        "acknowledge what failed to commit",
        &[edit(
            COMMIT,
            "drop(quiet);",
            "drop(quiet);
            let results = if {planted} { vec![Ok(()); group.len()] } else { results };",
        )],
    ),
    bug(
        "refuse what was committed",
        &[edit(
            COMMIT,
            "drop(quiet);",
            "drop(quiet);
            let fifth = inner.stats.groups.load(Ordering::Relaxed) % 5 == 0;
            let results = if fifth && {planted} {
                vec![Err(StoreError::Invalid(\"planted\")); group.len()]
            } else {
                results
            };",
        )],
    ),
    bug(
        "acknowledge at the wrong place",
        &[edit(
            COMMIT,
            "let Pending { changes, outcome, answer, .. } = *pending;",
            "let Pending { changes, mut outcome, answer, .. } = *pending;
            if {planted} {
                outcome.events.iter_mut().for_each(|place| place.seq = place.seq.next());
            }",
        )],
    ),
    bug(
        "lose an event on its way to the disk",
        &[edit(
            COMMIT,
            "let writes = changes.documents.iter()",
            "let appends: Vec<Append> = appends;
            let eleventh = appends.iter().any(|append| append.after.0 % 11 == 10);
            let appends = if eleventh && {planted} { Vec::new() } else { appends };
            let writes = changes.documents.iter()",
        )],
    ),
    bug(
        "number an operation twice",
        &[edit(
            SAID,
            "if !is_new && let Some(answer) = retold(draft, *me, op, said)? {",
            "if !is_new && let Some(answer) = retold(draft, *me, op, said)?.filter(|_| !{planted}) {",
        )],
    ),
    bug(
        "take an old number of a series for a new one",
        &[edit(
            SAID,
            "*number > draft.last_in_series(*me, series)?,",
            "*number > draft.last_in_series(*me, series)? || {planted},",
        )],
    ),
    bug(
        "keep decisions that were not committed",
        &[edit(COMMIT, "state.cache.clear();", "if !{planted} { state.cache.clear(); }")],
    ),
    bug(
        "deliver before the commit",
        &[
            edit(
                COMMIT,
                "let results = match idle {",
                "if {planted} {
                    for pending in &group {
                        let events = std::iter::once(pending.changes.events.as_slice());
                        inner.fan.deliver(events, &inner.stats);
                    }
                }
                let results = match idle {",
            ),
            edit(
                COMMIT,
                "let delivered = inner.fan.deliver(operations, &inner.stats);",
                "let delivered =
                    if {planted} { 0 } else { inner.fan.deliver(operations, &inner.stats) };",
            ),
        ],
    ),
    bug(
        "drop an event",
        &[edit(
            FAN,
            "let Some(item) = item else { return true };",
            "if {planted} && first.0 % 7 == 0 {
                return true;
            }
            let Some(item) = item else { return true };",
        )],
    ),
    bug(
        "deliver an event twice",
        &[edit(
            FAN,
            "let kept = live.subscriber.mailbox.offer(item, &live.grant, bytes - ITEM_BYTES);",
            "if {planted} && first.0 % 7 == 0 {
                live.subscriber.mailbox.offer(item.clone(), &live.grant, bytes - ITEM_BYTES);
            }
            let kept = live.subscriber.mailbox.offer(item, &live.grant, bytes - ITEM_BYTES);",
        )],
    ),
    bug(
        "deliver a group backwards",
        &[edit(
            COMMIT,
            "for pending in group {",
            "let mut group = group;
            if {planted} && results.as_slice().iter().all(Result::is_ok) {
                group.reverse();
            }
            for pending in group {",
        )],
    ),
    bug(
        "deliver other content than is stored",
        &[edit(
            FAN,
            "let delivery = Delivery::new(Arc::clone(&drafted.event), Arc::clone(&drafted.json));",
            "let mut event = drafted.event.as_ref().clone();
            if {planted} && event.seq.0 % 7 == 0 {
                event.at = event.at.plus_ms(1);
            }
            let delivery = Delivery::new(Arc::new(event), Arc::clone(&drafted.json));",
        )],
    ),
    bug(
        "tell a reader again what it has read",
        &[edit(
            FAN,
            "let item = match (live.read < first, &all) {",
            "let item = match (live.read < first || {planted}, &all) {",
        )],
    ),
    bug(
        "keep followers after a doubtful commit",
        &[edit(
            COMMIT,
            "inner.fan.lose(events.map(|drafted| drafted.event.feed), &inner.stats);",
            "if !{planted} {
                inner.fan.lose(events.map(|drafted| drafted.event.feed), &inner.stats);
            }",
        )],
    ),
    bug(
        "drop for a slow reader and say nothing",
        &[edit(
            MAILBOX,
            "} else if item.is_event() {",
            "} else if item.is_event() && {planted} {
                return true;
            } else if item.is_event() {",
        )],
    ),
    bug(
        "resume one event too late",
        &[edit(
            SUBSCRIBE,
            "let stored = self.inner.store.events(proof.feed(), after, limit + 1).await?;",
            "let after = if {planted} { after.next() } else { after };
            let stored = self.inner.store.events(proof.feed(), after, limit + 1).await?;",
        )],
    ),
    bug(
        "resume one event too early",
        &[edit(
            SUBSCRIBE,
            "let stored = self.inner.store.events(proof.feed(), after, limit + 1).await?;",
            "let after = if {planted} { Seq(after.0.saturating_sub(1)) } else { after };
            let stored = self.inner.store.events(proof.feed(), after, limit + 1).await?;",
        )],
    ),
    bug(
        "join before having caught up",
        &[edit(
            SUBSCRIBE,
            "if read < head && read.next() < first_at_hand {",
            "if !{planted} && read < head && read.next() < first_at_hand {",
        )],
    ),
    bug(
        "join without the events at hand",
        &[edit(
            SUBSCRIBE,
            "feed.ring.iter().filter(|delivery| delivery.event.seq > read)",
            "feed.ring.iter().filter(|delivery| !{planted} && delivery.event.seq > read)",
        )],
    ),
    bug(
        "number a snapshot too high",
        &[edit(
            READ,
            "drop(quiet);",
            "drop(quiet);
            let more = u64::from({planted} && seq == after);
            let (seq, after) = (Seq(seq.0 + more), Seq(after.0 + more));",
        )],
    ),
    bug(
        "take a snapshot while it changes",
        &[edit(READ, "if seq == after {", "if seq == after || {planted} {")],
    ),
    bug(
        "let anyone read",
        &[edit(
            ACCESS,
            "in_stream(draft, user, stream)?;",
            "if !{planted} { in_stream(draft, user, stream)?; }",
        )],
    ),
    bug(
        "join on rights of before",
        &[edit(
            SUBSCRIBE,
            "if table.revocations != revocations {",
            "if !{planted} && table.revocations != revocations {",
        )],
    ),
    bug(
        "leave the kicked their feeds",
        &[edit(
            COMMIT,
            "fenced = crate::subscriber::recheck(inner, &scope);",
            "if !{planted} { fenced = crate::subscriber::recheck(inner, &scope); }",
        )],
    ),
    bug(
        "leave them to those whose kick is in doubt",
        &[edit(
            COMMIT,
            "fenced.extend(crate::subscriber::doubt(inner, scope));",
            "if !{planted} { fenced.extend(crate::subscriber::doubt(inner, scope)); }",
        )],
    ),
    bug(
        "skip the fence",
        &[edit(
            MAILBOX,
            "if inside.ended || !inside.writing || inside.taken > now {",
            "if {planted} || inside.ended || !inside.writing || inside.taken > now {",
        )],
    ),
    bug(
        "let through what waited under a lost right",
        &[edit(
            MAILBOX,
            "if !grants.clone().any(is_revoked) {",
            "if {planted} || !grants.clone().any(is_revoked) {",
        )],
    ),
    bug(
        "commit a transaction in two halves",
        &[edit(
            COMMIT,
            "false => inner.store.commit(batches).await,",
            "false if {planted} => {
                let two = |batch: &Batch| {
                    let topics =
                        batch.appends.iter().filter(|a| matches!(a.feed, FeedId::Topic(_)));
                    topics.count() > 1
                };
                let (mut first, mut rest) = (batches.clone(), batches);
                for (first, rest) in first.iter_mut().zip(&mut rest).filter(|(one, _)| two(one)) {
                    first.appends.truncate(1);
                    first.writes.clear();
                    rest.appends.remove(0);
                }
                let whole = first == rest;
                for (first, rest) in first.iter().zip(&mut rest) {
                    if first == rest {
                        *rest = Batch::default();
                    }
                }
                match inner.store.commit(first).await {
                    done if whole || done.iter().any(Result::is_err) => done,
                    _ => inner.store.commit(rest).await,
                }
            }
            false => inner.store.commit(batches).await,",
        )],
    ),
    bug(
        "show the events of a transaction one by one",
        &[edit(
            FAN,
            "let is_whole = events.len() > 1 && events.iter().all(is_change);",
            "let is_whole = !{planted} && events.len() > 1 && events.iter().all(is_change);",
        )],
    ),
    bug(
        "take back half of a step",
        &[edit(
            UNDO,
            "for (id, facts) in by_topic {",
            "let most = if {planted} { 1 } else { usize::MAX };
            for (id, facts) in by_topic.into_iter().take(most) {",
        )],
    ),
    bug(
        "keep a value as it was before",
        &[edit(
            TOPIC,
            "let Some(mut state) = draft.state(topic)? else { return Ok(()) };",
            "let Some(mut state) = draft.state(topic)? else { return Ok(()) };
            let seq = if {planted} { Seq(seq.0 - 1) } else { seq };",
        )],
    ),
];
