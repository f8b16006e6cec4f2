//! The shipped set `@requests` is made here, and what is shipped is what is made.
//!
//! `BLESS=1 cargo test --test requests` writes `data/requests.conll.gz` anew.

mod generator;
mod slots;
mod templates;

use std::collections::HashSet;
use std::io::{Read, Write};
use std::path::Path;

use candle_mixup::Result;
use candle_mixup::data::{Dataset, Source};
use candle_mixup::metrics::entities;
use candle_mixup::text::{TagColumns, Tagged, TaggedCorpus};
use flate2::read::GzDecoder;
use flate2::{Compression, GzBuilder};

/// With `BLESS` in the environment it writes the file anew first.
#[test]
fn what_is_shipped_is_what_the_generator_makes() -> Result<()> {
    let made = generator::requests();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/requests.conll.gz");
    if std::env::var_os("BLESS").is_some() {
        let file = std::fs::File::create(&path).expect("a file that can be written");
        // Without a time, so that the same content is the same file.
        let mut out = GzBuilder::new().mtime(0).write(file, Compression::best());
        out.write_all(made.as_bytes()).expect("written");
        out.finish().expect("written");
    }
    let mut shipped = String::new();
    let file = std::fs::File::open(path).expect("the shipped file");
    GzDecoder::new(file)
        .read_to_string(&mut shipped)
        .expect("UTF-8");
    assert!(
        shipped == made,
        "BLESS=1 cargo test --test requests writes the file anew"
    );
    Ok(())
}

/// The entities of sentences, as type and text.
fn found(sentences: &[Tagged]) -> HashSet<(usize, String)> {
    let of = |s: &Tagged| {
        let words: Vec<&str> = s.sentence.words().collect();
        let text = |e: candle_mixup::metrics::Entity| (e.kind, words[e.words].join(" "));
        entities(&s.tags).into_iter().map(text).collect::<Vec<_>>()
    };
    sentences.iter().flat_map(of).collect()
}

#[test]
fn test_sentences_hold_entities_that_no_training_sentence_has() -> Result<()> {
    let set = Dataset::named("requests")?;
    let corpus = TaggedCorpus::read(&Source::Shipped(set), &TagColumns::default(), None)?;
    assert_eq!(
        corpus.tags().types(),
        ["date", "person", "place", "product", "title"]
    );
    assert_eq!((corpus.len(), corpus.began_inside()), (set.rows, 0));
    let test = set.held_out.expect("its last sentences are for testing");
    let (train, test) = corpus.sentences().split_at(corpus.len() - test);
    let (seen, asked) = (found(train), found(test));
    for kind in 0..corpus.tags().types().len() {
        let of_kind: Vec<_> = asked.iter().filter(|(k, _)| *k == kind).collect();
        let new = of_kind.iter().filter(|e| !seen.contains(**e)).count();
        let share = new as f64 / of_kind.len() as f64;
        assert!(
            share > 0.3,
            "type {kind}: {new} of {} are new",
            of_kind.len()
        );
        assert!(
            of_kind.len() > 30,
            "type {kind} has {} entities",
            of_kind.len()
        );
    }
    let texts: HashSet<&str> = train.iter().map(|s| s.sentence.text.as_str()).collect();
    let repeated = test
        .iter()
        .filter(|s| texts.contains(s.sentence.text.as_str()));
    assert_eq!(
        repeated.count(),
        0,
        "no test sentence is a training sentence"
    );
    Ok(())
}
