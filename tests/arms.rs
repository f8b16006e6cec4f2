//! What a comparison's arms say of fit and linearity together.

use candle_mixup::compare::{Comparison, Run, Values};
use candle_mixup::linearity::ArmsLinearity;
use candle_mixup::metrics::Metric;
use candle_mixup::report::compare_table;
use serde_json::json;

/// Accuracy, fit and relative gap of each run.
type Of<'a> = &'a [(f64, f64, f64)];

/// Runs of one arm.
fn runs(of: Of<'_>) -> Vec<Run> {
    let run = |(seed, (accuracy, fit, relative)): (usize, &(f64, f64, f64))| Run {
        seed: seed as u64,
        fold: None,
        test: Values::new([(Metric::Accuracy, *accuracy)]),
        linearity: Some(
            json!({"pairs": 64, "relation": "random", "fit": fit, "sites": [{
                "site": "embedding", "gap": 2.0 * relative, "gap_ci95": null, "relative_gap": relative,
                "relative_gap_ci95": null, "probability_gap": null, "probability_gap_ci95": null, "third_class": null,
                "by_weight": [],
            }]}),
        ),
    };
    of.iter().enumerate().map(run).collect()
}

fn compared(arms: &[(&str, Of<'_>)]) -> Comparison {
    let arms = arms.iter().map(|(name, of)| (name.to_string(), runs(of)));
    Comparison::of(&[Metric::Accuracy], arms.collect()).expect("three seeds each")
}

const PLAIN: Of<'static> = &[(0.50, 0.99, 0.30), (0.52, 1.0, 0.32), (0.51, 0.98, 0.31)];
/// Fits as PLAIN does, is nearer to linear, and scores better.
const NEARER: Of<'static> = &[(0.56, 1.0, 0.25), (0.57, 0.99, 0.27), (0.57, 0.98, 0.255)];
/// Nearer still, but does not fit.
const UNDERFIT: Of<'static> = &[(0.4, 0.60, 0.10), (0.4, 0.61, 0.11), (0.4, 0.59, 0.10)];

#[test]
fn among_arms_that_fit_alike_the_nearest_to_linear_is_named_with_what_it_scores() {
    let comparison = compared(&[("none", PLAIN), ("mixup", NEARER), ("short", UNDERFIT)]);
    let found = ArmsLinearity::of(&comparison).expect("all were measured");
    let alike: Vec<bool> = found.arms.iter().map(|a| a.fits_alike).collect();
    assert_eq!(alike, [true, true, false]);
    let mixup = &found.arms[1];
    assert!((mixup.relative_gap.mean - 0.775 / 3.0).abs() < 1e-12);
    let difference = mixup.relative_gap.difference.expect("against none");
    assert!((difference - (0.775 - 0.93) / 3.0).abs() < 1e-12);
    assert!(mixup.relative_gap.ci95.is_some_and(|[_, high]| high < 0.0));
    assert!((mixup.gap.mean - 2.0 * mixup.relative_gap.mean).abs() < 1e-12);
    let [who, nearest] = &found.answer[..] else {
        panic!("{:?}", found.answer);
    };
    assert!(who.contains("'mixup'; otherwise 'short'"), "{who}");
    assert!(
        nearest.contains("is 'mixup'") && !nearest.contains("chance"),
        "{nearest}"
    );
    assert!(
        nearest.contains("on test rows it is better (accuracy +0.0567"),
        "{nearest}"
    );
    let table = compare_table(&comparison);
    assert!(
        table.contains("relative gap") && table.contains(nearest.as_str()),
        "{table}"
    );
}

#[test]
fn the_first_arm_may_be_the_nearest_itself_and_one_seed_decides_nothing() {
    let away: Vec<_> = PLAIN
        .iter()
        .map(|(a, f, g)| (*a, *f, g + 0.1 * a))
        .collect();
    let found = ArmsLinearity::of(&compared(&[("none", PLAIN), ("mixup", &away)]));
    let answer = found.expect("measured").answer;
    assert!(answer[1].contains("is 'none' itself"), "{answer:?}");
    let one = ArmsLinearity::of(&compared(&[("none", &PLAIN[..1]), ("mixup", &NEARER[..1])]));
    let answer = one.expect("measured").answer;
    assert!(
        answer.len() == 1 && answer[0].contains("no spread"),
        "{answer:?}"
    );
}

#[test]
fn an_arm_that_was_not_measured_is_left_out_and_nothing_is_said_without_the_first() {
    let mut comparison = compared(&[("none", PLAIN), ("mixup", NEARER)]);
    comparison.arms[1].runs[2].linearity = None;
    let found = ArmsLinearity::of(&comparison).expect("the first was measured");
    assert_eq!(found.arms.len(), 1);
    assert!(found.answer.is_empty());
    comparison.arms[0].runs[0].linearity = None;
    assert!(ArmsLinearity::of(&comparison).is_none());
    assert!(!compare_table(&comparison).contains("relative gap"));
}

#[test]
fn rounding_is_not_taken_for_a_gap() {
    let tiny: Vec<_> = PLAIN.iter().map(|(a, f, g)| (*a, *f, g * 1e-7)).collect();
    let less: Vec<_> = NEARER.iter().map(|(a, f, g)| (*a, *f, g * 1e-7)).collect();
    let found = ArmsLinearity::of(&compared(&[("none", &tiny), ("mixup", &less)]));
    let answer = found.expect("measured").answer;
    assert_eq!(answer[1], "All are linear at embedding, to rounding.");
}
