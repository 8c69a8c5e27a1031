//! `kith chat` on the whole screen.

mod act;
mod app;
mod complete;
mod composer;
mod draw;
mod list;
mod lister;
mod out;
mod pictures;
mod popup;
mod private;
mod results;
mod side;
mod terminal;
#[cfg(test)]
mod tests;
mod theme;

use std::pin::Pin;
use std::time::Duration;

use crossterm::event::EventStream;
use futures_util::StreamExt;
use jiff::tz::TimeZone;
use kith_client::{Events, Files};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::carry::Carrier;
use crate::clock;
use crate::model::{Came, Ended, Model};
use crate::{Error, Options};
use app::App;
use lister::Lister;
use pictures::Pictures;
use pictures::detect::{Able, look};
use pictures::load::Loader;
use terminal::Screen;
use theme::Theme;

const TICK: Duration = Duration::from_secs(1);
/// The shortest time between two drawings: what happens at once is drawn at once.
const FRAME: Duration = Duration::from_millis(16);

/// Runs until the user ends it.
///
/// It waits for nobody, the terminal included: while that does not take what was drawn, nothing more is
/// drawn, and then what there is to be seen.
pub(crate) async fn run(
    mut carrier: Carrier,
    mut events: Events,
    files: Files,
    model: Model,
    options: &Options,
    zone: TimeZone,
) -> Result<Ended, Error> {
    let mut screen = Screen::take()?;
    let how = options.images;
    let able = tokio::task::spawn_blocking(move || look(how)).await.unwrap_or(Able::text());
    let mut loader = Loader::start(files);
    let mut lister = Lister::start();
    let mut keys = EventStream::new();
    let mut app = App::new(model, Theme::new(options.theme), options.notify, zone);
    app.pictures = Pictures::new(able, how);
    let mut ticks = tokio::time::interval(TICK);
    let mut end = Ending::new()?;
    let mut drawn = Instant::now() - FRAME;
    loop {
        app.take_notes();
        carrier.take_from(&mut app.model);
        loader.take_from(&mut app.pictures);
        if let Some(directory) = app.composer.take_wanted() {
            lister.ask(directory);
        }
        if let Some(ended) = app.ended.take() {
            return Ok(ended);
        }
        let is_free = screen.out.is_free();
        if app.dirty && is_free && drawn.elapsed() >= FRAME {
            draw(&mut screen, &mut app)?;
            drawn = Instant::now();
            continue;
        }
        let due: Pin<Box<Sleep>> = Box::pin(sleep_until(drawn + FRAME));
        tokio::select! {
            update = events.next() => match update {
                Some(update) => {
                    app.model.handle(Came::Update(update), clock::now());
                    app.dirty = true;
                }
                None => return Ok(Ended::Quit),
            },
            Some(came) = carrier.next() => {
                app.model.handle(came, clock::now());
                app.dirty = true;
            }
            Some((file, image)) = loader.next() => {
                app.pictures.came(file, image);
                app.dirty = true;
            }
            Some(listing) = lister.next() => {
                app.composer.listed(listing, &app.model);
                app.dirty = true;
            }
            event = keys.next() => match event {
                Some(event) => app.event(event?, clock::now()),
                // The terminal is gone.
                None => return Ok(Ended::Quit),
            },
            _ = ticks.tick() => app.tick(clock::now()),
            () = due, if app.dirty && is_free => {}
            freed = screen.out.freed(), if !is_free => freed?,
            () = end.next() => return Ok(Ended::Quit),
        }
    }
}

fn draw(screen: &mut Screen, app: &mut App) -> std::io::Result<()> {
    for effect in std::mem::take(&mut app.effects) {
        screen.effect(&effect)?;
    }
    let mut need = list::Need::default();
    screen.terminal.draw(|frame| need = app.draw(frame))?;
    screen.out.send()?;
    app.dirty = false;
    app.drawn(need);
    Ok(())
}

/// Signals that end the program, so that the terminal is given back first.
struct Ending {
    #[cfg(unix)]
    signals: [tokio::signal::unix::Signal; 2],
}

impl Ending {
    fn new() -> std::io::Result<Self> {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            let signals = [signal(SignalKind::terminate())?, signal(SignalKind::hangup())?];
            Ok(Self { signals })
        }
        #[cfg(not(unix))]
        Ok(Self {})
    }

    async fn next(&mut self) {
        #[cfg(unix)]
        {
            let [terminate, hangup] = &mut self.signals;
            tokio::select! {
                _ = terminate.recv() => {}
                _ = hangup.recv() => {}
            }
        }
        #[cfg(not(unix))]
        std::future::pending::<()>().await;
    }
}
