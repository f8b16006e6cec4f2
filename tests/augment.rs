//! Operations on texts: what each must keep, whatever it draws, and how its draws are spread.

#[path = "common/pvalues.rs"]
mod pvalues;
mod token_plans;

#[path = "augmenting/bench.rs"]
mod bench;
#[path = "augmenting/draws.rs"]
mod draws;
#[path = "augmenting/edges.rs"]
mod edges;
#[path = "augmenting/kept.rs"]
mod kept;
#[path = "augmenting/lists.rs"]
mod lists;
#[path = "augmenting/marks.rs"]
mod marks;
#[path = "augmenting/training.rs"]
mod training;
#[path = "augmenting/words.rs"]
mod words;
