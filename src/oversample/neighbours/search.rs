//! The search: leaves in the order of their distance, screened by codes, and what passes compared by its own numbers.

use std::iter::repeat_n;
use std::ops::Range;

use rayon::prelude::*;

use super::best::{self, Best};
use super::codes::{Coded, Coding, LANES, Queries, TILE, WIDEST};
use super::leaves::{Leaves, apart};
use super::screen::{screen, threshold};
use super::space::Space;
use super::{Neighbours, Progress};
use crate::error::{Error, Result};
use crate::oversample::rows::Real;
use crate::oversample::settings::Metric;

/// Rows of a leaf, and queries that are looked up together, at most: few where boxes are narrow and most leaves are passed
/// over, many where every leaf is screened.
const NARROW_SIZES: [usize; 2] = [256, 64];
const WIDE_SIZES: [usize; 2] = [1024, 256];
/// Below this many queries an index does not pay.
const FEW: usize = 32;
/// Up to this many columns a query is held against each leaf's box by itself.
const NARROW: usize = 16;

/// See [`Space::nearest`].
pub(super) fn nearest<T: Real>(
    space: &Space<'_, T>,
    queries: &[u32],
    among: &[u32],
    k: usize,
    progress: &dyn Progress,
) -> Result<Neighbours> {
    progress.begin("neighbours", queries.len() as u64);
    let width = space.rows().width();
    let direct = queries.len() < FEW
        || among.len() <= 2 * NARROW_SIZES[0]
        || 4 * k >= among.len()
        || width == 0
        || width > WIDEST;
    let mut found = Found::new(queries.len(), k);
    match direct {
        true => compare_all(space, queries, among, &mut found, progress)?,
        false => Index::new(space, among).search(queries, &mut found, progress)?,
    }
    Ok(Neighbours {
        k,
        rows: found.rows,
        distances: found.distances,
    })
}

/// The neighbours of some queries, `k` a query.
struct Found {
    k: usize,
    rows: Vec<u32>,
    distances: Vec<f64>,
}

impl Found {
    fn new(queries: usize, k: usize) -> Self {
        Self {
            k,
            rows: vec![0; queries * k],
            distances: vec![0.0; queries * k],
        }
    }

    /// Writes what each query has found, side by side, with a list for each thread to work in.
    fn write(
        &mut self,
        write: impl Fn(&mut Vec<(f64, u32)>, usize, &mut [u32], &mut [f64]) -> Result<()> + Sync,
    ) -> Result<()> {
        let rows = self.rows.par_chunks_mut(self.k);
        rows.zip(self.distances.par_chunks_mut(self.k))
            .enumerate()
            .try_for_each_init(Vec::new, |list, (q, (rows, distances))| {
                write(list, q, rows, distances)
            })
    }
}

/// Rows of a leaf, and queries of a group.
fn sizes(width: usize) -> [usize; 2] {
    match width > NARROW {
        true => WIDE_SIZES,
        false => NARROW_SIZES,
    }
}

/// Every row against every query.
fn compare_all<T: Real>(
    space: &Space<'_, T>,
    queries: &[u32],
    among: &[u32],
    found: &mut Found,
    progress: &dyn Progress,
) -> Result<()> {
    let k = found.k;
    found.write(|all, at, rows, distances| {
        tell(progress, 1)?;
        let q = queries[at];
        let others = among.iter().filter(|&&i| i != q);
        all.clear();
        all.extend(others.map(|&i| (space.rank(q as usize, i as usize), i)));
        best::of_all(all, k);
        put(space, all, rows, distances);
        Ok(())
    })
}

fn put<T: Real>(
    space: &Space<'_, T>,
    best: &[(f64, u32)],
    rows: &mut [u32],
    distances: &mut [f64],
) {
    for ((row, distance), &(rank, i)) in rows.iter_mut().zip(distances).zip(best) {
        (*row, *distance) = (i, space.of_rank(rank));
    }
}

fn tell(progress: &dyn Progress, queries: usize) -> Result<()> {
    progress.advance(queries as u64);
    match progress.stop() {
        true => Err(Error::Interrupted),
        false => Ok(()),
    }
}

/// Rows to be searched.
struct Index<'a, 'b, T> {
    space: &'a Space<'b, T>,
    coding: Coding,
    leaves: Leaves,
    coded: Vec<Coded>,
    slack: Slack,
}

/// What arithmetic may lose.
#[derive(Debug, Clone, Copy)]
struct Slack {
    relative: f64,
    absolute: f64,
}

impl<'a, 'b, T: Real> Index<'a, 'b, T> {
    fn new(space: &'a Space<'b, T>, among: &[u32]) -> Self {
        let coding = Coding::of(space, among);
        let width = coding.centre.len();
        let mut leaves = Leaves::new(space, among, &coding.centre, sizes(width)[0]);
        let coded = match space.metric() {
            Metric::Manhattan => Vec::new(),
            _ => leaves
                .all_rows_mut()
                .into_par_iter()
                .map(|rows| coding.leaf(space, rows))
                .collect(),
        };
        let width = width as f64;
        let farthest = leaves.boxes.iter().fold(0.0f64, |a, b| a.max(b.abs()));
        let slack = Slack {
            relative: 1.0 + 8.0 * (width + 16.0) * f64::EPSILON,
            absolute: 32.0 * f64::EPSILON * width * (farthest + 1.0),
        };
        Self {
            space,
            coding,
            leaves,
            coded,
            slack,
        }
    }

    fn search(&self, queries: &[u32], found: &mut Found, progress: &dyn Progress) -> Result<()> {
        // Queries that lie together need the same leaves.
        let most = sizes(self.coding.centre.len())[1];
        let groups = Leaves::new(self.space, queries, &self.coding.centre, most);
        let k = found.k;
        let parts: Vec<Found> = (0..groups.len())
            .into_par_iter()
            .map(|group| {
                let rows = groups.rows(group);
                tell(progress, rows.len())?;
                Ok(self.group(rows, groups.corners(group), k))
            })
            .collect::<Result<_>>()?;
        let places = |group: usize| {
            let rows = groups.rows(group).iter().enumerate();
            rows.map(move |(place, &row)| (row, group as u32, place as u32))
        };
        let mut order: Vec<(u32, u32, u32)> = (0..groups.len()).flat_map(places).collect();
        order.par_sort_unstable();
        // Equal queries have equal neighbours, so a query finds its own by its row.
        found.write(|_, at, rows, distances| {
            let (_, group, place) = order[order.partition_point(|o| o.0 < queries[at])];
            let part = &parts[group as usize];
            let range = place as usize * k..(place as usize + 1) * k;
            rows.copy_from_slice(&part.rows[range.clone()]);
            distances.copy_from_slice(&part.distances[range]);
            Ok(())
        })
    }

    /// The nearest rows of some queries, which lie in a box.
    fn group(&self, rows: &[u32], corners: (&[f64], &[f64]), k: usize) -> Found {
        let manhattan = self.space.metric() == Metric::Manhattan;
        let mut group = Group::new(self, rows, k);
        let mut leaves: Vec<(f64, usize)> = (0..self.leaves.len())
            .map(|leaf| (apart(corners, self.leaves.corners(leaf), manhattan), leaf))
            .collect();
        leaves.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        for (distance, leaf) in leaves {
            if distance - self.slack.absolute > group.reach(self) {
                break;
            }
            group.visit(self, leaf);
        }
        let mut found = Found::new(rows.len(), k);
        let slots = found.rows.chunks_mut(k).zip(found.distances.chunks_mut(k));
        for (best, (rows, distances)) in group.best.iter().zip(slots) {
            put(self.space, best.rows(), rows, distances);
        }
        found
    }
}

/// Queries that are looked up together.
struct Group<'a> {
    rows: &'a [u32],
    points: Vec<f64>,
    queries: Queries,
    best: Vec<Best>,
    least: Vec<i32>,
    masks: Vec<u16>,
}

impl<'a> Group<'a> {
    fn new<T: Real>(index: &Index<'_, '_, T>, rows: &'a [u32], k: usize) -> Self {
        let width = index.coding.centre.len();
        let mut points = vec![0.0; rows.len() * width];
        for (point, &i) in points.chunks_exact_mut(width).zip(rows) {
            index.space.point(i as usize, &index.coding.centre, point);
        }
        Self {
            rows,
            points,
            queries: index.coding.queries(index.space, rows),
            best: vec![Best::new(k); rows.len()],
            least: Vec::new(),
            masks: Vec::new(),
        }
    }

    /// How far the query that looks farthest looks.
    fn reach<T: Real>(&self, index: &Index<'_, '_, T>) -> f64 {
        let limits = self.best.iter().map(Best::limit);
        index.space.radius(limits.fold(0.0, f64::max)) * index.slack.relative
    }

    fn visit<T: Real>(&mut self, index: &Index<'_, '_, T>, leaf: usize) {
        let active = self.active(index, leaf);
        if active.is_empty() {
            return;
        }
        let rows = index.leaves.rows(leaf);
        let Some(coded) = index.coded.get(leaf) else {
            for q in active {
                rows.iter().for_each(|&i| self.compare(index, q, i));
            }
            return;
        };
        let vectors = rows.len().div_ceil(LANES);
        let mut from = 0;
        while from < vectors {
            // Who has found fewer than k rows looks everywhere: a few vectors at a time shorten that.
            let open = active
                .iter()
                .any(|&q| self.best[q].limit() == f64::INFINITY);
            let to = if open || from > 0 {
                (2 * from).max(1)
            } else {
                vectors
            };
            let to = to.min(vectors);
            self.screen(index, coded, rows, &active, from..to);
            from = to;
        }
    }

    /// Screens some vectors of a leaf and compares what passes.
    fn screen<T: Real>(
        &mut self,
        index: &Index<'_, '_, T>,
        coded: &Coded,
        rows: &[u32],
        active: &[usize],
        vectors: Range<usize>,
    ) {
        self.least.clear();
        for &q in active {
            let reach = self.reach_in_steps(index, q);
            let mut vector = vectors.start;
            while vector < vectors.end {
                let tile = vector / TILE;
                let next = ((tile + 1) * TILE).min(vectors.end);
                let least = threshold(self.queries.norms[q], reach, coded.lost[tile]);
                self.least.extend(repeat_n(least, next - vector));
                vector = next;
            }
        }
        let mut masks = std::mem::take(&mut self.masks);
        masks.resize(active.len() * vectors.len(), 0);
        screen(
            coded,
            vectors.clone(),
            &self.queries,
            active,
            &self.least,
            &mut masks,
        );
        for (&q, masks) in active.iter().zip(masks.chunks_exact(vectors.len())) {
            for (tile, masks) in masks.chunks(TILE).enumerate() {
                // Most tiles hold nothing.
                if masks.iter().fold(0, |any, mask| any | mask) == 0 {
                    continue;
                }
                let first = vectors.start + tile * TILE;
                for (vector, &mask) in (first..).zip(masks) {
                    let mut left = mask;
                    while left != 0 {
                        let place = vector * LANES + left.trailing_zeros() as usize;
                        left &= left - 1;
                        if let Some(&i) = rows.get(place) {
                            self.compare(index, q, i);
                        }
                    }
                }
            }
        }
        self.masks = masks;
    }

    /// The queries for which the leaf may hold something.
    fn active<T: Real>(&self, index: &Index<'_, '_, T>, leaf: usize) -> Vec<usize> {
        let width = index.coding.centre.len();
        if width > NARROW {
            return (0..self.rows.len()).collect();
        }
        let manhattan = index.space.metric() == Metric::Manhattan;
        let corners = index.leaves.corners(leaf);
        let near = |&q: &usize| {
            let point = &self.points[q * width..][..width];
            let distance = apart((point, point), corners, manhattan);
            let radius = index.space.radius(self.best[q].limit()) * index.slack.relative;
            distance - index.slack.absolute <= radius
        };
        (0..self.rows.len()).filter(near).collect()
    }

    /// How far a query looks, in steps, with what is lost of it.
    fn reach_in_steps<T: Real>(&self, index: &Index<'_, '_, T>, q: usize) -> f64 {
        let radius = index.space.radius(self.best[q].limit()) * index.slack.relative;
        radius / index.coding.step + self.queries.lost[q]
    }

    fn compare<T: Real>(&mut self, index: &Index<'_, '_, T>, q: usize, i: u32) {
        let query = self.rows[q];
        let best = &mut self.best[q];
        if i == query {
            return;
        }
        let rank = index
            .space
            .rank_within(query as usize, i as usize, best.limit());
        if let Some(rank) = rank {
            best.offer(rank, i);
        }
    }
}
