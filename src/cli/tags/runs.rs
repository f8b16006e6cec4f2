//! `mixup train tags` and `mixup compare tags`: what is particular to tagged sentences.

use anyhow::Result;
use candle_mixup::Error;

use super::args::{CompareTagsArgs, TrainTagsArgs};
use super::settings::{TagData, TagModel};
use super::task::TagTask;
use crate::cli::training::Defaults;
use crate::cli::{compare as comparing, train as training};

/// Training sentences when neither data nor their number were chosen: the case of few labels.
const FEW: usize = 50;

/// How a tagger is trained where nothing is asked for.
const DEFAULTS: Defaults = Defaults {
    steps: 80,
    epochs: 3,
    rate: 3e-4,
    batch: 16,
};

/// Trains one model.
pub fn train(args: TrainTagsArgs) -> Result<()> {
    let (data, model) = (TagData::of(&args.data)?, TagModel::of(&args.model)?);
    let asked = training::Asked {
        mixing: &args.mixing,
        training: &args.training,
        output: &args.output,
        checkpoint: args.checkpoint,
        plans: &args.plans,
        defaults: DEFAULTS,
        head_rate: Some(head_rate(args.model.head_lr)?),
    };
    training::run(&asked, |device| TagTask::prepare(data, model, device))
}

/// Compares arms.
pub fn compare(mut args: CompareTagsArgs) -> Result<()> {
    if args.data.data.is_none() && args.data.train_rows.is_none() {
        args.data.train_rows = Some(FEW);
    }
    let (data, model) = (TagData::of(&args.data)?, TagModel::of(&args.model)?);
    let asked = comparing::Asked {
        arms: &args.arms,
        seeds: args.seeds,
        training: &args.training,
        output: &args.output,
        defaults: DEFAULTS,
        head_rate: Some(head_rate(args.model.head_lr)?),
    };
    comparing::run(&asked, |device| TagTask::prepare(data, model, device))
}

/// The learning rate of the head.
fn head_rate(asked: Option<f64>) -> Result<f64> {
    let head = asked.unwrap_or(1e-3);
    if !(head.is_finite() && head > 0.0) {
        return Err(Error::setting("--head-lr", "positive and finite", head).into());
    }
    Ok(head)
}
