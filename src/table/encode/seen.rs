//! What an encoder met in rows that its training rows do not have.

/// Rows with something that no row had on which the encoder was fitted: columns, and the rows in which each has it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Seen {
    /// Categories without an index of their own: all have index 1.
    pub unseen: Vec<(String, usize)>,
    /// Cells missing in columns of which no training row misses any: numbers became the median, without a cell that
    /// says so, and categories have an index that was not trained.
    pub missing: Vec<(String, usize)>,
    /// Numbers so far out that their cells were clipped to ±3.4·10³².
    pub clipped: Vec<(String, usize)>,
    /// Columns that the encoder does not know; they are left out.
    pub ignored: Vec<String>,
}

impl Seen {
    /// The rows of another encoding as well.
    pub fn add(&mut self, other: &Self) {
        add(&mut self.unseen, &other.unseen);
        add(&mut self.missing, &other.missing);
        add(&mut self.clipped, &other.clipped);
        let known = self.ignored.clone();
        let new = other.ignored.iter().filter(|c| !known.contains(c));
        self.ignored.extend(new.cloned());
    }

    /// All of it in words, a sentence a column; nothing where nothing was met.
    pub fn notes(&self) -> Vec<String> {
        let told = |counts: &[(String, usize)], what: &str| -> Vec<String> {
            let told = counts.iter();
            told.map(|(column, rows)| format!("column '{column}': {rows} rows {what}"))
                .collect()
        };
        [
            told(&self.unseen, "have a category that no training row has"),
            told(
                &self.missing,
                "lack a value that no training row lacks; numbers became the median",
            ),
            told(
                &self.clipped,
                "have a number so far out that it was clipped",
            ),
            self.ignored
                .iter()
                .map(|column| {
                    format!("column '{column}' is not one that was trained on, and is left out")
                })
                .collect(),
        ]
        .concat()
    }
}

fn add(counts: &mut Vec<(String, usize)>, others: &[(String, usize)]) {
    for (column, rows) in others {
        match counts.iter_mut().find(|(name, _)| name == column) {
            Some((_, count)) => *count += rows,
            None => counts.push((column.clone(), *rows)),
        }
    }
}

/// The columns with a count that is not 0.
pub(super) fn named<'a>(
    names: impl Iterator<Item = &'a str>,
    counts: &[usize],
) -> Vec<(String, usize)> {
    let counted = names.zip(counts).filter(|(_, count)| **count > 0);
    counted.map(|(name, count)| (name.into(), *count)).collect()
}

/// Counts of columns: two of each.
#[derive(Debug, Clone)]
pub(super) struct Counts {
    /// Cells missing where no training row misses one.
    pub missing: Vec<usize>,
    /// Numbers that were clipped, or categories without an index.
    pub odd: Vec<usize>,
}

impl Counts {
    pub fn new(columns: usize) -> Self {
        Self {
            missing: vec![0; columns],
            odd: vec![0; columns],
        }
    }

    pub fn plus(mut self, other: Self) -> Self {
        let add = |mine: &mut Vec<usize>, other: Vec<usize>| {
            mine.iter_mut().zip(other).for_each(|(m, o)| *m += o);
        };
        add(&mut self.missing, other.missing);
        add(&mut self.odd, other.odd);
        self
    }
}
