//! Tomek links and edited nearest neighbours: recomputed by brute force, and held against imbalanced-learn.

use candle_mixup::Error;
use candle_mixup::oversample::{Agreement, Clean, Cleaner, Cleaning, Ends, Like, Metric, Rows};
use candle_mixup::split::Strata;
use proptest::prelude::*;

use crate::bench::made::{
    Verdict, accepted, ensure, nearest, page_blocks, reference, reference_tables, refused, rows,
    square,
};
use crate::bench::{Table, by_default, tables};

fn cleaner(step: Clean) -> Cleaner {
    Cleaning {
        step,
        ..Cleaning::default()
    }
    .check()
    .expect("settings")
}

const MAJORITY: Clean = Clean::Tomek {
    ends: Some(Ends::Majority),
};
const BOTH: Clean = Clean::Tomek {
    ends: Some(Ends::Both),
};

fn enn(kind: Agreement) -> Clean {
    Clean::Enn { k: 3, kind }
}

fn removed(table: &Table, step: Clean) -> candle_mixup::Result<Vec<u32>> {
    cleaner(step).removed(&table.rows(), table.strata(), table.len(), &())
}

fn links(table: &Table) -> Vec<(u32, u32)> {
    cleaner(BOTH)
        .tomek_links(&table.rows(), table.strata(), &())
        .expect("links")
}

fn all(table: &Table) -> Vec<u32> {
    (0..table.len() as u32).collect()
}

/// The links by the definition.
fn check_links(table: &Table, links: &[(u32, u32)]) -> Verdict {
    let all = all(table);
    let first: Vec<u32> = all.iter().map(|&i| nearest(table, i, &all)[0]).collect();
    let mut expected = Vec::new();
    for &i in &all {
        let j = first[i as usize];
        if i < j && first[j as usize] == i && table.classes[i as usize] != table.classes[j as usize]
        {
            expected.push((i, j));
        }
    }
    ensure(links == expected, || {
        format!("{links:?} and not {expected:?}")
    })
}

/// The rows that go, by the definition; `k` = 0 stands for the ends of links.
fn check_removed(table: &Table, step: Clean, removed: &[u32]) -> Verdict {
    let (all, counts) = (all(table), table.counts());
    let class = |i: u32| table.classes[i as usize] as usize;
    let goes = |&i: &u32| match step {
        Clean::Tomek { ends } => {
            let j = nearest(table, i, &all)[0];
            let link = nearest(table, j, &all)[0] == i && class(i) != class(j);
            link && (ends == Some(Ends::Both) || counts[class(i)] >= counts[class(j)])
        }
        Clean::Enn { k, kind } => {
            let near: Vec<usize> = nearest(table, i, &all)[..k]
                .iter()
                .map(|&j| class(j))
                .collect();
            let votes = |c: usize| near.iter().filter(|n| **n == c).count();
            match kind {
                Agreement::All => votes(class(i)) < k,
                Agreement::Mode => (0..counts.len()).any(|c| votes(c) > votes(class(i))),
            }
        }
        other => panic!("{other:?}"),
    };
    let expected: Vec<u32> = all.iter().copied().filter(goes).collect();
    ensure(removed == expected, || {
        format!("{removed:?} and not {expected:?}")
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn what_goes_is_what_the_definition_says(table in tables(), kind in 0usize..4) {
        let step = [MAJORITY, BOTH, enn(Agreement::All), enn(Agreement::Mode)][kind];
        prop_assert_eq!(check_links(&table, &links(&table)), Ok(()));
        match removed(&table, step) {
            Ok(removed) => prop_assert_eq!(check_removed(&table, step, &removed), Ok(())),
            Err(error) => prop_assert!(matches!(error, Error::ClassVanishes { .. }), "{}", error),
        }
    }
}

#[test]
fn checkers_of_cleaning_notice_what_is_spoilt() {
    let table = Table::normal(&[80, 30], 2, 3);
    let all = all(&table);
    let one_sided: Vec<(u32, u32)> = all
        .iter()
        .map(|&i| (i, nearest(&table, i, &all)[0]))
        .filter(|&(i, j)| i < j && table.classes[i as usize] != table.classes[j as usize])
        .collect();
    refused(
        "the nearest without being its nearest",
        check_links(&table, &one_sided),
    );
    let by = |step| removed(&table, step).expect("rows");
    for step in [MAJORITY, BOTH, enn(Agreement::All), enn(Agreement::Mode)] {
        accepted(check_removed(&table, step, &by(step)));
    }
    refused(
        "both ends for one",
        check_removed(&table, MAJORITY, &by(BOTH)),
    );
    refused(
        "one end for both",
        check_removed(&table, BOTH, &by(MAJORITY)),
    );
    let minority: Vec<u32> = by(BOTH)
        .into_iter()
        .filter(|i| !by(MAJORITY).contains(i))
        .collect();
    refused(
        "the minority's end",
        check_removed(&table, MAJORITY, &minority),
    );
    refused(
        "all for most",
        check_removed(&table, enn(Agreement::Mode), &by(enn(Agreement::All))),
    );
    // The row itself among its neighbours: two of them are left.
    let with_itself = by(Clean::Enn {
        k: 2,
        kind: Agreement::All,
    });
    refused(
        "the row itself as a neighbour",
        check_removed(&table, enn(Agreement::All), &with_itself),
    );
}

/// Ours are `theirs`, except that a class which they would take out altogether is an error.
fn check_like(table: &Table, ours: candle_mixup::Result<Vec<u32>>, theirs: &[u32]) -> Verdict {
    let gone = |class| table.members(class).iter().all(|i| theirs.contains(i));
    let vanishes = (0..table.names.len() as u32).any(gone);
    match ours {
        Ok(ours) => ensure(ours == theirs && !vanishes, || {
            format!("{ours:?}, not {theirs:?}")
        }),
        Err(Error::ClassVanishes { .. }) if vanishes => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn both_are_imbalanced_learns() {
    let reference = reference();
    for (table, expected) in reference_tables(&reference) {
        let check = |ours, key: &str| accepted(check_like(&table, ours, &rows(&expected[key])));
        check(removed(&table, BOTH), "tomek_both");
        check(removed(&table, enn(Agreement::All)), "enn_all");
        let like = Cleaning {
            step: enn(Agreement::Mode),
            like: Like::Imblearn,
            ..Cleaning::default()
        };
        let like = like.check().expect("settings");
        let all = table.len();
        check(
            like.removed(&table.rows(), table.strata(), all, &()),
            "enn_mode",
        );
        if table.names.len() == 2 {
            check(removed(&table, MAJORITY), "tomek_majority");
            check(removed(&table, enn(Agreement::Mode)), "enn_mode");
        }
        let theirs = rows(&expected["tomek_both"]);
        refused(
            "one end",
            check_like(&table, removed(&table, MAJORITY), &theirs),
        );
    }
}

/// Whether the `k` nearest rows of `i` are left open: the next one is as near as the last of them, or there is a row
/// like `i`, and imbalanced-learn may take the row itself for its neighbour.
fn tied(table: &Table, i: u32, all: &[u32], k: usize) -> bool {
    let order = nearest(table, i, all);
    let (inner, outer) = (square(table, i, order[k - 1]), square(table, i, order[k]));
    outer <= inner * (1.0 + 1e-9) || square(table, i, order[0]) == 0.0
}

#[test]
fn on_page_blocks_only_ties_differ_from_imbalanced_learn() {
    let (table, reference) = (page_blocks(), reference());
    let all = all(&table);
    for (step, key, k) in [
        (BOTH, "tomek_both", 1),
        (MAJORITY, "tomek_majority", 1),
        (enn(Agreement::All), "enn_all", 3),
        (enn(Agreement::Mode), "enn_mode", 3),
    ] {
        let (ours, theirs) = (
            removed(&table, step).expect("rows"),
            rows(&reference["page_blocks"][key]),
        );
        let apart = all
            .iter()
            .filter(|i| ours.contains(i) != theirs.contains(i));
        for &i in apart.clone() {
            // A link hangs on the ties of both its ends.
            let partner = nearest(&table, i, &all)[0];
            let open = tied(&table, i, &all, k) || (k == 1 && tied(&table, partner, &all, 1));
            assert!(open, "{key}: row {i} differs without a tie");
        }
        let apart = apart.count();
        assert!(
            apart * 3 <= theirs.len(),
            "{key}: {apart} of {} apart",
            theirs.len()
        );
    }
}

#[test]
fn the_majority_is_that_of_the_originals() {
    // Rows 0 to 5 are the table; the synthetic rows 6 and 7 make both classes equally large.
    let numbers = [0.0, 1.0, 2.0, 3.0, 9.0, 4.9, 8.0, 5.0];
    let rows = Rows::numeric(&numbers, 1).expect("rows");
    let names = ["usual", "rare"].map(String::from);
    let classes = [0, 0, 0, 0, 1, 0, 1, 1];
    let strata = Strata {
        classes: &classes,
        names: &names,
    };
    let tomek = |originals| {
        cleaner(Clean::default())
            .removed(&rows, strata, originals, &())
            .expect("rows")
    };
    assert_eq!(tomek(6), [5]);
    let equal = Strata {
        classes: &[0, 0, 0, 1, 1, 0, 1, 1],
        names: &names,
    };
    let both = cleaner(Clean::default())
        .removed(&rows, equal, 8, &())
        .expect("rows");
    assert_eq!(both, [5, 7], "of two equally large classes both ends go");
    let like = Cleaning {
        like: Like::Imblearn,
        ..Cleaning::default()
    }
    .check()
    .expect("settings");
    assert_eq!(like.removed(&rows, strata, 6, &()).expect("rows"), [5, 7]);
    let error = cleaner(MAJORITY)
        .removed(&rows, strata, 9, &())
        .expect_err("nine of eight");
    assert_eq!(
        error.to_string(),
        "originals must be at most the 8 rows, got 9"
    );
}

#[test]
fn after_cleaning_none_of_the_links_is_left() {
    let table = Table::normal(&[80, 30], 2, 9);
    let links = links(&table);
    let removed = removed(&table, MAJORITY).expect("rows");
    assert!(
        !links.is_empty()
            && links
                .iter()
                .all(|(i, j)| removed.contains(i) || removed.contains(j))
    );
    assert_eq!(removed.len(), links.len());
    let balanced = table.balance(by_default("smote", 0)).expect("rows");
    let mut joined = table.clone();
    joined
        .numbers
        .extend(balanced.numbers(&table.rows()).expect("numbers"));
    joined.classes.extend(balanced.classes());
    for step in [MAJORITY, enn(Agreement::All)] {
        let removed = cleaner(step)
            .removed(&joined.rows(), joined.strata(), 110, &())
            .expect("rows");
        assert!(removed.is_sorted() && removed.iter().all(|&i| i < 160));
    }
}

#[test]
fn a_class_never_vanishes() {
    let table = Table::numeric(
        vec![0.0, 1.0, 2.0, 3.0, 4.0, 1.6],
        1,
        vec![0, 0, 0, 0, 0, 1],
    );
    let error = removed(&table, BOTH).expect_err("the only row of b");
    assert_eq!(
        error.to_string(),
        "class 'b': tomek would take out all of its 1 rows"
    );
    let error = removed(&table, enn(Agreement::Mode)).expect_err("the only row of b");
    assert!(
        matches!(error, Error::ClassVanishes { ref class, rows: 1, step: "enn" } if class == "b"),
        "{error}"
    );
    assert_eq!(removed(&table, MAJORITY).expect("rows"), [2]);
}

#[test]
fn categories_count_as_in_smotenc_where_nothing_is_said() {
    for width in [0, 1, 4] {
        let mixed = Table::normal(&[60, 30], width, 3).with_codes(2, 3, 5);
        let rows = mixed.rows();
        let mut deviations: Vec<f64> = (0..width)
            .map(|j| {
                let column: Vec<f64> = (0..rows.len()).map(|i| rows.numbers(i)[j]).collect();
                let mean = column.iter().sum::<f64>() / column.len() as f64;
                let squares = column.iter().map(|x| (x - mean).powi(2));
                (squares.sum::<f64>() / column.len() as f64).sqrt()
            })
            .collect();
        deviations.sort_by(f64::total_cmp);
        let median = match width {
            0 => 1.0,
            w if w % 2 == 1 => deviations[w / 2],
            w => (deviations[w / 2 - 1] + deviations[w / 2]) / 2.0,
        };
        for step in [Clean::default(), Clean::named("enn").expect("a step")] {
            let with = |mismatch| {
                let cleaning = Cleaning {
                    step,
                    mismatch,
                    ..Cleaning::default()
                };
                let cleaner = cleaning.check().expect("settings");
                cleaner
                    .removed(&rows, mixed.strata(), rows.len(), &())
                    .map_err(|e| e.to_string())
            };
            let own = with(None);
            assert_eq!(own, with(Some(median.powi(2))), "{width} numbers");
            let other = with(Some(0.0));
            assert!(
                width == 0 || own.is_err() || own != other,
                "the penalty matters"
            );
        }
    }
}

#[test]
fn bad_settings_and_tables_are_refused() {
    let mixed = Table::normal(&[12, 6], 2, 1).with_codes(1, 3, 1);
    let with = |mismatch, metric| {
        Cleaning {
            mismatch,
            metric,
            ..Cleaning::default()
        }
        .check()
    };
    let links = with(Some(1e9), Metric::Euclidean)
        .expect("settings")
        .tomek_links(&mixed.rows(), mixed.strata(), &());
    let same = |&(i, j): &(u32, u32)| mixed.codes[i as usize] == mixed.codes[j as usize];
    assert!(
        links.expect("links").iter().all(same),
        "a mismatch is farther than any number"
    );
    let cosine = with(None, Metric::Cosine).expect("settings").tomek_links(
        &mixed.rows(),
        mixed.strata(),
        &(),
    );
    assert!(
        matches!(cosine, Err(Error::Unsupported { .. })),
        "{cosine:?}"
    );
    for penalty in [-1.0, f64::NAN, f64::INFINITY] {
        assert!(matches!(
            with(Some(penalty), Metric::Euclidean),
            Err(Error::Setting { .. })
        ));
    }
    assert!(matches!(
        with(Some(1.0), Metric::Cosine),
        Err(Error::Conflict(_))
    ));
    let zero = Cleaning {
        step: Clean::Enn {
            k: 0,
            kind: Agreement::All,
        },
        ..Cleaning::default()
    };
    assert_eq!(
        zero.check().expect_err("k = 0").to_string(),
        "k must be at least 1, got 0"
    );
    let table = Table::numeric(vec![1.0, 2.0, 3.0], 1, vec![0, 0, 1]);
    assert!(
        matches!(
            removed(&table, enn(Agreement::All)),
            Err(Error::Setting { .. })
        ),
        "k = 3 of 3 rows"
    );
    let few = Strata {
        classes: &[0, 1],
        names: &table.names,
    };
    assert!(matches!(
        cleaner(BOTH).removed(&table.rows(), few, 0, &()),
        Err(Error::Shape { .. })
    ));
    assert!(matches!(Clean::named("tomec"), Err(Error::Unknown { .. })));
    for name in Clean::NAMES {
        assert_eq!(Clean::named(name).expect("a step").name(), name);
        let json = serde_json::json!({ name: {} });
        assert_eq!(
            serde_json::from_value::<Clean>(json).expect("defaults"),
            Clean::named(name).expect("a step")
        );
    }
}

#[test]
fn the_same_rows_at_two_threads() {
    let table = Table::normal(&[800, 200], 3, 2);
    let at = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("a pool");
        pool.install(|| {
            (
                links(&table),
                removed(&table, enn(Agreement::All)).expect("rows"),
            )
        })
    };
    assert_eq!(at(1), at(2));
}
