//! What the tests of spans and of residues share: encoded texts of known lengths, and schedulers for them.
#![allow(dead_code)] // every test file is a program of its own and uses a part of this

use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use candle_core::{Device, Tensor};
use candle_mixup::RowSource;
use candle_mixup::nn::Weights;
use candle_mixup::schedule::{Clock, Domain, Rows, Schedule, Scheduler, Task, TaskKind};
use candle_mixup::text::{
    EncodedTexts, Encoder, EncoderConfig, Pooling, Start, TextSource, Tokenizer,
};
use candle_mixup::{Error, MixPlan, Site};

/// Sites of an encoder of two blocks.
pub const SITES: [Site; 4] = [
    Site::Embedding,
    Site::Hidden(1),
    Site::Hidden(2),
    Site::Pooled,
];

/// Words that are one token each.
const WORDS: [&str; 12] = [
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "red", "blue",
];

static TOKENIZER: LazyLock<Tokenizer> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/minilm-l3");
    Tokenizer::open(folder.join("tokenizer.json"), 128).expect("the shipped tokenizer")
});

fn text(row: usize, words: usize, step: usize) -> String {
    let word = |w: usize| WORDS[(row * 5 + w * step) % WORDS.len()];
    (0..words).map(word).collect::<Vec<_>>().join(" ")
}

/// Texts of so many words, or pairs of them.
pub fn texts(lengths: &[usize], seconds: Option<&[usize]>) -> Arc<EncodedTexts> {
    let of = |lengths: &[usize], step: usize| -> Vec<String> {
        let rows = lengths.iter().enumerate();
        rows.map(|(r, &n)| text(r, n, step)).collect()
    };
    let (first, second) = (of(lengths, 7), seconds.map(|s| of(s, 5)));
    let encoded = TOKENIZER.encode(&first, second.as_deref());
    Arc::new(encoded.expect("texts"))
}

/// Those texts as rows to train on.
pub fn source(texts: &Arc<EncodedTexts>) -> TextSource {
    TextSource::new(texts.clone(), Device::Cpu)
}

/// Where their tokens stand.
pub fn stretches(source: &TextSource) -> Vec<Vec<Range<usize>>> {
    (0..source.len() as u32)
        .map(|row| source.stretches(row))
        .collect()
}

/// The task of so many texts in two classes.
pub fn task(rows: usize, steps: u64, seed: u64) -> Task {
    Task {
        domain: Domain::Text,
        kind: TaskKind::SingleLabel,
        class_counts: vec![rows as f64 / 2.0; 2],
        rows,
        steps,
        epochs: 1,
        seed,
        features: None,
        image: None,
    }
}

/// A schedule for so many texts, checked.
pub fn scheduler(json: &str, rows: usize, seed: u64) -> Scheduler {
    let schedule = Schedule::from_json(json).expect(json);
    schedule
        .check(&SITES, &task(rows, STEPS, seed))
        .expect(json)
}

/// Why a schedule is refused for a task.
pub fn refusal(json: &str, sites: &[Site], task: &Task) -> Error {
    let schedule = Schedule::from_json(json).expect(json);
    schedule.check(sites, task).expect_err(json)
}

/// Steps of a run.
pub const STEPS: u64 = 20_000;

pub fn clock(step: u64) -> Clock {
    Clock::at(step, STEPS, STEPS)
}

/// The plan of a step for the rows of a batch.
pub fn plan(
    scheduler: &Scheduler,
    step: u64,
    batch: &[u32],
    stretches: &[Vec<Range<usize>>],
) -> Option<MixPlan> {
    let rows = Rows {
        stretches: Some(stretches),
        token_width: Some(WIDTH),
        ..Rows::new(batch)
    };
    scheduler.plan(clock(step), rows).expect("a plan")
}

/// Numbers of a token.
pub const WIDTH: usize = 16;

/// An encoder of random weights for the shipped vocabulary: two blocks of width 16, without dropout.
pub fn encoder(seed: u64) -> (Encoder, Weights) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/minilm-l3");
    let text = std::fs::read_to_string(folder.join("config.json")).expect("a config");
    let mut fields: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    for (name, value) in [
        ("hidden_size", WIDTH),
        ("num_attention_heads", 2),
        ("intermediate_size", 24),
        ("num_hidden_layers", 2),
        ("hidden_dropout_prob", 0),
        ("attention_probs_dropout_prob", 0),
    ] {
        fields[name] = value.into();
    }
    let file = tempfile::tempdir().expect("a folder");
    let path = file.path().join("config.json");
    std::fs::write(&path, fields.to_string()).expect("written");
    let config = EncoderConfig::open(path).expect("a config");
    let weights = Weights::new(seed, &Device::Cpu);
    let model = Encoder::load(&weights, &config, Pooling::Mean, 2, Start::Random);
    (model.expect("a model"), weights)
}

/// All numbers of a tensor.
pub fn flat(x: &Tensor) -> Vec<f32> {
    let x = x.to_dtype(candle_core::DType::F32).expect("numbers");
    x.flatten_all().and_then(|x| x.to_vec1()).expect("numbers")
}
