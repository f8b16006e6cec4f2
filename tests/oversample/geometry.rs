//! Geometric SMOTE, star and bus: where their points lie, and by which law; recipes and tensors.

use candle_mixup::oversample::{Method, Selection, Settings, SmallClass, Topology};
use candle_mixup::random::{Purpose, Stream};
use candle_mixup::{Error, Pairs};
use proptest::prelude::*;
use rand_distr::Distribution;

use crate::bench::made::{
    Made, Verdict, accepted, check_threads, check_totals, ensure, is_near, made, nearest, only,
    refused, square,
};
use crate::bench::{LEAST_P, Table, by_default, chi_square_p, ks_p, ks_uniform_p, tables};

const K: usize = 5;

fn geometric(truncation: f64, deformation: f64, selection: Selection) -> Settings {
    Settings {
        method: Method::Geometric {
            k: K,
            truncation,
            deformation,
            selection,
        },
        ..Settings::default()
    }
}

/// x − c of row r, R, and its part on the axis, in units of R; `None` where the parents are equal.
fn ball_of(table: &Table, made: &Made, r: usize) -> Option<(f64, f64, f64)> {
    let (c, s) = (table.row(made.own[r]), table.row(made.partner[r]));
    let reach = square(table, made.own[r], made.partner[r]).sqrt();
    let side = |x: &[f64]| -> Vec<f64> { x.iter().zip(c).map(|(x, c)| x - c).collect() };
    let (x, e) = (side(&made.rows[r]), side(s));
    let length = x.iter().map(|x| x * x).sum::<f64>().sqrt() / reach;
    let along = x.iter().zip(&e).map(|(x, e)| x * e).sum::<f64>() / reach / reach;
    (reach > 0.0).then_some((reach, length, along))
}

/// The point is in the ball, its part on the axis is what the weight says, and truncation and deformation hold.
fn check_ball(table: &Table, made: &Made, truncation: f64, deformation: f64) -> Verdict {
    for r in 0..made.own.len() {
        let weight = made.weight[r];
        let Some((reach, length, along)) = ball_of(table, made, r) else {
            ensure(made.rows[r] == table.row(made.own[r]), || {
                format!("row {r} is no copy")
            })?;
            continue;
        };
        let size = table
            .row(made.own[r])
            .iter()
            .fold(reach, |m, x| m.max(x.abs()));
        let rounding = 1e-12 * size / reach;
        ensure(length <= 1.0 + rounding, || {
            format!("row {r}: {length} of R")
        })?;
        ensure((along - (1.0 - weight)).abs() <= rounding, || {
            format!("row {r}: {along} on the axis, and a weight of {weight}")
        })?;
        let cut = match truncation {
            t if t > 0.0 => along < t - 1.0 - rounding,
            t if t < 0.0 => along > t + 1.0 + rounding,
            _ => false,
        };
        ensure(!cut, || format!("row {r}: {along} is cut off"))?;
        let off = (length * length - along * along).max(0.0).sqrt();
        let most = (1.0 - deformation) * (1.0 - along * along).max(0.0).sqrt();
        ensure(off <= most + rounding.sqrt(), || {
            format!("row {r}: {off} off the axis")
        })?;
    }
    Ok(())
}

/// The partner is whom the selection names, however ties fall.
fn check_surface(table: &Table, made: &Made, selection: Selection) -> Verdict {
    let class = table.members(made.class);
    let others: Vec<u32> = (0..table.len() as u32)
        .filter(|i| !class.contains(i))
        .collect();
    for r in 0..made.own.len() {
        let (own, partner) = (made.own[r], made.partner[r]);
        let inside = class.contains(&partner);
        let reach = square(table, own, partner);
        let other = square(table, own, nearest(table, own, &others)[0]);
        let edge = square(table, own, nearest(table, own, &class)[K - 1]);
        let right = match (selection, inside) {
            (Selection::Minority, _) => is_near(table, own, partner, &class, K),
            (Selection::Majority, _) => is_near(table, own, partner, &others, 1),
            (Selection::Combined, true) => {
                is_near(table, own, partner, &class, K) && reach <= other
            }
            (Selection::Combined, false) => {
                is_near(table, own, partner, &others, 1) && reach < edge
            }
        };
        ensure(class.contains(&own), || {
            format!("row {r} starts at {own}, of another class")
        })?;
        ensure(right, || format!("row {r}: {own} reaches to {partner}"))?;
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn points_are_in_their_balls(
        table in tables(),
        truncation in prop_oneof![Just(-1.0), Just(0.0), Just(1.0), -1.0f64..1.0],
        deformation in prop_oneof![Just(0.0), Just(1.0), 0.0f64..1.0],
        selection in prop_oneof![Just(Selection::Minority), Just(Selection::Majority), Just(Selection::Combined)],
    ) {
        let settings = geometric(truncation, deformation, selection);
        if let Ok(all) = made(&table, settings) {
            prop_assert_eq!(check_totals(&table, &all), Ok(()));
            for made in &all {
                prop_assert_eq!(check_ball(&table, made, truncation, deformation), Ok(()));
                prop_assert_eq!(check_surface(&table, made, selection), Ok(()));
            }
        } else {
            let counts = table.counts();
            prop_assert!(counts.iter().all(|&n| n == counts[0]), "only a balanced table makes nothing");
        }
    }
}

#[test]
fn checkers_of_the_ball_notice_what_is_spoilt() {
    let table = Table::normal(&[200, 40], 3, 7);
    let selection = Selection::Combined;
    let right = only(&table, geometric(1.0, 0.0, selection));
    accepted(check_ball(&table, &right, 1.0, 0.0));
    accepted(check_surface(&table, &right, selection));
    let spoilt = |spoil: &dyn Fn(&mut Made)| {
        let mut made = right.clone();
        spoil(&mut made);
        made
    };
    let mirrored = spoilt(&|m| {
        for r in 0..m.own.len() {
            let (c, s) = (
                table.row(m.own[r]).to_vec(),
                table.row(m.partner[r]).to_vec(),
            );
            let twice = 2.0 * (1.0 - m.weight[r]);
            m.rows[r]
                .iter_mut()
                .zip(c.iter().zip(&s))
                .for_each(|(x, (c, s))| *x -= twice * (s - c));
            m.weight[r] = 2.0 - m.weight[r];
        }
    });
    refused(
        "truncation of the near half",
        check_ball(&table, &mirrored, 1.0, 0.0),
    );
    let inverted = spoilt(&|m| m.weight.iter_mut().for_each(|w| *w = 1.0 - *w));
    refused("λ inverted", check_ball(&table, &inverted, 1.0, 0.0));
    let exchanged = spoilt(&|m| std::mem::swap(&mut m.own, &mut m.partner));
    refused(
        "own and partner exchanged",
        check_ball(&table, &exchanged, 1.0, 0.0),
    );
    let stretched = spoilt(&|m| {
        for r in 0..m.own.len() {
            let c = table.row(m.own[r]);
            m.rows[r]
                .iter_mut()
                .zip(c)
                .for_each(|(x, c)| *x = c + 3.0 * (*x - c));
        }
    });
    refused(
        "a ball three times as large",
        check_ball(&table, &stretched, 1.0, 0.0),
    );
    refused("deformation ignored", check_ball(&table, &right, 1.0, 1.0));
    let majority = only(&table, geometric(1.0, 0.0, Selection::Majority));
    refused(
        "majority for combined",
        check_surface(&table, &majority, selection),
    );
    let minority = only(&table, geometric(1.0, 0.0, Selection::Minority));
    refused(
        "minority for combined",
        check_surface(&table, &minority, selection),
    );
    refused(
        "combined for minority",
        check_surface(&table, &right, Selection::Minority),
    );
}

/// p·e in three dimensions has the density ¾(1 − t²); with τ = 1 it is |p·e|, with τ = −1 it is −|p·e|.
fn check_axis_law(along: &[f64], truncation: f64) -> Verdict {
    let half = |t: f64| (3.0 * t - t.powi(3)) / 2.0;
    let p = match truncation {
        1.0 => ks_p(along, |t| half(t.clamp(0.0, 1.0))),
        -1.0 => ks_p(along, |t| 1.0 + half(t.clamp(-1.0, 0.0))),
        _ => ks_p(along, |t| 0.5 + half(t.clamp(-1.0, 1.0)) / 2.0),
    };
    ensure(p > LEAST_P, || {
        format!("p·e with τ = {truncation}: p = {p}")
    })?;
    // E(p·e)² = 1/(d+2) and E(p·e)⁴ = 3/((d+2)(d+4)).
    let n = along.len() as f64;
    let second = along.iter().map(|t| t * t).sum::<f64>() / n;
    let deviation = (3.0 / 35.0 - 1.0 / 25.0f64).sqrt() / n.sqrt();
    ensure((second - 0.2).abs() < 4.0 * deviation, || {
        format!("E(p·e)² = {second}, not 1/5")
    })
}

#[test]
fn the_ball_is_filled_evenly() {
    let table = Table::normal(&[20_030, 30], 3, 11);
    for truncation in [1.0, 0.0, -1.0] {
        for deformation in [0.0, 1.0] {
            let settings = geometric(truncation, deformation, Selection::Minority);
            let made = only(&table, settings);
            let along: Vec<f64> = made.weight.iter().map(|w| 1.0 - w).collect();
            accepted(check_axis_law(&along, truncation));
            if deformation == 0.0 {
                let ball = |r| ball_of(&table, &made, r).expect("rows differ").1.powi(3);
                let cubes: Vec<f64> = (0..made.own.len()).map(ball).collect();
                assert!(ks_uniform_p(&cubes) > LEAST_P, "‖p‖³ is uniform");
            }
        }
    }
    let mut stream = Stream::new(1, Purpose::Weight, 0);
    let flat: Vec<f64> = (0..20_000).map(|_| stream.unit()).collect();
    refused("p·e uniform", check_axis_law(&flat, 1.0));
    let made = only(&table, geometric(0.0, 0.0, Selection::Minority));
    let along: Vec<f64> = made.weight.iter().map(|w| 1.0 - w).collect();
    refused("no truncation for τ = 1", check_axis_law(&along, 1.0));
    let mean = along.iter().sum::<f64>() / along.len() as f64;
    assert!(
        mean.abs() < 4.0 * (0.2 / along.len() as f64).sqrt(),
        "mean {mean} without truncation"
    );
}

#[test]
fn in_the_plane_every_direction_is_as_likely() {
    let table = Table::normal(&[10_020, 20], 2, 5);
    let made = only(&table, geometric(0.0, 0.0, Selection::Minority));
    let turn = |r: usize| {
        let (c, s) = (table.row(made.own[r]), table.row(made.partner[r]));
        let (e, x) = ([s[0] - c[0], s[1] - c[1]], &made.rows[r]);
        let x = [x[0] - c[0], x[1] - c[1]];
        let angle = (e[0] * x[1] - e[1] * x[0]).atan2(e[0] * x[0] + e[1] * x[1]);
        angle / std::f64::consts::TAU + 0.5
    };
    let turns: Vec<f64> = (0..made.own.len()).map(turn).collect();
    assert!(ks_uniform_p(&turns) > LEAST_P);
    let mut counts = vec![0; table.len()];
    made.own.iter().for_each(|&i| counts[i as usize] += 1);
    let counts: Vec<usize> = table
        .members(1)
        .iter()
        .map(|&i| counts[i as usize])
        .collect();
    assert!(chi_square_p(&counts) > LEAST_P, "bases are uniform");
}

#[test]
fn balls_of_tiny_and_far_tables_are_round() {
    let table = Table::normal(&[60, 20], 4, 3);
    for (scale, offset) in [(1e-200, 0.0), (1e150, 0.0), (1.0, 1e8)] {
        let mut other = table.clone();
        let numbers = other.numbers.iter_mut();
        numbers.for_each(|x| *x = *x * scale + offset);
        let made = only(&other, geometric(0.0, 0.0, Selection::Minority));
        let off = (0..made.own.len()).filter(|&r| made.rows[r] != other.row(made.own[r]));
        assert_eq!(
            off.count(),
            40,
            "scale {scale}: squares neither vanish nor overflow"
        );
        assert!(
            made.rows.iter().flatten().all(|x| x.is_finite()),
            "scale {scale}"
        );
    }
}

#[test]
fn equal_rows_give_copies_and_a_lone_class_has_nothing_to_reach_to() {
    let table = Table::numeric(
        [vec![1.5; 30], vec![2.5; 12]].concat(),
        2,
        [vec![0; 15], vec![1; 6]].concat(),
    );
    let made = only(&table, geometric(-0.5, 0.0, Selection::Minority));
    assert!(made.rows.iter().all(|row| row == &[2.5, 2.5]) && made.rows.len() == 9);
    let settings = geometric(1.0, 0.0, Selection::Majority)
        .check()
        .expect("settings");
    let strata = candle_mixup::split::Strata {
        classes: &[1; 21],
        names: &table.names,
    };
    let error = settings
        .make(&table.rows(), strata, &[0, 3], &())
        .expect_err("one class");
    assert!(
        matches!(
            error,
            Error::NoBase {
                method: "geometric",
                ..
            }
        ),
        "{error}"
    );
}

/// Everything of a star or bus but the class's draws, of which there is none: by the definition.
fn check_segments(table: &Table, made: &Made, topology: Topology) -> Verdict {
    let class = table.members(made.class);
    let mean: Vec<f64> = (0..table.width)
        .map(|j| class.iter().map(|&i| table.row(i)[j]).sum::<f64>() / class.len() as f64)
        .collect();
    let ends: Vec<&[f64]> = match topology {
        Topology::Star => vec![&mean; class.len()],
        Topology::Bus => class[1..].iter().map(|&i| table.row(i)).collect(),
    };
    let count = made.own.len();
    let mut r = 0;
    for (i, end) in ends.iter().enumerate() {
        let points = (count + ends.len() - 1 - i) / ends.len();
        for j in 1..=points {
            let f = j as f64 / (points as f64 + 1.0);
            ensure(made.own[r] == class[i], || {
                format!("row {r} starts at {}", made.own[r])
            })?;
            for ((x, a), b) in made.rows[r].iter().zip(table.row(class[i])).zip(*end) {
                let expected = a + f * (b - a);
                ensure((x - expected).abs() <= 1e-12 * (a.abs() + b.abs()), || {
                    format!("row {r}: {x} and not {expected}")
                })?;
            }
            r += 1;
        }
    }
    ensure(r == count, || format!("{r} points for {count} rows"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn stars_and_buses_are_what_their_definition_says(table in tables(), bus in any::<bool>(), seed in 0..9u64) {
        let topology = if bus { Topology::Bus } else { Topology::Star };
        let settings = Settings { method: Method::Star { topology }, seed, ..Settings::default() };
        if let Ok(all) = made(&table, settings.clone()) {
            prop_assert_eq!(check_totals(&table, &all), Ok(()));
            for made in &all {
                prop_assert_eq!(check_segments(&table, made, topology), Ok(()));
            }
            prop_assert_eq!(made(&table, Settings { seed: 77, ..settings }).ok(), Some(all), "no randomness");
        }
    }
}

#[test]
fn checkers_of_segments_notice_what_is_spoilt() {
    let table = Table::normal(&[70, 10], 3, 2);
    let star = only(&table, by_default("star", 0));
    accepted(check_segments(&table, &star, Topology::Star));
    refused(
        "a bus for a star",
        check_segments(&table, &star, Topology::Bus),
    );
    let mut spoilt = star.clone();
    spoilt.rows[3] = spoilt.rows[2].clone();
    refused(
        "a point twice",
        check_segments(&table, &spoilt, Topology::Star),
    );
    // smote_variants makes n·max(1, rint(G/n)) rows, not those asked for.
    let mut spoilt = star.clone();
    spoilt.rows.pop();
    spoilt.own.pop();
    refused(
        "a lost row",
        check_totals(&table, std::slice::from_ref(&spoilt)),
    );
    // Six points on every segment: the mean of the synthetic rows is that of the class.
    for j in 0..3 {
        let mean = star.rows.iter().map(|row| row[j]).sum::<f64>() / 60.0;
        let class = table
            .members(1)
            .iter()
            .map(|&i| table.row(i)[j])
            .sum::<f64>()
            / 10.0;
        assert!((mean - class).abs() < 1e-12);
        assert!((star.derived[j] - class).abs() < 1e-14);
    }
    assert!(
        star.partner.iter().all(|&p| p == 80),
        "the mean is the row behind the table"
    );
}

#[test]
fn a_lone_row_and_a_constant_column_stay_as_they_are() {
    for topology in [Topology::Star, Topology::Bus] {
        let settings = Settings {
            method: Method::Star { topology },
            ..Settings::default()
        };
        let table = Table::numeric(vec![1.0, 2.0, 3.0, 0.1], 1, vec![0, 0, 0, 1]);
        assert_eq!(only(&table, settings.clone()).rows, [[0.1], [0.1]]);
        let table = Table::numeric(
            [vec![3.0; 7], vec![0.1; 3]].concat(),
            1,
            [vec![0; 7], vec![1; 3]].concat(),
        );
        assert!(only(&table, settings).rows.iter().all(|row| row == &[0.1]));
    }
}

#[test]
fn the_same_bytes_at_two_threads_and_other_ones_for_another_seed() {
    let table = Table::normal(&[4_000, 50, 70], 3, 1);
    for name in ["geometric", "star", "mixup"] {
        accepted(check_threads(&table, &by_default(name, 3)));
        let other = made(&table, by_default(name, 4)).expect("rows");
        assert_eq!(
            made(&table, by_default(name, 3)).expect("rows") == other,
            name == "star",
            "{name}"
        );
        if name != "star" {
            assert_ne!(
                other[0].weight[..50],
                other[1].weight[..50],
                "{name}: a stream a class"
            );
        }
    }
}

#[test]
fn small_classes_by_their_policy() {
    let table = Table::numeric(
        (0..9).map(f64::from).collect(),
        1,
        vec![0, 0, 0, 0, 0, 0, 1, 1, 1],
    );
    let error = made(&table, by_default("geometric", 0)).expect_err("3 rows for k = 5");
    assert!(
        matches!(
            error,
            Error::ClassTooSmall {
                rows: 3,
                needed: 6,
                ..
            }
        ),
        "{error}"
    );
    let shrunk = Settings {
        small_class: SmallClass::ShrinkK,
        ..by_default("geometric", 0)
    };
    assert_eq!(only(&table, shrunk).own.len(), 3);
    let majority = geometric(1.0, 0.0, Selection::Majority);
    assert!(
        only(&table, majority).partner.iter().all(|&p| p == 5),
        "no neighbour of the class is needed"
    );
}

#[test]
fn a_recipe_is_applied_in_parts_as_in_whole_and_given_pairs_are_taken() {
    let table = Table::normal(&[500, 20], 3, 1);
    let balanced = table.balance(by_default("geometric", 0)).expect("rows");
    let recipe = &balanced.made[0].recipe;
    let whole = recipe
        .numbers(&table.rows(), 0..recipe.len())
        .expect("rows");
    let parts = [0..100, 100..101, 101..recipe.len()]
        .map(|part| recipe.numbers(&table.rows(), part).expect("rows"));
    assert_eq!(parts.concat(), whole);
    let pairs = Pairs::new(vec![0], vec![1], vec![0.25], vec![1.0]).expect("a pair");
    let given = candle_mixup::oversample::Recipe::from(pairs)
        .numbers(&table.rows(), 0..1)
        .expect("a row");
    let expected = table
        .row(0)
        .iter()
        .zip(table.row(1))
        .map(|(a, b)| 0.25 * a + 0.75 * b);
    assert!(
        given
            .iter()
            .zip(expected)
            .all(|(x, y)| (x - y).abs() < 1e-15)
    );
}

#[test]
fn tensors_give_the_rows_of_the_slices_in_their_dtype() {
    use candle_core::{DType, Device, Tensor};
    let table = Table::normal(&[50, 20], 3, 1);
    let x = Tensor::from_slice(&table.numbers, (70, 3), &Device::Cpu).expect("a tensor");
    for name in ["smote", "geometric", "star", "mixup"] {
        let sampler = by_default(name, 0).check().expect("settings");
        let (rows, balanced) = sampler.run_tensor(&x, table.strata()).expect("rows");
        let expected = balanced.numbers(&table.rows()).expect("numbers");
        assert_eq!(
            rows.flatten_all()
                .and_then(|t| t.to_vec1::<f64>())
                .expect("f64"),
            expected
        );
        let turned = x
            .t()
            .and_then(|t| t.contiguous())
            .and_then(|t| t.t())
            .expect("the same, column by column");
        let again = sampler.run_tensor(&turned, table.strata()).expect("rows").0;
        assert_eq!(
            again.to_vec2::<f64>().expect("f64"),
            rows.to_vec2::<f64>().expect("f64")
        );
        let single = x.to_dtype(DType::F32).expect("f32");
        let (made, balanced) = sampler.run_tensor(&single, table.strata()).expect("rows");
        assert_eq!((made.dtype(), made.dims()), (DType::F32, &[30, 3][..]));
        assert_eq!(
            balanced.made[0]
                .recipe
                .apply_tensor(&single)
                .expect("rows")
                .to_vec2::<f32>()
                .expect("f32"),
            made.to_vec2::<f32>().expect("f32")
        );
        let error = sampler.run_tensor(&x.to_dtype(DType::U32).expect("u32"), table.strata());
        assert!(matches!(error, Err(Error::Unsupported { .. })));
        let error = sampler.run_tensor(&x.flatten_all().expect("flat"), table.strata());
        assert!(matches!(error, Err(Error::Shape { .. })));
    }
}

#[test]
fn this_file_draws_normals_like_the_library() {
    // A guard of the tests above: the reference law of p·e itself passes its checker.
    let mut stream = Stream::new(5, Purpose::Weight, 0);
    let mut normal = || -> f64 { rand_distr::StandardNormal.sample(stream.rng()) };
    let mut along = Vec::new();
    for i in 0..20_000 {
        let g = [normal(), normal(), normal()];
        let norm = g.iter().map(|x| x * x).sum::<f64>().sqrt();
        along.push((((f64::from(i) + 0.5) / 20_000.0).cbrt() * g[0] / norm).abs());
    }
    accepted(check_axis_law(&along, 1.0));
}
