//! Spans by saliency: the one draw of a plan that asks the model, and so comes after the others.

use super::blender::Blender;
use super::clock::Clock;
use super::draw::stretches;
use super::scheduler::Scheduler;
use super::span_rule::{Scored, SpanChoice, SpanRule};
use super::task::Rows;
use crate::error::{Error, Result};
use crate::plan::{Blend, MixPlan, Span, Spans};

impl Scheduler {
    /// Whether the spans of a step's plan are chosen by the saliency of tokens, which only the model at that step can
    /// tell: those that [`plan`](Self::plan) gives stand at random until [`salient`](Self::salient) puts them in place.
    pub fn asks_saliency(&self, clock: Clock, plan: &MixPlan) -> bool {
        matches!(plan.blend, Blend::Span(_)) && self.saliency_rule(clock).is_some()
    }

    /// The plan of a step with its spans where saliency puts them; any other plan as it is. How wide they are, and so
    /// what rows weigh, does not change.
    ///
    /// `saliency` holds for each incoming row, the loaded ones behind the batch's own, a number for each of its tokens,
    /// special tokens included.
    ///
    /// # Errors
    /// [`Error::Shape`] for too few rows or numbers; those of [`plan`](Self::plan) for missing knowledge of rows.
    pub fn salient(
        &self,
        clock: Clock,
        rows: Rows<'_>,
        plan: MixPlan,
        saliency: &[Vec<f32>],
    ) -> Result<MixPlan> {
        let (Some(rule), Blend::Span(drawn)) = (self.saliency_rule(clock), &plan.blend) else {
            return Ok(plan);
        };
        let incoming: Vec<u32> = rows.batch.iter().chain(&plan.loaded).copied().collect();
        let placed = |r: usize| -> Result<Vec<Span>> {
            if drawn.rows()[r].is_empty() {
                return Ok(Vec::new());
            }
            let of = |place: u32| scored(rows, &incoming, saliency, place as usize);
            let (own, partner) = (of(plan.pairs.own()[r])?, of(plan.pairs.partner()[r])?);
            Ok(rule.salient(own, partner))
        };
        let placed = (0..drawn.len()).map(placed).collect::<Result<Vec<_>>>()?;
        Ok(MixPlan {
            blend: Blend::Span(Spans::new(placed)?),
            ..plan
        })
    }

    fn saliency_rule(&self, clock: Clock) -> Option<SpanRule> {
        match self.blend(clock).blender {
            Blender::Span(rule) if rule.choice == SpanChoice::Saliency => Some(rule),
            _ => None,
        }
    }
}

/// The texts of an incoming row with the saliency of its tokens, which must cover them.
fn scored<'a>(
    rows: Rows<'a>,
    incoming: &[u32],
    saliency: &'a [Vec<f32>],
    place: usize,
) -> Result<Scored<'a>> {
    let lacks = |expected: String, got: usize| Error::Shape {
        what: "saliency".into(),
        expected,
        got: got.to_string(),
    };
    let (Some(&row), Some(scores)) = (incoming.get(place), saliency.get(place)) else {
        let expected = format!("{} rows, one an incoming row", incoming.len());
        return Err(lacks(expected, saliency.len()));
    };
    let stretches = stretches(rows, row)?;
    let tokens = stretches.iter().map(|text| text.end).max().unwrap_or(0);
    if scores.len() < tokens {
        let expected = format!("at least {tokens} numbers for row {place}");
        return Err(lacks(expected, scores.len()));
    }
    Ok(Scored {
        stretches,
        saliency: scores,
    })
}
