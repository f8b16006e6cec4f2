//! Who is a test, a validation and a training row: stratified, grouped or by time; and few-label subsets.
//!
//! All draws are keyed by (seed, [`Purpose::Split`], class), so the rows of one class do not depend on another's.

mod folds;

use std::collections::BTreeMap;

pub use folds::{folds, grouped_folds, keep_of_class};

use crate::error::{Error, Result};
use crate::random::{Purpose, Stream, name_key};

/// Two disjoint lists of row numbers, each ascending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// The rows set aside: test or validation rows.
    pub held_out: Vec<u32>,
    /// The others.
    pub rest: Vec<u32>,
}

/// What a split knows of the rows: the class of each (0 where there are none) and their names.
#[derive(Debug, Clone, Copy)]
pub struct Strata<'a> {
    /// The class of every row.
    pub classes: &'a [u32],
    /// The classes' names, for errors.
    pub names: &'a [String],
}

/// What becomes of a class of one row, which cannot stand on both sides of a split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lone {
    /// It is an error: a test split must show every class.
    Refuse,
    /// Its row stays with the rest: a validation split can do without it.
    Stay,
}

/// Sets `share` of each class aside, at least one row of each and at most `most` in all.
///
/// # Errors
/// [`Error::Setting`] for a share outside (0, 1), [`Error::ClassTooSmall`] for a class of one row, unless it may stay.
pub fn stratified(
    rows: &[u32],
    strata: Strata<'_>,
    share: f64,
    most: usize,
    lone: Lone,
    seed: u64,
) -> Result<Split> {
    check_share(share)?;
    let share = share.min(most as f64 / rows.len().max(1) as f64);
    let mut held_out = Vec::new();
    for (class, mut members) in by_class(rows, strata.classes) {
        if members.len() < 2 && lone == Lone::Stay {
            continue;
        }
        if members.len() < 2 {
            return Err(too_small(
                strata,
                class,
                members.len(),
                2,
                "a split into training and test rows",
            ));
        }
        Stream::keyed(seed, Purpose::Split, u64::from(class), 0).shuffle(&mut members);
        let count = (share * members.len() as f64).round() as usize;
        held_out.extend_from_slice(&members[..count.clamp(1, members.len() - 1)]);
    }
    Ok(divide(rows, held_out))
}

/// Sets whole groups aside, in drawn order, as long as they fit into `share` of the rows (at most `most`); groups that
/// would overshoot are passed over, and where none fits the smallest one is taken.
///
/// # Errors
/// [`Error::Setting`] for a share outside (0, 1), [`Error::Data`] if there is only one group.
pub fn grouped(
    rows: &[u32],
    groups: &[String],
    share: f64,
    most: usize,
    seed: u64,
) -> Result<Split> {
    check_share(share)?;
    let mut members: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
    for &row in rows {
        members.entry(&groups[row as usize]).or_default().push(row);
    }
    if members.len() < 2 {
        return Err(Error::Data(
            "all rows belong to one group: nothing can be set aside".into(),
        ));
    }
    let mut names: Vec<&str> = members.keys().copied().collect();
    Stream::keyed(seed, Purpose::Split, name_key("groups"), 0).shuffle(&mut names);
    let wanted = ((share * rows.len() as f64) as usize).min(most).max(1);
    let mut held_out = Vec::new();
    for name in &names {
        if held_out.len() + members[name].len() <= wanted {
            held_out.extend_from_slice(&members[name]);
        }
    }
    if held_out.is_empty() {
        held_out.extend(
            members
                .values()
                .min_by_key(|rows| rows.len())
                .into_iter()
                .flatten(),
        );
    }
    Ok(divide(rows, held_out))
}

/// Sets the latest rows aside; `order` lists the rows from the earliest to the latest.
///
/// # Errors
/// [`Error::Setting`] for a share outside (0, 1), [`Error::Data`] for fewer than two rows.
pub fn latest(order: &[u32], share: f64, most: usize) -> Result<Split> {
    check_share(share)?;
    if order.len() < 2 {
        return Err(Error::Data(
            "a split by time needs at least two rows".into(),
        ));
    }
    let count = ((share * order.len() as f64).round() as usize)
        .min(most)
        .clamp(1, order.len() - 1);
    let mut rows = order.to_vec();
    let held_out = rows[rows.len() - count..].to_vec();
    rows.sort_unstable();
    Ok(divide(&rows, held_out))
}

/// `count` rows of each class, in ascending order.
///
/// # Errors
/// [`Error::ClassTooSmall`] naming the class.
pub fn per_class(rows: &[u32], strata: Strata<'_>, count: usize, seed: u64) -> Result<Vec<u32>> {
    let mut chosen = Vec::new();
    for (class, mut members) in by_class(rows, strata.classes) {
        if members.len() < count {
            return Err(too_small(
                strata,
                class,
                members.len(),
                count,
                "the subset of training rows",
            ));
        }
        Stream::keyed(seed, Purpose::Split, u64::from(class), 1).shuffle(&mut members);
        chosen.extend_from_slice(&members[..count]);
    }
    chosen.sort_unstable();
    Ok(chosen)
}

/// `total` rows with the classes in proportion (largest remainder, ties to the lower class), at least one of each.
///
/// # Errors
/// [`Error::Setting`] if there are fewer rows than asked for, or fewer asked for than there are classes.
pub fn in_all(rows: &[u32], strata: Strata<'_>, total: usize, seed: u64) -> Result<Vec<u32>> {
    let classes = by_class(rows, strata.classes);
    if total > rows.len() || total < classes.len() {
        let least = match classes.len() {
            1 => "1".into(),
            n => format!("the {n} classes"),
        };
        let range = format!("between {least} and the {} training rows", rows.len());
        return Err(Error::setting("--train-rows", range, total));
    }
    let mut counts: Vec<usize> = classes
        .values()
        .map(|m| (m.len() * total / rows.len()).max(1))
        .collect();
    let remainder = |i: usize, size: usize| (size * total) % rows.len() * 1000 + 999 - i.min(999);
    let sizes: Vec<usize> = classes.values().map(Vec::len).collect();
    let mut order: Vec<usize> = (0..counts.len()).collect();
    order.sort_by_key(|&i| std::cmp::Reverse(remainder(i, sizes[i])));
    settle(&mut counts, &sizes, &order, total);
    let mut chosen = Vec::with_capacity(total);
    for ((class, mut members), count) in classes.into_iter().zip(counts) {
        Stream::keyed(seed, Purpose::Split, u64::from(class), 1).shuffle(&mut members);
        chosen.extend_from_slice(&members[..count]);
    }
    chosen.sort_unstable();
    Ok(chosen)
}

/// Adds to, or takes from, the counts in turn until they sum to `total`; each stays within 1..=size.
fn settle(counts: &mut [usize], sizes: &[usize], order: &[usize], total: usize) {
    let mut sum: usize = counts.iter().sum();
    for &i in order.iter().cycle() {
        match sum.cmp(&total) {
            std::cmp::Ordering::Equal => return,
            std::cmp::Ordering::Less if counts[i] < sizes[i] => {
                (counts[i], sum) = (counts[i] + 1, sum + 1)
            }
            std::cmp::Ordering::Greater if counts[i] > 1 => {
                (counts[i], sum) = (counts[i] - 1, sum - 1)
            }
            _ => {}
        }
    }
}

fn check_share(share: f64) -> Result<()> {
    if share > 0.0 && share < 1.0 {
        Ok(())
    } else {
        Err(Error::setting("share", "between 0 and 1", share))
    }
}

fn by_class(rows: &[u32], classes: &[u32]) -> BTreeMap<u32, Vec<u32>> {
    let mut members: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for &row in rows {
        members.entry(classes[row as usize]).or_default().push(row);
    }
    members
}

fn divide(rows: &[u32], mut held_out: Vec<u32>) -> Split {
    held_out.sort_unstable();
    let rest = rows
        .iter()
        .copied()
        .filter(|r| held_out.binary_search(r).is_err())
        .collect();
    Split { held_out, rest }
}

fn too_small(strata: Strata<'_>, class: u32, rows: usize, needed: usize, purpose: &str) -> Error {
    let class = strata
        .names
        .get(class as usize)
        .cloned()
        .unwrap_or_else(|| class.to_string());
    Error::ClassTooSmall {
        class,
        rows,
        needed,
        purpose: purpose.into(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn names() -> Vec<String> {
        ["a", "b", "c"].map(String::from).to_vec()
    }

    fn classes() -> Vec<u32> {
        (0..100)
            .map(|i| {
                if i < 70 {
                    0
                } else if i < 97 {
                    1
                } else {
                    2
                }
            })
            .collect()
    }

    fn rows() -> Vec<u32> {
        (0..100).collect()
    }

    #[test]
    fn stratified_keeps_shares_and_misses_no_row() {
        let (classes, names) = (classes(), names());
        let strata = Strata {
            classes: &classes,
            names: &names,
        };
        let split = stratified(&rows(), strata, 0.2, 2000, Lone::Refuse, 0).unwrap();
        let count = |c: u32| {
            split
                .held_out
                .iter()
                .filter(|&&r| classes[r as usize] == c)
                .count()
        };
        assert_eq!([count(0), count(1), count(2)], [14, 5, 1]);
        let mut all = [split.held_out.clone(), split.rest.clone()].concat();
        all.sort_unstable();
        assert_eq!(all, rows());
        assert_ne!(
            split,
            stratified(&rows(), strata, 0.2, 2000, Lone::Refuse, 1).unwrap()
        );
        assert!(
            stratified(&rows(), strata, 0.5, 10, Lone::Refuse, 0)
                .unwrap()
                .held_out
                .len()
                <= 11
        );
    }

    #[test]
    fn a_class_of_one_row_is_named() {
        let (mut classes, names) = (classes(), names());
        classes[97] = 0;
        classes[98] = 0;
        let error = stratified(
            &rows(),
            Strata {
                classes: &classes,
                names: &names,
            },
            0.2,
            2000,
            Lone::Refuse,
            0,
        )
        .unwrap_err();
        assert!(
            matches!(error, Error::ClassTooSmall { ref class, rows: 1, needed: 2, .. } if class == "c"),
            "{error}"
        );
    }

    #[test]
    fn groups_are_never_cut() {
        let groups: Vec<String> = (0..100).map(|i| format!("g{}", i / 7)).collect();
        let split = grouped(&rows(), &groups, 0.2, 2000, 3).unwrap();
        assert!((14..=20).contains(&split.held_out.len()));
        assert!(split.held_out.iter().all(|&h| {
            split
                .rest
                .iter()
                .all(|&r| groups[h as usize] != groups[r as usize])
        }));
    }

    #[test]
    fn time_sets_the_latest_aside() {
        let order: Vec<u32> = (0..100).map(|i| (i * 37) % 100).collect();
        let split = latest(&order, 0.1, 2000).unwrap();
        let mut last = order[90..].to_vec();
        last.sort_unstable();
        assert_eq!(split.held_out, last);
        assert_eq!(split.rest.len(), 90);
    }

    #[test]
    fn subsets_have_the_counts_asked_for() {
        let (classes, names) = (classes(), names());
        let strata = Strata {
            classes: &classes,
            names: &names,
        };
        assert_eq!(per_class(&rows(), strata, 3, 5).unwrap().len(), 9);
        assert!(matches!(
            per_class(&rows(), strata, 4, 5),
            Err(Error::ClassTooSmall {
                rows: 3,
                needed: 4,
                ..
            })
        ));
        for total in [3, 10, 33, 99, 100] {
            assert_eq!(in_all(&rows(), strata, total, 5).unwrap().len(), total);
        }
        assert!(in_all(&rows(), strata, 2, 5).is_err() && in_all(&rows(), strata, 101, 5).is_err());
        assert!(matches!(
            stratified(&rows(), strata, f64::NAN, 9, Lone::Refuse, 0),
            Err(Error::Setting { .. })
        ));
    }
}
