//! GELU: x·Φ(x), Φ the normal distribution function (Hendrycks and Gimpel 2016).

use candle_core::Tensor;

use crate::error::Result;

/// How Φ is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Gelu {
    /// By the error function; BERT's.
    #[default]
    Erf,
    /// By the approximation ½(1 + tanh(√(2/π)·(x + 0.044715·x³))); GPT-2's.
    Tanh,
}

impl Gelu {
    /// The composed form, for any dtype and device.
    pub(super) fn composed(self, x: &Tensor) -> Result<Tensor> {
        let phi = match self {
            Self::Erf => (x * std::f64::consts::FRAC_1_SQRT_2)?.erf()?,
            Self::Tanh => {
                let cubic = ((x.sqr()? * 0.044715)? + 1.0)?;
                (x * (2.0 / std::f64::consts::PI).sqrt())?
                    .mul(&cubic)?
                    .tanh()?
            }
        };
        Ok(((x * 0.5)? * (phi + 1.0)?)?)
    }
}

/// GELU of every value of `x`, any shape.
///
/// # Errors
/// Candle's.
pub fn gelu(x: &Tensor, kind: Gelu) -> Result<Tensor> {
    kind.composed(x)
}
