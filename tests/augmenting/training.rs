//! Texts that change while a model trains on them: which, when, and with whose words.

use std::collections::HashSet;

use candle_mixup::text::augment::{TextChanges, TrainingText};
use candle_mixup::text::{EncodedTexts, Tokenizer, VocabularySettings};
use candle_mixup::{Asked, Error, Readings, schedule::TextRule};

use crate::token_plans::{SITES, refusal, task};

/// Texts of two classes that have no word in common, from row 100 on.
fn texts(n: u32) -> Vec<TrainingText> {
    let text = |i: u32| {
        let class = i % 2;
        let words = (0..8).map(|w| format!("{}{}", ["ant", "bee"][class as usize], (i + w) % 15));
        TrainingText {
            row: 100 + i,
            text: words.collect::<Vec<_>>().join(" "),
            pair: None,
            target: vec![1.0 - class as f32, class as f32],
        }
    };
    (0..n).map(text).collect()
}

fn tokenizer(texts: &[TrainingText]) -> Tokenizer {
    let texts: Vec<&str> = texts.iter().map(|text| text.text.as_str()).collect();
    Tokenizer::learn(&texts, &VocabularySettings::default(), 64).expect("words")
}

fn rule(json: &str) -> TextRule {
    serde_json::from_str(json).expect(json)
}

fn changes(json: &str, texts: &[TrainingText]) -> TextChanges {
    TextChanges::new(&rule(json), tokenizer(texts), texts.to_vec()).expect(json)
}

fn read(changes: &TextChanges, rows: &[u32], seed: u64, epoch: u32) -> EncodedTexts {
    encode(changes, rows, seed, epoch).0
}

fn encode(changes: &TextChanges, rows: &[u32], seed: u64, epoch: u32) -> (EncodedTexts, Readings) {
    let plan = None;
    let asked = Asked {
        rows,
        seed,
        epoch,
        plan,
    };
    changes.encode(&asked).expect("training rows")
}

#[test]
fn a_text_depends_on_seed_epoch_and_row_alone() {
    let texts = texts(20);
    let changes = changes(
        r#"{"ops": ["swap=0.5", "delete=0.4+insert=0.4", "splice=0.4"]}"#,
        &texts,
    );
    let rows: Vec<u32> = (100..120).collect();
    let all = read(&changes, &rows, 3, 5);
    for (i, &row) in rows.iter().enumerate() {
        assert_eq!(
            read(&changes, &[row], 3, 5).ids(0),
            all.ids(i),
            "row {row} by itself"
        );
    }
    let mixed: Vec<u32> = rows.iter().rev().copied().collect();
    let turned = read(&changes, &mixed, 3, 5);
    assert!((0..20).all(|i| turned.ids(19 - i) == all.ids(i)));
    for (seed, epoch) in [(3, 6), (4, 5)] {
        let other = read(&changes, &rows, seed, epoch);
        let same = (0..20).filter(|&i| other.ids(i) == all.ids(i)).count();
        assert!(
            same < 5,
            "{same} texts are the same at seed {seed}, epoch {epoch}"
        );
    }
}

#[test]
fn words_of_another_text_are_of_the_same_class() {
    let texts = texts(20);
    let plain = tokenizer(&texts);
    let ids = |class: usize| -> HashSet<u32> {
        let own = texts.iter().filter(|text| text.target[class] == 1.0);
        let own: Vec<&str> = own.map(|text| text.text.as_str()).collect();
        let encoded = plain.encode(&own, None::<&[&str]>).expect("texts");
        (0..own.len())
            .flat_map(|i| encoded.ids(i).to_vec())
            .collect()
    };
    let known = [ids(0), ids(1)];
    assert!(known[0].is_disjoint(&known[1]));
    let own = plain
        .encode(
            &texts.iter().map(|t| t.text.as_str()).collect::<Vec<_>>(),
            None::<&[&str]>,
        )
        .expect("texts");
    for ops in ["splice=0.5", "concat"] {
        let changes = changes(&format!(r#"{{"ops": ["{ops}"]}}"#), &texts);
        let mut brought = 0;
        for epoch in 0..10 {
            let made = read(&changes, &(100..120).collect::<Vec<_>>(), 0, epoch);
            for i in 0..20 {
                let of = &known[i % 2];
                assert!(
                    made.ids(i).iter().all(|id| of.contains(id)),
                    "{ops}, row {i}"
                );
                let new = made
                    .ids(i)
                    .iter()
                    .filter(|id| !own.ids(i).contains(id))
                    .count();
                brought += usize::from(new > 0);
            }
        }
        assert!(
            brought > 100,
            "{ops} brought words in {brought} of 200 texts"
        );
    }
}

#[test]
fn a_text_changes_with_its_probability() {
    let texts = texts(400);
    let rows: Vec<u32> = (100..500).collect();
    let plain = read(&changes(r#"{"ops": ["swap=0"]}"#, &texts), &rows, 0, 0);
    let half = changes(r#"{"ops": ["delete=1"], "probability": 0.3}"#, &texts);
    let mut changed = 0;
    for epoch in 0..5 {
        let made = read(&half, &rows, 0, epoch);
        changed += (0..400).filter(|&i| made.ids(i) != plain.ids(i)).count();
    }
    // 2000 tosses at 0.3: 4 standard deviations are 82.
    assert!(changed.abs_diff(600) < 82, "{changed} of 2000 changed");
}

#[test]
fn words_that_come_in_are_those_of_the_training_texts() {
    let texts = texts(20);
    let unknown = 1;
    let changes = changes(r#"{"ops": ["insert=0.5", "substitute=0.5"]}"#, &texts);
    for epoch in 0..5 {
        let made = read(&changes, &(100..120).collect::<Vec<_>>(), 0, epoch);
        assert!((0..20).all(|i| !made.ids(i).contains(&unknown)));
    }
}

#[test]
fn texts_that_come_out_as_they_were_are_counted() {
    let texts = texts(20);
    let rows: Vec<u32> = (100..120).collect();
    // Of two texts none is of the other's class.
    let (two, readings) = encode(
        &changes(r#"{"ops": ["splice=0.5"]}"#, &texts[..2]),
        &[100, 101, 100],
        0,
        0,
    );
    assert_eq!(two.len(), 3);
    assert_eq!((readings.texts, readings.left()), (3, 3));
    assert_eq!(readings.unchanged["no partner"], 3);
    let (_, readings) = encode(&changes(r#"{"ops": ["delete=1"]}"#, &texts), &rows, 0, 0);
    assert_eq!((readings.texts, readings.left()), (20, 0));
    let half = changes(
        r#"{"ops": ["delete=1", "crop=1"], "probability": 0.5}"#,
        &texts,
    );
    let (made, readings) = encode(&half, &rows, 0, 0);
    let changed = (0..20).filter(|&i| made.ids(i).len() < 8).count() as u64;
    assert!(readings.texts > 4 && readings.texts < 16 && changed > 0);
    assert_eq!(readings.left(), readings.texts - changed);
    assert_eq!(readings.unchanged["too short"], readings.left());
    let mut all = readings.clone();
    all.add(&readings);
    assert_eq!(
        (all.texts, all.left()),
        (2 * readings.texts, 2 * readings.left())
    );
}

#[test]
fn pairs_change_text_by_text() {
    let mut texts = texts(6);
    for text in &mut texts {
        text.pair = Some(text.text.clone());
    }
    let plain = read(&changes(r#"{"ops": ["swap=0"]}"#, &texts), &[100], 0, 0);
    let swapped = changes(r#"{"ops": ["swap=0.5"]}"#, &texts);
    let halves = |ids: &[u32]| (ids[..ids.len() / 2].to_vec(), ids[ids.len() / 2..].to_vec());
    assert_eq!(plain.ids(0).len(), 16);
    let (mut first, mut second, mut alike) = (0, 0, 0);
    for epoch in 0..20 {
        let made = read(&swapped, &[100], 0, epoch);
        let ((a, b), (old, other)) = (halves(made.ids(0)), halves(plain.ids(0)));
        first += usize::from(a != old);
        second += usize::from(b != other);
        alike += usize::from(a == b);
    }
    assert!(
        first > 10 && second > 10 && alike < 10,
        "{first}, {second}, {alike}"
    );
}

#[test]
fn what_cannot_be_is_refused() {
    let mut two = texts(4);
    let made = changes(r#"{"ops": ["swap"]}"#, &two);
    let plan = None;
    let asked = Asked {
        rows: &[100, 7],
        seed: 0,
        epoch: 0,
        plan,
    };
    let error = made.encode(&asked).expect_err("row 7 is none of them");
    assert!(
        matches!(&error, Error::Shape { got, .. } if got == "7"),
        "{error}"
    );
    two[0].pair = Some("another text".into());
    let error =
        TextChanges::new(&rule(r#"{"ops": ["splice"]}"#), tokenizer(&two), two).expect_err("pairs");
    assert!(error.to_string().contains("not for pairs"), "{error}");
}

#[test]
fn schedules_that_change_texts_are_checked() {
    let of = |texts: &str| {
        refusal(
            &format!(r#"{{"texts": {texts}}}"#),
            &SITES,
            &task(20, 10, 0),
        )
        .to_string()
    };
    for (texts, words) in [
        (r#"{"ops": []}"#, "no operation"),
        (
            r#"{"ops": ["swap"], "probability": 0}"#,
            "texts.probability",
        ),
        (
            r#"{"ops": ["swap"], "probability": 1.5}"#,
            "texts.probability",
        ),
        (r#"{"ops": ["swap"], "min_keep": 0}"#, "texts.min_keep"),
        (
            r#"{"ops": ["swap"], "mask": "X"}"#,
            "for the operation mask",
        ),
        (r#"{"ops": ["mask"], "mask": " "}"#, "texts.mask"),
        (
            r#"{"ops": ["swap"], "min_keep": 2}"#,
            "for the operations crop, drop and delete",
        ),
        (
            r#"{"ops": ["delete=0", "crop=1+sentences=1"]}"#,
            "would change no text by delete=0, crop=1+sentences=1",
        ),
        (
            r#"{"ops": ["swap", "delete+synonym"]}"#,
            "synonym takes words of a file",
        ),
        (r#"{"ops": ["nearest"]}"#, "nearest takes words of a file"),
    ] {
        let said = of(texts);
        assert!(said.contains(words), "{texts}: {said}");
    }
    // Changed texts are enough, beside no mixing at all too.
    for beside in [r#""weight": {"constant": 1}"#, r#""probability": 0"#] {
        let json = format!(r#"{{"texts": {{"ops": ["mask"], "mask": "X"}}, {beside}}}"#);
        crate::token_plans::scheduler(&json, 20, 0);
    }
    for beside in [
        r#""blend": "span", "weight": {"beta": 2}"#,
        r#""blend": "span", "fold": true"#,
        r#""blend": "span", "grain": "batch""#,
        r#""blend": {"either": ["linear", {"blend": "span", "weight": {"beta": 2}}]}"#,
    ] {
        let json = format!(r#"{{"sites": "embedding", {beside}}}"#);
        let said = refusal(&json, &SITES, &task(20, 10, 0)).to_string();
        assert!(said.contains("leave out \"weight\""), "{beside}: {said}");
    }
    // Beside a span other blends may have a law, a fold and a grain.
    let either = r#"{"sites": "embedding", "grain": "batch", "fold": true, "weight": {"beta": 2},
        "blend": {"either": ["linear", "span"]}}"#;
    crate::token_plans::scheduler(either, 20, 0);
}
