//! The tap: the one hook through which a model's forward pass shows its sites.

use candle_core::{DType, Tensor};

use crate::blend::mix;
use crate::error::{Error, Result};
use crate::pairs::Pairs;
use crate::plan::{MixPlan, Site};
use crate::random::{Purpose, Stream};
use crate::residue;

/// What passes a site.
#[derive(Debug, Clone)]
pub struct Flow {
    /// Activations, rows first: `[rows, width]`, `[rows, tokens, width]`, ...
    pub x: Tensor,
    /// For sequences, 1 where a token is real and 0 where it is padding: `[rows, tokens]`.
    pub mask: Option<Tensor>,
}

impl Flow {
    /// A flow without a mask.
    pub fn new(x: Tensor) -> Self {
        Self { x, mask: None }
    }

    /// A flow of sequences with their mask, `[rows, tokens]` of 0 and 1.
    pub fn masked(x: Tensor, mask: Tensor) -> Self {
        Self {
            x,
            mask: Some(mask),
        }
    }
}

/// A forward pass's listener. A model calls [`Tap::at`] at each of its sites and goes on with what it gets back.
pub trait Tap {
    /// Receives what passes `site` and returns what shall go on.
    ///
    /// # Errors
    /// Whatever the tap's own work reports.
    fn at(&mut self, site: Site, flow: Flow) -> Result<Flow>;

    /// How many leading tokens of each row the pass needs from here on; `None`, the default, needs every position,
    /// padding included.
    ///
    /// `lengths` are the rows' real tokens. A row that will be mixed with a longer one is needed up to the other's
    /// length, since its state at padded positions enters the blend. A model may leave out the rest.
    fn reach(&self, _lengths: &[usize]) -> Option<Vec<usize>> {
        None
    }

    /// Whether the pass trains: batch norm then takes its statistics from the batch, and notes them. Default: false.
    ///
    /// The pass and not the model knows, so a model needs no train switch.
    fn trains(&self) -> bool {
        false
    }

    /// The key of the pass's next dropout mask; `None`, the default, drops nothing.
    fn dropout(&mut self) -> Option<u64> {
        None
    }
}

/// The plain model: nothing is mixed, dropped or recorded. Evaluation uses it.
impl Tap for () {
    fn at(&mut self, _: Site, flow: Flow) -> Result<Flow> {
        Ok(flow)
    }

    fn reach(&self, lengths: &[usize]) -> Option<Vec<usize>> {
        Some(lengths.to_vec())
    }
}

/// A model that shows its sites.
pub trait Tapped {
    /// What a forward pass reads: a token batch, a table batch, an image batch.
    type Input;

    /// The sites the model has, in forward order.
    fn sites(&self) -> Vec<Site>;

    /// Logits (or values) `[rows, outputs]`; calls `tap` at each site, in forward order.
    ///
    /// # Errors
    /// Candle's, and the tap's.
    fn forward(&self, input: &Self::Input, tap: &mut dyn Tap) -> Result<Tensor>;
}

/// Keys for the dropout masks of one forward pass: a function of (seed, counter) and of the mask's place in the pass.
#[derive(Debug, Clone)]
pub struct DropoutKeys(Stream);

impl DropoutKeys {
    /// Keys of the forward pass number `counter` of the run with this seed.
    pub fn new(seed: u64, counter: u64) -> Self {
        Self(Stream::new(seed, Purpose::Dropout, counter))
    }

    fn next(&mut self) -> u64 {
        self.0.next_u64()
    }
}

/// Carries out a plan: mixes at its site, adds its residue, and passes everything else through untouched.
#[derive(Debug)]
pub struct MixTap<'a> {
    plan: Option<&'a MixPlan>,
    keys: Option<DropoutKeys>,
    input_is_mixed: bool,
    reached: bool,
}

impl<'a> MixTap<'a> {
    /// A tap for one pass; `None` mixes nothing, bit for bit.
    pub fn new(plan: Option<&'a MixPlan>) -> Self {
        Self {
            plan,
            keys: None,
            input_is_mixed: false,
            reached: false,
        }
    }

    /// The same for a pass that trains: dropout is on, and batch norm goes by the batch.
    pub fn training(mut self, keys: DropoutKeys) -> Self {
        self.keys = Some(keys);
        self
    }

    /// The same for an input that the source has already mixed as the plan says (see
    /// [`RowSource::training`](crate::RowSource::training)).
    pub fn input_is_mixed(mut self, mixed: bool) -> Self {
        self.input_is_mixed = mixed;
        self
    }

    /// To be called after the pass: a plan whose site was never reached is an error, not a plain step.
    ///
    /// # Errors
    /// [`Error::NoSite`].
    pub fn finish(&self, sites: &[Site]) -> Result<()> {
        match self.plan {
            Some(plan) if !self.reached => Err(Error::NoSite {
                site: plan.site.to_string(),
                sites: sites.iter().map(Site::to_string).collect(),
            }),
            _ => Ok(()),
        }
    }
}

impl Tap for MixTap<'_> {
    fn at(&mut self, site: Site, flow: Flow) -> Result<Flow> {
        let Some(plan) = self.plan.filter(|p| p.site == site) else {
            return Ok(flow);
        };
        self.reached = true;
        let mixed = match self.input_is_mixed {
            true => flow,
            false => Flow {
                x: mix(&flow.x, &plan.pairs, &plan.blend)?,
                mask: flow
                    .mask
                    .map(|mask| join_masks(&mask, &plan.pairs))
                    .transpose()?,
            },
        };
        let Some(residue) = plan.residue.as_ref().filter(|r| !r.is_zero()) else {
            return Ok(mixed);
        };
        let (x, mask) = residue::add(residue, &mixed.x, mixed.mask.as_ref())?;
        Ok(Flow { x, mask })
    }

    fn reach(&self, lengths: &[usize]) -> Option<Vec<usize>> {
        let mut reach = lengths.to_vec();
        let ahead = self
            .plan
            .filter(|p| !self.reached && !self.input_is_mixed && p.site != Site::Pooled);
        for (own, partner) in ahead
            .iter()
            .flat_map(|p| p.pairs.own().iter().zip(p.pairs.partner()))
        {
            let (own, partner) = (*own as usize, *partner as usize);
            // Rows that are not there are for the blend to refuse.
            let both = (*lengths.get(own)?).max(*lengths.get(partner)?);
            reach[own] = reach[own].max(both);
            reach[partner] = reach[partner].max(both);
        }
        Some(reach)
    }

    fn trains(&self) -> bool {
        self.keys.is_some()
    }

    fn dropout(&mut self) -> Option<u64> {
        self.keys.as_mut().map(DropoutKeys::next)
    }
}

/// The union of the masks of own and partner: `[incoming rows, tokens]` → `[outgoing rows, tokens]`.
fn join_masks(mask: &Tensor, pairs: &Pairs) -> Result<Tensor> {
    pairs.check_rows(mask.dim(0)?)?;
    let rows = |i: &[u32]| Ok::<_, Error>(Tensor::from_slice(i, i.len(), mask.device())?);
    let own = mask.index_select(&rows(pairs.own())?, 0)?;
    Ok(own.maximum(&mask.index_select(&rows(pairs.partner())?, 0)?)?)
}

/// Keeps what passes the sites asked for, detached from the graph and in f32 at least.
#[derive(Debug, Default)]
pub struct RecordTap {
    wanted: Vec<Site>,
    flows: Vec<(Site, Flow)>,
}

impl RecordTap {
    /// Records these sites; an empty list records all.
    pub fn new(wanted: &[Site]) -> Self {
        Self {
            wanted: wanted.to_vec(),
            flows: Vec::new(),
        }
    }

    /// What was recorded, in forward order.
    pub fn flows(&self) -> &[(Site, Flow)] {
        &self.flows
    }
}

impl Tap for RecordTap {
    fn at(&mut self, site: Site, flow: Flow) -> Result<Flow> {
        if self.wanted.is_empty() || self.wanted.contains(&site) {
            let x = match flow.x.dtype() {
                DType::F16 | DType::BF16 => flow.x.to_dtype(DType::F32)?,
                _ => flow.x.clone(),
            };
            self.flows.push((
                site,
                Flow {
                    x: x.detach(),
                    mask: flow.mask.clone(),
                },
            ));
        }
        Ok(flow)
    }
}
