//! k-mixup (Greenewald et al. 2021): short pairs by an optimal assignment inside blocks of a permutation.

use super::assignment::cheapest;
use super::task::{Points, Rows};
use crate::error::{Error, Result};

/// The permutation with each block of k of its places rearranged, so that the distances from the rows at these places
/// to their partners have the least sum. The last block may be shorter.
pub(super) fn blocks(rows: Rows<'_>, k: usize, mut permutation: Vec<u32>) -> Result<Vec<u32>> {
    if k == 1 {
        return Ok(permutation);
    }
    let points = rows.points.ok_or_else(|| {
        Error::Conflict("the blocks pairing needs the point of every training row".into())
    })?;
    for (block, partners) in permutation.chunks_mut(k).enumerate() {
        let own = &rows.batch[block * k..][..partners.len()];
        let mut costs = Vec::with_capacity(own.len() * own.len());
        for &row in own {
            for &partner in partners.iter() {
                costs.push(points.distance(row, rows.batch[partner as usize])?);
            }
        }
        let cheapest = cheapest(&costs, own.len());
        let rearranged: Vec<u32> = cheapest.into_iter().map(|j| partners[j]).collect();
        partners.copy_from_slice(&rearranged);
    }
    Ok(permutation)
}

impl Points<'_> {
    fn of(&self, row: u32) -> Result<&[f32]> {
        let start = row as usize * self.width;
        let point = self.values.get(start..start + self.width);
        point.ok_or_else(|| Error::Shape {
            what: "points".into(),
            expected: format!("{} numbers for training row {row}", self.width),
            got: format!("{} numbers", self.values.len()),
        })
    }

    fn distance(&self, a: u32, b: u32) -> Result<f64> {
        let pairs = self.of(a)?.iter().zip(self.of(b)?);
        let squares = pairs.map(|(&x, &y)| (f64::from(x) - f64::from(y)).powi(2));
        match squares.sum::<f64>().sqrt() {
            distance if distance.is_finite() => Ok(distance),
            _ => Err(Error::Data(format!(
                "the points of training rows {a} and {b} must be finite"
            ))),
        }
    }
}
