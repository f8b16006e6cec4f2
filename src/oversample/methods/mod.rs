//! The methods, one file each: a function from a scene and a count to a recipe.

mod adasyn;
mod borderline;
mod random;
mod rose;
mod smote;
mod smoten;
mod smotenc;

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
        Method::Rose { shrinkage } => rose::recipe(scene, count, shrinkage),
        Method::Smote { k } => smote::recipe(scene, count, k),
        Method::Smotenc { k } => smotenc::recipe(scene, count, k),
        Method::Smoten { k } => smoten::recipe(scene, count, k),
        Method::Borderline1 { k, m } => borderline::inside(scene, count, k, m),
        Method::Borderline2 { k, m } => borderline::across(scene, count, k, m),
        Method::Adasyn { k } => adasyn::recipe(scene, count, k),
        ref other => Err(Error::Unsupported {
            op: "oversample",
            what: other.name().into(),
        }),
    }
}
