//! Plays a recording.

#![allow(dead_code, clippy::allow_attributes, reason = "each test uses a part of it")]

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::old::{Got, Old};

/// A recorded conversation.
#[derive(Clone)]
pub(crate) struct Recording {
    pub(crate) name: String,
    pub(crate) lines: Vec<Json>,
}

/// A line that does something, and what comes of it.
struct Turn {
    line: Json,
    wanted: Vec<Json>,
}

/// Where a recording is played: a server of its own.
pub(crate) trait World {
    /// Where the system of the recording is spoken.
    fn port(&self) -> u16;
    /// Lets time pass.
    fn pass(&self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + '_>>;
}

/// All recordings of a system, which lie in a folder.
pub(crate) fn recordings(folder: &Path, system: &str) -> Vec<Recording> {
    let files = std::fs::read_dir(folder.join(system)).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = files.collect();
    files.sort();
    files.iter().map(|file| Recording::read(file)).collect()
}

impl Recording {
    fn read(file: &Path) -> Self {
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        let text = std::fs::read_to_string(file).unwrap();
        Self { name, lines: text.lines().map(|line| serde_json::from_str(line).unwrap()).collect() }
    }

    pub(crate) fn is_conform(&self) -> bool {
        self.lines[0]["data"]["class"] == "conform"
    }

    fn turns(&self) -> VecDeque<Turn> {
        let mut turns: VecDeque<Turn> = VecDeque::new();
        for line in &self.lines[2..] {
            let is_answer =
                line["dir"] == "recv" || (line["dir"] == "close" && line["data"]["by"] == "server");
            match turns.back_mut() {
                Some(turn) if is_answer => turn.wanted.push(line.clone()),
                _ => turns.push_back(Turn { line: line.clone(), wanted: Vec::new() }),
            }
        }
        turns
    }

    /// What is there before the first client comes.
    pub(crate) fn setup(&self) -> &Json {
        &self.lines[1]["data"]
    }

    /// Plays it; the first difference, if there is one.
    pub(crate) async fn play(&self, world: &dyn World) -> Result<(), String> {
        let mut stage = Stage::open(&self.lines[0]["data"], self.setup(), world);
        let mut turns = self.turns();
        let mut wanted = Vec::new();
        while let Some(turn) = turns.pop_front() {
            wanted.extend(turn.wanted);
            if turn.line["dir"] == "state" {
                continue;
            }
            if turn.line["dir"] == "sleep" {
                let seconds = turn.line["data"]["seconds"].as_f64().unwrap();
                world.pass(Duration::from_secs_f64(seconds)).await;
                // What a timer brings has come at the end.
                wanted.iter_mut().for_each(|want| want["async"] = Json::Null);
            }
            let who = turn.line["client"].as_str().unwrap().to_owned();
            stage.turn(&turn.line).await;
            if turn.line["nowait"] == true {
                continue;
            }
            let told = stage.settle(&who, &wanted).await;
            let told = told.and_then(|got| compare(&mut wanted, &mut turns, got));
            told.map_err(|why| format!("after {}: {why}", turn.line))?;
        }
        Ok(())
    }
}

/// Who takes part.
struct Stage {
    port: u16,
    system: String,
    is_text: bool,
    /// Who says nothing is sent away soon, so nobody is made to.
    is_hasty: bool,
    clients: BTreeMap<String, Old>,
}

impl Stage {
    fn open(meta: &Json, setup: &Json, world: &dyn World) -> Self {
        let system = meta["system"].as_str().unwrap().to_owned();
        let is_hasty = setup["timeout"].as_u64().is_some_and(|seconds| seconds < 10);
        let (port, is_text) = (world.port(), meta["variant"] == "v1");
        Self { port, system, is_text, is_hasty, clients: BTreeMap::new() }
    }

    async fn turn(&mut self, line: &Json) {
        let who = line["client"].as_str().unwrap();
        match line["dir"].as_str().unwrap() {
            "connect" => {
                let old = Old::open(self.port, self.is_text).await;
                self.clients.insert(who.to_owned(), old);
            }
            "send" => {
                let client = self.clients.get_mut(who).unwrap();
                match line["raw"].as_str() {
                    Some(raw) => client.raw(raw).await,
                    None => {
                        if line["data"]["CMD"] == "JOIN" {
                            client.asked = line["data"]["UID"].as_str().map(str::to_owned);
                        }
                        client.send(&line["data"]).await;
                    }
                }
            }
            "close" => self.clients.get_mut(who).unwrap().close(),
            "sleep" => {}
            other => panic!("{other}"),
        }
    }

    /// Everything that comes: what is wanted, and what else is there when all is dealt with.
    async fn settle(&mut self, who: &str, wanted: &[Json]) -> Result<Vec<(String, Got)>, String> {
        let mut all = Vec::new();
        for (name, client) in &mut self.clients {
            let must = |want: &&Json| {
                want["client"] == name.as_str() && want["optional"] != true && want["async"] != true
            };
            for want in wanted.iter().filter(must) {
                let got = client.next().await.ok_or_else(|| format!("{want} did not come"))?;
                note(client, &got);
                all.push((name.clone(), got));
            }
        }
        let order = self.clients.keys().filter(|name| *name == who);
        let others = self.clients.keys().filter(|name| *name != who && !self.is_hasty);
        let names: Vec<String> = order.chain(others).cloned().collect();
        for name in names {
            let client = self.clients.get_mut(&name).unwrap();
            for got in sync(&self.system, self.is_text, client).await {
                note(client, &got);
                all.push((name.clone(), got));
            }
        }
        Ok(all)
    }
}

/// Learns from what a client gets under which UID it may speak to itself.
fn note(client: &mut Old, got: &Got) {
    if let Got::Object(object) = got
        && object["CMD"] == "ACK"
        && object["TYPE"] == "OKAY"
    {
        client.name = client.asked.take();
    }
}

/// Everything that comes to a client until all is dealt with that was said before.
async fn sync(system: &str, is_text: bool, client: &mut Old) -> Vec<Got> {
    let number = client.sync();
    let text = format!("~sync {number}");
    if system == "muca" {
        // Whoever has not joined is told nothing.
        if client.name.is_none() || client.closed {
            return Vec::new();
        }
        let said = json!({"CMD": "SEND", "MSG": text, "TO": [client.name], "FROM": ""});
        let is = |got: &Got| matches!(got, Got::Object(object) if object["MSG"] == text.as_str());
        return client.until(&said.to_string(), is).await;
    }
    if is_text {
        let said = format!("TYPE: LOGON;;WHO: nobody.{number};;");
        let is = |got: &Got| matches!(got, Got::Text(text) if text.contains("NEW: 1"));
        return client.until(&said, is).await;
    }
    let said = json!({"action": text});
    let is = |got: &Got| matches!(got, Got::Object(object) if object["action"] == text.as_str());
    client.until(&said.to_string(), is).await
}

fn fits(want: &Json, got: &Got) -> bool {
    match got {
        Got::Closed => want["dir"] == "close",
        Got::Text(text) => want["raw"] == text.as_str(),
        Got::Object(object) => {
            let (mut want, mut object) = (want.clone(), object.clone());
            if object["status"] == "USERNAME_NOT_EXIST" {
                object["status"] = json!("SUCCESS");
            }
            for name in want["unordered"].clone().as_array().into_iter().flatten() {
                let name = name.as_str().unwrap();
                for list in [&mut want["data"][name], &mut object[name]] {
                    let all = list.as_array_mut().unwrap();
                    all.sort_by_key(Json::to_string);
                }
            }
            want["data"] == object
        }
    }
}

/// Compares what came with what was recorded; what may come later stays in `wanted`.
fn compare(
    wanted: &mut Vec<Json>,
    turns: &mut VecDeque<Turn>,
    got: Vec<(String, Got)>,
) -> Result<(), String> {
    for (name, got) in got {
        let mine = |want: &Json| want["client"] == name.as_str();
        loop {
            let place = wanted.iter().position(&mine);
            match place {
                Some(place) if fits(&wanted[place], &got) => {
                    wanted.remove(place);
                    break;
                }
                Some(place) if wanted[place]["optional"] == true => {
                    wanted.remove(place);
                    continue;
                }
                _ => {}
            }
            // What a timer brings may come before its time.
            let early = turns.iter_mut().map(|turn| &mut turn.wanted).find_map(|later| {
                let is = |want: &Json| want["async"] == true && mine(want) && fits(want, &got);
                later.iter().position(is).map(|place| later.remove(place))
            });
            if early.is_some() {
                break;
            }
            let want = place.map(|place| &wanted[place]);
            return Err(format!("{name} got {got:?} and not {want:?}"));
        }
    }
    wanted.retain(|want| want["optional"] != true);
    match wanted.iter().find(|want| want["async"] != true) {
        Some(want) => Err(format!("{want} did not come")),
        None => Ok(()),
    }
}
