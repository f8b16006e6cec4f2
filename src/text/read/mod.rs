//! Reading rows: source → checked bytes → records → text rows.

mod columns;
mod delimited;
mod json_lines;
mod records;
mod rows;
mod source;
mod tracked;
mod utf8;

pub use columns::{Columns, EmptyTexts, Group, ReadOptions, SoftColumn};
pub use records::{Cell, Header, Record, Records};
pub use rows::{TextRow, TextRows};
pub use source::Source;
pub(super) use {records::shorten, source::read_error};
