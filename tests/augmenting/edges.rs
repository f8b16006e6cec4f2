//! Texts and settings with which other tools fail: everything ends, nothing panics, and the reason is told.

use std::time::{Duration, Instant};

use candle_mixup::text::augment::{
    AugmentSettings, Chain, Lists, Marked, Operation, OperationKind, Unchanged,
};
use proptest::prelude::*;

use crate::bench::{ALONE, augmenter, make, one, settings, texts};

/// All operations, those with lists and partners too.
fn all_kinds() -> String {
    let kinds = OperationKind::all().filter(|kind| *kind != OperationKind::Nearest);
    kinds.map(OperationKind::name).collect::<Vec<_>>().join(",")
}

#[test]
fn every_kind_has_a_name_of_its_own_that_reads_back() {
    let kinds: Vec<OperationKind> = OperationKind::all().collect();
    assert_eq!(kinds.len(), 19);
    for kind in kinds {
        let operation: Operation = kind.name().parse().expect("its own name");
        assert_eq!(
            (operation.kind, operation.rate),
            (kind, kind.default_rate())
        );
        let written = operation.to_string();
        assert_eq!(written.parse::<Operation>().expect("as written"), operation);
    }
}

#[test]
fn words_that_must_be_left_are_why_none_is_deleted() {
    let kept = AugmentSettings {
        min_keep: 5,
        ..settings("delete=1")
    };
    let made = make(
        &augmenter(kept),
        &Marked::plain("one two three four five"),
        None,
        0,
    );
    assert_eq!(made.unchanged, Some(Unchanged::TooShort));
    assert_eq!(
        one("delete=1", "one", 0).unchanged,
        Some(Unchanged::TooShort)
    );
    // Where nothing is asked for, that is the reason.
    assert_eq!(
        one("delete=0", "one", 0).unchanged,
        Some(Unchanged::NothingDrawn)
    );
}

#[test]
fn texts_without_words_come_back_with_the_reason() {
    for op in all_kinds().split(',') {
        for text in ["", " ", "\r\n", "...!?", "\u{301}"] {
            let partner = Marked::plain("some other text");
            let made = make(
                &augmenter(settings(op)),
                &Marked::plain(text),
                Some(&partner),
                0,
            );
            assert_eq!(made.text, text, "{op}");
            assert_eq!(made.unchanged, Some(Unchanged::NoWords), "{op} on {text:?}");
            assert_eq!(made.own_share, 1.0);
        }
    }
}

#[test]
fn one_word_and_equal_words() {
    for op in ["swap", "swap-adjacent", "drop", "crop", "sentences"] {
        assert_eq!(
            one(op, "hello", 0).unchanged,
            Some(Unchanged::TooShort),
            "{op}"
        );
    }
    let made = one("swap", "hello hello hello", 0);
    assert_eq!(made.unchanged, Some(Unchanged::NothingDrawn));
    assert_eq!(made.text, "hello hello hello");
    assert_eq!(one("delete=1", "hello", 0).text, "hello");
    assert_eq!(one("substitute", "Alpha alpha", 0).unchanged, None);
    assert_eq!(
        one("transpose=1", "aa", 0).unchanged,
        Some(Unchanged::NoCandidate)
    );
    assert_eq!(
        one("keyboard=1", "12 34", 0).unchanged,
        Some(Unchanged::NoCandidate)
    );
    let same = Marked::plain("hello");
    let made = make(
        &augmenter(settings("splice")),
        &Marked::plain("hello"),
        Some(&same),
        0,
    );
    assert_eq!(
        (made.unchanged, made.own_share),
        (Some(Unchanged::NothingDrawn), 1.0)
    );
    assert_eq!(
        one("splice", "a b", 0).unchanged,
        Some(Unchanged::NoPartner)
    );
}

#[test]
fn ten_megabytes_in_one_line_end_soon() {
    let line = "word and 字 more, ".repeat(10 * 1024 * 1024 / 20);
    let started = Instant::now();
    for op in all_kinds().split(',') {
        let partner = Marked::plain("some other text of a few words");
        let made = make(
            &augmenter(settings(op)),
            &Marked::plain(&line),
            Some(&partner),
            0,
        );
        let fine = matches!(
            made.unchanged,
            None | Some(Unchanged::TooShort | Unchanged::PartnerTooShort | Unchanged::NoCandidate)
        );
        assert!(fine, "{op}: {:?}", made.unchanged);
    }
    // a quadratic loop over half a million words would take hours
    assert!(
        started.elapsed() < Duration::from_secs(120),
        "{:?}",
        started.elapsed()
    );
}

proptest! {
    #[test]
    fn nothing_panics_and_characters_stay_whole(text in texts(), other in texts(), row in 0u64..100) {
        let chains = format!("{},delete+aeda,swap+case+splice", all_kinds());
        for chain in chains.split(',') {
            let partner = Marked::plain(&other);
            let made = make(&augmenter(settings(chain)), &Marked::plain(&text), Some(&partner), row);
            prop_assert!((0.0..=1.0).contains(&made.own_share));
            prop_assert_eq!(made.unchanged.is_some(), made.text == text, "{}", chain);
            // a combining mark never moves to another letter
            if ALONE.contains(&chain) && chain.starts_with("omit") {
                let bare = made.text.starts_with('\u{301}');
                prop_assert!(!bare, "{}", chain);
            }
        }
    }
}

fn refusal(settings: AugmentSettings) -> String {
    settings
        .check(Lists::default())
        .expect_err("must be refused")
        .to_string()
}

#[test]
fn settings_that_cannot_be_are_refused() {
    for (written, words) in [
        ("swap=1.5", "swap must be within 0..=1, got 1.5"),
        ("swap=-0.1", "-0.1"),
        ("swap=nan", "NaN"),
        ("swap=x", "a number within 0..=1"),
        ("swop", "did you mean 'swap'"),
        ("concat=0.5", "no number"),
        ("concat+swap", "nothing may follow it"),
        ("", "unknown operation"),
    ] {
        let error = written.parse::<Chain>().expect_err(written).to_string();
        assert!(error.contains(words), "{written}: {error}");
    }
    let plain = AugmentSettings::default;
    assert!(
        refusal(AugmentSettings {
            ops: vec![],
            ..plain()
        })
        .contains("no operation")
    );
    assert!(
        refusal(AugmentSettings {
            min_keep: 0,
            ..plain()
        })
        .contains("min keep")
    );
    assert!(
        refusal(AugmentSettings {
            max_words: Some(1),
            ..plain()
        })
        .contains("max words")
    );
    assert!(
        refusal(AugmentSettings {
            protect: vec!["(".into()],
            ..plain()
        })
        .contains("regular expression")
    );
    for (op, words) in [
        ("insert", "corpus"),
        ("substitute", "corpus"),
        ("synonym", "synonyms"),
        ("insert-synonym", "synonyms"),
        ("nearest", "vectors"),
    ] {
        assert!(refusal(settings(op)).contains(words), "{op}");
    }
    let json = r#"{"ops": ["swap"], "unknown": 1}"#;
    assert!(serde_json::from_str::<AugmentSettings>(json).is_err());
    let settings: AugmentSettings =
        serde_json::from_str(r#"{"ops": ["swap=0.2+aeda"]}"#).expect("settings");
    let written = serde_json::to_string(&settings).expect("JSON");
    assert_eq!(
        serde_json::from_str::<AugmentSettings>(&written).expect("as written"),
        settings
    );
}

#[test]
fn numbers_and_addresses_stay_whole() {
    for row in 0..100 {
        let made = one("omit=1", "It costs $3.50 or 1,234.56 EUR", row).text;
        assert!(
            made.contains("$3.50") && made.contains("1,234.56"),
            "{made}"
        );
        let text = "See https://ex.org/a?b=1&c=2 and more. Yes! No.";
        let made = one("sentences=0.4", text, row).text;
        assert!(
            !made.contains("https:") || made.contains("https://ex.org/a?b=1&c=2 and more."),
            "{made}"
        );
        assert!(!made.contains("c=2") || made.contains("https:"), "{made}");
    }
}

/// Each word must not look at the whole line again: this has none of the white space at which a look ends.
#[test]
fn a_line_without_white_space_ends() {
    let n = 200_000;
    for (part, words) in [("a:x.y,", 2), ("#a", 1), ("a@b@", 2), ("x://,", 1)] {
        let text = part.repeat(n);
        let found = crate::bench::words(&text).len();
        assert!(found <= words * n, "{part}: {found}");
        let made = one("swap", &text, 0);
        assert_eq!(made.text.len(), text.len(), "{part}");
    }
    let address = format!("http://x.y/1{}", "a.".repeat(n));
    let made = one("omit=1", &address, 0).text;
    assert_eq!(made.len(), address.len() - 1);
    let text = format!("é{}", "://".repeat(n));
    assert_eq!(crate::bench::words(&text), ["é"]);
}
