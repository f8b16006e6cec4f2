//! The search: leaves in the order of their distance, screened by codes, and what passes compared by its own numbers.

use std::ops::Range;

use rayon::prelude::*;

use super::best::{self, Best};
use super::codes::{Coded, Coding, LANES, Query, WIDEST};
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
    let lists = match direct {
        true => compare_all(space, queries, among, k, progress)?,
        false => Index::new(space, among).search(queries, k, progress)?,
    };
    let mut rows = vec![0; queries.len() * k];
    let mut distances = vec![0.0; queries.len() * k];
    rows.par_chunks_mut(k)
        .zip(distances.par_chunks_mut(k))
        .zip(&lists)
        .for_each(|((rows, distances), list)| {
            for (i, &(rank, row)) in list.iter().enumerate() {
                (rows[i], distances[i]) = (row, space.of_rank(rank));
            }
        });
    Ok(Neighbours { k, rows, distances })
}

/// Rows of a leaf, and queries of a group.
fn sizes(width: usize) -> [usize; 2] {
    match width > NARROW {
        true => WIDE_SIZES,
        false => NARROW_SIZES,
    }
}

type List = Vec<(f64, u32)>;

/// Every row against every query.
fn compare_all<T: Real>(
    space: &Space<'_, T>,
    queries: &[u32],
    among: &[u32],
    k: usize,
    progress: &dyn Progress,
) -> Result<Vec<List>> {
    let lists = queries.par_iter().map_init(Vec::new, |all, &q| {
        tell(progress, 1)?;
        all.clear();
        let others = among.iter().filter(|&&i| i != q);
        all.extend(others.map(|&i| (space.rank(q as usize, i as usize), i)));
        best::of_all(all, k);
        Ok(all.clone())
    });
    lists.collect()
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
        let leaves = Leaves::new(space, among, &coding.centre, sizes(width)[0]);
        let coded = match space.metric() {
            Metric::Manhattan => Vec::new(),
            _ => (0..leaves.len())
                .into_par_iter()
                .map(|leaf| coding.leaf(space, leaves.rows(leaf)))
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

    fn search(&self, queries: &[u32], k: usize, progress: &dyn Progress) -> Result<Vec<List>> {
        // Queries that lie together need the same leaves.
        let places: Vec<u32> = queries.to_vec();
        let groups = Leaves::new(
            self.space,
            &places,
            &self.coding.centre,
            sizes(self.coding.centre.len())[1],
        );
        let found: Vec<Vec<Best>> = (0..groups.len())
            .into_par_iter()
            .map(|group| {
                let rows = groups.rows(group);
                tell(progress, rows.len())?;
                Ok(self.group(rows, groups.corners(group), k))
            })
            .collect::<Result<_>>()?;
        let mut order: Vec<(u32, usize)> = groups.order.iter().copied().zip(0..).collect();
        order.sort_unstable();
        let flat: Vec<&Best> = found.iter().flatten().collect();
        // Equal queries have equal neighbours, so a query finds its own by its row.
        Ok(queries
            .par_iter()
            .map(|&q| {
                let at = order.partition_point(|&(row, _)| row < q);
                flat[order[at].1].rows().to_vec()
            })
            .collect())
    }

    /// The nearest rows of some queries, which lie in a box.
    fn group(&self, rows: &[u32], corners: (&[f64], &[f64]), k: usize) -> Vec<Best> {
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
        group.best
    }
}

/// Queries that are looked up together.
struct Group<'a> {
    rows: &'a [u32],
    points: Vec<f64>,
    queries: Vec<Query>,
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
        let query = |&i: &u32| index.coding.query(index.space, i as usize);
        Self {
            rows,
            points,
            queries: rows.iter().map(query).collect(),
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
            let lost = &coded.lost[vectors.clone()];
            let least = lost
                .iter()
                .map(|&lost| threshold(&self.queries[q], reach, lost));
            self.least.extend(least);
        }
        let queries: Vec<&Query> = active.iter().map(|&q| &self.queries[q]).collect();
        let mut masks = std::mem::take(&mut self.masks);
        masks.resize(active.len() * vectors.len(), 0);
        screen(coded, vectors.clone(), &queries, &self.least, &mut masks);
        for (&q, masks) in active.iter().zip(masks.chunks_exact(vectors.len())) {
            for (vector, &mask) in vectors.clone().zip(masks) {
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
        radius / index.coding.step + self.queries[q].lost
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
