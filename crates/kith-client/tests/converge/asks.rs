//! What a client may want at a moment: sometimes what fits, sometimes not.

use kith_core::id::TopicId;
use kith_core::text::OpId;
use kith_core::topic::{Asked, Change, Condition, Value};
use serde_json::{Value as Json, json};

use super::Dice;
use super::person::Person;
use super::site::Site;

/// Does a transaction, which may be refused at once.
pub(crate) fn ask(dice: &mut Dice, one: &mut Person, site: &Site, count: usize) {
    let op = OpId::parse(&format!("{}x{}-{}", one.number, dice.below(50), count + 1)).unwrap();
    let mut changes: Vec<Asked> = Vec::new();
    for _ in 0..=dice.below(3) {
        let place = dice.below(2);
        // What one does not follow is refused, mostly, with all that goes along.
        let follows = one.topics.follows(site.ids[place]) || dice.one_in(10);
        let topic = site.ids[if follows { place } else { 1 - place }];
        if !dice.one_in(10) && one.write(dice, topic) {
            continue;
        }
        let asked = serde_json::from_value::<Change>(change(dice, one, topic)).unwrap();
        changes.push(Asked { topic, change: asked });
    }
    if dice.one_in(2) {
        // The two that are always changed alike, whatever else is.
        let by = json!({"add": {"by": dice.below(9)}});
        for topic in &site.ids[2..] {
            let change = serde_json::from_value(by.clone()).unwrap();
            changes.push(Asked { topic: *topic, change });
        }
    }
    let mut when = Vec::new();
    if dice.one_in(8) {
        let topic = site.ids[dice.below(site.ids.len())];
        let value = one.topics.value(topic).map(Value::to_plain);
        let seq = one.topics.seq(topic).filter(|_| dice.one_in(2));
        when.push(Condition { topic, seq, value: value.filter(|_| dice.one_in(2)) });
    }
    one.change(&op, changes, when);
}

fn change(dice: &mut Dice, one: &Person, topic: TopicId) -> Json {
    match one.topics.value(topic) {
        None => json!({"set": {"value": 1}}),
        Some(Value::Event) => json!({"emit": {"args": {"n": dice.below(9)}}}),
        Some(Value::Bool(_)) => json!({"set": {"value": dice.one_in(2)}}),
        Some(Value::Int(_)) => match dice.below(3) {
            0 => json!({"set": {"value": dice.below(9)}}),
            _ => json!({"add": {"by": dice.below(9)}}),
        },
        Some(Value::Float(_)) => match dice.below(3) {
            0 => json!({"set": {"value": 0.1}}),
            _ => json!({"add": {"by": 0.1 + dice.below(9) as f64 / 7.0}}),
        },
        Some(Value::String(text)) => string(dice, text),
        // Nothing that a document takes: what may be written in one is written by a pen.
        Some(Value::Text(_)) => json!({"append": {"item": 1}}),
        Some(Value::Set(items)) => match (dice.below(3), items.len()) {
            (0, 1..) => json!({"remove": {"item": items[dice.below(items.len())]}}),
            _ => json!({"append": {"item": dice.below(6)}}),
        },
        Some(Value::List(elements)) => {
            let name = |dice: &mut Dice| match elements.len() {
                0 => json!("none"),
                count => json!(elements[dice.below(count)].element),
            };
            let to = match dice.below(4) {
                0 => json!({"at": dice.below(4) as i64 - 1}),
                1 => json!({"before": name(dice)}),
                _ => json!({"after": name(dice)}),
            };
            let spot = match dice.below(2) {
                0 => json!({"at": dice.below(4) as i64 - 1}),
                _ => json!({"element": name(dice)}),
            };
            match dice.below(8) {
                0 => json!({"set": {"value": [1, 2]}}),
                1 => json!({"remove": spot}),
                2 => json!({"move": {"from": spot, "to": to}}),
                3 => json!({"replace": {"spot": spot, "value": dice.below(9)}}),
                4 => json!({"insert": {"value": dice.below(9)}}),
                _ => json!({"insert": {"value": dice.below(9), "to": to}}),
            }
        }
        Some(Value::Map(_)) => in_json(dice, true),
        Some(Value::Json(_)) => in_json(dice, false),
    }
}

/// Places are counted in characters of the plane in which each is one unit.
fn string(dice: &mut Dice, text: &str) -> Json {
    let length = text.chars().count();
    let at = dice.below(length + 1);
    let insert = ["", "x", "yé", "zoo"][dice.below(4)];
    let delete = dice.below(4).min(length - at);
    match dice.below(12) {
        0 => json!({"set": {"value": (["", "anew"][dice.below(2)])}}),
        1 => json!({"splice": {"at": length + 1, "insert": "!"}}),
        _ => json!({"splice": {"at": at, "delete": delete, "insert": insert}}),
    }
}

pub(crate) fn in_json(dice: &mut Dice, map: bool) -> Json {
    let key = ["a", "b", "c"][dice.below(3)];
    let path = match dice.below(3) {
        0 => json!([key]),
        1 => json!([key, dice.below(3)]),
        _ => json!([key, "d"]),
    };
    match dice.below(8) {
        0 if !map => json!({"set": {"value": {"a": [1], "b": {}}}}),
        0 => json!({"set": {"value": {"a": [1], "b": {}}}}),
        1 => json!({"remove": {"path": path}}),
        2 => json!({"rename": {"path": path, "key": (["a", "e"][dice.below(2)])}}),
        3 => json!({"insert": {"value": 7, "to": {"path": path}}}),
        4 => json!({"put": {"path": [key], "value": ([json!([]), json!({})][dice.below(2)])}}),
        _ => json!({"put": {"path": path, "value": dice.below(9)}}),
    }
}
