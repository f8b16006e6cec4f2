//! The rows in two dimensions: the first two principal components (Pearson 1901) of the real rows.
//!
//! ```text
//! z = (x − mean) / deviation      a numeric column, by all real rows; one that is constant is left out
//! z = ([code = c] − share) / √2   category c of a column, so that two rows of different categories are 1 apart
//! point = (z·v₁, z·v₂)            v₁, v₂ the leading eigenvectors of the covariance of z
//! ```
//!
//! The longest entry of each vector is positive.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::sample::picks;
use super::{Grown, eigen};
use crate::oversample::deviation::deviations;
use crate::oversample::engine::Made;
use crate::oversample::rows::{Real, Rows};
use crate::random::{Purpose, Stream, name_key};

/// Real points, and synthetic points, that are kept in all, but for the rare classes.
const POINTS: usize = 1_000;
/// No class is thinned below so many points, as long as there are few classes.
const RARE: usize = 300;
/// Points of the rare classes together.
const MOST_RARE: usize = 9_000;
/// Cells, and rows, that the axes are computed from.
const CELLS: usize = 2_000_000;
const ROWS: usize = 20_000;
/// Categories of a column that count; rarer ones are one category together.
const CATEGORIES: usize = 24;

/// Rows of every class as points of a plane.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Projection {
    /// The share of the variance along each axis: two of them, or one where the rows lie on a line. The second
    /// coordinate is then drawn at random from [−1, 1), to spread the points.
    pub shares: Vec<f64>,
    /// Real rows from which the axes were computed.
    pub rows: usize,
    /// Columns that entered.
    pub columns: usize,
    /// Columns left out since they are constant.
    pub constant: usize,
    /// Columns with more categories than count each on its own.
    pub merged: usize,
    /// The points of each class that has rows, in ascending order of classes.
    pub classes: Vec<Cloud>,
}

/// The points of one class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cloud {
    /// The class.
    pub class: u32,
    /// Real rows.
    pub real: Points,
    /// Synthetic rows.
    pub synthetic: Points,
}

/// A seeded sample of rows as points.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Points {
    /// Rows sampled from.
    pub rows: usize,
    /// The points.
    pub points: Vec<[f64; 2]>,
}

/// A projection that still takes synthetic rows.
pub(super) struct Projecting {
    pub projection: Projection,
    basis: Basis,
    /// Synthetic points that each class may have.
    room: BTreeMap<u32, usize>,
    seed: u64,
}

/// One coordinate of z.
enum Feature {
    Number { column: usize, by: f64 },
    Category { column: usize, code: u32 },
}

struct Basis {
    features: Vec<Feature>,
    mean: Vec<f64>,
    axes: Vec<Vec<f64>>,
}

impl Projection {
    /// Fits the axes and places the real rows; `None` where no column varies.
    pub(super) fn begin<T: Real>(
        rows: &Rows<'_, T>,
        members: &[Vec<u32>],
        made: &[Made],
        seed: u64,
    ) -> Option<Projecting> {
        let (basis, mut projection) = fit(rows, seed)?;
        let sizes: Vec<usize> = members.iter().map(Vec::len).collect();
        let classes = (0..).zip(members).zip(apportioned(&sizes));
        for ((class, members), points) in classes.filter(|((_, m), _)| !m.is_empty()) {
            let mut spread = spread(seed, "audit real spread", class);
            let mut place = |i: usize| {
                let row = members[i] as usize;
                basis.place(rows.numbers(row), rows.codes(row), &mut spread)
            };
            let chosen = picks(members.len(), points, seed, "audit real points", class);
            let points = Points {
                rows: members.len(),
                points: chosen.into_iter().map(&mut place).collect(),
            };
            projection.classes.push(Cloud {
                class,
                real: points,
                synthetic: Points::default(),
            });
        }
        let sizes: Vec<usize> = made.iter().map(|m| m.recipe.len()).collect();
        let room = made.iter().map(|m| m.class).zip(apportioned(&sizes));
        Some(Projecting {
            projection,
            basis,
            room: room.collect(),
            seed,
        })
    }
}

impl Projecting {
    /// Places synthetic rows of a class.
    pub(super) fn add<T: Real>(&mut self, grown: &Grown<'_, T>) {
        let room = self.room.get(&grown.class).copied().unwrap_or(0);
        let (rows, class) = (&grown.synthetic, grown.class);
        let chosen = picks(rows.len(), room, self.seed, "audit synthetic points", class);
        let mut spread = spread(self.seed, "audit synthetic spread", class);
        let mut place = |i| {
            self.basis
                .place(rows.numbers(i), rows.codes(i), &mut spread)
        };
        let points = Points {
            rows: grown.made,
            points: chosen.into_iter().map(&mut place).collect(),
        };
        let mut classes = self.projection.classes.iter_mut();
        if let Some(cloud) = classes.find(|c| c.class == class) {
            cloud.synthetic = points;
        }
    }
}

fn spread(seed: u64, what: &str, class: u32) -> Stream {
    Stream::keyed(seed, Purpose::Order, name_key(what), u64::from(class))
}

/// Points for each class: a floor for every one, and the rest by size.
fn apportioned(sizes: &[usize]) -> Vec<usize> {
    let present = sizes.iter().filter(|n| **n > 0).count().max(1);
    let floor = RARE.min(MOST_RARE / present).max(1);
    let least = |n: usize| n.min(floor);
    let rest = POINTS.saturating_sub(sizes.iter().map(|&n| least(n)).sum());
    let above: usize = sizes.iter().map(|&n| n - least(n)).sum();
    let share = |n: usize| rest.min(above) * (n - least(n)) / above.max(1);
    sizes.iter().map(|&n| least(n) + share(n)).collect()
}

fn fit<T: Real>(rows: &Rows<'_, T>, seed: u64) -> Option<(Basis, Projection)> {
    let columns = rows.width() + rows.categories();
    let most = (CELLS / columns.max(1)).clamp(500, ROWS);
    let chosen = picks(rows.len(), most, seed, "audit axes", 0);
    let (mut features, mut mean) = numbers(rows);
    let mut merged = 0;
    for column in 0..rows.categories() {
        merged += usize::from(categories(rows, &chosen, column, &mut features, &mut mean));
    }
    let mut basis = Basis {
        features,
        mean,
        axes: Vec::new(),
    };
    let width = basis.features.len();
    let z = chosen
        .iter()
        .flat_map(|&i| basis.features_of(rows.numbers(i), rows.codes(i)));
    let z: Vec<f64> = z.collect();
    let total = z.iter().map(|z| z * z).sum::<f64>() / chosen.len().max(1) as f64;
    let pairs = eigen::leading(&z, width, 2);
    if pairs.is_empty() {
        return None;
    }
    let entered = basis.entered();
    let projection = Projection {
        shares: pairs.iter().map(|(value, _)| value / total).collect(),
        rows: chosen.len(),
        columns: entered,
        constant: columns - entered,
        merged,
        classes: Vec::new(),
    };
    basis.axes = pairs.into_iter().map(|(_, vector)| vector).collect();
    Some((basis, projection))
}

/// The numeric columns that vary, with their means over all rows.
fn numbers<T: Real>(rows: &Rows<'_, T>) -> (Vec<Feature>, Vec<f64>) {
    let all: Vec<u32> = (0..rows.len() as u32).collect();
    let deviations = deviations(rows, &all);
    let mut means = vec![0.0; rows.width()];
    for i in 0..rows.len() {
        for (mean, x) in means.iter_mut().zip(rows.numbers(i)) {
            *mean += x.to_f64() / rows.len() as f64;
        }
    }
    let varies = |(_, by): &(usize, f64)| *by > 0.0 && by.is_finite();
    let features = deviations.into_iter().enumerate().filter(varies);
    let features = features.map(|(column, by)| (Feature::Number { column, by }, means[column]));
    features.unzip()
}

/// The categories of a column that count, the most frequent first; whether some do not.
fn categories<T: Real>(
    rows: &Rows<'_, T>,
    chosen: &[usize],
    column: usize,
    features: &mut Vec<Feature>,
    mean: &mut Vec<f64>,
) -> bool {
    let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
    for &i in chosen {
        *counts.entry(rows.codes(i)[column]).or_default() += 1;
    }
    if counts.len() < 2 {
        return false;
    }
    let mut counts: Vec<(u32, usize)> = counts.into_iter().collect();
    counts.sort_by_key(|&(code, count)| (std::cmp::Reverse(count), code));
    for &(code, count) in counts.iter().take(CATEGORIES) {
        features.push(Feature::Category { column, code });
        mean.push(count as f64 / chosen.len() as f64);
    }
    counts.len() > CATEGORIES
}

impl Basis {
    /// z of a row.
    fn features_of<T: Real>(&self, numbers: &[T], codes: &[u32]) -> Vec<f64> {
        let value = |(feature, mean): (&Feature, &f64)| match *feature {
            Feature::Number { column, by } => (numbers[column].to_f64() - mean) / by,
            Feature::Category { column, code } => {
                let own = f64::from(u8::from(codes[column] == code));
                (own - mean) * std::f64::consts::FRAC_1_SQRT_2
            }
        };
        self.features.iter().zip(&self.mean).map(value).collect()
    }

    fn place<T: Real>(&self, numbers: &[T], codes: &[u32], spread: &mut Stream) -> [f64; 2] {
        let z = self.features_of(numbers, codes);
        let along = |axis: &Vec<f64>| z.iter().zip(axis).map(|(z, v)| z * v).sum();
        let first = self.axes.first().map_or(0.0, along);
        let second = self.axes.get(1).map(along);
        [first, second.unwrap_or_else(|| 2.0 * spread.unit() - 1.0)]
    }

    /// Columns that have a feature.
    fn entered(&self) -> usize {
        let mut columns: Vec<(bool, usize)> = self
            .features
            .iter()
            .map(|f| match *f {
                Feature::Number { column, .. } => (true, column),
                Feature::Category { column, .. } => (false, column),
            })
            .collect();
        columns.dedup();
        columns.len()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn project(
        numbers: &[f64],
        width: usize,
        codes: &[u32],
        categories: usize,
    ) -> Option<Projection> {
        let rows = Rows::mixed(numbers, width, codes, categories).unwrap();
        let all = vec![(0..rows.len() as u32).collect::<Vec<u32>>()];
        Projection::begin(&rows, &all, &[], 0).map(|p| p.projection)
    }

    #[test]
    fn a_cloud_solved_by_hand() {
        // Standardised, the columns correlate by r = 0.8 (deviations 1 and 10, covariance 8): eigenvalues 1.8 and
        // 0.2 along (1, 1)/√2 and (1, -1)/√2.
        let x = [1.0, -1.0, 1.0, -1.0, 0.0, 0.0, 0.0, 0.0];
        let y = [1.6, -1.6, 1.6, -1.6, 1.2, -1.2, 1.2, -1.2];
        let scale = 2f64.sqrt();
        let numbers: Vec<f64> = (0..8)
            .flat_map(|i| [1e6 + x[i] * scale, 3.0 + 10.0 * y[i] / scale, 7.0])
            .collect();
        let p = project(&numbers, 3, &[], 0).unwrap();
        assert!((p.shares[0] - 0.9).abs() < 1e-9, "{:?}", p.shares);
        assert!((p.shares[1] - 0.1).abs() < 1e-9);
        assert_eq!((p.columns, p.constant, p.rows), (2, 1, 8));
        let points = &p.classes[0].real.points;
        for (i, [first, second]) in points.iter().enumerate() {
            let (a, b) = (x[i] * scale, y[i] / scale);
            assert!((first - (a + b) / scale).abs() < 1e-8, "{points:?}");
            // The first entry of (1, -1) is the positive one.
            assert!((second - (a - b) / scale).abs() < 1e-8, "{points:?}");
        }
    }

    #[test]
    fn one_column_spreads_its_points_and_a_constant_table_has_none() {
        let p = project(&[1.0, 2.0, 3.0, 9.0], 1, &[], 0).unwrap();
        assert_eq!(p.shares.len(), 1);
        assert!((p.shares[0] - 1.0).abs() < 1e-12);
        let points = &p.classes[0].real.points;
        assert!(
            points
                .windows(2)
                .all(|w| w[0][0] < w[1][0] && w[0][1] != w[1][1])
        );
        assert_eq!(project(&[0.1; 12], 2, &[], 0), None);
    }

    #[test]
    fn rows_of_two_categories_are_one_apart() {
        let p = project(&[], 0, &[4, 9, 4, 9], 1).unwrap();
        let points = &p.classes[0].real.points;
        assert_eq!(p.columns, 1);
        assert!(
            ((points[0][0] - points[1][0]).abs() - 1.0).abs() < 1e-9,
            "{points:?}"
        );
        assert_eq!(points[0][0], points[2][0]);
    }

    #[test]
    fn rare_classes_keep_their_points() {
        assert_eq!(apportioned(&[100_000, 250, 0]), [750, 250, 0]);
        assert_eq!(apportioned(&[100, 80]), [100, 80]);
        let many = apportioned(&[5000; 30]);
        assert!(many.iter().all(|&n| n == 300));
        let more: usize = apportioned(&[5000; 100]).iter().sum();
        assert_eq!(more, 9000);
    }

    #[test]
    fn categories_beyond_the_limit_are_said_so() {
        let codes: Vec<u32> = (0..90).map(|i| i % 30).collect();
        let p = project(&[], 0, &codes, 1).unwrap();
        assert_eq!((p.merged, p.columns), (1, 1));
    }
}
