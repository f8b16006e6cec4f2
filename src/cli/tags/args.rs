//! The arguments of `mixup train tags` and `mixup compare tags`.

use std::path::PathBuf;

use clap::Args;

use crate::cli::args::{CheckpointArgs, MixArgs, OutputArgs, PlanArgs, TrainingArgs};
use crate::cli::offsets::OffsetsArg;

/// Which sentences, and what stands where in them.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Data")]
pub struct TagDataArgs {
    /// Columns (.conll, .iob, .bio) or a jsonl of texts with spans, plain or .gz, or @NAME (default: @requests; `compare`
    /// then takes 50 training sentences)
    #[arg(long, value_name = "FILE|@NAME")]
    pub data: Option<String>,
    /// Column of the words, from 1 [default: 1]
    #[arg(long, value_name = "N")]
    pub word: Option<usize>,
    /// Column of the tags, from 1 [default: the last]
    #[arg(long, value_name = "N")]
    pub tag: Option<usize>,
    /// Key of the texts in jsonl [default: text]
    #[arg(long, value_name = "KEY")]
    pub text: Option<String>,
    /// Key of the spans in jsonl [default: spans]
    #[arg(long, value_name = "KEY")]
    pub spans: Option<String>,
    /// What the offsets of spans count [default: characters]
    #[arg(long, value_enum, value_name = "WHAT")]
    pub offsets: Option<OffsetsArg>,
    /// Test sentences: another file, or a share, drawn from seed 0 [default: 0.2, at most 2000; of the shipped set the last 400]
    #[arg(long, value_name = "FILE|SHARE")]
    pub test: Option<String>,
    /// Validation sentences: another file, or a share of the training sentences [default: 0.1 from 500 of them on]
    #[arg(long, value_name = "FILE|SHARE")]
    pub validation: Option<String>,
    /// Train on so many sentences
    #[arg(long, value_name = "N")]
    pub train_rows: Option<usize>,
}

/// Which model.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Model")]
pub struct TagModelArgs {
    /// A BERT, RoBERTa or DistilBERT folder in Hugging Face layout [default: the shipped encoder]
    #[arg(long, value_name = "DIR")]
    pub model: Option<PathBuf>,
    /// Sentences are cut to this many tokens; how many words were lost is reported
    #[arg(long, value_name = "N", default_value_t = 128)]
    pub max_tokens: usize,
    /// Do not train the embeddings, or the embeddings and the first N blocks
    #[arg(long, value_name = "N|embeddings")]
    pub freeze: Option<String>,
    /// Peak learning rate of the classifier head [default: 1e-3]
    #[arg(long, value_name = "RATE")]
    pub head_lr: Option<f64>,
}

/// `mixup train tags`
#[derive(Debug, Clone, Args)]
#[command(allow_negative_numbers = true)]
pub struct TrainTagsArgs {
    #[command(flatten)]
    pub data: TagDataArgs,
    #[command(flatten)]
    pub model: TagModelArgs,
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

/// `mixup compare tags`
#[derive(Debug, Clone, Args)]
#[command(allow_negative_numbers = true)]
pub struct CompareTagsArgs {
    #[command(flatten)]
    pub data: TagDataArgs,
    #[command(flatten)]
    pub model: TagModelArgs,
    /// The arms: presets or schedule files; each is compared with the first
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "A,B,...",
        default_value = "none,smoothing,mixup,lada"
    )]
    pub arms: Vec<String>,
    /// How many seeds, from --seed on; each draws its own training sentences, initial weights, order and dropout
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub seeds: u64,
    #[command(flatten)]
    pub training: TrainingArgs,
    #[command(flatten)]
    pub output: OutputArgs,
}
