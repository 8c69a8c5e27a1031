//! A moving picture of a terminal as SVG, without scripts, so that pages that show pictures show it.

use std::fmt::Write;

use vt100::{Color, Screen};

/// Points of a letter and of a line, and around all.
const WIDE: f32 = 8.4;
const HIGH: f32 = 18.0;
const ROUND: f32 = 12.0;
const PAPER: &str = "#17181c";
const INK: &str = "#d6d6d6";
/// Every time of day is shown as this one, and every day as this one: a picture that is made anew is the
/// same if the program is.
const CLOCK: &str = "09:41";
const DATE: &str = "2026-11-23";
const DAY: &str = "── Monday, 23 November 2026 ";

/// How a letter looks.
#[derive(Clone, PartialEq)]
struct Look {
    ink: String,
    paper: String,
    bold: bool,
    italic: bool,
}

type Row = Vec<(String, Look)>;

/// Pictures of a terminal, and how many milliseconds each stands.
pub(super) struct Film {
    columns: u16,
    rows: u16,
    pictures: Vec<(Vec<Row>, u32)>,
}

impl Film {
    pub(super) fn new(columns: u16, rows: u16) -> Self {
        Self { columns, rows, pictures: Vec::new() }
    }

    /// Takes a picture. One that shows nothing new makes the one before it stand longer.
    pub(super) fn take(&mut self, screen: &Screen, ms: u32) {
        let rows: Vec<Row> = (0..self.rows).map(|row| self.row(screen, row)).collect();
        match self.pictures.last_mut() {
            Some((last, stands)) if *last == rows => *stands += ms,
            _ => self.pictures.push((rows, ms)),
        }
    }

    fn row(&self, screen: &Screen, row: u16) -> Row {
        let mut cells: Row = Vec::new();
        for column in 0..self.columns {
            let Some(cell) = screen.cell(row, column) else { continue };
            if cell.is_wide_continuation() {
                cells.push((String::new(), cells.last().unwrap().1.clone()));
                continue;
            }
            let mut ink = colour(cell.fgcolor(), INK);
            let mut paper = colour(cell.bgcolor(), PAPER);
            if cell.inverse() {
                std::mem::swap(&mut ink, &mut paper);
            }
            let text = if cell.has_contents() { cell.contents() } else { " " };
            let look = Look { ink, paper, bold: cell.bold(), italic: cell.italic() };
            cells.push((text.to_owned(), look));
        }
        usual(&mut cells);
        cells
    }

    /// All of it, over and over.
    pub(super) fn svg(&self) -> String {
        let width = f32::from(self.columns) * WIDE + 2.0 * ROUND;
        let height = f32::from(self.rows) * HIGH + 2.0 * ROUND;
        let all: u32 = self.pictures.iter().map(|(_, ms)| ms).sum();
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" \
             font-family=\"ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace\" \
             font-size=\"14\">\n<title>kith chat</title>\n<style>\n\
             text {{ white-space: pre }}\ng.f {{ visibility: hidden }}\n"
        );
        let mut at = 0;
        for (index, (_, ms)) in self.pictures.iter().enumerate() {
            let part = |ms: u32| f64::from(ms) * 100.0 / f64::from(all);
            let (from, to) = (part(at), part(at + ms));
            let before =
                if at > 0 { "0% { visibility: hidden } ".to_owned() } else { String::new() };
            let after = match to < 100.0 {
                true => format!(" {to:.3}% {{ visibility: hidden }}"),
                false => String::new(),
            };
            writeln!(
                svg,
                "@keyframes k{index} {{ {before}{from:.3}% {{ visibility: visible }}{after} }}\n\
                 #p{index} {{ animation: k{index} {all}ms step-end infinite }}"
            )
            .unwrap();
            at += ms;
        }
        // Who wants no motion sees the first.
        svg.push_str(
            "@media (prefers-reduced-motion: reduce) { g.f { animation: none !important } \
             #p0 { visibility: visible } }\n</style>\n",
        );
        writeln!(svg, "<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{PAPER}\"/>").unwrap();
        for (index, (rows, _)) in self.pictures.iter().enumerate() {
            writeln!(svg, "<g class=\"f\" id=\"p{index}\">").unwrap();
            for (row, cells) in rows.iter().enumerate() {
                line(&mut svg, row, cells);
            }
            svg.push_str("</g>\n");
        }
        svg.push_str("</svg>\n");
        svg
    }
}

/// Puts the usual time and day where times and days are.
fn usual(cells: &mut Row) {
    let text: Vec<char> =
        cells.iter().map(|(text, _)| text.chars().next().unwrap_or('\0')).collect();
    let mut put = |at: usize, new: &str| {
        for (cell, c) in cells[at..].iter_mut().zip(new.chars()) {
            cell.0 = c.to_string();
        }
    };
    for (pattern, new) in [(CLOCK, CLOCK), (DATE, DATE)] {
        let pattern: Vec<char> = pattern.chars().collect();
        for (at, some) in text.windows(pattern.len()).enumerate() {
            let alike = |(one, other): (&char, &char)| {
                one == other || one.is_ascii_digit() && other.is_ascii_digit()
            };
            if some.iter().zip(&pattern).all(alike) {
                put(at, new);
            }
        }
    }
    let begin: Vec<char> = "── ".chars().collect();
    let line: String = text.iter().collect();
    if let Some(at) = text.windows(begin.len()).position(|some| some == begin)
        && line.contains("day, ")
    {
        let end = text.iter().rposition(|c| *c == '─').unwrap_or(at);
        let rest = "─".repeat((end + 1 - at).saturating_sub(DAY.chars().count()));
        put(at, &format!("{DAY}{rest}"));
    }
}

/// Writes a row: what looks alike together.
fn line(svg: &mut String, row: usize, cells: &Row) {
    let mut column = 0;
    for some in cells.chunk_by(|one, other| one.1 == other.1) {
        let look = &some[0].1;
        let text: String = some.iter().map(|(text, _)| text.as_str()).collect();
        let (x, y) = (ROUND + column as f32 * WIDE, ROUND + row as f32 * HIGH);
        let wide = some.len() as f32 * WIDE;
        if look.paper != PAPER {
            writeln!(
                svg,
                "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{wide:.1}\" height=\"{HIGH:.1}\" \
                 fill=\"{}\"/>",
                look.paper
            )
            .unwrap();
        }
        if !text.trim().is_empty() {
            let bold = if look.bold { " font-weight=\"bold\"" } else { "" };
            let italic = if look.italic { " font-style=\"italic\"" } else { "" };
            let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            writeln!(
                svg,
                "<text x=\"{x:.1}\" y=\"{:.1}\" textLength=\"{wide:.1}\" \
                 lengthAdjust=\"spacingAndGlyphs\" fill=\"{}\"{bold}{italic}>{escaped}</text>",
                y + HIGH * 0.75,
                look.ink
            )
            .unwrap();
        }
        column += some.len();
    }
}

/// The sixteen, the cube and the greys of 256 colours.
fn colour(of: Color, usual: &str) -> String {
    const NAMED: [&str; 16] = [
        "#1d1f21", "#cc6666", "#b5bd68", "#f0c674", "#81a2be", "#b294bb", "#8abeb7", "#c5c8c6",
        "#666666", "#d54e53", "#b9ca4a", "#e7c547", "#7aa6da", "#c397d8", "#70c0b1", "#eaeaea",
    ];
    let index = match of {
        Color::Default => return usual.to_owned(),
        Color::Rgb(red, green, blue) => return format!("#{red:02x}{green:02x}{blue:02x}"),
        Color::Idx(index) => index,
    };
    match index {
        0..=15 => NAMED[usize::from(index)].to_owned(),
        16..=231 => {
            let level = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
            let cube = index - 16;
            let (red, green, blue) = (level(cube / 36), level(cube / 6 % 6), level(cube % 6));
            format!("#{red:02x}{green:02x}{blue:02x}")
        }
        232..=255 => {
            let grey = 8 + 10 * (index - 232);
            format!("#{grey:02x}{grey:02x}{grey:02x}")
        }
    }
}
