//! The plots, each a function from values to an SVG text.

mod band;
mod bars;
mod canvas;
mod critical_difference;
mod curves;
mod draws;
mod ecdf;
mod forest;
mod pr;
mod reliability;
mod scarcity;
mod scatter;

pub(super) use band::Band;
pub(super) use bars::{Bar, bars};
pub(super) use canvas::Style;
pub(super) use critical_difference::{RankLine, critical_difference};
pub(super) use curves::{bands, curves};
pub(super) use draws::draws;
pub(super) use ecdf::{Steps, ecdf, ink_swatch};
pub(super) use forest::forest;
pub(super) use pr::pr;
pub(super) use reliability::{reliability, reliability_pair};
pub(super) use scarcity::{Gain, scarcity};
pub(super) use scatter::{Frame, Layer, Mark, mark_swatch, scatter};

pub use draws::schedule_svg;
