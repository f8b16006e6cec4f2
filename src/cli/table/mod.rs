//! The table commands: training, comparing, scoring and labelling.

mod args;
mod arm;
mod balance;
mod choices;
mod compare;
mod detector;
mod evaluate;
mod grid;
mod latent;
mod like;
mod linearity;
mod network;
mod outcome;
mod predict;
mod prepare;
mod projections;
mod ready;
mod run;
mod saved;
mod score;
mod settings;
mod shift;
mod task;
mod train;
mod trees;

pub use args::{CompareTableArgs, TrainTableArgs};
pub use compare::run as compare;
pub use evaluate::evaluate;
pub use linearity::linearity;
pub use predict::predict;
pub use train::run as train;
