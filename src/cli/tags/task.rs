//! Tagging as a task: sentences, read and split once; and for each seed its training sentences and model.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use candle_core::Device;
use candle_mixup::linearity::Linearity;
use candle_mixup::metrics::{Metric, Scores};
use candle_mixup::schedule::Domain;
use candle_mixup::text::{EncodedTexts, TaggedCorpus, Tagger, TextSource};
use candle_mixup::train::{Labels, scores};

use super::model::{build, save};
use super::rows::{SplitSentences, alike, encode};
use super::settings::{TagData, TagModel};
use crate::cli::encoder_files::EncoderFiles;
use crate::cli::splits::{twins, unseen};
use crate::cli::task::{Built, Counted, SeedRows, Task};
use crate::cli::text::{CUT_TEXTS, shipped_encoder};

/// Everything that all runs of a command share.
pub struct TagTask {
    settings: TagData,
    model: TagModel,
    corpus: TaggedCorpus,
    labels: Labels,
    texts: Arc<EncodedTexts>,
    /// The tokens of every word.
    pieces: Arc<Vec<Vec<Range<u32>>>>,
    /// Words that were cut off, and words without a token.
    lost: (usize, usize),
    test: Vec<u32>,
    /// Sentences that training and validation sentences are drawn from.
    pool: Vec<u32>,
    validation: Option<Vec<u32>>,
    files: EncoderFiles,
    device: Device,
}

impl TagTask {
    /// Reads and splits the sentences and finds the model; nothing is trained or written.
    pub fn prepare(settings: TagData, model: TagModel, device: Device) -> Result<Self> {
        let SplitSentences {
            corpus,
            test,
            pool,
            validation,
        } = SplitSentences::read(&settings)?;
        let folder = match &model.model {
            Some(folder) => folder.clone(),
            None => shipped_encoder()?,
        };
        let files = EncoderFiles::open(&folder, model.max_tokens)?;
        let (encoded, labels) = encode(
            &corpus.sentences().iter().collect::<Vec<_>>(),
            &files.tokenizer,
            corpus.tags(),
        )?;
        Ok(Self {
            settings,
            model,
            corpus,
            labels,
            lost: (encoded.cut, encoded.silent),
            texts: Arc::new(encoded.texts),
            pieces: Arc::new(encoded.pieces),
            test,
            pool,
            validation,
            files,
            device,
        })
    }

    /// How many of `rows` have the text of one of `others`.
    fn twins(&self, others: &[u32], rows: &[u32]) -> usize {
        let sentences = self.corpus.sentences();
        twins(others, rows, |row| &sentences[row as usize].sentence.text)
    }
}

impl Task for TagTask {
    type Data = TagData;
    type Choice = TagModel;
    type Model = Tagger;
    type Source = TextSource;
    type Kit = ();

    const NAME: &'static str = "tags";
    const DOMAIN: Domain = Domain::Text;
    const TWIN: &'static str = "have the text";

    fn data(&self) -> &TagData {
        &self.settings
    }

    fn choice(&self) -> &TagModel {
        &self.model
    }

    fn name(&self) -> &str {
        &self.settings.data
    }

    fn fingerprint(&self) -> String {
        self.corpus.fingerprint()
    }

    fn len(&self) -> usize {
        self.corpus.len()
    }

    /// The types of entities.
    fn classes(&self) -> &[String] {
        self.corpus.tags().types()
    }

    /// The entities of each type: the tags that begin one.
    fn class_counts(&self, rows: &[u32]) -> Vec<f64> {
        let tags = self.labels.counts(rows);
        tags.into_iter().skip(1).step_by(2).collect()
    }

    fn labels(&self) -> &Labels {
        &self.labels
    }

    fn test(&self) -> &[u32] {
        &self.test
    }

    fn device(&self) -> &Device {
        &self.device
    }

    fn rows(&self, seed: u64) -> Result<SeedRows<()>> {
        let (settings, kinds) = (&self.settings, vec![0; self.corpus.len()]);
        let splitter = alike(&kinds);
        let chosen = splitter.chosen(&self.pool, None, settings.train_rows, seed)?;
        let (train, drawn) = splitter.validation(chosen, &settings.validation, seed)?;
        let validation = self.validation.clone().unwrap_or(drawn);
        Ok(SeedRows {
            in_both: self.twins(&train, &self.test),
            validated_on_test: self.twins(&self.test, &validation),
            unseen: unseen(self.classes(), &self.class_counts(&train), None)?,
            train,
            validation,
            kit: (),
        })
    }

    fn build(&self, _: &(), seed: u64, head_factor: f64) -> Result<Built<Tagger>> {
        let (freeze, tags) = (self.model.freeze.as_deref(), self.corpus.tags().len());
        build(&self.files, freeze, tags, (seed, head_factor), &self.device)
    }

    fn source(&self, _: &()) -> Result<TextSource> {
        let source = TextSource::new(self.texts.clone(), self.device.clone());
        Ok(source.with_words(self.pieces.clone()))
    }

    fn score(&self, built: &Built<Tagger>, _: &(), rows: &[u32]) -> Result<Scores> {
        Ok(scores(
            &built.model,
            &self.source(&())?,
            &self.labels,
            rows,
        )?)
    }

    fn main_metric(&self) -> Metric {
        Metric::EntityF1
    }

    fn counted(&self, _: &()) -> Vec<Counted> {
        let limit = self.files.tokenizer.max_tokens();
        let counted = |name, count, words: String| Counted { name, count, words };
        vec![
            counted(
                CUT_TEXTS,
                self.texts.cut(),
                format!("sentences were cut to {limit} tokens (--max-tokens)"),
            ),
            counted(
                "lost_words",
                self.lost.0,
                "words were cut off; they count as wrong".into(),
            ),
            counted(
                "words_without_token",
                self.lost.1,
                "words have no token of their own; they count as wrong".into(),
            ),
            counted(
                "began_inside",
                self.corpus.began_inside(),
                "tags I-TYPE began an entity, and were read as B-TYPE".into(),
            ),
        ]
    }

    fn save(&self, built: &Built<Tagger>, _: &(), folder: &Path) -> Result<()> {
        save(built, folder, &self.files.tokenizer, self.corpus.tags())
    }

    /// Not measured: its pairs are of rows with one output each.
    fn linearity(&self, _: &Built<Tagger>, _: &SeedRows<()>) -> Result<Option<Linearity>> {
        Ok(None)
    }
}
