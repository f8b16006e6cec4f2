//! Made-up experiments that look like real ones.

use candle_mixup::compare::{Comparison, Ranks, Run, Values};
use candle_mixup::metrics::{Bin, Metric, PrecisionRecall, precision_recall};
use candle_mixup::oversample::{Cloud, Points, Projection};
use candle_mixup::report::{
    Absent, Calibrated, Calibration, ClassCount, ExperimentReport, History, Point, TableProjection,
    TableSummary, Trial, TrialArm, ValueSummary,
};
use serde_json::json;

pub const ARMS: [&str; 7] = [
    "none",
    "random",
    "smote",
    "borderline1",
    "rose",
    "mixup",
    "manifold-mixup",
];
pub const DETECTORS: [&str; 6] = [
    "linear",
    "mlp",
    "transformer",
    "forest",
    "boosted-trees",
    "isolation-forest",
];
pub const METRICS: [Metric; 5] = [
    Metric::AveragePrecision,
    Metric::RocAuc,
    Metric::MacroF1,
    Metric::LogLoss,
    Metric::Ece,
];
const FOLDS: u32 = 5;
const SEEDS: u64 = 2;
const TEST_ROWS: usize = 600;

/// A number in [0, 1) that depends on its arguments alone.
pub fn noise(parts: &[usize]) -> f64 {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    for part in parts {
        state = (state ^ *part as u64).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        state ^= state >> 29;
        state = state.wrapping_mul(0x94d0_49bb_1331_11eb);
        state ^= state >> 32;
    }
    (state >> 11) as f64 / (1u64 << 53) as f64
}

/// About normal, mean 0 and standard deviation 1.
fn normal(parts: &[usize]) -> f64 {
    let sum: f64 = (0..12).map(|i| noise(&[parts, &[i]].concat())).sum();
    sum - 6.0
}

/// What an arm is worth to a detector where `kept` anomalies are left: more where there are few, nothing to trees.
fn worth(arm: usize, detector: usize, kept: usize) -> f64 {
    let by_arm = [0.0, 0.015, 0.03, -0.012, -0.045, 0.04, 0.05][arm % 7];
    let by_detector = [0.7, 1.0, 1.2, 0.3, 0.2, 0.1][detector % 6];
    by_arm * by_detector * (1.0 + 20.0 / kept as f64)
}

fn runs(table: usize, detector: usize, arm: usize, kept: usize) -> Vec<Run> {
    let base = 0.42 + 0.05 * detector as f64 + 0.03 * (kept as f64).ln() - 0.08 * table as f64;
    let run = |seed: u64, fold: u32| {
        let at = [table, detector, kept, seed as usize, fold as usize];
        let shared = 0.03 * normal(&at);
        let own = |metric: usize| 0.012 * normal(&[&at[..], &[arm + 1, metric]].concat());
        let gain = worth(arm, detector, kept);
        let test = [
            base + shared + gain + own(0),
            (0.8 + 0.5 * (shared + gain) + own(1)).min(0.999),
            0.7 + 0.3 * gain + own(2),
            0.12 - 0.4 * shared + 0.9 * gain.abs() + own(3).abs(),
            0.02 + 0.6 * gain.abs() + own(4).abs(),
        ];
        Run {
            seed,
            fold: Some(fold),
            test: Values::new(METRICS.into_iter().zip(test)),
            linearity: None,
        }
    };
    (0..SEEDS)
        .flat_map(|seed| (0..FOLDS).map(move |fold| (seed, fold)))
        .map(|(seed, fold)| run(seed, fold))
        .collect()
}

/// The curve of rows scored with noise, anomalies higher by `lift`.
fn curve(parts: &[usize], lift: f64) -> Vec<PrecisionRecall> {
    let anomalies = TEST_ROWS / 20;
    let score = |i: usize| normal(&[parts, &[i]].concat()) + if i < anomalies { lift } else { 0.0 };
    let scores: Vec<f64> = (0..TEST_ROWS).map(score).collect();
    let anomaly: Vec<bool> = (0..TEST_ROWS).map(|i| i < anomalies).collect();
    precision_recall(&scores, &anomaly).expect("both classes")
}

fn bins(parts: &[usize], tilt: f64) -> Vec<Bin> {
    let bin = |b: usize| {
        let confidence = (b as f64 + 0.5) / 15.0;
        let accuracy = confidence - tilt + 0.05 * normal(&[parts, &[b]].concat());
        Bin {
            confidence,
            accuracy: accuracy.clamp(0.0, 1.0),
            count: if b < 6 { 0 } else { 10 * (b - 5) * (b - 5) },
        }
    };
    (0..15).map(bin).collect()
}

fn calibration(table: usize, detector: usize, arm: usize) -> Calibration {
    let at = [table, detector, arm];
    Calibration {
        before: Calibrated {
            bins: bins(&at, 0.15),
            ece: 0.14 + 0.01 * arm as f64,
            log_loss: 0.45,
        },
        after: Calibrated {
            bins: bins(&at, 0.02),
            ece: 0.03 + 0.001 * arm as f64,
            log_loss: 0.1875,
        },
    }
}

fn history(arm: usize, seed: u64) -> History {
    let point = |i: u64| Point {
        step: 20 * i,
        epoch: i as u32 / 4,
        train_loss: 0.2 + 0.5 * (-(i as f64) / 6.0).exp() + 0.03 * arm as f64,
        clean_loss: Some(0.1 + 0.6 * (-(i as f64) / 6.0).exp()),
        validation: None,
    };
    History {
        seed,
        points: (0..20).map(point).collect(),
    }
}

/// One detector on one table of anomalies, with the arms that `takes` holds for.
pub fn trial(
    table: usize,
    detector: usize,
    anomalies: Option<usize>,
    takes: impl Fn(usize) -> bool,
) -> Trial {
    let kept = anomalies.unwrap_or(240);
    let arms: Vec<usize> = (0..ARMS.len()).filter(|a| takes(*a)).collect();
    let compared = arms
        .iter()
        .map(|&a| (ARMS[a].to_string(), runs(table, detector, a, kept)));
    let detail = |&a: &usize| TrialArm {
        name: ARMS[a].into(),
        curves: (0..6)
            .map(|run| {
                curve(
                    &[table, detector, run, a],
                    1.6 + 6.0 * worth(a, detector, kept),
                )
            })
            .collect(),
        calibration: (a > 0 && a < 5).then(|| calibration(table, detector, a)),
        histories: match detector {
            0..3 => (0..2).map(|s| history(a, s)).collect(),
            _ => Vec::new(),
        },
        notes: match ARMS[a] {
            "smote" => vec!["smote became smotenc: the table has categories".into()],
            _ => Vec::new(),
        },
    };
    Trial {
        table: ["credit", "thyroid", "shuttle", "mammography"][table].into(),
        detector: DETECTORS[detector].into(),
        anomalies,
        training_anomalies: 240,
        prevalence: Some(0.05),
        comparison: Comparison::of_folds(&METRICS, compared.collect(), 0.25).expect("sound arms"),
        arms: arms.iter().map(detail).collect(),
    }
}

/// A detector on a table of numbers: only errors, lower is better.
pub fn regression(detector: usize) -> Trial {
    let metrics = [Metric::Rmse, Metric::Mae, Metric::R2];
    let arms = [0, 5, 6].map(|arm| {
        let run = |fold: u32| {
            let at = [detector, fold as usize];
            let rmse = 0.7 + 0.02 * normal(&at) - worth(arm, detector, 240)
                + 0.004 * normal(&[&at[..], &[arm + 1]].concat());
            let test = [rmse, 0.75 * rmse, 1.0 - rmse * rmse];
            Run {
                seed: 0,
                fold: Some(fold),
                test: Values::new(metrics.into_iter().zip(test)),
                linearity: None,
            }
        };
        (ARMS[arm].to_string(), (0..FOLDS).map(run).collect())
    });
    Trial {
        table: "wine quality".into(),
        detector: DETECTORS[detector].into(),
        anomalies: None,
        training_anomalies: 0,
        prevalence: None,
        arms: arms
            .iter()
            .map(|(name, _)| TrialArm {
                name: name.clone(),
                ..TrialArm::default()
            })
            .collect(),
        comparison: Comparison::of_folds(&metrics, arms.to_vec(), 0.25).expect("sound arms"),
    }
}

pub fn table(name: &str) -> TableSummary {
    TableSummary {
        name: name.into(),
        rows: 6000,
        numeric: 21,
        categorical: 4,
        classes: vec![("normal".into(), 5700), ("anomaly".into(), 300)],
        values: None,
        missing: 17,
        fingerprint: "5f0c1d2e3b4a5968".into(),
        notes: Vec::new(),
    }
}

pub fn projection() -> TableProjection {
    let points = |class: usize, kind: usize, n: usize| Points {
        rows: n,
        points: (0..n)
            .map(|i| [0, 1].map(|axis| normal(&[class, kind, i, axis]) + 2.0 * class as f64))
            .collect(),
    };
    let cloud = |class: usize, real, synthetic| Cloud {
        class: class as u32,
        real: points(class, 0, real),
        synthetic: points(class, 1, synthetic),
    };
    let count = |name: &str, before, made| ClassCount {
        name: name.into(),
        before,
        made,
        removed: 0,
    };
    TableProjection {
        table: "credit".into(),
        arm: "smote".into(),
        classes: vec![count("normal", 400, 0), count("anomaly", 30, 370)],
        numeric: 21,
        categorical: 4,
        seed: 3,
        projection: Projection {
            shares: vec![0.31, 0.22],
            rows: 430,
            columns: 33,
            constant: 0,
            merged: 0,
            classes: vec![cloud(0, 400, 0), cloud(1, 30, 370)],
        },
    }
}

/// Four tables, two scarcities of the first, six detectors, seven arms.
pub fn full() -> ExperimentReport {
    let all = |_| true;
    let mut trials: Vec<Trial> = Vec::new();
    for anomalies in [Some(10), Some(40), None] {
        trials.extend((0..6).map(|d| trial(0, d, anomalies, |a| d < 3 || a < 5)));
    }
    trials.extend((0..6).map(|d| trial(1, d, None, all)));
    trials.extend((0..3).map(regression));
    ExperimentReport { trials, ..frame() }
}

/// The same with one detector and two scarcities, to be drawn often.
pub fn small() -> ExperimentReport {
    let mut trials: Vec<Trial> = [Some(10), None].map(|a| trial(0, 0, a, |_| true)).to_vec();
    trials.push(regression(0));
    ExperimentReport { trials, ..frame() }
}

/// All but the trials.
pub fn frame() -> ExperimentReport {
    let mut wine = table("wine quality");
    wine.classes.clear();
    wine.values = Some(ValueSummary {
        least: 3.0,
        mean: 5.8,
        std: 0.87,
        greatest: 9.0,
    });
    ExperimentReport {
        title: "Experiment on 3 tables".into(),
        version: "0.1.0".into(),
        settings: json!({"folds": 5, "seeds": 2, "arms": ARMS}),
        seconds: 812.4,
        tables: vec![table("credit"), table("thyroid"), wine],
        folds: FOLDS as usize,
        seeds: SEEDS as usize,
        prior: "correct".into(),
        trials: Vec::new(),
        ranks: vec![("mlp".into(), ranks()), ("boosted-trees".into(), ranks())],
        absent: (3..6)
            .flat_map(|d| {
                ARMS[5..].iter().map(move |arm| Absent {
                    detector: DETECTORS[d].into(),
                    arm: arm.to_string(),
                    why: "it does not learn in steps, so there is no batch to mix".into(),
                })
            })
            .collect(),
        projections: vec![
            projection(),
            TableProjection {
                arm: "rose".into(),
                ..projection()
            },
        ],
    }
}

pub fn ranks() -> Ranks {
    Ranks {
        names: ARMS.map(String::from).to_vec(),
        mean_ranks: vec![5.25, 4.5, 3.0, 5.75, 6.25, 2.0, 1.25],
        tables: 4,
        chi_square: 16.5,
        p_value: 0.0113,
        f_statistic: Some(6.6),
        f_p_value: 0.0042,
        critical_difference: 2.9,
    }
}

/// One detector with two arms on one table, and nothing else.
pub fn bare() -> ExperimentReport {
    let mut trial = trial(0, 3, None, |a| a < 2);
    for arm in &mut trial.arms {
        *arm = TrialArm {
            name: arm.name.clone(),
            ..TrialArm::default()
        };
    }
    ExperimentReport {
        trials: vec![trial],
        tables: vec![table("credit")],
        ranks: Vec::new(),
        absent: Vec::new(),
        projections: Vec::new(),
        ..frame()
    }
}
