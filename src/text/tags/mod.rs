//! Sentences whose words have tags: read from columns or from spans, numbered, written again.

mod columns;
mod conll;
mod corpus;
mod positions;
mod rows;
mod sentence;
mod span_list;
mod spans;
mod tag_set;
mod words;
mod write;

pub use columns::{Offsets, TagColumns, TagFormat};
pub use corpus::{Tagged, TaggedCorpus};
pub use positions::Positions;
pub use rows::TaggedRows;
pub use sentence::{Sentence, Tag};
pub use tag_set::TagSet;
pub use words::word_ranges;
pub use write::{SpanLine, WrittenSpan, conll_lines};
