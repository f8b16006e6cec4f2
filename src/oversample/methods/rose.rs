//! ROSE, the smoothed bootstrap (Menardi and Torelli 2014): rows of the class again, with the noise of a kernel.
//!
//! ```text
//! row = x[own] + s·h·σ·z,   z ~ N(0, 1) in each column,   h = (4 / ((d + 2)·n))^(1 / (d + 4))
//! ```
//!
//! σ is the column's population standard deviation in the class, d the number of columns, s the shrinkage and n the
//! number of rows of the class; imbalanced-learn takes all rows for n, which makes the kernel of a rare class too
//! narrow.

use super::random;
use crate::error::Result;
use crate::oversample::deviation::deviations;
use crate::oversample::recipe::{Recipe, Residue};
use crate::oversample::rows::Real;
use crate::oversample::scene::Scene;
use crate::oversample::settings::Like;

pub(super) fn recipe<T: Real>(
    scene: &Scene<'_, T>,
    count: usize,
    shrinkage: f64,
) -> Result<Recipe> {
    let mut recipe = random::recipe(scene, count)?;
    let n = match scene.settings.like {
        Like::Own => scene.members.len(),
        Like::Imblearn => scene.rows.len(),
    };
    let factor = shrinkage * bandwidth(scene.rows.width(), n);
    let mut deviation = deviations(&scene.rows, scene.members);
    deviation.iter_mut().for_each(|sigma| *sigma *= factor);
    if deviation.iter().any(|&sigma| sigma > 0.0) {
        recipe.residue = Residue::Noise {
            deviation,
            draws: scene.draws(),
        };
    }
    Ok(recipe)
}

/// Silverman's factor for a normal kernel over `n` rows of `d` columns.
fn bandwidth(d: usize, n: usize) -> f64 {
    let (d, n) = (d as f64, n as f64);
    (4.0 / ((d + 2.0) * n)).powf(1.0 / (d + 4.0))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_bandwidth_of_two_columns() {
        assert!((super::bandwidth(2, 50) - 0.521).abs() < 5e-4);
        assert!((super::bandwidth(2, 10_000) - 0.215).abs() < 5e-4);
    }
}
