//! Cells of text.

use std::io::Write;

use serde_json::ser::{CompactFormatter, Formatter};

use super::super::kind::Kind;

/// Appends a text, in quotes where it needs them.
pub(super) fn push_text(out: &mut Vec<u8>, text: &[u8], delimiter: u8) {
    let special = |&b: &u8| b == delimiter || b == b'"' || b == b'\n' || b == b'\r';
    if !text.iter().any(special) {
        return out.extend_from_slice(text);
    }
    out.push(b'"');
    for &byte in text {
        if byte == b'"' {
            out.push(b'"');
        }
        out.push(byte);
    }
    out.push(b'"');
}

/// Appends a number of a column of this kind: the shortest text that reads back as the same.
pub(super) fn push_number(out: &mut Vec<u8>, x: f64, kind: Kind) {
    // Memory takes everything.
    let _ = match kind {
        Kind::Integer => write!(out, "{}", x as i64),
        Kind::Float32 if x.is_finite() => CompactFormatter.write_f32(out, x as f32),
        _ if x.is_finite() => CompactFormatter.write_f64(out, x),
        _ => write!(out, "{x}"),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(x: f64, kind: Kind) -> String {
        let mut out = Vec::new();
        push_number(&mut out, x, kind);
        String::from_utf8(out).expect("digits")
    }

    #[test]
    fn numbers_read_back() {
        assert_eq!(text(0.1 + 0.2, Kind::Float64), "0.30000000000000004");
        assert_eq!(text(f64::from(0.1f32), Kind::Float32), "0.1");
        assert_eq!(text(1.0, Kind::Float64), "1.0");
        assert_eq!(text(-0.0, Kind::Integer), "0");
        assert_eq!(text(1e300, Kind::Integer), i64::MAX.to_string());
        for x in [1e300, 5e-324, -1.7e9, 123456.789] {
            assert_eq!(text(x, Kind::Float64).parse::<f64>().expect("a number"), x);
        }
    }

    #[test]
    fn texts_are_quoted_where_they_must_be() {
        let quoted = |text: &str, delimiter| {
            let mut out = Vec::new();
            push_text(&mut out, text.as_bytes(), delimiter);
            String::from_utf8(out).expect("UTF-8")
        };
        assert_eq!(quoted("a b", b','), "a b");
        assert_eq!(quoted("a,b", b','), "\"a,b\"");
        assert_eq!(quoted("a,b", b'\t'), "a,b");
        assert_eq!(quoted("say \"x\"\n", b','), "\"say \"\"x\"\"\n\"");
    }
}
