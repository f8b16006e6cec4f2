//! Reaches about 0.5 accuracy on six kinds of questions after 60 steps on 60 of them, mixed at the embedding.

use std::sync::Arc;

use candle_core::Device;
use candle_mixup::data::Source;
use candle_mixup::metrics::Metric;
use candle_mixup::nn::Weights;
use candle_mixup::schedule::{Domain, Schedule, Task, TaskKind};
use candle_mixup::split::{Lone, Strata, per_class, stratified};
use candle_mixup::text::{
    Columns, Corpus, Encoder, EncoderConfig, ModelFiles, Pooling, ReadOptions, Start, TextSource,
    Tokenizer, encoder_weights,
};
use candle_mixup::train::{Job, Labels, Length, TargetKind, TrainSettings, scores, train};
use candle_mixup::{Result, Tapped};

fn main() -> Result<()> {
    let (device, seed) = (Device::Cpu, 1);
    let source = Source::parse("@questions")?;
    let corpus = Corpus::read(
        &source,
        &Columns::of(&source),
        &ReadOptions::default(),
        None,
    )?;
    let (classes, outputs) = (corpus.class_ids(), corpus.classes().len());
    let strata = Strata {
        classes: &classes,
        names: corpus.classes(),
    };
    let all: Vec<u32> = (0..corpus.len() as u32).collect();
    let test = stratified(&all, strata, 0.2, 300, Lone::Refuse, 0)?;
    let rows = per_class(&test.rest, strata, 10, seed)?;

    let files = ModelFiles::find(concat!(env!("CARGO_MANIFEST_DIR"), "/models/minilm-l3"))?;
    let config = EncoderConfig::open(&files.config)?;
    let tokenizer = Tokenizer::open(&files.tokenizer, 48)?.clipped(config.positions())?;
    let texts = TextSource::new(
        Arc::new(tokenizer.encode(corpus.texts(), None)?),
        device.clone(),
    );
    let pretrained = encoder_weights(&files.weights, config.family, Start::Pretrained)?;
    let weights = Weights::new(seed, &device).with_pretrained(Arc::new(pretrained));
    let model = Encoder::load(&weights, &config, Pooling::Mean, outputs, Start::Pretrained)?;
    let mut parameters = weights.parameters();
    let head = |name: &str| name.starts_with("classifier.");
    parameters
        .iter_mut()
        .filter(|p| head(&p.name))
        .for_each(|p| p.rate = 20.0);

    let settings = TrainSettings {
        length: Length::Steps(60),
        seed,
        ..TrainSettings::default()
    };
    let labels = Labels::new(TargetKind::SingleLabel, corpus.targets().to_vec(), outputs)?;
    let task = Task {
        domain: Domain::Text,
        kind: TaskKind::SingleLabel,
        class_counts: labels.counts(&rows),
        rows: rows.len(),
        steps: 60,
        epochs: 30,
        seed,
        features: None,
        image: None,
    };
    let job = Job {
        model: &model,
        weights: &weights,
        parameters,
        source: &texts,
        labels: &labels,
        train: &rows,
        validation: &[],
        scheduler: &Schedule::preset("mixup")?.check(&model.sites(), &task)?,
        replay: None,
        neighbours: None,
        settings: &settings,
        device: &device,
    };
    train(job, &mut (), None)?;
    let result = scores(&model, &texts, &labels, &test.held_out)?;
    for metric in [Metric::LogLoss, Metric::Accuracy] {
        println!("{metric} {:.3}", result.get(metric).unwrap_or(f64::NAN));
    }
    Ok(())
}
