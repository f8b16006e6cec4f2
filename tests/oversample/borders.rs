//! Borderline SMOTE and ADASYN: danger sets, counts and laws as checkers, run on ours and on rows made by a wrong rule.

use crate::bench::oracles::{check_neighbours, fixture, made_by, nearest, other_bounds};
use crate::bench::output::{Output, Verdict, check_weights, ensure, outputs};
use crate::bench::{LEAST_P, Table, ks_uniform_p, tables};
use candle_mixup::oversample::{Bases, Like, Method, Settings};
use candle_mixup::random::{Purpose, Stream};
use proptest::prelude::*;

const K: usize = 5;
const M: usize = 10;

fn with(method: Method, seed: u64) -> Settings {
    Settings {
        method,
        seed,
        ..Settings::default()
    }
}

/// `count` rows of class `class`.
fn make(table: &Table, class: u32, count: usize, settings: Settings) -> Output {
    let mut to_make = vec![0; table.names.len()];
    to_make[class as usize] = count;
    let sampler = settings.check().expect("settings");
    let balanced = sampler.make(&table.rows(), table.strata(), &to_make, &());
    outputs(table, &balanced.expect("rows")).remove(0)
}

fn overlapping() -> Table {
    Table::normal(&[400, 60], 2, 5)
}

/// Every base may be in danger, whatever ties decide, and every row that must be is a base.
fn check_danger(table: &Table, output: &Output, m: usize) -> Verdict {
    for i in table.members(output.class) {
        let (least, most) = other_bounds(table, i, m);
        let may = 2 * most >= m && least < m;
        let must = 2 * least >= m && most < m;
        let base = output.own.contains(&i);
        ensure(may || !base, || {
            format!("base {i} has {least} to {most} others of {m}")
        })?;
        ensure(base || !must, || {
            format!("row {i} is in danger and no base")
        })?;
    }
    let class = |i: &u32| table.classes[*i as usize] == output.class;
    ensure(output.own.iter().all(class), || {
        "a base of another class".into()
    })
}

/// Kind 1: neighbours in the class. Kind 2: in all rows, and at most half the way to another class.
fn check_borderline(table: &Table, output: &Output, kind: u32, k: usize, m: usize) -> Verdict {
    check_danger(table, output, m)?;
    check_weights(output)?;
    let members = table.members(output.class);
    let all: Vec<u32> = (0..table.len() as u32).collect();
    let square = |a, b| table.square(a, b);
    if kind == 1 {
        return check_neighbours(output, &members, k, square);
    }
    check_neighbours(output, &all, k, square)?;
    let other = |&&r: &&usize| table.classes[output.partner[r] as usize] != output.class;
    let rows: Vec<usize> = (0..output.len()).collect();
    let weak = rows
        .iter()
        .filter(other)
        .find(|&&r| output.weight[r] <= 0.5);
    ensure(weak.is_none(), || {
        format!("row {weak:?} is more than half another class's")
    })
}

/// The steps of kind 2: uniform on [0, 1) inside the class, on [0, ½) to the others.
fn check_steps(table: &Table, output: &Output) -> Verdict {
    let steps = |own: bool| -> Vec<f64> {
        let rows = (0..output.len())
            .filter(|&r| (table.classes[output.partner[r] as usize] == output.class) == own);
        rows.map(|r| 1.0 - output.weight[r]).collect()
    };
    let to_others: Vec<f64> = steps(false).iter().map(|s| s * 2.0).collect();
    for (name, steps) in [("own", steps(true)), ("other", to_others)] {
        ensure(steps.len() > 1000, || {
            format!("{} steps to {name}", steps.len())
        })?;
        let p = ks_uniform_p(&steps);
        ensure(p > LEAST_P, || {
            format!("steps to the {name} class: p = {p}")
        })?;
    }
    Ok(())
}

#[test]
fn borderline_starts_from_the_rows_in_danger() {
    let table = overlapping();
    let one = make(&table, 1, 6000, with(Method::Borderline1 { k: K, m: M }, 1));
    check_borderline(&table, &one, 1, K, M).expect("kind 1");
    let p = ks_uniform_p(&one.weight);
    assert!(p > LEAST_P, "{p}");
    let two = make(&table, 1, 6000, with(Method::Borderline2 { k: K, m: M }, 1));
    check_borderline(&table, &two, 2, K, M).expect("kind 2");
    check_steps(&table, &two).expect("kind 2");
    // More neighbours in all rows than tell of danger.
    let wide = make(
        &table,
        1,
        6000,
        with(Method::Borderline2 { k: 14, m: 6 }, 1),
    );
    check_borderline(&table, &wide, 2, 14, 6).expect("kind 2");
}

/// Borderline by a rule that may be wrong: which rows are bases, partners among `near` of them, and λ.
fn ruled(
    table: &Table,
    bases: impl Fn(u32) -> bool,
    among: &[u32],
    lambda: impl Fn(f64, f64, bool) -> f64,
) -> Output {
    let bases: Vec<u32> = (0..table.len() as u32).filter(|&i| bases(i)).collect();
    let lists: Vec<Vec<u32>> = bases
        .iter()
        .map(|&i| nearest(i, among, K, |a, b| table.square(a, b)))
        .collect();
    let mut stream = Stream::new(3, Purpose::Partner, 0);
    made_by(table, 1, 6000, |_| {
        let place = stream.below(bases.len());
        let partner = lists[place][stream.below(K)];
        let own_class = table.classes[partner as usize] == 1;
        (
            bases[place],
            partner,
            lambda(stream.unit(), stream.unit(), own_class),
        )
    })
}

#[test]
fn wrong_borders_are_refused() {
    let table = overlapping();
    let members = table.members(1);
    let all: Vec<u32> = (0..table.len() as u32).collect();
    let member = |i: u32| table.classes[i as usize] == 1;
    let others = |i: u32, among: &[u32], m: usize| {
        let list = nearest(i, among, m, |a, b| table.square(a, b));
        list.into_iter().filter(|&j| !member(j)).count()
    };
    let danger = |i: u32, n: usize, m: usize| member(i) && 2 * n >= m && n < m;
    let plain = |u: f64, _: f64, _: bool| 1.0 - u;
    let right = |i| danger(i, others(i, &all, M), M);
    let verdict = |output: &Output| check_borderline(&table, output, 1, K, M);
    verdict(&ruled(&table, right, &members, plain)).expect("the rule is right");
    let inverted = |i| member(i) && !right(i);
    let with_k = |i| danger(i, others(i, &all, K), K);
    let own_counted = |i| danger(i, M - others(i, &all, M), M);
    // A search in the class alone finds no other class, and so no danger at all.
    assert!(
        members
            .iter()
            .all(|&i| !danger(i, others(i, &members, M), M))
    );
    let majority = |i| !member(i) && others(i, &all, M) > 5;
    let with_noise = |i| member(i) && 2 * others(i, &all, M) >= M;
    for (mutation, output) in [
        ("danger inverted", ruled(&table, inverted, &members, plain)),
        ("k used for m", ruled(&table, with_k, &members, plain)),
        (
            "rows of the class counted",
            ruled(&table, own_counted, &members, plain),
        ),
        (
            "bases of the majority",
            ruled(&table, majority, &members, plain),
        ),
        (
            "noise taken for danger",
            ruled(&table, with_noise, &members, plain),
        ),
        (
            "neighbours from all data in kind 1",
            ruled(&table, right, &all, plain),
        ),
    ] {
        assert!(verdict(&output).is_err(), "{mutation}");
    }

    let half = |u: f64, _: f64, own: bool| if own { 1.0 - u } else { 1.0 - u / 2.0 };
    let two = |output: &Output| {
        check_borderline(&table, output, 2, K, M)?;
        check_steps(&table, output)
    };
    two(&ruled(&table, right, &all, half)).expect("the rule is right");
    let product = |u: f64, v: f64, own: bool| if own { 1.0 - u } else { 1.0 - u * v / 2.0 };
    let always_half = |u: f64, _: f64, _: bool| 1.0 - u / 2.0;
    for (mutation, output) in [
        (
            "two uniforms multiplied",
            ruled(&table, right, &all, product),
        ),
        (
            "the whole way to another class",
            ruled(&table, right, &all, plain),
        ),
        (
            "half the way to the own class",
            ruled(&table, right, &all, always_half),
        ),
        (
            "neighbours of the class in kind 2",
            ruled(&table, right, &members, half),
        ),
    ] {
        assert!(two(&output).is_err(), "{mutation}");
    }
    let mut shared = ruled(&table, right, &all, half);
    shared.label_weight[9] = 0.5;
    assert!(two(&shared).is_err(), "a shared label");
}

#[test]
fn the_known_table_has_the_known_danger_and_shares() {
    let table = fixture();
    let members = table.members(0);
    let bounds = |k| {
        members
            .iter()
            .map(|&i| other_bounds(&table, i, k))
            .collect::<Vec<_>>()
    };
    let exact = |counts: [usize; 8]| counts.map(|n| (n, n)).to_vec();
    assert_eq!(bounds(10), exact([7, 5, 7, 5, 6, 4, 7, 5]));
    assert_eq!(bounds(5), exact([4, 1, 4, 2, 4, 2, 4, 1]));
    for method in [
        Method::Borderline1 { k: K, m: M },
        Method::Borderline2 { k: K, m: M },
    ] {
        let output = make(
            &table,
            0,
            70,
            Settings {
                bases: Bases::Even,
                ..with(method, 1)
            },
        );
        assert_eq!(output.base_counts(&table), [10, 10, 10, 10, 10, 0, 10, 10]);
    }
    for like in [Like::Own, Like::Imblearn] {
        let output = make(
            &table,
            0,
            4,
            Settings {
                like,
                ..with(Method::Adasyn { k: K }, 1)
            },
        );
        assert_eq!(output.base_counts(&table), [1, 0, 1, 0, 1, 0, 1, 0]);
        assert_eq!(output.own, [0, 3, 11, 17]);
    }
}

/// How many rows ADASYN makes from each row: quotas by brute force, floors, and the rest to the largest fractions.
fn shares(others: &[usize], count: usize) -> Vec<usize> {
    let sum: usize = others.iter().sum();
    let mut shares: Vec<usize> = others.iter().map(|n| n * count / sum).collect();
    let mut order: Vec<usize> = (0..others.len()).collect();
    order.sort_by_key(|&i| (std::cmp::Reverse(others[i] * count % sum), i));
    let left = count - shares.iter().sum::<usize>();
    order[..left].iter().for_each(|&i| shares[i] += 1);
    shares
}

/// Counts are the largest remainder's to the row, bases stand in order, partners are near and of the class.
fn check_adasyn(table: &Table, output: &Output, k: usize, count: usize) -> Verdict {
    let members = table.members(output.class);
    let bounds: Vec<_> = members.iter().map(|&i| other_bounds(table, i, k)).collect();
    let counts = output.base_counts(table);
    ensure(counts.iter().sum::<usize>() == count, || "the total".into())?;
    let never = bounds
        .iter()
        .zip(&counts)
        .find(|(b, n)| b.1 == 0 && **n > 0);
    ensure(never.is_none(), || {
        "a base without other classes near".into()
    })?;
    if bounds.iter().all(|b| b.0 == b.1) {
        let others: Vec<usize> = bounds.iter().map(|b| b.0).collect();
        let expected = shares(&others, count);
        ensure(counts == expected, || {
            format!("{counts:?} instead of {expected:?}")
        })?;
    }
    ensure(output.own.is_sorted(), || "bases out of order".into())?;
    check_weights(output)?;
    check_neighbours(output, &members, k, |a, b| table.square(a, b))
}

#[test]
fn adasyn_makes_its_shares() {
    let table = overlapping();
    for count in [1, 7, 59, 340, 5001] {
        let output = make(&table, 1, count, with(Method::Adasyn { k: K }, 2));
        check_adasyn(&table, &output, K, count).expect("ADASYN");
    }
    let output = make(&table, 1, 12_000, with(Method::Adasyn { k: K }, 2));
    assert!(ks_uniform_p(&output.weight) > LEAST_P);
}

#[test]
fn wrong_shares_are_refused() {
    let table = overlapping();
    let members = table.members(1);
    let square = |a, b| table.square(a, b);
    let all: Vec<u32> = (0..table.len() as u32).collect();
    let others: Vec<usize> = members
        .iter()
        .map(|&i| other_bounds(&table, i, K).0)
        .collect();
    let ruled = |counts: &[usize], among: &[u32]| {
        let bases: Vec<u32> = members
            .iter()
            .zip(counts)
            .flat_map(|(&i, &n)| std::iter::repeat_n(i, n))
            .collect();
        made_by(&table, 1, bases.len(), |r| {
            let list = nearest(bases[r], among, K, square);
            (bases[r], list[r % K], 0.25)
        })
    };
    let right = shares(&others, 340);
    check_adasyn(&table, &ruled(&right, &members), K, 340).expect("the rule is right");
    let mut off = right.clone();
    let (from, to) = (
        off.iter().position(|&n| n > 1).expect("a row"),
        off.iter().rposition(|&n| n > 0).expect("a row"),
    );
    off[from] -= 1;
    off[to] += 1;
    let sum: usize = others.iter().sum();
    let rint: Vec<usize> = others
        .iter()
        .map(|&n| (n as f64 * 340.0 / sum as f64).round_ties_even() as usize)
        .collect();
    assert_ne!(
        rint.iter().sum::<usize>(),
        340,
        "the table shows the difference"
    );
    let one_more: Vec<usize> = others.iter().map(|n| n + 1).collect();
    let mut reversed = ruled(&right, &members);
    reversed.own.reverse();
    reversed.partner.reverse();
    for (mutation, output) in [
        ("one row moved to another base", ruled(&off, &members)),
        ("shares rounded by themselves", ruled(&rint, &members)),
        (
            "off by one: the row itself counted",
            ruled(&shares(&one_more, 340), &members),
        ),
        ("neighbours from all data", ruled(&right, &all)),
        ("bases backwards", reversed),
    ] {
        assert!(check_adasyn(&table, &output, K, 340).is_err(), "{mutation}");
    }
}

#[test]
fn imbalanced_learns_rounding_is_on_record() {
    let table = overlapping();
    let settings = Settings {
        like: Like::Imblearn,
        ..with(Method::Adasyn { k: K }, 2)
    };
    let sampler = settings.check().expect("settings");
    let balanced = sampler
        .make(&table.rows(), table.strata(), &[0, 340], &())
        .expect("rows");
    let made = balanced.len();
    assert_ne!(made, 340);
    let note =
        format!("class 'b': {made} rows made of 340 asked for, by imbalanced-learn's rounding");
    assert_eq!(
        balanced
            .notes
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>(),
        [note]
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_table_keeps_the_rules(table in tables(), seed in any::<u64>(), k in 1usize..7, m in 1usize..12) {
        let count = 97;
        let run = |method| {
            let sampler = with(method, seed).check().expect("settings");
            let mut to_make = vec![0; table.names.len()];
            to_make[1] = count;
            sampler.make(&table.rows(), table.strata(), &to_make, &()).map(|b| outputs(&table, &b).remove(0))
        };
        // Few draws may miss a row in danger, so here bases are checked one way.
        let danger = |output: &Output, m| output.own.iter().all(|&i| {
            let (least, most) = other_bounds(&table, i, m);
            2 * most >= m && least < m
        });
        let members = table.members(1);
        let all: Vec<u32> = (0..table.len() as u32).collect();
        let square = |a, b| table.square(a, b);
        if let Ok(output) = run(Method::Borderline1 { k, m }) {
            prop_assert!(danger(&output, m));
            prop_assert_eq!(check_neighbours(&output, &members, k, square), Ok(()));
        }
        if let Ok(output) = run(Method::Borderline2 { k, m }) {
            prop_assert!(danger(&output, m));
            prop_assert_eq!(check_neighbours(&output, &all, k, square), Ok(()));
        }
        if let Ok(output) = run(Method::Adasyn { k }) {
            prop_assert_eq!(check_adasyn(&table, &output, k, count), Ok(()));
        }
    }
}
