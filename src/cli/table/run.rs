//! One run: one detector, one arm, one set of training rows; trained, and scored on the test rows.

use std::time::Instant;

use anyhow::Result;
use candle_mixup::linearity::Linearity;
use candle_mixup::metrics::{PrecisionRecall, Scores};
use candle_mixup::train::{ClassWeights, Outcome, Point, TrainSettings, Watcher};
use serde::{Deserialize, Serialize};

use super::arm::{Arm, Treatment};
use super::detector::Detector;
use super::grid::CellRows;
use super::network::{Network, Place};
use super::prepare::Prepared;
use super::score::{Said, Scored, Truth, score};
use super::settings::Networks;
use super::shift::Shift;
use super::task::TableTask;
use super::trees;

/// What all runs of a comparison share.
pub struct Bench<'a> {
    pub networks: &'a Networks,
    pub place: Place<'a>,
}

/// What a run leaves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Left {
    /// Scores of the test rows.
    pub test: Scores,
    /// Where the run was taught other shares of the classes: scores of the probabilities as learnt, and corrected.
    pub both: Option<(Scores, Scores)>,
    /// Precision over recall, for anomalies.
    pub curve: Vec<PrecisionRecall>,
    /// The network's history; empty for trees.
    pub history: Vec<Point>,
    /// Optimiser steps; 0 for trees.
    pub steps: u64,
    /// Batches that were to be mixed but held a single row.
    pub skipped: u64,
    /// How far the network is from linear; `None` for trees.
    #[serde(default)]
    pub linearity: Option<Linearity>,
    /// Training rows, synthetic ones included.
    pub training_rows: usize,
    /// Synthetic ones among them.
    pub synthetic_rows: usize,
    /// What a reader should know.
    pub notes: Vec<String>,
    /// How long it took.
    pub seconds: f64,
}

/// Trains and scores.
pub fn run(
    bench: &Bench<'_>,
    task: &TableTask,
    rows: &CellRows<'_>,
    (detector, arm): (Detector, &Arm),
    training: &TrainSettings,
    watcher: &mut dyn Watcher,
) -> Result<Left> {
    let started = Instant::now();
    let encode = bench.networks.encode;
    let prepared = Prepared::new(task, encode, arm, &rows.train, training.seed)?;
    let told = match detector.network() {
        Some(network) => {
            let model = bench.networks.model(network);
            let schedule = arm.training_schedule();
            let training = with_weights(training, arm);
            let network = Network::new(task, &prepared, &model, &schedule, &training, bench.place)?;
            by_network(&network, arm, rows.test, &training, watcher)?
        }
        None => Told {
            said: trees::tell(task, &prepared, detector, arm, rows.test, training.seed)?,
            shift: trees::shift(&prepared, arm),
            outcome: None,
            linearity: None,
            notes: Vec::new(),
        },
    };
    let truth = Truth::of(task, rows.test);
    let scored = score(&truth, &told.said, told.shift.as_ref(), bench.place.prior)?;
    let notes = [prepared.notes.clone(), prepared.seen.notes(), told.notes].concat();
    Ok(left(
        &prepared,
        scored,
        (told.outcome, told.linearity),
        notes,
        started,
    ))
}

/// What a trained model says of the test rows, and what it was taught.
struct Told {
    said: Said,
    shift: Option<Shift>,
    outcome: Option<Outcome>,
    linearity: Option<Linearity>,
    notes: Vec<String>,
}

fn by_network(
    network: &Network<'_>,
    arm: &Arm,
    test: &[u32],
    training: &TrainSettings,
    watcher: &mut dyn Watcher,
) -> Result<Told> {
    let mut outcome = network.train(training, &[], None, watcher, None)?;
    let (shift, notes) = match &arm.treatment {
        Treatment::Latent(settings) => {
            let head = network.rebalance_head(settings, training, watcher)?;
            let steps = head.outcome.steps;
            outcome.steps += steps;
            let note = format!(
                "after its {} steps the head was trained for {steps} more",
                training.steps(network.prepared.train.len())
            );
            (head.shift, [head.notes, vec![note]].concat())
        }
        _ => (network.shift(training, &outcome), Vec::new()),
    };
    Ok(Told {
        said: network.say(test)?,
        shift,
        outcome: Some(outcome),
        linearity: network.linearity(test)?,
        notes,
    })
}

fn with_weights(training: &TrainSettings, arm: &Arm) -> TrainSettings {
    TrainSettings {
        class_weights: match arm.treatment {
            Treatment::Weights => ClassWeights::Balanced,
            _ => training.class_weights,
        },
        ..training.clone()
    }
}

fn left(
    prepared: &Prepared,
    scored: Scored,
    (outcome, linearity): (Option<Outcome>, Option<Linearity>),
    notes: Vec<String>,
    started: Instant,
) -> Left {
    let (history, steps, skipped) = match outcome {
        Some(o) => (o.history, o.steps, o.skipped),
        None => (Vec::new(), 0, 0),
    };
    Left {
        test: scored.test,
        both: scored.both,
        curve: scored.curve,
        history,
        steps,
        skipped,
        linearity,
        training_rows: prepared.train.len(),
        synthetic_rows: prepared.synthetic,
        notes,
        seconds: started.elapsed().as_secs_f64(),
    }
}
