//! The list of messages: laid out only as far as it is seen, and scrolled line by line.

mod own;

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::Rc;

use jiff::tz::TimeZone;
use kith_core::document::Message;
use kith_core::id::Seq;
use ratatui::Frame;
use ratatui::layout::{Rect, Size};
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::pictures::{Pictures, Wanted};
use super::theme::Theme;
use crate::model::{Called, Model, Place, Talk};
use crate::text::markdown::{Reader, render};
use crate::text::wrap::cut;
use crate::text::{clean, when};

/// Messages of one author within so long stand under one name.
const GROUP_MS: u64 = 5 * 60 * 1000;
/// Laid out messages that are kept.
const KEPT_MAX: usize = 2000;
/// When so few messages are left beyond what is seen, more are loaded.
const NEAR: usize = 25;
/// Reactions that are shown on a message.
const REACTIONS_MAX: usize = 12;

/// Where the list is: which line is the last that is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scroll {
    /// The newest.
    End,
    /// A line of a message.
    At { seq: Seq, line: usize },
}

/// A message as it was laid out.
#[derive(Debug, Default)]
struct Block {
    lines: Vec<Line<'static>>,
    /// Images in it: the line where each begins, which file of the message it is, and its size.
    pictures: Vec<(usize, usize, Size)>,
}

impl Block {
    fn len(&self) -> usize {
        self.lines.len()
    }
}

/// A message as it was laid out, and of what.
type Kept = (u64, Rc<Block>);

/// The list.
#[derive(Debug)]
pub(super) struct List {
    scroll: Scroll,
    kept: HashMap<Seq, Kept>,
    /// Which message is on which row of the screen, as drawn last.
    rows: Vec<(u16, Seq)>,
    height: usize,
    /// A message to be shown in the middle when it is next drawn.
    show: Option<Seq>,
}

/// What is needed to lay messages out.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) model: &'a Model,
    pub(super) theme: Theme,
    pub(super) zone: &'a TimeZone,
    pub(super) pictures: &'a Pictures,
    /// Whether something is shown above the messages.
    pub(super) is_covered: bool,
}

/// What should be loaded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Need {
    pub(super) older: bool,
    pub(super) newer: bool,
    pub(super) pictures: Vec<Wanted>,
}

struct Blocks<'a> {
    context: Context<'a>,
    talk: &'a Talk,
    messages: Vec<&'a Message>,
    width: usize,
}

impl List {
    pub(super) fn new() -> Self {
        let (kept, rows) = (HashMap::new(), Vec::new());
        Self { scroll: Scroll::End, kept, rows, height: 1, show: None }
    }

    /// Shows another place, from its newest message on.
    pub(super) fn reset(&mut self) {
        self.kept.clear();
        (self.scroll, self.show) = (Scroll::End, None);
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.scroll == Scroll::End
    }

    pub(super) fn go_to_end(&mut self) {
        self.scroll = Scroll::End;
    }

    pub(super) fn show(&mut self, seq: Seq) {
        self.show = Some(seq);
    }

    /// How many lines a page has.
    pub(super) fn page(&self) -> isize {
        isize::try_from(self.height.saturating_sub(2).max(1)).unwrap_or(1)
    }

    /// The message on a row of the screen.
    pub(super) fn at_row(&self, row: u16) -> Option<Seq> {
        self.rows.iter().find(|(of, _)| *of == row).map(|(_, seq)| *seq)
    }

    /// Whether the message is seen.
    pub(super) fn sees(&self, seq: Seq) -> bool {
        self.rows.iter().any(|(_, of)| *of == seq)
    }

    /// Scrolls by so many lines, up if there are less than none.
    pub(super) fn scroll(&mut self, context: Context<'_>, width: usize, lines: isize) {
        let Some(talk) = context.model.talk_here() else { return };
        let blocks = Blocks { context, talk, messages: talk.shown(), width };
        let Some((index, line)) = self.anchor(&blocks) else { return };
        self.move_to(&blocks, index, line, lines);
    }

    fn move_to(&mut self, blocks: &Blocks<'_>, mut index: usize, mut line: usize, lines: isize) {
        let mut left = lines.unsigned_abs();
        if lines < 0 {
            while left > line {
                if index == 0 {
                    left = line;
                    break;
                }
                left -= line + 1;
                index -= 1;
                line = self.block(blocks, index).len().saturating_sub(1);
            }
            line -= left;
        } else {
            loop {
                let behind = self.block(blocks, index).len().saturating_sub(1) - line;
                if left <= behind {
                    line += left;
                    break;
                }
                left -= behind + 1;
                if index + 1 >= blocks.messages.len() {
                    line += behind;
                    break;
                }
                (index, line) = (index + 1, 0);
            }
        }
        // Behind the last that is held there may be more, which is not to run past by itself.
        let is_last = index + 1 == blocks.messages.len()
            && line + 1 == self.block(blocks, index).len()
            && lines >= 0
            && !blocks.talk.has_newer();
        self.scroll = match blocks.messages.get(index) {
            Some(message) if !is_last => Scroll::At { seq: message.seq, line },
            _ => Scroll::End,
        };
    }

    /// The last message that is seen, and its last line that is.
    fn anchor(&mut self, blocks: &Blocks<'_>) -> Option<(usize, usize)> {
        let last = blocks.messages.len().checked_sub(1)?;
        let (index, line) = match self.scroll {
            Scroll::End => (last, usize::MAX),
            Scroll::At { seq, line } => {
                let at = blocks.messages.partition_point(|message| message.seq < seq);
                (at.min(last), line)
            }
        };
        let height = self.block(blocks, index).len();
        Some((index, line.min(height.saturating_sub(1))))
    }

    fn block(&mut self, blocks: &Blocks<'_>, index: usize) -> Rc<Block> {
        let message = blocks.messages[index];
        let before = index.checked_sub(1).and_then(|before| blocks.messages.get(before).copied());
        let key = blocks.key(message, before);
        if let Some((of, lines)) = self.kept.get(&message.seq)
            && *of == key
        {
            return Rc::clone(lines);
        }
        if self.kept.len() >= KEPT_MAX {
            self.kept.clear();
        }
        let lines = Rc::new(blocks.lay_out(message, before));
        self.kept.insert(message.seq, (key, Rc::clone(&lines)));
        lines
    }

    /// Draws what is seen, and says what should be loaded.
    pub(super) fn draw(
        &mut self,
        frame: &mut Frame<'_>,
        area: Rect,
        context: Context<'_>,
        selected: Option<Seq>,
    ) -> Need {
        self.rows.clear();
        self.height = usize::from(area.height);
        let Some(talk) = context.model.talk_here() else { return Need::default() };
        let width = usize::from(area.width);
        let blocks = Blocks { context, talk, messages: talk.shown(), width };
        self.place_shown(&blocks);
        let own = if self.is_at_end() { blocks.own() } else { Vec::new() };
        let mut lines: Vec<(Line<'static>, Option<(usize, usize)>)> =
            own.into_iter().rev().map(|line| (line, None)).collect();
        let mut need = Need::default();
        if let Some((last, line)) = self.anchor(&blocks) {
            let mut index = last;
            let mut from = line + 1;
            loop {
                let block = self.block(&blocks, index);
                let some = block.lines[..from].iter().enumerate().rev();
                lines.extend(some.map(|(at, line)| (line.clone(), Some((index, at)))));
                if lines.len() >= self.height || index == 0 {
                    break;
                }
                index -= 1;
                from = self.block(&blocks, index).len();
            }
            need.older = index < NEAR && talk.has_older();
            need.newer = last + NEAR > blocks.messages.len() && talk.has_newer();
            let missing = self.height.saturating_sub(lines.len());
            if missing > 0 && !self.is_at_end() && !need.older {
                // There is nothing above: what is below is shown instead of nothing.
                let missing = isize::try_from(missing).unwrap_or(0);
                self.move_to(&blocks, last, line, missing);
                // Where there is not enough below either, it stays.
                let moved = self.anchor(&blocks).is_some_and(|at| at != (last, line));
                if moved && !self.is_at_end() {
                    return self.draw(frame, area, context, selected);
                }
            }
        } else {
            (need.older, need.newer) = (talk.has_older(), talk.has_newer());
        }
        lines.truncate(self.height);
        let top = area.bottom().saturating_sub(u16::try_from(lines.len()).unwrap_or(area.height));
        // The rows that the images of a message begin at, as if all of them were seen.
        let mut shown: Vec<(usize, i32)> = Vec::new();
        for (row, (line, of)) in (top..).zip(lines.into_iter().rev()) {
            if let Some((index, at)) = of
                && shown.last().is_none_or(|(last, _)| *last != index)
            {
                let at = i32::try_from(at).unwrap_or(i32::MAX);
                shown.push((index, i32::from(row - area.y) - at));
            }
            let seq = of.map(|(index, _)| blocks.messages[index].seq);
            let area = Rect { y: row, height: 1, ..area };
            let style = match seq.is_some() && seq == selected {
                true => context.theme.selected(),
                false => Style::new(),
            };
            frame.buffer_mut().set_style(area, style);
            frame.buffer_mut().set_line(area.x, row, &line.patch_style(style), area.width);
            self.rows.extend(seq.map(|seq| (row, seq)));
        }
        for (index, row) in shown {
            need.pictures.extend(self.draw_pictures(frame, area, &blocks, index, row));
        }
        need
    }

    /// Draws the images of a message whose first line is on a row of the area, which may be above it.
    fn draw_pictures(
        &mut self,
        frame: &mut Frame<'_>,
        area: Rect,
        blocks: &Blocks<'_>,
        index: usize,
        row: i32,
    ) -> Vec<Wanted> {
        let block = self.block(blocks, index);
        let (message, context) = (blocks.messages[index], blocks.context);
        let mut wanted = Vec::new();
        for (line, file, size) in &block.pictures {
            let row = i32::try_from(*line).unwrap_or(i32::MAX).saturating_add(row);
            let is_seen = row < i32::from(area.height) && row + i32::from(size.height) > 0;
            if let Some(about) = message.files.get(*file).filter(|_| is_seen) {
                let stream = blocks.talk.place().stream;
                let one = Wanted { stream, message: message.seq, file: about.id, size: *size };
                let how = (row, context.theme.name(), context.is_covered);
                wanted.extend(context.pictures.draw(frame, area, how, one));
            }
        }
        wanted
    }

    /// Puts the message that is to be shown into the middle.
    fn place_shown(&mut self, blocks: &Blocks<'_>) {
        let Some(seq) = self.show.take() else { return };
        let Some(index) = blocks.messages.iter().position(|message| message.seq == seq) else {
            return;
        };
        let height = self.block(blocks, index).len();
        let below = isize::try_from(self.height.saturating_sub(height) / 2).unwrap_or(0);
        self.move_to(blocks, index, height.saturating_sub(1), below);
    }
}

impl Blocks<'_> {
    fn is_grouped(&self, message: &Message, before: Option<&Message>) -> bool {
        before.is_some_and(|before| {
            before.author == message.author
                && message.at.since_ms(before.at) < GROUP_MS
                && message.reply_to.is_none()
                && before.replies == 0
                && !self.is_new_day(message, Some(before))
                && !self.is_first_new(message, Some(before))
        })
    }

    fn is_new_day(&self, message: &Message, before: Option<&Message>) -> bool {
        before.is_none_or(|before| when::is_new_day(before.at, message.at, self.context.zone))
    }

    fn is_first_new(&self, message: &Message, before: Option<&Message>) -> bool {
        self.talk.new_after().is_some_and(|read| {
            message.seq > read && before.is_some_and(|before| before.seq <= read)
        })
    }

    /// What the layout of a message depends on.
    fn key(&self, message: &Message, before: Option<&Message>) -> u64 {
        let mut hasher = DefaultHasher::new();
        (self.width, self.context.theme.name() as u8).hash(&mut hasher);
        (message.text.as_str(), message.edited_at, message.replies).hash(&mut hasher);
        for (emoji, users) in &message.reactions {
            (emoji.as_str(), users.len(), users.contains(&self.context.model.me().id))
                .hash(&mut hasher);
        }
        self.context.model.called(message.author).hash(&mut hasher);
        self.answered(message).hash(&mut hasher);
        (
            self.is_grouped(message, before),
            self.is_new_day(message, before),
            self.is_first_new(message, before),
            self.context.model.selected().is_some(),
            self.context.pictures.life(),
        )
            .hash(&mut hasher);
        hasher.finish()
    }

    /// What the message answers, on a line.
    fn answered(&self, message: &Message) -> Option<String> {
        let to = message.reply_to?;
        // What the first message of a thread answers is not in the thread.
        let main = Place { thread: None, ..self.talk.place() };
        let main = || self.context.model.talk(main)?.message(to);
        Some(match self.talk.message(to).or_else(main) {
            Some(answered) => {
                let name = self.context.model.people().name(answered.author);
                let text = answered.text.as_str().lines().next().unwrap_or_default();
                format!("{name}: {}", clean::line(text))
            }
            None => format!("#{to}"),
        })
    }

    fn rule(&self, word: &str, style: Style) -> Line<'static> {
        let word = cut(&format!("── {word} "), self.width);
        let rest = self.width.saturating_sub(crate::text::wrap::width(&word));
        Line::styled(format!("{word}{}", "─".repeat(rest)), style)
    }

    fn lay_out(&self, message: &Message, before: Option<&Message>) -> Block {
        let Context { model, theme, zone, pictures, .. } = self.context;
        let (mut lines, mut shown) = (Vec::new(), Vec::new());
        if self.is_new_day(message, before) {
            lines.push(self.rule(&when::day(message.at, zone), theme.dim()));
        }
        if self.is_first_new(message, before) {
            lines.push(self.rule("new", theme.accent()));
        }
        if let Some(answered) = self.answered(message) {
            let text = cut(&format!("┌ {answered}"), self.width);
            lines.push(Line::styled(text, theme.dim()));
        }
        if !self.is_grouped(message, before) {
            let Called { shown, name } = model.called(message.author);
            let mut head = vec![Span::styled(shown.clone(), theme.name_of(&shown))];
            if let Some(name) = name {
                head.push(Span::styled(format!(" @{name}"), theme.dim()));
            }
            head.push(Span::styled(format!("  {}", when::clock(message.at, zone)), theme.dim()));
            // Numbers are shown while messages are chosen among.
            if model.selected().is_some() {
                head.push(Span::styled(format!("  #{}", message.seq), theme.dim()));
            }
            lines.push(Line::from(head));
        }
        let mut body = self.body(message.text.as_str());
        if message.edited_at.is_some()
            && let Some(last) = body.last_mut()
        {
            if last.width() + 9 <= self.width {
                last.push_span(Span::styled(" (edited)", theme.dim()));
            } else {
                body.push(Line::styled("  (edited)", theme.dim()));
            }
        }
        lines.extend(body);
        for (index, file) in message.files.iter().enumerate() {
            let text = format!("  {}", clean::line(&file.line()));
            lines.push(Line::styled(cut(&text, self.width), theme.accent()));
            if let Some(size) = pictures.size(file, self.width.saturating_sub(2), theme.name()) {
                shown.push((lines.len(), index, size));
                lines.extend((0..size.height).map(|_| Line::default()));
            }
        }
        if !message.reactions.is_empty() {
            let count = message.reactions.len();
            let mut shown: Vec<String> = message
                .reactions
                .iter()
                .take(REACTIONS_MAX)
                .map(|(emoji, users)| {
                    let mine = if users.contains(&model.me().id) { "*" } else { "" };
                    format!("{} {}{mine}", clean::line(emoji.as_str()), users.len())
                })
                .collect();
            if count > REACTIONS_MAX {
                shown.push(format!("and {} more", count - REACTIONS_MAX));
            }
            lines.push(Line::styled(
                cut(&format!("  {}", shown.join("  ")), self.width),
                theme.dim(),
            ));
        }
        if message.replies > 0 && self.talk.place().thread.is_none() {
            let word = if message.replies == 1 { "reply" } else { "replies" };
            let text = format!("  └ {} {word} in its thread", message.replies);
            lines.push(Line::styled(cut(&text, self.width), theme.accent()));
        }
        Block { lines, pictures: shown }
    }

    fn body(&self, text: &str) -> Vec<Line<'static>> {
        let Context { model, theme, .. } = self.context;
        let reader = Reader { name: model.me().name.as_str() };
        let indent = if self.width > 12 { 2 } else { 0 };
        render(text, self.width - indent, reader)
            .into_iter()
            .map(|line| {
                let mut line = theme.line(line);
                line.spans.insert(0, Span::raw(" ".repeat(indent)));
                line
            })
            .collect()
    }
}
