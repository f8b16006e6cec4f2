//! Why an output is the text as it was.

use std::fmt;

/// Why an operation left a text as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Unchanged {
    /// The text holds no word.
    NoWords,
    /// The operation needs more words, or sentences, than there are.
    TooShort,
    /// All that could be changed is protected.
    Protected,
    /// There is no other text to take words from.
    NoPartner,
    /// The other text has too few words.
    PartnerTooShort,
    /// No word stands where something may come in before it.
    NoPlace,
    /// No word of the text has a replacement, or can be misspelt.
    NoCandidate,
    /// Changes were possible; none was drawn, or those drawn give the same text.
    NothingDrawn,
}

impl Unchanged {
    /// All reasons there are.
    pub const ALL: [Self; 8] = [
        Self::NoWords,
        Self::TooShort,
        Self::Protected,
        Self::NoPartner,
        Self::PartnerTooShort,
        Self::NoPlace,
        Self::NoCandidate,
        Self::NothingDrawn,
    ];
}

impl fmt::Display for Unchanged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::NoWords => "no words",
            Self::TooShort => "too short",
            Self::Protected => "protected",
            Self::NoPartner => "no partner",
            Self::PartnerTooShort => "partner too short",
            Self::NoPlace => "no place before a word",
            Self::NoCandidate => "no word it could change",
            Self::NothingDrawn => "nothing drawn",
        })
    }
}
