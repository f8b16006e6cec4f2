//! Mixup written into a table (Zhang et al. 2018; with rows of the class alone, Jiang et al. 2023, ADGym).
//!
//! ```text
//! x = λ·x[own] + (1 − λ)·x[partner],  λ by any law, or max(λ, 1 − λ)
//! ```
//!
//! own uniform among the rows of the class, partner uniform among its other rows, or among all other rows; the weight of
//! the label by the rule, from the number of rows that the two classes have in the table.

use crate::error::Result;
use crate::oversample::method::MixupPartner;
use crate::oversample::recipe::Recipe;
use crate::oversample::rows::Real;
use crate::oversample::scene::Scene;
use crate::oversample::segment::{self, Drawn};
use crate::pairs::Pairs;
use crate::random::Stream;
use crate::schedule::{Clock, LabelRule, Law};

/// A table is made in one step.
const ONCE: Clock = Clock {
    step: 0,
    steps: 1,
    epoch: 0,
    epochs: 1,
};

/// The method's own settings.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mix<'a> {
    pub weight: &'a Law,
    pub partner: MixupPartner,
    pub label: LabelRule,
    pub fold: bool,
}

pub(super) fn recipe<T: Real>(scene: &Scene<'_, T>, count: usize, mix: Mix<'_>) -> Result<Recipe> {
    let law = mix
        .weight
        .sampler(ONCE)
        .expect("the shapes of a checked law are above 0");
    if mix.partner == MixupPartner::Any && scene.rows.len() < 2 {
        return Err(scene.no_base("there is no other row to mix with"));
    }
    let counts = class_counts(scene.strata.classes);
    let base = scene.bases(scene.members.len());
    let columns = segment::draw(count, scene.draws(), |r, streams| {
        let place = base(r, &mut streams.base);
        let own = scene.members[place];
        let partner = partner(scene, mix.partner, place, &mut streams.partner);
        let weight = match law.draw(&mut streams.weight) {
            weight if mix.fold => weight.max(1.0 - weight),
            weight => weight,
        };
        let rows = |i: u32| counts[scene.strata.classes[i as usize] as usize];
        Drawn {
            own,
            partner,
            weight,
            label_weight: mix.label.weight(weight, rows(own), rows(partner)),
        }
    });
    let (own, partner, weight, label_weight) = columns;
    Ok(Pairs::new(own, partner, weight, label_weight)?.into())
}

/// Any row but the one itself, of the class or of the table.
fn partner<T: Real>(
    scene: &Scene<'_, T>,
    among: MixupPartner,
    place: usize,
    stream: &mut Stream,
) -> u32 {
    let other = |n: usize, itself: usize, stream: &mut Stream| {
        let other = stream.below(n - 1);
        other + usize::from(other >= itself)
    };
    match among {
        MixupPartner::SameClass => scene.members[other(scene.members.len(), place, stream)],
        MixupPartner::Any => {
            let itself = scene.members[place] as usize;
            other(scene.rows.len(), itself, stream) as u32
        }
    }
}

/// The rows of every class.
fn class_counts(classes: &[u32]) -> Vec<f64> {
    let most = classes.iter().max().map_or(0, |&c| c as usize + 1);
    let mut counts = vec![0.0; most];
    for &class in classes {
        counts[class as usize] += 1.0;
    }
    counts
}
