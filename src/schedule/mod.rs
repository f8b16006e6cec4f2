//! Schedules: when, where, how strongly and with whom rows are mixed.
//!
//! A [`Schedule`] is plain data, written as JSON or taken from a preset. [`Schedule::check`] holds it against a model's
//! sites and a run, and gives a [`Scheduler`]: a pure function from (seed, clock, batch) to a
//! [`MixPlan`](crate::MixPlan), or to `None`, a plain step.

mod assignment;
mod balance;
mod bandwidth;
mod beta;
mod blend_rule;
mod blender;
mod blocks;
mod box_rule;
mod check;
mod choice;
mod class_index;
mod clock;
mod curve;
mod curve_check;
mod curve_json;
mod draw;
mod features;
mod json;
mod kernel;
mod kernel_line;
mod label;
mod law;
mod moment;
mod operation;
mod pairing;
mod places;
mod preset_schedules;
mod presets;
mod residue_draw;
mod residue_rule;
mod saliency;
mod scheduler;
mod settings;
mod share;
mod sites;
mod smoothing;
mod span_rule;
mod task;
mod text_rule;
mod trace;

pub use bandwidth::Bandwidth;
pub use blend_rule::{BlendRule, HiddenLabel};
pub use box_rule::BoxRule;
pub use choice::Choice;
pub use class_index::ClassIndex;
pub use clock::Clock;
pub use curve::{Curve, Cycle, Per, Piece, Step};
pub use features::Features;
pub use kernel::KernelIndex;
pub use label::LabelRule;
pub use law::{Law, Shapes};
pub use moment::Moment;
pub use operation::{Chain, Operation, OperationKind};
pub use pairing::Pairing;
pub use presets::{Preset, presets};
pub use residue_rule::{CutoffOf, ResidueRule};
pub use scheduler::Scheduler;
pub use settings::{Grain, Mode, Schedule};
pub(crate) use share::share;
pub use sites::SiteChoice;
pub use smoothing::{ClassSmoothing, SmoothingRule, SmoothingShape};
pub use span_rule::{SpanChoice, SpanRule};
pub use task::{Domain, Points, Rows, Task, TaskKind};
pub use text_rule::TextRule;
pub use trace::{SiteShare, TracePoint};

pub use crate::plan::Basis;
