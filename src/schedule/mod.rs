//! Schedules: when, where, how strongly and with whom rows are mixed.
//!
//! A [`Schedule`] is plain data, written as JSON or taken from a preset. [`Schedule::check`] holds it against a model's
//! sites and a run, and gives a [`Scheduler`]: a pure function from (seed, clock, batch) to a
//! [`MixPlan`](crate::MixPlan), or to `None`, a plain step.

mod beta;
mod check;
mod clock;
mod curve;
mod curve_check;
mod curve_json;
mod json;
mod label;
mod law;
mod moment;
mod pairing;
mod presets;
mod scheduler;
mod settings;
mod sites;
mod smoothing;
mod task;
mod trace;

pub use clock::Clock;
pub use curve::{Curve, Cycle, Per, Piece, Step};
pub use label::LabelRule;
pub use law::{Law, Shapes};
pub use moment::Moment;
pub use pairing::Pairing;
pub use presets::{Preset, presets};
pub use scheduler::Scheduler;
pub use settings::{Grain, Mode, Schedule};
pub use sites::SiteChoice;
pub use smoothing::{ClassSmoothing, SmoothingShape};
pub use task::{Domain, Rows, Task, TaskKind};
pub use trace::{SiteShare, TracePoint};
