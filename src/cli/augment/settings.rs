//! From arguments to checked settings and the lists that they need.

use std::sync::Arc;

use anyhow::Result;
use candle_mixup::Error;
use candle_mixup::data::{Lines, Source};
use candle_mixup::text::WordVectors;
use candle_mixup::text::augment::{Alternatives, AugmentSettings, Lists, OperationKind};

use super::args::{AugmentArgs, EntityArg, OffsetArg};
use super::partners::FirstPass;

/// From how many nearest words `nearest` draws.
const NEIGHBOURS: usize = 10;

/// The settings that the arguments ask for.
pub fn settings(args: &AugmentArgs) -> Result<AugmentSettings> {
    let operations = &args.operations;
    let chains = operations.ops.iter().map(|chain| chain.trim().parse());
    let protect_words = match &args.protection.protect_words {
        Some(path) => {
            let lines = Lines::open(&Source::File(path.clone()))?;
            let words = lines.map(|line| line.map(|line| line.text.trim().to_owned()));
            let words = words.filter(|word| word.as_ref().map_or(true, |word| !word.is_empty()));
            words.collect::<candle_mixup::Result<Vec<_>>>()?
        }
        None => Vec::new(),
    };
    let default = AugmentSettings::default();
    let settings = AugmentSettings {
        ops: chains.collect::<candle_mixup::Result<_>>()?,
        min_keep: operations.min_keep,
        mask: operations.mask.clone().unwrap_or(default.mask),
        separator: operations.separator.clone().unwrap_or(default.separator),
        max_words: operations.max_words,
        protect: args.protection.protect.clone(),
        protect_words,
    };
    refuse_unused(args, &settings)?;
    Ok(settings)
}

/// Refuses flags that no operation looks at, and lists that are missing.
fn refuse_unused(args: &AugmentArgs, settings: &AugmentSettings) -> Result<()> {
    let (operations, columns) = (&args.operations, &args.columns);
    let synonyms = "synonym and insert-synonym";
    let has = |kind| {
        let mut all = settings.ops.iter().flat_map(|chain| &chain.0);
        all.any(|operation| operation.kind == kind)
    };
    let (concat, mask) = (has(OperationKind::Concat), has(OperationKind::Mask));
    let nearest = settings.needs_vectors();
    let given = [
        (
            "--synonyms",
            operations.synonyms.is_some(),
            settings.needs_synonyms(),
            synonyms,
        ),
        (
            "--vectors",
            operations.vectors.is_some(),
            nearest,
            "nearest",
        ),
        (
            "--neighbours",
            operations.neighbours.is_some(),
            nearest,
            "nearest",
        ),
        ("--mask", operations.mask.is_some(), mask, "mask"),
        (
            "--separator",
            operations.separator.is_some(),
            concat,
            "concat",
        ),
        (
            "--max-words",
            operations.max_words.is_some(),
            concat,
            "concat",
        ),
    ];
    if let Some((flag, .., for_what)) = given.iter().find(|(_, given, used, _)| *given && !used) {
        let problem = format!("{flag} is for {for_what}, and none is among --ops");
        return Err(Error::Conflict(problem).into());
    }
    let missing = given[..2]
        .iter()
        .find(|(_, given, needed, _)| *needed && !given);
    if let Some((flag, .., for_what)) = missing {
        return Err(Error::Conflict(format!("{for_what}: {flag} FILE is needed")).into());
    }
    let spans = columns.entities.is_some() || columns.keep_spans.is_some();
    if columns.offsets == OffsetArg::Bytes && !spans {
        return Err(Error::Conflict("--offsets is for --entities and --keep-spans".into()).into());
    }
    if args.protection.entity == EntityArg::Drop && columns.entities.is_none() {
        return Err(Error::Conflict("--entity is for --entities".into()).into());
    }
    Ok(())
}

/// The lists, read from files and from the first pass.
pub fn lists(args: &AugmentArgs, settings: &AugmentSettings, pass: &FirstPass) -> Result<Lists> {
    let corpus = pass.corpus.clone();
    let synonyms = args
        .operations
        .synonyms
        .as_ref()
        .map(Alternatives::read)
        .transpose()?;
    let nearest = match &args.operations.vectors {
        Some(path) => {
            let words: Vec<(String, u32)> = corpus.words().map(str::to_owned).zip(0..).collect();
            let vectors = WordVectors::read(path, &words)?;
            Some(Alternatives::nearest(
                &corpus,
                &vectors,
                args.operations.neighbours.unwrap_or(NEIGHBOURS),
            )?)
        }
        None => None,
    };
    Ok(Lists {
        corpus: settings.needs_corpus().then(|| Arc::new(corpus)),
        synonyms: synonyms.map(Arc::new),
        nearest: nearest.map(Arc::new),
    })
}
