//! Lists of words: of a corpus, of a file of synonyms, of vectors.

use std::fs;

use candle_mixup::text::WordVectors;
use candle_mixup::text::augment::{Alternatives, AugmentSettings, Lists, Marked, WordList};
use tempfile::TempDir;

use crate::bench::{make, settings, words};

fn file(name: &str, content: &[u8]) -> (TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    fs::write(&path, content).expect("written");
    (folder, path)
}

fn synonym_of(alternatives: Alternatives, text: &str) -> Vec<String> {
    let lists = Lists {
        synonyms: Some(alternatives.into()),
        ..Lists::default()
    };
    let augmenter = settings("synonym=1").check(lists).expect("sound");
    let made = (0..100).map(|row| make(&augmenter, &Marked::plain(text), None, row).text);
    let mut all: Vec<String> = made.collect();
    all.sort();
    all.dedup();
    all
}

#[test]
fn the_corpus_is_its_distinct_words_at_any_thread_count() {
    let texts: Vec<String> = (0..3000)
        .map(|i| format!("Word{} and WORD{}!", i % 700, i % 900))
        .collect();
    let list = WordList::of(&texts);
    assert_eq!(list.len(), 901);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .expect("a pool");
    assert_eq!(pool.install(|| WordList::of(&texts)), list);
    assert_eq!(list.words().next(), Some("and"));
}

#[test]
fn loops_and_repeats_lead_nowhere_else() {
    for (name, content) in [
        (
            "s.tsv",
            "big\tlarge\tlarge\tBIG\nlarge\thuge\nhuge\tbig\nself\tself\n",
        ),
        (
            "s.csv",
            "big,large,large,BIG\nlarge,huge\nhuge,big\nself,self\n",
        ),
        (
            "s.jsonl",
            "{\"word\":\"big\",\"synonyms\":[\"large\",\"large\",\"BIG\"]}\n{\"word\":\"large\",\"synonyms\":\"huge\"}\n{\"word\":\"huge\",\"synonyms\":[\"big\"]}\n{\"word\":\"self\",\"synonyms\":[\"self\"]}\n",
        ),
    ] {
        let (_folder, path) = file(name, content.as_bytes());
        let alternatives = Alternatives::read(&path).expect("readable");
        assert_eq!(alternatives.len(), 3, "{name}");
        assert_eq!(
            synonym_of(alternatives, "a BIG self"),
            ["a LARGE self"],
            "{name}"
        );
    }
}

#[test]
fn files_of_synonyms_that_cannot_be_are_refused() {
    for (name, content, says) in [
        (
            "s.tsv",
            &b"big\tlarge\nsmall\n"[..],
            "line 2: expected a word and at least one synonym, got 'small'",
        ),
        ("s.tsv", b"\tlarge\n", "line 1"),
        ("s.csv", b"big\n", "line 1"),
        ("s.jsonl", b"{\"word\":1.5,\"synonyms\":{}}\n", "line 1"),
        ("s.jsonl", b"{\"word\":\"a\"}\n", "no column 'synonyms'"),
        ("s.tsv", b"self\tself\n", "holds no word with a synonym"),
        ("s.tsv", b"a\t\xff\n", "invalid UTF-8"),
    ] {
        let (_folder, path) = file(name, content);
        let error = Alternatives::read(&path).expect_err(says).to_string();
        assert!(error.contains(says), "{error}");
    }
}

#[test]
fn nearest_words_are_those_with_the_largest_cosine() {
    let list = WordList::of(&["good great fine bad awful the"]);
    let numbered: Vec<(String, u32)> = list.words().map(str::to_owned).zip(0..).collect();
    let content = "good 1 0.1\ngreat 2 0.25\nfine 1 0.4\nbad -1 0.1\nawful -3 0.2\nother 1 0.1\n";
    let (_folder, path) = file("v.txt", content.as_bytes());
    let vectors = WordVectors::read(&path, &numbered).expect("readable");
    let nearest = Alternatives::nearest(&list, &vectors, 1).expect("sound");
    assert_eq!(nearest.len(), 5);
    let lists = Lists {
        nearest: Some(nearest.into()),
        ..Lists::default()
    };
    let augmenter = settings("nearest=1").check(lists).expect("sound");
    let made = make(&augmenter, &Marked::plain("The good, the bad"), None, 0).text;
    assert_eq!(made, "The great, the awful");
    assert!(Alternatives::nearest(&list, &vectors, 0).is_err());
    let two = Alternatives::nearest(&list, &vectors, 2).expect("sound");
    let lists = Lists {
        nearest: Some(two.into()),
        ..Lists::default()
    };
    let augmenter = settings("nearest=1").check(lists).expect("sound");
    let all: std::collections::BTreeSet<String> = (0..50)
        .map(|row| make(&augmenter, &Marked::plain("good"), None, row).text)
        .collect();
    assert_eq!(all.into_iter().collect::<Vec<_>>(), ["fine", "great"]);
}

#[test]
fn the_mask_and_the_corpus_are_as_given() {
    let settings = AugmentSettings {
        mask: "<unk>".into(),
        ..settings("mask=1")
    };
    let augmenter = settings.check(Lists::default()).expect("sound");
    assert_eq!(
        make(&augmenter, &Marked::plain("a, b"), None, 0).text,
        "<unk>, <unk>"
    );
    let lists = Lists {
        corpus: Some(WordList::default().into()),
        ..Lists::default()
    };
    let augmenter = crate::bench::settings("insert")
        .check(lists)
        .expect("sound");
    let made = make(&augmenter, &Marked::plain("a b"), None, 0);
    assert_eq!(words(&made.text), ["a", "b"]);
}
