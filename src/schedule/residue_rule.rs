//! Residues as a schedule says them: what is done to rows after the blend, their targets left alone.

use serde::{Deserialize, Deserializer, Serialize};

use super::curve_check::check_number;
use super::task::{Domain, Task};
use crate::error::{Error, Result};
use crate::plan::Site;

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
