//! From arguments to checked settings and the lists that they need.

use std::sync::Arc;

use anyhow::Result;
use candle_mixup::Error;
use candle_mixup::data::{Lines, Source};
use candle_mixup::text::WordVectors;
use candle_mixup::text::augment::{Alternatives, AugmentSettings, Lists, OperationKind};

use super::args::{AugmentArgs, EntityArg, OperationArgs};
use super::partners::FirstPass;
use super::rows::Form;

/// From how many nearest words `nearest` draws.
const NEIGHBOURS: usize = 10;

/// The settings that the arguments ask for.
pub fn settings(args: &AugmentArgs, form: Form) -> Result<AugmentSettings> {
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
        min_keep: operations.min_keep.unwrap_or(default.min_keep),
        mask: operations.mask.clone().unwrap_or(default.mask),
        separator: operations.separator.clone().unwrap_or(default.separator),
        max_words: operations.max_words,
        protect: args.protection.protect.clone(),
        protect_words,
    };
    refuse_unused(args, &settings, form)?;
    Ok(settings)
}

/// A flag that only some operations look at.
struct Own {
    flag: &'static str,
    given: bool,
    /// Whether such an operation is asked for.
    used: bool,
    of: &'static str,
    /// Whether those operations cannot do without it.
    needed: bool,
}

/// Refuses flags that no operation looks at, and lists that are missing.
fn refuse_unused(args: &AugmentArgs, settings: &AugmentSettings, form: Form) -> Result<()> {
    let columns = &args.columns;
    for own in flags(&args.operations, settings) {
        let Own { flag, of, .. } = own;
        let problem = match (own.given, own.used) {
            (true, false) => format!("{flag} is for {of}, and none is among --ops"),
            (false, true) if own.needed => format!("{of}: {flag} FILE is needed"),
            _ => continue,
        };
        return Err(Error::Conflict(problem).into());
    }
    let spans = columns.entities.is_some() || columns.keep_spans.is_some();
    if columns.offsets.is_some() && !spans && form != Form::Words {
        return Err(Error::Conflict("--offsets is for --entities and --keep-spans".into()).into());
    }
    let entities = columns.entities.is_some() || form == Form::Words;
    if args.protection.entity == EntityArg::Drop && !entities {
        return Err(Error::Conflict("--entity is for --entities".into()).into());
    }
    Ok(())
}

fn flags(args: &OperationArgs, settings: &AugmentSettings) -> [Own; 7] {
    let has = |kind| {
        let mut all = settings.ops.iter().flat_map(|chain| &chain.0);
        all.any(|operation| operation.kind == kind)
    };
    let (concat, mask) = (has(OperationKind::Concat), has(OperationKind::Mask));
    let nearest = settings.needs_vectors();
    let own = |flag, given, used, of, needed| Own {
        flag,
        given,
        used,
        of,
        needed,
    };
    let keeps = settings.ops.iter().flat_map(|chain| &chain.0);
    let keeps = keeps
        .map(|operation| operation.kind)
        .any(OperationKind::keeps_least);
    [
        own(
            "--min-keep",
            args.min_keep.is_some(),
            keeps,
            "crop, drop and delete",
            false,
        ),
        own(
            "--synonyms",
            args.synonyms.is_some(),
            settings.needs_synonyms(),
            "synonym and insert-synonym",
            true,
        ),
        own(
            "--vectors",
            args.vectors.is_some(),
            nearest,
            "nearest",
            true,
        ),
        own(
            "--neighbours",
            args.neighbours.is_some(),
            nearest,
            "nearest",
            false,
        ),
        own("--mask", args.mask.is_some(), mask, "mask", false),
        own(
            "--separator",
            args.separator.is_some(),
            concat,
            "concat",
            false,
        ),
        own(
            "--max-words",
            args.max_words.is_some(),
            concat,
            "concat",
            false,
        ),
    ]
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
