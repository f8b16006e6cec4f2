//! The plots, each a function from values to an SVG text.

mod bars;
mod canvas;
mod curves;
mod draws;
mod ecdf;
mod forest;
mod reliability;
mod scatter;

pub(super) use bars::{Bar, bars};
pub(super) use canvas::{Style, shortened};
pub(super) use curves::{bands, curves};
pub(super) use draws::draws;
pub(super) use ecdf::{Steps, ecdf, ink_swatch};
pub(super) use forest::forest;
pub(super) use reliability::reliability;
pub(super) use scatter::{Frame, Layer, Mark, mark_swatch, scatter};

pub use draws::schedule_svg;
