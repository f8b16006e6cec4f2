//! The comparison's statistics against scipy's numbers, and the grid against one job after the other.
//!
//! The reference numbers come from (scipy 1.17.1):
//!
//! ```text
//! import numpy as np
//! from scipy import stats, optimize
//! for d in ([0.017, 0.003, 0.019, 0.008, 0.021], [-0.02, -0.031, -0.018, -0.024, -0.027]):
//!     r = stats.ttest_1samp(d, 0)
//!     print(np.mean(d), np.std(d, ddof=1), r.pvalue, r.confidence_interval(0.95))
//! def factor(n):
//!     c = stats.t.ppf(0.975, n - 1)
//!     f = lambda nc: stats.nct.sf(c, n-1, nc) + np.nan_to_num(stats.nct.cdf(-c, n-1, nc)) - 0.8
//!     hi = 2
//!     while f(hi) < 0: hi += 0.5
//!     return optimize.brentq(f, 0.1, hi, xtol=1e-13) / np.sqrt(n)
//! print([factor(n) for n in (2, 3, 5, 10, 30, 100)])
//! d = np.array([0.017, 0.003, 0.019, 0.008, 0.021])        # five folds: test rows are 1/4 of the training rows
//! e = np.sqrt((1/5 + 1/4) * d.var(ddof=1))
//! h = stats.t.ppf(0.975, 4) * e
//! print(d.mean() - h, d.mean() + h, 2 * stats.t.sf(d.mean() / e, 4), factor(5) * np.sqrt(5) * e)
//! ```

use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};

use candle_mixup::compare::{
    Comparison, Run, Values, Verdict, detectable_factor, grid, holm, paired, standard_deviation,
};
use candle_mixup::metrics::Metric;
use candle_mixup::{Error, Result};
use rayon::prelude::*;
use serde_json::json;

const GAIN: [f64; 5] = [0.017, 0.003, 0.019, 0.008, 0.021];
const LOSS: [f64; 5] = [-0.02, -0.031, -0.018, -0.024, -0.027];

fn close(got: f64, wanted: f64) {
    assert!(
        (got - wanted).abs() <= 1e-9 * wanted.abs(),
        "got {got}, wanted {wanted}"
    );
}

#[test]
fn the_paired_t_test_gives_scipys_numbers() {
    let gain = paired(&GAIN, 0.0).expect("five finite differences");
    close(gain.difference, 0.0136);
    let [low, high] = gain.ci95.expect("they vary");
    close(low, 0.00399815522051959);
    close(high, 0.02320184477948039);
    close(gain.p_value.expect("they vary"), 0.017066473527746224);
    close(gain.detectable.expect("they vary"), 0.01300695986194794);

    let loss = paired(&LOSS, 0.0).expect("five finite differences");
    let [low, high] = loss.ci95.expect("they vary");
    close(low, -0.030511340938852174);
    close(high, -0.017488659061147827);
    close(loss.p_value.expect("they vary"), 0.0005139007758444388);
    close(
        standard_deviation(&LOSS).expect("two or more"),
        0.005244044240850758,
    );
}

#[test]
fn runs_that_share_training_rows_widen_the_interval() {
    let plain = paired(&GAIN, 0.0).expect("five finite differences");
    let gain = paired(&GAIN, 0.25).expect("five finite differences");
    close(gain.difference, plain.difference);
    let [low, high] = gain.ci95.expect("they vary");
    close(low, -0.0008027671692205501);
    close(high, 0.028002767169220552);
    close(gain.p_value.expect("they vary"), 0.05869496211685128);
    close(gain.detectable.expect("they vary"), 0.01951043979292191);
    let factor = (5.0f64 * (0.2 + 0.25)).sqrt();
    let plain = plain.detectable.expect("they vary");
    close(gain.detectable.expect("they vary"), factor * plain);
}

#[test]
fn the_detectable_difference_has_the_power_it_claims() {
    let reference = [
        (2, 11.54988843588238),
        (3, 3.264043549699571),
        (5, 1.6819969659555547),
        (10, 0.9960013714554489),
        (30, 0.5292356151129529),
        (100, 0.2829126327813865),
    ];
    for (n, wanted) in reference {
        let got = detectable_factor(n).expect("two or more");
        assert!((got / wanted - 1.0).abs() < 1e-6, "n {n}: {got}, {wanted}");
    }
    assert_eq!(detectable_factor(1), None);
    assert_eq!(detectable_factor(0), None);
}

#[test]
fn holm_by_hand() {
    // Sorted 0.01, 0.02, 0.03, 0.04: times 4, 3, 2, 1 is 0.04, 0.06, 0.06, 0.04, and a running maximum over it.
    let p = [Some(0.04), Some(0.01), Some(0.03), Some(0.02)];
    let wanted = [0.06, 0.04, 0.06, 0.06];
    for (got, wanted) in holm(&p).into_iter().zip(wanted) {
        close(got.expect("every p was given"), wanted);
    }
    // A missing p is no test, so it raises nobody else's.
    assert_eq!(holm(&[None, Some(0.03)]), [None, Some(0.03)]);
    assert_eq!(holm(&[Some(0.7), Some(0.6)]), [Some(1.0), Some(1.0)]);
    assert_eq!(holm(&[]), []);
}

#[test]
fn without_spread_there_is_no_interval() {
    let one = paired(&[0.1], 0.0).expect("finite");
    assert_eq!((one.ci95, one.p_value, one.detectable), (None, None, None));
    // 0.3 − 0.2 and 0.2 − 0.1 differ in the last bit only: rounding is not spread.
    let same = paired(&[0.3 - 0.2, 0.2 - 0.1, 0.1], 0.0).expect("finite");
    assert_eq!((same.ci95, same.p_value), (None, None));
    let zero = paired(&[0.0, 0.0], 0.0).expect("finite");
    assert_eq!((zero.difference, zero.ci95), (0.0, None));
    assert_eq!(paired(&[], 0.0), None);
    assert_eq!(paired(&[0.1, f64::NAN], 0.0), None);
    assert_eq!(paired(&[0.1, f64::INFINITY], 0.0), None);
}

/// Arms over the seeds 0, 1, ...: each a name, and accuracy and log loss by seed.
fn comparison(arms: &[(&str, &[f64], &[f64])]) -> Comparison {
    let arms = arms.iter().map(|(name, accuracy, log_loss)| {
        let runs = accuracy.iter().zip(*log_loss).enumerate();
        let runs = runs.map(|(seed, (a, l))| Run {
            seed: seed as u64,
            fold: None,
            test: Values::new([(Metric::Accuracy, *a), (Metric::LogLoss, *l)]),
            linearity: None,
        });
        (name.to_string(), runs.collect())
    });
    Comparison::of(&[Metric::Accuracy, Metric::LogLoss], arms.collect()).expect("sound arms")
}

fn plus(base: &[f64], differences: &[f64]) -> Vec<f64> {
    base.iter().zip(differences).map(|(b, d)| b + d).collect()
}

const ACCURACY: [f64; 5] = [0.512, 0.548, 0.533, 0.561, 0.540];
const LOG_LOSS: [f64; 5] = [1.31, 1.40, 1.36, 1.29, 1.33];

#[test]
fn the_verdict_follows_the_metrics_direction() {
    let c = comparison(&[
        ("none", &ACCURACY, &LOG_LOSS),
        ("up", &plus(&ACCURACY, &GAIN), &plus(&LOG_LOSS, &GAIN)),
        ("down", &plus(&ACCURACY, &LOSS), &plus(&LOG_LOSS, &LOSS)),
    ]);
    assert!(c.arms[0].versus_first.is_empty());
    let verdicts = |arm: usize| -> Vec<Verdict> {
        c.arms[arm].versus_first.iter().map(|v| v.verdict).collect()
    };
    assert_eq!(verdicts(1), [Verdict::Better, Verdict::Worse]);
    assert_eq!(verdicts(2), [Verdict::Worse, Verdict::Better]);
    let up = &c.arms[1].versus_first[0];
    close(up.p_value.expect("varies"), 0.017066473527746224);
    close(up.p_adjusted.expect("varies"), 0.017066473527746224);
    let down = &c.arms[2].versus_first[0];
    close(
        down.p_adjusted.expect("varies"),
        2.0 * 0.0005139007758444388,
    );
}

#[test]
fn holm_over_the_arms_can_undo_an_interval_that_leaves_zero_out() {
    let gain = plus(&ACCURACY, &GAIN);
    let arms: [(&str, &[f64], &[f64]); 4] = [
        ("none", &ACCURACY, &LOG_LOSS),
        ("a", &gain, &LOG_LOSS),
        ("b", &gain, &LOG_LOSS),
        ("c", &gain, &LOG_LOSS),
    ];
    let c = comparison(&arms);
    let a = &c.arms[1].versus_first[0];
    assert!(a.ci95.is_some_and(|[low, _]| low > 0.0));
    close(a.p_adjusted.expect("varies"), 3.0 * 0.017066473527746224);
    assert_eq!(a.verdict, Verdict::Undecided);
}

#[test]
fn a_run_that_diverged_is_undecided_and_null() {
    let c = comparison(&[
        ("none", &ACCURACY[..2], &LOG_LOSS[..2]),
        ("nan", &[0.5, f64::NAN], &[1.0, 1.5]),
    ]);
    let versus = &c.arms[1].versus_first[0];
    assert_eq!(
        (versus.difference, versus.verdict),
        (None, Verdict::Undecided)
    );
    let json = serde_json::to_value(&c).expect("serialises");
    assert_eq!(json["arms"][1]["runs"][1]["test"]["accuracy"], json!(null));
    assert_eq!(json["arms"][1]["mean"]["accuracy"], json!(null));
    assert_eq!(json["arms"][1]["mean"]["log_loss"], json!(1.25));
    assert!(
        c.summary()
            .join("\n")
            .contains("'nan' (a run without a finite value)")
    );
}

#[test]
fn the_json_has_the_fixed_fields_and_reads_back() {
    let c = comparison(&[
        ("none", &ACCURACY, &LOG_LOSS),
        ("up", &plus(&ACCURACY, &GAIN), &LOG_LOSS),
    ]);
    let json = serde_json::to_value(&c).expect("serialises");
    assert_eq!(json["metric"], "accuracy");
    let first = &json["arms"][0];
    assert_eq!(first["versus_first"], json!([]));
    assert_eq!(
        first["runs"][1],
        json!({"seed": 1, "test": {"accuracy": 0.548, "log_loss": 1.4}, "linearity": null})
    );
    let versus = &json["arms"][1]["versus_first"][0];
    let keys: Vec<&String> = versus.as_object().expect("an object").keys().collect();
    assert_eq!(
        keys,
        [
            "metric",
            "difference",
            "ci95",
            "p_value",
            "p_adjusted",
            "verdict",
            "detectable"
        ]
    );
    assert_eq!(versus["verdict"], "better");
    assert_eq!(versus["ci95"].as_array().map(Vec::len), Some(2));
    assert_eq!(json["arms"][1]["versus_first"][1]["ci95"], json!(null));
    let back: Comparison = serde_json::from_value(json).expect("reads back");
    assert_eq!(back, c);
}

#[test]
fn the_summary_says_what_helped_what_harmed_and_what_is_open() {
    let c = comparison(&[
        ("none", &ACCURACY, &LOG_LOSS),
        ("smoothing", &plus(&ACCURACY, &GAIN), &LOG_LOSS),
        (
            "mixup",
            &plus(&ACCURACY, &GAIN.map(|g| 2.0 * g)),
            &plus(&LOG_LOSS, &GAIN),
        ),
    ])
    .with_control("smoothing");
    let text = c.summary().join("\n");
    assert!(
        text.contains("'mixup' made things worse on log_loss (+0.0136, "),
        "{text}"
    );
    assert!(
        text.contains("'smoothing' helped on accuracy (+0.0136, [+0.0040, +0.0232], adjusted p "),
        "{text}"
    );
    assert!(
        text.contains("The control 'smoothing' helped on accuracy too; 'mixup' minus the control is +0.0136, [+0.0040, +0.0232]: a gain beyond the control."),
        "{text}"
    );
    assert!(
        text.contains("'smoothing' (the same as the first arm in every seed)"),
        "{text}"
    );

    let one = comparison(&[("none", &[0.5], &[1.0]), ("mixup", &[0.6], &[0.9])]);
    assert!(
        one.arms[1]
            .versus_first
            .iter()
            .all(|v| v.verdict == Verdict::Undecided)
    );
    assert!(
        one.summary()
            .join("\n")
            .contains("One seed shows no spread")
    );
}

#[test]
fn the_summary_names_the_detectable_difference() {
    let flat = [0.01, -0.012, 0.004, -0.003, 0.002];
    let c = comparison(&[
        ("none", &ACCURACY, &LOG_LOSS),
        ("mixup", &plus(&ACCURACY, &flat), &LOG_LOSS),
    ]);
    let text = c.summary().join("\n");
    let wanted = paired(&flat, 0.0)
        .and_then(|p| p.detectable)
        .expect("varies");
    assert!(
        text.contains(&format!("'mixup' (detectable {wanted:.4})")),
        "{text}"
    );
}

/// Accuracy by (seed, fold), and runs of it.
fn fold_runs(accuracy: &[((u64, u32), f64)]) -> Vec<Run> {
    let run = |&((seed, fold), accuracy): &((u64, u32), f64)| Run {
        seed,
        fold: Some(fold),
        test: Values::new([(Metric::Accuracy, accuracy)]),
        linearity: None,
    };
    accuracy.iter().map(run).collect()
}

/// Three folds of two seeds, the second arm better by `GAIN` and one more.
fn folds() -> Comparison {
    let keys = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)];
    let base = [0.5, 0.52, 0.49, 0.51, 0.53, 0.5];
    let gain = [0.017, 0.003, 0.019, 0.008, 0.021, 0.011];
    let none: Vec<_> = keys.into_iter().zip(base).collect();
    let better = base.iter().zip(gain).map(|(b, g)| b + g);
    let mut better: Vec<_> = keys.into_iter().zip(better).collect();
    better.reverse();
    let arms = vec![
        ("none".to_string(), fold_runs(&none)),
        ("mixup".to_string(), fold_runs(&better)),
    ];
    Comparison::of_folds(&[Metric::Accuracy], arms, 0.5).expect("sound arms")
}

#[test]
fn folds_are_paired_by_seed_and_fold_and_corrected() {
    let c = folds();
    let gain = [0.017, 0.003, 0.019, 0.008, 0.021, 0.011];
    let wanted = paired(&gain, 0.5).expect("six finite differences");
    let versus = &c.arms[1].versus_first[0];
    let [low, high] = versus.ci95.expect("they vary");
    let [wanted_low, wanted_high] = wanted.ci95.expect("they vary");
    assert!((low - wanted_low).abs() < 1e-12 && (high - wanted_high).abs() < 1e-12);
    let between = c.between("mixup", "none", Metric::Accuracy).expect("both");
    assert_eq!(between.ci95, versus.ci95);
    assert_eq!(between.p_value, versus.p_value);
    assert_eq!((c.runs(), c.seeds(), c.folds()), (6, 2, 3));
    let json = serde_json::to_value(&c).expect("serialises");
    assert_eq!(json["arms"][0]["runs"][1]["fold"], 1);
    assert_eq!(json["test_share_ratio"], 0.5);
    let back: Comparison = serde_json::from_value(json).expect("reads back");
    assert_eq!(back, c);
}

#[test]
fn repetitions_are_named() {
    let c = folds();
    assert_eq!(c.repetitions(), "3 folds x 2 seeds");
    assert_eq!(c.paired_by(), "seed and fold");
    assert!(c.interval_name().contains("Nadeau and Bengio 2003"));
    let plain = comparison(&[("none", &ACCURACY, &LOG_LOSS)]);
    assert_eq!(plain.repetitions(), "5 seeds");
    assert_eq!(plain.interval_name(), "95 % t-interval");
    let of = |keys: &[(u64, u32)]| {
        let accuracy: Vec<_> = keys.iter().map(|&k| (k, 0.5)).collect();
        let arms = vec![
            ("a".to_string(), fold_runs(&accuracy)),
            ("b".to_string(), fold_runs(&accuracy)),
        ];
        Comparison::of_folds(&[Metric::Accuracy], arms, 0.25).expect("sound arms")
    };
    assert_eq!(of(&[(0, 0), (0, 1), (1, 0)]).repetitions(), "3 runs");
    let one = of(&[(7, 2)]).summary().join("\n");
    assert!(one.contains("One fold shows no spread"), "{one}");
    let same = of(&[(0, 0), (0, 1)]).summary().join("\n");
    let wanted = "'b' (the same as the first arm in every seed and fold)";
    assert!(same.contains(wanted), "{same}");
}

#[test]
fn the_summary_says_that_intervals_are_corrected() {
    let gain = [((0, 0), 0.51), ((0, 1), 0.49), ((0, 2), 0.505)];
    let arms = vec![
        ("none".to_string(), fold_runs(&gain.map(|(k, _)| (k, 0.5)))),
        ("mixup".to_string(), fold_runs(&gain)),
    ];
    let c = Comparison::of_folds(&[Metric::Accuracy], arms, 0.5).expect("sound arms");
    let text = c.summary().join("\n");
    assert!(text.contains("with 3 folds x 1 seed in 4 of 5"), "{text}");
    let wanted = "every interval is a 95 % t-interval, corrected for resampling";
    assert!(text.contains(wanted), "{text}");
}

#[test]
fn folds_that_cannot_be_paired_are_refused() {
    let of = |first: &[(u64, u32)], second: &[(u64, u32)], ratio| {
        let runs =
            |keys: &[(u64, u32)]| fold_runs(&keys.iter().map(|&k| (k, 0.5)).collect::<Vec<_>>());
        let arms = vec![
            ("a".to_string(), runs(first)),
            ("b".to_string(), runs(second)),
        ];
        let result = Comparison::of_folds(&[Metric::Accuracy], arms, ratio);
        result.expect_err("refused").to_string()
    };
    let other = of(&[(3, 0), (3, 1)], &[(3, 0), (3, 2)], 0.25);
    assert!(other.contains("seeds and folds of 'b'"), "{other}");
    assert!(other.contains("seed 3 fold 2"), "{other}");
    let twice = of(&[(3, 1), (3, 1)], &[(3, 1), (3, 1)], 0.25);
    assert!(twice.contains("seed 3 fold 1, seed 3 fold 1"), "{twice}");
    for ratio in [-0.25, f64::NAN, f64::INFINITY] {
        let error = of(&[(0, 0)], &[(0, 0)], ratio);
        assert!(error.contains("test_share_ratio"), "{error}");
        assert!(error.contains(&ratio.to_string()), "{error}");
    }
}

#[test]
fn arms_that_cannot_be_paired_are_refused() {
    let run = |seed| Run {
        seed,
        fold: None,
        test: Values::new([(Metric::Accuracy, 0.5)]),
        linearity: None,
    };
    let of = |arms: Vec<(&str, Vec<u64>)>| {
        let arms = arms
            .into_iter()
            .map(|(name, seeds)| (name.to_string(), seeds.into_iter().map(run).collect()));
        Comparison::of(&[Metric::Accuracy], arms.collect()).map_err(|e| e.to_string())
    };
    let refused = |arms, text: &str| {
        let error = of(arms).expect_err("refused");
        assert!(error.contains(text), "{error}");
    };
    refused(vec![], "at least one arm");
    refused(vec![("a", vec![])], "seeds");
    refused(vec![("a", vec![1, 1])], "[1, 1]");
    refused(vec![("a", vec![0]), ("a", vec![0])], "named once");
    refused(vec![("a", vec![0, 1]), ("b", vec![0])], "seeds of 'b'");
    assert!(of(vec![("a", vec![0, 1]), ("b", vec![1, 0])]).is_ok());
    assert!(Comparison::of(&[], vec![]).is_err());
}

/// Some work whose result depends on its job alone, split as a kernel would split it.
fn work(job: u64) -> u64 {
    let parts: Vec<u64> = (0..64u64)
        .into_par_iter()
        .map(|part| (0..1000).fold(job ^ part, |h, i| h.wrapping_mul(31).rotate_left(7) ^ i))
        .collect();
    parts
        .into_iter()
        .fold(0, |sum, part| sum.wrapping_mul(3).wrapping_add(part))
}

#[test]
fn the_grid_gives_the_same_in_order_at_any_thread_count() {
    let jobs: Vec<u64> = (0..23).collect();
    let wanted: Vec<u64> = jobs.iter().map(|&j| work(j)).collect();
    for threads in [1, 2, 3, 50] {
        let got = grid(jobs.clone(), threads, |j| Ok(work(j))).expect("no job fails");
        assert_eq!(got, wanted, "{threads} threads");
    }
    let none: Vec<u64> = grid(Vec::new(), 2, |j: u64| Ok(j)).expect("no job, no error");
    assert!(none.is_empty());
}

#[test]
fn the_grid_deals_out_its_threads() {
    let widths = |jobs: usize, threads: usize| -> Vec<usize> {
        // Nobody goes on until every worker holds a job.
        let all = Barrier::new(jobs.min(threads));
        let mut widths = grid(vec![(); jobs], threads, |()| {
            all.wait();
            Ok(rayon::current_num_threads())
        })
        .expect("no job fails");
        widths.sort_unstable();
        widths
    };
    assert_eq!(widths(2, 5), [2, 3]);
    assert_eq!(widths(4, 2), [1, 1, 1, 1]);
    assert_eq!(widths(1, 3), [3]);
}

#[test]
fn the_first_error_by_job_order_is_told_and_the_rest_is_not_begun() {
    let begun = AtomicUsize::new(0);
    let both = Barrier::new(2);
    let run = |job: u64| -> Result<u64> {
        begun.fetch_add(1, Ordering::SeqCst);
        if job < 2 {
            return Ok(job);
        }
        // Both workers are in a job that fails; which ends first is left open.
        both.wait();
        Err(Error::Data(format!("job {job} failed")))
    };
    let error = grid((0..100).collect(), 2, run).expect_err("two jobs fail");
    assert_eq!(error.to_string(), "job 2 failed");
    assert_eq!(begun.load(Ordering::SeqCst), 4);
}

#[test]
fn a_panic_in_a_job_is_an_error_that_names_it() {
    let run = |job: u64| -> Result<u64> {
        assert!(job != 1, "the loss of job {job} is odd");
        Ok(job)
    };
    let error = grid(vec![0, 1, 2], 1, run).expect_err("job 1 panics");
    assert!(
        matches!(&error, Error::Panicked { job: 1, message } if message == "the loss of job 1 is odd")
    );
    assert!(matches!(grid(vec![1], 0, run), Err(Error::Setting { .. })));
}
