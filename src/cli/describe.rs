//! From a task and its runs to what reports and tables take.

use candle_mixup::Readings;
use candle_mixup::compare::Values;
use candle_mixup::metrics::{ClassScores, Scores};
use candle_mixup::report::{DataSummary, Draw, Point};
use candle_mixup::schedule::{Scheduler, TracePoint};
use candle_mixup::train::{self, TrainSettings};
use serde_json::json;

use super::task::{SeedRows, Task};
use super::text::CUT_TEXTS;

/// Points of a schedule's plot at most.
const DRAWS: usize = 600;

/// The scores by metric.
pub fn values(scores: &Scores) -> Values {
    Values::new(
        scores
            .values
            .iter()
            .map(|(metric, value)| (*metric, *value)),
    )
}

/// The scores of each class under its name, for JSON.
pub fn per_class(scores: &Scores, names: &[String]) -> serde_json::Value {
    let class = |c: &ClassScores| {
        let fields = json!({ "precision": c.precision, "recall": c.recall, "f1": c.f1, "support": c.support });
        (names.get(c.class).cloned().unwrap_or_default(), fields)
    };
    scores
        .per_class
        .iter()
        .map(class)
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// How often texts that were to be changed came out as they were, and why; nothing where none did.
pub fn left_as_they_were(readings: &Readings) -> Option<String> {
    let reasons = readings.unchanged.iter();
    let reasons: Vec<String> = reasons.map(|(reason, n)| format!("{reason} {n}")).collect();
    (readings.left() > 0).then(|| {
        format!(
            "{} of {} texts that were to be changed came out as they were ({})",
            readings.left(),
            readings.texts,
            reasons.join(", ")
        )
    })
}

/// A run's history as the report draws it.
pub fn report_points(history: &[train::Point]) -> Vec<Point> {
    let point = |p: &train::Point| Point {
        step: p.step,
        epoch: p.epoch,
        train_loss: p.train_loss,
        clean_loss: p.clean_loss,
        validation: p.validation.as_ref().map(values),
    };
    history.iter().map(point).collect()
}

/// What the data are, with the counts that a reader should know of.
pub fn data_summary<T: Task>(task: &T, rows: &SeedRows<T::Kit>) -> DataSummary {
    let counts = task.class_counts(&rows.train);
    let classes = task.classes().iter().cloned();
    let counted = task.counted(&rows.kit);
    let cut = counted.iter().find(|c| c.name == CUT_TEXTS);
    DataSummary {
        source: task.name().into(),
        training_rows: rows.train.len(),
        validation_rows: rows.validation.len(),
        test_rows: task.test().len(),
        classes: classes
            .zip(counts.iter().map(|c| c.round() as usize))
            .collect(),
        cut_texts: cut.map(|c| c.count),
        shared_rows: rows.in_both,
        fingerprint: task.fingerprint(),
        notes: warnings(task, rows),
    }
}

/// What was counted while reading and splitting, in words; nothing where all is well.
pub fn warnings<T: Task>(task: &T, rows: &SeedRows<T::Kit>) -> Vec<String> {
    let twin = T::TWIN;
    let validated = "the test is not blind to them";
    let counted = task.counted(&rows.kit).into_iter();
    let shared = [
        (rows.in_both, format!("test rows {twin} of a training row")),
        (
            rows.validated_on_test,
            format!("validation rows {twin} of a test row: {validated}"),
        ),
    ];
    let all = counted.map(|c| (c.count, c.words)).chain(shared);
    let mut lines: Vec<String> = all
        .filter(|(count, _)| *count > 0)
        .map(|(count, words)| format!("note: {count} {words}"))
        .collect();
    if !rows.unseen.is_empty() {
        let unseen = rows.unseen.join(", ");
        lines.push(format!("note: no training row has the class {unseen}"));
    }
    lines
}

/// What the schedule draws over the run: every forward pass, or about 600 of them in a long run.
pub fn draws(scheduler: &Scheduler, run: &TrainSettings, training_rows: usize) -> Vec<Draw> {
    let per_epoch = run.steps_per_epoch(training_rows) * run.accumulate as u64;
    let trace = scheduler.trace(per_epoch, run.batch.min(training_rows));
    let every = trace.len().div_ceil(DRAWS).max(1);
    let draw = |p: &TracePoint| Draw {
        step: p.step,
        probability: p.probability,
        alpha: p.alpha,
        site: p.site,
    };
    trace.iter().step_by(every).map(draw).collect()
}
