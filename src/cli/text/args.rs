//! The arguments of `mixup train text` and `mixup compare text`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::cli::args::{CheckpointArgs, ColumnArgs, MixArgs, OutputArgs, PlanArgs, TrainingArgs};

/// Which rows, and what stands where in them.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Data")]
pub struct DataArgs {
    /// csv, tsv or jsonl file (plain or .gz), or @NAME for a set that comes with the program (default: @questions;
    /// `compare` then takes 10 training rows a class)
    #[arg(long, value_name = "FILE|@NAME")]
    pub data: Option<String>,
    #[command(flatten)]
    pub columns: ColumnArgs,
    /// Test rows: another file, or a share of the rows, drawn from seed 0 [default: 0.2, at most 2000 rows]
    #[arg(long, value_name = "FILE|SHARE")]
    pub test: Option<String>,
    /// Validation rows: another file, or a share of the training rows [default: 0.1 from 500 training rows on]
    #[arg(long, value_name = "FILE|SHARE")]
    pub validation: Option<String>,
    /// Rows with the same value here stay on one side of every split
    #[arg(long, value_name = "COL", conflicts_with = "time")]
    pub group: Option<String>,
    /// The test rows are the latest by this numeric or ISO-dated column
    #[arg(long, value_name = "COL")]
    pub time: Option<String>,
    /// Train on a stratified subset of this many rows in all
    #[arg(long, value_name = "N", conflicts_with = "per_class")]
    pub train_rows: Option<usize>,
    /// Train on this many rows of each class
    #[arg(long, value_name = "N")]
    pub per_class: Option<usize>,
}

/// What the soft labels are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TrainOn {
    /// Train on the label column; soft labels only score
    Hard,
    /// Train on the soft labels
    Soft,
}

/// Pooling of token states into one vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PoolingArg {
    /// Mean over the real tokens
    Mean,
    /// The first token
    Cls,
}

/// Which model.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Model")]
pub struct ModelArgs {
    /// A BERT, RoBERTa or DistilBERT folder in Hugging Face layout, or "cnn" [default: the shipped encoder]
    #[arg(long, value_name = "DIR|cnn")]
    pub model: Option<String>,
    /// How token states become one vector (encoders)
    #[arg(long, value_enum, default_value = "mean")]
    pub pooling: PoolingArg,
    /// Texts are cut to this many tokens; how many were is reported
    #[arg(long, value_name = "N", default_value_t = 128)]
    pub max_tokens: usize,
    /// Do not train the embeddings, or the embeddings and the first N blocks
    #[arg(long, value_name = "N|embeddings")]
    pub freeze: Option<String>,
    /// Word vectors in GloVe text format, plain or .gz (cnn)
    #[arg(long, value_name = "FILE")]
    pub vectors: Option<PathBuf>,
    /// Peak learning rate of the classifier head [default: 1e-3]
    #[arg(long, value_name = "RATE")]
    pub head_lr: Option<f64>,
    /// Train on the labels, or on the soft labels of --ratings or --shares
    #[arg(long, value_enum, default_value = "hard")]
    pub train_on: TrainOn,
}

/// `mixup train text`
#[derive(Debug, Clone, Args)]
#[command(allow_negative_numbers = true)]
pub struct TrainTextArgs {
    #[command(flatten)]
    pub data: DataArgs,
    #[command(flatten)]
    pub model: ModelArgs,
    #[command(flatten)]
    pub mixing: MixArgs,
    #[command(flatten)]
    pub training: TrainingArgs,
    #[command(flatten)]
    pub output: OutputArgs,
    #[command(flatten)]
    pub checkpoint: CheckpointArgs,
    #[command(flatten)]
    pub plans: PlanArgs,
}

/// `mixup compare text`
#[derive(Debug, Clone, Args)]
#[command(allow_negative_numbers = true)]
pub struct CompareTextArgs {
    #[command(flatten)]
    pub data: DataArgs,
    #[command(flatten)]
    pub model: ModelArgs,
    /// The arms: presets or schedule files; each is compared with the first
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "A,B,...",
        default_value = "none,smoothing,mixup,manifold"
    )]
    pub arms: Vec<String>,
    /// How many seeds, from --seed on; each draws its own training rows, initial weights, order and dropout
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub seeds: u64,
    #[command(flatten)]
    pub training: TrainingArgs,
    #[command(flatten)]
    pub output: OutputArgs,
}
