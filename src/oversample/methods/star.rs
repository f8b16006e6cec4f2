//! Polynom-fit star and bus (Gazzah and Essoukri Ben Amara 2008): evenly spaced points on segments, and no randomness.
//!
//! ```text
//! x = (1 − f)·x[i] + f·end[i],  f = j/(κ_i + 1),  j = 1..κ_i,  Σκ_i = the rows to be made
//! ```
//!
//! The star's segments run from each row of the class to the class's mean, which is a derived row; the bus's from each
//! row to the next one of the class. Every segment carries as many points as any other but for one, the first segments
//! those that are left over. own = i, partner = the end, weight = 1 − f. A class of one row has no segment: its row is
//! made again.

use crate::error::Result;
use crate::oversample::method::Topology;
use crate::oversample::recipe::Recipe;
use crate::oversample::rows::Real;
use crate::oversample::scene::Scene;
use crate::pairs::Pairs;

pub(super) fn recipe<T: Real>(
    scene: &Scene<'_, T>,
    count: usize,
    topology: Topology,
) -> Result<Recipe> {
    let n = scene.members.len();
    let mean = scene.rows.len() as u32;
    let (segments, end): (usize, &dyn Fn(usize) -> u32) = match topology {
        _ if n == 1 => (1, &|i| scene.members[i]),
        Topology::Star => (n, &|_| mean),
        Topology::Bus => (n - 1, &|i| scene.members[i + 1]),
    };
    let (mut own, mut partner, mut weight) = (
        Vec::with_capacity(count),
        Vec::with_capacity(count),
        Vec::with_capacity(count),
    );
    for i in 0..segments {
        let points = count / segments + usize::from(i < count % segments);
        for j in 1..=points {
            own.push(scene.members[i]);
            partner.push(end(i));
            weight.push(1.0 - j as f64 / (points + 1) as f64);
        }
    }
    Ok(Recipe {
        derived: match topology {
            Topology::Star if n > 1 => class_mean(scene),
            _ => Vec::new(),
        },
        ..Pairs::new(own, partner, weight, vec![1.0; count])?.into()
    })
}

/// The mean of the class's rows, taken of differences to the first one: a column that is constant in it stays exact.
fn class_mean<T: Real>(scene: &Scene<'_, T>) -> Vec<f64> {
    let row = |i: u32| scene.rows.numbers(i as usize);
    let first = row(scene.members[0]);
    let mut sums = vec![0.0; first.len()];
    for &i in scene.members {
        for (sum, (x, x0)) in sums.iter_mut().zip(row(i).iter().zip(first)) {
            *sum += x.to_f64() - x0.to_f64();
        }
    }
    let n = scene.members.len() as f64;
    let mean = |(sum, x0): (f64, &T)| match sum {
        0.0 => x0.to_f64(), // −0 + 0 would lose its sign
        _ => x0.to_f64() + sum / n,
    };
    sums.into_iter().zip(first).map(mean).collect()
}
