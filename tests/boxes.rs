//! Boxes of one image set into another: against the definition, pixel by pixel; in place and out of place.

use candle_core::{Device, Tensor};
use candle_mixup::random::{Purpose, Stream};
use candle_mixup::{Blend, Boxes, Error, Frame, Pairs, PixelBox, cut_in_place, mix};
use proptest::prelude::*;

/// `n` images with a different number in every place.
fn numbered(n: usize, channels: usize, frame: Frame) -> Vec<f32> {
    let count = n * channels * frame.height * frame.width;
    (0..count).map(|i| i as f32).collect()
}

/// The definition: inside the box the partner's pixel, outside the own one.
fn by_definition(x: &[f32], channels: usize, pairs: &Pairs, boxes: &Boxes) -> Vec<f32> {
    let Frame { height, width } = boxes.frame();
    let mut out = Vec::new();
    for r in 0..pairs.len() {
        let b = boxes.boxes()[r];
        for c in 0..channels {
            for y in 0..height {
                for x_at in 0..width {
                    let inside = (b.top..b.top + b.height).contains(&y)
                        && (b.left..b.left + b.width).contains(&x_at);
                    let row = if inside {
                        pairs.partner()[r]
                    } else {
                        pairs.own()[r]
                    };
                    let plane = row as usize * channels + c;
                    out.push(x[(plane * height + y) * width + x_at]);
                }
            }
        }
    }
    out
}

fn draw_boxes(frame: Frame, n: usize, stream: &mut Stream) -> Boxes {
    let boxes = (0..n).map(|_| {
        let (top, left) = (stream.below(frame.height), stream.below(frame.width));
        PixelBox {
            top,
            left,
            height: stream.below(frame.height - top + 1),
            width: stream.below(frame.width - left + 1),
        }
    });
    Boxes::new(frame, boxes.collect()).expect("inside")
}

fn pairs_of(own: Vec<u32>, partner: Vec<u32>, boxes: &Boxes) -> Pairs {
    let kept: Vec<f64> = (0..boxes.len()).map(|r| boxes.kept(r)).collect();
    Pairs::new(own, partner, kept.clone(), kept).expect("pairs")
}

proptest! {
    #[test]
    fn boxes_in_place_and_out_of_place_are_the_definition(
        n in 1usize..9, channels in 1usize..4, height in 1usize..40, width in 1usize..12, seed: u64,
    ) {
        let frame = Frame { height, width };
        let mut stream = Stream::new(seed, Purpose::Box, 0);
        let boxes = draw_boxes(frame, n, &mut stream);
        let pairs = pairs_of((0..n as u32).collect(), stream.permutation(n), &boxes);
        let x = numbered(n, channels, frame);
        let expected = by_definition(&x, channels, &pairs, &boxes);
        let tensor = Tensor::from_slice(&x, (n, channels, height, width), &Device::Cpu).expect("images");
        let mixed = mix(&tensor, &pairs, &Blend::Box(boxes.clone())).expect("mixed");
        prop_assert_eq!(mixed.flatten_all().and_then(|m| m.to_vec1::<f32>()).expect("numbers"), expected.clone());
        let mut buffer = x.clone();
        cut_in_place(&mut buffer, channels, &pairs, &boxes).expect("cut");
        prop_assert_eq!(&buffer, &expected);
        let mut bytes: Vec<u8> = x.iter().map(|&v| (v as u32 % 251) as u8).collect();
        cut_in_place(&mut bytes, channels, &pairs, &boxes).expect("cut");
        let expected: Vec<u8> = expected.iter().map(|&v| (v as u32 % 251) as u8).collect();
        prop_assert_eq!(bytes, expected);
    }

    #[test]
    fn rows_may_come_from_anywhere_out_of_place(rows in 1usize..6, out in 1usize..9, seed: u64) {
        let frame = Frame { height: 5, width: 7 };
        let mut stream = Stream::new(seed, Purpose::Box, 1);
        let boxes = draw_boxes(frame, out, &mut stream);
        let own = (0..out).map(|_| stream.below(rows) as u32).collect();
        let partner = (0..out).map(|_| stream.below(rows) as u32).collect();
        let pairs = pairs_of(own, partner, &boxes);
        let x = numbered(rows, 2, frame);
        let tensor = Tensor::from_slice(&x, (rows, 2, 5, 7), &Device::Cpu).expect("images");
        let mixed = mix(&tensor, &pairs, &Blend::Box(boxes.clone())).expect("mixed");
        let expected = by_definition(&x, 2, &pairs, &boxes);
        prop_assert_eq!(mixed.flatten_all().and_then(|m| m.to_vec1::<f32>()).expect("numbers"), expected);
    }
}

#[test]
fn the_same_bytes_at_any_thread_count() {
    let frame = Frame {
        height: 70,
        width: 9,
    };
    let mut stream = Stream::new(1, Purpose::Box, 2);
    let boxes = draw_boxes(frame, 20, &mut stream);
    let pairs = pairs_of((0..20).collect(), stream.permutation(20), &boxes);
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("threads");
        let mut x = numbered(20, 3, frame);
        pool.install(|| cut_in_place(&mut x, 3, &pairs, &boxes))
            .expect("cut");
        x
    };
    assert_eq!(run(1), run(3));
}

#[test]
fn weights_of_one_and_nought_copy_whole_rows_in_place_as_out_of_place() {
    let frame = Frame {
        height: 2,
        width: 2,
    };
    let b = PixelBox::from([0, 0, 1, 1]);
    let boxes = Boxes::new(frame, vec![b, b, b]).expect("boxes");
    let weight = vec![1.0, 0.0, 0.75];
    let pairs = Pairs::new(vec![0, 1, 2], vec![1, 2, 0], weight.clone(), weight).expect("pairs");
    let x = numbered(3, 1, frame);
    let mut buffer = x.clone();
    cut_in_place(&mut buffer, 1, &pairs, &boxes).expect("cut");
    assert_eq!(buffer, [0., 1., 2., 3., 8., 9., 10., 11., 0., 9., 10., 11.]);
    let tensor = Tensor::from_slice(&x, (3, 1, 2, 2), &Device::Cpu).expect("images");
    let mixed = mix(&tensor, &pairs, &Blend::Box(boxes)).expect("mixed");
    assert_eq!(
        mixed
            .flatten_all()
            .and_then(|m| m.to_vec1::<f32>())
            .expect("numbers"),
        buffer
    );
}

#[test]
fn what_does_not_fit_is_refused() {
    let frame = Frame {
        height: 2,
        width: 2,
    };
    let boxes = Boxes::new(frame, vec![PixelBox::default(); 2]).expect("boxes");
    let pairs = pairs_of(vec![0, 1], vec![1, 0], &boxes);
    let refused = |result: candle_mixup::Result<()>, part: &str| {
        let error = result.expect_err("it does not fit");
        assert!(error.to_string().contains(part), "{error}");
    };
    let mut x = vec![0f32; 8];
    refused(
        cut_in_place(&mut x[..7], 1, &pairs, &boxes),
        "2 images of 1x2x2 pixels",
    );
    refused(
        cut_in_place(&mut x, 1, &Pairs::identity(1), &boxes),
        "boxes: expected 1, one a pair, got 2",
    );
    let twice = pairs_of(vec![0, 1], vec![1, 1], &boxes);
    assert!(matches!(
        cut_in_place(&mut x, 1, &twice, &boxes),
        Err(Error::Pairs { .. })
    ));
    let images = |dims: &[usize]| {
        Tensor::zeros(dims, candle_core::DType::F32, &Device::Cpu).expect("images")
    };
    for dims in [&[2, 4][..], &[2, 1, 4, 1], &[2, 1, 2, 3]] {
        let mixed = mix(&images(dims), &pairs, &Blend::Box(boxes.clone())).map(|_| ());
        refused(mixed, "expected [rows, channels, 2, 2]");
    }
    let one = Boxes::new(frame, vec![PixelBox::default()]).expect("a box");
    refused(
        mix(&images(&[2, 1, 2, 2]), &pairs, &Blend::Box(one)).map(|_| ()),
        "boxes: expected 2",
    );
}
