//! From a task and its runs to what reports and tables take.

use candle_mixup::compare::Values;
use candle_mixup::metrics::{ClassScores, Scores};
use candle_mixup::report::{DataSummary, Draw, Point};
use candle_mixup::schedule::{Scheduler, TracePoint};
use candle_mixup::train::{self, TrainSettings};
use serde_json::json;

use super::task::{SeedRows, TextTask};

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
pub fn data_summary(task: &TextTask, rows: &SeedRows) -> DataSummary {
    let counts = task.labels.counts(&rows.train);
    let classes = task.corpus.classes().iter().cloned();
    DataSummary {
        source: task.settings.data.clone(),
        training_rows: rows.train.len(),
        validation_rows: rows.validation.len(),
        test_rows: task.test.len(),
        classes: classes
            .zip(counts.iter().map(|c| c.round() as usize))
            .collect(),
        cut_texts: Some(rows.tokens.texts.cut()),
        shared_rows: rows.in_both,
        fingerprint: task.corpus.fingerprint(),
        notes: warnings(task, rows),
    }
}

/// What was counted while reading and splitting, in words; nothing where all is well.
pub fn warnings(task: &TextTask, rows: &SeedRows) -> Vec<String> {
    let mut lines = Vec::new();
    let mut note = |count: usize, text: String| {
        if count > 0 {
            lines.push(format!("note: {count} {text}"));
        }
    };
    let limit = rows.tokens.tokenizer.max_tokens();
    note(
        rows.tokens.texts.cut(),
        format!("texts were cut to {limit} tokens (--max-tokens)"),
    );
    note(
        task.corpus.skipped(),
        "rows without a text were left out".into(),
    );
    note(
        rows.in_both,
        "test rows have the text of a training row".into(),
    );
    let validated = "validation rows have the text of a test row: the test is not blind to them";
    note(rows.validated_on_test, validated.into());
    if !rows.unseen.is_empty() {
        lines.push(format!(
            "note: no training row has the class {}",
            rows.unseen.join(", ")
        ));
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
