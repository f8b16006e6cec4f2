//! `mixup oversample`: a table → what its columns are → pairs → a balanced table.

mod args;
mod columns;
mod settings;
mod summary;
mod work;
mod write;

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result};
use candle_mixup::Error;
use candle_mixup::data::{Header, Source};
use candle_mixup::oversample::{Balanced, Settings};
use candle_mixup::split::Strata;
use candle_mixup::table::{self, Format, Loaded, Missing, ScanOptions, Schema, Which};

pub use args::OversampleArgs;
use args::{ColumnArgs, MissingArg};
use work::Bar;

use super::interrupt::Interrupt;
use super::progress::Bars;

/// Everything that one run of the command knows.
struct Run {
    args: OversampleArgs,
    source: Source,
    schema: Schema,
    names: Vec<String>,
    settings: Settings,
    table: Loaded,
    balanced: Balanced,
    /// Which rows, the table's first and the synthetic ones behind them, a cleaning step takes away.
    removed: Vec<u32>,
    notes: Vec<String>,
    out: Out,
    started: Instant,
}

/// Where the balanced table goes.
#[derive(Debug, Clone, PartialEq)]
enum Out {
    Stdout,
    File(PathBuf),
}

pub fn run(args: OversampleArgs) -> Result<()> {
    let started = Instant::now();
    rayon::ThreadPoolBuilder::new()
        .num_threads(super::settings::threads(args.output.threads)?)
        .build_global()
        .context("cannot start threads")?;
    let source = Source::parse(&args.file)?;
    let out = out(&args, &source)?;
    check_free(&args, &out)?;
    let bar = Bar::new(
        &Bars::new(args.print.quiet),
        Interrupt::listen_and_say("stopping (Ctrl-C again ends at once)")?,
    );
    let schema = table::scan(&source, &scan_options(&args.columns, &source), &bar)?;
    if let Out::File(path) = &out {
        table::check_output(path, &source, &schema, &write::options(&args, &[]))?;
    }
    let (numbers, categories) = (schema.numeric().count(), schema.categorical().count());
    let settings = settings::settings(&args, numbers, categories)?;
    let oversampler = settings.clone().check()?;
    columns::check(&settings.method, &schema)?;
    let missing = missing(&args, &settings)?;
    let names = schema.class_names();
    let to_make = settings
        .strategy
        .to_make(&schema.counts(), &names, settings.like)?;
    let classes = work::classes_to_load(&args, &settings, &to_make);
    let which = classes.as_deref().map_or(Which::All, Which::Classes);
    let table = table::load(&source, &schema, which, missing, &bar)?;
    let spread = schema.spread();
    let rows = match classes {
        Some(_) => table.rows()?.with_spread(&spread)?,
        None => table.rows()?,
    };
    let strata = Strata {
        classes: &table.classes,
        names: &names,
    };
    let balanced = oversampler.make(&rows, strata, &to_make, &bar)?;
    let mut notes: Vec<String> = balanced.notes.iter().map(ToString::to_string).collect();
    notes.extend(columns::outweighed(&settings, &schema));
    let mut run = Run {
        args,
        source,
        schema,
        names,
        settings,
        table,
        balanced,
        removed: Vec::new(),
        notes,
        out,
        started,
    };
    run.removed = work::clean(&run, &bar)?;
    write::table(&run, &bar)?;
    summary::report(&run, &bar)?;
    bar.finish();
    summary::print(&run)
}

impl Run {
    /// The path under which the table is known.
    fn name(&self) -> String {
        self.source.to_string()
    }
}

/// `--out`, or the table's name with `.balanced` before its ending, in the current folder.
fn out(args: &OversampleArgs, source: &Source) -> Result<Out> {
    let path = match &args.output.out {
        Some(path) if path == Path::new("-") => {
            if args.print.json {
                let text = "--json and --out -: both would go to stdout";
                return Err(Error::Conflict(text.into()).into());
            }
            return Ok(Out::Stdout);
        }
        Some(path) => path.clone(),
        None => {
            let file = match source {
                Source::File(path) => path.clone(),
                Source::Shipped(set) => set.unpacked_file().into(),
            };
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            let (stem, ending) = name.split_once('.').unwrap_or((&name, "csv"));
            format!("{stem}.balanced.{ending}").into()
        }
    };
    Format::of_path(&path)?;
    Ok(Out::File(path))
}

/// Refuses what would be overwritten.
fn check_free(args: &OversampleArgs, out: &Out) -> Result<()> {
    let files = [
        match out {
            Out::File(path) => Some(("--out", path)),
            Out::Stdout => None,
        },
        args.output.report.as_ref().map(|path| ("--report", path)),
    ];
    for (flag, path) in files.into_iter().flatten() {
        if path.exists() && !args.output.force {
            let text = format!(
                "{flag} {}: it exists (--force overwrites it)",
                path.display()
            );
            return Err(Error::Conflict(text).into());
        }
    }
    Ok(())
}

fn scan_options(args: &ColumnArgs, source: &Source) -> ScanOptions {
    let own = match source {
        Source::Shipped(set) => set.label,
        Source::File(_) => "label",
    };
    ScanOptions {
        label: Some(args.label.clone().unwrap_or_else(|| own.into())),
        categorical: args.categorical.clone(),
        numeric: args.numeric.clone(),
        ignore: args.ignore.clone(),
        na_values: args.na_values.clone(),
        header: match args.no_header {
            true => Header::Absent,
            false => Header::First,
        },
    }
}

fn missing(args: &OversampleArgs, settings: &Settings) -> Result<Missing> {
    Ok(match args.policies.missing {
        MissingArg::Reject => Missing::Reject,
        MissingArg::Impute => Missing::Impute,
        MissingArg::Carry if settings.method.name() == "random" => Missing::Carry,
        MissingArg::Carry => {
            let text = format!(
                "--missing carry copies rows as they are, which only random does, not {}",
                settings.method.name()
            );
            return Err(Error::Conflict(text).into());
        }
    })
}
