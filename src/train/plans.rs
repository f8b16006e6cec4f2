//! The plans of a run, saved as it goes on and taken up again: gzipped JSON lines.
//!
//! The first line is a header, and one line a forward pass follows: `{"step": 0, "plan": null}` for a plain one.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
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
    pub fn new(
        schedule: &Schedule,
        training_rows: usize,
        (batch, accumulate): (usize, usize),
        seed: u64,
    ) -> Self {
        Self {
            format: FORMAT,
            schedule: schedule.clone(),
            training_rows,
            batch,
            accumulate,
            seed,
        }
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
        fs::rename(self.unfinished(), &self.path).map_err(Error::io(&self.path))
    }

    fn unfinished(&self) -> PathBuf {
        let mut name = self.path.as_os_str().to_owned();
        name.push(".unfinished");
        name.into()
    }

    /// Starts the file, with what a run that is taken up saved of the steps before.
    fn begin(&mut self, step: u64) -> Result<()> {
        let path = self.unfinished();
        let kept = match step {
            0 => Vec::new(),
            _ => lines(&path)?
                .map_while(Result::ok)
                .take(step as usize + 1)
                .collect(),
        };
        if step > 0 && kept.len() as u64 != step + 1 {
            let problem =
                format!("the plans before step {step} were not saved; --save-plans from the start");
            return Err(Error::file(&path, problem));
        }
        let file = File::create(&path).map_err(Error::io(&path))?;
        self.out = Some(GzEncoder::new(file, Compression::default()));
        if step == 0 {
            return self.line(&self.header.clone());
        }
        for line in kept {
            self.text(&line)?;
        }
        self.sync()
    }

    fn line(&mut self, value: &impl Serialize) -> Result<()> {
        let text = serde_json::to_string(value).map_err(|e| Error::file(&self.path, e))?;
        self.text(&text)
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

fn lines(path: &Path) -> Result<impl Iterator<Item = Result<String>>> {
    let file = File::open(path).map_err(Error::io(path))?;
    let path = path.to_path_buf();
    let lines = BufReader::new(MultiGzDecoder::new(file)).lines();
    Ok(lines.map(move |line| line.map_err(|e| Error::file(&path, e))))
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
        let first = lines.next().unwrap_or_else(|| Ok(String::new()))?;
        let header: PlanHeader = serde_json::from_str(&first)
            .map_err(|e| broken(1, &format!("not the header of a file of plans: {e}")))?;
        if header.format != FORMAT {
            let problem = format!("format {}, expected {FORMAT}", header.format);
            return Err(broken(1, &problem));
        }
        let mut plans = Vec::new();
        for (i, line) in lines.enumerate() {
            let text = line.map_err(|e| broken(i + 2, &e))?;
            let line: Line = serde_json::from_str(&text).map_err(|e| broken(i + 2, &e))?;
            if line.step != i as u64 {
                return Err(broken(i + 2, &format!("step {}, expected {i}", line.step)));
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

    /// The plans by pass; `None` for a plain one.
    pub fn plans(&self) -> &[Option<MixPlan>] {
        &self.plans
    }

    /// Refuses plans that do not suit a run, its header being `run`, or a model with these `sites`.
    ///
    /// # Errors
    /// [`Error::File`] saying what differs, or naming the step whose plan cannot be carried out.
    pub fn check(&self, run: &PlanHeader, sites: &[Site]) -> Result<()> {
        self.header.check(run, &self.path)?;
        for (step, plan) in self.plans.iter().enumerate() {
            if let Some(plan) = plan {
                self.check_plan(plan, sites)
                    .map_err(|e| Error::file(&self.path, format!("step {step}: {e}")))?;
            }
        }
        Ok(())
    }

    fn check_plan(&self, plan: &MixPlan, sites: &[Site]) -> Result<()> {
        if !sites.contains(&plan.site) {
            return Err(Error::NoSite {
                site: plan.site.to_string(),
                sites: sites.iter().map(Site::to_string).collect(),
            });
        }
        let rows = self.header.training_rows;
        if let Some(row) = plan.loaded.iter().find(|row| **row as usize >= rows) {
            let range = format!("below the {rows} training rows");
            return Err(Error::setting("loaded", range, row));
        }
        plan.pairs.check_rows(self.header.batch + plan.loaded.len())
    }

    /// The plan of a pass.
    pub(super) fn at(&self, step: u64) -> Result<Option<MixPlan>> {
        let problem = || {
            let saved = self.plans.len();
            Error::file(
                &self.path,
                format!("{saved} passes were saved, and the run has more"),
            )
        };
        self.plans.get(step as usize).cloned().ok_or_else(problem)
    }
}
