//! The `mixup` program: see the README.

mod cli;
mod tuning;

use std::process::ExitCode;

/// Every tensor is a fresh allocation; an allocator that keeps freed memory halves the time of a training step.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    tuning::tune();
    cli::main()
}
