//! Where what is on the screen, and what is drawn there.

use kith_proto::frame::Status;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Clear;

use super::app::App;
use super::list::{Context, Need};
use super::popup::Chosen;
use super::{private, side};
use crate::command::key::Pane;
use crate::model::{Link, Place, Stage, Talk};
use crate::text::wrap::{Prefix, cut, width, wrap};
use crate::text::{Look, clean, plain};

/// With so many columns there is room for the circles beside the messages.
const SIDEBAR_FROM: u16 = 60;
/// With so many there is room for the members as well.
const MEMBERS_FROM: u16 = 100;
/// With so many rows there is room for the bars.
const BARS_FROM: u16 = 8;
/// The most rows that a word about what was done takes.
const NOTICE_ROWS: usize = 3;
/// Choices that are shown at a time.
const CHOICES: usize = 6;

/// Where what is on the screen.
#[derive(Clone, Debug, Default)]
pub(super) struct Layout {
    /// Of the screen.
    columns: u16,
    sidebar: Option<Rect>,
    members: Option<Rect>,
    list: Rect,
    composer: Rect,
    /// Which place is on which row of the sidebar.
    pub(super) places: Vec<(u16, Place)>,
    /// Where the choices are that are shown above everything else.
    pub(super) chosen: Chosen,
}

fn toggled(is_shown: bool, is_usual: bool) -> Option<bool> {
    (is_shown == is_usual).then_some(!is_shown)
}

fn holds(area: Rect, x: u16, y: u16) -> bool {
    area.contains(ratatui::layout::Position { x, y })
}

impl Layout {
    /// Whether the circles are to be shown from now on: by hand only where that is not as usual.
    pub(super) fn sidebar_toggled(&self) -> Option<bool> {
        toggled(self.sidebar.is_some(), self.columns >= SIDEBAR_FROM)
    }

    /// The same of the members.
    pub(super) fn members_toggled(&self) -> Option<bool> {
        toggled(self.members.is_some(), self.columns >= MEMBERS_FROM)
    }

    /// Whether the circles stand above the messages.
    pub(super) fn is_covered(&self) -> bool {
        self.sidebar.is_some_and(|side| !side.intersection(self.list).is_empty())
    }

    pub(super) fn list_width(&self) -> usize {
        usize::from(self.list.width)
    }

    /// The choice at a point.
    pub(super) fn choice_at(&self, x: u16, y: u16) -> Option<usize> {
        self.chosen.iter().find(|(area, _)| holds(*area, x, y)).map(|(_, choice)| *choice)
    }

    pub(super) fn is_list(&self, x: u16, y: u16) -> bool {
        holds(self.list, x, y)
    }

    pub(super) fn is_composer(&self, x: u16, y: u16) -> bool {
        holds(self.composer, x, y)
    }

    /// The place at a point of the sidebar.
    pub(super) fn place_at(&self, x: u16, y: u16) -> Option<Place> {
        self.sidebar.filter(|area| holds(*area, x, y))?;
        self.places.iter().find(|(row, _)| *row == y).map(|(_, place)| *place)
    }
}

fn text(frame: &mut Frame<'_>, area: Rect, line: &Line<'_>) {
    if area.height > 0 {
        frame.buffer_mut().set_line(area.x, area.y, line, area.width);
    }
}

impl App {
    /// Draws the screen, and says what should be loaded.
    pub(super) fn draw(&mut self, frame: &mut Frame<'_>) -> Need {
        let screen = frame.area();
        if screen.width < 4 || screen.height < 3 {
            return Need::default();
        }
        let has_bars = screen.height >= BARS_FROM;
        let wide = screen.width >= SIDEBAR_FROM;
        let mut main = screen;
        if has_bars {
            let bar = Rect { height: 1, ..screen };
            main = Rect { y: main.y + 1, height: main.height - 1, ..main };
            self.draw_title(frame, bar);
        }
        main.height -= 1;
        self.draw_status(frame, Rect { y: screen.bottom() - 1, height: 1, ..screen });
        self.layout.columns = screen.width;
        self.layout.sidebar = None;
        self.layout.members = None;
        let mut over = None;
        if self.sidebar.unwrap_or(wide) {
            let columns = if screen.width >= 90 { 26 } else { 20 }.min(main.width);
            let area = Rect { width: columns, ..main };
            self.layout.sidebar = Some(area);
            if wide {
                main = Rect { x: main.x + columns, width: main.width - columns, ..main };
            } else {
                over = Some(area);
            }
        }
        if self.members.unwrap_or(screen.width >= MEMBERS_FROM)
            && main.width > 50
            && self.model.circle_here().is_some()
        {
            let columns = 20;
            let area = Rect { x: main.right() - columns, width: columns, ..main };
            self.layout.members = Some(area);
            main.width -= columns;
            side::members(frame, area, self.theme, &self.model);
        }
        let need = self.draw_main(frame, main, has_bars);
        if let Some(area) = self.layout.sidebar {
            if over.is_some() {
                frame.render_widget(Clear, area);
            }
            self.layout.places = side::places(frame, area, self.theme, &self.model);
        }
        if let Some(popup) = &self.popup {
            let context = Context {
                model: &self.model,
                theme: self.theme,
                zone: &self.zone,
                pictures: &self.pictures,
                is_covered: true,
            };
            self.layout.chosen = popup.draw(frame, screen, context);
        }
        need
    }

    fn draw_main(&mut self, frame: &mut Frame<'_>, main: Rect, has_bars: bool) -> Need {
        let prompt = if main.width > 20 { 2 } else { 0 };
        let rows = self.composer.rows(usize::from(main.width.saturating_sub(prompt).max(2)));
        let most = usize::from(main.height / 2).max(1);
        let rows = u16::try_from(rows.min(most)).unwrap_or(1);
        let words = self.hint(usize::from(main.width));
        let hints = u16::try_from(words.len()).unwrap_or(1).min(main.height - rows);
        let hints = if has_bars || self.notice.is_some() { hints } else { 0 };
        let composer = Rect { y: main.bottom() - rows, height: rows, ..main };
        let hint = Rect { y: composer.y - hints, height: hints, ..main };
        let list = Rect { height: main.height - rows - hints, ..main };
        self.layout.list = list;
        self.layout.composer = composer;
        let selected = self.model.selected();
        let context = Context {
            model: &self.model,
            theme: self.theme,
            zone: &self.zone,
            pictures: &self.pictures,
            is_covered: self.popup.is_some()
                || self.composer.completion.is_some()
                || self.layout.is_covered(),
        };
        let need = match &mut self.private {
            Some((user, up)) => {
                private::draw(frame, list, context, *user, up);
                Need::default()
            }
            None => self.list.draw(frame, list, context, selected),
        };
        if self.private.is_none()
            && self.model.talk_here().is_some_and(|talk| talk.shown().is_empty())
        {
            let word = if self.model.talk_here().is_some_and(Talk::is_loading) {
                "loading…"
            } else {
                "nothing was said here yet"
            };
            text(frame, list, &Line::styled(cut(word, usize::from(list.width)), self.theme.dim()));
        }
        for (y, line) in (hint.y..hint.bottom()).zip(words) {
            text(frame, Rect { y, height: 1, ..hint }, &line);
        }
        if prompt > 0 {
            let sign = Line::styled("> ", self.theme.accent());
            text(frame, composer, &sign);
        }
        let inner = Rect { x: composer.x + prompt, width: composer.width - prompt, ..composer };
        let words = match self.pane {
            Pane::Messages => "a message is selected: ? shows its keys, Esc leaves it",
            Pane::Composer | Pane::Anywhere => "write here, / for commands, ? for keys",
        };
        let words = cut(words, usize::from(inner.width.saturating_sub(1)));
        self.composer.draw(frame, inner, self.theme, &words, self.pane == Pane::Composer);
        self.draw_choices(frame, composer, list);
        need
    }

    /// What the word may become, above where one writes.
    fn draw_choices(&self, frame: &mut Frame<'_>, composer: Rect, list: Rect) {
        let Some((completion, chosen)) = &self.composer.completion else { return };
        if self.popup.is_some() {
            return;
        }
        let room = usize::from(list.height).min(CHOICES);
        let at = chosen.unwrap_or(0);
        let top = (at + 1).saturating_sub(room);
        let some: Vec<_> = completion.choices.iter().enumerate().skip(top).take(room).collect();
        let named = some.iter().map(|(_, choice)| width(&choice.shown)).max().unwrap_or(0);
        let about = some.iter().map(|(_, choice)| width(&choice.about)).max().unwrap_or(0);
        let columns = u16::try_from(named + about + 3).unwrap_or(list.width).min(list.width);
        let rows = u16::try_from(some.len()).unwrap_or(0);
        let area =
            Rect { x: list.x, y: composer.y.saturating_sub(rows), width: columns, height: rows };
        let area = area.intersection(frame.area());
        frame.render_widget(Clear, area);
        frame.buffer_mut().set_style(area, self.theme.bar());
        for (row, (index, choice)) in (area.y..area.bottom()).zip(some) {
            let style = match *chosen == Some(index) {
                true => self.theme.accent(),
                false => Style::new(),
            };
            let text = format!(" {:named$} {}", choice.shown, choice.about);
            let line = Line::styled(cut(&text, usize::from(columns)), style);
            frame.buffer_mut().set_line(area.x, row, &line, columns);
        }
    }

    /// The lines above where one writes: a word about what was done, or who is typing.
    fn hint(&self, columns: usize) -> Vec<Line<'static>> {
        if let Some(notice) = &self.notice {
            let style = if notice.wrong { self.theme.wrong() } else { self.theme.accent() };
            let spans = [crate::text::Span::new(clean::line(&notice.text), Look::default())];
            let lines = wrap(&spans, columns, &Prefix::default());
            let some = lines.iter().take(NOTICE_ROWS);
            return some.map(|line| Line::styled(plain(line), style)).collect();
        }
        vec![self.typing(columns)]
    }

    fn typing(&self, columns: usize) -> Line<'static> {
        if let Some((user, up)) = self.private {
            let talk = self.model.private(user);
            let name = self.model.people().name(user);
            let line = match talk {
                _ if up > 0 => "older lines are shown: PageDown goes back".to_owned(),
                Some(talk) if talk.is_typing() => format!("{name} is typing…"),
                Some(talk) if talk.stage() == Stage::Over => "it is over: Esc leaves".to_owned(),
                _ => "what you write goes to them alone; Esc leaves".to_owned(),
            };
            return Line::styled(cut(&line, columns), self.theme.dim());
        }
        let Some(here) = self.model.here() else { return Line::default() };
        let main = Place { thread: None, ..here };
        let typing: Vec<String> = self
            .model
            .talk(main)
            .map(|talk| talk.typing().map(|user| self.model.people().name(user)).collect())
            .unwrap_or_default();
        let line = match &typing[..] {
            [] if self.list.is_at_end() => String::new(),
            [] => "older messages are shown: Esc shows the latest".to_owned(),
            [one] => format!("{one} is typing…"),
            [one, other] => format!("{one} and {other} are typing…"),
            several => format!("{} are typing…", several.len()),
        };
        Line::styled(cut(&line, columns), self.theme.dim())
    }

    fn draw_title(&self, frame: &mut Frame<'_>, area: Rect) {
        frame.buffer_mut().set_style(area, self.theme.bar());
        if let Some((user, _)) = self.private {
            let line = private::title(&self.model, self.theme, user, usize::from(area.width));
            return text(frame, area, &line);
        }
        let Some(here) = self.model.here() else {
            return text(frame, area, &Line::styled(" kith", self.theme.bar()));
        };
        let main = Place { thread: None, ..here };
        let mut title = format!(" {}", self.model.full_name(main));
        if let Some(root) = here.thread {
            title.push_str(&format!(" › thread of #{root}"));
        }
        let stream = self.model.talk(main).and_then(Talk::stream);
        if let Some(about) = stream.and_then(|stream| stream.about.as_ref()) {
            title.push_str(&format!("  {about}"));
        }
        if stream.is_some_and(|stream| stream.archived) {
            title.push_str("  (archived)");
        }
        let title = cut(&clean::line(&title), usize::from(area.width));
        text(frame, area, &Line::styled(title, self.theme.bar()));
    }

    fn draw_status(&self, frame: &mut Frame<'_>, area: Rect) {
        frame.buffer_mut().set_style(area, self.theme.bar());
        let bar = self.theme.bar();
        let mut spans = vec![Span::styled(format!(" {}", self.model.me().name), bar)];
        let state = match (self.model.link(), self.model.status()) {
            (Link::Down { retry_at, .. }, _) => {
                let left = retry_at.since_ms(self.model.now()).div_ceil(1000);
                format!("not connected, again in {left} s")
            }
            (Link::Up, _) if !self.model.is_ready() => "connecting".to_owned(),
            (Link::Up, Status::Away) => "away".to_owned(),
            (Link::Up, Status::Idle) => "idle".to_owned(),
            (Link::Up, _) => "connected".to_owned(),
        };
        let is_down = *self.model.link() != Link::Up;
        let style = if is_down { bar.patch(self.theme.wrong()) } else { bar };
        spans.push(Span::styled(format!(" · {state}"), style));
        let queued = self.model.queued();
        if queued > 0 {
            let word = if is_down { "waiting" } else { "on its way" };
            spans.push(Span::styled(format!(" · {queued} {word}"), bar));
        }
        let files: Vec<_> = self.model.transfers().collect();
        if let Some(first) = files.first() {
            let sign = if first.down { "↓" } else { "↑" };
            let name = cut(&clean::line(first.name.as_str()), 20);
            let far = first.percent.map(|percent| format!(" {percent} %")).unwrap_or_default();
            let more = match files.len() - 1 {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            spans.push(Span::styled(format!(" · {sign} {name}{far}{more}"), bar));
        }
        let (unread, mentions) = self
            .model
            .talks()
            .filter(|talk| Some(talk.place()) != self.model.here())
            .fold((0, 0), |(unread, mentions), talk| {
                (unread + talk.unread(), mentions + talk.for_me())
            });
        if mentions > 0 {
            let style = bar.patch(self.theme.accent());
            spans.push(Span::styled(format!(" · {mentions} for you"), style));
        } else if unread > 0 {
            spans.push(Span::styled(format!(" · {unread} unread"), bar));
        }
        let line = Line::from(spans);
        let used = line.width();
        text(frame, area, &line);
        let (help, room) = ("F1 help ", usize::from(area.width));
        if used + help.len() + 2 <= room {
            let x = area.right() - u16::try_from(help.len()).unwrap_or(0);
            text(frame, Rect { x, width: area.right() - x, ..area }, &Line::styled(help, bar));
        }
    }
}
