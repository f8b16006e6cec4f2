//! `mixup linearity`: how far trained models are from linear.

use std::io::Write;
use std::time::Instant;

use anyhow::{Context, Result};
use candle_mixup::report::{self, LinearityReport, RunLinearity};
use candle_mixup::{Error, files};
use serde_json::json;

use super::args::LinearityArgs;
use super::probe::Probe;
use crate::cli::args::OutputArgs;
use crate::cli::progress::Bars;
use crate::cli::run_dir::{RunDir, pretty};
use crate::cli::saved::{Trained, trained};
use crate::cli::{image, settings, table, text};

/// The file that an ended measurement has.
const RESULT: &str = "linearity.json";

/// Measures the runs.
pub fn run(args: &LinearityArgs) -> Result<()> {
    let threads = settings::threads(args.machine.threads)?;
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .context("cannot start threads")?;
    pool.install(|| measure(args))
}

fn measure(args: &LinearityArgs) -> Result<()> {
    let started = Instant::now();
    if let Some(out) = args.out.as_ref().filter(|out| out.exists()) {
        let problem = format!("--out {}: it exists; give another", out.display());
        return Err(Error::Conflict(problem).into());
    }
    let mut probe = Probe::new(&args.measure)?;
    let bars = Bars::new(args.print.quiet);
    let bar = bars.bar(args.runs.len() as u64, "runs", "measured");
    let mut found = Vec::new();
    for run in &args.runs {
        found.push(one(args, run, &mut probe)?);
        bar.inc(1);
    }
    bar.finish_and_clear();
    write(args, &probe, found, started)
}

fn one(args: &LinearityArgs, run: &std::path::Path, probe: &mut Probe) -> Result<RunLinearity> {
    let rows = args.rows_of(run.into());
    match trained(run)? {
        Trained::Text => text::linearity(&rows, probe),
        Trained::Table => table::linearity(&rows, probe),
        Trained::Image => image::linearity(&rows, probe),
        Trained::Tags => {
            let problem = "a run of tagged sentences; linearity is measured of one output a row";
            Err(Error::file(run, problem).into())
        }
    }
}

/// The page, and last the numbers: they say that the measurement has ended.
fn write(
    args: &LinearityArgs,
    probe: &Probe,
    runs: Vec<RunLinearity>,
    started: Instant,
) -> Result<()> {
    let version = env!("CARGO_PKG_VERSION");
    let settings = json!({
        "version": version, "command": "linearity", "runs": args.runs, "data": args.data,
        "measurement": probe.settings(), "between": args.measure.between,
    });
    let output = OutputArgs {
        out: args.out.clone(),
        resume: false,
        print: args.print,
    };
    let dir = RunDir::open(&output, "linearity", &settings, RESULT)?;
    let report = LinearityReport {
        version: version.into(),
        settings: settings.clone(),
        seconds: started.elapsed().as_secs_f64(),
        runs,
    };
    let page = report::linearity_page(&report)?;
    files::write(dir.file("report.html"), page.as_bytes())?;
    let first = report.runs.first().and_then(|run| run.between.first());
    let result = json!({
        "sites": first.map(|linearity| &linearity.sites), "runs": report.runs,
        "settings": settings, "version": version, "seconds": report.seconds,
    });
    dir.write_json(RESULT, &result)?;
    let mut out = std::io::stdout();
    if args.print.json {
        write!(out, "{}", pretty(&result)?)?;
        return Ok(());
    }
    writeln!(out, "{}", report::runs_table(&report.runs))?;
    writeln!(out, "report {}", dir.file("report.html").display())?;
    Ok(())
}
