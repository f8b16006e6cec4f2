//! Clusters by Lloyd's algorithm (1982), begun by k-means++ (Arthur and Vassilvitskii 2007).
//!
//! ```text
//! of(x) = argmin_j ‖x − m_j‖²,  m_j ← mean of the rows of cluster j,  until no row changes its cluster
//! first centres: a row drawn evenly, then rows drawn in proportion to the squared distance to the nearest centre
//! ```
//!
//! The result is the same at any thread count: sums run over parts of the table that depend on its size alone, and are
//! added in their order. Of equally near centres the first is taken. A cluster that loses all its rows keeps its centre.
//! Where all rows lie on a centre, no further centre is drawn: there are never more clusters than different rows. Of a
//! table of more than 32,768 rows as many are drawn, their centres are found, and every row joins the nearest of those.

use rayon::prelude::*;

use super::deviation::divisors;
use super::draws::Draws;
use super::engine::Oversampler;
use super::method::Method;
use super::neighbours::Progress;
use super::rows::{Real, Rows};
use super::settings::Scale;
use crate::error::{Error, Result};
use crate::random::{Purpose, Stream};

/// Rows that are looked at by one thread at a time.
const BLOCK: usize = 1024;
/// Parts of the table over which a sum is taken.
const PARTS: usize = 64;
/// Rows among which centres are sought.
const SAMPLE: usize = 1 << 15;
/// Rounds after which the clusters are taken as they are, as scikit-learn does.
const ROUNDS: usize = 300;

/// The cluster of every row, from 0; Euclidean, columns divided by what `scale` says.
pub(super) fn clusters<T: Real>(
    rows: &Rows<'_, T>,
    scale: Scale,
    clusters: usize,
    stream: &mut Stream,
    progress: &dyn Progress,
) -> Result<Vec<u32>> {
    if clusters > rows.len() {
        let expected = format!("at most the {} rows of the table", rows.len());
        return Err(Error::setting("clusters", expected, clusters));
    }
    let mut chosen = stream.permutation(rows.len());
    chosen.truncate(SAMPLE);
    chosen.sort_unstable();
    let divisors = divisors(rows, scale);
    let scaled = |i: u32| {
        let row = rows.numbers(i as usize).iter();
        row.zip(&divisors).map(|(x, d)| x.to_f64() / d)
    };
    let sample = Sample {
        numbers: chosen.into_iter().flat_map(scaled).collect(),
        width: rows.width(),
    };
    let centres = sample.settle(clusters, stream, progress)?;
    let mut of = vec![0; rows.len()];
    let blocks = of.par_chunks_mut(BLOCK).enumerate();
    blocks.for_each(|(block, of)| {
        let mut row = vec![0.0; rows.width()];
        for (i, of) in of.iter_mut().enumerate() {
            let numbers = scaled((block * BLOCK + i) as u32);
            row.iter_mut().zip(numbers).for_each(|(to, x)| *to = x);
            *of = nearest(&row, &centres).cluster;
        }
    });
    Ok(of)
}

impl Oversampler {
    /// The cluster of every row, from 0, as K-means-SMOTE with these settings finds them for `class`.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for another method, [`Error::Setting`] for more clusters than rows.
    pub fn clusters<T: Real>(&self, rows: &Rows<'_, T>, class: u32) -> Result<Vec<u32>> {
        let settings = &self.settings;
        let Method::Kmeans { clusters, .. } = settings.method else {
            return Err(Error::Unsupported {
                op: settings.method.name(),
                what: "clusters; kmeans has some".into(),
            });
        };
        let mut stream = Draws::new(settings.seed, class).stream(Purpose::Cluster, 0);
        self::clusters(rows, settings.scale, clusters, &mut stream, &())
    }
}

/// The rows among which centres are sought, in units of the divisors.
struct Sample {
    numbers: Vec<f64>,
    width: usize,
}

/// Where a row is, and how certainly (Hamerly 2010): as long as the centres have moved less than would bring another one
/// nearer, its distances need not be taken again.
#[derive(Debug, Clone, Copy)]
struct Near {
    cluster: u32,
    /// The distance to its centre is at most this.
    upper: f64,
    /// That to any other centre is at least this.
    lower: f64,
    /// `lower` when the distances were last taken.
    taken: f64,
}

/// What one part of the sample adds to the means: differences to the centres, and rows, by cluster.
struct Sums {
    changed: usize,
    counts: Vec<usize>,
    sums: Vec<f64>,
}

impl Sample {
    fn len(&self) -> usize {
        self.numbers.len() / self.width
    }

    fn part(&self) -> usize {
        self.len().div_ceil(PARTS)
    }

    fn row(&self, i: usize) -> &[f64] {
        &self.numbers[i * self.width..][..self.width]
    }

    /// The centres at which the clusters come to rest.
    fn settle(
        &self,
        clusters: usize,
        stream: &mut Stream,
        progress: &dyn Progress,
    ) -> Result<Vec<Vec<f64>>> {
        let mut centres = self.seeds(clusters, stream);
        let mut moved = vec![f64::INFINITY; centres.len()];
        let mut near = vec![Near::UNKNOWN; self.len()];
        progress.begin("clusters", ROUNDS as u64);
        for _ in 0..ROUNDS {
            if progress.stop() {
                return Err(Error::Interrupted);
            }
            let sums = self.assign(&centres, &moved, &mut near);
            progress.advance(1);
            if sums.iter().all(|part| part.changed == 0) {
                break;
            }
            moved = self.move_centres(&mut centres, &sums);
        }
        Ok(centres)
    }

    fn seeds(&self, clusters: usize, stream: &mut Stream) -> Vec<Vec<f64>> {
        let first = stream.below(self.len());
        let mut centres = vec![self.row(first).to_vec()];
        let mut nearest = vec![f64::INFINITY; self.len()];
        while let Some(newest) = centres.last().filter(|_| centres.len() < clusters) {
            self.come_near(newest, &mut nearest);
            match draw(&nearest, stream) {
                Some(row) => centres.push(self.row(row).to_vec()),
                None => break,
            }
        }
        centres
    }

    /// Lowers each row's squared distance to the centres to that of one more.
    fn come_near(&self, centre: &[f64], nearest: &mut [f64]) {
        let rows = self.numbers.par_chunks(self.width);
        nearest
            .par_iter_mut()
            .zip(rows)
            .with_min_len(BLOCK)
            .for_each(|(least, row)| *least = least.min(squared(row, centre)));
    }

    /// Puts every row into the cluster of its nearest centre, after centres have moved so far.
    fn assign(&self, centres: &[Vec<f64>], moved: &[f64], near: &mut [Near]) -> Vec<Sums> {
        let part = self.part();
        let most = moved.iter().copied().fold(0.0, f64::max);
        let parts = near.par_chunks_mut(part).enumerate();
        let sums = parts.map(|(p, near)| {
            let mut sums = Sums::new(centres.len(), self.width);
            for (i, near) in near.iter_mut().enumerate() {
                let row = self.row(p * part + i);
                near.upper += moved.get(near.cluster as usize).unwrap_or(&0.0);
                near.lower -= most;
                if !near.is_certain() {
                    let now = nearest(row, centres);
                    sums.changed += usize::from(now.cluster != near.cluster);
                    *near = now;
                }
                let cluster = near.cluster as usize;
                sums.add(cluster, row, &centres[cluster]);
            }
            sums
        });
        sums.collect()
    }

    /// Moves each centre to the mean of its rows, and says how far.
    fn move_centres(&self, centres: &mut [Vec<f64>], parts: &[Sums]) -> Vec<f64> {
        let width = self.width;
        let moved = centres.iter_mut().enumerate().map(|(j, centre)| {
            let rows: usize = parts.iter().map(|part| part.counts[j]).sum();
            if rows == 0 {
                return 0.0;
            }
            let before = centre.clone();
            for (c, m) in centre.iter_mut().enumerate() {
                let sum: f64 = parts.iter().map(|part| part.sums[j * width + c]).sum();
                *m += sum / rows as f64;
            }
            squared(&before, centre).sqrt()
        });
        moved.collect()
    }
}

impl Near {
    const UNKNOWN: Self = Self {
        cluster: u32::MAX,
        upper: f64::INFINITY,
        lower: 0.0,
        taken: 0.0,
    };

    /// Whether no other centre can be as near, by more than all rounding since distances were taken.
    fn is_certain(&self) -> bool {
        self.upper + 1e-9 * self.taken < self.lower
    }
}

impl Sums {
    fn new(clusters: usize, width: usize) -> Self {
        Self {
            changed: 0,
            counts: vec![0; clusters],
            sums: vec![0.0; clusters * width],
        }
    }

    fn add(&mut self, cluster: usize, row: &[f64], centre: &[f64]) {
        self.counts[cluster] += 1;
        let sum = &mut self.sums[cluster * row.len()..][..row.len()];
        for (sum, (x, m)) in sum.iter_mut().zip(row.iter().zip(centre)) {
            *sum += x - m;
        }
    }
}

/// The first of the nearest centres.
fn nearest(row: &[f64], centres: &[Vec<f64>]) -> Near {
    let (mut best, mut second, mut cluster) = (f64::INFINITY, f64::INFINITY, 0);
    for (j, centre) in (0..).zip(centres) {
        let squared = squared(row, centre);
        if squared < best {
            (second, best, cluster) = (best, squared, j);
        } else {
            second = second.min(squared);
        }
    }
    let lower = second.sqrt();
    Near {
        cluster,
        upper: best.sqrt(),
        lower,
        taken: lower,
    }
}

/// ‖x − m‖², in eight sums side by side.
fn squared(x: &[f64], m: &[f64]) -> f64 {
    let mut sums = [0.0; 8];
    let (xs, ms) = (x.chunks_exact(8), m.chunks_exact(8));
    let rest = xs.remainder().iter().zip(ms.remainder());
    let rest: f64 = rest.map(|(x, m)| (x - m) * (x - m)).sum();
    for (x, m) in xs.zip(ms) {
        for (sum, (x, m)) in sums.iter_mut().zip(x.iter().zip(m)) {
            *sum += (x - m) * (x - m);
        }
    }
    sums.iter().sum::<f64>() + rest
}

/// A place drawn in proportion to `weights`; `None` if all are 0.
fn draw(weights: &[f64], stream: &mut Stream) -> Option<usize> {
    let total: f64 = weights.iter().sum();
    let mut left = stream.unit() * total;
    let mut last = None;
    for (i, &weight) in weights.iter().enumerate().filter(|(_, w)| **w > 0.0) {
        last = Some(i);
        if left < weight {
            break;
        }
        left -= weight;
    }
    last
}
