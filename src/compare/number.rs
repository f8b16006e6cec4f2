//! Numbers as people read them: enough digits to compare, no more.

/// Digits after the point for a value of this size: four near 1, fewer for large values.
pub(crate) fn decimals(size: f64) -> usize {
    match size.abs() {
        s if s >= 1000.0 => 0,
        s if s >= 10.0 => 2,
        _ => 4,
    }
}

/// What is smaller is the rounding of sums of scores, and stands for none.
const NOTHING: f64 = 1e-12;

/// A value on its own; one too small for four decimals in scientific notation.
pub(crate) fn number(value: f64) -> String {
    match value.abs() {
        size if size < NOTHING => "0".into(),
        size if size < 0.001 => format!("{value:.1e}"),
        size => format!("{value:.*}", decimals(size)),
    }
}

/// The same with its sign, as differences are written.
pub(crate) fn signed(value: f64) -> String {
    match value >= NOTHING {
        true => format!("+{}", number(value)),
        false => number(value),
    }
}

/// A p-value to three decimals; below that only that it is below.
pub(crate) fn p_value(p: f64) -> String {
    match p < 0.001 {
        true => "< 0.001".into(),
        false => format!("{p:.3}"),
    }
}

/// An interval, both ends to the digits that the larger one needs.
pub(crate) fn interval([low, high]: [f64; 2]) -> String {
    let size = low.abs().max(high.abs());
    match size < 0.001 {
        true => format!("[{}, {}]", signed(low), signed(high)),
        false => format!("[{low:+.0$}, {high:+.0$}]", decimals(size)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_no_difference() {
        assert_eq!((signed(-3.7e-17), signed(4e-17)), ("0".into(), "0".into()));
        assert_eq!(
            (signed(1.5e-4), signed(-0.02)),
            ("+1.5e-4".into(), "-0.0200".into())
        );
    }
}
