//! ADASYN (He et al. 2008): SMOTE, more from rows with more neighbours of other classes.
//!
//! ```text
//! r_i = (rows of other classes among the k nearest of i in all rows) / k
//! g_i = G·r_i / Σr,  to whole numbers by largest remainder, so that Σg = G
//! ```
//!
//! own = i, g_i times; partner uniform among its k nearest of the class; weight uniform on (0, 1]. The paper's threshold
//! on the degree of imbalance is not used. imbalanced-learn rounds each g_i by itself (half to even), so that its total
//! is not the one asked for; ours is, also with `Like::Imblearn`.

use crate::error::Result;
use crate::oversample::apportion::largest_remainder;
use crate::oversample::recipe::Recipe;
use crate::oversample::rows::Real;
use crate::oversample::scene::Scene;
use crate::oversample::segment::{self, Drawn};
use crate::pairs::Pairs;

pub(super) fn recipe<T: Real>(scene: &Scene<'_, T>, count: usize, k: usize) -> Result<Recipe> {
    let weights: Vec<f64> = scene
        .strangers(k)?
        .into_iter()
        .map(|strangers| strangers as f64)
        .collect();
    if weights.iter().all(|&w| w == 0.0) {
        return Err(scene.no_base(format!(
            "none of its {} rows has a row of another class among its {k} nearest",
            scene.members.len()
        )));
    }
    let shares = largest_remainder(&weights, count);
    let bases: Vec<u32> = (0..scene.members.len() as u32)
        .flat_map(|place| std::iter::repeat_n(place, shares[place as usize]))
        .collect();
    let neighbours = scene.class_neighbours(k)?;
    let (own, partner, weight, label_weight) = segment::draw(count, scene.draws(), |r, streams| {
        let place = bases[r] as usize;
        Drawn {
            own: scene.members[place],
            partner: neighbours.of(place)[streams.partner.below(k)],
            weight: segment::uniform(&mut streams.weight),
            label_weight: 1.0,
        }
    });
    Ok(Pairs::new(own, partner, weight, label_weight)?.into())
}
