//! A vocabulary of words learnt from the training rows, written as a `tokenizer.json` like any other.

use std::collections::HashMap;
use std::path::Path;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tokenizers::{OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer};

use super::tokenizer::Tokenizer;
use crate::error::{Error, Result};

/// The id and the word that fill short rows.
const PAD: &str = "<pad>";

/// The word that stands for all those too rare to have an id of their own.
const UNKNOWN: &str = "<unk>";

/// Texts whose words are counted together: a fixed size, so that the work divides alike at any thread count.
const CHUNK: usize = 512;

/// Which words of the training rows get an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct VocabularySettings {
    /// How often a word must occur. Default: 1.
    pub min_count: usize,
    /// Most words, `<pad>` and `<unk>` included; the most frequent stay. Default: 30,000.
    pub max_words: usize,
}

impl Default for VocabularySettings {
    fn default() -> Self {
        Self {
            min_count: 1,
            max_words: 30_000,
        }
    }
}

impl Tokenizer {
    /// Learns a vocabulary: lower-cased words between white space and punctuation, each punctuation mark and each CJK
    /// character a word of its own. Id 0 is `<pad>`, id 1 is `<unk>`, then words by falling count, equals by text.
    ///
    /// # Errors
    /// [`Error::Setting`] for fewer than three words; [`Error::Data`] where no word is frequent enough.
    pub fn learn<S: AsRef<str> + Sync>(
        texts: &[S],
        settings: &VocabularySettings,
        max_tokens: usize,
    ) -> Result<Self> {
        if settings.max_words < 3 {
            return Err(Error::setting(
                "words of the vocabulary",
                "at least 3",
                settings.max_words,
            ));
        }
        let path = Path::new("vocabulary learnt from the training rows");
        let splitter = tokenizers::Tokenizer::from_bytes(description(&[]))
            .map_err(|e| Error::file(path, e))?;
        let words = frequent(count(&splitter, texts)?, settings);
        if words.is_empty() {
            return Err(Error::Data(format!(
                "no word of the {} training texts occurs {} times",
                texts.len(),
                settings.min_count
            )));
        }
        Self::from_json(description(&words), path, max_tokens)
    }
}

/// The `tokenizer.json` with these words behind `<pad>` and `<unk>`.
fn description(words: &[String]) -> String {
    let vocabulary: Map<String, Value> = [PAD, UNKNOWN]
        .into_iter()
        .chain(words.iter().map(String::as_str))
        .zip(0..)
        .map(|(word, id)| (word.to_owned(), Value::from(id)))
        .collect();
    json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": [],
        "normalizer": {
            "type": "BertNormalizer",
            "clean_text": true,
            "handle_chinese_chars": true,
            "strip_accents": false,
            "lowercase": true
        },
        "pre_tokenizer": { "type": "BertPreTokenizer" },
        "post_processor": null,
        "decoder": null,
        "model": { "type": "WordLevel", "vocab": vocabulary, "unk_token": UNKNOWN }
    })
    .to_string()
}

fn count<S: AsRef<str> + Sync>(
    splitter: &tokenizers::Tokenizer,
    texts: &[S],
) -> Result<HashMap<String, usize>> {
    let chunks = texts
        .par_chunks(CHUNK)
        .map(|chunk| {
            let mut counts = HashMap::new();
            for text in chunk {
                for word in split(splitter, text.as_ref())? {
                    *counts.entry(word).or_insert(0) += 1;
                }
            }
            Ok(counts)
        })
        .collect::<tokenizers::Result<Vec<HashMap<String, usize>>>>()
        .map_err(|e| Error::Data(format!("words cannot be counted: {e}")))?;
    let mut total = HashMap::new();
    for (word, n) in chunks.into_iter().flatten() {
        *total.entry(word).or_insert(0) += n;
    }
    Ok(total)
}

/// The words of a text as the finished tokenizer will see them.
fn split(splitter: &tokenizers::Tokenizer, text: &str) -> tokenizers::Result<Vec<String>> {
    let mut words = PreTokenizedString::from(text);
    if let Some(normalizer) = splitter.get_normalizer() {
        words.normalize(|s| tokenizers::Normalizer::normalize(normalizer, s))?;
    }
    if let Some(pre_tokenizer) = splitter.get_pre_tokenizer() {
        pre_tokenizer.pre_tokenize(&mut words)?;
    }
    Ok(words
        .get_splits(OffsetReferential::Original, OffsetType::None)
        .into_iter()
        .map(|(word, ..)| word.to_owned())
        .collect())
}

fn frequent(counts: HashMap<String, usize>, settings: &VocabularySettings) -> Vec<String> {
    let mut words: Vec<(String, usize)> = counts
        .into_iter()
        .filter(|(word, n)| *n >= settings.min_count && word != PAD && word != UNKNOWN)
        .collect();
    words.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    words.truncate(settings.max_words - 2);
    words.into_iter().map(|(word, _)| word).collect()
}
