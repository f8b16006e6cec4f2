//! Agreement with imbalanced-learn where both are right: its own arrays, made by tests/data/oversample_reference.py.

use std::collections::BTreeSet;

use crate::bench::Table;
use crate::bench::oracles::other_bounds;
use crate::bench::output::{Output, outputs};
use candle_mixup::data::{Cell, Header, Records, Source};
use candle_mixup::oversample::{
    Bases, Like, Method, Metric, Residue, Scale, Settings, Space, Strategy,
};
use serde_json::Value;

fn reference() -> Value {
    let text = include_str!("../data/oversample_reference.json");
    serde_json::from_str(text).expect("good JSON")
}

fn numbers<T: serde::de::DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).expect("numbers")
}

/// The table of an entry: `x` row by row, `y`, and `codes` where there are some.
fn table_of(entry: &Value) -> Table {
    let x: Vec<Vec<f64>> = numbers(&entry["x"]);
    let mut table = Table::numeric(x.concat(), x[0].len(), numbers(&entry["y"]));
    if let Some(codes) = entry.get("codes") {
        let codes: Vec<Vec<u32>> = numbers(codes);
        table.categories = codes[0].len();
        table.codes = codes.concat();
    }
    table
}

fn page_blocks() -> Table {
    let source = Source::parse("@page-blocks").expect("a shipped set");
    let records = Records::open(&source, Header::First).expect("records");
    let width = records.columns().len() - 1;
    let (mut cells, mut classes) = (Vec::new(), Vec::new());
    for record in records {
        let row = record
            .expect("a row")
            .cells
            .into_iter()
            .map(|cell| match cell {
                Cell::Text(text) => text.parse::<f64>().expect("a number"),
                other => panic!("{other:?}"),
            });
        let row: Vec<f64> = row.collect();
        cells.extend_from_slice(&row[..width]);
        classes.push(row[width] as u32);
    }
    Table::numeric(cells, width, classes)
}

/// `count` rows of a class, from each base as often as from any other where the method leaves that open.
fn make(table: &Table, class: u32, count: usize, method: Method, like: Like) -> Output {
    let bases = match method {
        Method::Adasyn { .. } => Bases::Random,
        _ => Bases::Even,
    };
    let settings = Settings {
        method,
        like,
        bases,
        ..Settings::default()
    };
    let mut to_make = vec![0; table.names.len()];
    to_make[class as usize] = count;
    let sampler = settings.check().expect("settings");
    let balanced = sampler.make(&table.rows(), table.strata(), &to_make, &());
    outputs(table, &balanced.expect("rows")).remove(0)
}

/// The rows in danger: with even bases and many rows, each of them is a base.
fn danger(table: &Table, class: u32) -> BTreeSet<u32> {
    let method = Method::Borderline1 { k: 5, m: 10 };
    make(table, class, 2000, method, Like::Own)
        .own
        .into_iter()
        .collect()
}

/// Rows of the class for which a tie at the k-th distance leaves open how many neighbours are of other classes.
fn open(table: &Table, class: u32, k: usize) -> BTreeSet<u32> {
    let undecided = |i: &u32| {
        let (least, most) = other_bounds(table, *i, k);
        least < most
    };
    let members = table.members(class);
    members.into_iter().filter(undecided).collect()
}

/// Rows of the class with the very same numbers as another row. imbalanced-learn drops the nearest row found as if it
/// were the row itself, so of two such rows it may keep the row among its own neighbours.
fn repeated(table: &Table, class: u32) -> BTreeSet<u32> {
    let all = 0..table.len() as u32;
    let twin = |i: &u32| {
        all.clone()
            .any(|j| j != *i && table.row(j) == table.row(*i))
    };
    table.members(class).into_iter().filter(twin).collect()
}

#[test]
fn danger_and_shares_agree_on_a_table_without_ties() {
    let entry = &reference()["random"];
    let table = table_of(entry);
    for class in [1u32, 2] {
        assert!(open(&table, class, 10).is_empty() && open(&table, class, 5).is_empty());
        let key = class.to_string();
        let expected: BTreeSet<u32> = numbers(&entry["danger"][&key]);
        assert_eq!(danger(&table, class), expected, "class {class}");
        let expected: Vec<usize> = numbers(&entry["adasyn"][&key]);
        let count = 120 - table.members(class).len();
        let made = make(
            &table,
            class,
            count,
            Method::Adasyn { k: 5 },
            Like::Imblearn,
        );
        assert_eq!(made.base_counts(&table), expected, "class {class}");
        // Ours differ by one at most, and sum to the count.
        let own =
            make(&table, class, count, Method::Adasyn { k: 5 }, Like::Own).base_counts(&table);
        assert!(own.iter().zip(&expected).all(|(a, b)| a.abs_diff(*b) <= 1));
        assert_eq!(own.iter().sum::<usize>(), count);
    }
}

#[test]
fn danger_agrees_on_page_blocks_but_for_ties() {
    // Of the 559 rows of class 1, a tie at the tenth neighbour leaves 26 open, and 75 repeat another row. One row's
    // verdict differs, 4147: its twin 1497 is of the other class, and imbalanced-learn dropped that one as if it were
    // the row itself.
    let table = page_blocks();
    let expected: BTreeSet<u32> = numbers(&reference()["page_blocks"]["danger"]["1"]);
    let (open, repeated) = (open(&table, 1, 10), repeated(&table, 1));
    assert_eq!((open.len(), repeated.len(), expected.len()), (26, 75, 165));
    let ours = danger(&table, 1);
    let differ: BTreeSet<u32> = ours.symmetric_difference(&expected).copied().collect();
    assert!(
        differ
            .iter()
            .all(|i| open.contains(i) || repeated.contains(i))
    );
    assert_eq!(differ, BTreeSet::from([4147]));
}

#[test]
fn shares_agree_on_page_blocks_but_for_ties() {
    // Here 16 of the 559 rows are open. Σr differs by their and the repeated rows' neighbours, and so every share by
    // at most one; only open and repeated rows differ by more.
    let table = page_blocks();
    let expected: Vec<usize> = numbers(&reference()["page_blocks"]["adasyn"]["1"]);
    let (open, repeated) = (open(&table, 1, 5), repeated(&table, 1));
    assert_eq!(open.len(), 16);
    let count = table.counts()[0] - table.counts()[1];
    let made = make(&table, 1, count, Method::Adasyn { k: 5 }, Like::Imblearn).base_counts(&table);
    // What one neighbour more or less comes to.
    let step = expected.iter().max().expect("rows").div_ceil(4) + 1;
    for (i, (ours, theirs)) in table.members(1).into_iter().zip(made.iter().zip(&expected)) {
        let allowed = match (open.contains(&i), repeated.contains(&i)) {
            (true, _) => {
                let (least, most) = other_bounds(&table, i, 5);
                (most - least + 1) * step
            }
            (_, true) => step,
            _ => 1,
        };
        assert!(
            ours.abs_diff(*theirs) <= allowed,
            "row {i}: {ours}, there {theirs}"
        );
    }
    // There 36 rows too many are made, ours are exact.
    assert_eq!(expected.iter().sum::<usize>(), count + 36);
    let own = make(&table, 1, count, Method::Adasyn { k: 5 }, Like::Own);
    assert_eq!(own.len(), count);
}

#[test]
fn smotenc_measures_and_votes_alike() {
    let entry = &reference()["smotenc"];
    let table = table_of(entry);
    let members = table.members(1);
    let median: f64 = numbers(&entry["median_deviation"]);
    let distances: Vec<Vec<f64>> = numbers(&entry["distances"]);
    let space = Space::new(table.rows(), Metric::Euclidean, Scale::None)
        .with_mismatch(median.powi(2))
        .expect("euclidean");
    for (a, row) in members.iter().zip(&distances) {
        for (b, expected) in members.iter().zip(row) {
            assert!((space.distance(*a, *b) - expected).abs() < 1e-9, "{a} {b}");
        }
    }
    // Every code made is one of imbalanced-learn's modes, and every tied one is made.
    let modes: Vec<Vec<BTreeSet<u32>>> = numbers(&entry["modes"]);
    let output = make(&table, 1, 4000, Method::Smotenc { k: 5 }, Like::Own);
    let mut seen = vec![vec![BTreeSet::new(); table.categories]; members.len()];
    for (own, codes) in output.own.iter().zip(output.codes.chunks(table.categories)) {
        let base = members.binary_search(own).expect("a row of the class");
        for (column, &code) in codes.iter().enumerate() {
            seen[base][column].insert(code);
        }
    }
    assert_eq!(seen, modes);
}

#[test]
fn the_smoothed_bootstrap_has_imbalanced_learns_noise() {
    let entry = &reference()["rose"];
    let table = table_of(entry);
    let expected: Vec<f64> = numbers(&entry["deviation"]);
    let shrinkage = numbers(&entry["shrinkage"]);
    let noise = |like| {
        let output = make(&table, 1, 40, Method::Rose { shrinkage }, like);
        match output.residue {
            Residue::Noise { deviation, .. } => deviation,
            other => panic!("{other:?}"),
        }
    };
    let like = noise(Like::Imblearn);
    assert!(
        like.iter()
            .zip(&expected)
            .all(|(a, b)| (a - b).abs() < 1e-12 * b),
        "{like:?}"
    );
    // Ours has n = 20 rows of the class instead of 80 in all: wider by 4^(1/7).
    let ratio = 4f64.powf(1.0 / 7.0);
    assert!(
        noise(Like::Own)
            .iter()
            .zip(&expected)
            .all(|(a, b)| (a / b - ratio).abs() < 1e-12)
    );
}

#[test]
fn totals_agree_for_every_strategy() {
    let entries: Vec<(Vec<usize>, String, Option<Vec<usize>>)> =
        numbers(&reference()["strategies"]);
    let mut agreed = 0;
    for (counts, name, expected) in &entries {
        let strategy: Strategy = name.parse().expect("a strategy");
        let make = |like| strategy.to_make(counts, &[], like);
        let nothing = |made: &Vec<usize>| made.iter().all(|&n| n == 0);
        match expected.as_ref().filter(|made| !nothing(made)) {
            Some(expected) if counts.iter().any(|&n| n > 1) => {
                assert_eq!(
                    &make(Like::Imblearn).expect(name),
                    expected,
                    "{counts:?} {name}"
                );
                agreed += 1;
            }
            // Refused there, or nothing to make, which is an error here; a ratio of several classes is ours alone.
            _ if matches!(strategy, Strategy::Ratio(_)) => {}
            _ => assert!(make(Like::Imblearn).is_err(), "{counts:?} {name}"),
        }
    }
    assert!(agreed > 100, "{agreed} of {}", entries.len());
}

#[test]
fn our_totals_differ_where_they_should() {
    let make = |strategy: &Strategy, counts: &[usize], like| {
        strategy
            .to_make(counts, &[], like)
            .expect("something to make")
    };
    // Tied smallest classes: all of them, not the first alone.
    assert_eq!(make(&Strategy::Minority, &[9, 4, 4], Like::Own), [0, 5, 5]);
    assert_eq!(
        make(&Strategy::Minority, &[9, 4, 4], Like::Imblearn),
        [0, 5, 0]
    );
    assert_eq!(
        make(&Strategy::NotMinority, &[9, 4, 6, 4], Like::Own),
        [0, 0, 3, 0]
    );
    assert_eq!(
        make(&Strategy::NotMinority, &[9, 4, 6, 4], Like::Imblearn),
        [0, 0, 3, 5]
    );
    // 0.35 of 10 is 3.5: half up, not truncated.
    assert_eq!(make(&Strategy::Ratio(0.35), &[10, 2], Like::Own), [0, 2]);
    assert_eq!(
        make(&Strategy::Ratio(0.35), &[10, 2], Like::Imblearn),
        [0, 1]
    );
}
