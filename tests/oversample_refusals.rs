//! What an oversampler refuses, and the policies for small classes and for classes without a row to start from.

mod oversampling;

use std::collections::BTreeMap;

use candle_mixup::oversample::{
    Fallback, Like, Method, Metric, Note, Progress, Recipe, Residue, Rows, Settings, SmallClass,
    Strategy,
};
use candle_mixup::split::Strata;
use candle_mixup::{Error, Pairs};
use oversampling::output::{Partners, check_class_rule, check_totals, outputs};
use oversampling::{Table, by_default, suited};

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
                .unwrap_err();
            assert!(
                matches!(&error, Error::ClassTooSmall { class, rows: r, needed: 6, .. } if class == "b" && *r == rows),
                "{error}"
            );
            assert_eq!(
                error.to_string(),
                format!("class 'b' has {rows} rows, {name} with k = 5 needs at least 6")
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
        let error = table.balance(with(SmallClass::ShrinkK)).unwrap_err();
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
        let error = apart().balance(by_default(name, 0)).unwrap_err();
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
    let error = table.balance(by_default("borderline1", 0)).unwrap_err();
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

#[test]
fn more_neighbours_than_rows_are_refused_by_name() {
    let few = Table::normal(&[7, 4], 2, 1);
    for (method, parts) in [
        (
            Method::Borderline1 { k: 3, m: 11 },
            "m must be below the 11 rows of the table, got 11",
        ),
        (
            Method::Borderline2 { k: 3, m: 11 },
            "m must be below the 11 rows of the table, got 11",
        ),
        (
            Method::Borderline2 { k: 12, m: 4 },
            "k must be below the 11 rows of the table, got 12",
        ),
    ] {
        let error = few
            .balance(Settings {
                method,
                ..Settings::default()
            })
            .unwrap_err();
        assert!(matches!(error, Error::Setting { .. }));
        assert_eq!(error.to_string(), parts);
    }
    for method in [
        Method::Borderline1 { k: 3, m: 10 },
        Method::Borderline2 { k: 10, m: 4 },
    ] {
        let made = few.balance(Settings {
            method,
            ..Settings::default()
        });
        assert!(
            matches!(made, Ok(_) | Err(Error::NoBase { .. })),
            "{made:?}"
        );
    }
}

#[test]
fn rows_that_are_none_are_refused() {
    let nan = Rows::numeric(&[1.0, 2.0, 3.0, f64::NAN], 2).unwrap_err();
    assert!(
        matches!(
            nan,
            Error::Value {
                row: 1,
                column: 1,
                ..
            }
        ),
        "{nan}"
    );
    let infinite = Rows::numeric(&[1.0, f32::NEG_INFINITY], 1).unwrap_err();
    assert!(
        matches!(
            infinite,
            Error::Value {
                row: 1,
                column: 0,
                ..
            }
        ),
        "{infinite}"
    );
    assert!(matches!(
        Rows::numeric(&[1.0; 5], 2),
        Err(Error::Shape { .. })
    ));
    assert!(matches!(
        Rows::mixed(&[1.0; 4], 2, &[0; 3], 1),
        Err(Error::Shape { .. })
    ));
    assert!(matches!(
        Rows::mixed(&[0f64; 0], 0, &[0; 3], 2),
        Err(Error::Shape { .. })
    ));
    let rows = Rows::numeric(&[1.0; 4], 2).expect("two rows");
    assert!(matches!(rows.with_spread(&[1.0]), Err(Error::Shape { .. })));
    let sampler = Settings::default().check().expect("settings");
    let strata = |classes| Strata {
        classes,
        names: &[],
    };
    let error = sampler.run(&rows, strata(&[0])).unwrap_err();
    assert!(matches!(error, Error::Shape { .. }), "{error}");
    let error = sampler.run(&rows, strata(&[0, 4_000_000_000])).unwrap_err();
    assert!(
        matches!(error, Error::Data(_)) && error.to_string().contains("4000000000"),
        "{error}"
    );
}

#[test]
fn columns_that_a_method_does_not_take_are_refused() {
    let numbers = Table::normal(&[20, 10], 2, 1);
    let mixed = numbers.clone().with_codes(1, 3, 1);
    let codes = Table {
        numbers: Vec::new(),
        width: 0,
        ..mixed.clone()
    };
    let nothing = Table {
        codes: Vec::new(),
        categories: 0,
        ..codes.clone()
    };
    for (name, table, parts) in [
        ("smote", &mixed, "categories; smotenc"),
        ("smote", &codes, "categories; smotenc"),
        ("rose", &mixed, "categories"),
        ("adasyn", &mixed, "categories"),
        ("borderline2", &mixed, "categories"),
        ("smotenc", &numbers, "numbers alone; smote does"),
        ("smotenc", &codes, "categories alone; smoten does"),
        ("smoten", &mixed, "numbers; smotenc"),
        ("smoten", &numbers, "numbers; smotenc"),
    ] {
        let error = table.balance(by_default(name, 0)).unwrap_err();
        assert!(
            matches!(&error, Error::Unsupported { op, .. } if *op == name),
            "{error}"
        );
        assert!(error.to_string().contains(parts), "{error}");
    }
    for table in [&numbers, &mixed, &codes] {
        table
            .balance(by_default("random", 0))
            .expect("random takes any column");
    }
    // Without a column there is no row either.
    assert!(nothing.balance(by_default("random", 0)).is_err());
}

#[test]
fn settings_out_of_range_are_refused() {
    for (json, parts) in [
        (
            r#"{"method": {"smote": {"k": 0}}}"#,
            "k must be at least 1, got 0",
        ),
        (
            r#"{"method": {"smotenc": {"k": 0}}}"#,
            "k must be at least 1",
        ),
        (
            r#"{"method": {"smoten": {"k": 0}}}"#,
            "k must be at least 1",
        ),
        (
            r#"{"method": {"adasyn": {"k": 0}}}"#,
            "k must be at least 1",
        ),
        (
            r#"{"method": {"borderline1": {"m": 0}}}"#,
            "m must be at least 1",
        ),
        (
            r#"{"method": {"borderline2": {"k": 0}}}"#,
            "k must be at least 1",
        ),
        (
            r#"{"method": {"rose": {"shrinkage": -1}}}"#,
            "shrinkage must be finite and at least 0, got -1",
        ),
    ] {
        let settings: Settings = serde_json::from_str(json).expect("good JSON");
        let error = settings.check().unwrap_err();
        assert!(
            matches!(error, Error::Setting { .. }) && error.to_string().contains(parts),
            "{error}"
        );
    }
    let nan = Settings {
        method: Method::Rose {
            shrinkage: f64::NAN,
        },
        ..Settings::default()
    };
    assert!(matches!(nan.check(), Err(Error::Setting { .. })));
    assert!(serde_json::from_str::<Settings>(r#"{"method": {"smote": {"q": 1}}}"#).is_err());
    let unknown = Method::named("smotenn").unwrap_err();
    assert!(
        matches!(unknown, Error::Unknown { kind: "method", .. }),
        "{unknown}"
    );
    for name in ["smotenc", "smoten"] {
        let settings = Settings {
            metric: Metric::Manhattan,
            ..by_default(name, 0)
        };
        assert!(
            matches!(settings.check(), Err(Error::Conflict(_))),
            "{name}"
        );
    }
}

#[test]
fn strategies_out_of_range_are_refused() {
    let names = ["a", "b", "c"].map(String::from);
    let make = |strategy: &Strategy, counts: &[usize]| strategy.to_make(counts, &names, Like::Own);
    let totals = |class: &str, total| Strategy::Counts(BTreeMap::from([(class.to_owned(), total)]));
    let data = |strategy: Strategy, counts: &[usize], part: &str| {
        let error = make(&strategy, counts).unwrap_err();
        assert!(
            matches!(error, Error::Data(_)) && error.to_string().contains(part),
            "{error}"
        );
    };
    data(Strategy::Auto, &[], "there are no rows");
    data(Strategy::Auto, &[0, 0], "there are no rows");
    data(Strategy::Auto, &[5, 0, 0], "all rows are of one class");
    data(
        Strategy::Auto,
        &[1, 0, 1],
        "every one of the 2 rows has a class of its own",
    );
    data(Strategy::Auto, &[5, 5, 0], "nothing to make: a 5, b 5");
    data(Strategy::Minority, &[5, 5, 5], "nothing to make");
    data(
        Strategy::Ratio(0.5),
        &[10, 5, 6],
        "the ratio 0.5 of the largest class (10 rows) is reached",
    );
    data(totals("b", 5), &[10, 5, 6], "nothing to make");
    for ratio in [0.0, -0.5, 1.01, f64::NAN, f64::INFINITY] {
        let error = make(&Strategy::Ratio(ratio), &[10, 5]).unwrap_err();
        assert!(matches!(error, Error::Setting { .. }), "{error}");
    }
    let error = make(&totals("b", 4), &[10, 5]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "strategy b must be a total of at least the 5 rows there are, got 4"
    );
    let error = make(&totals("d", 4), &[10, 5, 6]).unwrap_err();
    assert!(
        matches!(error, Error::Unknown { kind: "class", .. }),
        "{error}"
    );
    let error = make(&totals("b", usize::MAX), &[10, 5]).unwrap_err();
    assert!(
        matches!(error, Error::Setting { .. }) && error.to_string().contains("4294967295"),
        "{error}"
    );
    // A class that has a name and no rows cannot be raised.
    let mut table = Table::normal(&[20, 10], 2, 1);
    table.names.push("c".into());
    for name in ["random", "smote"] {
        let error = table
            .balance(Settings {
                strategy: totals("c", 3),
                ..by_default(name, 0)
            })
            .unwrap_err();
        assert!(
            matches!(&error, Error::ClassTooSmall { class, rows: 0, .. } if class == "c"),
            "{error}"
        );
    }
}

#[test]
fn a_recipe_that_does_not_fit_the_table_is_refused() {
    let table = Table::normal(&[3, 2], 2, 1).with_codes(1, 3, 1);
    let rows = table.rows();
    let plain = Recipe::from(
        Pairs::new(vec![0, 5], vec![1, 1], vec![0.5; 2], vec![1.0; 2]).expect("pairs"),
    );
    assert!(matches!(
        plain.numbers(&rows, 0..2),
        Err(Error::Pairs {
            column: "own",
            row: 1,
            ..
        })
    ));
    plain.numbers(&rows, 0..1).expect("the first row is right");
    for range in [0..3, 3..3] {
        assert!(matches!(
            plain.numbers(&rows, range),
            Err(Error::Shape { .. })
        ));
    }
    #[allow(clippy::reversed_empty_ranges, reason = "it is what a caller may pass")]
    let backwards = plain.codes(&rows, 1..0);
    assert!(matches!(backwards, Err(Error::Shape { .. })));
    let derived = Recipe {
        derived: vec![1.0, 2.0],
        ..plain.clone()
    };
    assert_eq!(
        derived.numbers(&rows, 0..2).expect("a derived row").len(),
        4
    );
    assert!(matches!(
        derived.codes(&rows, 0..2),
        Err(Error::Pairs {
            column: "own",
            row: 1,
            ..
        })
    ));
    let codes = Recipe {
        codes: Some(vec![1; 3]),
        ..derived.clone()
    };
    assert!(matches!(codes.codes(&rows, 0..1), Err(Error::Shape { .. })));
    // Noise of another table.
    let noisy = Table::normal(&[30, 9], 3, 1);
    let rose = noisy
        .balance(by_default("rose", 0))
        .expect("rows")
        .made
        .remove(0)
        .recipe;
    assert!(matches!(&rose.residue, Residue::Noise { deviation, .. } if deviation.len() == 3));
    assert!(matches!(
        rose.numbers(&Table::normal(&[30, 9], 2, 1).rows(), 0..1),
        Err(Error::Shape { .. })
    ));
}

/// Stops at once.
struct Stop;

impl Progress for Stop {
    fn stop(&self) -> bool {
        true
    }
}

#[test]
fn a_search_can_be_stopped() {
    let table = table_for("smoten", Table::normal(&[40, 20], 2, 1));
    let sampler = by_default("smoten", 0).check().expect("settings");
    let stopped = sampler.make(&table.rows(), table.strata(), &[0, 5], &Stop);
    assert!(matches!(stopped, Err(Error::Interrupted)));
}
