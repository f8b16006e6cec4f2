//! How steep a model is at rows and between them: mixing makes it flatter between (Zhang et al. 2018, figure 2).

use candle_core::{DType, Tensor, Var};

use super::fields::SiteGradient;
use super::row_pairs::RowPairs;
use super::segments::{batches, plan};
use super::settings::inner;
use crate::error::{Error, Result};
use crate::plan::Site;
use crate::source::RowSource;
use crate::tap::{Flow, MixTap, Tap, Tapped};

/// Pairs of one pass.
const PAIRS: usize = 16;

/// The mean norm of the gradient of the largest output (of one output, of that) in the state at `site`: at each pair's
/// own row (λ = 1), and at the inner `weights` between the two.
///
/// # Errors
/// Those of [`segments`](super::segments()), [`Error::NoGradient`] where the site's state does not reach the outputs, and Candle's.
pub fn gradients<M: Tapped>(
    model: &M,
    source: &impl RowSource<Input = M::Input>,
    pairs: &RowPairs,
    site: Site,
    weights: &[f64],
) -> Result<SiteGradient> {
    let all: Vec<f64> = std::iter::once(1.0).chain(inner(weights)?).collect();
    let mut sums = vec![0.0; all.len()];
    for batch in batches(source, pairs, PAIRS) {
        let (rows, plan) = plan(pairs, &batch, site, &all)?;
        let mut tap = LeafTap {
            inner: MixTap::new(Some(&plan)),
            site,
            leaf: None,
        };
        let out = model.forward(&source.batch(&rows)?, &mut tap)?;
        tap.inner.finish(&model.sites())?;
        let norms = norms(&out, tap.leaf.as_ref(), site)?;
        for (place, norm) in norms.into_iter().enumerate() {
            sums[place % all.len()] += norm;
        }
    }
    Ok(SiteGradient {
        site,
        at_rows: sums[0] / pairs.len() as f64,
        between: sums[1..].iter().sum::<f64>() / (pairs.len() * (all.len() - 1)) as f64,
    })
}

/// Rows do not touch each other above a site, so one backward pass of the sum gives each row's own gradient.
fn norms(out: &Tensor, leaf: Option<&Var>, site: Site) -> Result<Vec<f64>> {
    let store = out.max(1)?.sum_all()?.backward()?;
    let gradient = leaf.and_then(|leaf| store.get(leaf));
    let gradient = gradient.ok_or_else(|| Error::NoGradient {
        names: vec![site.to_string()],
    })?;
    let squares = gradient.to_dtype(DType::F64)?.flatten_from(1)?.sqr()?;
    Ok(squares.sum(1)?.sqrt()?.to_vec1::<f64>()?)
}

/// Makes what leaves the site a leaf of the graph.
struct LeafTap<'a> {
    inner: MixTap<'a>,
    site: Site,
    leaf: Option<Var>,
}

impl Tap for LeafTap<'_> {
    fn at(&mut self, site: Site, flow: Flow) -> Result<Flow> {
        let flow = self.inner.at(site, flow)?;
        if site != self.site {
            return Ok(flow);
        }
        let leaf = Var::from_tensor(&flow.x.detach())?;
        let x = leaf.as_tensor().clone();
        self.leaf = Some(leaf);
        Ok(Flow { x, ..flow })
    }

    fn reach(&self, lengths: &[usize]) -> Option<Vec<usize>> {
        self.inner.reach(lengths)
    }
}
