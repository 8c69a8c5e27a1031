//! What programs do with a server through an SDK, in `tests/cases/server`: the cases to which the SDK in
//! TypeScript is held as well, by `packages/client/test/shared.test.ts`.
//!
//! A case is people, who are all in a circle of the first of them, and steps. A step says who does it
//! (`as`), what, and what comes of it: what it `gives`, or with which code it is `refused`, in a
//! transaction with the `change`, of a call with the `failure` and whether it is `unknown`; `saves` keeps
//! what it gives under a name, which stands as `$name` in later steps, as `@name` stands for a user. With
//! `later` nobody waits for it before it `ends`. What others did is waited for with `sees`, `hears` and
//! `reads`.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

#[path = "shared/given.rs"]
mod given;
#[path = "shared/person.rs"]
mod person;
#[path = "shared/provider.rs"]
mod provider;
#[path = "topics/site.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod site;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use given::{Given, check};
use kith_core::command::Command;
use kith_core::id::{CircleId, StreamId};
use kith_core::text::CircleName;
use person::Person;
use serde_json::{Value as Json, json};
use site::Site;

/// After so long a case hangs.
const LONG: Duration = Duration::from_secs(60);

/// Where a case happens, and what was kept under a name.
struct Play {
    people: BTreeMap<String, Person>,
    saved: BTreeMap<String, Json>,
}

impl Play {
    async fn begin(names: &[String]) -> Self {
        let site = Site::open().await;
        let mut people = BTreeMap::new();
        let mut place: Option<(CircleId, StreamId)> = None;
        for name in names {
            let way = site.way().await;
            let (client, events) = site::enter(way.port, &site.token(name).await).await;
            let (circle, stream) = match place {
                Some((circle, stream)) => {
                    client.command(Command::Join { circle }).await.unwrap();
                    (circle, stream)
                }
                None => {
                    let name = CircleName::parse("Tea").unwrap();
                    let create = Command::CreateCircle { name, public: true };
                    let made = client.command(create).await.unwrap();
                    *place.insert((made.circle.unwrap(), made.stream.unwrap()))
                }
            };
            let person = Person::begin(name, client, events, way, (circle, stream)).await;
            people.insert(name.clone(), person);
        }
        Self { people, saved: BTreeMap::new() }
    }

    /// With what the names in it stand for.
    fn meant(&self, json: &Json) -> Json {
        match json {
            Json::String(text) => match (text.strip_prefix('$'), text.strip_prefix('@')) {
                (Some(name), _) => self.saved[name].clone(),
                (_, Some(name)) => json!(self.people[name].user()),
                _ => json.clone(),
            },
            Json::Array(items) => items.iter().map(|item| self.meant(item)).collect(),
            Json::Object(entries) => Json::Object(
                entries.iter().map(|(key, value)| (key.clone(), self.meant(value))).collect(),
            ),
            other => other.clone(),
        }
    }

    async fn step(&mut self, step: &Json) {
        let step = self.meant(step);
        let names: BTreeMap<String, String> = self
            .people
            .iter()
            .map(|(name, one)| (json!(one.user()).as_str().unwrap().to_owned(), name.clone()))
            .collect();
        let one = self.people.get_mut(step["as"].as_str().unwrap()).unwrap();
        one.names = names;
        let Some(given) = one.does(&step).await else { return };
        check(&step, &given);
        if let Some(name) = step.get("saves").and_then(Json::as_str) {
            let Given { value, .. } = given;
            self.saved.insert(name.to_owned(), value.unwrap());
        }
    }
}

async fn cases(file: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases/server");
    let text = std::fs::read_to_string(folder.join(file)).unwrap();
    let cases: Vec<Json> = serde_json::from_str(&text).unwrap();
    for case in cases {
        let people: Vec<String> = serde_json::from_value(case["people"].clone()).unwrap();
        let mut play = Play::begin(&people).await;
        for (at, step) in case["steps"].as_array().unwrap().iter().enumerate() {
            let place = format!("{file}: {}, step {at}", case["name"]);
            // Shown where the test fails.
            eprintln!("{place}");
            tokio::time::timeout(LONG, play.step(step)).await.expect("it never comes");
        }
    }
}

#[tokio::test]
async fn transactions_do_what_the_cases_say() {
    cases("transactions.json").await;
}

#[tokio::test]
async fn undo_does_what_the_cases_say() {
    cases("undo.json").await;
}

#[tokio::test]
async fn services_do_what_the_cases_say() {
    cases("services.json").await;
}

#[tokio::test]
async fn streams_do_what_the_cases_say() {
    cases("streams.json").await;
}

#[tokio::test]
async fn texts_do_what_the_cases_say() {
    cases("texts.json").await;
}
