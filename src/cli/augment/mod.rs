//! `mixup augment`: texts → crop, splice and noise → more texts.

mod args;
mod json;
mod partners;
mod preview;
mod rows;
mod settings;
mod spans;
mod summary;
mod work;
mod write;

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result};
use candle_mixup::data::Source;
use candle_mixup::{Error, files};
use flate2::Compression;
use flate2::write::GzEncoder;

pub use args::AugmentArgs;
use args::{OperationArgs, PartnersArg};
use partners::FirstPass;
use rows::{Form, Names, Rows};
use summary::Asked;
use work::{Tally, Work};
use write::{PROVENANCE, Writer};

use super::interrupt::Interrupt;
use super::progress::Bars;

/// Where the rows go.
#[derive(Debug, Clone, PartialEq)]
enum Out {
    Stdout,
    File(PathBuf),
}

pub fn run(mut args: AugmentArgs) -> Result<()> {
    let started = Instant::now();
    rayon::ThreadPoolBuilder::new()
        .num_threads(super::settings::threads(args.output.threads)?)
        .build_global()
        .context("cannot start threads")?;
    let source = Source::parse(&args.file)?;
    let form = rows::form(&source)?;
    know_label(&mut args, &source);
    let args = &args;
    let out = out(args, &source, form)?;
    let settings = settings::settings(args, form)?;
    check(args, &settings, form)?;
    let rows = Rows::open(&source, &args.columns)?;
    check_names(args, &rows)?;
    let pass = FirstPass::read(&source, args, &settings)?;
    let lists = settings::lists(args, &settings, &pass)?;
    let never_found = lists.synonyms.as_ref().map_or(0, |all| all.never_found());
    let augmenter = settings.check(lists)?;
    let chains: Vec<String> = augmenter
        .settings()
        .ops
        .iter()
        .map(ToString::to_string)
        .collect();
    let names: Names = rows::names(&source, &args.columns);
    let places = rows.places.clone();
    let interrupt = match args.output.preview {
        Some(_) => Interrupt::default(),
        None => Interrupt::listen_and_say("stopping (Ctrl-C again ends at once)")?,
    };
    let work = Work {
        args,
        interrupt: &interrupt,
        source: &source,
        augmenter: &augmenter,
        pass: &pass,
        writer: Writer {
            form,
            line_end: source.line_end()?,
            marked: source.has_byte_order_mark()?,
            places: &places,
            names: &names,
            offsets: args.columns.counted(),
            provenance: args.output.provenance,
        },
        chains: &chains,
    };
    if let Some(count) = args.output.preview {
        return preview::show(&work, rows, count);
    }
    let tally = write(&work, rows, &out)?;
    let asked = Asked {
        args,
        out: &out,
        form,
        chains: &chains,
        never_found,
    };
    summary::print(&asked, &tally, started.elapsed().as_secs_f64())
}

/// Changes all rows and writes them where they go.
fn write(work: &Work<'_>, rows: Rows, out: &Out) -> Result<Tally> {
    let bars = Bars::new(work.args.print.quiet);
    let bar = bars.counter("rows", "augment");
    let seen = |rows| bar.inc(rows);
    let tally = match out {
        Out::Stdout => {
            let mut stdout = BufWriter::new(std::io::stdout().lock());
            let tally = work.all(rows, seen, &mut stdout)?;
            stdout.flush()?;
            tally
        }
        Out::File(path) => {
            let mut tally = None;
            let packed = path.extension().is_some_and(|ending| ending == "gz");
            super::predict::write_file(path, |file| {
                if packed {
                    let mut packed = GzEncoder::new(file, Compression::default());
                    tally = Some(work.all(rows, seen, &mut packed)?);
                    packed.finish()?;
                } else {
                    tally = Some(work.all(rows, seen, file)?);
                }
                Ok(())
            })?;
            tally.context("a file that was written has its tally")?
        }
    };
    bar.finish_and_clear();
    Ok(tally)
}

/// `--out`, or the file's name with `.augmented` before its ending, in the current folder.
fn out(args: &AugmentArgs, source: &Source, form: Form) -> Result<Out> {
    if args.output.preview.is_some() {
        let given = [
            ("--out", args.output.out.is_some()),
            ("--json", args.print.json),
        ];
        return match given.iter().find(|(_, given)| *given) {
            Some((flag, _)) => {
                Err(Error::Conflict(format!("{flag}: --preview writes nothing")).into())
            }
            None => Ok(Out::Stdout),
        };
    }
    let path = match &args.output.out {
        Some(path) if path == Path::new("-") && args.print.json => {
            let text = "--json and --out -: both would go to stdout";
            return Err(Error::Conflict(text.into()).into());
        }
        Some(path) if path == Path::new("-") => return Ok(Out::Stdout),
        Some(path) => path.clone(),
        None => {
            let file = match source {
                Source::File(path) => path.clone(),
                Source::Shipped(set) => set.unpacked_file().into(),
            };
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            let (stem, ending) = name.split_once('.').unwrap_or((&name, "txt"));
            format!("{stem}.augmented.{ending}").into()
        }
    };
    let asked = Form::of(&path.to_string_lossy());
    if asked != Some(form) {
        let ending = match form {
            Form::Delimited(b',') => ".csv",
            Form::Delimited(_) => ".tsv",
            Form::JsonLines => ".jsonl",
            Form::Lines => ".txt",
            Form::Words => ".conll",
        };
        let expected = format!("a name that ends in {ending} or {ending}.gz, as the file's own");
        return Err(Error::setting("--out", expected, path.display()).into());
    }
    if matches!(source, Source::File(file) if files::same(file, &path)) {
        let text = format!("--out {}: that is the file itself", path.display());
        return Err(Error::Conflict(text).into());
    }
    if path.exists() && !args.output.force {
        let text = format!(
            "--out {}: it exists (--force overwrites it)",
            path.display()
        );
        return Err(Error::Conflict(text).into());
    }
    Ok(Out::File(path))
}

/// Refuses flags that would do nothing, or whose outputs could not tell what they must.
fn check(
    args: &AugmentArgs,
    settings: &candle_mixup::text::augment::AugmentSettings,
    form: Form,
) -> Result<()> {
    let refuse = |text: &str| Err(Error::Conflict(text.into()).into());
    let (operations, columns) = (&args.operations, &args.columns);
    if operations.n == 0 {
        return Err(Error::setting("-n", "at least 1", 0).into());
    }
    if form == Form::Lines && args.output.provenance {
        return refuse("--provenance: a .txt file has no columns");
    }
    if form == Form::Words && args.output.provenance {
        return refuse("--provenance: sentences in columns have words and tags only");
    }
    check_written(operations, form)?;
    let partner = settings.needs_partner();
    if operations.partners.is_some() && !partner {
        return refuse("--partners is for splice and concat");
    }
    let labels = matches!(form, Form::Delimited(_) | Form::JsonLines);
    if partner && labels && operations.partners.is_none() && columns.label.is_none() {
        return refuse(
            "splice and concat take words of other rows: --label COL says which are of the same label, or --partners any that \
             no label matters",
        );
    }
    if operations.partners == Some(PartnersArg::SameLabel) && columns.label.is_none() {
        return refuse("--partners same-label needs --label");
    }
    let shares =
        partner && columns.label.is_some() && operations.partners == Some(PartnersArg::Any);
    if shares && !args.output.provenance {
        return refuse(
            "--partners any makes texts of two labels: --provenance tells the shares, _label_weight and _partner_label",
        );
    }
    Ok(())
}

/// Refuses a mask that is no word, and one or a separator that would make other lines of the file than there are rows.
fn check_written(operations: &OperationArgs, form: Form) -> Result<()> {
    for (flag, text) in [
        ("--mask", &operations.mask),
        ("--separator", &operations.separator),
    ] {
        let Some(text) = text else { continue };
        let expected = match form {
            Form::Lines if text.contains(['\n', '\r']) => {
                "text without a line end, which ends a row"
            }
            Form::Words if flag == "--separator" && !stands_apart(text) => {
                "text that begins and ends with white space, so that words stay apart"
            }
            Form::Words if flag == "--mask" && text.contains(char::is_whitespace) => {
                "one word, without white space"
            }
            _ if flag == "--mask" && text.trim().is_empty() => "a word (delete leaves words out)",
            _ => continue,
        };
        return Err(Error::setting(flag, expected, format!("{text:?}")).into());
    }
    Ok(())
}

/// Whether a text begins and ends with white space.
fn stands_apart(text: &str) -> bool {
    text.starts_with(char::is_whitespace) && text.ends_with(char::is_whitespace)
}

/// The label of a shipped set of texts, where none is named.
fn know_label(args: &mut AugmentArgs, source: &Source) {
    let Source::Shipped(set) = source else {
        return;
    };
    if set.text.is_some() && args.columns.label.is_none() {
        args.columns.label = Some(set.label.into());
    }
}

/// Refuses columns that provenance would add a second time.
fn check_names(args: &AugmentArgs, rows: &Rows) -> Result<()> {
    let header = rows.places.header.iter().flatten();
    let twice = header.filter(|name| args.output.provenance && PROVENANCE.contains(&name.as_str()));
    match twice.into_iter().next() {
        Some(name) => Err(Error::Conflict(format!(
            "--provenance: the file has a column '{name}' already"
        ))
        .into()),
        None => Ok(()),
    }
}
