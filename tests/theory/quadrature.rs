//! Expectations over λ: Gauss-Legendre nodes on (0, 1), found as the roots of Legendre's polynomial by Newton's steps.

use statrs::distribution::{Beta, Continuous};

const NODES: usize = 80;

/// Nodes and their weights on (0, 1).
fn nodes() -> Vec<(f64, f64)> {
    (0..NODES)
        .map(|k| {
            let mut x = (std::f64::consts::PI * (k as f64 + 0.75) / (NODES as f64 + 0.5)).cos();
            let mut slope = 1.0;
            for _ in 0..20 {
                let (value, derivative) = legendre(x);
                slope = derivative;
                x -= value / derivative;
            }
            (0.5 * (1.0 + x), 1.0 / ((1.0 - x * x) * slope * slope))
        })
        .collect()
}

/// The polynomial of degree [`NODES`] and its derivative, by the three-term recurrence.
fn legendre(x: f64) -> (f64, f64) {
    let (mut last, mut value) = (1.0, x);
    for k in 2..=NODES {
        let k = k as f64;
        (last, value) = (value, ((2.0 * k - 1.0) * x * value - (k - 1.0) * last) / k);
    }
    let n = NODES as f64;
    (value, n * (x * value - last) / (x * x - 1.0))
}

/// Nodes with their probabilities under Beta(a, b), a and b at least 1.
pub fn beta(a: f64, b: f64) -> Vec<(f64, f64)> {
    let law = Beta::new(a, b).expect("positive shapes");
    nodes()
        .into_iter()
        .map(|(x, weight)| (x, weight * law.pdf(x)))
        .collect()
}

/// The first two moments of a law of λ.
#[derive(Clone, Copy)]
pub struct Moments {
    /// E λ.
    pub first: f64,
    /// E λ².
    pub second: f64,
}

impl Moments {
    /// Those of Beta(α, α).
    pub fn beta(alpha: f64) -> Self {
        Self {
            first: 0.5,
            second: (alpha + 1.0) / (2.0 * (2.0 * alpha + 1.0)),
        }
    }

    /// Those of a constant.
    pub fn constant(c: f64) -> Self {
        Self {
            first: c,
            second: c * c,
        }
    }

    /// E λ² + E (1 − λ)².
    pub fn squares(self) -> f64 {
        2.0 * self.second - 2.0 * self.first + 1.0
    }

    /// 2 E λ(1 − λ).
    pub fn cross(self) -> f64 {
        2.0 * (self.first - self.second)
    }
}

#[test]
fn nodes_integrate_moments_exactly() {
    for alpha in [1.0, 2.0, 8.0] {
        let of = |power: i32| {
            beta(alpha, alpha)
                .iter()
                .map(|(x, p)| p * x.powi(power))
                .sum::<f64>()
        };
        let exact = Moments::beta(alpha);
        assert!((of(0) - 1.0).abs() < 1e-12 && (of(1) - exact.first).abs() < 1e-12);
        assert!((of(2) - exact.second).abs() < 1e-12);
    }
}
