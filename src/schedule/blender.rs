//! Blends ready to draw from: what λ becomes for each row.

use std::ops::Range;
use std::sync::Arc;

use super::blend_rule::HiddenLabel;
use super::box_rule::BoxRule;
use super::features::Features;
use super::span_rule::SpanRule;
use crate::error::Result;
use crate::plan::{Basis, Blend, Boxes, ColumnMask, Frame, PixelBox, Principal, Site, Span, Spans};
use crate::random::{Purpose, Stream};

/// A checked blend rule that is none of several.
#[derive(Debug, Clone)]
pub(super) enum Blender {
    Linear,
    Box {
        rule: BoxRule,
        frame: Frame,
    },
    Columns,
    FeatureMask,
    HiddenMask(HiddenLabel),
    Principal {
        /// The first directions, which are mixed.
        basis: Arc<Basis>,
        /// The variance along all directions, mixed or not.
        total: f64,
        swap: bool,
    },
    Span(SpanRule),
}

/// The rows to blend.
pub(super) struct Blended<'a> {
    /// λ as drawn, for each mixed row.
    pub lambda: &'a [f64],
    /// Which of them stay plain all the same.
    pub plain: &'a [bool],
    /// Plain rows that go before them.
    pub lead: usize,
    /// For each mixed row the first that shares its λ.
    pub leaders: &'a [usize],
    pub site: Site,
    pub features: Option<&'a Features>,
    /// For each mixed row where its texts' tokens stand and where its partner's; none where the blend does not ask.
    pub texts: Vec<Texts<'a>>,
}

/// Where the tokens of a row's texts stand.
pub(super) type Stretches<'a> = &'a [Range<usize>];

/// Those of a row and of its partner; `None` for a row that is its own.
pub(super) type Texts<'a> = Option<(Stretches<'a>, Stretches<'a>)>;

/// The weights of the mixed rows, and how all rows are blended.
pub(super) struct Shares {
    pub weight: Vec<f64>,
    pub label: Vec<f64>,
    pub blend: Blend,
}

impl Blender {
    /// The fewest directions that reach `share` of the variance, at least one.
    pub fn principal(basis: &Basis, share: f64, swap: bool) -> Self {
        let total: f64 = basis.variances.iter().sum();
        let mut reached = 0.0;
        let short = basis.variances.iter().position(|variance| {
            reached += variance;
            reached >= share * total
        });
        Self::Principal {
            basis: Arc::new(basis.first(short.map_or(basis.count(), |last| last + 1))),
            total,
            swap,
        }
    }

    /// What its draws are for.
    pub fn purpose(&self) -> Purpose {
        match self {
            Self::Box { .. } => Purpose::Box,
            Self::Span(_) => Purpose::Span,
            _ => Purpose::Mask,
        }
    }

    /// Every row draws, plain or not, so that a toss moves no mask and no box. `streams(0)` is the batch's stream; spans,
    /// which take as many draws as texts need, have one for each row r, `streams(r + 1)`.
    pub fn draw(&self, rows: &Blended<'_>, streams: impl Fn(u64) -> Stream) -> Result<Shares> {
        let stream = &mut streams(0);
        match self {
            Self::Span(rule) => rows.spanned(*rule, streams),
            Self::Box { rule, frame } => rows.boxed(*rule, *frame, stream),
            Self::Principal {
                basis, swap: false, ..
            } => {
                let (basis, own) = (basis.clone(), None);
                Ok(rows.linear(Blend::Principal(Principal { basis, own })))
            }
            Self::Principal { basis, total, .. } => {
                let swapped = |lambda: f64, bits: &mut [bool]| {
                    toss(lambda, bits, stream);
                    let kept = kept_variance(bits, basis, *total);
                    (kept, kept)
                };
                let (weight, label, own) = rows.masked(vec![1; basis.count()], swapped)?;
                let (basis, own) = (basis.clone(), Some(own));
                let blend = Blend::Principal(Principal { basis, own });
                Ok(Shares {
                    weight,
                    label,
                    blend,
                })
            }
            _ => match rows.features {
                Some(features) if !matches!(self, Self::Linear) => {
                    self.mask(rows, features, stream)
                }
                _ => Ok(rows.linear(Blend::Linear)),
            },
        }
    }

    fn mask(&self, rows: &Blended<'_>, features: &Features, stream: &mut Stream) -> Result<Shares> {
        let segments = match self {
            Self::HiddenMask(_) => vec![1; features.token_width],
            _ => features.segments(rows.site),
        };
        let mut places: Vec<usize> = Vec::new();
        let draw = |lambda: f64, bits: &mut [bool]| match self {
            Self::FeatureMask => {
                toss(lambda, bits, stream);
                (share(bits), kept_information(bits, &features.information))
            }
            Self::HiddenMask(label) => {
                toss(lambda, bits, stream);
                let kept = share(bits);
                match label {
                    HiddenLabel::Drawn => (kept, lambda),
                    HiddenLabel::Realised => (kept, kept),
                }
            }
            _ => {
                let kept = cut(lambda, bits, &mut places, stream);
                (kept, kept)
            }
        };
        let (weight, label, mask) = rows.masked(segments, draw)?;
        let blend = Blend::Columns(mask);
        Ok(Shares {
            weight,
            label,
            blend,
        })
    }
}

impl Blended<'_> {
    /// Weights that are λ itself.
    fn linear(&self, blend: Blend) -> Shares {
        let rows = self.lambda.iter().zip(self.plain);
        let weight: Vec<f64> = rows
            .map(|(&lambda, &plain)| if plain { 1.0 } else { lambda })
            .collect();
        let label = weight.clone();
        Shares {
            weight,
            label,
            blend,
        }
    }

    /// Weights and boxes; rows that share λ share the box.
    fn boxed(&self, rule: BoxRule, frame: Frame, stream: &mut Stream) -> Result<Shares> {
        let mut drawn: Vec<PixelBox> = Vec::with_capacity(self.lambda.len());
        for (r, &leader) in self.leaders.iter().enumerate() {
            let first = (leader == r).then(|| rule.draw(self.lambda[r], frame, stream));
            drawn.push(first.unwrap_or_else(|| drawn[leader]));
        }
        for b in drawn
            .iter_mut()
            .zip(self.plain)
            .filter(|(_, plain)| **plain)
        {
            *b.0 = PixelBox::default();
        }
        let before = vec![PixelBox::default(); self.lead];
        let boxes = Boxes::new(frame, [before, drawn].concat())?;
        let weight: Vec<f64> = (self.lead..boxes.len()).map(|r| boxes.kept(r)).collect();
        let label = match rule.corrected {
            true => weight.clone(),
            false => self.linear(Blend::Linear).label,
        };
        Ok(Shares {
            weight,
            label,
            blend: Blend::Box(boxes),
        })
    }

    /// Weights and spans.
    fn spanned(&self, rule: SpanRule, streams: impl Fn(u64) -> Stream) -> Result<Shares> {
        let mut all: Vec<Vec<Span>> = vec![Vec::new(); self.lead];
        let mut weight = Vec::with_capacity(self.lambda.len());
        for (r, texts) in self.texts.iter().enumerate() {
            let Some((own, partner)) = texts.filter(|_| !self.plain[r]) else {
                all.push(Vec::new());
                weight.push(1.0);
                continue;
            };
            let spans = rule.draw(own, partner, &mut streams(r as u64 + 1));
            weight.push(kept_tokens(&spans, own));
            all.push(spans);
        }
        Ok(Shares {
            label: weight.clone(),
            weight,
            blend: Blend::Span(Spans::new(all)?),
        })
    }

    /// Weights and masks from `draw`, which sets the bits of a row, all true before, and says its two weights.
    fn masked(
        &self,
        segments: Vec<usize>,
        mut draw: impl FnMut(f64, &mut [bool]) -> (f64, f64),
    ) -> Result<(Vec<f64>, Vec<f64>, ColumnMask)> {
        let (count, n) = (segments.len(), self.lambda.len());
        let mut bits = vec![true; (self.lead + n) * count];
        let (mut weight, mut label) = (vec![1.0; n], vec![1.0; n]);
        let rows = bits[self.lead * count..].chunks_exact_mut(count);
        for (r, bits) in rows.enumerate() {
            let drawn = draw(self.lambda[r], bits);
            if self.plain[r] {
                bits.fill(true);
            } else {
                (weight[r], label[r]) = drawn;
            }
        }
        Ok((weight, label, ColumnMask::new(segments, bits)?))
    }
}

/// Keeps each bit with probability λ.
fn toss(lambda: f64, bits: &mut [bool], stream: &mut Stream) {
    bits.fill_with(|| stream.unit() < lambda);
}

/// Takes max(1, ⌊F·(1 − λ)⌋) of the F bits away, uniformly without replacement, and none at λ = 1; the share kept.
fn cut(lambda: f64, bits: &mut [bool], places: &mut Vec<usize>, stream: &mut Stream) -> f64 {
    let features = bits.len();
    if lambda == 1.0 {
        return 1.0;
    }
    let count = ((features as f64 * (1.0 - lambda)).floor() as usize).max(1);
    places.clear();
    places.extend(0..features);
    for k in 0..count {
        places.swap(k, k + stream.below(features - k));
        bits[places[k]] = false;
    }
    1.0 - count as f64 / features as f64
}

/// 1 − w/n; 1 for a row without tokens.
fn kept_tokens(spans: &[Span], own: &[Range<usize>]) -> f64 {
    let taken: u32 = spans.iter().map(|span| span.width).sum();
    match own.iter().map(Range::len).sum::<usize>() {
        0 => 1.0,
        tokens => 1.0 - f64::from(taken) / tokens as f64,
    }
}

fn share(bits: &[bool]) -> f64 {
    bits.iter().filter(|&&own| own).count() as f64 / bits.len() as f64
}

fn kept_information(bits: &[bool], information: &[f64]) -> f64 {
    match kept(bits, information) / information.iter().sum::<f64>() {
        label if label.is_finite() => label.min(1.0),
        // No feature says anything of the target.
        _ => share(bits),
    }
}

/// The share of all variance that lies along kept or unmixed directions.
fn kept_variance(bits: &[bool], basis: &Basis, total: f64) -> f64 {
    let swapped: Vec<bool> = bits.iter().map(|own| !own).collect();
    match kept(&swapped, &basis.variances) / total {
        swapped if swapped.is_finite() => (1.0 - swapped).max(0.0),
        _ => share(bits),
    }
}

fn kept(bits: &[bool], amounts: &[f64]) -> f64 {
    let kept = bits.iter().zip(amounts).filter(|(own, _)| **own);
    kept.map(|(_, amount)| amount).sum()
}
