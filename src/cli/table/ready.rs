//! A training run on a table that is ready to begin: rows read, split and encoded, nothing trained or written.

use anyhow::Result;
use candle_core::Device;
use candle_mixup::Error;
use candle_mixup::data::Source;
use candle_mixup::report::DataSummary;
use candle_mixup::schedule::Domain;
use candle_mixup::train::Outcome;

use super::args::TrainTableArgs;
use super::arm::{Arm, Treatment, balance};
use super::like::{Told, read_like};
use super::network::{Network, Place};
use super::prepare::Prepared;
use super::score::{Scored, Truth, score};
use super::settings::{Networks, TableData, TrainTableSettings, Training};
use super::task::{Kind, TableTask};
use crate::cli::plans::replayed_from;
use crate::cli::progress::WorkBar;
use crate::cli::settings::{self, HeldOut};
use crate::cli::splits::twins;
use crate::cli::training;

/// A run that is ready to begin.
pub struct Ready {
    pub settings: TrainTableSettings,
    pub task: TableTask,
    /// The rows of all files, encoded by the training rows.
    pub prepared: Prepared,
    /// Real training rows.
    pub real: usize,
    pub validation: Vec<u32>,
    pub test: Vec<u32>,
    truth: Truth,
    device: Device,
    /// Test rows that stand among the training rows as well.
    pub in_both: usize,
    /// Test rows that stand among the validation rows as well.
    validated_on_test: usize,
}

/// The rows of one file that train, validate and test.
struct Own {
    train: Vec<u32>,
    validation: Vec<u32>,
    test: Vec<u32>,
}

impl Ready {
    /// Reads, splits and checks everything.
    pub fn new(args: &TrainTableArgs, progress: &WorkBar) -> Result<Self> {
        let table = TableData::of(&args.data, &args.columns, args.time.as_deref())?;
        let task = TableTask::read(table, progress)?;
        let test = HeldOut::of("--test", args.test.as_deref())?;
        let validation = HeldOut::of("--validation", args.validation.as_deref())?;
        let own = own_rows(&task, args, &test, &validation)?;
        let arm = arm(args)?;
        if task.kind == Kind::Values && arm.is_for_classes() {
            let problem = "--oversample balances classes, and the label is a number";
            return Err(Error::Conflict(problem.into()).into());
        }
        if task.kind == Kind::Values && args.training.class_weights {
            let problem = "--class-weights weighs classes, and the label is a number";
            return Err(Error::Conflict(problem.into()).into());
        }
        if let (Some(time), HeldOut::File(_)) = (&args.time, &test) {
            let problem =
                format!("--time {time} chooses the test rows, and --test names their file");
            return Err(Error::Conflict(problem).into());
        }
        let networks = Networks::of(&args.network);
        let seed = args.training.seed;
        let mut ready = Self {
            prepared: Prepared::new(&task, networks.encode, &arm, &own.train, seed)?,
            settings: TrainTableSettings {
                version: env!("CARGO_PKG_VERSION").into(),
                command: "train table".into(),
                table: task.table.clone(),
                fingerprint: task.fingerprint.clone(),
                test,
                validation,
                other_fingerprints: Vec::new(),
                train_rows: args.train_rows,
                detector: args.model.into(),
                arm,
                prior: args.prior.into(),
                networks,
                training: Training::of(&args.training, args.model.into())?
                    .over(own.train.len(), seed),
                replay: replayed_from(&args.plans)?,
            },
            real: own.train.len(),
            truth: Truth::of(&task, &own.test),
            validation: own.validation,
            test: own.test,
            device: settings::device(&args.training.machine)?,
            in_both: 0,
            validated_on_test: 0,
            task,
        };
        ready.read_others(progress)?;
        ready.check()?;
        Ok(ready)
    }

    /// Encodes the rows of the files that test and validate.
    fn read_others(&mut self, progress: &WorkBar) -> Result<()> {
        if let HeldOut::File(file) = self.settings.test.clone() {
            (self.test, self.truth) = self.append(&file, progress)?;
        }
        if let HeldOut::File(file) = self.settings.validation.clone() {
            (self.validation, _) = self.append(&file, progress)?;
        }
        Ok(())
    }

    /// Encodes the rows of another file behind these: their row numbers, and what is true of them.
    fn append(&mut self, file: &str, progress: &WorkBar) -> Result<(Vec<u32>, Truth)> {
        let (task, prepared) = (&self.task, &mut self.prepared);
        let source = Source::parse(file)?;
        let (columns, encoder) = (&task.table.columns, &prepared.encoder);
        let data = read_like(
            &source,
            columns,
            encoder,
            &task.in_file,
            Told::Yes,
            progress,
        )?;
        self.settings.other_fingerprints.push(data.fingerprint());
        let truth = Truth::of_target(task.kind, task.outputs(), &data.target);
        let (rows, seen) = prepared.encoder.encode(&data)?;
        prepared.seen.add(&seen);
        let first = prepared.rows.len as u32;
        prepared.rows.append(&rows)?;
        prepared.labels = prepared.labels.with_more(&truth.inside(&prepared.labels))?;
        Ok(((first..first + rows.len as u32).collect(), truth))
    }

    /// Refuses what could not be trained or scored.
    fn check(&mut self) -> Result<()> {
        let rows = self.prepared.train.len();
        training::check_rows(&self.settings.training, rows, self.validation.len())?;
        self.truth.check("test")?;
        Truth::of(&self.task, &self.prepared.train[..self.real]).check("training")?;
        self.in_both = self.shared(&self.prepared.train[..self.real]);
        self.validated_on_test = self.shared(&self.validation);
        Ok(())
    }

    /// Test rows that are, cell by cell, one of `others`.
    fn shared(&self, others: &[u32]) -> usize {
        let rows = &self.prepared.rows;
        twins(others, &self.test, |row| {
            let numbers = rows.numbers_of(row).iter().map(|x| x.to_bits());
            (numbers.collect::<Vec<u32>>(), rows.codes_of(row).to_vec())
        })
    }

    /// The network, with its initial weights.
    pub fn network(&self) -> Result<Network<'_>> {
        let s = &self.settings;
        let network = s.detector.network().expect("train takes networks only");
        Network::new(
            &self.task,
            &self.prepared,
            &s.networks.model(network),
            &s.arm.training_schedule(),
            &s.training,
            Place {
                device: &self.device,
                prior: s.prior,
            },
        )
    }

    /// The scores of the test rows.
    pub fn score(&self, network: &Network<'_>, outcome: &Outcome) -> Result<Scored> {
        let shift = network.shift(&self.settings.training, outcome);
        let said = network.say(&self.test)?;
        score(&self.truth, &said, shift.as_ref(), self.settings.prior)
    }

    /// What the report says of the data.
    pub fn summary(&self) -> DataSummary {
        let counts = self.task.counts(&self.prepared.train[..self.real]);
        let classes = self.task.class_names().iter().cloned();
        DataSummary {
            source: self.settings.table.data.clone(),
            training_rows: self.prepared.train.len(),
            validation_rows: self.validation.len(),
            test_rows: self.test.len(),
            classes: classes.zip(counts).collect(),
            cut_texts: None,
            shared_rows: self.in_both,
            fingerprint: self.settings.fingerprint.clone(),
            notes: self.notes(),
        }
    }

    /// What a reader should know.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = self.task.notes();
        notes.extend(self.prepared.notes.iter().cloned());
        if self.prepared.synthetic > 0 {
            let (made, real) = (self.prepared.synthetic, self.real);
            notes.push(format!(
                "{made} synthetic rows stand behind the {real} training rows"
            ));
        }
        notes.extend(self.prepared.seen.notes());
        if self.in_both > 0 {
            notes.push(format!("{} test rows are also training rows", self.in_both));
        }
        if self.validated_on_test > 0 {
            notes.push(format!(
                "{} test rows are also validation rows: the test is not blind to them",
                self.validated_on_test
            ));
        }
        notes
    }
}

/// The rows of the table itself: a file that tests or validates has rows of its own.
fn own_rows(
    task: &TableTask,
    args: &TrainTableArgs,
    test: &HeldOut,
    validation: &HeldOut,
) -> Result<Own> {
    let own = task.test_split(test)?;
    let seed = args.training.seed;
    let splitter = task.splitter();
    let chosen = splitter.chosen(&own.rest, None, args.train_rows, seed)?;
    let (train, validation) = splitter.validation(chosen, validation, seed)?;
    Ok(Own {
        train,
        validation,
        test: own.held_out,
    })
}

/// The one arm of a training run.
fn arm(args: &TrainTableArgs) -> Result<Arm> {
    let (name, schedule) = settings::schedule(
        &args.mixing.mix,
        args.mixing.schedule.as_deref(),
        Some(Domain::Table),
    )?;
    let schedule = Box::new(schedule);
    let Some(method) = &args.oversample else {
        let treatment = Treatment::Schedule(schedule);
        return Ok(Arm { name, treatment });
    };
    let settings = Box::new(balance(method)?);
    Ok(Arm {
        name: format!("{method}+{name}"),
        treatment: Treatment::Oversample {
            settings,
            then: schedule,
        },
    })
}
