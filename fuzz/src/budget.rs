//! How much memory one message may take.

use std::sync::{Mutex, PoisonError};

use peak_alloc::PeakAlloc;

/// The most memory that reading one message may hold at a time, in bytes.
pub const BYTES_MAX: usize = 8 << 20;
/// The most that a target is given, in bytes: more than any single message may have.
pub const INPUT_BYTES_MAX: usize = 64 * 1024;

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;
/// The heap is counted for the whole process, so one input is tried at a time.
static TURN: Mutex<()> = Mutex::new(());

/// Runs a target on an input.
///
/// # Panics
/// When the target does, or when it takes more than [`BYTES_MAX`] of memory.
pub fn within(run: fn(&[u8]), input: &[u8]) {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let before = HEAP.current_usage();
    HEAP.reset_peak_usage();
    run(input);
    let taken = HEAP.peak_usage().saturating_sub(before);
    assert!(taken <= BYTES_MAX, "{} bytes of input took {taken} bytes of memory", input.len());
}
