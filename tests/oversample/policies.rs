//! The policies for small classes, and for classes without a row to start from.

use crate::bench::output::{Partners, check_class_rule, check_totals, outputs};
use crate::bench::{Table, by_default, suited};
use candle_mixup::Error;
use candle_mixup::oversample::{Fallback, Method, Note, Settings, SmallClass};

fn small(rows: usize) -> Table {
    Table::normal(&[40, rows], 2, 4)
}

fn table_for(name: &str, numeric: Table) -> Table {
    suited(&Method::named(name).expect("a method"), numeric)
}

/// Methods that look for k neighbours in the class.
const WITH_K: [&str; 5] = ["smote", "smotenc", "smoten", "borderline1", "adasyn"];

#[test]
fn a_class_of_k_rows_or_fewer_is_named() {
    for name in WITH_K {
        for rows in [1, 2, 5] {
            let error = table_for(name, small(rows))
                .balance(by_default(name, 0))
                .expect_err("an error");
            assert!(
                matches!(&error, Error::ClassTooSmall { class, rows: r, needed: 6, .. } if class == "b" && *r == rows),
                "{error}"
            );
            assert_eq!(
                error.to_string(),
                format!(
                    "class 'b' has {rows} row{}, {name} with k = 5 needs at least 6",
                    if rows == 1 { "" } else { "s" }
                )
            );
        }
        let enough = table_for(name, small(6)).balance(by_default(name, 0));
        assert!(
            matches!(enough, Ok(_) | Err(Error::NoBase { .. })),
            "{name}"
        );
    }
}

#[test]
fn a_single_row_is_duplicated_by_every_method_that_measures() {
    for name in [
        "smote",
        "smotenc",
        "borderline1",
        "borderline2",
        "svm",
        "kmeans",
        "adasyn",
        "prowsyn",
    ] {
        let table = table_for(name, small(1));
        let settings = Settings {
            small_class: SmallClass::Duplicate,
            ..by_default(name, 0)
        };
        let balanced = table.balance(settings).expect("duplicates");
        assert_eq!(
            balanced.notes,
            [Note::Duplicated { class: "b".into() }],
            "{name}"
        );
        let numbers = balanced.numbers(&table.rows()).expect("numbers");
        let own = table.rows();
        let alone = table.classes.iter().position(|&c| c == 1).expect("a row");
        for made in numbers.chunks(own.width()) {
            assert_eq!(made, own.numbers(alone), "{name}");
        }
    }
}

#[test]
fn shrinking_takes_the_rows_there_are_and_says_so() {
    for name in WITH_K {
        for policy in [SmallClass::ShrinkK, SmallClass::Duplicate] {
            // Rows of the class lie among the others, so that some are in danger.
            let mut numeric = small(3);
            numeric
                .numbers
                .iter_mut()
                .enumerate()
                .for_each(|(i, x)| *x = (i * 7 % 83) as f64);
            let table = table_for(name, numeric);
            let settings = Settings {
                small_class: policy,
                fallback: Fallback::Smote,
                ..by_default(name, 0)
            };
            let balanced = table.balance(settings).expect(name);
            let shrunk = Note::Shrunk {
                class: "b".into(),
                rows: 3,
                k: 5,
            };
            assert_eq!(
                balanced.notes.iter().filter(|n| **n == shrunk).count(),
                1,
                "{name}"
            );
            check_totals(&outputs(&table, &balanced), &[0, 37]).expect(name);
        }
    }
    let note = Note::Shrunk {
        class: "b".into(),
        rows: 3,
        k: 5,
    };
    assert_eq!(note.to_string(), "class 'b' has 3 rows: k = 2 instead of 5");
}

#[test]
fn one_row_is_duplicated_where_that_is_allowed() {
    for name in WITH_K {
        let table = table_for(name, small(1));
        let with = |small_class| Settings {
            small_class,
            ..by_default(name, 0)
        };
        let error = table
            .balance(with(SmallClass::ShrinkK))
            .expect_err("an error");
        assert!(
            matches!(
                error,
                Error::ClassTooSmall {
                    rows: 1,
                    needed: 2,
                    ..
                }
            ),
            "{error}"
        );
        let balanced = table.balance(with(SmallClass::Duplicate)).expect(name);
        assert_eq!(balanced.notes, [Note::Duplicated { class: "b".into() }]);
        let output = outputs(&table, &balanced).remove(0);
        check_class_rule(&table, &output, Partners::Own).expect(name);
        assert_eq!(output.len(), 39);
        let one = table.members(1)[0];
        assert!(
            (0..39).all(|r| output.row(table.width, r) == table.row(one)),
            "{name}"
        );
        assert!(
            output
                .codes
                .chunks(table.categories.max(1))
                .all(|c| c == table.codes_of(one))
        );
    }
}

#[test]
fn methods_without_neighbours_take_a_class_of_one_row() {
    for name in ["random", "rose"] {
        let table = table_for(name, small(1));
        let balanced = table.balance(by_default(name, 0)).expect(name);
        assert!(balanced.notes.is_empty());
        let output = outputs(&table, &balanced).remove(0);
        let one = table.members(1)[0];
        assert!(
            (0..39).all(|r| output.row(2, r) == table.row(one)),
            "{name}"
        );
    }
}

/// Two classes far apart: no row has a neighbour of the other.
fn apart() -> Table {
    let mut table = Table::normal(&[40, 12], 2, 4);
    for i in table.members(1) {
        table.numbers[i as usize * 2] += 100.0;
    }
    table
}

#[test]
fn no_row_to_start_from_is_an_error_with_a_reason() {
    // imbalanced-learn's BorderlineSMOTE leaves the class as it was, without a word; its ADASYN raises an error.
    for (name, reason) in [
        (
            "borderline1",
            "class 'b': borderline1 cannot make a row: no row is in danger: of the 10 nearest, 12 rows have fewer than half in other classes, and 0 have all there",
        ),
        (
            "borderline2",
            "class 'b': borderline2 cannot make a row: no row is in danger",
        ),
        (
            "adasyn",
            "class 'b': adasyn cannot make a row: no row has a row of another class among its 5 nearest",
        ),
    ] {
        let error = apart().balance(by_default(name, 0)).expect_err("an error");
        assert!(
            matches!(&error, Error::NoBase { class, method, .. } if class == "b" && *method == name)
        );
        assert!(error.to_string().starts_with(reason), "{error}");
    }
    // Noise alone is no danger either: single rows, each in the midst of the other class.
    let mut table = Table::normal(&[60, 6], 2, 4);
    for (place, i) in table.members(1).into_iter().enumerate() {
        let far = 1000.0 * (place + 1) as f64;
        for (step, other) in table.members(0)[place * 10..][..10].iter().enumerate() {
            table.numbers[*other as usize * 2] = far + 0.1 * (step + 1) as f64;
        }
        table.numbers[i as usize * 2] = far;
    }
    let error = table
        .balance(by_default("borderline1", 0))
        .expect_err("an error");
    assert!(
        error
            .to_string()
            .ends_with("0 rows have fewer than half in other classes, and 6 have all there"),
        "{error}"
    );
}

#[test]
fn smote_may_take_the_place_and_keeps_the_k() {
    for (method, k) in [
        (Method::Borderline1 { k: 4, m: 10 }, 4),
        (Method::Borderline2 { k: 3, m: 10 }, 3),
        (Method::Adasyn { k: 2 }, 2),
    ] {
        let table = apart();
        let settings = |method| Settings {
            method,
            fallback: Fallback::Smote,
            ..Settings::default()
        };
        let balanced = table.balance(settings(method)).expect("rows");
        let smote = table.balance(settings(Method::Smote { k })).expect("rows");
        assert_eq!(balanced.made, smote.made);
        assert!(matches!(&balanced.notes[..], [Note::FellBack { class, .. }] if class == "b"));
        assert!(
            balanced.notes[0]
                .to_string()
                .starts_with("class 'b': smote instead, since no row")
        );
    }
}
