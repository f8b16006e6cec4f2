//! The methods, one file each: a function from a scene and a count to a recipe.

mod adasyn;
mod borderline;
mod geometric;
mod kmeans;
mod mixup;
mod prowsyn;
mod random;
mod rose;
mod smote;
mod smoten;
mod smotenc;
mod star;
mod svm;

use super::method::{Method, MixupPartner};
use super::recipe::Recipe;
use super::rows::Real;
use super::scene::Scene;
use crate::error::Result;

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
        Method::Geometric {
            k,
            truncation,
            deformation,
            selection,
        } => {
            let shape = geometric::Shape {
                truncation,
                deformation,
            };
            geometric::recipe(scene, count, k, selection, shape)
        }
        Method::Svm { k, m, out_step } => svm::recipe(scene, count, (k, m), out_step),
        Method::Kmeans {
            k,
            clusters,
            threshold,
            exponent,
        } => {
            let choice = kmeans::Choice {
                clusters,
                threshold,
                exponent,
            };
            kmeans::recipe(scene, count, k, choice)
        }
        Method::Prowsyn { levels, k, theta } => prowsyn::recipe(scene, count, (levels, k), theta),
        Method::Star { topology } => star::recipe(scene, count, topology),
        Method::Mixup {
            ref weight,
            partner,
            label,
            fold,
        } => {
            let fold = fold.unwrap_or(partner == MixupPartner::Any);
            let mix = mixup::Mix {
                weight,
                partner,
                label,
                fold,
            };
            mixup::recipe(scene, count, mix)
        }
    }
}
