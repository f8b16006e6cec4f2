//! The law of λ, the weight of the row itself.

use std::fmt;

use serde::de::{MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::beta::Beta;
use super::clock::Clock;
use super::curve::Curve;
use super::curve_check::check_number;
use crate::error::{Error, Result};
use crate::random::Stream;

/// How λ is drawn. Written `{"beta": 0.4}`, `{"beta": [60, 1.5]}`, `{"uniform": [0, 1]}`, `{"constant": 0.5}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Law {
    /// Beta(a, b) (Zhang et al. 2018); where a or b is 0 the step is plain.
    Beta(Shapes),
    /// Uniform on [low, high), both within [0, 1].
    Uniform(f64, f64),
    /// Always this value, within [0, 1].
    Constant(f64),
}

/// The two shapes of a Beta law; one number or curve stands for both.
#[derive(Debug, Clone, PartialEq)]
pub struct Shapes {
    /// The shape on the row's side.
    pub a: Curve,
    /// The shape on the partner's side.
    pub b: Curve,
}

impl Default for Law {
    /// Beta(1, 1).
    fn default() -> Self {
        Self::beta(1.0)
    }
}

impl Law {
    /// Beta(α, α) with a constant α.
    pub fn beta(alpha: f64) -> Self {
        Self::beta_curve(Curve::Constant(alpha))
    }

    /// Beta(α, α) with α moving over the run.
    pub fn beta_curve(alpha: Curve) -> Self {
        Self::Beta(Shapes {
            a: alpha.clone(),
            b: alpha,
        })
    }

    /// Beta(a, b) with constant shapes.
    pub fn beta_of(a: f64, b: f64) -> Self {
        Self::Beta(Shapes {
            a: Curve::Constant(a),
            b: Curve::Constant(b),
        })
    }

    /// α at a moment: the smaller shape of a Beta law, `None` for other laws.
    pub fn alpha(&self, clock: Clock) -> Option<f64> {
        match self {
            Self::Beta(Shapes { a, b }) => Some(a.value(clock).min(b.value(clock))),
            _ => None,
        }
    }

    /// Refuses shapes below 0 or not finite, and bounds outside [0, 1].
    pub(super) fn check(&self, field: &str, epochs: u32) -> Result<()> {
        let unit = 0.0..=1.0;
        match self {
            Self::Beta(Shapes { a, b }) => {
                a.check(&format!("{field}.beta"), 0.0..=f64::MAX, epochs)?;
                b.check(&format!("{field}.beta"), 0.0..=f64::MAX, epochs)
            }
            Self::Uniform(low, high) => {
                check_number(&format!("{field}.uniform"), *low, &unit)?;
                check_number(&format!("{field}.uniform"), *high, &unit)?;
                if low < high {
                    return Ok(());
                }
                let value = format!("[{low}, {high}]");
                Err(Error::setting(
                    format!("{field}.uniform"),
                    "a low end below the high end",
                    value,
                ))
            }
            Self::Constant(value) => check_number(&format!("{field}.constant"), *value, &unit),
        }
    }

    /// The same for a law outside a run, which has no moment for a curve to move over: α must be constant and above 0.
    pub(crate) fn check_constant(&self, field: &str) -> Result<()> {
        self.check(field, 1)?;
        match self {
            Self::Beta(Shapes { a, b }) => [a, b].into_iter().try_for_each(|shape| match shape {
                Curve::Constant(alpha) if *alpha > 0.0 => Ok(()),
                Curve::Constant(alpha) => {
                    Err(Error::setting(format!("{field}.beta"), "above 0", alpha))
                }
                _ => Err(Error::setting(
                    format!("{field}.beta"),
                    "a number, since there is no run for a curve to move over",
                    "a curve",
                )),
            }),
            _ => Ok(()),
        }
    }

    /// Whether every draw leaves the row as it is.
    pub(super) fn keeps_rows(&self, fold: bool) -> bool {
        matches!(self, Self::Constant(c) if *c == 1.0 || (fold && *c == 0.0))
    }

    /// The law at a moment, ready to draw from; `None` where α is 0, which means no mixing.
    pub(crate) fn sampler(&self, clock: Clock) -> Option<Sampler> {
        match self {
            Self::Beta(Shapes { a, b }) => match (a.value(clock), b.value(clock)) {
                (a, b) if a > 0.0 && b > 0.0 => Some(Sampler::Beta(Beta::new(a, b))),
                _ => None,
            },
            Self::Uniform(low, high) => Some(Sampler::Uniform(*low, *high)),
            Self::Constant(value) => Some(Sampler::Constant(*value)),
        }
    }
}

/// A law at one moment of the run.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Sampler {
    Beta(Beta),
    Uniform(f64, f64),
    Constant(f64),
}

impl Sampler {
    pub fn draw(&self, stream: &mut Stream) -> f64 {
        match self {
            Self::Beta(beta) => beta.draw(stream),
            Self::Uniform(low, high) => low + (high - low) * stream.unit(),
            Self::Constant(value) => *value,
        }
    }
}

impl Serialize for Shapes {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match self {
            Self { a, b } if a == b => a.serialize(serializer),
            Self { a, b } => [a, b].serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Shapes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_any(ReadShapes)
    }
}

struct ReadShapes;

impl ReadShapes {
    fn both<E>(alpha: Curve) -> std::result::Result<Shapes, E> {
        Ok(Shapes {
            a: alpha.clone(),
            b: alpha,
        })
    }
}

impl<'de> Visitor<'de> for ReadShapes {
    type Value = Shapes;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, a curve or a list of two of them")
    }

    fn visit_f64<E>(self, alpha: f64) -> std::result::Result<Shapes, E> {
        Self::both(Curve::Constant(alpha))
    }

    fn visit_u64<E>(self, alpha: u64) -> std::result::Result<Shapes, E> {
        Self::both(Curve::Constant(alpha as f64))
    }

    fn visit_i64<E>(self, alpha: i64) -> std::result::Result<Shapes, E> {
        Self::both(Curve::Constant(alpha as f64))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> std::result::Result<Shapes, A::Error> {
        Self::both(Curve::deserialize(MapAccessDeserializer::new(map))?)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> std::result::Result<Shapes, A::Error> {
        let mut next = |n| {
            seq.next_element()?
                .ok_or_else(|| serde::de::Error::invalid_length(n, &self))
        };
        Ok(Shapes {
            a: next(0)?,
            b: next(1)?,
        })
    }
}
