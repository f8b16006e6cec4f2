//! From outputs along segments to the gap and its companions.

use super::fields::{AtWeight, Linearity, SiteLinearity};
use super::interval::{bootstrap, mean_at};
use super::row_pairs::RowPairs;
use super::segments::{Segments, segments};
use super::settings::LinearitySettings;
use crate::error::{Error, Result};
use crate::plan::Site;
use crate::source::RowSource;
use crate::tap::Tapped;
use crate::train::TargetKind;

/// Measures a model, in evaluation mode, between the rows of `pairs` at the settings' sites and weights.
///
/// # Errors
/// Those of [`LinearitySettings::check`], [`Error::Data`](crate::Error::Data) for outputs that are not finite, and
/// Candle's.
pub fn linearity<M: Tapped>(
    model: &M,
    source: &impl RowSource<Input = M::Input>,
    pairs: &RowPairs,
    kind: TargetKind,
    settings: &LinearitySettings,
) -> Result<Linearity> {
    if kind == TargetKind::Tags {
        let problem = "linearity is measured of one output a row, not of tags";
        return Err(Error::Conflict(problem.into()));
    }
    let sites = settings.check(&model.sites())?;
    let measured = sites.into_iter().map(|site| {
        let found = segments(model, source, pairs, site, &settings.weights)?;
        let probabilities = probabilities(&found, kind);
        let parts = Parts {
            ends: end_distances(&found),
            probability_gaps: probabilities.as_ref().map(gaps),
            gaps: gaps(&found),
            classes: (kind == TargetKind::SingleLabel).then(|| third_class(&found)),
            probabilities: probabilities.filter(|_| kind == TargetKind::SingleLabel),
            outputs: found,
            seed: settings.seed,
        };
        Ok(parts.summed_up(site))
    });
    Ok(Linearity {
        pairs: pairs.len(),
        relation: pairs.relation(),
        fit: None,
        sites: measured.collect::<Result<_>>()?,
    })
}

/// The same segments in probabilities; `None` for numbers.
fn probabilities(logits: &Segments, kind: TargetKind) -> Option<Segments> {
    if kind == TargetKind::Regression {
        return None;
    }
    let mut values = logits.values.clone();
    for row in values.chunks_exact_mut(logits.outputs) {
        match kind {
            TargetKind::MultiLabel => row.iter_mut().for_each(|z| *z = 1.0 / (1.0 + (-*z).exp())),
            _ => softmax(row),
        }
    }
    Some(Segments {
        values,
        ..logits.clone()
    })
}

fn softmax(row: &mut [f64]) {
    let most = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    row.iter_mut().for_each(|z| *z = (*z - most).exp());
    let sum: f64 = row.iter().sum();
    row.iter_mut().for_each(|p| *p /= sum);
}

/// Numbers by pair and λ: `[pairs, 1 + weights + 1]`.
type ByWeight = Vec<Vec<f64>>;

/// The gap of every pair at every λ.
fn gaps(found: &Segments) -> ByWeight {
    let weights = found.all_weights();
    let of_pair = |pair: usize| {
        let (own, partner) = found.ends(pair);
        let gap = |(place, weight): (usize, &f64)| {
            let ends = own.iter().zip(partner);
            let line = ends.map(|(a, b)| weight * a + (1.0 - weight) * b);
            let off = found.at(pair, place).iter().zip(line);
            off.map(|(f, l)| (f - l).powi(2)).sum::<f64>().sqrt()
        };
        weights.iter().enumerate().map(gap).collect()
    };
    (0..found.len()).map(of_pair).collect()
}

/// ‖f(a) − f(b)‖ of every pair.
fn end_distances(found: &Segments) -> Vec<f64> {
    let of_pair = |pair: usize| {
        let (own, partner) = found.ends(pair);
        let off = own.iter().zip(partner).map(|(a, b)| (a - b).powi(2));
        off.sum::<f64>().sqrt()
    };
    (0..found.len()).map(of_pair).collect()
}

/// 1 where the predicted class is that of neither end, else 0.
fn third_class(found: &Segments) -> ByWeight {
    let weights = found.weights.len() + 2;
    let of_pair = |pair: usize| {
        let (own, partner) = found.ends(pair);
        let ends = [winner(own), winner(partner)];
        let third = |place| f64::from(u8::from(!ends.contains(&winner(found.at(pair, place)))));
        (0..weights).map(third).collect()
    };
    (0..found.len()).map(of_pair).collect()
}

/// The place of the largest number; of equal ones the first.
fn winner(row: &[f64]) -> usize {
    let first = |best: usize, i: usize| if row[i] > row[best] { i } else { best };
    (1..row.len()).fold(0, first)
}

/// The largest number, and how far it is from the second.
fn largest(row: &[f64]) -> (f64, f64) {
    let start = (f64::NEG_INFINITY, f64::NEG_INFINITY);
    let (first, second) = row.iter().fold(start, |(first, second), &v| {
        (first.max(v), second.max(v.min(first)))
    });
    (first, first - second)
}

/// Everything known of one site.
struct Parts {
    outputs: Segments,
    probabilities: Option<Segments>,
    gaps: ByWeight,
    probability_gaps: Option<ByWeight>,
    ends: Vec<f64>,
    classes: Option<ByWeight>,
    seed: u64,
}

impl Parts {
    fn summed_up(&self, site: Site) -> SiteLinearity {
        let gaps = inner_means(&self.gaps);
        let probability = self.probability_gaps.as_deref().map(inner_means);
        let relative = |drawn: &[u32]| mean_at(&gaps, drawn) / mean_at(&self.ends, drawn);
        let all: Vec<u32> = (0..gaps.len() as u32).collect();
        let interval =
            |values: &[f64]| bootstrap(gaps.len(), self.seed, |drawn| mean_at(values, drawn));
        let ratio = relative(&all);
        SiteLinearity {
            site,
            gap: mean(&gaps),
            gap_ci95: interval(&gaps),
            relative_gap: ratio.is_finite().then_some(ratio),
            relative_gap_ci95: bootstrap(gaps.len(), self.seed, relative),
            probability_gap: probability.as_deref().map(mean),
            probability_gap_ci95: probability.as_deref().and_then(interval),
            third_class: self
                .classes
                .as_deref()
                .map(|shares| mean(&inner_means(shares))),
            by_weight: self.by_weight(),
        }
    }

    fn by_weight(&self) -> Vec<AtWeight> {
        let weights = self.outputs.all_weights();
        let at = |(place, weight): (usize, f64)| AtWeight {
            weight,
            gap: mean_of(&self.gaps, place),
            probability_gap: self.probability_gaps.as_deref().map(|g| mean_of(g, place)),
            confidence: self
                .probabilities
                .as_ref()
                .map(|p| over_pairs(p, |pair| largest(p.at(pair, place)).0)),
            margin: self.probabilities.as_ref().and_then(|p| {
                let margin = |pair| largest(self.outputs.at(pair, place)).1;
                (p.outputs > 1).then(|| over_pairs(p, margin))
            }),
            third_class: self.classes.as_deref().map(|c| mean_of(c, place)),
        };
        weights.into_iter().enumerate().map(at).collect()
    }
}

/// Each pair's mean over the inner weights.
fn inner_means(values: &[Vec<f64>]) -> Vec<f64> {
    let inner = |row: &Vec<f64>| mean(&row[1..row.len() - 1]);
    values.iter().map(inner).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn mean_of(values: &[Vec<f64>], place: usize) -> f64 {
    values.iter().map(|row| row[place]).sum::<f64>() / values.len() as f64
}

fn over_pairs(found: &Segments, value: impl Fn(usize) -> f64) -> f64 {
    (0..found.len()).map(value).sum::<f64>() / found.len() as f64
}
