//! Cleaning: which rows of a table to take out again. Only deletions; nothing is made.
//!
//! ```text
//! Tomek link {i, j}: of different classes, and each the other's nearest (Tomek 1976)
//! edited nearest neighbours: a row that its k nearest do not agree with (Wilson 1972)
//! ```
//!
//! Neighbours are exact, the row itself left out by its number, ties by (distance, row). Everything is decided on the
//! table as it was given, before a row is gone.

use std::collections::BTreeMap;

use super::clean::{Agreement, Clean, Cleaning, Ends};
use super::deviation::{divisors, mismatch};
use super::neighbours::{Progress, Space};
use super::rows::{Real, Rows};
use super::settings::Like;
use super::strategy::class_name;
use crate::error::{Error, Result};
use crate::split::Strata;

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
    pub(super) settings: Cleaning,
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
    /// categories beside another metric than the Euclidean, [`Error::Value`] for a number beyond ±1e152,
    /// [`Error::Interrupted`].
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
        let near = self.space(rows, &all)?.nearest(&all, &all, 1, progress)?;
        let nearest = |i: u32| near.of(i as usize)[0];
        let class = |i: u32| strata.classes[i as usize];
        let links = all.iter().map(|&i| (i, nearest(i)));
        Ok(links
            .filter(|&(i, j)| i < j && nearest(j) == i && class(i) != class(j))
            .collect())
    }

    fn space<'a, T: Real>(&self, rows: &Rows<'a, T>, all: &[u32]) -> Result<Space<'a, T>> {
        rows.check_measurable()?;
        let Cleaning { metric, scale, .. } = self.settings;
        let space = Space::new(*rows, metric, scale);
        if rows.categories() == 0 {
            return Ok(space);
        }
        let own = || mismatch(rows, all, &divisors(rows, scale));
        space.with_mismatch(self.settings.mismatch.unwrap_or_else(own))
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
        let size = |i: u32| counts.get(&strata.classes[i as usize]).unwrap_or(&0);
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
        let near = self.space(rows, &all)?.nearest(&all, &all, k, progress)?;
        let class = |i: u32| strata.classes[i as usize];
        let stays = |i: u32| {
            let neighbours = near.of(i as usize);
            let votes = |c: u32| neighbours.iter().filter(|&&j| class(j) == c).count();
            let own = votes(class(i));
            let beaten = |c: u32| match votes(c) {
                votes if votes == own => self.settings.like == Like::Imblearn && c < class(i),
                votes => votes > own,
            };
            match kind {
                Agreement::All => own == k,
                Agreement::Mode => !neighbours.iter().any(|&j| beaten(class(j))),
            }
        };
        Ok(all.iter().copied().filter(|&i| !stays(i)).collect())
    }

    fn refuse_vanishing(&self, strata: Strata<'_>, removed: &[u32]) -> Result<()> {
        let before = counts(strata.classes);
        let gone = counts(removed.iter().map(|&i| &strata.classes[i as usize]));
        match before
            .iter()
            .find(|&(class, rows)| gone.get(class) == Some(rows))
        {
            None => Ok(()),
            Some((&class, &rows)) => Err(Error::ClassVanishes {
                class: class_name(strata.names, class),
                rows,
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

/// The rows of every class there is.
fn counts<'a>(classes: impl IntoIterator<Item = &'a u32>) -> BTreeMap<u32, usize> {
    let mut counts = BTreeMap::new();
    for &class in classes {
        *counts.entry(class).or_default() += 1;
    }
    counts
}
