//! Tokens: texts → ids → padded batches.

mod buckets;
mod encoded;
mod tokenizer;
mod vocabulary;

pub use buckets::length_batches;
pub use encoded::{EncodedTexts, TokenBatch};
pub use tokenizer::{MAX_TOKENS, Tokenizer};
pub use vocabulary::VocabularySettings;
