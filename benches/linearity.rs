//! What measuring linearity costs, beside one arm of `mixup compare text` (150 steps on the shipped encoder).

use std::sync::Arc;
use std::time::Instant;

use candle_core::Device;
use candle_mixup::data::Source;
use candle_mixup::linearity::{LinearitySettings, RowPairs, linearity};
use candle_mixup::nn::Weights;
use candle_mixup::schedule::{Domain, Schedule, Task, TaskKind};
use candle_mixup::split::{Lone, Strata, per_class, stratified};
use candle_mixup::text::{
    Columns, Corpus, Encoder, EncoderConfig, ModelFiles, Pooling, ReadOptions, Start, TextSource,
    Tokenizer, encoder_weights,
};
use candle_mixup::train::{Job, Labels, Length, TargetKind, TrainSettings, scores, train};
use candle_mixup::{Result, Tapped};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Steps of an arm of the default comparison.
const STEPS: u64 = 150;
/// Times everything is timed, in turn.
const ROUNDS: usize = 3;

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
    let test = stratified(&all, strata, 0.2, 2000, Lone::Refuse, 0)?;
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
        length: Length::Steps(STEPS),
        seed,
        ..TrainSettings::default()
    };
    let labels = Labels::new(TargetKind::SingleLabel, corpus.targets().to_vec(), outputs)?;
    let task = Task {
        domain: Domain::Text,
        kind: TaskKind::SingleLabel,
        class_counts: labels.counts(&rows),
        rows: rows.len(),
        steps: STEPS,
        epochs: 75,
        seed,
        features: None,
        image: None,
    };
    for round in 1..=ROUNDS {
        let job = Job {
            model: &model,
            weights: &weights,
            parameters: parameters.clone(),
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
        let arm = seconds(|| train(job, &mut (), None).map(drop))?;
        let score = seconds(|| scores(&model, &texts, &labels, &test.held_out).map(drop))?;
        let measured = |settings: LinearitySettings| {
            seconds(|| {
                let pairs = RowPairs::random(&test.held_out, settings.pairs, 0)?;
                linearity(&model, &texts, &pairs, labels.kind(), &settings).map(drop)
            })
        };
        let full = measured(LinearitySettings::default())?;
        let brief = measured(LinearitySettings::brief())?;
        println!(
            "round {round}: an arm {arm:.2} s and its scores {score:.2} s; 512 pairs x 9 weights at all sites {full:.2} s, \
             {:.2} of the arm; 64 x 3 {brief:.2} s, {:.3} of the run",
            full / arm,
            brief / (arm + score),
        );
    }
    Ok(())
}

/// How long something takes.
fn seconds(work: impl FnOnce() -> Result<()>) -> Result<f64> {
    let began = Instant::now();
    work()?;
    Ok(began.elapsed().as_secs_f64())
}
