//! Folds: every row is a test row once.

use std::collections::BTreeMap;

use super::{Split, Strata, by_class, divide, too_small};
use crate::error::{Error, Result};
use crate::random::{Purpose, Stream, name_key};

/// `count` splits whose held-out rows are disjoint and together all of `rows`; each holds out its share of every class,
/// larger or smaller by one row at most.
///
/// # Errors
/// [`Error::Setting`] for fewer than 2 folds, [`Error::ClassTooSmall`] for a class with fewer rows than folds: it would
/// be missing from a test set.
pub fn folds(rows: &[u32], strata: Strata<'_>, count: usize, seed: u64) -> Result<Vec<Split>> {
    check_count(count, rows.len(), "rows")?;
    let mut held_out = vec![Vec::new(); count];
    // Each class goes on dealing where the one before it ended, so that folds are of one size as well.
    let mut next = 0;
    for (class, mut members) in by_class(rows, strata.classes) {
        if members.len() < count {
            let purpose = format!("{count} folds, each of which must test it");
            return Err(too_small(strata, class, members.len(), count, &purpose));
        }
        Stream::keyed(seed, Purpose::Split, u64::from(class), FOLDS).shuffle(&mut members);
        for row in members {
            held_out[next].push(row);
            next = (next + 1) % count;
        }
    }
    Ok(held_out.into_iter().map(|h| divide(rows, h)).collect())
}

/// The same with the rows of a group on one side of every split. Groups are dealt out, those with most rows of the
/// rarest class first, each to the fold that then departs least from equal shares of every class.
///
/// # Errors
/// Those of [`folds`]; [`Error::Data`] for fewer groups than folds, and for a fold whose training rows or test rows lack
/// a class: a group holds too much of it.
pub fn grouped_folds(
    rows: &[u32],
    strata: Strata<'_>,
    groups: &[String],
    count: usize,
    seed: u64,
) -> Result<Vec<Split>> {
    check_count(count, rows.len(), "rows")?;
    let classes = by_class(rows, strata.classes);
    let mut members: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
    for &row in rows {
        members.entry(&groups[row as usize]).or_default().push(row);
    }
    if members.len() < count {
        return Err(Error::Data(format!(
            "{count} folds need as many groups, and there are {}",
            members.len()
        )));
    }
    let numbers: Vec<u32> = classes.keys().copied().collect();
    let totals: Vec<f64> = classes.values().map(|m| m.len() as f64).collect();
    let shares = |rows: &[u32]| -> Vec<f64> {
        let of = |class: &u32| {
            let own = rows
                .iter()
                .filter(|r| strata.classes[**r as usize] == *class);
            own.count() as f64
        };
        numbers
            .iter()
            .map(of)
            .zip(&totals)
            .map(|(n, t)| n / t)
            .collect()
    };
    let mut order: Vec<(&str, Vec<f64>)> = members.iter().map(|(g, m)| (*g, shares(m))).collect();
    Stream::keyed(seed, Purpose::Split, name_key("groups"), FOLDS).shuffle(&mut order);
    let heaviest = |s: &[f64]| s.iter().copied().fold(0.0, f64::max);
    order.sort_by(|a, b| heaviest(&b.1).total_cmp(&heaviest(&a.1)));
    let mut filled = vec![vec![0.0; numbers.len()]; count];
    let mut held_out = vec![Vec::new(); count];
    for (group, share) in &order {
        let cost = |fold: &Vec<f64>| -> f64 {
            let grown = fold.iter().zip(share);
            grown.map(|(f, s)| (f + s).powi(2) - f.powi(2)).sum()
        };
        let best = (0..count).min_by(|&a, &b| cost(&filled[a]).total_cmp(&cost(&filled[b])));
        let best = best.unwrap_or(0);
        filled[best]
            .iter_mut()
            .zip(share)
            .for_each(|(f, s)| *f += s);
        held_out[best].extend_from_slice(&members[group]);
    }
    let splits: Vec<Split> = held_out.into_iter().map(|h| divide(rows, h)).collect();
    check_classes(&splits, strata, &numbers, &members)?;
    Ok(splits)
}

/// `training` with only `count` rows of `class`, the others of it left out: how few labels would do. A larger count
/// keeps the rows of a smaller one.
///
/// # Errors
/// [`Error::ClassTooSmall`] if there are fewer.
pub fn keep_of_class(
    training: &[u32],
    strata: Strata<'_>,
    class: u32,
    count: usize,
    seed: u64,
) -> Result<Vec<u32>> {
    let of_class = |row: &u32| strata.classes[*row as usize] == class;
    let mut members: Vec<u32> = training.iter().copied().filter(of_class).collect();
    if members.len() < count {
        let purpose = "the anomalies to be kept among the training rows";
        return Err(too_small(strata, class, members.len(), count, purpose));
    }
    Stream::keyed(seed, Purpose::Split, u64::from(class), KEPT).shuffle(&mut members);
    members.truncate(count);
    let others = training.iter().copied().filter(|r| !of_class(r));
    let mut kept: Vec<u32> = others.chain(members).collect();
    kept.sort_unstable();
    Ok(kept)
}

/// Counters of the split's streams, beside 0 (held-out rows) and 1 (subsets).
const FOLDS: u64 = 2;
const KEPT: u64 = 3;

fn check_count(count: usize, there: usize, what: &str) -> Result<()> {
    match count >= 2 && count <= there {
        true => Ok(()),
        false => {
            let range = format!("between 2 and the {there} {what}");
            Err(Error::setting("folds", range, count))
        }
    }
}

/// Every class must stand on both sides of every split.
fn check_classes(
    splits: &[Split],
    strata: Strata<'_>,
    classes: &[u32],
    members: &BTreeMap<&str, Vec<u32>>,
) -> Result<()> {
    for split in splits {
        for (side, rows) in [("training", &split.rest), ("test", &split.held_out)] {
            let has = |class: &u32| rows.iter().any(|r| strata.classes[*r as usize] == *class);
            if let Some(class) = classes.iter().find(|c| !has(c)) {
                return Err(lacking(strata, *class, side, splits.len(), members));
            }
        }
    }
    Ok(())
}

fn lacking(
    strata: Strata<'_>,
    class: u32,
    side: &str,
    folds: usize,
    members: &BTreeMap<&str, Vec<u32>>,
) -> Error {
    let of = |rows: &[u32]| {
        let own = rows
            .iter()
            .filter(|r| strata.classes[**r as usize] == class);
        own.count()
    };
    let holding = members.iter().filter(|(_, rows)| of(rows) > 0);
    let largest = holding.clone().max_by_key(|(_, rows)| of(rows));
    let (group, most) = largest.map_or(("", 0), |(g, rows)| (*g, of(rows)));
    let all: usize = members.values().map(|rows| of(rows)).sum();
    let name = strata.names.get(class as usize).map_or("", String::as_str);
    Error::Data(format!(
        "in one of {folds} folds no {side} row is of class '{name}': only {} of {} groups have rows of it, and group \
         '{group}' holds {most} of its {all}; take fewer folds, or another --group",
        holding.count(),
        members.len()
    ))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn strata<'a>(classes: &'a [u32], names: &'a [String]) -> Strata<'a> {
        Strata { classes, names }
    }

    fn names() -> Vec<String> {
        ["usual", "anomaly"].map(String::from).to_vec()
    }

    fn disjoint_and_whole(splits: &[Split], rows: &[u32]) {
        let mut all: Vec<u32> = splits.iter().flat_map(|s| s.held_out.clone()).collect();
        all.sort_unstable();
        assert_eq!(all, rows);
        for split in splits {
            let mut both = [split.rest.clone(), split.held_out.clone()].concat();
            both.sort_unstable();
            assert_eq!(both, rows);
        }
    }

    #[test]
    fn every_row_is_tested_once_and_classes_keep_their_share() {
        let classes: Vec<u32> = (0..103).map(|i| u32::from(i % 10 == 0)).collect();
        let (names, rows) = (names(), (0..103).collect::<Vec<u32>>());
        let splits = folds(&rows, strata(&classes, &names), 5, 7).unwrap();
        disjoint_and_whole(&splits, &rows);
        for split in &splits {
            let anomalies = split.held_out.iter().filter(|r| classes[**r as usize] == 1);
            assert!((2..=3).contains(&anomalies.count()));
            assert!((20..=21).contains(&split.held_out.len()));
        }
        assert_ne!(
            splits,
            folds(&rows, strata(&classes, &names), 5, 8).unwrap()
        );
    }

    #[test]
    fn more_folds_than_anomalies_are_refused_with_the_class() {
        let classes: Vec<u32> = (0..50).map(|i| u32::from(i < 3)).collect();
        let (names, rows) = (names(), (0..50).collect::<Vec<u32>>());
        let error = folds(&rows, strata(&classes, &names), 5, 0).unwrap_err();
        assert!(
            matches!(error, Error::ClassTooSmall { ref class, rows: 3, needed: 5, .. } if class == "anomaly"),
            "{error}"
        );
        assert!(matches!(
            folds(&rows, strata(&classes, &names), 1, 0),
            Err(Error::Setting { .. })
        ));
    }

    #[test]
    fn groups_stay_whole_and_classes_are_spread() {
        let classes: Vec<u32> = (0..300).map(|i| u32::from(i % 15 == 0)).collect();
        let groups: Vec<String> = (0..300).map(|i| format!("g{}", i / 7)).collect();
        let (names, rows) = (names(), (0..300).collect::<Vec<u32>>());
        let splits = grouped_folds(&rows, strata(&classes, &names), &groups, 5, 1).unwrap();
        disjoint_and_whole(&splits, &rows);
        for split in &splits {
            let of = |rows: &[u32]| -> Vec<String> {
                rows.iter().map(|&r| groups[r as usize].clone()).collect()
            };
            let rest = of(&split.rest);
            assert!(of(&split.held_out).iter().all(|g| !rest.contains(g)));
            let anomalies = split.held_out.iter().filter(|r| classes[**r as usize] == 1);
            assert!((3..=5).contains(&anomalies.count()));
        }
    }

    #[test]
    fn a_group_that_holds_every_anomaly_is_named() {
        let classes: Vec<u32> = (0..60).map(|i| u32::from(i < 6)).collect();
        let groups: Vec<String> = (0..60).map(|i| format!("g{}", i / 6)).collect();
        let (names, rows) = (names(), (0..60).collect::<Vec<u32>>());
        let error = grouped_folds(&rows, strata(&classes, &names), &groups, 3, 1).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("class 'anomaly'") && text.contains("group 'g0' holds 6 of its 6"),
            "{text}"
        );
    }

    #[test]
    fn fewer_anomalies_are_among_more() {
        let classes: Vec<u32> = (0..200).map(|i| u32::from(i % 4 == 0)).collect();
        let (names, rows) = (names(), (0..200).collect::<Vec<u32>>());
        let keep = |n| keep_of_class(&rows, strata(&classes, &names), 1, n, 3).unwrap();
        let anomalies = |rows: &[u32]| -> Vec<u32> {
            rows.iter()
                .copied()
                .filter(|r| classes[*r as usize] == 1)
                .collect()
        };
        let (few, more) = (anomalies(&keep(5)), anomalies(&keep(20)));
        assert_eq!((few.len(), more.len(), keep(5).len()), (5, 20, 155));
        assert!(few.iter().all(|r| more.contains(r)));
        assert!(matches!(
            keep_of_class(&rows, strata(&classes, &names), 1, 51, 3),
            Err(Error::ClassTooSmall {
                rows: 50,
                needed: 51,
                ..
            })
        ));
    }
}
