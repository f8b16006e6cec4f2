//! From raw rows to what a model reads, by what the training rows say and no other row does.
//!
//! ```text
//! a number    →  value cells (standard, quantile, piecewise, ...), and behind them 1 where it was missing, else 0
//! a category  →  an index: 0 missing, 1 not among the training rows, 2 and more by sorted name
//! ```

mod cells;
mod column;
mod encoder;
mod information;
mod matched;
mod matrix;
mod piecewise;
mod principal;
mod quantile;
mod seen;
mod settings;
mod synthetic;
mod transform;

pub use encoder::Encoder;
pub use principal::principal;
pub use seen::Seen;
pub use settings::{EncodeSettings, NumericEncoding};
