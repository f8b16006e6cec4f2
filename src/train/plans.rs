//! The plans of a run, saved as it goes on and taken up again: gzipped JSON lines.
//!
//! The first line is a header, and one line a forward pass follows: `{"step": 0, "plan": null}` for a plain one. Steps
//! count on the schedule's clock, which leaves some numbers out where an epoch's batches do not make up whole steps.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};

use super::numbering::Numbering;
use super::plan_check;
use super::settings::TrainSettings;
use crate::error::{Error, Result};
use crate::files;
use crate::plan::{MixPlan, Site};
use crate::schedule::Schedule;

/// The file's name in a run's folder.
pub const PLANS: &str = "plans.jsonl.gz";
/// The only form of the file so far.
const FORMAT: u32 = 1;

/// What a file of plans belongs to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanHeader {
    /// The form of the file.
    pub format: u32,
    /// The schedule that drew the plans.
    pub schedule: Schedule,
    /// Training rows, which `loaded` rows are places among.
    pub training_rows: usize,
    /// Rows of a batch.
    pub batch: usize,
    /// Batches of an optimiser step.
    pub accumulate: usize,
    /// The run's seed.
    pub seed: u64,
}

impl PlanHeader {
    /// The header of a run on so many training rows.
    pub fn new(schedule: &Schedule, settings: &TrainSettings, training_rows: usize) -> Self {
        Self {
            format: FORMAT,
            schedule: schedule.clone(),
            training_rows,
            batch: settings.batch,
            accumulate: settings.accumulate,
            seed: settings.seed,
        }
    }

    /// The numbers of the run's passes.
    fn numbering(&self) -> Numbering {
        Numbering::new(self.training_rows, self.batch, self.accumulate)
    }

    /// Refuses another run's plans; the seed may differ.
    fn check(&self, run: &Self, path: &Path) -> Result<()> {
        let same = Self {
            seed: self.seed,
            ..run.clone()
        };
        if *self == same {
            return Ok(());
        }
        let differs = |name: &str, then: usize, now: usize| {
            (then != now).then(|| format!("{name} were {then}, now {now}"))
        };
        let differences: Vec<String> = [
            differs("training rows", self.training_rows, run.training_rows),
            differs("rows of a batch", self.batch, run.batch),
            differs("batches of a step", self.accumulate, run.accumulate),
            (self.schedule != run.schedule).then(|| "the schedule is another".into()),
        ]
        .into_iter()
        .flatten()
        .collect();
        let problem = format!("plans of another run: {}", differences.join("; "));
        Err(Error::file(path, problem))
    }
}

/// One line of the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    step: u64,
    plan: Option<MixPlan>,
}

/// Writes plans as a run goes on.
///
/// They stand in an unfinished file beside, a gzip member from one checkpoint to the next, so that a run that was cut
/// off can be taken up; [`finish`](Self::finish) gives the file its name.
#[derive(Debug)]
pub struct PlanLog {
    path: PathBuf,
    header: PlanHeader,
    out: Option<GzEncoder<File>>,
    begun: bool,
}

impl PlanLog {
    /// A log that becomes the file `path`.
    pub fn new(path: impl Into<PathBuf>, header: PlanHeader) -> Self {
        Self {
            path: path.into(),
            header,
            out: None,
            begun: false,
        }
    }

    /// Adds the plan of a pass. The first pass of a run that was taken up follows those saved before it.
    ///
    /// # Errors
    /// [`Error::Io`], and [`Error::File`] where the plans before the first one are not there.
    pub fn add(&mut self, step: u64, plan: Option<&MixPlan>) -> Result<()> {
        if !self.begun {
            self.begin(step)?;
            self.begun = true;
        }
        #[derive(Serialize)]
        struct Borrowed<'a> {
            step: u64,
            plan: Option<&'a MixPlan>,
        }
        self.line(&Borrowed { step, plan })
    }

    /// Ends a gzip member, so that what was written can be read whatever happens.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn sync(&mut self) -> Result<()> {
        let Some(out) = self.out.take() else {
            return Ok(());
        };
        let file = out.finish().map_err(Error::io(&self.path))?;
        file.sync_data().map_err(Error::io(&self.path))
    }

    /// Ends the file and gives it its name.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn finish(mut self) -> Result<()> {
        self.sync()?;
        let unfinished = self.unfinished();
        // A run that was cut off after its last pass may have named the file already.
        if !self.begun && !unfinished.exists() && self.path.exists() {
            return Ok(());
        }
        fs::rename(unfinished, &self.path).map_err(Error::io(&self.path))
    }

    fn unfinished(&self) -> PathBuf {
        let mut name = self.path.as_os_str().to_owned();
        name.push(".unfinished");
        name.into()
    }

    /// Starts the file, with what a run that is taken up saved of the steps before; until then the old one stays.
    fn begin(&mut self, step: u64) -> Result<()> {
        let lines = match step {
            0 => vec![self.json(&self.header)?],
            _ => self.kept(step)?,
        };
        files::write_with(self.unfinished(), |file| {
            let mut out = GzEncoder::new(file, Compression::default());
            lines.iter().try_for_each(|line| writeln!(out, "{line}"))?;
            out.finish().map(|_| ())
        })
    }

    /// The header and the lines of the steps before `step`.
    fn kept(&self, step: u64) -> Result<Vec<String>> {
        let mut path = self.unfinished();
        // A run that was cut off after its last pass has named the file, and its checkpoint may stand before that.
        if !path.exists() && self.path.exists() {
            path.clone_from(&self.path);
        }
        let wanted = self.header.numbering().before(step) as usize + 1;
        let lines = lines(&path)?.map_while(io::Result::ok);
        let kept: Vec<String> = lines.take(wanted).collect();
        if kept.len() != wanted {
            let problem =
                format!("the plans before step {step} were not saved; --save-plans from the start");
            return Err(Error::file(&path, problem));
        }
        Ok(kept)
    }

    fn line(&mut self, value: &impl Serialize) -> Result<()> {
        let text = self.json(value)?;
        self.text(&text)
    }

    fn json(&self, value: &impl Serialize) -> Result<String> {
        serde_json::to_string(value).map_err(|e| Error::file(&self.path, e))
    }

    fn text(&mut self, text: &str) -> Result<()> {
        let path = self.unfinished();
        let out = match self.out.take() {
            Some(out) => out,
            None => {
                let file = File::options().append(true).open(&path);
                GzEncoder::new(file.map_err(Error::io(&path))?, Compression::default())
            }
        };
        let out = self.out.insert(out);
        writeln!(out, "{text}").map_err(Error::io(&path))
    }
}

fn lines(path: &Path) -> Result<impl Iterator<Item = io::Result<String>>> {
    let file = File::open(path).map_err(Error::io(path))?;
    Ok(BufReader::new(MultiGzDecoder::new(file)).lines())
}

/// The header that the first line of a file is, or what is wrong with it.
fn header(line: &str) -> std::result::Result<PlanHeader, String> {
    #[derive(Deserialize)]
    struct Format {
        format: u32,
    }
    let no_header = |e: serde_json::Error| format!("not the header of a file of plans: {e}");
    // Another format may well have other fields.
    match serde_json::from_str(line).map_err(no_header)? {
        Format { format: FORMAT } => serde_json::from_str(line).map_err(no_header),
        Format { format } => Err(format!("format {format}, expected {FORMAT}")),
    }
}

/// The plans of a run, read back.
#[derive(Debug, Clone, PartialEq)]
pub struct Plans {
    path: PathBuf,
    header: PlanHeader,
    plans: Vec<Option<MixPlan>>,
}

impl Plans {
    /// Reads a file of plans, or that of a run's folder.
    ///
    /// # Errors
    /// [`Error::Io`] for no such file, [`Error::File`] naming the line that is broken, cut off or out of order.
    pub fn read(path: &Path) -> Result<Self> {
        let path = match path.is_dir() {
            true => path.join(PLANS),
            false => path.to_path_buf(),
        };
        let mut lines = lines(&path)?;
        let broken = |line: usize, problem: &dyn std::fmt::Display| {
            Error::file(&path, format!("line {line}: {problem}"))
        };
        let first = lines.next().unwrap_or_else(|| Ok(String::new()));
        let header = header(&first.map_err(|e| broken(1, &e))?).map_err(|e| broken(1, &e))?;
        let numbering = header.numbering();
        let mut plans = Vec::new();
        for (i, line) in lines.enumerate() {
            let text = line.map_err(|e| broken(i + 2, &e))?;
            let line: Line = serde_json::from_str(&text).map_err(|e| broken(i + 2, &e))?;
            let expected = numbering.number(i as u64);
            if line.step != expected {
                let problem = format!("step {}, expected {expected}", line.step);
                return Err(broken(i + 2, &problem));
            }
            plans.push(line.plan);
        }
        Ok(Self {
            path,
            header,
            plans,
        })
    }

    /// What they belong to.
    pub fn header(&self) -> &PlanHeader {
        &self.header
    }

    /// The plans in the order of the passes; `None` for a plain one. [`steps`](Self::steps) has their numbers.
    pub fn plans(&self) -> &[Option<MixPlan>] {
        &self.plans
    }

    /// Every pass: its number on the schedule's clock, and its plan.
    pub fn steps(&self) -> impl Iterator<Item = (u64, Option<&MixPlan>)> {
        let numbering = self.header.numbering();
        let plans = self.plans.iter().enumerate();
        plans.map(move |(i, plan)| (numbering.number(i as u64), plan.as_ref()))
    }

    /// Refuses plans that do not suit a run, its header being `run`, or a model with these `sites`; and plans that end
    /// before the run does, unless patience may end it.
    ///
    /// # Errors
    /// [`Error::File`] saying what differs, or naming the step whose plan cannot be carried out.
    pub fn check(&self, run: &PlanHeader, settings: &TrainSettings, sites: &[Site]) -> Result<()> {
        self.header.check(run, &self.path)?;
        self.check_length(settings)?;
        let (rows, batch) = (self.header.training_rows, self.header.batch);
        for (step, plan) in self.steps() {
            plan.map_or(Ok(()), |plan| plan_check::check(plan, sites, rows, batch))
                .map_err(|e| self.at_step(step, e))?;
        }
        Ok(())
    }

    fn check_length(&self, settings: &TrainSettings) -> Result<()> {
        let steps = settings.steps(self.header.training_rows);
        let end = steps.saturating_mul(settings.accumulate as u64);
        let (saved, run) = (self.plans.len(), self.header.numbering().before(end));
        if settings.patience.is_some() || saved as u64 >= run {
            return Ok(());
        }
        let problem = format!("{saved} passes were saved, and the run has {run}");
        Err(Error::file(&self.path, problem))
    }

    /// The plan of the pass number `step`, on a batch of so many rows.
    pub(super) fn at(&self, step: u64, rows: usize) -> Result<Option<MixPlan>> {
        let index = self.header.numbering().before(step) as usize;
        let Some(plan) = self.plans.get(index).cloned() else {
            let problem = format!("{index} passes were saved, and the run has more");
            return Err(Error::file(&self.path, problem));
        };
        // Batches of another seed need not have their sizes in the same order.
        plan.as_ref()
            .map_or(Ok(()), |p| p.pairs.check_rows(rows + p.loaded.len()))
            .map_err(|e| self.at_step(step, e))?;
        Ok(plan)
    }

    /// An error of a plan as one of its step in the file; any other error as it is.
    pub(super) fn at_step(&self, step: u64, e: Error) -> Error {
        match e {
            Error::Shape { .. }
            | Error::Pairs { .. }
            | Error::Setting { .. }
            | Error::NoSite { .. } => Error::file(&self.path, format!("step {step}: {e}")),
            e => e,
        }
    }
}
