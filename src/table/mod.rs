//! Tables on disk: csv and tsv, plain or packed, Parquet and Arrow; what their columns are, their rows, and new rows
//! behind them.
//!
//! A table is read in two passes, neither of which needs memory that grows with the file: [`scan`] learns what the
//! columns are, [`load`] brings the rows of some classes into memory. [`write()`] copies the rows of the file and puts
//! synthetic ones behind them.

#[cfg(feature = "cli")]
mod arrow;
mod blocks;
mod data_columns;
mod data_set;
mod data_set_parts;
mod data_set_read;
mod encode;
mod encoded;
mod format;
mod in_order;
mod infer;
mod kind;
mod load;
mod missing;
mod model;
mod moments;
mod names;
mod number;
mod options;
mod picks;
mod place;
mod quantiles;
mod read_text;
mod records;
mod scan;
mod schema;
mod tally;
mod text_file;
mod write;

pub use data_columns::DataColumns;
pub use data_set::{CodedColumn, DataSet, Target};
pub use data_set_read::DataSetInfo;
pub use encode::{EncodeSettings, Encoder, NumericEncoding, Seen, principal};
pub use encoded::{EncodedRows, TableBatch, TableShape, TableSource};
pub use format::Format;
pub use kind::{Category, Kind, Role, Summary};
pub use load::{Loaded, Which, load};
pub use missing::{Missing, MissingCells};
pub use model::{
    FeatureCells, FeatureTransformer, LinearModel, LinearSettings, Mlp, MlpSettings, TableModel,
    TableModelSettings, TransformerSettings,
};
pub use options::ScanOptions;
pub use quantiles::quartiles;
pub use scan::{column_names, scan};
pub use schema::{Column, Schema};
pub use write::{
    Bounds, Chunk, Extra, ExtraKind, Sink, Values, WriteOptions, check_output, fit, provenance,
    write, write_to,
};
