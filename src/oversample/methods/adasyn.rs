//! ADASYN (He, Bai, Garcia and Li 2008): SMOTE, more from rows with more neighbours of other classes.
//!
//! ```text
//! r_i = (rows of other classes among the k nearest of i in all rows) / k,   g_i = G·r_i / Σr
//! ```
//!
//! own is each row g_i times, in order; partner uniform among its k nearest of the class, weight uniform on (0, 1].
//! The g_i are made whole by the largest remainder and sum to G. The paper's threshold on the imbalance is the
//! strategy's business.

use crate::error::Result;
use crate::oversample::apportion::largest_remainder;
use crate::oversample::recipe::Recipe;
use crate::oversample::rows::Real;
use crate::oversample::scene::Scene;
use crate::oversample::segment::{self, Drawn};
use crate::oversample::settings::Like;
use crate::pairs::Pairs;

pub(super) fn recipe<T: Real>(scene: &Scene<'_, T>, count: usize, k: usize) -> Result<Recipe> {
    let (bases, ends) = bases(scene, count, k)?;
    let neighbours = scene
        .space
        .nearest(&bases, scene.members, k, scene.progress)?;
    let made = ends.last().copied().unwrap_or(0);
    let (own, partner, weight, label_weight) = segment::draw(made, scene.draws(), |r, streams| {
        let place = ends.partition_point(|&end| end <= r);
        Drawn {
            own: bases[place],
            partner: neighbours.of(place)[streams.partner.below(k)],
            weight: segment::uniform(&mut streams.weight),
            label_weight: 1.0,
        }
    });
    Ok(Pairs::new(own, partner, weight, label_weight)?.into())
}

/// The rows from which at least one row is made, and where the rows made from each end.
fn bases<T: Real>(scene: &Scene<'_, T>, count: usize, k: usize) -> Result<(Vec<u32>, Vec<usize>)> {
    let others = others(scene, k)?;
    if others.iter().all(|&n| n == 0.0) {
        return Err(scene.no_base(format!(
            "no row has a row of another class among its {k} nearest"
        )));
    }
    let shares = match scene.settings.like {
        Like::Own => largest_remainder(&others, count),
        Like::Imblearn => rounded(&others, count),
    };
    let mut bases = Vec::new();
    let mut ends = Vec::new();
    let mut end = 0;
    for (&member, share) in scene.members.iter().zip(shares).filter(|(_, n)| *n > 0) {
        end += share;
        bases.push(member);
        ends.push(end);
    }
    if bases.is_empty() {
        return Err(scene.no_base(format!(
            "every share of the {count} rows to be made is rounded to 0"
        )));
    }
    Ok((bases, ends))
}

/// How many of the k nearest in all rows are of other classes, for each row of the class: k·r_i.
fn others<T: Real>(scene: &Scene<'_, T>, k: usize) -> Result<Vec<f64>> {
    let all = scene.all();
    let neighbours = scene
        .space
        .nearest(scene.members, &all, k, scene.progress)?;
    let other = |place| {
        let nearest: &[u32] = neighbours.of(place);
        nearest.iter().filter(|&&i| !scene.is_member(i)).count() as f64
    };
    Ok((0..scene.members.len()).map(other).collect())
}

/// Each quota rounded by itself, halves to even: the sum may miss the count, as imbalanced-learn's does.
fn rounded(others: &[f64], count: usize) -> Vec<usize> {
    let sum: f64 = others.iter().sum();
    let quota = |n: &f64| (n / sum * count as f64).round_ties_even() as usize;
    others.iter().map(quota).collect()
}
