//! The files of a session: sent block by block as far as the other side lets us, kept block by block,
//! and gone on with where they were when a connection was lost.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::BytesMut;
use tokio::sync::{mpsc, watch};
use tokio::task::{AbortHandle, spawn_blocking};
use webrtc::data_channel::DataChannel;

use super::{Session, Stop};
use crate::event::{PrivateError, What as Told};
use crate::file::{BLOCK_BYTES, Sink, Source, Sum, WINDOW_BYTES, block_at, safe_name};
use crate::frame::{FILE_BYTES_MAX, Frame, FrameError, PIECE_BYTES_MAX, Piece, What};
use crate::hex::Hex;
use crate::signal::End;

/// The most files that are offered or on their way, in each direction.
const FILES_MAX: usize = 16;
/// How much of files that were refused meanwhile may arrive, in bytes.
const STRAY_MAX: u64 = 2 * FILES_MAX as u64 * WINDOW_BYTES;

/// What happens to files outside the session's own task.
#[derive(Debug)]
pub(super) enum Written {
    /// So much of a file that we take is kept.
    Kept { file: u32, bytes: u64, sum: Sum },
    /// It is whole.
    Whole { file: u32, path: PathBuf },
    /// It cannot be kept.
    Failed { file: u32, error: io::Error },
    /// Everything of a file of ours was sent.
    Sent { file: u32, sum: Sum },
    /// It cannot be read.
    Unread { file: u32, error: io::Error },
}

/// A file of ours.
struct Sending {
    source: Arc<Mutex<Source>>,
    size: u64,
    /// How much the other side has kept.
    got: watch::Sender<u64>,
    task: Option<AbortHandle>,
}

enum Write {
    Block(Vec<u8>),
    Finish(Hex<32>),
}

/// A file of the other side.
struct Taking {
    size: u64,
    /// `None` until it is taken.
    writer: Option<mpsc::Sender<Write>>,
    block: Vec<u8>,
    /// How much was given to the writer, and how much of that is kept.
    given: u64,
    kept: u64,
    sum: Sum,
    /// The other side was told where to go on.
    is_going: bool,
    whole: Option<Hex<32>>,
}

/// All files of a session.
pub(super) struct Files {
    sending: BTreeMap<u32, Sending>,
    taking: BTreeMap<u32, Taking>,
    /// How many were offered, by us and by the other side.
    ours: u32,
    theirs: u32,
    stray: u64,
    written: mpsc::Sender<Written>,
}

impl Files {
    pub(super) fn new(written: mpsc::Sender<Written>) -> Self {
        let (sending, taking) = (BTreeMap::new(), BTreeMap::new());
        Self { sending, taking, ours: 0, theirs: 0, stray: 0, written }
    }

    /// There is no connection: what was on its way is sent again.
    pub(super) fn pause(&mut self) {
        for sending in self.sending.values_mut() {
            sending.task.take().inspect(AbortHandle::abort);
        }
        for taking in self.taking.values_mut() {
            taking.is_going = false;
            taking.whole = None;
            taking.block.clear();
        }
        self.stray = 0;
    }

    /// Nothing is sent or kept any more.
    pub(super) fn stop(&mut self) {
        self.pause();
        self.sending.clear();
        self.taking.clear();
    }

    /// A piece arrives.
    pub(super) fn piece(&mut self, piece: &Piece<'_>) -> Result<(), FrameError> {
        let length = piece.bytes.len() as u64;
        let going = self.taking.get_mut(&piece.file).filter(|taking| taking.is_going);
        let Some(taking) = going else {
            // One that was refused may be on its way.
            self.stray += length;
            let is_known = (1..=self.theirs).contains(&piece.file) && self.stray <= STRAY_MAX;
            return if is_known { Ok(()) } else { Err(FrameError) };
        };
        let at = taking.given + taking.block.len() as u64;
        let room = block_at(taking.given, taking.size) - taking.block.len() as u64;
        let is_let = piece.at + length <= taking.kept + WINDOW_BYTES;
        if piece.at != at || length > room || !is_let {
            return Err(FrameError);
        }
        taking.block.extend_from_slice(piece.bytes);
        if length < room {
            return Ok(());
        }
        let block = std::mem::take(&mut taking.block);
        taking.given += block.len() as u64;
        let writer = taking.writer.as_ref().ok_or(FrameError)?;
        // There is room for all that the other side may send.
        writer.try_send(Write::Block(block)).map_err(|_| FrameError)
    }
}

impl Taking {
    /// Gives the file its name, once all of it is kept.
    fn finish(&mut self) {
        if self.kept == self.size
            && let Some(sum) = self.whole.take()
            && let Some(writer) = &self.writer
        {
            // A writer that has ended said so.
            let _ = writer.try_send(Write::Finish(sum));
        }
    }
}

impl Session {
    pub(super) async fn send_file(&mut self, path: PathBuf) -> Result<u32, PrivateError> {
        if self.files.sending.len() >= FILES_MAX {
            return Err(PrivateError::TooManyFiles);
        }
        let name = path.file_name().map(|name| safe_name(&name.to_string_lossy()));
        let name = name.ok_or(PrivateError::NoFile)?;
        let opened = spawn_blocking(move || Source::open(&path)).await;
        let source = opened.map_err(|_| PrivateError::Closed)??;
        let size = source.size();
        if size > FILE_BYTES_MAX {
            return Err(PrivateError::TooLarge);
        }
        let file = self.files.ours + 1;
        self.post(What::Offer { file, name, size })?;
        self.files.ours = file;
        let source = Arc::new(Mutex::new(source));
        let sending = Sending { source, size, got: watch::Sender::new(0), task: None };
        self.files.sending.insert(file, sending);
        Ok(file)
    }

    pub(super) async fn take_file(&mut self, file: u32, path: PathBuf) -> Result<(), PrivateError> {
        let taking = self.files.taking.get_mut(&file).ok_or(PrivateError::NoFile)?;
        if taking.writer.is_some() {
            return Err(PrivateError::NoFile);
        }
        let size = taking.size;
        let created = spawn_blocking(move || Sink::create(&path, size)).await;
        let sink = created.map_err(|_| PrivateError::Closed)??;
        let room = usize::try_from(WINDOW_BYTES / BLOCK_BYTES + 2).unwrap_or(usize::MAX);
        let (writer, writes) = mpsc::channel(room);
        taking.writer = Some(writer);
        let written = self.files.written.clone();
        spawn_blocking(move || write(file, sink, writes, &written));
        self.resume();
        Ok(())
    }

    pub(super) fn refuse_file(&mut self, file: u32) -> Result<(), PrivateError> {
        if self.files.taking.remove(&file).is_some() {
            return self.post(What::Refuse { file });
        }
        // One of ours is taken back by the same word.
        self.files.sending.remove(&file).ok_or(PrivateError::NoFile)?.stop();
        self.post(What::Withdraw { file })
    }

    /// The other side offers a file.
    pub(super) async fn offered(&mut self, file: u32, name: &str, size: u64) -> Result<(), Stop> {
        if Some(file) != self.files.theirs.checked_add(1) {
            return Err(Stop::End(End::Failed));
        }
        self.files.theirs = file;
        if self.files.taking.len() >= FILES_MAX {
            // A message waits no longer than the other side takes to acknowledge it.
            return self.post(What::Refuse { file }).map_err(|_| Stop::End(End::Failed));
        }
        let sum = Sum::of(size);
        let taking = Taking {
            size,
            writer: None,
            block: Vec::new(),
            given: 0,
            kept: 0,
            sum,
            is_going: false,
            whole: None,
        };
        self.files.taking.insert(file, taking);
        self.tell(Told::Offered { file, name: safe_name(name), size }).await;
        Ok(())
    }

    pub(super) async fn withdrawn(&mut self, file: u32) {
        if self.files.taking.remove(&file).is_some() {
            let why = "the other side took it back".to_owned();
            self.tell(Told::Dropped { file, ours: false, why }).await;
        }
    }

    pub(super) async fn refused(&mut self, file: u32) {
        if let Some(sending) = self.files.sending.remove(&file) {
            sending.stop();
            let why = "the other side does not take it".to_owned();
            self.tell(Told::Dropped { file, ours: true, why }).await;
        }
    }

    pub(super) async fn kept(&mut self, file: u32) -> Result<(), Stop> {
        let Some(sending) = self.files.sending.remove(&file) else { return Ok(()) };
        sending.stop();
        self.tell(Told::Whole { file, path: None }).await;
        Ok(())
    }

    /// Tells the other side where to go on with the files that we take.
    pub(super) fn resume(&mut self) {
        if !self.is_open {
            return;
        }
        let mut frames = Vec::new();
        for (file, taking) in &mut self.files.taking {
            // What was given to the writer comes first.
            let is_ready = taking.writer.is_some() && taking.given == taking.kept;
            if is_ready && !taking.is_going {
                taking.is_going = true;
                let (file, from, sum) = (*file, taking.kept, taking.sum.hex());
                frames.push(Frame::Resume { file, from, sum });
            }
        }
        frames.iter().for_each(|frame| self.say(frame));
    }

    /// The other side wants a file of ours from here on.
    pub(super) fn resumed(&mut self, file: u32, from: u64, sum: Hex<32>) {
        let Some(link) = &self.link else { return };
        let Some(sending) = self.files.sending.get_mut(&file) else { return };
        sending.task.take().inspect(AbortHandle::abort);
        sending.got.send_replace(from);
        let (source, got) = (Arc::clone(&sending.source), sending.got.subscribe());
        let (channel, written) = (link.files(), self.files.written.clone());
        let task = tokio::spawn(async move {
            let done = match send(&channel, file, source, (from, sum), got).await {
                Ok(Some(sum)) => Written::Sent { file, sum },
                // The connection is over: the other side says where to go on.
                Ok(None) => return,
                Err(error) => Written::Unread { file, error },
            };
            // A session that has ended does not want to know.
            let _ = written.send(done).await;
        });
        sending.task = Some(task.abort_handle());
    }

    /// The other side has kept so much of a file of ours.
    pub(super) fn got(&mut self, file: u32, bytes: u64) -> Result<(), Stop> {
        let Some(sending) = self.files.sending.get(&file) else { return Ok(()) };
        if bytes > sending.size {
            return Err(Stop::End(End::Failed));
        }
        sending.got.send_replace(bytes);
        let size = sending.size;
        self.hint(Told::Progress { file, ours: true, bytes, size });
        Ok(())
    }

    /// The other side sent everything of a file.
    pub(super) fn whole(&mut self, file: u32, sum: Hex<32>) -> Result<(), Stop> {
        if let Some(taking) = self.files.taking.get_mut(&file)
            && taking.is_going
        {
            taking.whole = Some(sum);
            taking.finish();
        }
        Ok(())
    }

    pub(super) async fn written(&mut self, written: Written) -> Result<(), Stop> {
        match written {
            Written::Kept { file, bytes, sum } => {
                let Some(taking) = self.files.taking.get_mut(&file) else { return Ok(()) };
                (taking.kept, taking.sum) = (bytes, sum);
                taking.finish();
                let (size, is_going) = (taking.size, taking.is_going);
                if is_going {
                    self.say(&Frame::Got { file, bytes });
                }
                self.resume();
                self.hint(Told::Progress { file, ours: false, bytes, size });
            }
            Written::Whole { file, path } => {
                if self.files.taking.remove(&file).is_some() {
                    self.must(What::Kept { file })?;
                    self.tell(Told::Whole { file, path: Some(path) }).await;
                }
            }
            Written::Failed { file, error } => {
                if self.files.taking.remove(&file).is_some() {
                    self.must(What::Refuse { file })?;
                    let why = error.to_string();
                    self.tell(Told::Dropped { file, ours: false, why }).await;
                }
            }
            Written::Sent { file, sum } => self.say(&Frame::Whole { file, sum: sum.hex() }),
            Written::Unread { file, error } => {
                if let Some(sending) = self.files.sending.remove(&file) {
                    sending.stop();
                    self.must(What::Withdraw { file })?;
                    let why = error.to_string();
                    self.tell(Told::Dropped { file, ours: true, why }).await;
                }
            }
        }
        Ok(())
    }

    /// Says what must arrive, or gives up: the other side acknowledges nothing.
    fn must(&mut self, what: What) -> Result<(), Stop> {
        self.post(what).map_err(|_| Stop::End(End::Lost))
    }
}

impl Sending {
    fn stop(self) {
        self.task.inspect(AbortHandle::abort);
    }
}

/// Writes what arrives, on a thread of its own.
fn write(
    file: u32,
    mut sink: Sink,
    mut writes: mpsc::Receiver<Write>,
    written: &mpsc::Sender<Written>,
) {
    while let Some(write) = writes.blocking_recv() {
        let done = match write {
            Write::Block(block) => match sink.keep(&block) {
                Ok(()) => Written::Kept { file, bytes: sink.kept(), sum: sink.sum() },
                Err(error) => Written::Failed { file, error },
            },
            Write::Finish(sum) => {
                let done = match sink.finish(&sum) {
                    Ok(path) => Written::Whole { file, path },
                    Err(error) => Written::Failed { file, error },
                };
                let _ = written.blocking_send(done);
                return;
            }
        };
        let is_over = matches!(done, Written::Failed { .. });
        if written.blocking_send(done).is_err() || is_over {
            return;
        }
    }
}

/// Sends a file from a place on, as far as the other side keeps up. `None` when the connection ends.
async fn send(
    channel: &Arc<dyn DataChannel>,
    file: u32,
    source: Arc<Mutex<Source>>,
    (from, sum): (u64, Hex<32>),
    mut got: watch::Receiver<u64>,
) -> io::Result<Option<Sum>> {
    let (size, agrees) = {
        let source = source.lock().unwrap_or_else(PoisonError::into_inner);
        (source.size(), source.agrees(from, &sum))
    };
    if !agrees {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "what was kept is not of this file",
        ));
    }
    let mut at = from;
    while at < size {
        let end = at + block_at(at, size);
        if got.wait_for(|got| end <= got.saturating_add(WINDOW_BYTES)).await.is_err() {
            return Ok(None);
        }
        let reading = Arc::clone(&source);
        let read = move || {
            let mut source = reading.lock().unwrap_or_else(PoisonError::into_inner);
            source.block(at)
        };
        let block = spawn_blocking(read).await.map_err(io::Error::other)??;
        for bytes in block.chunks(PIECE_BYTES_MAX) {
            let piece = Piece { file, at, bytes }.frame();
            if channel.send(BytesMut::from(&piece[..])).await.is_err() {
                return Ok(None);
            }
            at += bytes.len() as u64;
        }
    }
    let source = source.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(source.sum())
}
