//! SVM-SMOTE (Nguyen, Cooper and Kamei 2011): SMOTE from support vectors, outwards where they are safe.
//!
//! ```text
//! other(i) = rows of other classes among the m nearest of i in all rows
//! noise: other = m     danger: m/2 ≤ other < m     safe: the rest
//! danger: weight uniform on (0, 1]     safe: weight = 1 + out_step·U
//! ```
//!
//! own is a support vector of the class that is not noise (see [`support_vectors`]), partner one of its k nearest of the
//! class. One draw of Beta(10, 10) is the share of the rows that start in danger; where one of the two groups is empty,
//! the other takes all. The classifier looks at the columns as they are, whatever the scale of the distance.

use crate::error::{Error, Result};
use crate::oversample::recipe::Recipe;
use crate::oversample::rows::Real;
use crate::oversample::scene::Scene;
use crate::oversample::segment::{self, Drawn};
use crate::oversample::support::support_vectors;
use crate::pairs::Pairs;
use crate::random::Purpose;
use crate::schedule::{Clock, Law};

pub(super) fn recipe<T: Real>(
    scene: &Scene<'_, T>,
    count: usize,
    (k, m): (usize, usize),
    out_step: f64,
) -> Result<Recipe> {
    let (danger, safe) = groups(scene, m)?;
    let bases = [&danger[..], &safe[..]].concat();
    let neighbours = scene
        .space
        .nearest(&bases, scene.members, k, scene.progress)?;
    let inwards = in_danger(scene, count, &danger, &safe);
    let starts = (scene.bases(danger.len()), scene.bases(safe.len()));
    let (own, partner, weight, label_weight) = segment::draw(count, scene.draws(), |r, streams| {
        let place = match r < inwards {
            true => starts.0(r, &mut streams.base),
            false => danger.len() + starts.1(r - inwards, &mut streams.base),
        };
        Drawn {
            own: bases[place],
            partner: neighbours.of(place)[streams.partner.below(k)],
            weight: match r < inwards {
                true => segment::uniform(&mut streams.weight),
                false => 1.0 + out_step * streams.weight.unit(),
            },
            label_weight: 1.0,
        }
    });
    Ok(Pairs::beyond(own, partner, weight, label_weight)?.into())
}

/// The class's support vectors in danger, and the safe ones.
fn groups<T: Real>(scene: &Scene<'_, T>, m: usize) -> Result<(Vec<u32>, Vec<u32>)> {
    if m >= scene.rows.len() {
        let expected = format!("below the {} rows of the table", scene.rows.len());
        return Err(Error::setting("m", expected, m));
    }
    scene.progress.begin("support vectors", 1);
    if scene.progress.stop() {
        return Err(Error::Interrupted);
    }
    let mut support = support_vectors(&scene.rows, scene.strata)?;
    support.retain(|&i| scene.is_member(i));
    scene.progress.advance(1);
    let near = scene
        .space
        .nearest(&support, &scene.all(), m, scene.progress)?;
    let other = |q: usize| near.of(q).iter().filter(|&&i| !scene.is_member(i)).count();
    let (mut danger, mut safe) = (Vec::new(), Vec::new());
    for (q, &row) in support.iter().enumerate() {
        match other(q) {
            noise if noise == m => {}
            n if 2 * n >= m => danger.push(row),
            _ => safe.push(row),
        }
    }
    if danger.is_empty() && safe.is_empty() {
        return Err(scene.no_base(format!(
            "all of its {} support vectors are noise, with rows of other classes alone among their {m} nearest",
            support.len()
        )));
    }
    Ok((danger, safe))
}

/// How many of the rows start in danger.
fn in_danger<T: Real>(scene: &Scene<'_, T>, count: usize, danger: &[u32], safe: &[u32]) -> usize {
    let mut stream = scene.draws().stream(Purpose::Weight, usize::MAX);
    let law = Law::beta(10.0)
        .sampler(Clock::at(0, 1, 1))
        .expect("10 is above 0");
    let share = law.draw(&mut stream);
    match (danger.len(), safe.len()) {
        (0, _) => 0,
        (_, 0) => count,
        _ => ((share * (count + 1) as f64) as usize).min(count),
    }
}
