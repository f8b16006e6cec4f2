//! Tokens: texts → ids → padded batches.

mod encoded;
mod tokenizer;
mod vocabulary;
mod words;

pub use encoded::{EncodedTexts, TokenBatch};
pub use tokenizer::{MAX_TOKENS, Tokenizer};
pub use vocabulary::VocabularySettings;
pub use words::EncodedWords;
