//! Partners by a kernel on the targets (C-Mixup; Yao et al. 2022, 2210.05775), never building a matrix.
//!
//! ```text
//! P(j | i) = exp(−‖y_i − y_j‖² / 2b²) / Σ_l exp(−‖y_i − y_l‖² / 2b²)
//! ```
//!
//! One output: by rejection on sorted targets, see `kernel_line.rs`. Several: by a walk over all rows for each draw.

use super::kernel_line::Line;
use crate::error::{Error, Result};
use crate::random::Stream;

/// ln 1e-12: where the kernel is below this share of its peak, it counts as 0.
pub(super) const REACH: f64 = -27.631_021_115_928_547;

/// The targets of all training rows, prepared once a run for draws of partners.
///
/// ```
/// use candle_mixup::schedule::KernelIndex;
/// use candle_mixup::random::{Purpose, Stream};
///
/// let index = KernelIndex::new(&[1.0, 50.0, 1.5, 51.0], 1, 0.5)?;
/// let mut stream = Stream::new(42, Purpose::Partner, 0);
/// assert_eq!(index.draw(1, true, &mut stream)?, 3);
/// # Ok::<(), candle_mixup::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct KernelIndex {
    targets: Targets,
    rows: usize,
    bandwidth: f64,
}

#[derive(Debug, Clone)]
enum Targets {
    /// One output.
    Line(Line),
    /// Several outputs, row by row.
    Space { values: Vec<f32>, outputs: usize },
}

impl KernelIndex {
    /// An index of targets `[rows, outputs]`; the bandwidth b is in their units.
    ///
    /// # Errors
    /// [`Error::Setting`] for a bandwidth that is not positive and finite, [`Error::Shape`] unless the targets are whole
    /// rows, [`Error::Data`] for none and for one that is not finite.
    pub fn new(targets: &[f32], outputs: usize, bandwidth: f64) -> Result<Self> {
        if !(bandwidth.is_finite() && bandwidth > 0.0) {
            let expected = "positive and finite";
            return Err(Error::setting("bandwidth", expected, bandwidth));
        }
        if outputs == 0 || !targets.len().is_multiple_of(outputs) {
            return Err(Error::Shape {
                what: "targets".into(),
                expected: format!("rows of {outputs} values"),
                got: format!("{} values", targets.len()),
            });
        }
        if targets.is_empty() {
            return Err(Error::Data("there are no targets to be near to".into()));
        }
        if let Some(place) = targets.iter().position(|y| !y.is_finite()) {
            let (row, value) = (place / outputs, targets[place]);
            let problem = format!("the target of row {row} must be finite, got {value}");
            return Err(Error::Data(problem));
        }
        Ok(Self {
            rows: targets.len() / outputs,
            targets: match outputs {
                1 => Targets::Line(Line::new(targets, bandwidth)),
                _ => Targets::Space {
                    values: targets.to_vec(),
                    outputs,
                },
            },
            bandwidth,
        })
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether there is no row; an index always has one.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// The bandwidth b.
    pub fn bandwidth(&self) -> f64 {
        self.bandwidth
    }

    /// A partner for `row`; the row itself is one of the candidates unless excluded. A row that is alone is its own.
    ///
    /// # Errors
    /// [`Error::Shape`] for a row that the index does not have.
    pub fn draw(&self, row: u32, exclude_self: bool, stream: &mut Stream) -> Result<u32> {
        Ok(self.partners(&[row], exclude_self, stream)?[0])
    }

    /// A partner for each of some rows: the draws of [`KernelIndex::draw`] one after the other.
    ///
    /// # Errors
    /// [`Error::Shape`] for a row that the index does not have.
    pub fn partners(
        &self,
        rows: &[u32],
        exclude_self: bool,
        stream: &mut Stream,
    ) -> Result<Vec<u32>> {
        if let Some(row) = rows.iter().find(|&&row| row as usize >= self.rows) {
            return Err(Error::Shape {
                what: "targets of the kernel".into(),
                expected: format!("a target for training row {row}"),
                got: format!("{} targets", self.rows),
            });
        }
        if exclude_self && self.rows == 1 {
            return Ok(rows.to_vec());
        }
        Ok(match &self.targets {
            Targets::Line(line) => line.partners(rows, exclude_self, stream),
            Targets::Space { values, outputs } => rows
                .iter()
                .map(|&row| walk(values, *outputs, self.bandwidth, row, exclude_self, stream))
                .collect(),
        })
    }
}

/// The logarithm of the kernel at distance `d`, counted from its value at the nearest distance; no difference of
/// squares, so that it neither overflows nor cancels.
pub(super) fn log_kernel(d: f64, nearest: f64, bandwidth: f64) -> f64 {
    match d - nearest {
        0.0 => 0.0,
        beyond => -0.5 * (beyond / bandwidth) * ((d + nearest) / bandwidth),
    }
}

/// One draw by a walk over all rows.
fn walk(
    values: &[f32],
    outputs: usize,
    bandwidth: f64,
    row: u32,
    exclude_self: bool,
    stream: &mut Stream,
) -> u32 {
    let own = &values[row as usize * outputs..][..outputs];
    let distances = || {
        let all = values.chunks_exact(outputs).enumerate();
        let others = all.filter(move |(j, _)| !(exclude_self && *j == row as usize));
        others.map(|(j, y)| (j, distance(own, y)))
    };
    let nearest = distances().map(|(_, d)| d).fold(f64::INFINITY, f64::min);
    let weight = |d: f64| log_kernel(d, nearest, bandwidth).exp();
    let total: f64 = distances().map(|(_, d)| weight(d)).sum();
    let mut left = stream.unit() * total;
    let mut last = row as usize;
    for (j, d) in distances() {
        let weight = weight(d);
        if weight > 0.0 {
            last = j;
            if left < weight {
                break;
            }
        }
        left -= weight;
    }
    last as u32
}

fn distance(x: &[f32], y: &[f32]) -> f64 {
    let squares = x.iter().zip(y).map(|(&a, &b)| {
        let gap = f64::from(a) - f64::from(b);
        gap * gap
    });
    squares.sum::<f64>().sqrt()
}
