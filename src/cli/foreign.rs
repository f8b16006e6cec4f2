//! Flags of `evaluate` and `predict` that say nothing of the rows at hand.

use anyhow::Result;
use candle_mixup::Error;

use super::args::{ColumnArgs, TextColumnArgs};
use super::image::PictureArgs;

/// Refuses flags for texts, each with whether it was given, in a run on other rows.
pub fn refuse(rows: &str, given: &[(&str, bool)]) -> Result<()> {
    match given.iter().find(|(_, is_given)| *is_given) {
        Some((flag, _)) => {
            let problem = format!("{flag} is for texts, and the run is of {rows}");
            Err(Error::Conflict(problem).into())
        }
        None => Ok(()),
    }
}

/// Refuses what names the columns of texts, in a run on other rows.
pub fn refuse_texts(rows: &str, columns: &TextColumnArgs) -> Result<()> {
    refuse(
        rows,
        &[
            ("--text", columns.text.is_some()),
            ("--text-pair", columns.text_pair.is_some()),
            ("--skip-empty", columns.skip_empty),
        ],
    )
}

/// The same, and what says that labels are several or soft.
pub fn refuse_soft(rows: &str, columns: &ColumnArgs) -> Result<()> {
    refuse_texts(rows, &columns.texts)?;
    refuse(
        rows,
        &[
            ("--multi-label", columns.multi_label.is_some()),
            ("--ratings", columns.ratings.is_some()),
            ("--shares", columns.shares.is_some()),
        ],
    )
}

/// Refuses what says how pictures are read, in a run on other rows.
pub fn refuse_pictures(rows: &str, pictures: &PictureArgs) -> Result<()> {
    match pictures.given() {
        Some(flag) => {
            let problem = format!("{flag} is for images, and the run is of {rows}");
            Err(Error::Conflict(problem).into())
        }
        None => Ok(()),
    }
}
