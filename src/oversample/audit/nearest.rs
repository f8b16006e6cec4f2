//! How near rows lie to the real rows of their class, by the metric and the scale of the settings; in tables with
//! categories by SMOTENC's distance.
//!
//! ```text
//! d(q) = min over real rows r ≠ q of the class of d(q, r)
//! ```
//!
//! Rows that are asked are a sample; the rows among which their nearest is sought are all there are, a part of the
//! table at a time, so that distances, copies and intruders of the sample are exact.

use serde::{Deserialize, Serialize};

use super::Grown;
use super::sample::{Sample, picks};
use super::search::{Asked, Search};
use crate::error::Result;
use crate::oversample::deviation::median;
use crate::oversample::neighbours::Progress;
use crate::oversample::rows::{Real, Rows};
use crate::oversample::settings::Settings;

/// Distances that are computed for one kind of rows, about.
const PAIRS: usize = 100_000_000;
/// Rows asked.
const ASKED: std::ops::RangeInclusive<usize> = 200..=super::SYNTHETIC_ROWS;

/// How near the rows of one class that grew lie to its real rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassDistances {
    /// The class.
    pub class: u32,
    /// What a category in which two rows differ adds to the square of their distance; `None` without categories.
    pub mismatch: Option<f64>,
    /// From real rows to their nearest other real row; `None` for a class of one row.
    pub real: Option<Nearest>,
    /// From synthetic rows to their nearest real row.
    pub synthetic: Nearest,
}

/// Distances from a sample of rows to their nearest real row of the class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Nearest {
    /// Rows sampled from.
    pub rows: usize,
    /// Rows asked.
    pub asked: usize,
    /// The median distance.
    pub median: f64,
    /// The share of rows that are equal to a real row in every column.
    pub copies: f64,
    /// The share of rows that lie nearer to a row of another class than to any of their own; `None` where the table
    /// holds no rows of other classes.
    pub intruders: Option<f64>,
    /// The 0th to 100th percentile of the distance.
    pub percentiles: Vec<f64>,
}

/// Distances of real and of synthetic rows of a class.
pub(super) fn distances<T: Real>(
    rows: &Rows<'_, T>,
    others: Option<&[u32]>,
    grown: &Grown<'_, T>,
    settings: &Settings,
    progress: &dyn Progress,
) -> Result<ClassDistances> {
    let search = Search::new(rows, grown.members, settings, progress);
    let (seed, class) = (settings.seed, grown.class);
    let most = asked(grown.members.len(), others.unwrap_or(&[]).len());
    let of = |asked: &Asked<T>| nearest(rows, &search, asked, grown.members, others);
    let chosen = picks(grown.members.len(), most, seed, "audit asked real", class);
    let chosen: Vec<u32> = chosen.into_iter().map(|i| grown.members[i]).collect();
    let real = Asked {
        sample: Sample::of_rows(rows, &chosen),
        rows: chosen.into_iter().map(Some).collect(),
        of: grown.members.len(),
    };
    let made = grown.synthetic.len();
    let chosen = picks(made, most, seed, "audit asked synthetic", class);
    let synthetic = Asked {
        sample: grown.synthetic.part(&chosen),
        rows: vec![None; chosen.len()],
        of: grown.made,
    };
    Ok(ClassDistances {
        class,
        mismatch: (rows.categories() > 0).then_some(search.mismatch),
        real: match grown.members.len() {
            1 => None,
            _ => Some(of(&real)?),
        },
        synthetic: of(&synthetic)?,
    })
}

fn nearest<T: Real>(
    rows: &Rows<'_, T>,
    search: &Search<'_, '_, T>,
    asked: &Asked<T>,
    members: &[u32],
    others: Option<&[u32]>,
) -> Result<Nearest> {
    let own = search.nearest(asked, members)?;
    let share = |count: usize| count as f64 / own.len().max(1) as f64;
    let intruders = match others {
        None => None,
        Some(others) => {
            let other = search.nearest(asked, others)?;
            let pairs = own.iter().flatten().zip(other.iter().flatten());
            Some(share(pairs.filter(|(own, other)| other.0 < own.0).count()))
        }
    };
    let is_copy = |(place, row): (usize, usize)| {
        rows.numbers(row) == asked.sample.numbers(place)
            && rows.codes(row) == asked.sample.codes(place)
    };
    let found = own.iter().enumerate();
    let found = found.filter_map(|(place, f)| f.map(|(_, row)| (place, row as usize)));
    let copies = found.filter(|pair| is_copy(*pair)).count();
    let mut sorted: Vec<f64> = own.iter().flatten().map(|found| found.0).collect();
    sorted.sort_by(f64::total_cmp);
    Ok(Nearest {
        rows: asked.of,
        asked: own.len(),
        percentiles: percentiles(&sorted.iter().map(|&d| (d, 1.0)).collect::<Vec<_>>()),
        median: median(sorted),
        copies: share(copies),
        intruders,
    })
}

/// Rows to ask, so that the search stays within [`PAIRS`] distances.
fn asked(members: usize, others: usize) -> usize {
    (PAIRS / (members + others).max(1)).clamp(*ASKED.start(), *ASKED.end())
}

/// The 0th to 100th percentile of weighted values in ascending order: the least value up to which the share of the
/// weights is reached. Empty for no values.
pub(super) fn percentiles(sorted: &[(f64, f64)]) -> Vec<f64> {
    let total: f64 = sorted.iter().map(|v| v.1).sum();
    let (Some(mut value), mut reached) = (sorted.first().map(|v| v.0), 0.0) else {
        return Vec::new();
    };
    let mut rest = sorted.iter();
    let at = |percent: usize| {
        while reached < total * (percent as f64 / 100.0) * (1.0 - 1e-12) {
            let Some(next) = rest.next() else { break };
            (value, reached) = (next.0, reached + next.1);
        }
        value
    };
    (0..=100).map(at).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::oversample::audit::Coverage;
    use crate::oversample::audit::search::PART;
    use crate::oversample::audit::tests::halves;

    #[test]
    fn copies_are_at_distance_zero() {
        let rows = Rows::numeric(&[50.0, 0.0, 1.0, 3.0, 3.0], 1).unwrap();
        let settings = Settings::default();
        let audit = halves(
            &rows,
            &[0, 1, 1, 1, 1],
            &[(1, 1), (4, 4)],
            &settings,
            Coverage::Whole,
        );
        let distances = &audit.unwrap().distances[0];
        let synthetic = &distances.synthetic;
        assert_eq!(
            (synthetic.copies, synthetic.median, synthetic.asked),
            (1.0, 0.0, 2)
        );
        assert_eq!(synthetic.intruders, Some(0.0));
        // Real rows: 0 and 1 are 1 apart, and the two 3 are one another's copies.
        let real = distances.real.as_ref().unwrap();
        assert_eq!((real.rows, real.median, real.copies), (4, 0.5, 0.5));
        assert_eq!((real.percentiles[50], real.percentiles[51]), (0.0, 1.0));
        assert_eq!(distances.mismatch, None);
    }

    #[test]
    fn a_row_between_two_of_its_class_can_intrude() {
        // Half-way of 0 and 10 stands a row of the other class, at 5.5.
        let rows = Rows::numeric(&[5.5, 0.0, 10.0, 10.5], 1).unwrap();
        let settings = Settings::default();
        let run = |coverage| {
            let pairs = [(1, 2), (2, 3)];
            halves(&rows, &[0, 1, 1, 1], &pairs, &settings, coverage).unwrap()
        };
        let whole = &run(Coverage::Whole).distances[0];
        assert_eq!(whole.synthetic.intruders, Some(0.5));
        assert_eq!(whole.synthetic.copies, 0.0);
        // Of the real rows only the one at 0 is nearer to the other class.
        let real = whole.real.as_ref().unwrap();
        assert!((real.intruders.unwrap() - 1.0 / 3.0).abs() < 1e-12);
        let part = &run(Coverage::GrownClasses).distances[0];
        assert_eq!(part.synthetic.intruders, None);
        assert_eq!(part.synthetic.median, whole.synthetic.median);
    }

    #[test]
    fn parts_of_the_table_are_searched_as_one() {
        let members: Vec<u32> = (0..PART as u32 + 1).collect();
        let numbers: Vec<f64> = members.iter().map(|&i| f64::from(i * i % 40_009)).collect();
        let rows = Rows::numeric(&numbers, 1).unwrap();
        let classes = vec![1; members.len()];
        let settings = Settings::default();
        let audit = halves(
            &rows,
            &classes,
            &[(7, 7)],
            &settings,
            Coverage::GrownClasses,
        );
        let distances = &audit.unwrap().distances[0];
        assert_eq!(distances.synthetic.copies, 1.0);
        let mut sorted = numbers.clone();
        sorted.sort_by(f64::total_cmp);
        let least = |x: f64| {
            let at = sorted.partition_point(|v| *v < x);
            let near = [at.wrapping_sub(1), at + 1].map(|i| sorted.get(i).map(|v| (v - x).abs()));
            near.into_iter().flatten().fold(f64::INFINITY, f64::min)
        };
        let chosen = picks(
            members.len(),
            asked(members.len(), 0),
            0,
            "audit asked real",
            1,
        );
        let mut expected: Vec<f64> = chosen.iter().map(|&i| least(numbers[i])).collect();
        expected.sort_by(f64::total_cmp);
        let real = distances.real.as_ref().unwrap();
        assert_eq!(real.asked, chosen.len());
        assert_eq!(real.median, median(expected));
    }

    #[test]
    fn a_class_of_one_row_has_no_distance_of_its_own() {
        let rows = Rows::numeric(&[0.0, 1.0, 5.0], 1).unwrap();
        let settings = Settings::default();
        let audit = halves(&rows, &[0, 0, 1], &[(2, 2)], &settings, Coverage::Whole).unwrap();
        assert_eq!(audit.distances[0].real, None);
        assert_eq!(audit.distances[0].synthetic.copies, 1.0);
    }

    #[test]
    fn percentiles_of_weighted_values() {
        let p = percentiles(&[(1.0, 3.0), (2.0, 1.0)]);
        assert_eq!((p[0], p[75], p[76], p[100]), (1.0, 1.0, 2.0, 2.0));
        assert!(percentiles(&[]).is_empty());
    }
}
