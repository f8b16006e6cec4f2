//! `mixup train text` and `mixup compare text`: what is particular to texts.

use anyhow::Result;
use candle_mixup::Error;

use super::args::{CompareTextArgs, ModelArgs, TrainTextArgs};
use super::settings::{DataSettings, ModelKind, ModelSettings};
use super::task::TextTask;
use crate::cli::training::Defaults;
use crate::cli::{compare, train};

/// Training rows of a class when neither data nor their number were chosen: the case of few labels.
const FEW: usize = 10;

/// Trains one model.
pub fn train(args: TrainTextArgs) -> Result<()> {
    let data = DataSettings::of(&args.data)?;
    let model = ModelSettings::of(&args.model)?;
    let asked = train::Asked {
        mixing: &args.mixing,
        training: &args.training,
        output: &args.output,
        checkpoint: args.checkpoint,
        plans: &args.plans,
        defaults: defaults(&model.model),
        head_rate: Some(head_rate(&args.model)?),
    };
    train::run(&asked, |device| TextTask::prepare(data, model, device))
}

/// Compares arms.
pub fn compare(mut args: CompareTextArgs) -> Result<()> {
    let d = &args.data;
    let chosen = d.per_class.is_some() || d.train_rows.is_some() || d.columns.label.is_some();
    if d.data.is_none() && !chosen {
        args.data.per_class = Some(FEW);
    }
    let data = DataSettings::of(&args.data)?;
    let model = ModelSettings::of(&args.model)?;
    let asked = compare::Asked {
        arms: &args.arms,
        seeds: args.seeds,
        training: &args.training,
        output: &args.output,
        defaults: defaults(&model.model),
        head_rate: Some(head_rate(&args.model)?),
    };
    compare::run(&asked, |device| TextTask::prepare(data, model, device))
}

/// How a model is trained where nothing is asked for.
fn defaults(model: &ModelKind) -> Defaults {
    let (steps, epochs, rate) = match model {
        ModelKind::Cnn => (300, 10, 1e-3),
        ModelKind::Shipped | ModelKind::Folder(_) => (150, 3, 5e-5),
    };
    Defaults {
        steps,
        epochs,
        rate,
        batch: 32,
    }
}

/// The learning rate of the head.
fn head_rate(args: &ModelArgs) -> Result<f64> {
    let head = args.head_lr.unwrap_or(1e-3);
    if !(head.is_finite() && head > 0.0) {
        return Err(Error::setting("--head-lr", "positive and finite", head).into());
    }
    Ok(head)
}
