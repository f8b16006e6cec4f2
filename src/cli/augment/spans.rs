//! Spans with offsets: read from a cell, and written with their new places.

use candle_mixup::text::TextSpan;
use serde_json::{Value, json};

use super::args::OffsetArg;

/// The spans of a cell, each with all that it is written with.
#[derive(Debug, Clone, Default)]
pub struct Spans {
    pub places: Vec<TextSpan>,
    items: Vec<Value>,
}

impl Spans {
    /// Reads a JSON list of `[start, end, ...]` or of objects with `start` and `end`; an empty cell holds none. What is
    /// wrong is said in words, with the item.
    pub fn read(cell: &str, text: &str, offsets: OffsetArg) -> Result<Self, String> {
        if cell.trim().is_empty() {
            return Ok(Self::default());
        }
        let expected = "a JSON list of [start, end, label] or of objects with start and end";
        let items: Vec<Value> =
            serde_json::from_str(cell).map_err(|_| format!("{expected}, got {}", shown(cell)))?;
        let mut places = Vec::with_capacity(items.len());
        for item in &items {
            let bounds = (bound(item, 0, "start"), bound(item, 1, "end"));
            let (Some(start), Some(end)) = bounds else {
                return Err(format!("{expected}, got {}", shown(&item.to_string())));
            };
            let place = byte_at(text, start, offsets).zip(byte_at(text, end, offsets));
            let length = match offsets {
                OffsetArg::Chars => format!("{} characters", text.chars().count()),
                OffsetArg::Bytes => format!("{} bytes", text.len()),
            };
            match place {
                Some((start, end)) if start < end => places.push(TextSpan::new(start, end)),
                _ => {
                    let item = shown(&item.to_string());
                    return Err(format!(
                        "a span of at least one character, at borders of characters within the text's {length}, got {item}"
                    ));
                }
            }
        }
        let mut sorted = places.clone();
        sorted.sort_unstable();
        if let Some(two) = sorted.windows(2).find(|two| two[1].start < two[0].end) {
            let words: Vec<&str> = two.iter().map(|span| span.of(text)).collect();
            return Err(format!(
                "spans that do not overlap, got '{}' and '{}'",
                words[0], words[1]
            ));
        }
        Ok(Self { places, items })
    }

    /// Appends those of its items to `out` that still stand somewhere in the new text.
    pub fn carried(
        &self,
        places: &[Option<TextSpan>],
        text: &str,
        offsets: OffsetArg,
        out: &mut Vec<Value>,
    ) {
        for (item, place) in self.items.iter().zip(places) {
            if let Some(place) = place {
                let at = |byte: usize| match offsets {
                    OffsetArg::Chars => text[..byte].chars().count(),
                    OffsetArg::Bytes => byte,
                };
                let range = place.range();
                out.push(moved(item, at(range.start), at(range.end)));
            }
        }
    }
}

fn bound(item: &Value, place: usize, key: &str) -> Option<u64> {
    match item {
        Value::Array(parts) => parts.get(place)?.as_u64(),
        Value::Object(fields) => fields.get(key)?.as_u64(),
        _ => None,
    }
}

fn moved(item: &Value, start: usize, end: usize) -> Value {
    let mut item = item.clone();
    match &mut item {
        Value::Array(parts) => {
            parts[0] = json!(start);
            parts[1] = json!(end);
        }
        other => {
            other["start"] = json!(start);
            other["end"] = json!(end);
        }
    }
    item
}

/// The byte at an offset, where one is there and begins a character or ends the text.
fn byte_at(text: &str, offset: u64, offsets: OffsetArg) -> Option<usize> {
    let offset = usize::try_from(offset).ok()?;
    match offsets {
        OffsetArg::Bytes => text.is_char_boundary(offset).then_some(offset),
        OffsetArg::Chars => {
            let mut starts = text.char_indices().map(|(at, _)| at);
            starts
                .nth(offset)
                .or_else(|| (text.chars().count() == offset).then_some(text.len()))
        }
    }
}

fn shown(text: &str) -> String {
    format!("'{}'", text.chars().take(80).collect::<String>())
}
