//! Oversampling: count → pairs → blend → join.
//!
//! A method is a function that draws, for one class, the pairs of its synthetic rows: whose each is, with whom it is
//! mixed, and how much. What is done with the pairs is the same for all. The originals are never copied.

mod apportion;
mod audit;
mod ball;
mod clean;
mod cleaner;
mod deviation;
mod draws;
mod engine;
mod labels;
mod lloyd;
mod method;
mod methods;
mod needs;
mod neighbours;
mod recipe;
mod rows;
mod scene;
mod segment;
mod settings;
mod strategy;
mod support;
mod tensor;
mod value_difference;

pub use audit::{
    Audit, AuditedColumn, ClassDistances, Cloud, Coverage, Move, Moved, Nearest, Points,
    Projection, REAL_ROWS, SYNTHETIC_ROWS, Spread, audit, project,
};
pub use clean::{Agreement, Clean, Cleaning, Ends};
pub use cleaner::Cleaner;
pub use draws::Draws;
pub use engine::{Balanced, Made, Note, Oversampler};
pub use method::{Method, MixupPartner, Selection, Topology};
pub use needs::Takes;
pub use neighbours::{Neighbours, Progress, Space};
pub use recipe::{Recipe, Residue};
pub use rows::{MEASURABLE, Real, Rows};
pub use settings::{Bases, Fallback, Like, Metric, Scale, Settings, SmallClass};
pub use strategy::Strategy;
pub use support::support_vectors;
