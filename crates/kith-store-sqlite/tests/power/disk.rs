//! A disk that may lose, reorder and tear whatever was not synced.

use std::collections::BTreeMap;
use std::path::Path;

use super::trace::Call;

/// What a disk writes whole or not at all, in bytes.
const SECTOR: usize = 512;

/// Random numbers (SplitMix64).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ z >> 31) % sides as u64).unwrap()
    }
}

#[derive(Clone)]
enum Change {
    Write { offset: usize, bytes: Vec<u8> },
    Truncate(usize),
}

/// A file: what is on the disk for certain, and what may be.
#[derive(Clone, Default)]
struct File {
    durable: Vec<u8>,
    pending: Vec<Change>,
}

#[derive(Clone)]
enum Renaming {
    Create(String, usize),
    Rename(String, String),
    Remove(String),
}

/// A directory and its files.
#[derive(Clone, Default)]
pub(crate) struct Disk {
    files: Vec<File>,
    /// The names as the process sees them.
    names: BTreeMap<String, usize>,
    durable_names: BTreeMap<String, usize>,
    pending_names: Vec<Renaming>,
}

fn rename(names: &mut BTreeMap<String, usize>, change: &Renaming) {
    match change {
        Renaming::Create(name, file) => drop(names.insert(name.clone(), *file)),
        Renaming::Rename(from, to) => {
            if let Some(file) = names.remove(from) {
                names.insert(to.clone(), file);
            }
        }
        Renaming::Remove(name) => drop(names.remove(name)),
    }
}

fn change(bytes: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Write { offset, bytes: new } => {
            if bytes.len() < offset + new.len() {
                bytes.resize(offset + new.len(), 0);
            }
            bytes[*offset..offset + new.len()].copy_from_slice(new);
        }
        Change::Truncate(size) => bytes.resize(*size, 0),
    }
}

impl Disk {
    /// Does a call. Whether it changed anything.
    pub(crate) fn call(&mut self, call: &Call) -> bool {
        match call {
            Call::Create(name) => match self.names.get(name) {
                Some(_) => return false,
                None => {
                    self.files.push(File::default());
                    self.rename(Renaming::Create(name.clone(), self.files.len() - 1));
                }
            },
            Call::Write { path, offset, bytes } => {
                let change = Change::Write { offset: *offset, bytes: bytes.clone() };
                self.file(path).pending.push(change);
            }
            Call::Truncate { path, size } => self.file(path).pending.push(Change::Truncate(*size)),
            Call::Sync(path) if path.is_empty() => {
                self.durable_names = self.names.clone();
                self.pending_names.clear();
            }
            Call::Sync(path) => {
                let file = self.file(path);
                for pending in std::mem::take(&mut file.pending) {
                    change(&mut file.durable, &pending);
                }
            }
            Call::Rename { from, to } => self.rename(Renaming::Rename(from.clone(), to.clone())),
            Call::Remove(path) => self.rename(Renaming::Remove(path.clone())),
            Call::Say(_) => return false,
        }
        true
    }

    fn rename(&mut self, renaming: Renaming) {
        rename(&mut self.names, &renaming);
        self.pending_names.push(renaming);
    }

    fn file(&mut self, name: &str) -> &mut File {
        let file = *self.names.get(name).unwrap_or_else(|| panic!("{name} was never made"));
        &mut self.files[file]
    }

    /// Writes what a power loss could leave into `dir`: of the names a first part of what was done
    /// to them (file systems keep the order of names), of the files any part in any order, torn
    /// between sectors.
    pub(crate) fn crash(&self, dice: &mut Dice, dir: &Path) {
        let mut names = self.durable_names.clone();
        let kept = dice.roll(self.pending_names.len() + 1);
        self.pending_names.iter().take(kept).for_each(|change| rename(&mut names, change));
        // Of some crashes all is kept, of some nothing: those are the likeliest in life.
        let keep = [0, 50, 90, 100][dice.roll(4)];
        for (name, file) in names {
            let File { durable: mut bytes, pending } = self.files[file].clone();
            let mut pending: Vec<Change> =
                pending.into_iter().filter(|_| dice.roll(100) < keep).collect();
            if dice.roll(2) == 0 {
                for at in (1..pending.len()).rev() {
                    pending.swap(at, dice.roll(at + 1));
                }
            }
            for whole in &pending {
                match whole {
                    Change::Write { offset, bytes: new } if dice.roll(4) == 0 => {
                        for part in torn(*offset, new, dice) {
                            change(&mut bytes, &part);
                        }
                    }
                    whole => change(&mut bytes, whole),
                }
            }
            std::fs::write(dir.join(name), bytes).unwrap();
        }
    }
}

/// The sectors of a write of which some are not written.
fn torn(offset: usize, bytes: &[u8], dice: &mut Dice) -> Vec<Change> {
    let mut parts = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let end = (at + SECTOR - (offset + at) % SECTOR).min(bytes.len());
        if dice.roll(2) == 0 {
            parts.push(Change::Write { offset: offset + at, bytes: bytes[at..end].to_vec() });
        }
        at = end;
    }
    parts
}
