//! Spans for SSMix (Yoon, Kim and Park 2021, 2106.08062): how many tokens a text takes from its partner, and which.
//!
//! ```text
//! w = max(1, ⌊ratio·n⌋)      n tokens of the text, special ones left out
//! weight = 1 − w/n
//! ```
//!
//! Of a pair of texts each takes a span of its own from the same text of the partner; the weight is the mean of theirs
//! by length, so it is still the share of its tokens that the row keeps.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::curve_check::check_number;
use super::share::share;
use crate::error::{Error, Result};
use crate::plan::Span;
use crate::random::Stream;

/// How a span is chosen. λ as drawn is not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SpanRule {
    /// The share of a text's tokens that is taken, above 0 and at most 1, and at least one token; default 0.1.
    pub ratio: f64,
    /// Where spans stand; default saliency.
    pub choice: SpanChoice,
    /// Whether tokens are chosen one by one instead of side by side; default false.
    pub scattered: bool,
}

/// Where spans stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SpanChoice {
    /// Anywhere between the special tokens, each place equally likely.
    Random,
    /// The least salient span of the text itself makes way for the most salient one of the partner, the first of equal
    /// ones. The saliency of a token is the norm of the loss's gradient in its embedding, by the weights that the model
    /// has at that step; that of a span is the mean of its tokens'.
    #[default]
    Saliency,
}

impl Default for SpanRule {
    fn default() -> Self {
        Self {
            ratio: 0.1,
            choice: SpanChoice::default(),
            scattered: false,
        }
    }
}

/// A text whose spans are chosen: the texts of a row, and the saliency of each of its tokens.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scored<'a> {
    pub stretches: &'a [Range<usize>],
    pub saliency: &'a [f32],
}

impl SpanRule {
    pub(super) fn check(&self) -> Result<()> {
        check_number("blend.span.ratio", self.ratio, &(0.0..=1.0))?;
        match self.ratio {
            0.0 => Err(Error::setting(
                "blend.span.ratio",
                "above 0 and at most 1",
                0,
            )),
            _ => Ok(()),
        }
    }

    /// Tokens to take for a text of so many; 0 for an empty one.
    fn width(&self, tokens: usize) -> usize {
        match tokens {
            0 => 0,
            n => share(self.ratio, n).max(1),
        }
    }

    /// The widths for each text of a row, 0 where the partner's is too short.
    fn widths(&self, own: &[Range<usize>], partner: &[Range<usize>]) -> Vec<usize> {
        let width = |(own, partner): (&Range<usize>, &Range<usize>)| match self.width(own.len()) {
            width if width <= partner.len() => width,
            _ => 0,
        };
        own.iter().zip(partner).map(width).collect()
    }

    /// Spans drawn anywhere.
    pub(super) fn draw(
        &self,
        own: &[Range<usize>],
        partner: &[Range<usize>],
        stream: &mut Stream,
    ) -> Vec<Span> {
        let widths = self.widths(own, partner).into_iter();
        let texts = widths.zip(own.iter().zip(partner));
        let spans = texts.flat_map(|(width, (own, partner))| {
            let to = self.anywhere(own, width, stream);
            join(to, self.anywhere(partner, width, stream))
        });
        spans.collect()
    }

    /// Where runs of `width` tokens in all stand in a text, as (first token, tokens).
    fn anywhere(
        &self,
        text: &Range<usize>,
        width: usize,
        stream: &mut Stream,
    ) -> Vec<(usize, usize)> {
        if width == 0 {
            return Vec::new();
        }
        if !self.scattered {
            return vec![(text.start + stream.below(text.len() - width + 1), width)];
        }
        single(distinct(text.clone(), width, stream))
    }

    /// The spans that saliency chooses.
    pub(super) fn salient(&self, own: Scored<'_>, partner: Scored<'_>) -> Vec<Span> {
        let widths = self.widths(own.stretches, partner.stretches).into_iter();
        let texts = widths.zip(own.stretches.iter().zip(partner.stretches));
        let spans = texts.flat_map(|(width, (to, from))| {
            let least = |score: f64| score;
            let most = |score: f64| -score;
            join(
                self.first(to, width, own.saliency, least),
                self.first(from, width, partner.saliency, most),
            )
        });
        spans.collect()
    }

    /// Where the runs stand whose `order` is lowest, the first of equal ones.
    fn first(
        &self,
        text: &Range<usize>,
        width: usize,
        saliency: &[f32],
        order: impl Fn(f64) -> f64,
    ) -> Vec<(usize, usize)> {
        if width == 0 {
            return Vec::new();
        }
        let each = if self.scattered { 1 } else { width };
        let mean = |start: usize| {
            let tokens = saliency[start..start + each].iter();
            tokens.map(|&s| f64::from(s)).sum::<f64>() / each as f64
        };
        let mut starts: Vec<usize> = (text.start..=text.end - each).collect();
        // A stable sort: equal ones keep their order.
        starts.sort_by(|&a, &b| order(mean(a)).total_cmp(&order(mean(b))));
        starts.truncate(width / each);
        starts.sort_unstable();
        starts.into_iter().map(|start| (start, each)).collect()
    }
}

/// `count` different places of the text, rising, each set of them equally likely.
pub(super) fn distinct(text: Range<usize>, count: usize, stream: &mut Stream) -> Vec<usize> {
    let mut places: Vec<usize> = text.collect();
    for k in 0..count {
        let other = k + stream.below(places.len() - k);
        places.swap(k, other);
    }
    places.truncate(count);
    places.sort_unstable();
    places
}

fn single(places: Vec<usize>) -> Vec<(usize, usize)> {
    places.into_iter().map(|place| (place, 1)).collect()
}

fn join(own: Vec<(usize, usize)>, partner: Vec<(usize, usize)>) -> Vec<Span> {
    let span = |((own, width), (partner, _)): ((usize, usize), (usize, usize))| Span {
        own: own as u32,
        partner: partner as u32,
        width: width as u32,
    };
    own.into_iter().zip(partner).map(span).collect()
}
