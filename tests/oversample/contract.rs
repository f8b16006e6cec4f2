//! What holds for every method.

use std::collections::BTreeMap;

use crate::bench::contract::{bits, check, method, methods, usual};
use crate::bench::output::{Output, check_totals, outputs, support};
use crate::bench::{Table, by_default, suited};
use candle_mixup::oversample::{Balanced, Bases, Method, Residue, Settings, Strategy};
use candle_mixup::random::{Purpose, Stream};
use candle_mixup::{Pairs, Result};

/// Methods that draw nothing.
const FIXED: [&str; 1] = ["star"];

#[test]
fn totals_are_exact_for_every_strategy() {
    let counts = BTreeMap::from([("b".to_owned(), 57), ("c".to_owned(), 31)]);
    // Classes of 120, 40 and 30 rows.
    let cases = [
        (Strategy::Auto, [0, 80, 90]),
        (Strategy::NotMajority, [0, 80, 90]),
        (Strategy::All, [0, 80, 90]),
        (Strategy::Minority, [0, 0, 90]),
        (Strategy::NotMinority, [0, 80, 0]),
        (Strategy::Ratio(0.6), [0, 32, 42]),
        (Strategy::Ratio(0.304), [0, 0, 6]),   // 36.48 rows
        (Strategy::Ratio(0.3375), [0, 1, 11]), // 40.5 rows, half up
        (Strategy::Counts(counts), [0, 17, 1]),
    ];
    for name in methods() {
        let table = usual(name);
        for (strategy, to_make) in &cases {
            let settings = Settings {
                strategy: strategy.clone(),
                ..by_default(name, 3)
            };
            let balanced = table.balance(settings).expect(name);
            check_totals(&outputs(&table, &balanced), to_make).expect(name);
            let classes: Vec<u32> = (0..3u32)
                .flat_map(|c| std::iter::repeat_n(c, to_make[c as usize]))
                .collect();
            assert_eq!(balanced.classes(), classes, "{name}");
            assert!(balanced.notes.is_empty(), "{name}: {:?}", balanced.notes);
        }
    }
}

#[test]
fn every_row_is_made_of_its_parents() {
    for name in methods() {
        let table = usual(name);
        let before = table.clone();
        let balanced = table.balance(by_default(name, 5)).expect(name);
        for output in outputs(&table, &balanced) {
            check(&table, &method(name), &output).expect(name);
        }
        assert_eq!(bits(&table.numbers), bits(&before.numbers), "{name}");
        assert_eq!(table, before, "{name}");
    }
}

#[test]
fn the_checkers_refuse_spoilt_outputs() {
    let table = Table::normal(&[120, 40, 30], 3, 11);
    let balanced = table.balance(by_default("smote", 5)).expect("rows");
    let good = outputs(&table, &balanced);
    let to_make = [0, 80, 90];
    check_totals(&good, &to_make).expect("a good output");
    let smote = Method::default();
    type Spoil = fn(&mut Output);
    let spoilt: [(&str, Spoil); 6] = [
        ("λ inverted", |o| {
            o.weight.iter_mut().for_each(|w| *w = 1.0 - *w)
        }),
        ("own and partner exchanged", |o| {
            std::mem::swap(&mut o.own, &mut o.partner)
        }),
        ("self as neighbour", |o| o.partner[7] = o.own[7]),
        ("a partner that is not there", |o| o.partner[7] = 190),
        ("one number off by a bit", |o| {
            o.numbers[40] = f64::from_bits(o.numbers[40].to_bits() ^ 1)
        }),
        ("a number that is none", |o| o.numbers[40] = f64::NAN),
    ];
    for (mutation, spoil) in spoilt {
        let mut output = good[0].clone();
        check(&table, &smote, &output).expect("a good output");
        spoil(&mut output);
        assert!(check(&table, &smote, &output).is_err(), "{mutation}");
    }
    let others = table.members(0);
    for column in [0, 1] {
        let mut output = good[0].clone();
        match column {
            0 => output.own[3] = others[3],
            _ => output.partner[3] = others[3],
        }
        assert!(
            check(&table, &smote, &output).is_err(),
            "a parent of another class"
        );
    }
    let mut short = good.clone();
    short[1].own.pop();
    assert!(check_totals(&short, &to_make).is_err(), "a row lost");
    let swapped = [good[1].clone(), good[0].clone()];
    assert!(
        check_totals(&swapped, &to_make).is_err(),
        "classes out of order"
    );
}

#[test]
fn a_replayed_plan_gives_the_same_rows_and_its_ends_are_the_parents() {
    for name in methods() {
        let table = usual(name);
        let balanced = table.balance(by_default(name, 5)).expect(name);
        let rows = table.rows();
        for (made, output) in balanced.made.iter().zip(outputs(&table, &balanced)) {
            let mut recipe = made.recipe.clone();
            assert_eq!(recipe.pairs, output.pairs().expect("pairs"), "{name}");
            // In pieces as in one.
            let cut = recipe.len() / 3;
            let mut pieces = recipe.numbers(&rows, 0..cut).expect(name);
            pieces.extend(recipe.numbers(&rows, cut..recipe.len()).expect(name));
            assert_eq!(bits(&pieces), bits(&output.numbers), "{name}");
            // λ = 1 is own and λ = 0 the partner, bit for bit.
            recipe.residue = Residue::None;
            for (weight, parents) in [(1.0, &output.own), (0.0, &output.partner)] {
                let weights = vec![weight; recipe.len()];
                recipe.pairs = Pairs::new(
                    output.own.clone(),
                    output.partner.clone(),
                    weights.clone(),
                    weights,
                )
                .expect("pairs");
                let ends = recipe.numbers(&rows, 0..recipe.len()).expect(name);
                let parent = |&i: &u32| output.parent(&table, i).to_vec();
                let expected: Vec<f64> = parents.iter().flat_map(parent).collect();
                assert_eq!(bits(&ends), bits(&expected), "{name} at {weight}");
            }
        }
    }
}

fn on_threads(threads: usize, work: impl Fn() -> Balanced + Send + Sync) -> Balanced {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .expect("threads")
        .install(work)
}

#[test]
fn the_same_bytes_at_any_number_of_threads() {
    for name in methods() {
        // More rows than one block of draws.
        let table = suited(&method(name), Table::normal(&[1400, 90, 60], 2, 2));
        let run = || table.balance(by_default(name, 9)).expect(name);
        let open = |threads| {
            let balanced = on_threads(threads, run);
            let numbers = balanced.numbers(&table.rows()).expect("numbers");
            let codes = balanced.codes(&table.rows()).expect("codes");
            (balanced, bits(&numbers), codes)
        };
        let one = open(1);
        assert!(one == open(2) && one == open(3), "{name}");
    }
}

/// What was drawn for a class: places of the bases in it, and weights.
fn draws(table: &Table, output: &Output) -> (Vec<usize>, Vec<u64>, Vec<u64>) {
    let members = table.members(output.class);
    let place = |own| members.binary_search(own).expect("a row of the class");
    (
        output.own.iter().map(place).collect(),
        bits(&output.weight),
        bits(&output.numbers),
    )
}

#[test]
fn seeds_and_classes_have_streams_of_their_own() {
    for name in methods().filter(|n| !FIXED.contains(n)) {
        // Two classes with the very same rows, so that only the streams can differ.
        let mut table = usual(name);
        table.classes.iter_mut().for_each(|c| *c = 0);
        let half: Vec<u32> = (0..30).collect();
        for &i in &half {
            let (a, b) = (i as usize * 2, i as usize * 2 + 1);
            (table.classes[a], table.classes[b]) = (1, 2);
            for j in 0..table.width {
                table.numbers[b * table.width + j] = table.numbers[a * table.width + j];
            }
            for j in 0..table.categories {
                table.codes[b * table.categories + j] = table.codes[a * table.categories + j];
            }
        }
        let run = |seed| outputs(&table, &table.balance(by_default(name, seed)).expect(name));
        let (one, again, other) = (run(1), run(1), run(2));
        assert_eq!(one, again, "{name}");
        let drawn = |outputs: &[Output], c: usize| draws(&table, &outputs[c]);
        assert_ne!(drawn(&one, 0), drawn(&other, 0), "{name}: seeds");
        assert_ne!(drawn(&one, 0), drawn(&one, 1), "{name}: classes");
        // Where weights are drawn, no two rows of the two classes share one.
        let weights = |c: usize| bits(&one[c].weight);
        if one[0].weight.iter().any(|&w| w != 1.0) {
            let same = weights(0)
                .iter()
                .zip(weights(1))
                .filter(|(a, b)| *a == b)
                .count();
            assert_eq!(same, 0, "{name}: one λ sequence for two classes");
        }
        // The draws of a class do not depend on which others grow.
        let alone = table
            .balance(Settings {
                strategy: Strategy::Counts(BTreeMap::from([("c".to_owned(), 130)])),
                ..by_default(name, 1)
            })
            .expect(name);
        assert_eq!(outputs(&table, &alone)[0], one[1], "{name}");
    }
}

#[test]
fn permuted_rows_permute_the_law() {
    // Its clusters begin at drawn rows.
    let by_order = ["kmeans"];
    for name in methods().filter(|n| !by_order.contains(n)) {
        let table = suited(&method(name), Table::normal(&[40, 12], 2, 21));
        let order = Stream::new(3, Purpose::Order, 0).permutation(table.len());
        let moved = table.permuted(&order);
        let settings = Settings {
            strategy: Strategy::Counts(BTreeMap::from([("b".to_owned(), 12_012)])),
            ..by_default(name, 1)
        };
        let run = |table: &Table| -> Result<Vec<Output>> {
            Ok(outputs(table, &table.balance(settings.clone())?))
        };
        let (here, there) = (run(&table).expect(name), run(&moved).expect(name));
        let original = |i: u32| order.get(i as usize).copied().unwrap_or(i);
        let back = support(&there[0])
            .into_iter()
            .map(|(o, p)| (original(o), original(p)));
        assert_eq!(support(&here[0]), back.collect(), "{name}");
    }
}

#[test]
fn even_bases_differ_by_at_most_one() {
    // The others count their bases themselves.
    let even = [
        "random",
        "rose",
        "smote",
        "smotenc",
        "smoten",
        "borderline1",
        "borderline2",
    ];
    for name in even {
        let table = usual(name);
        for extra in [1, 39, 40, 41, 1000] {
            let settings = |seed| Settings {
                bases: Bases::Even,
                strategy: Strategy::Counts(BTreeMap::from([("b".to_owned(), 40 + extra)])),
                ..by_default(name, seed)
            };
            let run = |seed| outputs(&table, &table.balance(settings(seed)).expect(name)).remove(0);
            let (output, other) = (run(1), run(2));
            let mut counts = output.base_counts(&table);
            if name.starts_with("borderline") {
                counts.retain(|&n| n > 0); // rows in danger
            }
            let (least, most) = (counts.iter().min(), counts.iter().max());
            assert!(
                most.zip(least).is_some_and(|(m, l)| m - l <= 1),
                "{name}: {counts:?}"
            );
            if extra == 1000 {
                assert_ne!(output.own, other.own, "{name}: the order is drawn");
            }
        }
    }
}
