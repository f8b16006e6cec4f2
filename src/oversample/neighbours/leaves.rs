//! Rows in leaves of neighbours: halves of halves along the widest column, and the box that holds each leaf.
//!
//! A leaf whose box is farther from a query than its k-th nearest row so far holds nothing for it.

use rayon::prelude::*;

use super::space::Space;
use crate::oversample::rows::Real;

/// Rows that say which column is the widest.
const SAMPLE: usize = 64;

/// Rows in the order of their leaves, and the boxes of these.
pub(super) struct Leaves {
    /// Numbers of rows, leaf after leaf.
    pub order: Vec<u32>,
    /// Where each leaf begins in `order`; one more than there are leaves.
    pub starts: Vec<usize>,
    /// Lower and upper corners, leaf after leaf, `2·width` numbers each.
    pub boxes: Vec<f64>,
    width: usize,
}

impl Leaves {
    /// Leaves of at most `most` rows.
    pub(super) fn new<T: Real>(
        space: &Space<'_, T>,
        rows: &[u32],
        centre: &[f64],
        most: usize,
    ) -> Self {
        let mut order = rows.to_vec();
        let width = centre.len();
        let depth = rows.len().div_ceil(most).max(1).next_power_of_two().ilog2();
        split(space, centre, &mut order, depth);
        let mut starts = Vec::new();
        bounds(0, order.len(), depth, &mut starts);
        starts.push(order.len());
        let mut boxes = vec![0.0; 2 * width * (starts.len() - 1)];
        boxes
            .par_chunks_mut((2 * width).max(1))
            .enumerate()
            .for_each(|(leaf, corners)| {
                box_of(
                    space,
                    centre,
                    &order[starts[leaf]..starts[leaf + 1]],
                    corners,
                );
            });
        Self {
            order,
            starts,
            boxes,
            width,
        }
    }

    /// Number of leaves.
    pub(super) fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// The rows of a leaf.
    pub(super) fn rows(&self, leaf: usize) -> &[u32] {
        &self.order[self.starts[leaf]..self.starts[leaf + 1]]
    }

    /// The rows of every leaf, whose order within the leaf is free.
    pub(super) fn all_rows_mut(&mut self) -> Vec<&mut [u32]> {
        let mut rest = &mut self.order[..];
        let mut leaves = Vec::with_capacity(self.starts.len() - 1);
        for pair in self.starts.windows(2) {
            let (leaf, behind) = rest.split_at_mut(pair[1] - pair[0]);
            leaves.push(leaf);
            rest = behind;
        }
        leaves
    }

    /// Lower and upper corner of a leaf's box.
    pub(super) fn corners(&self, leaf: usize) -> (&[f64], &[f64]) {
        self.boxes[2 * self.width * leaf..][..2 * self.width].split_at(self.width)
    }
}

/// How far two boxes are apart, by Euclid or, `manhattan`, by the sum of the columns' distances.
pub(super) fn apart(a: (&[f64], &[f64]), b: (&[f64], &[f64]), manhattan: bool) -> f64 {
    let gaps = (a.0.iter().zip(a.1).zip(b.0.iter().zip(b.1))).map(
        |((low, high), (other_low, other_high))| (other_low - high).max(low - other_high).max(0.0),
    );
    match manhattan {
        true => gaps.sum(),
        false => gaps.map(|gap| gap * gap).sum::<f64>().sqrt(),
    }
}

/// Where leaves begin in a stretch of rows: as [`split`] cuts them.
fn bounds(from: usize, len: usize, depth: u32, starts: &mut Vec<usize>) {
    if depth == 0 {
        starts.push(from);
        return;
    }
    bounds(from, len / 2, depth - 1, starts);
    bounds(from + len / 2, len - len / 2, depth - 1, starts);
}

fn split<T: Real>(space: &Space<'_, T>, centre: &[f64], rows: &mut [u32], depth: u32) {
    if depth == 0 || rows.len() < 2 {
        return;
    }
    let column = widest(space, centre, rows);
    let middle = rows.len() / 2;
    let mut keys: Vec<(f64, u32)> = rows
        .iter()
        .map(|&i| (space.coordinate(i as usize, column), i))
        .collect();
    // Of equal keys the lower row comes first, so that leaves do not depend on the order in which rows come.
    keys.select_nth_unstable_by(middle, |a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    rows.iter_mut()
        .zip(&keys)
        .for_each(|(row, key)| *row = key.1);
    drop(keys);
    let (low, high) = rows.split_at_mut(middle);
    rayon::join(
        || split(space, centre, low, depth - 1),
        || split(space, centre, high, depth - 1),
    );
}

/// The column in which a sample of the rows is spread most.
fn widest<T: Real>(space: &Space<'_, T>, centre: &[f64], rows: &[u32]) -> usize {
    let width = centre.len();
    let mut point = vec![0.0; width];
    let mut low = vec![f64::INFINITY; width];
    let mut high = vec![f64::NEG_INFINITY; width];
    for &i in rows.iter().step_by(rows.len().div_ceil(SAMPLE)) {
        space.point(i as usize, centre, &mut point);
        for (j, &x) in point.iter().enumerate() {
            low[j] = low[j].min(x);
            high[j] = high[j].max(x);
        }
    }
    (0..width)
        .max_by(|&a, &b| (high[a] - low[a]).total_cmp(&(high[b] - low[b])))
        .unwrap_or(0)
}

/// The corners of the box around some rows.
pub(super) fn box_of<T: Real>(
    space: &Space<'_, T>,
    centre: &[f64],
    rows: &[u32],
    corners: &mut [f64],
) {
    let width = centre.len();
    let (low, high) = corners.split_at_mut(width);
    low.fill(f64::INFINITY);
    high.fill(f64::NEG_INFINITY);
    let mut point = vec![0.0; width];
    for &i in rows {
        space.point(i as usize, centre, &mut point);
        for (j, &x) in point.iter().enumerate() {
            low[j] = low[j].min(x);
            high[j] = high[j].max(x);
        }
    }
}
