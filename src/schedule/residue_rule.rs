//! Residues as a schedule says them: what is done to rows after the blend, their targets left alone.

use std::ops::Range;

use serde::{Deserialize, Deserializer, Serialize};

use super::beta::Beta;
use super::curve_check::check_number;
use super::span_rule::distinct;
use super::task::{Domain, Task};
use crate::error::{Error, Result};
use crate::plan::{Cutoff, Residue, Site};
use crate::random::Stream;

/// What is done to the rows of a mixed step after the blend. A name alone stands for the rule with its defaults.
///
/// Where λ is the constant 1, and so nothing is mixed, the rows get their residue alone.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ResidueRule {
    /// Noisy feature mixup (Lim et al. 2022): each number z becomes (1 + multiplicative·b₁·U)·z + additive·b₂·N, with U
    /// uniform on (−1, 1), N normal, and b₁ and b₂ from Beta(2, 5), one of each for the batch.
    Noise {
        /// The scale of what is added, at least 0; default 0.4.
        additive: f64,
        /// The scale of the stretching, at least 0; default 0.2.
        multiplicative: f64,
    },
    /// Uniform noise on (−1, 1)·α/√(L·d), L tokens of d numbers each, at the embedding (NEFTune; Jain et al. 2023).
    Neftune {
        /// α, at least 0; default 5.
        alpha: f64,
    },
    /// Parts of a text become zero at the embedding (Shen et al. 2020). Special tokens and at least one other stay.
    Cutoff {
        /// Which parts; default span.
        of: CutoffOf,
        /// The share, at least 0 and below 1, of the tokens (of a pair, of each text's), or of the numbers of a token,
        /// rounded down; default 0.1.
        ratio: f64,
    },
}

/// What a cutoff takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CutoffOf {
    /// Neighbouring tokens; every start is equally likely.
    #[default]
    Span,
    /// Tokens, without replacement.
    Tokens,
    /// Numbers of the embedding, the same ones of all of a row's tokens, without replacement.
    Dimensions,
}

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
    /// Whether it changes nothing.
    pub fn is_zero(&self) -> bool {
        match self {
            Self::Noise {
                additive,
                multiplicative,
            } => *additive == 0.0 && *multiplicative == 0.0,
            Self::Neftune { alpha } => *alpha == 0.0,
            Self::Cutoff { ratio, .. } => *ratio == 0.0,
        }
    }

    /// Whether it reads where the tokens of texts stand.
    pub fn needs_stretches(&self) -> bool {
        matches!(self, Self::Cutoff { of, .. } if *of != CutoffOf::Dimensions)
    }

    /// Whether it reads how many numbers a token has at the embedding.
    pub fn needs_width(&self) -> bool {
        matches!(self, Self::Cutoff { of, .. } if *of == CutoffOf::Dimensions)
    }

    pub(super) fn check(&self, sites: &[Site], task: &Task) -> Result<()> {
        let scale = |name: &str, value: f64| {
            check_number(&format!("residue.{name}"), value, &(0.0..=f64::MAX))
        };
        match self {
            Self::Noise {
                additive,
                multiplicative,
            } => {
                scale("noise.additive", *additive)?;
                return scale("noise.multiplicative", *multiplicative);
            }
            Self::Neftune { alpha } => scale("neftune.alpha", *alpha)?,
            Self::Cutoff { ratio, .. } => {
                check_number("residue.cutoff.ratio", *ratio, &(0.0..=1.0))?;
                if *ratio == 1.0 {
                    let expected = "at least 0 and below 1";
                    return Err(Error::setting("residue.cutoff.ratio", expected, 1));
                }
                if task.domain != Domain::Text {
                    let problem = "is for texts, and this task has none";
                    return Err(Error::Conflict(format!("{self} {problem}")));
                }
            }
        }
        match sites.iter().find(|site| **site != Site::Embedding) {
            None => Ok(()),
            Some(site) => Err(Error::Conflict(format!(
                "{self} belongs to the embedding, not to {site}"
            ))),
        }
    }

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
                    distinct(0..self.width, share(ratio, self.width), &mut stream)
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

/// ⌊ratio·count⌋, and fewer than all.
fn share(ratio: f64, count: usize) -> usize {
    ((ratio * count as f64).floor() as usize).min(count.saturating_sub(1))
}

fn cut_text(of: CutoffOf, ratio: f64, text: &Range<usize>, stream: &mut Stream) -> Vec<usize> {
    match share(ratio, text.len()) {
        0 => Vec::new(),
        count if of == CutoffOf::Span => {
            let start = text.start + stream.below(text.len() - count + 1);
            (start..start + count).collect()
        }
        count => distinct(text.clone(), count, stream),
    }
}

impl std::fmt::Display for ResidueRule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let written = serde_json::to_string(self).expect("a rule is plain data");
        write!(f, "the residue {written}")
    }
}

/// The rules as they are read.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Written {
    Noise {
        #[serde(default = "additive")]
        additive: f64,
        #[serde(default = "multiplicative")]
        multiplicative: f64,
    },
    Neftune {
        #[serde(default = "alpha")]
        alpha: f64,
    },
    Cutoff {
        #[serde(default)]
        of: CutoffOf,
        #[serde(default = "ratio")]
        ratio: f64,
    },
}

fn additive() -> f64 {
    0.4
}

fn multiplicative() -> f64 {
    0.2
}

fn alpha() -> f64 {
    5.0
}

fn ratio() -> f64 {
    0.1
}

impl<'de> Deserialize<'de> for ResidueRule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let mut value = serde_json::Value::deserialize(deserializer)?;
        if let Some(name) = value.as_str() {
            value = serde_json::json!({ name: {} });
        }
        let written: Written = serde_json::from_value(value).map_err(serde::de::Error::custom)?;
        Ok(match written {
            Written::Noise {
                additive,
                multiplicative,
            } => Self::Noise {
                additive,
                multiplicative,
            },
            Written::Neftune { alpha } => Self::Neftune { alpha },
            Written::Cutoff { of, ratio } => Self::Cutoff { of, ratio },
        })
    }
}
