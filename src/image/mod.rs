//! Images: read as bytes, augmented, mixed on the batch's own buffer, and the models that take them.
//!
//! An image of a batch is `[channels, height, width]`, and a batch f32 `[rows, channels, height, width]`.

mod augment;
mod classes;
mod content;
mod map;
mod model;
mod normalisation;
mod options;
mod pictures;
mod pixels;
mod read;
mod set;
mod shape;
mod source;

pub use augment::Augment;
pub use model::{
    CnnSettings, ImageModel, ImageModelSettings, LinearSettings, MlpSettings, ResnetSettings,
};
pub use normalisation::Normalisation;
pub use options::{Alpha, Channels, ImageOptions, SixteenBit};
pub use set::ImageSet;
pub use shape::ImageShape;
pub use source::ImageSource;
