//! Expectations over λ: Gauss-Legendre nodes on (0, 1), found as the roots of Legendre's polynomial by Newton's steps,
//! in u rather than in λ:
//!
//! ```text
//! λ = sin²(πu/2),  dλ = π/2 · sin(πu) du
//! ```
//!
//! In λ a shape that is no integer leaves a root of the density at an end, which costs 80 nodes all but five digits; in u
//! the densities of whole and half shapes are smooth.

use std::f64::consts::PI;

use statrs::distribution::{Beta, Continuous};

const NODES: usize = 80;

/// Nodes and their weights on (0, 1).
fn nodes() -> Vec<(f64, f64)> {
    (0..NODES)
        .map(|k| {
            let mut x = (PI * (k as f64 + 0.75) / (NODES as f64 + 0.5)).cos();
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

/// Values of λ with their probabilities under Beta(a, b), a and b at least 1 and multiples of a half.
pub fn beta(a: f64, b: f64) -> Vec<(f64, f64)> {
    let law = Beta::new(a, b).expect("positive shapes");
    let at = |(u, weight): (f64, f64)| {
        let (sine, cosine) = (0.5 * PI * u).sin_cos();
        let lambda = sine * sine;
        (lambda, weight * PI * sine * cosine * law.pdf(lambda))
    };
    nodes().into_iter().map(at).collect()
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

    /// Two values, each with probability ½, that have these moments.
    pub fn two_values(self) -> [(f64, f64); 2] {
        let deviation = (self.second - self.first * self.first).max(0.0).sqrt();
        [self.first - deviation, self.first + deviation].map(|lambda| (lambda, 0.5))
    }

    /// 2 E λ(1 − λ).
    pub fn cross(self) -> f64 {
        2.0 * (self.first - self.second)
    }
}

#[test]
fn nodes_integrate_lopsided_laws() {
    // Those of the reweighting among them.
    let shapes = [(2.0, 1.0), (3.0, 2.0), (9.0, 8.0), (6.0, 1.5), (2.5, 5.0)];
    for (a, b) in shapes {
        let of = |power: i32| -> f64 { beta(a, b).iter().map(|(x, p)| p * x.powi(power)).sum() };
        let first = a / (a + b);
        let second = first * (a + 1.0) / (a + b + 1.0);
        for (power, exact) in [(0, 1.0), (1, first), (2, second)] {
            let off = of(power) - exact;
            assert!(off.abs() < 1e-12, "({a}, {b}), power {power}: {off}");
        }
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
