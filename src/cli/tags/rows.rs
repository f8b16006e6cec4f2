//! Reading the sentences of a task, setting its test sentences aside, and encoding them.

use std::sync::LazyLock;

use anyhow::Result;
use candle_mixup::Error;
use candle_mixup::data::Source;
use candle_mixup::split::{Split, Strata};
use candle_mixup::text::{EncodedWords, TagSet, Tagged, TaggedCorpus, Tokenizer};
use candle_mixup::train::{Labels, TaggedRow, TaggedWord};

use super::settings::TagData;
use crate::cli::settings::HeldOut;
use crate::cli::splits::Splitter;

/// Sentences read and split: what `evaluate` draws again.
pub struct SplitSentences {
    pub corpus: TaggedCorpus,
    pub test: Vec<u32>,
    /// Sentences that training and validation sentences are drawn from.
    pub pool: Vec<u32>,
    /// Those of a validation file.
    pub validation: Option<Vec<u32>>,
}

impl SplitSentences {
    /// Reads the sentences and sets the test sentences aside.
    pub fn read(settings: &TagData) -> Result<Self> {
        let source = Source::parse(&settings.data)?;
        let mut corpus = TaggedCorpus::read(&source, &settings.columns, None)?;
        let own = test_split(&corpus, &source, &settings.test)?;
        let mut append = |held_out: &HeldOut| -> Result<Option<Vec<u32>>> {
            let HeldOut::File(file) = held_out else {
                return Ok(None);
            };
            let tags = corpus.tags().clone();
            let more = TaggedCorpus::read(&Source::parse(file)?, &settings.columns, Some(&tags))?;
            Ok(Some(corpus.append(more)?))
        };
        let test = append(&settings.test)?;
        let validation = append(&settings.validation)?;
        Ok(Self {
            corpus,
            test: test.unwrap_or(own.held_out),
            pool: own.rest,
            validation,
        })
    }
}

/// The test sentences: those that a shipped set sets aside itself, or a share drawn from seed 0; none where they come from
/// another file.
fn test_split(corpus: &TaggedCorpus, source: &Source, test: &HeldOut) -> Result<Split> {
    let rows: Vec<u32> = (0..corpus.len() as u32).collect();
    let own = match source {
        Source::Shipped(set) => set.held_out,
        Source::File(_) => None,
    };
    match (test, own) {
        (HeldOut::Default, Some(last)) => {
            let (rest, held_out) = rows.split_at(rows.len() - last);
            Ok(Split {
                held_out: held_out.to_vec(),
                rest: rest.to_vec(),
            })
        }
        (HeldOut::File(_), _) => alike(&[]).test(rows, test),
        _ if rows.len() < 2 => {
            let problem =
                "one sentence, and a split into training and test sentences needs at least 2";
            Err(Error::file(source.path(), problem).into())
        }
        _ => alike(&vec![0; rows.len()]).test(rows, test),
    }
}

/// What errors of splits call the one kind that there is.
static SENTENCE: LazyLock<[String; 1]> = LazyLock::new(|| ["sentence".into()]);

/// Sentences are all of one kind.
pub fn alike(kinds: &[u32]) -> Splitter<'_> {
    Splitter::of(Strata {
        classes: kinds,
        names: SENTENCE.as_slice(),
    })
}

/// Sentences as tokens, and their tags as the targets of those.
pub fn encode(
    sentences: &[&Tagged],
    tokenizer: &Tokenizer,
    tags: &TagSet,
) -> Result<(EncodedWords, Labels)> {
    let texts: Vec<&str> = sentences.iter().map(|s| s.sentence.text.as_str()).collect();
    let words: Vec<_> = sentences
        .iter()
        .map(|s| s.sentence.words.as_slice())
        .collect();
    let encoded = tokenizer.encode_words(&texts, &words)?;
    let rows = sentences.iter().zip(&encoded.pieces).enumerate();
    let rows = rows.map(|(row, (sentence, pieces))| TaggedRow {
        tokens: encoded.texts.ids(row).len(),
        words: sentence
            .tags
            .iter()
            .zip(pieces)
            .map(|(&tag, tokens)| TaggedWord {
                tag,
                tokens: tokens.clone(),
            })
            .collect(),
    });
    let labels = Labels::tagged(rows.collect(), tags.len())?;
    Ok((encoded, labels))
}
