//! The spans of one text: checked, and laid over its words.

use std::ops::Range;

use serde_json::Value;

use super::columns::Offsets;
use super::positions::Positions;
use super::sentence::Tag;

/// What was expected of a span, and what stood there.
pub(super) struct Unexpected {
    pub(super) expected: String,
    pub(super) value: String,
}

struct Span {
    /// Bytes of the text.
    bytes: Range<usize>,
    label: String,
    /// As it is written, for messages.
    shown: String,
}

/// The tags of the words of `text` that a JSON list of spans says.
pub(super) fn tags(
    text: &str,
    words: &[Range<usize>],
    spans: &Value,
    offsets: Offsets,
) -> Result<Vec<Tag>, Unexpected> {
    let Some(list) = spans.as_array() else {
        return Err(no_list(Some(spans)));
    };
    let positions = Positions::of(text, offsets);
    let mut spans = Vec::with_capacity(list.len());
    for value in list {
        spans.push(span(text, value, &positions)?);
    }
    spans.sort_by_key(|span| span.bytes.start);
    for pair in spans.windows(2) {
        if pair[1].bytes.start < pair[0].bytes.end {
            let expected = format!(
                "spans that do not overlap; this one does with {}",
                pair[0].shown
            );
            return Err(refuse(&expected, &pair[1].shown));
        }
    }
    lay(text, words, &spans)
}

/// What stands where a list of spans should.
pub(super) fn no_list(value: Option<&Value>) -> Unexpected {
    let shown = value.map_or_else(|| "nothing".into(), Value::to_string);
    refuse("a list of spans {start, end, label}", shown)
}

fn span(text: &str, value: &Value, positions: &Positions) -> Result<Span, Unexpected> {
    let number = |key: &str| {
        let number = value.get(key).and_then(Value::as_u64);
        let number = number.and_then(|n| usize::try_from(n).ok());
        number.ok_or_else(|| refuse(&format!("a span whose {key} is a whole number"), value))
    };
    let (start, end) = (number("start")?, number("end")?);
    let label = value.get("label").and_then(Value::as_str);
    let label = label.filter(|label| !label.trim().is_empty());
    let label = label.ok_or_else(|| refuse("a span whose label is a text", value))?;
    if end <= start {
        return Err(refuse("a span whose end lies behind its start", value));
    }
    let (Some(from), Some(to)) = (positions.byte(start), positions.byte(end)) else {
        let (n, unit) = (positions.end(), positions.unit());
        return Err(refuse(
            &format!("a span within the text's {n} {unit}"),
            value,
        ));
    };
    if !(text.is_char_boundary(from) && text.is_char_boundary(to)) {
        return Err(refuse(
            "a span that begins and ends between characters",
            value,
        ));
    }
    Ok(Span {
        bytes: from..to,
        label: label.into(),
        shown: value.to_string(),
    })
}

/// Each span must begin with a word and end with one.
fn lay(text: &str, words: &[Range<usize>], spans: &[Span]) -> Result<Vec<Tag>, Unexpected> {
    let mut tags = vec![Tag::O; words.len()];
    for span in spans {
        let first = words.binary_search_by_key(&span.bytes.start, |w| w.start);
        let last = words.binary_search_by_key(&span.bytes.end, |w| w.end);
        let (Ok(first), Ok(last)) = (first, last) else {
            let part = &text[span.bytes.clone()];
            let expected = format!("a span that begins and ends with a word; this is '{part}'");
            return Err(refuse(&expected, &span.shown));
        };
        tags[first] = Tag::B(span.label.clone());
        tags[first + 1..=last].fill(Tag::I(span.label.clone()));
    }
    Ok(tags)
}

fn refuse(expected: &str, value: impl std::fmt::Display) -> Unexpected {
    Unexpected {
        expected: expected.into(),
        value: value.to_string(),
    }
}
