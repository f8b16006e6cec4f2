//! Which sentences and which model, from arguments to what stands in `settings.json`.

use std::path::PathBuf;

use anyhow::Result;
use candle_mixup::Error;
use candle_mixup::data::Source;
use candle_mixup::text::{TagColumns, TagFormat};
use serde::{Deserialize, Serialize};

use super::args::{TagDataArgs, TagModelArgs};
use crate::cli::settings::{HeldOut, absolute};

/// Which sentences a run reads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TagData {
    /// `--data`.
    pub data: String,
    /// What stands where.
    pub columns: TagColumns,
    /// `--test`.
    pub test: HeldOut,
    /// `--validation`.
    pub validation: HeldOut,
    /// `--train-rows`.
    pub train_rows: Option<usize>,
}

/// Which model a run trains.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TagModel {
    /// The encoder's folder; `None` is the one that comes with the program.
    pub model: Option<PathBuf>,
    /// Where sentences are cut.
    pub max_tokens: usize,
    /// What is not trained.
    pub freeze: Option<String>,
}

impl TagData {
    /// The settings that the arguments ask for.
    pub fn of(args: &TagDataArgs) -> Result<Self> {
        let defaults = TagColumns::default();
        refuse_unused(args)?;
        Ok(Self {
            data: absolute(args.data.as_deref().unwrap_or("@requests"))?,
            columns: TagColumns {
                word: args.word.unwrap_or(defaults.word),
                tag: args.tag,
                text: args.text.clone().unwrap_or(defaults.text),
                spans: args.spans.clone().unwrap_or(defaults.spans),
                offsets: args.offsets.unwrap_or_default().into(),
            },
            test: HeldOut::of("--test", args.test.as_deref())?,
            validation: HeldOut::of("--validation", args.validation.as_deref())?,
            train_rows: args.train_rows,
        })
    }
}

/// Refuses flags for sentences in columns where they come as spans, and the other way round.
fn refuse_unused(args: &TagDataArgs) -> Result<()> {
    let of_columns = [
        ("--word", args.word.is_some()),
        ("--tag", args.tag.is_some()),
    ];
    let of_spans = [
        ("--text", args.text.is_some()),
        ("--spans", args.spans.is_some()),
        ("--offsets", args.offsets.is_some()),
    ];
    let files = [&args.data, &args.test, &args.validation]
        .into_iter()
        .flatten();
    let mut forms = Vec::new();
    for file in files.filter(|file| file.parse::<f64>().is_err()) {
        forms.push(TagFormat::of(&Source::parse(file)?)?);
    }
    if args.data.is_none() {
        forms.push(TagFormat::Columns);
    }
    for (form, flags, what) in [
        (
            TagFormat::Columns,
            &of_columns[..],
            "columns (.conll, .iob, .bio)",
        ),
        (TagFormat::Spans, &of_spans[..], "spans (.jsonl)"),
    ] {
        let given = flags.iter().find(|(_, given)| *given);
        if let (Some((flag, _)), false) = (given, forms.contains(&form)) {
            let problem = format!("{flag} is for sentences in {what}, and no file has any");
            return Err(Error::Conflict(problem).into());
        }
    }
    Ok(())
}

impl TagModel {
    /// The settings that the arguments ask for.
    pub fn of(args: &TagModelArgs) -> Result<Self> {
        let absolute = |folder| std::path::absolute(folder).map_err(Error::io(folder));
        Ok(Self {
            model: args.model.as_ref().map(absolute).transpose()?,
            max_tokens: args.max_tokens,
            freeze: args.freeze.clone(),
        })
    }
}
