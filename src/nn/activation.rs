//! What follows a linear layer, value by value.
//!
//! ReLU max(x, 0) (Nair and Hinton 2010); leaky ReLU, slope·x below 0 (Maas et al. 2013); GELU, see [`gelu`](super::gelu).
//! The derivative of ReLU at 0 is 0, that of leaky ReLU is the slope.

use candle_core::Tensor;
use serde::{Deserialize, Serialize};

use super::gelu::Gelu;
use super::simd::kernels;
use crate::error::{Error, Result};

/// A function of every value.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Activation {
    /// max(x, 0).
    #[default]
    Relu,
    /// x above 0 and slope·x below.
    LeakyRelu {
        /// The slope below 0, in (0, 1); PyTorch's default is 0.01.
        slope: f64,
    },
    /// GELU by the error function.
    Gelu,
    /// GELU by the tangent.
    GeluTanh,
}

impl From<Gelu> for Activation {
    fn from(kind: Gelu) -> Self {
        match kind {
            Gelu::Erf => Self::Gelu,
            Gelu::Tanh => Self::GeluTanh,
        }
    }
}

/// What an activation is to the fused layer.
#[derive(Debug, Clone, Copy)]
pub(super) enum Form {
    /// A line with this slope up to 0 and x above: its output says what its derivative is.
    Bent(f32),
    /// A curve, the derivative of which is kept.
    Curved(Gelu),
}

impl Activation {
    /// Refuses a slope with which the layer would not be what its name says.
    ///
    /// # Errors
    /// [`Error::Setting`] unless a slope is in (0, 1).
    pub fn check(self) -> Result<()> {
        match self {
            Self::LeakyRelu { slope } if !(slope > 0.0 && slope < 1.0) => {
                Err(Error::setting("slope", "in (0, 1)", slope))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn form(self) -> Form {
        match self {
            Self::Relu => Form::Bent(0.0),
            Self::LeakyRelu { slope } => Form::Bent(slope as f32),
            Self::Gelu => Form::Curved(Gelu::Erf),
            Self::GeluTanh => Form::Curved(Gelu::Tanh),
        }
    }

    /// The composed form, for any dtype and device.
    pub(super) fn composed(self, x: &Tensor) -> Result<Tensor> {
        let below = match self {
            Self::Relu => x.zeros_like()?,
            Self::LeakyRelu { slope } => (x * slope)?,
            Self::Gelu => return Gelu::Erf.composed(x),
            Self::GeluTanh => return Gelu::Tanh.composed(x),
        };
        Ok(x.le(0f64)?.where_cond(&below, x)?)
    }
}

kernels! {
    /// y becomes y + bias, times `slope` where that is not above 0. NaN stays NaN.
    fn bend(y: &mut [f32], bias: &[f32], slope: f32) {
        let n = y.len();
        assert_eq!(bias.len(), n);
        if slope == 0.0 {
            for i in 0..n {
                let x = y[i] + bias[i];
                y[i] = if x <= 0.0 { 0.0 } else { x };
            }
            return;
        }
        for i in 0..n {
            let x = y[i] + bias[i];
            y[i] = if x <= 0.0 { slope * x } else { x };
        }
    }

    /// to = g·derivative, which the outputs `y` tell; sum += to.
    fn unbend(to: &mut [f32], sum: &mut [f32], g: &[f32], y: &[f32], slope: f32) {
        let n = to.len();
        assert!(sum.len() == n && g.len() == n && y.len() == n);
        for i in 0..n {
            to[i] = if y[i] <= 0.0 { slope * g[i] } else { g[i] };
            sum[i] += to[i];
        }
    }
}
