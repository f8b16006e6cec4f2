//! Tables: what their columns are, their rows in memory, and tables written out again.

mod blocks;
#[cfg(feature = "cli")]
mod columnar;
mod infer;
mod input;
mod kind;
mod load;
mod missing;
mod options;
mod scan;
mod tally;
mod write;

pub use input::Format;
pub use kind::{Column, Kind, Moments, Role, Schema};
pub use load::{Missing, NO_CATEGORY, Table, load};
pub use options::ReadOptions;
pub use scan::scan;
pub use write::{Extra, ExtraKind, Next, Output, Synthetic, Values};
