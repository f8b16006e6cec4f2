//! Beta draws that survive any positive shape.
//!
//! ```text
//! λ = A / (A + B),  A ~ Gamma(a), B ~ Gamma(b),  taken in the logarithm: λ = 1 / (1 + exp(ln B − ln A))
//! ln Gamma(a) = ln Gamma(a + 1) + ln(U) / a     for a < 1
//! ```
//!
//! At shapes like 0.01 both gammas are far below the smallest float, and their plain quotient would be 0/0. Gammas of
//! shape 1 or more by Marsaglia and Tsang (2000), the step below 1 from the same paper, section 6.

use rand_distr::{Distribution, Gamma};

use crate::random::Stream;

/// Beta(a, b) with positive, finite shapes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Beta {
    a: LogGamma,
    b: LogGamma,
}

impl Beta {
    pub fn new(a: f64, b: f64) -> Self {
        Self {
            a: LogGamma::new(a),
            b: LogGamma::new(b),
        }
    }

    pub fn draw(&self, stream: &mut Stream) -> f64 {
        let (a, b) = (self.a.draw(stream), self.b.draw(stream));
        1.0 / (1.0 + (b - a).exp())
    }
}

/// The logarithm of a Gamma(shape, 1) draw.
#[derive(Debug, Clone, Copy)]
struct LogGamma {
    gamma: Gamma<f64>,
    /// 1 / shape where the draw is boosted from shape + 1, else 0.
    boost: f64,
}

impl LogGamma {
    fn new(shape: f64) -> Self {
        // Below 1e-300 ln(U) / shape would overflow, and the law is a fair coin on {0, 1} long before.
        let shape = shape.max(1e-300);
        let boosted = shape < 1.0;
        Self {
            gamma: Gamma::new(if boosted { shape + 1.0 } else { shape }, 1.0)
                .expect("a shape that passed check is positive and finite"),
            boost: if boosted { 1.0 / shape } else { 0.0 },
        }
    }

    fn draw(&self, stream: &mut Stream) -> f64 {
        let gamma = self.gamma.sample(stream.rng());
        // 1 − U lies in (0, 1], whose logarithm is finite.
        gamma.ln() + (1.0 - stream.unit()).ln() * self.boost
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Purpose;

    #[test]
    fn tiny_shapes_are_coins_without_nan() {
        for shape in [1e-320, 1e-300, 1e-17, 1e-3, 0.01] {
            let beta = Beta::new(shape, shape);
            let mut stream = Stream::new(1, Purpose::Weight, 0);
            let draws: Vec<f64> = (0..4000).map(|_| beta.draw(&mut stream)).collect();
            assert!(draws.iter().all(|l| (0.0..=1.0).contains(l)), "{shape}");
            let ones = draws.iter().filter(|l| **l > 0.5).count();
            assert!((1850..2150).contains(&ones), "{shape}: {ones} of 4000");
        }
    }

    #[test]
    fn huge_shapes_gather_at_a_half() {
        let beta = Beta::new(1e9, 1e9);
        let mut stream = Stream::new(1, Purpose::Weight, 0);
        assert!((0..100).all(|_| (beta.draw(&mut stream) - 0.5).abs() < 1e-3));
    }
}
