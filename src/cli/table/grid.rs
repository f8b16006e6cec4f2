//! The grid of a comparison: tables × anomalies × seeds × folds × detectors × arms, and what of it makes sense.

use anyhow::Result;
use candle_core::Device;
use candle_mixup::Error;
use candle_mixup::oversample::Progress;
use candle_mixup::split::Split;
use candle_mixup::train::TrainSettings;
use serde::{Deserialize, Serialize};

use super::args::{CompareTableArgs, NetworkArg};
use super::arm::{Arm, Treatment, is_plain, suited};
use super::choices;
use super::network::{Network, Place};
use super::prepare::Prepared;
use super::settings::{CompareSettings, Networks, TableData};
use super::task::{Kind, TableTask};
use crate::cli::{settings, training};

/// A comparison that is ready to begin.
pub struct Grid {
    pub settings: CompareSettings,
    pub tasks: Vec<TableTask>,
    pub device: Device,
    /// The folds of each table and seed.
    folds: Vec<Vec<Vec<Split>>>,
    /// Arms that a detector does not take on a table.
    pub absent: Vec<Absent>,
    /// Whether the user named the arm.
    named: Vec<bool>,
    first_seed: u64,
}

/// An arm that is not there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Absent {
    /// The table, where it is not all of them.
    pub table: String,
    /// The detector.
    pub detector: String,
    /// The arm.
    pub arm: String,
    /// Why.
    pub why: String,
}

/// One run of the grid, by places in the settings' lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    pub table: usize,
    pub anomalies: usize,
    pub seed: usize,
    pub fold: usize,
    pub detector: usize,
    pub arm: usize,
}

/// The rows of a run.
pub struct CellRows<'a> {
    pub train: Vec<u32>,
    pub test: &'a [u32],
}

impl Grid {
    /// Reads, splits and checks everything; nothing is trained or written.
    pub fn prepare(args: &CompareTableArgs, progress: &dyn Progress) -> Result<Self> {
        choices::check_counts(args)?;
        let tables = args.data.iter();
        let tables = tables.map(|d| TableData::of(d, &args.columns, None));
        let tables = tables.collect::<Result<Vec<_>>>()?;
        let tasks = tables.into_iter().map(|t| TableTask::read(t, progress));
        let tasks = tasks.collect::<Result<Vec<_>>>()?;
        let kind = choices::one_kind(&tasks)?;
        let tasks = choices::told_apart(tasks);
        let anomalies = choices::anomalies(&args.anomalies, kind)?;
        let folds = choices::folds(&tasks, args)?;
        let detectors = choices::detectors(&args.detectors, kind)?;
        let settings = CompareSettings {
            version: env!("CARGO_PKG_VERSION").into(),
            command: "compare table".into(),
            fingerprints: tasks.iter().map(|t| t.fingerprint.clone()).collect(),
            tables: tasks.iter().map(|t| t.table.clone()).collect(),
            arms: choices::arms(args, kind)?,
            anomalies,
            folds: args.folds,
            seeds: args.seeds,
            prior: args.prior.into(),
            networks: Networks::of(&args.network),
            training: choices::network_training(args, &detectors)?,
            detectors,
        };
        let mut grid = Self {
            absent: choices::left_out(args, kind, &settings.arms),
            named: settings
                .arms
                .iter()
                .map(|a| args.arms.contains(&a.name))
                .collect(),
            first_seed: args.training.seed,
            device: settings::device(&args.training.machine)?,
            settings,
            tasks,
            folds,
        };
        grid.check()?;
        Ok(grid)
    }

    /// What is to be told, the same in every table.
    pub fn kind(&self) -> Kind {
        self.tasks[0].kind
    }

    /// Every run that makes sense; those that share rows stand together.
    pub fn cells(&self) -> Vec<Cell> {
        let mut cells = Vec::new();
        let s = &self.settings;
        for (table, seed, fold) in self.splits() {
            for anomalies in 0..s.anomalies.len() {
                for detector in 0..s.detectors.len() {
                    for arm in 0..s.arms.len() {
                        let cell = Cell {
                            table,
                            anomalies,
                            seed,
                            fold,
                            detector,
                            arm,
                        };
                        if self.is_there(&cell) {
                            cells.push(cell);
                        }
                    }
                }
            }
        }
        cells
    }

    fn splits(&self) -> Vec<(usize, usize, usize)> {
        let mut all = Vec::new();
        for (table, seeds) in self.folds.iter().enumerate() {
            for (seed, folds) in seeds.iter().enumerate() {
                all.extend((0..folds.len()).map(|fold| (table, seed, fold)));
            }
        }
        all
    }

    /// Whether the detector takes the arm.
    pub fn is_there(&self, cell: &Cell) -> bool {
        let (detector, arm) = self.names(cell);
        let table = self.tasks[cell.table].name();
        let is = |a: &Absent| a.arm == arm && a.detector == detector && a.table == table;
        !self.absent.iter().any(is)
    }

    /// The detector's and the arm's name.
    pub fn names(&self, cell: &Cell) -> (&str, &str) {
        (
            self.settings.detectors[cell.detector].name(),
            &self.settings.arms[cell.arm].name,
        )
    }

    /// The rows of a run.
    pub fn rows(&self, cell: &Cell) -> Result<CellRows<'_>> {
        let split = &self.folds[cell.table][cell.seed][cell.fold];
        let count = self.settings.anomalies[cell.anomalies];
        // Each fold draws its own.
        let seed = self.seed(cell) ^ ((cell.fold as u64) << 32);
        let train = self.tasks[cell.table].scarce(&split.rest, count, seed)?;
        Ok(CellRows {
            train,
            test: &split.held_out,
        })
    }

    /// The seed of a run.
    pub fn seed(&self, cell: &Cell) -> u64 {
        self.first_seed + cell.seed as u64
    }

    /// How a run over so many training rows is trained; trees take nothing of it but the seed.
    pub fn training(&self, cell: &Cell, rows: usize) -> TrainSettings {
        let detector = self.settings.detectors[cell.detector];
        let own = self.settings.training.iter().find(|(d, _)| *d == detector);
        let seed = self.seed(cell);
        match own {
            Some((_, training)) => training.over(rows, seed),
            None => TrainSettings {
                seed,
                ..TrainSettings::default()
            },
        }
    }

    /// Finds the arms that a detector does not take on a table, and refuses one that is taken nowhere.
    fn check(&mut self) -> Result<()> {
        for arm in 0..self.settings.arms.len() {
            let refusals = self.refusals(arm)?;
            let places = self.tasks.len() * self.settings.detectors.len();
            if refusals.len() == places && self.named[arm] {
                let why = refusals.first().map_or("", |a| &a.why);
                let problem = format!(
                    "no detector takes the arm '{}': {why}",
                    self.settings.arms[arm].name
                );
                return Err(Error::Conflict(problem).into());
            }
            self.absent.extend(refusals);
        }
        self.check_rows()
    }

    /// Every run must have the rows that it asks for.
    fn check_rows(&self) -> Result<()> {
        let cells = self.cells();
        let mut last = None;
        for cell in &cells {
            let place = (cell.table, cell.anomalies, cell.seed, cell.fold);
            if last.replace(place) == Some(place) {
                continue;
            }
            let rows = self.rows(cell)?.train.len();
            for (_, training) in &self.settings.training {
                training::check_rows(&training.over(rows, 0), rows, 0)?;
            }
        }
        match cells.is_empty() {
            true => Err(Error::Conflict("no detector takes any of the arms".into()).into()),
            false => Ok(()),
        }
    }

    /// Where an arm is not taken.
    fn refusals(&self, arm: usize) -> Result<Vec<Absent>> {
        let mut refusals = Vec::new();
        for table in 0..self.tasks.len() {
            for detector in 0..self.settings.detectors.len() {
                let cell = Cell {
                    table,
                    anomalies: 0,
                    seed: 0,
                    fold: 0,
                    detector,
                    arm,
                };
                if let Some(why) = self.refusal(&cell)? {
                    let (detector, arm) = self.names(&cell);
                    refusals.push(Absent {
                        table: self.tasks[table].name(),
                        detector: detector.into(),
                        arm: arm.into(),
                        why,
                    });
                }
            }
        }
        Ok(refusals)
    }

    /// Why a detector does not take an arm on a table.
    fn refusal(&self, cell: &Cell) -> Result<Option<String>> {
        let detector = self.settings.detectors[cell.detector];
        let arm = &self.settings.arms[cell.arm];
        let task = &self.tasks[cell.table];
        if let Some(why) = detector.refuses(arm) {
            return Ok(Some(why.into()));
        }
        let (numbers, categories) = (task.data.numeric.len(), task.data.categorical.len());
        let unsuited = match &arm.treatment {
            Treatment::Oversample { settings, .. } => suited(settings, numbers, categories).err(),
            // Hidden vectors are numbers.
            Treatment::Latent(settings) => suited(settings, 1, 0).err(),
            Treatment::Schedule(_) | Treatment::Weights => None,
        };
        match (unsuited, detector.network()) {
            (None, Some(network)) => self.network_refusal(cell, network),
            (unsuited, _) => Ok(unsuited),
        }
    }

    /// Why a network does not take the schedule of an arm.
    fn network_refusal(&self, cell: &Cell, network: NetworkArg) -> Result<Option<String>> {
        let (task, arm) = (&self.tasks[cell.table], &self.settings.arms[cell.arm]);
        let schedule = arm.training_schedule();
        if is_plain(&schedule) {
            return Ok(None);
        }
        let rows = self.rows(cell)?;
        // The rows as they are will do: a schedule does not ask how many of them are synthetic.
        let plain = Arm::parse("none")?;
        let encode = self.settings.networks.encode;
        let prepared = Prepared::new(task, encode, &plain, &rows.train, 0)?;
        let model = self.settings.networks.model(network);
        let training = self.training(cell, rows.train.len());
        match Network::new(task, &prepared, &model, &schedule, &training, self.place()) {
            Ok(_) => Ok(None),
            Err(error) => match error.downcast::<Error>() {
                Ok(e @ (Error::NoSite { .. } | Error::Conflict(_))) => Ok(Some(e.to_string())),
                Ok(other) => Err(other.into()),
                Err(other) => Err(other),
            },
        }
    }

    /// What all networks share.
    pub fn place(&self) -> Place<'_> {
        Place {
            device: &self.device,
            prior: self.settings.prior,
        }
    }
}
