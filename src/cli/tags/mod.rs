//! The commands for tagged sentences.

mod args;
mod evaluate;
mod model;
mod predict;
mod rows;
mod runs;
mod saved;
mod settings;
mod task;

pub use args::{CompareTagsArgs, TrainTagsArgs};
pub use evaluate::evaluate;
pub use predict::predict;
pub use runs::{compare, train};
