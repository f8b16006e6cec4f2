//! Where rows come from: files, plain or packed, and the sets that come with the program.

mod class_order;
mod datasets;
mod delimited;
mod fingerprint;
mod json_lines;
mod lines;
mod records;
mod source;
mod tracked;
mod utf8;

pub(crate) use class_order::class_order;
pub use datasets::{Dataset, DatasetKind, datasets};
pub(crate) use fingerprint::Fingerprint;
pub use lines::{Line, Lines};
pub(crate) use records::shorten;
pub use records::{Cell, Header, Record, Records};
pub use source::Source;
pub(crate) use source::{BOM, Bytes, read_error};
