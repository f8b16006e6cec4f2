//! How the rows of every task are divided into training, validation and test rows.

use std::collections::HashSet;
use std::hash::Hash;

use anyhow::Result;
use candle_mixup::Error;
use candle_mixup::split::{self, Lone, Split, Strata};

use super::settings::HeldOut;

/// Test rows at most, unless a share is given.
const MOST_TEST_ROWS: usize = 2000;
/// Share of the rows that are test rows, unless one is given.
const TEST_SHARE: f64 = 0.2;
/// Share of the training rows that are validation rows, unless one is given, and from how many rows on.
const VALIDATION_SHARE: f64 = 0.1;
const VALIDATION_FROM: usize = 500;

/// What says which rows must stand on one side.
pub struct Splitter<'a> {
    pub strata: Strata<'a>,
    /// Rows of one group stay together.
    pub groups: Option<&'a [String]>,
    /// The rows from the earliest on: later ones are set aside.
    pub order: Option<Vec<u32>>,
}

impl<'a> Splitter<'a> {
    /// Rows that only their classes tell apart.
    pub fn of(strata: Strata<'a>) -> Self {
        Self {
            strata,
            groups: None,
            order: None,
        }
    }

    /// Sets a share of rows aside, at most so many: whole groups, the latest, or a share of every class.
    fn set_aside(
        &self,
        rows: &[u32],
        (share, most): (f64, usize),
        lone: Lone,
        seed: u64,
    ) -> Result<Split> {
        Ok(match (&self.order, self.groups) {
            (Some(order), _) => {
                let mut order = order.clone();
                order.retain(|row| rows.binary_search(row).is_ok());
                split::latest(&order, share, most)?
            }
            (None, Some(groups)) => split::grouped(rows, groups, share, most, seed)?,
            (None, None) => split::stratified(rows, self.strata, share, most, lone, seed)?,
        })
    }

    /// Test rows and the others, from seed 0; no test rows where they come from another file.
    pub fn test(&self, rows: Vec<u32>, test: &HeldOut) -> Result<Split> {
        let part = match test {
            HeldOut::File(_) => {
                return Ok(Split {
                    held_out: Vec::new(),
                    rest: rows,
                });
            }
            HeldOut::Share(share) => (*share, usize::MAX),
            HeldOut::Default => (TEST_SHARE, MOST_TEST_ROWS),
        };
        self.set_aside(&rows, part, Lone::Refuse, 0)
    }

    /// Training and validation rows; no validation rows where they come from another file, or where there are few rows
    /// and none were asked for.
    pub fn validation(
        &self,
        rows: Vec<u32>,
        validation: &HeldOut,
        seed: u64,
    ) -> Result<(Vec<u32>, Vec<u32>)> {
        let share = match validation {
            HeldOut::Share(share) => *share,
            HeldOut::Default if rows.len() >= VALIDATION_FROM => VALIDATION_SHARE,
            HeldOut::Default | HeldOut::File(_) => return Ok((rows, Vec::new())),
        };
        let split = self.set_aside(&rows, (share, usize::MAX), Lone::Stay, seed)?;
        Ok((split.rest, split.held_out))
    }

    /// So many rows of each class, so many in all, or all of them.
    pub fn chosen(
        &self,
        pool: &[u32],
        per_class: Option<usize>,
        in_all: Option<usize>,
        seed: u64,
    ) -> Result<Vec<u32>> {
        Ok(match (per_class, in_all) {
            (Some(n), _) => split::per_class(pool, self.strata, n, seed)?,
            (None, Some(n)) => split::in_all(pool, self.strata, n, seed)?,
            (None, None) => pool.to_vec(),
        })
    }
}

/// How many of `rows` are one of `others`, by their keys.
pub fn twins<K: Eq + Hash>(others: &[u32], rows: &[u32], key: impl Fn(u32) -> K) -> usize {
    let known: HashSet<K> = others.iter().map(|&row| key(row)).collect();
    rows.iter()
        .filter(|&&row| known.contains(&key(row)))
        .count()
}

/// The classes without a row, which is an error where so many rows of each were asked for.
pub fn unseen(classes: &[String], counts: &[f64], per_class: Option<usize>) -> Result<Vec<String>> {
    let named = classes.iter().zip(counts).filter(|(_, n)| **n == 0.0);
    let unseen: Vec<String> = named.map(|(name, _)| name.clone()).collect();
    match (per_class, unseen.first()) {
        (Some(needed), Some(class)) => Err(Error::ClassTooSmall {
            class: class.clone(),
            rows: 0,
            needed,
            purpose: "--per-class".into(),
        }
        .into()),
        _ => Ok(unseen),
    }
}
