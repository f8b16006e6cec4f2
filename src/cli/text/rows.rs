//! Reading the rows of a task, and setting its test rows aside.

use anyhow::Result;
use candle_mixup::data::Source;
use candle_mixup::split::{Split, Strata};
use candle_mixup::text::{Columns, Corpus, LabelKind, SoftColumn};

use super::settings::DataSettings;
use crate::cli::settings::HeldOut;
use crate::cli::splits::Splitter;

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

/// The test rows of a corpus and the others, from seed 0.
pub fn test_split(corpus: &Corpus, settings: &DataSettings) -> Result<Split> {
    let rows = (0..corpus.len() as u32).collect();
    splitter(corpus, &classes_of(corpus)).test(rows, &settings.test)
}

/// The class of every row; rows of several classes have no stratum of their own, and all are one.
pub fn classes_of(corpus: &Corpus) -> Vec<u32> {
    if corpus.kind().is_multi() {
        vec![0; corpus.len()]
    } else {
        corpus.class_ids()
    }
}

/// What says which rows must stand on one side of a split.
pub fn splitter<'a>(corpus: &'a Corpus, classes: &'a [u32]) -> Splitter<'a> {
    Splitter {
        strata: Strata {
            classes,
            names: corpus.classes(),
        },
        groups: corpus.groups(),
        order: corpus.time_order(),
    }
}
