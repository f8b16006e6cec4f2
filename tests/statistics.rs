//! The law of λ, against closed forms. Every limit is four standard errors or a p-value above 1e-4.

mod scheduling;

use candle_mixup::Site;
use candle_mixup::schedule::{Clock, Domain, Rows, Schedule, Scheduler, Task, TaskKind};
use scheduling::pvalues::{LEAST_P, chi_square_p, ks_atoms_p, ks_p};
use scheduling::{plan, scheduler};
use statrs::function::beta::{beta, beta_reg};

const DRAWS: usize = 20_000;

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
        features: None,
        image: None,
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
    ks_atoms_p(&draws, below, upto)
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
        assert!(ks_p(&draws, cdf) > LEAST_P);
    }
    // Balanced-MixUp: the own share follows 1 − (1 − w)^α.
    let cdf = |w: f64| 1.0 - (1.0 - w).powi(3);
    assert!(ks_p(&lambdas(r#"{"beta": [1, 3]}"#, false), cdf) > LEAST_P);
}

#[test]
fn uniform_and_beta_1_1_have_one_law() {
    let cdf = |x: f64| x;
    for weight in [r#"{"uniform": [0, 1]}"#, r#"{"beta": 1}"#] {
        assert!(ks_p(&lambdas(weight, false), cdf) > LEAST_P, "{weight}");
    }
    let draws = lambdas(r#"{"uniform": [0.2, 0.6]}"#, false);
    assert!(draws.iter().all(|l| (0.2..0.6).contains(l)));
    let cdf = |x: f64| (x - 0.2) / 0.4;
    assert!(ks_p(&draws, cdf) > LEAST_P);
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
