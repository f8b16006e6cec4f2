//! The page of `oversample`: what it is made of, and its sections.

mod input;

#[cfg(feature = "cli")]
mod distances;
#[cfg(feature = "cli")]
mod moved;
#[cfg(feature = "cli")]
mod names;
#[cfg(feature = "cli")]
mod page;
#[cfg(feature = "cli")]
mod projection;

pub use input::{ClassCount, OversampleReport};
#[cfg(feature = "cli")]
pub use page::oversample_page;
#[cfg(feature = "cli")]
pub(super) use projection::{Shown, projected};
