//! ProWSyn (Barua, Islam and Murase 2013): SMOTE inside levels of distance from the other classes.
//!
//! ```text
//! level ℓ < L: the rows of the class, of those still left, among the K nearest of some row of another class
//! level L:     the rest
//! share of a row of level ℓ ∝ exp(−θ(ℓ − 1))
//! ```
//!
//! Each row of the class is own as often as its share says (largest remainder), partner uniform among the other rows of
//! its level, weight uniform on (0, 1]. Where fewer than K rows are left, all of them are taken. A level of one row has
//! nobody to mix it with: its count goes to the next level that has two rows, after the last one to the nearest before,
//! spread evenly over its rows, the first of them taking what is left over.

use std::ops::Range;

use crate::error::Result;
use crate::oversample::apportion::largest_remainder;
use crate::oversample::recipe::Recipe;
use crate::oversample::rows::Real;
use crate::oversample::scene::Scene;
use crate::oversample::segment::{self, Drawn};
use crate::pairs::Pairs;

pub(super) fn recipe<T: Real>(
    scene: &Scene<'_, T>,
    count: usize,
    (levels, k): (usize, usize),
    theta: f64,
) -> Result<Recipe> {
    let rows = Levels::of(scene, levels, k)?;
    let ends = ends(&rows.counts(scene, count, theta)?);
    let (own, partner, weight, label_weight) = segment::draw(count, scene.draws(), |r, streams| {
        let place = ends.partition_point(|&end| end <= r);
        let level = rows.level_at(place);
        let other = level.start + streams.partner.below(level.len() - 1);
        Drawn {
            own: rows.rows[place],
            partner: rows.rows[other + usize::from(other >= place)],
            weight: segment::uniform(&mut streams.weight),
            label_weight: 1.0,
        }
    });
    Ok(Pairs::new(own, partner, weight, label_weight)?.into())
}

/// The running sums of counts.
fn ends(counts: &[usize]) -> Vec<usize> {
    let running = counts.iter().scan(0, |sum, n| {
        *sum += n;
        Some(*sum)
    });
    running.collect()
}

/// The rows of the class, level behind level, each level ascending.
struct Levels {
    rows: Vec<u32>,
    /// Number, from 0, and places of every level that has rows.
    levels: Vec<(usize, Range<usize>)>,
}

impl Levels {
    fn of<T: Real>(scene: &Scene<'_, T>, levels: usize, k: usize) -> Result<Self> {
        let others = scene.others();
        if others.is_empty() {
            return Err(scene.no_base("there is no row of another class to be near to"));
        }
        let mut left = scene.members.to_vec();
        let mut all = Self {
            rows: Vec::with_capacity(left.len()),
            levels: Vec::new(),
        };
        for number in 0..levels - 1 {
            if left.len() <= k {
                all.push(number, std::mem::take(&mut left));
                break;
            }
            let near = scene.space.nearest(&others, &left, k, scene.progress)?;
            let mut level: Vec<u32> = (0..others.len())
                .flat_map(|q| near.of(q))
                .copied()
                .collect();
            level.sort_unstable();
            level.dedup();
            left.retain(|row| level.binary_search(row).is_err());
            all.push(number, level);
        }
        all.push(levels - 1, left);
        Ok(all)
    }

    fn push(&mut self, number: usize, rows: Vec<u32>) {
        if !rows.is_empty() {
            let start = self.rows.len();
            self.rows.extend(rows);
            self.levels.push((number, start..self.rows.len()));
        }
    }

    fn level_at(&self, place: usize) -> &Range<usize> {
        let level = self.levels.partition_point(|(_, rows)| rows.end <= place);
        &self.levels[level].1
    }

    /// The rows to be made from each place.
    fn counts<T: Real>(
        &self,
        scene: &Scene<'_, T>,
        count: usize,
        theta: f64,
    ) -> Result<Vec<usize>> {
        let weights = self.levels.iter().flat_map(|(number, rows)| {
            let weight = (-theta * *number as f64).exp();
            std::iter::repeat_n(weight, rows.len())
        });
        let mut counts = largest_remainder(&weights.collect::<Vec<f64>>(), count);
        for (i, (_, rows)) in self
            .levels
            .iter()
            .enumerate()
            .filter(|(_, l)| l.1.len() == 1)
        {
            let pair = |l: &&(usize, Range<usize>)| l.1.len() > 1;
            let next = self.levels[i..].iter().find(pair);
            let Some((_, to)) = next.or_else(|| self.levels[..i].iter().rfind(pair)) else {
                return Err(scene.no_base(format!(
                    "none of its {} levels has two rows",
                    self.levels.len()
                )));
            };
            let passed = std::mem::take(&mut counts[rows.start]);
            for (place, more) in to
                .clone()
                .zip(largest_remainder(&vec![1.0; to.len()], passed))
            {
                counts[place] += more;
            }
        }
        Ok(counts)
    }
}
