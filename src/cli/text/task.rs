//! A text task: its rows, read and split once; and for each seed its training rows, tokens and model.

use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use candle_core::Device;
use candle_mixup::Error;
use candle_mixup::data::Source;
use candle_mixup::metrics::{Metric, Scores, classification};
use candle_mixup::schedule::{Domain, Schedule};
use candle_mixup::text::augment::{TextChanges, TrainingText};
use candle_mixup::text::{
    Corpus, EncodedTexts, TextSource, Tokenizer, VocabularySettings, WordVectors,
};
use candle_mixup::train::{Labels, TargetKind, logits, probabilities, scores};

use super::model::{Family, TextModel, save};
use super::rows::{append, classes_of, name_share_classes, splitter, test_split};
use super::settings::{DataSettings, ModelSettings};
use crate::cli::splits::{twins, unseen};
use crate::cli::task::{Built, Counted, SeedRows, Task};

/// The name under which cut texts are counted.
pub const CUT_TEXTS: &str = "cut_texts";

/// Everything that all runs of a command share.
pub struct TextTask {
    settings: DataSettings,
    model: ModelSettings,
    corpus: Corpus,
    /// Targets to train on.
    labels: Labels,
    /// Targets to be scored against, where they differ from those of training.
    hard: Labels,
    soft: Option<Labels>,
    test: Vec<u32>,
    /// Rows that training and validation rows are drawn from.
    pool: Vec<u32>,
    validation: Option<Vec<u32>>,
    family: Family,
    shared: Option<Arc<Tokens>>,
    device: Device,
}

/// Tokens of all rows, and what made them.
pub struct Tokens {
    pub tokenizer: Tokenizer,
    /// Vectors of the tokenizer's words, where a CNN begins with given ones.
    pub vectors: Option<WordVectors>,
    pub texts: Arc<EncodedTexts>,
}

impl TextTask {
    /// Reads and splits the rows and finds the model; nothing is trained or written.
    pub fn prepare(
        mut settings: DataSettings,
        model: ModelSettings,
        device: Device,
    ) -> Result<Self> {
        if settings.per_class.is_some() && settings.columns.kind.is_multi() {
            let problem = "--per-class needs one class a row; with --multi-label use --train-rows";
            return Err(Error::Conflict(problem.into()).into());
        }
        let source = Source::parse(&settings.data)?;
        name_share_classes(&mut settings, &source)?;
        let mut corpus = Corpus::read(&source, &settings.columns, &settings.read, None)?;
        let family = Family::open(&model)?;
        let own = test_split(&corpus, &settings)?;
        let test_file = append(&mut corpus, &settings.test, &settings)?;
        let validation = append(&mut corpus, &settings.validation, &settings)?;
        let kind = if corpus.kind().is_multi() {
            TargetKind::MultiLabel
        } else {
            TargetKind::SingleLabel
        };
        let width = corpus.classes().len();
        let hard = Labels::new(kind, corpus.targets().to_vec(), width)?;
        let soft = corpus
            .soft()
            .map(|soft| Labels::new(kind, soft.to_vec(), width))
            .transpose()?;
        let labels = match (model.train_on_soft, &soft) {
            (false, _) => hard.clone(),
            (true, Some(soft)) => soft.clone(),
            (true, None) => {
                return Err(
                    Error::Conflict("--train-on soft needs --ratings or --shares".into()).into(),
                );
            }
        };
        let (test, pool) = (test_file.unwrap_or(own.held_out), own.rest);
        let shared = family
            .tokenizer()
            .map(|t| Tokens::new(t.clone(), None, &corpus))
            .transpose()?;
        let shared = shared.map(Arc::new);
        Ok(Self {
            settings,
            model,
            corpus,
            labels,
            hard,
            soft,
            test,
            pool,
            validation,
            family,
            shared,
            device,
        })
    }

    /// A corpus and its test rows, without a model: what `evaluate` draws again.
    pub fn test_rows(settings: &DataSettings) -> Result<(Corpus, Vec<u32>)> {
        let mut corpus = Corpus::read(
            &Source::parse(&settings.data)?,
            &settings.columns,
            &settings.read,
            None,
        )?;
        let split = test_split(&corpus, settings)?;
        let file = append(&mut corpus, &settings.test, settings)?;
        append(&mut corpus, &settings.validation, settings)?;
        Ok((corpus, file.unwrap_or(split.held_out)))
    }

    /// How many of `rows` have the text of one of `others`.
    fn twins(&self, others: &[u32], rows: &[u32]) -> usize {
        let (texts, pairs) = (self.corpus.texts(), self.corpus.pairs());
        twins(others, rows, |row| {
            let row = row as usize;
            (texts[row].as_str(), pairs.map(|pairs| pairs[row].as_str()))
        })
    }

    /// The tokens of all rows, by what these training rows teach where nothing was given.
    fn tokens(&self, train: &[u32]) -> Result<Arc<Tokens>> {
        if let Some(tokens) = &self.shared {
            return Ok(tokens.clone());
        }
        let columns = [Some(self.corpus.texts()), self.corpus.pairs()];
        let texts: Vec<&str> = columns
            .into_iter()
            .flatten()
            .flat_map(|column| train.iter().map(|&r| column[r as usize].as_str()))
            .collect();
        let settings = VocabularySettings::default();
        let tokenizer = Tokenizer::learn(&texts, &settings, self.model.max_tokens)?;
        let read = |path| WordVectors::read(path, &tokenizer.words());
        let vectors = self.model.vectors.as_ref().map(read).transpose()?;
        Ok(Arc::new(Tokens::new(tokenizer, vectors, &self.corpus)?))
    }
}

impl Task for TextTask {
    type Data = DataSettings;
    type Choice = ModelSettings;
    type Model = TextModel;
    type Source = TextSource;
    type Kit = Arc<Tokens>;

    const NAME: &'static str = "text";
    const DOMAIN: Domain = Domain::Text;
    const TWIN: &'static str = "have the text";

    fn data(&self) -> &DataSettings {
        &self.settings
    }

    fn choice(&self) -> &ModelSettings {
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

    fn classes(&self) -> &[String] {
        self.corpus.classes()
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

    fn rows(&self, seed: u64) -> Result<SeedRows<Arc<Tokens>>> {
        let (settings, classes) = (&self.settings, classes_of(&self.corpus));
        let splitter = splitter(&self.corpus, &classes);
        let per_class = settings.per_class;
        let chosen = splitter.chosen(&self.pool, per_class, settings.train_rows, seed)?;
        let (train, drawn) = splitter.validation(chosen, &settings.validation, seed)?;
        let validation = self.validation.clone().unwrap_or(drawn);
        let kit = self.tokens(&train)?;
        Ok(SeedRows {
            in_both: self.twins(&train, &self.test),
            validated_on_test: self.twins(&self.test, &validation),
            unseen: unseen(self.classes(), &self.hard.counts(&train), per_class)?,
            train,
            validation,
            kit,
        })
    }

    fn build(&self, tokens: &Arc<Tokens>, seed: u64, head_factor: f64) -> Result<Built<TextModel>> {
        let classes = self.corpus.classes().len();
        self.family.build(
            &self.model,
            tokens,
            classes,
            seed,
            head_factor,
            &self.device,
        )
    }

    fn source(&self, tokens: &Arc<Tokens>) -> Result<TextSource> {
        Ok(TextSource::new(tokens.texts.clone(), self.device.clone()))
    }

    fn training_source(
        &self,
        rows: &SeedRows<Arc<Tokens>>,
        schedule: &Schedule,
    ) -> Result<TextSource> {
        let source = self.source(&rows.kit)?;
        let Some(rule) = &schedule.texts else {
            return Ok(source);
        };
        let text = |&row: &u32| TrainingText {
            row,
            text: self.corpus.texts()[row as usize].clone(),
            pair: self.corpus.pairs().map(|pairs| pairs[row as usize].clone()),
            target: self.labels.gather(&[row]),
        };
        let texts = rows.train.iter().map(text).collect();
        let changes = TextChanges::new(rule, rows.kit.tokenizer.clone(), texts)?;
        Ok(source.with_changes(changes))
    }

    /// With soft labels also the scores against them.
    fn score(
        &self,
        built: &Built<TextModel>,
        tokens: &Arc<Tokens>,
        rows: &[u32],
    ) -> Result<Scores> {
        scores_with_soft(
            &built.model,
            &self.source(tokens)?,
            &self.hard,
            self.soft.as_ref(),
            rows,
        )
    }

    fn main_metric(&self) -> Metric {
        match (self.labels.kind(), &self.soft) {
            (TargetKind::MultiLabel, _) => Metric::MicroF1,
            (TargetKind::SingleLabel, Some(_)) if self.model.train_on_soft => Metric::SoftLogLoss,
            (TargetKind::SingleLabel, _) => Metric::Accuracy,
            (TargetKind::Regression, _) => Metric::Rmse,
            (TargetKind::Tags, _) => Metric::EntityF1,
        }
    }

    fn counted(&self, tokens: &Arc<Tokens>) -> Vec<Counted> {
        let limit = tokens.tokenizer.max_tokens();
        let cut = Counted {
            name: CUT_TEXTS,
            count: tokens.texts.cut(),
            words: format!("texts were cut to {limit} tokens (--max-tokens)"),
        };
        let skipped = Counted {
            name: "skipped_rows",
            count: self.corpus.skipped(),
            words: "rows without a text were left out".into(),
        };
        vec![cut, skipped]
    }

    fn save(&self, built: &Built<TextModel>, tokens: &Arc<Tokens>, folder: &Path) -> Result<()> {
        let kind = self.labels.kind();
        save(
            built,
            folder,
            &tokens.tokenizer,
            self.corpus.classes(),
            kind,
        )
    }
}

impl Tokens {
    fn new(tokenizer: Tokenizer, vectors: Option<WordVectors>, corpus: &Corpus) -> Result<Self> {
        let texts = Arc::new(tokenizer.encode(corpus.texts(), corpus.pairs())?);
        Ok(Self {
            tokenizer,
            vectors,
            texts,
        })
    }
}

/// Scores against the labels, and against the soft labels where there are any.
pub fn scores_with_soft(
    model: &TextModel,
    source: &TextSource,
    hard: &Labels,
    soft: Option<&Labels>,
    rows: &[u32],
) -> Result<Scores> {
    let Some(soft) = soft else {
        return Ok(scores(model, source, hard, rows)?);
    };
    let width = hard.outputs();
    let shares = probabilities(
        &logits(model, source, rows)?,
        width,
        TargetKind::SingleLabel,
    );
    let mut all = classification(&shares, &hard.gather(rows), width)?;
    let against_soft = classification(&shares, &soft.gather(rows), width)?;
    for metric in [Metric::SoftLogLoss, Metric::SoftBrier] {
        all.values
            .extend(against_soft.get(metric).map(|value| (metric, value)));
    }
    Ok(all)
}
