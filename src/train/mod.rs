//! Training: the loop, what it is told, what it records, and how it stops and goes on.
//!
//! Knows no domain: a model is anything [`Tapped`](crate::Tapped), rows are anything [`RowSource`](crate::RowSource).

mod checkpoint;
mod evaluate;
mod feed;
mod history;
mod job;
mod labels;
mod measure;
mod neighbours;
mod numbering;
mod order;
mod plan_check;
mod plans;
mod prepared;
mod saliency;
mod scale;
mod session;
mod settings;
mod tag_labels;
mod tagged;
mod tokens;

pub use checkpoint::Checkpoint;
pub use evaluate::{logits, probabilities, scores};
pub use feed::{Pass, passes};
pub use history::Point;
pub use job::{Job, Outcome, StepEvent, Watcher};
pub use labels::{Labels, TargetKind};
pub use neighbours::{class_neighbours, neighbours, states};
pub use order::batches;
pub use plans::{PLANS, PlanHeader, PlanLog, Plans};
pub use scale::TargetScale;
pub use session::train;
pub use settings::{ClassWeights, Length, TrainSettings};
pub use tagged::{TaggedRow, TaggedWord};
pub use tokens::token_logits;
