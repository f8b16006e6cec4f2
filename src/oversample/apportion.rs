//! A whole number of rows divided in proportion to weights: the method of the largest remainder (Hamilton).
//!
//! quotaᵢ = total · wᵢ / Σw; each share is ⌊quotaᵢ⌋, and what is left goes to the largest fractions, one each.

/// Whole shares of `total` in proportion to `weights`: their sum is `total`, each is less than one from its quota, and
/// equal fractions go to the lower index. A weight of 0 gets nothing.
///
/// The weights are finite and not negative, and one of them is positive: what becomes of no weight at all is the
/// caller's business. For whole weights the remainders are exact, so ties are ties.
pub(super) fn largest_remainder(weights: &[f64], total: usize) -> Vec<usize> {
    debug_assert!(weights.iter().all(|w| w.is_finite() && *w >= 0.0));
    debug_assert!(total == 0 || weights.iter().any(|w| *w > 0.0));
    let weights = scaled(weights);
    let sum: f64 = weights.iter().sum();
    let mut shares = vec![0usize; weights.len()];
    let mut fractions: Vec<(f64, usize)> = Vec::with_capacity(weights.len());
    for (i, &weight) in weights.iter().enumerate().filter(|(_, w)| **w > 0.0) {
        let product = weight * total as f64;
        let rest = product % sum; // exact, unlike quota − ⌊quota⌋
        shares[i] = ((product - rest) / sum).round() as usize;
        fractions.push((rest, i));
    }
    fractions.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    settle(&mut shares, &fractions, total);
    shares
}

/// The weights times a power of two, which rounds nothing: the largest near 1, so that neither sum nor product is
/// beyond what a number can hold.
fn scaled(weights: &[f64]) -> Vec<f64> {
    let most = weights.iter().copied().fold(0.0, f64::max);
    let exponent = most.max(f64::MIN_POSITIVE).log2().floor() as i32;
    let factor = 2f64.powi(-exponent.clamp(-1000, 1000));
    weights.iter().map(|w| w * factor).collect()
}

/// Brings the sum of the shares to `total`, the largest fractions first; where rounding gave out too much, the
/// smallest fractions give it back.
fn settle(shares: &mut [usize], fractions: &[(f64, usize)], total: usize) {
    let given: usize = shares.iter().sum();
    let order = fractions.iter().map(|&(_, i)| i);
    for i in order.clone().cycle().take(total.saturating_sub(given)) {
        shares[i] += 1;
    }
    let mut excess = given.saturating_sub(total);
    for i in order.rev() {
        let back = excess.min(shares[i]);
        shares[i] -= back;
        excess -= back;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::largest_remainder;

    #[test]
    fn known_shares() {
        for (weights, total, shares) in [
            (
                &[4., 1., 4., 2., 4., 2., 4., 1.][..],
                4,
                &[1, 0, 1, 0, 1, 0, 1, 0][..],
            ),
            (&[1., 1., 1.], 4, &[2, 1, 1]),
            (&[1., 1., 1.], 2, &[1, 1, 0]),
            (&[0., 3., 0., 3.], 5, &[0, 3, 0, 2]),
            (&[7.], 9, &[9]),
            (&[1e-310, 1e-310, 0.], 3, &[2, 1, 0]),
            (&[f64::MAX, f64::MAX], 3, &[2, 1]),
            (&[1e300, 1e-300], 10, &[10, 0]),
        ] {
            assert_eq!(largest_remainder(weights, total), shares, "{weights:?}");
        }
    }

    #[test]
    fn equal_fractions_go_to_the_lower_index_whatever_their_wholes() {
        // Quotas 1/3, 4/3, 7/3: in floating point 4/3 − 1 and 7/3 − 2 are not 1/3.
        assert_eq!(largest_remainder(&[1., 4., 7.], 4), [1, 1, 2]);
        assert_eq!(largest_remainder(&[7., 4., 1.], 4), [3, 1, 0]);
    }

    #[test]
    fn nothing_to_divide() {
        assert_eq!(largest_remainder(&[0., 0.], 0), [0, 0]);
        assert_eq!(largest_remainder(&[], 0), [0usize; 0]);
    }

    proptest! {
        #[test]
        fn sums_are_exact_and_shares_near_their_quotas(
            weights in prop::collection::vec(prop_oneof![Just(0.0), 1e-12f64..1.0, 1.0f64..1e12], 1..60),
            total in 0usize..1_000_000,
        ) {
            let sum: f64 = weights.iter().sum();
            prop_assume!(sum > 0.0);
            let shares = largest_remainder(&weights, total);
            prop_assert_eq!(shares.iter().sum::<usize>(), total);
            for (&share, &weight) in shares.iter().zip(&weights) {
                let quota = total as f64 * weight / sum;
                prop_assert!((share as f64 - quota).abs() < 1.0 + 1e-6 && (weight > 0.0 || share == 0));
            }
        }
    }
}
