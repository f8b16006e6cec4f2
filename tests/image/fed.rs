//! Small images, and what a source makes of them.

use std::sync::Arc;

use candle_core::{Device, Tensor};
use candle_mixup::image::{ImageSet, ImageShape, ImageSource, Normalisation};
use candle_mixup::{Asked, MixPlan, RowSource};

pub const SHAPE: ImageShape = ImageShape {
    channels: 2,
    height: 4,
    width: 5,
};

/// `rows` images of which no two pixels of a channel are alike and none is black.
pub fn set(rows: usize) -> Arc<ImageSet> {
    let bytes =
        (0..rows * SHAPE.len()).map(|i| (i % SHAPE.len() * 5 + 9 + i / SHAPE.len() % 40) as u8);
    let set = ImageSet::new(SHAPE, bytes.collect(), vec![], vec![]);
    Arc::new(set.expect("whole images"))
}

pub fn source(set: &Arc<ImageSet>, augment: &str) -> ImageSource {
    let augment = augment.parse().expect("an augmentation");
    let unit = Normalisation::unit(set);
    ImageSource::new(set.clone(), unit, augment, Device::Cpu).expect("fits")
}

pub fn values(batch: &Tensor) -> Vec<f32> {
    batch
        .flatten_all()
        .and_then(|b| b.to_vec1())
        .expect("f32 values")
}

/// What a training pass sees of these rows.
pub fn trained(
    source: &ImageSource,
    rows: &[u32],
    epoch: u32,
    plan: Option<&MixPlan>,
) -> (Vec<f32>, bool) {
    let asked = Asked {
        rows,
        seed: 7,
        epoch,
        plan,
    };
    let fed = source.training(&asked).expect("fed");
    assert_eq!(
        fed.input.dims(),
        [rows.len(), SHAPE.channels, SHAPE.height, SHAPE.width]
    );
    (values(&fed.input), fed.mixed)
}

/// Row 0's bytes at (channel, y, x); black outside.
pub fn byte(set: &ImageSet, channel: usize, y: isize, x: isize) -> f32 {
    let mut bytes = vec![0; SHAPE.len()];
    set.copy(0, &mut bytes).expect("in the set");
    let inside = (0..SHAPE.height as isize).contains(&y) && (0..SHAPE.width as isize).contains(&x);
    match inside {
        true => {
            f32::from(bytes[(channel * SHAPE.height + y as usize) * SHAPE.width + x as usize])
                / 255.0
        }
        false => 0.0,
    }
}

/// The image whose pixel at (y, x) of each channel is the one that `from` names.
pub fn image(set: &ImageSet, from: impl Fn(isize, isize) -> (isize, isize)) -> Vec<f32> {
    let mut image = Vec::new();
    for channel in 0..SHAPE.channels {
        for y in 0..SHAPE.height as isize {
            for x in 0..SHAPE.width as isize {
                let (y, x) = from(y, x);
                image.push(byte(set, channel, y, x));
            }
        }
    }
    image
}
