//! A long text that somebody types while somebody else looks on, beside Hocuspocus: processor time
//! of the server for each edit.

mod editor;
mod hocuspocus;
mod trace;

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use kith_yjs::Updates;
use serde_json::Value as Json;

use crate::Plan;
use crate::report::{Figure, each};
use crate::server::Server;
use crate::site::{ask, sign_up_all};

use editor::{Editor, Said};
use trace::{ROOT, Trace};

const BENCH: &str = "texts";

/// Edits that are on their way at a time.
const FLYING: usize = 1024;
/// How long an edit may take to arrive.
const LATE: Duration = Duration::from_secs(60);

/// How long nothing comes when all has come.
const QUIET: Duration = Duration::from_millis(500);

/// A server, and where its document is.
struct Place {
    server: Server,
    path: &'static str,
    document: String,
    /// Whom its editors are.
    tokens: [String; 2],
}

/// What came of a run.
struct Typed {
    took: Duration,
    cpu: Duration,
    /// Of both editors, in both directions.
    bytes: u64,
    /// Bytes of the document as somebody gets it who comes then.
    document: usize,
    /// Memory of the server before and after.
    before: u64,
    memory: u64,
}

/// How fast is typed.
#[derive(Clone, Copy)]
enum Pace {
    /// The next when fewer than so many are on their way.
    Flying(usize),
    /// So many a second.
    Rate(f64),
}

pub(crate) fn measure(plan: &Plan) -> Result<Vec<Figure>> {
    let whole = Trace::make(if plan.quick { 0.01 } else { 1.0 });
    let part = Trace::make(if plan.quick { 0.0002 } else { 0.01 });
    let mut figures = Vec::new();
    let runs = [
        (format!("{} edits, full speed", whole.len()), &whole, Pace::Flying(FLYING)),
        (format!("{} edits, 500 edits/s", part.len()), &part, Pace::Rate(500.0)),
    ];
    for (case, trace, pace) in runs {
        if plan.wants(&case) {
            figures.extend(compare(plan, &case, trace, pace)?);
        }
    }
    Ok(figures)
}

/// Ours and the other in turn, as often as is asked.
fn compare(plan: &Plan, case: &str, trace: &Trace, pace: Pace) -> Result<Vec<Figure>> {
    let mut names = vec!["kith"];
    if plan.has_peer("hocuspocus") && hocuspocus::install(&plan.dir)? {
        names.push("hocuspocus");
    }
    let mut all: Vec<[Figure; 5]> = Vec::new();
    for name in &names {
        let new = |what: &str, unit| Figure::new(BENCH, format!("{case}, {what}: {name}"), unit);
        all.push([
            new("server time", "µs"),
            new("edits", "1/s"),
            new("bytes of an edit", "bytes"),
            new("document", "bytes"),
            new("memory for it", "bytes"),
        ]);
    }
    for _ in 0..plan.times {
        for (name, figures) in names.iter().zip(&mut all) {
            let data = tempfile::tempdir_in(&plan.dir)?;
            let place = match *name {
                "kith" => kith(&plan.kith, data.path())?,
                _ => hocuspocus::start(&plan.dir)?,
            };
            let typed = type_all(&place, trace, pace).with_context(|| format!("{name}, {case}"))?;
            let edits = trace.len() as f64;
            let taken = [
                each(typed.cpu, trace.len() as u64),
                edits / typed.took.as_secs_f64(),
                typed.bytes as f64 / edits,
                typed.document as f64,
                typed.memory.saturating_sub(typed.before) as f64,
            ];
            eprintln!("  {case}, {name}: {taken:.2?}");
            for (figure, taken) in figures.iter_mut().zip(taken) {
                figure.add(taken, None);
            }
        }
    }
    Ok(all.into_iter().flatten().collect())
}

/// Kith with a text in a circle of two.
fn kith(program: &Path, dir: &Path) -> Result<Place> {
    let server = Server::kith(program, dir)?;
    let tokens = sign_up_all(server.port, 2)?;
    let tokens: [String; 2] = tokens.try_into().ok().context("two accounts")?;
    let make = r#"{"create_circle":{"name":"Bench","public":true}}"#;
    let made = ask(server.port, &tokens[0], make)?;
    let circle = made["circle"].as_str().context("no circle")?.to_owned();
    let join: Json = serde_json::json!({"join": {"circle": circle}});
    ask(server.port, &tokens[1], &join.to_string())?;
    Ok(Place { server, path: "/hocuspocus", document: format!("{circle}/novel"), tokens })
}

/// Has one editor type all of a trace while another looks on, and looks whether both, and one who
/// comes then, have the same text.
fn type_all(place: &Place, trace: &Trace, pace: Pace) -> Result<Typed> {
    let Place { server, path, document, tokens } = place;
    let before = server.memory()?;
    let open = |who: usize| Editor::open(server.port, path, document, &tokens[who]);
    let (mut writer, _) = open(0)?;
    let (mut reader, _) = open(1)?;
    let (began, spent) = (Instant::now(), server.cpu()?);
    let (mut sent, mut kept, mut seen) = (0, 0, Vec::new());
    let mut moved = began;
    loop {
        let due = match pace {
            Pace::Flying(most) => kept + most,
            Pace::Rate(rate) => 1 + (began.elapsed().as_secs_f64() * rate) as usize,
        };
        while sent < due.min(trace.len()) {
            writer.did(trace.update(sent));
            sent += 1;
        }
        let wrote = writer.turn(|said| {
            if let Said::Kept(is_kept) = said {
                ensure!(is_kept, "an edit was not kept");
                kept += 1;
            }
            Ok(())
        })?;
        let read = reader.turn(|said| {
            if let Said::Did(update) = said {
                seen.push(update.to_vec());
            }
            Ok(())
        })?;
        if wrote || read {
            moved = Instant::now();
            continue;
        }
        // Several edits may come as one, so it is the text that tells whether all have come.
        if kept == trace.len() && moved.elapsed() > QUIET {
            break;
        }
        if moved.elapsed() > LATE {
            anyhow::bail!("of {sent} edits {kept} were kept");
        }
        // The other processor is the server's.
        std::thread::sleep(Duration::from_micros(200));
    }
    let (took, cpu) = (moved - began, server.cpu()?.saturating_sub(spent));
    let memory = server.memory()?;
    let bytes = writer.bytes + reader.bytes;
    let (_late, whole) = open(1)?;
    let seen: Vec<&[u8]> = seen.iter().map(Vec::as_slice).collect();
    for (who, updates) in [("who looked on", seen.as_slice()), ("who came then", &[&whole])] {
        let text = text(updates)?;
        ensure!(text == trace.text, "{who} has another text, of {} bytes", text.len());
    }
    Ok(Typed { took, cpu, bytes, document: whole.len(), before, memory })
}

/// The text that updates come to.
fn text(updates: &[&[u8]]) -> Result<String> {
    let updates: Vec<Vec<u8>> = updates.iter().map(|update| update.to_vec()).collect();
    let thread = std::thread::Builder::new().stack_size(kith_yjs::STACK_BYTES);
    let read = thread.spawn(move || {
        let updates: Vec<&[u8]> = updates.iter().map(Vec::as_slice).collect();
        Updates { updates: &updates, nests: 0 }.text(ROOT)
    })?;
    Ok(read.join().ok().context("the text cannot be read")??)
}
