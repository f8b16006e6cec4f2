//! Random oversampling with shrinkage, or smoothed bootstrap (ROSE; Menardi and Torelli 2014).
//!
//! ```text
//! x = x[own] + s·h·σ_col·N(0, 1),  h = (4 / ((d + 2)·n))^(1/(d + 4))
//! ```
//!
//! own uniform among the rows of the class, partner = own, weight 1; the noise is the residue. σ is the population
//! standard deviation of the column in the class, n the rows of the class. imbalanced-learn takes n over all rows, which
//! makes the noise of a rare class too small; `Like::Imblearn` does so too.

use super::random;
use crate::error::Result;
use crate::oversample::recipe::{Recipe, Residue};
use crate::oversample::rows::Real;
use crate::oversample::scene::Scene;
use crate::oversample::settings::Like;
use crate::oversample::spread::deviations;

pub(super) fn recipe<T: Real>(
    scene: &Scene<'_, T>,
    count: usize,
    shrinkage: f64,
) -> Result<Recipe> {
    let d = scene.rows.width() as f64;
    let n = match scene.settings.like {
        Like::Own => scene.members.len(),
        Like::Imblearn => scene.rows.len(),
    };
    let h = (4.0 / ((d + 2.0) * n as f64)).powf(1.0 / (d + 4.0));
    let mut deviation = deviations(&scene.rows, scene.members);
    deviation.iter_mut().for_each(|sd| *sd *= shrinkage * h);
    let residue = match shrinkage {
        0.0 => Residue::None,
        _ => Residue::Noise {
            deviation,
            draws: scene.draws(),
        },
    };
    Ok(Recipe {
        residue,
        ..random::recipe(scene, count)?
    })
}
