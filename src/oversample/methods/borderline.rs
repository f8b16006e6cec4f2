//! Borderline-SMOTE 1 and 2 (Han et al. 2005): SMOTE from the rows in danger.
//!
//! ```text
//! n_i = rows of other classes among the m nearest of i in all rows
//! noise: n_i = m      danger: m/2 ≤ n_i < m      safe: the others
//! ```
//!
//! own uniform among the rows in danger. Kind 1: partner uniform among the k nearest of the class, weight uniform on
//! (0, 1]. Kind 2: partner uniform among the k nearest in all rows; towards another class the row goes at most half
//! way, weight uniform on (½, 1], and keeps its label. imbalanced-learn multiplies two uniform draws there, which halves
//! the mean step once more; `Like::Imblearn` does so too.

use crate::error::Result;
use crate::oversample::neighbours::Neighbours;
use crate::oversample::recipe::Recipe;
use crate::oversample::rows::Real;
use crate::oversample::scene::Scene;
use crate::oversample::segment::{self, Drawn};
use crate::oversample::settings::Like;
use crate::pairs::Pairs;
use crate::random::Stream;

/// Kind 1.
pub(super) fn towards_class<T: Real>(
    scene: &Scene<'_, T>,
    count: usize,
    [k, m]: [usize; 2],
) -> Result<Recipe> {
    let danger = in_danger(scene, m)?;
    let neighbours = scene
        .space
        .nearest(&danger, scene.members, k, scene.progress)?;
    pairs(scene, count, &danger, &neighbours, |_, stream| {
        segment::uniform(stream)
    })
}

/// Kind 2.
pub(super) fn towards_all<T: Real>(
    scene: &Scene<'_, T>,
    count: usize,
    [k, m]: [usize; 2],
) -> Result<Recipe> {
    let danger = in_danger(scene, m)?;
    let all = scene.all();
    let neighbours = scene.space.nearest(&danger, &all, k, scene.progress)?;
    let like = scene.settings.like;
    pairs(
        scene,
        count,
        &danger,
        &neighbours,
        |partner, stream| match (scene.is_member(partner), like) {
            (true, _) => segment::uniform(stream),
            (false, Like::Own) => 1.0 - 0.5 * stream.unit(),
            (false, Like::Imblearn) => 1.0 - 0.5 * stream.unit() * stream.unit(),
        },
    )
}

/// The rows of the class that are in danger, ascending.
fn in_danger<T: Real>(scene: &Scene<'_, T>, m: usize) -> Result<Vec<u32>> {
    let strangers = scene.strangers(m)?;
    let count = |of: &dyn Fn(usize) -> bool| strangers.iter().filter(|&&n| of(n)).count();
    let danger: Vec<u32> = (scene.members.iter().zip(&strangers))
        .filter(|&(_, &n)| 2 * n >= m && n < m)
        .map(|(&i, _)| i)
        .collect();
    if danger.is_empty() {
        return Err(scene.no_base(format!(
            "no row is in danger: of {} rows {} are safe and {} are noise by their {m} nearest",
            strangers.len(),
            count(&|n| 2 * n < m),
            count(&|n| n == m),
        )));
    }
    Ok(danger)
}

fn pairs<T: Real>(
    scene: &Scene<'_, T>,
    count: usize,
    bases: &[u32],
    neighbours: &Neighbours,
    law: impl Fn(u32, &mut Stream) -> f64 + Sync,
) -> Result<Recipe> {
    let base = scene.bases(bases.len());
    let (own, partner, weight, label_weight) = segment::draw(count, scene.draws(), |r, streams| {
        let place = base(r, &mut streams.base);
        let partner = neighbours.of(place)[streams.partner.below(neighbours.k())];
        Drawn {
            own: bases[place],
            partner,
            weight: law(partner, &mut streams.weight),
            label_weight: 1.0,
        }
    });
    Ok(Pairs::new(own, partner, weight, label_weight)?.into())
}
