//! The loss of tokens: by hand, linear in the targets, and deaf to tokens that carry no tag.

use candle_core::{Device, Tensor, Var};
use candle_mixup::train::{Labels, TaggedRow, TaggedWord, TargetKind};
use candle_mixup::{Error, Loss, Pairs, Result, mix_targets};

const ROWS: usize = 2;
const TOKENS: usize = 3;
const TAGS: usize = 5;

/// Tags by token; `None` carries none.
const CARRIED: [[Option<u32>; TOKENS]; ROWS] = [[None, Some(1), Some(0)], [Some(4), None, None]];

fn labels() -> Result<Labels> {
    let row = |tags: &[Option<u32>]| {
        let words = (0..).zip(tags).filter_map(|(token, tag)| {
            let tokens = token..token + 1;
            tag.map(|tag| TaggedWord { tag, tokens })
        });
        TaggedRow {
            tokens: tags.len(),
            words: words.collect(),
        }
    };
    Labels::tagged(CARRIED.iter().map(|tags| row(tags)).collect(), TAGS)
}

fn targets() -> Result<Tensor> {
    labels()?.batch(&[0, 1], &Device::Cpu)
}

fn logits() -> Vec<f32> {
    (0..ROWS * TOKENS * TAGS)
        .map(|i| ((i * 29) % 17) as f32 / 4.0 - 2.0)
        .collect()
}

/// The loss and its gradient in the logits.
fn loss(logits: Vec<f32>, targets: &Tensor) -> Result<(f32, Vec<f32>)> {
    let shape = (ROWS, TOKENS, TAGS);
    let logits = Var::from_tensor(&Tensor::from_vec(logits, shape, &Device::Cpu)?)?;
    let loss = Loss::CrossEntropy.of_tokens(&logits, &targets.reshape(shape)?, None)?;
    let gradients = loss.backward()?;
    let gradient = gradients.get(&logits).expect("it reaches the logits");
    Ok((loss.to_scalar()?, gradient.flatten_all()?.to_vec1()?))
}

/// −ln p of a tag at a token.
fn surprise(logits: &[f32], row: usize, token: usize, tag: u32) -> f64 {
    let z = &logits[(row * TOKENS + token) * TAGS..][..TAGS];
    let sum: f64 = z.iter().map(|&z| f64::from(z).exp()).sum();
    sum.ln() - f64::from(z[tag as usize])
}

#[test]
fn it_is_the_mean_over_the_tokens_that_carry_a_tag() -> Result<()> {
    let z = logits();
    let by_hand = [(0, 1, 1), (0, 2, 0), (1, 0, 4)].map(|(r, t, tag)| surprise(&z, r, t, tag));
    let (value, gradient) = loss(z, &targets()?)?;
    let expected = by_hand.iter().sum::<f64>() / 3.0;
    assert!(
        (f64::from(value) - expected).abs() < 1e-6,
        "{value} {expected}"
    );
    for (row, token) in [(0, 1), (0, 2), (1, 0)] {
        let slopes = &gradient[(row * TOKENS + token) * TAGS..][..TAGS];
        assert!(slopes.iter().all(|g| *g != 0.0), "{slopes:?}");
        assert!(slopes.iter().sum::<f32>().abs() < 1e-6);
    }
    Ok(())
}

#[test]
fn tokens_without_a_tag_change_nothing_whatever_their_logits() -> Result<()> {
    let plain = loss(logits(), &targets()?)?;
    assert!(plain.0 > 0.0);
    for wild in [1e30, -50.0, f32::INFINITY, f32::NEG_INFINITY, f32::NAN] {
        let mut z = logits();
        for (token, tag) in CARRIED.iter().flatten().enumerate() {
            if tag.is_none() {
                z[token * TAGS + 1..][..2].fill(wild);
            }
        }
        let (value, gradient) = loss(z, &targets()?)?;
        assert_eq!(value.to_bits(), plain.0.to_bits(), "{wild}");
        let bits = |g: &[f32]| g.iter().map(|g| g.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&gradient), bits(&plain.1), "{wild}");
        let silent = CARRIED.iter().flatten().zip(gradient.chunks(TAGS));
        for (_, slopes) in silent.filter(|(tag, _)| tag.is_none()) {
            assert!(slopes.iter().all(|g| *g == 0.0));
        }
    }
    Ok(())
}

#[test]
fn padding_is_a_token_without_a_tag() -> Result<()> {
    let short = TaggedRow {
        tokens: 1,
        words: vec![TaggedWord {
            tag: 2,
            tokens: 0..1,
        }],
    };
    let long = TaggedRow {
        tokens: 3,
        words: vec![TaggedWord {
            tag: 1,
            tokens: 1..3,
        }],
    };
    let labels = Labels::tagged(vec![short, long], TAGS)?;
    assert_eq!(labels.kind(), TargetKind::Tags);
    let all = labels.gather(&[0, 1]);
    let mut expected = vec![0.0; 2 * 3 * TAGS];
    expected[2] = 1.0;
    expected[(3 + 1) * TAGS + 1] = 1.0;
    assert_eq!(all, expected);
    assert_eq!(labels.gather(&[0]).len(), TAGS, "alone it has no padding");
    assert_eq!(labels.counts(&[0, 1]), [0.0, 1.0, 1.0, 0.0, 0.0]);
    Ok(())
}

#[test]
fn mixed_targets_are_mixed_token_by_token_and_weigh_their_mass() -> Result<()> {
    let weights = [0.75, 0.25];
    let pairs = Pairs::new(vec![0, 1], vec![1, 0], weights.to_vec(), weights.to_vec())?;
    let mixed = mix_targets(&targets()?, &pairs)?;
    let got = mixed.flatten_all()?.to_vec1::<f32>()?;
    let own = targets()?.flatten_all()?.to_vec1::<f32>()?;
    let width = TOKENS * TAGS;
    for row in 0..ROWS {
        for cell in 0..width {
            let w = weights[row] as f32;
            let expected = w * own[row * width + cell] + (1.0 - w) * own[(1 - row) * width + cell];
            assert_eq!(got[row * width + cell], expected);
        }
    }
    // Σ of the two rows' surprises by label weight, over the mass 3.
    let z = logits();
    let of = |row: usize, source: usize| -> f64 {
        let tags = CARRIED[source].iter().enumerate();
        tags.filter_map(|(t, tag)| tag.map(|tag| surprise(&z, row, t, tag)))
            .sum()
    };
    let sum = (0..ROWS).map(|r| weights[r] * of(r, r) + (1.0 - weights[r]) * of(r, 1 - r));
    // Row 0 weighs 0.75·2 + 0.25·1, row 1 0.25·1 + 0.75·2.
    let expected = sum.sum::<f64>() / 3.5;
    let (value, _) = loss(z.clone(), &mixed)?;
    assert!(
        (f64::from(value) - expected).abs() < 1e-6,
        "{value} {expected}"
    );
    // λ = 1 is the plain batch, bit for bit.
    let one = Pairs::new(vec![0, 1], vec![1, 0], vec![1.0; 2], vec![1.0; 2])?;
    let same = loss(z.clone(), &mix_targets(&targets()?, &one)?)?;
    assert_eq!(same, loss(z, &targets()?)?);
    Ok(())
}

#[test]
fn what_does_not_fit_is_refused() -> Result<()> {
    let zeros = |shape: &[usize]| Tensor::zeros(shape, candle_core::DType::F32, &Device::Cpu);
    let words = |loss: Loss, z: &[usize], t: &[usize]| -> Result<String> {
        let error = loss.of_tokens(&zeros(z)?, &zeros(t)?, None);
        Ok(error.expect_err("does not fit").to_string())
    };
    assert_eq!(
        words(Loss::CrossEntropy, &[2, 5], &[2, 5])?,
        "logits: expected [rows, tokens, tags], none of them 0, got [2, 5]"
    );
    assert_eq!(
        words(Loss::CrossEntropy, &[2, 3, 5], &[2, 4, 5])?,
        "targets: expected [2, 3, 5] as the logits, got [2, 4, 5]"
    );
    let squared = words(Loss::SquaredError, &[2, 3, 5], &[2, 3, 5])?;
    assert_eq!(
        squared,
        "this loss does not take tokens; they have cross-entropy"
    );
    // Without any mass there is nothing to lose.
    let (nothing, gradient) = loss(logits(), &zeros(&[ROWS, TOKENS, TAGS])?)?;
    assert_eq!((nothing, gradient), (0.0, vec![0.0; ROWS * TOKENS * TAGS]));
    Ok(())
}

#[test]
fn labels_that_cannot_be_are_refused() {
    let words = |tags: &[(u32, std::ops::Range<u32>)]| {
        let word = |(tag, tokens): &(u32, std::ops::Range<u32>)| TaggedWord {
            tag: *tag,
            tokens: tokens.clone(),
        };
        let row = TaggedRow {
            tokens: 3,
            words: tags.iter().map(word).collect(),
        };
        let error = Labels::tagged(vec![TaggedRow::default(), row], TAGS);
        error.expect_err("cannot be").to_string()
    };
    let of = |what: &str| format!("{what} of row 1: expected ");
    assert_eq!(words(&[(5, 0..1)]), of("a tag") + "below 5 tags, got 5");
    assert_eq!(words(&[(1, 2..4)]), of("a token") + "below 3 tokens, got 3");
    let twice = words(&[(1, 0..2), (0, 1..2)]);
    assert_eq!(twice, of("a token") + "of one word alone, got 1");
    let error = Labels::new(TargetKind::Tags, vec![0.0; 5], 5).expect_err("no rows of tags");
    assert!(matches!(error, Error::Conflict(_)), "{error}");
}
