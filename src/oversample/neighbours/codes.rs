//! Rows as small whole numbers, with a proven bound on what that loses.
//!
//! ```text
//! q = round(p/s) within [−127, 127]      p a row less the centre, s one step for all columns
//! e = ‖p − s·q‖                          what is lost of the row
//! d(x, y) ≥ s·‖q_x − q_y‖ − e_x − e_y    by the triangle inequality
//! ```
//!
//! ‖q_x − q_y‖² is exact in whole numbers, so a row whose bound exceeds the k-th nearest distance can be passed over
//! without a look at its numbers. A row that reaches beyond ±127 steps only has a larger e.

use super::space::Space;
use crate::oversample::rows::Real;
use crate::oversample::settings::Metric;

/// Rows side by side in a vector.
pub(super) const LANES: usize = 16;
/// Codes of a row that are multiplied at once.
pub(super) const GROUP: usize = 4;
/// Vectors that share a bound on what is lost, and that are screened together.
pub(super) const TILE: usize = 4;
/// The largest code.
const MOST: f64 = 127.0;
/// Rows from which the step is read.
const SAMPLE: usize = 2048;
/// Shares of the numbers that may lie within the codes' range.
const WITHIN: [f64; 4] = [0.99, 0.999, 0.9999, 1.0];
/// Wider rows could overflow 32 bits.
pub(super) const WIDEST: usize = 1 << 14;

/// How rows become codes.
#[derive(Debug, Clone)]
pub(super) struct Coding {
    pub centre: Vec<f64>,
    pub step: f64,
    /// Groups of codes in a row.
    pub groups: usize,
}

/// The rows of a leaf as codes: for each vector of rows and each group, `LANES` times `GROUP` codes plus 128.
#[derive(Debug, Clone, Default)]
pub(super) struct Coded {
    pub codes: Vec<u8>,
    /// −⌊‖q‖²/2⌋, `LANES` to a vector; 0 in places without a row, which whoever reads a mask passes over.
    pub norms: Vec<i32>,
    /// The largest e of each `TILE` vectors, in steps, rounded up.
    pub lost: Vec<f64>,
}

/// Queries as codes.
#[derive(Debug, Clone, Default)]
pub(super) struct Queries {
    /// Groups of codes of a query.
    pub groups: usize,
    /// `GROUP` codes in each number, `groups` numbers a query.
    pub codes: Vec<i32>,
    /// ‖q‖² + 256·Σq: what a product with codes plus 128 has too little.
    pub norms: Vec<i32>,
    /// e in steps.
    pub lost: Vec<f64>,
}

impl Coding {
    /// A coding that suits some rows.
    pub(super) fn of<T: Real>(space: &Space<'_, T>, rows: &[u32]) -> Self {
        let width = space.rows().width();
        let centre = centre(space, rows);
        let mut sizes = Vec::with_capacity(SAMPLE * width);
        let mut point = vec![0.0; width];
        for &i in rows.iter().step_by(rows.len().div_ceil(SAMPLE).max(1)) {
            space.point(i as usize, &centre, &mut point);
            sizes.extend(point.iter().map(|x| x.abs()));
        }
        let reach = reach(&mut sizes);
        Self {
            centre,
            step: if reach > 0.0 { reach / MOST } else { 1.0 },
            groups: width.div_ceil(GROUP),
        }
    }

    /// The codes of row `i`, and e in steps, rounded up for all that arithmetic may lose.
    fn code<T: Real>(
        &self,
        space: &Space<'_, T>,
        i: usize,
        point: &mut [f64],
        codes: &mut [i8],
    ) -> f64 {
        space.point(i, &self.centre, point);
        let (mut squares, mut sizes) = (0.0f64, 0.0f64);
        codes.fill(0);
        for (x, code) in point.iter().zip(codes.iter_mut()) {
            let steps = x / self.step;
            let q = steps.round().clamp(-MOST, MOST);
            *code = q as i8;
            squares += (steps - q).powi(2);
            sizes += steps.abs();
        }
        // Each coordinate is off by a few units in its last place, and so is the sum.
        let rounded = match space.metric() {
            // Lengths of 1 were divided out before the centre was subtracted.
            Metric::Cosine => 16.0 * f64::EPSILON * point.len() as f64 / self.step,
            _ => 0.0,
        };
        squares.sqrt() * (1.0 + 1e-9) + 16.0 * f64::EPSILON * sizes + rounded + 1e-12
    }

    /// The codes of some queries.
    pub(super) fn queries<T: Real>(&self, space: &Space<'_, T>, rows: &[u32]) -> Queries {
        let mut queries = Queries {
            groups: self.groups,
            codes: Vec::with_capacity(rows.len() * self.groups),
            norms: Vec::with_capacity(rows.len()),
            lost: Vec::with_capacity(rows.len()),
        };
        let mut point = vec![0.0; space.rows().width()];
        let mut codes = vec![0i8; self.groups * GROUP];
        let group = |q: &[i8]| i32::from_le_bytes([q[0] as u8, q[1] as u8, q[2] as u8, q[3] as u8]);
        for &i in rows {
            let lost = self.code(space, i as usize, &mut point, &mut codes);
            let sum: i32 = codes.iter().map(|&q| i32::from(q)).sum();
            queries.codes.extend(codes.chunks_exact(GROUP).map(group));
            queries.norms.push(square(&codes) + 256 * sum);
            queries.lost.push(lost);
        }
        queries
    }

    /// The codes of a leaf's rows, which are put in the order of what is lost of them: rows that reach beyond the
    /// codes' range then weaken the bound of few others.
    pub(super) fn leaf<T: Real>(&self, space: &Space<'_, T>, rows: &mut [u32]) -> Coded {
        let vectors = rows.len().div_ceil(LANES);
        let mut coded = Coded {
            codes: vec![128; vectors * self.groups * LANES * GROUP],
            norms: vec![0; vectors * LANES],
            lost: vec![0.0; vectors.div_ceil(TILE)],
        };
        let width = self.groups * GROUP;
        let mut point = vec![0.0; space.rows().width()];
        let mut codes = vec![0i8; rows.len() * width];
        let mut order = Vec::with_capacity(rows.len());
        for (place, &i) in rows.iter().enumerate() {
            let codes = &mut codes[place * width..][..width];
            order.push((self.code(space, i as usize, &mut point, codes), i, place));
        }
        order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        for (place, &(lost, i, from)) in order.iter().enumerate() {
            let codes = &codes[from * width..][..width];
            let (vector, lane) = (place / LANES, place % LANES);
            rows[place] = i;
            coded.norms[place] = -(square(codes) / 2);
            coded.lost[vector / TILE] = lost;
            for (group, q) in codes.chunks_exact(GROUP).enumerate() {
                let at = ((vector * self.groups + group) * LANES + lane) * GROUP;
                for (to, q) in coded.codes[at..at + GROUP].iter_mut().zip(q) {
                    *to = (i16::from(*q) + 128) as u8;
                }
            }
        }
        coded
    }
}

/// How far the codes reach: as far as loses least of numbers of these sizes. A short reach cuts off what lies beyond it,
/// a long one makes coarse steps.
fn reach(sizes: &mut [f64]) -> f64 {
    let last = sizes.len().saturating_sub(1);
    let candidates = WITHIN.map(|share| match sizes.is_empty() {
        true => 0.0,
        false => {
            *sizes
                .select_nth_unstable_by((last as f64 * share) as usize, f64::total_cmp)
                .1
        }
    });
    let lost = |reach: f64| -> f64 {
        let rounding = (reach / MOST).powi(2) / 12.0;
        let beyond = |x: f64| {
            if x > reach {
                (x - reach).powi(2)
            } else {
                rounding
            }
        };
        sizes.iter().map(|&x| beyond(x)).sum()
    };
    let positive = candidates.into_iter().filter(|&reach| reach > 0.0);
    positive
        .min_by(|&a, &b| lost(a).total_cmp(&lost(b)))
        .unwrap_or(0.0)
}

/// ‖q‖².
fn square(codes: &[i8]) -> i32 {
    codes.iter().map(|&q| i32::from(q) * i32::from(q)).sum()
}

/// About the mean of the rows as points; any point would do.
fn centre<T: Real>(space: &Space<'_, T>, rows: &[u32]) -> Vec<f64> {
    let width = space.rows().width();
    let Some(&first) = rows.first() else {
        return vec![0.0; width];
    };
    let coordinate = |i: u32, j: usize| space.coordinate(i as usize, j);
    let sample: Vec<u32> = rows
        .iter()
        .step_by(rows.len().div_ceil(SAMPLE).max(1))
        .copied()
        .collect();
    (0..width)
        .map(|j| {
            let origin = coordinate(first, j);
            let sum: f64 = sample.iter().map(|&i| coordinate(i, j) - origin).sum();
            origin + sum / sample.len() as f64
        })
        .collect()
}
