//! What the rounds say: whether the server is as small in the end as it was in the middle.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Result, bail};

/// The server after all clients of a round were gone.
pub(super) struct Round {
    /// How many had come.
    pub(super) connected: usize,
    /// Events that they brought about.
    pub(super) published: u64,
    /// In bytes.
    pub(super) memory: u64,
    pub(super) files: u64,
    pub(super) threads: u64,
    /// Processor time since the start.
    pub(super) cpu: Duration,
}

/// The fewest rounds that say anything.
const ROUNDS_MIN: usize = 8;
/// The most lines of the table.
const LINES_MAX: usize = 30;
/// By how much memory may grow from the second quarter to the last: a tenth, and so many bytes.
const GROWTH_BYTES: f64 = 4.0 * 1024.0 * 1024.0;

/// The rounds as a table, of many only some.
pub(super) fn table(rounds: &[Round]) -> String {
    let mut text =
        "round  connected  published  memory bytes  open files  threads  processor s\n".to_owned();
    let every = rounds.len().div_ceil(LINES_MAX).max(1);
    for (index, round) in rounds.iter().enumerate() {
        if index % every == 0 || index + 1 == rounds.len() {
            let Round { connected, published, memory, files, threads, cpu } = round;
            let (number, cpu) = (index + 1, cpu.as_secs_f64());
            let _ = writeln!(
                text,
                "{number:5}  {connected:9}  {published:9}  {memory:12}  {files:10}  {threads:7}  \
                 {cpu:11.1}"
            );
        }
    }
    text
}

/// Says whether memory is flat.
///
/// # Errors
/// When it is not, when open files grew, or when there were too few rounds to tell.
pub(super) fn judge(rounds: &[Round]) -> Result<()> {
    if rounds.len() < ROUNDS_MIN {
        bail!("{} rounds are too few to tell: give it more minutes", rounds.len());
    }
    let quarter = rounds.len() / 4;
    let (second, last) = (&rounds[quarter..2 * quarter], &rounds[rounds.len() - quarter..]);
    let (before, after) = (memory(second), memory(last));
    println!(
        "memory: {:.0} bytes in the second quarter, {:.0} in the last, {:+.0} for each 1000 \
         connections over the second half",
        before,
        after,
        1000.0 * slope(rounds)
    );
    let files = |rounds: &[Round]| rounds.iter().map(|round| round.files).min();
    let mut grew = Vec::new();
    if after > before * 1.1 + GROWTH_BYTES {
        grew.push("memory");
    }
    if files(last) > files(second) {
        grew.push("open files");
    }
    if !grew.is_empty() {
        bail!("the server grows: {}", grew.join(" and "));
    }
    println!("flat");
    Ok(())
}

/// The mean of some rounds.
fn memory(rounds: &[Round]) -> f64 {
    rounds.iter().map(|round| round.memory as f64).sum::<f64>() / rounds.len() as f64
}

/// Bytes for each connection over the second half of the rounds, by least squares.
fn slope(rounds: &[Round]) -> f64 {
    let mut connected = 0.0;
    let points = rounds[rounds.len() / 2..].iter().map(|round| {
        connected += round.connected as f64;
        (connected, round.memory as f64)
    });
    let points: Vec<(f64, f64)> = points.collect();
    let count = points.len() as f64;
    let middle_x = points.iter().map(|(x, _)| x).sum::<f64>() / count;
    let middle_y = points.iter().map(|(_, y)| y).sum::<f64>() / count;
    let along = points.iter().map(|(x, y)| (x - middle_x) * (y - middle_y)).sum::<f64>();
    let spread = points.iter().map(|(x, _)| (x - middle_x).powi(2)).sum::<f64>();
    if spread > 0.0 { along / spread } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1024 * 1024;

    /// Sixteen rounds of a hundred connections.
    fn rounds(memory: impl Fn(u64) -> u64, files: impl Fn(u64) -> u64) -> Vec<Round> {
        let round = |number| Round {
            connected: 100,
            published: 200,
            memory: memory(number),
            files: files(number),
            threads: 4,
            cpu: Duration::from_secs(number),
        };
        (0..16).map(round).collect()
    }

    fn check(memory: impl Fn(u64) -> u64, files: impl Fn(u64) -> u64, expected: &str) {
        let said = judge(&rounds(memory, files)).err().map(|error| error.to_string());
        assert_eq!(said.unwrap_or_default(), expected);
    }

    #[test]
    fn what_grows_is_said() {
        check(|_| 50 * MIB, |_| 20, "");
        // At first it grows, as caches fill; and now and then a file is open a moment longer.
        check(|number| (40 + 10 * number.min(4)) * MIB, |number| 20 + number % 3, "");
        check(|number| (50 + number / 8) * MIB, |_| 20, "");
        check(|number| (50 + 2 * number) * MIB, |_| 20, "the server grows: memory");
        check(|_| 50 * MIB, |number| 20 + number / 8, "the server grows: open files");
        check(|n| (50 + 2 * n) * MIB, |n| n, "the server grows: memory and open files");
    }

    #[test]
    fn the_slope_is_bytes_for_each_connection() {
        let grown = rounds(|number| 7000 * number, |_| 20);
        assert!((slope(&grown) - 70.0).abs() < 1e-6, "{}", slope(&grown));
        assert!(slope(&rounds(|_| MIB, |_| 20)).abs() < 1e-6);
    }

    #[test]
    fn a_long_run_has_a_short_table() {
        let many: Vec<Round> = (0..63).flat_map(|_| rounds(|_| MIB, |_| 20)).collect();
        let text = table(&many);
        assert!(text.lines().count() <= LINES_MAX + 2, "{text}");
        assert!(text.lines().last().unwrap().starts_with(" 1008 "), "{text}");
    }
}
