//! The program: see the library.

/// Chosen by measurement: `docs/decisions/0007-the-allocator.md`.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> std::process::ExitCode {
    kith::main()
}
