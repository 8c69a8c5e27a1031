//! Figures as pictures: bars, one for each server, in SVG.

use crate::report::Figure;

const ROW: usize = 26;
const LEFT: usize = 170;
const WIDE: usize = 430;
const RIGHT: usize = 120;
const TOP: usize = 44;

/// One picture: its name as a file, its title, and its bars from top to bottom.
pub(crate) struct Plot {
    pub(crate) name: String,
    title: String,
    unit: String,
    bars: Vec<(String, f64)>,
}

/// The pictures that these figures make: one for each case that several servers were measured in.
pub(crate) fn plots(figures: &[Figure]) -> Vec<Plot> {
    let mut plots: Vec<Plot> = Vec::new();
    for figure in figures {
        let Some((case, server)) = figure.what.rsplit_once(": ") else { continue };
        let title = format!("{case}, {}", figure.unit);
        let bar = (server.to_owned(), figure.median());
        let wanted = ["server time", "each"].iter().any(|end| case.ends_with(end));
        match plots.iter_mut().find(|plot| plot.title == title) {
            Some(plot) => plot.bars.push(bar),
            None if wanted && ["rooms", "idle"].contains(&figure.bench) => {
                plots.push(Plot {
                    name: name_of(case),
                    title,
                    unit: figure.unit.clone(),
                    bars: vec![bar],
                });
            }
            None => {}
        }
    }
    plots.retain(|plot| plot.bars.len() > 1);
    plots
}

fn name_of(case: &str) -> String {
    let plain = case.replace(" × ", "x");
    let mut name = String::new();
    for c in plain.chars() {
        match c {
            c if c.is_ascii_alphanumeric() => name.push(c.to_ascii_lowercase()),
            _ if name.ends_with('-') => {}
            _ => name.push('-'),
        }
    }
    name.trim_end_matches('-').to_owned()
}

impl Plot {
    pub(crate) fn svg(&self) -> String {
        let most = self.bars.iter().map(|(_, value)| *value).fold(f64::MIN_POSITIVE, f64::max);
        let high = TOP + self.bars.len() * ROW + 10;
        let wide = LEFT + WIDE + RIGHT;
        let mut bars = self.bars.clone();
        bars.sort_by(|(_, one), (_, other)| one.total_cmp(other));
        let mut text = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {wide} {high}\" \
             font-family=\"sans-serif\" font-size=\"13\">\n\
             <rect width=\"{wide}\" height=\"{high}\" fill=\"#fff\"/>\n\
             <text x=\"12\" y=\"26\" font-size=\"15\" fill=\"#111\">{}</text>\n",
            escaped(&self.title)
        );
        for (place, (server, value)) in bars.iter().enumerate() {
            let y = TOP + place * ROW;
            let middle = y + ROW / 2 + 3;
            let (length, end) = (value / most * WIDE as f64, LEFT - 8);
            let color = if server == "kith" { "#1f7a5a" } else { "#9aa5b1" };
            let told = crate::report::number(*value);
            text.push_str(&format!(
                "<text x=\"{end}\" y=\"{middle}\" text-anchor=\"end\" fill=\"#111\">{}</text>\n\
                 <rect x=\"{LEFT}\" y=\"{y}\" width=\"{length:.1}\" height=\"{}\" fill=\"{color}\"/>\n\
                 <text x=\"{:.1}\" y=\"{middle}\" fill=\"#111\">{told} {}</text>\n",
                escaped(server),
                ROW - 8,
                LEFT as f64 + length + 6.0,
                self.unit
            ));
        }
        text.push_str("</svg>\n");
        text
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(what: &str, value: f64) -> Figure {
        let mut figure = Figure::new("rooms", what, "µs");
        figure.add(value, None);
        figure
    }

    #[test]
    fn each_case_with_several_servers_is_a_picture_with_the_least_on_top() {
        let figures = [
            figure("1 × 1000, full speed, server time: kith", 2.0),
            figure("1 × 1000, full speed, latency p50: kith", 9.0),
            figure("1 × 1000, full speed, server time: a<b", 1.0),
            figure("alone, server time: kith", 1.0),
        ];
        let plots = plots(&figures);
        assert_eq!(plots.len(), 1);
        assert_eq!(plots[0].name, "1x1000-full-speed-server-time");
        let svg = plots[0].svg();
        let places = ["a&lt;b", "kith"].map(|server| svg.find(server).unwrap());
        assert!(places[0] < places[1] && svg.contains("width=\"430.0\""), "{svg}");
    }
}
