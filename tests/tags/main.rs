//! Tagged sentences: read, aligned with tokens, trained on and scored.

mod alignment;
mod files;
mod loss;
mod made;
mod mixing;
mod reading;
mod refusals;
