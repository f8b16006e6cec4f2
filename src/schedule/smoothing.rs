//! Label-aware smoothing (Zhong et al. 2021, MiSLAS): a class's smoothing grows with its size.
//!
//! ```text
//! u = (n − n_min) / (n_max − n_min)
//! concave  tail + (head − tail)·sin(πu/2)           linear  tail + (head − tail)·u
//! convex   head + (head − tail)·sin(3π/2 + πu/2)    exp(q)  tail + (head − tail)·u^q
//! q = Σ_c y_c·s_c,  s_c = (1 − ε_c)·one_hot(c) + ε_c/C     (linear in y, so it commutes with mixing)
//! ```

use std::f64::consts::FRAC_PI_2;

use serde::{Deserialize, Serialize};

use super::curve_check::check_number;
use crate::error::{Error, Result};

/// How the smoothing rises from the smallest class to the largest.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum SmoothingShape {
    /// Fast, then slowly.
    Concave,
    /// Evenly.
    Linear,
    /// Slowly, then fast.
    Convex,
    /// As the q-th power.
    Exp {
        /// The power, above 0.
        q: f64,
    },
}

/// Label-aware smoothing as a schedule says it; the counts are those of the training set.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
pub struct SmoothingRule {
    /// ε of the largest class, in [0, 1]; default 0.4.
    pub head: f64,
    /// ε of the smallest class, in [0, 1]; default 0.1.
    pub tail: f64,
    /// How it rises between them; default concave.
    pub shape: SmoothingShape,
}

impl Default for SmoothingRule {
    fn default() -> Self {
        Self {
            head: 0.4,
            tail: 0.1,
            shape: SmoothingShape::Concave,
        }
    }
}

/// A smoothing ε for each class.
///
/// ```
/// use candle_mixup::schedule::{ClassSmoothing, SmoothingShape};
///
/// let smoothing = ClassSmoothing::new(&[500.0, 5.0], 0.4, 0.1, SmoothingShape::Linear)?;
/// assert_eq!(smoothing.epsilon(), [0.4, 0.1]);
/// assert_eq!(smoothing.apply(&[1.0, 0.0])?, [0.8, 0.2]);
/// # Ok::<(), candle_mixup::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ClassSmoothing(Vec<f64>);

impl ClassSmoothing {
    /// The smoothing of classes with these training-set counts: `head` for the largest, `tail` for the smallest.
    ///
    /// Where all counts are equal every class gets `tail`.
    ///
    /// # Errors
    /// [`Error::Setting`] for a count, `head`, `tail` or q out of range.
    pub fn new(counts: &[f64], head: f64, tail: f64, shape: SmoothingShape) -> Result<Self> {
        check_number("head", head, &(0.0..=1.0))?;
        check_number("tail", tail, &(0.0..=1.0))?;
        for count in counts {
            check_number("class count", *count, &(0.0..=f64::MAX))?;
        }
        if let SmoothingShape::Exp { q } = shape
            && !(q.is_finite() && q > 0.0)
        {
            return Err(Error::setting("q", "positive and finite", q));
        }
        let low = counts.iter().copied().fold(f64::INFINITY, f64::min);
        let high = counts.iter().copied().fold(0.0, f64::max);
        let epsilon = |n: &f64| {
            if low == high {
                return tail;
            }
            shape.between(head, tail, (n - low) / (high - low))
        };
        Ok(Self(counts.iter().map(epsilon).collect()))
    }

    /// ε of each class.
    pub fn epsilon(&self) -> &[f64] {
        &self.0
    }

    /// The smoothed form of one row's target, `[classes]`.
    ///
    /// # Errors
    /// [`Error::Shape`] if the target has another number of classes.
    pub fn apply(&self, target: &[f64]) -> Result<Vec<f64>> {
        let classes = self.0.len();
        if target.len() != classes {
            return Err(Error::Shape {
                what: "target".into(),
                expected: format!("{classes} classes"),
                got: target.len().to_string(),
            });
        }
        let given = target.iter().zip(&self.0).map(|(y, e)| y * e).sum::<f64>();
        let rest = given / classes as f64;
        let own = target.iter().zip(&self.0).map(|(y, e)| y * (1.0 - e));
        Ok(own.map(|y| y + rest).collect())
    }
}

impl SmoothingShape {
    fn between(self, head: f64, tail: f64, u: f64) -> f64 {
        let rise = match self {
            Self::Concave => (FRAC_PI_2 * u).sin(),
            Self::Linear => u,
            // sin(3π/2 + x) = −cos x, exact at both ends.
            Self::Convex if u == 1.0 => 1.0,
            Self::Convex => 1.0 - (FRAC_PI_2 * u).cos(),
            Self::Exp { q } => u.powf(q),
        };
        tail * (1.0 - rise) + head * rise
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPES: [SmoothingShape; 4] = [
        SmoothingShape::Concave,
        SmoothingShape::Linear,
        SmoothingShape::Convex,
        SmoothingShape::Exp { q: 2.5 },
    ];

    #[test]
    fn every_shape_rises_from_tail_to_head() {
        let counts: Vec<f64> = (5..=500).map(f64::from).collect();
        for shape in SHAPES {
            let smoothing = ClassSmoothing::new(&counts, 0.4, 0.1, shape).expect("valid");
            let epsilon = smoothing.epsilon();
            assert_eq!((epsilon[0], epsilon[495]), (0.1, 0.4), "{shape:?}");
            assert!(epsilon.is_sorted_by(|a, b| a < b), "{shape:?}");
        }
    }

    #[test]
    fn shapes_lie_on_their_sides_of_the_line() {
        let middle = |shape| {
            let smoothing = ClassSmoothing::new(&[0.0, 50.0, 100.0], 0.4, 0.1, shape);
            smoothing.expect("valid").epsilon()[1]
        };
        assert!((middle(SmoothingShape::Linear) - 0.25).abs() < 1e-15);
        let half = std::f64::consts::FRAC_1_SQRT_2;
        assert!((middle(SmoothingShape::Concave) - (0.1 + 0.3 * half)).abs() < 1e-15);
        let convex = 0.4 + 0.3 * (3.0 * FRAC_PI_2 + FRAC_PI_2 / 2.0).sin();
        assert!((middle(SmoothingShape::Convex) - convex).abs() < 1e-15);
    }

    #[test]
    fn equal_counts_give_the_tail() {
        for shape in SHAPES {
            let smoothing = ClassSmoothing::new(&[7.0; 3], 0.4, 0.1, shape).expect("valid");
            assert_eq!(smoothing.epsilon(), [0.1; 3]);
        }
    }

    #[test]
    fn smoothing_commutes_with_mixing() {
        let smoothing = ClassSmoothing::new(&[9.0, 4.0, 1.0], 0.4, 0.1, SmoothingShape::Concave);
        let smoothing = smoothing.expect("valid");
        let mix = |a: &[f64], b: &[f64]| -> Vec<f64> {
            a.iter().zip(b).map(|(a, b)| 0.3 * a + 0.7 * b).collect()
        };
        let (a, b) = ([1.0, 0.0, 0.0], [0.0, 0.25, 0.75]);
        let apply = |y: &[f64]| smoothing.apply(y).expect("three classes");
        let (first, last) = (apply(&mix(&a, &b)), mix(&apply(&a), &apply(&b)));
        assert!(first.iter().zip(&last).all(|(x, y)| (x - y).abs() < 1e-15));
        assert!((first.iter().sum::<f64>() - 1.0).abs() < 1e-15);
    }

    #[test]
    fn bad_settings_are_refused() {
        let new = |counts: &[f64], head, tail, shape| {
            ClassSmoothing::new(counts, head, tail, shape).is_err()
        };
        let linear = SmoothingShape::Linear;
        assert!(new(&[1.0, f64::NAN], 0.4, 0.1, linear));
        assert!(new(&[1.0, -2.0], 0.4, 0.1, linear));
        assert!(new(&[1.0, 2.0], 1.4, 0.1, linear));
        assert!(new(&[1.0, 2.0], 0.4, f64::NAN, linear));
        assert!(new(&[1.0, 2.0], 0.4, 0.1, SmoothingShape::Exp { q: 0.0 }));
        let two = ClassSmoothing::new(&[1.0, 2.0], 0.4, 0.1, linear).expect("valid");
        assert!(matches!(two.apply(&[1.0]), Err(Error::Shape { .. })));
    }
}
