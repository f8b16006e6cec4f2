//! The arguments of the table commands.

use clap::{Args, ValueEnum};

use crate::cli::args::{CheckpointArgs, MixArgs, OutputArgs, PlanArgs, TrainingArgs};

/// What stands where in a table.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Data")]
pub struct TableColumnArgs {
    /// Column of the classes [default: label, or the set's own]
    #[arg(long, value_name = "COL", conflicts_with = "target")]
    pub label: Option<String>,
    /// Columns of numbers to predict: a regression
    #[arg(long, value_name = "A,B,...", value_delimiter = ',')]
    pub target: Vec<String>,
    /// The class to detect; all others are one [default: the rarer of two classes]
    #[arg(long, value_name = "CLASS", conflicts_with = "target")]
    pub anomaly: Option<String>,
    /// Columns of names, whatever their cells look like
    #[arg(long, value_name = "A,B,...", value_delimiter = ',')]
    pub categorical: Vec<String>,
    /// Columns in which anything but a number is an error
    #[arg(long, value_name = "A,B,...", value_delimiter = ',')]
    pub numeric: Vec<String>,
    /// Columns to leave out
    #[arg(long, value_name = "A,B,...", value_delimiter = ',')]
    pub ignore: Vec<String>,
    /// Cells that stand for a missing one, beside the empty cell
    #[arg(long, value_name = "A,B,...", value_delimiter = ',')]
    pub na_values: Vec<String>,
    /// The first line of a csv or tsv file is a row; columns are named by number, from 1
    #[arg(long)]
    pub no_header: bool,
    /// Rows with the same value here stay on one side of every split
    #[arg(long, value_name = "COL")]
    pub group: Option<String>,
}

/// How numbers are written for a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum NumbersArg {
    /// Mean 0 and standard deviation 1
    Standard,
    /// By rank, to a standard normal distribution
    Quantile,
    /// Piecewise linear over 16 quantile bins
    Piecewise,
}

/// The shape of the networks.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Model")]
pub struct NetworkArgs {
    /// How numeric columns are scaled, by the training rows
    #[arg(long, value_enum, default_value = "standard")]
    pub numbers: NumbersArg,
    /// Widths of the mlp's hidden layers
    #[arg(
        long,
        value_name = "N,N,...",
        value_delimiter = ',',
        default_value = "128,128"
    )]
    pub hidden: Vec<usize>,
    /// Blocks of the transformer
    #[arg(long, value_name = "N", default_value_t = 2)]
    pub blocks: usize,
    /// Width of the transformer's tokens
    #[arg(long, value_name = "N", default_value_t = 32)]
    pub width: usize,
    /// Attention heads of the transformer
    #[arg(long, value_name = "N", default_value_t = 4)]
    pub heads: usize,
    /// Dropout [default: mlp 0.1; transformer 0.2 in attention, 0.1 after]
    #[arg(long, value_name = "P")]
    pub dropout: Option<f64>,
}

/// A network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum NetworkArg {
    /// A linear model
    Linear,
    /// A multi-layer perceptron
    Mlp,
    /// A feature-token transformer
    Transformer,
}

/// `mixup train table`
#[derive(Debug, Clone, Args)]
#[command(allow_negative_numbers = true)]
pub struct TrainTableArgs {
    /// csv or tsv (plain or .gz), Parquet or Arrow file, or @NAME for a set that comes with the program
    #[arg(
        long,
        value_name = "FILE|@NAME",
        default_value = "@hypothyroid",
        help_heading = "Data"
    )]
    pub data: String,
    #[command(flatten)]
    pub columns: TableColumnArgs,
    /// Test rows: another file, or a share of the rows, drawn from seed 0 [default: 0.2, at most 2000 rows]
    #[arg(long, value_name = "FILE|SHARE", help_heading = "Data")]
    pub test: Option<String>,
    /// Validation rows: another file, or a share of the training rows [default: 0.1 from 500 training rows on]
    #[arg(long, value_name = "FILE|SHARE", help_heading = "Data")]
    pub validation: Option<String>,
    /// The test rows are the latest by this numeric or ISO-dated column
    #[arg(
        long,
        value_name = "COL",
        conflicts_with = "group",
        help_heading = "Data"
    )]
    pub time: Option<String>,
    /// Train on a stratified subset of this many rows in all
    #[arg(long, value_name = "N", help_heading = "Data")]
    pub train_rows: Option<usize>,
    /// What is trained
    #[arg(long, value_enum, default_value = "mlp", help_heading = "Model")]
    pub model: NetworkArg,
    #[command(flatten)]
    pub network: NetworkArgs,
    #[command(flatten)]
    pub mixing: MixArgs,
    /// Balance the training rows first, by a method of `mixup oversample`
    #[arg(long, value_name = "METHOD")]
    pub oversample: Option<String>,
    /// Probabilities learnt on balanced rows, or with --class-weights
    #[arg(long, value_enum, default_value = "correct")]
    pub prior: PriorArg,
    #[command(flatten)]
    pub training: TrainingArgs,
    #[command(flatten)]
    pub output: OutputArgs,
    #[command(flatten)]
    pub checkpoint: CheckpointArgs,
    #[command(flatten)]
    pub plans: PlanArgs,
}

/// What becomes of probabilities that were learnt on balanced rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PriorArg {
    /// They stay as they are
    Keep,
    /// They are brought back to the classes' real shares
    Correct,
}

/// `mixup compare table`
#[derive(Debug, Clone, Args)]
#[command(allow_negative_numbers = true)]
pub struct CompareTableArgs {
    /// csv or tsv (plain or .gz), Parquet or Arrow file, or @NAME; several for ranks over tables
    #[arg(
        long,
        value_name = "FILE|@NAME",
        default_value = "@hypothyroid",
        help_heading = "Data",
        num_args = 1..
    )]
    pub data: Vec<String>,
    #[command(flatten)]
    pub columns: TableColumnArgs,
    /// Keep only so many anomalies among the training rows: a series, for the gain over scarcity
    #[arg(
        long,
        value_name = "N,N,...|all",
        value_delimiter = ',',
        help_heading = "Data"
    )]
    pub anomalies: Vec<String>,
    /// The arms: none, weights, an oversampling method, latent, presets or schedule files; each against the first
    /// [default: none,weights,random,smote,mixup,hidden,latent; numbers: none,mixup,manifold,cmixup]
    #[arg(long, value_name = "A,B,...", value_delimiter = ',')]
    pub arms: Vec<String>,
    /// Leave out the arms none, weights and random where --arms does not name them
    #[arg(long)]
    pub bare: bool,
    /// What is trained: linear, mlp, transformer, forest, boosted, isolation
    /// [default: all; numbers: all but isolation]
    #[arg(long, value_name = "A,B,...", value_delimiter = ',')]
    pub detectors: Vec<String>,
    /// Folds; every row is tested once a seed
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub folds: usize,
    /// How many seeds, from --seed on; each draws its own folds, initial weights, order and dropout
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seeds: u64,
    /// Probabilities learnt on balanced rows
    #[arg(long, value_enum, default_value = "correct")]
    pub prior: PriorArg,
    #[command(flatten)]
    pub network: NetworkArgs,
    #[command(flatten)]
    pub training: TrainingArgs,
    #[command(flatten)]
    pub output: OutputArgs,
}
