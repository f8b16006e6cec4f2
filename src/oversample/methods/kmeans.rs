//! K-means-SMOTE (Douzas, Bação and Last 2018): SMOTE inside clusters, more where the class is sparse.
//!
//! ```text
//! kept: clusters of all rows with a share of the class ≥ threshold and n ≥ k + 1 of its rows
//! sparsity = (mean distance between two rows of the class)^e / n,  e = 0.16·(log₁.₆ n)^1.8
//! rows made in a cluster ∝ sparsity (largest remainder)
//! ```
//!
//! own uniform among the class's rows of the cluster, partner uniform among its k nearest of them, weight uniform on
//! (0, 1]. The threshold is by default half of the class's share of all rows to be made, and 0 where there is one cluster.
//! Clusters are Euclidean, of columns divided by the scale of the settings; neighbours and sparsity go by their metric.
//! Where no two rows differ in any kept cluster, each gets as much as any other.

use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::oversample::apportion::largest_remainder;
use crate::oversample::lloyd;
use crate::oversample::neighbours::Neighbours;
use crate::oversample::recipe::Recipe;
use crate::oversample::rows::Real;
use crate::oversample::scene::Scene;
use crate::oversample::segment::{self, Drawn, Streams};
use crate::pairs::Pairs;
use crate::random::{Purpose, Stream};

/// The method's own settings, past the number of neighbours.
#[derive(Debug, Clone, Copy)]
pub(super) struct Choice {
    pub clusters: usize,
    pub threshold: Option<f64>,
    pub exponent: Option<f64>,
}

pub(super) fn recipe<T: Real>(
    scene: &Scene<'_, T>,
    count: usize,
    k: usize,
    choice: Choice,
) -> Result<Recipe> {
    let kept = kept(scene, k, choice)?;
    let weights = weights(scene, &kept, choice.exponent)?;
    let mut start = 0;
    let mut sources = Vec::with_capacity(kept.len());
    for (members, rows) in kept.into_iter().zip(largest_remainder(&weights, count)) {
        if rows > 0 {
            sources.push(Source {
                start,
                neighbours: scene.space.nearest(&members, &members, k, scene.progress)?,
                base: scene.bases(members.len()),
                members,
            });
            start += rows;
        }
    }
    let (own, partner, weight, label_weight) = segment::draw(count, scene.draws(), |r, streams| {
        let source = sources.partition_point(|s| s.start <= r) - 1;
        sources[source].draw(r, streams)
    });
    Ok(Pairs::new(own, partner, weight, label_weight)?.into())
}

/// The class's rows of one cluster, from which the rows from `start` on are made.
struct Source<B> {
    start: usize,
    members: Vec<u32>,
    neighbours: Neighbours,
    base: B,
}

impl<B: Fn(usize, &mut Stream) -> usize> Source<B> {
    fn draw(&self, r: usize, streams: &mut Streams) -> Drawn {
        let place = (self.base)(r - self.start, &mut streams.base);
        let rank = streams.partner.below(self.neighbours.k());
        Drawn {
            own: self.members[place],
            partner: self.neighbours.of(place)[rank],
            weight: segment::uniform(&mut streams.weight),
            label_weight: 1.0,
        }
    }
}

/// The class's rows of every cluster that is kept.
fn kept<T: Real>(scene: &Scene<'_, T>, k: usize, choice: Choice) -> Result<Vec<Vec<u32>>> {
    let mut stream = scene.draws().stream(Purpose::Cluster, 0);
    let of = lloyd::clusters(
        &scene.rows,
        scene.settings.scale,
        choice.clusters,
        &mut stream,
        scene.progress,
    )?;
    let threshold = choice.threshold.unwrap_or_else(|| threshold(scene, choice));
    let mut sizes = vec![0usize; choice.clusters];
    let mut members = vec![Vec::new(); choice.clusters];
    of.iter().for_each(|&c| sizes[c as usize] += 1);
    for &i in scene.members {
        members[of[i as usize] as usize].push(i);
    }
    let share = |c: usize| members[c].len() as f64 / sizes[c].max(1) as f64;
    let kept: Vec<usize> = (0..choice.clusters)
        .filter(|&c| members[c].len() > k && share(c) >= threshold)
        .collect();
    if kept.is_empty() {
        let largest = (0..choice.clusters).map(share).fold(0.0, f64::max);
        return Err(scene.no_base(format!(
            "no cluster has a share of at least {threshold} and {} rows of the class; the largest share is {largest:.4}",
            k + 1
        )));
    }
    Ok(kept
        .into_iter()
        .map(|c| std::mem::take(&mut members[c]))
        .collect())
}

/// Half of the class's share of the rows to be made; a single cluster is taken whatever it holds.
fn threshold<T: Real>(scene: &Scene<'_, T>, choice: Choice) -> f64 {
    let all: usize = scene.to_make.iter().sum();
    match choice.clusters {
        1 => 0.0,
        _ => scene.to_make[scene.class as usize] as f64 / (2 * all) as f64,
    }
}

/// What each cluster weighs: its sparsity over the largest, by logarithms, since e is large where a cluster is.
fn weights<T: Real>(
    scene: &Scene<'_, T>,
    clusters: &[Vec<u32>],
    exponent: Option<f64>,
) -> Result<Vec<f64>> {
    let mut logs = Vec::with_capacity(clusters.len());
    for members in clusters {
        let n = members.len() as f64;
        let exponent = exponent.unwrap_or_else(|| 0.16 * (n.ln() / 1.6f64.ln()).powf(1.8));
        let power = match exponent {
            0.0 => 0.0,
            e => e * mean_distance(scene, members)?.ln(),
        };
        logs.push(power - n.ln());
    }
    let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let weight = |&log: &f64| match most.is_finite() {
        true => (log - most).exp(),
        false => f64::from(u8::from(log == most)),
    };
    Ok(logs.iter().map(weight).collect())
}

/// The mean over all pairs, added up row by row.
fn mean_distance<T: Real>(scene: &Scene<'_, T>, members: &[u32]) -> Result<f64> {
    let n = members.len();
    scene.progress.begin("distances", n as u64);
    let sums: Option<Vec<f64>> = (0..n)
        .into_par_iter()
        .map(|i| {
            scene.progress.advance(1);
            let others = members[i + 1..].iter();
            let sum = others.map(|&j| scene.space.distance(members[i], j)).sum();
            (!scene.progress.stop()).then_some(sum)
        })
        .collect();
    let sum: f64 = sums.ok_or(Error::Interrupted)?.iter().sum();
    Ok(sum / (n * (n - 1) / 2) as f64)
}
