//! What an oversampler refuses, each by name.

use std::collections::BTreeMap;

use crate::bench::{Table, by_default, suited};
use candle_mixup::oversample::{
    Like, Method, Metric, Progress, Recipe, Residue, Rows, Settings, Strategy,
};
use candle_mixup::split::Strata;
use candle_mixup::{Error, Pairs};

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
            .expect_err("an error");
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
    let nan = Rows::numeric(&[1.0, 2.0, 3.0, f64::NAN], 2).expect_err("an error");
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
    let infinite = Rows::numeric(&[1.0, f32::NEG_INFINITY], 1).expect_err("an error");
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
    let error = sampler.run(&rows, strata(&[0])).expect_err("an error");
    assert!(matches!(error, Error::Shape { .. }), "{error}");
    let error = sampler
        .run(&rows, strata(&[0, 4_000_000_000]))
        .expect_err("an error");
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
        let error = table.balance(by_default(name, 0)).expect_err("an error");
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
        let error = settings.check().expect_err("an error");
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
    let unknown = Method::named("smotenn").expect_err("an error");
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
        let error = make(&strategy, counts).expect_err("an error");
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
        let error = make(&Strategy::Ratio(ratio), &[10, 5]).expect_err("an error");
        assert!(matches!(error, Error::Setting { .. }), "{error}");
    }
    let error = make(&totals("b", 4), &[10, 5]).expect_err("an error");
    assert_eq!(
        error.to_string(),
        "strategy b must be a total of at least the 5 rows there are, got 4"
    );
    let error = make(&totals("d", 4), &[10, 5, 6]).expect_err("an error");
    assert!(
        matches!(error, Error::Unknown { kind: "class", .. }),
        "{error}"
    );
    let error = make(&totals("b", usize::MAX), &[10, 5]).expect_err("an error");
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
            .expect_err("an error");
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
    let smoten = Method::named("smoten").expect("a method");
    let table = suited(&smoten, Table::normal(&[40, 20], 2, 1));
    let sampler = by_default("smoten", 0).check().expect("settings");
    let stopped = sampler.make(&table.rows(), table.strata(), &[0, 5], &Stop);
    assert!(matches!(stopped, Err(Error::Interrupted)));
}
