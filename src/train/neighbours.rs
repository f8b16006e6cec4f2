//! The nearest training rows of every training row, for schedules that mix with neighbours.

use crate::error::{Error, Result};
use crate::oversample::{Metric, Rows, Scale, Space};
use crate::plan::Site;
use crate::source::RowSource;
use crate::tap::{RecordTap, Tapped};

/// Rows of one forward pass.
const BATCH: usize = 64;

/// For each of `rows`, the places among them of its `k` nearest, nearest first.
///
/// Distances are Euclidean between the plain model's pooled vectors (the model as it is when asked: LADA, Chen et al.
/// 2020, takes those of a pretrained sentence encoder). A row is not its own neighbour; ties go to the lower row.
///
/// # Errors
/// [`Error::NoSite`] for a model without a pooled vector, [`Error::Setting`] for fewer than k + 1 rows,
/// [`Error::Value`] for a vector that is not finite, and Candle's.
pub fn neighbours<M: Tapped>(
    model: &M,
    source: &impl RowSource<Input = M::Input>,
    rows: &[u32],
    k: usize,
) -> Result<Vec<Vec<u32>>> {
    if rows.len() <= k {
        let range = format!("below the {} training rows", rows.len());
        return Err(Error::setting("k of the nearest partners", range, k));
    }
    let (mut states, mut width) = (Vec::new(), 0);
    for batch in rows.chunks(BATCH) {
        let mut tap = RecordTap::new(&[Site::Pooled]);
        model.forward(&source.batch(batch)?, &mut tap)?;
        let Some((_, flow)) = tap.flows().first() else {
            let sites = model.sites().iter().map(Site::to_string).collect();
            return Err(Error::NoSite {
                site: Site::Pooled.to_string(),
                sites,
            });
        };
        for state in flow.x.to_vec2::<f32>()? {
            width = state.len();
            states.extend(state);
        }
    }
    nearest(&states, width, k)
}

/// For each state, the `k` places whose states are nearest to it.
fn nearest(states: &[f32], width: usize, k: usize) -> Result<Vec<Vec<u32>>> {
    let states = Rows::numeric(states, width)?;
    let places: Vec<u32> = (0..states.len() as u32).collect();
    let space = Space::new(states, Metric::Euclidean, Scale::None);
    let found = space.nearest(&places, &places, k, &())?;
    Ok((0..places.len()).map(|p| found.of(p).to_vec()).collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn nearest_excludes_the_row_itself_and_breaks_ties_by_place() {
        let states = [0.0, 0.0, 1.0, -1.0, 5.0];
        let of = |place: usize, k: usize| nearest(&states, 1, k).unwrap()[place].clone();
        assert_eq!(of(0, 3), [1, 2, 3]);
        assert_eq!(of(1, 1), [0]);
        assert_eq!(of(4, 4), [2, 0, 1, 3]);
    }
}
