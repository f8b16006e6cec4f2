//! The pre-activation ResNet-18 of small images (He et al. 2016, 1603.05027).

use candle_core::Tensor;

use super::pixels::{channels_last, pooled};
use super::settings::ResnetSettings;
use crate::error::Result;
use crate::nn::{BatchNorm, Conv2d, Linear, Scope, Statistics, Then};
use crate::plan::Site;
use crate::tap::{Flow, Tap};

/// Stages, and blocks of each.
const STAGES: usize = 4;
const BLOCKS: usize = 2;

/// A convolution of 3x3, four stages of two blocks, each but the first with stride 2 and twice the channels, a last
/// batch norm and ReLU, the mean over pixels and a linear head.
#[derive(Debug, Clone)]
pub(super) struct Resnet18 {
    stem: Conv2d,
    stages: Vec<Vec<Block>>,
    norm: BatchNorm,
    head: Linear,
}

/// `x + conv(relu(bn(conv(relu(bn(x))))))`; where the shape changes, `x` goes by a 1x1 convolution of its relu(bn(x)).
#[derive(Debug, Clone)]
struct Block {
    norms: [BatchNorm; 2],
    convs: [Conv2d; 2],
    shortcut: Option<Conv2d>,
}

impl Block {
    fn load(scope: &Scope, inputs: usize, width: usize, stride: usize) -> Result<Self> {
        let changes = stride != 1 || inputs != width;
        let shortcut = || Conv2d::load(&scope.at("shortcut"), (inputs, width), 1, stride);
        Ok(Self {
            norms: [
                BatchNorm::load(&scope.at("norm1"), inputs)?,
                BatchNorm::load(&scope.at("norm2"), width)?,
            ],
            convs: [
                Conv2d::load(&scope.at("conv1"), (inputs, width), 3, stride)?,
                Conv2d::load(&scope.at("conv2"), (width, width), 3, 1)?,
            ],
            shortcut: changes.then(shortcut).transpose()?,
        })
    }

    fn forward(&self, x: &Tensor, by: Statistics) -> Result<Tensor> {
        let active = self.norms[0].forward(x, by, Then::Relu)?;
        let inner = self.convs[0].forward(&active)?;
        let inner = self.norms[1].forward(&inner, by, Then::Relu)?;
        let around = match &self.shortcut {
            Some(shortcut) => shortcut.forward(&active)?,
            None => x.clone(),
        };
        Ok((around + self.convs[1].forward(&inner)?)?)
    }
}

impl Resnet18 {
    pub fn load(
        scope: &Scope,
        settings: &ResnetSettings,
        channels: usize,
        outputs: usize,
    ) -> Result<Self> {
        let width = |stage: usize| settings.width << stage;
        let block = |stage: usize, block: usize| {
            let (inputs, stride) = match (stage, block) {
                (0, 0) => (settings.width, 1),
                (_, 0) => (width(stage - 1), 2),
                _ => (width(stage), 1),
            };
            let scope = scope.at("stages").at(stage.to_string());
            Block::load(&scope.at(block.to_string()), inputs, width(stage), stride)
        };
        let stage = |s| (0..BLOCKS).map(|b| block(s, b)).collect();
        let last = width(STAGES - 1);
        Ok(Self {
            stem: Conv2d::load(&scope.at("stem"), (channels, settings.width), 3, 1)?,
            stages: (0..STAGES).map(stage).collect::<Result<_>>()?,
            norm: BatchNorm::load(&scope.at("norm"), last)?,
            head: Linear::uniform(&scope.at("head"), last, outputs)?,
        })
    }

    pub fn stages(&self) -> usize {
        STAGES
    }

    pub fn forward(&self, images: &Tensor, tap: &mut dyn Tap) -> Result<Tensor> {
        let by = Statistics::of(tap);
        let mut x = self.stem.forward(&channels_last(images, tap)?)?;
        for (k, stage) in (1..).zip(&self.stages) {
            for block in stage {
                x = block.forward(&x, by)?;
            }
            x = tap.at(Site::Hidden(k), Flow::new(x))?.x;
        }
        let x = self.norm.forward(&x, by, Then::Relu)?;
        self.head.forward(&pooled(&x, tap)?)
    }
}
