//! Parquet and Arrow: columns that state their type.

mod cells;
mod guard;
mod open;
mod plain;
mod read;
mod scan;

pub(super) use cells::{Numbers, each_name};
pub(super) use guard::{guarded, problem};
pub(super) use open::{Opened, batches};
pub(super) use plain::plain;
pub(super) use read::read;
pub(super) use scan::{column_names, scan};
