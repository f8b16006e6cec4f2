//! Words that change places; what stands between them stays.

use super::desk::{Desk, Drawn, Scene};
use super::unchanged::Unchanged;
use crate::random::Stream;

/// Two distinct words at a time, any two.
pub(super) fn swap(scene: &Scene<'_>, desk: &mut Desk, stream: &mut Stream) -> Drawn {
    exchange(scene, desk, |m| {
        let i = stream.below(m);
        let j = stream.below(m - 1);
        (i, if j < i { j } else { j + 1 })
    })
}

/// Two neighbours at a time.
pub(super) fn swap_adjacent(scene: &Scene<'_>, desk: &mut Desk, stream: &mut Stream) -> Drawn {
    exchange(scene, desk, |m| {
        let i = stream.below(m - 1);
        (i, i + 1)
    })
}

fn exchange(
    scene: &Scene<'_>,
    desk: &mut Desk,
    mut two_of: impl FnMut(usize) -> (usize, usize),
) -> Drawn {
    let m = scene.units.free.len();
    let n = scene.count(m)?;
    if m < 2 {
        let bound = scene.units.len() > m;
        return Err(if bound {
            Unchanged::Protected
        } else {
            Unchanged::TooShort
        });
    }
    let order = desk.in_order(m);
    for _ in 0..n {
        let (i, j) = two_of(m);
        order.swap(i, j);
    }
    let mut at = 0;
    for k in 0..m {
        let from = desk.order[k] as usize;
        if from != k {
            let place = scene.units.free_span(k).range();
            let word = scene.units.free_span(from).range();
            desk.edit.own(at, place.start);
            desk.edit.own(word.start, word.end);
            at = place.end;
        }
    }
    desk.edit.own(at, scene.text.len());
    Ok(1.0)
}
