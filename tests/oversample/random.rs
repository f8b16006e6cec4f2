//! Random oversampling and ROSE: checkers, run on ours and on rows made by a wrong rule.

use crate::bench::oracles::made_by;
use crate::bench::output::{Output, Verdict, ensure, outputs};
use crate::bench::{LEAST_P, Table, by_default, chi_square_p, ks_p};
use candle_mixup::oversample::{Like, Method, Residue, Settings};
use statrs::distribution::{ContinuousCDF, Normal};

/// The rows of class b, raised to as many as class a has.
fn grow(table: &Table, settings: Settings) -> Output {
    outputs(table, &table.balance(settings).expect("rows")).remove(0)
}

fn same_bits(x: &[f64], y: &[f64]) -> bool {
    x.len() == y.len() && x.iter().zip(y).all(|(x, y)| x.to_bits() == y.to_bits())
}

/// Rows of the class as they are, each as likely as any other.
fn check_random(table: &Table, output: &Output) -> Verdict {
    for r in 0..output.len() {
        let same = same_bits(output.row(table.width, r), table.row(output.own[r]));
        ensure(same, || format!("row {r} is no copy"))?;
        let codes = &output.codes[r * table.categories..][..table.categories];
        ensure(codes == table.codes_of(output.own[r]), || {
            format!("codes of row {r}")
        })?;
    }
    let counts = output.base_counts(table);
    ensure(chi_square_p(&counts) > LEAST_P, || format!("{counts:?}"))
}

#[test]
fn random_copies_rows_of_the_class() {
    let table = Table::normal(&[9020, 20], 3, 1).with_codes(2, 4, 1);
    let output = grow(&table, by_default("random", 2));
    check_random(&table, &output).expect("random");
    let mut spoilt = output.clone();
    spoilt.numbers[100] = f64::from_bits(spoilt.numbers[100].to_bits() + 1);
    assert!(check_random(&table, &spoilt).is_err(), "a bit");
    let mut spoilt = output.clone();
    spoilt.codes[5] ^= 1;
    assert!(check_random(&table, &spoilt).is_err(), "a code");
    let members = table.members(1);
    let skewed = made_by(&table, 1, 9000, |r| {
        (members[(r % 400) / 20], members[0], 1.0)
    });
    check_random(&table, &skewed).expect("even bases");
    let skewed = made_by(&table, 1, 9000, |r| {
        (members[(r * r) % 20], members[0], 1.0)
    });
    assert!(
        check_random(&table, &skewed).is_err(),
        "some rows more often"
    );
}

/// What stands between a row and its base, in units of h·σ for `n` rows, is standard normal in every column.
fn check_rose(table: &Table, output: &Output, n: usize, shrinkage: f64) -> Verdict {
    let d = table.width as f64;
    let h = (4.0 / ((d + 2.0) * n as f64)).powf(1.0 / (d + 4.0));
    let members = table.members(output.class);
    let normal = Normal::new(0.0, 1.0).expect("a law");
    for j in 0..table.width {
        let column: Vec<f64> = members.iter().map(|&i| table.row(i)[j]).collect();
        let mean = column.iter().sum::<f64>() / column.len() as f64;
        let squares: f64 = column.iter().map(|x| (x - mean).powi(2)).sum();
        let sigma = (squares / column.len() as f64).sqrt();
        let z: Vec<f64> = (0..output.len())
            .map(|r| output.row(table.width, r)[j] - table.row(output.own[r])[j])
            .map(|residue| residue / (shrinkage * h * sigma))
            .collect();
        let p = ks_p(&z, |x| normal.cdf(x));
        ensure(p > LEAST_P, || format!("column {j}: p = {p}"))?;
    }
    let counts = output.base_counts(table);
    ensure(chi_square_p(&counts) > LEAST_P, || format!("{counts:?}"))
}

#[test]
fn rose_adds_the_noise_of_a_kernel() {
    let table = Table::normal(&[10_050, 50], 2, 3);
    for shrinkage in [1.0, 0.3] {
        let method = Method::Rose { shrinkage };
        let settings = |like| Settings {
            method: method.clone(),
            like,
            seed: 4,
            ..Settings::default()
        };
        let own = grow(&table, settings(Like::Own));
        check_rose(&table, &own, 50, shrinkage).expect("ROSE");
        assert!(
            check_rose(&table, &own, 10_100, shrinkage).is_err(),
            "n of all rows"
        );
        assert!(
            check_rose(&table, &own, 50, shrinkage * 1.25).is_err(),
            "a kernel too narrow"
        );
        let like = grow(&table, settings(Like::Imblearn));
        check_rose(&table, &like, 10_100, shrinkage).expect("imbalanced-learn's n");
        // The noise is the only thing that differs.
        assert_eq!((&own.own, &own.partner), (&like.own, &like.partner));
    }
    let noise: Vec<f64> = grow(&table, by_default("rose", 4)).numbers;
    assert_ne!(noise, grow(&table, by_default("rose", 5)).numbers);
}

#[test]
fn no_shrinkage_is_random_bit_for_bit() {
    let mut table = Table::normal(&[300, 20], 3, 3);
    table.numbers[4] = -0.0;
    let rose = Settings {
        method: Method::Rose { shrinkage: 0.0 },
        ..by_default("rose", 6)
    };
    let (rose, random) = (grow(&table, rose), grow(&table, by_default("random", 6)));
    assert_eq!(rose.residue, Residue::None);
    assert!(same_bits(&rose.numbers, &random.numbers) && rose == random);
}
