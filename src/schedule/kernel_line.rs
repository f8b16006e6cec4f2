//! Draws from a Gaussian kernel over numbers on a line, without a walk over the rows inside its reach.
//!
//! The sorted targets are cut into cells at most half a bandwidth wide. For a row, each cell within reach counts as its
//! rows times the kernel at the cell's nearest edge. A cell is drawn by that, then a row of it uniformly, and the row
//! is accepted with probability kernel / kernel at the edge; else everything is drawn again. What is accepted follows
//! the kernel exactly, up to the rows out of reach.

use std::ops::Range;

use super::kernel::{REACH, log_kernel};
use crate::random::Stream;

/// Refusals after which the rows within reach are walked once instead.
const REFUSALS: usize = 10_000;
/// Bandwidths to the nearest row beyond which rejection wastes draws, the kernel being steep out there.
const FAR: f64 = 4.0;

/// Targets in rising order.
#[derive(Debug, Clone)]
pub(super) struct Line {
    sorted: Vec<f32>,
    /// The row at each place of `sorted`, and the place of each row.
    row: Vec<u32>,
    place: Vec<u32>,
    /// Where each cell begins, and the end of the last.
    starts: Vec<u32>,
    bandwidth: f64,
}

/// A cell that can be drawn.
#[derive(Clone, Copy)]
struct Cell {
    places: (u32, u32),
    /// The kernel at the nearest edge, in the logarithm.
    bound: f64,
    /// The weights of this and all cells before it.
    upto: f64,
}

impl Line {
    pub fn new(targets: &[f32], bandwidth: f64) -> Self {
        let mut row: Vec<u32> = (0..targets.len() as u32).collect();
        row.sort_by(|&a, &b| targets[a as usize].total_cmp(&targets[b as usize]));
        let mut place = vec![0; row.len()];
        for (at, &row) in row.iter().enumerate() {
            place[row as usize] = at as u32;
        }
        let sorted: Vec<f32> = row.iter().map(|&row| targets[row as usize]).collect();
        Self {
            starts: cells(&sorted, bandwidth / 2.0),
            sorted,
            row,
            place,
            bandwidth,
        }
    }

    /// A partner for each of some rows.
    pub fn partners(&self, rows: &[u32], exclude_self: bool, stream: &mut Stream) -> Vec<u32> {
        let mut within = Vec::new();
        let mut draw = |row: &u32| {
            let at = self.place[*row as usize] as usize;
            let found = match self.nearest(at, exclude_self) {
                nearest if nearest <= FAR * self.bandwidth => {
                    self.cells_within(at, nearest, exclude_self, &mut within);
                    self.reject(at, nearest, exclude_self, &within, stream)
                }
                nearest => self.walk(at, nearest, exclude_self, stream),
            };
            self.row[found]
        };
        rows.iter().map(&mut draw).collect()
    }

    /// The distance to the nearest candidate.
    fn nearest(&self, at: usize, exclude_self: bool) -> f64 {
        if !exclude_self {
            return 0.0;
        }
        let gap = |other: Option<usize>| {
            let other = other.filter(|&other| other < self.sorted.len());
            other.map_or(f64::INFINITY, |other| self.distance(at, other))
        };
        gap(at.checked_sub(1)).min(gap(Some(at + 1)))
    }

    fn distance(&self, a: usize, b: usize) -> f64 {
        (f64::from(self.sorted[a]) - f64::from(self.sorted[b])).abs()
    }

    fn log_kernel(&self, distance: f64, nearest: f64) -> f64 {
        log_kernel(distance, nearest, self.bandwidth)
    }

    /// The cells within reach: the row's own, those to its left and those to its right.
    fn cells_within(&self, at: usize, nearest: f64, exclude_self: bool, within: &mut Vec<Cell>) {
        within.clear();
        let own = self.starts.partition_point(|&start| start as usize <= at) - 1;
        let places = |cell: usize| (self.starts[cell], self.starts[cell + 1]);
        let mut upto = 0.0;
        let mut add = |places: (u32, u32), bound: f64| {
            upto += f64::from(places.1 - places.0) * bound.exp();
            within.push(Cell {
                places,
                bound,
                upto,
            });
        };
        let (first, end) = places(own);
        if end - first > u32::from(exclude_self) {
            // No candidate is nearer than the nearest, whose kernel counts as 1.
            add((first, end), 0.0);
        }
        for cell in (0..own).rev() {
            let (first, end) = places(cell);
            match self.log_kernel(self.distance(at, end as usize - 1), nearest) {
                bound if bound >= REACH => add((first, end), bound),
                _ => break,
            }
        }
        for cell in own + 1..self.starts.len() - 1 {
            let (first, end) = places(cell);
            match self.log_kernel(self.distance(at, first as usize), nearest) {
                bound if bound >= REACH => add((first, end), bound),
                _ => break,
            }
        }
    }

    fn reject(
        &self,
        at: usize,
        nearest: f64,
        exclude_self: bool,
        within: &[Cell],
        stream: &mut Stream,
    ) -> usize {
        let total = within.last().map_or(0.0, |cell| cell.upto);
        for _ in 0..REFUSALS {
            let toss = stream.unit() * total;
            let Some(cell) = within.iter().find(|cell| toss < cell.upto) else {
                continue;
            };
            let (first, end) = (cell.places.0 as usize, cell.places.1 as usize);
            let found = first + stream.below(end - first);
            if exclude_self && found == at {
                continue;
            }
            let kernel = self.log_kernel(self.distance(at, found), nearest);
            if kernel >= cell.bound || stream.unit() < (kernel - cell.bound).exp() {
                return found;
            }
        }
        self.walk(at, nearest, exclude_self, stream)
    }

    /// One draw by a walk over all rows within reach.
    fn walk(&self, at: usize, nearest: f64, exclude_self: bool, stream: &mut Stream) -> usize {
        let kernel = |&place: &usize| self.log_kernel(self.distance(at, place), nearest);
        let inside = |place: &usize| kernel(place) >= REACH;
        let left = (0..at).rev().take_while(inside).last().unwrap_or(at);
        let right = (at + 1..self.sorted.len()).take_while(inside).last();
        let all: Range<usize> = left..right.unwrap_or(at) + 1;
        let candidates = || all.clone().filter(|&j| !(exclude_self && j == at));
        let total: f64 = candidates().map(|j| kernel(&j).exp()).sum();
        let mut left = stream.unit() * total;
        let mut last = at;
        for j in candidates() {
            last = j;
            let weight = kernel(&j).exp();
            if left < weight {
                break;
            }
            left -= weight;
        }
        last
    }
}

/// Where cells begin that are at most `width` wide and hold at least one value; and the end.
fn cells(sorted: &[f32], width: f64) -> Vec<u32> {
    let mut starts = vec![0];
    let mut low = f64::from(sorted[0]);
    for (place, &value) in sorted.iter().enumerate() {
        if f64::from(value) - low > width {
            starts.push(place as u32);
            low = f64::from(value);
        }
    }
    starts.push(sorted.len() as u32);
    starts
}
