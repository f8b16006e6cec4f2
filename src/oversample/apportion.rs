//! Whole numbers in proportion to weights, with an exact total.

/// `total` shared out in proportion to `weights` by largest remainders; equal remainders go to the lower index.
///
/// Each share is within one of its exact value, and the shares add up to `total`. Weights are finite and at least 0,
/// and one is above 0.
pub(super) fn largest_remainder(weights: &[f64], total: usize) -> Vec<usize> {
    // Divided by the largest first, so that neither a sum overflows nor a quotient loses its meaning.
    let most = weights.iter().fold(0.0f64, |a, &b| a.max(b));
    debug_assert!(most > 0.0 && most.is_finite(), "a weight is above 0");
    let sum: f64 = weights.iter().map(|w| w / most).sum();
    let exact: Vec<f64> = weights
        .iter()
        .map(|w| w / most / sum * total as f64)
        .collect();
    let mut shares: Vec<usize> = exact.iter().map(|x| x.floor() as usize).collect();
    let given: usize = shares.iter().sum();
    let mut order: Vec<usize> = (0..weights.len()).filter(|&i| weights[i] > 0.0).collect();
    let remainder = |i: usize| exact[i] - exact[i].floor();
    order.sort_by(|&a, &b| remainder(b).total_cmp(&remainder(a)).then(a.cmp(&b)));
    match given <= total {
        true => order
            .iter()
            .cycle()
            .take(total - given)
            .for_each(|&i| shares[i] += 1),
        // Rounding of the quotients may give one too many where the exact shares are whole.
        false => {
            let mut over = given - total;
            for &i in order.iter().rev() {
                let back = over.min(shares[i]).min(1);
                shares[i] -= back;
                over -= back;
            }
        }
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::largest_remainder;

    #[test]
    fn totals_are_exact_and_ties_go_to_the_lower_index() {
        assert_eq!(largest_remainder(&[1.0, 1.0, 1.0], 4), [2, 1, 1]);
        assert_eq!(
            largest_remainder(&[4.0, 1.0, 4.0, 2.0, 4.0, 2.0, 4.0, 1.0], 4),
            [1, 0, 1, 0, 1, 0, 1, 0]
        );
        assert_eq!(largest_remainder(&[0.0, 2.0, 0.0], 3), [0, 3, 0]);
        for total in [0, 1, 7, 1000, 123_457] {
            for weights in [
                vec![0.1; 10],
                vec![1e-300, 1e300],
                vec![1e308; 3],
                vec![0.3, 0.0, 0.7, 1e-9],
            ] {
                let shares = largest_remainder(&weights, total);
                assert_eq!(shares.iter().sum::<usize>(), total, "{weights:?}");
                assert!(
                    shares
                        .iter()
                        .zip(&weights)
                        .all(|(&s, &w)| w > 0.0 || s == 0)
                );
            }
        }
    }
}
