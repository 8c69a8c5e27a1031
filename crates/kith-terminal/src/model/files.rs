//! Files that go with messages: sent up before their message is posted, and saved from messages; how
//! far each is.

use std::collections::BTreeMap;
use std::path::PathBuf;

use kith_client::shared_name;
use kith_core::file::{Attachment, FILES_MAX};
use kith_core::id::{FileId, Seq, StreamId};
use kith_core::text::{FileName, MessageText, OpId};

use super::{Model, Note, Place, Wish};

/// Messages with files that are on their way, and files that are being saved, at most.
const OPEN_MAX: usize = 20;

/// Something to be done with files.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum FileWish {
    /// Send a file up, under a name by which it goes on where it was.
    Upload { path: PathBuf, name: FileName, op: OpId },
    /// Save a file of a message into a directory.
    Download { stream: StreamId, message: Seq, about: Attachment, directory: PathBuf },
}

/// What came of it, under the number of the wish.
#[derive(Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub enum FileCame {
    /// So many bytes are there, of so many.
    Progress {
        at: u64,
        bytes: u64,
    },
    Uploaded(FileId),
    Saved(PathBuf),
    /// It is not done, and why; one who wants it once more goes on where it was.
    Failed(String),
}

/// A file that is on its way, for whoever shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transfer<'a> {
    /// What it is called.
    pub name: &'a FileName,
    /// How much of it is there, in hundredths; none as long as it is not known.
    pub percent: Option<u64>,
    /// Whether it comes from the server.
    pub down: bool,
}

/// A file that goes up, and what is known of it.
#[derive(Debug)]
struct Up {
    path: PathBuf,
    name: FileName,
    op: OpId,
    percent: Option<u64>,
    file: Option<FileId>,
}

/// A message whose files go up, one after another.
#[derive(Debug)]
pub struct Outgoing {
    place: Place,
    text: MessageText,
    files: Vec<Up>,
    failed: Option<String>,
}

impl Outgoing {
    /// What is to be posted with the files.
    #[must_use]
    pub fn text(&self) -> &MessageText {
        &self.text
    }

    /// Why it does not go on.
    #[must_use]
    pub fn failed(&self) -> Option<&str> {
        self.failed.as_deref()
    }

    /// Its files and how much of each is there, in hundredths.
    pub fn files(&self) -> impl Iterator<Item = (&FileName, Option<u64>)> {
        self.files.iter().map(|up| (&up.name, up.percent))
    }
}

/// A file that is being saved.
#[derive(Debug)]
struct Down {
    file: FileId,
    name: FileName,
    percent: Option<u64>,
}

/// Everything that is on its way, by the number of its wish.
#[derive(Debug, Default)]
pub(super) struct Transfers {
    out: BTreeMap<u64, Outgoing>,
    down: BTreeMap<u64, Down>,
}

impl Transfers {
    pub(super) fn is_idle(&self) -> bool {
        self.down.is_empty() && self.out.values().all(|out| out.failed.is_some())
    }
}

fn percent(at: u64, bytes: u64) -> u64 {
    // An empty file is there at once.
    u64::try_from(u128::from(at) * 100 / u128::from(bytes.max(1))).unwrap_or(100).min(100)
}

impl Model {
    /// Messages of a place whose files are on their way, the oldest first.
    pub fn outgoing(&self, place: Place) -> impl Iterator<Item = &Outgoing> {
        self.transfers.out.values().filter(move |out| out.place == place)
    }

    /// Every file that is on its way.
    pub fn transfers(&self) -> impl Iterator<Item = Transfer<'_>> {
        let up = self.transfers.out.values().filter(|out| out.failed.is_none());
        let up = up.filter_map(|out| out.files.iter().find(|up| up.file.is_none()));
        let up = up.map(|up| Transfer { name: &up.name, percent: up.percent, down: false });
        let down = self.transfers.down.values();
        up.chain(down.map(|of| Transfer { name: &of.name, percent: of.percent, down: true }))
    }

    /// Begins to send files up, to be posted in the present place with a text.
    pub(super) fn attach(&mut self, paths: &[PathBuf], text: Option<&str>) -> Result<(), String> {
        let place = self.here.ok_or("you are nowhere: `go PLACE` goes somewhere")?;
        if paths.is_empty() {
            return Err("`attach` needs FILES, files of this machine".to_owned());
        }
        if paths.len() > FILES_MAX {
            return Err(format!("at most {FILES_MAX} files go with a message"));
        }
        if self.transfers.out.len() >= OPEN_MAX {
            return Err(format!("{OPEN_MAX} messages with files are on their way: wait for them"));
        }
        let text = match text.map(str::trim).filter(|text| !text.is_empty()) {
            Some(text) => MessageText::parse(text).map_err(|refusal| refusal.to_string())?,
            None => MessageText::none(),
        };
        let mut files = Vec::new();
        for path in paths {
            let name = shared_name(path).map_err(|refusal| {
                format!("{} cannot be sent under its name: {refusal}", path.display())
            })?;
            let op = self.new_op().ok_or("there are no more names for operations")?;
            files.push(Up { path: path.clone(), name, op, percent: None, file: None });
        }
        self.tickets += 1;
        let out = Outgoing { place, text, files, failed: None };
        self.transfers.out.insert(self.tickets, out);
        self.send_up(self.tickets);
        Ok(())
    }

    /// Sends the next file up, or posts when all are there.
    fn send_up(&mut self, ticket: u64) {
        let Some(out) = self.transfers.out.get_mut(&ticket) else { return };
        out.failed = None;
        if let Some(up) = out.files.iter().find(|up| up.file.is_none()) {
            let (path, name, op) = (up.path.clone(), up.name.clone(), up.op.clone());
            let wish = FileWish::Upload { path, name, op };
            return self.wishes.push_back(Wish::File(ticket, Box::new(wish)));
        }
        if let Some(out) = self.transfers.out.remove(&ticket) {
            let files = out.files.into_iter().filter_map(|up| up.file).collect();
            self.post_with(out.place, out.text, None, files);
        }
    }

    /// Sends up again what failed in the present place, or drops it; whether there was any.
    pub(super) fn again_up(&mut self, retry: bool) -> bool {
        let here = self.here;
        let is_failed = |out: &Outgoing| out.failed.is_some() && Some(out.place) == here;
        let all = self.transfers.out.iter().filter(|(_, out)| is_failed(out));
        let tickets: Vec<u64> = all.map(|(ticket, _)| *ticket).collect();
        for ticket in &tickets {
            match retry {
                true => self.send_up(*ticket),
                false => drop(self.transfers.out.remove(ticket)),
            }
        }
        !tickets.is_empty()
    }

    /// Begins to save the files of a message.
    pub(super) fn download(
        &mut self,
        message: Option<Seq>,
        directory: Option<PathBuf>,
    ) -> Result<(), String> {
        let here = self.here.ok_or("you are nowhere: `go PLACE` goes somewhere")?;
        let talk = self.talks.get(&here).ok_or("you are nowhere: `go PLACE` goes somewhere")?;
        let wanted = message.or(self.selected);
        let found = match wanted {
            Some(seq) => talk.shown().into_iter().find(|message| message.seq == seq),
            None => talk.confirmed().filter(|message| !message.files.is_empty()).last(),
        };
        let found = found.ok_or_else(|| match wanted {
            Some(seq) => format!("message #{seq} is not loaded: `jump {seq}` shows it"),
            None => "no message here has files".to_owned(),
        })?;
        if found.files.is_empty() {
            return Err(format!("message #{} has no files", found.seq));
        }
        let (seq, files) = (found.seq, found.files.clone());
        let directory = directory.unwrap_or_else(|| self.downloads.clone());
        for about in files {
            if self.transfers.down.values().any(|down| down.file == about.id) {
                return Err(format!("{} is being saved already", about.name));
            }
            if self.transfers.down.len() >= OPEN_MAX {
                return Err(format!("{OPEN_MAX} files are being saved: wait for them"));
            }
            self.tickets += 1;
            let down = Down { file: about.id, name: about.name.clone(), percent: None };
            self.transfers.down.insert(self.tickets, down);
            let wish = FileWish::Download {
                stream: here.stream,
                message: seq,
                about,
                directory: directory.clone(),
            };
            self.wishes.push_back(Wish::File(self.tickets, Box::new(wish)));
        }
        Ok(())
    }

    /// Something came of a wish.
    pub(super) fn file_came(&mut self, ticket: u64, came: FileCame) {
        match came {
            FileCame::Progress { at, bytes } => self.file_is_at(ticket, percent(at, bytes)),
            FileCame::Uploaded(id) => {
                if let Some(up) = self.up_mut(ticket) {
                    (up.file, up.percent) = (Some(id), Some(100));
                }
                self.send_up(ticket);
            }
            FileCame::Saved(path) => {
                self.transfers.down.remove(&ticket);
                self.say(format!("saved {}", path.display()));
            }
            FileCame::Failed(why) => {
                if let Some(out) = self.transfers.out.get_mut(&ticket) {
                    out.failed = Some(why.clone());
                    self.wrong(format!("not sent: {why}"));
                } else if let Some(down) = self.transfers.down.remove(&ticket) {
                    self.wrong(format!("{} is not saved: {why}", down.name));
                }
            }
        }
    }

    /// The file of a message that is going up.
    fn up_mut(&mut self, ticket: u64) -> Option<&mut Up> {
        self.transfers.out.get_mut(&ticket)?.files.iter_mut().find(|up| up.file.is_none())
    }

    fn file_is_at(&mut self, ticket: u64, now: u64) {
        let (name, before) = if let Some(down) = self.transfers.down.get_mut(&ticket) {
            (down.name.clone(), down.percent.replace(now))
        } else if let Some(up) = self.up_mut(ticket) {
            (up.name.clone(), up.percent.replace(now))
        } else {
            return;
        };
        // Of what is there at once nobody needs to be told.
        let tenth = now / 10;
        if tenth < 10 && before.is_some_and(|before| before / 10 < tenth) {
            self.notes.push_back(Note::Progress { name: name.to_string(), percent: now });
        }
    }
}
