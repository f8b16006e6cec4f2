//! What mixup does to a linear regression: nothing, or a shrinking by a known factor (Carratino et al. 2022).
//!
//! ```text
//! two-sided, with an intercept:  θ = OLS for every law of λ
//!                                E loss = (α+1)/(2α+1) · mean r² + α/(2α+1) · (mean r)²
//! one-sided labels, centred:     θ = E λ / (E λ² + E (1−λ)²) · OLS; for Beta(α, α) the factor is (2α+1)/(2α+2)
//! ```

use crate::data::{Data, ROWS, WIDTH, dot, mean, over_pairs};
use crate::least_squares::{Target, distance, mixed, ordinary};
use crate::quadrature::{Moments, beta};

#[test]
fn mixing_both_sides_leaves_least_squares_with_an_intercept_as_it_is() {
    // Centred rows hide what partners contribute, as their means are 0; rows 3 away from their centre do not.
    for (offset, alpha) in [(0.0, 0.2), (0.0, 1.0), (0.0, 2.0), (3.0, 0.2), (3.0, 2.0)] {
        let data = Data::new(1, offset);
        let found = mixed(&data, Moments::beta(alpha), Target::Mixed, true);
        let off = distance(&found, &ordinary(&data, true));
        assert!(off < 1e-8, "offset {offset}, alpha {alpha}: {off}");
    }
}

#[test]
fn without_an_intercept_uncentred_rows_move_it_a_little() {
    let data = Data::new(1, 3.0);
    let found = mixed(&data, Moments::beta(1.0), Target::Mixed, false);
    let off = distance(&found, &ordinary(&data, false));
    println!("offset 3, no intercept: coefficients move by {off:.4} (reference 0.0025)");
    assert!(1e-6 < off && off < 0.05, "{off}");
    // With an intercept the offset does not matter.
    let found = mixed(&data, Moments::beta(1.0), Target::Mixed, true);
    assert!(distance(&found, &ordinary(&data, true)) < 1e-8);
}

#[test]
fn the_expected_loss_is_that_of_the_residuals() {
    let data = Data::new(2, 0.0);
    // Of any coefficients, here of no minimiser.
    let residual = |r: usize| data.y[r] - 0.3 - dot(&data.x[r], &[0.5; WIDTH]);
    for alpha in [0.2, 1.0, 2.0] {
        // Below 1 the density has poles, which nodes miss; two values with the law's moments do as well.
        let law = match alpha < 1.0 {
            true => Moments::beta(alpha).two_values().to_vec(),
            false => beta(alpha, alpha),
        };
        let exact = over_pairs(|i, j| {
            let at = |(l, p): &(f64, f64)| p * (l * residual(i) + (1.0 - l) * residual(j)).powi(2);
            law.iter().map(at).sum()
        });
        let square = mean((0..ROWS).map(|r| residual(r).powi(2)));
        let all = mean((0..ROWS).map(residual)).powi(2);
        let n = 2.0 * alpha + 1.0;
        let formula = (alpha + 1.0) / n * square + alpha / n * all;
        assert!(
            (exact / formula - 1.0).abs() < 1e-10,
            "alpha {alpha}: {exact} and {formula}"
        );
    }
}

#[test]
fn labels_of_the_row_itself_shrink_the_slopes_by_the_factor_of_the_law() {
    let data = Data::new(3, 0.0);
    let plain = ordinary(&data, false);
    let laws = [
        ("alpha 0.2", Moments::beta(0.2), 0.583333),
        ("alpha 1", Moments::beta(1.0), 0.75),
        ("alpha 2", Moments::beta(2.0), 0.833333),
        ("half and half: SamplePairing", Moments::constant(0.5), 1.0),
        ("constant 0.7", Moments::constant(0.7), 1.206897),
        ("constant 0.3", Moments::constant(0.3), 0.517241),
    ];
    for (name, law, factor) in laws {
        let found = mixed(&data, law, Target::Own, false);
        for (mixed, plain) in found.iter().zip(&plain).skip(1) {
            assert!(
                (mixed / plain - factor).abs() < 1e-6,
                "{name}: {}",
                mixed / plain
            );
        }
        println!("{name}: slopes by {:.6}", found[1] / plain[1]);
    }
}
