//! What changes of topics come to, in `tests/cases/topics`: the cases to which the SDK in TypeScript,
//! which has these rules a second time, is held as well.
//!
//! A case is a value and steps: a `change` with the `fact` that it comes to, or the code with which it
//! is `refused`; or a fact that happens (`happen`). `value` is what a snapshot then tells. With
//! `KITH_WRITE` in the environment, what comes out is written into the files.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::fs;
use std::path::{Path, PathBuf};

use kith_core::id::Seq;
use kith_core::topic::{Kind, State};
use serde_json::{Map, Value as Json, json};

const WRITE: &str = "KITH_WRITE";

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases/topics");
    let mut files: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// The steps of a case with what comes of them.
fn play(case: &Json) -> Vec<Json> {
    let kind: Kind = serde_json::from_value(case["kind"].clone()).unwrap();
    let mut seq = Seq(case["seq"].as_u64().unwrap_or(1));
    let value =
        case.get("value").map_or_else(|| kind.empty(), |json| kind.value(json, seq).unwrap());
    let mut state = State::new(seq, value);
    let mut steps = Vec::new();
    for step in case["steps"].as_array().unwrap() {
        let mut played = Map::new();
        let fact = if let Some(fact) = step.get("happen") {
            played.insert("happen".to_owned(), fact.clone());
            Ok(serde_json::from_value(fact.clone()).unwrap())
        } else {
            played.insert("change".to_owned(), step["change"].clone());
            let change = serde_json::from_value(step["change"].clone()).unwrap();
            state.resolve(seq.next(), &change)
        };
        match fact {
            Ok(fact) => {
                seq = seq.next();
                state.apply(seq, &fact);
                if step.get("happen").is_none() {
                    played.insert("fact".to_owned(), serde_json::to_value(&fact).unwrap());
                }
                played.insert("value".to_owned(), state.value.to_json());
            }
            Err(refusal) => {
                played.insert("refused".to_owned(), json!(refusal.code()));
            }
        }
        steps.push(Json::Object(played));
    }
    steps
}

/// The file as it is kept: a case, and each of its steps, on a line of its own.
fn written(cases: &[Json]) -> String {
    let case = |case: &Json| {
        let head = ["name", "kind", "seq", "value"].into_iter().filter_map(|field| {
            let value = case.get(field)?;
            Some(format!("\"{field}\": {value}, "))
        });
        let steps: Vec<String> = play(case).iter().map(|step| format!("\n    {step}")).collect();
        format!("  {{{}\"steps\": [{}]}}", head.collect::<String>(), steps.join(","))
    };
    let all: Vec<String> = cases.iter().map(case).collect();
    format!("[\n{}\n]\n", all.join(",\n"))
}

#[test]
fn every_change_comes_to_what_the_cases_say() {
    let files = files();
    let mut count = 0;
    for file in &files {
        let text = fs::read_to_string(file).unwrap();
        let cases: Vec<Json> = serde_json::from_str(&text).unwrap();
        count += cases.len();
        if std::env::var_os(WRITE).is_some() {
            fs::write(file, written(&cases)).unwrap();
            continue;
        }
        for case in &cases {
            let steps = play(case);
            for (at, (step, told)) in
                steps.iter().zip(case["steps"].as_array().unwrap()).enumerate()
            {
                assert_eq!(step, told, "{}: {}, step {at}", file.display(), case["name"]);
            }
        }
    }
    assert!(count >= 150, "{count}");
    assert_eq!(files.len(), 9, "one file for each kind");
}
