//! Batch normalisation with what follows as one operation, with its backward.
//!
//! Rows of channels are walked in blocks of a fixed size and the blocks' sums added up in order, so that the bytes do not
//! depend on the thread count.

use candle_core::{CpuStorage, CustomOp3, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::batch_norm::{Statistics, Then};
use super::buffer;
use super::cpu;
use super::simd::{fma, kernels};

/// Numbers of a block; it stays in the second cache.
const BLOCK: usize = 16 << 10;

/// Rows of a block.
fn rows_of(channels: usize) -> usize {
    (BLOCK / channels).max(1)
}

/// Mean and biased variance of each channel of rows `[n, channels]`; the blocks' are put together in f64 (Chan, Golub
/// and LeVeque 1983).
pub(super) fn moments(x: &[f32], channels: usize) -> (Vec<f32>, Vec<f32>) {
    let of_block = |x: &[f32]| {
        let n = (x.len() / channels) as f32;
        let (mut mean, mut squares) = (vec![0f32; channels], vec![0f32; channels]);
        add_up(&mut mean, x);
        mean.iter_mut().for_each(|m| *m /= n);
        add_squares(&mut squares, x, &mean);
        (f64::from(n), mean, squares)
    };
    let blocks: Vec<_> = x
        .par_chunks(rows_of(channels) * channels)
        .map(of_block)
        .collect();
    let mut count = 0.0;
    let (mut mean, mut squares) = (vec![0f64; channels], vec![0f64; channels]);
    for (n, block_mean, block_squares) in blocks {
        let both = count + n;
        for c in 0..channels {
            let apart = f64::from(block_mean[c]) - mean[c];
            mean[c] += apart * n / both;
            squares[c] += f64::from(block_squares[c]) + apart * apart * count * n / both;
        }
        count = both;
    }
    let narrow = |values: Vec<f64>| values.into_iter().map(|v| v as f32).collect();
    squares.iter_mut().for_each(|s| *s /= count);
    (narrow(mean), narrow(squares))
}

/// Operands: x `[..., channels]`, weight and bias.
pub(super) struct BatchNormOp {
    mean: Vec<f32>,
    /// 1/√(variance + ε).
    spread: Vec<f32>,
    by: Statistics,
    then: Then,
}

impl BatchNormOp {
    pub fn new(mean: Vec<f32>, variance: &[f32], epsilon: f64, by: Statistics, then: Then) -> Self {
        let spread = |v: &f32| (1.0 / (f64::from(*v) + epsilon).sqrt()) as f32;
        Self {
            mean,
            spread: variance.iter().map(spread).collect(),
            by,
            then,
        }
    }

    /// The slope of y in x.
    fn slope(&self, weight: &[f32]) -> Vec<f32> {
        weight
            .iter()
            .zip(&self.spread)
            .map(|(w, s)| w * s)
            .collect()
    }

    fn forward(&self, x: &[f32], weight: &[f32], bias: &[f32]) -> Vec<f32> {
        let slope = self.slope(weight);
        let block = rows_of(slope.len()) * slope.len();
        let (y, _) = buffer::fill(x.len(), block, x.par_chunks(block), |x, y| {
            apply(y, x, [&self.mean, &slope, bias], self.least());
        });
        y
    }

    /// What y is raised to at least.
    fn least(&self) -> f32 {
        match self.then {
            Then::Nothing => f32::NEG_INFINITY,
            Then::Relu => 0.0,
        }
    }

    /// Gradients of x, weight and bias.
    fn backward(&self, x: &[f32], weight: &[f32], bias: &[f32], g: &[f32]) -> [Vec<f32>; 3] {
        let channels = weight.len();
        let slope = self.slope(weight);
        let line = [&self.mean[..], &slope, bias];
        let block = rows_of(channels) * channels;
        let with = x.par_chunks(block).zip(g.par_chunks(block));
        let sums = with.map(|(x, g)| {
            let (mut plain, mut times) = (vec![0f32; channels], vec![0f32; channels]);
            collect(&mut plain, &mut times, x, g, line, self.least());
            (plain, times)
        });
        let (mut db, mut dw) = (vec![0f64; channels], vec![0f64; channels]);
        for (plain, times) in sums.collect::<Vec<_>>() {
            for c in 0..channels {
                db[c] += f64::from(plain[c]);
                dw[c] += f64::from(times[c]) * f64::from(self.spread[c]);
            }
        }
        // dx = slope·(g − Σg/n − x̂·Σ(g·x̂)/n): the sums fall away where the statistics are not the batch's.
        let share = match self.by {
            Statistics::Batch => channels as f64 / x.len() as f64,
            Statistics::Running => 0.0,
        };
        let back = |sum: &[f64], c: usize| -f64::from(slope[c]) * share * sum[c];
        let by_x = |c: usize| (back(&dw, c) * f64::from(self.spread[c])) as f32;
        let by_x: Vec<f32> = (0..channels).map(by_x).collect();
        let constant: Vec<f32> = (0..channels).map(|c| back(&db, c) as f32).collect();
        let with = x.par_chunks(block).zip(g.par_chunks(block));
        let (dx, _) = buffer::fill(x.len(), block, with, |(x, g), dx| {
            pass_on(dx, x, g, line, [&by_x, &constant], self.least());
        });
        let narrow = |values: Vec<f64>| values.into_iter().map(|v| v as f32).collect();
        [dx, narrow(dw), narrow(db)]
    }
}

kernels! {
    /// sum += the rows of x.
    fn add_up(sum: &mut [f32], x: &[f32]) {
        for x in x.chunks_exact(sum.len()) {
            for (sum, x) in sum.iter_mut().zip(x) {
                *sum += x;
            }
        }
    }

    /// sum += the squares of the rows of x − mean.
    fn add_squares(sum: &mut [f32], x: &[f32], mean: &[f32]) {
        assert_eq!(sum.len(), mean.len());
        for x in x.chunks_exact(sum.len()) {
            for ((sum, x), mean) in sum.iter_mut().zip(x).zip(mean) {
                let d = x - mean;
                *sum = fma::<FMA>(d, d, *sum);
            }
        }
    }

    /// y = max(slope·(x − mean) + bias, least); `line` is mean, slope and bias.
    fn apply(y: &mut [f32], x: &[f32], line: [&[f32]; 3], least: f32) {
        let [mean, slope, bias] = line;
        let n = mean.len();
        assert!(slope.len() == n && bias.len() == n);
        for (y, x) in y.chunks_exact_mut(n).zip(x.chunks_exact(n)) {
            for i in 0..n {
                let value = fma::<FMA>(x[i] - mean[i], slope[i], bias[i]);
                y[i] = if value <= least { least } else { value };
            }
        }
    }

    /// plain += g and times += g·(x − mean), where the output is above `least`.
    fn collect(plain: &mut [f32], times: &mut [f32], x: &[f32], g: &[f32], line: [&[f32]; 3], least: f32) {
        let [mean, slope, bias] = line;
        let n = plain.len();
        assert!(times.len() == n && mean.len() == n && slope.len() == n && bias.len() == n);
        for (x, g) in x.chunks_exact(n).zip(g.chunks_exact(n)) {
            for i in 0..n {
                let d = x[i] - mean[i];
                let g = if fma::<FMA>(d, slope[i], bias[i]) <= least { 0.0 } else { g[i] };
                plain[i] += g;
                times[i] = fma::<FMA>(g, d, times[i]);
            }
        }
    }

    /// dx = slope·g + by_x·(x − mean) + constant, g only where the output is above `least`; `back` is by_x and constant.
    fn pass_on(dx: &mut [f32], x: &[f32], g: &[f32], line: [&[f32]; 3], back: [&[f32]; 2], least: f32) {
        let ([mean, slope, bias], [by_x, constant]) = (line, back);
        let n = mean.len();
        assert!(slope.len() == n && bias.len() == n && by_x.len() == n && constant.len() == n);
        let rows = x.chunks_exact(n).zip(g.chunks_exact(n));
        for (dx, (x, g)) in dx.chunks_exact_mut(n).zip(rows) {
            for i in 0..n {
                let d = x[i] - mean[i];
                let g = if fma::<FMA>(d, slope[i], bias[i]) <= least { 0.0 } else { g[i] };
                dx[i] = fma::<FMA>(g, slope[i], fma::<FMA>(d, by_x[i], constant[i]));
            }
        }
    }
}

impl CustomOp3 for BatchNormOp {
    fn name(&self) -> &'static str {
        "batch-norm"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let y = self.forward(
            cpu::floats(x, x_layout)?,
            cpu::floats(weight, weight_layout)?,
            cpu::floats(bias, bias_layout)?,
        );
        Ok((CpuStorage::F32(y), x_layout.shape().clone()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        _: &Tensor,
        g: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let g = g.contiguous()?;
        let [dx, dw, db] = self.backward(
            &cpu::view(x)?,
            &cpu::view(weight)?,
            &cpu::view(bias)?,
            &cpu::view(&g)?,
        );
        let wanted = |of: &Tensor, values: Vec<f32>| {
            let gradient = of.track_op().then(|| cpu::tensor(values, of.shape()));
            gradient.transpose()
        };
        Ok((wanted(x, dx)?, wanted(weight, dw)?, wanted(bias, db)?))
    }
}
