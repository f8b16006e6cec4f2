//! The command line: raw arguments → checked settings → library call → report.

mod args;
mod augment;
mod cell;
mod compare;
mod datasets;
mod describe;
mod encoder_files;
mod evaluate;
mod foreign;
mod image;
mod interrupt;
mod linearity;
mod offsets;
mod oversample;
mod plans;
mod predict;
mod progress;
mod run_dir;
mod saved;
mod schedule;
mod settings;
mod show_plans;
mod splits;
mod stand_in;
mod table;
mod tags;
mod task;
mod text;
mod train;
mod training;

use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command, Compare, Train};

/// Exit codes: 0 done, 1 failed, 2 bad usage.
pub fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", in_words(&error));
            let usage = error
                .downcast_ref::<candle_mixup::Error>()
                .is_some_and(candle_mixup::Error::is_usage);
            ExitCode::from(if usage { 2 } else { 1 })
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<()> {
    match cli.command {
        Command::Compare(Compare::Text(args)) => text::compare(*args),
        Command::Compare(Compare::Table(args)) => table::compare(*args),
        Command::Compare(Compare::Image(args)) => image::compare(*args),
        Command::Compare(Compare::Tags(args)) => tags::compare(*args),
        Command::Train(Train::Text(args)) => text::train(*args),
        Command::Train(Train::Table(args)) => table::train(*args),
        Command::Train(Train::Image(args)) => image::train(*args),
        Command::Train(Train::Tags(args)) => tags::train(*args),
        Command::Evaluate(args) => evaluate::run(args),
        Command::Predict(args) => predict::run(args),
        Command::Augment(args) => augment::run(*args),
        Command::Oversample(args) => oversample::run(*args),
        Command::Linearity(args) => linearity::run(&args),
        Command::Schedule(args) => schedule::run(args),
        Command::Preview(args) => image::preview(&args),
        Command::Datasets(args) => datasets::run(args),
    }
}

/// The error and its causes, those left out that the one before has already told.
fn in_words(error: &anyhow::Error) -> String {
    error
        .chain()
        .map(ToString::to_string)
        .fold(String::new(), |told, cause| {
            if told.is_empty() {
                cause
            } else if told.ends_with(&cause) {
                told
            } else {
                format!("{told}: {cause}")
            }
        })
}

/// Whether the reader of our output went away (`mixup predict ... | head`), which is no failure.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let closed = |e: &std::io::Error| e.kind() == std::io::ErrorKind::BrokenPipe;
    error
        .chain()
        .any(|e| e.downcast_ref::<std::io::Error>().is_some_and(closed))
}
