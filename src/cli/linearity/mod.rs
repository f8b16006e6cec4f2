//! `mixup linearity`, and what `train` and `compare` say of a model's linearity.

mod args;
mod brief;
mod probe;
mod run;

pub use args::LinearityArgs;
pub use brief::{brief, fit_rows};
pub use probe::{Probe, Rows};
pub use run::run;
