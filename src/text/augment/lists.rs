//! The words that come in: of a corpus, or in place of given ones.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

use candle_core::{Device, Tensor};
use rayon::prelude::*;

use super::marked::Marked;
use crate::data::{Bytes, Cell, Header, Record, Records, Source, read_error};
use crate::error::{Error, Result};
use crate::text::vectors::WordVectors;
use crate::text::words::{TextSpan, WordFinder};

/// Texts whose words are collected together.
const CHUNK: usize = 512;

/// Words whose neighbours are sought together.
const BLOCK: usize = 256;

/// Distinct words, in order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WordList(Vec<Box<str>>);

/// Gathers the distinct words of texts, in lower case, one text at a time.
#[derive(Debug, Default)]
pub struct WordGatherer {
    finder: WordFinder,
    spans: Vec<TextSpan>,
    word: String,
    words: BTreeSet<Box<str>>,
}

impl WordGatherer {
    /// Adds the words of a text, those left out that one of its marks touches: names would come in without their label.
    pub fn add(&mut self, text: &Marked<'_>) {
        let Marked {
            text,
            marks,
            spaced,
            ..
        } = *text;
        match spaced {
            true => self.finder.spaced_words(text, &mut self.spans),
            false => self.finder.words(text, &mut self.spans),
        }
        let mut marks = marks.to_vec();
        marks.sort_unstable();
        let mut marks = marks.into_iter().peekable();
        for span in &self.spans {
            while marks.next_if(|mark| mark.end <= span.start).is_some() {}
            if marks.peek().is_some_and(|mark| mark.start < span.end) {
                continue;
            }
            lower(span.of(text), &mut self.word);
            if !self.words.contains(self.word.as_str()) {
                self.words.insert(self.word.as_str().into());
            }
        }
    }

    /// The words gathered.
    pub fn list(self) -> WordList {
        WordList(self.words.into_iter().collect())
    }
}

impl WordList {
    /// The distinct words of texts, in lower case.
    pub fn of<S: AsRef<str> + Sync>(texts: &[S]) -> Self {
        let words = |chunk: &[S]| {
            let mut gatherer = WordGatherer::default();
            chunk
                .iter()
                .for_each(|text| gatherer.add(&Marked::plain(text.as_ref())));
            gatherer.words
        };
        let all = texts.par_chunks(CHUNK).map(words);
        let all = all.reduce(BTreeSet::new, |mut a, mut b| {
            a.append(&mut b);
            a
        });
        Self(all.into_iter().collect())
    }

    /// Number of words.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no word.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The word number `i`, from 0.
    ///
    /// # Panics
    /// If there is none.
    pub fn word(&self, i: usize) -> &str {
        &self.0[i]
    }

    /// All words, in order.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|word| &**word)
    }
}

/// For a word, others that may take its place: synonyms, or words with vectors nearby.
///
/// A word is looked up in lower case, is never its own alternative, and is looked up once only: lists that lead back to
/// where they began lead nowhere else.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Alternatives(HashMap<Box<str>, Vec<Box<str>>>);

impl Alternatives {
    /// Alternatives from a word and the others, repeats and the word itself left out.
    pub fn new<'a>(entries: impl IntoIterator<Item = (&'a str, Vec<&'a str>)>) -> Self {
        let mut all: BTreeMap<String, Vec<Box<str>>> = BTreeMap::new();
        for (word, others) in entries {
            let key = word.trim().to_lowercase();
            let of = all.entry(key.clone()).or_default();
            for other in others.iter().map(|other| other.trim()) {
                let known = of.iter().any(|known| **known == *other);
                if !other.is_empty() && other.to_lowercase() != key && !known {
                    of.push(other.into());
                }
            }
        }
        let some = all.into_iter().filter(|(_, others)| !others.is_empty());
        Self(
            some.map(|(word, others)| (word.into_boxed_str(), others))
                .collect(),
        )
    }

    /// Reads a file of synonyms: a word and its synonyms a line, with tabs between them, or commas in a .csv file; or
    /// jsonl with `word` and `synonyms`. Each may be packed with gzip.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Utf8`]; [`Error::Cell`] for a line without a word or without synonyms; [`Error::File`]
    /// where no word has one.
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let source = Source::File(path.into());
        let entries = match delimiter(&source) {
            Some(delimiter) => delimited(path, delimiter, source.reader()?)?,
            None => json_lines(&source)?,
        };
        let entries = entries.iter();
        let all =
            Self::new(entries.map(|(word, others)| {
                (word.as_str(), others.iter().map(String::as_str).collect())
            }));
        if all.0.is_empty() {
            return Err(Error::file(path, "holds no word with a synonym"));
        }
        Ok(all)
    }

    /// The `k` words of a list with the nearest vectors (by their cosine, equals by the list's order) for each of its
    /// words that has a vector; `vectors` are of the list's words, numbered from 0.
    ///
    /// # Errors
    /// [`Error::Setting`] for `k` 0; Candle's.
    pub fn nearest(list: &WordList, vectors: &WordVectors, k: usize) -> Result<Self> {
        if k == 0 {
            return Err(Error::setting("neighbours", "at least 1", k));
        }
        let (mut ids, mut unit) = (Vec::new(), Vec::new());
        for (id, vector) in vectors.by_word() {
            let norm = vector
                .iter()
                .map(|x| f64::from(*x).powi(2))
                .sum::<f64>()
                .sqrt();
            if norm > 0.0 {
                ids.push(id);
                unit.extend(vector.iter().map(|x| (f64::from(*x) / norm) as f32));
            }
        }
        let all = Tensor::from_vec(unit, (ids.len(), vectors.width()), &Device::Cpu)?;
        let across = all.t()?.contiguous()?;
        let mut entries = Vec::with_capacity(ids.len());
        for start in (0..ids.len()).step_by(BLOCK) {
            let rows = BLOCK.min(ids.len() - start);
            let cosines = all
                .narrow(0, start, rows)?
                .matmul(&across)?
                .to_vec2::<f32>()?;
            let nearest = cosines
                .par_iter()
                .enumerate()
                .map(|(i, of)| best(of, start + i, k));
            for (i, near) in nearest.collect::<Vec<_>>().into_iter().enumerate() {
                let word = |j: usize| list.word(ids[j] as usize);
                entries.push((word(start + i), near.into_iter().map(word).collect()));
            }
        }
        Ok(Self::new(entries))
    }

    /// Words that have alternatives.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether no word has any.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many of its words are several, or none that a text would have: they are never found.
    pub fn never_found(&self) -> usize {
        let (finder, mut spans) = (WordFinder::new(), Vec::new());
        let words = self.0.keys();
        words
            .filter(|word| !finder.is_word(word, &mut spans))
            .count()
    }

    /// The alternatives of a word; `key` is memory to look it up by.
    pub(super) fn of(&self, word: &str, key: &mut String) -> Option<&[Box<str>]> {
        lower(word, key);
        self.0.get(key.as_str()).map(Vec::as_slice)
    }
}

/// The places of the `k` largest numbers but the one at `own`, largest first, equals in order.
fn best(of: &[f32], own: usize, k: usize) -> Vec<usize> {
    let mut places: Vec<usize> = (0..of.len()).filter(|&i| i != own).collect();
    let order = |a: &usize, b: &usize| of[*b].total_cmp(&of[*a]).then(a.cmp(b));
    if places.len() > k {
        places.select_nth_unstable_by(k, order);
        places.truncate(k);
    }
    places.sort_unstable_by(order);
    places
}

/// Replaces what is in `out` by the word in lower case.
fn lower(word: &str, out: &mut String) {
    out.clear();
    out.extend(word.chars().flat_map(char::to_lowercase));
}

/// A word and its synonyms.
type Entry = (String, Vec<String>);

/// What separates the cells of a file with this name; `None` for jsonl.
fn delimiter(source: &Source) -> Option<u8> {
    let name = source.path().to_string_lossy().to_lowercase();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    match name.rsplit('.').next() {
        Some("jsonl" | "ndjson") => None,
        Some("csv") => Some(b','),
        _ => Some(b'\t'),
    }
}

fn delimited(path: &Path, delimiter: u8, bytes: Bytes) -> Result<Vec<Entry>> {
    let mut lines = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(bytes);
    let mut entries = Vec::new();
    for record in lines.records() {
        let record = record.map_err(|e| match e.into_kind() {
            csv::ErrorKind::Io(e) => read_error(path, e),
            other => Error::file(path, format!("{other:?}")),
        })?;
        let line = record.position().map_or(0, csv::Position::line);
        let mut cells = record.iter().map(str::to_owned);
        let word = cells.next().unwrap_or_default();
        entries.push(entry(path, line, word, cells.collect())?);
    }
    Ok(entries)
}

fn json_lines(source: &Source) -> Result<Vec<Entry>> {
    let path = source.path();
    let records = Records::open(source, Header::First)?;
    let (word, others) = (records.find("word")?, records.find("synonyms")?);
    let entry_of = |record: Record| {
        let shown = record.cells[word].shown();
        let word = match &record.cells[word] {
            Cell::Text(word) => word.clone(),
            _ => return Err(refused(&path, record.line, shown)),
        };
        let others = match &record.cells[others] {
            Cell::Text(text) => vec![text.clone()],
            Cell::List(items) => items.clone(),
            other => return Err(refused(&path, record.line, other.shown())),
        };
        entry(&path, record.line, word, others)
    };
    records.map(|record| record.and_then(entry_of)).collect()
}

fn entry(path: &Path, line: u64, word: String, others: Vec<String>) -> Result<Entry> {
    if word.trim().is_empty() || others.is_empty() {
        return Err(refused(path, line, word));
    }
    let breaks = |word: &&String| word.trim().contains(['\n', '\r']);
    if let Some(broken) = others.iter().find(breaks) {
        return Err(Error::Cell {
            path: path.into(),
            line,
            column: None,
            expected: "synonyms without a line end in them".into(),
            value: broken.clone(),
        });
    }
    Ok((word, others))
}

fn refused(path: &Path, line: u64, value: String) -> Error {
    Error::Cell {
        path: path.into(),
        line,
        column: None,
        expected: "a word and at least one synonym".into(),
        value,
    }
}

/// What operations take words from. Those that nothing is given for are refused by [`AugmentSettings::check`].
///
/// [`AugmentSettings::check`]: super::AugmentSettings::check
#[derive(Debug, Clone, Default)]
pub struct Lists {
    /// For `insert` and `substitute`.
    pub corpus: Option<Arc<WordList>>,
    /// For `synonym` and `insert-synonym`.
    pub synonyms: Option<Arc<Alternatives>>,
    /// For `nearest`.
    pub nearest: Option<Arc<Alternatives>>,
}
