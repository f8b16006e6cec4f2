//! The training loop and what it reads: batches made ahead of the step, by a source of the user's own.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Condvar, Mutex};
use std::time::Duration;

use candle_core::{Device, Tensor};
use candle_mixup::nn::{Linear, Weights};
use candle_mixup::schedule::{Domain, Schedule, Scheduler, Task, TaskKind};
use candle_mixup::train::{
    Job, Labels, Length, Outcome, StepEvent, TargetKind, TrainSettings, Watcher, train,
};
use candle_mixup::{Asked, Error, Fed, Flow, Result, RowSource, Site, Tap, Tapped, mix};

const ROWS: usize = 22;
const WIDTH: usize = 3;
const STEPS: u64 = 9;

/// What a source was asked for: rows, seed, epoch and the plan's site.
type Wanted = (Vec<u32>, u64, u32, Option<Site>);

/// What has been asked for, in order.
#[derive(Default)]
struct Seen {
    asked: Mutex<Vec<Wanted>>,
    one_more: Condvar,
}

/// Three logits linear in the row; waits, where told so, until the batch of the next pass has been asked for.
struct Model<'a> {
    head: Linear,
    seen: &'a Seen,
    waits: bool,
    passes: Mutex<usize>,
}

impl Tapped for Model<'_> {
    type Input = Tensor;

    fn sites(&self) -> Vec<Site> {
        vec![Site::Input, Site::Pooled]
    }

    fn forward(&self, input: &Tensor, tap: &mut dyn Tap) -> Result<Tensor> {
        if self.waits && tap.trains() {
            let mut passes = self.passes.lock().expect("no panic");
            *passes += 1;
            let wanted = (*passes + 1).min(STEPS as usize);
            let asked = self.seen.asked.lock().expect("no panic");
            let long = Duration::from_secs(60);
            let ahead = self
                .seen
                .one_more
                .wait_timeout_while(asked, long, |a| a.len() < wanted);
            assert!(
                !ahead.expect("no panic").1.timed_out(),
                "nobody works ahead"
            );
        }
        let flow = tap.at(Site::Input, Flow::new(input.clone()))?;
        self.head.forward(&tap.at(Site::Pooled, flow)?.x)
    }
}

/// What the source does besides.
#[derive(Clone, Copy, PartialEq)]
enum Does {
    Nothing,
    Mixes,
    Doubles,
    Fails(usize),
    Panics(usize),
}

struct Source<'a> {
    seen: &'a Seen,
    does: Does,
}

impl RowSource for Source<'_> {
    type Input = Tensor;

    fn len(&self) -> usize {
        ROWS
    }

    fn batch(&self, rows: &[u32]) -> Result<Tensor> {
        let value = |i: usize| ((i * 37) % 23) as f32 / 23.0;
        let cells = rows
            .iter()
            .flat_map(|&r| (0..WIDTH).map(move |c| value(r as usize * WIDTH + c)));
        Ok(Tensor::from_vec(
            cells.collect(),
            (rows.len(), WIDTH),
            &Device::Cpu,
        )?)
    }

    fn training(&self, asked: &Asked<'_>) -> Result<Fed<Tensor>> {
        let count = {
            let mut all = self.seen.asked.lock().expect("no panic");
            let site = asked.plan.map(|p| p.site);
            all.push((asked.rows.to_vec(), asked.seed, asked.epoch, site));
            self.seen.one_more.notify_all();
            all.len() - 1
        };
        let input = self.batch(asked.rows)?;
        match (self.does, asked.plan) {
            (Does::Fails(at), _) if at == count => Err(Error::Data("row 17 is torn".into())),
            (Does::Panics(at), _) if at == count => panic!("the source broke"),
            (Does::Doubles, _) => Ok(Fed::new((input * 2.0)?, false)),
            (Does::Mixes, Some(plan)) if plan.site == Site::Input => {
                Ok(Fed::new(mix(&input, &plan.pairs, &plan.blend)?, true))
            }
            _ => Ok(Fed::new(input, false)),
        }
    }
}

fn settings() -> TrainSettings {
    TrainSettings {
        length: Length::Steps(STEPS),
        batch: 5,
        seed: 3,
        ..TrainSettings::default()
    }
}

fn scheduler(sites: &[Site], rows: usize) -> Scheduler {
    let s = settings();
    let (steps, per_epoch) = (s.steps(rows), s.steps_per_epoch(rows));
    let task = Task {
        domain: Domain::Image,
        kind: TaskKind::SingleLabel,
        class_counts: vec![],
        rows,
        steps,
        epochs: steps.div_ceil(per_epoch) as u32,
        seed: s.seed,
        features: None,
        image: None,
    };
    let schedule = Schedule::preset("manifold").expect("a preset");
    let schedule = Schedule {
        sites: vec![Site::Input, Site::Pooled]
            .into_iter()
            .map(candle_mixup::schedule::SiteChoice::At)
            .collect(),
        ..schedule
    };
    schedule.check(sites, &task).expect("a good schedule")
}

/// Counts steps, and stops after some.
#[derive(Default)]
struct Count {
    steps: Vec<f64>,
    most: Option<usize>,
}

impl Watcher for Count {
    fn step(&mut self, event: &StepEvent) {
        self.steps.push(event.loss);
    }

    fn stop(&self) -> bool {
        self.most.is_some_and(|most| self.steps.len() >= most)
    }
}

struct Ran {
    outcome: Result<Outcome>,
    losses: Vec<f64>,
    weight: Vec<f32>,
    seen: Seen,
}

fn run(does: Does, waits: bool, most: Option<usize>) -> Ran {
    let seen = Seen::default();
    let weights = Weights::new(7, &Device::Cpu);
    let head = Linear::uniform(&weights.scope().at("head"), WIDTH, 3).expect("a layer");
    let train_rows: Vec<u32> = (1..ROWS as u32).collect();
    let targets = (0..ROWS).flat_map(|r| (0..3).map(move |c| f32::from(u8::from(r % 3 == c))));
    let labels = Labels::new(TargetKind::SingleLabel, targets.collect(), 3).expect("labels");
    let mut count = Count {
        steps: Vec::new(),
        most,
    };
    let outcome = {
        let model = Model {
            head,
            seen: &seen,
            waits,
            passes: Mutex::new(0),
        };
        let source = Source { seen: &seen, does };
        let job = Job {
            model: &model,
            weights: &weights,
            parameters: weights.parameters(),
            source: &source,
            labels: &labels,
            train: &train_rows,
            validation: &[],
            scheduler: &scheduler(&model.sites(), train_rows.len()),
            replay: None,
            neighbours: None,
            settings: &settings(),
            device: &Device::Cpu,
        };
        train(job, &mut count, None)
    };
    let all = weights.tensors().expect("weights");
    let weight = all.values().flat_map(|t| {
        let flat = t.flatten_all().and_then(|t| t.to_vec1::<f32>());
        flat.expect("numbers")
    });
    Ran {
        outcome,
        losses: count.steps,
        weight: weight.collect(),
        seen,
    }
}

#[test]
fn the_next_batch_is_made_while_a_step_trains() {
    let ran = run(Does::Nothing, true, None);
    let outcome = ran.outcome.expect("trained");
    assert_eq!((outcome.steps, ran.losses.len()), (STEPS, STEPS as usize));
    for share in [outcome.waited, outcome.idle] {
        assert!((0.0..=1.0).contains(&share), "{share}");
    }
    assert_eq!(
        ran.weight,
        run(Does::Nothing, false, None).weight,
        "the same by whatever timing"
    );
}

#[test]
fn every_pass_is_asked_for_once_with_its_rows_seed_epoch_and_plan() {
    let ran = run(Does::Nothing, false, None);
    let asked = ran.seen.asked.into_inner().expect("no panic");
    assert_eq!(asked.len(), STEPS as usize);
    // 21 training rows in batches of 5: four whole ones and one of a single row, which mixes with nobody.
    let sizes: Vec<usize> = asked.iter().map(|(rows, ..)| rows.len()).collect();
    assert_eq!(sizes, [5, 5, 5, 5, 1, 5, 5, 5, 5]);
    let epochs: Vec<u32> = asked.iter().map(|(_, _, epoch, _)| *epoch).collect();
    assert_eq!(epochs, [0, 0, 0, 0, 0, 1, 1, 1, 1]);
    assert!(asked.iter().all(|(_, seed, ..)| *seed == 3));
    let mut first: Vec<u32> = asked[..5]
        .iter()
        .flat_map(|(rows, ..)| rows.clone())
        .collect();
    first.sort_unstable();
    assert_eq!(first, (1..ROWS as u32).collect::<Vec<_>>());
    let sites = |site| asked.iter().filter(|(.., at)| *at == site).count();
    assert_eq!(sites(None), 1);
    assert!(sites(Some(Site::Input)) > 0 && sites(Some(Site::Pooled)) > 0);
    assert_eq!(ran.outcome.expect("trained").skipped, 1);
}

#[test]
fn a_source_that_mixes_its_input_and_the_tap_give_the_same_bits() {
    let (tap, source) = (
        run(Does::Nothing, false, None),
        run(Does::Mixes, false, None),
    );
    assert_eq!(tap.losses, source.losses);
    assert_eq!(tap.weight, source.weight);
    let doubled = run(Does::Doubles, false, None);
    assert_ne!(
        tap.weight, doubled.weight,
        "training reads what training() gives"
    );
}

#[test]
fn an_error_of_the_source_ends_the_run_at_its_step() {
    for at in [0, 3, STEPS as usize - 1] {
        let ran = run(Does::Fails(at), false, None);
        let error = ran.outcome.expect_err("a torn row").to_string();
        assert_eq!(error, "row 17 is torn");
        assert_eq!(ran.losses.len(), at, "the steps before it were made");
    }
}

#[test]
fn a_panic_of_the_source_is_the_callers() {
    let panic = catch_unwind(AssertUnwindSafe(|| run(Does::Panics(2), false, None)));
    let panic = panic.err().expect("it panics");
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"the source broke"));
}

#[test]
fn a_stop_ends_the_making_too() {
    let ran = run(Does::Nothing, false, Some(4));
    assert!(matches!(ran.outcome, Err(Error::Interrupted)));
    assert_eq!(ran.losses.len(), 4);
    let asked = ran.seen.asked.into_inner().expect("no panic").len();
    assert!((4..=7).contains(&asked), "{asked} batches for 4 steps");
}

#[test]
fn any_thread_count_trains_the_same() {
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.expect("threads")
            .install(|| run(Does::Mixes, false, None).weight)
    };
    assert_eq!(with(1), with(3));
}
