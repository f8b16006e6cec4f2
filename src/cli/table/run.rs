//! One run: one detector, one arm, one set of training rows; trained, and scored on the test rows.

use std::time::Instant;

use anyhow::Result;
use candle_core::Device;
use candle_mixup::metrics::{PrecisionRecall, Scores};
use candle_mixup::train::{ClassWeights, Outcome, Point, TrainSettings, Watcher};
use serde::{Deserialize, Serialize};

use super::arm::{Arm, Treatment};
use super::detector::Detector;
use super::network::Network;
use super::prepare::{Prepared, Shift};
use super::score::{Said, Scored, Truth, score};
use super::settings::{Networks, Prior};
use super::task::TableTask;
use super::trees;

/// What all runs of a comparison share.
pub struct Bench<'a> {
    pub networks: &'a Networks,
    pub prior: Prior,
    pub device: &'a Device,
}

/// The rows of one run.
#[derive(Debug, Clone, Copy)]
pub struct RunRows<'a> {
    pub train: &'a [u32],
    pub test: &'a [u32],
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
    rows: RunRows<'_>,
    (detector, arm): (Detector, &Arm),
    training: &TrainSettings,
    watcher: &mut dyn Watcher,
) -> Result<Left> {
    let started = Instant::now();
    let prepared = Prepared::new(task, bench.networks.encode, arm, rows.train, training.seed)?;
    let told = match detector.network() {
        Some(network) => {
            let settings = bench.networks.model(network);
            let schedule = arm.training_schedule();
            let training = with_weights(training, arm);
            let network = Network::new(
                task,
                &prepared,
                &settings,
                &schedule,
                &training,
                bench.device,
            )?;
            by_network(&network, arm, rows.test, &training, watcher)?
        }
        None => Told {
            said: trees::tell(task, &prepared, detector, arm, rows.test, training.seed)?,
            shift: None,
            outcome: None,
            notes: Vec::new(),
        },
    };
    let shift = told.shift.as_ref().or(prepared.shift.as_ref());
    let truth = Truth::of(task, rows.test);
    let scored = score(&truth, &told.said, shift, bench.prior)?;
    let notes = [prepared.notes.clone(), told.notes].concat();
    Ok(left(&prepared, scored, told.outcome, notes, started))
}

/// What a trained model says of the test rows, and what it was taught.
struct Told {
    said: Said,
    shift: Option<Shift>,
    outcome: Option<Outcome>,
    notes: Vec<String>,
}

fn by_network(
    network: &Network<'_>,
    arm: &Arm,
    test: &[u32],
    training: &TrainSettings,
    watcher: &mut dyn Watcher,
) -> Result<Told> {
    let outcome = network.train(training, &[], watcher, None)?;
    let (shift, notes) = match &arm.treatment {
        Treatment::Latent(settings) => {
            let (_, shift, notes) = network.rebalance_head(settings, training, watcher)?;
            (Some(shift), notes)
        }
        _ => (network.shift(), Vec::new()),
    };
    Ok(Told {
        said: network.say(test)?,
        shift,
        outcome: Some(outcome),
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
    outcome: Option<Outcome>,
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
        training_rows: prepared.train.len(),
        synthetic_rows: prepared.synthetic,
        notes,
        seconds: started.elapsed().as_secs_f64(),
    }
}
