//! Geometric SMOTE (Douzas and Bação 2019): a point in the ball around a row c that reaches to another row s.
//!
//! ```text
//! p uniform in the unit ball,  e = (s − c)/R,  R = ‖s − c‖
//! p ← p − 2(p·e)e                      where τ > 0 and p·e < τ − 1, or τ < 0 and p·e > τ + 1
//! x = c + R·((p·e)e + (1 − δ)(p − (p·e)e))
//! ```
//!
//! own = c uniform among the rows of the class, partner = s, weight = 1 − p·e; what is off the axis is the residue.
//! s is one of the k nearest of the class, or the nearest row of all other classes, or whichever of the two is nearer
//! (of equally near ones the row of the class). Neighbours are found by the metric and scale of the settings, and the
//! ball is round in the units of the table. Where s equals c, the row is a copy of it. The label is the class's.

use crate::error::Result;
use crate::oversample::ball;
use crate::oversample::method::Selection;
use crate::oversample::neighbours::Neighbours;
use crate::oversample::recipe::{Recipe, Residue};
use crate::oversample::rows::Real;
use crate::oversample::scene::Scene;
use crate::oversample::segment::{self, Drawn};
use crate::pairs::Pairs;

/// τ and δ.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    pub truncation: f64,
    pub deformation: f64,
}

pub(super) fn recipe<T: Real>(
    scene: &Scene<'_, T>,
    count: usize,
    k: usize,
    selection: Selection,
    shape: Shape,
) -> Result<Recipe> {
    let surface = Surface::of(scene, k, selection)?;
    let base = scene.bases(scene.members.len());
    let draws = scene.draws();
    let (own, partner, weight, label_weight) = segment::draw(count, draws, |r, streams| {
        let place = base(r, &mut streams.base);
        let own = scene.members[place];
        let partner = surface.point(place, |k| streams.partner.below(k));
        let [c, s] = [own, partner].map(|i| scene.rows.numbers(i as usize));
        let along = ball::along(draws, r, c, s).unwrap_or(0.0);
        Drawn {
            own,
            partner,
            weight: 1.0 - truncated(along, shape.truncation),
            label_weight: 1.0,
        }
    });
    Ok(Recipe {
        residue: Residue::Ball {
            deformation: shape.deformation,
            draws,
        },
        ..Pairs::beyond(own, partner, weight, label_weight)?.into()
    })
}

/// p·e, turned round where it lies in the part that is cut off.
fn truncated(along: f64, truncation: f64) -> f64 {
    let cut = (truncation > 0.0 && along < truncation - 1.0)
        || (truncation < 0.0 && along > truncation + 1.0);
    if cut { -along } else { along }
}

/// Who lies on the surface of a row's ball.
enum Surface {
    Class(Neighbours),
    Others(Neighbours),
    Nearer(Neighbours, Neighbours),
}

impl Surface {
    fn of<T: Real>(scene: &Scene<'_, T>, k: usize, selection: Selection) -> Result<Self> {
        Ok(match selection {
            Selection::Minority => Self::Class(scene.class_neighbours(k)?),
            Selection::Majority => Self::Others(nearest_other(scene)?),
            Selection::Combined => Self::Nearer(scene.class_neighbours(k)?, nearest_other(scene)?),
        })
    }

    /// The partner of the class's row at `place`; `below` draws a rank.
    fn point(&self, place: usize, mut below: impl FnMut(usize) -> usize) -> u32 {
        match self {
            Self::Class(class) => class.of(place)[below(class.k())],
            Self::Others(others) => others.of(place)[0],
            Self::Nearer(class, others) => {
                let rank = below(class.k());
                match others.distances(place)[0] < class.distances(place)[rank] {
                    true => others.of(place)[0],
                    false => class.of(place)[rank],
                }
            }
        }
    }
}

fn nearest_other<T: Real>(scene: &Scene<'_, T>) -> Result<Neighbours> {
    let others = scene.others();
    if others.is_empty() {
        return Err(scene.no_base("there is no row of another class to reach to"));
    }
    scene
        .space
        .nearest(scene.members, &others, 1, scene.progress)
}
