//! The methods, one file each: a function from a scene and a count to a recipe.

mod random;
mod smote;

use super::method::Method;
use super::recipe::Recipe;
use super::rows::Real;
use super::scene::Scene;
use crate::error::{Error, Result};

/// `count` rows of the scene's class.
pub(super) fn recipe<T: Real>(
    method: &Method,
    scene: &Scene<'_, T>,
    count: usize,
) -> Result<Recipe> {
    match *method {
        Method::Random {} => random::recipe(scene, count),
        Method::Smote { k } => smote::recipe(scene, count, k),
        ref other => Err(Error::Unsupported {
            op: "oversample",
            what: other.name().into(),
        }),
    }
}
