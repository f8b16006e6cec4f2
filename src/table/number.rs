//! A cell of text as a number.

/// The greatest whole number up to which every one has an f64 of its own: 2⁵³.
pub(super) const MOST_EXACT: f64 = 9_007_199_254_740_992.0;

/// What a cell of text is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Number {
    /// Digits alone, with or without a sign.
    Integer(f64),
    /// A number with a point or an exponent.
    Float(f64),
    /// `nan` or `inf` in any spelling, or a number beyond the range of an f64.
    NotFinite,
    /// No number.
    Text,
}

impl Number {
    /// Reads a cell; spaces around a number are passed over.
    pub fn of(cell: &[u8]) -> Self {
        let cell = cell.trim_ascii();
        if !cell.first().is_some_and(begins) {
            return Self::Text;
        }
        let unsigned = match cell {
            [b'+' | b'-', rest @ ..] => rest,
            all => all,
        };
        let digits = !unsigned.is_empty() && unsigned.iter().all(u8::is_ascii_digit);
        if digits && unsigned.len() <= 15 {
            let size = unsigned
                .iter()
                .fold(0u64, |sum, &d| sum * 10 + u64::from(d - b'0'));
            return Self::Integer(if cell[0] == b'-' {
                -(size as f64)
            } else {
                size as f64
            });
        }
        let parsed = std::str::from_utf8(cell)
            .ok()
            .and_then(|c| c.parse::<f64>().ok());
        match parsed {
            None => Self::Text,
            Some(x) if !x.is_finite() => Self::NotFinite,
            Some(x) if digits => Self::Integer(x),
            Some(x) => Self::Float(x),
        }
    }
}

/// Whether a number can begin so; `n` and `i` begin nan and inf.
fn begins(first: &u8) -> bool {
    matches!(
        first,
        b'0'..=b'9' | b'+' | b'-' | b'.' | b'n' | b'N' | b'i' | b'I'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_is_written() {
        for (cell, number) in [
            ("0", Number::Integer(0.0)),
            ("-17", Number::Integer(-17.0)),
            ("+5", Number::Integer(5.0)),
            (" 42 ", Number::Integer(42.0)),
            ("9007199254740993", Number::Integer(9_007_199_254_740_992.0)),
            (
                "123456789012345678901234567890",
                Number::Integer(1.234_567_890_123_456_8e29),
            ),
            ("1.5", Number::Float(1.5)),
            (".5", Number::Float(0.5)),
            ("5.", Number::Float(5.0)),
            ("-1e-3", Number::Float(-0.001)),
            ("1E5", Number::Float(1e5)),
            ("NaN", Number::NotFinite),
            ("-inf", Number::NotFinite),
            ("Infinity", Number::NotFinite),
            ("1e999", Number::NotFinite),
            ("", Number::Text),
            ("-", Number::Text),
            ("1_000", Number::Text),
            ("1,5", Number::Text),
            ("0x10", Number::Text),
            ("ten", Number::Text),
            ("name", Number::Text),
            ("5more", Number::Text),
            ("\u{661}", Number::Text),
        ] {
            assert_eq!(Number::of(cell.as_bytes()), number, "{cell}");
        }
    }
}
