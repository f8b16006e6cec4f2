//! Tables of pixels: a class and one number a value in each row.

use std::collections::HashMap;

use super::{Labels, Raw};
use crate::data::{Cell, Record, Records, Source};
use crate::error::{Error, Result};
use crate::image::content::Content;
use crate::image::options::ImageOptions;
use crate::image::pixels::Block;
use crate::image::shape::ImageShape;

/// The white of the shipped set of images.
const SHIPPED_WHITE: u8 = 16;

pub(super) fn read(source: &Source, options: &ImageOptions, labels: Labels) -> Result<Raw> {
    let mut records = Records::open(source, options.header)?;
    let white = match (options.white, source) {
        (Some(white), _) => white,
        (None, Source::Shipped(_)) => SHIPPED_WHITE,
        (None, Source::File(_)) => u8::MAX,
    };
    if white == 0 {
        return Err(Error::setting("white", "1 to 255", white));
    }
    let label = label_column(source, options, labels, &records)?;
    let values = records.columns().len() - usize::from(label.is_some());
    let shape = shape(source, options, values)?;
    let mut table = Table {
        label,
        white,
        bytes: Vec::new(),
        classes: Classes::default(),
        labels: Vec::new(),
    };
    while let Some(record) = records.next().transpose()? {
        table.push(&records, &record)?;
    }
    Ok(table.finish(source, shape))
}

/// The place of the column of classes; none where there is none and none is needed.
fn label_column(
    source: &Source,
    options: &ImageOptions,
    labels: Labels,
    records: &Records,
) -> Result<Option<usize>> {
    let own = match source {
        Source::Shipped(set) => set.label,
        Source::File(_) => "label",
    };
    let found = records.find(options.label.as_deref().unwrap_or(own));
    match (labels, found) {
        (_, Ok(place)) => Ok(Some(place)),
        (Labels::Ignored, Err(Error::MissingColumn { .. })) => Ok(None),
        (_, Err(e)) => Err(e),
    }
}

fn shape(source: &Source, options: &ImageOptions, values: usize) -> Result<ImageShape> {
    let side = values.isqrt();
    let square = ImageShape {
        channels: 1,
        height: side,
        width: side,
    };
    let shape = options.shape.unwrap_or(square);
    let problem = match options.shape {
        _ if shape.len() == values && values > 0 => return Ok(shape),
        Some(shape) => format!(
            "has {values} columns of pixels, images of {shape} take {}",
            shape.len()
        ),
        None => format!(
            "has {values} columns of pixels, which is no square: the option 'shape' says how large an image is"
        ),
    };
    Err(Error::file(source.path(), problem))
}

/// Classes in the order in which they are met.
#[derive(Default)]
struct Classes {
    names: Vec<String>,
    ids: HashMap<String, u32>,
}

impl Classes {
    fn id(&mut self, name: &str) -> u32 {
        if let Some(&id) = self.ids.get(name) {
            return id;
        }
        let id = self.names.len() as u32;
        self.names.push(name.into());
        self.ids.insert(name.into(), id);
        id
    }
}

/// A set that grows row by row.
struct Table {
    label: Option<usize>,
    white: u8,
    bytes: Vec<u8>,
    classes: Classes,
    labels: Vec<u32>,
}

impl Table {
    fn push(&mut self, records: &Records, record: &Record) -> Result<()> {
        for (place, cell) in record.cells.iter().enumerate() {
            self.take(place, cell).map_err(|expected| Error::Cell {
                path: records.path().into(),
                line: record.line,
                column: records.columns().get(place).cloned(),
                expected,
                value: cell.shown(),
            })?;
        }
        Ok(())
    }

    /// One cell, or what it should have been.
    fn take(&mut self, place: usize, cell: &Cell) -> std::result::Result<(), String> {
        match cell {
            Cell::Text(name) if Some(place) == self.label && !name.trim().is_empty() => {
                self.labels.push(self.classes.id(name.trim()));
            }
            _ if Some(place) == self.label => return Err("a class".into()),
            _ => {
                let byte = value(cell, self.white);
                let expected = || format!("a whole number from 0 to {}", self.white);
                self.bytes.push(byte.ok_or_else(expected)?);
            }
        }
        Ok(())
    }

    fn finish(self, source: &Source, shape: ImageShape) -> Raw {
        let block = Block {
            path: source.path(),
            rows: self.bytes.len() / shape.len(),
            content: Content::Memory(self.bytes),
            offset: 0,
            stride: shape.len(),
        };
        Raw {
            shape,
            white: self.white,
            pixels: block.into(),
            names: self.classes.names,
            labels: self.labels,
            first_test: None,
            skipped: Vec::new(),
        }
    }
}

/// A pixel: a whole number, which may be written `3.0`.
fn value(cell: &Cell, white: u8) -> Option<u8> {
    let Cell::Text(text) = cell else {
        return None;
    };
    let text = text.trim();
    let byte = text.parse().ok().or_else(|| {
        let number: f64 = text.parse().ok()?;
        let whole = number.fract() == 0.0 && (0.0..=255.0).contains(&number);
        whole.then_some(number as u8)
    });
    byte.filter(|&byte| byte <= white)
}
