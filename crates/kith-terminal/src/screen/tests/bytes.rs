//! What goes over the line to the terminal: little, for it may be a slow one.

use crossterm::event::KeyCode;
use kith_client::Update;
use kith_core::id::FeedId;
use kith_proto::frame::Signaled;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};

use super::Show;
use crate::model::tests::site::{bob, stream};
use crate::screen::out::Frame;

const WIDTH: u16 = 80;
const HEIGHT: u16 = 24;
/// All cells with some colours, and where each line begins.
const SCREEN: usize = 2 * WIDTH as usize * HEIGHT as usize;

/// A line to a terminal, behind what a test sees.
struct Line {
    terminal: Terminal<CrosstermBackend<Frame>>,
    frame: Frame,
}

impl Line {
    fn open() -> Self {
        let frame = Frame::default();
        let viewport = Viewport::Fixed(Rect::new(0, 0, WIDTH, HEIGHT));
        let backend = CrosstermBackend::new(frame.clone());
        let terminal = Terminal::with_options(backend, TerminalOptions { viewport }).unwrap();
        Self { terminal, frame }
    }

    /// Bytes that it takes until the terminal shows what is to be seen now.
    fn bytes(&mut self, show: &mut Show) -> usize {
        self.terminal.draw(|frame| _ = show.app().draw(frame)).unwrap();
        self.frame.take().len()
    }
}

#[test]
fn what_changes_goes_over_the_line_and_nothing_else() {
    let mut show = Show::of_stream(200, WIDTH, HEIGHT);
    let mut line = Line::open();
    let whole = line.bytes(&mut show);
    assert!((500..SCREEN).contains(&whole), "{whole} bytes for a screen");
    let same = line.bytes(&mut show);
    assert!(same <= 40, "{same} bytes for what is there");
    for letter in ['a', 'b', 'c'] {
        show.key(KeyCode::Char(letter));
        let bytes = line.bytes(&mut show);
        assert!(bytes <= 400, "{bytes} bytes for a letter");
    }
    let what = Signaled::Typing { stream: stream(1), thread: None };
    let feed = FeedId::Stream(stream(1));
    show.with_site(|site| site.update(Update::Signal { feed, user: bob(), what }));
    show.turn();
    let typing = line.bytes(&mut show);
    assert!(typing <= 100, "{typing} bytes for who is typing");
    for number in 0..20 {
        show.with_site(|site| _ = site.post(1, bob(), &format!("new {number}")));
        show.turn();
        let bytes = line.bytes(&mut show);
        assert!(bytes <= SCREEN, "{bytes} bytes for a message");
    }
    for _ in 0..20 {
        show.key(KeyCode::PageUp);
        let bytes = line.bytes(&mut show);
        assert!(bytes <= SCREEN, "{bytes} bytes for a page");
    }
}
