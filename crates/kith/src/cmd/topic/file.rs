//! The file of topics: a line of JSON for each, between one that says what it is and one that says
//! that it is whole.

use std::collections::BTreeMap;
use std::io::{BufRead, Read};

use kith_core::document::{Circle, Role, Rules, Topic};
use kith_core::id::{CircleId, RoleId, Timestamp};
use kith_core::permission::Permissions;
use kith_core::text::TopicName;
use kith_core::topic::Kind;
use kith_proto::query::TopicWindow;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use crate::failure::Failure;

/// The version of the file that this program writes, and the newest that it reads.
pub(super) const VERSION: u32 = 1;
/// The most bytes of a line: a text of 4 MiB in Base64, and what is beside it.
const LINE_BYTES_MAX: usize = 8 * 1024 * 1024;

/// A line.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Line {
    /// The first.
    KithTopics(Head),
    /// A topic.
    Topic(Box<Record>),
    /// The last.
    End(End),
}

/// What the file is.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Head {
    pub(super) version: u32,
    /// Where the topics are from.
    pub(super) circle: CircleId,
    /// What that is called.
    pub(super) name: String,
    /// When the first of them was told.
    pub(super) at: Timestamp,
}

/// That the file is whole.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct End {
    /// How many topics there are.
    pub(super) topics: u64,
}

/// A topic.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Record {
    pub(super) name: TopicName,
    pub(super) holds: Kind,
    #[serde(default, skip_serializing_if = "Rules::is_default")]
    pub(super) rules: Rules,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) deny: Vec<Denied>,
    /// As in a snapshot: the elements of a list with their names, a text as its updates. An event
    /// has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) value: Option<Json>,
}

/// What a role is denied. The ids of roles mean nothing in another circle.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Denied {
    /// The name of the role.
    pub(super) role: String,
    /// It is the role that all members have, whatever it is called.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) everyone: bool,
    pub(super) permissions: Permissions,
}

impl Record {
    /// A topic as it is told. What it denies to roles that are there no more is left out.
    pub(super) fn of(told: TopicWindow, circle: &Circle) -> Self {
        let Topic { name, holds, rules, deny, .. } = told.topic;
        let denied = deny.into_iter().filter_map(|(id, permissions)| {
            let role = circle.roles.get(&id)?.name.to_string();
            Some(Denied { role, everyone: id == circle.everyone, permissions })
        });
        let value = (holds != Kind::Event).then_some(told.value);
        Self { name, holds, rules, deny: denied.collect(), value }
    }

    /// The body of the request that makes it; or the name of a role that is not there, or that
    /// several have.
    pub(super) fn request(self, circle: &Circle, replace: bool) -> Result<Json, String> {
        let Self { name, holds, rules, deny, value } = self;
        let mut by_role: BTreeMap<RoleId, Permissions> = BTreeMap::new();
        for Denied { role, everyone, permissions } in deny {
            let id = if everyone { circle.everyone } else { role_of(circle, &role).ok_or(role)? };
            by_role.insert(id, permissions);
        }
        let value = match (holds, value) {
            (Kind::List, Some(elements)) => Some(json!({ "elements": elements })),
            (_, value) => value,
        };
        let mut body = json!({ "name": name, "holds": holds, "rules": rules, "deny": by_role });
        if let Some(fields) = body.as_object_mut() {
            fields.extend(value.map(|value| ("value".to_owned(), value)));
            if replace {
                fields.insert("replace".to_owned(), Json::Bool(true));
            }
        }
        Ok(body)
    }
}

/// The only role of a name that is not everyone's.
fn role_of(circle: &Circle, name: &str) -> Option<RoleId> {
    let is = |(id, role): &(&RoleId, &Role)| **id != circle.everyone && role.name.as_str() == name;
    let mut found = circle.roles.iter().filter(is).map(|(id, _)| *id);
    found.next().filter(|_| found.next().is_none())
}

/// The lines of a file, one after the other.
pub(super) struct Lines<R> {
    from: R,
    number: u64,
}

impl<R: BufRead> Lines<R> {
    /// Reads the first line.
    ///
    /// # Errors
    /// When it is no file of topics, or of a later version.
    pub(super) fn open(from: R) -> Result<(Self, Head), Failure> {
        let mut lines = Self { from, number: 0 };
        match lines.next() {
            Ok(Some(Line::KithTopics(head))) if head.version <= VERSION => Ok((lines, head)),
            Ok(Some(Line::KithTopics(head))) => Err(Failure::Usage(format!(
                "the file is of version {}, and this program reads up to {VERSION}",
                head.version
            ))),
            Ok(_) => Err(Failure::Usage("this is no file of topics".to_owned())),
            Err(failure) => Err(failure),
        }
    }

    /// The next line; `None` at the end of the file.
    pub(super) fn next(&mut self) -> Result<Option<Line>, Failure> {
        self.number += 1;
        let mut line = Vec::new();
        let max = LINE_BYTES_MAX as u64 + 1;
        let read = self.from.by_ref().take(max).read_until(b'\n', &mut line);
        let read = read.map_err(|error| Failure::Local(format!("the file: {error}")))?;
        if read > LINE_BYTES_MAX {
            return Err(self.wrong(&format!("longer than {LINE_BYTES_MAX} bytes")));
        }
        if read == 0 {
            return Ok(None);
        }
        serde_json::from_slice(&line).map(Some).map_err(|error| self.wrong(&error.to_string()))
    }

    fn wrong(&self, why: &str) -> Failure {
        Failure::Usage(format!("line {} of the file: {why}", self.number))
    }
}

#[cfg(test)]
mod tests {
    use kith_core::command::Command;
    use kith_core::id::{Seq, TopicId};
    use kith_core::permission::Permission;
    use kith_core::topic::Value;
    use proptest::prelude::*;

    use super::*;

    /// A circle with two roles, one of them everyone's.
    fn circle(number: u128) -> (Circle, RoleId, RoleId) {
        let id = |n| RoleId::new(Timestamp(1), number + n);
        let role = |name: &str| json!({ "name": name, "allow": ["read"], "rank": 0 });
        let circle = json!({
            "id": CircleId::new(Timestamp(1), number),
            "name": "Tea",
            "public": false,
            "owner": kith_core::id::UserId::new(Timestamp(1), 1),
            "roles": { id(1).to_string(): role("member"), id(2).to_string(): role("guest") },
            "everyone": id(1),
            "members": 1,
            "created_at": 1,
        });
        (serde_json::from_value(circle).unwrap(), id(1), id(2))
    }

    fn any_json() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::from),
            any::<i64>().prop_map(Json::from),
            "[a\u{0}\"é😀\u{202e}]{0,4}".prop_map(Json::from),
        ];
        leaf.prop_recursive(3, 12, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
                prop::collection::btree_map("[a-c]{0,2}", inner, 0..4)
                    .prop_map(|entries| Json::Object(entries.into_iter().collect())),
            ]
        })
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let kinds = [
            Kind::Bool,
            Kind::Int,
            Kind::Float,
            Kind::String,
            Kind::Text,
            Kind::Set,
            Kind::List,
            Kind::Map,
            Kind::Json,
            Kind::Event,
        ];
        let items = prop::collection::vec(any_json(), 0..5);
        let parts = (any::<bool>(), any::<i64>(), "[a-zé😀]{0,20}", items, 1..9_u64);
        (prop::sample::select(kinds.to_vec()), parts).prop_map(|(kind, parts)| {
            let (is, number, text, items, seq) = parts;
            let keyed = |items: Vec<Json>| {
                let entries = items.into_iter().enumerate();
                Json::Object(entries.map(|(key, item)| (key.to_string(), item)).collect())
            };
            let json = match kind {
                Kind::Bool => Json::from(is),
                Kind::Int => Json::from(number),
                Kind::Float => Json::from(number as f64 / 8.0),
                Kind::String | Kind::Text => Json::from(text),
                Kind::Set | Kind::List => Json::from(items),
                Kind::Map => keyed(items),
                Kind::Json => items.into_iter().next().unwrap_or_default(),
                Kind::Event => return Value::Event,
            };
            kind.value(&json, Seq(seq)).unwrap()
        })
    }

    proptest! {
        #[test]
        fn a_topic_comes_in_as_it_went_out(
            value in any_value(),
            denied in any::<(bool, bool)>(),
            ephemeral in any::<bool>(),
        ) {
            let (here, member, guest) = circle(10);
            let (there, members, guests) = circle(20);
            let holds = value.kind();
            let deny = |member, guest| {
                let all = [(denied.0, member), (denied.1, guest)].into_iter();
                let set = Permissions::of(&[Permission::Write]);
                all.filter_map(|(is, role)| is.then_some((role, set))).collect::<BTreeMap<_, _>>()
            };
            let topic = Topic {
                id: TopicId::new(Timestamp(1), 1),
                circle: here.id,
                name: TopicName::parse("board/todo").unwrap(),
                holds,
                rules: Rules { ephemeral, count_max: Some(50), ..Rules::default() },
                deny: deny(member, guest),
                created_at: Timestamp(1),
            };
            let rules = topic.rules.clone();
            let (seq, value_told) = (Seq(9), value.to_json());
            let told = TopicWindow { topic, seq, value: value_told, text: None, json: None };
            let line = Line::Topic(Box::new(Record::of(told, &here)));
            let text = serde_json::to_vec(&line).unwrap();
            let mut lines = Lines { from: text.as_slice(), number: 0 };
            let Some(Line::Topic(read)) = lines.next().unwrap() else { panic!("a topic") };
            let request = read.request(&there, true).unwrap();
            let command: Command = serde_json::from_value(json!({
                "create_topic": {
                    "circle": there.id,
                    "name": request["name"],
                    "holds": request["holds"],
                    "value": request.get("value"),
                    "rules": request["rules"],
                    "deny": request["deny"],
                    "replace": request["replace"],
                },
            })).unwrap();
            let Command::CreateTopic { holds: asked, value: made, rules: ruled, deny: denies, .. } =
                command else { panic!("a topic is made") };
            prop_assert_eq!(asked, holds);
            prop_assert_eq!(ruled, rules);
            prop_assert_eq!(denies, deny(members, guests));
            let made = made.map_or(holds.empty(), |json| holds.value(&json, Seq(1)).unwrap());
            prop_assert_eq!(made, value);
        }
    }

    #[test]
    fn a_role_that_is_not_there_is_named() {
        let (there, ..) = circle(20);
        for (role, everyone, found) in [
            ("guest", false, true),
            ("any", true, true),
            ("member", false, false),
            ("any", false, false),
        ] {
            let permissions = Permissions::NONE;
            let denied = Denied { role: role.to_owned(), everyone, permissions };
            let name = TopicName::parse("a").unwrap();
            let (holds, rules) = (Kind::Int, Rules::default());
            let record = Record { name, holds, rules, deny: vec![denied], value: None };
            assert_eq!(record.request(&there, false).err(), (!found).then(|| role.to_owned()));
        }
    }

    fn open(file: &str) -> Result<Head, String> {
        Lines::open(file.as_bytes()).map(|(_, head)| head).map_err(|failure| failure.to_string())
    }

    #[test]
    fn a_file_says_what_it_is() {
        let head = |version| {
            let circle = CircleId::new(Timestamp(1), 1);
            let head = Head { version, circle, name: "Tea".to_owned(), at: Timestamp(1) };
            serde_json::to_string(&Line::KithTopics(head)).unwrap()
        };
        assert_eq!(open(&head(1)).unwrap().version, 1);
        assert!(open(&head(2)).unwrap_err().contains("version 2"));
        for other in ["", r#"{"end":{"topics":0}}"#] {
            assert_eq!(open(other).unwrap_err(), "this is no file of topics");
        }
        assert!(open("[]").unwrap_err().starts_with("line 1 of the file: "));
        let endless = "x".repeat(LINE_BYTES_MAX + 10);
        assert!(open(&endless).unwrap_err().contains("longer than"));
    }
}
