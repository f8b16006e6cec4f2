//! Linearity in tables: by site for one model, by arm for a comparison.

#[cfg(feature = "cli")]
mod cells;
mod input;
#[cfg(feature = "cli")]
mod page;
mod runs;
mod words;

#[cfg(feature = "cli")]
pub(super) use cells::{html_arms, html_sites};
pub use input::{LinearityReport, RunLinearity};
#[cfg(feature = "cli")]
pub use page::linearity_page;
pub use runs::runs_table;
pub(super) use words::arms_table;
pub use words::linearity_table;
#[cfg(feature = "cli")]
pub(super) use words::{arms_note, sites_note};
#[cfg(feature = "cli")]
use words::{arms_rows, sites_rows};
