//! A `tokenizer.json` and the rules by which texts become ids: cut to a length, counted, in parallel, and the same ids
//! at any thread count.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use tokenizers::{
    Encoding, PostProcessor, TruncationDirection, TruncationParams, truncate_encodings,
};

use super::encoded::{EncodedTexts, Row};
use crate::error::{Error, Result};

/// Default cut: tokens of a row, special ones included.
pub const MAX_TOKENS: usize = 128;

/// Of a long text only so many characters a token are looked at first; more where they do not give enough tokens.
const CHARACTERS_PER_TOKEN: usize = 16;

/// Tokens beyond the cut that a shortened text must give before it is trusted: its own end may split otherwise.
const MARGIN: usize = 16;

/// Whether it is wanted where in a text its tokens stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Places {
    Dropped,
    Kept,
}

/// A tokenizer of the `tokenizers` crate with its own padding and truncation switched off.
#[derive(Clone)]
pub struct Tokenizer {
    inner: tokenizers::Tokenizer,
    path: PathBuf,
    json: String,
    max_tokens: usize,
    pad: u32,
    unknown: Option<u32>,
}

impl Tokenizer {
    /// Reads a `tokenizer.json`. `max_tokens` is the longest row, special tokens included: [`MAX_TOKENS`] where nothing
    /// else is asked for, and no more than the model's positions.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::File`] for a broken file, [`Error::Setting`] where `max_tokens` leaves no room for a
    /// text between the special tokens.
    pub fn open(path: impl AsRef<Path>, max_tokens: usize) -> Result<Self> {
        let path = path.as_ref();
        let json = fs::read_to_string(path).map_err(|e| match e.kind() {
            std::io::ErrorKind::InvalidData => Error::file(path, "is not UTF-8"),
            _ => Error::io(path)(e),
        })?;
        Self::from_json(json, path, max_tokens)
    }

    /// The same from the text of a `tokenizer.json`; `path` is for messages.
    ///
    /// # Errors
    /// As [`Tokenizer::open`].
    pub fn from_json(json: String, path: impl AsRef<Path>, max_tokens: usize) -> Result<Self> {
        let path = path.as_ref();
        let broken = |e| Error::file(path, format!("not a tokenizer that can be read: {e}"));
        let mut inner = tokenizers::Tokenizer::from_bytes(&json).map_err(broken)?;
        inner.with_padding(None);
        inner.with_truncation(None).map_err(broken)?;
        let known = |names: [&str; 3]| names.iter().find_map(|t| inner.token_to_id(t));
        let pad = known(["[PAD]", "<pad>", "<PAD>"]).unwrap_or(0);
        let unknown = known(["[UNK]", "<unk>", "<UNK>"]);
        let tokenizer = Self {
            inner,
            path: path.into(),
            json,
            max_tokens,
            pad,
            unknown,
        };
        let least = tokenizer.special_tokens(true) + 2;
        if max_tokens < least {
            return Err(Error::setting(
                "max tokens",
                format!("at least {least} with this tokenizer"),
                max_tokens,
            ));
        }
        Ok(tokenizer)
    }

    /// The text of the `tokenizer.json`, to be saved beside a model.
    pub fn json(&self) -> &str {
        &self.json
    }

    /// The longest row, special tokens included.
    pub fn max_tokens(&self) -> usize {
        self.max_tokens
    }

    /// The same cut to a model's positions where they are fewer.
    ///
    /// # Errors
    /// [`Error::Setting`] where so few positions leave no room for a text.
    pub fn clipped(self, positions: usize) -> Result<Self> {
        let max_tokens = self.max_tokens.min(positions);
        Self::from_json(self.json, self.path, max_tokens)
    }

    /// The id that fills a row up to the longest of its batch; the mask hides it.
    pub fn pad(&self) -> u32 {
        self.pad
    }

    /// The words of the vocabulary by id, added tokens included.
    pub fn words(&self) -> Vec<(String, u32)> {
        let mut words: Vec<_> = self.inner.get_vocab(true).into_iter().collect();
        words.sort_by(|a, b| (a.1, &a.0).cmp(&(b.1, &b.0)));
        words
    }

    /// Refuses a vocabulary that reaches past the rows of the model's embedding: better before training than at the
    /// first text that has such a token.
    ///
    /// # Errors
    /// [`Error::File`] naming the token, its id and the rows.
    pub fn check_embedding(&self, rows: usize) -> Result<()> {
        match self.words().last() {
            Some((word, id)) if *id as usize >= rows => Err(Error::file(
                &self.path,
                format!(
                    "the token '{word}' has id {id}, but the model's embedding has only {rows} rows: the two do not belong together"
                ),
            )),
            _ => Ok(()),
        }
    }

    /// Texts as ids. `pairs` are the second texts, one for each text.
    ///
    /// # Errors
    /// [`Error::Shape`] where there are more or fewer pairs than texts; [`Error::Data`] naming the row that the
    /// tokenizer cannot take.
    pub fn encode<S: AsRef<str> + Sync>(
        &self,
        texts: &[S],
        pairs: Option<&[S]>,
    ) -> Result<EncodedTexts> {
        if let Some(pairs) = pairs.filter(|p| p.len() != texts.len()) {
            return Err(Error::Shape {
                what: "second texts".into(),
                expected: texts.len().to_string(),
                got: pairs.len().to_string(),
            });
        }
        let rows = (0..texts.len())
            .into_par_iter()
            .map(|r| {
                self.encode_row(texts[r].as_ref(), pairs.map(|p| p[r].as_ref()))
                    .map_err(|e| not_taken(r, &e))
            })
            .collect::<Result<Vec<_>>>()?;
        Ok(EncodedTexts::new(rows, self.pad()))
    }

    fn encode_row(&self, text: &str, pair: Option<&str>) -> tokenizers::Result<Row> {
        let room = self.max_tokens - self.special_tokens(pair.is_some());
        let first = self.encode_start(text, room, Places::Dropped)?;
        let second = pair.map(|p| self.encode_start(p, room, Places::Dropped));
        self.finish(first, second.transpose()?, room)
            .map(|(row, _)| row)
    }

    /// A text by itself, and where in it each token stands, in bytes; special tokens stand nowhere.
    pub(super) fn encode_with_places(
        &self,
        text: &str,
    ) -> tokenizers::Result<(Row, Vec<Range<usize>>)> {
        let room = self.max_tokens - self.special_tokens(false);
        let (row, places) =
            self.finish(self.encode_start(text, room, Places::Kept)?, None, room)?;
        let places = places.into_iter().map(|(start, end)| start..end);
        Ok((row, places.collect()))
    }

    /// Cuts to `room` tokens and adds the special ones; also the offsets of the tokens.
    fn finish(
        &self,
        first: Encoding,
        second: Option<Encoding>,
        room: usize,
    ) -> tokenizers::Result<(Row, Vec<(usize, usize)>)> {
        let cut = first.len() + second.as_ref().map_or(0, Encoding::len) > room;
        let params = TruncationParams {
            max_length: room,
            direction: TruncationDirection::Right,
            ..TruncationParams::default() // the longest first, as Hugging Face does
        };
        let (first, second) = truncate_encodings(first, second, &params)?;
        let mut texts = vec![first.len()];
        texts.extend(second.as_ref().map(Encoding::len));
        let whole = self.inner.post_process(first, second, true)?;
        let mut row = Row {
            ids: whole.get_ids().to_vec(),
            types: whole.get_type_ids().iter().map(|&t| t as u8).collect(),
            stretches: stretches(&texts, whole.get_special_tokens_mask()),
            cut,
        };
        if row.ids.is_empty() {
            // a text without a single word is one unknown word, so that no row is empty
            row.ids.push(self.unknown.unwrap_or(self.pad));
            row.types.push(0);
            row.stretches[0] = 0..1;
            return Ok((row, vec![(0, 0)]));
        }
        Ok((row, whole.get_offsets().to_vec()))
    }

    /// The tokens of a text, or, if it has more than `room`, of a beginning that surely has more than `room` too: the
    /// work for a text of any length is bounded by the cut and not by the text.
    fn encode_start(
        &self,
        text: &str,
        room: usize,
        places: Places,
    ) -> tokenizers::Result<Encoding> {
        let mut characters = CHARACTERS_PER_TOKEN * (room + MARGIN);
        loop {
            let end = text
                .char_indices()
                .nth(characters)
                .map_or(text.len(), |(i, _)| i);
            let encoding = match places {
                Places::Dropped => self.inner.encode_fast(&text[..end], false)?,
                Places::Kept => self.inner.encode(&text[..end], false)?,
            };
            if end == text.len() || encoding.len() >= room + MARGIN {
                return Ok(encoding);
            }
            characters *= 4;
        }
    }

    fn special_tokens(&self, pair: bool) -> usize {
        self.inner
            .get_post_processor()
            .map_or(0, |p| p.added_tokens(pair))
    }
}

/// Where texts of so many tokens stand among those that the tokenizer has put around and between them; empty for a text
/// that it has taken apart.
fn stretches(texts: &[usize], special: &[u32]) -> Vec<Range<usize>> {
    let mut words = (0..special.len()).filter(|&place| special[place] == 0);
    let stretch = |&tokens: &usize| {
        let places: Vec<usize> = words.by_ref().take(tokens).collect();
        match (places.first(), places.last()) {
            (Some(&first), Some(&last)) if last + 1 - first == tokens => first..last + 1,
            _ => 0..0,
        }
    };
    texts.iter().map(stretch).collect()
}

impl std::fmt::Debug for Tokenizer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokenizer")
            .field("path", &self.path)
            .field("max_tokens", &self.max_tokens)
            .finish_non_exhaustive()
    }
}

/// A text that the tokenizer cannot take.
pub(super) fn not_taken(row: usize, e: &tokenizers::Error) -> Error {
    Error::Data(format!("text {}: {e}", row + 1))
}
