//! What becomes of the numbers of a column: learnt from some, applied to any.

use serde::{Deserialize, Serialize};

use super::super::moments::Moments;
use super::piecewise;
use super::quantile::{Knot, knots, normal};
use super::settings::NumericEncoding;

/// Cells stay within ± this, so that sums of squares of them stay finite in f32 after a weight or two.
const MOST: f64 = f32::MAX as f64 / 1e6;
/// Squares of larger numbers overflow: they are scaled before.
const SQUARABLE: f64 = 1e150;

/// A learnt transform of one column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Transform {
    Standard { mean: f64, deviation: f64 },
    Quantile { knots: Vec<Knot> },
    Piecewise { borders: Vec<f64> },
    MinMax { min: f64, max: f64 },
    None,
}

impl Transform {
    /// Learns from the numbers of the training rows; sorts them where that is needed.
    pub fn fit(encoding: NumericEncoding, numbers: &mut [f64]) -> Self {
        match encoding {
            NumericEncoding::Standard => standard(numbers),
            NumericEncoding::Quantile => {
                numbers.sort_unstable_by(f64::total_cmp);
                Self::Quantile {
                    knots: knots(numbers),
                }
            }
            NumericEncoding::Piecewise { bins } => {
                numbers.sort_unstable_by(f64::total_cmp);
                Self::Piecewise {
                    borders: piecewise::borders(numbers, bins),
                }
            }
            NumericEncoding::MinMax => {
                let (min, max) = ends(numbers);
                Self::MinMax { min, max }
            }
            NumericEncoding::None => Self::None,
        }
    }

    /// Cells that a number takes.
    pub fn cells(&self) -> usize {
        match self {
            Self::Piecewise { borders } => borders.len().saturating_sub(1).max(1),
            _ => 1,
        }
    }

    /// Writes the cells of `x`; whether one had to be clipped.
    pub fn apply(&self, x: f64, cells: &mut [f32]) -> bool {
        let value = match self {
            Self::Standard { mean, deviation } => standardised(x, *mean, *deviation),
            Self::Quantile { knots } => normal(knots, x),
            Self::MinMax { min, max } => part(x, *min, *max),
            Self::None => x,
            Self::Piecewise { borders } if borders.len() < 2 => 0.0,
            Self::Piecewise { borders } => {
                let (bin, share) = piecewise::place(borders, x);
                cells[..bin].fill(1.0);
                cells[bin + 1..].fill(0.0);
                return put(share, &mut cells[bin]);
            }
        };
        cells.first_mut().is_some_and(|cell| put(value, cell))
    }

    /// Why a transform that was read cannot be one.
    pub fn problem(&self) -> Option<&'static str> {
        let rises = |x: &mut dyn Iterator<Item = f64>| x.is_sorted_by(|a, b| a < b);
        match self {
            Self::Standard { deviation, .. } if *deviation < 0.0 => Some("a negative deviation"),
            Self::MinMax { min, max } if min > max => Some("a least number above the greatest"),
            Self::Piecewise { borders } if !rises(&mut borders.iter().copied()) => {
                Some("borders that do not rise")
            }
            Self::Quantile { knots } if !rises(&mut knots.iter().map(|k| k.x)) => {
                Some("knots that do not rise")
            }
            _ => None,
        }
    }
}

/// How far `x` is on the way from `a` to `b`; 0 where they are equal.
pub(super) fn part(x: f64, a: f64, b: f64) -> f64 {
    if a == b {
        return 0.0;
    }
    let (way, whole) = (x - a, b - a);
    match way.is_finite() && whole.is_finite() {
        true => way / whole,
        false => (0.5 * x - 0.5 * a) / (0.5 * b - 0.5 * a),
    }
}

fn standardised(x: f64, mean: f64, deviation: f64) -> f64 {
    let apart = x - mean;
    match (deviation > 0.0, apart.is_finite()) {
        (false, _) => 0.0,
        (true, true) => apart / deviation,
        (true, false) => x / deviation - mean / deviation,
    }
}

fn standard(numbers: &[f64]) -> Transform {
    let (min, max) = ends(numbers);
    let size = min.abs().max(max.abs());
    let scale = if size > SQUARABLE { size } else { 1.0 };
    let mut moments = Moments::default();
    numbers.iter().for_each(|x| moments.add(x / scale));
    let (mean, deviation) = moments
        .summary()
        .map_or((0.0, 0.0), |s| (s.mean * scale, s.deviation * scale));
    Transform::Standard { mean, deviation }
}

/// The least and the greatest number; 0 of none.
fn ends(numbers: &[f64]) -> (f64, f64) {
    let min = numbers.iter().copied().reduce(f64::min);
    let max = numbers.iter().copied().reduce(f64::max);
    (min.unwrap_or(0.0), max.unwrap_or(0.0))
}

fn put(value: f64, cell: &mut f32) -> bool {
    *cell = value.clamp(-MOST, MOST) as f32;
    value.abs() > MOST
}
