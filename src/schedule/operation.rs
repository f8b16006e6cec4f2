//! The operations by name, each with its one number.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::{Error, Result};

/// What is done to a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OperationKind {
    /// Keeps one window of the words: so large a share of them, at least `min_keep`; its place is uniform.
    Crop,
    /// Drops one run of words: this share of them rounded up, 1 to 10 (nlpaug's `crop`; Ma 2019).
    Drop,
    /// Keeps some of the sentences, in their order: so large a share of them, at least one.
    Sentences,
    /// Puts another text behind this one. It takes no number.
    Concat,
    /// Replaces a run of words, this share of them, by a run of another text (after SSMix; Yoon et al. 2021).
    Splice,
    /// Exchanges two words, for this share of the words (EDA; Wei and Zou 2019).
    Swap,
    /// The same with neighbouring words (nlpaug).
    SwapAdjacent,
    /// Deletes each word with this probability (EDA).
    Delete,
    /// Inserts words of the corpus anywhere, this share of the words.
    Insert,
    /// Inserts synonyms of words of the text anywhere (EDA).
    InsertSynonym,
    /// Replaces this share of the words by words of the corpus.
    Substitute,
    /// Replaces words by their synonyms (EDA).
    Synonym,
    /// Replaces words by words whose vectors are near.
    Nearest,
    /// Inserts punctuation before words: a uniform number of marks, from one to this share of the words and one more
    /// (AEDA; Karimi et al. 2021).
    Aeda,
    /// In this share of the words a letter becomes its neighbour on the keyboard.
    Keyboard,
    /// In this share of the words two neighbouring characters change places.
    Transpose,
    /// In this share of the words a character is left out.
    Omit,
    /// This share of the words changes case: lower, upper, first letter upper, or each letter the other case.
    Case,
    /// This share of the words becomes the mask.
    Mask,
}

/// The names as they are written, and the default numbers.
const NAMES: [(OperationKind, &str, f64); 19] = [
    (OperationKind::Crop, "crop", 0.8),
    (OperationKind::Drop, "drop", 0.3),
    (OperationKind::Sentences, "sentences", 0.5),
    (OperationKind::Concat, "concat", 1.0),
    (OperationKind::Splice, "splice", 0.1),
    (OperationKind::Swap, "swap", 0.1),
    (OperationKind::SwapAdjacent, "swap-adjacent", 0.1),
    (OperationKind::Delete, "delete", 0.1),
    (OperationKind::Insert, "insert", 0.1),
    (OperationKind::InsertSynonym, "insert-synonym", 0.1),
    (OperationKind::Substitute, "substitute", 0.1),
    (OperationKind::Synonym, "synonym", 0.1),
    (OperationKind::Nearest, "nearest", 0.1),
    (OperationKind::Aeda, "aeda", 0.3),
    (OperationKind::Keyboard, "keyboard", 0.1),
    (OperationKind::Transpose, "transpose", 0.1),
    (OperationKind::Omit, "omit", 0.1),
    (OperationKind::Case, "case", 0.1),
    (OperationKind::Mask, "mask", 0.1),
];

impl OperationKind {
    /// All kinds there are, in the order in which they are best read.
    pub fn all() -> impl Iterator<Item = Self> {
        NAMES.iter().map(|(kind, ..)| *kind)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        self.entry().1
    }

    /// The number that it takes where none is given.
    pub fn default_rate(self) -> f64 {
        self.entry().2
    }

    /// Whether it takes words from another text.
    pub fn needs_partner(self) -> bool {
        matches!(self, Self::Concat | Self::Splice)
    }

    /// Whether it leaves at least so many words as it is told.
    pub fn keeps_least(self) -> bool {
        matches!(self, Self::Crop | Self::Drop | Self::Delete)
    }

    /// Whether it takes words from a list of the corpus.
    pub fn needs_corpus(self) -> bool {
        matches!(self, Self::Insert | Self::Substitute)
    }

    /// Whether it takes words from a file of synonyms.
    pub fn needs_synonyms(self) -> bool {
        matches!(self, Self::Synonym | Self::InsertSynonym)
    }

    fn entry(self) -> &'static (Self, &'static str, f64) {
        let entry = NAMES.iter().find(|(kind, ..)| *kind == self);
        entry.expect("every kind has its entry, which a test holds")
    }
}

impl fmt::Display for OperationKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A kind and its number. Written `swap`, with its default, or `swap=0.2`.
///
/// ```
/// use candle_mixup::schedule::{Operation, OperationKind};
///
/// let operation: Operation = "delete=0.2".parse()?;
/// assert_eq!((operation.kind, operation.rate), (OperationKind::Delete, 0.2));
/// assert_eq!("swap".parse::<Operation>()?.rate, 0.1);
/// # Ok::<(), candle_mixup::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Operation {
    /// What is done.
    pub kind: OperationKind,
    /// How much: a share or a probability in [0, 1]; with 0 nothing is done, but `crop` and `sentences` keep the least
    /// that they may.
    pub rate: f64,
}

impl Operation {
    /// The operation with this number.
    pub fn new(kind: OperationKind, rate: f64) -> Self {
        Self { kind, rate }
    }

    /// Whether its number lets it change some text.
    pub(super) fn may_change(self) -> bool {
        match self.kind {
            OperationKind::Concat => true,
            OperationKind::Crop | OperationKind::Sentences => self.rate < 1.0,
            _ => self.rate > 0.0,
        }
    }

    /// # Errors
    /// [`Error::Setting`] for a number outside [0, 1].
    pub fn check(self) -> Result<()> {
        if (0.0..=1.0).contains(&self.rate) {
            return Ok(());
        }
        Err(Error::setting(self.kind.name(), "within 0..=1", self.rate))
    }
}

impl From<OperationKind> for Operation {
    fn from(kind: OperationKind) -> Self {
        Self::new(kind, kind.default_rate())
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            OperationKind::Concat => f.write_str(self.kind.name()),
            kind => write!(f, "{kind}={}", self.rate),
        }
    }
}

impl FromStr for Operation {
    type Err = Error;

    fn from_str(written: &str) -> Result<Self> {
        let (name, rate) = match written.split_once('=') {
            Some((name, rate)) => (name, Some(rate)),
            None => (written, None),
        };
        let known = NAMES.iter().find(|(_, known, _)| *known == name);
        let &(kind, _, default) = known.ok_or_else(|| Error::Unknown {
            kind: "operation",
            name: name.into(),
            known: NAMES.iter().map(|(_, name, _)| (*name).into()).collect(),
        })?;
        let rate = match rate {
            None => default,
            Some(_) if kind == OperationKind::Concat => {
                return Err(Error::setting(name, "no number", format!("'{written}'")));
            }
            Some(rate) => rate
                .parse()
                .map_err(|_| Error::setting(name, "a number within 0..=1", format!("'{rate}'")))?,
        };
        let operation = Self { kind, rate };
        operation.check()?;
        Ok(operation)
    }
}

/// Operations that one output undergoes one after the other. Written `delete+aeda=0.1`.
#[derive(Debug, Clone, PartialEq)]
pub struct Chain(pub Vec<Operation>);

impl Chain {
    /// # Errors
    /// [`Error::Setting`] for a number outside [0, 1]; [`Error::Conflict`] for an empty chain and for one that goes on
    /// behind words of another text, which could cut them and make the label's share wrong.
    pub fn check(&self) -> Result<()> {
        self.0.iter().try_for_each(|operation| operation.check())?;
        let Some((_, before)) = self.0.split_last() else {
            return Err(Error::Conflict("a chain of no operations".into()));
        };
        match before
            .iter()
            .find(|operation| operation.kind.needs_partner())
        {
            None => Ok(()),
            Some(operation) => Err(Error::Conflict(format!(
                "'{self}': {} brings words of another text, so nothing may follow it",
                operation.kind
            ))),
        }
    }
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, operation) in self.0.iter().enumerate() {
            write!(f, "{}{operation}", if i > 0 { "+" } else { "" })?;
        }
        Ok(())
    }
}

impl FromStr for Chain {
    type Err = Error;

    fn from_str(written: &str) -> Result<Self> {
        let operations = written.split('+').map(|operation| operation.trim().parse());
        let chain = Self(operations.collect::<Result<_>>()?);
        chain.check()?;
        Ok(chain)
    }
}

impl Serialize for Chain {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Chain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let written = String::deserialize(deserializer)?;
        written.parse().map_err(serde::de::Error::custom)
    }
}
