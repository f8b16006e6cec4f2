//! SMOTENC (Chawla et al. 2002, section 6.1): SMOTE for numbers and categories together.
//!
//! ```text
//! d² = Σ (x − y)² + mismatches·med²,   med = the median of the numeric columns' standard deviations in the class
//! ```
//!
//! own, partner and weight as in SMOTE under d. Each category is the most frequent one among the k neighbours of own,
//! which is not counted itself; of several equally frequent ones, one is drawn. Votes are counts of codes: no scale of
//! the numbers can blur them.

use rayon::prelude::*;

use super::smote;
use crate::error::Result;
use crate::oversample::deviation::{deviations, median};
use crate::oversample::draws::BLOCK;
use crate::oversample::neighbours::Neighbours;
use crate::oversample::recipe::Recipe;
use crate::oversample::rows::Real;
use crate::oversample::scene::Scene;
use crate::pairs::Pairs;
use crate::random::{Purpose, Stream};

pub(super) fn recipe<T: Real>(scene: &Scene<'_, T>, count: usize, k: usize) -> Result<Recipe> {
    let space = scene.space.with_mismatch(median_deviation(scene).powi(2))?;
    let neighbours = space.nearest(scene.members, scene.members, k, scene.progress)?;
    let pairs = smote::pairs(scene, &neighbours, count)?;
    let codes = vote(scene, &neighbours, &pairs);
    Ok(Recipe {
        codes: Some(codes),
        ..pairs.into()
    })
}

/// The median of the columns' deviations in the class, in the units of the distance.
fn median_deviation<T: Real>(scene: &Scene<'_, T>) -> f64 {
    let mut deviations = deviations(&scene.rows, scene.members);
    if let Some(factors) = scene.space.factors() {
        deviations
            .iter_mut()
            .zip(factors)
            .for_each(|(d, f)| *d *= f);
    }
    median(deviations)
}

/// The codes of every row, `[rows, categories]`.
fn vote<T: Real>(scene: &Scene<'_, T>, neighbours: &Neighbours, pairs: &Pairs) -> Vec<u32> {
    let width = scene.rows.categories();
    let mut codes = vec![0; pairs.len() * width];
    codes
        .par_chunks_mut(BLOCK * width)
        .zip(pairs.own().par_chunks(BLOCK))
        .enumerate()
        .for_each(|(block, (codes, own))| {
            let mut ties = scene.draws().stream(Purpose::Tie, block);
            let mut ballot = vec![0; neighbours.k()];
            for (codes, own) in codes.chunks_mut(width).zip(own) {
                let place = scene.members.partition_point(|i| i < own);
                for (column, code) in codes.iter_mut().enumerate() {
                    for (vote, &i) in ballot.iter_mut().zip(neighbours.of(place)) {
                        *vote = scene.rows.codes(i as usize)[column];
                    }
                    *code = mode(&mut ballot, &mut ties);
                }
            }
        });
    codes
}

/// The most frequent code of the ballot, which is sorted; one of several is drawn.
fn mode(ballot: &mut [u32], ties: &mut Stream) -> u32 {
    ballot.sort_unstable();
    let runs = ballot.chunk_by(|a, b| a == b);
    let most = runs.clone().map(<[u32]>::len).max().unwrap_or(0);
    let mut tied = runs.filter(|run| run.len() == most);
    let place = match tied.clone().count() {
        0 | 1 => 0,
        several => ties.below(several),
    };
    tied.nth(place).map_or(0, |run| run[0])
}
