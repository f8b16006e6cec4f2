//! Encoders of the BERT family, in Hugging Face layout.

mod block;
mod config;
mod embeddings;
mod freeze;
mod model;
mod names;
mod tagger;
mod trunk;

pub use config::{Activation, EncoderConfig, Family, Pooling};
pub use freeze::Freeze;
pub use model::Encoder;
pub use names::{Start, encoder_weights};
pub use tagger::Tagger;
