//! Which tokens the loss hangs on: the norm of its gradient in their embedding (SSMix; Yoon, Kim and Park 2021).

use candle_core::{DType, Tensor, Var};

use super::feed::Pass;
use super::job::Job;
use super::measure::smoothed;
use super::prepared::Prepared;
use crate::error::{Error, Result};
use crate::plan::{MixPlan, Site};
use crate::source::{Asked, RowSource};
use crate::tap::{Flow, Tap, Tapped};

/// The pass with its spans in place, where they are for the model to say; any other pass as it is.
pub(super) fn settle<M, S>(
    job: &Job<'_, M, S>,
    prepared: &Prepared,
    pass: Pass<S::Input>,
) -> Result<Pass<S::Input>>
where
    M: Tapped,
    S: RowSource<Input = M::Input>,
{
    let asks = |plan: &MixPlan| job.scheduler.asks_saliency(pass.clock, plan);
    let Some(plan) = pass
        .plan
        .clone()
        .filter(|p| job.replay.is_none() && asks(p))
    else {
        return Ok(pass);
    };
    let saliency = saliency(job, &pass)?;
    let rows = prepared.rows(&pass.places, job.neighbours);
    let plan = job.scheduler.salient(pass.clock, rows, plan, &saliency)?;
    let fed = job.source.training(&Asked {
        rows: &pass.incoming,
        seed: job.settings.seed,
        epoch: pass.clock.epoch,
        plan: Some(&plan),
    })?;
    Ok(Pass {
        plan: Some(plan),
        fed,
        ..pass
    })
}

/// The saliency of each token of each incoming row: one pass of the plain batch, without dropout, and its gradient.
fn saliency<M, S>(job: &Job<'_, M, S>, pass: &Pass<S::Input>) -> Result<Vec<Vec<f32>>>
where
    M: Tapped,
    S: RowSource<Input = M::Input>,
{
    let mut tap = LeafTap(None);
    let logits = job.model.forward(&pass.fed.input, &mut tap)?;
    let shape = (pass.incoming.len(), job.labels.outputs());
    let own = Tensor::from_slice(&pass.targets, shape, job.device)?;
    // Class weights would scale all tokens of a row alike.
    let loss = job.labels.kind().loss();
    let loss = loss.of(&logits, &smoothed(job, &own)?, None)?;
    let store = loss.backward()?;
    let gradient = tap.0.as_ref().and_then(|leaf| store.get(leaf));
    let gradient = gradient.ok_or_else(|| Error::NoGradient {
        names: vec![Site::Embedding.to_string()],
    })?;
    let squares = gradient.to_dtype(DType::F32)?.sqr()?;
    Ok(squares.sum(2)?.sqrt()?.to_vec2::<f32>()?)
}

/// Makes the embedding a leaf of the graph, so that the gradient stops there.
struct LeafTap(Option<Var>);

impl Tap for LeafTap {
    fn at(&mut self, site: Site, flow: Flow) -> Result<Flow> {
        if site != Site::Embedding {
            return Ok(flow);
        }
        let leaf = Var::from_tensor(&flow.x.detach())?;
        let x = leaf.as_tensor().clone();
        self.0 = Some(leaf);
        Ok(Flow { x, ..flow })
    }

    fn reach(&self, lengths: &[usize]) -> Option<Vec<usize>> {
        Some(lengths.to_vec())
    }
}
