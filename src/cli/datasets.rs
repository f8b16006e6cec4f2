//! `mixup datasets`: the sets that come with the program.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Result;
use candle_mixup::data::{Dataset, datasets};
use candle_mixup::{Error, files};
use clap::Args;

/// `mixup datasets`
#[derive(Debug, Clone, Args)]
pub struct DatasetsArgs {
    /// Write this set out, unpacked, to --out or stdout
    pub name: Option<String>,
    /// The file to write; it must not exist
    #[arg(long, value_name = "FILE", requires = "name")]
    pub out: Option<PathBuf>,
    /// JSON instead of a table
    #[arg(long, conflicts_with = "name")]
    pub json: bool,
}

pub fn run(args: DatasetsArgs) -> Result<()> {
    match (&args.name, &args.out) {
        (Some(name), out) => export(name.trim_start_matches('@'), out.as_deref()),
        (None, _) if args.json => Ok(writeln!(
            std::io::stdout(),
            "{}",
            serde_json::to_string(datasets())?
        )?),
        (None, _) => list(),
    }
}

fn export(name: &str, out: Option<&std::path::Path>) -> Result<()> {
    let bytes = Dataset::named(name)?.export()?;
    match out {
        None => Ok(std::io::stdout().write_all(&bytes)?),
        Some(path) if path.exists() => {
            Err(Error::Conflict(format!("--out {}: it exists", path.display())).into())
        }
        Some(path) => Ok(files::write(path, &bytes)?),
    }
}

fn list() -> Result<()> {
    let mut out = std::io::stdout().lock();
    for set in datasets() {
        let kind = format!("{:?}", set.kind).to_lowercase();
        writeln!(
            out,
            "@{:<12} {:>6} rows  {:<6} {}",
            set.name, set.rows, kind, set.about
        )?;
        writeln!(out, "{:>34} {}; {}", "", set.source, set.licence)?;
    }
    Ok(())
}
