//! SMOTE: every property of its rows as a checker, run on ours and on rows made by a wrong rule.

use crate::bench::oracles::{EPSILON, check_neighbours, fixture, kth_square, made_by, nearest};
use crate::bench::output::{Output, Verdict, check_weights, ensure, outputs};
use crate::bench::{LEAST_P, Table, chi_square_p, ks_uniform_p, tables};
use candle_mixup::Pairs;
use candle_mixup::oversample::{Bases, Method, Recipe, Settings};
use candle_mixup::random::{Purpose, Stream};
use proptest::prelude::*;

const K: usize = 5;

fn smote(table: &Table, settings: Settings) -> Vec<Output> {
    outputs(table, &table.balance(settings).expect("rows"))
}

fn seeded(seed: u64) -> Settings {
    Settings {
        seed,
        ..Settings::default()
    }
}

/// 16 rows of class b among 12,016 more of class a: so many synthetic rows.
fn many() -> Table {
    Table::normal(&[12_016, 16], 2, 9)
}

/// The segment: the row lies between its parents, on the line and in every coordinate.
fn check_segment(table: &Table, output: &Output) -> Verdict {
    for r in 0..output.len() {
        let (own, partner) = (table.row(output.own[r]), table.row(output.partner[r]));
        let row = output.row(table.width, r);
        let square = table.square(output.own[r], output.partner[r]);
        let along = row.iter().zip(own).zip(partner.iter().zip(own));
        let along: f64 = along.map(|((x, a), (b, _))| (x - a) * (b - a)).sum();
        let step = if square > 0.0 { along / square } else { 0.0 };
        let scale = own
            .iter()
            .chain(partner)
            .fold(1.0, |m: f64, x| m.max(x.abs()));
        for ((x, a), b) in row.iter().zip(own).zip(partner) {
            ensure((x - a - step * (b - a)).abs() <= EPSILON * scale, || {
                format!("row {r} is off the line by {}", x - a - step * (b - a))
            })?;
            ensure(*x >= a.min(*b) && *x <= a.max(*b), || {
                format!("row {r}: {x} is not between {a} and {b}")
            })?;
        }
    }
    Ok(())
}

/// Without provenance: some row of the class and one of its k nearest have the made row between them.
fn check_origin(table: &Table, output: &Output) -> Verdict {
    let members = table.members(output.class);
    let mut pairs = Vec::new();
    for &i in &members {
        let most = kth_square(i, &members, K, |a, b| table.square(a, b)) * (1.0 + EPSILON);
        let near = members
            .iter()
            .filter(|&&j| j != i && table.square(i, j) <= most);
        pairs.extend(near.map(|&j| (i, j)));
    }
    let distance = |x: &[f64], i: u32| -> f64 {
        let squares = x.iter().zip(table.row(i)).map(|(x, a)| (x - a).powi(2));
        squares.sum::<f64>().sqrt()
    };
    for r in 0..output.len() {
        let x = output.row(table.width, r);
        let between = |&(i, j): &(u32, u32)| {
            let way = distance(x, i) + distance(x, j);
            way <= table.square(i, j).sqrt() * (1.0 + EPSILON) + 1e-12
        };
        ensure(pairs.iter().any(between), || {
            format!("row {r} lies between no two rows")
        })?;
    }
    Ok(())
}

/// λ is uniform, and independent of base and of rank; bases and ranks are equally likely.
fn check_law(table: &Table, output: &Output) -> Verdict {
    let n = output.len() as f64;
    let mean = output.weight.iter().sum::<f64>() / n;
    ensure((mean - 0.5).abs() < 4.0 / (12.0 * n).sqrt(), || {
        format!("mean λ {mean}")
    })?;
    let p = ks_uniform_p(&output.weight);
    ensure(p > LEAST_P, || format!("λ is not uniform: p = {p}"))?;
    let bases = output.base_counts(table);
    ensure(chi_square_p(&bases) > LEAST_P, || {
        format!("bases {bases:?}")
    })?;
    let members = table.members(output.class);
    let (mut by_rank, mut by_base) = ([[0; 4]; K], vec![[0; 4]; members.len()]);
    for r in 0..output.len() {
        let list = nearest(output.own[r], &members, K, |a, b| table.square(a, b));
        let rank = list.iter().position(|&j| j == output.partner[r]);
        let rank = rank.ok_or_else(|| format!("row {r}: not one of the {K} nearest"))?;
        let base = members.binary_search(&output.own[r]).map_err(|_| "base")?;
        let quarter = ((output.weight[r] * 4.0) as usize).min(3);
        by_rank[rank][quarter] += 1;
        by_base[base][quarter] += 1;
    }
    let (ranks, bases) = (by_rank.as_flattened(), by_base.as_flattened());
    ensure(chi_square_p(ranks) > LEAST_P, || {
        format!("ranks by λ {ranks:?}")
    })?;
    ensure(chi_square_p(bases) > LEAST_P, || {
        format!("bases by λ {bases:?}")
    })
}

fn check_all(table: &Table, output: &Output) -> Verdict {
    let members = table.members(output.class);
    check_weights(output)?;
    check_neighbours(output, &members, K, |a, b| table.square(a, b))?;
    check_segment(table, output)
}

#[test]
fn rows_lie_between_a_row_and_one_of_its_nearest() {
    let table = Table::normal(&[120, 40, 30], 3, 1);
    for output in smote(&table, seeded(2)) {
        check_all(&table, &output).expect("SMOTE");
        check_origin(&table, &output).expect("SMOTE");
    }
}

#[test]
fn weights_bases_and_ranks_follow_their_laws() {
    let table = many();
    let output = smote(&table, seeded(2)).remove(0);
    check_law(&table, &output).expect("SMOTE");
    let even = Settings {
        bases: Bases::Even,
        ..seeded(2)
    };
    let counts = smote(&table, even).remove(0).base_counts(&table);
    assert_eq!(counts, [750; 16]);
}

/// SMOTE by a rule that may be wrong: partners from a list for each base, and λ from a draw and the rank.
fn ruled(
    table: &Table,
    list: impl Fn(u32) -> Vec<u32>,
    lambda: impl Fn(f64, usize) -> f64,
) -> Output {
    let members = table.members(1);
    let mut stream = Stream::new(5, Purpose::Partner, 0);
    made_by(table, 1, 12_000, |_| {
        let own = members[stream.below(members.len())];
        let list = list(own);
        let rank = stream.below(list.len());
        (own, list[rank], lambda(stream.unit(), rank))
    })
}

#[test]
fn wrong_rules_are_refused() {
    let table = many();
    let members = table.members(1);
    let all: Vec<u32> = (0..table.len() as u32).collect();
    let square = |a, b| table.square(a, b);
    let right = |i| nearest(i, &members, K, square);
    let good = ruled(&table, right, |u, _| 1.0 - u);
    check_all(&table, &good).expect("the rule is right");
    check_law(&table, &good).expect("the rule is right");

    let few = |i: u32| nearest(i, &all[..400], K, square);
    assert!(
        check_all(&table, &ruled(&table, few, |u, _| u)).is_err(),
        "neighbours from all data"
    );
    let more = |i: u32| nearest(i, &members, K + 1, square);
    assert!(
        check_all(&table, &ruled(&table, more, |u, _| u)).is_err(),
        "one neighbour too many"
    );
    let itself = |i: u32| vec![i];
    assert!(
        check_all(&table, &ruled(&table, itself, |u, _| u)).is_err(),
        "self as neighbour"
    );

    let mut off = good.clone();
    off.numbers[11] += 1e-6;
    assert!(check_all(&table, &off).is_err(), "a number off the line");
    let beyond = ruled(&table, right, |u, _| 1.0 + u);
    assert!(check_segment(&table, &beyond).is_err(), "extrapolation");
    assert!(check_weights(&beyond).is_err());
    check_origin(&table, &good).expect("the rule is right");
    assert!(
        check_origin(&table, &beyond).is_err(),
        "extrapolation, parents unknown"
    );

    for (mutation, lambda) in [
        (
            "a product of two draws",
            (|u, _| u * u) as fn(f64, usize) -> f64,
        ),
        ("half the way", |u, _| 1.0 - u / 2.0),
        ("λ goes by the rank", |u, rank| {
            (u + rank as f64) / K as f64
        }),
    ] {
        assert!(
            check_law(&table, &ruled(&table, right, lambda)).is_err(),
            "{mutation}"
        );
    }
    let first = |i| nearest(i, &members, 1, square);
    assert!(
        check_law(&table, &ruled(&table, first, |u, _| u)).is_err(),
        "always the nearest"
    );
    let mut few_bases = good;
    let keep: Vec<usize> = (0..few_bases.len())
        .filter(|&r| few_bases.own[r] != members[3])
        .collect();
    few_bases.own = keep.iter().map(|&r| few_bases.own[r]).collect();
    few_bases.partner = keep.iter().map(|&r| few_bases.partner[r]).collect();
    few_bases.weight = keep.iter().map(|&r| few_bases.weight[r]).collect();
    assert!(
        check_law(&table, &few_bases).is_err(),
        "a row is never a base"
    );
}

#[test]
fn published_rows_are_replayed() {
    let table = fixture();
    let members = table.members(0);
    assert_eq!(members, [0, 2, 3, 4, 11, 12, 17, 19]);
    let draws = [
        (0usize, 0.4236548),
        (3, 0.64589411),
        (3, 0.43758721),
        (39, 0.891773),
    ];
    let own: Vec<u32> = draws.iter().map(|(q, _)| members[q / K]).collect();
    let list = |i| nearest(i, &members, K, |a, b| table.square(a, b));
    let partner = own.iter().zip(&draws).map(|(&i, (q, _))| list(i)[q % K]);
    let weight: Vec<f64> = draws.iter().map(|(_, step)| 1.0 - step).collect();
    let replay = |own: &[u32], partner: Vec<u32>, weight: Vec<f64>| -> Vec<f64> {
        let pairs = Pairs::new(own.to_vec(), partner, weight, vec![1.0; 4]).expect("pairs");
        Recipe::from(pairs)
            .numbers(&table.rows(), 0..4)
            .expect("rows")
    };
    let published = [
        0.29307743,
        -0.14670439,
        0.84976473,
        -0.15570176,
        0.61319159,
        -0.11571667,
        0.66052536,
        -0.28246518,
    ];
    let near = |made: &[f64]| {
        made.iter()
            .zip(&published)
            .all(|(a, b)| (a - b).abs() < 1e-8)
    };
    let partner: Vec<u32> = partner.collect();
    assert!(near(&replay(&own, partner.clone(), weight.clone())));
    let inverted = weight.iter().map(|w| 1.0 - w).collect();
    assert!(
        !near(&replay(&own, partner.clone(), inverted)),
        "λ inverted"
    );
    assert!(
        !near(&replay(&partner, own, weight)),
        "own and partner exchanged"
    );
}

/// A table whose numbers are multiples of 1/1024, so that turning, moving and scaling it rounds nothing.
fn dyadic() -> Table {
    let mut table = Table::normal(&[60, 25], 2, 14);
    table
        .numbers
        .iter_mut()
        .for_each(|x| *x = (*x * 1024.0).round() / 1024.0);
    table
}

#[test]
fn turning_moving_and_scaling_commute_with_smote() {
    let table = dyadic();
    let plain = smote(&table, seeded(3)).remove(0);
    type Map = fn(&[f64]) -> [f64; 2];
    let maps: [Map; 5] = [
        |x| [-x[1], x[0]],
        |x| [x[0] + 1.7e9, x[1]], // a column of epoch seconds
        |x| [x[0] - 1e8, x[1] + 1e8],
        |x| [x[0] * 2f64.powi(-30), x[1] * 2f64.powi(-30)],
        |x| [x[0] * 2f64.powi(200), x[1] * 2f64.powi(200)],
    ];
    for (number, map) in maps.into_iter().enumerate() {
        let mut moved = table.clone();
        moved.numbers = table.numbers.chunks(2).flat_map(map).collect();
        let output = smote(&moved, seeded(3)).remove(0);
        assert_eq!(
            (&output.own, &output.partner),
            (&plain.own, &plain.partner),
            "map {number}"
        );
        assert_eq!(output.weight, plain.weight);
        for (made, row) in output.numbers.chunks(2).zip(plain.numbers.chunks(2)) {
            for (x, y) in made.iter().zip(map(row)) {
                assert!(
                    (x - y).abs() <= 4.0 * f64::EPSILON * y.abs().max(4.0),
                    "map {number}: {x} {y}"
                );
            }
        }
    }
}

#[test]
fn the_class_as_a_whole_never_grows() {
    let table = Table::normal(&[900, 12], 4, 3);
    let output = smote(&table, seeded(1)).remove(0);
    for j in 0..4 {
        let column = table.members(1).into_iter().map(|i| table.row(i)[j]);
        let (low, high) = (
            column.clone().fold(f64::INFINITY, f64::min),
            column.fold(f64::NEG_INFINITY, f64::max),
        );
        assert!(
            output
                .numbers
                .iter()
                .skip(j)
                .step_by(4)
                .all(|x| (low..=high).contains(x))
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_table_gives_rows_between_neighbours(table in tables(), seed in any::<u64>(), k in 1usize..9) {
        let settings = Settings { method: Method::Smote { k }, ..seeded(seed) };
        prop_assume!(table.balance(settings.clone()).is_ok());
        for output in smote(&table, settings) {
            let members = table.members(output.class);
            let square = |a, b| table.square(a, b);
            prop_assert_eq!(check_neighbours(&output, &members, k, square), Ok(()));
            prop_assert_eq!(check_segment(&table, &output), Ok(()));
            prop_assert_eq!(check_weights(&output), Ok(()));
        }
    }
}
