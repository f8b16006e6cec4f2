//! SMOTEN (Chawla et al. 2002, section 6.2): SMOTE for categories alone, by the value difference metric.
//!
//! own uniform among the rows of the class, partner = own, weight 1. Each category is the most frequent one among own
//! and its k nearest of the class; of several equally frequent ones, the smallest code.

use rayon::prelude::*;

use super::random;
use crate::error::{Error, Result};
use crate::oversample::recipe::Recipe;
use crate::oversample::rows::Real;
use crate::oversample::scene::Scene;
use crate::oversample::value_difference::ValueDifference;

/// Rows of the class between two reports of progress.
const STRETCH: usize = 256;

pub(super) fn recipe<T: Real>(scene: &Scene<'_, T>, count: usize, k: usize) -> Result<Recipe> {
    let recipe = random::recipe(scene, count)?;
    let width = scene.rows.categories();
    let modes = modes(scene, k)?;
    let mut codes = vec![0; count * width];
    codes
        .par_chunks_mut(width)
        .zip(recipe.pairs.own())
        .for_each(|(codes, own)| {
            let place = scene.members.partition_point(|i| i < own);
            codes.copy_from_slice(&modes[place * width..][..width]);
        });
    Ok(Recipe {
        codes: Some(codes),
        ..recipe
    })
}

/// The codes that each row of the class gives to the rows made from it, `[rows of the class, categories]`.
fn modes<T: Real>(scene: &Scene<'_, T>, k: usize) -> Result<Vec<u32>> {
    let width = scene.rows.categories();
    let space = ValueDifference::new(
        &scene.rows,
        scene.strata.classes,
        scene.members,
        scene.settings.like,
    );
    let mut modes = vec![0; scene.members.len() * width];
    scene
        .progress
        .begin("neighbours", scene.members.len() as u64);
    modes
        .par_chunks_mut(STRETCH * width)
        .enumerate()
        .try_for_each(|(stretch, modes)| {
            if scene.progress.stop() {
                return Err(Error::Interrupted);
            }
            let mut nearest = Vec::with_capacity(k + 1);
            let mut ballot = Vec::with_capacity(k + 1);
            for (i, modes) in modes.chunks_mut(width).enumerate() {
                space.nearest(stretch * STRETCH + i, k, &mut nearest);
                for (column, mode) in modes.iter_mut().enumerate() {
                    let places = nearest.iter().map(|&(_, place)| scene.members[place]);
                    ballot.clear();
                    ballot.extend(places.map(|i| scene.rows.codes(i as usize)[column]));
                    ballot.push(
                        scene
                            .rows
                            .codes(scene.members[stretch * STRETCH + i] as usize)[column],
                    );
                    *mode = smallest_mode(&mut ballot);
                }
            }
            scene.progress.advance((modes.len() / width) as u64);
            Ok(())
        })?;
    Ok(modes)
}

/// The most frequent code of the ballot, which is sorted; the smallest of several.
fn smallest_mode(ballot: &mut [u32]) -> u32 {
    ballot.sort_unstable();
    let runs = ballot.chunk_by(|a, b| a == b);
    // Of equal keys `max_by_key` keeps the last, and the runs stand in ascending order.
    runs.rev()
        .max_by_key(|run| run.len())
        .map_or(0, |run| run[0])
}
