//! Who invites whom and what becomes of it: a state machine without time, randomness or network, one
//! for each running client. Each invitation ends exactly once, with a word for both sides.

#[cfg(test)]
mod tests;
mod told;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use kith_core::id::UserId;
use kith_core::text::ServiceName;

use crate::handshake::SessionId;
use crate::hex::Hex;
use crate::signal::{Address, Declined, End, Say};

pub use told::{DeskError, Effect, Event, With};

/// The most sessions and invitations at a time.
pub const SESSIONS_MAX: usize = 16;
/// The most invitations that wait for an answer here.
pub const RINGING_MAX: usize = 8;
/// The most devices of one user that are invited.
pub const DEVICES_MAX: usize = 16;
/// How long an invitation waits for an answer, in milliseconds.
pub const RING_MS: u64 = 60_000;
/// How much longer than that the invited device waits to be told that it is over.
const GRACE_MS: u64 = 5_000;
/// The most invitations of one user that are taken in [`RING_MS`].
pub const INVITES_MAX: usize = 6;
/// The most users whose invitations are counted at a time.
const COUNTED_MAX: usize = 256;

#[derive(Clone, Debug)]
enum Phase {
    /// We invited these devices; `None` while it is not known where they are.
    Calling { commitment: Hex<32>, invited: Option<BTreeSet<Address>>, rang: usize, until: u64 },
    /// We are invited.
    Ringing { from: Address, commitment: Hex<32>, until: u64 },
    /// Both want to.
    Joined { peer: Address },
}

#[derive(Clone, Debug)]
struct Entry {
    user: UserId,
    phase: Phase,
}

/// The invitations and sessions of one running client.
#[derive(Debug)]
pub struct Desk {
    me: UserId,
    entries: BTreeMap<SessionId, Entry>,
    /// When each user invited lately.
    counted: BTreeMap<UserId, VecDeque<u64>>,
}

impl Desk {
    /// One without invitations.
    #[must_use]
    pub fn new(me: UserId) -> Self {
        Self { me, entries: BTreeMap::new(), counted: BTreeMap::new() }
    }

    /// Invites a user, under a name that nobody can guess.
    ///
    /// # Errors
    /// [`DeskError`] but for [`DeskError::Unknown`].
    pub fn invite(
        &mut self,
        id: SessionId,
        user: UserId,
        commitment: Hex<32>,
        now: u64,
    ) -> Result<Vec<Effect>, DeskError> {
        if user == self.me {
            return Err(DeskError::Oneself);
        }
        if self.entries.values().any(|entry| entry.user == user) {
            return Err(DeskError::Open);
        }
        if self.entries.len() >= SESSIONS_MAX {
            return Err(DeskError::TooMany);
        }
        let phase = Phase::Calling { commitment, invited: None, rang: 0, until: now + RING_MS };
        self.entries.insert(id, Entry { user, phase });
        Ok(vec![Effect::Reach { id, user }])
    }

    /// Where the devices of the invited user are reached.
    pub fn reached(&mut self, id: SessionId, found: Vec<Address>) -> Vec<Effect> {
        let Some(Entry { user, phase }) = self.entries.get_mut(&id) else { return Vec::new() };
        let Phase::Calling { commitment, invited, .. } = phase else { return Vec::new() };
        let user = *user;
        // One that invited us meanwhile is among them already.
        let invited = invited.get_or_insert_default();
        let mut new = Vec::new();
        for to in found.into_iter().filter(|to| to.user == user) {
            if invited.len() < DEVICES_MAX && invited.insert(to.clone()) {
                new.push(Effect::Send { to, id, say: Say::Invite { commitment: *commitment } });
            }
        }
        if invited.is_empty() { self.finish(id, End::Unreachable) } else { new }
    }

    /// What became of the invitation of one device.
    pub fn rang(
        &mut self,
        id: SessionId,
        to: &Address,
        result: Result<(), Option<Declined>>,
    ) -> Vec<Effect> {
        let Some(Entry { phase, .. }) = self.entries.get_mut(&id) else { return Vec::new() };
        let Phase::Calling { invited: Some(invited), rang, .. } = phase else { return Vec::new() };
        match result {
            Ok(()) => {
                *rang += 1;
                vec![Effect::Tell(Event::Ringing { id, devices: *rang })]
            }
            // Its own invitation comes, and counts as the answer.
            Err(Some(Declined::Crossed)) => Vec::new(),
            Err(why) => {
                invited.remove(to);
                if !invited.is_empty() {
                    return Vec::new();
                }
                self.finish(id, why.map_or(End::Unreachable, Declined::end))
            }
        }
    }

    /// A device says something. An error is its answer; without one it is answered that it was taken,
    /// or by the session that it is passed to.
    ///
    /// # Errors
    /// As [`Declined`] says.
    pub fn heard(
        &mut self,
        from: Address,
        id: SessionId,
        say: Say,
        now: u64,
    ) -> Result<Vec<Effect>, Declined> {
        if from.user == self.me {
            return Err(Declined::Unknown);
        }
        if let Say::Invite { commitment } = say {
            return self.invited(from, id, commitment, now);
        }
        let entry = self.entries.get_mut(&id).filter(|entry| entry.user == from.user);
        let Entry { user, phase } = entry.ok_or(Declined::Unknown)?;
        let user = *user;
        match (phase, say) {
            (Phase::Calling { invited: Some(invited), .. }, Say::Accept(part))
                if invited.contains(&from) =>
            {
                let mut effects: Vec<_> = std::mem::take(invited)
                    .into_iter()
                    .filter(|to| *to != from)
                    .map(|to| Effect::Send { to, id, say: Say::End { why: End::Answered } })
                    .collect();
                if let Some(entry) = self.entries.get_mut(&id) {
                    entry.phase = Phase::Joined { peer: from.clone() };
                }
                effects.push(Effect::Tell(Event::Accepted { id, user }));
                effects.push(Effect::Begin { id, peer: from, with: With::Part(part) });
                Ok(effects)
            }
            (Phase::Joined { peer }, Say::Accept(_)) if *peer != from => Err(Declined::Answered),
            (Phase::Calling { invited: Some(invited), .. }, Say::End { why })
                if invited.contains(&from) =>
            {
                // One device says it for the user; the others need not ring on.
                let why = if why == End::Crossed { why } else { End::Refused };
                let others = std::mem::take(invited).into_iter().filter(|to| *to != from);
                let others = others.map(|to| end_of(to, id, End::Answered)).collect::<Vec<_>>();
                Ok(others.into_iter().chain(self.finish(id, why)).collect())
            }
            (Phase::Ringing { from: peer, .. } | Phase::Joined { peer }, Say::End { why })
                if *peer == from =>
            {
                Ok(self.finish(id, told(why)))
            }
            (Phase::Joined { peer }, say @ (Say::Reveal(_) | Say::Offer(_) | Say::Again {}))
                if *peer == from =>
            {
                Ok(vec![Effect::Pass { id, say }])
            }
            _ => Err(Declined::Unknown),
        }
    }

    fn invited(
        &mut self,
        from: Address,
        id: SessionId,
        commitment: Hex<32>,
        now: u64,
    ) -> Result<Vec<Effect>, Declined> {
        if self.entries.contains_key(&id) {
            return Err(Declined::Unknown);
        }
        self.count(from.user, now)?;
        let mine = self.entries.iter_mut().find_map(|(mine, entry)| {
            let Entry { user, phase } = entry;
            match phase {
                Phase::Calling { commitment, invited, .. } if *user == from.user => {
                    Some((*mine, *commitment, invited))
                }
                _ => None,
            }
        });
        if let Some((mine, own, invited)) = mine {
            // Both sides compare the same two names, so they come to the same end.
            if mine < id {
                let invited = invited.get_or_insert_default();
                let mut effects = Vec::new();
                if invited.len() < DEVICES_MAX && invited.insert(from.clone()) {
                    let say = Say::Invite { commitment: own };
                    effects.push(Effect::Send { to: from, id: mine, say });
                }
                return if effects.is_empty() { Err(Declined::Crossed) } else { Ok(effects) };
            }
            let others = std::mem::take(invited).unwrap_or_default();
            let others = others.into_iter().filter(|to| *to != from);
            let mut effects: Vec<_> = others.map(|to| end_of(to, mine, End::Answered)).collect();
            effects.extend(self.finish(mine, End::Crossed));
            effects.extend(self.join(id, from, commitment));
            return Ok(effects);
        }
        let ringing = |entry: &&Entry| matches!(entry.phase, Phase::Ringing { .. });
        let is_full = self.entries.len() >= SESSIONS_MAX
            || self.entries.values().filter(ringing).count() >= RINGING_MAX;
        if is_full {
            return Err(Declined::Busy);
        }
        let mut effects = Vec::new();
        // Who invites again thinks no more of what they asked before.
        let before = self.entries.iter().find(|(_, entry)| {
            entry.user == from.user && matches!(entry.phase, Phase::Ringing { .. })
        });
        if let Some(before) = before.map(|(before, _)| *before) {
            effects.extend(self.finish(before, End::Replaced));
        }
        let user = from.user;
        let phase = Phase::Ringing { from, commitment, until: now + RING_MS + GRACE_MS };
        self.entries.insert(id, Entry { user, phase });
        effects.push(Effect::Tell(Event::Invited { id, user }));
        Ok(effects)
    }

    /// Counts an invitation of a user.
    fn count(&mut self, user: UserId, now: u64) -> Result<(), Declined> {
        self.forget(now);
        if !self.counted.contains_key(&user) && self.counted.len() >= COUNTED_MAX {
            return Err(Declined::TooFast);
        }
        let times = self.counted.entry(user).or_default();
        if times.len() >= INVITES_MAX {
            return Err(Declined::TooFast);
        }
        times.push_back(now);
        Ok(())
    }

    fn forget(&mut self, now: u64) {
        self.counted.retain(|_, times| {
            times.retain(|at| at + RING_MS > now);
            !times.is_empty()
        });
    }

    fn join(&mut self, id: SessionId, peer: Address, commitment: Hex<32>) -> Vec<Effect> {
        let user = peer.user;
        self.entries.insert(id, Entry { user, phase: Phase::Joined { peer: peer.clone() } });
        vec![
            Effect::Tell(Event::Accepted { id, user }),
            Effect::Begin { id, peer, with: With::Commitment(commitment) },
        ]
    }

    /// Accepts an invitation. Another session with the same user ends.
    ///
    /// # Errors
    /// [`DeskError::Unknown`].
    pub fn accept(&mut self, id: SessionId) -> Result<Vec<Effect>, DeskError> {
        let entry = self.entries.get(&id).ok_or(DeskError::Unknown)?;
        let Phase::Ringing { from, commitment, .. } = entry.phase.clone() else {
            return Err(DeskError::Unknown);
        };
        let others =
            self.entries.iter().filter(|(other, entry)| **other != id && entry.user == from.user);
        let others: Vec<_> = others.map(|(other, _)| *other).collect();
        let mut effects = Vec::new();
        for other in others {
            effects.extend(self.leave(other, End::Replaced));
        }
        effects.extend(self.join(id, from, commitment));
        Ok(effects)
    }

    /// Refuses an invitation, takes one back, or ends a session.
    ///
    /// # Errors
    /// [`DeskError::Unknown`].
    pub fn end(&mut self, id: SessionId) -> Result<Vec<Effect>, DeskError> {
        if !self.entries.contains_key(&id) {
            return Err(DeskError::Unknown);
        }
        Ok(self.leave(id, End::Ended))
    }

    /// Ends whatever there is with a user: we block them now.
    pub fn block(&mut self, user: UserId) -> Vec<Effect> {
        let ours = self.entries.iter().filter(|(_, entry)| entry.user == user);
        let ours: Vec<_> = ours.map(|(id, _)| *id).collect();
        ours.into_iter().flat_map(|id| self.leave(id, End::Ended)).collect()
    }

    /// The connection of a session is over, or never came about.
    pub fn closed(&mut self, id: SessionId, why: End) -> Vec<Effect> {
        self.leave(id, why)
    }

    /// Ends what waited too long.
    pub fn tick(&mut self, now: u64) -> Vec<Effect> {
        self.forget(now);
        let late = self.entries.iter().filter(|(_, entry)| match entry.phase {
            Phase::Calling { until, .. } | Phase::Ringing { until, .. } => until <= now,
            Phase::Joined { .. } => false,
        });
        let late: Vec<_> = late.map(|(id, _)| *id).collect();
        late.into_iter().flat_map(|id| self.leave(id, End::TimedOut)).collect()
    }

    /// When [`tick`](Self::tick) has something to do next.
    #[must_use]
    pub fn next_tick(&self) -> Option<u64> {
        let times = self.entries.values().filter_map(|entry| match entry.phase {
            Phase::Calling { until, .. } | Phase::Ringing { until, .. } => Some(until),
            Phase::Joined { .. } => None,
        });
        times.min()
    }

    /// The sessions and invitations with a user.
    pub fn with(&self, user: UserId) -> impl Iterator<Item = SessionId> {
        self.entries.iter().filter(move |(_, entry)| entry.user == user).map(|(id, _)| *id)
    }

    /// All sessions and invitations.
    #[must_use]
    pub fn all(&self) -> Vec<SessionId> {
        self.entries.keys().copied().collect()
    }

    /// Whether there is one of this name.
    #[must_use]
    pub fn has(&self, id: SessionId) -> bool {
        self.entries.contains_key(&id)
    }

    /// Ends an entry and tells the other side.
    fn leave(&mut self, id: SessionId, why: End) -> Vec<Effect> {
        let Some(entry) = self.entries.get(&id) else { return Vec::new() };
        let (all, word) = match &entry.phase {
            Phase::Calling { invited, .. } => {
                (invited.iter().flatten().cloned().collect::<Vec<_>>(), why)
            }
            Phase::Ringing { from, .. } => {
                let word = if why == End::Ended { End::Refused } else { why };
                (vec![from.clone()], word)
            }
            Phase::Joined { peer } => (vec![peer.clone()], why),
        };
        let mut effects: Vec<_> = all.into_iter().map(|to| end_of(to, id, word)).collect();
        effects.extend(self.finish(id, why));
        effects
    }

    /// Ends an entry without telling the other side.
    fn finish(&mut self, id: SessionId, why: End) -> Vec<Effect> {
        let Some(Entry { user, phase }) = self.entries.remove(&id) else { return Vec::new() };
        let told = Effect::Tell(Event::Ended { id, user, why });
        match phase {
            Phase::Joined { .. } => vec![Effect::Close { id }, told],
            Phase::Calling { .. } | Phase::Ringing { .. } => vec![told],
        }
    }
}

fn end_of(to: Address, id: SessionId, why: End) -> Effect {
    Effect::Send { to, id, say: Say::End { why } }
}

/// What an end means here that the other side tells: it cannot say what only we can know.
fn told(why: End) -> End {
    match why {
        End::Refused
        | End::TimedOut
        | End::Answered
        | End::Crossed
        | End::Replaced
        | End::Lost
        | End::Failed
        | End::NoWay
        | End::Ended => why,
        End::Busy | End::Unreachable => End::Ended,
    }
}

/// Whether a name is one under which devices are reached for private sessions.
#[must_use]
pub fn is_device(name: &ServiceName) -> bool {
    name.as_str().starts_with(crate::signal::SERVICE)
}
