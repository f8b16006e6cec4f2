//! What a comparison of tables comes to: its numbers as JSON, and its report.

use anyhow::Result;
use candle_mixup::compare::{self, Comparison, Ranks, Run};
use candle_mixup::files;
use candle_mixup::linearity::ArmsLinearity;
use candle_mixup::metrics::{Metric, Scores};
use candle_mixup::report::{
    self, Absent, Calibrated, Calibration, ExperimentReport, History, TableSummary, Trial,
    TrialArm, ValueSummary,
};
use candle_mixup::table::Target;
use serde_json::{Value, json};

use super::compare::Done;
use super::grid::Grid;
use super::projections::projections;
use super::task::{Kind, TableTask};
use crate::cli::compare::{RESULT, metrics};
use crate::cli::describe::{report_points, values};
use crate::cli::run_dir::RunDir;

/// What the report is made of, kept beside it.
pub const REPORT: &str = "experiment.json";

/// Writes the report, and last the numbers: they say that the comparison has ended.
pub fn write(grid: &Grid, dir: &RunDir, done: &[Done], seconds: f64) -> Result<()> {
    let report = experiment(grid, done, seconds)?;
    dir.write_json(REPORT, &report)?;
    files::write(
        dir.file("report.html"),
        report::experiment_page(&report)?.as_bytes(),
    )?;
    dir.write_json(RESULT, &numbers(grid, &report, done, seconds)?)
}

fn experiment(grid: &Grid, done: &[Done], seconds: f64) -> Result<ExperimentReport> {
    let s = &grid.settings;
    let trials = trials(grid, done)?;
    Ok(ExperimentReport {
        title: title(grid),
        version: s.version.clone(),
        settings: serde_json::to_value(s)?,
        seconds,
        tables: grid
            .tasks
            .iter()
            .zip(&s.fingerprints)
            .map(summary)
            .collect(),
        folds: s.folds,
        seeds: s.seeds as usize,
        prior: serde_json::to_value(s.prior)?.as_str().unwrap_or("").into(),
        ranks: ranks(&trials)?,
        trials,
        absent: absent(grid),
        projections: projections(grid)?,
    })
}

fn title(grid: &Grid) -> String {
    let names: Vec<String> = grid.tasks.iter().map(TableTask::name).collect();
    let s = &grid.settings;
    format!(
        "{} detectors x {} arms on {}",
        s.detectors.len(),
        s.arms.len(),
        names.join(", ")
    )
}

fn summary((task, fingerprint): (&TableTask, &String)) -> TableSummary {
    let data = &task.data;
    let rows: Vec<u32> = (0..data.len() as u32).collect();
    let counts = task.counts(&rows);
    TableSummary {
        name: task.name(),
        rows: data.len(),
        numeric: data.numeric.len(),
        categorical: data.categorical.len(),
        classes: task.class_names().iter().cloned().zip(counts).collect(),
        values: value_summary(&data.target),
        missing: task.missing() as usize,
        fingerprint: fingerprint.clone(),
        notes: task.notes(),
    }
}

fn value_summary(target: &Target) -> Option<ValueSummary> {
    let Target::Values { values, .. } = target else {
        return None;
    };
    Some(ValueSummary {
        least: values.iter().copied().fold(f64::INFINITY, f64::min),
        mean: compare::mean(values)?,
        std: compare::standard_deviation(values)?,
        greatest: values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
    })
}

/// One trial for each table, scarcity and detector.
fn trials(grid: &Grid, done: &[Done]) -> Result<Vec<Trial>> {
    let mut trials = Vec::new();
    for task in &grid.tasks {
        for &anomalies in &grid.settings.anomalies {
            for detector in &grid.settings.detectors {
                let is = |d: &&Done| {
                    d.table == task.name()
                        && d.anomalies == anomalies
                        && d.detector == detector.name()
                };
                let own: Vec<&Done> = done.iter().filter(is).collect();
                if !own.is_empty() {
                    trials.push(trial(grid, task, &own)?);
                }
            }
        }
    }
    Ok(trials)
}

fn trial(grid: &Grid, task: &TableTask, own: &[&Done]) -> Result<Trial> {
    let names = grid.settings.arms.iter().map(|a| a.name.as_str());
    let names: Vec<&str> = names
        .filter(|name| own.iter().any(|d| d.arm == *name))
        .collect();
    let of = |name: &str| -> Vec<&Done> { own.iter().copied().filter(|d| d.arm == name).collect() };
    let metrics = metrics(task.kind.main_metric(task.outputs()), &own[0].left.test);
    let arms = names.iter().map(|name| {
        let runs = of(name).into_iter().map(|d| {
            let linearity = d.left.linearity.as_ref().map(serde_json::to_value);
            Ok(Run {
                seed: d.seed,
                fold: Some(d.fold),
                test: values(&d.left.test),
                linearity: linearity.transpose()?,
            })
        });
        Ok((name.to_string(), runs.collect::<Result<Vec<_>>>()?))
    });
    let arms = arms.collect::<Result<Vec<_>>>()?;
    // Every fold is tested once and trained on by all the others.
    let ratio = 1.0 / (grid.settings.folds - 1) as f64;
    let counts = task.counts(&(0..task.data.len() as u32).collect::<Vec<_>>());
    let is_detection = task.kind == Kind::Detection;
    let share = |folds: usize| (counts[1] * (folds - 1) + folds / 2) / folds;
    Ok(Trial {
        table: task.name(),
        detector: own[0].detector.clone(),
        anomalies: own[0].anomalies,
        training_anomalies: if is_detection {
            share(grid.settings.folds)
        } else {
            0
        },
        prevalence: is_detection.then(|| counts[1] as f64 / task.data.len() as f64),
        comparison: Comparison::of_folds(&metrics, arms, ratio)?,
        arms: names
            .iter()
            .map(|name| trial_arm(name, &of(name)))
            .collect(),
    })
}

fn trial_arm(name: &str, own: &[&Done]) -> TrialArm {
    let histories = own.iter().filter(|d| !d.left.history.is_empty());
    let mut notes: Vec<String> = own.iter().flat_map(|d| d.left.notes.clone()).collect();
    notes.sort();
    notes.dedup();
    TrialArm {
        name: name.into(),
        curves: own
            .iter()
            .map(|d| d.left.curve.clone())
            .filter(|c| !c.is_empty())
            .collect(),
        calibration: calibration(own),
        histories: histories
            .map(|d| History {
                seed: d.seed,
                points: report_points(&d.left.history),
            })
            .collect(),
        notes,
    }
}

/// Before and after the correction; the same twice where nothing was taught but the real shares.
fn calibration(own: &[&Done]) -> Option<Calibration> {
    let side = |of: &dyn Fn(&Done) -> Scores| -> Option<Calibrated> {
        let scores: Vec<Scores> = own.iter().map(|d| of(d)).collect();
        let mean = |metric: Metric| -> Option<f64> {
            let values: Option<Vec<f64>> = scores.iter().map(|s| s.get(metric)).collect();
            compare::mean(&values?)
        };
        let bins: Vec<_> = scores.iter().map(|s| s.reliability.clone()).collect();
        Some(Calibrated {
            bins: report::pool(&bins),
            ece: mean(Metric::Ece)?,
            log_loss: mean(Metric::LogLoss)?,
        })
    };
    let both = |d: &Done| d.left.both.clone();
    Some(Calibration {
        before: side(&|d| both(d).map_or_else(|| d.left.test.clone(), |b| b.0))?,
        after: side(&|d| both(d).map_or_else(|| d.left.test.clone(), |b| b.1))?,
    })
}

/// For each detector, the ranks of its arms over the tables; only with all anomalies kept, or else the most.
fn ranks(trials: &[Trial]) -> Result<Vec<(String, Ranks)>> {
    let mut all = Vec::new();
    let mut detectors: Vec<&str> = trials.iter().map(|t| t.detector.as_str()).collect();
    detectors.dedup();
    detectors.sort_unstable();
    detectors.dedup();
    for detector in detectors {
        let own = || trials.iter().filter(|t| t.detector == detector);
        let most = own().map(|t| t.anomalies.unwrap_or(usize::MAX)).max();
        let own: Vec<&Trial> = own()
            .filter(|t| Some(t.anomalies.unwrap_or(usize::MAX)) == most)
            .collect();
        if let Some(ranks) = ranks_of(&own)? {
            all.push((detector.to_string(), ranks));
        }
    }
    Ok(all)
}

/// Ranks over the arms that every table has.
fn ranks_of(trials: &[&Trial]) -> Result<Option<Ranks>> {
    let Some(first) = trials.first() else {
        return Ok(None);
    };
    let metric = first.comparison.metric;
    let mean = |t: &Trial, name: &str| {
        let arm = t.comparison.arms.iter().find(|a| a.name == name);
        arm.and_then(|a| a.mean.get(metric))
    };
    let arms = first.comparison.arms.iter().map(|a| a.name.clone());
    let names: Vec<String> = arms
        .filter(|name| trials.iter().all(|t| mean(t, name).is_some()))
        .collect();
    let row = |t: &&Trial| names.iter().filter_map(|name| mean(t, name)).collect();
    let scores: Vec<Vec<f64>> = trials.iter().map(row).collect();
    Ok(compare::ranks(&names, &scores, metric.better())?)
}

fn absent(grid: &Grid) -> Vec<Absent> {
    let several = grid.tasks.len() > 1;
    let absent = grid.absent.iter().map(|a| Absent {
        detector: a.detector.clone(),
        arm: a.arm.clone(),
        why: match several && a.table != "all" {
            true => format!("on {}: {}", a.table, a.why),
            false => a.why.clone(),
        },
    });
    absent.collect()
}

/// The comparison in the form that every `compare` prints: one entry for each arm of each trial.
fn numbers(grid: &Grid, report: &ExperimentReport, done: &[Done], seconds: f64) -> Result<Value> {
    let mut arms = Vec::new();
    let mut summary = Vec::new();
    for trial in &report.trials {
        for arm in &trial.comparison.arms {
            let mut entry = json!({
                "name": format!("{}/{}", trial.detector, arm.name), "data": trial.table,
                "detector": trial.detector, "arm": arm.name, "anomalies": trial.anomalies,
            });
            let own = serde_json::to_value(arm)?;
            if let (Some(entry), Value::Object(mut own)) = (entry.as_object_mut(), own) {
                own.remove("name");
                entry.extend(own);
            }
            arms.push(entry);
        }
        let said = trial.comparison.summary();
        summary.push(json!({
            "data": trial.table, "detector": trial.detector, "anomalies": trial.anomalies,
            "sentences": said, "linearity": ArmsLinearity::of(&trial.comparison),
        }));
    }
    Ok(json!({
        "metric": grid.kind().main_metric(grid.tasks[0].outputs()),
        "arms": arms,
        "ranks": report.ranks.iter().map(|(d, r)| json!({ "detector": d, "ranks": r })).collect::<Vec<_>>(),
        "absent": grid.absent,
        "summary": summary,
        "settings": grid.settings,
        "version": grid.settings.version,
        "data": report.tables,
        "details": done.iter().map(details).collect::<Vec<_>>(),
        "seconds": seconds,
    }))
}

/// What a run recorded besides its scores.
fn details(done: &Done) -> Value {
    let left = &done.left;
    json!({
        "data": done.table, "detector": done.detector, "arm": done.arm, "anomalies": done.anomalies,
        "seed": done.seed, "fold": done.fold, "steps": left.steps,
        "training_rows": left.training_rows, "synthetic_rows": left.synthetic_rows,
        "batches_too_small_to_mix": left.skipped, "notes": left.notes,
        "as_learnt": left.both.as_ref().map(|b| &b.0.values),
        "corrected": left.both.as_ref().map(|b| &b.1.values),
        "seconds": left.seconds,
    })
}
