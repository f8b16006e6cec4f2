//! Convolution over pixels (LeCun et al. 1989).

use candle_core::Tensor;

use super::conv2d_op::Conv2dOp;
use super::cpu;
use super::init::Init;
use super::scope::Scope;
use crate::error::{Error, Result};

/// `y[n, i, j, o] = Σ W[a, b, c, o]·x[n, s·i + a − p, s·j + b − p, c]` with zeros outside the image, s the stride and p
/// the padding.
///
/// `x` `[rows, height, width, inputs]`, `weight` `[side, side, inputs, outputs]`; returns `[rows, (height + 2p − side)/s
/// + 1, ..., outputs]`, the quotient rounded down. Channels come last, in images as in weights.
///
/// # Errors
/// [`Error::Shape`] if a shape does not fit, [`Error::Setting`] for a stride of 0, and Candle's.
pub fn conv2d(x: &Tensor, weight: &Tensor, stride: usize, padding: usize) -> Result<Tensor> {
    let (rows, height, width, inputs) = x.dims4()?;
    let (side, other, of, outputs) = weight.dims4()?;
    if stride == 0 {
        return Err(Error::setting("stride", "at least 1", stride));
    }
    let reach = |extent: usize| extent + 2 * padding >= side;
    let fits = side == other && side > padding && of == inputs;
    if !(fits && reach(height) && reach(width)) {
        return Err(Error::Shape {
            what: format!("convolution of images {:?}", x.dims()),
            expected: format!(
                "weights [side, side, {inputs}, outputs], the side larger than the padding {padding} and no larger than a padded image"
            ),
            got: format!("{:?}", weight.dims()),
        });
    }
    if !cpu::fits(&[x, weight]) || rows == 0 || outputs == 0 || inputs == 0 {
        return composed(x, weight, stride, padding);
    }
    let op = Conv2dOp {
        height,
        width,
        inputs,
        outputs,
        side,
        stride,
        padding,
    };
    Ok(x.contiguous()?.apply_op2(&weight.contiguous()?, op)?)
}

/// A convolution without a bias; its weight is `weight`, `[side, side, inputs, outputs]`.
#[derive(Debug, Clone)]
pub struct Conv2d {
    weight: Tensor,
    stride: usize,
    padding: usize,
}

impl Conv2d {
    /// Windows of `side`x`side`, padded by half of it rounded down; weights begin normal with variance 2/(side²·inputs)
    /// (He et al. 2015).
    ///
    /// # Errors
    /// Those of [`Scope::get`].
    pub fn load(
        scope: &Scope,
        (inputs, outputs): (usize, usize),
        side: usize,
        stride: usize,
    ) -> Result<Self> {
        let std = (2.0 / (side * side * inputs) as f64).sqrt();
        let shape = [side, side, inputs, outputs];
        Ok(Self {
            weight: scope.get("weight", &shape, Init::Normal { std })?,
            stride,
            padding: side / 2,
        })
    }

    /// See [`conv2d`].
    ///
    /// # Errors
    /// Those of [`conv2d`].
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        conv2d(x, &self.weight, self.stride, self.padding)
    }
}

/// By Candle's own convolution, which takes channels first.
fn composed(x: &Tensor, weight: &Tensor, stride: usize, padding: usize) -> Result<Tensor> {
    let x = x.permute((0, 3, 1, 2))?.contiguous()?;
    let weight = weight.permute((3, 2, 0, 1))?.contiguous()?;
    let y = x.conv2d(&weight, padding, stride, 1, 1)?;
    Ok(y.permute((0, 2, 3, 1))?.contiguous()?)
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device, Var};

    use super::*;
    use crate::random::{Purpose, Stream};

    fn drawn(dims: [usize; 4], seed: u64) -> Tensor {
        let mut stream = Stream::new(seed, Purpose::Weight, 0);
        let values: Vec<f32> = (0..dims.iter().product())
            .map(|_| stream.unit() as f32 - 0.5)
            .collect();
        Tensor::from_vec(values, dims.to_vec(), &Device::Cpu).expect("numbers")
    }

    fn flat(t: &Tensor) -> Vec<f64> {
        let t = t.to_dtype(DType::F64);
        t.and_then(|t| t.flatten_all()?.to_vec1()).expect("numbers")
    }

    /// Every product of the definition: of which outgoing number, incoming one and weight.
    fn products(
        x: [usize; 4],
        weight: [usize; 4],
        stride: usize,
        padding: usize,
    ) -> Vec<[usize; 3]> {
        let ([n, h, w, c], [side, _, _, outputs]) = (x, weight);
        let of = |extent: usize| (extent + 2 * padding - side) / stride + 1;
        let mut all = Vec::new();
        for r in 0..n {
            for (i, j) in (0..of(h)).flat_map(|i| (0..of(w)).map(move |j| (i, j))) {
                for (a, b) in (0..side).flat_map(|a| (0..side).map(move |b| (a, b))) {
                    let (y, z) = (stride * i + a, stride * j + b);
                    let inside =
                        (padding..h + padding).contains(&y) && (padding..w + padding).contains(&z);
                    for (k, o) in (0..c).flat_map(|k| (0..outputs).map(move |o| (k, o))) {
                        if inside {
                            let out = ((r * of(h) + i) * of(w) + j) * outputs + o;
                            let at = ((r * h + y - padding) * w + z - padding) * c + k;
                            all.push([out, at, ((a * side + b) * c + k) * outputs + o]);
                        }
                    }
                }
            }
        }
        all
    }

    #[test]
    fn values_and_gradients_are_those_of_the_definition() {
        for (dims, side, outputs, stride, padding) in [
            ([3, 8, 8, 3], 3, 32, 1, 1),
            ([2, 7, 5, 4], 3, 6, 2, 1),
            ([2, 8, 6, 5], 3, 40, 2, 1),
            ([1, 1, 1, 2], 3, 3, 1, 1),
            ([2, 2, 3, 2], 3, 3, 2, 1),
            ([9, 5, 5, 2], 1, 7, 2, 0),
            ([2, 6, 6, 3], 1, 5, 1, 0),
            ([2, 9, 7, 1], 5, 4, 3, 2),
            ([2, 7, 7, 2], 2, 3, 2, 0),
            ([2, 6, 5, 2], 4, 3, 2, 1),
        ] {
            let x = Var::from_tensor(&drawn(dims, 1)).expect("a variable");
            let weight = Var::from_tensor(&drawn([side, side, dims[3], outputs], 2));
            let weight = weight.expect("a variable");
            let y = conv2d(&x, &weight, stride, padding).expect("a convolution");
            let other = composed(&x, &weight, stride, padding).expect("a convolution");
            let close = |ours: &[f64], plain: &[f64], what: &str| {
                assert_eq!(ours.len(), plain.len());
                for (a, b) in ours.iter().zip(plain) {
                    assert!(
                        (a - b).abs() < 2e-5,
                        "{what} of {dims:?} {side} {stride}: {a} {b}"
                    );
                }
            };
            close(&flat(&y), &flat(&other), "composed form");
            let factor = drawn(y.dims4().map(|(a, b, c, d)| [a, b, c, d]).expect("four"), 3);
            let loss = y.mul(&factor).and_then(|y| y.sum_all()).expect("a loss");
            let all = loss.backward().expect("gradients");
            let (dx, dw) = (
                all.get(&x).expect("reached"),
                all.get(&weight).expect("reached"),
            );
            let (xs, ws, gs) = (flat(&x), flat(&weight), flat(&factor));
            let mut plain = [
                vec![0.0; gs.len()],
                vec![0.0; xs.len()],
                vec![0.0; ws.len()],
            ];
            for [out, at, of] in products(dims, [side, side, dims[3], outputs], stride, padding) {
                plain[0][out] += xs[at] * ws[of];
                plain[1][at] += gs[out] * ws[of];
                plain[2][of] += gs[out] * xs[at];
            }
            close(&flat(&y), &plain[0], "values");
            close(&flat(dx), &plain[1], "gradient of images");
            close(&flat(dw), &plain[2], "gradient of weights");
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let refused = |x: [usize; 4], weight: [usize; 4], stride, padding| {
            conv2d(&drawn(x, 1), &drawn(weight, 2), stride, padding).expect_err("it does not fit")
        };
        for error in [
            refused([1, 4, 4, 2], [3, 3, 3, 1], 1, 1),
            refused([1, 4, 4, 2], [3, 2, 2, 1], 1, 1),
            refused([1, 4, 4, 2], [3, 3, 2, 1], 1, 3),
            refused([1, 1, 4, 2], [3, 3, 2, 1], 1, 0),
        ] {
            assert!(matches!(error, Error::Shape { .. }), "{error}");
        }
        let error = refused([1, 4, 4, 2], [3, 3, 2, 1], 0, 1);
        assert!(matches!(error, Error::Setting { .. }), "{error}");
    }
}
