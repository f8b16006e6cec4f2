//! What `mixup linearity` is asked.

use std::path::PathBuf;

use clap::Args;

use crate::cli::args::{ColumnArgs, EvaluateArgs, MachineArgs, PrintArgs};
use crate::cli::image::PictureArgs;

/// `mixup linearity`
#[derive(Debug, Clone, Args)]
pub struct LinearityArgs {
    /// Folders of `mixup train`; several are measured between the same rows
    #[arg(required = true, value_name = "RUN")]
    pub runs: Vec<PathBuf>,
    /// Measure between rows of other data with labels [default: the runs' test rows]
    #[arg(long, value_name = "FILE|DIR|@NAME")]
    pub data: Option<String>,
    #[command(flatten)]
    pub measure: MeasureArgs,
    #[command(flatten)]
    pub columns: ColumnArgs,
    #[command(flatten)]
    pub machine: MachineArgs,
    /// Folder of the result [default: the next free runs/linearity-N]
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    pub out: Option<PathBuf>,
    #[command(flatten)]
    pub print: PrintArgs,
    #[command(flatten)]
    pub pictures: PictureArgs,
}

/// How it is measured.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Measurement")]
pub struct MeasureArgs {
    /// Pairs of rows of each kind
    #[arg(long, value_name = "N", default_value_t = 512)]
    pub pairs: usize,
    /// The weights λ at which f(mix) is taken, each in [0, 1], at least one inside
    #[arg(
        long,
        value_name = "λ,...",
        value_delimiter = ',',
        default_value = "0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,0.9"
    )]
    pub weights: Vec<f64>,
    /// Sites: input, embedding, hidden1, ..., pooled [default: all that a model has]
    #[arg(long, value_name = "SITE,...", value_delimiter = ',')]
    pub sites: Vec<String>,
    /// Pairs between which rows: random, same-class, other-class, nearest [default: all, without the classes where rows have none]
    #[arg(long, value_name = "KIND,...", value_delimiter = ',')]
    pub between: Vec<String>,
    /// Draws the pairs
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
}

impl LinearityArgs {
    /// The rows of one run are asked for as by `mixup evaluate`.
    pub fn rows_of(&self, run: PathBuf) -> EvaluateArgs {
        EvaluateArgs {
            run,
            data: self.data.clone(),
            columns: self.columns.clone(),
            machine: self.machine.clone(),
            print: self.print,
            pictures: self.pictures.clone(),
        }
    }
}
