//! Figures, and how they are told.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};

use crate::NAMES;
use crate::plot::Plot;

/// One thing that was measured, a few times.
pub(crate) struct Figure {
    pub(crate) bench: &'static str,
    pub(crate) what: String,
    pub(crate) unit: String,
    /// Each time's.
    pub(crate) values: Vec<f64>,
    /// What it is held against, and each time's of that.
    pub(crate) reference: Option<(String, Vec<f64>)>,
}

impl Figure {
    pub(crate) fn new(bench: &'static str, what: impl Into<String>, unit: &str) -> Self {
        let (what, unit, values) = (what.into(), unit.to_owned(), Vec::new());
        Self { bench, what, unit, values, reference: None }
    }

    pub(crate) fn against(self, what: &str) -> Self {
        Self { reference: Some((what.to_owned(), Vec::new())), ..self }
    }

    pub(crate) fn add(&mut self, value: f64, reference: Option<f64>) {
        self.values.push(value);
        if let (Some((_, values)), Some(value)) = (&mut self.reference, reference) {
            values.push(value);
        }
    }

    pub(crate) fn median(&self) -> f64 {
        median(&self.values)
    }

    fn ratio(&self) -> Option<f64> {
        let (_, values) = self.reference.as_ref()?;
        let reference = median(values);
        (reference > 0.0).then(|| median(&self.values) / reference)
    }
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values
}

fn median(values: &[f64]) -> f64 {
    sorted(values).get(values.len() / 2).copied().unwrap_or_default()
}

/// The part of a time that falls to each of so many, in microseconds.
pub(crate) fn each(all: Duration, count: u64) -> f64 {
    all.as_secs_f64() * 1e6 / count.max(1) as f64
}

/// The share `part` of all was at most so long, in microseconds.
pub(crate) fn percentile(times: &mut [Duration], part: f64) -> f64 {
    times.sort_unstable();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a place in a list"
    )]
    let place = (times.len().saturating_sub(1) as f64 * part).round() as usize;
    times.get(place).map_or(0.0, |time| time.as_secs_f64() * 1e6)
}

/// Three digits say as much as such a figure knows.
pub(crate) fn number(value: f64) -> String {
    match value {
        0.0 => "0".to_owned(),
        tiny if tiny < 10.0 => format!("{tiny:.2}"),
        small if small < 100.0 => format!("{small:.1}"),
        large => {
            let whole = format!("{large:.0}");
            let mut grouped = String::new();
            for (place, digit) in whole.chars().enumerate() {
                if place > 0 && (whole.len() - place) % 3 == 0 {
                    grouped.push(' ');
                }
                grouped.push(digit);
            }
            grouped
        }
    }
}

fn spread(values: &[f64]) -> String {
    let values = sorted(values);
    match (values.first(), values.last()) {
        (Some(low), Some(high)) if values.len() > 1 => {
            format!("{} ({}–{})", number(median(&values)), number(*low), number(*high))
        }
        _ => number(median(&values)),
    }
}

/// All figures as a table in Markdown.
pub(crate) fn table(figures: &[Figure]) -> String {
    let mut text = "| benchmark | figure | unit | median (least–most) | reference | its median | ratio |\n| --- | --- | --- | ---: | --- | ---: | ---: |\n".to_owned();
    for figure in figures {
        let (name, value) = match &figure.reference {
            Some((name, values)) => (name.as_str(), spread(values)),
            None => ("", String::new()),
        };
        let ratio = figure.ratio().map(number).unwrap_or_default();
        let Figure { bench, what, unit, values, .. } = figure;
        let values = spread(values);
        text.push_str(&format!(
            "| {bench} | {what} | {unit} | {values} | {name} | {value} | {ratio} |\n"
        ));
    }
    text
}

/// Ours beside the best of the others, for each case that several servers were measured in.
pub(crate) fn against(figures: &[Figure]) -> String {
    let mut text = "| case | unit | Kith | the best other | | ratio |\n| --- | --- | ---: | --- | ---: | ---: |\n".to_owned();
    for ours in figures {
        let Some(case) = ours.what.strip_suffix(": kith") else { continue };
        let least = case.ends_with("server time") || case.ends_with("each");
        let others = figures.iter().filter(|other| {
            other.bench == ours.bench
                && other.what != ours.what
                && other.what.rsplit_once(": ").is_some_and(|(same, _)| same == case)
        });
        let best = others.min_by(|one, other| one.median().total_cmp(&other.median()));
        if let Some(best) = best.filter(|_| least) {
            let (ours, best_is) = (ours.median(), best.median());
            let server = best.what.rsplit(": ").next().unwrap_or_default();
            text.push_str(&format!(
                "| {case} | {} | {} | {server} | {} | {} |\n",
                best.unit,
                number(ours),
                number(best_is),
                number(ours / best_is.max(f64::MIN_POSITIVE))
            ));
        }
    }
    text
}

/// All figures for programs.
pub(crate) fn json(figures: &[Figure]) -> Value {
    let rows = figures.iter().map(|figure| {
        json!({
            "benchmark": figure.bench,
            "figure": figure.what,
            "unit": figure.unit,
            "values": figure.values,
            "reference": figure.reference.as_ref().map(|(name, _)| name),
            "reference_values": figure.reference.as_ref().map(|(_, values)| values),
            "ratio": figure.ratio(),
        })
    });
    Value::Array(rows.collect())
}

/// The figures that were written before and are not among `these`; of a benchmark that was measured
/// as a `whole`, none.
pub(crate) fn others(written: &str, these: &[Figure], whole: bool) -> Vec<Figure> {
    let Ok(rows) = serde_json::from_str::<Vec<Value>>(written) else { return Vec::new() };
    let figure = |row: &Value| {
        let bench = NAMES.into_iter().find(|name| row["benchmark"] == *name)?;
        let numbers = |list: &Value| -> Option<Vec<f64>> {
            list.as_array()?.iter().map(Value::as_f64).collect()
        };
        let told = |name: &str| row[name].as_str().map(str::to_owned);
        let reference = told("reference").zip(numbers(&row["reference_values"]));
        let (what, unit, values) = (told("figure")?, told("unit")?, numbers(&row["values"])?);
        let is_again = |figure: &Figure| figure.bench == bench && (whole || figure.what == what);
        let again = these.iter().any(is_again);
        (!again).then_some(Figure { bench, what, unit, values, reference })
    };
    rows.iter().filter_map(figure).collect()
}

fn line_of(path: &str, start: &str) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(start));
    line.and_then(|line| line.split(':').nth(1)).unwrap_or("unknown").trim().to_owned()
}

/// The page of all figures, which shows the pictures beside it.
pub(crate) fn page(figures: &[Figure], plots: &[Plot], dir: &Path) -> Result<String> {
    let cpu = line_of("/proc/cpuinfo", "model name");
    let memory = line_of("/proc/meminfo", "MemTotal");
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease")?.trim().to_owned();
    let (against, table) = (against(figures), table(figures));
    let place = if dir.starts_with("/dev/shm") { "memory" } else { "the disk" };
    let pictures: String =
        plots.iter().map(|plot| format!("![{0}]({0}.svg)\n\n", plot.name)).collect();
    let explained = include_str!("report/page.md");
    Ok(format!(
        "# Figures

What one machine said once; yours will say something else. `cargo xtask bench` measures yours, `cargo xtask bench --write` writes this page, `figures.json` and the pictures. [performance.md](../performance.md) says what limits each figure.

Server and load run on a processor each of {cpu}, {memory}, Linux {kernel}; databases on {place}; the release build; messages of 128 characters in JSON; medians of several runs, ours and the others' in turn. Other things run on the machine too: compare ratios rather than figures.

## Beside the best of the others

{against}
{pictures}## All

{table}
{explained}"
    ))
}
