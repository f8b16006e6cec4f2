//! How many of several a share is.

/// ⌊ratio·count⌋; a share such as 0.29 of 100 is 29, though the product is written a little below.
pub(crate) fn share(ratio: f64, count: usize) -> usize {
    (ratio * count as f64 + 1e-9) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_with_two_decimals_is_whole_where_it_is() {
        for count in 1..=2000usize {
            for hundredths in 0..=100usize {
                let asked = share(hundredths as f64 / 100.0, count);
                assert_eq!(asked, hundredths * count / 100, "{hundredths} % of {count}");
            }
        }
    }
}
