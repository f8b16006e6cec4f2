//! Leaving padding out changes nothing that counts: same values, same gradients, same dropout.

use std::path::Path;
use std::sync::Arc;

use candle_core::{DType, Device, Tensor, Var};
use candle_mixup::nn::{LayerNorm, Packing, Weights, backward};
use candle_mixup::random::{Purpose, Stream};
use candle_mixup::text::{Encoder, EncoderConfig, Pooling, Start, TokenBatch, encoder_weights};
use candle_mixup::{Blend, DropoutKeys, Flow, MixPlan, MixTap, Pairs, Result, Site, Tap, Tapped};

const LENGTHS: [usize; 5] = [3, 7, 1, 0, 5];
const TOKENS: usize = 7;

fn draw(shape: &[usize], seed: u64) -> Result<Tensor> {
    let mut stream = Stream::new(seed, Purpose::Init, 0);
    let values: Vec<f32> = (0..shape.iter().product())
        .map(|_| stream.unit() as f32 - 0.5)
        .collect();
    Ok(Tensor::from_vec(values, shape, &Device::Cpu)?)
}

fn flat(x: &Tensor) -> Vec<f32> {
    x.to_dtype(DType::F32)
        .and_then(|x| x.flatten_all()?.to_vec1())
        .expect("numbers")
}

#[test]
fn packing_keeps_the_leading_positions_and_unpacking_puts_them_back() -> Result<()> {
    let x = draw(&[5, TOKENS, 4], 1)?;
    let packing = Packing::new(&LENGTHS, TOKENS)?;
    assert!(!packing.is_full() && Packing::new(&[9; 5], TOKENS)?.is_full());
    let packed = packing.pack(&x)?;
    assert_eq!(packed.dims(), [16, 4]);
    let (x, back) = (flat(&x), flat(&packing.unpack(&packed)?));
    for (row, length) in LENGTHS.into_iter().enumerate() {
        for token in 0..TOKENS {
            for c in 0..4 {
                let i = (row * TOKENS + token) * 4 + c;
                assert_eq!(back[i], if token < length { x[i] } else { 0.0 });
            }
        }
    }
    assert!(
        packing.pack(&draw(&[5, 6, 4], 1)?).is_err()
            && packing.unpack(&draw(&[15, 4], 1)?).is_err()
    );
    Ok(())
}

#[test]
fn both_directions_have_the_gradient_of_the_composed_form() -> Result<()> {
    let packing = Packing::new(&LENGTHS, TOKENS)?;
    for dtype in [DType::F32, DType::F64] {
        let x = Var::from_tensor(&draw(&[5, TOKENS, 4], 2)?.to_dtype(dtype)?)?;
        let factors = draw(&[16, 4], 3)?.to_dtype(dtype)?;
        let again = draw(&[5, TOKENS, 4], 4)?.to_dtype(dtype)?;
        let inner = (packing.pack(&x)? * &factors)?;
        let loss = (packing.unpack(&inner)? * &again)?.sum_all()?;
        let gradient = loss.backward()?.remove(&x).expect("reached");
        let kept = packing.unpack(&(packing.pack(&again)? * factors)?)?;
        assert_eq!(flat(&gradient), flat(&kept), "{dtype:?}");
    }
    Ok(())
}

#[test]
fn dropout_hits_the_same_values_whatever_is_left_out() -> Result<()> {
    let weights = Weights::new(0, &Device::Cpu);
    let norm = LayerNorm::load(&weights.scope(), 6, 1e-12)?;
    let (x, residual) = (draw(&[5, TOKENS, 6], 5)?, draw(&[5, TOKENS, 6], 6)?);
    let packing = Packing::new(&LENGTHS, TOKENS)?;
    let padded = norm.forward_residual(&x, &residual, 0.3, Some(77))?;
    let packed = norm.forward_packed(
        &packing.pack(&x)?,
        &packing.pack(&residual)?,
        0.3,
        Some(77),
        &packing,
    )?;
    assert_eq!(flat(&packing.pack(&padded)?), flat(&packed));
    let (x, residual) = (x.to_dtype(DType::F64)?, residual.to_dtype(DType::F64)?);
    let double = LayerNorm::new(
        Tensor::ones(6, DType::F64, &Device::Cpu)?,
        Tensor::zeros(6, DType::F64, &Device::Cpu)?,
        1e-12,
    );
    let composed = double.forward_packed(
        &packing.pack(&x)?,
        &packing.pack(&residual)?,
        0.3,
        Some(77),
        &packing,
    )?;
    for (a, b) in flat(&packed).iter().zip(flat(&composed)) {
        assert!((a - b).abs() < 1e-5, "{a} {b}");
    }
    Ok(())
}

/// A mixing tap that hides its reach, so that the model computes every position.
struct Whole<'a>(MixTap<'a>);

impl Tap for Whole<'_> {
    fn at(&mut self, site: Site, flow: Flow) -> Result<Flow> {
        self.0.at(site, flow)
    }

    fn dropout(&mut self) -> Option<u64> {
        self.0.dropout()
    }
}

fn encoder(name: &str) -> Result<(Encoder, Weights)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(name);
    let config = EncoderConfig::open(folder.join("config.json"))?;
    let pretrained = encoder_weights(&folder, config.family, Start::Pretrained)?;
    let weights = Weights::new(0, &Device::Cpu).with_pretrained(Arc::new(pretrained));
    Ok((
        Encoder::load(&weights, &config, Pooling::Mean, 3, Start::Pretrained)?,
        weights,
    ))
}

fn batch() -> Result<TokenBatch> {
    let lengths = [4, 8, 3, 6];
    let (mut ids, mut mask) = (Vec::new(), Vec::new());
    for (row, length) in lengths.into_iter().enumerate() {
        for token in 0..8 {
            ids.push(if token < length {
                5 + (row * 8 + token) as u32 % 30
            } else {
                0
            });
            mask.push(f32::from(u8::from(token < length)));
        }
    }
    let (ids, mask) = (
        Tensor::from_vec(ids, (4, 8), &Device::Cpu)?,
        Tensor::from_vec(mask, (4, 8), &Device::Cpu)?,
    );
    Ok(TokenBatch {
        ids,
        types: None,
        mask,
    })
}

#[test]
fn an_encoder_gives_the_same_logits_and_gradients_with_and_without_padding() -> Result<()> {
    let sites = [
        None,
        Some(Site::Embedding),
        Some(Site::Hidden(1)),
        Some(Site::Hidden(2)),
        Some(Site::Pooled),
    ];
    for name in ["tiny-bert", "tiny-roberta", "tiny-distilbert"] {
        let (model, weights) = encoder(name)?;
        let parameters = weights.parameters();
        let batch = batch()?;
        for site in sites
            .into_iter()
            .filter(|s| s.is_none_or(|s| model.sites().contains(&s)))
        {
            let pairs = Pairs::new(
                vec![0, 1, 2, 3],
                vec![2, 0, 2, 1],
                vec![0.3; 4],
                vec![0.3; 4],
            )?;
            let plan = site.map(|site| MixPlan {
                site,
                pairs,
                blend: Blend::Linear,
                residue: None,
                loaded: vec![],
            });
            let keys = DropoutKeys::new(3, 4);
            let tap = || MixTap::new(plan.as_ref()).training(keys.clone());
            let packed = model.forward(&batch, &mut tap())?;
            let padded = model.forward(&batch, &mut Whole(tap()))?;
            for (a, b) in flat(&packed).iter().zip(flat(&padded)) {
                assert!((a - b).abs() < 2e-6, "{name}, {site:?}: {a} {b}");
            }
            let [a, b] =
                [packed, padded].map(|logits| backward(&logits.sqr()?.sum_all()?, &parameters));
            let (a, b) = (a?, b?);
            for parameter in &parameters {
                let (a, b) = (a.get(&parameter.name)?, b.get(&parameter.name)?);
                let (a, b) = (a.expect("a gradient"), b.expect("a gradient"));
                let scale = flat(&b).iter().fold(1e-3f32, |m, v| m.max(v.abs()));
                for (a, b) in flat(&a).iter().zip(flat(&b)) {
                    assert!(
                        (a - b).abs() < 2e-5 * scale,
                        "{name}, {site:?}, {}: {a} {b}",
                        parameter.name
                    );
                }
            }
        }
    }
    Ok(())
}

#[test]
fn a_row_is_needed_as_far_as_the_longest_row_it_meets() -> Result<()> {
    let pairs = Pairs::new(vec![0, 1, 2], vec![1, 1, 0], vec![0.5; 3], vec![0.5; 3])?;
    let plan = |site| MixPlan {
        site,
        pairs: pairs.clone(),
        blend: Blend::Linear,
        residue: None,
        loaded: vec![],
    };
    let lengths = [2, 9, 4];
    assert_eq!(
        MixTap::new(Some(&plan(Site::Hidden(1)))).reach(&lengths),
        Some(vec![9, 9, 4])
    );
    assert_eq!(
        MixTap::new(Some(&plan(Site::Pooled))).reach(&lengths),
        Some(lengths.to_vec())
    );
    assert_eq!(MixTap::new(None).reach(&lengths), Some(lengths.to_vec()));
    assert_eq!(MixTap::new(Some(&plan(Site::Hidden(1)))).reach(&[2]), None);
    Ok(())
}
