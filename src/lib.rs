#![doc = include_str!("../README.md")]

mod blend;
mod error;
mod jacobi;
mod loss;
mod pairs;
mod plan;
mod residue;
mod source;
mod tap;
mod targets;

pub mod compare;
pub mod data;
pub mod detect;
pub mod files;
pub mod image;
pub mod linearity;
pub mod metrics;
pub mod nn;
pub mod oversample;
pub mod random;
pub mod report;
pub mod schedule;
pub mod split;
pub mod table;
pub mod text;
pub mod train;

pub use blend::{Pixel, cut_in_place, mix, mix_in_place};
pub use error::{Error, Result};
pub use loss::{Form, Loss};
pub use pairs::{Inverse, Pairs};
pub use plan::{
    Blend, Boxes, ColumnMask, Cutoff, Frame, MixPlan, PixelBox, Principal, Reordered, Residue,
    Site, Span, Spans,
};
pub use source::{Asked, Fed, Readings, RowSource};
pub use tap::{DropoutKeys, Flow, MixTap, RecordTap, Tap, Tapped};
pub use targets::{mix_targets, one_hot, smooth, smooth_by_class};
