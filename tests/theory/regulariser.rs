//! Mixup of a logistic regression as a regulariser, to second order in the scores (Zhang et al. 2021,
//! arXiv 2010.04819), X centred, s = σ(f), Σ = XᵀX/n, λ ~ Beta(α, α):
//!
//! ```text
//! L_mix ≈ L_std + R1 + R2
//! R1 = α/(2α+1) · mean((y_i − s_i) f_i)
//! R2 = ½ · α/(2(2α+1)) · mean(s_i(1−s_i) [θᵀΣθ + f_i²])
//! ```

use crate::data::{Data, ROWS, dot, mean, over_pairs};
use crate::quadrature::beta;

const ALPHA: f64 = 1.0;

/// How far the second order is from the exact loss, relative to it, where the largest score has this size.
fn error(seed: u64, largest: f64) -> f64 {
    let data = Data::new(seed, 0.0);
    let (f, theta) = data.logits(largest);
    let y = data.classes();
    let loss = |f: f64, y: f64| f.exp().ln_1p() - y * f;
    let law = beta(ALPHA, ALPHA);
    let exact = over_pairs(|i, j| {
        let at = |(l, p): &(f64, f64)| {
            let mixed = |v: &[f64]| l * v[i] + (1.0 - l) * v[j];
            p * loss(mixed(&f), mixed(&y))
        };
        law.iter().map(at).sum()
    });
    let sigma = |f: f64| 1.0 / (1.0 + (-f).exp());
    let share = ALPHA / (2.0 * ALPHA + 1.0);
    let spread = mean(data.x.iter().map(|row| dot(row, &theta).powi(2)));
    let plain = mean((0..ROWS).map(|r| loss(f[r], y[r])));
    let first = share * mean((0..ROWS).map(|r| (y[r] - sigma(f[r])) * f[r]));
    let curved = |r: usize| sigma(f[r]) * (1.0 - sigma(f[r])) * (spread + f[r] * f[r]);
    let second = 0.5 * share / 2.0 * mean((0..ROWS).map(curved));
    ((plain + first + second) / exact - 1.0).abs()
}

#[test]
fn the_second_order_is_off_by_the_fourth_power_of_the_scores() {
    println!("largest score, relative error of L_std + R1 + R2 on two sets of rows");
    for largest in [0.25, 0.5, 1.0, 2.0, 4.0, 8.0] {
        println!(
            "{largest:5} {:.1e} {:.1e}",
            error(6, largest),
            error(7, largest)
        );
    }
    for seed in [6, 7] {
        let (one, half) = (error(seed, 1.0), error(seed, 0.5));
        assert!(one < 1e-3, "{one}");
        assert!((12.0..20.0).contains(&(one / half)), "{}", one / half);
    }
}
