//! The text commands.

mod args;
mod evaluate;
mod linearity;
mod model;
mod model_dir;
mod predict;
mod rows;
mod runs;
mod saved;
mod settings;
mod task;

pub use args::{CompareTextArgs, TrainTextArgs};
pub use evaluate::evaluate;
pub use linearity::linearity;
pub use model_dir::shipped as shipped_encoder;
pub use predict::predict;
pub use runs::{compare, train};
pub use task::CUT_TEXTS;
