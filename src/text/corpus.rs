//! A corpus: texts with their targets, wholly in memory, for training and scoring.

use std::path::Path;

use super::labels::{Expected, LabelKind, LabelReader};
use super::read::{Columns, ReadOptions, TextRow, TextRows};
use crate::data::{Cell, Fingerprint, Source};
use crate::error::{Error, Result};

/// Labelled texts. Targets are always soft inside: `[rows, classes]`, row by row.
///
/// ```
/// use candle_mixup::data::Source;
/// use candle_mixup::text::{Columns, Corpus, ReadOptions};
///
/// let source = Source::parse("@questions")?;
/// let corpus = Corpus::read(&source, &Columns::of(&source), &ReadOptions::default(), None)?;
/// assert_eq!((corpus.len(), corpus.classes().len()), (5452, 6));
/// # Ok::<(), candle_mixup::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Corpus {
    texts: Vec<String>,
    pairs: Option<Vec<String>>,
    targets: Vec<f32>,
    soft: Option<Vec<f32>>,
    classes: Vec<String>,
    kind: LabelKind,
    lines: Vec<u64>,
    groups: Option<Vec<String>>,
    times: Option<Vec<String>>,
    skipped: usize,
}

impl Corpus {
    /// Reads every row of `source`. `classes` are those of the training rows when a second file is read; `None`
    /// learns them: sorted, by number where all are whole numbers.
    ///
    /// # Errors
    /// Those of [`TextRows`]; [`Error::Cell`] for a label that is not one of `classes` or not written as
    /// `columns.kind` says; [`Error::Data`] where there is no row, or where all rows have one class;
    /// [`Error::Setting`] for a kind that cannot be read.
    pub fn read(
        source: &Source,
        columns: &Columns,
        options: &ReadOptions,
        classes: Option<&[String]>,
    ) -> Result<Self> {
        let Some(label) = &columns.label else {
            return Err(Error::setting("label", "a column", "none"));
        };
        let mut rows = TextRows::open(source, columns, options)?;
        let path = rows.path().to_path_buf();
        let mut builder = Builder::new(&columns.kind, classes)?;
        let mut soft = match &columns.soft {
            Some(soft) => Some((&soft.column, LabelReader::new(&soft.kind, None)?)),
            None => None,
        };
        for row in rows.by_ref() {
            let row = row?;
            let place = |column: &String| (path.clone(), row.line, column.clone());
            take(&mut builder.labels, row.label.as_ref(), || place(label))?;
            if let Some((column, reader)) = &mut soft {
                take(reader, row.soft.as_ref(), || place(column))?;
            }
            builder.push(row);
        }
        builder.finish(
            &path,
            soft.map(|(_, reader)| reader),
            rows.skipped(),
            classes,
        )
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// Whether there is no row: only a selection of none.
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// The texts.
    pub fn texts(&self) -> &[String] {
        &self.texts
    }

    /// The second texts, where the rows are pairs.
    pub fn pairs(&self) -> Option<&[String]> {
        self.pairs.as_deref()
    }

    /// Targets to train on, `[rows, classes]`: shares of the classes, or 0 and 1 each for several labels.
    pub fn targets(&self) -> &[f32] {
        &self.targets
    }

    /// The soft targets of the second label column, `[rows, classes]`.
    pub fn soft(&self) -> Option<&[f32]> {
        self.soft.as_deref()
    }

    /// Trains on the soft targets instead of the hard ones.
    ///
    /// # Errors
    /// [`Error::Data`] where no soft column was read.
    pub fn with_soft_targets(mut self) -> Result<Self> {
        match &self.soft {
            Some(soft) => self.targets.clone_from(soft),
            None => return Err(Error::Data("no column of soft labels was read".into())),
        }
        Ok(self)
    }

    /// The classes, in the order of the targets' columns.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// How the labels were written.
    pub fn kind(&self) -> &LabelKind {
        &self.kind
    }

    /// The line of the source on which each row starts.
    pub fn lines(&self) -> &[u64] {
        &self.lines
    }

    /// The group of each row.
    pub fn groups(&self) -> Option<&[String]> {
        self.groups.as_deref()
    }

    /// The time of each row, as written.
    pub fn times(&self) -> Option<&[String]> {
        self.times.as_deref()
    }

    /// Rows from the earliest to the latest, those of one time in file order: by number where all times are numbers,
    /// else by text (which is right for ISO 8601 dates).
    pub fn time_order(&self) -> Option<Vec<u32>> {
        let times = self.times.as_ref()?;
        let mut order: Vec<u32> = (0..times.len() as u32).collect();
        let numbers: Option<Vec<f64>> = times
            .iter()
            .map(|t| t.trim().parse().ok().filter(|n: &f64| n.is_finite()))
            .collect();
        match numbers {
            Some(n) => order.sort_by(|&a, &b| n[a as usize].total_cmp(&n[b as usize])),
            None => order.sort_by_key(|&r| &times[r as usize]),
        }
        Some(order)
    }

    /// Rows that were passed over because their text was empty.
    pub fn skipped(&self) -> usize {
        self.skipped
    }

    /// The class of each row: the largest target, the first of equals. For several labels it means nothing.
    pub fn class_ids(&self) -> Vec<u32> {
        let largest = |row: &[f32]| {
            (1..row.len()).fold(0, |best, c| if row[c] > row[best] { c } else { best }) as u32
        };
        self.targets
            .chunks(self.classes.len())
            .map(largest)
            .collect()
    }

    /// The sum of each class's targets: its rows, where labels are hard.
    pub fn class_counts(&self) -> Vec<f64> {
        let mut counts = vec![0.0; self.classes.len()];
        for row in self.targets.chunks(self.classes.len()) {
            for (count, &share) in counts.iter_mut().zip(row) {
                *count += f64::from(share);
            }
        }
        counts
    }

    /// The given rows, in the given order, with the same classes.
    pub fn select(&self, rows: &[u32]) -> Self {
        let texts = |from: &[String]| rows.iter().map(|&r| from[r as usize].clone()).collect();
        let width = self.classes.len();
        let targets = |from: &[f32]| {
            rows.iter()
                .flat_map(|&r| &from[r as usize * width..][..width])
                .copied()
                .collect()
        };
        Self {
            texts: texts(&self.texts),
            pairs: self.pairs.as_deref().map(texts),
            targets: targets(&self.targets),
            soft: self.soft.as_deref().map(targets),
            classes: self.classes.clone(),
            kind: self.kind.clone(),
            lines: rows.iter().map(|&r| self.lines[r as usize]).collect(),
            groups: self.groups.as_deref().map(texts),
            times: self.times.as_deref().map(texts),
            skipped: self.skipped,
        }
    }

    /// Adds the rows of another file, read with this one's classes, behind the rows that are there; gives their
    /// numbers. Added rows belong to no group and have no time.
    ///
    /// # Errors
    /// [`Error::Data`] where only one of the two has second texts or soft labels, or the classes differ.
    pub fn append(&mut self, other: Self) -> Result<Vec<u32>> {
        let one_sided = |a: bool, b: bool, what: &str| match a == b {
            true => Ok(()),
            false => Err(Error::Data(format!("only one of the two files has {what}"))),
        };
        one_sided(self.pairs.is_some(), other.pairs.is_some(), "second texts")?;
        one_sided(self.soft.is_some(), other.soft.is_some(), "soft labels")?;
        one_sided(true, self.classes == other.classes, "these classes")?;
        let rows = self.len() as u32..(self.len() + other.len()) as u32;
        for column in [&mut self.groups, &mut self.times].into_iter().flatten() {
            column.resize(rows.end as usize, String::new());
        }
        self.texts.extend(other.texts);
        self.targets.extend(other.targets);
        self.lines.extend(other.lines);
        if let (Some(own), Some(more)) = (&mut self.pairs, other.pairs) {
            own.extend(more);
        }
        if let (Some(own), Some(more)) = (&mut self.soft, other.soft) {
            own.extend(more);
        }
        self.skipped += other.skipped;
        Ok(rows.collect())
    }

    /// A hash of texts, pairs, classes and targets, 32 hexadecimal digits: equal content has an equal fingerprint on
    /// every machine.
    pub fn fingerprint(&self) -> String {
        let mut hash = Fingerprint::new();
        hash.texts(&self.texts);
        for texts in [&self.pairs, &self.groups, &self.times]
            .into_iter()
            .flatten()
        {
            hash.texts(texts);
        }
        hash.texts(&self.classes);
        hash.numbers(&self.targets);
        if let Some(soft) = &self.soft {
            hash.numbers(soft);
        }
        hash.hex()
    }
}

/// Hands a cell to the label reader; what it expected becomes an error that names the cell.
fn take(
    labels: &mut LabelReader,
    cell: Option<&Cell>,
    place: impl Fn() -> (std::path::PathBuf, u64, String),
) -> Result<()> {
    let cell = cell.unwrap_or(&Cell::Missing);
    labels.push(cell).map_err(|Expected(expected)| {
        let (path, line, column) = place();
        Error::Cell {
            path,
            line,
            column: Some(column),
            expected,
            value: cell.shown(),
        }
    })
}

/// A corpus that grows row by row.
struct Builder {
    labels: LabelReader,
    kind: LabelKind,
    texts: Vec<String>,
    pairs: Vec<String>,
    lines: Vec<u64>,
    groups: Vec<String>,
    times: Vec<String>,
}

impl Builder {
    fn new(kind: &LabelKind, classes: Option<&[String]>) -> Result<Self> {
        Ok(Self {
            labels: LabelReader::new(kind, classes)?,
            kind: kind.clone(),
            texts: Vec::new(),
            pairs: Vec::new(),
            lines: Vec::new(),
            groups: Vec::new(),
            times: Vec::new(),
        })
    }

    fn push(&mut self, row: TextRow) {
        self.texts.push(row.text);
        self.lines.push(row.line);
        self.pairs.extend(row.pair);
        self.groups.extend(row.group);
        self.times.extend(row.time);
    }

    fn finish(
        self,
        path: &Path,
        soft: Option<LabelReader>,
        skipped: usize,
        known: Option<&[String]>,
    ) -> Result<Corpus> {
        if self.texts.is_empty() {
            return Err(Error::file(path, "has no rows"));
        }
        let (classes, targets) = self.labels.finish();
        if known.is_none() && classes.len() < 2 && !self.kind.is_multi() {
            return Err(Error::Data(format!(
                "{}: all rows have the class '{}'; at least two classes are needed",
                path.display(),
                classes.join(", ")
            )));
        }
        if classes.is_empty() {
            return Err(Error::Data(format!(
                "{}: no row has a label",
                path.display()
            )));
        }
        let filled = |column: Vec<String>| (!column.is_empty()).then_some(column);
        Ok(Corpus {
            soft: soft.map(|s| same_classes(path, s, &classes)).transpose()?,
            texts: self.texts,
            pairs: filled(self.pairs),
            targets,
            classes,
            kind: self.kind,
            lines: self.lines,
            groups: filled(self.groups),
            times: filled(self.times),
            skipped,
        })
    }
}

/// The soft targets, which must be of the labels' own classes.
fn same_classes(path: &Path, soft: LabelReader, classes: &[String]) -> Result<Vec<f32>> {
    let (own, targets) = soft.finish();
    if own == classes {
        return Ok(targets);
    }
    Err(Error::Data(format!(
        "{}: the soft labels are shares of {}, the labels are {}",
        path.display(),
        own.join(", "),
        classes.join(", ")
    )))
}
