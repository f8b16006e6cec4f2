//! The nearest training rows of every training row, for schedules that mix with neighbours.

use rayon::prelude::*;

use crate::error::{Error, Result};
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
/// [`Error::NoSite`] for a model without a pooled vector, [`Error::Setting`] for fewer than k + 1 rows, and Candle's.
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
    let mut states: Vec<Vec<f32>> = Vec::with_capacity(rows.len());
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
        states.extend(flow.x.to_vec2::<f32>()?);
    }
    Ok((0..rows.len())
        .into_par_iter()
        .map(|place| nearest(&states, place, k))
        .collect())
}

/// The `k` places whose states are nearest to that of `place`.
fn nearest(states: &[Vec<f32>], place: usize, k: usize) -> Vec<u32> {
    let distance = |other: usize| {
        let pairs = states[place].iter().zip(&states[other]);
        pairs.map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>()
    };
    let others = (0..states.len()).filter(|&other| other != place);
    let mut candidates: Vec<(f64, u32)> = others
        .map(|other| (distance(other), other as u32))
        .collect();
    let order = |a: &(f64, u32), b: &(f64, u32)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
    if k < candidates.len() {
        candidates.select_nth_unstable_by(k, order);
        candidates.truncate(k);
    }
    candidates.sort_by(order);
    candidates.into_iter().map(|(_, other)| other).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_excludes_the_row_itself_and_breaks_ties_by_place() {
        let states: Vec<Vec<f32>> = [0.0, 0.0, 1.0, -1.0, 5.0]
            .iter()
            .map(|&x| vec![x])
            .collect();
        assert_eq!(nearest(&states, 0, 3), [1, 2, 3]);
        assert_eq!(nearest(&states, 1, 1), [0]);
        assert_eq!(nearest(&states, 4, 4), [2, 0, 1, 3]);
    }
}
