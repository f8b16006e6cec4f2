//! The picked cells of a block of text.

use super::blocks::Block;
use super::number::Number;
use super::picks::{Picks, Taken, Target};
use super::records::{Record, Records};
use super::text_file::check_cells;
use crate::error::Result;

/// The rows of a block that are wanted.
pub(super) fn read_block(block: &Block, delimiter: u8, picks: &Picks<'_>) -> Result<Taken> {
    let mut taken = Taken::new(picks);
    let (mut record, mut scratch) = (Record::default(), Vec::new());
    let mut records = Records::new(block, delimiter);
    while records.next(&mut record) {
        check_cells(
            &picks.schema.path,
            block,
            &record,
            picks.schema.columns.len(),
        )?;
        let row = taken.seen as u32;
        taken.seen += 1;
        let class = match &picks.label {
            None => 0,
            Some((i, codes)) => {
                let cell = record.cell(*i, &block.bytes, &mut scratch);
                *codes.get(cell).ok_or_else(|| picks.changed())?
            }
        };
        if picks.keeps(class) {
            taken.rows.push(row);
            taken.classes.push(class);
            read_record(&record, &block.bytes, &mut scratch, picks, &mut taken)?;
        }
    }
    Ok(taken)
}

fn read_record(
    record: &Record,
    bytes: &[u8],
    scratch: &mut Vec<u8>,
    picks: &Picks<'_>,
    taken: &mut Taken,
) -> Result<()> {
    if let Some(missing) = &mut taken.missing {
        missing.push_row();
    }
    for (i, target) in &picks.features {
        let cell = record.cell(*i, bytes, scratch);
        let is_missing = picks.schema.options.is_missing(cell);
        if is_missing {
            let missing = taken.missing.as_mut().ok_or_else(|| picks.changed())?;
            missing.mark(target.cell(picks.width));
        }
        match target {
            Target::Number(_) if is_missing => taken.numbers.push(0.0),
            Target::Code(..) if is_missing => taken.codes.push(0),
            Target::Number(_) => match Number::of(cell) {
                Number::Integer(x) | Number::Float(x) => taken.numbers.push(x),
                Number::NotFinite | Number::Text => return Err(picks.changed()),
            },
            Target::Code(_, codes) => {
                let code = codes.get(cell).ok_or_else(|| picks.changed())?;
                taken.codes.push(*code);
            }
        }
    }
    Ok(())
}
