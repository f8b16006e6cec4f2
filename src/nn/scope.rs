//! A place in a model's tree of names.

use candle_core::{Tensor, Var};

use super::init::Init;
use super::lazy_rows::LazyRows;
use super::weights::{Kept, Request, Weights};
use crate::error::Result;

/// A place in a model's tree of names, from which layers get their weights.
///
/// ```
/// use candle_core::Device;
/// use candle_mixup::nn::{Init, Weights};
///
/// let weights = Weights::new(42, &Device::Cpu);
/// let scope = weights.scope().at("encoder").at("layer.0");
/// scope.get("weight", &[2, 3], Init::Normal { std: 0.02 })?;
/// assert_eq!(weights.parameters()[0].name, "encoder.layer.0.weight");
/// # Ok::<(), candle_mixup::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Scope {
    weights: Weights,
    path: String,
    required: bool,
}

impl Scope {
    pub(super) fn root(weights: Weights) -> Self {
        Self {
            weights,
            path: String::new(),
            required: false,
        }
    }

    /// The scope `name` within this one; names are joined by a dot.
    pub fn at(&self, name: impl AsRef<str>) -> Self {
        Self {
            path: self.full(name.as_ref()),
            ..self.clone()
        }
    }

    /// The same scope, in which every weight must be in the pretrained file.
    pub fn required(&self) -> Self {
        Self {
            required: true,
            ..self.clone()
        }
    }

    /// The weights to which the scope belongs.
    pub fn weights(&self) -> &Weights {
        &self.weights
    }

    /// The weight `name` of this shape; asked for twice, it is the same weight.
    ///
    /// # Errors
    /// [`Error::Weight`](crate::Error::Weight) if the pretrained file, or an earlier call, has it in another shape, or
    /// if it is required and missing.
    pub fn get(&self, name: &str, shape: &[usize], init: Init) -> Result<Tensor> {
        self.packed(&[(name, init)], shape)
    }

    /// One weight of several parts, each of shape `shape_each`, stacked along the first dimension.
    ///
    /// It is loaded from and saved to the parts' own names.
    ///
    /// # Errors
    /// Those of [`Scope::get`], and [`Error::Conflict`](crate::Error::Conflict) if some of the parts are frozen and
    /// others are not.
    pub fn stacked(&self, names: &[&str], shape_each: &[usize], init: Init) -> Result<Tensor> {
        let parts: Vec<_> = names.iter().map(|name| (*name, init)).collect();
        self.packed(&parts, shape_each)
    }

    /// [`Scope::stacked`] with an initial value of its own for each part.
    pub(super) fn packed(&self, parts: &[(&str, Init)], shape_each: &[usize]) -> Result<Tensor> {
        Ok(self.request(parts, shape_each, Kept::Whole)?.0)
    }

    /// Numbers that belong to the model but are not trained: saved and loaded with its weights, and set by the layer that
    /// asked for them.
    ///
    /// # Errors
    /// Those of [`Scope::get`].
    pub fn buffer(&self, name: &str, shape: &[usize], init: Init) -> Result<Var> {
        self.request(&[(name, init)], shape, Kept::Still)?;
        self.weights.variable(&self.full(name))
    }

    /// A table `[count, width]` whose gradient is kept by rows.
    pub(super) fn table(
        &self,
        name: &str,
        count: usize,
        width: usize,
        init: Init,
    ) -> Result<(Tensor, Option<LazyRows>)> {
        self.request(&[(name, init)], &[count, width], Kept::ByRows)
    }

    fn request(
        &self,
        parts: &[(&str, Init)],
        shape: &[usize],
        kept: Kept,
    ) -> Result<(Tensor, Option<LazyRows>)> {
        let names: Vec<&str> = parts.iter().map(|(name, _)| *name).collect();
        self.weights.get(Request {
            parts: parts
                .iter()
                .map(|(name, init)| (self.full(name), *init))
                .collect(),
            name: self.full(&names.join("+")),
            shape,
            required: self.required,
            kept,
        })
    }

    fn full(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.into()
        } else {
            format!("{}.{name}", self.path)
        }
    }
}
