//! Words: lossless, in order, complete, and the same by the fast path as by the segmenter.

use candle_mixup::text::{TextSpan, WordFinder};
use icu_segmenter::WordSegmenter;
use icu_segmenter::options::WordBreakInvariantOptions;
use proptest::prelude::*;

use crate::bench::{texts, words};

fn spans(text: &str) -> Vec<TextSpan> {
    let mut spans = Vec::new();
    WordFinder::new().words(text, &mut spans);
    spans
}

/// In order, at borders of characters, without overlap or white space; and every letter and digit is in one.
fn check(text: &str) -> Result<(), TestCaseError> {
    let spans = spans(text);
    let mut at = 0;
    for span in &spans {
        prop_assert!(
            span.range().start >= at && !span.is_empty(),
            "{text:?} {spans:?}"
        );
        let word = text.get(span.range());
        prop_assert!(word.is_some(), "{span:?} cuts a character of {text:?}");
        // UAX 29 takes a narrow no-break space within a number, or a word, for part of it.
        let word = span.of(text);
        let white = |c: char| c.is_whitespace() && c != '\u{202f}';
        prop_assert!(
            word.trim() == word && !word.contains(white),
            "{text:?} {spans:?}"
        );
        let between = &text[at..span.range().start];
        prop_assert!(
            !between.contains(char::is_alphanumeric),
            "{between:?} of {text:?} is in no word"
        );
        at = span.range().end;
    }
    prop_assert!(
        !text[at..].contains(char::is_alphanumeric),
        "the end of {text:?} is in no word"
    );
    Ok(())
}

proptest! {
    #[test]
    fn lossless_on_hard_texts(text in texts()) {
        check(&text)?;
    }

    #[test]
    fn lossless_on_any_text(text in "\\PC{0,40}") {
        check(&text)?;
    }

    /// ASCII goes by masks, which must give what UAX 29 says; letters far apart cross the borders of blocks.
    #[test]
    fn ascii_words_are_those_of_the_segmenter(text in "[ab_0-9.':,; \"/!\\n-]{0,140}") {
        prop_assume!(!text.contains("://"));
        let segmenter = WordSegmenter::new_dictionary(WordBreakInvariantOptions::default());
        let mut start = 0;
        let mut expected = Vec::new();
        for end in segmenter.segment_str(&text) {
            let word = &text[start..end];
            if word.contains(|c: char| c.is_alphanumeric()) {
                expected.push(word);
            }
            start = end;
        }
        prop_assert_eq!(words(&text), expected);
    }

    #[test]
    fn sentences_and_characters_cover_the_text(text in texts()) {
        let finder = WordFinder::new();
        let mut spans = Vec::new();
        for find in [WordFinder::sentences, WordFinder::characters] {
            find(&finder, &text, &mut spans);
            let joined: String = spans.iter().map(|span| span.of(&text)).collect();
            prop_assert_eq!(&joined, &text);
        }
    }
}

#[test]
fn what_readers_take_for_one_word_is_one() {
    for (text, expected) in [
        (
            "It's 3.5 stars ... Zoë!",
            &["It's", "3.5", "stars", "Zoë"][..],
        ),
        (
            "192.168.1.1 don't can’t",
            &["192.168.1.1", "don't", "can’t"],
        ),
        (
            "see https://a.example/b(c)?d=e.",
            &["see", "https://a.example/b(c)?d=e"],
        ),
        ("(http://a.example)", &["http://a.example"]),
        ("www.a-b.example/c, then", &["www.a-b.example/c", "then"]),
        (
            "write first.last+tag@a-b.example.",
            &["write", "first.last+tag@a-b.example"],
        ),
        ("#one @two C# a@ b", &["#one", "@two", "C", "a", "b"]),
        (
            "看https://a.example/b很好",
            &["看", "https://a.example/b", "很好"],
        ),
        (
            "e\u{301}te\u{301} 👩‍👩‍👧 👍🏽",
            &["e\u{301}te\u{301}", "👩‍👩‍👧", "👍🏽"],
        ),
        ("שלום עולם", &["שלום", "עולם"]),
        ("__ _a_ ...", &["_a_"]),
        ("", &[]),
        (" \r\n ?! ", &[]),
    ] {
        assert_eq!(words(text), expected, "{text:?}");
    }
    assert_eq!(words("สวัสดีครับ"), ["สวัสดี", "ครับ"]);
    assert_eq!(words("我喜欢这本书").concat(), "我喜欢这本书");
    assert!(words("我喜欢这本书").len() < 6, "words, not characters");
}

/// Words that begin, end and lie across the border of a block of 64 bytes, at every place.
#[test]
fn words_across_blocks() {
    for lead in 0..140 {
        let text = format!("{}word.next me@a.example é", " ".repeat(lead));
        assert_eq!(words(&text), ["word.next", "me@a.example", "é"], "{lead}");
        let long = format!("{} b", "a".repeat(lead + 1));
        assert_eq!(words(&long).len(), 2, "{lead}");
    }
}
