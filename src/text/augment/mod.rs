//! Operations on texts as they are written: crop, splice and noise that keep what they do not touch byte for byte.

mod add;
mod augmenter;
mod characters;
mod desk;
mod edit;
mod lists;
mod operation;
mod remove;
mod reorder;
mod replace;
mod settings;
mod splice;
mod unchanged;
mod units;

pub use augmenter::{Augmented, Augmenter, Draw, Marked, TRIES, Workbench};
pub use lists::{Alternatives, Lists, WordGatherer, WordList};
pub use operation::{Chain, Kind, Operation};
pub use settings::AugmentSettings;
pub use unchanged::Unchanged;
