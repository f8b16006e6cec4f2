//! SMOTE (Chawla et al. 2002): a point between a row and one of its k nearest of the class.
//!
//! own uniform among the rows of the class, partner uniform among its k nearest, weight uniform on (0, 1].

use crate::error::Result;
use crate::oversample::neighbours::Neighbours;
use crate::oversample::recipe::Recipe;
use crate::oversample::rows::Real;
use crate::oversample::scene::Scene;
use crate::oversample::segment::{self, Drawn};
use crate::pairs::Pairs;

pub(super) fn recipe<T: Real>(scene: &Scene<'_, T>, count: usize, k: usize) -> Result<Recipe> {
    Ok(pairs(scene, &scene.class_neighbours(k)?, count)?.into())
}

/// The pairs, given the neighbours of every row of the class.
pub(super) fn pairs<T: Real>(
    scene: &Scene<'_, T>,
    neighbours: &Neighbours,
    count: usize,
) -> Result<Pairs> {
    let base = scene.bases(scene.members.len());
    let k = neighbours.k();
    let (own, partner, weight, label_weight) = segment::draw(count, scene.draws(), |r, streams| {
        let place = base(r, &mut streams.base);
        Drawn {
            own: scene.members[place],
            partner: neighbours.of(place)[streams.partner.below(k)],
            weight: segment::uniform(&mut streams.weight),
            label_weight: 1.0,
        }
    });
    Pairs::new(own, partner, weight, label_weight)
}
