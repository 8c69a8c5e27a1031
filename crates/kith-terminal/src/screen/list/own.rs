//! What the user wrote and the server does not have yet: below all messages.

use kith_client::messages::{Draft, Entry};
use ratatui::style::Style;
use ratatui::text::Line;

use super::Blocks;
use crate::text::clean;
use crate::text::wrap::cut;

impl Blocks<'_> {
    /// What is on its way, and what was refused.
    pub(super) fn own(&self) -> Vec<Line<'static>> {
        let theme = self.context.theme;
        let mut lines = Vec::new();
        for entry in self.talk.entries() {
            let (draft, word, style): (&Draft, String, Style) = match entry {
                Entry::Confirmed(_) => continue,
                Entry::Sending(_, draft) => (draft, "on its way".to_owned(), theme.dim()),
                Entry::Failed(_, draft, why) => {
                    let why = clean::line(&why.message).into_owned();
                    (draft, format!("not sent: {why} (/retry or /discard)"), theme.wrong())
                }
            };
            lines.extend(
                self.body(draft.text.as_str()).into_iter().map(|line| line.style(theme.dim())),
            );
            lines.push(Line::styled(cut(&format!("  … {word}"), self.width), style));
        }
        lines.extend(self.outgoing());
        lines
    }

    /// Messages whose files are on their way.
    fn outgoing(&self) -> Vec<Line<'static>> {
        let theme = self.context.theme;
        let mut lines = Vec::new();
        for out in self.context.model.outgoing(self.talk.place()) {
            let said = self.body(out.text().as_str());
            lines.extend(said.into_iter().map(|line| line.style(theme.dim())));
            for (name, percent) in out.files() {
                let far = match percent {
                    _ if out.failed().is_some() => String::new(),
                    Some(percent) => format!(", {percent} %"),
                    None => ", waits".to_owned(),
                };
                let text = clean::line(&format!("  [{name}{far}]")).into_owned();
                lines.push(Line::styled(cut(&text, self.width), theme.dim()));
            }
            let (word, style) = match out.failed() {
                Some(why) => {
                    (format!("not sent: {} (/retry or /discard)", clean::line(why)), theme.wrong())
                }
                None => ("on its way".to_owned(), theme.dim()),
            };
            lines.push(Line::styled(cut(&format!("  … {word}"), self.width), style));
        }
        lines
    }
}
