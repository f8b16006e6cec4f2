//! SMOTENC and SMOTEN: checkers, run on ours and on rows made by a wrong rule.

use std::collections::BTreeMap;

use crate::bench::oracles::{EPSILON, check_neighbours, made_by, nearest};
use crate::bench::output::{Output, Verdict, check_weights, ensure, outputs};
use crate::bench::{LEAST_P, Table, by_default, chi_square_p, ks_uniform_p};
use candle_mixup::oversample::{Bases, Method, Scale, Settings, Strategy};
use candle_mixup::random::{Purpose, Stream};
use proptest::prelude::*;

const K: usize = 5;

/// The rows of class b, raised to as many as class a has.
fn grow(table: &Table, settings: Settings) -> Output {
    outputs(table, &table.balance(settings).expect("rows")).remove(0)
}

// ---- SMOTENC ----

/// The square of SMOTENC's distance in a class, by definition.
fn mixed_square(table: &Table, class: u32, factor: f64) -> impl Fn(u32, u32) -> f64 + use<'_> {
    let members = table.members(class);
    let n = members.len() as f64;
    let mut deviations: Vec<f64> = (0..table.width)
        .map(|j| {
            let column = members.iter().map(|&i| table.row(i)[j]);
            let mean = column.clone().sum::<f64>() / n;
            (column.map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt()
        })
        .collect();
    deviations.sort_by(f64::total_cmp);
    let (low, high) = ((table.width - 1) / 2, table.width / 2);
    let median = (deviations[low] + deviations[high]) / 2.0 * factor;
    move |a, b| {
        let codes = table.codes_of(a).iter().zip(table.codes_of(b));
        let mismatches = codes.filter(|(a, b)| a != b).count() as f64;
        table.square(a, b) + mismatches * median * median
    }
}

/// Whether `code` is a most frequent one for some choice of the k nearest: all nearer than the k-th, and as many of
/// those at its distance as there is room for.
fn may_be_mode(code: u32, sure: &[u32], tied: &[u32], k: usize) -> bool {
    let count = |codes: &[u32], c: u32| codes.iter().filter(|&&x| x == c).count();
    let room = k - sure.len();
    let taken = room.min(count(tied, code));
    let votes = count(sure, code) + taken;
    let mut open = room - taken;
    let mut codes: Vec<u32> = sure.iter().chain(tied).copied().collect();
    codes.sort_unstable();
    codes.dedup();
    for other in codes.into_iter().filter(|&c| c != code) {
        let Some(spare) = votes.checked_sub(count(sure, other)) else {
            return false;
        };
        open -= open.min(spare).min(count(tied, other));
    }
    votes > 0 && open == 0
}

/// Numbers by SMOTE under the mixed distance; each category a mode of the k neighbours of the base.
fn check_smotenc(table: &Table, output: &Output, k: usize) -> Verdict {
    let members = table.members(output.class);
    let square = mixed_square(table, output.class, 1.0);
    check_weights(output)?;
    check_neighbours(output, &members, k, &square)?;
    for (r, codes) in output.codes.chunks(table.categories).enumerate() {
        let own = output.own[r];
        let list = nearest(own, &members, k, &square);
        let edge = square(own, list[k - 1]);
        let of = |keep: &dyn Fn(f64) -> bool, column: usize| -> Vec<u32> {
            let kept = members
                .iter()
                .filter(|&&i| i != own && keep(square(own, i)));
            kept.map(|&i| table.codes_of(i)[column]).collect()
        };
        let near = |d: f64| d < edge * (1.0 - EPSILON);
        let tied = |d: f64| !near(d) && d <= edge * (1.0 + EPSILON);
        for (column, &code) in codes.iter().enumerate() {
            let mode = may_be_mode(code, &of(&near, column), &of(&tied, column), k);
            ensure(mode, || {
                format!("row {r}: {code} is no mode of column {column}")
            })?;
        }
    }
    Ok(())
}

fn mixed(seed: u64) -> Table {
    Table::normal(&[700, 40], 3, seed).with_codes(3, 3, seed)
}

#[test]
fn smotenc_votes_among_the_neighbours_of_the_base() {
    let table = mixed(1);
    let output = grow(&table, by_default("smotenc", 2));
    check_smotenc(&table, &output, K).expect("SMOTENC");
    let wide = Table::normal(&[20_040, 40], 2, 1).with_codes(2, 3, 1);
    let output = grow(&wide, by_default("smotenc", 2));
    assert!(ks_uniform_p(&output.weight) > LEAST_P);
    assert!(chi_square_p(&output.base_counts(&wide)) > LEAST_P);
}

#[test]
fn ties_of_categories_are_drawn() {
    // Each row has four neighbours, two of either code: a fair coin.
    let numbers: Vec<f64> = (0..9005)
        .map(|i| if i < 5 { 0.0 } else { 1e3 + i as f64 })
        .collect();
    let classes = (0..9005).map(|i| u32::from(i < 5)).collect();
    let mut table = Table::numeric(numbers, 1, classes);
    table.categories = 1;
    table.codes = (0..9005)
        .map(|i| [7, 7, 4_000_000_000, 4_000_000_000, 9][i % 5])
        .collect();
    let settings = Settings {
        method: Method::Smotenc { k: 4 },
        seed: 3,
        ..Settings::default()
    };
    let output = grow(&table, settings);
    let of_nine: Vec<u32> = (0..output.len())
        .filter(|&r| output.own[r] == 4)
        .map(|r| output.codes[r])
        .collect();
    let high = of_nine.iter().filter(|&&c| c == 4_000_000_000).count();
    assert!(
        chi_square_p(&[high, of_nine.len() - high]) > LEAST_P,
        "{high} of {}",
        of_nine.len()
    );
    assert!(!of_nine.contains(&9), "the base itself has no vote");
}

#[test]
fn wrong_votes_and_distances_are_refused() {
    let table = mixed(1);
    let members = table.members(1);
    // own, partner, the neighbours of own, column
    type Vote<'a> = &'a dyn Fn(u32, u32, &[u32], usize) -> u32;
    let ruled = |factor: f64, vote: Vote<'_>| {
        let square = mixed_square(&table, 1, factor);
        let mut stream = Stream::new(5, Purpose::Partner, 0);
        let mut codes = Vec::new();
        let mut output = made_by(&table, 1, 600, |_| {
            let own = members[stream.below(members.len())];
            let list = nearest(own, &members, K, &square);
            let partner = list[stream.below(K)];
            codes.extend((0..table.categories).map(|j| vote(own, partner, &list, j)));
            (own, partner, 0.5)
        });
        output.codes = codes;
        output
    };
    let mode = |codes: &mut Vec<u32>| -> u32 {
        let mut counts = BTreeMap::new();
        codes
            .iter()
            .for_each(|&c| *counts.entry(c).or_insert(0) += 1);
        counts
            .into_iter()
            .max_by_key(|&(_, n)| n)
            .expect("a code")
            .0
    };
    let column = |list: &[u32], j: usize| {
        list.iter()
            .map(|&i| table.codes_of(i)[j])
            .collect::<Vec<_>>()
    };
    let right = |_, _, list: &[u32], j| mode(&mut column(list, j));
    let verdict = |output: &Output| check_smotenc(&table, output, K);
    verdict(&ruled(1.0, &right)).expect("the rule is right");
    for (mutation, output) in [
        (
            "the partner's category",
            ruled(1.0, &|_, partner, _, j| table.codes_of(partner)[j]),
        ),
        (
            "the base's category",
            ruled(1.0, &|own, _, _, j| table.codes_of(own)[j]),
        ),
        (
            "the base votes",
            ruled(1.0, &|own, _, list, j| {
                let mut codes = column(list, j);
                codes.extend([table.codes_of(own)[j]; 2]);
                mode(&mut codes)
            }),
        ),
        ("one mismatch counted twice", ruled(2f64.sqrt(), &right)),
        ("a factor of √2 lost", ruled(0.5f64.sqrt(), &right)),
        ("categories left out of the distance", ruled(0.0, &right)),
        ("a category from nowhere", ruled(1.0, &|_, _, _, _| 17)),
    ] {
        assert!(verdict(&output).is_err(), "{mutation}");
    }
    // Votes over the partners that rows of one base happened to get, instead of over its neighbours.
    let mut by_partner: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    let output = ruled(1.0, &right);
    for (own, partner) in output.own.iter().zip(&output.partner).take(120) {
        by_partner.entry(*own).or_default().push(*partner);
    }
    let voted = |own, partner, _: &[u32], j| {
        let list = by_partner.get(&own).cloned().unwrap_or(vec![partner]);
        mode(&mut column(&list, j))
    };
    assert!(verdict(&ruled(1.0, &voted)).is_err(), "vote over partners");
}

#[test]
fn moving_and_scaling_numbers_changes_no_category() {
    let mut table = mixed(4);
    table
        .numbers
        .iter_mut()
        .for_each(|x| *x = (*x * 1024.0).round() / 1024.0);
    let plain = grow(&table, by_default("smotenc", 2));
    let maps: [fn(f64) -> f64; 4] = [
        |x| x * 2f64.powi(-30),
        |x| x * 1e-9,
        |x| x + 1e6,
        |x| x * 1e12,
    ];
    for map in maps {
        let mut moved = table.clone();
        moved.numbers.iter_mut().for_each(|x| *x = map(*x));
        let output = grow(&moved, by_default("smotenc", 2));
        assert!(output.codes == plain.codes && output.partner == plain.partner);
    }
}

#[test]
fn scaled_columns_may_have_units_of_their_own() {
    let table = mixed(4);
    for scale in [Scale::Standard, Scale::Robust] {
        let with = |table: &Table| {
            grow(
                table,
                Settings {
                    scale,
                    ..by_default("smotenc", 2)
                },
            )
        };
        let mut unit = table.clone();
        unit.numbers
            .iter_mut()
            .step_by(3)
            .for_each(|x| *x *= 1024.0);
        assert!(with(&unit).codes == with(&table).codes, "{scale:?}");
    }
}

#[test]
fn numbers_without_spread_still_leave_modes() {
    let mut table = mixed(5);
    table.numbers.iter_mut().for_each(|x| *x = 2.5);
    let output = grow(&table, by_default("smotenc", 2));
    check_smotenc(&table, &output, K).expect("SMOTENC");
    assert!(output.numbers.iter().all(|&x| x == 2.5));
}

// ---- SMOTEN ----

/// The value difference metric by definition, over the class's rows.
fn value_difference(table: &Table, a: u32, b: u32) -> f64 {
    let share = |column: usize, value: u32, class: u32| {
        let with = (0..table.len()).filter(|&i| table.codes_of(i as u32)[column] == value);
        let of_class = with.clone().filter(|&i| table.classes[i] == class).count();
        of_class as f64 / with.count() as f64
    };
    let difference = |column: usize| -> f64 {
        let (x, y) = (table.codes_of(a)[column], table.codes_of(b)[column]);
        let classes = 0..table.names.len() as u32;
        classes
            .map(|c| (share(column, x, c) - share(column, y, c)).powi(2))
            .sum()
    };
    (0..table.categories).map(difference).sum()
}

/// Copies in name, with categories of the k + 1 nearest, the base among them; ties to the smallest code.
fn check_smoten(table: &Table, output: &Output, k: usize) -> Verdict {
    let members = table.members(output.class);
    ensure(
        output.own == output.partner && output.weight.iter().all(|&w| w == 1.0),
        || "a row with a partner".into(),
    )?;
    let mut known: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for (r, codes) in output.codes.chunks(table.categories).enumerate() {
        let own = output.own[r];
        let expected = known.entry(own).or_insert_with(|| {
            let mut list = nearest(own, &members, k, |a, b| value_difference(table, a, b));
            list.push(own);
            let mode = |column: usize| {
                let codes: Vec<u32> = list.iter().map(|&i| table.codes_of(i)[column]).collect();
                let votes = |c: &u32| codes.iter().filter(|x| *x == c).count();
                let key = |c: &&u32| (votes(c), std::cmp::Reverse(**c));
                *codes.iter().max_by_key(key).expect("a code")
            };
            (0..table.categories).map(mode).collect()
        });
        ensure(codes == &expected[..], || {
            format!("row {r}: {codes:?}, not {expected:?}")
        })?;
    }
    Ok(())
}

fn nominal(classes: &[usize], seed: u64) -> Table {
    let mut table = Table::normal(classes, 1, seed).with_codes(4, 5, seed);
    table.numbers.clear();
    table.width = 0;
    // Values go with classes, and codes are names: large ones as good as small ones.
    for i in 0..table.len() {
        for j in 0..2 {
            table.codes[i * 4 + j] = (table.codes[i * 4 + j] + table.classes[i]) % 5;
        }
        table.codes[i * 4 + 1] = u32::MAX - table.codes[i * 4 + 1] * 1_000_003;
    }
    table
}

#[test]
fn smoten_takes_the_mode_with_the_base_among_the_voters() {
    for table in [nominal(&[150, 40], 1), nominal(&[90, 40, 30], 2)] {
        for seed in 0..3 {
            for output in outputs(
                &table,
                &table.balance(by_default("smoten", seed)).expect("rows"),
            ) {
                check_smoten(&table, &output, K).expect("SMOTEN");
                for (column, &code) in output.codes.iter().enumerate() {
                    let of_class = |&i: &u32| table.codes_of(i)[column % 4] == code;
                    assert!(table.members(output.class).iter().any(of_class));
                }
            }
        }
    }
}

#[test]
fn wrong_nominal_rules_are_refused() {
    let table = nominal(&[150, 40], 1);
    let members = table.members(1);
    let ruled = |base: bool, smallest: bool, k: usize, distance: &dyn Fn(u32, u32) -> f64| {
        let mut output = made_by(&table, 1, 40, |r| (members[r], members[r], 1.0));
        output.codes = members
            .iter()
            .flat_map(|&own| {
                let mut list = nearest(own, &members, k, distance);
                list.extend(base.then_some(own));
                let table = &table;
                (0..4).map(move |column| {
                    let codes: Vec<u32> = list.iter().map(|&i| table.codes_of(i)[column]).collect();
                    let votes = |c: &u32| codes.iter().filter(|x| *x == c).count();
                    let order = |c: u32| if smallest { u32::MAX - c } else { c };
                    *codes
                        .iter()
                        .max_by_key(|c| (votes(c), order(**c)))
                        .expect("a code")
                })
            })
            .collect();
        output
    };
    let right = |a, b| value_difference(&table, a, b);
    let mismatches = |a, b| {
        let codes = table.codes_of(a).iter().zip(table.codes_of(b));
        codes.filter(|(a, b)| a != b).count() as f64
    };
    check_smoten(&table, &ruled(true, true, K, &right), K).expect("the rule is right");
    for (mutation, output) in [
        ("the base has no vote", ruled(false, true, K, &right)),
        ("ties to the largest code", ruled(true, false, K, &right)),
        ("one neighbour too few", ruled(true, true, K - 1, &right)),
        ("mismatches counted", ruled(true, true, K, &mismatches)),
    ] {
        assert!(check_smoten(&table, &output, K).is_err(), "{mutation}");
    }
}

#[test]
fn values_of_one_profile_are_one_place() {
    // An identifier: every value once, so that within a class all values go with that class alone.
    let mut table = nominal(&[60, 20], 3);
    table.categories = 1;
    table.codes = (0..80).map(|i| 3_000_000_000 - i).collect();
    let output = grow(&table, by_default("smoten", 1));
    check_smoten(&table, &output, K).expect("SMOTEN");
    // All at distance 0: ties by row, so the first five others vote with the base, and the smallest code wins.
    let members = table.members(1);
    assert!(output.own.contains(&members[19]) && output.own.contains(&members[0]));
    let last: Vec<u32> = members[..6]
        .iter()
        .map(|&i| table.codes[i as usize])
        .collect();
    for (own, code) in output.own.iter().zip(&output.codes) {
        let voters = if members[..6].contains(own) {
            &last[..]
        } else {
            &last[..5]
        };
        let smallest = voters
            .iter()
            .copied()
            .chain([table.codes[*own as usize]])
            .min();
        assert_eq!(Some(*code), smallest);
    }
}

#[test]
fn even_bases_serve_categories_too() {
    let table = nominal(&[150, 40], 1);
    let settings = Settings {
        bases: Bases::Even,
        strategy: Strategy::Counts(BTreeMap::from([("b".to_owned(), 160)])),
        ..by_default("smoten", 1)
    };
    assert_eq!(grow(&table, settings).base_counts(&table), [3; 40]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn every_table_keeps_the_rules(
        seed in any::<u64>(),
        rows in 7usize..30,
        values in 1usize..6,
        grid in any::<bool>(),
        k in 1usize..6,
    ) {
        let mut table = Table::normal(&[40, rows], 2, seed).with_codes(2, values, seed);
        if grid {
            table.numbers.iter_mut().for_each(|x| *x = x.round());
        }
        let with = |method| Settings { method, seed, ..Settings::default() };
        let output = grow(&table, with(Method::Smotenc { k }));
        prop_assert_eq!(check_smotenc(&table, &output, k), Ok(()));
        table.numbers.clear();
        table.width = 0;
        let output = grow(&table, with(Method::Smoten { k }));
        prop_assert_eq!(check_smoten(&table, &output, k), Ok(()));
    }
}
