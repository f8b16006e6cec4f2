//! What the arguments of a comparison choose: tables that belong together, folds, arms, detectors and scarcities.

use anyhow::Result;
use candle_mixup::Error;
use candle_mixup::split::Split;

use super::args::CompareTableArgs;
use super::arm::{Arm, BASELINES, DEFAULT, DEFAULT_FOR_NUMBERS};
use super::detector::Detector;
use super::grid::Absent;
use super::settings::Training;
use super::task::{Kind, TableTask};
use crate::cli::compare::check_once;
use crate::cli::training;

/// Refuses counts and flags that a comparison over folds has no use for.
pub fn check_counts(args: &CompareTableArgs) -> Result<()> {
    training::check_seeds(args.training.seed, args.seeds)?;
    if args.training.class_weights {
        let problem = "--class-weights would weigh every arm; the arm 'weights' does it alone";
        return Err(Error::Conflict(problem.into()).into());
    }
    if args.training.patience.is_some() {
        let problem = "--patience needs validation rows, which a comparison over folds has not";
        return Err(Error::Conflict(problem.into()).into());
    }
    Ok(())
}

/// What is to be told must be the same everywhere.
pub fn one_kind(tasks: &[TableTask]) -> Result<Kind> {
    for (i, task) in tasks.iter().enumerate() {
        let twin = |other: &TableTask| other.table.data == task.table.data;
        if tasks[..i].iter().any(twin) {
            let problem = format!("--data: '{}' stands twice", task.name());
            return Err(Error::Conflict(problem).into());
        }
        if task.kind != tasks[0].kind {
            let problem = format!(
                "--data: {} and {} do not have the same kind of label (anomalies, classes or numbers)",
                tasks[0].name(),
                task.name()
            );
            return Err(Error::Conflict(problem).into());
        }
    }
    Ok(tasks[0].kind)
}

/// Files of one name are called by their whole paths.
pub fn told_apart(mut tasks: Vec<TableTask>) -> Vec<TableTask> {
    let names: Vec<String> = tasks.iter().map(TableTask::name).collect();
    for (i, task) in tasks.iter_mut().enumerate() {
        let twins = names.iter().filter(|n| **n == names[i]).count();
        task.full_name = twins > 1;
    }
    tasks
}

/// The folds of each table and seed.
pub fn folds(tasks: &[TableTask], args: &CompareTableArgs) -> Result<Vec<Vec<Vec<Split>>>> {
    let first = args.training.seed;
    let of = |task: &TableTask| {
        let seeds = first..first + args.seeds;
        seeds.map(|seed| task.folds(args.folds, seed)).collect()
    };
    tasks.iter().map(of).collect()
}

/// How many anomalies are kept, rising, all of them last.
pub fn anomalies(given: &[String], kind: Kind) -> Result<Vec<Option<usize>>> {
    if given.is_empty() {
        return Ok(vec![None]);
    }
    if kind != Kind::Detection {
        let problem = "--anomalies needs a label of two classes, or --anomaly CLASS";
        return Err(Error::Conflict(problem.into()).into());
    }
    let mut counts: Vec<Option<usize>> = Vec::new();
    for text in given {
        let count = match text.parse::<usize>() {
            _ if text == "all" => None,
            Ok(n) if n > 0 => Some(n),
            _ => {
                let range = "counts of 1 and more, or all";
                return Err(Error::setting("--anomalies", range, text).into());
            }
        };
        if counts.contains(&count) {
            let problem = format!("--anomalies: {text} stands twice");
            return Err(Error::Conflict(problem).into());
        }
        counts.push(count);
    }
    // Rising, with all of them at the end.
    counts.sort_by_key(|count| count.unwrap_or(usize::MAX));
    Ok(counts)
}

/// How each network is trained.
pub fn network_training(
    args: &CompareTableArgs,
    detectors: &[Detector],
) -> Result<Vec<(Detector, Training)>> {
    let networks = detectors.iter().filter(|d| d.network().is_some());
    networks
        .map(|d| Ok((*d, Training::of(&args.training, *d)?)))
        .collect()
}

/// The detectors asked for, or all that make sense.
pub fn detectors(given: &[String], kind: Kind) -> Result<Vec<Detector>> {
    if given.is_empty() {
        let mut all = Detector::ALL.to_vec();
        all.retain(|d| *d != Detector::Isolation || kind == Kind::Detection);
        return Ok(all);
    }
    check_once("--detectors", given.iter().map(String::as_str))?;
    let mut detectors = Vec::new();
    for name in given {
        let detector = Detector::parse(name)?;
        if detector == Detector::Isolation && kind != Kind::Detection {
            let problem = "--detectors: isolation finds anomalies, and the label has none";
            return Err(Error::Conflict(problem.into()).into());
        }
        detectors.push(detector);
    }
    Ok(detectors)
}

/// The arms asked for, behind those that every comparison has.
pub fn arms(args: &CompareTableArgs, kind: Kind) -> Result<Vec<Arm>> {
    let (default, baselines): (&[&str], &[&str]) = match kind {
        Kind::Values => (&DEFAULT_FOR_NUMBERS, &BASELINES[..1]),
        _ => (&DEFAULT, &BASELINES),
    };
    let mut names: Vec<&str> = args.arms.iter().map(String::as_str).collect();
    if names.is_empty() {
        names = default.to_vec();
    }
    if !args.bare {
        let missing = baselines.iter().filter(|b| !names.contains(b)).copied();
        names = missing.clone().chain(names.iter().copied()).collect();
        // The one that the others are compared with stands first.
        names.sort_by_key(|name| *name != BASELINES[0]);
    }
    let arms: Vec<Arm> = names.into_iter().map(Arm::parse).collect::<Result<_>>()?;
    check_once("--arms", arms.iter().map(|a| a.name.as_str()))?;
    for arm in &arms {
        if kind == Kind::Values && arm.is_for_classes() {
            let problem = format!("--arms: '{}' is for classes, not for numbers", arm.name);
            return Err(Error::Conflict(problem).into());
        }
    }
    Ok(arms)
}

/// The baselines that --bare leaves out, or that make no sense, said with the reason.
pub fn left_out(args: &CompareTableArgs, kind: Kind, arms: &[Arm]) -> Vec<Absent> {
    let reason = match kind {
        Kind::Values => "it is for classes, and the label is a number",
        _ if args.bare => "left out by --bare",
        _ => return Vec::new(),
    };
    let missing = BASELINES
        .iter()
        .filter(|b| !arms.iter().any(|a| a.name == **b));
    let absent = missing.map(|arm| Absent {
        table: "all".into(),
        detector: "all".into(),
        arm: (*arm).into(),
        why: reason.into(),
    });
    absent.collect()
}
