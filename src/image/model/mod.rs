//! Models of images that show their sites.

mod cnn;
mod mlp;
mod pixels;
mod resnet;
mod settings;

use candle_core::Tensor;

use cnn::Cnn;
use mlp::Mlp;
use resnet::Resnet18;
pub use settings::{CnnSettings, ImageModelSettings, LinearSettings, MlpSettings, ResnetSettings};

use super::shape::ImageShape;
use crate::error::{Error, Result};
use crate::nn::Weights;
use crate::plan::Site;
use crate::tap::{Tap, Tapped};

/// A model of images: f32 `[rows, channels, height, width]` to logits.
///
/// Sites: `input`, the images as they come in; `hidden1` and so on what each stage gives, `[rows, height, width,
/// channels]`, or each layer, `[rows, width]`; `pooled` the vector before the head.
#[derive(Debug, Clone)]
pub struct ImageModel {
    shape: ImageShape,
    net: Net,
}

#[derive(Debug, Clone)]
enum Net {
    Mlp(Mlp),
    Cnn(Cnn),
    Resnet18(Resnet18),
}

impl ImageModel {
    /// Takes the model's weights from `weights`, for images of `shape` and with `outputs` logits.
    ///
    /// # Errors
    /// Those of [`ImageModelSettings::check`]; [`Error::Weight`] naming a weight that is misshapen in the file that
    /// `weights` was given.
    pub fn load(
        weights: &Weights,
        settings: &ImageModelSettings,
        shape: ImageShape,
        outputs: usize,
    ) -> Result<Self> {
        settings.check(shape, outputs)?;
        let scope = weights.scope();
        let net = match settings {
            ImageModelSettings::Linear(_) => {
                let bare = MlpSettings {
                    hidden: Vec::new(),
                    ..MlpSettings::default()
                };
                Net::Mlp(Mlp::load(&scope, &bare, shape.len(), outputs)?)
            }
            ImageModelSettings::Mlp(s) => Net::Mlp(Mlp::load(&scope, s, shape.len(), outputs)?),
            ImageModelSettings::Cnn(s) => Net::Cnn(Cnn::load(&scope, s, shape.channels, outputs)?),
            ImageModelSettings::Resnet18(s) => {
                Net::Resnet18(Resnet18::load(&scope, s, shape.channels, outputs)?)
            }
        };
        Ok(Self { shape, net })
    }

    fn check(&self, images: &Tensor) -> Result<()> {
        let ImageShape {
            channels,
            height,
            width,
        } = self.shape;
        match images.dims() {
            [_, c, h, w] if [*c, *h, *w] == [channels, height, width] => Ok(()),
            other => Err(Error::Shape {
                what: "images".into(),
                expected: format!("[rows, {channels}, {height}, {width}]"),
                got: format!("{other:?}"),
            }),
        }
    }
}

impl Tapped for ImageModel {
    type Input = Tensor;

    fn sites(&self) -> Vec<Site> {
        let stages = match &self.net {
            Net::Mlp(net) => net.layers(),
            Net::Cnn(net) => net.stages(),
            Net::Resnet18(net) => net.stages(),
        };
        [Site::Input]
            .into_iter()
            .chain((1..=stages).map(Site::Hidden))
            .chain([Site::Pooled])
            .collect()
    }

    fn forward(&self, input: &Tensor, tap: &mut dyn Tap) -> Result<Tensor> {
        self.check(input)?;
        match &self.net {
            Net::Mlp(net) => net.forward(input, tap),
            Net::Cnn(net) => net.forward(input, tap),
            Net::Resnet18(net) => net.forward(input, tap),
        }
    }
}
