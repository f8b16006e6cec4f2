//! A model's outputs along the segments between rows.

use candle_core::DType;

use super::row_pairs::RowPairs;
use super::settings::inner;
use crate::error::{Error, Result};
use crate::pairs::Pairs;
use crate::plan::{Blend, MixPlan, Site};
use crate::source::RowSource;
use crate::tap::{MixTap, Tapped};

/// Outgoing rows of one forward pass, as near as whole pairs come to it.
const ROWS: usize = 128;

/// The outputs of f along each pair's segment: at λ = 0, at the inner weights as they were given, and at λ = 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Segments {
    /// The inner λ, without 0 and 1.
    pub weights: Vec<f64>,
    /// Outputs a row.
    pub outputs: usize,
    /// `[pairs, 1 + weights + 1, outputs]`.
    pub values: Vec<f64>,
}

impl Segments {
    /// Number of pairs.
    pub fn len(&self) -> usize {
        self.values.len() / self.stride().max(1)
    }

    /// Whether there is no pair.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// All λ: 0, the inner ones, 1.
    pub fn all_weights(&self) -> Vec<f64> {
        let ends = |end: f64| std::iter::once(end);
        let inner = self.weights.iter().copied();
        ends(0.0).chain(inner).chain(ends(1.0)).collect()
    }

    /// The outputs of a pair at the λ of that place in [`all_weights`](Self::all_weights).
    pub fn at(&self, pair: usize, place: usize) -> &[f64] {
        &self.values[pair * self.stride() + place * self.outputs..][..self.outputs]
    }

    /// The outputs at λ = 1 and λ = 0: f(own) and f(partner).
    pub fn ends(&self, pair: usize) -> (&[f64], &[f64]) {
        (self.at(pair, self.weights.len() + 1), self.at(pair, 0))
    }

    fn stride(&self) -> usize {
        (self.weights.len() + 2) * self.outputs
    }
}

/// Carries every pair through `site` once and from there on at each weight.
///
/// # Errors
/// [`Error::Setting`] unless the weights are in [0, 1] and one of them inside, [`Error::NoSite`] for a site that the model
/// lacks, [`Error::Data`] for outputs that are not finite, and Candle's.
pub fn segments<M: Tapped>(
    model: &M,
    source: &impl RowSource<Input = M::Input>,
    pairs: &RowPairs,
    site: Site,
    weights: &[f64],
) -> Result<Segments> {
    let mut found = Segments {
        weights: inner(weights)?,
        outputs: 0,
        values: Vec::new(),
    };
    let all = found.all_weights();
    for batch in batches(source, pairs, (ROWS / all.len()).max(1)) {
        let (rows, plan) = plan(pairs, &batch, site, &all)?;
        let mut tap = MixTap::new(Some(&plan));
        let out = model.forward(&source.batch(&rows)?, &mut tap)?;
        tap.finish(&model.sites())?;
        let values = out.to_dtype(DType::F64)?.flatten_all()?.to_vec1::<f64>()?;
        let stride = values.len() / batch.len();
        found.outputs = stride / all.len();
        found.values.resize(pairs.len() * stride, 0.0);
        for (&pair, values) in batch.iter().zip(values.chunks_exact(stride)) {
            found.values[pair * stride..][..stride].copy_from_slice(values);
        }
    }
    match found.values.iter().all(|v| v.is_finite()) {
        true => Ok(found),
        false => Err(Error::Data(format!(
            "the model's outputs on mixes at {site} are not finite"
        ))),
    }
}

/// Places of pairs in batches of `count`; pairs of rows of similar size run together.
pub(super) fn batches<S: RowSource>(source: &S, pairs: &RowPairs, count: usize) -> Vec<Vec<usize>> {
    let size = |pair: &usize| {
        let (own, partner) = (pairs.own()[*pair], pairs.partner()[*pair]);
        source.size(own).max(source.size(partner))
    };
    let mut order: Vec<usize> = (0..pairs.len()).collect();
    order.sort_by_key(size);
    order.chunks(count).map(<[usize]>::to_vec).collect()
}

/// The rows of some pairs, each once, and the plan that mixes them at every weight, pair by pair.
pub(super) fn plan(
    pairs: &RowPairs,
    batch: &[usize],
    site: Site,
    weights: &[f64],
) -> Result<(Vec<u32>, MixPlan)> {
    let both = batch.iter().map(|&p| [pairs.own()[p], pairs.partner()[p]]);
    let mut rows: Vec<u32> = both.clone().flatten().collect();
    rows.sort_unstable();
    rows.dedup();
    let place = |row: u32| rows.partition_point(|r| *r < row) as u32;
    let repeated = |end: usize| {
        let of_pair = |pair: [u32; 2]| std::iter::repeat_n(place(pair[end]), weights.len());
        both.clone().flat_map(of_pair).collect::<Vec<_>>()
    };
    let weight: Vec<f64> = batch.iter().flat_map(|_| weights).copied().collect();
    let pairs = Pairs::new(repeated(0), repeated(1), weight.clone(), weight)?;
    let plan = MixPlan {
        site,
        pairs,
        blend: Blend::Linear,
        residue: None,
        loaded: Vec::new(),
    };
    Ok((rows, plan))
}
