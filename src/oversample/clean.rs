//! Cleaning: which rows of a table to take out again. Only deletions; nothing is made.
//!
//! ```text
//! Tomek link {i, j}: of different classes, and each the other's nearest (Tomek 1976)
//! edited nearest neighbours: a row that its k nearest do not agree with (Wilson 1972)
//! ```
//!
//! Neighbours are exact, the row itself left out by its number, ties by (distance, row). Everything is decided on the
//! table as it was given, before a row is gone.

use serde::{Deserialize, Serialize};

use super::neighbours::{Progress, Space};
use super::rows::{Real, Rows};
use super::settings::{Like, Metric, Scale};
use super::strategy::class_name;
use crate::error::{Error, Result};
use crate::split::Strata;

/// What to take out, and how far apart two rows are. [`Cleaning::check`] makes a [`Cleaner`] of it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Cleaning {
    /// Which rows. Default: the majority ends of Tomek links.
    pub step: Clean,
    /// How far apart two rows are. Default: Euclidean.
    pub metric: Metric,
    /// What the numeric columns are divided by inside the distance. Default: nothing.
    pub scale: Scale,
    /// What each category in which two rows differ adds to the sum of squares, in units of the distance squared; a
    /// number, at least 0, with which tables with categories can be cleaned. Default: none, and they are refused.
    pub mismatch: Option<f64>,
    /// Whose rules hold where imbalanced-learn's SMOTETomek and SMOTEENN differ: Tomek links lose both ends, and a tied
    /// vote goes to the lowest class. Default: ours.
    pub like: Like,
}

/// A cleaning step. Written `{"tomek": {}}`, `{"enn": {"k": 3}}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Clean {
    /// Ends of Tomek links (Tomek 1976; after oversampling, Batista, Prati and Monard 2004).
    Tomek {
        /// Which ends; default: the majority's, and both where imbalanced-learn's rules hold.
        #[serde(default)]
        ends: Option<Ends>,
    },
    /// Rows that their neighbours outvote (edited nearest neighbours; Wilson 1972).
    Enn {
        /// Neighbours, at least 1; default 3.
        #[serde(default = "three")]
        k: usize,
        /// How many of them must be of the row's class.
        #[serde(default)]
        kind: Agreement,
    },
}

/// Which ends of a Tomek link go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ends {
    /// The one whose class had more rows before oversampling; both where the two had as many (the default).
    #[default]
    Majority,
    /// Both.
    Both,
}

/// How many neighbours must be of the row's class for the row to stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Agreement {
    /// All (the default).
    #[default]
    All,
    /// As many as of any other class.
    Mode,
}

/// Checked settings: finds the rows to take out.
///
/// ```
/// use candle_mixup::oversample::{Cleaning, Rows};
/// use candle_mixup::split::Strata;
///
/// let rows = Rows::numeric(&[0.0, 1.0, 2.0, 3.9, 4.0, 9.0, 9.5], 1)?;
/// let strata = Strata { classes: &[0, 0, 0, 0, 1, 1, 1], names: &["usual".into(), "rare".into()] };
/// let cleaner = Cleaning::default().check()?;
/// assert_eq!(cleaner.tomek_links(&rows, strata, &())?, [(3, 4)]);
/// assert_eq!(cleaner.removed(&rows, strata, 7, &())?, [3]);
/// # Ok::<(), candle_mixup::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Cleaner {
    settings: Cleaning,
}

impl Default for Clean {
    fn default() -> Self {
        Self::Tomek { ends: None }
    }
}

impl Clean {
    /// The steps' names, as `--clean` and JSON know them.
    pub const NAMES: [&'static str; 2] = ["tomek", "enn"];

    /// The step of this name with its default settings.
    ///
    /// # Errors
    /// [`Error::Unknown`] with the names there are.
    pub fn named(name: &str) -> Result<Self> {
        match name {
            "tomek" => Ok(Self::default()),
            "enn" => Ok(Self::Enn {
                k: three(),
                kind: Agreement::default(),
            }),
            _ => Err(Error::Unknown {
                kind: "cleaning step",
                name: name.into(),
                known: Self::NAMES.map(String::from).to_vec(),
            }),
        }
    }

    /// The name, as in [`Clean::NAMES`].
    pub fn name(&self) -> &'static str {
        match self {
            Self::Tomek { .. } => "tomek",
            Self::Enn { .. } => "enn",
        }
    }
}

impl Cleaning {
    /// Checks every number.
    ///
    /// # Errors
    /// [`Error::Setting`] naming range and value; [`Error::Conflict`] for a mismatch beside a metric that is not
    /// Euclidean.
    pub fn check(self) -> Result<Cleaner> {
        if let Clean::Enn { k: 0, .. } = self.step {
            return Err(Error::setting("k", "at least 1", 0));
        }
        match self.mismatch {
            Some(penalty) if !(penalty >= 0.0 && penalty.is_finite()) => {
                Err(Error::setting("mismatch", "finite and at least 0", penalty))
            }
            Some(_) if self.metric != Metric::Euclidean => Err(Error::Conflict(
                "a mismatch of categories is added to squares: it needs the euclidean metric"
                    .into(),
            )),
            _ => Ok(Cleaner { settings: self }),
        }
    }
}

impl Cleaner {
    /// The settings.
    pub fn settings(&self) -> &Cleaning {
        &self.settings
    }

    /// The rows to take out, ascending. `rows` are all that are to be judged, originals first and synthetic rows behind
    /// them; the first `originals` say which of two classes is the larger one.
    ///
    /// # Errors
    /// [`Error::ClassVanishes`] if no row of a class would stay, [`Error::Setting`] for as few rows as neighbours or
    /// more originals than rows, [`Error::Shape`] if rows and classes differ in number, [`Error::Unsupported`] for
    /// categories without a mismatch, [`Error::Interrupted`].
    pub fn removed<T: Real>(
        &self,
        rows: &Rows<'_, T>,
        strata: Strata<'_>,
        originals: usize,
        progress: &dyn Progress,
    ) -> Result<Vec<u32>> {
        if originals > rows.len() {
            let expected = format!("at most the {} rows", rows.len());
            return Err(Error::setting("originals", expected, originals));
        }
        let removed = match self.settings.step {
            Clean::Tomek { ends } => {
                let links = self.tomek_links(rows, strata, progress)?;
                self.ends(&links, strata, originals, ends)
            }
            Clean::Enn { k, kind } => self.outvoted(rows, strata, k, kind, progress)?,
        };
        self.refuse_vanishing(strata, &removed)?;
        Ok(removed)
    }

    /// The Tomek links, each by its lower row, ascending.
    ///
    /// # Errors
    /// As [`Cleaner::removed`], but for those of vanishing classes.
    pub fn tomek_links<T: Real>(
        &self,
        rows: &Rows<'_, T>,
        strata: Strata<'_>,
        progress: &dyn Progress,
    ) -> Result<Vec<(u32, u32)>> {
        let all = all(rows, strata)?;
        let near = self.space(rows)?.nearest(&all, &all, 1, progress)?;
        let nearest = |i: u32| near.of(i as usize)[0];
        let class = |i: u32| strata.classes[i as usize];
        let links = all.iter().map(|&i| (i, nearest(i)));
        Ok(links
            .filter(|&(i, j)| i < j && nearest(j) == i && class(i) != class(j))
            .collect())
    }

    fn space<'a, T: Real>(&self, rows: &Rows<'a, T>) -> Result<Space<'a, T>> {
        let Cleaning { metric, scale, .. } = self.settings;
        match (rows.categories(), self.settings.mismatch) {
            (0, _) => Ok(Space::new(*rows, metric, scale)),
            (_, Some(penalty)) => Ok(Space::new(*rows, metric, scale).with_mismatch(penalty)),
            (_, None) => Err(Error::Unsupported {
                op: self.settings.step.name(),
                what: "categories unless a mismatch says how far apart two of them are".into(),
            }),
        }
    }

    /// The rows that go from links, ascending; no row is in two links.
    fn ends(
        &self,
        links: &[(u32, u32)],
        strata: Strata<'_>,
        originals: usize,
        ends: Option<Ends>,
    ) -> Vec<u32> {
        let ends = ends.unwrap_or(match self.settings.like {
            Like::Own => Ends::Majority,
            Like::Imblearn => Ends::Both,
        });
        let counts = counts(&strata.classes[..originals]);
        let size = |i: u32| {
            counts
                .get(strata.classes[i as usize] as usize)
                .unwrap_or(&0)
        };
        let mut removed = Vec::new();
        for &(i, j) in links {
            let both = ends == Ends::Both || size(i) == size(j);
            removed.extend((both || size(i) > size(j)).then_some(i));
            removed.extend((both || size(j) > size(i)).then_some(j));
        }
        removed.sort_unstable();
        removed
    }

    fn outvoted<T: Real>(
        &self,
        rows: &Rows<'_, T>,
        strata: Strata<'_>,
        k: usize,
        kind: Agreement,
        progress: &dyn Progress,
    ) -> Result<Vec<u32>> {
        let all = all(rows, strata)?;
        let near = self.space(rows)?.nearest(&all, &all, k, progress)?;
        let class = |i: u32| strata.classes[i as usize];
        let mut votes = vec![0usize; counts(strata.classes).len()];
        let mut removed = Vec::new();
        for &i in &all {
            let neighbours = near.of(i as usize);
            neighbours
                .iter()
                .for_each(|&j| votes[class(j) as usize] += 1);
            let own = votes[class(i) as usize];
            let beaten = |j: u32| match votes[class(j) as usize] {
                votes if votes == own => {
                    self.settings.like == Like::Imblearn && class(j) < class(i)
                }
                votes => votes > own,
            };
            let stays = match kind {
                Agreement::All => own == k,
                Agreement::Mode => !neighbours.iter().any(|&j| beaten(j)),
            };
            removed.extend((!stays).then_some(i));
            neighbours
                .iter()
                .for_each(|&j| votes[class(j) as usize] = 0);
        }
        Ok(removed)
    }

    fn refuse_vanishing(&self, strata: Strata<'_>, removed: &[u32]) -> Result<()> {
        let before = counts(strata.classes);
        let mut left = before.clone();
        for &i in removed {
            left[strata.classes[i as usize] as usize] -= 1;
        }
        match (0..left.len()).find(|&c| before[c] > 0 && left[c] == 0) {
            None => Ok(()),
            Some(class) => Err(Error::ClassVanishes {
                class: class_name(strata.names, class as u32),
                rows: before[class],
                step: self.settings.step.name(),
            }),
        }
    }
}

/// All rows, each of which must have a class.
fn all<T: Real>(rows: &Rows<'_, T>, strata: Strata<'_>) -> Result<Vec<u32>> {
    match u32::try_from(rows.len()) {
        Ok(n) if strata.classes.len() == rows.len() => Ok((0..n).collect()),
        _ => Err(Error::Shape {
            what: "classes".into(),
            expected: format!("one for each of the {} rows", rows.len()),
            got: strata.classes.len().to_string(),
        }),
    }
}

/// The rows of every class.
fn counts(classes: &[u32]) -> Vec<usize> {
    let most = classes.iter().max().map_or(0, |&c| c as usize + 1);
    let mut counts = vec![0; most];
    for &class in classes {
        counts[class as usize] += 1;
    }
    counts
}

fn three() -> usize {
    3
}
