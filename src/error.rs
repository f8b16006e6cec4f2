//! The one error type of the library.

use std::path::{Path, PathBuf};

/// What the library's functions return.
pub type Result<T> = std::result::Result<T, Error>;

/// Everything that can go wrong, with the value that was wrong and what was expected instead.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting outside its range.
    #[error("{field} must be {expected}, got {value}")]
    Setting {
        /// The setting's name, as the user writes it.
        field: String,
        /// What the setting may be.
        expected: String,
        /// What it was.
        value: String,
    },
    /// A name that is not one of a known list.
    #[error("unknown {kind} '{name}'{}; known: {}", nearest(.name, .known), .known.join(", "))]
    Unknown {
        /// What the name should name: "preset", "data set", "site", ...
        kind: &'static str,
        /// The name given.
        name: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// Two settings that exclude each other, or one that needs another.
    #[error("{0}")]
    Conflict(String),
    /// A schedule that would never mix a row in the given run.
    #[error("schedule '{name}' would never mix in a run of {steps} steps ({epochs} epochs)")]
    NeverMixes {
        /// The schedule's name.
        name: String,
        /// Steps of the run.
        steps: u64,
        /// Epochs of the run.
        epochs: u32,
    },
    /// An entry of a pair list that cannot be.
    #[error("pairs: {column}[{row}] must be {expected}, got {value}")]
    Pairs {
        /// `own`, `partner`, `weight` or `label_weight`.
        column: &'static str,
        /// The entry, from 0.
        row: usize,
        /// What the entry may be.
        expected: String,
        /// What it was.
        value: String,
    },
    /// A tensor or a buffer of the wrong shape.
    #[error("{what}: expected {expected}, got {got}")]
    Shape {
        /// Which one.
        what: String,
        /// The shape expected.
        expected: String,
        /// The shape it had.
        got: String,
    },
    /// A file or folder that could not be read or written.
    #[error("{}: {source}", .path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The system's word.
        source: std::io::Error,
    },
    /// A file whose content is not what it should be, where no row can be named.
    #[error("{}: {problem}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A cell that cannot be used. Rows and lines count from 1, the header line included in lines.
    #[error("{}, line {line}{}: expected {expected}, got '{value}'", .path.display(), column_of(.column))]
    Cell {
        /// The file.
        path: PathBuf,
        /// The line on which the row starts.
        line: u64,
        /// The column, where there is one.
        column: Option<String>,
        /// What was expected.
        expected: String,
        /// What stood there, cut to 80 characters.
        value: String,
    },
    /// A column that the file does not have.
    #[error("{}: no column '{column}'; its columns are: {}", .path.display(), .columns.join(", "))]
    MissingColumn {
        /// The file.
        path: PathBuf,
        /// The column asked for.
        column: String,
        /// The columns there are.
        columns: Vec<String>,
    },
    /// Bytes that are not UTF-8.
    #[error("{}, line {line}: invalid UTF-8 at byte {byte} of the file", .path.display())]
    Utf8 {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// The byte's offset in the (unpacked) file, from 0.
        byte: u64,
    },
    /// A class with fewer rows than the work needs.
    #[error("class '{class}' has {rows} row{}, {purpose} needs at least {needed}", if *.rows == 1 { "" } else { "s" })]
    ClassTooSmall {
        /// The class.
        class: String,
        /// Rows it has.
        rows: usize,
        /// Rows needed.
        needed: usize,
        /// What needs them.
        purpose: String,
    },
    /// A class from which a method can make no row, for a reason that lies in the data.
    #[error("class '{class}': {method} cannot make a row: {reason}")]
    NoBase {
        /// The class.
        class: String,
        /// The method.
        method: &'static str,
        /// Why.
        reason: String,
    },
    /// A class of which a cleaning step would leave no row.
    #[error("class '{class}': {step} would take out all of its {rows} rows")]
    ClassVanishes {
        /// The class.
        class: String,
        /// Rows it has.
        rows: usize,
        /// `tomek` or `enn`.
        step: &'static str,
    },
    /// A number in a table that a method cannot take.
    #[error("row {row}, column {column}: expected {expected}, got {value}")]
    Value {
        /// The row, from 0.
        row: usize,
        /// The numeric column, from 0.
        column: usize,
        /// What was expected.
        expected: &'static str,
        /// What it was.
        value: f64,
    },
    /// Data from which nothing can be learnt or split.
    #[error("{0}")]
    Data(String),
    /// A weight that a model file lacks, or whose shape is wrong.
    #[error("{}: weight '{name}': {problem}", .path.display())]
    Weight {
        /// The model file or folder.
        path: PathBuf,
        /// The weight's name.
        name: String,
        /// What is wrong.
        problem: String,
    },
    /// Trainable weights that the loss does not reach.
    #[error("no gradient reaches: {}; freeze them, or mend the forward pass (an operation without a backward cuts the graph)", .names.join(", "))]
    NoGradient {
        /// The weights' names.
        names: Vec<String>,
    },
    /// A number that is not finite where training needs one.
    #[error("{what} is not finite at step {step}; a lower learning rate may help")]
    NotFinite {
        /// Loss, or the weight whose gradient it is.
        what: String,
        /// The step, from 0.
        step: u64,
    },
    /// A site that the model does not have.
    #[error("the model has no site {site}; it has: {}", .sites.join(", "))]
    NoSite {
        /// The site asked for.
        site: String,
        /// The sites there are.
        sites: Vec<String>,
    },
    /// Settings of a run folder that differ from those given.
    #[error("{}: the run was started with other settings: {}", .path.display(), .differences.join("; "))]
    OtherSettings {
        /// The run folder.
        path: PathBuf,
        /// One entry a setting: name, then, now.
        differences: Vec<String>,
    },
    /// The user stopped the work.
    #[error("interrupted")]
    Interrupted,
    /// A device without a kernel or a dtype that an operation does not take.
    #[error("{op} does not take {what}")]
    Unsupported {
        /// The operation.
        op: &'static str,
        /// What it does not take.
        what: String,
    },
    /// Anything Candle reports.
    #[error(transparent)]
    Candle(#[from] candle_core::Error),
    /// A job of a grid that panicked.
    #[error("job {job} panicked: {message}")]
    Panicked {
        /// The job, from 0.
        job: usize,
        /// What the panic said.
        message: String,
    },
    /// Worker threads that could not be started.
    #[error("cannot start worker threads: {0}")]
    Threads(#[source] rayon::ThreadPoolBuildError),
    /// A plot that could not be drawn.
    #[error("cannot draw the plot '{plot}': {problem}")]
    Plot {
        /// Which one.
        plot: String,
        /// What the plotting library said.
        problem: String,
    },
    /// Text that is not the JSON expected.
    #[error("{what}: {problem}")]
    Json {
        /// What was read.
        what: &'static str,
        /// What is wrong with it, with line and column.
        problem: String,
    },
}

impl Error {
    /// An [`Error::Setting`].
    pub fn setting(
        field: impl Into<String>,
        expected: impl Into<String>,
        value: impl ToString,
    ) -> Self {
        Self::Setting {
            field: field.into(),
            expected: expected.into(),
            value: value.to_string(),
        }
    }

    /// An [`Error::Io`] for `path`.
    pub fn io(path: impl AsRef<Path>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.as_ref().to_path_buf();
        move |source| Self::Io { path, source }
    }

    /// An [`Error::File`] for `path`.
    pub fn file(path: impl AsRef<Path>, problem: impl ToString) -> Self {
        Self::File {
            path: path.as_ref().to_path_buf(),
            problem: problem.to_string(),
        }
    }

    /// Whether the request was wrong (exit code 2) rather than the work (exit code 1).
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::Setting { .. }
                | Self::Unknown { .. }
                | Self::Conflict(_)
                | Self::NeverMixes { .. }
                | Self::NoSite { .. }
                | Self::Json { .. }
        )
    }
}

/// Inside a Candle operation our errors travel as Candle's.
impl From<Error> for candle_core::Error {
    fn from(e: Error) -> Self {
        match e {
            Error::Candle(e) => e,
            e => candle_core::Error::wrap(e),
        }
    }
}

fn column_of(column: &Option<String>) -> String {
    column
        .as_ref()
        .map(|c| format!(", column '{c}'"))
        .unwrap_or_default()
}

/// " (did you mean 'x'?)" where one known name is close.
fn nearest(name: &str, known: &[String]) -> String {
    known
        .iter()
        .map(|k| (edits(name, k), k))
        .min()
        .filter(|(d, k)| *d <= 1 + k.chars().count() / 3)
        .map(|(_, k)| format!(" (did you mean '{k}'?)"))
        .unwrap_or_default()
}

/// Levenshtein distance, for a handful of short names.
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let substitute = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = substitute.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
