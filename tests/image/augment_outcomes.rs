//! Each change alone gives one of its possible outcomes, pixel by pixel, and all of these occur equally often.

use std::collections::HashMap;
use std::sync::Arc;

use candle_core::Device;
use candle_mixup::image::{ImageSet, ImageShape, ImageSource, Normalisation};
use candle_mixup::{Asked, RowSource};

use super::fed::{SHAPE, image, set, source, trained, values};

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
