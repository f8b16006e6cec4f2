//! A sentence as it was read.

use std::ops::Range;

/// A sentence: its text, its words and, where they were read, their tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    /// The line on which it starts, from 1.
    pub line: u64,
    /// The text; of a file of columns the words with a space between them.
    pub text: String,
    /// Where in the text each word stands, in bytes and in order.
    pub words: Vec<Range<usize>>,
    /// The tag of each word; empty where none was read.
    pub tags: Vec<Tag>,
}

impl Sentence {
    /// The words.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.words.iter().map(|range| &self.text[range.clone()])
    }
}

/// A tag, with the name of its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tag {
    /// No entity.
    O,
    /// The first word of an entity.
    B(String),
    /// A further word of one; behind O or another type it begins one all the same.
    I(String),
}

impl Tag {
    /// What a tag in a file must be, for messages.
    pub(super) const EXPECTED: &'static str =
        "a tag: O, B-TYPE or I-TYPE (E- and L- are read as I-, S- and U- as B-)";

    /// `O`, `B-TYPE` or `I-TYPE`; of BIOES and BILOU the ends as I and the single words as B, which says the same.
    pub(super) fn parse(tag: &str) -> Option<Self> {
        match tag.split_once('-') {
            None => (tag == "O").then_some(Self::O),
            Some((_, "")) => None,
            Some(("B" | "S" | "U", kind)) => Some(Self::B(kind.into())),
            Some(("I" | "E" | "L", kind)) => Some(Self::I(kind.into())),
            Some(_) => None,
        }
    }

    /// The type.
    pub fn kind(&self) -> Option<&str> {
        match self {
            Self::O => None,
            Self::B(kind) | Self::I(kind) => Some(kind),
        }
    }
}
