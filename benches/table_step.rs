//! One training step of the table models: forward with hidden mixing, backward, AdamW. Its peer is
//! `peers/table_step.py`.
//!
//! `RAYON_NUM_THREADS=2 cargo bench --bench table_step` prints one JSON object of milliseconds (median of the steps) and
//! of peak memory; `python benches/peers/alternate.py 3 "OURS" "PEER"` runs the two in turn. Arguments: steps, and a part
//! of a case's name to run only that; `dropout` switches on each model's own.

use std::time::Instant;

use candle_core::{Device, Tensor};
use candle_mixup::nn::{AdamW, AdamWSettings, Weights, backward};
use candle_mixup::random::{Purpose, Stream};
use candle_mixup::table::{
    MlpSettings, TableBatch, TableModel, TableModelSettings, TableShape, TransformerSettings,
};
use candle_mixup::{
    Blend, DropoutKeys, Loss, MixPlan, MixTap, Pairs, Result, Site, Tapped, mix_targets,
};

#[path = "../src/tuning.rs"]
mod tuning;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROWS: usize = 256;

/// A model, the numeric columns of its rows, its outputs, and where rows are mixed.
struct Case {
    name: &'static str,
    settings: TableModelSettings,
    columns: usize,
    classes: usize,
    site: Site,
}

fn cases() -> [Case; 2] {
    let mlp = MlpSettings {
        hidden: vec![512; 3],
        ..MlpSettings::default()
    };
    let transformer = TransformerSettings {
        blocks: 3,
        width: 192,
        heads: 8,
        ..TransformerSettings::default()
    };
    [
        Case {
            name: "mlp 512-512-512-512-10",
            settings: TableModelSettings::Mlp(mlp),
            columns: 512,
            classes: 10,
            site: Site::Hidden(2),
        },
        Case {
            name: "transformer 3x192",
            settings: TableModelSettings::Transformer(transformer),
            columns: 30,
            classes: 2,
            site: Site::Hidden(1),
        },
    ]
}

fn batch(case: &Case) -> Result<(TableBatch, Tensor)> {
    let mut draw = Stream::new(0, Purpose::Order, 0);
    let mut values = |columns: usize| -> Vec<f32> {
        let values = (0..ROWS * columns).map(|_| draw.unit() as f32);
        values.collect()
    };
    let numbers = Tensor::from_vec(values(case.columns), (ROWS, case.columns), &Device::Cpu)?;
    let targets = Tensor::from_vec(values(case.classes), (ROWS, case.classes), &Device::Cpu)?;
    let targets = targets.broadcast_div(&targets.sum_keepdim(1)?)?;
    let codes = Tensor::from_vec(Vec::<u32>::new(), (ROWS, 0), &Device::Cpu)?;
    Ok((TableBatch { numbers, codes }, targets))
}

fn plan(step: u64, site: Site) -> Result<MixPlan> {
    let mut draw = Stream::new(step, Purpose::Partner, 0);
    let partner = draw.permutation(ROWS);
    let weight: Vec<f64> = (0..ROWS).map(|_| draw.unit()).collect();
    let pairs = Pairs::new((0..ROWS as u32).collect(), partner, weight.clone(), weight)?;
    Ok(MixPlan {
        site,
        pairs,
        blend: Blend::Linear,
        residue: None,
        loaded: Vec::new(),
    })
}

fn median_step(case: &Case, steps: u64, drops: bool) -> Result<f64> {
    let weights = Weights::new(0, &Device::Cpu);
    let shape = TableShape {
        numeric: vec![1; case.columns],
        categories: Vec::new(),
    };
    let model = TableModel::load(&weights, &case.settings, &shape, case.classes)?;
    let parameters = weights.parameters();
    let settings = AdamWSettings {
        clip: None,
        ..AdamWSettings::default()
    };
    let mut optimiser = AdamW::new(parameters.clone(), settings)?;
    let (input, targets) = batch(case)?;
    let mut times = Vec::new();
    for step in 0..steps + 2 {
        let plan = plan(step, case.site)?;
        let start = Instant::now();
        let mut tap = MixTap::new(Some(&plan));
        if drops {
            tap = tap.training(DropoutKeys::new(0, step));
        }
        let logits = model.forward(&input, &mut tap)?;
        let targets = mix_targets(&targets, &plan.pairs)?;
        let loss = Loss::CrossEntropy.of(&logits, &targets, None)?;
        optimiser.step(&backward(&loss, &parameters)?, 1e-4)?;
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    times.drain(..2);
    times.sort_by(f64::total_cmp);
    Ok(times[times.len() / 2])
}

/// Largest resident size so far in MB, where the system tells.
fn peak() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|l| l.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<f64>().ok()? / 1024.0)
}

fn main() -> Result<()> {
    tuning::tune();
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| !a.starts_with("--"))
        .collect();
    let steps = arguments.iter().find_map(|a| a.parse().ok()).unwrap_or(20);
    let drops = arguments.iter().any(|a| a == "dropout");
    let only = arguments
        .iter()
        .find(|a| a.parse::<u64>().is_err() && *a != "dropout");
    let mut results = serde_json::Map::new();
    for case in cases() {
        if only.is_none_or(|only| case.name.contains(only.as_str())) {
            let time = median_step(&case, steps, drops)?;
            results.insert(case.name.to_string(), time.into());
        }
    }
    results.extend(peak().map(|mb| ("peak MB".to_string(), mb.into())));
    println!("{}", serde_json::Value::Object(results));
    Ok(())
}
