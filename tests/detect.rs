//! Tree detectors: what they must learn, what they must refuse, and that threads and repeats change no byte.
#![cfg(feature = "trees")]

use candle_mixup::detect::{Boosted, Classifier, Forest, Isolation, Matrix};
use candle_mixup::random::{Purpose, Stream};
use candle_mixup::{Error, Result};
use proptest::prelude::*;

/// A detector that learns classes, with few trees: tests are many.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Forest,
    Boosted,
}

const KINDS: [Kind; 2] = [Kind::Forest, Kind::Boosted];

impl Kind {
    fn fit(
        self,
        rows: &Matrix,
        classes: &[u32],
        count: usize,
        weights: Option<&[f32]>,
        seed: u64,
    ) -> Result<Classifier> {
        match self {
            Self::Forest => forest().fit(rows, classes, count, weights, seed),
            Self::Boosted => boosted().fit(rows, classes, count, weights, seed),
        }
    }

    fn values(self, rows: &Matrix, targets: &[f32], weights: Option<&[f32]>) -> Vec<f32> {
        let model = match self {
            Self::Forest => forest().fit_values(rows, targets, weights, 1),
            Self::Boosted => boosted().fit_values(rows, targets, weights, 1),
        };
        model.expect("fits").values(rows).expect("same width")
    }
}

fn forest() -> Forest {
    Forest {
        trees: 30,
        ..Forest::default()
    }
}

fn boosted() -> Boosted {
    Boosted {
        rounds: 40,
        ..Boosted::default()
    }
}

fn isolation() -> Isolation {
    Isolation {
        trees: 40,
        ..Isolation::default()
    }
}

/// Uniform numbers on [-1, 1).
fn uniform(count: usize, seed: u64) -> Vec<f32> {
    let mut stream = Stream::new(seed, Purpose::Split, 0);
    (0..count)
        .map(|_| (stream.unit() * 2.0 - 1.0) as f32)
        .collect()
}

fn matrix(values: &[f32], width: usize) -> Matrix<'_> {
    Matrix::new(values, width).expect("checked rows")
}

/// The quadrants of a plane: class 1 where the signs differ.
fn xor(values: &[f32]) -> Vec<u32> {
    let signs_differ = |row: &[f32]| u32::from((row[0] < 0.0) != (row[1] < 0.0));
    values.chunks(2).map(signs_differ).collect()
}

fn probabilities(model: &Classifier, rows: &Matrix) -> Vec<f32> {
    model.probabilities(rows).expect("same width")
}

/// Share of pairs of unlike rows that the scores order rightly.
fn area(scores: &[f32], classes: &[u32]) -> f64 {
    let of = |class| {
        scores
            .iter()
            .zip(classes)
            .filter(move |(_, c)| **c == class)
            .map(|(s, _)| *s)
    };
    let (mut right, mut all) = (0.0, 0.0);
    for positive in of(1) {
        for negative in of(0) {
            right += if positive > negative {
                1.0
            } else {
                f64::from(u8::from(positive == negative)) / 2.0
            };
            all += 1.0;
        }
    }
    right / all
}

fn expect_distributions(all: &[f32], classes: usize) {
    for row in all.chunks(classes) {
        assert!(row.iter().all(|p| (0.0..=1.0).contains(p)), "{row:?}");
        let sum: f32 = row.iter().sum();
        assert!((sum - 1.0).abs() < 1e-5, "{row:?} sums to {sum}");
    }
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|v| v.to_bits()).collect()
}

fn on_threads<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    pool.expect("threads").install(work)
}

fn message<T>(result: Result<T>) -> String {
    result.err().expect("an error").to_string()
}

#[test]
fn xor_is_learnt() {
    let train = uniform(2 * 600, 1);
    let grid: Vec<f32> = (0..400)
        .flat_map(|i| [(i % 20) as f32 / 10.0 - 0.95, (i / 20) as f32 / 10.0 - 0.95])
        .collect();
    for kind in KINDS {
        let model = kind
            .fit(&matrix(&train, 2), &xor(&train), 2, None, 3)
            .expect("fits");
        let all = probabilities(&model, &matrix(&grid, 2));
        let second: Vec<f32> = all.chunks(2).map(|p| p[1]).collect();
        let area = area(&second, &xor(&grid));
        assert!(area > 0.95, "{kind:?}: {area}");
    }
}

#[test]
fn three_classes_are_learnt_and_one_unseen_gets_nothing() {
    let values = uniform(2 * 500, 2);
    let classes: Vec<u32> = values
        .chunks(2)
        .map(|row| match row[0] {
            x if x < -0.3 => 0,
            x if x < 0.3 => 3,
            _ => 1,
        })
        .collect();
    let rows = matrix(&values, 2);
    for kind in KINDS {
        let all = probabilities(&kind.fit(&rows, &classes, 4, None, 0).expect("fits"), &rows);
        expect_distributions(&all, 4);
        assert!(all.chunks(4).all(|p| p[2] == 0.0));
        let likeliest =
            |p: &[f32]| (0..4).max_by(|a, b| p[*a].total_cmp(&p[*b])).expect("four") as u32;
        let right = all
            .chunks(4)
            .zip(&classes)
            .filter(|(p, c)| likeliest(p) == **c)
            .count();
        assert!(right > 480, "{kind:?}: {right} of 500");
    }
}

#[test]
fn two_of_three_classes_make_one_model() {
    let values = uniform(2 * 200, 3);
    let classes: Vec<u32> = values
        .chunks(2)
        .map(|row| if row[1] > 0.0 { 2 } else { 0 })
        .collect();
    let rows = matrix(&values, 2);
    for kind in KINDS {
        let all = probabilities(&kind.fit(&rows, &classes, 3, None, 0).expect("fits"), &rows);
        expect_distributions(&all, 3);
        for (p, class) in all.chunks(3).zip(&classes) {
            assert!(
                p[1] == 0.0 && p[*class as usize] > 0.5,
                "{kind:?}: {p:?} of class {class}"
            );
        }
    }
}

#[test]
fn threads_and_repeats_change_no_byte_and_seeds_do() {
    let values = uniform(3 * 300, 4);
    let classes: Vec<u32> = values
        .chunks(3)
        .map(|r| {
            if r[0] + r[1] > r[2] {
                1
            } else {
                2 * u32::from(r[2] > 0.5)
            }
        })
        .collect();
    let rows = matrix(&values, 3);
    for kind in KINDS {
        let run = |seed| {
            bits(&probabilities(
                &kind.fit(&rows, &classes, 3, None, seed).expect("fits"),
                &rows,
            ))
        };
        let first = on_threads(1, || run(7));
        assert_eq!(first, on_threads(1, || run(7)), "{kind:?}");
        assert_eq!(first, on_threads(2, || run(7)), "{kind:?}");
        assert_ne!(first, run(8), "{kind:?}");
    }
    let run = |seed| {
        bits(
            &isolation()
                .fit(&rows, seed)
                .expect("fits")
                .scores(&rows)
                .expect("same width"),
        )
    };
    let first = on_threads(1, || run(7));
    assert_eq!(first, on_threads(1, || run(7)));
    assert_eq!(first, on_threads(2, || run(7)));
    assert_ne!(first, run(8));
}

#[test]
fn blocks_of_rows_do_not_matter() {
    let values = uniform(2 * 5000, 5);
    let train = matrix(&values[..600], 2);
    let classes = xor(&values[..600]);
    for kind in KINDS {
        let model = kind.fit(&train, &classes, 2, None, 0).expect("fits");
        let whole = probabilities(&model, &matrix(&values, 2));
        let halves = [&values[..4444], &values[4444..]];
        let parts: Vec<f32> = halves
            .iter()
            .flat_map(|h| probabilities(&model, &matrix(h, 2)))
            .collect();
        assert_eq!(bits(&whole), bits(&parts), "{kind:?}");
    }
}

#[test]
fn weights_shift_probabilities_their_way() {
    let values = vec![0.5; 2 * 100];
    let classes: Vec<u32> = (0..100).map(|i| u32::from(i % 4 == 0)).collect();
    let weigh = |factor: f32| -> Vec<f32> {
        classes
            .iter()
            .map(|c| if *c == 1 { factor } else { 1.0 })
            .collect()
    };
    let rows = matrix(&values, 2);
    for kind in KINDS {
        let second = |weights: Option<&[f32]>| {
            probabilities(
                &kind.fit(&rows, &classes, 2, weights, 0).expect("fits"),
                &rows,
            )[1]
        };
        // Rows are alike, so the truth is the class's share of the weight.
        assert!((second(None) - 0.25).abs() < 0.05, "{kind:?}");
        assert!((second(Some(&weigh(3.0))) - 0.5).abs() < 0.05, "{kind:?}");
        assert!((second(Some(&weigh(27.0))) - 0.9).abs() < 0.05, "{kind:?}");
        assert!(second(Some(&weigh(0.5))) < second(None), "{kind:?}");
    }
}

#[test]
fn the_unit_of_weights_does_not_matter() {
    let values = uniform(2 * 200, 6);
    let classes = xor(&values);
    let rows = matrix(&values, 2);
    let weights: Vec<f32> = classes
        .iter()
        .map(|c| if *c == 1 { 2.0 } else { 1.0 })
        .collect();
    let larger: Vec<f32> = weights.iter().map(|w| w * 1024.0).collect();
    for kind in KINDS {
        let run = |weights: &[f32]| {
            bits(&probabilities(
                &kind
                    .fit(&rows, &classes, 2, Some(weights), 0)
                    .expect("fits"),
                &rows,
            ))
        };
        assert_eq!(run(&weights), run(&larger), "{kind:?}");
    }
}

#[test]
fn a_class_whose_weights_are_all_0_is_unseen() {
    let values = uniform(2 * 90, 7);
    let classes: Vec<u32> = (0..90).map(|i| i % 3).collect();
    let weights: Vec<f32> = classes
        .iter()
        .map(|c| if *c == 1 { 0.0 } else { 1.0 })
        .collect();
    let rows = matrix(&values, 2);
    for kind in KINDS {
        let all = probabilities(
            &kind
                .fit(&rows, &classes, 3, Some(&weights), 0)
                .expect("fits"),
            &rows,
        );
        expect_distributions(&all, 3);
        assert!(all.chunks(3).all(|p| p[1] == 0.0), "{kind:?}");
    }
}

#[test]
fn a_class_of_one_row_and_columns_without_content_do_no_harm() {
    let mut values = uniform(4 * 60, 8);
    values
        .chunks_mut(4)
        .for_each(|row| (row[1], row[3]) = (2.5, 0.0));
    let mut classes = vec![0; 60];
    classes[17] = 1;
    classes[18] = 2;
    let rows = matrix(&values, 4);
    for kind in KINDS {
        let model = kind.fit(&rows, &classes, 3, None, 0).expect("fits");
        expect_distributions(&probabilities(&model, &rows), 3);
    }
    assert!(
        isolation()
            .fit(&rows, 0)
            .expect("fits")
            .scores(&rows)
            .is_ok()
    );
}

#[test]
fn columns_may_stand_in_any_order() {
    let values = uniform(2 * 400, 9);
    let classes = xor(&values);
    let turned: Vec<f32> = values.chunks(2).flat_map(|r| [r[1], r[0]]).collect();
    for kind in KINDS {
        let model = kind
            .fit(&matrix(&values, 2), &classes, 2, None, 0)
            .expect("fits");
        expect_distributions(&probabilities(&model, &matrix(&turned, 2)), 2);
        let model = kind
            .fit(&matrix(&turned, 2), &classes, 2, None, 0)
            .expect("fits");
        let all = probabilities(&model, &matrix(&turned, 2));
        let second: Vec<f32> = all.chunks(2).map(|p| p[1]).collect();
        assert!(area(&second, &classes) > 0.99, "{kind:?}");
    }
}

#[test]
fn equal_rows_get_their_classes_shares() {
    let values = vec![1.0; 3 * 50];
    let classes: Vec<u32> = (0..50).map(|i| i % 5 / 2).collect();
    let rows = matrix(&values, 3);
    for kind in KINDS {
        let all = probabilities(&kind.fit(&rows, &classes, 3, None, 0).expect("fits"), &rows);
        expect_distributions(&all, 3);
        let near = all[..3]
            .iter()
            .zip([0.4, 0.4, 0.2])
            .all(|(p, share)| (p - share).abs() < 0.05);
        assert!(near, "{kind:?}: {:?}", &all[..3]);
    }
    let scores = isolation()
        .fit(&rows, 0)
        .expect("fits")
        .scores(&rows)
        .expect("same width");
    assert!(scores.iter().all(|s| (s - 0.5).abs() < 1e-6), "{scores:?}");
}

#[test]
fn huge_numbers_are_ordinary_numbers() {
    let small = uniform(2 * 400, 10);
    let huge: Vec<f32> = small.iter().map(|v| v * 1e30).collect();
    let classes = xor(&small);
    for kind in KINDS {
        let all = probabilities(
            &kind
                .fit(&matrix(&huge, 2), &classes, 2, None, 0)
                .expect("fits"),
            &matrix(&huge, 2),
        );
        let second: Vec<f32> = all.chunks(2).map(|p| p[1]).collect();
        assert!(area(&second, &classes) > 0.95, "{kind:?}");
        let firsts: Vec<f32> = huge.chunks(2).map(|row| row[0]).collect();
        let predicted = kind.values(&matrix(&huge, 2), &firsts, None);
        let near = |(p, t): (&f32, &f32)| (p - t).abs() < 0.3e30;
        assert!(predicted.iter().zip(&firsts).all(near), "{kind:?}");
    }
    let mut with_extremes = huge;
    with_extremes[0] = f32::MAX;
    with_extremes[2] = f32::MIN;
    let rows = matrix(&with_extremes, 2);
    let scores = isolation()
        .fit(&rows, 0)
        .expect("fits")
        .scores(&rows)
        .expect("same width");
    assert!(scores.iter().all(|s| *s > 0.0 && *s <= 1.0));
}

#[test]
fn values_are_learnt_and_follow_weights() {
    let values = uniform(600, 11);
    let targets: Vec<f32> = values.chunks(2).map(|r| 1000.0 + 50.0 * r[0]).collect();
    let rows = matrix(&values, 2);
    for kind in KINDS {
        let predicted = kind.values(&rows, &targets, None);
        let errors = predicted.iter().zip(&targets).map(|(p, t)| (p - t).powi(2));
        let mean = (errors.sum::<f32>() / 300.0).sqrt();
        assert!(mean < 8.0, "{kind:?}: {mean}");
        let constant = kind.values(&rows, &vec![3.0; 300], None);
        assert!(constant.iter().all(|v| (v - 3.0).abs() < 1e-5), "{kind:?}");
    }
    let alike = vec![0.0; 200];
    let targets: Vec<f32> = (0..200).map(|i| (i % 2) as f32).collect();
    let weights: Vec<f32> = targets.iter().map(|t| 1.0 + 3.0 * t).collect();
    for kind in KINDS {
        let mean = kind.values(&matrix(&alike, 1), &targets, Some(&weights))[0];
        assert!((mean - 0.8).abs() < 0.05, "{kind:?}: {mean}");
    }
}

#[test]
fn probabilities_are_mean_shares_of_leaves() {
    let values: Vec<f32> = (0..40).map(|i| (i / 20) as f32).collect();
    let classes: Vec<u32> = (0..40).map(|i| u32::from(i >= 20 || i % 4 == 0)).collect();
    let forest = Forest {
        trees: 400,
        max_depth: Some(1),
        ..Forest::default()
    };
    let rows = matrix(&values, 1);
    let all = probabilities(
        &forest.fit(&rows, &classes, 2, None, 0).expect("fits"),
        &rows,
    );
    assert!((all[1] - 0.25).abs() < 0.02, "{}", all[1]);
    assert!(all[79] > 0.999, "{}", all[79]);
}

#[test]
fn a_depth_of_one_is_one_split() {
    let values = uniform(300, 12);
    let targets: Vec<f32> = values.iter().map(|v| v * 10.0).collect();
    let rows = matrix(&values, 1);
    for (depth, most) in [(1, 2), (2, 4), (3, 8)] {
        let forest = Forest {
            trees: 1,
            max_depth: Some(depth),
            ..Forest::default()
        };
        let boosted = Boosted {
            rounds: 1,
            max_depth: depth.into(),
            ..Boosted::default()
        };
        let models = [
            forest.fit_values(&rows, &targets, None, 0),
            boosted.fit_values(&rows, &targets, None, 0),
        ];
        for model in models {
            let mut seen = bits(&model.expect("fits").values(&rows).expect("same width"));
            seen.sort_unstable();
            seen.dedup();
            assert_eq!(seen.len(), most, "depth {depth}");
        }
    }
}

#[test]
fn planted_outliers_stand_out_most() {
    let mut values = uniform(3 * 1000, 13);
    for outlier in [3, 500, 999] {
        values[3 * outlier..3 * outlier + 3].copy_from_slice(&[6.0, -7.0, 8.0]);
        values[3 * outlier] += outlier as f32 / 100.0;
    }
    let rows = matrix(&values, 3);
    let scores = Isolation::default()
        .fit(&rows, 0)
        .expect("fits")
        .scores(&rows)
        .expect("same width");
    let mut order: Vec<usize> = (0..1000).collect();
    order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
    order.truncate(3);
    order.sort_unstable();
    assert_eq!(order, [3, 500, 999]);
    let ordinary = scores.iter().filter(|s| **s < 0.55).count();
    assert!(ordinary > 900, "{ordinary}");
}

#[test]
fn cuts_pass_over_columns_that_do_not_vary() {
    // One telling column among 59 constant ones: every cut must fall into it.
    let telling = uniform(300, 14);
    let wide: Vec<f32> = telling
        .iter()
        .flat_map(|v| [vec![*v], vec![1.0; 59]].concat())
        .collect();
    let run = |values: &[f32], width| {
        let rows = matrix(values, width);
        isolation()
            .fit(&rows, 0)
            .expect("fits")
            .scores(&rows)
            .expect("same width")
    };
    let (narrow, wide) = (run(&telling, 1), run(&wide, 60));
    let mean = |scores: &[f32]| scores.iter().sum::<f32>() / 300.0;
    let spread = |scores: &[f32]| scores.iter().fold(0f32, |most, s| most.max(*s)) - mean(scores);
    assert!((mean(&narrow) - mean(&wide)).abs() < 0.01);
    assert!((spread(&narrow) - spread(&wide)).abs() < 0.05);
}

#[test]
fn two_unlike_rows_have_the_path_of_the_equation() {
    // Two unlike rows: one cut each, c(2) = 1, so every score is 2^-1.
    let rows = matrix(&[0.0, 1.0], 1);
    let scores = isolation()
        .fit(&rows, 0)
        .expect("fits")
        .scores(&rows)
        .expect("same width");
    assert_eq!(scores, [0.5, 0.5]);
}

#[test]
fn matrices_refuse_what_is_no_table_of_numbers() {
    assert!(matches!(Matrix::new(&[], 2), Err(Error::Data(_))));
    assert!(matches!(Matrix::new(&[1.0], 0), Err(Error::Data(_))));
    let ragged = message(Matrix::new(&[1.0; 5], 2));
    assert_eq!(
        ragged,
        "rows for trees: expected whole rows of 2 numbers, got 5 numbers"
    );
    let bad = message(Matrix::new(&[0.0, 1.0, 2.0, f32::NAN], 2));
    assert_eq!(bad, "row 1, column 1: expected a finite number, got NaN");
    let bad = message(Matrix::new(&[0.0, 1.0, f32::NEG_INFINITY, 0.0], 2));
    assert_eq!(bad, "row 1, column 0: expected a finite number, got -inf");
}

#[test]
fn labels_and_weights_are_checked() {
    let values = uniform(6, 15);
    let rows = matrix(&values, 2);
    for kind in KINDS {
        let refused = |classes: &[u32], weights: Option<&[f32]>| {
            message(kind.fit(&rows, classes, 2, weights, 0))
        };
        assert_eq!(
            refused(&[0, 1], None),
            "classes: expected one a row, 3 in all, got 2"
        );
        assert_eq!(
            refused(&[0, 1, 2], None),
            "classes[2] must be below 2, got 2"
        );
        assert_eq!(
            refused(&[1, 1, 1], None),
            "all rows are of class 1: there is nothing to tell apart"
        );
        assert_eq!(
            refused(&[0, 1, 1], Some(&[1.0])),
            "weights: expected one a row, 3 in all, got 1"
        );
        assert_eq!(
            refused(&[0, 1, 1], Some(&[1.0, -1.0, 1.0])),
            "weights[1] must be 0 or more and finite, got -1"
        );
        assert!(refused(&[0, 1, 1], Some(&[1.0, 1.0, f32::NAN])).starts_with("weights[2]"));
        assert_eq!(
            refused(&[0, 1, 1], Some(&[0.0; 3])),
            "all weights are 0: no row counts"
        );
        assert!(refused(&[0, 1, 1], Some(&[0.0, 1.0, 1.0])).contains("class 1"));
    }
    let refused = message(forest().fit_values(&rows, &[1.0], None, 0));
    assert_eq!(refused, "targets: expected one a row, 3 in all, got 1");
    let refused = message(boosted().fit_values(&rows, &[1.0, f32::INFINITY, 0.0], None, 0));
    assert_eq!(refused, "targets[1] must be finite, got inf");
    assert!(matches!(
        isolation().fit(&matrix(&values[..2], 2), 0),
        Err(Error::Data(_))
    ));
}

#[test]
fn models_refuse_rows_of_another_width() {
    let values = uniform(120, 16);
    let (two, three) = (matrix(&values, 2), matrix(&values, 3));
    let expected = "rows for trees: expected rows of 2 numbers, as learnt, got rows of 3";
    for kind in KINDS {
        let model = kind.fit(&two, &xor(&values), 2, None, 0).expect("fits");
        assert_eq!(message(model.probabilities(&three)), expected);
    }
    let model = forest()
        .fit_values(&two, &values[..60], None, 0)
        .expect("fits");
    assert_eq!(message(model.values(&three)), expected);
    assert_eq!(
        message(isolation().fit(&two, 0).expect("fits").scores(&three)),
        expected
    );
}

#[test]
fn settings_are_checked_and_read_from_json() {
    let forest = |text: &str| {
        serde_json::from_str::<Forest>(text)
            .expect("settings")
            .check()
    };
    let boosted = |text: &str| {
        serde_json::from_str::<Boosted>(text)
            .expect("settings")
            .check()
    };
    let isolation = |text: &str| {
        serde_json::from_str::<Isolation>(text)
            .expect("settings")
            .check()
    };
    for check in [forest("{}"), boosted("{}"), isolation("{}")] {
        assert!(check.is_ok());
    }
    let refused = [
        (forest(r#"{"trees":0}"#), "trees must be at least 1, got 0"),
        (
            forest(r#"{"max_depth":0}"#),
            "max-depth must be at least 1, got 0",
        ),
        (
            forest(r#"{"min_leaf":0}"#),
            "min-leaf must be at least 1, got 0",
        ),
        (
            forest(r#"{"columns":0}"#),
            "columns must be at least 1, got 0",
        ),
        (
            boosted(r#"{"rounds":0}"#),
            "rounds must be at least 1, got 0",
        ),
        (
            boosted(r#"{"max_depth":0}"#),
            "max-depth must be at least 1, got 0",
        ),
        (
            boosted(r#"{"learning_rate":1.5}"#),
            "learning-rate must be above 0 and at most 1, got 1.5",
        ),
        (
            boosted(r#"{"row_share":0.0}"#),
            "row-share must be above 0 and at most 1, got 0",
        ),
        (
            boosted(r#"{"l2":-1.0}"#),
            "l2 must be 0 or more and finite, got -1",
        ),
        (
            boosted(r#"{"min_leaf_weight":-1.0}"#),
            "min-leaf-weight must be 0 or more and finite, got -1",
        ),
        (
            isolation(r#"{"trees":0}"#),
            "trees must be at least 1, got 0",
        ),
        (
            isolation(r#"{"sample":1}"#),
            "sample must be at least 2, got 1",
        ),
    ];
    for (result, expected) in refused {
        assert_eq!(message(result), expected);
    }
    assert!(serde_json::from_str::<Forest>(r#"{"tree":5}"#).is_err());
    let wide = Boosted {
        learning_rate: f32::NAN,
        ..Boosted::default()
    };
    assert!(wide.check().is_err());
    let values = uniform(20, 17);
    assert!(
        wide.fit(&matrix(&values, 2), &xor(&values), 2, None, 0)
            .is_err()
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Few distinct numbers, so that rows repeat, columns are constant and classes vanish.
    #[test]
    fn any_rows_give_distributions(
        cells in prop::collection::vec(-1i8..2, 12..120),
        labels in prop::collection::vec(0u32..4, 40),
        seed in 0u64..100,
    ) {
        let values: Vec<f32> = cells[..cells.len() / 3 * 3].iter().map(|v| f32::from(*v)).collect();
        let rows = matrix(&values, 3);
        let mut classes = labels[..rows.rows()].to_vec();
        (classes[0], classes[1]) = (0, 1);
        for kind in KINDS {
            let all = probabilities(&kind.fit(&rows, &classes, 4, None, seed).expect("fits"), &rows);
            expect_distributions(&all, 4);
        }
        let scores = isolation().fit(&rows, seed).expect("fits").scores(&rows).expect("same width");
        prop_assert!(scores.iter().all(|s| *s > 0.0 && *s < 1.0));
    }
}
