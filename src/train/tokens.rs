//! What is particular to rows whose tokens have a target each.

use candle_core::Tensor;

use super::evaluate::{in_batches, probabilities};
use super::labels::{Labels, TargetKind};
use super::tagged::TaggedWord;
use crate::error::{Error, Result};
use crate::loss::Loss;
use crate::metrics::{ScoredWord, Scores, tagging};
use crate::source::RowSource;
use crate::tap::Tapped;
use crate::targets::smooth_by_class;

/// The plain model's logits `[tokens, outputs]` of these rows, flat and in the order of `rows`; `tokens` says which
/// tokens of a row. Rows of similar size run together.
///
/// # Errors
/// [`Error::Shape`] for a model without logits of tokens or a token that there is not, and Candle's.
pub fn token_logits<M: Tapped>(
    model: &M,
    source: &impl RowSource<Input = M::Input>,
    rows: &[u32],
    tokens: impl Fn(u32) -> Vec<u32>,
) -> Result<Vec<Vec<f32>>> {
    let mut all = vec![Vec::new(); rows.len()];
    in_batches(model, source, rows, |places, out| {
        let [_, width, outputs] = *out.dims() else {
            return Err(Error::Shape {
                what: "logits".into(),
                expected: "[rows, tokens, tags]".into(),
                got: format!("{:?}", out.dims()),
            });
        };
        let values = out.flatten_all()?.to_vec1::<f32>()?;
        for (&place, row) in places.iter().zip(values.chunks(width * outputs)) {
            for token in tokens(rows[place]) {
                let found = row.chunks(outputs).nth(token as usize);
                all[place].extend_from_slice(found.ok_or_else(|| Error::Shape {
                    what: "a token".into(),
                    expected: format!("below {width} tokens"),
                    got: token.to_string(),
                })?);
            }
        }
        Ok(())
    })?;
    Ok(all)
}

/// The scores of rows of tags: of each word that a token carries by that token, of any other as a word that was lost.
pub(super) fn tag_scores<M: Tapped>(
    model: &M,
    source: &impl RowSource<Input = M::Input>,
    labels: &Labels,
    rows: &[u32],
) -> Result<Scores> {
    let outputs = labels.outputs();
    let words = |row: u32| labels.words(row).unwrap_or(&[]);
    let carried = |row: u32| words(row).iter().filter_map(TaggedWord::carrier).collect();
    let found = token_logits(model, source, rows, carried)?;
    let shares: Vec<Vec<f32>> = found
        .iter()
        .map(|z| probabilities(z, outputs, TargetKind::Tags))
        .collect();
    let sentences = rows.iter().zip(&shares).map(|(&row, shares)| {
        let mut shares = shares.chunks(outputs);
        let word = words(row).iter().map(|word| ScoredWord {
            tag: word.tag,
            shares: word.carrier().and_then(|_| shares.next()),
        });
        word.collect::<Vec<_>>()
    });
    tagging(&sentences.collect::<Vec<_>>(), outputs)
}

/// The loss over rows, of tags over tokens.
pub(super) fn loss_of(
    loss: Loss,
    kind: TargetKind,
    (logits, targets): (&Tensor, &Tensor),
    class_weights: Option<&[f32]>,
) -> Result<Tensor> {
    match kind {
        TargetKind::Tags => {
            let targets = targets.reshape(logits.dims())?;
            loss.of_tokens(logits, &targets, class_weights)
        }
        _ => loss.of(logits, targets, class_weights),
    }
}

/// Targets of tokens with the share `s` of each token's own mass spread evenly over all tags: nothing at a token that
/// asks for nothing.
pub(super) fn smooth_tokens(mixed: &Tensor, s: f64, outputs: usize) -> Result<Tensor> {
    let tokens = mixed.reshape(((), outputs))?;
    let smoothed = smooth_by_class(&tokens, &vec![s; outputs])?;
    Ok(smoothed.reshape(mixed.dims())?)
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn smoothing_keeps_the_mass_of_every_token() -> Result<()> {
        // Two tokens of two tags: one carries a quarter of a tag, one nothing.
        let mixed = Tensor::new(&[[0f32, 0.25, 0.0, 0.0]], &Device::Cpu)?;
        let smoothed = smooth_tokens(&mixed, 0.5, 2)?.to_vec2::<f32>()?;
        assert_eq!(smoothed, [[0.0625, 0.1875, 0.0, 0.0]]);
        Ok(())
    }
}
