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
use candle_mixup::oversample::{Balanced, Rows, Scale, Settings};
use candle_mixup::split::Strata;
use candle_mixup::table::{self, Format, Loaded, Missing, ScanOptions, Schema, Which};

pub use args::OversampleArgs;
use args::{ColumnArgs, MissingArg};

use super::interrupt::Interrupt;
use super::progress::{Bars, WorkBar};

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
    let bar = WorkBar::new(
        &Bars::new(args.print.quiet),
        Interrupt::listen_and_say("stopping (Ctrl-C again ends at once)")?,
    );
    let mut run = balance(args, started, &bar)?;
    run.removed = work::clean(&run, &bar)?;
    run.notes.extend(work::cleaned(&run));
    write::table(&run, &bar)?;
    summary::report(&run, &bar)?;
    bar.finish();
    summary::print(&run)
}

/// Reads the table and makes the rows; nothing is written.
fn balance(args: OversampleArgs, started: Instant, bar: &WorkBar) -> Result<Run> {
    let source = Source::parse(&args.file)?;
    let out = out(&args, &source)?;
    check_free(&args, &out, &source)?;
    let schema = table::scan(&source, &scan_options(&args.columns, &source), bar)?;
    if let Out::File(path) = &out {
        table::check_output(path, &source, &schema, &write::options(&args, &[]))?;
    }
    let (numbers, categories) = (schema.numeric().count(), schema.categorical().count());
    let settings = settings::settings(&args, numbers, categories)?;
    let oversampler = settings.clone().check()?;
    columns::check(&settings.method, &schema)?;
    columns::check_distances(&args, &settings, &schema)?;
    let missing = missing(&args, &settings)?;
    let names = schema.class_names();
    let to_make = settings
        .strategy
        .to_make(&schema.counts(), &names, settings.like)?;
    let classes = work::classes_to_load(&args, &settings, &to_make);
    let which = classes.as_deref().map_or(Which::All, Which::Classes);
    let table = table::load(&source, &schema, which, missing, bar)?;
    let spread = schema.spread();
    let rows = spread_rows(&table, &settings, &spread)?;
    let strata = Strata {
        classes: &table.classes,
        names: &names,
    };
    let balanced = oversampler
        .make(&rows, strata, &to_make, bar)
        .map_err(|e| columns::advised(e, &source.to_string()))?;
    let mut notes: Vec<String> = balanced.notes.iter().map(ToString::to_string).collect();
    notes.extend(columns::outweighed(&settings, &schema));
    Ok(Run {
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
    })
}

impl Run {
    /// The rows in memory, as the oversampler saw them.
    fn rows<'a>(&'a self, spread: &'a [f64]) -> Result<Rows<'a, f64>> {
        spread_rows(&self.table, &self.settings, spread)
    }

    /// The path under which the table is known.
    fn name(&self) -> String {
        self.source.to_string()
    }
}

/// The rows in memory; standard deviations are those of the whole table, whichever rows these are.
fn spread_rows<'a>(
    table: &'a Loaded,
    settings: &Settings,
    spread: &'a [f64],
) -> Result<Rows<'a, f64>> {
    let rows = table.rows()?;
    Ok(match settings.scale {
        Scale::Standard => rows.with_spread(spread)?,
        Scale::None | Scale::Robust => rows,
    })
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

/// Refuses what would be overwritten, and a report that has no place of its own.
fn check_free(args: &OversampleArgs, out: &Out, source: &Source) -> Result<()> {
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
    let Some(report) = &args.output.report else {
        return Ok(());
    };
    let folder = match report.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    if report.is_dir() || !folder.is_dir() {
        let text = match report.is_dir() {
            true => "is a folder, not a file".into(),
            false => format!("there is no folder {}", folder.display()),
        };
        return Err(Error::file(report, text).into());
    }
    let place = |path: &Path| -> Option<PathBuf> {
        let folder = path.parent().filter(|f| *f != Path::new(""));
        let folder = folder.unwrap_or(Path::new(".")).canonicalize().ok()?;
        path.canonicalize()
            .ok()
            .or(Some(folder.join(path.file_name()?)))
    };
    let table = match out {
        Out::File(path) => place(path),
        Out::Stdout => None,
    };
    let input = match source {
        Source::File(path) => place(path),
        Source::Shipped(_) => None,
    };
    for (what, other) in [("table", table), ("input", input)] {
        if other.is_some() && other == place(report) {
            let text = format!(
                "--report {}: that is the {what}; name another file",
                report.display()
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
        MissingArg::Carry if args.method.clean.is_some() || args.output.report.is_some() => {
            let text = "--missing carry leaves cells without a number, and --clean and --report measure distances: \
                        use --missing impute";
            return Err(Error::Conflict(text.into()).into());
        }
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
