//! Batch normalisation (Ioffe and Szegedy 2015).
//!
//! ```text
//! y = weight·(x − mean)/√(variance + ε) + bias        a channel
//! ```
//!
//! A pass that trains takes mean and (biased) variance over the batch and moves the running ones towards them; any other
//! pass takes the running ones.

use candle_core::{D, DType, Tensor, Var};

use super::batch_norm_op::{BatchNormOp, moments};
use super::cpu;
use super::init::Init;
use super::scope::Scope;
use crate::error::{Error, Result};
use crate::tap::Tap;

/// PyTorch's defaults.
const EPSILON: f64 = 1e-5;
const MOMENTUM: f64 = 0.1;

/// Where a pass's mean and variance come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Statistics {
    /// The batch; the running ones move towards its by a tenth, towards the unbiased variance.
    Batch,
    /// What training passes left.
    Running,
}

impl Statistics {
    /// Those of a pass that listens with `tap`.
    pub fn of(tap: &dyn Tap) -> Self {
        match tap.trains() {
            true => Self::Batch,
            false => Self::Running,
        }
    }
}

/// What follows the normalisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// Nothing.
    Nothing,
    /// max(y, 0).
    Relu,
}

/// A layer over the last dimension's channels. Weights `weight`, `bias`, and, not trained but saved and loaded with
/// them, `running_mean` and `running_var`, all `[channels]`.
#[derive(Debug, Clone)]
pub struct BatchNorm {
    weight: Tensor,
    bias: Tensor,
    mean: Var,
    variance: Var,
}

impl BatchNorm {
    /// Takes its weights from `scope`: weight 1, bias 0, running mean 0 and variance 1 to begin with.
    ///
    /// # Errors
    /// Those of [`Scope::get`].
    pub fn load(scope: &Scope, channels: usize) -> Result<Self> {
        Ok(Self {
            weight: scope.get("weight", &[channels], Init::Ones)?,
            bias: scope.get("bias", &[channels], Init::Zeros)?,
            mean: scope.buffer("running_mean", &[channels], Init::Zeros)?,
            variance: scope.buffer("running_var", &[channels], Init::Ones)?,
        })
    }

    /// `x` `[..., channels]` normalised, a channel over everything else.
    ///
    /// A single value of a channel, in a batch of one pixel, has no variance: it becomes the bias, and the running
    /// variance stays.
    ///
    /// # Errors
    /// [`Error::Shape`] for another number of channels, and Candle's.
    pub fn forward(&self, x: &Tensor, by: Statistics, then: Then) -> Result<Tensor> {
        let channels = self.weight.dim(0)?;
        if x.dims().last() != Some(&channels) || x.elem_count() == 0 {
            return Err(Error::Shape {
                what: "batch norm".into(),
                expected: format!("[..., {channels}], not empty"),
                got: format!("{:?}", x.dims()),
            });
        }
        let fused = cpu::fits(&[x, &self.weight, &self.bias]);
        match (fused, by) {
            (true, Statistics::Batch) => {
                let x = x.contiguous()?;
                let (mean, variance) = moments(&cpu::view(&x)?, channels);
                self.note(
                    &tensor(&mean, x.device())?,
                    &tensor(&variance, x.device())?,
                    &x,
                )?;
                let op = BatchNormOp::new(mean, &variance, EPSILON, by, then);
                Ok(x.apply_op3(&self.weight, &self.bias, op)?)
            }
            (true, Statistics::Running) => {
                let op = BatchNormOp::new(
                    self.mean.to_vec1()?,
                    &self.variance.to_vec1()?,
                    EPSILON,
                    by,
                    then,
                );
                Ok(x.contiguous()?.apply_op3(&self.weight, &self.bias, op)?)
            }
            (false, _) => self.composed(x, by, then),
        }
    }

    /// Moves the running mean and variance.
    fn note(&self, mean: &Tensor, variance: &Tensor, x: &Tensor) -> Result<()> {
        let count = (x.elem_count() / mean.elem_count()) as f64;
        let moved = |old: &Var, new: &Tensor, factor: f64| {
            let new = (new.detach().to_dtype(DType::F32)? * (MOMENTUM * factor))?;
            old.set(&((old.as_detached_tensor() * (1.0 - MOMENTUM))? + new)?)
        };
        moved(&self.mean, mean, 1.0)?;
        if count > 1.0 {
            moved(&self.variance, variance, count / (count - 1.0))?;
        }
        Ok(())
    }

    fn composed(&self, x: &Tensor, by: Statistics, then: Then) -> Result<Tensor> {
        let flat = x.flatten_to(D::Minus2)?;
        let of = |t: &Tensor| t.to_dtype(x.dtype());
        let (mean, variance) = match by {
            Statistics::Batch => {
                let mean = flat.mean(0)?;
                let variance = flat.broadcast_sub(&mean)?.sqr()?.mean(0)?;
                self.note(&mean, &variance, x)?;
                (mean, variance)
            }
            Statistics::Running => (
                of(&self.mean.as_detached_tensor())?,
                of(&self.variance.as_detached_tensor())?,
            ),
        };
        let spread = (variance + EPSILON)?.sqrt()?;
        let y = flat.broadcast_sub(&mean)?.broadcast_div(&spread)?;
        let y = y
            .broadcast_mul(&of(&self.weight)?)?
            .broadcast_add(&of(&self.bias)?)?;
        let y = match then {
            Then::Nothing => y,
            Then::Relu => y.le(0f64)?.where_cond(&y.zeros_like()?, &y)?,
        };
        Ok(y.reshape(x.shape())?)
    }
}

fn tensor(values: &[f32], device: &candle_core::Device) -> Result<Tensor> {
    Ok(Tensor::from_slice(values, values.len(), device)?)
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;
    use crate::nn::Weights;
    use crate::random::{Purpose, Stream};

    fn drawn(dims: &[usize], seed: u64) -> Tensor {
        let mut stream = Stream::new(seed, Purpose::Weight, 0);
        let values: Vec<f32> = (0..dims.iter().product())
            .map(|_| 3.0 * stream.unit() as f32 - 1.0)
            .collect();
        Tensor::from_vec(values, dims, &Device::Cpu).expect("numbers")
    }

    fn layer(channels: usize) -> (Weights, BatchNorm) {
        let weights = Weights::new(1, &Device::Cpu);
        let layer = BatchNorm::load(&weights.scope(), channels).expect("a layer");
        for (parameter, seed) in weights.parameters().iter().zip(5..) {
            parameter.var.set(&drawn(&[channels], seed)).expect("set");
        }
        (weights, layer)
    }

    fn flat(t: &Tensor) -> Vec<f64> {
        let t = t.to_dtype(DType::F64);
        t.and_then(|t| t.flatten_all()?.to_vec1()).expect("numbers")
    }

    fn close(a: &Tensor, b: &Tensor, what: &str) {
        assert_eq!(a.dims(), b.dims());
        for (a, b) in flat(a).iter().zip(flat(b)) {
            assert!((a - b).abs() < 2e-5 * (1.0 + b.abs()), "{what}: {a} {b}");
        }
    }

    /// Composed in f64 of Candle's own operations, whose gradients are right.
    #[test]
    fn the_fused_form_is_the_composed_one_with_its_gradients() {
        for dims in [&[4, 3, 5, 7][..], &[3000, 40], &[2, 1, 1, 3]] {
            for by in [Statistics::Batch, Statistics::Running] {
                for then in [Then::Nothing, Then::Relu] {
                    let channels = dims[dims.len() - 1];
                    let (weights, layer) = layer(channels);
                    let x = Var::from_tensor(&drawn(dims, 2)).expect("a variable");
                    let factor = drawn(dims, 3);
                    let fused = layer.forward(&x, by, then).expect("fused");
                    let ours = (&fused * &factor).and_then(|y| y.sum_all()?.backward());
                    let ours = ours.expect("gradients");
                    let after = weights.tensors().expect("weights");

                    let (weights, layer) = self::layer(channels);
                    let wide = Var::from_tensor(&x.to_dtype(DType::F64).expect("f64"));
                    let wide = wide.expect("a variable");
                    let composed = layer.forward(&wide, by, then).expect("composed");
                    let factor = factor.to_dtype(DType::F64).expect("f64");
                    let theirs = (&composed * &factor).and_then(|y| y.sum_all()?.backward());
                    let theirs = theirs.expect("gradients");
                    close(&fused, &composed, "values");
                    let both = (ours.get(&x).expect("x"), theirs.get(&wide).expect("x"));
                    close(both.0, both.1, "gradient of x");
                    for (name, value) in weights.tensors().expect("weights") {
                        close(&after[&name], &value, &name);
                    }
                }
            }
        }
    }

    #[test]
    fn weights_get_gradients_and_running_statistics_do_not() {
        let (weights, layer) = layer(3);
        let names: Vec<String> = weights.parameters().into_iter().map(|p| p.name).collect();
        assert_eq!(names, ["bias", "weight"]);
        let x = drawn(&[50, 3], 2);
        let y = layer
            .forward(&x, Statistics::Batch, Then::Nothing)
            .expect("y");
        let gradients = y
            .sqr()
            .and_then(|y| y.sum_all()?.backward())
            .expect("gradients");
        let wide = x.to_dtype(DType::F64).expect("f64");
        let z = layer
            .composed(&wide, Statistics::Batch, Then::Nothing)
            .expect("z");
        let other = z
            .sqr()
            .and_then(|y| y.sum_all()?.backward())
            .expect("gradients");
        for parameter in weights.parameters() {
            let (a, b) = (gradients.get(&parameter.var), other.get(&parameter.var));
            close(a.expect("reached"), b.expect("reached"), &parameter.name);
        }
    }

    #[test]
    fn running_statistics_move_by_a_tenth_and_are_used_by_other_passes() {
        let (weights, layer) = layer(2);
        let x = Tensor::new(&[[1f32, 10.], [3., 10.], [5., 16.]], &Device::Cpu).expect("x");
        layer
            .forward(&x, Statistics::Batch, Then::Nothing)
            .expect("y");
        let all = weights.tensors().expect("weights");
        let of = |name: &str| flat(&all[name]);
        let near = |a: Vec<f64>, b: [f64; 2]| {
            assert!(
                a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-5),
                "{a:?} {b:?}"
            );
        };
        near(of("running_mean"), [0.3, 1.2]);
        near(of("running_var"), [0.9 + 0.4, 0.9 + 1.2]);
        let y = layer
            .forward(&x, Statistics::Running, Then::Nothing)
            .expect("y");
        let (weight, bias) = (of("weight"), of("bias"));
        let expected = (1.0 - 0.3) / (1.3f64 + 1e-5).sqrt() * weight[0] + bias[0];
        assert!((flat(&y)[0] - expected).abs() < 1e-5);
        assert_eq!(
            flat(&weights.tensors().expect("weights")["running_mean"]),
            of("running_mean")
        );
        let lone = x.narrow(0, 0, 1).expect("a row");
        let y = layer
            .forward(&lone, Statistics::Batch, Then::Nothing)
            .expect("y");
        assert_eq!(flat(&y), bias, "a lone value becomes the bias");
        let after = weights.tensors().expect("weights");
        assert_eq!(flat(&after["running_var"]), of("running_var"));
    }

    #[test]
    fn any_thread_count_gives_the_same_bits() {
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            pool.expect("threads").install(|| {
                let (_, layer) = layer(24);
                let x = Var::from_tensor(&drawn(&[5000, 24], 2)).expect("a variable");
                let y = layer.forward(&x, Statistics::Batch, Then::Relu).expect("y");
                let gradients = y.sqr().and_then(|y| y.sum_all()?.backward());
                (
                    flat(&y),
                    flat(gradients.expect("gradients").get(&x).expect("reached")),
                )
            })
        };
        assert!(run(1) == run(3));
    }

    #[test]
    fn other_shapes_are_refused() {
        let (_, layer) = layer(3);
        let error = layer.forward(&drawn(&[2, 4], 1), Statistics::Batch, Then::Relu);
        assert!(matches!(error, Err(Error::Shape { .. })));
    }
}
