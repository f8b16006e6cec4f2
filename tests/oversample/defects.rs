//! Inputs on which other tools go wrong, each with what imbalanced-learn 0.14.2 makes of it, and ours.

use std::collections::BTreeMap;

use crate::bench::Table;
use crate::bench::by_default;
use crate::bench::oracles::nearest;
use crate::bench::output::{Output, outputs};
use candle_mixup::oversample::{Like, Method, Rows, Settings, Strategy};

fn run(table: &Table, settings: Settings) -> Vec<Output> {
    outputs(table, &table.balance(settings).expect("rows"))
}

#[test]
fn adasyn_makes_as_many_rows_as_were_asked_for() {
    // There: 147 rows too few, 205 too many and 2,106 too few on tables of 100,000, 284,807 and 200,000 rows, since
    // every share is rounded by itself. Here smaller tables of the same shares.
    for (counts, seed) in [([995, 20], 1), ([1700, 12], 2), ([900, 100], 3)] {
        let table = Table::normal(&counts, 5, seed);
        let made = run(&table, by_default("adasyn", 0))[0].len();
        assert_eq!(made, counts[0] - counts[1]);
        let like = Settings {
            like: Like::Imblearn,
            ..by_default("adasyn", 0)
        };
        assert_ne!(run(&table, like)[0].len(), made, "their rounding shows");
    }
}

#[test]
fn no_row_is_its_own_neighbour_where_rows_stand_three_times() {
    // There: of 60 rows, each three times, 40 keep themselves as a neighbour, since the first hit is dropped unseen.
    let mut table = Table::normal(&[6060, 60], 2, 4);
    let members = table.members(1);
    for (place, &i) in members.iter().enumerate() {
        let row = table.row(members[place / 3 * 3]).to_vec();
        table.numbers[i as usize * 2..][..2].copy_from_slice(&row);
    }
    let output = run(&table, by_default("smote", 0)).remove(0);
    assert!(
        output
            .own
            .iter()
            .zip(&output.partner)
            .all(|(own, partner)| own != partner)
    );
    // The two copies are neighbours, and each base has all five.
    for &own in &members {
        let list = nearest(own, &members, 5, |a, b| table.square(a, b));
        let mut met: Vec<u32> = (0..output.len())
            .filter(|&r| output.own[r] == own)
            .map(|r| output.partner[r])
            .collect();
        met.sort_unstable();
        met.dedup();
        let mut list = list;
        list.sort_unstable();
        assert_eq!(met, list);
    }
}

#[test]
fn a_column_of_epoch_seconds_moves_no_neighbour() {
    // There, for more than 15 columns: right neighbours for 0 to 0.05 % of the rows.
    for offset in [1.7e9, 1e8] {
        let mut table = Table::normal(&[900, 100], 16, 5);
        // Multiples of 2^-20, so that adding the offset rounds nothing.
        table
            .numbers
            .iter_mut()
            .for_each(|x| *x = (*x * 1048576.0).round() / 1048576.0);
        let plain = run(&table, by_default("smote", 1));
        table
            .numbers
            .iter_mut()
            .step_by(16)
            .for_each(|x| *x += offset);
        let moved = run(&table, by_default("smote", 1));
        assert_eq!(
            (&plain[0].own, &plain[0].partner),
            (&moved[0].own, &moved[0].partner)
        );
    }
}

#[test]
fn ties_on_a_lattice_go_to_the_lower_row() {
    // There: 41 % (kd-tree), 59 % (brute force) and 47 % (ball tree) of the rows have the neighbours of lowest index.
    let mut numbers: Vec<f64> = (0..900)
        .flat_map(|i| [(i / 30) as f64, (i % 30) as f64])
        .collect();
    numbers.extend([0.5; 2 * 9900]);
    let classes = (0..10_800).map(|i| u32::from(i < 900)).collect();
    let table = Table::numeric(numbers, 2, classes);
    let members = table.members(1);
    let output = run(&table, by_default("smote", 2)).remove(0);
    let lists: Vec<Vec<u32>> = members
        .iter()
        .map(|&i| nearest(i, &members, 5, |a, b| table.square(a, b)))
        .collect();
    let right = |(own, partner): (&u32, &u32)| lists[*own as usize].contains(partner);
    assert!(output.own.iter().zip(&output.partner).all(right));
}

#[test]
fn no_category_comes_from_nowhere_at_a_tiny_scale() {
    // There: with numbers of scale 1e-9, 76 % of the rows have a category that no row of the class has, since ties of
    // votes are judged with an absolute tolerance of 1e-8.
    let mut table = Table::normal(&[500, 40], 4, 6).with_codes(2, 4, 6);
    table.numbers.iter_mut().for_each(|x| *x *= 1e-9);
    // Codes 4 and 5 are the other class's alone.
    for i in table.members(0) {
        table.codes[i as usize * 2] += 4;
    }
    let output = run(&table, by_default("smotenc", 0)).remove(0);
    assert!(output.codes.iter().step_by(2).all(|&code| code < 4));
}

#[test]
fn borderline_without_a_row_in_danger_is_not_silent() {
    // There: the class is left as it was, without a warning.
    let mut table = Table::normal(&[100, 20], 2, 7);
    for i in table.members(1) {
        table.numbers[i as usize * 2] += 1e3;
    }
    for name in ["borderline1", "borderline2"] {
        let error = table.balance(by_default(name, 0)).expect_err("an error");
        assert!(error.to_string().contains("no row is in danger"), "{error}");
    }
}

#[test]
fn borderline_2_goes_a_quarter_of_the_way_to_other_classes() {
    // There: a mean step of 0.128, the product of two uniforms. On average 1/4 is half of half the way.
    let table = Table::normal(&[12_060, 60], 2, 8);
    let mean = |like| {
        let output = run(
            &table,
            Settings {
                like,
                ..by_default("borderline2", 0)
            },
        )
        .remove(0);
        let other = (0..output.len()).filter(|&r| table.classes[output.partner[r] as usize] == 0);
        let steps: Vec<f64> = other.map(|r| 1.0 - output.weight[r]).collect();
        assert!(steps.len() > 3000);
        // Four standard errors of a uniform step on [0, ½).
        let error = 4.0 * (1.0 / 48.0 / steps.len() as f64).sqrt();
        (steps.iter().sum::<f64>() / steps.len() as f64, error)
    };
    let (own, error) = mean(Like::Own);
    assert!((own - 0.25).abs() < error, "{own}");
    let (like, error) = mean(Like::Imblearn);
    assert!((like - 0.125).abs() < error, "{like}");
}

#[test]
fn the_kernel_of_a_rare_class_is_as_wide_as_its_rows_ask() {
    // There: 50 rows of 10,000 in 2 columns get a factor of 0.218, as if all 10,000 were of the class: 0.215.
    let table = Table::normal(&[9950, 50], 2, 9);
    let factor = |like| {
        let output = run(
            &table,
            Settings {
                like,
                ..by_default("rose", 0)
            },
        )
        .remove(0);
        let members = table.members(1);
        let column = members.iter().map(|&i| table.row(i)[0]);
        let mean = column.clone().sum::<f64>() / 50.0;
        let sigma = (column.map(|x| (x - mean).powi(2)).sum::<f64>() / 50.0).sqrt();
        let residue = |r: usize| (output.row(2, r)[0] - table.row(output.own[r])[0]).powi(2);
        (0..output.len()).map(residue).sum::<f64>().sqrt() / (output.len() as f64).sqrt() / sigma
    };
    // Four standard errors of a deviation from 9,900 draws: 3 %.
    let (own, like) = (factor(Like::Own), factor(Like::Imblearn));
    assert!((own / 0.521 - 1.0).abs() < 0.03, "{own}");
    assert!((like / 0.215 - 1.0).abs() < 0.03, "{like}");
}

#[test]
fn f32_goes_in_and_f32_comes_out() {
    // There: the smoothed bootstrap turns f32 into f64.
    let table = Table::normal(&[60, 20], 3, 10);
    let numbers: Vec<f32> = table.numbers.iter().map(|&x| x as f32).collect();
    let rows = Rows::numeric(&numbers, 3).expect("rows");
    for name in [
        "random",
        "rose",
        "smote",
        "borderline1",
        "borderline2",
        "adasyn",
    ] {
        let sampler = by_default(name, 0).check().expect("settings");
        let balanced = sampler.run(&rows, table.strata()).expect(name);
        let made: Vec<f32> = balanced.numbers(&rows).expect(name);
        assert_eq!(made.len(), 40 * 3);
    }
}

#[test]
fn two_classes_do_not_share_one_sequence_of_weights() {
    // There: with an integer as seed, the λ of two classes are equal to 2e-15.
    let table = Table::normal(&[2100, 100, 100], 2, 11);
    for name in ["smote", "borderline1", "adasyn"] {
        let outputs = run(&table, by_default(name, 42));
        let (a, b) = (&outputs[0].weight, &outputs[1].weight);
        let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
        let (mean_a, mean_b) = (mean(a), mean(b));
        let product: Vec<f64> = a
            .iter()
            .zip(b)
            .map(|(x, y)| (x - mean_a) * (y - mean_b))
            .collect();
        // Correlation, within four standard errors of 0.
        let correlation = mean(&product) * 12.0;
        assert!(
            correlation.abs() < 4.0 / 2000f64.sqrt(),
            "{name}: {correlation}"
        );
    }
}

#[test]
fn both_of_two_tied_smallest_classes_are_raised() {
    // There: "minority" raises the first of them alone.
    let table = Table::normal(&[50, 12, 12, 30], 2, 12);
    let with = |like| Settings {
        strategy: Strategy::Minority,
        like,
        ..by_default("smote", 0)
    };
    let grown = |like| -> BTreeMap<u32, usize> {
        run(&table, with(like))
            .iter()
            .map(|o| (o.class, o.len()))
            .collect()
    };
    assert_eq!(grown(Like::Own), BTreeMap::from([(1, 38), (2, 38)]));
    assert_eq!(grown(Like::Imblearn), BTreeMap::from([(1, 38)]));
}

#[test]
fn k_is_not_taken_for_m() {
    // In an early imbalanced-learn (issue 568) k was used for m, too.
    let table = Table::normal(&[400, 60], 2, 13);
    let bases = |k, m| {
        let method = Method::Borderline1 { k, m };
        let output = run(
            &table,
            Settings {
                method,
                ..Settings::default()
            },
        )
        .remove(0);
        output
            .base_counts(&table)
            .iter()
            .map(|&n| n > 0)
            .collect::<Vec<_>>()
    };
    assert_eq!(bases(5, 10), bases(2, 10));
    assert_ne!(bases(5, 10), bases(5, 3));
}
