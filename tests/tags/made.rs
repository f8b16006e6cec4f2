//! A small tagger, and sentences that it can learn.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use candle_core::Device;
use candle_mixup::nn::Weights;
use candle_mixup::schedule::{Domain, Schedule, Scheduler, Task, TaskKind};
use candle_mixup::text::{
    EncodedWords, EncoderConfig, Start, Tagger, TextSource, Tokenizer, VocabularySettings,
    encoder_weights,
};
use candle_mixup::train::{Job, Labels, Length, TaggedRow, TaggedWord, TrainSettings};
use candle_mixup::{Result, Tapped};

/// Tags of two types.
pub const TAGS: usize = 5;

pub fn tagger() -> Result<(Tagger, Weights)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/tiny-bert");
    let config = EncoderConfig::open(folder.join("config.json"))?;
    let pretrained = encoder_weights(&folder, config.family, Start::Pretrained)?;
    let weights = Weights::new(0, &Device::Cpu).with_pretrained(Arc::new(pretrained));
    let model = Tagger::load(&weights, &config, TAGS, Start::Pretrained)?;
    Ok((model, weights))
}

/// Sentences as a source and as labels.
pub struct Made {
    pub source: TextSource,
    pub labels: Labels,
    pub encoded: EncodedWords,
    pub rows: Vec<u32>,
}

/// A colour is the first word of an entity, the thing behind it goes on with it, a town is an entity by itself, and `of` is
/// none; every second sentence is longer.
pub fn sentences(count: usize) -> Vec<(String, Vec<u32>)> {
    let colours = ["red", "blue", "green"];
    let things = ["car", "boat", "tree", "house"];
    let towns = ["rome", "oslo", "lima"];
    let sentence = |i: usize| {
        let (colour, thing, town) = (colours[i % 3], things[i / 3 % 4], towns[i / 2 % 3]);
        match i % 2 {
            0 => (format!("{colour} {thing} of"), vec![1, 2, 0]),
            _ => (
                format!("of {town} {colour} {thing} it of"),
                vec![0, 3, 1, 2, 0, 0],
            ),
        }
    };
    (0..count).map(sentence).collect()
}

impl Made {
    /// Each word is one token, and there are no special ones.
    pub fn new(sentences: &[(String, Vec<u32>)]) -> Result<Self> {
        let word = |text: &str| -> Vec<Range<usize>> {
            let starts = text.split(' ').scan(0, |at, word| {
                let start = *at;
                *at += word.len() + 1;
                Some(start..start + word.len())
            });
            starts.collect()
        };
        let words = sentences.iter().map(|(text, _)| word(text)).collect();
        Self::with_words(sentences, words)
    }

    /// Words that may be of several tokens.
    pub fn with_words(
        sentences: &[(String, Vec<u32>)],
        words: Vec<Vec<Range<usize>>>,
    ) -> Result<Self> {
        let texts: Vec<&str> = sentences.iter().map(|(text, _)| text.as_str()).collect();
        let tokenizer = Tokenizer::learn(&texts, &VocabularySettings::default(), 32)?;
        let encoded = tokenizer.encode_words(&texts, &words)?;
        let row = |(row, (_, tags)): (usize, &(String, Vec<u32>))| TaggedRow {
            tokens: encoded.texts.ids(row).len(),
            words: tags
                .iter()
                .zip(&encoded.pieces[row])
                .map(|(&tag, tokens)| TaggedWord {
                    tag,
                    tokens: tokens.clone(),
                })
                .collect(),
        };
        let labels = Labels::tagged(sentences.iter().enumerate().map(row).collect(), TAGS)?;
        let source = TextSource::new(Arc::new(encoded.texts.clone()), Device::Cpu)
            .with_words(Arc::new(encoded.pieces.clone()));
        Ok(Self {
            source,
            labels,
            rows: (0..sentences.len() as u32).collect(),
            encoded,
        })
    }

    /// A run of `steps` steps in batches of eight.
    pub fn settings(&self, steps: u64) -> TrainSettings {
        TrainSettings {
            length: Length::Steps(steps),
            batch: 8,
            rate: 5e-3,
            ..TrainSettings::default()
        }
    }

    pub fn scheduler(
        &self,
        preset: &str,
        model: &Tagger,
        settings: &TrainSettings,
    ) -> Result<Scheduler> {
        let rows = self.rows.len();
        let steps = settings.steps(rows);
        let task = Task {
            domain: Domain::Text,
            kind: TaskKind::Tags,
            class_counts: self.labels.counts(&self.rows),
            rows,
            steps,
            epochs: steps.div_ceil(settings.steps_per_epoch(rows)) as u32,
            seed: settings.seed,
            features: None,
            image: None,
        };
        Schedule::preset(preset)?.check(&model.sites(), &task)
    }

    pub fn job<'a>(
        &'a self,
        model: &'a Tagger,
        weights: &'a Weights,
        scheduler: &'a Scheduler,
        neighbours: Option<&'a [Vec<u32>]>,
        settings: &'a TrainSettings,
    ) -> Job<'a, Tagger, TextSource> {
        Job {
            model,
            weights,
            parameters: weights.parameters(),
            source: &self.source,
            labels: &self.labels,
            train: &self.rows,
            validation: &[],
            scheduler,
            neighbours,
            replay: None,
            settings,
            device: &Device::Cpu,
        }
    }
}
