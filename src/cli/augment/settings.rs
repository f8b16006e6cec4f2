//! From arguments to checked settings and the lists that they need.

use std::sync::Arc;

use anyhow::Result;
use candle_mixup::Error;
use candle_mixup::data::{Lines, Source};
use candle_mixup::text::WordVectors;
use candle_mixup::text::augment::{Alternatives, AugmentSettings, Lists};

use super::args::AugmentArgs;
use super::partners::FirstPass;

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
    let settings = AugmentSettings {
        ops: chains.collect::<candle_mixup::Result<_>>()?,
        min_keep: operations.min_keep,
        mask: operations.mask.clone(),
        separator: operations.separator.clone(),
        max_words: operations.max_words,
        protect: args.protection.protect.clone(),
        protect_words,
    };
    refuse_unused(args, &settings)?;
    Ok(settings)
}

/// Refuses lists that no operation takes words from.
fn refuse_unused(args: &AugmentArgs, settings: &AugmentSettings) -> Result<()> {
    let given = [
        (
            "--synonyms",
            args.operations.synonyms.is_some(),
            settings.needs_synonyms(),
            "synonym and insert-synonym",
        ),
        (
            "--vectors",
            args.operations.vectors.is_some(),
            settings.needs_vectors(),
            "nearest",
        ),
    ];
    for (flag, given, needed, operations) in given {
        if given && !needed {
            return Err(Error::Conflict(format!(
                "{flag} is for {operations}, and none is among --ops"
            ))
            .into());
        }
        if needed && !given {
            return Err(Error::Conflict(format!("{operations}: {flag} FILE is needed")).into());
        }
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
                args.operations.neighbours,
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
