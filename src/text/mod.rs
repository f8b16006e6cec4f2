//! Text: rows from files, tokens, and the models that read them.

mod class_names;
mod cnn;
mod corpus;
mod datasets;
mod encoder;
mod fingerprint;
mod labels;
mod model_files;
mod read;
mod source;
mod tokens;
mod vectors;

pub use cnn::{Cnn, CnnConfig, CnnSettings};
pub use corpus::Corpus;
pub use datasets::{Dataset, DatasetKind, datasets};
pub use encoder::{
    Activation, Encoder, EncoderConfig, Family, Freeze, Pooling, Start, encoder_weights,
};
pub use labels::LabelKind;
pub use model_files::ModelFiles;
pub use read::{
    Cell, Columns, EmptyTexts, Group, Header, ReadOptions, Record, Records, SoftColumn, Source,
    TextRow, TextRows,
};
pub use source::TextSource;
pub use tokens::{EncodedTexts, MAX_TOKENS, TokenBatch, Tokenizer, VocabularySettings};
pub use vectors::WordVectors;
