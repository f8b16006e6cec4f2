//! SMOTEN (Chawla et al. 2002, section 6.2): SMOTE for categories alone.
//!
//! ```text
//! d(a, b) = Σ_columns Σ_classes (P(class | value of a) − P(class | value of b))²
//! ```
//!
//! This is the value difference metric of Stanfill and Waltz (1986) with the probabilities of all rows. own uniform among
//! the rows of the class, partner = own, weight 1; each column is the most frequent value among the k nearest of the class
//! and the base itself, of equally frequent ones the smallest code.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::random;
use super::smotenc::mode;
use crate::error::Result;
use crate::oversample::recipe::Recipe;
use crate::oversample::rows::{Real, Rows};
use crate::oversample::scene::Scene;

pub(super) fn recipe<T: Real>(scene: &Scene<'_, T>, count: usize, k: usize) -> Result<Recipe> {
    let differences = Differences::new(&scene.rows, scene.strata.classes, scene.members);
    let columns = scene.rows.categories();
    let votes: Vec<u32> = (0..scene.members.len())
        .into_par_iter()
        .flat_map_iter(|place| votes(scene, &differences, place, k))
        .collect();
    let recipe = random::recipe(scene, count)?;
    let own = recipe.pairs.own().iter();
    let codes = own.flat_map(|&own| &votes[scene.place(own) * columns..][..columns]);
    Ok(Recipe {
        codes: Some(codes.copied().collect()),
        ..recipe
    })
}

/// What a row of the class becomes.
fn votes<T: Real>(
    scene: &Scene<'_, T>,
    differences: &Differences,
    place: usize,
    k: usize,
) -> Vec<u32> {
    let mut near: Vec<(f64, usize)> = (0..scene.members.len())
        .filter(|&other| other != place)
        .map(|other| (differences.distance(place, other), other))
        .collect();
    let order = |a: &(f64, usize), b: &(f64, usize)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
    if k < near.len() {
        near.select_nth_unstable_by(k - 1, order);
        near.truncate(k);
    }
    let voters = || near.iter().map(|&(_, other)| other).chain([place]);
    let row = |place: usize| scene.rows.codes(scene.members[place] as usize);
    (0..scene.rows.categories())
        .map(|column| {
            let mut ballot: Vec<u32> = voters().map(|place| row(place)[column]).collect();
            mode(&mut ballot, |_| 0)
        })
        .collect()
}

/// The value difference metric: the class profile of every value, and the rows of the class as places among values.
struct Differences {
    places: Vec<u32>,
    columns: Vec<Vec<Vec<f64>>>,
}

impl Differences {
    fn new<T: Real>(rows: &Rows<'_, T>, classes: &[u32], members: &[u32]) -> Self {
        let width = rows.categories();
        let mut places = vec![0u32; members.len() * width];
        let columns = (0..width)
            .map(|column| {
                let code = |i: u32| rows.codes(i as usize)[column];
                let mut values: Vec<u32> = members.iter().map(|&i| code(i)).collect();
                values.sort_unstable();
                values.dedup();
                for (row, &i) in members.iter().enumerate() {
                    let place = values.binary_search(&code(i));
                    places[row * width + column] = place.expect("a value of the class") as u32;
                }
                profiles(rows, classes, column, &values)
            })
            .collect();
        Self { places, columns }
    }

    fn distance(&self, a: usize, b: usize) -> f64 {
        let width = self.columns.len();
        let row = |place: usize| &self.places[place * width..][..width];
        let apart = |(column, (&a, &b)): (&Vec<Vec<f64>>, (&u32, &u32))| -> f64 {
            let pairs = column[a as usize].iter().zip(&column[b as usize]);
            pairs.map(|(a, b)| (a - b) * (a - b)).sum()
        };
        let pairs = row(a).iter().zip(row(b));
        self.columns.iter().zip(pairs).map(apart).sum()
    }
}

/// P(class | value) of each of some values, over all rows; classes in ascending order.
fn profiles<T: Real>(
    rows: &Rows<'_, T>,
    classes: &[u32],
    column: usize,
    values: &[u32],
) -> Vec<Vec<f64>> {
    let present: BTreeMap<u32, usize> = classes.iter().map(|&c| (c, 0)).collect();
    let order: BTreeMap<u32, usize> = present.keys().zip(0..).map(|(&c, at)| (c, at)).collect();
    let mut counts = vec![vec![0.0; order.len()]; values.len()];
    for (i, class) in classes.iter().enumerate() {
        if let Ok(value) = values.binary_search(&rows.codes(i)[column]) {
            counts[value][order[class]] += 1.0;
        }
    }
    for profile in &mut counts {
        let total: f64 = profile.iter().sum();
        profile.iter_mut().for_each(|count| *count /= total);
    }
    counts
}
