//! Mixed images and targets as timm and torchvision make them, given what they drew. The reference arrays are written by
//! `tests/data/image_reference.py`.

use candle_core::{Device, Tensor};
use candle_mixup::schedule::BoxRule;
use candle_mixup::{
    Blend, Boxes, Frame, Pairs, PixelBox, cut_in_place, mix, mix_in_place, mix_targets, one_hot,
    smooth,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Reference {
    batches: Vec<Batch>,
    bytes: Vec<Bytes>,
}

/// A batch that another library mixed, and what it drew.
#[derive(Deserialize)]
struct Batch {
    name: String,
    dims: [usize; 4],
    mode: String,
    partner: String,
    smoothing: f64,
    corrected: bool,
    lambda: Vec<f64>,
    cutmix: Vec<bool>,
    /// In the order in which they were needed.
    boxes: Vec<[usize; 4]>,
    centre: Option<[usize; 2]>,
    mixed: Vec<f32>,
    targets: Vec<f32>,
}

#[derive(Deserialize)]
struct Bytes {
    dims: [usize; 4],
    lambda: f64,
    mixed: Vec<u8>,
}

fn reference() -> Reference {
    serde_json::from_str(include_str!("data/image_reference.json")).expect("reference arrays")
}

const CLASSES: usize = 3;

fn images(dims: [usize; 4]) -> Vec<f32> {
    let value = |i: usize| ((i * 7919) % 1009) as f32 / 1009.0;
    (0..dims.iter().product()).map(value).collect()
}

/// What each row draws.
struct Row {
    partner: u32,
    lambda: f64,
    /// The box, for CutMix.
    cut: Option<PixelBox>,
}

impl Batch {
    fn rows(&self) -> Vec<Row> {
        let n = self.dims[0];
        let mut boxes = self.boxes.iter().copied().map(PixelBox::from);
        let mut drawn: Vec<(f64, Option<PixelBox>)> = Vec::new();
        for (&lambda, &cut) in self.lambda.iter().zip(&self.cutmix) {
            let cut = cut && lambda != 1.0;
            drawn.push((lambda, cut.then(|| boxes.next().expect("a box"))));
        }
        assert!(boxes.next().is_none(), "{}: every box is used", self.name);
        let drawn = |r: usize| match self.mode.as_str() {
            "batch" => drawn[0],
            "pair" => drawn[r.min(n - 1 - r)],
            _ => drawn[r],
        };
        let partner = |r: usize| match self.partner.as_str() {
            "flip" => n - 1 - r,
            _ => (r + n - 1) % n,
        };
        let row = |r| {
            let (lambda, cut) = drawn(r);
            Row {
                partner: partner(r) as u32,
                lambda,
                cut,
            }
        };
        (0..n).map(row).collect()
    }
}

fn close(got: &[f32], expected: &[f32], what: &str) {
    assert_eq!(got.len(), expected.len(), "{what}");
    for (i, (a, b)) in got.iter().zip(expected).enumerate() {
        assert!((a - b).abs() < 1e-6, "{what}, {i}: {a} and not {b}");
    }
}

fn flat(x: &Tensor) -> Vec<f32> {
    x.flatten_all()
        .and_then(|x| x.to_vec1())
        .expect("f32 numbers")
}

/// The linear rows of a batch and its cut ones are two plans; each gives its own rows.
#[test]
fn batches_and_targets_are_those_of_timm_and_torchvision() {
    let batches = reference().batches;
    assert!(batches.len() >= 15);
    for batch in batches {
        let [n, channels, height, width] = batch.dims;
        let frame = Frame { height, width };
        let rows = batch.rows();
        let of_row = |r: &Row| r.cut.unwrap_or_default();
        let boxes = Boxes::new(frame, rows.iter().map(of_row).collect()).expect("boxes");
        let linear = |r: &Row| r.cut.is_none();
        let both = rows.iter().enumerate().map(|(r, row)| match linear(row) {
            true => (row.lambda, row.lambda),
            false if batch.corrected => (boxes.kept(r), boxes.kept(r)),
            false => (boxes.kept(r), row.lambda),
        });
        let (weight, label): (Vec<f64>, Vec<f64>) = both.unzip();
        let own: Vec<u32> = (0..n as u32).collect();
        let partner: Vec<u32> = rows.iter().map(|r| r.partner).collect();
        let pairs = Pairs::new(own, partner, weight, label).expect("pairs");

        let values = images(batch.dims);
        let x = Tensor::from_slice(&values, batch.dims.to_vec(), &Device::Cpu).expect("images");
        let (mut summed, mut cut) = (values.clone(), values);
        mix_in_place(&mut summed, channels * height * width, &pairs).expect("mixed");
        cut_in_place(&mut cut, channels, &pairs, &boxes).expect("cut");
        assert_eq!(
            flat(&mix(&x, &pairs, &Blend::Linear).expect("mixed")),
            summed
        );
        assert_eq!(
            flat(&mix(&x, &pairs, &Blend::Box(boxes)).expect("cut")),
            cut
        );
        let width = channels * height * width;
        for (r, row) in rows.iter().enumerate() {
            let mixed = if linear(row) { &summed } else { &cut };
            let at = r * width..(r + 1) * width;
            let what = format!("{}, row {r}", batch.name);
            close(&mixed[at.clone()], &batch.mixed[at], &what);
        }

        let classes: Vec<u32> = (0..n as u32).map(|i| i * 2 % CLASSES as u32).collect();
        let targets = one_hot(&classes, CLASSES, &Device::Cpu).expect("targets");
        let mixed = mix_targets(&targets, &pairs).expect("mixed targets");
        let mixed = smooth(&mixed, batch.smoothing).expect("smoothed targets");
        close(&flat(&mixed), &batch.targets, &batch.name);
    }
}

#[test]
fn boxes_stand_where_torchvision_puts_them() {
    let placed = reference().batches.into_iter().filter_map(|b| {
        let centre = b.centre?;
        let frame = Frame {
            height: b.dims[2],
            width: b.dims[3],
        };
        Some((BoxRule::around(b.lambda[0], frame, centre), b.boxes[0]))
    });
    let placed: Vec<_> = placed.collect();
    assert!(placed.len() >= 5);
    for (ours, theirs) in placed {
        assert_eq!(<[usize; 4]>::from(ours), theirs);
    }
}

#[test]
fn bytes_are_rounded_as_timm_rounds_them() {
    for Bytes {
        dims,
        lambda,
        mixed,
    } in reference().bytes
    {
        let (n, width) = (dims[0], dims[1..].iter().product::<usize>());
        let byte = |r: usize, i: usize| ((i * 31 + r * 57) % 256) as u8;
        let mut x: Vec<u8> = (0..n)
            .flat_map(|r| (0..width).map(move |i| byte(r, i)))
            .collect();
        let weight = vec![lambda; n];
        let partner = (0..n as u32).rev().collect();
        let pairs = Pairs::new((0..n as u32).collect(), partner, weight.clone(), weight);
        mix_in_place(&mut x, width, &pairs.expect("pairs")).expect("mixed");
        assert_eq!(x, mixed);
    }
}
