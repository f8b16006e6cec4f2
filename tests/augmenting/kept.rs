//! What each operation keeps, on any text.

use candle_mixup::text::augment::{Marked, Unchanged};
use proptest::prelude::*;

use crate::bench::{ALONE, LIST, Made, augmenter, make, one, plain_texts, settings, texts, words};

/// Whether `short` is `long` with words left out.
fn subsequence(short: &[&str], long: &[&str]) -> bool {
    let mut rest = long.iter();
    short.iter().all(|word| rest.any(|other| other == word))
}

/// n of EDA: at least one, at most all.
fn count(rate: f64, m: usize) -> usize {
    ((rate * m as f64 + 1e-9) as usize).max(1).min(m)
}

/// What stands between the words.
fn gaps(text: &str) -> String {
    let mut rest = text.to_owned();
    for word in words(text) {
        rest = rest.replacen(word, "\u{0}", 1);
    }
    rest
}

fn sorted<'a>(words: &[&'a str]) -> Vec<&'a str> {
    let mut words = words.to_vec();
    words.sort_unstable();
    words
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// E2: the same words, at most 2n of them elsewhere, and nothing else touched.
    #[test]
    fn swap(text in plain_texts(), row in 0u64..1000) {
        for op in ["swap=0.3", "swap-adjacent=0.3"] {
            let made = one(op, &text, row);
            let (old, new) = (words(&text), words(&made.text));
            prop_assert_eq!(sorted(&old), sorted(&new));
            let moved = old.iter().zip(&new).filter(|(a, b)| a != b).count();
            prop_assert!(moved <= 2 * count(0.3, old.len()), "{moved} of {text:?}: {}", made.text);
            prop_assert_eq!(gaps(&text), gaps(&made.text));
        }
    }

    /// E3: a subsequence of at least `min_keep` words.
    #[test]
    fn delete(text in plain_texts(), row in 0u64..1000) {
        let mut settings = settings("delete=0.7");
        settings.min_keep = 3;
        let made = make(&augmenter(settings), &Marked::plain(&text), None, row);
        let (old, new) = (words(&text), words(&made.text));
        prop_assert!(subsequence(&new, &old), "{text:?} {:?}", made.text);
        prop_assert!(new.len() >= old.len().min(3));
    }

    /// E4: the old words in their order, and exactly n of the list.
    #[test]
    fn insert(text in plain_texts(), row in 0u64..1000) {
        let made = one("insert=0.3", &text, row);
        let (old, new) = (words(&text), words(&made.text));
        match made.unchanged {
            Some(reason) => {
                prop_assert_eq!(reason, Unchanged::NoWords);
                prop_assert!(old.is_empty());
            }
            None => {
                prop_assert_eq!(new.len(), old.len() + count(0.3, old.len()), "{:?} {:?}", text, made.text);
                prop_assert!(subsequence(&old, &new), "{text:?} {:?}", made.text);
            }
        }
    }

    /// E5: as many words, exactly n of them others, all of the list.
    #[test]
    fn substitute(n in 1usize..30, row in 0u64..1000) {
        let text = LIST.iter().cycle().take(n).copied().collect::<Vec<_>>().join(", ");
        let made = one("substitute=0.3", &text, row);
        let (old, new) = (words(&text), words(&made.text));
        prop_assert_eq!(old.len(), new.len());
        let other = old.iter().zip(&new).filter(|(a, b)| a != b).count();
        prop_assert_eq!(other, count(0.3, n));
        prop_assert!(new.iter().all(|word| LIST.contains(word)));
        prop_assert_eq!(gaps(&text), gaps(&made.text));
    }

    /// E6: a window is a slice of the text with the exact number of words; a run leaves the two ends.
    #[test]
    fn crop_and_drop(text in texts(), plain in plain_texts(), row in 0u64..1000) {
        let window = one("crop=0.5", &text, row);
        prop_assert!(text.contains(&window.text));
        let (window, n) = (one("crop=0.5", &plain, row), words(&plain).len());
        if window.unchanged.is_none() {
            prop_assert_eq!(words(&window.text).len(), (n / 2).max(1), "{:?} {:?}", plain, window.text);
        }
        let rest = one("drop=0.4", &plain, row);
        if rest.unchanged.is_none() {
            let gone = ((0.4 * n as f64 - 1e-9).ceil() as usize).clamp(1, (n - 1).min(10));
            prop_assert_eq!(words(&rest.text).len(), n - gone, "{:?} {:?}", plain, rest.text);
        }
        let made = one("drop=0.4", &text, row);
        if made.unchanged.is_none() {
            let two_ends = (0..=made.text.len()).any(|at| {
                made.text.is_char_boundary(at)
                    && text.starts_with(&made.text[..at])
                    && text.ends_with(&made.text[at..])
            });
            prop_assert!(two_ends, "{text:?} {:?}", made.text);
        }
    }

    /// Sentences stay whole and in order.
    #[test]
    fn sentences(parts in prop::collection::vec("[A-Z][a-z]{1,6} [a-z]{1,6}[.!?]", 2..8), row in 0u64..1000) {
        let text = parts.join(" ");
        let made = one("sentences=0.5", &text, row);
        let kept: Vec<&str> = parts.iter().map(String::as_str).collect();
        let new: Vec<&str> = made.text.split_inclusive(['.', '!', '?']).map(str::trim).collect();
        prop_assert!(subsequence(&new, &kept), "{text} {}", made.text);
        prop_assert_eq!(new.len(), (parts.len() / 2).max(1));
    }

    /// E8: without the marks the text is as it was; their number is within bounds; none behind the last word.
    #[test]
    fn aeda(n in 1usize..40, row in 0u64..1000) {
        let text = crate::bench::numbered(n);
        let made = one("aeda=0.3", &text, row);
        let marks: Vec<&str> = made.text.split(' ').filter(|w| [".", ",", "!", "?", ";", ":"].contains(w)).collect();
        let rest: Vec<&str> = made.text.split(' ').filter(|w| w.len() > 1).collect();
        prop_assert_eq!(rest.join(" "), text);
        prop_assert!((1..=(0.3 * n as f64) as usize + 1).contains(&marks.len()));
        let last = format!("w{}", n - 1);
        prop_assert!(made.text.ends_with(&last));
    }

    /// E7: a run of the partner in place of as long a run, and the share that follows.
    #[test]
    fn splice(a in 1usize..30, b in 1usize..30, row in 0u64..1000) {
        let own = crate::bench::numbered(a);
        let other: Vec<String> = (0..b).map(|i| format!("x{i}")).collect();
        let other = other.join(" ");
        let made = make(&augmenter(settings("splice=0.3")), &Marked::plain(&own), Some(&Marked::plain(&other)), row);
        let w = count(0.3, a);
        if b < w {
            prop_assert_eq!(made.unchanged, Some(Unchanged::PartnerTooShort));
            prop_assert_eq!(made.own_share, 1.0);
            return Ok(());
        }
        let new = words(&made.text);
        prop_assert_eq!(new.len(), a);
        let s = new.iter().position(|word| word.starts_with('x')).expect("a run came in");
        let t: usize = new[s][1..].parse().expect("a number");
        for (i, word) in new.iter().enumerate() {
            let expected = if (s..s + w).contains(&i) { format!("x{}", t + i - s) } else { format!("w{i}") };
            prop_assert_eq!(*word, expected);
        }
        prop_assert!((made.own_share - (1.0 - w as f64 / a as f64)).abs() < 1e-12);
    }

    /// E7: both texts around the separator, the longer cut first, and the share that follows.
    #[test]
    fn concat(a in 1usize..30, b in 1usize..30, most in 2usize..40) {
        let own = crate::bench::numbered(a);
        let other: Vec<String> = (0..b).map(|i| format!("x{i}")).collect();
        let other = other.join(" ");
        let mut settings = settings("concat");
        settings.separator = " | ".into();
        settings.max_words = Some(most);
        let made = make(&augmenter(settings), &Marked::plain(&own), Some(&Marked::plain(&other)), 0);
        let (left, right) = made.text.split_once(" | ").expect("the separator stays");
        prop_assert!(own.starts_with(left) && other.starts_with(right));
        let (left, right) = (words(left).len(), words(right).len());
        prop_assert_eq!(left + right, most.min(a + b));
        prop_assert!(left >= a.min(most / 2) && right >= b.min(most / 2));
        prop_assert!((made.own_share - left as f64 / (left + right) as f64).abs() < 1e-12);
    }

    /// Noise stays within words: as many words, digits as they were, and n words other at most.
    #[test]
    fn noise(text in texts(), row in 0u64..1000) {
        let digits = |text: &str| text.chars().filter(|c| c.is_numeric()).collect::<String>();
        for op in ["keyboard=0.3", "transpose=0.3", "omit=0.3", "case=0.3"] {
            let made = one(op, &text, row);
            prop_assert_eq!(digits(&text), digits(&made.text));
            let (old, new) = (text.split_whitespace(), made.text.split_whitespace());
            prop_assert_eq!(old.clone().count(), new.clone().count());
            let other = old.zip(new).filter(|(a, b)| a != b).count();
            prop_assert!(other <= count(0.3, words(&text).len()));
        }
    }

    /// E10, and a reason with every text that comes back as it was.
    #[test]
    fn a_rate_of_0_changes_nothing(text in texts(), row in 0u64..1000) {
        for op in ALONE.iter().map(|op| op.split('=').next().expect("a name")) {
            let made = one(&format!("{op}=0"), &text, row);
            if !["crop", "sentences"].contains(&op) {
                prop_assert_eq!(&made.text, &text, "{}", op);
            }
            prop_assert_eq!(made.unchanged.is_some(), made.text == text);
        }
    }

    /// E11: a function of seed, row and output, not of what the memory held before.
    #[test]
    fn draws_depend_on_nothing_else(text in texts(), before in texts(), row in 0u64..1000) {
        for op in ALONE {
            let augmenter = augmenter(settings(op));
            let alone = make(&augmenter, &Marked::plain(&text), None, row);
            let mut bench = candle_mixup::text::augment::Workbench::default();
            let draw = candle_mixup::text::augment::Draw { seed: 7, row, output: 0 };
            for text in [&before, &text] {
                let marked = Marked::plain(text);
                augmenter.read(&marked, &mut bench).expect("sound");
                augmenter.draw(&marked, None, draw, 0, &mut bench).expect("sound");
            }
            let marked = Marked::plain(&text);
            let after = augmenter.draw(&marked, None, draw, 0, &mut bench).expect("sound");
            prop_assert_eq!(after.text, &alone.text, "{}", op);
        }
    }
}

#[test]
fn white_space_goes_with_the_word_that_goes() {
    let all_but = |text: &str, min_keep: usize, row: u64| {
        let mut settings = settings("delete=1");
        settings.min_keep = min_keep;
        make(&augmenter(settings), &Marked::plain(text), None, row).text
    };
    let seen: std::collections::BTreeSet<String> = (0..200)
        .map(|row| all_but("one two three", 1, row))
        .collect();
    assert_eq!(
        seen.into_iter().collect::<Vec<_>>(),
        ["one", "three", "two"]
    );
    let seen: std::collections::BTreeSet<String> = (0..200)
        .map(|row| all_but("one, (two) three.", 2, row))
        .collect();
    let expected = ["(two) three.", "one, () three.", "one, (two)."];
    for text in expected {
        assert!(
            seen.iter()
                .any(|seen| seen.trim_start_matches([',', ' ']) == text),
            "{text}: {seen:?}"
        );
    }
    let seen: std::collections::BTreeSet<String> = (0..200)
        .map(|row| all_but("one two\r\nthree", 2, row))
        .collect();
    assert_eq!(
        seen.into_iter().collect::<Vec<_>>(),
        ["one\r\nthree", "one two\r\n", "two\r\nthree"]
    );
}

#[test]
fn replacements_take_the_case_of_what_they_replace() {
    let made = |text: &str| -> Made { one("synonym=1", text, 3) };
    for (text, expected) in [
        ("bad", "poor"),
        ("Bad", "Poor"),
        ("BAD", "POOR"),
        ("so bad, so", "so poor, so"),
    ] {
        assert_eq!(made(text).text, expected);
    }
    assert_eq!(
        made("nothing known").unchanged,
        Some(Unchanged::NoCandidate)
    );
    let made = one("insert-synonym=0.5", "bad", 3);
    assert!(
        ["poor bad", "bad poor"].contains(&made.text.as_str()),
        "{}",
        made.text
    );
}
