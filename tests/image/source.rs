//! The image source: plain and training batches, mixing on the buffer against mixing at the tap.

use std::sync::Arc;

use candle_core::{Device, Tensor};
use candle_mixup::data::Source;
use candle_mixup::image::{Augment, ImageOptions, ImageSet, ImageSource, Normalisation};
use candle_mixup::{
    Blend, Boxes, Flow, Frame, MixPlan, MixTap, Pairs, PixelBox, RowSource, Site, Tap,
};

use super::fed::{SHAPE, image, set, source, trained, values};

#[test]
fn nothing_asked_is_the_plain_batch() {
    let set = set(3);
    let plain = source(&set, "none");
    let rows = [2, 0, 1, 0];
    let batch = values(&plain.batch(&rows).expect("a batch"));
    let (trained, mixed) = trained(&plain, &rows, 3, None);
    assert_eq!((&trained, mixed), (&batch, false));
    assert_eq!(
        batch[SHAPE.len()..2 * SHAPE.len()],
        image(&set, |y, x| (y, x))[..]
    );
}

#[test]
fn evaluation_is_never_augmented() {
    let set = set(2);
    let all = source(
        &set,
        "flip,crop=2,translate=0.3,rotate=40,noise=0.2,cutout=2",
    );
    let plain = values(&source(&set, "none").batch(&[1, 0]).expect("a batch"));
    assert_eq!(values(&all.batch(&[1, 0]).expect("a batch")), plain);
    assert_ne!(trained(&all, &[1, 0], 0, None).0, plain);
}

#[test]
fn digits_in_units_of_white() {
    let digits =
        Source::parse("@digits").and_then(|s| ImageSet::read(&s, &ImageOptions::default()));
    let digits = Arc::new(digits.expect("shipped"));
    let unit = Normalisation::unit(&digits);
    let source = ImageSource::new(digits, unit, Augment::default(), Device::Cpu).expect("fits");
    let batch = source
        .batch(&(0..1797).collect::<Vec<u32>>())
        .expect("a batch");
    assert_eq!((source.len(), batch.dims()), (1797, &[1797, 1, 8, 8][..]));
    let batch = values(&batch);
    assert_eq!(batch[2..5], [5.0 / 16.0, 13.0 / 16.0, 9.0 / 16.0]);
    assert!(batch.iter().all(|v| (0.0..=1.0).contains(v)) && batch.contains(&1.0));
}

/// A plan over `n` rows at the input, partners turned by one.
fn plan(n: usize, blend: Blend, weight: impl Fn(usize) -> f64) -> MixPlan {
    let own: Vec<u32> = (0..n as u32).collect();
    let mut partner = own.clone();
    partner.rotate_left(1);
    partner.swap(1, 3);
    let weight: Vec<f64> = (0..n).map(weight).collect();
    MixPlan {
        site: Site::Input,
        pairs: Pairs::new(own, partner, weight.clone(), weight).expect("pairs"),
        blend,
        residue: None,
        loaded: Vec::new(),
    }
}

/// What the tap makes of the batch.
fn at_the_tap(batch: &[f32], plan: &MixPlan) -> Vec<f32> {
    let rows = batch.len() / SHAPE.len();
    let dims = (rows, SHAPE.channels, SHAPE.height, SHAPE.width);
    let batch = Tensor::from_slice(batch, dims, &Device::Cpu).expect("a tensor");
    let mixed = MixTap::new(Some(plan)).at(Site::Input, Flow::new(batch));
    values(&mixed.expect("mixed").x)
}

#[test]
fn mixing_on_the_buffer_is_mixing_at_the_tap() {
    let set = set(7);
    let source = source(&set, "flip,crop=2,noise=0.1");
    let rows: Vec<u32> = vec![3, 1, 0, 6, 2, 5, 4];
    let weights = [0.3, 1.0, 0.0, 0.5, 0.123, 0.999, 0.77];
    let frame = Frame {
        height: SHAPE.height,
        width: SHAPE.width,
    };
    let boxes: Vec<PixelBox> = (0..7)
        .map(|i| PixelBox::from([i % 3, i % 4, i % 2 + 1, 1]))
        .collect();
    let kept: Vec<f64> = boxes.iter().map(|b| 1.0 - b.area() as f64 / 20.0).collect();
    let boxes = Boxes::new(frame, boxes).expect("inside");
    let (plain, mixed) = trained(&source, &rows, 1, None);
    assert!(!mixed);
    for plan in [
        plan(7, Blend::Linear, |r| weights[r]),
        plan(7, Blend::Box(boxes), |r| kept[r]),
    ] {
        let (got, mixed) = trained(&source, &rows, 1, Some(&plan));
        assert!(mixed);
        assert_ne!(got, plain);
        let bits = |v: &[f32]| v.iter().map(|x| x.to_bits()).collect::<Vec<u32>>();
        assert_eq!(bits(&got), bits(&at_the_tap(&plain, &plan)));
    }
}

#[test]
fn what_the_buffer_cannot_mix_is_left_to_the_tap() {
    let set = set(4);
    let source = source(&set, "flip");
    let rows = [0, 1, 2, 3];
    let (plain, _) = trained(&source, &rows, 1, None);
    let linear = || plan(4, Blend::Linear, |_| 0.5);
    let elsewhere = MixPlan {
        site: Site::Pooled,
        ..linear()
    };
    let pairs = Pairs::new(vec![0; 4], vec![1; 4], vec![0.5; 4], vec![0.5; 4]).expect("pairs");
    let repeated = MixPlan { pairs, ..linear() };
    let fewer = plan(4, Blend::Linear, |_| 0.5);
    for plan in [elsewhere, repeated] {
        assert_eq!(
            trained(&source, &rows, 1, Some(&plan)),
            (plain.clone(), false)
        );
    }
    // A row that the plan loads stands behind the batch: no longer as many rows as pairs.
    let (loaded, mixed) = trained(&source, &[0, 1, 2, 3, 0], 1, Some(&fewer));
    assert_eq!((&loaded[..plain.len()], mixed), (&plain[..], false));
}
