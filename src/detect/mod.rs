//! Detectors made of trees: random forest, boosted trees and isolation forest.
//!
//! They see plain matrices of numbers and know neither tables nor training. The same seed gives the same bytes at any
//! thread count. Trees of the first two come from kept crates and stand behind the feature `trees`; the isolation
//! forest is our own.

#[cfg(feature = "trees")]
mod boosted;
#[cfg(feature = "trees")]
mod classifier;
#[cfg(feature = "trees")]
mod forest;
mod isolation;
mod isolation_tree;
#[cfg(feature = "trees")]
mod labels;
mod matrix;
#[cfg(feature = "trees")]
mod regressor;

#[cfg(feature = "trees")]
pub use boosted::Boosted;
#[cfg(feature = "trees")]
pub use classifier::Classifier;
#[cfg(feature = "trees")]
pub use forest::Forest;
pub use isolation::{Isolated, Isolation};
pub use matrix::Matrix;
#[cfg(feature = "trees")]
pub use regressor::Regressor;
