//! Answering a search: the index says what may be a hit, and each is looked at as it is now.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Duration;

use kith_core::access;
use kith_core::document::{Doc, Key, Message, Stream};
use kith_core::id::{FeedId, Seq, StreamId, UserId};
use kith_core::refusal::Refusal;
use kith_core::search::{Mark, Order, Piece, Search, parse, said, snippet, words};
use kith_store::StoreError;
use kith_store::index::{Ask, Found, Index, IndexError};
use tokio::time::{Instant, timeout_at};

use super::place;
use super::scope::Readable;
use crate::{Hub, HubError};

/// How long a search waits for what was just said to be in the index.
const FRESH: Duration = Duration::from_millis(20);
/// How often the index is asked for more, where what it found is no longer so.
const ROUNDS_MAX: usize = 4;

/// What somebody asks.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Words and filters, as they were typed.
    pub text: &'a str,
    /// In which order hits come.
    pub order: Order,
    /// Behind which hit they begin: the `next` of an answer to the same question.
    pub after: Option<&'a str>,
    /// How many at most.
    pub limit: usize,
    /// How many minutes the clocks of whoever asks are ahead of UTC.
    pub offset: i16,
}

/// A message that was looked for.
#[derive(Clone, Debug)]
pub struct Hit {
    /// Its stream.
    pub stream: StreamId,
    /// The message as it is now.
    pub message: Arc<Message>,
    /// What of it is shown.
    pub snippet: Vec<Piece>,
}

/// The answer.
#[derive(Clone, Debug, Default)]
pub struct Hits {
    /// In order.
    pub hits: Vec<Hit>,
    /// Where there are more: behind this.
    pub next: Option<String>,
    /// Whether something in streams of the user may not be in the index yet.
    pub behind: bool,
}

/// What is looked for, and who looks.
struct Looking {
    user: UserId,
    search: Search,
    streams: BTreeMap<StreamId, Arc<Stream>>,
    from: Option<Vec<UserId>>,
    not_from: HashSet<UserId>,
}

impl Looking {
    fn fits(&self, stream: &Stream, message: &Message) -> Option<Hit> {
        let text = said(message);
        let found = words(&text);
        let marks = Mark::of(message, stream.pins.contains(&message.seq));
        let by = self.from.as_ref().is_none_or(|from| from.contains(&message.author));
        let fits = by
            && !self.not_from.contains(&message.author)
            && self.search.fits(&found, &marks, message.at);
        fits.then(|| Hit {
            stream: stream.id,
            message: Arc::new(message.clone()),
            snippet: snippet(&text, &found, &self.search.must),
        })
    }
}

impl Hub {
    /// Finds messages in all that a user may read, and in nothing else.
    ///
    /// # Errors
    /// What was typed and cannot be read; `stream.not_found` and `user.not_found` for names that say
    /// nothing to the user; `search.off`, `search.busy`, `search.late`, or a failure.
    pub async fn search(&self, user: UserId, asked: Asked<'_>) -> Result<Hits, HubError> {
        let index = self.inner.searching.index.get().ok_or(Refusal::NoSearch)?;
        let began = Instant::now();
        let hits = self.search_in(index.as_ref(), user, asked).await;
        let took = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.inner.searching.took.add(took);
        hits
    }

    async fn search_in(
        &self,
        index: &dyn Index,
        user: UserId,
        asked: Asked<'_>,
    ) -> Result<Hits, HubError> {
        let Asked { text, order, after, limit, offset } = asked;
        let search = parse(text, self.now(), offset)?;
        let after = after.map(|after| place::read(order, after)).transpose()?;
        let now = after.and_then(|(now, _)| now).unwrap_or_else(|| self.now());
        let readable = self.readable_by(user).await?;
        let within = self.within(&readable, &search).await?;
        let mut from = Vec::new();
        for name in &search.from {
            from.push(self.searched_user(user, name).await?);
        }
        let mut not_from = self.blocked(user).await?;
        for name in &search.not_from {
            not_from.insert(self.searched_user(user, name).await?);
        }
        let from = (!from.is_empty()).then_some(from);
        let behind = self.wait_for_index(&readable).await;
        let mut ask = Ask {
            scopes: within.scopes,
            except: within.except,
            must: search.must.clone(),
            must_not: search.must_not.clone(),
            from: from.clone(),
            not_from: not_from.iter().copied().collect(),
            has: search.has.iter().copied().collect(),
            has_not: search.has_not.iter().copied().collect(),
            since: search.since,
            until: search.until,
            order,
            now,
            after: after.map(|(_, place)| place),
        };
        let streams = readable.streams().map(|stream| (stream.id, Arc::clone(stream))).collect();
        let looking = Looking { user, search, streams, from, not_from };
        let mut hits = Vec::new();
        for round in 1.. {
            // One more than is told says whether there are more.
            let wanted = limit + 1 - hits.len();
            let found = index.find(ask.clone(), wanted).await.map_err(from_index)?;
            let is_all = found.len() < wanted;
            ask.after = found.last().map(|found| found.place);
            hits.extend(self.as_now(&looking, &found).await?);
            if is_all || hits.len() > limit || round == ROUNDS_MAX {
                let told = hits.get(limit.saturating_sub(1)).map(|(_, place)| *place);
                let next = match hits.len() > limit {
                    true => told,
                    false => ask.after.filter(|_| !is_all),
                };
                hits.truncate(limit);
                let next = next.map(|place| place::write(order, now, place));
                let hits = hits.into_iter().map(|(hit, _)| hit).collect();
                return Ok(Hits { hits, next, behind });
            }
        }
        Ok(Hits::default())
    }

    /// Waits a moment for the index to have read what is in streams that a user may read; whether it
    /// has not.
    async fn wait_for_index(&self, readable: &Readable) -> bool {
        let searching = &self.inner.searching;
        let until = Instant::now() + FRESH;
        let mut progress = searching.progress.subscribe();
        loop {
            if !searching.behind.has_any(readable.streams().map(|stream| stream.id)) {
                return false;
            }
            if timeout_at(until, progress.changed()).await.is_err() {
                return true;
            }
        }
    }

    /// Those of the messages found that are as was asked now, and that the user may read now.
    async fn as_now(
        &self,
        looking: &Looking,
        found: &[Found],
    ) -> Result<Vec<(Hit, kith_store::index::Place)>, HubError> {
        let streams: BTreeSet<StreamId> = found.iter().map(|found| found.stream).collect();
        let mut open = BTreeSet::new();
        for stream in streams {
            let feed = FeedId::Stream(stream);
            match self.look_committed(|draft| access::to_read(draft, looking.user, feed)).await {
                Ok(_) => {
                    open.insert(stream);
                }
                Err(HubError::Refused(_)) => {}
                Err(error) => return Err(error),
            }
        }
        let found: Vec<&Found> =
            found.iter().filter(|found| open.contains(&found.stream)).collect();
        let key = |found: &&Found| Key::Message(found.stream, Seq(found.seq.0));
        let messages = self.stored_all(found.iter().map(key).collect()).await?;
        let hits = found.into_iter().zip(messages).filter_map(|(found, message)| {
            let Some(Doc::Message(message)) = message else { return None };
            // One that was made since is found when it is asked again.
            let stream = looking.streams.get(&found.stream)?;
            Some((looking.fits(stream, &message)?, found.place))
        });
        Ok(hits.collect())
    }
}

fn from_index(error: IndexError) -> HubError {
    match error {
        IndexError::Busy => Refusal::SearchBusy.into(),
        IndexError::Late => Refusal::SearchLate.into(),
        error => StoreError::Failed(error.to_string()).into(),
    }
}
