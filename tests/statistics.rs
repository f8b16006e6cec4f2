//! The laws behind the draws: λ, pairings, sites. Every limit is four standard errors or a p-value above 1e-4.

mod scheduling;

use candle_mixup::schedule::{Clock, Domain, Rows, Schedule, Scheduler, Task, TaskKind};
use candle_mixup::{Pairs, Site};
use scheduling::{classes, plan, scheduler};
use statrs::distribution::{ChiSquared, ContinuousCDF};
use statrs::function::beta::{beta, beta_reg};

const DRAWS: usize = 20_000;
const LEAST_P: f64 = 1e-4;

/// A scheduler with a training set as large as a batch of 20,000 rows.
fn wide(json: &str) -> Scheduler {
    let task = Task {
        domain: Domain::Text,
        kind: TaskKind::SingleLabel,
        class_counts: vec![10_000.0, 10_000.0],
        rows: DRAWS,
        steps: 100,
        epochs: 10,
        seed: 7,
    };
    let schedule = Schedule::from_json(json).expect("good JSON");
    schedule
        .check(&[Site::Embedding], &task)
        .expect("a good schedule")
}

/// 20,000 λ of one batch.
fn lambdas(weight: &str, fold: bool) -> Vec<f64> {
    let scheduler = wide(&format!(r#"{{"weight": {weight}, "fold": {fold}}}"#));
    let batch: Vec<u32> = (0..DRAWS as u32).collect();
    let plan = scheduler
        .plan(Clock::at(3, 100, 10), Rows::new(&batch))
        .expect("a plan");
    let weights = plan.expect("a mixed step").pairs.weight().to_vec();
    assert!(weights.iter().all(|w| (0.0..=1.0).contains(w)));
    weights
}

fn mean(x: impl IntoIterator<Item = f64>) -> f64 {
    let (mut sum, mut n) = (0.0, 0.0);
    for x in x {
        sum += x;
        n += 1.0;
    }
    sum / n
}

/// Kolmogorov's asymptotic p-value of the largest distance between the draws and a law on [0, 1].
///
/// `below` is P(λ < x) and `upto` P(λ ≤ x), which differ where rounding to a float gathers mass.
fn ks_p(mut draws: Vec<f64>, below: impl Fn(f64) -> f64, upto: impl Fn(f64) -> f64) -> f64 {
    draws.sort_by(f64::total_cmp);
    let n = draws.len() as f64;
    let mut distance = 0f64;
    let mut start = 0;
    for run in draws.chunk_by(|a, b| a == b) {
        let (before, after) = (start as f64 / n, (start + run.len()) as f64 / n);
        distance = distance.max((before - below(run[0])).abs());
        distance = distance.max((after - upto(run[0])).abs());
        start += run.len();
    }
    let x = (n.sqrt() + 0.12 + 0.11 / n.sqrt()) * distance;
    let term = |k: i32| f64::from(1 - 2 * (1 - k % 2)) * (-2.0 * f64::from(k * k) * x * x).exp();
    if x < 0.2 {
        1.0
    } else {
        (2.0 * (1..=100).map(term).sum::<f64>()).clamp(0.0, 1.0)
    }
}

/// The p-value against Beta(a, b), whose largest float below 1 hides all that lies within 2^-54 of 1.
fn ks_beta(draws: Vec<f64>, a: f64, b: f64) -> f64 {
    let cdf = |x: f64| if x >= 1.0 { 1.0 } else { beta_reg(a, b, x) };
    let below = |x: f64| {
        if x == 1.0 {
            1.0 - beta_reg(b, a, 2f64.powi(-54))
        } else if x < 1.0 && x > 0.999_999 {
            // One rounding step to either side of a float near 1 holds mass at small shapes.
            1.0 - beta_reg(b, a, (1.0 - x) + 2f64.powi(-54))
        } else {
            cdf(x)
        }
    };
    let upto = |x: f64| {
        if x < 1.0 && x > 0.999_999 {
            1.0 - beta_reg(b, a, (1.0 - x) - 2f64.powi(-54))
        } else {
            cdf(x)
        }
    };
    ks_p(draws, below, upto)
}

fn chi_square_p(counts: &[usize]) -> f64 {
    let expected = counts.iter().sum::<usize>() as f64 / counts.len() as f64;
    let statistic: f64 = counts
        .iter()
        .map(|&c| (c as f64 - expected).powi(2) / expected)
        .sum();
    ChiSquared::new((counts.len() - 1) as f64)
        .expect("two cells or more")
        .sf(statistic)
}

#[test]
fn moments_of_every_alpha() {
    // α, Var(λ), E[max(λ, 1−λ)]: the published values, which the closed forms must reproduce.
    let table = [
        (0.1, 0.20833, 0.9416),
        (0.2, 0.17857, 0.8988),
        (0.4, 0.13889, 0.8398),
        (0.5, 0.12500, 0.8183),
        (0.75, 0.10000, 0.7782),
        (1.0, 0.08333, 0.7500),
        (1.5, 0.06250, 0.7122),
        (2.0, 0.05000, 0.6875),
        (8.0, 0.01471, 0.5982),
        (10.0, 0.01190, 0.5881),
        (16.0, 0.00758, 0.5700),
        (20.0, 0.00610, 0.5627),
        (32.0, 0.00385, 0.5497),
    ];
    let n = DRAWS as f64;
    for (alpha, variance, folded) in table {
        let exact = 1.0 / (4.0 * (2.0 * alpha + 1.0));
        let away = 2f64.powf(-2.0 * alpha) / (alpha * beta(alpha, alpha));
        assert!(
            (exact - variance).abs() < 6e-6 && (0.5 + away - folded).abs() < 6e-5,
            "{alpha}"
        );

        let draws = lambdas(&format!(r#"{{"beta": {alpha}}}"#), false);
        let m = mean(draws.iter().copied());
        assert!(
            (m - 0.5).abs() < 4.0 * (exact / n).sqrt(),
            "{alpha}: mean {m}"
        );
        let v = draws.iter().map(|l| (l - m).powi(2)).sum::<f64>() / (n - 1.0);
        let error = exact * ((2.0 - 6.0 / (2.0 * alpha + 3.0)) / n).sqrt();
        assert!((v - exact).abs() < 4.0 * error, "{alpha}: variance {v}");
        let max = mean(draws.iter().map(|l| l.max(1.0 - l)));
        let error = ((exact - away * away) / n).sqrt();
        assert!(
            (max - 0.5 - away).abs() < 4.0 * error,
            "{alpha}: E max {max}"
        );
        let product = mean(draws.iter().map(|l| l * (1.0 - l)));
        let expected = alpha / (2.0 * (2.0 * alpha + 1.0));
        // Var λ(1−λ) = Var (λ−½)², whose standard error is the variance's.
        let error = exact * ((2.0 - 6.0 / (2.0 * alpha + 3.0)) / n).sqrt();
        assert!(
            (product - expected).abs() < 4.0 * error,
            "{alpha}: E product {product}"
        );
    }
}

#[test]
fn moments_of_a_lopsided_beta() {
    let draws = lambdas(r#"{"beta": [60, 1.5]}"#, false);
    let (n, m) = (DRAWS as f64, mean(draws.iter().copied()));
    assert!(
        (m - 0.97561).abs() < 4.0 * (3.807e-4f64 / n).sqrt(),
        "mean {m}"
    );
    let squares: Vec<f64> = draws.iter().map(|l| (l - m).powi(2)).collect();
    let v = mean(squares.iter().copied());
    let error = (mean(squares.iter().map(|s| (s - v).powi(2))) / n).sqrt();
    assert!((v - 3.807e-4).abs() < 4.0 * error, "variance {v}");
}

#[test]
fn lambda_follows_its_analytic_law() {
    for (a, b) in [
        (0.05, 0.05),
        (0.2, 0.2),
        (1.0, 1.0),
        (2.0, 2.0),
        (16.0, 16.0),
        (60.0, 1.5),
    ] {
        let p = ks_beta(lambdas(&format!(r#"{{"beta": [{a}, {b}]}}"#), false), a, b);
        assert!(p > LEAST_P, "Beta({a}, {b}): p = {p}");
    }
    for (alpha, power) in [(3.0, 3), (5.0, 5)] {
        // Beta(a, 1) has the distribution function x^a.
        let draws = lambdas(&format!(r#"{{"beta": [{alpha}, 1]}}"#), false);
        let cdf = |x: f64| x.powi(power);
        assert!(ks_p(draws, cdf, cdf) > LEAST_P);
    }
    // Balanced-MixUp: the own share follows 1 − (1 − w)^α.
    let cdf = |w: f64| 1.0 - (1.0 - w).powi(3);
    assert!(ks_p(lambdas(r#"{"beta": [1, 3]}"#, false), cdf, cdf) > LEAST_P);
}

#[test]
fn uniform_and_beta_1_1_have_one_law() {
    let cdf = |x: f64| x;
    for weight in [r#"{"uniform": [0, 1]}"#, r#"{"beta": 1}"#] {
        assert!(ks_p(lambdas(weight, false), cdf, cdf) > LEAST_P, "{weight}");
    }
    let draws = lambdas(r#"{"uniform": [0.2, 0.6]}"#, false);
    assert!(draws.iter().all(|l| (0.2..0.6).contains(l)));
    let cdf = |x: f64| (x - 0.2) / 0.4;
    assert!(ks_p(draws, cdf, cdf) > LEAST_P);
}

#[test]
fn the_test_itself_can_fail() {
    // A sampler that ignores α, one that exchanges the shapes, and a law a little off.
    let uniform = lambdas(r#"{"uniform": [0, 1]}"#, false);
    for alpha in [0.2, 0.75, 1.1, 2.0, 16.0] {
        assert!(ks_beta(uniform.clone(), alpha, alpha) < LEAST_P, "{alpha}");
    }
    assert!(ks_beta(lambdas(r#"{"beta": [60, 1.5]}"#, false), 1.5, 60.0) < LEAST_P);
    assert!(chi_square_p(&[1000, 1000, 1000, 1150]) < 1e-2);
    assert!(chi_square_p(&[1000, 1000, 1000, 1400]) < LEAST_P);
}

#[test]
fn folding_keeps_the_larger_part_of_the_same_draw() {
    for weight in [
        r#"{"beta": 0.75}"#,
        r#"{"beta": 16}"#,
        r#"{"constant": 0.3}"#,
    ] {
        let (plain, folded) = (lambdas(weight, false), lambdas(weight, true));
        let pairs = plain.iter().zip(&folded);
        assert!(
            pairs
                .into_iter()
                .all(|(p, f)| *f == p.max(1.0 - p) && *f >= 0.5),
            "{weight}"
        );
    }
}

#[test]
fn tiny_alpha_is_a_fair_coin() {
    let draws = lambdas(r#"{"beta": 0.01}"#, false);
    assert!(
        draws
            .iter()
            .all(|l| l.is_finite() && (0.0..=1.0).contains(l))
    );
    let high = draws.iter().filter(|l| **l > 0.5).count() as f64 / DRAWS as f64;
    assert!(
        (high - 0.5).abs() < 4.0 * (0.25 / DRAWS as f64).sqrt(),
        "{high}"
    );
}

#[test]
fn grain_says_how_many_lambdas_a_batch_has() {
    for (grain, one) in [("batch", true), ("row", false)] {
        let scheduler = scheduler(
            &format!(r#"{{"grain": "{grain}", "partner": "roll"}}"#),
            200,
        );
        for step in 0..200 {
            let plan = plan(&scheduler, Clock::at(step, 200, 10), &[0, 1]).expect("mixed");
            assert_eq!(plan.pairs.weight()[0] == plan.pairs.weight()[1], one);
        }
    }
}

/// The partners of `batch` in 20,000 steps.
fn partners(json: &str, batch: &[u32], mut each: impl FnMut(&Pairs, &[u32])) {
    let scheduler = scheduler(json, DRAWS as u64);
    for step in 0..DRAWS as u64 {
        let plan = plan(&scheduler, Clock::at(step, DRAWS as u64, 10), batch);
        match plan {
            Some(plan) => each(&plan.pairs, &plan.loaded),
            // Where every row is its own partner the step is plain.
            None => each(&Pairs::identity(batch.len()), &[]),
        }
    }
}

const EIGHT: [u32; 8] = [9, 3, 40, 12, 1, 63, 22, 30];

#[test]
fn shuffle_is_a_uniform_permutation() {
    let (mut places, mut fixed) = ([0usize; 8], 0usize);
    partners(
        r#"{"weight": {"constant": 0.5}}"#,
        &EIGHT,
        |pairs, loaded| {
            assert!(pairs.is_permutation() && loaded.is_empty());
            places[pairs.partner()[0] as usize] += 1;
            fixed += pairs
                .own()
                .iter()
                .zip(pairs.partner())
                .filter(|(o, p)| o == p)
                .count();
        },
    );
    assert!(chi_square_p(&places) > LEAST_P, "{places:?}");
    let fixed = fixed as f64 / DRAWS as f64;
    assert!(
        (fixed - 1.0).abs() < 4.0 / (DRAWS as f64).sqrt(),
        "{fixed} fixed points"
    );
}

#[test]
fn derange_leaves_no_row_in_place_and_favours_none() {
    let mut seen = std::collections::BTreeMap::<Vec<u32>, usize>::new();
    partners(r#"{"partner": "derange"}"#, &EIGHT[..4], |pairs, _| {
        assert!(pairs.is_permutation());
        assert!(pairs.own().iter().zip(pairs.partner()).all(|(o, p)| o != p));
        *seen.entry(pairs.partner().to_vec()).or_default() += 1;
    });
    let counts: Vec<usize> = seen.into_values().collect();
    assert_eq!(counts.len(), 9, "four rows have nine derangements");
    assert!(chi_square_p(&counts) > LEAST_P, "{counts:?}");
    partners(r#"{"partner": "derange"}"#, &EIGHT[..2], |pairs, _| {
        assert_eq!(pairs.partner(), [1, 0]);
    });
}

#[test]
fn fixed_pairings_are_as_written() {
    for (name, even, odd) in [
        ("roll", [3, 0, 1, 2], [4, 0, 1, 2, 3]),
        ("flip", [3, 2, 1, 0], [4, 3, 2, 1, 0]),
        ("halves", [2, 3, 0, 1], [2, 3, 0, 1, 4]),
    ] {
        let scheduler = scheduler(&format!(r#"{{"partner": "{name}"}}"#), 10);
        let clock = Clock::at(0, 10, 10);
        let pairs = |n| plan(&scheduler, clock, &EIGHT[..n]).expect("mixed").pairs;
        assert_eq!(pairs(4).partner(), even, "{name}");
        assert_eq!(pairs(5).partner(), odd, "{name}");
        assert!(pairs(4).is_permutation() && pairs(5).is_permutation());
        for (r, (o, p)) in pairs(5).own().iter().zip(pairs(5).partner()).enumerate() {
            assert!(
                o != p || pairs(5).weight()[r] == 1.0,
                "{name}: the odd row stays plain"
            );
        }
        assert_eq!(pairs(2).partner(), [1, 0], "{name}");
    }
}

#[test]
fn same_class_stays_in_the_class_and_is_uniform() {
    // Classes 0, 0, 0, 0, 1, 1, 3: the last is alone.
    let batch = [0, 1, 2, 3, 4, 5, 60];
    let classes = classes();
    let (mut of_four, mut of_two) = ([0usize; 4], [0usize; 2]);
    partners(r#"{"partner": "same-class"}"#, &batch, |pairs, loaded| {
        assert!(loaded.is_empty());
        for (o, p) in pairs.own().iter().zip(pairs.partner()) {
            let class = |i: &u32| classes[batch[*i as usize] as usize];
            assert_eq!(class(o), class(p));
        }
        assert_eq!(pairs.partner()[6], 6);
        of_four[pairs.partner()[1] as usize] += 1;
        of_two[pairs.partner()[4] as usize - 4] += 1;
    });
    // The identity stands in for the plain steps, which are as likely as any other outcome.
    assert!(chi_square_p(&of_four) > LEAST_P, "{of_four:?}");
    assert!(chi_square_p(&of_two) > LEAST_P, "{of_two:?}");
}

/// The training rows that were the partners of `row` of the batch.
fn partner_rows(json: &str, batch: &[u32], row: usize) -> Vec<u32> {
    let mut rows = Vec::new();
    partners(json, batch, |pairs, loaded| {
        let n = batch.len();
        let partner = pairs.partner()[row] as usize;
        rows.push(if partner < n {
            batch[partner]
        } else {
            loaded[partner - n]
        });
        assert!(pairs.check_rows(n + loaded.len()).is_ok());
        assert!(
            loaded.iter().all(|l| !batch.contains(l)),
            "the batch's own rows are not loaded again"
        );
        let mut once = loaded.to_vec();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), loaded.len(), "each row is loaded once");
    });
    rows
}

fn count(rows: impl IntoIterator<Item = usize>, cells: usize) -> Vec<usize> {
    let mut counts = vec![0; cells];
    rows.into_iter().for_each(|row| counts[row] += 1);
    counts
}

#[test]
fn uniform_partners_come_from_the_whole_training_set() {
    let rows = partner_rows(r#"{"partner": "uniform"}"#, &EIGHT, 2);
    let counts = count(rows.iter().map(|&r| r as usize), 64);
    assert!(chi_square_p(&counts) > LEAST_P, "{counts:?}");
}

#[test]
fn class_balanced_partners_have_uniform_classes() {
    let rows = partner_rows(r#"{"partner": "class-balanced"}"#, &EIGHT, 5);
    let classes = classes();
    let counts = count(rows.iter().map(|&r| classes[r as usize] as usize), 4);
    assert!(chi_square_p(&counts) > LEAST_P, "{counts:?}");
    // Within the class of rows 4 to 11, too.
    let within = rows
        .iter()
        .filter(|r| (4..12).contains(*r))
        .map(|&r| r as usize - 4);
    assert!(chi_square_p(&count(within, 8)) > LEAST_P);
}

#[test]
fn nearest_partners_are_near_with_their_probability() {
    let near = |row: u32, k| move |partner: &&u32| (1..=k).contains(&((**partner + 64 - row) % 64));
    let rows = partner_rows(r#"{"partner": {"nearest": {"k": 3, "p": 0.7}}}"#, &EIGHT, 2);
    let share = rows.iter().filter(near(EIGHT[2], 3)).count() as f64 / DRAWS as f64;
    let expected = 0.7 + 0.3 * 3.0 / 64.0;
    assert!((share - expected).abs() < 4.0 * (expected * (1.0 - expected) / DRAWS as f64).sqrt());
    let rows = partner_rows(r#"{"partner": {"nearest": {"k": 5, "p": 1}}}"#, &EIGHT, 0);
    let counts = count(
        rows.iter().map(|&r| (r + 64 - EIGHT[0]) as usize % 64 - 1),
        5,
    );
    assert!(chi_square_p(&counts) > LEAST_P, "{counts:?}");
}

#[test]
fn rows_mixed_with_a_probability_of_their_own_follow_it() {
    let json = r#"{"apply": "row", "probability": 0.3, "partner": "derange"}"#;
    let mut mixed = 0usize;
    partners(json, &EIGHT, |pairs, _| {
        for r in 0..8 {
            let plain = pairs.own()[r] == pairs.partner()[r];
            assert!(!plain || (pairs.weight()[r] == 1.0 && pairs.label_weight()[r] == 1.0));
            mixed += usize::from(!plain);
        }
    });
    let (n, share) = (8.0 * DRAWS as f64, mixed as f64 / (8.0 * DRAWS as f64));
    assert!((share - 0.3).abs() < 4.0 * (0.21 / n).sqrt(), "{share}");
}

#[test]
fn sites_are_uniform_over_10_000_steps() {
    for (json, sites) in [
        (r#"{"sites": ["first", "hidden"]}"#, 4),
        (r#"{"sites": "hidden"}"#, 3),
        (r#"{"sites": "upper-hidden"}"#, 2),
    ] {
        let scheduler = scheduler(json, 10_000);
        assert_eq!(scheduler.sites().len(), sites);
        let drawn = (0..10_000).map(|step| {
            let plan = plan(&scheduler, Clock::at(step, 10_000, 10), &EIGHT);
            let site = plan.expect("mixed").site;
            scheduler
                .sites()
                .iter()
                .position(|s| *s == site)
                .expect("an eligible site")
        });
        let counts = count(drawn, sites);
        assert!(chi_square_p(&counts) > LEAST_P, "{counts:?}");
    }
}

#[test]
fn permuting_the_batch_permutes_the_law() {
    // The partner of training row 9 is as often row 3 wherever the two stand in the batch.
    let mut reversed = EIGHT;
    reversed.reverse();
    let share = |batch: &[u32]| {
        let at = batch.iter().position(|r| *r == 9).expect("in the batch");
        let rows = partner_rows(r#"{"weight": {"constant": 0.5}}"#, batch, at);
        rows.iter().filter(|r| **r == 3).count() as f64 / DRAWS as f64
    };
    let error = 4.0 * (2.0 * 0.125 * 0.875 / DRAWS as f64).sqrt();
    assert!((share(&EIGHT) - share(&reversed)).abs() < error);
}
