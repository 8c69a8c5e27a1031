//! Searching a million messages, and what the index costs those who publish.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use crate::Plan;
use crate::history::past::{Past, scatter};
use crate::peer::text as frame;
use crate::report::{Figure, each, percentile};
use crate::server::Server;
use crate::site::get;

const BENCH: &str = "search";
/// Different words.
const WORDS: usize = 20_000;
/// Messages on their way while publishing.
const FLYING: usize = 64;
/// Clients that ask at once.
const AT_ONCE: usize = 10;
/// How long the index may take to be made.
const PATIENCE: Duration = Duration::from_secs(1800);

/// The word of a rank: the first is the most common.
fn word(rank: usize) -> String {
    const BEGIN: [&str; 16] =
        ["k", "t", "s", "m", "n", "r", "l", "p", "b", "d", "g", "v", "f", "h", "j", "w"];
    const VOWEL: [&str; 5] = ["a", "e", "i", "o", "u"];
    let (mut word, mut rest) = (String::new(), rank + 80);
    while rest > 0 {
        word.push_str(BEGIN[rest % BEGIN.len()]);
        rest /= BEGIN.len();
        word.push_str(VOWEL[rest % VOWEL.len()]);
        rest /= VOWEL.len();
    }
    word
}

/// A rank as it is drawn: the nth in proportion to 1/n.
fn draw(drawn: u128) -> usize {
    const FINE: usize = 1 << 30;
    let part = scatter(drawn, FINE) as f64 / FINE as f64;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a place in a list"
    )]
    let rank = (part * (WORDS as f64).ln()).exp() as usize;
    rank.saturating_sub(1).min(WORDS - 1)
}

/// What a message says.
fn says(number: usize) -> String {
    let drawn = number as u128 * 32;
    let count = 6 + scatter(drawn, 13) as u128;
    (1..=count).map(|place| word(draw(drawn + place))).collect::<Vec<_>>().join(" ")
}

/// The questions of a kind, by their number.
struct Kind {
    what: &'static str,
    ask: fn(usize) -> String,
}

/// A word of the message of a number that is one of the rarer.
fn words_of(number: usize) -> Vec<String> {
    says(number).split(' ').map(str::to_owned).collect()
}

const KINDS: [Kind; 7] = [
    Kind { what: "a rare word", ask: |turn| format!("{} ", word(5000 + turn * 7 % 15_000)) },
    Kind { what: "a common word", ask: |turn| format!("{} ", word(turn % 40)) },
    Kind {
        what: "two words",
        ask: |turn| format!("{} {} ", word(turn % 300), word(3 + turn % 97)),
    },
    Kind {
        what: "a phrase",
        ask: |turn| {
            let words = words_of(turn * 911);
            format!("\\\"{} {}\\\"", words[0], words[1])
        },
    },
    Kind {
        what: "a beginning",
        ask: |turn| word(turn * 13 % WORDS).chars().take(3 + turn % 3).collect(),
    },
    Kind { what: "by whom", ask: |turn| format!("{} from:member{} ", word(turn % 200), turn % 10) },
    Kind {
        what: "where and when",
        ask: |turn| format!("{} in:stream{} after:2025-06-01 ", word(turn % 200), turn % 10),
    },
];

pub(crate) fn measure(plan: &Plan) -> Result<Vec<Figure>> {
    let (streams, messages) = (plan.count(100, 12), plan.count(1_000_000, 1000));
    let past = Past::make_saying(plan, streams, messages, Some(says))?;
    let mut made = Figure::new(BENCH, "the index made anew", "messages/s");
    let mut size = Figure::new(BENCH, "index per message", "bytes");
    let mut rate = Figure::new(BENCH, "publish, 64 on their way", "1/s").against("search=false");
    let mut work =
        Figure::new(BENCH, "publish, 64 on their way: p99", "µs").against("search=false");
    let mut at_once = ["p50", "p99"].map(|part| {
        Figure::new(BENCH, format!("all of these, {AT_ONCE} clients at once, {part}"), "µs")
    });
    let mut times: Vec<Figure> = Vec::new();
    for turn in 0..plan.times {
        for suffix in ["", "-wal", "-shm"] {
            // There is none the first time.
            let _ = std::fs::remove_file(past.path().join(format!("search.db{suffix}")));
        }
        let server = Server::kith(&plan.kith, past.path())?;
        let began = Instant::now();
        indexed(&server)?;
        made.add(messages as f64 / began.elapsed().as_secs_f64(), None);
        size.add(metric(&server, "kith_search_bytes")? / messages as f64, None);
        ask(plan, &past, &server, turn, &mut times)?;
        for (figure, part) in at_once.iter_mut().zip(ask_at_once(plan, &past, &server, turn)?) {
            figure.add(part, None);
        }
        let (with, p99) = publish(plan, &past, &server, turn * 2)?;
        server.end()?;
        let server = Server::kith_with(&plan.kith, past.path(), &["search=false".to_owned()])?;
        let (without, plain_p99) = publish(plan, &past, &server, turn * 2 + 1)?;
        server.end()?;
        rate.add(with, Some(without));
        work.add(p99, Some(plain_p99));
    }
    times.extend(at_once);
    times.extend([made, size, rate, work]);
    Ok(times)
}

fn metric(server: &Server, name: &str) -> Result<f64> {
    let text = get(server.port, "/metrics")?;
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.context("no such metric")?.trim().parse().context("no number")
}

/// Waits until a search is told all there is.
fn indexed(server: &Server) -> Result<()> {
    let (began, mut quiet) = (Instant::now(), 0);
    // The first look at all streams notes them a little after the start.
    while quiet < 3 {
        ensure!(began.elapsed() < PATIENCE, "the index is not made");
        std::thread::sleep(Duration::from_millis(50));
        quiet = if metric(server, "kith_search_behind")? == 0.0 { quiet + 1 } else { 0 };
    }
    Ok(())
}

/// Asks each kind in both orders.
fn ask(plan: &Plan, past: &Past, server: &Server, turn: u32, into: &mut Vec<Figure>) -> Result<()> {
    let mut socket = past.enter(server)?;
    let each = plan.count(300, 5);
    let (mut all, mut place, mut hits) = (Vec::new(), 0, 0);
    let mut note = |what: String, mut times: Vec<Duration>| {
        for (name, part) in [("p50", 0.5), ("p99", 0.99)] {
            if into.len() == place {
                into.push(Figure::new(BENCH, format!("{what}, {name}"), "µs"));
            }
            into[place].add(percentile(&mut times, part), None);
            place += 1;
        }
    };
    for kind in &KINDS {
        for order in ["rank", "time"] {
            let mut times = Vec::with_capacity(each);
            for number in 0..each {
                let text = (kind.ask)(number + each * turn as usize);
                let began = Instant::now();
                let answer = socket.ask(&question(&text, order), "\"ok\"")?;
                times.push(began.elapsed());
                hits += answer.matches("\"snippet\"").count();
            }
            all.extend_from_slice(&times);
            note(format!("{}, by {order}", kind.what), times);
        }
    }
    note("all of these".to_owned(), all);
    ensure!(hits > 0, "nothing was found");
    Ok(())
}

fn question(text: &str, order: &str) -> String {
    format!(r#"{{"id":1,"get":{{"search":{{"text":"{text}","order":"{order}"}}}}}}"#)
}

/// Asks everything from several clients, each of which waits for its answers; how long at the median
/// and at the 99th percentile.
fn ask_at_once(plan: &Plan, past: &Past, server: &Server, turn: u32) -> Result<[f64; 2]> {
    let each = plan.count(140, 14);
    let begin = each * AT_ONCE * turn as usize;
    let times = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..AT_ONCE)
            .map(|client| {
                scope.spawn(move || -> Result<Vec<Duration>> {
                    let mut socket = past.enter(server)?;
                    let mut times = Vec::with_capacity(each);
                    for number in 0..each {
                        let kind = &KINDS[(number + client) % KINDS.len()];
                        let order =
                            if (number / KINDS.len()).is_multiple_of(2) { "rank" } else { "time" };
                        let text = (kind.ask)(begin + number * AT_ONCE + client);
                        let began = Instant::now();
                        socket.ask(&question(&text, order), "\"ok\"")?;
                        times.push(began.elapsed());
                    }
                    Ok(times)
                })
            })
            .collect();
        let joined = clients
            .into_iter()
            .map(|client| client.join().map_err(|_| anyhow::anyhow!("a thread failed"))?);
        joined.collect::<Result<Vec<_>>>()
    })?;
    let mut times = times.concat();
    Ok([percentile(&mut times, 0.5), percentile(&mut times, 0.99)])
}

/// Publishes to all streams alike: messages a second, and how long the slowest hundredth took.
fn publish(plan: &Plan, past: &Past, server: &Server, turn: u32) -> Result<(f64, f64)> {
    let count = plan.count(20_000, 200);
    let frames: Vec<_> = (0..count)
        .map(|id| {
            let stream = &past.streams[id % past.streams.len()];
            let (text, op) = (says(id + 7 * count), id + 1);
            frame(&format!(
                r#"{{"id":{id},"op":"search{turn}-{op}","do":{{"post":{{"stream":"{stream}","text":"{text}"}}}}}}"#
            ))
        })
        .collect();
    let mut socket = past.enter(server)?;
    let (before, began) = (server.cpu()?, Instant::now());
    let (first, rest) = frames.split_at(FLYING.min(count));
    socket.send_frames(&first.concat())?;
    let mut times = Vec::with_capacity(count);
    for next in rest {
        let waited = Instant::now();
        socket.skip(1, br#"{"ok""#)?;
        times.push(waited.elapsed());
        socket.send_frames(next)?;
    }
    socket.skip(first.len(), br#"{"ok""#)?;
    let took = began.elapsed();
    eprintln!("server time of a publish: {:.0} µs", each(server.cpu()? - before, count as u64));
    Ok((count as f64 / took.as_secs_f64(), percentile(&mut times, 0.99)))
}
