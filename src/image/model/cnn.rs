//! A small residual network: in each stage one convolution and a block of two.

use candle_core::Tensor;

use super::pixels::{channels_last, pooled};
use super::settings::CnnSettings;
use crate::error::Result;
use crate::nn::{BatchNorm, Conv2d, Linear, Scope, Statistics, Then, add_relu};
use crate::plan::Site;
use crate::tap::{Flow, Tap};

/// Convolutions of 3x3 with batch norm: each stage widens, from the second on with stride 2, and adds a residual block
/// (He et al. 2016, 1512.03385).
///
/// ```text
/// x ← relu(bn(conv(x)));  x ← relu(x + bn(conv(relu(bn(conv(x))))))
/// ```
#[derive(Debug, Clone)]
pub(super) struct Cnn {
    stages: Vec<Stage>,
    head: Linear,
}

#[derive(Debug, Clone)]
struct Stage {
    widen: Normed,
    first: Normed,
    second: Normed,
}

/// A convolution and its batch norm.
#[derive(Debug, Clone)]
struct Normed {
    conv: Conv2d,
    norm: BatchNorm,
}

impl Normed {
    fn load(scope: &Scope, widths: (usize, usize), stride: usize) -> Result<Self> {
        Ok(Self {
            conv: Conv2d::load(&scope.at("conv"), widths, 3, stride)?,
            norm: BatchNorm::load(&scope.at("norm"), widths.1)?,
        })
    }

    fn forward(&self, x: &Tensor, by: Statistics, then: Then) -> Result<Tensor> {
        self.norm.forward(&self.conv.forward(x)?, by, then)
    }
}

impl Stage {
    fn load(scope: &Scope, inputs: usize, width: usize, stride: usize) -> Result<Self> {
        let both = (width, width);
        Ok(Self {
            widen: Normed::load(&scope.at("widen"), (inputs, width), stride)?,
            first: Normed::load(&scope.at("first"), both, 1)?,
            second: Normed::load(&scope.at("second"), both, 1)?,
        })
    }

    fn forward(&self, x: &Tensor, by: Statistics) -> Result<Tensor> {
        let x = self.widen.forward(x, by, Then::Relu)?;
        let inner = self.first.forward(&x, by, Then::Relu)?;
        add_relu(&x, &self.second.forward(&inner, by, Then::Nothing)?)
    }
}

impl Cnn {
    pub fn load(
        scope: &Scope,
        settings: &CnnSettings,
        channels: usize,
        outputs: usize,
    ) -> Result<Self> {
        let widths = &settings.widths;
        let inputs = [channels].into_iter().chain(widths.iter().copied());
        let stages = inputs.zip(widths).enumerate().map(|(k, (inputs, width))| {
            let stride = if k == 0 { 1 } else { 2 };
            let scope = scope.at("stages").at(k.to_string());
            Stage::load(&scope, inputs, *width, stride)
        });
        let last = widths.last().copied().unwrap_or(channels);
        Ok(Self {
            stages: stages.collect::<Result<_>>()?,
            head: Linear::uniform(&scope.at("head"), last, outputs)?,
        })
    }

    pub fn stages(&self) -> usize {
        self.stages.len()
    }

    pub fn forward(&self, images: &Tensor, tap: &mut dyn Tap) -> Result<Tensor> {
        let mut x = channels_last(images, tap)?;
        for (k, stage) in (1..).zip(&self.stages) {
            x = stage.forward(&x, Statistics::of(tap))?;
            x = tap.at(Site::Hidden(k), Flow::new(x))?.x;
        }
        self.head.forward(&pooled(&x, tap)?)
    }
}
