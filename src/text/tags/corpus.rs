//! Tagged sentences, wholly in memory, for training and scoring.

use std::collections::BTreeSet;

use super::columns::{TagColumns, TagFormat};
use super::rows::TaggedRows;
use super::sentence::Sentence;
use super::tag_set::TagSet;
use crate::data::{Fingerprint, Source};
use crate::error::{Error, Result};

/// Sentences with a numbered tag for each word.
///
/// ```
/// use candle_mixup::data::Source;
/// use candle_mixup::text::{TagColumns, TaggedCorpus};
///
/// let corpus = TaggedCorpus::read(&Source::parse("@requests")?, &TagColumns::default(), None)?;
/// assert_eq!((corpus.len(), corpus.tags().types().len()), (1500, 5));
/// # Ok::<(), candle_mixup::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct TaggedCorpus {
    sentences: Vec<Tagged>,
    tags: TagSet,
    began_inside: usize,
}

/// A sentence and its tags by number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tagged {
    /// The sentence.
    pub sentence: Sentence,
    /// The tag of each word, of those that the corpus's [`TagSet`] numbers. An entity always begins with B.
    pub tags: Vec<u32>,
}

impl TaggedCorpus {
    /// Reads every sentence of `source`. `known` are the tags of the training rows when a second file is read; `None`
    /// learns them.
    ///
    /// # Errors
    /// Those of [`TaggedRows`], [`Error::Cell`] for a line, a tag or a span that cannot be read or is of an unknown type,
    /// [`Error::File`] where there is no sentence, [`Error::Data`] where no word of the training rows has a tag.
    pub fn read(source: &Source, columns: &TagColumns, known: Option<&TagSet>) -> Result<Self> {
        let rows = TaggedRows::open(source, columns, true)?;
        let path = rows.path().to_path_buf();
        let by_line = TagFormat::of(source)? == TagFormat::Columns;
        let read = rows.collect::<Result<Vec<Sentence>>>()?;
        if read.is_empty() {
            return Err(Error::file(&path, "has no sentences"));
        }
        let tags = known.cloned().unwrap_or_else(|| learn(&read));
        if tags.is_empty() {
            let problem = format!("{}: no word has a tag other than O", path.display());
            return Err(Error::Data(problem));
        }
        let mut corpus = Self {
            sentences: Vec::with_capacity(read.len()),
            tags,
            began_inside: 0,
        };
        for sentence in read {
            let (numbers, began) = corpus.tags.number(&sentence.tags).map_err(|place| {
                let kind = sentence.tags[place].kind().unwrap_or_default();
                Error::Cell {
                    path: path.clone(),
                    line: sentence.line + if by_line { place as u64 } else { 0 },
                    column: None,
                    expected: format!("entities of the types {}", corpus.tags.types().join(", ")),
                    value: kind.into(),
                }
            })?;
            corpus.began_inside += began;
            corpus.sentences.push(Tagged {
                sentence,
                tags: numbers,
            });
        }
        Ok(corpus)
    }

    /// Number of sentences.
    pub fn len(&self) -> usize {
        self.sentences.len()
    }

    /// Whether there is no sentence.
    pub fn is_empty(&self) -> bool {
        self.sentences.is_empty()
    }

    /// The sentences.
    pub fn sentences(&self) -> &[Tagged] {
        &self.sentences
    }

    /// The tags.
    pub fn tags(&self) -> &TagSet {
        &self.tags
    }

    /// How many tags I-TYPE stood behind O or another type, and were read as B-TYPE, as conlleval reads them.
    pub fn began_inside(&self) -> usize {
        self.began_inside
    }

    /// Adds the sentences of another file, read with this one's tags; gives their numbers.
    ///
    /// # Errors
    /// [`Error::Data`] where the tags differ.
    pub fn append(&mut self, other: Self) -> Result<Vec<u32>> {
        if self.tags != other.tags {
            return Err(Error::Data(
                "only one of the two files has these tags".into(),
            ));
        }
        let rows = self.len() as u32..(self.len() + other.len()) as u32;
        self.sentences.extend(other.sentences);
        self.began_inside += other.began_inside;
        Ok(rows.collect())
    }

    /// A hash of texts, words and tags, 32 hexadecimal digits: equal content has an equal fingerprint on every machine.
    pub fn fingerprint(&self) -> String {
        let mut hash = Fingerprint::new();
        hash.texts(&self.tags.names());
        for Tagged { sentence, tags } in &self.sentences {
            hash.text(&sentence.text);
            hash.words(
                sentence
                    .words
                    .iter()
                    .map(|w| (w.start as u64) << 32 | w.end as u64),
            );
            hash.words(tags.iter().map(|&tag| u64::from(tag)));
        }
        hash.hex()
    }
}

fn learn(sentences: &[Sentence]) -> TagSet {
    let kinds = sentences
        .iter()
        .flat_map(|s| s.tags.iter().filter_map(|t| t.kind()));
    let kinds: BTreeSet<&str> = kinds.collect();
    TagSet::new(kinds.into_iter().map(String::from))
}
