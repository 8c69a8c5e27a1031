//! The server as its rules are: it decides by `kith-core`, keeps, and shows a moment later.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use kith_core::command::{Command, Outcome, Place};
use kith_core::document::{Rules, Topic, User};
use kith_core::event::{Body, Event};
use kith_core::id::{CircleId, FeedId, Seq, SessionId, Timestamp, TopicId, UserId};
use kith_core::refusal::Refusal;
use kith_core::text::{DisplayName, OpId, TopicName, UserName};
use kith_core::topic::{Asked, Condition, Kind, State, Value, same};
use kith_proto::codec::Encoding;
use kith_proto::error::Problem;
use kith_proto::frame::{
    Limits, Push, Reply, Request, Reset, Seen, Subscribe, Subscribed, Welcome,
};
use kith_proto::query::State as Told;

use super::Dice;
use super::pen::merged;

/// What a value may weigh, and what a document may, of which nothing ever goes.
const BYTES_MAX: usize = 300;
const DOCUMENT_BYTES_MAX: usize = 3000;

pub(crate) struct Kept {
    pub(crate) state: State,
    pub(crate) log: Vec<Event>,
    about: Topic,
}

impl Kept {
    pub(crate) fn seq(&self) -> Seq {
        Seq(self.log.len() as u64)
    }
}

#[derive(Default)]
struct Link {
    requests: VecDeque<Request>,
    pushes: VecDeque<Push>,
    /// What is followed, and up to where it was read.
    live: BTreeMap<TopicId, Seq>,
    joining: Option<(u64, VecDeque<Subscribe>)>,
    /// A reply that waits for so many transactions to be shown.
    noted: Option<(u64, usize)>,
}

/// What a committed transaction still has to tell.
struct Unshown {
    events: Vec<Event>,
    answer: Option<(usize, Push)>,
}

pub(crate) struct Site {
    pub(crate) topics: BTreeMap<TopicId, Kept>,
    /// Those of the kind that is tried, then two numbers that are always changed alike.
    pub(crate) ids: Vec<TopicId>,
    links: BTreeMap<usize, Link>,
    done: HashMap<(UserId, OpId), Outcome>,
    unshown: VecDeque<Unshown>,
    decided: usize,
    shown: usize,
    /// Who may not write, and where.
    denied: BTreeSet<(UserId, TopicId)>,
    /// Nothing is refused without need.
    pub(crate) calm: bool,
}

pub(crate) fn user(number: usize) -> UserId {
    UserId::new(Timestamp(1), number as u128 + 1)
}

fn of(feed: FeedId) -> TopicId {
    match feed {
        FeedId::Topic(topic) => topic,
        other => panic!("{other} is no topic"),
    }
}

impl Site {
    pub(crate) fn new(kind: Kind, rules: &Rules) -> Self {
        let ids: Vec<TopicId> = (0..4).map(|n| TopicId::new(Timestamp(1), n + 1)).collect();
        let topics = ids.iter().enumerate().map(|(place, id)| {
            let holds = if place < 2 { kind } else { Kind::Int };
            let about = Topic {
                id: *id,
                circle: CircleId::new(Timestamp(1), 1),
                name: TopicName::parse(&format!("t{place}")).unwrap(),
                holds,
                rules: if place < 2 { rules.clone() } else { Rules::default() },
                deny: BTreeMap::new(),
                created_at: Timestamp(1),
            };
            let state = State::new(Seq(0), about.form().empty());
            (*id, Kept { state, log: Vec::new(), about })
        });
        Self {
            topics: topics.collect(),
            ids,
            links: BTreeMap::new(),
            done: HashMap::new(),
            unshown: VecDeque::new(),
            decided: 0,
            shown: 0,
            denied: BTreeSet::new(),
            calm: false,
        }
    }

    /// The topics that have a Yjs document, and what they hold.
    pub(crate) fn documents(&self) -> impl Iterator<Item = (TopicId, Kind)> {
        let has_one = |kept: &&Kept| kept.about.form() == Kind::Text;
        self.topics.values().filter(has_one).map(|kept| (kept.about.id, kept.about.holds))
    }

    /// Puts the updates of documents together, as the server does beside the way of changes.
    pub(crate) fn merge(&mut self) {
        for kept in self.topics.values_mut() {
            if let Some(text) = kept.state.text() {
                kept.state = State::new(kept.seq(), Value::Text(merged(text)));
            }
        }
    }

    pub(crate) fn connect(&mut self, number: usize) {
        let mut link = Link::default();
        link.pushes.push_back(Push::Welcome(welcome(number)));
        self.links.insert(number, link);
    }

    pub(crate) fn cut(&mut self, number: usize) {
        self.links.remove(&number);
    }

    pub(crate) fn say(&mut self, number: usize, bytes: &[u8]) {
        if let (Some(link), Ok(request)) =
            (self.links.get_mut(&number), Encoding::Json.decode(bytes))
        {
            link.requests.push_back(request);
        }
    }

    pub(crate) fn next_push(&mut self, number: usize) -> Option<Push> {
        self.links.get_mut(&number)?.pushes.pop_front()
    }

    pub(crate) fn is_busy(&self) -> bool {
        let idle = |link: &Link| {
            link.requests.is_empty() && link.joining.is_none() && link.noted.is_none()
        };
        !self.unshown.is_empty() || !self.links.values().all(idle)
    }

    /// Whoever may write somewhere may not any longer, or the other way round.
    pub(crate) fn turn(&mut self, dice: &mut Dice) {
        let at = (user(dice.below(8)), self.ids[dice.below(self.ids.len())]);
        if !self.denied.remove(&at) {
            self.denied.insert(at);
        }
    }

    /// The mailbox of a connection is too full: what waits of feeds is dropped.
    pub(crate) fn lag(&mut self, number: usize) {
        let Some(link) = self.links.get_mut(&number) else { return };
        let mut lost = BTreeSet::new();
        link.pushes.retain(|push| match push {
            Push::Event(event) => {
                lost.insert(of(event.feed));
                false
            }
            Push::Events(events) => {
                lost.extend(events.iter().map(|event| of(event.feed)));
                false
            }
            _ => true,
        });
        link.pushes.retain(|push| match push {
            Push::Subscribed(
                Subscribed::Events { feed, .. } | Subscribed::Snapshot { feed, .. },
            ) => !lost.contains(&of(*feed)),
            _ => true,
        });
        link.live.retain(|topic, _| !lost.contains(topic));
        if !lost.is_empty() {
            let feeds = lost.into_iter().map(FeedId::Topic).collect();
            link.pushes.push_front(Push::Lagged { feeds });
        }
    }

    /// Does the next thing that a client asked for.
    pub(crate) fn serve(&mut self, number: usize, dice: &mut Dice) {
        let Some(link) = self.links.get_mut(&number) else { return };
        if let Some((id, mark)) = link.noted {
            if self.shown < mark {
                return;
            }
            link.noted = None;
            link.pushes.push_back(Push::Ok { id, reply: Reply::Noted });
        }
        if let Some((id, wishes)) = &mut link.joining {
            match wishes.pop_front() {
                Some(wish) => return self.join(number, &wish, dice),
                None => {
                    link.noted = Some((*id, self.decided));
                    link.joining = None;
                    return;
                }
            }
        }
        let Some(request) = link.requests.pop_front() else { return };
        if let Some(wishes) = request.subscribe {
            link.joining = Some((request.id, wishes.into()));
        } else if let (Some(op), Some(Command::Change { changes, when, .. })) =
            (request.op, request.command)
        {
            self.command(number, request.id, &op, &changes, &when, dice);
        }
    }

    fn join(&mut self, number: usize, wish: &Subscribe, dice: &mut Dice) {
        let topic = of(wish.feed);
        let kept = &self.topics[&topic];
        let Some(link) = self.links.get_mut(&number) else { return };
        let (feed, epoch, seq) = (wish.feed, "e".to_owned(), kept.seq());
        // Sometimes too much was missed; what only happens is never missed here.
        let too_far = kept.about.holds != Kind::Event && dice.one_in(4);
        let answer = match wish.after {
            Some(after) if !too_far => {
                let missed = kept.log.iter().skip(usize::try_from(after.0).unwrap());
                let events = missed.cloned().map(Seen::Event).collect();
                Subscribed::Events { feed, epoch, seq, events, more: false }
            }
            after => {
                let state =
                    Told::Topic { topic: kept.about.clone(), value: kept.state.value.to_json() };
                let reset = after.map(|_| Reset::TooFar);
                Subscribed::Snapshot { feed, epoch, seq, reset, state }
            }
        };
        link.live.insert(topic, seq);
        link.pushes.push_back(Push::Subscribed(answer));
    }

    fn command(
        &mut self,
        number: usize,
        id: u64,
        op: &OpId,
        changes: &[Asked],
        when: &[Condition],
        dice: &mut Dice,
    ) {
        let me = user(number);
        let doubtful = !self.calm && dice.one_in(12);
        let fate = match doubtful {
            true if dice.one_in(2) => Some(Problem::later("rate.limited", "too much", 5)),
            true => {
                let problem = Problem::later("store.failed", "who knows", 5);
                Some(Problem { unknown: true, ..problem })
            }
            false => None,
        };
        let lost_before = fate.is_some() && dice.one_in(2);
        let answer = match (&fate, self.done.get(&(me, op.clone()))) {
            (Some(problem), _) if lost_before || !problem.unknown => Err(problem.clone()),
            (_, Some(outcome)) => Ok((outcome.clone(), Vec::new())),
            _ => self.decide(me, op, changes, when).map_err(|refusal| Problem::from(&refusal)),
        };
        let (answer, events) = match (answer, fate) {
            (Err(problem), _) => (Push::Error { id: Some(id), problem }, Vec::new()),
            (Ok((outcome, events)), fate) => {
                self.done.insert((me, op.clone()), outcome.clone());
                let reply = Push::Ok { id, reply: Reply::Done(outcome) };
                let told = fate.map(|problem| Push::Error { id: Some(id), problem });
                (told.unwrap_or(reply), events)
            }
        };
        self.decided += 1;
        self.unshown.push_back(Unshown { events, answer: Some((number, answer)) });
    }

    fn decide(
        &mut self,
        me: UserId,
        op: &OpId,
        changes: &[Asked],
        when: &[Condition],
    ) -> Result<(Outcome, Vec<Event>), Refusal> {
        for condition in when {
            let kept = &self.topics[&condition.topic];
            let plain = kept.state.value.to_plain();
            let holds = condition.seq.is_none_or(|seq| seq == kept.seq())
                && condition.value.as_ref().is_none_or(|value| same(value, &plain));
            if !holds {
                return Err(Refusal::NotAsAsked);
            }
        }
        let mut states: BTreeMap<TopicId, (State, Seq)> = BTreeMap::new();
        let mut events = Vec::new();
        for (place, asked) in changes.iter().enumerate() {
            let kept = &self.topics[&asked.topic];
            let first = || (kept.state.clone(), kept.seq());
            let (state, seq) = states.entry(asked.topic).or_insert_with(first);
            let part = |refusal| Refusal::Part { place, refusal: Box::new(refusal) };
            if self.denied.contains(&(me, asked.topic)) {
                return Err(part(Refusal::Forbidden { permission: "write" }));
            }
            *seq = seq.next();
            let fact = state.resolve(*seq, &asked.change).map_err(part)?;
            state.apply(*seq, &fact);
            let max = if state.kind() == Kind::Text { DOCUMENT_BYTES_MAX } else { BYTES_MAX };
            if state.weight() > max {
                return Err(part(Refusal::TooLarge { max }));
            }
            events.push(Event {
                feed: FeedId::Topic(asked.topic),
                seq: *seq,
                at: Timestamp(1),
                by: Some(me),
                op: Some(op.clone()),
                body: Body::Changed { fact },
            });
        }
        // Something that only the server knows.
        if !self.calm && op.as_str().bytes().map(u32::from).sum::<u32>() % 9 == 0 {
            return Err(Refusal::Outranked);
        }
        for event in &events {
            let kept = self.topics.get_mut(&of(event.feed)).unwrap();
            if let Body::Changed { fact } = &event.body {
                kept.state.apply(event.seq, fact);
            }
            kept.log.push(event.clone());
        }
        let places = events.iter().map(|event| Place { feed: event.feed, seq: event.seq });
        Ok((Outcome { events: places.collect(), ..Outcome::default() }, events))
    }

    /// Shows the next transaction that was kept, and answers for it.
    pub(crate) fn show(&mut self) {
        let Some(Unshown { events, answer }) = self.unshown.pop_front() else { return };
        self.shown += 1;
        for link in self.links.values_mut() {
            let is_new = |event: &&Event| {
                link.live.get(&of(event.feed)).is_some_and(|read| event.seq > *read)
            };
            let mut seen: Vec<Event> = events.iter().filter(is_new).cloned().collect();
            match seen.len() {
                0 | 1 => link.pushes.extend(seen.pop().map(Push::Event)),
                _ => link.pushes.push_back(Push::Events(seen)),
            }
        }
        if let Some((number, answer)) = answer
            && let Some(link) = self.links.get_mut(&number)
        {
            link.pushes.push_back(answer);
        }
    }
}

fn welcome(number: usize) -> Welcome {
    let user = User {
        id: user(number),
        name: UserName::parse("ana").unwrap(),
        display_name: DisplayName::parse("Ana").unwrap(),
        avatar: None,
        bot_of: None,
        disabled: false,
        created_at: Timestamp(1),
    };
    let limits = Limits {
        frame_bytes: 1 << 20,
        update_bytes: 3 << 20,
        text_chars: 8000,
        burst: 60,
        per_second: 30,
        subscribe_max: 1000,
        queue_bytes: 1 << 20,
        file_bytes: None,
    };
    Welcome {
        v: 1,
        user,
        session: SessionId::new(Timestamp(1), 3),
        token: None,
        device: None,
        now: Timestamp(1),
        heartbeat_ms: u32::MAX,
        limits,
    }
}
