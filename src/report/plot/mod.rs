//! The plots, each a function from values to an SVG text.

mod canvas;
mod curves;
mod draws;
mod forest;
mod reliability;

pub(super) use canvas::Style;
pub(super) use curves::{bands, curves};
pub(super) use draws::draws;
pub(super) use forest::forest;
pub(super) use reliability::reliability;

pub use draws::schedule_svg;
