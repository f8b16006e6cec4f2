//! Oversampling: every method held against its definition, other tools' arrays and the tables that break them.

mod bench;
#[cfg(feature = "cli")]
#[path = "../common/page.rs"]
mod page;

mod borders;
mod clean;
mod clusters;
mod contract;
mod defects;
mod edges;
mod geometry;
mod mixed;
mod mixup;
mod neighbours;
mod parity;
mod policies;
mod random;
mod refusals;
#[cfg(feature = "cli")]
mod report;
mod smote;
mod svm;
