//! Labelled spans: read from a cell or from tags, and written with their new places.

use candle_mixup::text::{Offsets, Positions, Sentence, Tag, TextSpan};
use serde_json::value::RawValue;

use super::json::{Entries, entries};

/// The spans of a cell, each with all that it is written with.
#[derive(Debug, Clone, Default)]
pub struct Spans {
    pub places: Vec<TextSpan>,
    items: Vec<Item>,
}

/// What a span is written with.
#[derive(Debug, Clone)]
pub enum Item {
    /// A list that begins with start and end.
    List(Vec<Box<RawValue>>),
    /// An object with `start` and `end`.
    Object(Entries),
    /// What stands in a sentence in columns.
    Tagged(Tagged),
}

/// What stands in a sentence in columns and stays together.
#[derive(Debug, Clone)]
pub struct Tagged {
    /// Its type; `None` for a word without one.
    pub kind: Option<String>,
    /// Where each of its words ends, in bytes from its start; one byte of white space is between them.
    pub ends: Vec<usize>,
}

/// What was expected of a cell, and what stood there.
pub struct Unexpected {
    pub expected: String,
    pub value: String,
}

/// A span in an output, with what it was written with.
pub type Standing<'a> = (TextSpan, &'a Item);

impl Spans {
    /// Reads a JSON list of `[start, end, ...]` or of objects with `start` and `end`; an empty cell, or `null`, holds none.
    pub fn read(cell: &str, text: &str, offsets: Offsets) -> Result<Self, Unexpected> {
        if matches!(cell.trim(), "" | "null") {
            return Ok(Self::default());
        }
        let no_list = |value: &str| Unexpected {
            expected: "a JSON list of [start, end, label] or of objects with start and end".into(),
            value: shown(value),
        };
        let written: Vec<Box<RawValue>> = serde_json::from_str(cell).map_err(|_| no_list(cell))?;
        let positions = Positions::of(text, offsets);
        let byte = |offset: u64| {
            let byte = positions.byte(usize::try_from(offset).ok()?)?;
            text.is_char_boundary(byte).then_some(byte)
        };
        let mut spans = Self::default();
        for written in &written {
            let written = written.get();
            let item = Item::read(written).ok_or_else(|| no_list(written))?;
            let (start, end) = item.bounds().ok_or_else(|| no_list(written))?;
            match byte(start).zip(byte(end)) {
                Some((start, end)) if start < end => {
                    spans.places.push(TextSpan::new(start, end));
                    spans.items.push(item);
                }
                _ => {
                    let expected = format!(
                        "a span of at least one character, at borders of characters within the text's {} {}",
                        positions.end(),
                        positions.unit()
                    );
                    let value = shown(written);
                    return Err(Unexpected { expected, value });
                }
            }
        }
        Ok(spans)
    }

    /// The entities of a tagged sentence and, since they must not be taken apart either, other words that hold white
    /// space.
    pub fn of_tags(sentence: &Sentence) -> Self {
        let mut found: Vec<(TextSpan, Tagged)> = Vec::new();
        let mut open: Option<&str> = None;
        for (word, tag) in sentence.words.iter().zip(&sentence.tags) {
            let goes_on = matches!(tag, Tag::I(kind) if open == Some(kind));
            open = tag.kind();
            if let (true, Some((span, tagged))) = (goes_on, found.last_mut()) {
                tagged.ends.push(word.end - span.range().start);
                span.end = word.end as u32;
            } else if tag.kind().is_some()
                || sentence.text[word.clone()].contains(char::is_whitespace)
            {
                let kind = tag.kind().map(str::to_owned);
                let ends = vec![word.len()];
                found.push((TextSpan::new(word.start, word.end), Tagged { kind, ends }));
            }
        }
        let (places, items) = found
            .into_iter()
            .map(|(span, tagged)| (span, Item::Tagged(tagged)))
            .unzip();
        Self { places, items }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// All of them where they were.
    pub fn here(&self) -> impl Iterator<Item = Standing<'_>> {
        self.places.iter().copied().zip(&self.items)
    }

    /// Those that still stand somewhere, in these places.
    pub fn standing<'a>(
        &'a self,
        places: &'a [Option<TextSpan>],
    ) -> impl Iterator<Item = Standing<'a>> {
        let all = places.iter().zip(&self.items);
        all.filter_map(|(place, item)| place.map(|place| (place, item)))
    }
}

impl Item {
    fn read(written: &str) -> Option<Self> {
        match written.as_bytes().first() {
            Some(b'[') => serde_json::from_str(written).ok().map(Self::List),
            Some(b'{') => entries(written).ok().map(Self::Object),
            _ => None,
        }
    }

    /// Start and end as they are written; `None` where one is no whole number.
    fn bounds(&self) -> Option<(u64, u64)> {
        let bound = |place: usize, key: &str| {
            let value = match self {
                Self::List(parts) => parts.get(place)?,
                Self::Object(fields) => &fields.iter().find(|(known, _)| known == key)?.1,
                Self::Tagged(_) => return None,
            };
            value.get().parse().ok()
        };
        Some((bound(0, "start")?, bound(1, "end")?))
    }

    /// Appends the item with other bounds; all else is as it was written.
    fn write(&self, start: usize, end: usize, out: &mut String) {
        match self {
            Self::List(parts) => {
                *out += &format!("[{start},{end}");
                for part in &parts[2..] {
                    *out += ",";
                    *out += part.get();
                }
                out.push(']');
            }
            Self::Object(fields) => {
                out.push('{');
                for (i, (key, value)) in fields.iter().enumerate() {
                    *out += if i > 0 { "," } else { "" };
                    *out += &serde_json::Value::from(key.as_str()).to_string();
                    out.push(':');
                    match key.as_str() {
                        "start" => *out += &start.to_string(),
                        "end" => *out += &end.to_string(),
                        _ => *out += value.get(),
                    }
                }
                out.push('}');
            }
            Self::Tagged(_) => {}
        }
    }
}

/// The spans of a text as a JSON list.
pub fn json(standing: &[Standing<'_>], text: &str, offsets: Offsets) -> String {
    let positions = Positions::of(text, offsets);
    let mut list = String::from("[");
    for (i, (place, item)) in standing.iter().enumerate() {
        list += if i > 0 { "," } else { "" };
        let range = place.range();
        let (start, end) = (positions.offset(range.start), positions.offset(range.end));
        item.write(start, end, &mut list);
    }
    list + "]"
}

fn shown(text: &str) -> String {
    text.chars().take(80).collect()
}
