//! Reading the rows of a task, and setting its test rows aside.

use anyhow::Result;
use candle_mixup::data::Source;
use candle_mixup::split::{self, Lone, Split, Strata};
use candle_mixup::text::{Columns, Corpus, LabelKind, SoftColumn};

use super::settings::DataSettings;
use crate::cli::settings::HeldOut;
use crate::cli::splits::{MOST_TEST_ROWS, TEST_SHARE};

/// Shares are written in the order of the sorted classes of the label column.
pub fn name_share_classes(settings: &mut DataSettings, source: &Source) -> Result<()> {
    let Some(soft) = settings
        .columns
        .soft
        .take_if(|s| matches!(s.kind, LabelKind::Shares { .. }))
    else {
        return Ok(());
    };
    let classes = Corpus::read(source, &settings.columns, &settings.read, None)?
        .classes()
        .to_vec();
    settings.columns.soft = Some(SoftColumn {
        kind: LabelKind::Shares { classes },
        ..soft
    });
    Ok(())
}

/// Reads a held-out file behind the rows that are there; its row numbers.
pub fn append(
    corpus: &mut Corpus,
    held_out: &HeldOut,
    settings: &DataSettings,
) -> Result<Option<Vec<u32>>> {
    let HeldOut::File(file) = held_out else {
        return Ok(None);
    };
    let classes = corpus.classes().to_vec();
    let columns = Columns {
        group: None,
        time: None,
        ..settings.columns.clone()
    };
    let other = Corpus::read(
        &Source::parse(file)?,
        &columns,
        &settings.read,
        Some(&classes),
    )?;
    Ok(Some(corpus.append(other)?))
}

/// The test rows of a corpus, from seed 0: whole groups, the latest, or a share of every class; none where they come
/// from another file.
pub fn test_split(corpus: &Corpus, settings: &DataSettings) -> Result<Split> {
    let rows: Vec<u32> = (0..corpus.len() as u32).collect();
    let (share, most) = match &settings.test {
        HeldOut::File(_) => {
            return Ok(Split {
                held_out: Vec::new(),
                rest: rows,
            });
        }
        HeldOut::Share(share) => (*share, usize::MAX),
        HeldOut::Default => (TEST_SHARE, MOST_TEST_ROWS),
    };
    Ok(match (corpus.time_order(), corpus.groups()) {
        (Some(order), _) => split::latest(&order, share, most)?,
        (None, Some(groups)) => split::grouped(&rows, groups, share, most, 0)?,
        (None, None) => split::stratified(
            &rows,
            strata(corpus, &classes_of(corpus)),
            share,
            most,
            Lone::Refuse,
            0,
        )?,
    })
}

/// The class of every row; rows of several classes have no stratum of their own, and all are one.
pub fn classes_of(corpus: &Corpus) -> Vec<u32> {
    if corpus.kind().is_multi() {
        vec![0; corpus.len()]
    } else {
        corpus.class_ids()
    }
}

pub fn strata<'a>(corpus: &'a Corpus, classes: &'a [u32]) -> Strata<'a> {
    Strata {
        classes,
        names: corpus.classes(),
    }
}
