//! Layers that really train.
//!
//! Several of Candle's own layers have no backward and cut the gradient without a word. Those here have one, and on
//! contiguous f32 on the CPU each is a single fused operation; everywhere else they are composed of Candle's own
//! operations and give the same numbers. Every sum has a fixed order, so the bytes do not depend on the thread count.

mod activation;
mod adamw;
mod adamw_moments;
mod adamw_step;
mod add_relu;
mod attention;
mod attention_op;
mod batch_norm;
mod batch_norm_op;
pub(crate) mod buffer;
mod conv;
mod conv2d;
mod conv2d_op;
mod conv2d_tile;
mod conv_op;
mod cpu;
mod dropout;
mod embedding;
mod embedding_op;
mod gelu;
mod gradients;
mod init;
mod layer_norm;
mod layer_norm_op;
mod lazy_rows;
mod linear;
mod linear_op;
mod matrix;
mod packing;
mod parameter;
mod pool;
mod pool_op;
mod prepend;
mod pretrained;
mod reglu;
mod scope;
pub(crate) mod simd;
mod tokens;
mod tokens_op;
mod weights;

pub use activation::Activation;
pub use adamw::{AdamW, AdamWSettings};
pub use add_relu::add_relu;
pub use attention::{attention, attention_of};
pub use batch_norm::{BatchNorm, Statistics, Then};
pub use conv::conv1d;
pub use conv2d::{Conv2d, conv2d};
pub use dropout::dropout;
pub use embedding::{Embedding, embed_sum};
pub use gelu::{Gelu, gelu};
pub use gradients::{Gradients, backward};
pub use init::Init;
pub use layer_norm::LayerNorm;
pub use linear::Linear;
pub use packing::Packing;
pub use parameter::Parameter;
pub use pool::{max_pool_time, mean_pool};
pub use prepend::prepend;
pub use pretrained::Pretrained;
pub use reglu::reglu;
pub use scope::Scope;
pub use tokens::FeatureTokens;
pub use weights::Weights;
