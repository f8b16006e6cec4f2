//! Text: rows from files, tokens, and the models that read them.

pub mod augment;

mod class_names;
mod cnn;
mod corpus;

mod encoder;

mod labels;
mod model_files;
mod read;
mod source;
mod tags;
mod tokens;
mod vectors;
mod words;

pub use cnn::{Cnn, CnnConfig, CnnSettings};
pub use corpus::Corpus;
pub use encoder::{
    Activation, Encoder, EncoderConfig, Family, Freeze, Pooling, Start, Tagger, encoder_weights,
};
pub use labels::LabelKind;
pub use model_files::ModelFiles;
pub use read::{Columns, EmptyTexts, Group, ReadOptions, SoftColumn, TextRow, TextRows};
pub use source::TextSource;
pub use tags::{
    Offsets, Positions, Sentence, SpanLine, Tag, TagColumns, TagFormat, TagSet, Tagged,
    TaggedCorpus, TaggedRows, WrittenSpan, conll_lines, word_ranges,
};
pub use tokens::{
    EncodedTexts, EncodedWords, MAX_TOKENS, TokenBatch, Tokenizer, VocabularySettings,
};
pub use vectors::WordVectors;
pub use words::{TextSpan, WordFinder};
