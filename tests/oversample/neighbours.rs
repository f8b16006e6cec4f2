//! The neighbour search against a search that compares everything, on tables that break others.

use crate::bench::Table;
use candle_mixup::Error;
use candle_mixup::oversample::{Metric, Rows, Scale, Space};
use candle_mixup::random::{Purpose, Stream};
use proptest::prelude::*;

/// What a table looks like.
#[derive(Debug, Clone, Copy)]
enum Shape {
    Normal,
    Lattice,
    Repeated,
    EpochSeconds,
    AllOffset,
    Tiny,
    HeavyTails,
    OneWide,
    Constant,
}

const SHAPES: [Shape; 9] = [
    Shape::Normal,
    Shape::Lattice,
    Shape::Repeated,
    Shape::EpochSeconds,
    Shape::AllOffset,
    Shape::Tiny,
    Shape::HeavyTails,
    Shape::OneWide,
    Shape::Constant,
];

fn table(shape: Shape, rows: usize, width: usize, seed: u64) -> Table {
    let mut table = Table::normal(&[rows - rows / 3, rows / 3], width, seed);
    let mut stream = Stream::new(seed, Purpose::Init, 9);
    let numbers = &mut table.numbers;
    match shape {
        Shape::Normal => {}
        Shape::Lattice => numbers.iter_mut().for_each(|x| *x = (*x * 1.5).round()),
        Shape::Repeated => {
            for i in (0..rows).filter(|i| i % 3 > 0) {
                let from = (i - i % 3) * width;
                numbers.copy_within(from..from + width, i * width);
            }
        }
        Shape::EpochSeconds => numbers
            .iter_mut()
            .step_by(width)
            .for_each(|x| *x = 1.7e9 + (*x * 1e5).round()),
        Shape::AllOffset => numbers.iter_mut().for_each(|x| *x += 1e8),
        Shape::Tiny => numbers.iter_mut().for_each(|x| *x *= 1e-9),
        Shape::HeavyTails => {
            for x in numbers.iter_mut() {
                if stream.below(50) == 0 {
                    *x = 1e12 * (stream.unit() - 0.5);
                }
            }
        }
        Shape::OneWide => numbers.iter_mut().step_by(width).for_each(|x| *x *= 1e9),
        Shape::Constant => numbers.iter_mut().step_by(width).for_each(|x| *x = 0.1),
    }
    table
}

/// The distance by its definition, in another order of operations than the library's.
fn distance(table: &Table, factors: &[f64], metric: Metric, penalty: f64, a: u32, b: u32) -> f64 {
    let scaled = |i: u32| -> Vec<f64> {
        let row = table.row(i).iter().zip(factors);
        row.map(|(x, f)| x * f).collect()
    };
    let apart = || {
        let rows = table.row(a).iter().zip(table.row(b)).zip(factors);
        rows.map(|((x, y), f)| (x - y) * f).collect::<Vec<f64>>()
    };
    match metric {
        Metric::Manhattan => apart().iter().rev().map(|d| d.abs()).sum(),
        Metric::Euclidean => {
            let codes = |i: u32| &table.codes[i as usize * table.categories..][..table.categories];
            let differ = codes(a)
                .iter()
                .zip(codes(b))
                .filter(|(p, q)| p != q)
                .count();
            let squares: f64 = apart().iter().rev().map(|d| d * d).sum();
            (squares + penalty * differ as f64).sqrt()
        }
        Metric::Cosine => {
            let (x, y) = (scaled(a), scaled(b));
            let length = |v: &[f64]| v.iter().map(|x| x * x).sum::<f64>().sqrt();
            match (length(&x), length(&y)) {
                (p, q) if p == 0.0 && q == 0.0 => 0.0,
                (p, q) if p == 0.0 || q == 0.0 => 1.0,
                (p, q) => {
                    let halves = x.iter().zip(&y).map(|(x, y)| (x / p - y / q).powi(2));
                    halves.sum::<f64>() / 2.0
                }
            }
        }
    }
}

/// Says what is wrong with the neighbours of a query. Distances may differ by rounding, and so may the order of rows
/// that are equally near but for that.
fn wrong(
    of: impl Fn(u32) -> f64,
    query: u32,
    among: &[u32],
    found: &[u32],
    noise: f64,
) -> Option<String> {
    if found.contains(&query) {
        return Some(format!("{query} is its own neighbour"));
    }
    let mut seen = found.to_vec();
    seen.sort_unstable();
    seen.dedup();
    if seen.len() != found.len() {
        return Some("a neighbour stands twice".into());
    }
    let mut all: Vec<(f64, u32)> = among
        .iter()
        .filter(|&&i| i != query)
        .map(|&i| (of(i), i))
        .collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let close =
        |a: f64, b: f64| a == b || (a - b).abs() <= noise * (a.abs() + b.abs()) + noise * 1e-3;
    found
        .iter()
        .zip(&all)
        .enumerate()
        .find_map(|(rank, (&row, expected))| {
            let near = of(row);
            if !close(near, expected.0) {
                return Some(format!(
                    "rank {rank}: {row} at {near}, expected {expected:?}"
                ));
            }
            let exact = near == expected.0 && noise == 0.0;
            (exact && row != expected.1).then(|| format!("rank {rank}: {row} for {}", expected.1))
        })
}

fn check(
    table: &Table,
    metric: Metric,
    scale: Scale,
    penalty: f64,
    k: usize,
) -> Result<(), String> {
    let rows = table.rows();
    let mut space = Space::new(rows, metric, scale);
    if penalty > 0.0 {
        space = space.with_mismatch(penalty).map_err(|e| e.to_string())?;
    }
    let factors = space
        .factors()
        .map_or(vec![1.0; table.width], <[f64]>::to_vec);
    let members = table.members(1);
    let all: Vec<u32> = (0..table.len() as u32).collect();
    for among in [&members, &all] {
        let k = k.min(among.len() - 1);
        let found = space
            .nearest(&members, among, k, &())
            .map_err(|e| e.to_string())?;
        let noise = match metric {
            // A difference of unit vectors keeps 16 digits of 1, not of itself.
            Metric::Cosine => 1e-7,
            _ => 1e-12,
        };
        for (q, &query) in members.iter().enumerate().step_by(1 + members.len() / 60) {
            let of = |i: u32| distance(table, &factors, metric, penalty, query, i);
            if let Some(problem) = wrong(of, query, among, found.of(q), noise) {
                return Err(format!(
                    "{metric:?} {scale:?} k {k} query {query}: {problem}"
                ));
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn neighbours_are_those_of_a_full_comparison(
        shape in 0..SHAPES.len(),
        rows in 30usize..2600,
        width in 1usize..71,
        metric in 0..3u8,
        scale in 0..3u8,
        k in 1usize..40,
        seed in any::<u64>(),
    ) {
        let table = table(SHAPES[shape], rows, width, seed);
        let metric = [Metric::Euclidean, Metric::Manhattan, Metric::Cosine][metric as usize];
        let scale = [Scale::None, Scale::Standard, Scale::Robust][scale as usize];
        if let Err(problem) = check(&table, metric, scale, 0.0, k) {
            prop_assert!(false, "{:?} {rows}x{width}: {problem}", SHAPES[shape]);
        }
    }

    #[test]
    fn categories_count_beside_numbers(rows in 30usize..2000, width in 1usize..8, seed in any::<u64>()) {
        let table = Table::normal(&[rows / 2, rows / 2], width, seed).with_codes(4, 3, seed);
        if let Err(problem) = check(&table, Metric::Euclidean, Scale::None, 0.7, 5) {
            prop_assert!(false, "{problem}");
        }
    }
}

/// Every neighbour set of a lattice by (distance, row), exactly. scikit-learn: 41 % (kd-tree), 59 % (brute force) and
/// 47 % (ball tree) of the sets are those of the lowest rows.
#[test]
fn ties_go_to_the_lower_row() {
    let numbers: Vec<f64> = (0..900)
        .flat_map(|i| [f64::from(i / 30), f64::from(i % 30)])
        .collect();
    let table = Table::numeric(numbers, 2, vec![0; 900]);
    let space = Space::new(table.rows(), Metric::Euclidean, Scale::None);
    let all: Vec<u32> = (0..900).collect();
    let found = space.nearest(&all, &all, 6, &()).expect("rows");
    let of = |q: u32| {
        move |i: u32| {
            let apart = |a: u32, b: u32| f64::from(a.abs_diff(b).pow(2));
            apart(q / 30, i / 30) + apart(q % 30, i % 30)
        }
    };
    for &q in &all {
        assert_eq!(wrong(of(q), q, &all, found.of(q as usize), 0.0), None);
    }
    // The checker sees a tie that goes the other way, and a query among its own neighbours.
    assert!(wrong(of(0), 0, &all, &[30, 1, 31, 2, 60, 32], 0.0).is_some());
    assert!(wrong(of(0), 0, &all, &[0, 1, 30, 31, 2, 60], 0.0).is_some());
    assert!(wrong(of(0), 0, &all, &[1, 30, 31, 2, 60, 61], 0.0).is_some());
}

/// imbalanced-learn drops the first hit and takes it to be the query: of 60 rows that stand three times each, 40 keep
/// themselves as a neighbour.
#[test]
fn a_row_among_its_copies_is_not_its_own_neighbour() {
    let table = table(Shape::Repeated, 60, 4, 3);
    let all: Vec<u32> = (0..60).collect();
    let space = Space::new(table.rows(), Metric::Euclidean, Scale::None);
    let found = space.nearest(&all, &all, 2, &()).expect("rows");
    for q in 0..60u32 {
        let copies: Vec<u32> = (q - q % 3..q - q % 3 + 3).filter(|&i| i != q).collect();
        assert_eq!(found.of(q as usize), copies);
        assert_eq!(found.distances(q as usize), [0.0, 0.0]);
    }
}

/// scikit-learn expands squares for more than 15 columns: with one column of epoch seconds, right neighbour sets for
/// 0.05 % of rows at most; with all columns offset by 1e8, for none.
#[test]
fn an_offset_changes_no_neighbour() {
    let plain = table(Shape::Normal, 2000, 20, 5);
    let rounded: Vec<f64> = plain
        .numbers
        .iter()
        .map(|x| (x * 1024.0).round() / 1024.0)
        .collect();
    let all: Vec<u32> = (0..2000).collect();
    let find = |numbers: &[f64]| {
        let rows = Rows::numeric(numbers, 20).expect("whole rows");
        let space = Space::new(rows, Metric::Euclidean, Scale::None);
        space.nearest(&all, &all, 5, &()).expect("rows")
    };
    let expected = find(&rounded);
    // Sums with multiples of 1/1024 up to 2^41 are exact, so the differences are the same numbers.
    let mut one = rounded.clone();
    one.iter_mut().step_by(20).for_each(|x| *x += 1.7e9);
    assert_eq!(find(&one), expected);
    let all_of_them: Vec<f64> = rounded.iter().map(|x| x + 1e8).collect();
    assert_eq!(find(&all_of_them), expected);
}

#[test]
fn the_cosine_distance_is_one_less_the_cosine() {
    let rows = [1.0, 0.0, 0.0, 2.0, 3.0, 3.0, -5.0, 0.0, 0.0, 0.0, 0.0, 0.0];
    let rows = Rows::numeric(&rows, 2).expect("whole rows");
    let space = Space::new(rows, Metric::Cosine, Scale::None);
    let expected = [1.0, 1.0 - 0.5f64.sqrt(), 2.0, 1.0, 1.0];
    for (i, expected) in (1..).zip(expected) {
        assert!((space.distance(0, i) - expected).abs() < 1e-15, "{i}");
    }
    assert_eq!(space.distance(4, 5), 0.0, "two rows of zeros");
}

#[test]
fn threads_change_nothing() {
    let table = table(Shape::Normal, 3000, 30, 8);
    let members = table.members(1);
    let all: Vec<u32> = (0..3000).collect();
    let found = [1, 2, 3].map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.expect("threads").install(|| {
            let space = Space::new(table.rows(), Metric::Euclidean, Scale::Standard);
            space.nearest(&members, &all, 7, &()).expect("rows")
        })
    });
    assert!(found[0] == found[1] && found[1] == found[2]);
}

#[test]
fn too_few_rows_are_an_error() {
    let table = Table::normal(&[6], 2, 1);
    let space = Space::new(table.rows(), Metric::Euclidean, Scale::None);
    let all: Vec<u32> = (0..6).collect();
    for k in [0, 6] {
        let error = space.nearest(&all, &all, k, &()).expect_err("five others");
        assert!(matches!(error, Error::Setting { .. }), "{error}");
    }
    assert!(space.nearest(&all, &all, 5, &()).is_ok());
}
