//! SamplePairing (Inoue 2018): the mean of two images under the label of the first, on and off by turns. That its
//! published schedule is on in 560 of 1000 epochs is tested with the curves.

use candle_core::{Device, Tensor};
use candle_mixup::image::{ImageModel, ImageModelSettings, MlpSettings};
use candle_mixup::nn::Weights;
use candle_mixup::random::{Purpose, Stream};
use candle_mixup::schedule::{Clock, Domain, Rows, Schedule, Task, TaskKind};
use candle_mixup::{Asked, Result, RowSource, Site, mix_targets};

use crate::digits::{CLASSES, Digits, PLAIN, Ran, Run, Split, by_arm, labels};
use crate::spread::Spread;

const EPOCHS: u32 = 200;

/// The paper's course at a fifth of its length: off before epoch 20, 8 on and 2 off until 160, then off.
const SAMPLE_PAIRING: &str = r#"{
    "sites": "input", "weight": {"constant": 0.5}, "label": "own", "grain": "batch",
    "probability": {"pieces": [
        {"until": {"epoch": 20}, "value": 0},
        {"until": {"epoch": 160}, "value": {"cycle": {"epochs": {"start": 20, "on": 8, "period": 10}}}},
        {"until": 1.0, "value": 0}
    ]}
}"#;

/// The first ten training rows of each class.
fn few(digits: &Digits, seed: u64) -> Split {
    let split = digits.split(seed);
    let mut left = [10; CLASSES];
    let mut take = |row: &u32| {
        let left = &mut left[digits.classes()[*row as usize] as usize];
        let takes = *left > 0;
        *left -= u32::from(takes);
        takes
    };
    Split {
        train: split
            .train
            .iter()
            .copied()
            .filter(|row| take(row))
            .collect(),
        test: split.test,
    }
}

fn run(digits: &Digits, schedule: &str, seed: u64) -> Result<Ran> {
    let split = few(digits, seed);
    assert_eq!((split.train.len(), split.test.len()), (100, 500));
    let weights = Weights::new(seed, &Device::Cpu);
    let settings = ImageModelSettings::Mlp(MlpSettings::default());
    let model = ImageModel::load(&weights, &settings, digits.source.set().shape(), CLASSES)?;
    Run {
        digits,
        model: &model,
        weights: &weights,
        labels: &labels(digits.classes())?,
        split: &split,
        schedule,
        epochs: EPOCHS,
        seed,
    }
    .train()
}

/// Ten images a class, two batches an epoch. The references are an independent run of the same protocol.
#[test]
fn few_labels_gain_in_likelihood() -> Result<()> {
    let digits = Digits::read()?;
    let mixup = r#"{"weight": {"beta": 1.0}, "grain": "batch", "sites": "input"}"#;
    let arms = [PLAIN, mixup, SAMPLE_PAIRING];
    let ran = by_arm(&arms, |schedule, seed| run(&digits, schedule, seed))?;
    let references = [
        ("plain", "8.4 ± 1.2, 8.7 ± 1.4, 3.7, 0.340"),
        ("mixup, alpha 1", "6.9 ± 0.8, 9.1 ± 0.8, 10.1, 0.364"),
        ("SamplePairing", "6.6 ± 1.1, 8.4 ± 0.7, 3.1, 0.272"),
    ];
    println!("ten images a class: best %, last %, ECE %, NLL");
    let nll = |runs: &[Ran]| Spread::of(runs, Ran::nll).mean();
    for ((name, reference), runs) in references.iter().zip(&ran) {
        println!(
            "{name:15} {:.1}, {:.1}, {:.1}, {:.3}   (reference {reference})",
            Spread::of(runs, |r| r.best),
            Spread::of(runs, Ran::error),
            Spread::of(runs, Ran::ece).mean(),
            nll(runs),
        );
    }
    // Of the 140 epochs in between 112 are on, of two batches each.
    assert!(ran[2].iter().all(|run| run.mixed == 2 * 112));
    let (with, without) = (nll(&ran[2]), nll(&ran[0]));
    assert!(with <= without, "NLL {with} against {without}");
    Ok(())
}

/// As published: the features are the mean of both rows, the target is the row's own, each to the last bit.
#[test]
fn features_are_halved_and_the_own_label_is_kept() -> Result<()> {
    let digits = Digits::read()?;
    let task = Task {
        domain: Domain::Image,
        kind: TaskKind::SingleLabel,
        class_counts: Vec::new(),
        rows: 100,
        steps: 2 * u64::from(EPOCHS),
        epochs: EPOCHS,
        seed: 1,
        features: None,
        image: None,
    };
    let scheduler = Schedule::from_json(SAMPLE_PAIRING)?.check(&[Site::Input], &task)?;
    let labels = labels(digits.classes())?;
    for step in [40u64, 55, 313] {
        let rows =
            Stream::new(step, Purpose::Order, 0).permutation(if step == 55 { 37 } else { 64 });
        let clock = Clock::at(step, task.steps, 2);
        let plan = scheduler
            .plan(clock, Rows::new(&rows))?
            .expect("an epoch that is on");
        let asked = Asked {
            rows: &rows,
            seed: 1,
            epoch: clock.epoch,
            plan: Some(&plan),
        };
        let fed = digits.source.training(&asked)?;
        assert!(fed.mixed);
        let flat = |x: &Tensor| x.flatten_all()?.to_vec1::<f32>();
        let (mixed, plain) = (flat(&fed.input)?, flat(&digits.source.batch(&rows)?)?);
        let width = plain.len() / rows.len();
        for (r, &partner) in plan.pairs.partner().iter().enumerate() {
            for c in 0..width {
                let mean = (plain[r * width + c] + plain[partner as usize * width + c]) / 2.0;
                assert_eq!(mixed[r * width + c].to_bits(), mean.to_bits());
            }
        }
        let own = labels.batch(&rows, &Device::Cpu)?;
        assert_eq!(flat(&mix_targets(&own, &plan.pairs)?)?, flat(&own)?);
    }
    Ok(())
}
