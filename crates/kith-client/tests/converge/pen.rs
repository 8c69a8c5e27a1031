//! What a person writes a Yjs document with, as the SDK does it: edits stand on each other, so one
//! transaction with edits is on its way at a time, with all in it that were made meanwhile; when it is
//! refused, what stands on it is lost, and the person goes on as another client of the document.

use std::collections::HashSet;

use kith_core::text::OpId;
use kith_core::topic::text::{JSON, ROOT, Text, Update};
use kith_core::topic::{Change, Kind};
use kith_yjs::{Failed, Updates};
use serde_json::{Value as Json, json};
use yrs::updates::decoder::Decode;
use yrs::{ClientID, Doc, Options, ReadTxn, StateVector, Transact};

use super::Dice;
use super::asks::in_json;

/// The document of one topic, and the edits of it that are not decided.
pub(crate) struct Pen {
    holds: Kind,
    client: u32,
    /// What was not sent yet.
    waiting: Vec<Update>,
    /// What its last edits are under way with.
    sending: Option<OpId>,
    /// The document that an editor would have open: updates go in one by one, own ones first, in
    /// whatever order they come.
    open: Doc,
    has: HashSet<Update>,
}

impl Pen {
    pub(crate) fn new(holds: Kind, number: usize) -> Self {
        let client = u32::try_from(number).unwrap() * 1000 + 1;
        let (waiting, has) = (Vec::new(), HashSet::new());
        Self { holds, client, waiting, sending: None, open: opened(client), has }
    }

    /// Writes something on top of what is shown; what does not fit is not written.
    pub(crate) fn write(&mut self, dice: &mut Dice, shown: &Text) {
        let all = shown.updates().iter().chain(&self.waiting);
        let bytes: Vec<&[u8]> = all.map(Update::bytes).collect();
        let nests = self.waiting.iter().map(|update| update.scan().unwrap().nests).sum::<usize>();
        let updates = Updates { updates: &bytes, nests: shown.nests() + nests };
        let made = match self.holds {
            Kind::Text => self.in_text(dice, &updates),
            _ => {
                let change: Change = serde_json::from_value(in_json(dice, false)).unwrap();
                updates.changed(self.client, JSON, &[change]).map(|made| made.into_iter().next())
            }
        };
        match made {
            Ok(made) => self.waiting.extend(made.map(|bytes| Update::new(&bytes))),
            Err(Failed::OutOfRange | Failed::Refused { .. }) => {}
            Err(failed) => panic!("{failed}"),
        }
    }

    /// Places are counted in characters of the plane in which each is one unit.
    fn in_text(&self, dice: &mut Dice, updates: &Updates<'_>) -> Result<Option<Vec<u8>>, Failed> {
        let count = updates.text(ROOT)?.chars().count();
        let at = dice.below(count + 1);
        let delete = dice.below(4).min(count - at + dice.below(8) / 7);
        let insert = ["", "x", "yé", "zoo"][dice.below(4)];
        let range = (u32::try_from(at).unwrap(), u32::try_from(delete).unwrap());
        updates.splice(self.client, ROOT, range, insert)
    }

    /// What is to be sent now, under this name.
    pub(crate) fn send(&mut self, op: &OpId) -> Option<Change> {
        if self.sending.is_some() || self.waiting.is_empty() {
            return None;
        }
        self.sending = Some(op.clone());
        Some(Change::Update { updates: std::mem::take(&mut self.waiting) })
    }

    /// A transaction is decided.
    pub(crate) fn decided(&mut self, op: &OpId, done: bool) {
        if self.sending.as_ref() != Some(op) {
            return;
        }
        self.sending = None;
        if !done {
            self.client += 1;
            self.waiting.clear();
            self.open = opened(self.client);
            self.has.clear();
        }
    }

    /// Brings the open document to what is shown.
    pub(crate) fn look(&mut self, shown: &Text) {
        for update in shown.updates().iter().chain(&self.waiting) {
            if self.has.insert(update.clone()) {
                let update = yrs::Update::decode_v1(update.bytes()).unwrap();
                self.open.transact_mut().apply_update(update).unwrap();
            }
        }
    }

    /// The open document, what is shown, and what the server has are the same.
    pub(crate) fn agrees(&self, shown: &Text, kept: &Text) {
        // Of what is gone the merged one may know more: what came into something that was out already.
        assert!(shown.known().clocks().eq(kept.known().clocks()));
        let open = self.open.transact().encode_state_as_update_v1(&StateVector::default());
        let open = Updates { updates: &[&open], nests: shown.nests() };
        let all = [read(self.holds, &open), told(self.holds, shown), told(self.holds, kept)];
        assert!(all[0] == all[2] && all[1] == all[2], "{all:?}");
    }
}

fn opened(client: u32) -> Doc {
    Doc::with_options(Options::with_client_id(ClientID::new(client.into())))
}

fn told(holds: Kind, text: &Text) -> Json {
    let bytes: Vec<&[u8]> = text.updates().iter().map(Update::bytes).collect();
    read(holds, &Updates { updates: &bytes, nests: text.nests() })
}

fn read(holds: Kind, updates: &Updates<'_>) -> Json {
    match holds {
        Kind::Text => json!(updates.text(ROOT).unwrap()),
        _ => updates.json(JSON).unwrap(),
    }
}

/// All updates of a document in one, as the server puts them together now and then.
pub(crate) fn merged(text: &Text) -> Text {
    let bytes: Vec<&[u8]> = text.updates().iter().map(Update::bytes).collect();
    let merged = Updates { updates: &bytes, nests: text.nests() }.merged().unwrap();
    text.merged(&Update::new(&merged)).expect("merging leaves nothing out")
}
