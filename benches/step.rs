//! One training step of a BERT encoder: forward with hidden mixing, backward, AdamW. Its peer is `peers/step.py`.
//!
//! `RAYON_NUM_THREADS=2 cargo bench --bench step` prints one JSON object of milliseconds (median of the steps) and of
//! peak memory; `python benches/peers/alternate.py 3 "OURS" "PEER"` runs the two in turn. Arguments: steps, and a part
//! of a case's name to run only that; `mix=none` leaves the mixing out.

use std::time::Instant;

use candle_core::{Device, Tensor};
use candle_mixup::nn::{AdamW, AdamWSettings, Weights, backward};
use candle_mixup::random::{Purpose, Stream};
use candle_mixup::text::{Encoder, EncoderConfig, Pooling, Start, TokenBatch};
use candle_mixup::{Blend, Loss, MixPlan, MixTap, Pairs, Result, Site, Tapped, mix_targets};

#[path = "../src/tuning.rs"]
mod tuning;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const VOCABULARY: usize = 30_522;
const ROWS: usize = 32;
const TOKENS: usize = 64;
const CLASSES: usize = 6;

fn config(blocks: usize, width: usize, heads: usize) -> Result<EncoderConfig> {
    let folder = std::env::temp_dir().join(format!("candle-mixup-step-{}", std::process::id()));
    candle_mixup::files::create_folder(&folder)?;
    let file = folder.join("config.json");
    let text = format!(
        r#"{{"model_type":"bert","hidden_size":{width},"num_hidden_layers":{blocks},"num_attention_heads":{heads},
        "intermediate_size":{},"vocab_size":{VOCABULARY},"max_position_embeddings":512,"type_vocab_size":2,
        "layer_norm_eps":1e-12,"hidden_act":"gelu","hidden_dropout_prob":0.0,"attention_probs_dropout_prob":0.0,
        "pad_token_id":0}}"#,
        4 * width
    );
    candle_mixup::files::write(&file, text.as_bytes())?;
    EncoderConfig::open(&file)
}

/// Texts of 8 to 32 tokens cut to the longest of them, or of 48 to 64 tokens padded to 64: as in the peer.
fn batch(seed: u64, padded: bool) -> Result<(TokenBatch, Tensor)> {
    let mut draw = Stream::new(seed, Purpose::Order, 0);
    let length = |row: usize, draw: &mut Stream| {
        if padded {
            8 + draw.below(25)
        } else {
            48 + row % 17
        }
    };
    let lengths: Vec<usize> = (0..ROWS).map(|row| length(row, &mut draw)).collect();
    let tokens = if padded {
        lengths.iter().copied().max().unwrap_or(TOKENS)
    } else {
        TOKENS
    };
    let (mut ids, mut mask) = (Vec::new(), Vec::new());
    for length in lengths {
        for token in 0..tokens {
            ids.push(if token < length {
                1 + draw.below(VOCABULARY - 1) as u32
            } else {
                0
            });
            mask.push(f32::from(u8::from(token < length)));
        }
    }
    let targets: Vec<f32> = (0..ROWS * CLASSES).map(|_| draw.unit() as f32).collect();
    let targets = Tensor::from_vec(targets, (ROWS, CLASSES), &Device::Cpu)?;
    let targets = targets.broadcast_div(&targets.sum_keepdim(1)?)?;
    let ids = Tensor::from_vec(ids, (ROWS, tokens), &Device::Cpu)?;
    let mask = Tensor::from_vec(mask, (ROWS, tokens), &Device::Cpu)?;
    Ok((
        TokenBatch {
            ids,
            types: None,
            mask,
        },
        targets,
    ))
}

fn plan(step: u64) -> Result<MixPlan> {
    let mut draw = Stream::new(step, Purpose::Partner, 0);
    let partner = draw.permutation(ROWS);
    let weight: Vec<f64> = (0..ROWS).map(|_| draw.unit()).collect();
    let pairs = Pairs::new((0..ROWS as u32).collect(), partner, weight.clone(), weight)?;
    Ok(MixPlan {
        site: Site::Hidden(1),
        pairs,
        blend: Blend::Linear,
        residue: None,
        loaded: Vec::new(),
    })
}

fn median_step(config: &EncoderConfig, steps: u64, padded: bool, mixes: bool) -> Result<f64> {
    let weights = Weights::new(0, &Device::Cpu);
    let model = Encoder::load(&weights, config, Pooling::Mean, CLASSES, Start::Random)?;
    let parameters = weights.parameters();
    let settings = AdamWSettings {
        clip: None,
        ..AdamWSettings::default()
    };
    let mut optimiser = AdamW::new(parameters.clone(), settings)?;
    let mut times = Vec::new();
    for step in 0..steps + 2 {
        let (input, targets) = batch(if padded { step } else { 0 }, padded)?;
        let plan = mixes.then(|| plan(step)).transpose()?;
        let start = Instant::now();
        let logits = model.forward(&input, &mut MixTap::new(plan.as_ref()))?;
        let targets = plan
            .as_ref()
            .map_or(Ok(targets.clone()), |p| mix_targets(&targets, &p.pairs))?;
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
    let mixes = !arguments.iter().any(|a| a == "mix=none");
    let only = arguments
        .iter()
        .find(|a| a.parse::<u64>().is_err() && *a != "mix=none");
    let mut results = serde_json::Map::new();
    for (blocks, width, heads) in [(2, 128, 2), (3, 384, 12)] {
        for padded in [false, true] {
            let name = format!(
                "{blocks}x{width}{}",
                if padded { " padded to the longest" } else { "" }
            );
            if only.is_none_or(|only| name.contains(only.as_str())) {
                let time = median_step(&config(blocks, width, heads)?, steps, padded, mixes)?;
                results.insert(name, time.into());
            }
        }
    }
    results.extend(peak().map(|mb| ("peak MB".to_string(), mb.into())));
    println!("{}", serde_json::Value::Object(results));
    Ok(())
}
