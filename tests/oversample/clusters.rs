//! K-means-SMOTE and ProWSyn: clusters and levels by their definitions, and totals that are exact.

use candle_mixup::Error;
use candle_mixup::oversample::Note;
use candle_mixup::oversample::{Fallback, Method, Scale, Settings};
use proptest::prelude::*;

use crate::bench::made::{
    Made, Verdict, accepted, check_blend, check_threads, check_totals, ensure, is_near, made,
    nearest, only, refused, shares, square,
};
use crate::bench::{LEAST_P, Table, by_default, chi_square_p, ks_uniform_p, tables};

fn kmeans(k: usize, clusters: usize, threshold: Option<f64>, seed: u64) -> Settings {
    Settings {
        method: Method::Kmeans {
            k,
            clusters,
            threshold,
            exponent: None,
        },
        seed,
        ..Settings::default()
    }
}

/// The cluster of every row, as the settings find them for a class.
fn clusters_of(table: &Table, settings: &Settings, class: u32) -> Vec<u32> {
    let sampler = settings.clone().check().expect("settings");
    sampler.clusters(&table.rows(), class).expect("clusters")
}

/// Every row is in the cluster of the nearest mean: Lloyd's algorithm has come to rest.
fn check_rest(table: &Table, of: &[u32]) -> Verdict {
    let count = of.iter().max().map_or(0, |&c| c as usize + 1);
    let mean = |c: usize| -> Option<Vec<f64>> {
        let rows: Vec<u32> = (0..table.len() as u32)
            .filter(|&i| of[i as usize] == c as u32)
            .collect();
        let column =
            |j: usize| rows.iter().map(|&i| table.row(i)[j]).sum::<f64>() / rows.len() as f64;
        (!rows.is_empty()).then(|| (0..table.width).map(column).collect())
    };
    let means: Vec<Option<Vec<f64>>> = (0..count).map(mean).collect();
    for (i, &c) in of.iter().enumerate() {
        let to = |mean: &Vec<f64>| -> f64 {
            mean.iter()
                .zip(table.row(i as u32))
                .map(|(m, x)| (m - x).powi(2))
                .sum()
        };
        let own = means[c as usize].as_ref().map_or(f64::INFINITY, to);
        let size = table.row(i as u32).iter().map(|x| x * x).sum::<f64>();
        let best = means.iter().flatten().map(to).fold(f64::INFINITY, f64::min);
        ensure(own <= best + 1e-9 * (best + 1e-6 * size), || {
            format!("row {i} is {own} from its mean and {best} from another")
        })?;
    }
    Ok(())
}

/// What each cluster weighs, `None` where it is not kept; n is the number of the class's rows in the cluster.
fn weights(table: &Table, of: &[u32], class: u32, k: usize, threshold: f64) -> Vec<Option<f64>> {
    let count = of.iter().max().map_or(0, |&c| c as usize + 1);
    let weight = |c: u32| {
        let rows: Vec<u32> = (0..table.len() as u32)
            .filter(|&i| of[i as usize] == c)
            .collect();
        let class: Vec<u32> = rows
            .iter()
            .copied()
            .filter(|&i| table.classes[i as usize] == class)
            .collect();
        let n = class.len() as f64;
        if class.len() <= k || n / (rows.len() as f64) < threshold {
            return None;
        }
        let all: f64 = class
            .iter()
            .flat_map(|&a| class.iter().map(move |&b| (a, b)))
            .map(|(a, b)| square(table, a, b).sqrt())
            .sum();
        Some((all / (n * n - n)).powf(n.log(1.6).powf(1.8) * 0.16) / n)
    };
    let all: Vec<Option<f64>> = (0..count as u32).map(weight).collect();
    match all.iter().flatten().all(|w| *w == 0.0) {
        true => all.iter().map(|w| w.map(|_| 1.0)).collect(),
        false => all,
    }
}

/// Both parents are rows of the class in one kept cluster, the partner near, and each cluster has its share exactly.
fn check_kmeans(table: &Table, made: &Made, of: &[u32], k: usize, threshold: f64) -> Verdict {
    check_blend(table, made)?;
    let weights = weights(table, of, made.class, k, threshold);
    let mut counts = vec![0usize; weights.len()];
    for (&own, &partner) in made.own.iter().zip(&made.partner) {
        let cluster = of[own as usize];
        let class: Vec<u32> = table
            .members(made.class)
            .into_iter()
            .filter(|&i| of[i as usize] == cluster)
            .collect();
        ensure(class.contains(&own) && class.contains(&partner), || {
            format!("{own} with {partner} of another cluster or class")
        })?;
        ensure(weights[cluster as usize].is_some(), || {
            format!("cluster {cluster} is not kept")
        })?;
        ensure(is_near(table, own, partner, &class, k), || {
            format!("{partner} is not near {own}")
        })?;
        counts[cluster as usize] += 1;
    }
    let all: Vec<f64> = weights.iter().map(|w| w.unwrap_or(0.0)).collect();
    let expected = shares(&all, made.own.len());
    // Where a quota is whole or two remainders are equal but for rounding, a row may stand beside.
    let sum: f64 = all.iter().sum();
    for (c, &count) in counts.iter().enumerate() {
        let quota = all[c] / sum * made.own.len() as f64;
        ensure((count as f64 - quota).abs() < 1.0 + 1e-9, || {
            format!("cluster {c}: {count} rows, quota {quota}")
        })?;
    }
    let apart: usize = counts
        .iter()
        .zip(&expected)
        .map(|(a, b)| a.abs_diff(*b))
        .sum();
    ensure(apart <= 2, || {
        format!("{counts:?} rows and not {expected:?}")
    })
}

#[test]
fn totals_are_exact_over_thirty_seeds() {
    // imbalanced-learn takes the ceiling of each cluster's count: 1 to 5 rows too many.
    let table = Table::normal(&[300, 90], 3, 1);
    for seed in 0..30 {
        let settings = kmeans(2, 6, Some(0.15), seed);
        let all = made(&table, settings.clone()).expect("rows");
        accepted(check_totals(&table, &all));
        let of = clusters_of(&table, &settings, 1);
        accepted(check_rest(&table, &of));
        accepted(check_kmeans(&table, &all[0], &of, 2, 0.15));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn parents_are_of_one_cluster(table in tables(), clusters in 1usize..5, seed in 0..9u64) {
        let settings = kmeans(2, clusters, Some(0.1), seed);
        for made in made(&table, settings.clone()).unwrap_or_default() {
            let of = clusters_of(&table, &settings, made.class);
            prop_assert_eq!(check_rest(&table, &of), Ok(()));
            prop_assert_eq!(check_kmeans(&table, &made, &of, 2, 0.1), Ok(()));
        }
    }
}

#[test]
fn checkers_of_clusters_notice_what_is_spoilt() {
    let table = Table::normal(&[200, 80], 2, 3);
    let settings = kmeans(3, 5, Some(0.2), 0);
    let of = clusters_of(&table, &settings, 1);
    let right = only(&table, settings.clone());
    accepted(check_kmeans(&table, &right, &of, 3, 0.2));
    let elsewhere = |i: u32| {
        let class = table.members(1).into_iter();
        class
            .into_iter()
            .find(|&j| of[j as usize] != of[i as usize])
            .expect("another cluster")
    };
    let mut spoilt = right.clone();
    spoilt.partner[5] = elsewhere(spoilt.own[5]);
    spoilt.weight[5] = 1.0;
    spoilt.rows[5] = table.row(spoilt.own[5]).to_vec();
    refused(
        "a partner of another cluster",
        check_kmeans(&table, &spoilt, &of, 3, 0.2),
    );
    let smote = only(
        &table,
        Settings {
            method: Method::Smote { k: 3 },
            ..Settings::default()
        },
    );
    refused(
        "SMOTE without clusters",
        check_kmeans(&table, &smote, &of, 3, 0.2),
    );
    let ceilings = {
        let all = weights(&table, &of, 1, 3, 0.2);
        let sum: f64 = all.iter().flatten().sum();
        all.iter()
            .flatten()
            .map(|w| (w / sum * 120.0).ceil() as usize)
            .sum::<usize>()
    };
    assert!(
        ceilings > right.own.len(),
        "the ceiling of each count is too many: {ceilings}"
    );
    let wide = only(&table, kmeans(3, 5, Some(0.0), 0));
    let kept = weights(&table, &of, 1, 3, 0.2).iter().flatten().count();
    if weights(&table, &of, 1, 3, 0.0).iter().flatten().count() > kept {
        refused(
            "the threshold ignored",
            check_kmeans(&table, &wide, &of, 3, 0.2),
        );
    }
    refused(
        "the threshold at work",
        check_kmeans(&table, &right, &of, 3, 0.9),
    );
    let rolled: Vec<u32> = of.iter().cycle().skip(1).take(of.len()).copied().collect();
    refused("clusters of other rows", check_rest(&table, &rolled));
    refused(
        "clusters of other rows",
        check_kmeans(&table, &right, &rolled, 3, 0.2),
    );
}

#[test]
fn far_heaps_are_found_at_any_scale_and_offset() {
    let mut table = Table::normal(&[60, 30], 2, 4);
    for (i, row) in table.numbers.chunks_mut(2).enumerate() {
        row[0] = row[0] * 0.1 + [0.0, 50.0, 100.0][i % 3];
    }
    for (scale, offset) in [(1.0, 0.0), (1e-9, 0.0), (1.0, 1.7e9)] {
        let mut table = table.clone();
        table
            .numbers
            .iter_mut()
            .for_each(|x| *x = *x * scale + offset);
        let of = clusters_of(&table, &kmeans(2, 3, None, 0), 1);
        assert!(
            (0..90).all(|i| of[i] == of[i % 3])
                && of[0] != of[1]
                && of[1] != of[2]
                && of[0] != of[2]
        );
    }
    // A column a thousand times as wide outvotes the heaps, unless columns are scaled.
    let mut wide = table.clone();
    wide.numbers
        .iter_mut()
        .skip(1)
        .step_by(2)
        .for_each(|x| *x *= 1e5);
    let scaled = Settings {
        scale: Scale::Standard,
        ..kmeans(2, 3, None, 0)
    };
    assert_ne!(
        clusters_of(&wide, &kmeans(2, 3, None, 0), 1),
        clusters_of(&table, &kmeans(2, 3, None, 0), 1)
    );
    let narrow = Settings {
        scale: Scale::Standard,
        ..kmeans(2, 3, None, 0)
    };
    assert_eq!(
        clusters_of(&wide, &scaled, 1),
        clusters_of(&table, &narrow, 1)
    );
}

#[test]
fn identical_rows_give_every_cluster_as_much() {
    // imbalanced-learn divides 0 by 0 here and fails (its issue 1186).
    let numbers = [vec![0.0; 10], vec![9.0; 10], vec![0.0; 4], vec![9.0; 4]].concat();
    let table = Table::numeric(numbers, 1, [vec![0; 20], vec![1; 8]].concat());
    for seed in 0..10 {
        let made = only(&table, kmeans(2, 2, Some(0.1), seed));
        assert_eq!(made.own.len(), 12);
        assert_eq!(made.rows.iter().filter(|row| row[0] == 9.0).count(), 6);
        assert!(made.own.iter().zip(&made.partner).all(|(a, b)| a != b));
    }
    // Fewer different rows than clusters: as many clusters as different rows.
    let of = clusters_of(&table, &kmeans(2, 7, None, 0), 1);
    assert_eq!(of.iter().max(), Some(&1));
}

#[test]
fn where_nothing_can_be_made_the_reason_is_said() {
    let table = Table::normal(&[300, 12], 2, 1);
    let error = made(&table, kmeans(2, 4, Some(0.9), 0)).expect_err("no cluster is of the class");
    let said = error.to_string();
    assert!(
        matches!(
            error,
            Error::NoBase {
                method: "kmeans",
                ..
            }
        ),
        "{said}"
    );
    assert!(
        said.contains("at least 0.9") && said.contains("the largest share is 0."),
        "{said}"
    );
    let error = made(&table, kmeans(2, 313, None, 0)).expect_err("more clusters than rows");
    assert_eq!(
        error.to_string(),
        "clusters must be at most the 312 rows of the table, got 313"
    );
    let settings = Settings {
        fallback: Fallback::Smote,
        ..kmeans(2, 4, Some(0.9), 0)
    };
    let balanced = table.balance(settings).expect("SMOTE instead");
    assert!(matches!(balanced.notes[..], [Note::FellBack { .. }]) && balanced.len() == 288);
    // One cluster is taken without a threshold, whatever the share of the class.
    accepted(check_totals(
        &table,
        &made(&table, kmeans(2, 1, None, 0)).expect("rows"),
    ));
}

#[test]
fn the_default_threshold_is_half_of_the_class_s_share_of_what_is_made() {
    // Class b grows by 60, c by 80: thresholds 60/280 and 80/280.
    let table = Table::normal(&[100, 40, 20], 2, 2);
    for seed in 0..5 {
        for made in made(&table, kmeans(2, 4, None, seed)).expect("rows") {
            let threshold = [0.0, 60.0 / 280.0, 80.0 / 280.0][made.class as usize];
            let of = clusters_of(&table, &kmeans(2, 4, None, seed), made.class);
            accepted(check_kmeans(&table, &made, &of, 2, threshold));
        }
    }
}

#[test]
fn a_huge_exponent_does_not_overflow() {
    let mut table = Table::normal(&[80, 40], 2, 5);
    table.numbers.iter_mut().for_each(|x| *x *= 1e12);
    for exponent in [1e6, -1e6, 0.0] {
        let method = Method::Kmeans {
            k: 2,
            clusters: 3,
            threshold: Some(0.0),
            exponent: Some(exponent),
        };
        let made = made(
            &table,
            Settings {
                method,
                ..Settings::default()
            },
        )
        .expect("rows");
        accepted(check_totals(&table, &made));
    }
}

fn prowsyn(levels: usize, k: usize, theta: f64) -> Settings {
    Settings {
        method: Method::Prowsyn { levels, k, theta },
        ..Settings::default()
    }
}

/// The levels of the class, by the definition; the last one holds the rest and may be empty.
fn levels(table: &Table, class: u32, count: usize, k: usize) -> Vec<Vec<u32>> {
    let mut left = table.members(class);
    let others: Vec<u32> = (0..table.len() as u32)
        .filter(|&i| table.classes[i as usize] != class)
        .collect();
    let mut levels = Vec::new();
    for _ in 1..count {
        let near = |&i: &u32| {
            nearest(table, i, &left)
                .into_iter()
                .take(k)
                .collect::<Vec<u32>>()
        };
        let mut level: Vec<u32> = others.iter().flat_map(near).collect();
        level.sort_unstable();
        level.dedup();
        left.retain(|i| !level.contains(i));
        levels.push(level);
    }
    levels.push(left);
    levels
}

/// Rows made from each row of each level, by the definition.
fn counts(levels: &[Vec<u32>], count: usize, theta: f64) -> Vec<(u32, usize)> {
    let weights: Vec<f64> = levels
        .iter()
        .enumerate()
        .flat_map(|(l, rows)| vec![(-theta * l as f64).exp(); rows.len()])
        .collect();
    let mut all: Vec<Vec<usize>> = Vec::new();
    let mut shares = shares(&weights, count).into_iter();
    for level in levels {
        all.push(shares.by_ref().take(level.len()).collect());
    }
    for l in 0..levels.len() {
        if levels[l].len() == 1 {
            let later = (l..levels.len()).find(|&m| levels[m].len() > 1);
            let to = later
                .or_else(|| (0..l).rev().find(|&m| levels[m].len() > 1))
                .expect("a level of two");
            let (passed, n) = (std::mem::take(&mut all[l][0]), levels[to].len());
            (0..n).for_each(|i| all[to][i] += passed / n + usize::from(i < passed % n));
        }
    }
    levels.concat().into_iter().zip(all.concat()).collect()
}

fn check_prowsyn(table: &Table, made: &Made, of: &[Vec<u32>], theta: f64) -> Verdict {
    check_blend(table, made)?;
    let mut class = of.concat();
    class.sort_unstable();
    ensure(class == table.members(made.class), || {
        "the levels are no partition".into()
    })?;
    for (&own, &partner) in made.own.iter().zip(&made.partner) {
        let level = of
            .iter()
            .find(|level| level.contains(&own))
            .ok_or("a row of no level")?;
        ensure(own != partner && level.contains(&partner), || {
            format!("{own} with {partner}")
        })?;
    }
    for (row, expected) in counts(of, made.own.len(), theta) {
        let count = made.own.iter().filter(|&&i| i == row).count();
        ensure(count == expected, || {
            format!("{count} rows from {row}, not {expected}")
        })?;
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn levels_are_those_of_the_definition(table in tables(), count in 1usize..6, k in 1usize..4, theta in 0.0f64..3.0) {
        match made(&table, prowsyn(count, k, theta)) {
            Ok(all) => {
                prop_assert_eq!(check_totals(&table, &all), Ok(()));
                for made in &all {
                    let of = levels(&table, made.class, count, k);
                    prop_assert_eq!(check_prowsyn(&table, made, &of, theta), Ok(()));
                }
            }
            Err(Error::NoBase { .. }) => {
                let lone = |c: u32| levels(&table, c, count, k).iter().all(|l| l.len() < 2);
                prop_assert!((0..table.names.len() as u32).any(lone));
            }
            Err(other) => prop_assert!(matches!(other, Error::Data(_)), "{}", other),
        }
    }
}

#[test]
fn checkers_of_levels_notice_what_is_spoilt() {
    let table = Table::normal(&[60, 40], 2, 3);
    let many = Settings {
        strategy: "b=540".parse().expect("a strategy"),
        ..prowsyn(3, 1, 1.0)
    };
    let right = only(&table, many);
    let of = levels(&table, 1, 3, 1);
    assert!(
        of.iter().all(|level| level.len() > 1),
        "three levels: {of:?}"
    );
    accepted(check_prowsyn(&table, &right, &of, 1.0));
    // smote_variants weighs what is left over like the level before it.
    let joined = [of[0].clone(), [&of[1][..], &of[2]].concat()];
    refused(
        "the rest in the level before",
        check_prowsyn(&table, &right, &joined, 1.0),
    );
    refused("another θ", check_prowsyn(&table, &right, &of, 0.5));
    let turned = [of[2].clone(), of[1].clone(), of[0].clone()];
    refused(
        "weights that rise",
        check_prowsyn(&table, &right, &turned, 1.0),
    );
    let mut spoilt = right.clone();
    let (a, b) = (of[0][0], of[1][0]);
    let r = spoilt
        .own
        .iter()
        .position(|&i| i == a)
        .expect("a row from the first level");
    spoilt.partner[r] = b;
    spoilt.weight[r] = 1.0;
    spoilt.rows[r] = table.row(a).to_vec();
    refused(
        "a partner of another level",
        check_prowsyn(&table, &spoilt, &of, 1.0),
    );
    let mut spoilt = right;
    spoilt.own.pop();
    refused(
        "a lost row",
        check_totals(&table, std::slice::from_ref(&spoilt)),
    );
}

#[test]
fn a_level_of_one_row_passes_its_rows_on() {
    // Row 4 is level 1, rows 5 and 6 are level 2.
    let table = Table::numeric(
        vec![0.0, -1.0, -2.0, -3.0, 1.0, 5.0, 9.0],
        1,
        vec![0, 0, 0, 0, 1, 1, 1],
    );
    let all = Settings {
        strategy: "b=20".parse().expect("a strategy"),
        ..prowsyn(2, 1, 1.0)
    };
    let made = only(&table, all);
    accepted(check_prowsyn(&table, &made, &levels(&table, 1, 2, 1), 1.0));
    assert_eq!(made.own.iter().filter(|&&i| i == 4).count(), 0);
    // Row 4 and 5 are a level each: nobody has anybody to mix with.
    let table = Table::numeric(vec![0.0, -1.0, -2.0, 1.0, 5.0], 1, vec![0, 0, 0, 1, 1]);
    let error =
        crate::bench::made::made(&table, prowsyn(2, 1, 1.0)).expect_err("two levels of one row");
    assert!(
        matches!(
            error,
            Error::NoBase {
                method: "prowsyn",
                ..
            }
        ),
        "{error}"
    );
    assert!(
        error
            .to_string()
            .contains("none of its 2 levels has two rows"),
        "{error}"
    );
}

#[test]
fn weights_and_partners_follow_their_laws() {
    let table = Table::normal(&[10_030, 30], 2, 8);
    let made = only(&table, prowsyn(1, 5, 1.0));
    assert!(ks_uniform_p(&made.weight) > LEAST_P);
    let class = table.members(1);
    let place = |i: u32| class.binary_search(&i).expect("a row of the class");
    let mut counts = vec![0; 900];
    made.own
        .iter()
        .zip(&made.partner)
        .for_each(|(&a, &b)| counts[place(a) * 30 + place(b)] += 1);
    let pairs: Vec<usize> = (0..900)
        .filter(|i| i % 31 != 0)
        .map(|i| counts[i])
        .collect();
    assert!(chi_square_p(&pairs) > LEAST_P);
    assert!(ks_uniform_p(&only(&table, kmeans(5, 1, None, 0)).weight) > LEAST_P);
}

#[test]
fn the_same_bytes_at_two_threads() {
    let table = Table::normal(&[5_000, 300, 200], 3, 1);
    for settings in [
        kmeans(2, 8, Some(0.0), 3),
        prowsyn(3, 2, 1.0),
        by_default("prowsyn", 1),
    ] {
        accepted(check_threads(&table, &settings));
    }
    // More rows than those among which centres are sought.
    let large = Table::normal(&[33_000, 300], 2, 1);
    accepted(check_threads(&large, &kmeans(2, 4, Some(0.0), 3)));
    let all = made(&large, kmeans(2, 4, Some(0.0), 3)).expect("rows");
    accepted(check_totals(&large, &all));
    let other = made(&table, kmeans(2, 8, Some(0.0), 4)).expect("rows");
    assert_ne!(
        made(&table, kmeans(2, 8, Some(0.0), 3)).expect("rows"),
        other
    );
}
