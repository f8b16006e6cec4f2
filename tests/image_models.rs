//! Models of images: sites and shapes, gradients, running statistics, and a training step as PyTorch makes it. The
//! reference arrays are written by `tests/data/image_model_reference.py`.

use std::collections::BTreeMap;
use std::sync::Arc;

use candle_core::{Device, Tensor};
use candle_mixup::image::{
    CnnSettings, ImageModel, ImageModelSettings, ImageShape, LinearSettings, MlpSettings,
    ResnetSettings,
};
use candle_mixup::nn::{Pretrained, Weights, backward};
use candle_mixup::{DropoutKeys, Error, Loss, MixTap, RecordTap, Result, Site, Tapped};
use serde::Deserialize;

fn shape(channels: usize, height: usize, width: usize) -> ImageShape {
    ImageShape {
        channels,
        height,
        width,
    }
}

/// cos of whole numbers, as the reference's program has it.
fn formula(key: usize, dims: &[usize], scale: f64) -> Tensor {
    let value = |i: usize| (scale * ((i + 1) as f64 * (0.7 + 0.013 * key as f64)).cos()) as f32;
    let values: Vec<f32> = (0..dims.iter().product()).map(value).collect();
    Tensor::from_vec(values, dims, &Device::Cpu).expect("a tensor")
}

fn images(rows: usize, of: ImageShape) -> Tensor {
    formula(99, &[rows, of.channels, of.height, of.width], 1.0)
}

fn flat(t: &Tensor) -> Vec<f32> {
    t.flatten_all().and_then(|t| t.to_vec1()).expect("f32")
}

fn small() -> [ImageModelSettings; 4] {
    [
        ImageModelSettings::Linear(LinearSettings {}),
        ImageModelSettings::Mlp(MlpSettings {
            hidden: vec![5, 4],
            dropout: 0.1,
            ..MlpSettings::default()
        }),
        ImageModelSettings::Cnn(CnnSettings { widths: vec![4, 6] }),
        ImageModelSettings::Resnet18(ResnetSettings { width: 2 }),
    ]
}

fn built(settings: &ImageModelSettings, of: ImageShape) -> (Weights, ImageModel) {
    let weights = Weights::new(3, &Device::Cpu);
    let model = ImageModel::load(&weights, settings, of, 3).expect("a model");
    (weights, model)
}

/// One pass that trains, its loss backwards.
fn step(weights: &Weights, model: &ImageModel, x: &Tensor) -> Result<candle_mixup::nn::Gradients> {
    let mut tap = MixTap::new(None).training(DropoutKeys::new(1, 0));
    let logits = model.forward(x, &mut tap)?;
    let targets = candle_nn::ops::softmax(&formula(98, logits.dims(), 2.0), 1)?;
    backward(
        &Loss::CrossEntropy.of(&logits, &targets, None)?,
        &weights.parameters(),
    )
}

#[test]
fn sites_show_what_each_stage_gives() -> Result<()> {
    let hidden = |count: usize| (1..=count).map(Site::Hidden);
    for of in [
        shape(1, 8, 8),
        shape(3, 9, 13),
        shape(1, 1, 1),
        shape(3, 32, 32),
        shape(1, 28, 28),
    ] {
        for (settings, stages) in small().iter().zip([0, 2, 2, 4]) {
            let (_, model) = built(settings, of);
            let sites: Vec<Site> = [Site::Input]
                .into_iter()
                .chain(hidden(stages))
                .chain([Site::Pooled])
                .collect();
            assert_eq!(model.sites(), sites);
            let mut tap = RecordTap::new(&[]);
            let logits = model.forward(&images(2, of), &mut tap)?;
            assert_eq!(logits.dims(), [2, 3]);
            let seen: Vec<Site> = tap.flows().iter().map(|(site, _)| *site).collect();
            assert_eq!(seen, sites, "each once, in forward order");
            assert_eq!(tap.flows()[0].1.x.dims(), images(2, of).dims());
            if let ImageModelSettings::Cnn(_) = settings {
                let half = |n: usize| n.div_ceil(2);
                assert_eq!(tap.flows()[1].1.x.dims(), [2, of.height, of.width, 4]);
                assert_eq!(
                    tap.flows()[2].1.x.dims(),
                    [2, half(of.height), half(of.width), 6]
                );
                assert_eq!(tap.flows()[3].1.x.dims(), [2, 6]);
            }
        }
    }
    Ok(())
}

#[test]
fn a_finite_gradient_reaches_every_parameter() -> Result<()> {
    let of = shape(3, 9, 8);
    for settings in small() {
        let (weights, model) = built(&settings, of);
        let gradients = step(&weights, &model, &images(6, of))?;
        let silent = gradients.check(&weights.parameters(), 0)?;
        assert!(silent.is_empty(), "{settings:?}: {silent:?}");
    }
    Ok(())
}

#[test]
fn evaluation_changes_nothing_and_training_moves_the_statistics() -> Result<()> {
    let of = shape(1, 8, 8);
    let x = images(5, of);
    for settings in &small()[2..] {
        let (weights, model) = built(settings, of);
        let tensors = || -> Result<BTreeMap<String, Vec<f32>>> {
            let all = weights.tensors()?;
            Ok(all.into_iter().map(|(name, t)| (name, flat(&t))).collect())
        };
        let (before, first) = (tensors()?, flat(&model.forward(&x, &mut ())?));
        assert_eq!(first, flat(&model.forward(&x, &mut ())?));
        assert_eq!(before, tensors()?);
        step(&weights, &model, &x)?;
        let after = tensors()?;
        for (name, value) in &before {
            let is_running = name.contains("running_");
            assert_eq!(after[name] != *value, is_running, "{name}");
        }
        assert!(after.keys().any(|name| name.contains("running_var")));
        assert!(
            weights
                .parameters()
                .iter()
                .all(|p| !p.name.contains("running_"))
        );
        assert_ne!(
            first,
            flat(&model.forward(&x, &mut ())?),
            "evaluation goes by them"
        );
    }
    Ok(())
}

#[test]
fn saved_weights_give_a_fresh_model_the_same_logits() -> Result<()> {
    let of = shape(3, 8, 6);
    let x = images(4, of);
    for settings in small() {
        let (weights, model) = built(&settings, of);
        step(&weights, &model, &x)?;
        let saved = Arc::new(Pretrained::from_map("saved", weights.tensors()?)?);
        let fresh = Weights::new(77, &Device::Cpu).with_pretrained(saved);
        let other = ImageModel::load(&fresh, &settings, of, 3)?;
        let logits = |model: &ImageModel| model.forward(&x, &mut ()).map(|y| flat(&y));
        assert_eq!(logits(&model)?, logits(&other)?, "{settings:?}");
    }
    Ok(())
}

#[test]
fn any_thread_count_gives_the_same_bits() -> Result<()> {
    let of = shape(3, 16, 12);
    for settings in small() {
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            pool.expect("threads").install(|| -> Result<Vec<Vec<f32>>> {
                let (weights, model) = built(&settings, of);
                let gradients = step(&weights, &model, &images(19, of))?;
                let mut optimiser =
                    candle_mixup::nn::AdamW::new(weights.parameters(), Default::default())?;
                optimiser.step(&gradients, 1e-2)?;
                Ok(weights.tensors()?.values().map(flat).collect())
            })
        };
        assert!(run(1)? == run(3)?, "{settings:?}");
    }
    Ok(())
}

#[derive(Deserialize)]
struct Reference {
    logits: Vec<f32>,
    loss: f32,
    gradients: BTreeMap<String, Vec<f32>>,
    running: BTreeMap<String, Vec<f32>>,
}

fn close(got: &[f32], expected: &[f32], what: &str) {
    assert_eq!(got.len(), expected.len(), "{what}");
    for (a, b) in got.iter().zip(expected) {
        assert!(
            (a - b).abs() <= 1e-4 * (1.0 + b.abs()),
            "{what}: {a} and not {b}"
        );
    }
}

#[test]
fn a_training_step_is_that_of_pytorch() -> Result<()> {
    let reference: Reference =
        serde_json::from_str(include_str!("data/image_model_reference.json")).expect("arrays");
    let of = shape(3, 7, 6);
    let (weights, model) = built(&small()[2], of);
    for (key, parameter) in weights.parameters().iter().enumerate() {
        let value = formula(key, parameter.var.dims(), 0.3);
        let value = match parameter.name.ends_with("norm.weight") {
            true => (value + 1.0)?,
            false => value,
        };
        parameter.var.set(&value)?;
    }
    let mut tap = MixTap::new(None).training(DropoutKeys::new(1, 0));
    let logits = model.forward(&images(5, of), &mut tap)?;
    close(&flat(&logits), &reference.logits, "logits");
    let targets = candle_nn::ops::softmax(&formula(98, &[5, 3], 2.0), 1)?;
    let loss = Loss::CrossEntropy.of(&logits, &targets, None)?;
    close(&[loss.to_scalar()?], &[reference.loss], "loss");
    let gradients = loss.backward()?;
    assert_eq!(weights.parameters().len(), reference.gradients.len());
    for parameter in weights.parameters() {
        let gradient = gradients.get(&parameter.var).expect("reached");
        close(
            &flat(gradient),
            &reference.gradients[&parameter.name],
            &parameter.name,
        );
    }
    let all = weights.tensors()?;
    for (name, expected) in &reference.running {
        close(&flat(&all[name]), expected, name);
    }
    Ok(())
}

#[test]
fn what_is_no_model_is_refused() {
    let of = shape(1, 8, 8);
    let refused = |settings: ImageModelSettings, of: ImageShape, outputs: usize| {
        let error = settings.check(of, outputs).expect_err("no model");
        assert!(matches!(error, Error::Setting { .. }), "{error}");
    };
    let cnn = |widths: Vec<usize>| ImageModelSettings::Cnn(CnnSettings { widths });
    refused(cnn(vec![]), of, 3);
    refused(cnn(vec![4, 0]), of, 3);
    refused(cnn(vec![1; 17]), of, 3);
    refused(cnn(vec![4]), of, 0);
    refused(cnn(vec![4]), shape(1, 0, 8), 3);
    let dropout = MlpSettings {
        dropout: 1.0,
        ..MlpSettings::default()
    };
    refused(ImageModelSettings::Mlp(dropout), of, 3);
    let (_, model) = built(&cnn(vec![4]), of);
    let error = model.forward(&images(2, shape(1, 8, 7)), &mut ());
    assert!(matches!(error, Err(Error::Shape { .. })));
}
