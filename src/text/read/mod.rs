//! Reading rows: source → checked bytes → records → text rows.

mod columns;
mod rows;

pub use columns::{Columns, EmptyTexts, Group, ReadOptions, SoftColumn};
pub use rows::{TextRow, TextRows};
