//! SVM-SMOTE: the support vectors are scikit-learn's, and rows start from those that are not noise.

use std::collections::BTreeSet;

use candle_mixup::Error;
use candle_mixup::oversample::{Bases, Fallback, Method, Rows, Settings, support_vectors};
use candle_mixup::split::Strata;
use proptest::prelude::*;

use crate::bench::made::{
    Made, Verdict, accepted, check_blend, check_threads, check_totals, ensure, is_near, made,
    nearest, only, page_blocks, reference, reference_tables, refused, rows, square,
};
use crate::bench::{LEAST_P, Table, by_default, ks_p, ks_uniform_p, tables};
use statrs::distribution::{Beta, ContinuousCDF};

const K: usize = 5;
const M: usize = 10;

fn svm(seed: u64) -> Settings {
    by_default("svm", seed)
}

#[test]
fn support_vectors_are_those_of_scikit_learn() {
    let reference = reference();
    for (table, expected) in reference_tables(&reference) {
        let found = support_vectors(&table.rows(), table.strata()).expect("support vectors");
        let mut expected = rows(&expected["support"]);
        expected.sort_unstable();
        assert_eq!(found, expected);
    }
}

#[test]
fn support_vectors_of_page_blocks_are_those_of_scikit_learn() {
    let table = page_blocks();
    let found: BTreeSet<u32> = support_vectors(&table.rows(), table.strata())
        .expect("vectors")
        .into_iter()
        .collect();
    let expected: BTreeSet<u32> = rows(&reference()["page_blocks"]["support"])
        .into_iter()
        .collect();
    let apart = found.symmetric_difference(&expected).count();
    // None here; where a processor sums in another order a coefficient may be 0 in one and tiny in the other.
    assert!(apart <= 5, "{apart} of {} apart", expected.len());
}

#[test]
fn an_offset_leaves_the_support_vectors_as_they_are() {
    let table = Table::normal(&[60, 20], 3, 4);
    let find = |numbers: &[f64]| {
        let rows = Rows::numeric(numbers, 3).expect("rows");
        support_vectors(&rows, table.strata()).expect("vectors")
    };
    // All columns by the same offset: the variance of all numbers stays.
    let far: Vec<f64> = table
        .numbers
        .iter()
        .map(|x| (x * 1024.0).round() / 1024.0)
        .collect();
    let away: Vec<f64> = far.iter().map(|x| x + 1.7e9).collect();
    assert_eq!(find(&far), find(&away));
}

/// Whether a row is noise, may be in danger and may be safe, however ties fall.
fn groups(table: &Table, i: u32) -> [bool; 3] {
    let all: Vec<u32> = (0..table.len() as u32).collect();
    let other = |rows: &[u32]| {
        rows.iter()
            .filter(|&&j| table.classes[j as usize] != table.classes[i as usize])
            .count()
    };
    let order = nearest(table, i, &all);
    let edge = square(table, i, order[M - 1]);
    let inner: Vec<u32> = order
        .iter()
        .copied()
        .filter(|&j| square(table, i, j) < edge * (1.0 - 1e-9))
        .collect();
    let tied: Vec<u32> = order
        .iter()
        .copied()
        .filter(|&j| {
            let square = square(table, i, j);
            square >= edge * (1.0 - 1e-9) && square <= edge * (1.0 + 1e-9)
        })
        .collect();
    let open = M - inner.len();
    let least = other(&inner) + open.saturating_sub(tied.len() - other(&tied));
    let most = other(&inner) + open.min(other(&tied));
    [
        least == M,
        most >= M.div_ceil(2) && least < M,
        least < M.div_ceil(2),
    ]
}

fn check_svm(table: &Table, made: &Made, support: &[u32], out_step: f64) -> Verdict {
    check_blend(table, made)?;
    let class = table.members(made.class);
    for r in 0..made.own.len() {
        let (own, w) = (made.own[r], made.weight[r]);
        ensure(support.contains(&own) && class.contains(&own), || {
            format!("row {r} starts at {own}")
        })?;
        let [noise, danger, safe] = groups(table, own);
        ensure(!noise, || format!("row {r} starts at noise"))?;
        let inwards = danger && (0.0..=1.0).contains(&w);
        let outwards = safe && (1.0..1.0 + out_step).contains(&w);
        ensure(inwards || outwards, || {
            format!("row {r}: weight {w}, danger {danger}, safe {safe}")
        })?;
        ensure(is_near(table, own, made.partner[r], &class, K), || {
            format!("row {r}: partner {}", made.partner[r])
        })?;
    }
    Ok(())
}

#[test]
fn totals_are_exact_over_thirty_seeds() {
    // imbalanced-learn loses the share of an empty group: of 361 rows asked for it made 210 (its issue 1130).
    let table = Table::normal(&[160, 40], 2, 6);
    let support = support_vectors(&table.rows(), table.strata()).expect("vectors");
    for seed in 0..30 {
        let all = made(&table, svm(seed)).expect("rows");
        accepted(check_totals(&table, &all));
        accepted(check_svm(&table, &all[0], &support, 0.5));
    }
    // A class so dense that no support vector is in danger, and one so thin that none is safe.
    for shift in [0.0, 6.0] {
        let mut table = Table::normal(&[150, 40], 2, 6);
        for (row, &class) in table.numbers.chunks_mut(2).zip(&table.classes) {
            row.iter_mut().for_each(|x| *x += shift * f64::from(class));
        }
        for seed in 0..30 {
            accepted(check_totals(
                &table,
                &made(&table, svm(seed)).expect("rows"),
            ));
        }
        let far = shift > 0.0;
        let out = only(&table, svm(0)).weight.iter().all(|w| *w >= 1.0);
        assert!(!far || out, "where no row is in danger all go outwards");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(50))]

    #[test]
    fn rows_start_from_support_vectors_that_are_not_noise(table in tables(), seed in 0..9u64, out_step in 0.01f64..1.0) {
        let method = Method::Svm { k: K, m: M, out_step };
        match made(&table, Settings { method, seed, ..Settings::default() }) {
            Ok(all) => {
                let support = support_vectors(&table.rows(), table.strata()).expect("vectors");
                prop_assert_eq!(check_totals(&table, &all), Ok(()));
                for made in &all {
                    prop_assert_eq!(check_svm(&table, made, &support, out_step), Ok(()));
                }
            }
            Err(error) => prop_assert!(matches!(error, Error::Data(_) | Error::NoBase { .. }), "{}", error),
        }
    }
}

#[test]
fn checkers_of_support_vectors_notice_what_is_spoilt() {
    let table = Table::normal(&[160, 60], 2, 3);
    let support = support_vectors(&table.rows(), table.strata()).expect("vectors");
    let right = only(&table, svm(0));
    let check = |made: &Made| check_svm(&table, made, &support, 0.5);
    accepted(check(&right));
    let smote = only(&table, by_default("smote", 0));
    refused("any row of the class", check(&smote));
    let others: Vec<u32> = support
        .iter()
        .copied()
        .filter(|&i| table.classes[i as usize] == 0)
        .collect();
    let mut spoilt = right.clone();
    spoilt.own[0] = others[0];
    spoilt.weight[0] = 0.0;
    spoilt.rows[0] = table.row(spoilt.partner[0]).to_vec();
    refused("a base of the majority", check(&spoilt));
    let outwards = right
        .weight
        .iter()
        .position(|w| *w > 1.0)
        .expect("a safe row");
    let mut spoilt = right.clone();
    let w = 2.0 - spoilt.weight[outwards];
    spoilt.weight[outwards] = w;
    let (c, s) = (
        table.row(spoilt.own[outwards]),
        table.row(spoilt.partner[outwards]),
    );
    spoilt.rows[outwards] = c
        .iter()
        .zip(s)
        .map(|(c, s)| w * c + (1.0 - w) * s)
        .collect();
    if !groups(&table, spoilt.own[outwards])[1] {
        refused("a safe row that steps inwards", check(&spoilt));
    }
    refused(
        "a longer step outwards",
        check_svm(&table, &right, &support, 0.1),
    );
    let neighbours = only(
        &table,
        Settings {
            method: Method::Svm {
                k: 40,
                m: M,
                out_step: 0.5,
            },
            ..svm(0)
        },
    );
    refused("forty neighbours for five", check(&neighbours));
    let mut spoilt = right.clone();
    spoilt.own.truncate(30);
    refused(
        "a lost share",
        check_totals(&table, std::slice::from_ref(&spoilt)),
    );
    let noise = support
        .iter()
        .copied()
        .find(|&i| table.classes[i as usize] == 1 && groups(&table, i)[0]);
    if let Some(noise) = noise {
        let mut spoilt = right;
        spoilt.own[0] = noise;
        spoilt.weight[0] = 1.0;
        spoilt.rows[0] = table.row(noise).to_vec();
        spoilt.partner[0] = nearest(&table, noise, &table.members(1))[0];
        refused("a base that is noise", check(&spoilt));
    }
}

#[test]
fn weights_follow_their_laws_and_the_share_is_a_beta_draw() {
    let table = Table::normal(&[4_060, 60], 2, 5);
    let made = only(&table, svm(1));
    let (inwards, outwards): (Vec<f64>, Vec<f64>) = made.weight.iter().partition(|w| **w <= 1.0);
    assert!(!inwards.is_empty(), "rows in danger");
    assert!(ks_uniform_p(&inwards) > LEAST_P);
    let steps: Vec<f64> = outwards.iter().map(|w| (w - 1.0) / 0.5).collect();
    assert!(outwards.is_empty() || ks_uniform_p(&steps) > LEAST_P);
    let table = Table::normal(&[80, 30], 2, 17);
    let law = Beta::new(10.0, 10.0).expect("shapes");
    let share = |seed| {
        let weights = only(&table, svm(seed)).weight;
        weights.iter().filter(|w| **w <= 1.0).count() as f64 / 50.0
    };
    let shares: Vec<f64> = (0..400).map(share).collect();
    assert!(
        shares.iter().any(|s| *s > 0.0 && *s < 1.0),
        "both groups have rows: {shares:?}"
    );
    let spread = |i: usize| (i as f64 * 0.618_033_988_75).fract() / 51.0;
    let spread: Vec<f64> = shares
        .iter()
        .enumerate()
        .map(|(i, s)| s * 50.0 / 51.0 + spread(i))
        .collect();
    assert!(ks_p(&spread, |x| law.cdf(x.clamp(0.0, 1.0))) > LEAST_P);
    let flat = |i: usize| (i as f64 * 0.618_033_988_75).fract();
    let flat: Vec<f64> = (0..400).map(flat).collect();
    assert!(
        ks_p(&flat, |x| law.cdf(x)) < LEAST_P,
        "the test sees a uniform share"
    );
}

#[test]
fn where_nothing_can_be_made_the_reason_is_said() {
    // Four rare rows far apart, each in a heap of usual ones.
    let mut numbers = Vec::new();
    let mut classes = Vec::new();
    for heap in 0..6 {
        for i in 0..13 {
            numbers.extend([
                100.0 * f64::from(heap) + 0.1 * f64::from(i % 4),
                0.1 * f64::from(i / 4),
            ]);
            classes.push(u32::from(i == 5));
        }
    }
    let table = Table::numeric(numbers, 2, classes);
    let error = made(&table, svm(0)).expect_err("all noise");
    assert!(
        matches!(error, Error::NoBase { method: "svm", .. }),
        "{error}"
    );
    assert!(
        error.to_string().contains("support vectors are noise"),
        "{error}"
    );
    let settings = Settings {
        fallback: Fallback::Smote,
        ..svm(0)
    };
    accepted(check_totals(
        &table,
        &made(&table, settings).expect("SMOTE instead"),
    ));
    let flat = Table::numeric(vec![2.0; 40], 2, [vec![0; 12], vec![1; 8]].concat());
    let error = made(&flat, svm(0)).expect_err("no variance");
    assert!(
        matches!(error, Error::Data(_)) && error.to_string().contains("got 0"),
        "{error}"
    );
    let small = Table::numeric(
        (0..10).map(f64::from).collect(),
        1,
        vec![0, 0, 0, 0, 0, 0, 1, 1, 1, 1],
    );
    let method = Method::Svm {
        k: 2,
        m: 10,
        out_step: 0.5,
    };
    let error =
        made(&small, Settings { method, ..svm(0) }).expect_err("ten neighbours in ten rows");
    assert_eq!(
        error.to_string(),
        "m must be below the 10 rows of the table, got 10"
    );
    let names = ["a".to_owned()];
    let rows = Rows::numeric(&[1.0, 2.0], 1).expect("rows");
    let one = support_vectors(
        &rows,
        Strata {
            classes: &[0, 0],
            names: &names,
        },
    );
    assert!(matches!(one, Err(Error::Data(_))));
    let few = support_vectors(
        &rows,
        Strata {
            classes: &[0],
            names: &names,
        },
    );
    assert!(matches!(few, Err(Error::Shape { .. })));
}

#[test]
fn the_same_bytes_at_two_threads_and_even_bases() {
    let table = Table::normal(&[700, 50, 60], 3, 2);
    accepted(check_threads(&table, &svm(3)));
    assert_ne!(
        made(&table, svm(3)).expect("rows"),
        made(&table, svm(4)).expect("rows")
    );
    let even = Settings {
        bases: Bases::Even,
        ..svm(3)
    };
    for made in made(&table, even).expect("rows") {
        for group in [|w: f64| w <= 1.0, |w: f64| w > 1.0] {
            let rows: Vec<u32> = (0..made.own.len())
                .filter(|&r| group(made.weight[r]))
                .map(|r| made.own[r])
                .collect();
            let bases: BTreeSet<u32> = rows.iter().copied().collect();
            let counts = bases
                .iter()
                .map(|b| rows.iter().filter(|r| *r == b).count());
            let (least, most) = counts.fold((usize::MAX, 0), |(a, b), n| (a.min(n), b.max(n)));
            assert!(rows.is_empty() || most - least <= 1, "{least} to {most}");
        }
    }
}
