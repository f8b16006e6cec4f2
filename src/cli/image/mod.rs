//! The image commands.

mod args;
mod evaluate;
mod linearity;
mod predict;
mod preview;
mod saved;
mod settings;
mod task;

use anyhow::Result;

pub use args::{CompareImageArgs, PictureArgs, PreviewArgs, TrainImageArgs};
pub use evaluate::evaluate;
pub use linearity::linearity;
pub use predict::predict;
pub use preview::preview;
use settings::{ImageData, defaults, model};
use task::ImageTask;

use super::{compare as comparing, train as training};

/// Training images of a class when neither data nor their number were chosen: the case of few labels.
const FEW: usize = 10;

/// Trains one model.
pub fn train(args: TrainImageArgs) -> Result<()> {
    let data = ImageData::of(args.data.data.as_deref(), &args.data.rows)?;
    let model = model(&args.model)?;
    let asked = training::Asked {
        mixing: &args.mixing,
        training: &args.training,
        output: &args.output,
        checkpoint: args.checkpoint,
        plans: &args.plans,
        defaults: defaults(&model),
        head_rate: None,
    };
    training::run(&asked, |device| ImageTask::prepare(data, model, device))
}

/// Compares arms.
pub fn compare(mut args: CompareImageArgs) -> Result<()> {
    let d = &args.data;
    if d.data.is_none() && d.rows.per_class.is_none() && d.rows.train_rows.is_none() {
        args.data.rows.per_class = Some(FEW);
    }
    let data = ImageData::of(args.data.data.as_deref(), &args.data.rows)?;
    let model = model(&args.model)?;
    let asked = comparing::Asked {
        arms: &args.arms,
        seeds: args.seeds,
        training: &args.training,
        output: &args.output,
        defaults: defaults(&model),
        head_rate: None,
    };
    comparing::run(&asked, |device| ImageTask::prepare(data, model, device))
}
