//! Images of messages: how large they are shown, and those that were loaded. Where they are not there
//! yet, room is kept for them, so that nothing moves when they come.

pub(super) mod detect;
pub(super) mod load;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};

use kith_core::file::Attachment;
use kith_core::id::{FileId, Seq, StreamId};
use ratatui::Frame;
use ratatui::layout::{Rect, Size};
use ratatui_image::picker::ProtocolType;
use ratatui_image::sliced::{SignedPosition, SlicedImage, SlicedProtocol};

use crate::images::Images;
use crate::theme::ThemeName;
use detect::Able;

/// The most rows and columns of an image.
const ROWS_MAX: u64 = 12;
const COLUMNS_MAX: u64 = 60;
/// Pixels of a thumbnail on its longer side.
const PIXELS_MAX: u64 = 640;
/// Images that are held; the one that was loaded first goes first.
const HELD_MAX: usize = 48;
/// Images that may wait to be loaded.
const WANTED_MAX: usize = 64;

/// An image that should be loaded, and how large it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) stream: StreamId,
    pub(super) message: Seq,
    pub(super) file: FileId,
    pub(super) size: Size,
}

enum Held {
    /// It is being loaded.
    Asked,
    Ready(Box<SlicedProtocol>),
    /// It could not be loaded.
    Missing,
}

/// The images.
pub(super) struct Pictures {
    able: Able,
    how: Images,
    held: HashMap<FileId, Held>,
    order: VecDeque<FileId>,
    wanted: VecDeque<Wanted>,
    /// Counts how often they were laid out otherwise.
    life: u64,
}

impl Pictures {
    pub(super) fn new(able: Able, how: Images) -> Self {
        let (held, order, wanted) = (HashMap::new(), VecDeque::new(), VecDeque::new());
        Self { able, how, held, order, wanted, life: 0 }
    }

    /// Shows them in another way; which it came to.
    pub(super) fn set(&mut self, how: Images) -> Option<ProtocolType> {
        self.how = how;
        self.forget();
        self.able.kind(how)
    }

    /// Loads them anew: the terminal may have forgotten them.
    pub(super) fn forget(&mut self) {
        self.held.clear();
        self.order.clear();
        self.wanted.clear();
        self.life += 1;
    }

    /// Tries those again that could not be loaded.
    pub(super) fn retry(&mut self) {
        self.held.retain(|_, held| !matches!(held, Held::Missing));
    }

    /// Changes when images are laid out otherwise.
    pub(super) fn life(&self) -> u64 {
        self.life
    }

    /// How images are shown, if they are.
    pub(super) fn kind(&self, theme: ThemeName) -> Option<ProtocolType> {
        if theme == ThemeName::None { None } else { self.able.kind(self.how) }
    }

    /// How large the image of a file is shown where there are so many columns; `None` if it is not.
    pub(super) fn size(
        &self,
        about: &Attachment,
        columns: usize,
        theme: ThemeName,
    ) -> Option<Size> {
        self.kind(theme)?;
        let (width, height) = (u64::from(about.width?), u64::from(about.height?));
        if !about.thumbnail || width == 0 || height == 0 {
            return None;
        }
        let font = self.able.font();
        let (wide, high) = (u64::from(font.width).max(1), u64::from(font.height).max(1));
        let columns = u64::try_from(columns).unwrap_or(0).min(COLUMNS_MAX);
        if columns == 0 {
            return None;
        }
        // The largest that fits into the thumbnail, into the columns, and into the rows.
        let most = [(PIXELS_MAX, PIXELS_MAX), (columns * wide, ROWS_MAX * high)];
        let fit = |(width, height): (u64, u64), (most_wide, most_high): (u64, u64)| {
            if width * most_high > height * most_wide {
                let wide = width.min(most_wide);
                (wide, height * wide / width)
            } else {
                let high = height.min(most_high);
                (width * high / height, high)
            }
        };
        let (width, height) = most.into_iter().fold((width, height), fit);
        let cells = |pixels: u64, of: u64| u16::try_from(pixels.div_ceil(of).max(1)).unwrap_or(1);
        Some(Size::new(cells(width, wide), cells(height, high)))
    }

    /// Draws an image into an area, as if it began at a row of it, which may be above or below. It is
    /// said what should be loaded.
    pub(super) fn draw(
        &self,
        frame: &mut Frame<'_>,
        area: Rect,
        (row, theme, is_covered): (i32, ThemeName, bool),
        wanted: Wanted,
    ) -> Option<Wanted> {
        const INDENT: u16 = 2;
        match self.held.get(&wanted.file) {
            None => return Some(wanted),
            Some(Held::Ready(image)) => {
                // What stands above others of these would be wiped off, or be wiped off by it.
                let kind = self.kind(theme);
                let stays = matches!(kind, Some(ProtocolType::Kitty | ProtocolType::Halfblocks));
                let size = image.size();
                // Those of iTerm2 and of Sixel are cut off at one end alone: at both, they would go on
                // below the area.
                let is_cut = row < 0 && row + i32::from(size.height) > i32::from(area.height);
                let cuts = matches!(kind, Some(ProtocolType::Iterm2 | ProtocolType::Sixel));
                let has_room = area.width >= INDENT.saturating_add(size.width) && !(cuts && is_cut);
                if let (Ok(y), true) = (i16::try_from(row), has_room && (stays || !is_covered)) {
                    let position = SignedPosition { x: INDENT.cast_signed(), y };
                    frame.render_widget(SlicedImage::new(image, position), area);
                }
            }
            Some(Held::Asked | Held::Missing) => {}
        }
        None
    }

    /// These should be loaded.
    pub(super) fn want(&mut self, wanted: Vec<Wanted>) {
        for one in wanted {
            if self.wanted.len() < WANTED_MAX && !self.held.contains_key(&one.file) {
                self.hold(one.file, Held::Asked);
                self.wanted.push_back(one);
            }
        }
    }

    /// The next one to be loaded, and how.
    pub(super) fn next_wanted(&mut self) -> Option<(Wanted, ProtocolType, detect::Font)> {
        let kind = self.able.kind(self.how)?;
        Some((self.wanted.pop_front()?, kind, self.able.font()))
    }

    /// An image was loaded, or could not be.
    pub(super) fn came(&mut self, file: FileId, image: Option<SlicedProtocol>) {
        // What was forgotten meanwhile was to be shown otherwise.
        if matches!(self.held.get(&file), Some(Held::Asked)) {
            let held = image.map_or(Held::Missing, |image| Held::Ready(Box::new(image)));
            self.hold(file, held);
        }
    }

    fn hold(&mut self, file: FileId, held: Held) {
        if self.held.insert(file, held).is_none() {
            self.order.push_back(file);
            if self.order.len() > HELD_MAX
                && let Some(oldest) = self.order.pop_front()
            {
                self.held.remove(&oldest);
            }
        }
    }
}
