//! Operations on texts as they are written: crop, splice and noise that keep what they do not touch byte for byte.

mod add;
mod augmenter;
mod characters;
mod desk;
mod edit;
mod lists;
mod marked;
mod remove;
mod reorder;
mod replace;
mod settings;
mod splice;
mod training;
mod unchanged;
mod units;
mod workbench;

pub use crate::schedule::{Chain, Operation, OperationKind};
pub use augmenter::{Augmented, Augmenter, Draw, TRIES};
pub use lists::{Alternatives, Lists, WordGatherer, WordList};
pub use marked::Marked;
pub use settings::AugmentSettings;
pub use training::{TextChanges, TrainingText};
pub use unchanged::Unchanged;
pub use workbench::Workbench;
