//! Borderline SMOTE (Han, Wang and Mao 2005): SMOTE from the rows in danger.
//!
//! ```text
//! other(i) = rows of other classes among the m nearest of i in all rows
//! noise: other = m     danger: m/2 ≤ other < m     safe: the rest
//! ```
//!
//! own is a row in danger. Kind 1: partner among its k nearest of the class, weight uniform on (0, 1]. Kind 2: partner
//! among its k nearest in all rows; towards another class the step is at most half the way, weight on (½, 1]. The
//! label is that of own.

use crate::error::{Error, Result};
use crate::oversample::neighbours::Neighbours;
use crate::oversample::recipe::Recipe;
use crate::oversample::rows::Real;
use crate::oversample::scene::Scene;
use crate::oversample::segment::{self, Drawn};
use crate::oversample::settings::Like;
use crate::pairs::Pairs;
use crate::random::Stream;

/// Kind 1.
pub(super) fn inside<T: Real>(
    scene: &Scene<'_, T>,
    count: usize,
    k: usize,
    m: usize,
) -> Result<Recipe> {
    let danger = danger(scene, &around(scene, m, m)?, m)?;
    let rows: Vec<u32> = danger.iter().map(|&place| scene.members[place]).collect();
    let neighbours = scene
        .space
        .nearest(&rows, scene.members, k, scene.progress)?;
    let base = scene.bases(rows.len());
    let (own, partner, weight, label_weight) = segment::draw(count, scene.draws(), |r, streams| {
        let place = base(r, &mut streams.base);
        Drawn {
            own: rows[place],
            partner: neighbours.of(place)[streams.partner.below(k)],
            weight: segment::uniform(&mut streams.weight),
            label_weight: 1.0,
        }
    });
    Ok(Pairs::new(own, partner, weight, label_weight)?.into())
}

/// Kind 2.
pub(super) fn across<T: Real>(
    scene: &Scene<'_, T>,
    count: usize,
    k: usize,
    m: usize,
) -> Result<Recipe> {
    let neighbours = around(scene, k, m)?;
    let danger = danger(scene, &neighbours, m)?;
    let base = scene.bases(danger.len());
    let like = scene.settings.like;
    let (own, partner, weight, label_weight) = segment::draw(count, scene.draws(), |r, streams| {
        let place = danger[base(r, &mut streams.base)];
        let partner = neighbours.of(place)[streams.partner.below(k)];
        Drawn {
            own: scene.members[place],
            partner,
            weight: match scene.is_member(partner) {
                true => segment::uniform(&mut streams.weight),
                false => half_way(&mut streams.weight, like),
            },
            label_weight: 1.0,
        }
    });
    Ok(Pairs::new(own, partner, weight, label_weight)?.into())
}

/// The nearest of all rows to each row of the class, as many as the larger of `k` and `m`: one search serves both.
fn around<T: Real>(scene: &Scene<'_, T>, k: usize, m: usize) -> Result<Neighbours> {
    let (field, most) = if m >= k { ("m", m) } else { ("k", k) };
    if most >= scene.rows.len() {
        let expected = format!("below the {} rows of the table", scene.rows.len());
        return Err(Error::setting(field, expected, most));
    }
    let all = scene.all();
    scene
        .space
        .nearest(scene.members, &all, most, scene.progress)
}

/// The places among the class's rows of those in danger.
fn danger<T: Real>(scene: &Scene<'_, T>, neighbours: &Neighbours, m: usize) -> Result<Vec<usize>> {
    let other = |place: usize| {
        let nearest = &neighbours.of(place)[..m];
        nearest.iter().filter(|&&i| !scene.is_member(i)).count()
    };
    let others: Vec<usize> = (0..scene.members.len()).map(other).collect();
    let places: Vec<usize> = (0..others.len())
        .filter(|&place| 2 * others[place] >= m && others[place] < m)
        .collect();
    if places.is_empty() {
        let noise = others.iter().filter(|&&n| n == m).count();
        let safe = others.len() - noise;
        return Err(scene.no_base(format!(
            "no row is in danger: of the {m} nearest, {safe} rows have fewer than half in other classes, and {noise} \
             have all there"
        )));
    }
    Ok(places)
}

/// λ uniform on (½, 1]. imbalanced-learn multiplies two steps, one of [0, 1) and one of [0, ½), and so goes half as
/// far.
fn half_way(stream: &mut Stream, like: Like) -> f64 {
    let step = stream.unit() / 2.0;
    match like {
        Like::Own => 1.0 - step,
        Like::Imblearn => 1.0 - step * stream.unit(),
    }
}
