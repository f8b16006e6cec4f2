//! Initial values of weights.

use rand_distr::{Distribution, StandardNormal};

use crate::random::{Purpose, Stream, name_key};

/// How a weight starts that no pretrained file gives.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Init {
    /// 0 everywhere.
    Zeros,
    /// 1 everywhere.
    Ones,
    /// Normal with mean 0.
    Normal {
        /// Standard deviation; BERT takes 0.02 (Devlin et al. 2019).
        std: f64,
    },
    /// Uniform on [-bound, bound].
    Uniform {
        /// The bound; 1/√inputs is the usual one for linear layers.
        bound: f64,
    },
}

impl Init {
    /// `count` values, a function of the seed and the weight's full name alone.
    pub(super) fn draw(self, seed: u64, name: &str, count: usize) -> Vec<f32> {
        let mut stream = Stream::keyed(seed, Purpose::Init, name_key(name), 0);
        match self {
            Self::Zeros => vec![0.0; count],
            Self::Ones => vec![1.0; count],
            Self::Normal { std } => (0..count)
                .map(|_| {
                    let z: f64 = StandardNormal.sample(stream.rng());
                    (z * std) as f32
                })
                .collect(),
            Self::Uniform { bound } => (0..count)
                .map(|_| ((2.0 * stream.unit() - 1.0) * bound) as f32)
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_have_the_moments_and_depend_on_name_and_seed_only() {
        let draw = |seed, name| Init::Normal { std: 0.5 }.draw(seed, name, 20_000);
        let x = draw(1, "a");
        let mean = x.iter().map(|&v| f64::from(v)).sum::<f64>() / 2e4;
        let var = x.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>() / 2e4;
        assert!(
            mean.abs() < 0.02 && (var - 0.25).abs() < 0.01,
            "{mean} {var}"
        );
        assert_eq!(x, draw(1, "a"));
        assert_ne!(x, draw(1, "b"));
        assert_ne!(x, draw(2, "a"));
        let u = Init::Uniform { bound: 0.1 }.draw(1, "a", 20_000);
        assert!(u.iter().all(|v| v.abs() <= 0.1));
        assert!(u.iter().any(|v| *v > 0.09) && u.iter().any(|v| *v < -0.09));
        assert_eq!(Init::Ones.draw(1, "a", 2), [1.0, 1.0]);
        assert_eq!(Init::Zeros.draw(1, "a", 2), [0.0, 0.0]);
    }
}
