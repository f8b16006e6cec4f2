//! One training step of the image models: mixing at the input, forward, backward, AdamW; and the forward alone. Its peer
//! is `peers/image_step.py`.
//!
//! `RAYON_NUM_THREADS=2 cargo bench --bench image_step` prints one JSON object of milliseconds (median of the steps) and
//! of peak memory; `python benches/peers/alternate.py 3 "OURS" "PEER"` runs the two in turn. Arguments: steps, and a part
//! of a case's name to run only that.

use std::time::Instant;

use candle_core::{Device, Tensor};
use candle_mixup::image::{
    CnnSettings, ImageModel, ImageModelSettings, ImageShape, ResnetSettings,
};
use candle_mixup::nn::{AdamW, AdamWSettings, Weights, backward};
use candle_mixup::random::{Purpose, Stream};
use candle_mixup::{
    Blend, DropoutKeys, Loss, MixPlan, MixTap, Pairs, Result, Site, Tapped, mix_targets,
};

#[path = "../src/tuning.rs"]
mod tuning;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CLASSES: usize = 10;
const SHAPE: ImageShape = ImageShape {
    channels: 3,
    height: 32,
    width: 32,
};

struct Case {
    name: &'static str,
    settings: ImageModelSettings,
    rows: usize,
}

fn cases() -> [Case; 2] {
    [
        Case {
            name: "cnn 32-64-128",
            settings: ImageModelSettings::Cnn(CnnSettings::default()),
            rows: 64,
        },
        Case {
            name: "resnet18 of width 32",
            settings: ImageModelSettings::Resnet18(ResnetSettings { width: 32 }),
            rows: 32,
        },
    ]
}

fn batch(rows: usize) -> Result<(Tensor, Tensor)> {
    let mut draw = Stream::new(0, Purpose::Order, 0);
    let mut values = |n: usize| (0..n).map(|_| draw.unit() as f32).collect::<Vec<f32>>();
    let ImageShape {
        channels,
        height,
        width,
    } = SHAPE;
    let images = values(rows * SHAPE.len());
    let images = Tensor::from_vec(images, (rows, channels, height, width), &Device::Cpu)?;
    let targets = Tensor::from_vec(values(rows * CLASSES), (rows, CLASSES), &Device::Cpu)?;
    Ok((images, targets.broadcast_div(&targets.sum_keepdim(1)?)?))
}

fn plan(step: u64, rows: usize) -> Result<MixPlan> {
    let mut draw = Stream::new(step, Purpose::Partner, 0);
    let partner = draw.permutation(rows);
    let weight: Vec<f64> = (0..rows).map(|_| draw.unit()).collect();
    let pairs = Pairs::new((0..rows as u32).collect(), partner, weight.clone(), weight)?;
    Ok(MixPlan {
        site: Site::Input,
        pairs,
        blend: Blend::Linear,
        residue: None,
        loaded: Vec::new(),
    })
}

fn median(mut times: Vec<f64>) -> f64 {
    times.drain(..2);
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// Milliseconds of a step, and of a forward pass that evaluates.
fn medians(case: &Case, steps: u64) -> Result<(f64, f64)> {
    let weights = Weights::new(0, &Device::Cpu);
    let model = ImageModel::load(&weights, &case.settings, SHAPE, CLASSES)?;
    let parameters = weights.parameters();
    let settings = AdamWSettings {
        clip: None,
        ..AdamWSettings::default()
    };
    let mut optimiser = AdamW::new(parameters.clone(), settings)?;
    let (input, targets) = batch(case.rows)?;
    let (mut trained, mut forward) = (Vec::new(), Vec::new());
    for step in 0..steps + 2 {
        let plan = plan(step, case.rows)?;
        let start = Instant::now();
        let mut tap = MixTap::new(Some(&plan)).training(DropoutKeys::new(0, step));
        let logits = model.forward(&input, &mut tap)?;
        let targets = mix_targets(&targets, &plan.pairs)?;
        let loss = Loss::CrossEntropy.of(&logits, &targets, None)?;
        optimiser.step(&backward(&loss, &parameters)?, 1e-4)?;
        trained.push(start.elapsed().as_secs_f64() * 1e3);
        let start = Instant::now();
        model.forward(&input, &mut ())?;
        forward.push(start.elapsed().as_secs_f64() * 1e3);
    }
    Ok((median(trained), median(forward)))
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
    let only = arguments.iter().find(|a| a.parse::<u64>().is_err());
    let mut results = serde_json::Map::new();
    for case in cases() {
        if only.is_none_or(|only| case.name.contains(only.as_str())) {
            let (step, forward) = medians(&case, steps)?;
            results.insert(case.name.to_string(), step.into());
            results.insert(format!("{}, forward", case.name), forward.into());
        }
    }
    results.extend(peak().map(|mb| ("peak MB".to_string(), mb.into())));
    println!("{}", serde_json::Value::Object(results));
    Ok(())
}
