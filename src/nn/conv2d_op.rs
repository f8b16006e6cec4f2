//! Convolution over pixels as one operation, with its backward; nothing but zero borders is copied.

use std::cell::RefCell;

use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::buffer;
use super::conv2d_tile::{Walk, add_product};
use super::cpu;
use super::simd::add_assign;

/// Parts into which the images of a batch are divided for the gradient of the weights, whatever the thread count.
const PARTS: usize = 8;

/// The sizes of a convolution of images `[height, width, inputs]` by windows of `side`x`side`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Conv2dOp {
    pub height: usize,
    pub width: usize,
    pub inputs: usize,
    pub outputs: usize,
    pub side: usize,
    pub stride: usize,
    pub padding: usize,
}

impl Conv2dOp {
    /// Height and width of what comes out.
    pub fn out(&self) -> (usize, usize) {
        let of = |extent: usize| (extent + 2 * self.padding - self.side) / self.stride + 1;
        (of(self.height), of(self.width))
    }

    fn image(&self) -> usize {
        self.height * self.width * self.inputs
    }

    fn result(&self) -> usize {
        let (height, width) = self.out();
        height * width * self.outputs
    }

    /// The image between zeros.
    fn pad(&self, image: &[f32], padded: &mut Vec<f32>) {
        let line = (self.width + 2 * self.padding) * self.inputs;
        padded.clear();
        padded.resize((self.height + 2 * self.padding) * line, 0.0);
        let inner = padded.chunks_exact_mut(line).skip(self.padding);
        for (to, from) in inner.zip(image.chunks_exact(self.width * self.inputs)) {
            to[self.padding * self.inputs..][..from.len()].copy_from_slice(from);
        }
    }

    /// Where the window of each outgoing pixel begins in a padded image.
    fn windows(&self, line: usize) -> Vec<usize> {
        let (height, width) = self.out();
        let start = |y: usize, x: usize| self.stride * (y * line + x * self.inputs);
        (0..height)
            .flat_map(|y| (0..width).map(move |x| start(y, x)))
            .collect()
    }

    fn forward(&self, x: &[f32], weight: &[f32]) -> Vec<f32> {
        let line = (self.width + 2 * self.padding) * self.inputs;
        let windows = self.windows(line);
        let run = self.side * self.inputs;
        let stretches: Vec<_> = (0..self.side)
            .map(|y| (y * line, y * run * self.outputs))
            .collect();
        let walk = Walk {
            stretches: &stretches,
            run,
            a_step: 1,
            b_step: self.outputs,
        };
        let images = x.par_chunks_exact(self.image());
        let n = images.len();
        let (y, _) = buffer::fill(n * self.result(), self.result(), images, |x, y| {
            PADDED.with_borrow_mut(|padded| {
                self.pad(x, padded);
                let size = (self.outputs, self.outputs);
                add_product(y, size, padded, &windows, weight, walk);
            });
        });
        y
    }

    /// The gradient of the weights `[side, side, inputs, outputs]`.
    fn weight_gradient(&self, x: &[f32], g: &[f32]) -> Vec<f32> {
        let line = (self.width + 2 * self.padding) * self.inputs;
        let (height, width) = self.out();
        let run = self.side * self.inputs;
        let starts: Vec<usize> = (0..self.side)
            .flat_map(|y| (0..run).map(move |i| y * line + i))
            .collect();
        let stretches: Vec<_> = (0..height)
            .map(|y| (y * self.stride * line, y * width * self.outputs))
            .collect();
        let walk = Walk {
            stretches: &stretches,
            run: width,
            a_step: self.stride * self.inputs,
            b_step: self.outputs,
        };
        let n = x.len() / self.image();
        let part = n.div_ceil(PARTS);
        let parts: Vec<Vec<f32>> = x
            .par_chunks(part * self.image())
            .zip(g.par_chunks(part * self.result()))
            .map(|(x, g)| {
                let mut sum = vec![0f32; starts.len() * self.outputs];
                let images = x.chunks_exact(self.image());
                for (x, g) in images.zip(g.chunks_exact(self.result())) {
                    PADDED.with_borrow_mut(|padded| {
                        self.pad(x, padded);
                        let size = (self.outputs, self.outputs);
                        add_product(&mut sum, size, padded, &starts, g, walk);
                    });
                }
                sum
            })
            .collect();
        let mut parts = parts.into_iter();
        let mut total = parts.next().unwrap_or_default();
        parts.for_each(|part| add_assign(&mut total, &part));
        total
    }

    /// The gradient of the images: for each residue of the stride a convolution of `g` of its own.
    fn input_gradient(&self, g: &[f32], weight: &[f32]) -> Vec<f32> {
        let turned = self.turned(weight);
        let phases: Vec<Phase> = (0..self.stride * self.stride)
            .map(|p| Phase::new(self, p / self.stride, p % self.stride))
            .collect();
        let (out_height, out_width) = self.out();
        let around = Conv2dOp {
            height: out_height,
            width: out_width,
            inputs: self.outputs,
            padding: self.side - 1,
            ..*self
        };
        let images = g.par_chunks_exact(self.result());
        let n = images.len();
        let (dx, _) = buffer::fill(n * self.image(), self.image(), images, |g, dx| {
            PADDED.with_borrow_mut(|padded| {
                around.pad(g, padded);
                for phase in &phases {
                    phase.add(self, dx, padded, &turned);
                }
            });
        });
        dx
    }

    /// The weights as `[side, side, outputs, inputs]`.
    fn turned(&self, weight: &[f32]) -> Vec<f32> {
        let mut turned = vec![0f32; weight.len()];
        let size = self.inputs * self.outputs;
        for (to, from) in turned.chunks_exact_mut(size).zip(weight.chunks_exact(size)) {
            for (i, from) in from.chunks_exact(self.outputs).enumerate() {
                for (o, &from) in from.iter().enumerate() {
                    to[o * self.inputs + i] = from;
                }
            }
        }
        turned
    }
}

thread_local! {
    /// The padded image in hand: made once a thread and not once an image.
    static PADDED: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

/// The incoming pixels (y, x) with y + padding and x + padding of one residue: the same places of the window reach them.
struct Phase {
    /// The first such pixel, and how many there are down and across.
    first: (usize, usize),
    count: (usize, usize),
    /// Where in the padded gradient the sums of each pixel begin.
    starts: Vec<usize>,
    /// The window's places: in the padded gradient and in the turned weights.
    stretches: Vec<(usize, usize)>,
}

impl Phase {
    fn new(op: &Conv2dOp, down: usize, across: usize) -> Self {
        let (stride, side) = (op.stride, op.side);
        // The first pixel whose place in the padded image has this residue.
        let first = |residue: usize| (residue + stride * side - op.padding % stride) % stride;
        let (top, left) = (first(down), first(across));
        let count = |first: usize, extent: usize| extent.saturating_sub(first).div_ceil(stride);
        let line = (op.out().1 + 2 * (side - 1)) * op.outputs;
        // Outgoing pixel o sees pixel i at place k of its window where i + padding = stride·o + k.
        let places = |residue: usize| (residue..side).step_by(stride);
        // Outgoing pixels may lie side - 1 before the first, which the zeros around the gradient stand for.
        let shift =
            |pixel: usize, place: usize| (pixel + op.padding + stride * side - place) / stride - 1;
        let (rows, columns) = (count(top, op.height), count(left, op.width));
        let last = |residue: usize| places(residue).next_back().unwrap_or(residue);
        let (low_y, low_x) = (
            last((top + op.padding) % stride),
            last((left + op.padding) % stride),
        );
        let starts = (0..rows)
            .flat_map(|r| (0..columns).map(move |c| (r, c)))
            .map(|(r, c)| {
                let y = shift(top + r * stride, low_y);
                let x = shift(left + c * stride, low_x);
                y * line + x * op.outputs
            })
            .collect();
        let mut stretches = Vec::new();
        for y in places((top + op.padding) % stride) {
            for x in places((left + op.padding) % stride) {
                let (dy, dx) = ((low_y - y) / stride, (low_x - x) / stride);
                let weights = (y * side + x) * op.outputs * op.inputs;
                stretches.push((dy * line + dx * op.outputs, weights));
            }
        }
        Self {
            first: (top, left),
            count: (rows, columns),
            starts,
            stretches,
        }
    }

    /// Adds to this phase's pixels of an image's gradient.
    fn add(&self, op: &Conv2dOp, dx: &mut [f32], g: &[f32], turned: &[f32]) {
        let (rows, columns) = self.count;
        if self.stretches.is_empty() || rows == 0 || columns == 0 {
            return;
        }
        let walk = Walk {
            stretches: &self.stretches,
            run: op.outputs,
            a_step: 1,
            b_step: op.inputs,
        };
        for (r, starts) in self.starts.chunks_exact(columns).enumerate() {
            let pixel = (self.first.0 + r * op.stride) * op.width + self.first.1;
            let size = (op.inputs, op.stride * op.inputs);
            add_product(&mut dx[pixel * op.inputs..], size, g, starts, turned, walk);
        }
    }
}

impl CustomOp2 for Conv2dOp {
    fn name(&self) -> &'static str {
        "conv2d"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let y = self.forward(
            cpu::floats(x, x_layout)?,
            cpu::floats(weight, weight_layout)?,
        );
        let (height, width) = self.out();
        let shape = (x_layout.dims()[0], height, width, self.outputs);
        Ok((CpuStorage::F32(y), shape.into()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        _: &Tensor,
        g: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let g = g.contiguous()?;
        let g = cpu::view(&g)?;
        let dx = x
            .track_op()
            .then(|| cpu::tensor(self.input_gradient(&g, &cpu::view(weight)?), x.shape()));
        let dw = weight
            .track_op()
            .then(|| cpu::tensor(self.weight_gradient(&cpu::view(x)?, &g), weight.shape()));
        Ok((dx.transpose()?, dw.transpose()?))
    }
}
