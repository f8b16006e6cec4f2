//! Text: rows from files, tokens, and the models that read them.

mod corpus;
mod datasets;
mod fingerprint;
mod labels;
mod read;
mod tokens;

pub use corpus::Corpus;
pub use datasets::{Dataset, DatasetKind, datasets};
pub use labels::LabelKind;
pub use read::{
    Cell, Columns, EmptyTexts, Group, Header, ReadOptions, Record, Records, SoftColumn, Source,
    TextRow, TextRows,
};
pub use tokens::{
    EncodedTexts, MAX_TOKENS, TokenBatch, Tokenizer, VocabularySettings,
};
