//! Drawing a residue: the scales and the key of noise, the places of a cutoff.

use std::ops::Range;

use super::beta::Beta;
use super::residue_rule::{CutoffOf, ResidueRule};
use super::share::share;
use super::span_rule::distinct;
use crate::plan::{Cutoff, Residue};
use crate::random::Stream;

/// The rows that a residue changes.
pub(super) struct Changed<'a> {
    /// Plain rows that go before them.
    pub lead: usize,
    /// Of those behind, which are changed.
    pub applied: &'a [bool],
    /// Where the tokens of their texts stand; empty where the rule does not ask for them.
    pub stretches: &'a [&'a [Range<usize>]],
    /// Numbers of a token at the embedding.
    pub width: usize,
}

impl ResidueRule {
    /// The residue of one step; `stream(key)` are its draws, 0 for the batch and r + 1 for row r.
    pub(super) fn draw(&self, rows: &Changed<'_>, stream: impl Fn(u64) -> Stream) -> Residue {
        match self {
            Self::Noise {
                additive,
                multiplicative,
            } => {
                let mut stream = stream(0);
                let key = stream.next_u64();
                let beta = Beta::new(2.0, 5.0);
                let (added, stretch) = (beta.draw(&mut stream), beta.draw(&mut stream));
                Residue::Noise {
                    additive: additive * added,
                    multiplicative: multiplicative * stretch,
                    key,
                    rows: rows.list(),
                }
            }
            Self::Neftune { alpha } => Residue::Neftune {
                alpha: *alpha,
                key: stream(0).next_u64(),
                rows: rows.list(),
            },
            Self::Cutoff { of, ratio } => Residue::Cutoff(rows.cut(*of, *ratio, stream)),
        }
    }
}

impl Changed<'_> {
    /// The changed rows, where not all are.
    fn list(&self) -> Option<Vec<u32>> {
        let changed = (0..self.applied.len()).filter(|&r| self.applied[r]);
        let list: Vec<u32> = changed.map(|r| (self.lead + r) as u32).collect();
        (list.len() < self.lead + self.applied.len()).then_some(list)
    }

    fn cut(&self, of: CutoffOf, ratio: f64, stream: impl Fn(u64) -> Stream) -> Cutoff {
        let cut = |r: usize| -> Vec<u32> {
            let mut stream = stream(r as u64 + 1);
            let places: Vec<usize> = match of {
                _ if !self.applied[r] => Vec::new(),
                CutoffOf::Dimensions => {
                    distinct(0..self.width, cut_of(ratio, self.width), &mut stream)
                }
                _ => {
                    let texts = self.stretches[r].iter();
                    let cut = texts.flat_map(|text| cut_text(of, ratio, text, &mut stream));
                    cut.collect()
                }
            };
            places.into_iter().map(|place| place as u32).collect()
        };
        let lead = std::iter::repeat_n(Vec::new(), self.lead);
        let rows = lead.chain((0..self.applied.len()).map(cut)).collect();
        match of {
            CutoffOf::Dimensions => Cutoff::Dimensions(rows),
            CutoffOf::Span | CutoffOf::Tokens => Cutoff::Tokens(rows),
        }
    }
}

/// This share of so many, and fewer than all.
fn cut_of(ratio: f64, count: usize) -> usize {
    share(ratio, count).min(count.saturating_sub(1))
}

fn cut_text(of: CutoffOf, ratio: f64, text: &Range<usize>, stream: &mut Stream) -> Vec<usize> {
    match cut_of(ratio, text.len()) {
        0 => Vec::new(),
        count if of == CutoffOf::Span => {
            let start = text.start + stream.below(text.len() - count + 1);
            (start..start + count).collect()
        }
        count => distinct(text.clone(), count, stream),
    }
}
