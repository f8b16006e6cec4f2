//! The arguments of `mixup augment`, as clap reads them.

use std::path::PathBuf;

use candle_mixup::text::Offsets;
use clap::{Args, ValueEnum};

use crate::cli::args::PrintArgs;
use crate::cli::offsets::OffsetsArg;

/// `mixup augment`
#[derive(Debug, Clone, Args)]
#[command(allow_negative_numbers = true)]
pub struct AugmentArgs {
    /// csv, tsv, jsonl, txt (a text a line) or conll (a word and its tag a line; also .iob, .bio) file, plain or .gz, or @NAME
    /// for a set that comes with the program. Of conll words and tags are written, the tags as B-TYPE and I-TYPE
    #[arg(value_name = "FILE|@NAME")]
    pub file: String,
    #[command(flatten)]
    pub columns: ColumnArgs,
    #[command(flatten)]
    pub operations: OperationArgs,
    #[command(flatten)]
    pub protection: ProtectionArgs,
    #[command(flatten)]
    pub output: OutputArgs,
    #[command(flatten)]
    pub print: PrintArgs,
}

/// What stands where.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Columns, by name or by number from 1")]
pub struct ColumnArgs {
    /// Column of the text [default: text; of conll the words, in column 1; a shipped set knows its own]
    #[arg(long, value_name = "COL")]
    pub text: Option<String>,
    /// Column of the label: splice and concat then take texts of the same label [a shipped set knows its own]
    #[arg(long, value_name = "COL")]
    pub label: Option<String>,
    /// Column of labelled spans, a JSON list of [start, end, label] or of objects with start and end: they are never cut,
    /// and follow their text [of conll the tags, by default in the last column]
    #[arg(long, value_name = "COL")]
    pub entities: Option<String>,
    /// Column of spans that come back byte for byte, written in the same way
    #[arg(long, value_name = "COL")]
    pub keep_spans: Option<String>,
    /// What the offsets of spans count [default: characters]
    #[arg(long, value_enum, value_name = "WHAT")]
    pub offsets: Option<OffsetsArg>,
    /// The file has no header line; columns are named by number, from 1
    #[arg(long)]
    pub no_header: bool,
}

impl ColumnArgs {
    /// What offsets count.
    pub fn counted(&self) -> Offsets {
        self.offsets.unwrap_or_default().into()
    }
}

/// What is done.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Operations")]
pub struct OperationArgs {
    /// Taken in turn, each NAME or NAME=NUMBER, several for one output joined by +: crop, drop, sentences, concat, splice,
    /// swap, swap-adjacent, delete, insert, insert-synonym, substitute, synonym, nearest, aeda, keyboard, transpose,
    /// omit, case, mask
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "A,B,...",
        default_value = "swap,delete,crop,aeda"
    )]
    pub ops: Vec<String>,
    /// Outputs of each row
    #[arg(short, value_name = "N", default_value_t = 1)]
    pub n: u32,
    /// Only new texts: none like its row's or like another of the row; where 256 draws by each
    /// of --ops give no new one, the rest is missing, and told
    #[arg(long)]
    pub unique: bool,
    /// Seed of all draws
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// Words that crop, drop and delete leave at least [default: 1]
    #[arg(long, value_name = "N")]
    pub min_keep: Option<usize>,
    /// Synonyms: a word and its synonyms a line, tabs between them (.csv: commas), or jsonl with word and synonyms
    #[arg(long, value_name = "FILE")]
    pub synonyms: Option<PathBuf>,
    /// Word vectors for nearest, in GloVe text format, plain or .gz: of the words of the file
    #[arg(long, value_name = "FILE")]
    pub vectors: Option<PathBuf>,
    /// From how many nearest words nearest draws [default: 10]
    #[arg(long, value_name = "N")]
    pub neighbours: Option<usize>,
    /// What mask writes; left out, the word MASK in square brackets
    #[arg(long, value_name = "TEXT")]
    pub mask: Option<String>,
    /// What concat writes between two texts [default: a space]
    #[arg(long, value_name = "TEXT")]
    pub separator: Option<String>,
    /// Most words that concat makes; the longer text is cut first
    #[arg(long, value_name = "N")]
    pub max_words: Option<usize>,
    /// Whose texts splice and concat take [default: those of the same label; needed for csv, tsv and jsonl without --label]
    #[arg(long, value_enum, value_name = "WHOSE")]
    pub partners: Option<PartnersArg>,
}

/// Whose texts come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PartnersArg {
    /// Of rows with the same label
    SameLabel,
    /// Of any row; the label is then shared, as --provenance says
    Any,
}

/// What is left alone.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Protection")]
pub struct ProtectionArgs {
    /// Regular expression whose matches stay as they are; may be given several times
    #[arg(long, value_name = "REGEX")]
    pub protect: Vec<String>,
    /// File of words or phrases that stay as they are, one a line, in any case
    #[arg(long, value_name = "FILE")]
    pub protect_words: Option<PathBuf>,
    /// What becomes of an entity in what crop, drop, sentences and splice take away
    #[arg(long, value_enum, default_value = "keep", value_name = "WHAT")]
    pub entity: EntityArg,
}

/// What becomes of an entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EntityArg {
    /// It stays: other words go
    Keep,
    /// It may go, as a whole and with its label
    Drop,
}

/// Where the rows go.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Output")]
pub struct OutputArgs {
    /// The new rows, grouped by row in the order of the file; .gz packs them; - for stdout [default: NAME.augmented.ENDING,
    /// here]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Overwrite --out
    #[arg(long)]
    pub force: bool,
    /// Write each row itself before its outputs
    #[arg(long)]
    pub keep: bool,
    /// Add the columns _synthetic, _operation, _own, _partner (rows of the file, from 0), _label_weight, _partner_label
    /// and _unchanged
    #[arg(long)]
    pub provenance: bool,
    /// Show the first rows before and after, and write nothing [default: 5 rows]
    #[arg(long, value_name = "ROWS", num_args = 0..=1, require_equals = true, default_missing_value = "5")]
    pub preview: Option<usize>,
    /// Threads [default: all cores]; results do not depend on it
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
}
