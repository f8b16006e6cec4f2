//! Rows out: an output's text, spans and provenance among the cells of its row.

use anyhow::Result;
use candle_mixup::text::Offsets;
use candle_mixup::text::augment::Augmented;

use super::json::Entries;
use super::partners::Partner;
use super::rows::{Entities, Form, Names, Places, Rest, Row};
use super::spans::{Item, Spans, Standing, Tagged, json};

/// The columns of provenance.
pub const PROVENANCE: [&str; 7] = [
    "_synthetic",
    "_operation",
    "_own",
    "_partner",
    "_label_weight",
    "_partner_label",
    "_unchanged",
];

/// How rows are written.
pub struct Writer<'a> {
    pub form: Form,
    pub line_end: &'static str,
    /// Whether the file begins with a byte order mark.
    pub marked: bool,
    pub places: &'a Places,
    pub names: &'a Names,
    pub offsets: Offsets,
    pub provenance: bool,
}

/// One output and where it is from.
pub struct Output<'a> {
    pub augmented: &'a Augmented<'a>,
    /// The chain, as it is written.
    pub operation: &'a str,
    pub spans: &'a Spans,
    /// The row's kept stretches.
    pub kept: &'a Spans,
    pub partner: Option<&'a Partner>,
    /// The share of the label that is the row's own.
    pub label_weight: f64,
}

/// What of a row is new.
struct Written<'a> {
    text: &'a str,
    entities: Option<Vec<Standing<'a>>>,
    kept: Option<Vec<Standing<'a>>>,
}

/// The same as cells.
struct Cells<'a> {
    text: &'a str,
    entities: Option<String>,
    kept: Option<String>,
}

impl Output<'_> {
    /// The spans that stand in it, the row's own first.
    fn standing(&self) -> Vec<Standing<'_>> {
        let own = self.spans.standing(self.augmented.marks);
        let brought = self.partner.into_iter().flat_map(|partner| {
            let places = self.augmented.partner_marks;
            partner.spans.standing(places)
        });
        own.chain(brought).collect()
    }
}

impl Writer<'_> {
    /// What stands before the rows: a byte order mark and a header line, where the file has them.
    pub fn header(&self, named: bool, out: &mut Vec<u8>) -> Result<()> {
        if self.marked {
            out.extend_from_slice("\u{feff}".as_bytes());
        }
        let Some(columns) = self.places.header.as_ref().filter(|_| named) else {
            return Ok(());
        };
        let extra = PROVENANCE.iter().filter(|_| self.provenance);
        self.cells(
            columns.iter().map(String::as_str).chain(extra.copied()),
            out,
        )
    }

    /// A row as it is.
    pub fn original(&self, row: &Row, out: &mut Vec<u8>) -> Result<()> {
        let provenance = self.provenance.then(|| {
            let own = row.number.to_string();
            [
                "0".into(),
                String::new(),
                own,
                String::new(),
                "1".into(),
                String::new(),
                String::new(),
            ]
        });
        let tagged = match &row.entities {
            Some(Entities::Tagged(spans)) => Some(spans.here().collect()),
            _ => None,
        };
        let own = Written {
            text: &row.text,
            entities: tagged,
            kept: None,
        };
        self.row(row, own, provenance, out)
    }

    /// An output.
    pub fn output(&self, row: &Row, made: &Output<'_>, out: &mut Vec<u8>) -> Result<()> {
        // A cell of spans stays as it is written where nothing moved, and where there was and is no span.
        let moved = made.augmented.unchanged.is_none();
        let entities = made.standing();
        let kept: Vec<_> = made.kept.standing(made.augmented.kept).collect();
        let tagged = matches!(row.entities, Some(Entities::Tagged(_)));
        let written = Written {
            text: made.augmented.text,
            entities: (tagged || moved && !(made.spans.is_empty() && entities.is_empty()))
                .then_some(entities),
            kept: (moved && !kept.is_empty()).then_some(kept),
        };
        let provenance = self.provenance.then(|| {
            let partner = made.partner;
            let shares = made.label_weight < 1.0;
            let label = partner
                .and_then(|partner| partner.label.clone())
                .filter(|_| shares);
            [
                "1".into(),
                made.operation.into(),
                row.number.to_string(),
                partner
                    .map(|partner| partner.row.to_string())
                    .unwrap_or_default(),
                made.label_weight.to_string(),
                label.unwrap_or_default(),
                made.augmented
                    .unchanged
                    .map(|reason| reason.to_string())
                    .unwrap_or_default(),
            ]
        });
        self.row(row, written, provenance, out)
    }

    fn row(
        &self,
        row: &Row,
        written: Written<'_>,
        provenance: Option<[String; 7]>,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        let text = written.text;
        let as_json = |spans: &Option<Vec<Standing<'_>>>| {
            let spans = spans.as_ref();
            spans.map(|spans| json(spans, text, self.offsets))
        };
        let new = || Cells {
            text,
            entities: as_json(&written.entities),
            kept: as_json(&written.kept),
        };
        match &row.rest {
            Rest::Cells(cells) => {
                let (new, places) = (new(), self.places);
                let own = cells.iter().enumerate().map(|(i, cell)| {
                    let known = [
                        (Some(places.text), Some(text)),
                        (places.entities, new.entities.as_deref()),
                        (places.kept, new.kept.as_deref()),
                    ];
                    let known = known.iter().find(|(place, _)| *place == Some(i));
                    known.and_then(|(_, new)| *new).unwrap_or(cell)
                });
                self.cells(
                    own.chain(provenance.iter().flatten().map(String::as_str)),
                    out,
                )
            }
            Rest::Object(entries) => {
                self.object(entries, &new(), provenance, out)?;
                out.extend_from_slice(self.line_end.as_bytes());
                Ok(())
            }
            Rest::Line(end) => {
                out.extend_from_slice(text.as_bytes());
                let end = if end.is_empty() { self.line_end } else { end };
                out.extend_from_slice(end.as_bytes());
                Ok(())
            }
            Rest::Words => self.words(text, written.entities.unwrap_or_default(), out),
        }
    }

    /// A sentence in columns. What stays together has the words that it was read with; otherwise what stands between white
    /// space is a word.
    fn words(&self, text: &str, mut bound: Vec<Standing<'_>>, out: &mut Vec<u8>) -> Result<()> {
        let mut line = |word: &str, prefix: &str, kind: &str| {
            for part in [word, "\t", prefix, kind, self.line_end] {
                out.extend_from_slice(part.as_bytes());
            }
        };
        bound.sort_unstable_by_key(|(span, _)| *span);
        let mut bound = bound.into_iter().peekable();
        let mut at = 0;
        loop {
            let next = bound
                .peek()
                .map_or(text.len(), |(span, _)| span.range().start);
            at = next - text[at..next].trim_start().len();
            if at == text.len() {
                break;
            }
            if let Some((span, item)) = bound.next_if(|(span, _)| span.range().start == at) {
                let Item::Tagged(Tagged { kind, ends }) = item else {
                    continue;
                };
                let mut prefix = "B-";
                for end in ends {
                    let word = &text[at..span.range().start + end];
                    match kind {
                        Some(kind) => line(word, prefix, kind),
                        None => line(word, "O", ""),
                    }
                    (prefix, at) = ("I-", span.range().start + end + 1);
                }
                at = span.range().end;
                continue;
            }
            let end = text[at..next].find(char::is_whitespace);
            let end = end.map_or(next, |length| at + length);
            line(&text[at..end], "O", "");
            at = end;
        }
        out.extend_from_slice(self.line_end.as_bytes());
        Ok(())
    }

    fn object(
        &self,
        entries: &Entries,
        new: &Cells<'_>,
        provenance: Option<[String; 7]>,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        let key = |key: &str, out: &mut Vec<u8>| -> Result<()> {
            if out.last() != Some(&b'{') {
                out.push(b',');
            }
            serde_json::to_writer(&mut *out, key)?;
            out.push(b':');
            Ok(())
        };
        out.push(b'{');
        for (name, value) in entries {
            key(name, out)?;
            let names = self.names;
            let spans = [(&names.entities, &new.entities), (&names.kept, &new.kept)];
            let spans = spans.iter().find(|(known, _)| known.as_ref() == Some(name));
            if *name == names.text {
                serde_json::to_writer(&mut *out, new.text)?;
            } else {
                let new = spans.and_then(|(_, new)| new.as_deref());
                out.extend_from_slice(new.unwrap_or(value.get()).as_bytes());
            }
        }
        for (i, value) in provenance.iter().flatten().enumerate() {
            key(PROVENANCE[i], out)?;
            // Numbers, and the partner's label, which is as it was written.
            let bare = matches!(i, 0 | 2..=5);
            match value.as_str() {
                "" => out.extend_from_slice(b"null"),
                json if bare => out.extend_from_slice(json.as_bytes()),
                word => serde_json::to_writer(&mut *out, word)?,
            }
        }
        out.push(b'}');
        Ok(())
    }

    fn cells<'c>(&self, cells: impl Iterator<Item = &'c str>, out: &mut Vec<u8>) -> Result<()> {
        let Form::Delimited(delimiter) = self.form else {
            return Ok(());
        };
        for (i, cell) in cells.enumerate() {
            if i > 0 {
                out.push(delimiter);
            }
            quote(cell.as_bytes(), delimiter, i == 0, out);
        }
        out.extend_from_slice(self.line_end.as_bytes());
        Ok(())
    }
}

/// A cell, in quotation marks where it needs them: an empty first cell too, so that no line is blank.
fn quote(cell: &[u8], delimiter: u8, first: bool, out: &mut Vec<u8>) {
    let special = |b: &u8| *b == delimiter || matches!(b, b'"' | b'\n' | b'\r');
    let quoted = cell.iter().any(special) || first && cell.is_empty();
    if !quoted {
        return out.extend_from_slice(cell);
    }
    out.push(b'"');
    for &byte in cell {
        if byte == b'"' {
            out.push(b'"');
        }
        out.push(byte);
    }
    out.push(b'"');
}
