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
    let mut table = Table {
        rows,
        divisors: divisors(rows, scale),
        order: stream.permutation(rows.len()),
    };
    table.order.truncate(SAMPLE);
    table.order.sort_unstable();
    let centres = table.settle(clusters, stream, progress)?;
    table.order = (0..rows.len() as u32).collect();
    let mut of = vec![u32::MAX; rows.len()];
    table.assign(&centres, &mut of);
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

struct Table<'a, T> {
    rows: &'a Rows<'a, T>,
    divisors: Vec<f64>,
    /// The rows that take part, ascending.
    order: Vec<u32>,
}

/// What one part of the table adds to the means: differences to the centres, and rows, by cluster.
struct Sums {
    changed: usize,
    counts: Vec<usize>,
    sums: Vec<f64>,
}

impl<T: Real> Table<'_, T> {
    fn part(&self) -> usize {
        self.order.len().div_ceil(PARTS)
    }

    /// The row at place `i`, in units of the divisors.
    fn scaled(&self, i: usize) -> impl Iterator<Item = f64> {
        let scaled = |(x, d): (&T, &f64)| x.to_f64() / d;
        let row = self.rows.numbers(self.order[i] as usize);
        row.iter().zip(&self.divisors).map(scaled)
    }

    /// The centres at which the clusters come to rest.
    fn settle(
        &self,
        clusters: usize,
        stream: &mut Stream,
        progress: &dyn Progress,
    ) -> Result<Vec<Vec<f64>>> {
        let mut centres = self.seeds(clusters, stream);
        let mut of = vec![u32::MAX; self.order.len()];
        progress.begin("clusters", ROUNDS as u64);
        for _ in 0..ROUNDS {
            if progress.stop() {
                return Err(Error::Interrupted);
            }
            let sums = self.assign(&centres, &mut of);
            progress.advance(1);
            if sums.iter().all(|part| part.changed == 0) {
                break;
            }
            self.move_centres(&mut centres, &sums);
        }
        Ok(centres)
    }

    fn seeds(&self, clusters: usize, stream: &mut Stream) -> Vec<Vec<f64>> {
        let first = stream.below(self.order.len());
        let mut centres = vec![self.scaled(first).collect::<Vec<f64>>()];
        let mut nearest = vec![f64::INFINITY; self.order.len()];
        while let Some(newest) = centres.last().filter(|_| centres.len() < clusters) {
            self.come_near(newest, &mut nearest);
            match draw(&nearest, stream) {
                Some(row) => centres.push(self.scaled(row).collect()),
                None => break,
            }
        }
        centres
    }

    /// Lowers each row's squared distance to the centres to that of one more.
    fn come_near(&self, centre: &[f64], nearest: &mut [f64]) {
        let part = self.part();
        let parts = nearest.par_chunks_mut(part).enumerate();
        parts.for_each(|(p, nearest)| {
            let mut row = vec![0.0; centre.len()];
            for (i, least) in nearest.iter_mut().enumerate() {
                self.load(p * part + i, &mut row);
                *least = least.min(squared(&row, centre));
            }
        });
    }

    fn load(&self, i: usize, row: &mut [f64]) {
        row.iter_mut()
            .zip(self.scaled(i))
            .for_each(|(to, x)| *to = x);
    }

    /// Puts every row into the cluster of its nearest centre.
    fn assign(&self, centres: &[Vec<f64>], of: &mut [u32]) -> Vec<Sums> {
        let (part, width) = (self.part(), self.rows.width());
        let parts = of.par_chunks_mut(part).enumerate();
        let sums = parts.map(|(p, of)| {
            let mut sums = Sums::new(centres.len(), width);
            let mut row = vec![0.0; width];
            for (i, of) in of.iter_mut().enumerate() {
                self.load(p * part + i, &mut row);
                let nearest = nearest(&row, centres);
                sums.changed += usize::from(*of != nearest as u32);
                *of = nearest as u32;
                sums.add(nearest, &row, &centres[nearest]);
            }
            sums
        });
        sums.collect()
    }

    fn move_centres(&self, centres: &mut [Vec<f64>], parts: &[Sums]) {
        let width = self.rows.width();
        for (j, centre) in centres.iter_mut().enumerate() {
            let rows: usize = parts.iter().map(|part| part.counts[j]).sum();
            if rows == 0 {
                continue;
            }
            for (c, m) in centre.iter_mut().enumerate() {
                let sum: f64 = parts.iter().map(|part| part.sums[j * width + c]).sum();
                *m += sum / rows as f64;
            }
        }
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
fn nearest(row: &[f64], centres: &[Vec<f64>]) -> usize {
    let mut best = (f64::INFINITY, 0);
    for (j, centre) in centres.iter().enumerate() {
        let squared = squared(row, centre);
        if squared < best.0 {
            best = (squared, j);
        }
    }
    best.1
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
