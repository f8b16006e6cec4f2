//! candle-mixup

mod blend;
mod error;
mod files;
mod loss;
mod pairs;
mod plan;
mod tap;
mod targets;

pub mod compare;
pub mod metrics;
pub mod nn;
pub mod random;
pub mod report;
pub mod schedule;
pub mod text;

pub use blend::{Pixel, mix, mix_in_place};
pub use error::{Error, Result};
pub use files::write_atomically;
pub use loss::{Form, Loss};
pub use pairs::{Inverse, Pairs};
pub use plan::{Blend, MixPlan, Site};
pub use tap::{DropoutKeys, Flow, MixTap, RecordTap, Tap, Tapped};
pub use targets::{mix_targets, one_hot, smooth};
