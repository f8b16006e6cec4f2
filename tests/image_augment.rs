//! Augmentation and the image source, from outside: each change alone is one of its possible outcomes, pixel by pixel,
//! and all of these occur; nothing depends on the batch or the threads; mixing on the buffer is mixing at the tap.

use std::collections::HashMap;
use std::sync::Arc;

use candle_core::{Device, Tensor};
use candle_mixup::data::Source;
use candle_mixup::image::{
    Augment, ImageOptions, ImageSet, ImageShape, ImageSource, Normalisation,
};
use candle_mixup::{
    Asked, Blend, Boxes, Flow, Frame, MixPlan, MixTap, Pairs, PixelBox, RowSource, Site, Tap,
};

const SHAPE: ImageShape = ImageShape {
    channels: 2,
    height: 4,
    width: 5,
};

/// `rows` images of which no two pixels of a channel are alike and none is black.
fn set(rows: usize) -> Arc<ImageSet> {
    let bytes =
        (0..rows * SHAPE.len()).map(|i| (i % SHAPE.len() * 5 + 9 + i / SHAPE.len() % 40) as u8);
    let set = ImageSet::new(SHAPE, bytes.collect(), vec![], vec![]);
    Arc::new(set.expect("whole images"))
}

fn source(set: &Arc<ImageSet>, augment: &str) -> ImageSource {
    let augment = augment.parse().expect("an augmentation");
    let unit = Normalisation::unit(set);
    ImageSource::new(set.clone(), unit, augment, Device::Cpu).expect("fits")
}

fn values(batch: &Tensor) -> Vec<f32> {
    batch
        .flatten_all()
        .and_then(|b| b.to_vec1())
        .expect("f32 values")
}

/// What a training pass sees of these rows.
fn trained(
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
fn byte(set: &ImageSet, channel: usize, y: isize, x: isize) -> f32 {
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
fn image(set: &ImageSet, from: impl Fn(isize, isize) -> (isize, isize)) -> Vec<f32> {
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

/// Every outcome over many epochs is one of `possible`, and each of these is met about equally often.
fn check_outcomes(set: &Arc<ImageSet>, augment: &str, possible: &[Vec<f32>]) {
    let source = source(set, augment);
    let epochs = 200 * possible.len() as u32;
    let mut met: HashMap<usize, u32> = HashMap::new();
    for epoch in 0..epochs {
        let (outcome, _) = trained(&source, &[0], epoch, None);
        let place = possible.iter().position(|p| *p == outcome);
        *met.entry(place.unwrap_or_else(|| panic!("{augment}: {outcome:?}")))
            .or_default() += 1;
    }
    assert_eq!(met.len(), possible.len(), "{augment}");
    // 200 expected of each, with a deviation of at most 14.2: five of them.
    assert!(
        met.values().all(|n| n.abs_diff(200) < 71),
        "{augment}: {met:?}"
    );
}

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
fn flip_mirrors_every_other_time() {
    let set = set(1);
    let mirrored = image(&set, |y, x| (y, SHAPE.width as isize - 1 - x));
    check_outcomes(&set, "flip", &[image(&set, |y, x| (y, x)), mirrored]);
}

#[test]
fn crop_takes_every_place_of_the_padded_image() {
    let set = set(1);
    let moves = (-2..=2).flat_map(|dy| (-2..=2).map(move |dx| (dy, dx)));
    let possible: Vec<_> = moves
        .map(|(dy, dx)| image(&set, |y, x| (y + dy, x + dx)))
        .collect();
    check_outcomes(&set, "crop=2", &possible);
}

#[test]
fn translation_moves_by_a_share_of_each_side() {
    let set = set(1);
    // 0.45 of 4 is one pixel, of 5 it is two.
    let moves = (-1..=1).flat_map(|dy| (-2..=2).map(move |dx| (dy, dx)));
    let possible: Vec<_> = moves
        .map(|(dy, dx)| image(&set, |y, x| (y - dy, x - dx)))
        .collect();
    check_outcomes(&set, "translate=0.45", &possible);
}

#[test]
fn cutout_is_cut_off_at_the_border() {
    let set = set(1);
    let plain = image(&set, |y, x| (y, x));
    let cut = |cy: isize, cx: isize, before: isize, side: isize| {
        let (top, left) = (cy - before, cx - before);
        let inside = move |y: isize, x: isize| {
            (top..top + side).contains(&y) && (left..left + side).contains(&x)
        };
        let outside = (-1, -1);
        image(&set, |y, x| if inside(y, x) { outside } else { (y, x) })
    };
    let centres = || (0..4).flat_map(|y| (0..5).map(move |x| (y, x)));
    let even: Vec<_> = centres().map(|(y, x)| cut(y, x, 1, 2)).collect();
    check_outcomes(&set, "cutout=2", &even);
    let odd: Vec<_> = centres().map(|(y, x)| cut(y, x, 0, 1)).collect();
    check_outcomes(&set, "cutout=1", &odd);
    assert!(even.contains(&cut(0, 0, 1, 2)) && !even.contains(&plain));
}

#[test]
fn cutout_is_zero_after_normalisation_and_the_border_black_before() {
    let set = set(1);
    let normalisation = Normalisation {
        mean: vec![50.0, 20.0],
        std: vec![10.0, 5.0],
    };
    let augment = "cutout=1".parse().expect("an augmentation");
    let cut = ImageSource::new(set.clone(), normalisation.clone(), augment, Device::Cpu);
    let (outcome, _) = trained(&cut.expect("fits"), &[0], 0, None);
    assert_eq!(
        outcome.iter().filter(|v| **v == 0.0).count(),
        2,
        "one a channel: {outcome:?}"
    );
    let moved = "translate=0.7".parse().expect("an augmentation");
    let moved = ImageSource::new(set, normalisation, moved, Device::Cpu).expect("fits");
    let met = (0..20).any(|epoch| {
        let (outcome, _) = trained(&moved, &[0], epoch, None);
        let black = |c: usize, v: f32| outcome[c * 20..(c + 1) * 20].contains(&v);
        black(0, -5.0) && black(1, -4.0)
    });
    assert!(met, "(0 - 50) / 10 and (0 - 20) / 5 come in");
}

#[test]
fn noise_has_its_deviation_and_is_white() {
    let shape = ImageShape {
        channels: 1,
        height: 100,
        width: 100,
    };
    let set = ImageSet::new(shape, vec![100; 10_000], vec![], vec![]).expect("whole");
    let normalisation = Normalisation {
        mean: vec![100.0],
        std: vec![51.0],
    };
    let augment = "noise=0.1".parse().expect("an augmentation");
    let source =
        ImageSource::new(Arc::new(set), normalisation, augment, Device::Cpu).expect("fits");
    let asked = Asked {
        rows: &[0],
        seed: 1,
        epoch: 2,
        plan: None,
    };
    let noise = values(&source.training(&asked).expect("fed").input);
    // 0.1 of 255 in units of 51: 0.5.
    let mean = |f: &dyn Fn(f32) -> f32| noise.iter().map(|&v| f64::from(f(v))).sum::<f64>() / 1e4;
    assert!(mean(&|v| v).abs() < 5.0 * 0.5 / 100.0);
    assert!((mean(&|v| v * v).sqrt() - 0.5).abs() < 5.0 * 0.5 / 200f64.sqrt() / 10.0);
    let neighbours: f64 = noise
        .windows(2)
        .map(|w| f64::from(w[0] * w[1]))
        .sum::<f64>()
        / 1e4;
    assert!(neighbours.abs() < 5.0 * 0.25 / 100.0);
}

#[test]
fn rows_do_not_depend_on_batch_order_or_threads() {
    let set = set(40);
    let source = source(
        &set,
        "flip,crop=1,translate=0.3,rotate=20,noise=0.1,cutout=2",
    );
    let rows: Vec<u32> = (0..40).rev().collect();
    let (together, _) = trained(&source, &rows, 5, None);
    for (place, &row) in rows.iter().enumerate() {
        let (alone, _) = trained(&source, &[row], 5, None);
        assert_eq!(alone, together[place * SHAPE.len()..][..SHAPE.len()]);
    }
    for threads in [1, 3] {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("threads");
        assert_eq!(
            pool.install(|| trained(&source, &rows, 5, None).0),
            together
        );
    }
}

#[test]
fn epochs_seeds_and_rows_draw_anew() {
    let set = set(2);
    let source = source(&set, "noise=0.1");
    let plain = values(&source.batch(&[0, 1]).expect("a batch"));
    let noise = |seed, epoch| {
        let asked = Asked {
            rows: &[0, 1],
            seed,
            epoch,
            plan: None,
        };
        let noisy = values(&source.training(&asked).expect("fed").input);
        noisy
            .iter()
            .zip(&plain)
            .map(|(n, p)| n - p)
            .collect::<Vec<f32>>()
    };
    let first = noise(1, 1);
    assert_eq!(first, noise(1, 1));
    assert_ne!(first, noise(1, 2));
    assert_ne!(first, noise(2, 1));
    assert_ne!(first[..SHAPE.len()], first[SHAPE.len()..]);
}

#[test]
fn no_change_moves_anothers_draws() {
    let set = set(1);
    let black = |image: &[f32]| image.iter().map(|v| *v == 0.0).collect::<Vec<bool>>();
    let mut differ = 0;
    for epoch in 0..50 {
        let cut = trained(&source(&set, "cutout=2"), &[0], epoch, None).0;
        let both = trained(&source(&set, "flip,noise=0.01,cutout=2"), &[0], epoch, None).0;
        assert_eq!(black(&cut), black(&both), "the same square");
        let flipped = trained(&source(&set, "flip"), &[0], epoch, None).0;
        let moved = trained(&source(&set, "flip,crop=1"), &[0], epoch, None).0;
        let rising = |image: &[f32]| image[6] < image[7] || image[11] < image[12];
        assert_eq!(rising(&flipped), rising(&moved), "the same flip");
        differ += usize::from(flipped != moved);
    }
    assert!(differ > 30);
}

#[test]
fn draws_are_pinned() {
    let set = set(2);
    let source = source(&set, "flip,crop=1,cutout=1");
    let bytes: Vec<u32> = trained(&source, &[1], 3, None).0[..20]
        .iter()
        .map(|v| (v * 255.0).round() as u32)
        .collect();
    assert_eq!(bytes, PINNED);
}

/// Cropped one to the left and one down, cut out at its second row.
const PINNED: [u32; 20] = [
    0, 35, 40, 0, 50, 0, 60, 65, 70, 75, 0, 85, 90, 95, 100, 0, 0, 0, 0, 0,
];

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

#[test]
fn written_and_read_back() {
    for text in [
        "none",
        "flip",
        "flip,crop=4,translate=0.1,rotate=10,noise=0.05,cutout=8",
    ] {
        let augment: Augment = text.parse().expect("an augmentation");
        assert_eq!(augment.to_string(), text);
        let json = serde_json::to_string(&augment).expect("JSON");
        assert_eq!(
            serde_json::from_str::<Augment>(&json).expect("JSON"),
            augment
        );
    }
    let default: Augment = serde_json::from_str("{}").expect("JSON");
    assert_eq!((default, default.is_none()), (Augment::default(), true));
    assert!(serde_json::from_str::<Augment>(r#"{"flop":true}"#).is_err());
}

#[test]
fn what_cannot_be_read() {
    let error = |text: &str| text.parse::<Augment>().expect_err("refused").to_string();
    assert_eq!(
        error("flop"),
        "unknown augmentation 'flop' (did you mean 'flip'?); known: flip, crop, translate, rotate, noise, cutout"
    );
    assert_eq!(error("flip=2"), "flip must be without a number, got 2");
    assert_eq!(
        error("crop"),
        "crop must be crop=NUMBER: pixels, a whole number from 1, got nothing"
    );
    for text in [
        "crop=0",
        "crop=1.5",
        "crop=-1",
        "cutout=x",
        "rotate=0",
        "noise=-1",
        "noise=inf",
        "translate=NaN",
    ] {
        assert!(error(text).contains("=NUMBER: "), "{text}: {}", error(text));
    }
    assert_eq!(
        error("flip,crop=2,flip"),
        "augmentation must be named once each, got flip,crop=2,flip"
    );
    assert!(error("").starts_with("unknown augmentation ''"));
}

#[test]
fn what_does_not_fit_the_images() {
    let error = |text: &str| {
        let augment: Augment = text.parse().expect("an augmentation");
        augment.check(SHAPE).expect_err("refused").to_string()
    };
    assert_eq!(
        error("crop=4"),
        "crop must be below the 4 pixels of the image's shorter side (2x4x5), got 4"
    );
    assert!(error("cutout=5").starts_with("cutout must be at most the 4 pixels"));
    assert!(error("rotate=181").starts_with("rotate must be degrees from 0 to 180"));
    assert!(error("translate=1").starts_with("translate must be a share"));
    assert!(error("translate=0.1").contains("enough to move an image of 2x4x5 by a pixel"));
    let unread = Augment {
        noise: f64::NAN,
        ..Augment::default()
    };
    assert!(unread.check(SHAPE).is_err());
    for fits in [
        "none",
        "flip,crop=3,translate=0.25,rotate=180,noise=2,cutout=4",
    ] {
        fits.parse::<Augment>()
            .and_then(|a| a.check(SHAPE))
            .expect("fits");
    }
    let set = set(1);
    let wrong = Normalisation {
        mean: vec![0.0],
        std: vec![1.0],
    };
    assert!(ImageSource::new(set.clone(), wrong, Augment::default(), Device::Cpu).is_err());
    let wrong = Normalisation {
        mean: vec![0.0; 2],
        std: vec![1.0, 0.0],
    };
    assert!(ImageSource::new(set, wrong, Augment::default(), Device::Cpu).is_err());
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
