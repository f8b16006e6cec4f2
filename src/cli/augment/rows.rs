//! Rows in: a text and what else stands beside it, whatever the format.

use anyhow::Result;
use candle_mixup::Error;
use candle_mixup::data::{Cell, Header, Line, Lines, Record, Records, Source};
use candle_mixup::text::{Offsets, Sentence, TagColumns, TaggedRows};
use serde_json::Value;

use super::args::ColumnArgs;
use super::json::{Entries, entries};
use super::spans::{Spans, Unexpected};

/// One row.
pub struct Row {
    /// Its number, from 0.
    pub number: u64,
    /// The line on which it starts, from 1.
    pub line: u64,
    pub text: String,
    /// `None` too where the cell is empty, or `null`.
    pub label: Option<String>,
    pub entities: Option<Entities>,
    /// The spans as they are written.
    pub kept: Option<String>,
    pub rest: Rest,
}

/// The labelled spans of a row.
pub enum Entities {
    /// As they are written in a cell.
    Written(String),
    /// Those of tags.
    Tagged(Spans),
}

/// All cells of a row, from which an output takes those that are not its own.
pub enum Rest {
    Cells(Vec<String>),
    /// Keys and values as they are written.
    Object(Entries),
    /// The end of the line.
    Line(&'static str),
    /// Words in columns have nothing else.
    Words,
}

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Delimited(u8),
    JsonLines,
    Lines,
    /// A word and its tag a line, and a blank line behind a sentence.
    Words,
}

impl Form {
    /// By the ending before `.gz`.
    pub fn of(name: &str) -> Option<Self> {
        let name = name.to_lowercase();
        let name = name.strip_suffix(".gz").unwrap_or(&name);
        match name.rsplit_once('.')?.1 {
            "csv" => Some(Self::Delimited(b',')),
            "tsv" | "tab" => Some(Self::Delimited(b'\t')),
            "jsonl" | "ndjson" => Some(Self::JsonLines),
            "txt" => Some(Self::Lines),
            "conll" | "iob" | "bio" => Some(Self::Words),
            _ => None,
        }
    }
}

/// Where in a row the columns stand.
#[derive(Debug, Clone, Default)]
pub struct Places {
    /// All columns, in order; of jsonl none, since each row has its own.
    pub header: Option<Vec<String>>,
    pub text: usize,
    pub entities: Option<usize>,
    pub kept: Option<usize>,
}

/// The columns by name.
#[derive(Debug, Clone, Default)]
pub struct Names {
    pub text: String,
    pub label: Option<String>,
    pub entities: Option<String>,
    pub kept: Option<String>,
}

/// The rows of a file, in order.
pub struct Rows {
    number: u64,
    names: Names,
    input: Input,
    pub places: Places,
}

enum Input {
    Records {
        records: Box<Records>,
        label: Option<usize>,
    },
    JsonLines(Lines),
    Lines(Lines),
    Words(TaggedRows),
}

impl Row {
    /// Whether its words stand between white space: each is a line of the file.
    pub fn is_spaced(&self) -> bool {
        matches!(self.rest, Rest::Words)
    }

    /// Its labelled spans.
    pub fn spans(&self, offsets: Offsets) -> Result<Spans, Unexpected> {
        match &self.entities {
            None => Ok(Spans::default()),
            Some(Entities::Written(cell)) => Spans::read(cell, &self.text, offsets),
            Some(Entities::Tagged(spans)) => Ok(spans.clone()),
        }
    }
}

impl Rows {
    pub fn open(source: &Source, args: &ColumnArgs) -> Result<Self> {
        let form = form(source)?;
        let names = names(source, args);
        let mut places = Places::default();
        let input = match form {
            Form::Delimited(_) => {
                let header = if args.no_header {
                    Header::Absent
                } else {
                    Header::First
                };
                let records = Records::open(source, header)?;
                let find =
                    |column: &Option<String>| column.as_ref().map(|c| records.find(c)).transpose();
                places = Places {
                    header: Some(records.columns().to_vec()),
                    text: records.find(&names.text)?,
                    entities: find(&names.entities)?,
                    kept: find(&names.kept)?,
                };
                let label = find(&names.label)?;
                Input::Records {
                    records: Box::new(records),
                    label,
                }
            }
            _ if args.no_header => {
                return Err(Error::Conflict("--no-header is for csv and tsv".into()).into());
            }
            Form::JsonLines => Input::JsonLines(Lines::open(source)?),
            Form::Lines => {
                refuse_columns(args)?;
                Input::Lines(Lines::open(source)?)
            }
            Form::Words => Input::Words(TaggedRows::open(source, &word_columns(args)?, true)?),
        };
        Ok(Self {
            number: 0,
            names,
            input,
            places,
        })
    }

    fn numbered(&mut self) -> u64 {
        self.number += 1;
        self.number - 1
    }
}

/// How the source is written.
pub fn form(source: &Source) -> Result<Form> {
    let name = match source {
        Source::File(path) => path.to_string_lossy().into_owned(),
        Source::Shipped(set) => set.file.to_owned(),
    };
    Form::of(&name).ok_or_else(|| {
        let problem = "the format is read from the extension, which must be .csv, .tsv, .jsonl, .txt or .conll, or one of these with .gz";
        Error::file(source.path(), problem).into()
    })
}

/// The columns asked for, or the source's own.
pub fn names(source: &Source, args: &ColumnArgs) -> Names {
    let own = match source {
        Source::Shipped(set) => set.text.unwrap_or("text"),
        Source::File(_) => "text",
    };
    Names {
        text: args.text.clone().unwrap_or_else(|| own.into()),
        label: args.label.clone(),
        entities: args.entities.clone(),
        kept: args.keep_spans.clone(),
    }
}

fn refuse_columns(args: &ColumnArgs) -> Result<()> {
    let given = [
        ("--text", args.text.is_some()),
        ("--label", args.label.is_some()),
        ("--entities", args.entities.is_some()),
        ("--keep-spans", args.keep_spans.is_some()),
    ];
    match given.iter().find(|(_, given)| *given) {
        Some((flag, _)) => {
            Err(Error::Conflict(format!("{flag}: a .txt file has no columns")).into())
        }
        None => Ok(()),
    }
}

/// Where words and tags stand in columns, which have numbers.
fn word_columns(args: &ColumnArgs) -> Result<TagColumns> {
    let other = [
        ("--label", args.label.is_some()),
        ("--keep-spans", args.keep_spans.is_some()),
        ("--offsets", args.offsets.is_some()),
    ];
    if let Some((flag, _)) = other.iter().find(|(_, given)| *given) {
        let problem = format!("{flag}: sentences in columns have words and tags only");
        return Err(Error::Conflict(problem).into());
    }
    let number = |flag: &str, column: &Option<String>| {
        let number = column.as_ref().map(|column| column.parse::<usize>());
        let number = number.transpose().ok();
        number.ok_or_else(|| {
            Error::setting(
                flag,
                "the number of a column, from 1",
                column.as_deref().unwrap_or_default(),
            )
        })
    };
    Ok(TagColumns {
        word: number("--text", &args.text)?.unwrap_or(1),
        tag: number("--entities", &args.entities)?,
        ..TagColumns::default()
    })
}

impl Iterator for Rows {
    type Item = candle_mixup::Result<Row>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}

impl Rows {
    /// The next row; `None` at the end.
    fn read(&mut self) -> candle_mixup::Result<Option<Row>> {
        match &mut self.input {
            Input::Records { records, label } => {
                let label = *label;
                let record = records.next().transpose()?;
                Ok(record.map(|record| self.of_record(record, label)))
            }
            Input::JsonLines(lines) => {
                let filled = |line: &candle_mixup::Result<Line>| {
                    line.as_ref()
                        .map_or(true, |line| !line.text.trim().is_empty())
                };
                let line = lines.find(filled).transpose()?;
                let path = lines.path().to_path_buf();
                line.map(|line| self.of_object(line.number, &line.text, &path))
                    .transpose()
            }
            Input::Lines(lines) => {
                let line = lines.next().transpose()?;
                Ok(line.map(|line| self.of_line(line)))
            }
            Input::Words(sentences) => {
                let sentence = sentences.next().transpose()?;
                Ok(sentence.map(|sentence| self.of_sentence(sentence)))
            }
        }
    }

    fn of_line(&mut self, line: Line) -> Row {
        Row {
            number: self.numbered(),
            line: line.number,
            text: line.text,
            label: None,
            entities: None,
            kept: None,
            rest: Rest::Line(line.end),
        }
    }

    fn of_sentence(&mut self, sentence: Sentence) -> Row {
        Row {
            number: self.numbered(),
            line: sentence.line,
            entities: Some(Entities::Tagged(Spans::of_tags(&sentence))),
            text: sentence.text,
            label: None,
            kept: None,
            rest: Rest::Words,
        }
    }

    fn of_record(&mut self, record: Record, label: Option<usize>) -> Row {
        let cell = |cell: Cell| match cell {
            Cell::Text(text) => text,
            Cell::List(_) | Cell::Missing | Cell::Nested(_) => String::new(),
        };
        let cells: Vec<String> = record.cells.into_iter().map(cell).collect();
        let at = |place: Option<usize>| place.map(|i| cells[i].clone());
        let label = at(label).filter(|label| !label.trim().is_empty());
        Row {
            number: self.numbered(),
            line: record.line,
            text: cells[self.places.text].clone(),
            label,
            entities: at(self.places.entities).map(Entities::Written),
            kept: at(self.places.kept),
            rest: Rest::Cells(cells),
        }
    }

    fn of_object(
        &mut self,
        line: u64,
        text: &str,
        path: &std::path::Path,
    ) -> candle_mixup::Result<Row> {
        let refuse = |column: Option<&String>, expected: String, value: &str| Error::Cell {
            path: path.into(),
            line,
            column: column.cloned(),
            expected,
            value: value.chars().take(80).collect(),
        };
        let entries = entries(text)
            .map_err(|e| refuse(None, format!("one JSON object on the line ({e})"), text))?;
        let find = |name: &String| {
            let found = entries.iter().find(|(key, _)| key == name);
            found.map(|(_, value)| value.get()).ok_or_else(|| {
                let keys: Vec<&str> = entries.iter().map(|(key, _)| key.as_str()).collect();
                refuse(
                    Some(name),
                    format!("this key (there are: {})", keys.join(", ")),
                    "nothing",
                )
            })
        };
        let written = find(&self.names.text)?;
        let parsed = serde_json::from_str::<String>(written);
        let parsed =
            parsed.map_err(|_| refuse(Some(&self.names.text), "a text".into(), written))?;
        let raw = |name: &Option<String>| {
            let found = name.as_ref().map(find).transpose();
            found.map(|found| found.map(str::to_owned))
        };
        Ok(Row {
            line,
            text: parsed,
            label: raw(&self.names.label)?
                .filter(|label| !matches!(label.as_str(), "null" | "\"\""))
                .map(same_spelling),
            entities: raw(&self.names.entities)?.map(Entities::Written),
            kept: raw(&self.names.kept)?,
            number: self.numbered(),
            rest: Rest::Object(entries),
        })
    }
}

/// A JSON value in one spelling for equal ones.
fn same_spelling(value: String) -> String {
    match serde_json::from_str(&value) {
        Ok(Value::Number(number)) => match number.as_f64() {
            // 1.0 and 1e0 are 1; whole numbers that f64 would round stay as they are written.
            Some(x) if number.is_f64() && x.fract() == 0.0 && x.abs() < WHOLE => format!("{x:.0}"),
            _ => value,
        },
        Ok(other) => other.to_string(),
        Err(_) => value,
    }
}

/// Below it every whole number is an f64.
const WHOLE: f64 = 9_007_199_254_740_992.0;
