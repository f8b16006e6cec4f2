//! The 8 × 8 digits, and runs of the library's own training loop on them.

use std::sync::Arc;
use std::thread::available_parallelism;

use candle_core::{Device, Tensor};
use candle_mixup::compare::grid;
use candle_mixup::data::Source;
use candle_mixup::image::{Augment, ImageOptions, ImageSet, ImageSource, Normalisation};
use candle_mixup::metrics::{Metric, Scores, hard_labels};
use candle_mixup::nn::Weights;
use candle_mixup::random::{Purpose, Stream};
use candle_mixup::schedule::{Curve, Domain, Schedule, Scheduler, Task, TaskKind};
use candle_mixup::train::{
    Job, Labels, Length, StepEvent, TargetKind, TrainSettings, Watcher, logits, scores, train,
};
use candle_mixup::{Frame, Result, Tapped};

pub const CLASSES: usize = 10;
pub const SEEDS: u64 = 3;
pub const PLAIN: &str = r#"{"probability": 0.0, "sites": []}"#;

/// All rows, pixels divided by 16.
pub struct Digits {
    pub source: ImageSource,
}

/// One seeded shuffle: the first 1297 rows train, the last 500 test.
pub struct Split {
    pub train: Vec<u32>,
    pub test: Vec<u32>,
}

impl Digits {
    pub fn read() -> Result<Self> {
        let set = ImageSet::read(&Source::parse("@digits")?, &ImageOptions::default())?;
        assert_eq!((set.len(), set.white()), (1797, 16));
        let unit = Normalisation::unit(&set);
        let source = ImageSource::new(Arc::new(set), unit, Augment::default(), Device::Cpu)?;
        Ok(Self { source })
    }

    /// The class of every row.
    pub fn classes(&self) -> &[u32] {
        self.source.set().labels()
    }

    pub fn split(&self, seed: u64) -> Split {
        let order = Stream::new(seed, Purpose::Split, 0).permutation(self.classes().len());
        let (train, test) = order.split_at(1297);
        Split {
            train: train.to_vec(),
            test: test.to_vec(),
        }
    }
}

/// One-hot targets.
pub fn labels(classes: &[u32]) -> Result<Labels> {
    let cells = classes
        .iter()
        .flat_map(|&class| (0..CLASSES as u32).map(move |c| f32::from(u8::from(c == class))));
    Labels::new(TargetKind::SingleLabel, cells.collect(), CLASSES)
}

/// One run: Adam at 1e-3 throughout, batches of 64 of which the last is kept.
pub struct Run<'a, M> {
    pub digits: &'a Digits,
    pub model: &'a M,
    pub weights: &'a Weights,
    pub labels: &'a Labels,
    pub split: &'a Split,
    pub schedule: &'a str,
    pub epochs: u32,
    pub seed: u64,
}

/// The test rows' scores after the last epoch, and the lowest error of all epochs.
pub struct Ran {
    pub best: f64,
    pub last: Scores,
    /// Steps that mixed.
    pub mixed: usize,
}

impl Ran {
    pub fn error(&self) -> f64 {
        error(&self.last)
    }

    pub fn ece(&self) -> f64 {
        100.0 * self.last.get(Metric::Ece).expect("of classes")
    }

    pub fn nll(&self) -> f64 {
        self.last.get(Metric::LogLoss).expect("of classes")
    }
}

/// In per cent.
fn error(scores: &Scores) -> f64 {
    100.0 * (1.0 - scores.get(Metric::Accuracy).expect("of classes"))
}

impl<M: Tapped<Input = Tensor>> Run<'_, M> {
    pub fn train(&self) -> Result<Ran> {
        let settings = TrainSettings {
            length: Length::Epochs(self.epochs),
            batch: 64,
            rate: 1e-3,
            curve: Curve::Constant(1.0),
            weight_decay: 0.0,
            clip: None,
            seed: self.seed,
            ..TrainSettings::default()
        };
        let job = Job {
            model: self.model,
            weights: self.weights,
            parameters: self.weights.parameters(),
            source: &self.digits.source,
            labels: self.labels,
            train: &self.split.train,
            validation: &[],
            scheduler: &self.scheduler(settings.steps(self.split.train.len()))?,
            replay: None,
            neighbours: None,
            settings: &settings,
            device: &Device::Cpu,
        };
        let mut follow = Follow {
            run: self,
            tested: Vec::new(),
            mixed: 0,
        };
        train(job, &mut follow, None)?;
        let mut tested = follow.tested.into_iter().collect::<Result<Vec<_>>>()?;
        assert_eq!(tested.len(), self.epochs as usize);
        Ok(Ran {
            best: tested.iter().map(error).fold(f64::INFINITY, f64::min),
            last: tested.pop().expect("an epoch at least"),
            mixed: follow.mixed,
        })
    }

    fn scheduler(&self, steps: u64) -> Result<Scheduler> {
        let task = Task {
            domain: Domain::Image,
            kind: TaskKind::SingleLabel,
            class_counts: self.labels.counts(&self.split.train),
            rows: self.split.train.len(),
            steps,
            epochs: self.epochs,
            seed: self.seed,
            features: None,
            image: Some(Frame {
                height: 8,
                width: 8,
            }),
        };
        Schedule::from_json(self.schedule)?.check(&self.model.sites(), &task)
    }

    /// The classes that the model gives these rows.
    pub fn predicted(&self, rows: &[u32]) -> Result<Vec<u32>> {
        hard_labels(&logits(self.model, &self.digits.source, rows)?, CLASSES)
    }
}

/// Scores the test rows after each epoch.
struct Follow<'a, M> {
    run: &'a Run<'a, M>,
    tested: Vec<Result<Scores>>,
    mixed: usize,
}

impl<M: Tapped<Input = Tensor>> Watcher for Follow<'_, M> {
    fn step(&mut self, event: &StepEvent) {
        self.mixed += usize::from(event.mixed.is_some());
        let per_epoch = event.clock.steps / u64::from(event.clock.epochs);
        if (event.clock.step + 1).is_multiple_of(per_epoch) {
            let run = self.run;
            let rows = &run.split.test;
            let tested = scores(run.model, &run.digits.source, run.labels, rows);
            self.tested.push(tested);
        }
    }
}

/// Each arm with each seed, several at a time; the runs of each arm by seed.
pub fn by_arm<A: Sync, T: Send>(
    arms: &[A],
    run: impl Fn(&A, u64) -> Result<T> + Sync,
) -> Result<Vec<Vec<T>>> {
    let jobs = arms
        .iter()
        .flat_map(|arm| (0..SEEDS).map(move |seed| (arm, seed)));
    let threads = available_parallelism().map_or(1, usize::from);
    let mut ran = grid(jobs.collect(), threads, |(arm, seed)| run(arm, seed))?.into_iter();
    let arms = arms
        .iter()
        .map(|_| ran.by_ref().take(SEEDS as usize).collect());
    Ok(arms.collect())
}
