//! The picked cells of Parquet and Arrow.

use arrow_array::{Array, ArrayRef, RecordBatch};

use super::super::in_order::in_order;
use super::super::number::Number;
use super::super::picks::{Codes, Picks, Taken, Target};
use super::cells::{Numbers, each_name};
use super::open::{Opened, Piece};
use super::scan::MissingNumbers;
use crate::data::Source;
use crate::error::Result;
use crate::oversample::Progress;

/// A missing cell among codes.
const NO_CODE: u32 = u32::MAX;
/// A name that the scan did not see.
const NEW_NAME: u32 = u32::MAX - 1;

/// Hands the picked cells of a file to `join`, piece by piece.
pub(in super::super) fn read(
    source: &Source,
    picks: &Picks<'_>,
    progress: &dyn Progress,
    join: impl FnMut(Taken) -> Result<()>,
) -> Result<()> {
    let opened = Opened::open(source)?;
    let columns = picks.schema.columns.len();
    if opened.schema.fields().len() != columns {
        return Err(picks.changed());
    }
    let label = picks.label.iter().map(|(i, _)| *i);
    let mut read: Vec<usize> = picks
        .features
        .iter()
        .map(|(i, _)| *i)
        .chain(label)
        .collect();
    read.sort_unstable();
    let mut places = vec![0; columns];
    for (place, &i) in read.iter().enumerate() {
        places[i] = place;
    }
    let reader = Reader {
        picks,
        places,
        missing: MissingNumbers::of(&picks.schema.options),
    };
    let path = opened.path.clone();
    let work = |piece: Piece| {
        let mut taken = Taken::new(picks);
        for batch in piece.batches() {
            reader.take(&batch?.1, &mut taken)?;
        }
        Ok(taken)
    };
    in_order(&path, opened.pieces(read), progress, work, join)
}

struct Reader<'a> {
    picks: &'a Picks<'a>,
    /// The place of each column in a batch.
    places: Vec<usize>,
    missing: MissingNumbers,
}

/// The cells of a column in one batch.
enum Cells {
    /// NaN where they are missing.
    Numbers(Vec<f64>),
    /// [`NO_CODE`] where they are missing.
    Codes(Vec<u32>),
}

impl Reader<'_> {
    fn take(&self, batch: &RecordBatch, taken: &mut Taken) -> Result<()> {
        let rows = batch.num_rows();
        let classes = match &self.picks.label {
            None => vec![0; rows],
            Some((i, codes)) => self.codes(self.column(batch, *i)?, codes)?,
        };
        if classes.contains(&NO_CODE) {
            return Err(self.picks.changed());
        }
        let kept: Vec<usize> = (0..rows)
            .filter(|&r| self.picks.keeps(classes[r]))
            .collect();
        let before = taken.seen as u32;
        taken.seen += rows as u64;
        if kept.is_empty() {
            return Ok(());
        }
        taken.rows.extend(kept.iter().map(|&r| before + r as u32));
        taken.classes.extend(kept.iter().map(|&r| classes[r]));
        let cells = self.picks.features.iter().map(|(i, target)| {
            let array = self.column(batch, *i)?;
            Ok(match target {
                Target::Number(_) => Cells::Numbers(self.numbers(array)?),
                Target::Code(_, codes) => Cells::Codes(self.codes(array, codes)?),
            })
        });
        let cells = cells.collect::<Result<Vec<_>>>()?;
        kept.into_iter()
            .try_for_each(|r| self.push(r, &cells, taken))
    }

    fn column<'a>(&self, batch: &'a RecordBatch, i: usize) -> Result<&'a ArrayRef> {
        let array = batch.columns().get(self.places[i]);
        array.ok_or_else(|| self.picks.changed())
    }

    fn push(&self, row: usize, cells: &[Cells], taken: &mut Taken) -> Result<()> {
        if let Some(missing) = &mut taken.missing {
            missing.push_row();
        }
        for ((_, target), cells) in self.picks.features.iter().zip(cells) {
            let is_missing = match cells {
                Cells::Numbers(numbers) => {
                    let x = numbers[row];
                    taken.numbers.push(if x.is_nan() { 0.0 } else { x });
                    x.is_nan()
                }
                Cells::Codes(codes) => {
                    let code = codes[row];
                    taken.codes.push(if code == NO_CODE { 0 } else { code });
                    code == NO_CODE
                }
            };
            if is_missing {
                let missing = taken.missing.as_mut();
                let missing = missing.ok_or_else(|| self.picks.changed())?;
                missing.mark(target.cell(self.picks.width));
            }
        }
        Ok(())
    }

    /// The numbers of a column, NaN where they are missing; a column of text is read as text.
    fn numbers(&self, array: &ArrayRef) -> Result<Vec<f64>> {
        if let Some(mut numbers) = Numbers::of(array) {
            for (i, x) in numbers.values.iter_mut().enumerate() {
                if array.is_null(i) || self.missing.holds(*x) {
                    *x = f64::NAN;
                }
            }
            return Ok(numbers.values);
        }
        let (mut numbers, mut wrong) = (Vec::with_capacity(array.len()), false);
        let known = each_name(array, |_, name| {
            let name = name.filter(|n| !self.picks.schema.options.names_missing(n));
            numbers.push(match name.map(Number::of) {
                None => f64::NAN,
                Some(Number::Integer(x) | Number::Float(x)) => x,
                Some(Number::NotFinite | Number::Text) => {
                    wrong = true;
                    0.0
                }
            });
        });
        match known && !wrong {
            true => Ok(numbers),
            false => Err(self.picks.changed()),
        }
    }

    fn codes(&self, array: &ArrayRef, known: &Codes) -> Result<Vec<u32>> {
        let mut codes = Vec::with_capacity(array.len());
        let read = each_name(array, |_, name| {
            let name = name.filter(|n| !self.picks.schema.options.names_missing(n));
            let code = |n: &[u8]| known.get(n).copied().unwrap_or(NEW_NAME);
            codes.push(name.map_or(NO_CODE, code));
        });
        match read && !codes.contains(&NEW_NAME) {
            true => Ok(codes),
            false => Err(self.picks.changed()),
        }
    }
}
