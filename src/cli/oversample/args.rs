//! The arguments of `mixup oversample`, as clap reads them.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::cli::args::PrintArgs;

/// `mixup oversample`
#[derive(Debug, Clone, Args)]
#[command(allow_negative_numbers = true)]
pub struct OversampleArgs {
    /// csv or tsv file (plain or .gz), Parquet or Arrow IPC file, or @NAME for a table that comes with the program
    #[arg(value_name = "FILE|@NAME")]
    pub file: String,
    #[command(flatten)]
    pub columns: ColumnArgs,
    #[command(flatten)]
    pub method: MethodArgs,
    #[command(flatten)]
    pub distance: DistanceArgs,
    #[command(flatten)]
    pub policies: PolicyArgs,
    #[command(flatten)]
    pub output: OutputArgs,
    #[command(flatten)]
    pub print: PrintArgs,
}

/// What the columns are.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Columns, by name or by number from 1")]
pub struct ColumnArgs {
    /// Column of the class [default: label; a shipped table knows its own]
    #[arg(long, value_name = "COL")]
    pub label: Option<String>,
    /// These hold categories, whatever they look like
    #[arg(long, value_delimiter = ',', value_name = "A,B,...")]
    pub categorical: Vec<String>,
    /// These hold numbers; anything else in them is an error
    #[arg(long, value_delimiter = ',', value_name = "A,B,...")]
    pub numeric: Vec<String>,
    /// These take no part and are empty in synthetic rows
    #[arg(long, value_delimiter = ',', value_name = "A,B,...")]
    pub ignore: Vec<String>,
    /// Cells that mean "missing", besides the empty one
    #[arg(long, value_delimiter = ',', value_name = "A,B,...")]
    pub na_values: Vec<String>,
    /// The file has no header line; columns are named by number, from 1
    #[arg(long)]
    pub no_header: bool,
}

/// How rows are made.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Method")]
pub struct MethodArgs {
    /// random, rose, smote, smotenc, smoten, borderline1, borderline2, svm, kmeans, adasyn, geometric, star, prowsyn or
    /// mixup [default: smote for numbers, smoten for categories, smotenc for both]
    #[arg(long, value_name = "NAME")]
    pub method: Option<String>,
    /// How many rows each class gets: auto, minority, not-majority, not-minority, all (up to the largest class), a
    /// share of the largest class like 0.5, or totals like A=500,B=300
    #[arg(long, value_name = "HOW", default_value = "auto")]
    pub strategy: String,
    /// Neighbours of a row [default: 5; kmeans: 2]
    #[arg(long, value_name = "N")]
    pub k: Option<usize>,
    /// Neighbours that say whether a row is in danger (borderline1, borderline2, svm) [default: 10]
    #[arg(long, value_name = "N")]
    pub m: Option<usize>,
    /// Seed of all draws
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// From which rows synthetic ones start: drawn, or each as often as any other
    #[arg(long, value_enum, default_value = "random")]
    pub bases: BasesArg,
    /// Follow imbalanced-learn's rules where they differ from ours and are no plain defects
    #[arg(long, value_enum, value_name = "WHOM")]
    pub like: Option<LikeArg>,
    /// Afterwards remove Tomek links (their majority end), or rows whose 3 nearest are of other classes (ENN)
    #[arg(long, value_enum, value_name = "HOW")]
    pub clean: Option<CleanArg>,
    /// Settings of single methods; last, since their heading holds for what follows
    #[command(flatten)]
    pub special: SpecialArgs,
}

/// Settings that one method or two have.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Settings of single methods")]
pub struct SpecialArgs {
    /// rose: factor on the kernel's width [default: 1]
    #[arg(long, value_name = "X", hide_short_help = true)]
    pub shrinkage: Option<f64>,
    /// svm: how far outwards, in (0, 1] [default: 0.5]
    #[arg(long, value_name = "X", hide_short_help = true)]
    pub out_step: Option<f64>,
    /// kmeans: clusters of all rows [default: 8]
    #[arg(long, value_name = "N", hide_short_help = true)]
    pub clusters: Option<usize>,
    /// kmeans: least share of the class in a cluster [default: half its share of the rows to be made]
    #[arg(long, value_name = "X", hide_short_help = true)]
    pub threshold: Option<f64>,
    /// kmeans: exponent of the mean distance in the sparsity [default: from the number of rows]
    #[arg(long, value_name = "X", hide_short_help = true)]
    pub exponent: Option<f64>,
    /// geometric: how much of the ball is cut off, in [-1, 1] [default: 1]
    #[arg(long, value_name = "X", hide_short_help = true)]
    pub truncation: Option<f64>,
    /// geometric: how far the ball is pressed onto its axis, in [0, 1] [default: 0]
    #[arg(long, value_name = "X", hide_short_help = true)]
    pub deformation: Option<f64>,
    /// geometric: what the ball reaches to [default: combined]
    #[arg(long, value_name = "WHAT", hide_short_help = true, value_parser = ["minority", "majority", "combined"])]
    pub selection: Option<String>,
    /// star: where segments end: star (the mean) or bus (the next row) [default: star]
    #[arg(long, value_name = "WHAT", hide_short_help = true, value_parser = ["star", "bus"])]
    pub topology: Option<String>,
    /// prowsyn: levels [default: 5]
    #[arg(long, value_name = "N", hide_short_help = true)]
    pub levels: Option<usize>,
    /// prowsyn: how fast the levels' weights fall [default: 1]
    #[arg(long, value_name = "X", hide_short_help = true)]
    pub theta: Option<f64>,
    /// mixup: the law of lambda: uniform, uniform:0,0.5, beta:0.4, beta:60,1.5 or constant:0.5 [default: uniform]
    #[arg(long, value_name = "LAW", hide_short_help = true)]
    pub weight: Option<String>,
    /// mixup: with whom [default: same-class]
    #[arg(long, value_name = "WHOM", hide_short_help = true, value_parser = ["same-class", "any"])]
    pub partner: Option<String>,
    /// mixup: what becomes of the label: own, or soft in a column _shares: same (as lambda), remix, mamix [default: own]
    #[arg(long, value_name = "RULE", hide_short_help = true)]
    pub soft_label: Option<String>,
    /// mixup: take max(lambda, 1 - lambda): true or false [default: true with any row, false with one of the class]
    #[arg(long, value_name = "BOOL", hide_short_help = true)]
    pub fold: Option<bool>,
}

/// How far apart rows are.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Distance")]
pub struct DistanceArgs {
    /// The distance between rows
    #[arg(long, value_enum, default_value = "euclidean")]
    pub metric: MetricArg,
    /// Divide columns by their standard deviation, or by the distance of their quartiles, inside the distance only
    #[arg(long, value_enum, default_value = "none")]
    pub scale: ScaleArg,
    /// Keep synthetic numbers within the smallest and largest of their column
    #[arg(long, value_enum, default_value = "free")]
    pub bounds: BoundsArg,
}

/// What is done where a class or a cell does not fit.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Policies")]
pub struct PolicyArgs {
    /// Missing cells: an error; replaced by the column's median or most frequent category, in distances and synthetic
    /// rows only; or left missing where the row is copied (random only)
    #[arg(long, value_enum, default_value = "reject")]
    pub missing: MissingArg,
    /// A class of k rows or fewer: an error, a smaller k, or also duplicates of a single row
    #[arg(long, value_enum, default_value = "refuse")]
    pub small_class: SmallClassArg,
    /// A class in which the method finds no row to start from: an error, or smote
    #[arg(long, value_enum, default_value = "refuse")]
    pub fallback: FallbackArg,
}

/// Where things go.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Output")]
pub struct OutputArgs {
    /// The balanced table; its ending says how it is written; - for stdout [default: NAME.balanced.ENDING, here]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Overwrite the table and the report
    #[arg(long)]
    pub force: bool,
    /// Add the columns _synthetic, _own, _partner (rows of the input, from 0) and _weight
    #[arg(long)]
    pub provenance: bool,
    /// Write one HTML page: counts, projections, distances, columns that moved
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Threads [default: all cores]; results do not depend on it
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
}

/// From which rows synthetic ones start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum BasesArg {
    /// Drawn with replacement
    Random,
    /// Each as often as any other, but for one
    Even,
}

/// Whose rules hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LikeArg {
    /// Those of imbalanced-learn 0.14
    Imblearn,
}

/// A cleaning step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CleanArg {
    /// Tomek links
    Tomek,
    /// Edited nearest neighbours
    Enn,
}

/// A distance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MetricArg {
    /// Square root of the sum of squared differences
    Euclidean,
    /// Sum of absolute differences
    Manhattan,
    /// 1 less the cosine of the angle
    Cosine,
    /// Euclidean on columns divided by their standard deviation: the same as --scale standard
    Standardised,
}

/// A scale of the columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ScaleArg {
    /// Columns as they are
    None,
    /// Divided by their standard deviation
    Standard,
    /// Divided by the distance of their quartiles
    Robust,
}

/// Bounds of synthetic numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum BoundsArg {
    /// None
    Free,
    /// Those of the column
    Observed,
}

/// What is done with missing cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MissingArg {
    /// An error that names row and column
    Reject,
    /// Median, or most frequent category, of the column
    Impute,
    /// They stay missing in the copy
    Carry,
}

/// What is done with a class of k rows or fewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SmallClassArg {
    /// An error that names class, rows and k
    Refuse,
    /// k becomes the rows less one
    ShrinkK,
    /// The same, and a single row is duplicated
    Duplicate,
}

/// What is done with a class that gives no base.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FallbackArg {
    /// An error with the reason
    Refuse,
    /// SMOTE
    Smote,
}
