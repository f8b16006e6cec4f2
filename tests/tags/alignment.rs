//! Words and their pieces: splits, punctuation, unknown characters, cut rows.

use std::collections::HashMap;
use std::ops::Range;

use candle_mixup::Result;
use candle_mixup::text::{EncodedWords, MAX_TOKENS, Tokenizer, word_ranges};

const SHIPPED: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/models/minilm-l3/tokenizer.json"
);
const BYTES: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/data/text_bytes_tokenizer.json"
);

fn encoded(tokenizer: &Tokenizer, text: &str, words: Vec<Range<usize>>) -> Result<EncodedWords> {
    tokenizer.encode_words(&[text], &[words])
}

/// The pieces of each word of a text, by name.
fn pieces(tokenizer: &Tokenizer, text: &str, words: Vec<Range<usize>>) -> Result<Vec<Vec<String>>> {
    let found = encoded(tokenizer, text, words)?;
    let names: HashMap<u32, String> = tokenizer
        .words()
        .into_iter()
        .map(|(w, id)| (id, w))
        .collect();
    let ids = found.texts.ids(0);
    let of = |range: &Range<u32>| {
        let ids = &ids[range.start as usize..range.end as usize];
        ids.iter().map(|id| names[id].clone()).collect()
    };
    Ok(found.pieces[0].iter().map(of).collect())
}

#[test]
fn words_split_into_pieces_and_the_first_begins_the_word() -> Result<()> {
    let tokenizer = Tokenizer::open(SHIPPED, MAX_TOKENS)?;
    let text = "Embeddings, naïve Zoë 你好 \u{1f9a9} end";
    let found = pieces(&tokenizer, text, word_ranges(text))?;
    let expected: [&[&str]; 8] = [
        &["em", "##bed", "##ding", "##s"],
        &[","],
        &["naive"],
        &["zoe"],
        &["[UNK]"],
        &["[UNK]"],
        &["[UNK]"],
        &["end"],
    ];
    assert_eq!(found, expected);
    let found = encoded(&tokenizer, text, word_ranges(text))?;
    assert_eq!(found.pieces[0][0], 1..5, "behind the special token");
    assert_eq!((found.cut, found.silent), (0, 0));
    Ok(())
}

#[test]
fn words_are_the_files_and_not_the_tokenizers() -> Result<()> {
    let tokenizer = Tokenizer::open(SHIPPED, MAX_TOKENS)?;
    // "U.S." is one word of the file and four of the tokenizer; the word behind it is dropped by the tokenizer.
    let text = "U.S. \u{200b} car";
    let words = vec![0..4, 5..8, 9..12];
    let found = pieces(&tokenizer, text, words.clone())?;
    let expected: [&[&str]; 3] = [&["u", ".", "s", "."], &[], &["car"]];
    assert_eq!(found, expected);
    assert_eq!(encoded(&tokenizer, text, words)?.silent, 1);
    Ok(())
}

#[test]
fn words_behind_the_cut_are_lost_and_counted() -> Result<()> {
    let tokenizer = Tokenizer::open(SHIPPED, 7)?;
    // Five tokens have room: two words, and three pieces of the third, which is cut in its middle.
    let text = "the car embeddings the end";
    let found = encoded(&tokenizer, text, word_ranges(text))?;
    assert_eq!(found.pieces[0], [1..2, 2..3, 3..6, 0..0, 0..0]);
    assert_eq!((found.texts.cut(), found.cut, found.silent), (1, 2, 0));
    assert_eq!(found.texts.ids(0).len(), 7);
    let long = format!("{text} {}", "and so on ".repeat(5000));
    let words = word_ranges(&long);
    let lost = words.len() - 3;
    let found = encoded(&tokenizer, &long, words)?;
    assert_eq!(found.pieces[0][..4], [1..2, 2..3, 3..6, 0..0]);
    assert_eq!(found.cut, lost);
    Ok(())
}

#[test]
fn tokens_of_bytes_belong_to_words_too() -> Result<()> {
    let tokenizer = Tokenizer::open(BYTES, MAX_TOKENS)?;
    let text = "Hello world, ünïcode 你好";
    let words = word_ranges(text);
    let count = words.len();
    let found = encoded(&tokenizer, text, words)?;
    let mut last = 0;
    for pieces in &found.pieces[0] {
        assert!(
            !pieces.is_empty() && pieces.start >= last,
            "{:?}",
            found.pieces
        );
        last = pieces.end;
    }
    assert_eq!((found.pieces[0].len(), found.silent), (count, 0));
    let whole = tokenizer.encode(&[text], None)?;
    assert_eq!(
        found.texts.ids(0),
        whole.ids(0),
        "the ids are those of the plain text"
    );
    Ok(())
}

#[test]
fn there_are_words_for_every_text() -> Result<()> {
    let tokenizer = Tokenizer::open(SHIPPED, MAX_TOKENS)?;
    let none: [Vec<Range<usize>>; 0] = [];
    let error = tokenizer.encode_words(&["a"], &none).expect_err("no words");
    let words = "words: expected those of each of 1 texts, got 0";
    assert_eq!(error.to_string(), words);
    Ok(())
}
