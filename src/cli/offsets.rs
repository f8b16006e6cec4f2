//! What offsets of spans count, as a flag.

use candle_mixup::text::Offsets;
use clap::ValueEnum;

/// What an offset counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum OffsetsArg {
    /// Unicode characters
    #[default]
    #[value(alias = "chars")]
    Characters,
    /// Bytes of UTF-8
    Bytes,
}

impl From<OffsetsArg> for Offsets {
    fn from(arg: OffsetsArg) -> Self {
        match arg {
            OffsetsArg::Characters => Self::Characters,
            OffsetsArg::Bytes => Self::Bytes,
        }
    }
}
