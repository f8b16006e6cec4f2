//! How a run is trained: from arguments to checked settings, and what only rows and schedules can show to be wrong.

use std::time::Duration;

use anyhow::Result;
use candle_mixup::Error;
use candle_mixup::schedule::{Curve, Pairing, Schedule};
use candle_mixup::train::{ClassWeights, Length, TrainSettings};

use super::args::{CheckpointArgs, TrainingArgs};

/// What holds where the arguments say nothing of it.
#[derive(Debug, Clone, Copy)]
pub struct Defaults {
    /// Steps, or that many epochs if they are more.
    pub steps: u64,
    pub epochs: u32,
    pub rate: f64,
    pub batch: usize,
}

/// The training settings that the arguments ask for, for `rows` training rows.
pub fn settings(args: &TrainingArgs, defaults: Defaults, rows: usize) -> Result<TrainSettings> {
    if !(0.0..1.0).contains(&args.warm_up) {
        return Err(Error::setting("--warm-up", "at least 0 and below 1", args.warm_up).into());
    }
    let settings = TrainSettings {
        length: Length::Epochs(defaults.epochs),
        batch: args.batch.unwrap_or(defaults.batch),
        accumulate: args.accumulate,
        rate: args.lr.unwrap_or(defaults.rate),
        curve: Curve::warm_up_then_linear(args.warm_up),
        weight_decay: args.weight_decay,
        clip: (args.clip != 0.0).then_some(args.clip),
        class_weights: if args.class_weights {
            ClassWeights::Balanced
        } else {
            ClassWeights::None
        },
        patience: args.patience,
        seed: args.seed,
    };
    with_length(settings, (args.steps, args.epochs), defaults, rows)
}

/// The settings with the steps or epochs asked for, checked.
pub fn with_length(
    settings: TrainSettings,
    asked: (Option<u64>, Option<u32>),
    defaults: Defaults,
    rows: usize,
) -> Result<TrainSettings> {
    let mut settings = TrainSettings {
        length: Length::Epochs(defaults.epochs),
        ..settings
    };
    settings.check()?;
    settings.length = match asked {
        (Some(n), _) => Length::Steps(n),
        (None, Some(n)) => Length::Epochs(n),
        (None, None) => Length::Steps(settings.steps(rows).max(defaults.steps)),
    };
    settings.check()?;
    Ok(settings)
}

/// Refuses what only the training and validation rows can show to be wrong.
pub fn check_rows(settings: &TrainSettings, training: usize, validation: usize) -> Result<()> {
    if settings.patience.is_some() && validation == 0 {
        let problem = "--patience needs validation rows, and there are none; add --validation 0.1";
        return Err(Error::Conflict(problem.into()).into());
    }
    let batches = training.div_ceil(settings.batch);
    if settings.accumulate > batches {
        let range = format!("at most the {batches} batches of an epoch");
        return Err(Error::setting("--accumulate", range, settings.accumulate).into());
    }
    Ok(())
}

/// Refuses a schedule whose partners these rows, or batches of this size, cannot give.
pub fn check_partners(schedule: &Schedule, batch: usize, rows: usize) -> Result<()> {
    let batch = batch.min(rows);
    let never = |problem: String| {
        let name = &schedule.name;
        Err(Error::Conflict(format!("schedule '{name}' would never mix: {problem}")).into())
    };
    match schedule.partner {
        _ if schedule.is_off() => Ok(()),
        _ if batch == 1 && !schedule.mixes_alone() => {
            never("in batches of one row (--batch) a row has no partner".into())
        }
        Pairing::Blocks { k: k @ 2.. } if batch <= k => {
            never(format!("a block of {k} holds a batch (--batch {batch})"))
        }
        Pairing::Nearest { k, .. } if k >= rows => {
            let range = format!("below the {rows} training rows");
            Err(Error::setting("partner.nearest.k", range, k).into())
        }
        _ => Ok(()),
    }
}

/// How often a run's state is kept.
pub fn checkpoint_every(args: CheckpointArgs) -> Result<Duration> {
    let seconds = args.checkpoint_every;
    let every = Duration::try_from_secs_f64(seconds);
    Ok(every.map_err(|_| Error::setting("--checkpoint-every", "0 or more seconds", seconds))?)
}

/// Seeds at most: more show no difference that anybody would care for.
const MOST_SEEDS: u64 = 1000;

/// Refuses a number of seeds, from the first one on, that cannot be.
pub fn check_seeds(first: u64, seeds: u64) -> Result<()> {
    if !(1..=MOST_SEEDS).contains(&seeds) {
        let range = format!("between 1 and {MOST_SEEDS}");
        return Err(Error::setting("--seeds", range, seeds).into());
    }
    if first.checked_add(seeds).is_none() {
        let range = "so small that the last seed fits 64 bits";
        return Err(Error::setting("--seed", range, first).into());
    }
    Ok(())
}
