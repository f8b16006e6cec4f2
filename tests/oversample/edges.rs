//! Tables at the edge of what there is: every method gives right rows, or an error with a reason.

use crate::bench::contract::{bits, check, method, methods, partners, usual};
use crate::bench::output::{Output, check_class_rule, check_totals, outputs};
use crate::bench::{Table, by_default, suited, tables};
use candle_mixup::Error;
use candle_mixup::oversample::{Residue, Rows, Settings, Strategy, Takes};
use proptest::prelude::*;

#[test]
fn f32_stays_f32_and_between_its_parents() {
    for name in methods() {
        let table = usual(name);
        if table.width == 0 {
            continue; // no numbers at all
        }
        let numbers: Vec<f32> = table.numbers.iter().map(|&x| x as f32).collect();
        let rows =
            Rows::mixed(&numbers, table.width, &table.codes, table.categories).expect("rows");
        let sampler = by_default(name, 4).check().expect("settings");
        let balanced = sampler.run(&rows, table.strata()).expect(name);
        for made in &balanced.made {
            let out: Vec<f32> = made
                .recipe
                .numbers(&rows, 0..made.recipe.len())
                .expect(name);
            let (own, partner) = (made.recipe.pairs.own(), made.recipe.pairs.partner());
            let weight = made.recipe.pairs.weight();
            if made.recipe.residue != Residue::None || !made.recipe.derived.is_empty() {
                continue;
            }
            for (r, &w) in weight.iter().enumerate().filter(|(_, w)| **w <= 1.0) {
                let parents = (
                    rows.numbers(own[r] as usize),
                    rows.numbers(partner[r] as usize),
                );
                for (j, &x) in out[r * table.width..][..table.width].iter().enumerate() {
                    let (a, b) = (parents.0[j], parents.1[j]);
                    assert!(x >= a.min(b) && x <= a.max(b), "{name}");
                    // Arithmetic in f64, rounded once.
                    let exact = w * f64::from(a) + (1.0 - w) * f64::from(b);
                    let exact = exact.clamp(f64::from(a.min(b)), f64::from(a.max(b)));
                    assert_eq!(x, exact as f32, "{name}");
                }
            }
        }
    }
}

#[test]
fn constant_columns_keep_every_bit() {
    for constant in [0.1, -0.0, 1.7e9 + 0.3] {
        for name in methods() {
            let mut table = usual(name);
            if table.width == 0 {
                continue;
            }
            let width = table.width;
            table
                .numbers
                .iter_mut()
                .skip(1)
                .step_by(width)
                .for_each(|x| *x = constant);
            // The ball of Geometric SMOTE is round: what is off its axis moves a constant column too.
            if name == "geometric" {
                continue;
            }
            let balanced = table.balance(by_default(name, 6)).expect(name);
            let numbers = balanced.numbers(&table.rows()).expect("numbers");
            let kept = |x: &f64| x.to_bits() == constant.to_bits();
            assert!(
                numbers.iter().skip(1).step_by(width).all(kept),
                "{name}: {constant}"
            );
        }
    }
}

/// What a table that gives a method little to go by may come to: right rows, or an error with a reason.
fn rows_or_reason(table: &Table, settings: Settings) -> Option<Vec<Output>> {
    let named = settings.method.clone();
    let name = named.name();
    match table.balance(settings) {
        Ok(balanced) => {
            let outputs = outputs(table, &balanced);
            for output in &outputs {
                check(table, &named, output).expect(name);
            }
            let most = table.counts().into_iter().max().unwrap_or(0);
            let up = |&n: &usize| if n == 0 { 0 } else { most - n };
            let to_make: Vec<usize> = table.counts().iter().map(up).collect();
            check_totals(&outputs, &to_make).expect(name);
            Some(outputs)
        }
        Err(Error::NoBase { reason, .. } | Error::Data(reason)) => {
            assert!(!reason.is_empty());
            None
        }
        Err(error) => panic!("{name}: {error}"),
    }
}

#[test]
fn duplicates_of_one_row_give_copies_of_it() {
    for name in methods() {
        // The whole class one row, far from the others, and every row of the table one row.
        for everything in [false, true] {
            let mut table = usual(name);
            let one = table.members(2)[0];
            let (row, codes) = (table.row(one).to_vec(), table.codes_of(one).to_vec());
            for i in 0..table.len() {
                if everything || table.classes[i] == 2 {
                    table.numbers[i * row.len()..][..row.len()].copy_from_slice(&row);
                    table.codes[i * codes.len()..][..codes.len()].copy_from_slice(&codes);
                }
            }
            let settings = Settings {
                strategy: Strategy::Minority,
                ..by_default(name, 1)
            };
            let made = match table.balance(settings) {
                Err(Error::NoBase { .. }) => continue,
                made => outputs(&table, &made.expect(name)),
            };
            for output in made {
                check_class_rule(&table, &output, partners(&method(name))).expect(name);
                let from_class = |&p: &u32| table.classes.get(p as usize) == Some(&2);
                for r in (0..output.len()).filter(|&r| from_class(&output.partner[r])) {
                    assert_eq!(bits(output.row(row.len(), r)), bits(&row), "{name}");
                }
            }
        }
    }
}

#[test]
fn a_table_wider_than_long() {
    for name in methods() {
        let table = suited(&method(name), Table::normal(&[14, 9], 60, 8));
        rows_or_reason(&table, by_default(name, 1));
    }
}

#[test]
fn classes_without_rows_are_no_classes() {
    for name in methods() {
        let mut table = usual(name);
        table.names = ["a", "b", "c", "never"].map(String::from).to_vec();
        let balanced = table.balance(by_default(name, 3)).expect(name);
        check_totals(&outputs(&table, &balanced), &[0, 80, 90, 0]).expect(name);
        // And numbers need not follow one another.
        table.names = ["a", "none", "none either", "b", "c"]
            .map(String::from)
            .to_vec();
        table
            .classes
            .iter_mut()
            .for_each(|c| *c = [0, 3, 4][*c as usize]);
        let balanced = table.balance(by_default(name, 3)).expect(name);
        check_totals(&outputs(&table, &balanced), &[0, 0, 0, 80, 90]).expect(name);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn random_tables_give_right_rows_or_a_reason(table in tables(), seed in any::<u64>()) {
        prop_assume!({
            let counts = table.counts();
            counts.iter().any(|n| n != &counts[0])
        });
        for name in methods() {
            let method = method(name);
            let table = match method.takes() {
                Takes::Numbers | Takes::Any => table.clone(),
                _ => suited(&method, table.clone()),
            };
            rows_or_reason(&table, by_default(name, seed));
        }
    }
}
