//! Predicts the noise of an airfoil to about 2.4 dB, and to about 3 dB with mixing, which costs accuracy here.

use candle_core::Device;
use candle_mixup::data::Source;
use candle_mixup::metrics::{Metric, Scores};
use candle_mixup::nn::Weights;
use candle_mixup::schedule::{Domain, Schedule, Task, TaskKind};
use candle_mixup::split::{Lone, Strata, stratified};
use candle_mixup::table::{
    DataColumns, DataSet, EncodeSettings, EncodedRows, Encoder, TableModel, TableModelSettings,
    TableSource, Target,
};
use candle_mixup::train::{Job, Labels, Length, TargetScale, TrainSettings, scores, train};
use candle_mixup::{Result, Tapped};

fn main() -> Result<()> {
    let columns = DataColumns {
        targets: vec!["scaled_sound_pressure_db".into()],
        ..DataColumns::default()
    };
    let (data, _) = DataSet::read(&Source::parse("@airfoil")?, &columns, &())?;
    let Target::Values { values, .. } = &data.target else {
        unreachable!("a target column gives values")
    };
    let all: Vec<u32> = (0..data.len() as u32).collect();
    let strata = Strata {
        classes: &vec![0; data.len()],
        names: &[],
    };
    let split = stratified(&all, strata, 0.2, 2000, Lone::Refuse, 1)?;
    let encoder = Encoder::fit(EncodeSettings::default(), &data, &split.rest)?;
    let (rows, _) = encoder.encode(&data)?;
    // Inside the model the target has mean 0 and spread 1; scores are in decibels.
    let labels = Labels::standardised(values, TargetScale::fit(values, 1, &split.rest)?)?;
    for preset in ["none", "mixup", "manifold", "cmixup"] {
        let scores = run(preset, &rows, &labels, &split.rest, &split.held_out)?;
        let value = |metric| scores.get(metric).unwrap_or(f64::NAN);
        println!(
            "{preset:8} r2 {:.3} rmse {:.3}",
            value(Metric::R2),
            value(Metric::Rmse)
        );
    }
    Ok(())
}

fn run(
    preset: &str,
    rows: &EncodedRows,
    labels: &Labels,
    training: &[u32],
    test: &[u32],
) -> Result<Scores> {
    let (device, seed) = (Device::Cpu, 1);
    let weights = Weights::new(seed, &device);
    let settings = TableModelSettings::default();
    let model = TableModel::load(&weights, &settings, &rows.shape, 1)?;
    let settings = TrainSettings {
        length: Length::Steps(600),
        batch: 64,
        rate: 3e-3,
        seed,
        ..TrainSettings::default()
    };
    let task = Task {
        domain: Domain::Table,
        kind: TaskKind::Regression,
        class_counts: Vec::new(),
        rows: training.len(),
        steps: 600,
        epochs: 32,
        seed,
        features: None, // only blends of columns need them
        image: None,
    };
    let source = TableSource::new(rows, device.clone());
    let job = Job {
        model: &model,
        weights: &weights,
        parameters: weights.parameters(),
        source: &source,
        labels,
        train: training,
        validation: &[],
        scheduler: &Schedule::preset(preset)?.check(&model.sites(), &task)?,
        replay: None,
        neighbours: None,
        settings: &settings,
        device: &device,
    };
    train(job, &mut (), None)?;
    scores(&model, &source, labels, test)
}
