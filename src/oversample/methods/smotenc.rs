//! SMOTENC (Chawla et al. 2002, section 6.1): SMOTE for numbers and categories together.
//!
//! ```text
//! d(a, b)² = Σ_numbers (a − b)² + (categories in which they differ)·med²
//! ```
//!
//! med is the median, over the numeric columns, of their population standard deviation in the class, after the scale of
//! the settings. Numbers: SMOTE under d. Categories: the most frequent among the k neighbours of the base, which itself
//! has no vote; of equally frequent ones one is drawn. Codes are compared as they are: no one-hot columns, no tolerance.

use rayon::prelude::*;

use crate::error::Result;
use crate::oversample::draws::BLOCK;
use crate::oversample::neighbours::Neighbours;
use crate::oversample::recipe::Recipe;
use crate::oversample::rows::Real;
use crate::oversample::scene::Scene;
use crate::oversample::segment::{self, Drawn};
use crate::oversample::spread::{deviations, median};
use crate::pairs::Pairs;
use crate::random::Purpose;

pub(super) fn recipe<T: Real>(scene: &Scene<'_, T>, count: usize, k: usize) -> Result<Recipe> {
    let med = median_deviation(scene);
    let space = scene.space.with_mismatch(med * med)?;
    let neighbours = space.nearest(scene.members, scene.members, k, scene.progress)?;
    let base = scene.bases(scene.members.len());
    let (own, partner, weight, label_weight) = segment::draw(count, scene.draws(), |r, streams| {
        let place = base(r, &mut streams.base);
        Drawn {
            own: scene.members[place],
            partner: neighbours.of(place)[streams.partner.below(k)],
            weight: segment::uniform(&mut streams.weight),
            label_weight: 1.0,
        }
    });
    let codes = votes(scene, &neighbours, &own);
    Ok(Recipe {
        codes: Some(codes),
        ..Pairs::new(own, partner, weight, label_weight)?.into()
    })
}

fn median_deviation<T: Real>(scene: &Scene<'_, T>) -> f64 {
    let mut spread = deviations(&scene.rows, scene.members);
    if let Some(factors) = scene.space.factors() {
        spread.iter_mut().zip(factors).for_each(|(sd, f)| *sd *= f);
    }
    median(&mut spread).unwrap_or(0.0)
}

/// The categories of every synthetic row: a mode of the neighbours of its base.
fn votes<T: Real>(scene: &Scene<'_, T>, neighbours: &Neighbours, own: &[u32]) -> Vec<u32> {
    let columns = scene.rows.categories();
    let mut codes = vec![0u32; own.len() * columns];
    codes
        .par_chunks_mut(BLOCK * columns)
        .zip(own.par_chunks(BLOCK))
        .enumerate()
        .for_each(|(block, (codes, own))| {
            let mut ties = scene.draws().stream(Purpose::Tie, block);
            let mut ballot = Vec::with_capacity(neighbours.k());
            for (codes, own) in codes.chunks_exact_mut(columns).zip(own) {
                let place = scene.place(*own);
                for (column, code) in codes.iter_mut().enumerate() {
                    let voters = neighbours.of(place).iter();
                    ballot.clear();
                    ballot.extend(voters.map(|&i| scene.rows.codes(i as usize)[column]));
                    *code = mode(&mut ballot, |tied| ties.below(tied));
                }
            }
        });
    codes
}

/// The most frequent of some values; of `n` equally frequent ones, in ascending order, number `choose(n)`.
pub(super) fn mode(ballot: &mut [u32], choose: impl FnOnce(usize) -> usize) -> u32 {
    ballot.sort_unstable();
    let runs = || ballot.chunk_by(|a, b| a == b);
    let most = runs().map(<[u32]>::len).max().unwrap_or(0);
    let mut tied = runs().filter(|run| run.len() == most).map(|run| run[0]);
    match runs().filter(|run| run.len() == most).count() {
        1 => tied.next(),
        n => tied.nth(choose(n)),
    }
    .expect("a row has at least one neighbour, and a choice is below the number of ties")
}

#[cfg(test)]
mod tests {
    use super::mode;

    #[test]
    fn a_mode_is_the_most_frequent_and_a_tie_is_chosen() {
        assert_eq!(mode(&mut [3, 1, 3, 2, 1, 3], |_| panic!("no tie")), 3);
        assert_eq!(mode(&mut [9, 4, 4, 9, 1], |n| n - 1), 9);
        assert_eq!(mode(&mut [9, 4, 4, 9, 1], |_| 0), 4);
    }
}
