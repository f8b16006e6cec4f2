//! Mixing inside text models: union masks, weights of 0 and 1, gradients into both members, off means off.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use candle_core::{Device, Tensor};
use candle_mixup::nn::{Weights, backward};
use candle_mixup::text::{
    Cnn, CnnSettings, Encoder, EncoderConfig, Pooling, Start, TokenBatch, encoder_weights,
};
use candle_mixup::{
    Blend, DropoutKeys, Flow, MixPlan, MixTap, Pairs, RecordTap, Result, Site, Tap, Tapped,
};

type Model = Box<dyn Tapped<Input = TokenBatch>>;

fn encoder(name: &str, pooling: Pooling) -> Result<(Model, Weights)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(name);
    let config = EncoderConfig::open(folder.join("config.json"))?;
    let pretrained = encoder_weights(&folder, config.family, Start::Pretrained)?;
    let weights = Weights::new(0, &Device::Cpu).with_pretrained(Arc::new(pretrained));
    let model = Encoder::load(&weights, &config, pooling, 3, Start::Pretrained)?;
    Ok((Box::new(model), weights))
}

fn cnn() -> Result<(Model, Weights)> {
    let settings = CnnSettings {
        width: 8,
        filters: 5,
        ..CnnSettings::default()
    };
    let weights = Weights::new(0, &Device::Cpu);
    let model = Cnn::load(&weights, &settings.check(48)?, 3)?;
    Ok((Box::new(model), weights))
}

fn models() -> Result<Vec<(Model, Weights)>> {
    Ok(vec![
        encoder("tiny-bert", Pooling::Mean)?,
        encoder("tiny-bert", Pooling::Cls)?,
        encoder("tiny-roberta", Pooling::Mean)?,
        encoder("tiny-distilbert", Pooling::Mean)?,
        cnn()?,
    ])
}

const TOKENS: usize = 8;

/// Rows padded to 8 tokens; from the seventh on, where no row has a token, with `filler`.
fn batch(rows: &[&[u32]], filler: u32) -> Result<TokenBatch> {
    let (mut ids, mut mask) = (Vec::new(), Vec::new());
    for row in rows {
        for t in 0..TOKENS {
            let padding = if t < 6 { 0 } else { filler };
            ids.push(row.get(t).copied().unwrap_or(padding));
            mask.push(if t < row.len() { 1f32 } else { 0. });
        }
    }
    let shape = (rows.len(), TOKENS);
    Ok(TokenBatch {
        ids: Tensor::from_vec(ids, shape, &Device::Cpu)?,
        types: None,
        mask: Tensor::from_vec(mask, shape, &Device::Cpu)?,
    })
}

const UNEQUAL: [&[u32]; 3] = [&[5, 9, 17, 6], &[5, 33, 21, 22, 23, 6], &[5, 40, 6]];
const EQUAL: [&[u32]; 3] = [&[5, 9, 17, 6], &[5, 33, 21, 6], &[5, 40, 7, 6]];

/// Row r is mixed with row r + 1.
fn plan(site: Site, weight: f64) -> Result<MixPlan> {
    Ok(MixPlan {
        site,
        pairs: Pairs::new(
            vec![0, 1, 2],
            vec![1, 2, 0],
            vec![weight; 3],
            vec![weight; 3],
        )?,
        blend: Blend::Linear,
        residue: None,
        loaded: vec![],
    })
}

fn mixed(model: &Model, batch: &TokenBatch, plan: &MixPlan) -> Result<Vec<Vec<f32>>> {
    let mut tap = MixTap::new(Some(plan));
    let logits = model.forward(batch, &mut tap)?;
    tap.finish(&model.sites())?;
    Ok(logits.to_vec2()?)
}

fn plain(model: &Model, batch: &TokenBatch) -> Result<Vec<Vec<f32>>> {
    Ok(model.forward(batch, &mut ())?.to_vec2()?)
}

#[track_caller]
fn close(a: &[Vec<f32>], b: &[Vec<f32>], tolerance: f32) {
    assert_eq!(a.len(), b.len());
    for (a, b) in a.iter().flatten().zip(b.iter().flatten()) {
        assert!(
            (a - b).abs() <= tolerance * (1. + b.abs()),
            "{a} is not {b}"
        );
    }
}

#[test]
fn sites_are_met_once_and_in_order() -> Result<()> {
    for (model, _) in models()? {
        let mut tap = RecordTap::new(&[]);
        model.forward(&batch(&UNEQUAL, 0)?, &mut tap)?;
        let met: Vec<Site> = tap.flows().iter().map(|(site, _)| *site).collect();
        assert_eq!(met, model.sites());
        assert!(!met.contains(&Site::Input), "ids are never mixed");
        for (site, flow) in tap.flows() {
            assert_eq!(flow.mask.is_none(), *site == Site::Pooled);
        }
    }
    Ok(())
}

#[test]
fn off_is_the_plain_model_bit_for_bit() -> Result<()> {
    for (model, _) in models()? {
        let batch = batch(&UNEQUAL, 0)?;
        let logits = model
            .forward(&batch, &mut MixTap::new(None))?
            .to_vec2::<f32>()?;
        assert_eq!(logits, plain(&model, &batch)?);
    }
    Ok(())
}

#[test]
fn weights_of_one_and_zero() -> Result<()> {
    for (model, _) in models()? {
        let batch = batch(&EQUAL, 0)?;
        let plain = plain(&model, &batch)?;
        for site in model.sites() {
            assert_eq!(mixed(&model, &batch, &plan(site, 1.0)?)?, plain, "{site}");
            let partner = [plain[1].clone(), plain[2].clone(), plain[0].clone()];
            assert_eq!(mixed(&model, &batch, &plan(site, 0.0)?)?, partner, "{site}");
        }
    }
    Ok(())
}

/// Above the site a row is as long as the longer of its two members, and what stands at the padding of both is nothing.
#[test]
fn the_mask_above_the_site_is_the_union() -> Result<()> {
    for (m, (model, _)) in models()?.into_iter().enumerate() {
        for site in model.sites().into_iter().filter(|s| *s != Site::Pooled) {
            let mix = plan(site, 0.3)?;
            let got = mixed(&model, &batch(&UNEQUAL, 0)?, &mix)?;
            assert_eq!(got, mixed(&model, &batch(&UNEQUAL, 11)?, &mix)?, "{site}");
            if (m, site) == (1, Site::Hidden(2)) {
                continue; // CLS pooling after the last block looks at no mask
            }
            // with its own mask kept, row 0 (4 tokens) would not see the last two of row 1 (6 tokens)
            let mut own = KeepOwnMask(MixTap::new(Some(&mix)));
            let other = model
                .forward(&batch(&UNEQUAL, 0)?, &mut own)?
                .to_vec2::<f32>()?;
            assert_ne!(got[0], other[0], "{site}");
        }
    }
    Ok(())
}

/// The mistake of a published implementation: the first member's mask stays in force.
struct KeepOwnMask<'a>(MixTap<'a>);

impl Tap for KeepOwnMask<'_> {
    fn at(&mut self, site: Site, flow: Flow) -> Result<Flow> {
        let mask = flow.mask.clone();
        Ok(Flow {
            mask,
            ..self.0.at(site, flow)?
        })
    }
}

/// Mixing is λ·own + (1 − λ)·partner of what passes the site, in the plain pass.
#[test]
fn a_mix_equals_the_sum_put_in_by_hand() -> Result<()> {
    for (model, _) in models()? {
        let batch = batch(&EQUAL, 0)?;
        for site in model.sites() {
            let mut record = RecordTap::new(&[site]);
            model.forward(&batch, &mut record)?;
            let x = &record.flows()[0].1.x;
            let partner = x.index_select(&Tensor::new(&[1u32, 2, 0], &Device::Cpu)?, 0)?;
            let by_hand = ((x * 0.3)? + (partner * 0.7)?)?;
            let logits = model.forward(&batch, &mut PutIn(site, by_hand))?;
            close(
                &mixed(&model, &batch, &plan(site, 0.3)?)?,
                &logits.to_vec2()?,
                1e-5,
            );
        }
    }
    Ok(())
}

struct PutIn(Site, Tensor);

impl Tap for PutIn {
    fn at(&mut self, site: Site, flow: Flow) -> Result<Flow> {
        let x = if site == self.0 {
            self.1.clone()
        } else {
            flow.x
        };
        Ok(Flow { x, ..flow })
    }
}

/// Above `pooled` the model is linear, so mixing there is mixing the logits.
#[test]
fn mixing_the_pooled_vector_mixes_the_logits() -> Result<()> {
    for (model, _) in models()? {
        let batch = batch(&UNEQUAL, 0)?;
        let plain = plain(&model, &batch)?;
        let expected: Vec<Vec<f32>> = (0..3)
            .map(|r| {
                plain[r]
                    .iter()
                    .zip(&plain[(r + 1) % 3])
                    .map(|(a, b)| 0.3 * a + 0.7 * b)
                    .collect()
            })
            .collect();
        close(
            &mixed(&model, &batch, &plan(Site::Pooled, 0.3)?)?,
            &expected,
            1e-5,
        );
    }
    Ok(())
}

/// Only the partner enters the loss: the whole model below the site still learns.
#[test]
fn gradients_flow_into_the_partner() -> Result<()> {
    for (model, weights) in models()? {
        let batch = batch(&UNEQUAL, 0)?;
        for site in model.sites() {
            let one = MixPlan {
                pairs: Pairs::new(vec![0], vec![1], vec![0.0], vec![0.0])?,
                ..plan(site, 0.0)?
            };
            let logits = model.forward(&batch, &mut MixTap::new(Some(&one)))?;
            assert_eq!(logits.dims(), [1, 3], "three rows in, one out");
            let parameters = weights.parameters();
            let gradients = backward(&logits.sqr()?.sum_all()?, &parameters)?;
            let zero: BTreeSet<String> = gradients.check(&parameters, 0)?.into_iter().collect();
            // a key's bias moves all scores of a query alike, so its gradient vanishes but for rounding
            assert!(
                zero.iter()
                    .all(|n| n.contains("key") || n.contains("k_lin")),
                "{site}: {zero:?}"
            );
            let words = parameters
                .iter()
                .find(|p| p.name.contains("word") || p.name == "embedding.weight");
            let words = &words.expect("models have words").name;
            let touched = gradients.get(words)?.expect("words have a gradient");
            let touched = touched.abs()?.sum(1)?.to_vec1::<f32>()?;
            assert!(touched[33] > 0.0, "{site}: a word of the partner");
        }
    }
    Ok(())
}

#[test]
fn dropout_is_a_function_of_its_key() -> Result<()> {
    for (model, _) in models()? {
        let batch = batch(&UNEQUAL, 0)?;
        let with = |counter| -> Result<Vec<Vec<f32>>> {
            let mut tap = MixTap::new(None).training(DropoutKeys::new(3, counter));
            Ok(model.forward(&batch, &mut tap)?.to_vec2()?)
        };
        assert_eq!(with(0)?, with(0)?);
        assert_ne!(with(0)?, with(1)?);
        assert_ne!(with(0)?, plain(&model, &batch)?);
    }
    Ok(())
}
