//! Training on partly wrong labels: mixing keeps a network from learning them by heart (Zhang et al. 2018).

use candle_core::Device;
use candle_mixup::Result;
use candle_mixup::image::{ImageModel, ImageModelSettings, MlpSettings};
use candle_mixup::nn::Weights;
use candle_mixup::random::{Purpose, Stream};

use crate::digits::{CLASSES, Digits, PLAIN, Ran, Run, by_arm, labels};
use crate::spread::Spread;

const EPOCHS: u32 = 50;

/// The stream that corrupts labels, beside the split's own 0.
const CORRUPTION: u64 = 1;

struct Fitted {
    ran: Ran,
    /// The share of replaced labels that the final model gives, in per cent.
    fit: f64,
}

/// 64-256-256-10 with ReLU; each training label is replaced with probability `noise` by any of the ten.
fn run(digits: &Digits, noise: f64, schedule: &str, seed: u64) -> Result<Fitted> {
    let split = digits.split(seed);
    let mut classes = digits.classes().to_vec();
    let mut draws = Stream::new(seed, Purpose::Split, CORRUPTION);
    let mut replaced = Vec::new();
    for &row in &split.train {
        if draws.unit() < noise {
            classes[row as usize] = draws.below(CLASSES) as u32;
            replaced.push(row);
        }
    }
    let weights = Weights::new(seed, &Device::Cpu);
    let settings = ImageModelSettings::Mlp(MlpSettings::default());
    let model = ImageModel::load(&weights, &settings, digits.source.set().shape(), CLASSES)?;
    let run = Run {
        digits,
        model: &model,
        weights: &weights,
        labels: &labels(&classes)?,
        split: &split,
        schedule,
        epochs: EPOCHS,
        seed,
    };
    let ran = run.train()?;
    let given = run.predicted(&replaced)?;
    let fitted = replaced.iter().zip(given);
    let fitted = fitted.filter(|(row, given)| classes[**row as usize] == *given);
    Ok(Fitted {
        ran,
        fit: 100.0 * fitted.count() as f64 / replaced.len() as f64,
    })
}

/// The references are an independent run of the same protocol. The best epoch gains nothing and the calibration
/// error grows: mixing makes a network of wrong labels under-confident.
#[test]
fn mixing_keeps_wrong_labels_from_being_learnt() -> Result<()> {
    let digits = Digits::read()?;
    let mixup = |alpha: f64| {
        format!(r#"{{"weight": {{"beta": {alpha:?}}}, "grain": "batch", "sites": "input"}}"#)
    };
    let schedules = [PLAIN.to_string(), mixup(1.0), mixup(8.0)];
    let references = [
        (0.2, "plain", "3.3 ± 1.1, 7.6 ± 1.1, 32, 11.9, 0.342"),
        (0.2, "alpha 1", "2.8 ± 0.7, 3.7 ± 1.1, 15, 20.6, 0.343"),
        (0.2, "alpha 8", "2.9 ± 1.2, 3.9 ± 1.1, 13, 22.2, 0.370"),
        (0.5, "plain", "5.5 ± 0.6, 21.5 ± 2.2, 36, 20.1, 0.806"),
        (0.5, "alpha 1", "5.8 ± 0.4, 10.1 ± 1.4, 17, 37.0, 0.755"),
        (0.5, "alpha 8", "6.4 ± 0.2, 7.5 ± 1.0, 13, 39.4, 0.734"),
        (0.8, "plain", "19.6 ± 6.9, 56.3 ± 5.3, 60, 7.5, 1.792"),
        (0.8, "alpha 1", "19.9 ± 5.7, 43.6 ± 7.1, 33, 21.4, 1.498"),
        (0.8, "alpha 8", "20.7 ± 6.5, 35.4 ± 7.2, 21, 34.8, 1.467"),
    ];
    let arms: Vec<(f64, &str)> = references
        .iter()
        .enumerate()
        .map(|(i, (noise, ..))| (*noise, schedules[i % 3].as_str()))
        .collect();
    let ran = by_arm(&arms, |(noise, schedule), seed| {
        run(&digits, *noise, schedule, seed)
    })?;
    println!("corrupted labels: best %, last %, fit %, ECE %, NLL");
    for ((noise, name, reference), runs) in references.iter().zip(&ran) {
        println!(
            "{noise} {name:8} {:.1}, {:.1}, {:.0}, {:.1}, {:.3}   (reference {reference})",
            Spread::of(runs, |r| r.ran.best),
            Spread::of(runs, |r| r.ran.error()),
            Spread::of(runs, |r| r.fit).mean(),
            Spread::of(runs, |r| r.ran.ece()).mean(),
            Spread::of(runs, |r| r.ran.nll()).mean(),
        );
    }
    let (plain, mixed) = (&ran[3], &ran[5]);
    let error = |runs: &[Fitted]| Spread::of(runs, |r| r.ran.error()).mean();
    let fit = |runs: &[Fitted]| Spread::of(runs, |r| r.fit).mean();
    let (with, without) = (error(mixed), error(plain));
    assert!(with < 0.6 * without, "error {with} against {without}");
    let (with, without) = (fit(mixed), fit(plain));
    assert!(with < 0.5 * without, "fit {with} against {without}");
    Ok(())
}
