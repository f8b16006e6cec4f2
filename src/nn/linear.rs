//! y = x·Wᵀ + b, optionally followed by an activation.

use candle_core::Tensor;

use super::activation::Activation;
use super::cpu;
use super::gelu::Gelu;
use super::init::Init;
use super::linear_op::LinearOp;
use super::scope::Scope;
use crate::error::{Error, Result};

/// A linear layer: weight `[outputs, inputs]`, bias `[outputs]`.
#[derive(Debug, Clone)]
pub struct Linear {
    weight: Tensor,
    bias: Option<Tensor>,
}

impl Linear {
    /// The layer with the weights `weight` (started by `init`) and `bias` (started at 0) of the scope.
    ///
    /// # Errors
    /// Those of [`Scope::get`].
    pub fn load(scope: &Scope, inputs: usize, outputs: usize, init: Init) -> Result<Self> {
        Ok(Self {
            weight: scope.get("weight", &[outputs, inputs], init)?,
            bias: Some(scope.get("bias", &[outputs], Init::Zeros)?),
        })
    }

    /// The same, with weight and bias uniform on ±1/√inputs: PyTorch's start of a linear layer.
    ///
    /// # Errors
    /// Those of [`Scope::get`].
    pub fn uniform(scope: &Scope, inputs: usize, outputs: usize) -> Result<Self> {
        let bound = 1.0 / (inputs as f64).sqrt();
        let init = Init::Uniform { bound };
        Ok(Self {
            weight: scope.get("weight", &[outputs, inputs], init)?,
            bias: Some(scope.get("bias", &[outputs], init)?),
        })
    }

    /// Several layers on the same input as one: `outputs` each, laid side by side in the order of `names`.
    ///
    /// Loaded from and saved to `<name>.weight` and `<name>.bias`.
    ///
    /// # Errors
    /// Those of [`Scope::stacked`].
    pub fn stacked(
        scope: &Scope,
        names: &[&str],
        inputs: usize,
        outputs: usize,
        init: Init,
    ) -> Result<Self> {
        let named = |end: &str| -> Vec<String> {
            names.iter().map(|name| format!("{name}.{end}")).collect()
        };
        let (weights, biases) = (named("weight"), named("bias"));
        let weights: Vec<&str> = weights.iter().map(String::as_str).collect();
        let biases: Vec<&str> = biases.iter().map(String::as_str).collect();
        Ok(Self {
            weight: scope.stacked(&weights, &[outputs, inputs], init)?,
            bias: Some(scope.stacked(&biases, &[outputs], Init::Zeros)?),
        })
    }

    /// The layer with these weights, `[outputs, inputs]` and `[outputs]`.
    pub fn new(weight: Tensor, bias: Option<Tensor>) -> Self {
        Self { weight, bias }
    }

    /// `[.., inputs]` to `[.., outputs]`.
    ///
    /// # Errors
    /// Candle's, if shapes, dtypes or devices do not fit.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.apply(x, None)
    }

    /// The same followed by GELU, in one operation.
    ///
    /// # Errors
    /// Those of [`Linear::forward`].
    pub fn forward_gelu(&self, x: &Tensor, kind: Gelu) -> Result<Tensor> {
        self.apply(x, Some(kind.into()))
    }

    /// The same followed by an activation, in one operation.
    ///
    /// # Errors
    /// Those of [`Linear::forward`] and of [`Activation::check`].
    pub fn forward_activated(&self, x: &Tensor, activation: Activation) -> Result<Tensor> {
        activation.check()?;
        self.apply(x, Some(activation))
    }

    fn apply(&self, x: &Tensor, activation: Option<Activation>) -> Result<Tensor> {
        let weights = [&self.weight].into_iter().chain(&self.bias);
        let operands: Vec<&Tensor> = [x].into_iter().chain(weights).collect();
        if !cpu::fits(&operands) {
            let y = self.composed(x)?;
            return activation.map_or(Ok(y.clone()), |activation| activation.composed(&y));
        }
        let (outputs, inputs) = self.weight.dims2()?;
        let bias_fits = self.bias.as_ref().is_none_or(|b| b.dims() == [outputs]);
        let empty = outputs == 0 || inputs == 0;
        if x.dims().last() != Some(&inputs) || !bias_fits || empty {
            return Err(Error::Shape {
                what: "linear layer".into(),
                expected: format!("input [.., {inputs}], bias [{outputs}]"),
                got: format!(
                    "{:?}",
                    operands.iter().map(|t| t.dims()).collect::<Vec<_>>()
                ),
            });
        }
        let op = LinearOp::new(activation, operands.iter().any(|t| t.track_op()));
        let (x, weight) = (x.contiguous()?, self.weight.contiguous()?);
        Ok(match &self.bias {
            Some(bias) => x.apply_op3(&weight, &bias.contiguous()?, op)?,
            None => x.apply_op2(&weight, op)?,
        })
    }

    fn composed(&self, x: &Tensor) -> Result<Tensor> {
        let (outputs, inputs) = self.weight.dims2()?;
        let mut shape = x.dims().to_vec();
        if let Some(last) = shape.last_mut() {
            *last = outputs;
        }
        let flat = x.contiguous()?.reshape(((), inputs))?;
        let y = flat.matmul(&self.weight.t()?)?;
        let y = match &self.bias {
            Some(bias) => y.broadcast_add(bias)?,
            None => y,
        };
        Ok(y.reshape(shape)?)
    }
}
