//! How long mixing takes, beside a plain copy of the same bytes with the same number of threads.
//!
//! `cargo bench --bench mix` measures each on its own with criterion. `cargo bench --bench mix -- --alternate` takes
//! turns instead, which a busy machine disturbs less, and prints one JSON object of milliseconds (the median and the
//! fastest of the rounds) in the form of `benches/peers/mix.py`. Set `RAYON_NUM_THREADS=2` to compare with it.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::Result;
use candle_core::{Device, Tensor};
use candle_mixup::random::{Purpose, Stream};
use candle_mixup::schedule::BoxRule;
use candle_mixup::{Blend, Boxes, Frame, Pairs, Pixel, cut_in_place, mix, mix_in_place};
use criterion::Criterion;
use rayon::prelude::*;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const IMAGES: [usize; 4] = [256, 3, 224, 224];
const TOKENS: [usize; 3] = [32, 128, 768];
const ROUNDS: usize = 25;

/// A piece of work, by its name.
type Contender = (&'static str, Box<dyn FnMut()>);

fn main() -> Result<()> {
    if std::env::args().any(|argument| argument == "--alternate") {
        return alternate();
    }
    let mut criterion = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_secs(1))
        .configure_from_args();
    for (shape, contenders) in groups()? {
        let mut group = criterion.benchmark_group(shape);
        for (name, mut work) in contenders {
            group.bench_function(name, |bencher| bencher.iter(&mut work));
        }
        group.finish();
    }
    criterion.final_summary();
    Ok(())
}

/// All contenders of a shape in turn, `ROUNDS` times.
fn alternate() -> Result<()> {
    let mut all = BTreeMap::new();
    for (shape, mut contenders) in groups()? {
        let mut times = vec![Vec::new(); contenders.len()];
        for _ in 0..ROUNDS {
            for ((_, work), times) in contenders.iter_mut().zip(&mut times) {
                let start = Instant::now();
                work();
                times.push(1e3 * start.elapsed().as_secs_f64());
            }
        }
        let names = contenders.iter().map(|(name, _)| *name);
        let summary: BTreeMap<&str, [f64; 2]> = names.zip(times.into_iter().map(summary)).collect();
        all.insert(shape, summary);
    }
    println!("{}", serde_json::to_string_pretty(&all)?);
    Ok(())
}

/// The median and the fastest.
fn summary(mut times: Vec<f64>) -> [f64; 2] {
    times.sort_by(f64::total_cmp);
    [times[times.len() / 2], times[0]]
}

/// Contenders by shape.
fn groups() -> Result<[(&'static str, Vec<Contender>); 3]> {
    let images = IMAGES.iter().product::<usize>();
    let bytes = (0..images).map(|i| (i % 251) as u8).collect::<Vec<u8>>();
    let floats = bytes.iter().map(|&b| f32::from(b) / 251.0).collect();
    let mut f32_images = images_of(floats)?;
    f32_images.extend(fresh("mix, fresh output", &IMAGES)?);
    let mut tokens = buffer(values(&TOKENS), TOKENS[0])?;
    tokens.extend(fresh("mix, fresh output", &TOKENS)?);
    tokens.extend(backward(&TOKENS)?);
    Ok([
        ("f32 [256,3,224,224]", f32_images),
        ("u8 [256,3,224,224]", images_of(bytes)?),
        ("f32 [32,128,768]", tokens),
    ])
}

fn values(shape: &[usize]) -> Vec<f32> {
    let count = shape.iter().product::<usize>();
    (0..count).map(|i| (i % 251) as f32 / 251.0).collect()
}

/// Each row with another one and a weight of its own.
fn pairs(n: usize) -> Result<Pairs> {
    let partner = Stream::new(0, Purpose::Partner, 0).permutation(n);
    let mut stream = Stream::new(0, Purpose::Weight, 0);
    let weight: Vec<f64> = (0..n).map(|_| stream.unit()).collect();
    Ok(Pairs::new(
        (0..n as u32).collect(),
        partner,
        weight.clone(),
        weight,
    )?)
}

/// Mixing a buffer in place, and copying it to another one that exists.
fn buffer<P: Pixel + 'static>(values: Vec<P>, rows: usize) -> Result<Vec<Contender>> {
    let pairs = pairs(rows)?;
    let width = values.len() / rows;
    let (mut mixed, mut copy) = (values.clone(), values.clone());
    let in_place = move || {
        mix_in_place(&mut mixed, width, &pairs).expect("a permutation");
        black_box(&mixed);
    };
    let chunk = values.len().div_ceil(rayon::current_num_threads());
    let memcpy = move || {
        copy.par_chunks_mut(chunk)
            .zip(values.par_chunks(chunk))
            .for_each(|(to, from)| to.copy_from_slice(from));
        black_box(&copy);
    };
    Ok(vec![
        ("mix_in_place", Box::new(in_place)),
        ("memcpy", Box::new(memcpy)),
    ])
}

/// The same for images, and CutMix with a box for each: at λ = 0.5, so that half of the pixels are asked for and less is
/// left after clipping.
fn images_of<P: Pixel + 'static>(values: Vec<P>) -> Result<Vec<Contender>> {
    let [n, channels, height, width] = IMAGES;
    let frame = Frame { height, width };
    let mut stream = Stream::new(0, Purpose::Box, 0);
    let mut draw = || {
        let centre = [stream.below(height), stream.below(width)];
        BoxRule::around(0.5, frame, centre)
    };
    let boxes = Boxes::new(frame, (0..n).map(|_| draw()).collect())?;
    let kept: Vec<f64> = (0..n).map(|r| boxes.kept(r)).collect();
    let partner = Stream::new(0, Purpose::Partner, 0).permutation(n);
    let pairs = Pairs::new((0..n as u32).collect(), partner, kept.clone(), kept)?;
    let mut cut = values.clone();
    let in_place = move || {
        cut_in_place(&mut cut, channels, &pairs, &boxes).expect("a permutation");
        black_box(&cut);
    };
    let mut contenders = buffer(values, n)?;
    contenders.push(("cut_in_place", Box::new(in_place)));
    Ok(contenders)
}

/// Mixing a tensor into a new one.
fn fresh(name: &'static str, shape: &[usize]) -> Result<Option<Contender>> {
    let pairs = pairs(shape[0])?;
    let x = Tensor::from_vec(values(shape), shape, &Device::Cpu)?;
    let work = move || {
        black_box(mix(&x, &pairs, &Blend::Linear).expect("rows exist"));
    };
    Ok(Some((name, Box::new(work))))
}

/// Mixing a tensor and taking the gradient of a sum over it.
fn backward(shape: &[usize]) -> Result<Option<Contender>> {
    let pairs = pairs(shape[0])?;
    let x = Tensor::from_vec(values(shape), shape, &Device::Cpu)?;
    let x = candle_core::Var::from_tensor(&x)?;
    let work = move || {
        let mixed = mix(&x, &pairs, &Blend::Linear).expect("rows exist");
        black_box(mixed.backward().expect("a gradient"));
    };
    Ok(Some(("mix, with backward", Box::new(work))))
}
