//! Protection and entities: never cut, and where they stand afterwards.

use std::collections::HashSet;

use candle_mixup::text::TextSpan;
use candle_mixup::text::augment::{AugmentSettings, Marked, Unchanged};
use proptest::prelude::*;

use crate::bench::{LIST, Made, augmenter, make, settings, texts, words};

const CHAINS: &str = "crop=0.5,drop=0.4,sentences=0.5,splice=0.3,concat,swap=0.5,swap-adjacent=0.5,delete=0.6,insert=0.5,\
    substitute=0.5,aeda=0.3,keyboard=1,transpose=1,omit=1,case=1,mask=0.5,delete=0.3+insert=0.3+swap=0.3+crop=0.6,swap+splice";

/// Some stretches of the text, each from one border of a character to another.
fn stretches(text: &str, at: &[(usize, usize)]) -> Vec<TextSpan> {
    let borders: Vec<usize> = text
        .char_indices()
        .map(|(i, _)| i)
        .chain([text.len()])
        .collect();
    let mut spans: Vec<TextSpan> = Vec::new();
    for &(start, length) in at {
        let start = start % borders.len();
        let end = (start + 1 + length % 6).min(borders.len() - 1);
        let span = TextSpan::new(borders[start], borders[end]);
        if !span.is_empty()
            && spans
                .iter()
                .all(|s| s.end <= span.start || span.end <= s.start)
        {
            spans.push(span);
        }
    }
    spans
}

fn make_by(chain: &str, text: &Marked<'_>, partner: &Marked<'_>, row: u64) -> Made {
    make(&augmenter(settings(chain)), text, Some(partner), row)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// An entity stands somewhere, whole, or it went, whole; and where it may not go it is there.
    #[test]
    fn entities_follow_their_text(
        text in texts(),
        other in texts(),
        at in prop::collection::vec((0usize..60, 0usize..60), 0..4),
        theirs in prop::collection::vec((0usize..60, 0usize..60), 0..3),
        row in 0u64..100,
        may_go in any::<bool>(),
    ) {
        let (marks, partner_marks) = (stretches(&text, &at), stretches(&other, &theirs));
        let marked = Marked { marks: &marks, marks_may_go: may_go, ..Marked::plain(&text) };
        let partner = Marked { marks: &partner_marks, ..Marked::plain(&other) };
        for chain in CHAINS.split(',').map(str::trim) {
            let made = make_by(chain, &marked, &partner, row);
            prop_assert_eq!(made.marks.len(), marks.len());
            let mut places = Vec::new();
            for (mark, place) in marks.iter().zip(&made.marks) {
                match place {
                    Some(place) => {
                        prop_assert_eq!(place.of(&made.text), mark.of(&text), "{} on {:?}: {:?}", chain, text, made.text);
                        places.push(*place);
                    }
                    None => prop_assert!(may_go, "{chain} took {:?} out of {text:?}: {:?}", mark.of(&text), made.text),
                }
            }
            for (mark, place) in partner_marks.iter().zip(&made.partner_marks) {
                if let Some(place) = place {
                    prop_assert_eq!(place.of(&made.text), mark.of(&other));
                    places.push(*place);
                }
            }
            places.sort_unstable();
            prop_assert!(places.windows(2).all(|two| two[0].end <= two[1].start), "{places:?}");
        }
    }

    /// Entities within entities stay in them, and go with them.
    #[test]
    fn entities_that_overlap_stay_together(
        text in texts(),
        other in texts(),
        outer in prop::collection::vec((0usize..60, 0usize..60), 1..3),
        inner in prop::collection::vec((0usize..60, 0usize..60), 1..3),
        row in 0u64..100,
        may_go in any::<bool>(),
    ) {
        let marks = [stretches(&text, &outer), stretches(&text, &inner)].concat();
        let theirs = [stretches(&other, &inner), stretches(&other, &outer)].concat();
        let marked = Marked { marks: &marks, marks_may_go: may_go, kept: &marks[..1.min(marks.len())], ..Marked::plain(&text) };
        let partner = Marked { marks: &theirs, ..Marked::plain(&other) };
        for chain in CHAINS.split(',').map(str::trim) {
            let made = make_by(chain, &marked, &partner, row);
            for (mark, place) in marks.iter().zip(&made.marks) {
                match place {
                    Some(place) => prop_assert_eq!(place.of(&made.text), mark.of(&text), "{} on {:?}: {:?}", chain, text, made.text),
                    None => prop_assert!(may_go, "{chain} took {:?} out of {text:?}: {:?}", mark.of(&text), made.text),
                }
            }
            for (a, x) in marks.iter().zip(&made.marks) {
                for (b, y) in marks.iter().zip(&made.marks) {
                    let overlap = a.start < b.end && b.start < a.end;
                    prop_assert!(!overlap || x.is_some() == y.is_some(), "{chain} took one of two: {text:?}: {:?}", made.text);
                    if let (true, Some(x), Some(y)) = (overlap, x, y) {
                        let apart = |a: TextSpan, b: TextSpan| i64::from(a.start) - i64::from(b.start);
                        prop_assert_eq!(apart(*a, *b), apart(*x, *y));
                    }
                }
            }
            for (mark, place) in theirs.iter().zip(&made.partner_marks) {
                if let Some(place) = place {
                    prop_assert_eq!(place.of(&made.text), mark.of(&other));
                }
            }
        }
    }

    /// Words that stand between white space, as lines of columns do, come and go as they are; none touches another.
    #[test]
    fn spaced_words_stay_apart(text in texts(), other in texts(), row in 0u64..100) {
        let spaced = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let (text, other) = (spaced(&text), spaced(&other));
        let known: HashSet<&str> = text.split(' ').chain(other.split(' ')).chain(LIST).chain(["[MASK]"]).collect();
        let marked = Marked { spaced: true, ..Marked::plain(&text) };
        let partner = Marked { spaced: true, ..Marked::plain(&other) };
        for chain in "crop=0.5,drop=0.4,splice=0.3,concat,swap=0.5,swap-adjacent=0.5,delete=0.6,insert=0.5,substitute=0.5,aeda=0.9,mask=0.5,\
            delete=0.3+aeda=0.3+swap=0.3+insert=0.5+mask=0.1+crop=0.6".split(',').map(str::trim) {
            let made = make_by(chain, &marked, &partner, row);
            for word in made.text.split_whitespace() {
                let mark = chain.contains("aeda") && [".", ",", "!", "?", ";", ":"].contains(&word);
                // What takes a word's place has its case.
                let lower = word.to_lowercase();
                prop_assert!(mark || known.contains(word) || known.contains(lower.as_str()), "{chain} on {text:?} makes {word:?}: {:?}", made.text);
            }
        }
    }

    /// E9: protected by offsets, by a pattern or by a list, a stretch comes back as it was, and as often.
    #[test]
    fn what_is_protected_stays(text in texts(), other in texts(), at in prop::collection::vec((0usize..60, 0usize..60), 0..4), row in 0u64..100) {
        let kept = stretches(&text, &at);
        let marked = Marked { kept: &kept, ..Marked::plain(&text) };
        let partner = Marked::plain(&other);
        for chain in CHAINS.split(',').map(str::trim) {
            let made = make_by(chain, &marked, &partner, row);
            prop_assert_eq!(made.kept.len(), kept.len());
            for (span, place) in kept.iter().zip(&made.kept) {
                let stands = place.map(|place| place.of(&made.text));
                prop_assert_eq!(stands, Some(span.of(&text)), "{} on {:?}: {:?}", chain, text, made.text);
            }
            let mut by_rule = settings(chain);
            by_rule.protect = vec!["[0-9]+([.,][0-9]+)?".into(), "https?://\\S+".into()];
            by_rule.protect_words = vec!["DON'T".into(), "שלום".into()];
            let made = make(&augmenter(by_rule), &Marked::plain(&text), Some(&partner), row);
            for what in ["https://a.example/x?y=1", "don't", "שלום"] {
                let found = words(&text).iter().filter(|word| **word == what).count();
                prop_assert!(made.text.matches(what).count() >= found, "{chain} lost {what} of {text:?}: {:?}", made.text);
            }
        }
    }
}

#[test]
fn a_window_holds_all_that_is_protected() {
    let text = "a b KEEP c d e f g h";
    let settings = AugmentSettings {
        protect: vec!["[A-Z]+".into()],
        ..settings("crop=0.3")
    };
    let augmenter = augmenter(settings);
    let seen: std::collections::BTreeSet<String> = (0..300)
        .map(|row| make(&augmenter, &Marked::plain(text), None, row).text)
        .collect();
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), ["KEEP c", "b KEEP"]);
}

#[test]
fn spans_that_cannot_be_are_refused() {
    let augmenter = augmenter(settings("swap"));
    let mut bench = candle_mixup::text::augment::Workbench::default();
    for (spans, words) in [
        (vec![(0, 9)], "the span 0..9"),
        (vec![(0, 2)], "the span 0..2"),
        (vec![(3, 1)], "the span 3..1"),
    ] {
        let spans: Vec<TextSpan> = spans
            .into_iter()
            .map(|(start, end)| TextSpan { start, end })
            .collect();
        let text = Marked {
            marks: &spans,
            ..Marked::plain("aéb c")
        };
        let error = augmenter
            .read(&text, &mut bench)
            .expect_err("must be refused")
            .to_string();
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn phrases_and_words_with_signs_are_protected_where_they_stand_alone() {
    let mut settings = settings("mask=1");
    let phrases = [
        "C++",
        "c#",
        "U.S.A.",
        "New York",
        "New",
        "$5",
        "e.g.",
        "foo-bar",
        "東京 タワー",
    ];
    settings.protect_words = phrases.map(String::from).to_vec();
    let augmenter = augmenter(settings);
    let masked = |text: &str| make(&augmenter, &Marked::plain(text), None, 0).text;
    let all = "C++ C# U.S.A. new  york NEW $5 e.g. foo-bar 東京\nタワー";
    assert_eq!(
        masked(&format!("so {all} so")),
        format!("[MASK] {all} [MASK]")
    );
    assert_eq!(
        masked("News C# of New Yorkers"),
        "[MASK] C# [MASK] New [MASK]"
    );
}

#[test]
fn shares_count_words_whatever_stays_together() {
    let text = "Alpha Beta Gamma Delta Epsilon Zeta Eta Theta one";
    let marks = [TextSpan::new(0, 45)];
    let marked = Marked {
        marks: &marks,
        ..Marked::plain(text)
    };
    let partner = Marked::plain("uno dos tres cuatro");
    let by = |ops: &str, max_words| {
        let settings = AugmentSettings {
            max_words,
            ..settings(ops)
        };
        make(&augmenter(settings), &marked, Some(&partner), 0)
    };
    assert_eq!(by("concat", None).own_share, 9.0 / 13.0);
    let cut = by("concat", Some(12));
    assert_eq!(cut.text, format!("{} uno dos tres cuatro", &text[..45]));
    assert_eq!(cut.own_share, 8.0 / 12.0);
    assert_eq!(
        by("concat", Some(6)).text,
        text,
        "the entity alone is longer"
    );
    let spliced = by("splice=0.5", None);
    assert!(spliced.text.starts_with(&text[..45]) && !spliced.text.ends_with("one"));
    assert_eq!(spliced.own_share, 8.0 / 9.0);
}

#[test]
fn what_a_mask_wrote_is_not_taken_apart() {
    for chain in [
        "mask=0.5+omit=1",
        "mask=0.5+transpose=1",
        "mask=0.5+case=1",
        "mask=0.4+delete=0.9",
        "mask=0.5+swap=1+aeda=1",
        "mask=0.5+crop=0.5",
    ] {
        let mut masks = 0;
        for row in 0..50 {
            let made = make(
                &augmenter(settings(chain)),
                &Marked::plain("alpha beta gamma delta epsilon"),
                None,
                row,
            );
            let found = made.text.matches("[MASK]").count();
            masks += found;
            let brackets = made.text.matches(['[', ']']).count();
            assert_eq!(brackets, 2 * found, "{chain}: {}", made.text);
        }
        assert!(masks > 20, "{chain}: {masks}");
    }
}

#[test]
fn a_step_that_could_do_nothing_is_told() {
    let made = make(
        &augmenter(settings("swap=1+splice=0.5")),
        &Marked::plain("alpha beta gamma delta"),
        Some(&Marked::plain("x")),
        0,
    );
    assert_eq!(
        (made.unchanged, made.refused),
        (None, Some(Unchanged::PartnerTooShort))
    );
    assert_eq!(made.own_share, 1.0);
    let both = make(
        &augmenter(settings("swap+sentences")),
        &Marked::plain("alpha"),
        None,
        0,
    );
    assert_eq!(
        (both.unchanged, both.refused),
        (Some(Unchanged::TooShort), None)
    );
}

/// A currency sign is an entity without a letter or a digit.
#[test]
fn signs_count_as_a_word_where_they_are_bound() {
    let mark = [TextSpan::new(0, 1)];
    let theirs = [TextSpan::new(0, 3)];
    let own = Marked {
        marks: &mark,
        marks_may_go: true,
        ..Marked::plain("$")
    };
    let partner = Marked {
        marks: &theirs,
        ..Marked::plain("€")
    };
    let spliced = make(&augmenter(settings("splice")), &own, Some(&partner), 0);
    assert_eq!((spliced.text.as_str(), spliced.own_share), ("€", 0.0));
    assert_eq!(
        (spliced.marks, spliced.partner_marks),
        (vec![None], vec![Some(theirs[0])])
    );
    let both = make(&augmenter(settings("concat")), &own, Some(&partner), 0);
    assert_eq!((both.text.as_str(), both.own_share), ("$ €", 0.5));
    let mut protected = settings("splice=0.3");
    protected.protect = vec!["[$€]".into()];
    let protected = augmenter(protected);
    for row in 0..20 {
        let made = make(
            &protected,
            &Marked::plain("$ down"),
            Some(&Marked::plain("€ up")),
            row,
        );
        assert!(
            ["$ €", "$ up"].contains(&made.text.as_str()),
            "{}",
            made.text
        );
        assert_eq!(made.own_share, 0.5, "{}", made.text);
    }
}

#[test]
fn a_text_that_came_out_as_it_was_has_its_marks() {
    let text = "I like Paris";
    let marks = [TextSpan::new(7, 12)];
    let own = Marked {
        marks: &marks,
        marks_may_go: true,
        ..Marked::plain(text)
    };
    let partner = Marked {
        marks: &marks,
        ..Marked::plain(text)
    };
    let mut same = 0;
    for row in 0..30 {
        let made = make(
            &augmenter(settings("splice=0.4")),
            &own,
            Some(&partner),
            row,
        );
        if made.text != text {
            continue;
        }
        same += 1;
        assert_eq!(made.unchanged, Some(Unchanged::NothingDrawn));
        assert_eq!((made.marks, made.own_share), (vec![Some(marks[0])], 1.0));
        assert!(made.partner_marks.is_empty());
    }
    assert!(same > 3, "{same}");
}
