//! How long partners take to draw for one epoch of a million rows, in batches of 256, on one core.
//!
//! `cargo bench --bench pairs` prints one JSON object of milliseconds, the fastest of five epochs each: the index (made
//! once a run), the kernel's draws alone, and whole plans. Targets of several shapes, the bandwidth a tenth of their
//! spread unless the name says otherwise.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Instant;

use anyhow::Result;
use candle_mixup::Site;
use candle_mixup::random::{Purpose, Stream};
use candle_mixup::schedule::{
    Bandwidth, Clock, Domain, KernelIndex, Rows, Schedule, Scheduler, Task, TaskKind,
};

const ROWS: usize = 1_000_000;
const BATCH: usize = 256;
const ROUNDS: usize = 5;

/// Targets by name, with a bandwidth where it is not the automatic one.
type Set = (&'static str, Vec<f32>, Option<f64>);

fn main() -> Result<()> {
    let order = Stream::new(1, Purpose::Order, 0).permutation(ROWS);
    let mut all = BTreeMap::new();
    for (name, targets, bandwidth) in sets() {
        let bandwidth = match bandwidth {
            Some(bandwidth) => bandwidth,
            None => Bandwidth::Auto.of(&targets, 1)?,
        };
        let prepare = fastest(1, || KernelIndex::new(&targets, 1, bandwidth).map(drop))?;
        let index = KernelIndex::new(&targets, 1, bandwidth)?;
        let draws = fastest(ROUNDS, || draws(&index, &order))?;
        let scheduler = scheduler(bandwidth)?;
        let plans = fastest(ROUNDS, || plans(&scheduler, &index, &order))?;
        let times = [("index", prepare), ("draws", draws), ("plans", plans)];
        all.insert(name, BTreeMap::from(times));
    }
    println!("{}", serde_json::to_string_pretty(&all)?);
    Ok(())
}

fn sets() -> Vec<Set> {
    let mut stream = Stream::new(2, Purpose::Split, 0);
    let mut of = |f: &dyn Fn(f64) -> f64| -> Vec<f32> {
        (0..ROWS).map(|_| f(stream.unit()) as f32).collect()
    };
    let exponential = of(&|u| -(1.0 - u).ln());
    let mut outlier = exponential.clone();
    outlier[ROWS / 2] = 1e6;
    vec![
        ("uniform", of(&|u| u), None),
        ("ten whole numbers", of(&|u| (10.0 * u).floor()), None),
        ("heavy tail", of(&|u| (1.0 - u).powf(-0.8)), None),
        ("exponential, narrow", exponential.clone(), Some(1e-6)),
        ("exponential", exponential, None),
        ("exponential and an outlier", outlier, Some(0.1)),
    ]
}

fn fastest(rounds: usize, mut work: impl FnMut() -> candle_mixup::Result<()>) -> Result<f64> {
    let mut best = f64::INFINITY;
    for _ in 0..rounds {
        let start = Instant::now();
        work()?;
        best = best.min(1e3 * start.elapsed().as_secs_f64());
    }
    Ok(best)
}

fn draws(index: &KernelIndex, order: &[u32]) -> candle_mixup::Result<()> {
    for (step, batch) in order.chunks(BATCH).enumerate() {
        let mut stream = Stream::new(3, Purpose::Partner, step as u64);
        black_box(index.partners(batch, false, &mut stream)?);
    }
    Ok(())
}

fn plans(scheduler: &Scheduler, index: &KernelIndex, order: &[u32]) -> candle_mixup::Result<()> {
    let steps = ROWS.div_ceil(BATCH) as u64;
    for (step, batch) in order.chunks(BATCH).enumerate() {
        let rows = Rows {
            targets: Some(index),
            ..Rows::new(batch)
        };
        black_box(scheduler.plan(Clock::at(step as u64, steps, steps), rows)?);
    }
    Ok(())
}

fn scheduler(bandwidth: f64) -> Result<Scheduler> {
    let json = format!(
        r#"{{"partner": {{"kernel": {{"bandwidth": {bandwidth:?}}}}}, "grain": "batch", "weight": {{"beta": 2}}}}"#
    );
    let task = Task {
        domain: Domain::Table,
        kind: TaskKind::Regression,
        class_counts: Vec::new(),
        rows: ROWS,
        steps: ROWS.div_ceil(BATCH) as u64,
        epochs: 1,
        seed: 42,
        features: None,
        image: None,
    };
    Ok(Schedule::from_json(&json)?.check(&[Site::Input], &task)?)
}
