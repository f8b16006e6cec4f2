//! The bandwidth of a label kernel: a number, or a share of the spread of the targets.

use std::fmt;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::{Error, Result};

/// The automatic bandwidth as a share of the targets' standard deviation. Ours: no published rule was found.
const SHARE: f64 = 0.1;

/// How far apart targets may lie and still be often mixed, in the units of the targets. Written as a number or `auto`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Bandwidth {
    /// A tenth of the standard deviation of the training targets (of several outputs: the root of the summed
    /// variances).
    #[default]
    Auto,
    /// This much.
    Fixed(f64),
}

impl Bandwidth {
    /// The number for training targets `[rows, outputs]`; 1 where all targets are equal, since any number then does.
    ///
    /// ```
    /// use candle_mixup::schedule::Bandwidth;
    ///
    /// assert_eq!(Bandwidth::Auto.of(&[1.0, 3.0], 1)?, 0.1);
    /// # Ok::<(), candle_mixup::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Setting`] for a number that is not positive and finite.
    pub fn of(self, targets: &[f32], outputs: usize) -> Result<f64> {
        self.check()?;
        match self {
            Self::Fixed(bandwidth) => Ok(bandwidth),
            Self::Auto => match SHARE * spread(targets, outputs) {
                bandwidth if bandwidth > 0.0 => Ok(bandwidth),
                _ => Ok(1.0),
            },
        }
    }

    pub(super) fn check(self) -> Result<()> {
        match self {
            Self::Fixed(b) if !(b.is_finite() && b > 0.0) => Err(Error::setting(
                "partner.kernel.bandwidth",
                "positive and finite, or auto",
                b,
            )),
            _ => Ok(()),
        }
    }
}

/// The standard deviation, of several outputs together.
fn spread(targets: &[f32], outputs: usize) -> f64 {
    let rows = (targets.len() / outputs.max(1)).max(1) as f64;
    let variance = |output: usize| {
        let column = || targets[output..].iter().step_by(outputs);
        let mean = column().map(|&y| f64::from(y)).sum::<f64>() / rows;
        let squares = column().map(|&y| (f64::from(y) - mean).powi(2));
        squares.sum::<f64>() / rows
    };
    match targets.is_empty() {
        true => 0.0,
        false => (0..outputs).map(variance).sum::<f64>().sqrt(),
    }
}

impl Serialize for Bandwidth {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match self {
            Self::Auto => serializer.serialize_str("auto"),
            Self::Fixed(bandwidth) => serializer.serialize_f64(*bandwidth),
        }
    }
}

impl<'de> Deserialize<'de> for Bandwidth {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_any(Read)
    }
}

struct Read;

impl Visitor<'_> for Read {
    type Value = Bandwidth;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number or \"auto\"")
    }

    fn visit_f64<E>(self, bandwidth: f64) -> std::result::Result<Bandwidth, E> {
        Ok(Bandwidth::Fixed(bandwidth))
    }

    fn visit_u64<E>(self, bandwidth: u64) -> std::result::Result<Bandwidth, E> {
        Ok(Bandwidth::Fixed(bandwidth as f64))
    }

    fn visit_i64<E>(self, bandwidth: i64) -> std::result::Result<Bandwidth, E> {
        Ok(Bandwidth::Fixed(bandwidth as f64))
    }

    fn visit_str<E: serde::de::Error>(self, word: &str) -> std::result::Result<Bandwidth, E> {
        match word {
            "auto" => Ok(Bandwidth::Auto),
            _ => Err(E::invalid_value(serde::de::Unexpected::Str(word), &self)),
        }
    }
}
