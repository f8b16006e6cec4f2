//! What is drawn depends on seed, epoch and row, and on nothing else.

use candle_mixup::{Asked, RowSource};

use super::fed::{SHAPE, set, source, trained, values};

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
