//! Tokens: reference ids, cuts, learnt vocabularies, padded batches, and broken tokenizer files.

use std::fs;

use candle_core::Device;
use candle_mixup::text::{EncodedTexts, MAX_TOKENS, TokenBatch, Tokenizer, VocabularySettings};
use candle_mixup::{Error, Result};
use serde::Deserialize;

const SHIPPED: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/models/minilm-l3/tokenizer.json"
);

/// Ids of the `tokenizers` package for Python: tests/data/text_reference.py writes them.
#[derive(Deserialize)]
struct Reference {
    texts: Vec<String>,
    pairs: Vec<String>,
    ids: Vec<Vec<u32>>,
    pair_ids: Vec<Vec<u32>>,
    pair_types: Vec<Vec<u8>>,
    cut: Vec<Vec<u32>>,
    pair_cut: Vec<Vec<u32>>,
}

fn reference(name: &str) -> Reference {
    let path = format!("{}/tests/data/{name}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&fs::read_to_string(path).expect("the file is in the repository"))
        .expect("the file is whole")
}

fn all_ids(texts: &EncodedTexts) -> Vec<Vec<u32>> {
    (0..texts.len()).map(|r| texts.ids(r).to_vec()).collect()
}

fn equals(file: &str, r: &Reference) -> Result<()> {
    let tokenizer = Tokenizer::open(file, MAX_TOKENS)?;
    let single = tokenizer.encode(&r.texts, None)?;
    assert_eq!(all_ids(&single), r.ids);
    assert_eq!(single.types(0), None);
    assert_eq!(single.cut(), 0);
    let pairs = tokenizer.encode(&r.texts, Some(&r.pairs))?;
    assert_eq!(all_ids(&pairs), r.pair_ids);
    for (row, types) in r.pair_types.iter().enumerate() {
        let second = r.pair_types.iter().flatten().any(|&t| t != 0);
        assert_eq!(pairs.types(row), second.then_some(types.as_slice()));
    }
    let short = Tokenizer::open(file, 12)?;
    let cut = short.encode(&r.texts, None)?;
    assert_eq!(all_ids(&cut), r.cut);
    let longer = r.ids.iter().filter(|ids| ids.len() > 12).count();
    assert!(longer > 0 && longer < r.ids.len());
    assert_eq!(cut.cut(), longer);
    let pair_cut = short.encode(&r.texts, Some(&r.pairs))?;
    assert_eq!(all_ids(&pair_cut), r.pair_cut);
    Ok(())
}

#[test]
fn ids_equal_the_reference() -> Result<()> {
    equals(SHIPPED, &reference("text_tokens.json"))
}

/// A tokenizer of bytes like RoBERTa's, whose file asks for padding and a cut at 6 tokens: both are ours to decide.
#[test]
fn the_files_own_padding_and_cut_are_off() -> Result<()> {
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/data/text_bytes_tokenizer.json"
    );
    assert_eq!(Tokenizer::open(file, MAX_TOKENS)?.pad(), 1);
    equals(file, &reference("text_bytes.json"))
}

#[test]
fn a_huge_text_is_cut_like_any_other() -> Result<()> {
    let tokenizer = Tokenizer::open(SHIPPED, 64)?;
    let words = "A sentence, again: naïve 你好 antidisestablishmentarianism. ".repeat(2000);
    let characters = "é".repeat(100_000);
    let blank_first = format!("{}word", " ".repeat(100_000));
    assert!(words.chars().count() > 100_000);
    let got = tokenizer.encode(&[words.as_str(), &characters, &blank_first, "short"], None)?;
    assert_eq!(got.lengths(), [64, 3, 3, 3]);
    assert_eq!(got.cut(), 1);
    // the same beginning as of a text that is short enough to be read whole
    let beginning: String = words.chars().take(900).collect();
    assert_eq!(got.ids(0), tokenizer.encode(&[beginning], None)?.ids(0));
    Ok(())
}

#[test]
fn the_thread_count_changes_nothing() -> Result<()> {
    let tokenizer = Tokenizer::open(SHIPPED, 32)?;
    let texts: Vec<String> = (0..500)
        .map(|i| format!("text number {i} of many {}", i * i))
        .collect();
    let with = |threads| {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("threads can be started")
            .install(|| tokenizer.encode(&texts, None))
    };
    assert_eq!(with(1)?, with(3)?);
    Ok(())
}

#[test]
fn batches_are_padded_to_their_own_longest() -> Result<()> {
    let tokenizer = Tokenizer::open(SHIPPED, MAX_TOKENS)?;
    let texts = tokenizer.encode(&["one two three four five", "one", "one two"], None)?;
    let batch = TokenBatch::new(&texts, &[2, 1], &Device::Cpu)?;
    assert_eq!(batch.ids.dims(), [2, 4]);
    assert_eq!(
        batch.ids.to_vec2::<u32>()?,
        [[101, 2028, 2048, 102], [101, 2028, 102, 0]]
    );
    assert_eq!(
        batch.mask.to_vec2::<f32>()?,
        [[1., 1., 1., 1.], [1., 1., 1., 0.]]
    );
    assert!(batch.types.is_none());
    let pairs = tokenizer.encode(&["one", "one"], Some(&["two", "two one"]))?;
    let batch = TokenBatch::new(&pairs, &[0, 1], &Device::Cpu)?;
    let types = batch
        .types
        .expect("second texts are of type 1")
        .to_vec2::<u32>()?;
    assert_eq!(types, [[0, 0, 0, 1, 1, 0], [0, 0, 0, 1, 1, 1]]);
    for rows in [&[][..], &[3]] {
        assert!(matches!(
            TokenBatch::new(&texts, rows, &Device::Cpu),
            Err(Error::Shape { .. })
        ));
    }
    Ok(())
}

#[test]
fn a_broken_tokenizer_file() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let whole = fs::read(SHIPPED).expect("the tokenizer is shipped");
    for (name, content) in [
        ("truncated.json", &whole[..whole.len() / 2]),
        ("empty.json", b""),
        ("other.json", b"{\"a\": 1}"),
        ("bytes.json", b"\xff\xfe"),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, content).expect("the folder is writable");
        let e = Tokenizer::open(&path, MAX_TOKENS).expect_err("it is broken");
        assert!(matches!(e, Error::File { .. }), "{name}: {e}");
    }
    let e = Tokenizer::open(folder.path().join("none.json"), MAX_TOKENS);
    assert!(matches!(e, Err(Error::Io { .. })));
}

#[test]
fn ids_beyond_the_embedding() -> Result<()> {
    let tokenizer = Tokenizer::open(SHIPPED, MAX_TOKENS)?;
    tokenizer.check_embedding(30522)?;
    match tokenizer.check_embedding(30521) {
        Err(Error::File { problem, .. }) => {
            assert!(
                problem.contains("30521") && problem.contains("##～"),
                "{problem}"
            );
        }
        other => panic!("{other:?}"),
    }
    Ok(())
}

#[test]
fn no_room_for_a_text() -> Result<()> {
    assert!(matches!(
        Tokenizer::open(SHIPPED, 4),
        Err(Error::Setting { .. })
    ));
    let clipped = Tokenizer::open(SHIPPED, 1000)?.clipped(512)?;
    assert_eq!(clipped.max_tokens(), 512);
    assert!(clipped.clipped(3).is_err());
    Ok(())
}

#[test]
fn pairs_must_be_as_many_as_texts() -> Result<()> {
    let tokenizer = Tokenizer::open(SHIPPED, MAX_TOKENS)?;
    assert!(matches!(
        tokenizer.encode(&["a", "b"], Some(&["c"])),
        Err(Error::Shape { .. })
    ));
    Ok(())
}

#[test]
fn a_vocabulary_is_learnt_and_read_back() -> Result<()> {
    let texts = ["The cat, the hat", "the DOG", "我爱猫 the", "cat"];
    let learnt = Tokenizer::learn(&texts, &VocabularySettings::default(), 16)?;
    let words: Vec<String> = learnt.words().into_iter().map(|(w, _)| w).collect();
    assert_eq!(
        words,
        [
            "<pad>", "<unk>", "the", "cat", ",", "dog", "hat", "我", "爱", "猫"
        ]
    );
    assert_eq!(learnt.pad(), 0);
    let got = learnt.encode(&["the bird", "猫cat", "", "!?"], None)?;
    assert_eq!(all_ids(&got), [vec![2, 1], vec![9, 3], vec![1], vec![1, 1]]);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("tokenizer.json");
    fs::write(&path, learnt.json()).expect("the folder is writable");
    let read = Tokenizer::open(&path, 16)?;
    assert_eq!(read.words(), learnt.words());
    assert_eq!(read.encode(&texts, None)?, learnt.encode(&texts, None)?);
    Ok(())
}

#[test]
fn rare_words_share_one_id() -> Result<()> {
    let texts = ["a a b b c", "a d"];
    let often = VocabularySettings {
        min_count: 2,
        ..VocabularySettings::default()
    };
    let words = |s: &VocabularySettings| Tokenizer::learn(&texts, s, 8).map(|t| t.words().len());
    assert_eq!(words(&often)?, 4);
    let few = VocabularySettings {
        max_words: 3,
        ..VocabularySettings::default()
    };
    assert_eq!(words(&few)?, 3);
    let none = VocabularySettings {
        min_count: 9,
        ..VocabularySettings::default()
    };
    assert!(matches!(words(&none), Err(Error::Data(_))));
    let no_room = VocabularySettings {
        max_words: 2,
        ..VocabularySettings::default()
    };
    assert!(matches!(words(&no_room), Err(Error::Setting { .. })));
    Ok(())
}
