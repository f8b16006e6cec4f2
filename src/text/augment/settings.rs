//! What is done to texts: plain data, checked once.

use std::collections::HashSet;

use regex::Regex;
use serde::{Deserialize, Serialize};

use super::augmenter::Augmenter;
use super::lists::Lists;
use crate::error::{Error, Result};
use crate::schedule::{Chain, OperationKind};
use crate::text::words::{WordFinder, is_spaceless};

/// Which operations texts undergo, and what they leave alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AugmentSettings {
    /// The chains that outputs take in turn; default `swap`, `delete`, `crop` and `aeda`.
    pub ops: Vec<Chain>,
    /// Words that `crop`, `drop` and `delete` leave at least; default 1.
    pub min_keep: usize,
    /// What `mask` writes; default `[MASK]`.
    pub mask: String,
    /// What `concat` writes between two texts; default a space.
    pub separator: String,
    /// Most words that `concat` makes; default no limit.
    pub max_words: Option<usize>,
    /// Regular expressions whose matches stay as they are.
    pub protect: Vec<String>,
    /// Words that stay as they are, in any case; several words, or signs such as those of `C++`, stay where they stand
    /// together.
    pub protect_words: Vec<String>,
}

impl Default for AugmentSettings {
    fn default() -> Self {
        let ops = [
            OperationKind::Swap,
            OperationKind::Delete,
            OperationKind::Crop,
            OperationKind::Aeda,
        ];
        Self {
            ops: ops.map(|kind| Chain(vec![kind.into()])).to_vec(),
            min_keep: 1,
            mask: "[MASK]".into(),
            separator: " ".into(),
            max_words: None,
            protect: Vec::new(),
            protect_words: Vec::new(),
        }
    }
}

impl AugmentSettings {
    /// Checks the settings; past it they cannot fail.
    ///
    /// # Errors
    /// [`Error::Setting`] for a number out of its range, a mask that is no word, or a regular expression that is none; [`Error::Conflict`] for
    /// no operation, a chain that goes on behind another text's words, and one whose words no list gives.
    pub fn check(self, lists: Lists) -> Result<Augmenter> {
        if self.ops.is_empty() {
            return Err(Error::Conflict("no operation to change texts by".into()));
        }
        self.ops.iter().try_for_each(Chain::check)?;
        if self.min_keep == 0 {
            return Err(Error::setting("min keep", "at least 1", 0));
        }
        if self.mask.trim().is_empty() {
            return Err(Error::setting("mask", "a word", format!("{:?}", self.mask)));
        }
        if let Some(words @ 0..2) = self.max_words {
            return Err(Error::setting("max words", "at least 2", words));
        }
        self.check_lists(&lists)?;
        let compile = |pattern: &String| {
            let compiled = Regex::new(pattern);
            compiled.map_err(|e| {
                let problem = e.to_string();
                let last = problem.lines().last().unwrap_or_default().to_owned();
                Error::setting(
                    "protect",
                    format!("a regular expression ({last})"),
                    format!("'{pattern}'"),
                )
            })
        };
        let mut patterns = self
            .protect
            .iter()
            .map(compile)
            .collect::<Result<Vec<_>>>()?;
        let (finder, mut spans) = (WordFinder::new(), Vec::new());
        let given = self.protect_words.iter().map(|word| word.trim());
        let (words, mut phrases): (Vec<&str>, Vec<&str>) = given
            .filter(|word| !word.is_empty())
            .partition(|word| finder.is_word(word, &mut spans));
        // The longest first: of two that begin alike the longer one stays.
        phrases.sort_by_key(|phrase| std::cmp::Reverse(phrase.len()));
        if !phrases.is_empty() {
            let any: Vec<String> = phrases.into_iter().map(phrase_pattern).collect();
            let all = Regex::new(&format!("(?i)(?:{})", any.join("|")));
            let all = all.map_err(|e| Error::Data(format!("words to protect: {e}")))?;
            patterns.push(all);
        }
        let words: HashSet<String> = words.into_iter().map(str::to_lowercase).collect();
        Ok(Augmenter {
            finder,
            settings: self,
            lists,
            patterns,
            words,
        })
    }

    /// Whether an operation takes words from another text.
    pub fn needs_partner(&self) -> bool {
        self.any(OperationKind::needs_partner)
    }

    /// Whether an operation takes words of the corpus.
    pub fn needs_corpus(&self) -> bool {
        self.any(OperationKind::needs_corpus)
    }

    /// Whether an operation takes synonyms.
    pub fn needs_synonyms(&self) -> bool {
        self.any(OperationKind::needs_synonyms)
    }

    /// Whether an operation takes words by their vectors.
    pub fn needs_vectors(&self) -> bool {
        self.any(|kind| kind == OperationKind::Nearest)
    }

    fn any(&self, holds: impl Fn(OperationKind) -> bool) -> bool {
        self.ops
            .iter()
            .flat_map(|chain| &chain.0)
            .any(|operation| holds(operation.kind))
    }

    fn check_lists(&self, lists: &Lists) -> Result<()> {
        let lacks = [
            (
                self.needs_corpus() && lists.corpus.is_none(),
                "insert and substitute take words of a corpus",
            ),
            (
                self.needs_synonyms() && lists.synonyms.is_none(),
                "synonym and insert-synonym need a file of synonyms",
            ),
            (
                self.needs_vectors() && lists.nearest.is_none(),
                "nearest needs word vectors",
            ),
        ];
        match lacks.iter().find(|(lacks, _)| *lacks) {
            Some((_, problem)) => Err(Error::Conflict(format!("{problem}, and none is given"))),
            None => Ok(()),
        }
    }
}

/// A pattern for a phrase that stands by itself, with any white space where it has some.
fn phrase_pattern(phrase: &str) -> String {
    let joins = |c: char| (c.is_alphanumeric() || c == '_') && !is_spaceless(c);
    let edge = |c: Option<char>| if c.is_some_and(joins) { r"\b" } else { "" };
    let words: Vec<String> = phrase.split_whitespace().map(regex::escape).collect();
    let (first, last) = (phrase.chars().next(), phrase.chars().next_back());
    format!("{}{}{}", edge(first), words.join(r"\s+"), edge(last))
}
