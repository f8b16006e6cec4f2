//! Mixing both sides is mixing the features alone, by another law of λ, for losses ℓ = h(f) − y f (logistic: h = log(1 +
//! eᶠ); squared: h = f²/2), of which the expectations over all ordered pairs agree (Zhang et al. 2021, arXiv 2010.04819;
//! Carratino et al. 2022):
//!
//! ```text
//! E_{Beta(a, b)} ℓ(λx_i + (1−λ)x_j, λy_i + (1−λ)y_j)
//!   = a/(a+b) · E_{Beta(a+1, b)} ℓ(λx_i + (1−λ)x_j, y_i) + b/(a+b) · E_{Beta(b+1, a)} ℓ(λx_i + (1−λ)x_j, y_i)
//! ```

use crate::data::{Data, over_pairs};
use crate::quadrature::beta;

/// h and the targets that go with it.
type Loss = fn(f64) -> f64;

const LOSSES: [(&str, Loss); 2] = [
    ("logistic", |f| f.exp().ln_1p()),
    ("squared", |f| f * f / 2.0),
];

fn two_sided(h: Loss, f: &[f64], y: &[f64], (a, b): (f64, f64)) -> f64 {
    let law = beta(a, b);
    over_pairs(|i, j| {
        let at = |(l, p): &(f64, f64)| {
            let mixed = |v: &[f64]| l * v[i] + (1.0 - l) * v[j];
            p * (h(mixed(f)) - mixed(y) * mixed(f))
        };
        law.iter().map(at).sum()
    })
}

fn one_sided(h: Loss, f: &[f64], y: &[f64], (a, b): (f64, f64)) -> f64 {
    let law = beta(a, b);
    over_pairs(|i, j| {
        let at = |(l, p): &(f64, f64)| {
            let mixed = l * f[i] + (1.0 - l) * f[j];
            p * (h(mixed) - y[i] * mixed)
        };
        law.iter().map(at).sum()
    })
}

#[test]
fn both_sides_by_beta_are_one_side_by_a_beta_that_favours_the_row_itself() {
    let data = Data::new(4, 0.0);
    let (f, _) = data.logits(3.0);
    for (name, h) in LOSSES {
        for alpha in [1.0, 2.0, 8.0] {
            let two = two_sided(h, &f, &data.classes(), (alpha, alpha));
            let one = one_sided(h, &f, &data.classes(), (alpha + 1.0, alpha));
            assert!(
                (two / one - 1.0).abs() < 1e-6,
                "{name}, alpha {alpha}: {two} and {one}"
            );
            // With the law left as it is they do not agree.
            let same = one_sided(h, &f, &data.classes(), (alpha, alpha));
            assert!((two / same - 1.0).abs() > 1e-3, "{name}, alpha {alpha}");
        }
    }
}

#[test]
fn laws_that_are_not_symmetric_give_a_mixture_of_two() {
    let data = Data::new(5, 0.0);
    let (f, _) = data.logits(3.0);
    for (name, h) in LOSSES {
        for (a, b) in [(2.0, 3.0), (5.0, 1.5)] {
            let two = two_sided(h, &f, &data.classes(), (a, b));
            let side = |a, b| one_sided(h, &f, &data.classes(), (a, b));
            let one = a / (a + b) * side(a + 1.0, b) + b / (a + b) * side(b + 1.0, a);
            assert!(
                (two / one - 1.0).abs() < 1e-6,
                "{name}, ({a}, {b}): {two} and {one}"
            );
        }
    }
}
