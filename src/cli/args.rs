//! The program's arguments, as clap reads them.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::image::PictureArgs;

/// Train with mixup, anywhere in the model, and find out whether it helped.
#[derive(Debug, Parser)]
#[command(name = "mixup", version, about, max_term_width = 110)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Train several arms over several seeds and say, with intervals, which helped
    #[command(subcommand)]
    Compare(Compare),
    /// Train one model; writes a run directory
    #[command(subcommand)]
    Train(Train),
    /// Score a trained run on data with labels
    Evaluate(EvaluateArgs),
    /// Label new data with a trained run: label and probabilities for every row
    Predict(PredictArgs),
    /// Crop, splice and noise texts: more texts from those there are
    Augment(Box<super::augment::AugmentArgs>),
    /// Balance a table: synthetic rows for its rare classes
    Oversample(Box<super::oversample::OversampleArgs>),
    /// How far trained models are from linear: f(mix) against the mix of f, by site and weight
    Linearity(Box<super::linearity::LinearityArgs>),
    /// Print, check and plot a schedule: what will be drawn at each step
    Schedule(super::schedule::ScheduleArgs),
    /// A contact sheet of mixed images: the very ones that a training step would see
    Preview(Box<super::image::PreviewArgs>),
    /// List the data sets that come with the program, or write one out
    Datasets(super::datasets::DatasetsArgs),
}

/// `mixup compare ...`
#[derive(Debug, Subcommand)]
pub enum Compare {
    /// Text classifiers; with nothing else given, the shipped encoder on @questions, 10 rows a class
    Text(Box<super::text::CompareTextArgs>),
    /// Detectors of anomalies, classifiers or regressions on tables; with nothing else given, on @hypothyroid
    Table(Box<super::table::CompareTableArgs>),
    /// Image classifiers; with nothing else given, a small network on @digits, 10 images a class
    Image(Box<super::image::CompareImageArgs>),
    /// Taggers of sentences: names, places, dates; with nothing else given, the shipped encoder on 50 sentences of @requests
    Tags(Box<super::tags::CompareTagsArgs>),
}

/// `mixup train ...`
#[derive(Debug, Subcommand)]
pub enum Train {
    /// A text classifier
    Text(Box<super::text::TrainTextArgs>),
    /// A network on a table: linear, mlp or transformer
    Table(Box<super::table::TrainTableArgs>),
    /// An image classifier
    Image(Box<super::image::TrainImageArgs>),
    /// A tagger of sentences: names, places, dates
    Tags(Box<super::tags::TrainTagsArgs>),
}

/// The columns of the texts, by name or by number from 1.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Data")]
pub struct TextColumnArgs {
    /// Column of the text [default: text, or the run's]
    #[arg(long, value_name = "COL")]
    pub text: Option<String>,
    /// Column of a second text, for sentence pairs
    #[arg(long, value_name = "COL")]
    pub text_pair: Option<String>,
    /// The file has no header line; columns are named by number, from 1
    #[arg(long)]
    pub no_header: bool,
    /// Leave rows with an empty text out, and count them
    #[arg(long)]
    pub skip_empty: bool,
}

/// All columns, by name or by number from 1.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Data")]
pub struct ColumnArgs {
    #[command(flatten)]
    pub texts: TextColumnArgs,
    /// Column of the label [default: label, or the run's]
    #[arg(long, value_name = "COL")]
    pub label: Option<String>,
    /// Labels are several classes a row, with this between them (in jsonl also an array)
    #[arg(long, value_name = "SEPARATOR", conflicts_with_all = ["ratings", "shares"])]
    pub multi_label: Option<String>,
    /// Column of ratings ("3,-1,2": whole numbers, below and above 0): the soft label is the share above 0
    #[arg(long, value_name = "COL", conflicts_with = "shares")]
    pub ratings: Option<String>,
    /// Column of shares ("0.2,0.8", one for each class in sorted order): the soft label
    #[arg(long, value_name = "COL")]
    pub shares: Option<String>,
}

/// How to train.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Training")]
pub struct TrainingArgs {
    /// Passes over the training rows
    #[arg(long, value_name = "N", conflicts_with = "steps")]
    pub epochs: Option<u32>,
    /// Optimiser steps [default: 150, or 3 epochs if that is more; cnn: 300, or 10 epochs; tables: 1000, or 10 epochs; transformer: 500; images: 200, mlp and linear 500, or 10 epochs; tags: 80, or 3 epochs]
    #[arg(long, value_name = "N")]
    pub steps: Option<u64>,
    /// Rows of one forward pass [default: 32; tables: 128; images: 64; tags: 16]
    #[arg(long, value_name = "N")]
    pub batch: Option<usize>,
    /// Forward passes to one optimiser step, each mixed on its own
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub accumulate: usize,
    /// Peak learning rate [default: 5e-5; cnn: 1e-3; tables and images: 3e-3, linear 3e-2; tags: 3e-4]
    #[arg(long, value_name = "RATE")]
    pub lr: Option<f64>,
    /// Decoupled weight decay, on matrices
    #[arg(long, value_name = "X", default_value_t = 0.01)]
    pub weight_decay: f64,
    /// Largest norm of the gradient; 0 does not clip
    #[arg(long, value_name = "X", default_value_t = 1.0)]
    pub clip: f64,
    /// Share of the run over which the learning rate rises before it falls linearly to 0
    #[arg(long, value_name = "SHARE", default_value_t = 0.1)]
    pub warm_up: f64,
    /// Weigh classes by rows / (classes x rows of the class)
    #[arg(long)]
    pub class_weights: bool,
    /// Stop after this many validations without a lower log loss (numbers: RMSE)
    #[arg(long, value_name = "N")]
    pub patience: Option<u32>,
    /// Seed of the training rows' draw, initial weights, order, dropout and mixing; the first one of a comparison
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    #[command(flatten)]
    pub machine: MachineArgs,
}

/// Where the work is done.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Machine")]
pub struct MachineArgs {
    /// Threads [default: all cores]; results do not depend on it
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
    /// Where tensors live
    #[arg(long, value_enum, default_value = "cpu")]
    pub device: DeviceArg,
}

/// A device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DeviceArg {
    /// The processor
    Cpu,
    /// An NVIDIA GPU; needs a build with --features cuda
    Cuda,
    /// An Apple GPU; needs a build with --features metal
    Metal,
}

/// What is printed, and where things go.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Output")]
pub struct OutputArgs {
    /// Folder of the run [default: the next free runs/COMMAND-N]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Take up an interrupted run in --out where it stopped
    #[arg(long, requires = "out")]
    pub resume: bool,
    #[command(flatten)]
    pub print: PrintArgs,
}

/// How results are printed.
#[derive(Debug, Clone, Copy, Args)]
#[command(next_help_heading = "Output")]
pub struct PrintArgs {
    /// One JSON object on stdout and nothing else
    #[arg(long)]
    pub json: bool,
    /// No progress
    #[arg(long)]
    pub quiet: bool,
}

/// How one run mixes.
#[derive(Debug, Clone, Args)]
pub struct MixArgs {
    /// How to mix: a preset (see `mixup schedule --list`)
    #[arg(
        long,
        value_name = "PRESET",
        default_value = "mixup",
        conflicts_with = "schedule"
    )]
    pub mix: String,
    /// How to mix: a schedule file (JSON)
    #[arg(long, value_name = "FILE")]
    pub schedule: Option<PathBuf>,
}

/// How often a run's state is kept.
#[derive(Debug, Clone, Copy, Args)]
pub struct CheckpointArgs {
    /// Seconds between checkpoints
    #[arg(long, value_name = "S", default_value_t = 60.0, hide_short_help = true)]
    pub checkpoint_every: f64,
}

/// The plans of a run.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Plans")]
pub struct PlanArgs {
    /// Write every plan of the run to plans.jsonl.gz in its folder
    #[arg(long)]
    pub save_plans: bool,
    /// Mix by saved plans, of a run of the same rows, batches and schedule, instead of drawing
    #[arg(long, value_name = "FILE|RUN")]
    pub replay: Option<PathBuf>,
}

/// `mixup evaluate`
#[derive(Debug, Clone, Args)]
pub struct EvaluateArgs {
    /// The run's folder
    pub run: PathBuf,
    /// Data with labels, for images also a folder; the run's own columns unless said otherwise [default: the run's test rows]
    #[arg(long, value_name = "FILE|DIR|@NAME")]
    pub data: Option<String>,
    #[command(flatten)]
    pub columns: ColumnArgs,
    #[command(flatten)]
    pub machine: MachineArgs,
    #[command(flatten)]
    pub print: PrintArgs,
    #[command(flatten)]
    pub pictures: PictureArgs,
}

/// `mixup predict`
#[derive(Debug, Clone, Args)]
pub struct PredictArgs {
    /// The run's folder
    pub run: PathBuf,
    /// Data to label; any number of rows; for images also a folder
    #[arg(long, value_name = "FILE|DIR|@NAME")]
    pub data: String,
    #[command(flatten)]
    pub columns: TextColumnArgs,
    /// Write here: csv (of tags .conll, .iob or .bio), or jsonl, by the name's ending; - for stdout [default: csv, of tags
    /// columns, on stdout]
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub out: Option<PathBuf>,
    /// Overwrite --out
    #[arg(long, requires = "out", help_heading = "Output")]
    pub force: bool,
    #[command(flatten)]
    pub machine: MachineArgs,
    /// One JSON object a row on stdout
    #[arg(long, conflicts_with = "out", help_heading = "Output")]
    pub json: bool,
    /// No progress
    #[arg(long, help_heading = "Output")]
    pub quiet: bool,
    #[command(flatten)]
    pub pictures: PictureArgs,
}
