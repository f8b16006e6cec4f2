//! Random oversampling: rows of the class again, drawn with replacement.
//!
//! own uniform among the rows of the class, partner = own, weight 1.

use crate::error::Result;
use crate::oversample::recipe::Recipe;
use crate::oversample::rows::Real;
use crate::oversample::scene::Scene;
use crate::oversample::segment::{self, Drawn};
use crate::pairs::Pairs;

pub(super) fn recipe<T: Real>(scene: &Scene<'_, T>, count: usize) -> Result<Recipe> {
    let base = scene.bases(scene.members.len());
    let (own, partner, weight, label_weight) = segment::draw(count, scene.draws(), |r, streams| {
        let own = scene.members[base(r, &mut streams.base)];
        Drawn {
            own,
            partner: own,
            weight: 1.0,
            label_weight: 1.0,
        }
    });
    Ok(Pairs::new(own, partner, weight, label_weight)?.into())
}
